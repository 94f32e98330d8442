"""From a run on disk to its report: analysed anew, in any state, on the sweeps that are there."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .protocol import Result
from .summary import protocol_of, why_bad

if TYPE_CHECKING:
    from neurorig.records import Run


def write_run_report(run: "Run", result: Result | None = None) -> Path:
    """Analyse `run` (unless its result is at hand) and write ``report.html`` with its figures and its result tables.

    Gives the path of the page.
    """
    from neurorig.analysis.report import write_report  # matplotlib

    protocol = protocol_of(run)
    if result is None:
        result = protocol.analyse(run)
        for name, table in result.tables.items():
            run.keep(table, name)
    document = protocol.document(run, result)
    if (reason := why_bad(run)) is not None:
        document = replace(document, banner=f"This whole run is marked bad: {reason}")
    return write_report(run.path, document)
