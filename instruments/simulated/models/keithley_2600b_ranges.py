"""Ranges, limits and times of the Keithley 2612B.

Current accuracy and power: data sheet of the 2600B series, page 15 (sources) and SPEC-2602B Rev. B, page 2 (meters, the same
below 3 A); settling times: SPEC-2602B, page 5, and assumed for the 200 V range; limits: 2600BS-901-01 Rev. F, 9-244.
"""

from collections.abc import Mapping
from typing import Any

from ..source_measure import Quantity, Range
from .keithley_2600b_tree import Check, number

MAINS = 50.0
"""Hz."""
OVERHEAD = 30e-6
"""Seconds that a reading takes beside its aperture: 20 000 readings a second at 0.001 periods."""
RANGE_CHANGE = 250e-6
"""Seconds of a change of the measure range: 4000 a second."""
OVERFLOW = 9.91e37
"""What stands for a reading beyond its range."""
MOST_VOLTS_AT_FULL_CURRENT, MOST_AMPERES_AT_FULL_VOLTS = 20.2, 0.101
"""30.3 W: +-1.515 A at +-20 V, +-101 mA at +-200 V (data sheet, page 15)."""

SOURCE_VOLTS = (
    Range(0.2, 2e-4, 375e-6, 5e-6),
    Range(2.0, 2e-4, 600e-6, 50e-6),
    Range(20.0, 2e-4, 5e-3, 500e-6),
    Range(200.0, 2e-4, 50e-3, 5e-3),
)
SOURCE_AMPERES = (
    Range(100e-9, 6e-4, 100e-12, 2e-12),
    Range(1e-6, 3e-4, 800e-12, 20e-12),
    Range(10e-6, 3e-4, 5e-9, 200e-12),
    Range(100e-6, 3e-4, 60e-9, 2e-9),
    Range(1e-3, 3e-4, 300e-9, 20e-9),
    Range(10e-3, 3e-4, 6e-6, 200e-9),
    Range(100e-3, 3e-4, 30e-6, 2e-6),
    Range(1.0, 5e-4, 1.8e-3, 20e-6),
    Range(1.5, 6e-4, 4e-3, 20e-6),
)
METER_VOLTS = (
    Range(0.2, 1.5e-4, 225e-6, 100e-9, 3e-6),
    Range(2.0, 2e-4, 350e-6, 1e-6, 8e-6),
    Range(20.0, 1.5e-4, 5e-3, 10e-6, 50e-6),
    Range(200.0, 1.5e-4, 50e-3, 100e-6, 300e-6),
)
METER_AMPERES = (
    Range(100e-9, 5e-4, 100e-12, 100e-15, 1e-12),
    Range(1e-6, 2.5e-4, 500e-12, 1e-12, 4e-12),
    Range(10e-6, 2.5e-4, 1.5e-9, 10e-12, 10e-12),
    Range(100e-6, 2e-4, 25e-9, 100e-12, 500e-12),
    Range(1e-3, 2e-4, 200e-9, 1e-9, 1e-9),
    Range(10e-3, 2e-4, 2.5e-6, 10e-9, 33e-9),
    Range(100e-3, 2e-4, 20e-6, 100e-9, 100e-9),
    Range(1.0, 3e-4, 1.5e-3, 1e-6, 12e-6),
    Range(1.5, 5e-4, 3.5e-3, 1e-6, 25e-6),
)
"""Noise: a sixth of the source's peak to peak value, 0.1 Hz to 10 Hz. Those of the volts are assumed."""
SETTLING: Mapping[Quantity, Mapping[float, float]] = {
    "V": {0.2: 50e-6, 2.0: 50e-6, 20.0: 110e-6, 200.0: 700e-6},
    "A": {100e-9: 20e-3, 1e-6: 2e-3, 10e-6: 500e-6, 100e-6: 150e-6, 1e-3: 100e-6},
}
"""Seconds until within 0.1 %, by range; 80 us in the ranges not named. What the automatic delays wait."""

volts_level, amperes_level = number(-202.0, 202.0), number(-1.515, 1.515)
volts_limit, amperes_limit = number(20e-3, 200.0), number(10e-9, 1.5)


def settling(quantity: Quantity, full_scale: float) -> float:
    """Seconds of the automatic delay in a range."""
    return SETTLING[quantity].get(full_scale, 80e-6)


def delay_time(value: float) -> Check:
    """A delay in seconds, or -1 for an automatic one."""
    seconds = number(0.0, value)
    return lambda given: -1.0 if given == -1 else seconds(given)


def ranged(quantity: Quantity) -> Check:
    """The full scale of the smallest range that holds a value."""
    scale = SOURCE_VOLTS if quantity == "V" else SOURCE_AMPERES
    within = number(-scale[-1].full_scale, scale[-1].full_scale)

    def check(value: Any) -> float:
        wanted = abs(within(value))
        return next(r.full_scale for r in scale if wanted <= r.full_scale * (1 + 1e-9))

    return check
