"""Ranges, accuracy and limits of the Keysight B2902A.

Measuring: data sheet of the B2900A series page 16; sourcing has the same errors (User's Guide Edition 2 page 2-25). How far
a range goes: User's Guide Edition 5 page 2-14, and the output ranges of B2961-90030 page 2-36, which are those of this
series. The 10 A range is for pulses only, the B2902A has no 10 nA range.
"""

from functools import lru_cache

import numpy as np

from ..source_measure import Quantity, Range, Scale

ACCURACY: dict[Quantity, tuple[tuple[float, float, float], ...]] = {
    "V": ((0.2, 150e-6, 225e-6), (2.0, 200e-6, 350e-6), (20.0, 150e-6, 5e-3), (200.0, 150e-6, 50e-3)),
    "A": (
        (100e-9, 600e-6, 100e-12), (1e-6, 250e-6, 500e-12), (10e-6, 250e-6, 1.5e-9), (100e-6, 200e-6, 25e-9),
        (1e-3, 200e-6, 200e-9), (10e-3, 200e-6, 2.5e-6), (0.1, 200e-6, 20e-6), (1.0, 300e-6, 1.5e-3),
        (1.5, 500e-6, 3.5e-3), (3.0, 4e-3, 7e-3), (10.0, 4e-3, 25e-3),
    ),
}  # fmt: skip
"""Full scale, part of the value, offset."""


def _decade(full_scale: float) -> float:
    """Full scale without the 1.5 A and 3 A ranges' odd digits: their steps are those of 1 A and 10 A."""
    return {1.5: 1.0, 3.0: 10.0}.get(full_scale, full_scale)


def _table(quantity: Quantity, step: float, narrow: float, noise: float = 0.0) -> tuple[Range, ...]:
    return tuple(
        Range(scale, gain, offset, step * _decade(scale), noise * scale, narrow if scale in (1.5, 3.0) else 0.0)
        for scale, gain, offset in ACCURACY[quantity]
    )


SOURCED: dict[Quantity, tuple[Range, ...]] = {"V": _table("V", 5e-6, 1.05), "A": _table("A", 1e-5, 1.01)}
MEASURED: dict[Quantity, tuple[Range, ...]] = {"V": _table("V", 5e-7, 1.06, 1e-6), "A": _table("A", 1e-6, 1.02, 1e-6)}

_HASTE = {
    "small": (5e-3, 5e-4, 1e-4, 0.0),
    "plain": (2e-3, 2e-4, 1e-4, 0.0),
    "least": (1e-2, 1e-3, 1e-4, 0.0),
}
"""Parts of a range to be added at 0.001, 0.01, 0.1 and 1 period of the mains (data sheet page 16)."""


@lru_cache(maxsize=64)
def _haste(kind: str, periods: float) -> float:
    return float(np.interp(np.log10(periods), (-3, -2, -1, 0), _HASTE[kind]))


class KeysightScale(Scale):
    """Ranges with this series' own noise below one period of the mains."""

    def __init__(
        self, quantity: Quantity, ranges: tuple[Range, ...], random: np.random.Generator, headroom: float
    ) -> None:
        super().__init__(ranges, random, headroom)
        self.quantity = quantity

    def haste(self, present: Range, periods: float) -> float:
        """A third of what the data sheet adds to the offset."""
        if periods >= 1.0:
            return 0.0
        if self.quantity == "V":
            kind = "small" if present.full_scale < 2.0 else "plain"
        elif present.full_scale >= 1.0:
            kind = "plain"
        else:
            kind = "least" if present.full_scale < 1e-6 else "small"
        return _haste(kind, periods) * present.full_scale / 3


def scales(
    table: dict[Quantity, tuple[Range, ...]], random: np.random.Generator, headroom: float
) -> dict[Quantity, Scale]:
    """Both quantities' scales of one channel."""
    return {quantity: KeysightScale(quantity, ranges, random, headroom) for quantity, ranges in table.items()}


MOST_VOLTS, MOST_AMPERES, MOST_PULSED = 210.0, 3.03, 10.5


def amperes_at(volts: float, *, pulsed: bool) -> float:
    """The largest current that goes with a voltage; short pulses go further (B2961-90030 table 2-4)."""
    size = abs(volts)
    if pulsed:
        return MOST_PULSED if size <= 6.0 else 1.515 if size <= 200.0 else 0.105
    return MOST_AMPERES if size <= 6.0 else 1.515 if size <= 21.0 else 0.105


def settling(amperes: float) -> float:
    """Seconds that a current range takes to settle within 0.1 % (User's Guide Edition 2 page 2-20)."""
    if amperes < 1e-6:
        return 10e-3
    return 500e-6 if amperes < 10e-6 else 250e-6 if amperes < 1e-3 else 80e-6
