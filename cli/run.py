"""``neurorig run``: a protocol on a bench, from the check of limits to the report."""

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

from .options import RUNS, BenchOption, FaultOption, JsonOption, OutOption, PacedOption, SeedOption, SetOption, pairs

if TYPE_CHECKING:
    from neurorig.protocols import Outcome, Progress

ParameterOption = Annotated[
    tuple[str, ...],
    Parameter(
        name=["-p", "--parameter"],
        negative=(),
        show_default=False,
        help="Protocol parameter with its unit, e.g. -p holding=44.7uA.",
    ),
]


def run_command(
    protocol: Annotated[str | None, Parameter(help="Name of the protocol; see: neurorig protocols.")] = None,
    /,
    *,
    p: ParameterOption = (),
    bench: BenchOption = "wu2025_bump",
    simulate: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Run on the bench's simulated double.")
    ] = False,
    set_: SetOption = (),
    seed: SeedOption = 0,
    out: OutOption = RUNS,
    paced: PacedOption = False,
    traffic: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Keep all that goes to and from the instruments, too.")
    ] = False,
    fault: FaultOption = (),
    as_json: JsonOption = False,
) -> int:
    """Run a protocol and end with the path of its report."""
    from neurorig.protocols import Request, execute, protocols

    if protocol is None:
        raise ConfigError(f"Name a protocol: {', '.join(protocols())}. For instance: neurorig run bump --simulate")
    components = pairs(set_, "--set")
    request = Request(protocol, pairs(p, "-p"), bench, components, simulate, seed, out, paced, traffic, fault)
    with progress_bar(quiet=as_json) as progress:
        outcome = execute(request, progress)
    if as_json:
        print(json.dumps(outcome.as_json()))
    else:
        _print(outcome)
    return 0


@contextlib.contextmanager
def progress_bar(quiet: bool) -> Iterator["Progress | None"]:
    """A bar on a terminal, nothing in a pipe or with --json."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:32s}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)

        def update(fraction: float, what: str) -> None:
            bar.update(task, completed=fraction, description=what)

        yield update


def _print(outcome: "Outcome") -> None:
    from .tables import print_lines, print_verdicts

    print_verdicts(outcome.verdicts, outcome.results)
    print_lines("note", outcome.notes)
    print_lines("warning", outcome.warnings)
    print(f"run     {outcome.run}")
    print(f"report  {outcome.report}")
