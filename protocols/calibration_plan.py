"""What a calibration of a current source needs, and what is refused before anything is played."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurorig.instruments.drivers.arduino_calibration import LEG_NAMES, LEGS, Leg
from neurorig.instruments.drivers.segments import FULL_SCALE
from neurorig.signals import ConfigError, LimitError, show

from .acceptance import REACH, AcceptancePlan, check_resistors, port_of
from .acceptance_meters import meter_for

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.wiring import PortWiring

STEPS = 4096
FEWEST = 256
"""The least that the highest code of a leg may be."""


@dataclass(frozen=True)
class CalibrationPlan:
    """What to calibrate and how: `source` and `meter` as ``instrument.channel``.

    `ohms`: the resistor below a multimeter, with its relative error; a source-meter is the ammeter itself. `both_ranges`:
    the range of the other place of the jumper, too.
    """

    source: str
    meter: str
    ohms: float | None = None
    resistor_error: float = 1e-4
    both_ranges: bool = False


def check_calibration(plan: CalibrationPlan, bench: "Bench") -> "PortWiring":
    """The port whose limits hold; no I/O. Raises ConfigError for a source or meter that cannot be, LimitError where
    nothing is left to measure."""
    role = meter_for(plan.meter, bench)
    port = port_of(AcceptancePlan(plan.source, (), plan.meter), bench)
    if (driver := bench.instruments[port.instrument].driver) != "arduino_source":
        raise ConfigError(f"--source {plan.source}: {driver} has no calibration that neurorig could write.")
    if role not in ("SourceMeter", "Multimeter"):
        raise ConfigError(
            f"--with {plan.meter}: an oscilloscope tells a current to 0.2 % at best; a source is calibrated with a source-meter, "
            "or with a multimeter over a resistor. What it delivers can be looked at: neurorig accept-source."
        )
    if role == "Multimeter" and plan.ohms is None:
        raise ConfigError(
            "--resistor: name the resistance over which the multimeter measures, '10 kohm' with 0.1 % or less."
        )
    check_resistors(() if plan.ohms is None else (plan.ohms,), plan.meter, role)
    for full_scale in ranges_of(plan, port.full_scale):
        for leg in LEGS:
            if (top := highest_code(port, full_scale, leg)) < FEWEST:
                allowed = port.high if leg == "SOUR" else port.low
                raise LimitError(
                    f"{port.port}: its limit of {show(allowed, 'A')} leaves {top} of the {STEPS} steps of the {LEG_NAMES[leg]}; "
                    f"{FEWEST} are the least. The channel is off the board while it is calibrated: use a bench file with wider "
                    f'[limits."{port.port}"] than {bench.path}.'
                )
    _check_compliance(plan, port, max(ranges_of(plan, port.full_scale)))
    return port


def _check_compliance(plan: CalibrationPlan, port: "PortWiring", full_scale: float) -> None:
    """Raises LimitError where the highest current of a leg over the resistor is more than the source can drive."""
    highest = max(highest_code(port, full_scale, leg) for leg in LEGS) * full_scale / STEPS
    if plan.ohms is not None and plan.ohms * highest > REACH:
        raise LimitError(
            f"--resistor {show(plan.ohms, 'ohm')}: {show(highest, 'A', 4)}, the highest of {port.port} in the range of "
            f"{show(full_scale, 'A')}, makes {show(plan.ohms * highest, 'V', 3)} over it; a source drives {show(REACH, 'V')}. "
            f"Take at most {show(math.floor(REACH / highest / 100) * 100, 'ohm')}."
        )


def ranges_of(plan: CalibrationPlan, full_scale: float) -> tuple[float, ...]:
    """In the order of the measurement: the range that the bench file names comes last, there the jumper stays."""
    return (other_range(full_scale), full_scale) if plan.both_ranges else (full_scale,)


def other_range(full_scale: float) -> float:
    """The range of the jumper's other place."""
    return max(FULL_SCALE.values(), key=lambda other: abs(other - full_scale))


def highest_code(port: "PortWiring", full_scale: float, leg: Leg) -> int:
    """The highest code that the port's limits allow."""
    most = max(0.0, port.high if leg == "SOUR" else -port.low)
    return min(STEPS - 1, int(most / full_scale * STEPS * (1 + 1e-12)))
