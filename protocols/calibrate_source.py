"""From a request to a calibrated source: connect, calibrate, and keep what was found under the source's serial number."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neurorig.instruments.drivers.arduino_calibration import LEG_NAMES
from neurorig.signals import say_too

from .calibration_plan import CalibrationPlan, check_calibration
from .hands import done_by
from .source_calibration import CalibratedLeg, CalibratedSource, Point, calibrate, worst
from .source_work import SourceOutcome, SourceRequest, check_out, double_of, keep, record_of

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench

    from .source_calibration import Tell

CalibrateRequest = SourceRequest[CalibrationPlan]
CalibrateOutcome = SourceOutcome[CalibratedSource]


def channels_of(bench: "Bench") -> list[str]:
    """The channels of current sources with a calibration that are wired to a port, as ``source.1``."""
    return [
        f"{p.instrument}.{p.channel}"
        for p in bench.ports.values()
        if bench.instruments[p.instrument].driver == "arduino_source"
    ]


def calibrate_source(request: CalibrateRequest, ask: Callable[[str], None], tell: "Tell") -> CalibrateOutcome:
    """Check, connect, calibrate one channel, keep. `ask` has a person do something; simulated, it is done already.

    Raises NeurorigError of the kind that fits; the outputs are safe and the calibration a whole one on every way out.
    """
    from neurorig.instruments.bench import load_bench
    from neurorig.instruments.connection import connect

    bench = load_bench(request.bench)
    check_calibration(request.plan, bench)
    check_out(request.out)
    with contextlib.ExitStack() as stack:
        double = stack.enter_context(double_of(request, request.plan.ohms or 1e4)) if request.simulate else None
        with connect(bench, double=double) as rig:
            result = calibrate(request.plan, rig, done_by(ask, double), tell)
            with _stored_already(request.plan):
                channel = request.plan.source.partition(".")[2]
                record = record_of(request, bench, rig) | {"channel": channel, "result": as_json(result)}
    with _stored_already(request.plan):
        from .source_calibration_report import calibration_document

        document = calibration_document(record, result)
        folder, report = keep(request.out, f"calibration_channel_{channel}", "calibration.json", record, document)
    return SourceOutcome(folder, report, result, record)


@contextlib.contextmanager
def _stored_already(plan: CalibrationPlan) -> Iterator[None]:
    """What ends it now, be it a Ctrl-C, comes too late to change the source."""
    try:
        yield
    except BaseException as event:
        say_too(event, f"{plan.source}: its new calibration is stored and in force; only its record is missing.")
        raise


def as_json(result: CalibratedSource) -> dict[str, Any]:
    """Plain JSON values: currents in A, off and errors in steps, corrections as the firmware holds them."""
    return {
        "ranges": result.ranges, "meter_gain_error": result.gain_error, "notes": result.notes,
        "within_half_a_step": all(leg.within for leg in result.legs),
        "legs": [_leg(leg) for leg in result.legs],
    }  # fmt: skip


def _leg(leg: CalibratedLeg) -> dict[str, Any]:
    line = leg.line
    return {
        "leg": LEG_NAMES[leg.leg], "range": leg.full_scale,
        "gain": line.gain, "gain_error": line.gain_error, "offset": line.offset, "offset_error": line.offset_error,
        "old": asdict(leg.old), "new": asdict(leg.new), "within_half_a_step": leg.within,
        "worst_before": worst(leg.before).off, "worst_after": worst(leg.after).off,
        "before": [_point(p) for p in leg.before], "after": [_point(p) for p in leg.after],
    }  # fmt: skip


def _point(p: Point) -> dict[str, float]:
    sign = 1 if p.leg == "SOUR" else -1
    return {
        "commanded": sign * p.code * p.step, "delivered": p.amperes, "error": p.error, "off": p.off,
    }  # fmt: skip
