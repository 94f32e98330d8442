"""``neurorig calibrate-source``: straighten a current source against an ammeter, and keep that in its own memory."""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError, NeurorigError, say_too

from .bench import FileArgument, print_bench
from .hands import Hands, part
from .options import SOURCES, JsonOption, SeedOption, SourcesOption
from .run import progress_bar

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench
    from neurorig.protocols.calibrate_source import CalibrateOutcome


def calibrate_source_command(
    file: FileArgument,
    /,
    *,
    with_: Annotated[str, Parameter(name="--with", show_default=False, help="The ammeter: smu.1, or dmm.1 over a resistor.")],
    source: Annotated[
        tuple[str, ...],
        Parameter(negative=(), show_default=False, help="A channel, such as source.2; once more for each (default: all wired)."),
    ] = (),
    resistor: Annotated[
        str, Parameter(show_default=False, help='What a multimeter measures over, e.g. "10 kohm".')
    ] = "",
    resistor_error: Annotated[str, Parameter(help="Relative error of the resistor.")] = "0.01 %",
    both_ranges: Annotated[
        bool, Parameter(negative=(), show_default=False, help="The range of the jumper's other place, too: each has its own.")
    ] = False,
    simulate: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Calibrate the source of the bench's simulated double.")
    ] = False,
    seed: SeedOption = 0,
    out: SourcesOption = SOURCES,
    as_json: JsonOption = False,
) -> int:  # fmt: skip
    """Sweep both legs of each channel into an ammeter, fit gain and offset, sweep again, and store them in the source.

    Each range has a calibration of its own; done is the one that the jumper selects. Whatever ends it before the second sweep has
    agreed, the old calibration of that range stays. Record and report are kept under the source's serial number.
    """
    from neurorig.instruments.bench import load_bench
    from neurorig.protocols.calibrate_source import CalibrateRequest, calibrate_source
    from neurorig.protocols.calibration_plan import CalibrationPlan, check_calibration
    from neurorig.signals import parse

    ohms = parse(resistor, "ohm") if resistor else None
    bench = load_bench(file)
    plans = [
        CalibrationPlan(channel, with_, ohms, part(resistor_error, "--resistor-error"), both_ranges)
        for channel in source or _wired(bench)
    ]
    for plan in plans:
        check_calibration(plan, bench)
    if not as_json:
        print_bench(bench, simulate=simulate)
    outcomes: list[CalibrateOutcome] = []
    for plan in plans:
        request = CalibrateRequest(plan, file, simulate, seed, out)
        with _after(outcomes), progress_bar(quiet=as_json or not simulate) as progress:
            outcome = calibrate_source(request, Hands(simulate, as_json), progress or (lambda _, __: None))
        outcomes.append(outcome)
        if not as_json:
            _print(outcome)
    if as_json:
        print(json.dumps([{"folder": str(o.folder), "report": str(o.report), **o.record} for o in outcomes]))
    return 0


@contextlib.contextmanager
def _after(outcomes: "list[CalibrateOutcome]") -> Iterator[None]:
    """What ends the calibration of one channel takes nothing from those before it."""
    try:
        yield
    except (NeurorigError, KeyboardInterrupt) as event:
        if done := ", ".join(f"{o.record['plan']['source']} ({o.folder})" for o in outcomes):
            say_too(event, f"Calibrated and stored before: {done}.")
        raise


def _wired(bench: "Bench") -> list[str]:
    from neurorig.protocols.calibrate_source import channels_of

    if not (found := channels_of(bench)):
        raise ConfigError(f"{bench.path}: no port is wired to a source whose calibration neurorig can write.")
    return found


def _print(outcome: "CalibrateOutcome") -> None:
    from neurorig.signals import show

    from .tables import print_calibrated_source, print_lines

    print_calibrated_source(outcome.result)
    print_lines("note", outcome.result.notes)
    print_lines("warning", outcome.record["warnings"])
    ranges = " and ".join(show(full_scale, "A") for full_scale in outcome.result.ranges)
    print(
        f"stored  in {outcome.record['plan']['source']}, {ranges}, serial number {outcome.record['source']['serial']}"
    )
    print(f"record  {outcome.folder / 'calibration.json'}")
    print(f"report  {outcome.report}")
