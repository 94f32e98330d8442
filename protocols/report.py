"""From a run on disk to its report: analysed anew, in any state, on the sweeps that are there."""

from pathlib import Path
from typing import TYPE_CHECKING

from .summary import protocol_of

if TYPE_CHECKING:
    from neurorig.records import Run


def write_run_report(run: "Run") -> Path:
    """Analyse `run` and write ``report.html`` with its figures into its folder; gives the path of the page."""
    from neurorig.analysis.report import write_report  # noqa: PLC0415  (matplotlib)

    protocol = protocol_of(run)
    return write_report(run.path, protocol.document(run, protocol.analyse(run)))
