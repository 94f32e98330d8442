"""Commands on runs that are on disk: list, show, report, export, comment. They work on interrupted runs, too."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

from .options import RUNS, JsonOption, OutOption

if TYPE_CHECKING:
    from neurorig.records import Run

RunArgument = Annotated[str, Parameter(name="run", help="Folder of the run, its name, or 'last' for the newest one.")]


def list_command(*, out: OutOption = RUNS, as_json: JsonOption = False) -> int:
    """List the runs, newest first."""
    from neurorig.records import Catalogue

    rows = Catalogue(out).list()[::-1]
    if as_json:
        print(json.dumps([asdict(r) for r in rows]))
        return 0
    if not rows:
        print(f"No runs in {out}. Try: neurorig run bump --simulate")
        return 0
    from .tables import print_runs

    print_runs(rows)
    return 0


def show_command(run: RunArgument = "last", /, *, out: OutOption = RUNS, as_json: JsonOption = False) -> int:
    """Show what a run measured: sweeps, values, verdicts, remarks."""
    from neurorig.protocols import summarise

    found = _find(run, out)
    summary = summarise(found)
    if as_json:
        print(json.dumps(summary))
        return 0
    from .tables import print_summary

    print_summary(summary)
    return 0


def report_command(run: RunArgument = "last", /, *, out: OutOption = RUNS, as_json: JsonOption = False) -> int:
    """Analyse the sweeps on disk again and write the report."""
    from neurorig.protocols import write_run_report

    found = _find(run, out)
    path = write_run_report(found)
    print(json.dumps({"run": str(found.path), "report": str(path)}) if as_json else path)
    return 0


def export_command(
    format_: Annotated[Literal["csv", "parquet"], Parameter(name="format", help="csv or parquet.")],
    run: RunArgument = "last",
    /,
    *,
    to: Annotated[Path | None, Parameter(help="Folder to write to (default: in the run's folder).")] = None,
    out: OutOption = RUNS,
    as_json: JsonOption = False,
) -> int:
    """Write traces, commands and results as tables."""
    from neurorig.records import export

    found = _find(run, out)
    files = export(found, format_, to)
    if as_json:
        print(json.dumps({"run": str(found.path), "files": [str(f) for f in files]}))
    else:
        print("\n".join(str(f) for f in files))
    return 0


def comment_command(
    run: RunArgument,
    text: Annotated[str, Parameter(help="What to remember.")],
    /,
    *,
    sweep: Annotated[int | None, Parameter(help="Index of the sweep (default: the whole run).")] = None,
    bad: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Mark it bad; the text is the reason.")
    ] = False,
    good: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Overrule an earlier bad mark; the text is the reason.")
    ] = False,
    out: OutOption = RUNS,
    as_json: JsonOption = False,
) -> int:
    """Add a comment or a mark; nothing already written is changed."""
    if bad and good:
        raise ConfigError("--bad and --good: give one of them.")
    found = _find(run, out)
    if bad:
        note = found.mark_bad(sweep, reason=text)
    elif good:
        note = found.mark_good(sweep, reason=text)
    else:
        note = found.comment(text, sweep)
    if as_json:
        print(json.dumps({"run": str(found.path), **asdict(note)}))
    else:
        marks = f" A new report takes it into account: neurorig report {found.id}" if note.kind != "comment" else ""
        print(f"{found.path}: noted.{marks}")
    return 0


def _find(name: str, out: Path) -> "Run":
    from neurorig.records import Catalogue, Run

    return Run.open(Catalogue(out).find(name))
