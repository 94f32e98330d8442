"""Ranges, accuracy and settling of the 4200-SMU with preamplifier, and of the 4225-PMU with its remote module.

Range codes and limits by the pages named in `keithley_4200a`; accuracy, resolution and noise of both cards by the data
sheet of the 4200A-SCS as far as known, not compared with a page: assumed.
"""

import numpy as np

from ..source_measure import Quantity, Range, Scale

_VOLTS = ((0.2, 150e-6, 100e-6), (2.0, 300e-6, 150e-6), (20.0, 1.5e-3, 1e-3), (200.0, 15e-3, 3e-3))
"""Full scale, offset sourced, offset measured."""
_AMPERES = (
    (1e-12, 1e-2, 40e-15, 10e-15), (10e-12, 5e-3, 50e-15, 15e-15), (100e-12, 1e-3, 80e-15, 30e-15),
    (1e-9, 6e-4, 300e-15, 100e-15), (10e-9, 6e-4, 3e-12, 1e-12), (100e-9, 6e-4, 30e-12, 30e-12),
    (1e-6, 6e-4, 200e-12, 100e-12), (10e-6, 6e-4, 1.5e-9, 600e-12), (100e-6, 3.8e-4, 15e-9, 3e-9),
    (1e-3, 4e-4, 150e-9, 30e-9), (10e-3, 4.2e-4, 1.5e-6, 300e-9), (0.1, 5e-4, 15e-6, 3e-6),
)  # fmt: skip
"""Full scale, part of the value, offset sourced, offset measured."""
SOURCED: dict[Quantity, tuple[Range, ...]] = {
    "V": tuple(Range(full, 2e-4, offset, 25e-6 * full) for full, offset, _ in _VOLTS),
    "A": tuple(Range(full, gain, offset, 50e-6 * full) for full, gain, offset, _ in _AMPERES),
}
MEASURED: dict[Quantity, tuple[Range, ...]] = {
    "V": tuple(Range(full, 1.2e-4, offset, 1e-6 * full, 2e-6 * full) for full, _, offset in _VOLTS),
    "A": tuple(
        Range(full, gain * 0.85, offset, 1e-6 * full, max(2e-6 * full, 1e-16)) for full, gain, _, offset in _AMPERES
    ),
}
VOLT_CODES = {1: 20.0, 2: 200.0, 3: 200.0, 4: 0.2, 5: 2.0}
"""Range codes of ``DV`` (4200A-KXCI-907-01 Rev. D page 5-33); 0 is automatic."""
AMPERE_CODES = {
    1: 1e-9, 2: 10e-9, 3: 100e-9, 4: 1e-6, 5: 10e-6, 6: 100e-6, 7: 1e-3, 8: 10e-3, 9: 0.1, 11: 1e-12, 12: 10e-12, 13: 100e-12,
}  # fmt: skip
"""Range codes of ``DI``; 10 is the 1 A of the larger SMU."""
MOST_VOLTS, MOST_AMPERES = 210.0, 0.105
LEAST_AMPERES, LEAST_VOLTS = 100e-12, 20e-3
"""The smallest compliance (4200A-901-01 Rev. C pages 9-17 and 3-12)."""

_SETTLING = {
    1e-12: 1.0, 10e-12: 0.3, 100e-12: 0.1, 1e-9: 40e-3, 10e-9: 20e-3, 100e-9: 10e-3, 1e-6: 3e-3, 10e-6: 2e-3, 100e-6: 1e-3,
}  # fmt: skip


def amperes_at(volts: float) -> float:
    """The largest current that goes with a voltage (4200A-901-01 Rev. C page 3-6)."""
    return MOST_AMPERES if abs(volts) <= 21.0 else 10.5e-3


def settling(amperes: float) -> float:
    """Seconds that a current range takes to settle, before the delay factor."""
    return _SETTLING.get(amperes, 0.5e-3)


def scales(table: dict[Quantity, tuple[Range, ...]], random: np.random.Generator) -> dict[Quantity, Scale]:
    """Both quantities' scales of one SMU."""
    return {quantity: Scale(ranges, random) for quantity, ranges in table.items()}


PULSE_NOISE_TIME = 1e-6
"""Seconds of averaging for which the noise of the pulse card's ranges is given."""
PULSE_RANGES: dict[int, tuple[float, ...]] = {
    10: (100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 0.2),
    40: (100e-6, 10e-3, 0.8),
}
"""Current ranges with a remote module, by source range (4200A-901-01 Rev. C page 6-73)."""
PULSE_LIMIT = {10: 0.2, 40: 0.8}
_PULSE_OFFSETS = {
    100e-9: 1e-9,
    1e-6: 1e-9,
    10e-6: 30e-9,
    100e-6: 100e-9,
    1e-3: 1e-6,
    10e-3: 10e-6,
    0.2: 250e-6,
    0.8: 3e-3,
}


class PulseScale(Scale):
    """Ranges whose noise falls with the root of the time, without an addition for short times."""

    def haste(self, present: Range, periods: float) -> float:
        """None."""
        return 0.0


def pulse_scales(source_range: int, random: np.random.Generator) -> tuple[dict[Quantity, Scale], dict[Quantity, Scale]]:
    """What one channel of the pulse card sources and measures in a source range (V)."""
    volts = float(source_range)
    amperes = tuple(
        Range(full, 5e-3, _PULSE_OFFSETS[full], 1e-4 * full, 2e-3 * full) for full in PULSE_RANGES[source_range]
    )
    sourced = Range(volts, 5e-3, 1e-3 * volts, volts / 2**15)
    measured = Range(volts, 2.5e-3, 1e-3 * volts, volts / 2**13, 2e-4 * volts)
    made: dict[Quantity, Scale] = {"V": PulseScale((sourced,), random), "A": PulseScale(amperes, random)}
    shown: dict[Quantity, Scale] = {"V": PulseScale((measured,), random), "A": PulseScale(amperes, random)}
    return made, shown
