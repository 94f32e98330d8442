"""``neurorig accept-source``: what a current source really delivers, and whether that is good enough."""

import difflib
import json
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .bench import FileArgument, print_bench
from .hands import Hands, part
from .options import SOURCES, JsonOption, SeedOption, SourcesOption
from .run import progress_bar

if TYPE_CHECKING:
    from pathlib import Path

    from neurorig.protocols.accept import AcceptOutcome

NOT_GOOD_ENOUGH = 5


def accept_source_command(
    file: FileArgument = "wu2025_bump",
    /,
    *,
    source: Annotated[str, Parameter(help="The source's channel, as in the bench file.")] = "source.1",
    resistor: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(), show_default=False, help='Into what, e.g. "10 kohm"; once more for each further one (sag).'
        ),
    ] = (),
    with_: Annotated[
        str, Parameter(name="--with", show_default=False, help="What measures: scope.3, dmm.1 or, as the load, smu.1.")
    ],
    resistor_error: Annotated[str, Parameter(help="Relative error of a resistor.")] = "0.1 %",
    at: Annotated[
        str, Parameter(show_default=False, help="Current of noise, step, sag and drift (default: 45 uA, or what fits).")
    ] = "",
    drift: Annotated[str, Parameter(help='How long to look for a drift; "0 s": not at all.')] = "60 s",
    needs: Annotated[
        str, Parameter(show_default=False, help="Judge by what this protocol needs; or by: bursting.")
    ] = "",
    simulate: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Accept the source of the bench's simulated double.")
    ] = False,
    write: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Put the delivered currents into the bench file.")
    ] = False,
    seed: SeedOption = 0,
    out: SourcesOption = SOURCES,
    as_json: JsonOption = False,
) -> int:
    """Play the source into a known resistor and measure accuracy, sag, settling, noise, mains and drift.

    Exit code 5 when it does not show itself good enough for what --needs names. It is kept under the source's serial number.
    """
    from neurorig.instruments.bench import find_bench, load_bench
    from neurorig.instruments.bench_writer import check_rewritable
    from neurorig.protocols.accept import AcceptRequest, accept
    from neurorig.protocols.acceptance import AcceptancePlan
    from neurorig.signals import parse

    ohms = tuple(parse(text, "ohm") for text in resistor)
    plan = AcceptancePlan(
        source, ohms, with_, part(resistor_error, "--resistor-error"), parse(drift, "s"), parse(at, "A") if at else None
    )
    request = AcceptRequest(plan, file, simulate, seed, out, needs=needs)
    if write:
        check_rewritable(find_bench(file))
    if not as_json:
        print_bench(load_bench(file), simulate=simulate)
    hands = Hands(simulate, as_json)
    with progress_bar(quiet=as_json or not simulate) as progress:
        outcome = accept(request, lambda what, _: hands(what), progress or (lambda _, __: None))
    if as_json:
        print(json.dumps({"folder": str(outcome.folder), "report": str(outcome.report), **outcome.record}))
    else:
        _print(outcome)
    if write:
        _write(file, outcome, quiet=as_json)
    return 0 if outcome.result.accepted else NOT_GOOD_ENOUGH


def _print(outcome: "AcceptOutcome") -> None:
    from neurorig.protocols.acceptance_report import closing

    from .tables import print_acceptance, print_lines

    print_acceptance(outcome.result)
    print_lines("note", outcome.result.notes)
    print_lines("warning", outcome.record["warnings"])
    print(f"record  {outcome.folder / 'acceptance.json'}")
    print(f"report  {outcome.report}")
    if verdict := closing(outcome.result):
        print(f"verdict {verdict}")


def _write(file: str, outcome: "AcceptOutcome", *, quiet: bool) -> None:
    """Show what changes in the bench file, change it, keep the old one."""
    from neurorig.instruments.bench import find_bench
    from neurorig.instruments.bench_writer import rewrite, with_delivered
    from neurorig.protocols.accept import delivered_rows

    path: Path = find_bench(file)
    old, new = with_delivered(path, outcome.record["port"]["name"], delivered_rows(outcome.result))
    if not quiet:
        print(
            "".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(path), "with the table")),
            end="",
        )
    kept = rewrite(path, new)
    if not quiet:
        print(f"written {path}; the old one is {kept}")
