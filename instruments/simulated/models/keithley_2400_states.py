"""Ranges and accuracy of the Keithley 2400 (SPEC-2400 Rev. H), and what its functions are set to and under which headers."""

from dataclasses import dataclass

from ..arguments import Kind, number
from ..functions import Family
from ..source_measure import Quantity, Range

QUANTITIES: dict[str, Quantity] = {"VOLT": "V", "CURR": "A"}
OTHER = {"VOLT": "CURR", "CURR": "VOLT"}

VOLTS_SOURCED = (
    Range(0.2, 200e-6, 600e-6, 5e-6), Range(2.0, 200e-6, 600e-6, 50e-6), Range(20.0, 200e-6, 2.4e-3, 500e-6),
    Range(200.0, 200e-6, 24e-3, 5e-3),
)  # fmt: skip
VOLTS_MEASURED = (
    Range(0.2, 120e-6, 300e-6, 1e-6, 1e-6), Range(2.0, 120e-6, 300e-6, 10e-6, 10e-6),
    Range(20.0, 150e-6, 1.5e-3, 100e-6, 100e-6), Range(200.0, 150e-6, 10e-3, 1e-3, 1e-3),
)  # fmt: skip
AMPERES_SOURCED = (
    Range(1e-6, 350e-6, 600e-12, 50e-12), Range(10e-6, 330e-6, 2e-9, 500e-12), Range(100e-6, 310e-6, 20e-9, 5e-9),
    Range(1e-3, 340e-6, 200e-9, 50e-9), Range(10e-3, 450e-6, 2e-6, 500e-9), Range(0.1, 660e-6, 20e-6, 5e-6),
    Range(1.0, 2.7e-3, 900e-6, 50e-6),
)  # fmt: skip
AMPERES_MEASURED = (
    Range(1e-6, 290e-6, 300e-12, 10e-12, 10e-12), Range(10e-6, 270e-6, 700e-12, 100e-12, 100e-12),
    Range(100e-6, 250e-6, 6e-9, 1e-9, 1e-9), Range(1e-3, 270e-6, 60e-9, 10e-9, 10e-9),
    Range(10e-3, 350e-6, 600e-9, 100e-9, 100e-9), Range(0.1, 550e-6, 6e-6, 1e-6, 1e-6),
    Range(1.0, 2.2e-3, 570e-6, 10e-6, 10e-6),
)  # fmt: skip


@dataclass
class Source:
    """What one source function is set to."""

    range: float
    level: float = 0.0
    triggered: float = 0.0
    auto: bool = True
    mode: str = "FIX"
    start: float = 0.0
    stop: float = 0.0
    protection: float = 210.0


@dataclass
class Sense:
    """What one measure function is set to; `limit`: the compliance of this quantity when the other one is sourced."""

    range: float
    lowest: float
    limit: float = 0.0
    auto: bool = True
    nplc: float = 1.0
    mode: str = "AUTO"


SOURCE = Family(("[:SOURce]", ":SOURce1"), {"VOLT": ":VOLTage", "CURR": ":CURRent"}, lambda device: device.sources)
SENSE = Family(
    (":SENSe", ":SENSe1"), {"VOLT": ":VOLTage[:DC]", "CURR": ":CURRent[:DC]", "RES": ":RESistance"},
    lambda device: device.senses,
)  # fmt: skip
MEASURED = ("VOLT", "CURR")


def nr3(value: float) -> str:
    """A setting as the instrument tells it."""
    return f"{value:.6E}"


def num(unit: str, low: float, high: float, default: float) -> Kind[float]:
    """A number with its limits."""
    return number(unit, low, high, default, nr3)
