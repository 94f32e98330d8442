"""What the functions of a simulated Keithley 2450 are set to, and the headers under which that is said."""

from dataclasses import dataclass

from ..arguments import Kind, number
from ..functions import Family


@dataclass
class Source:
    """What one source function is set to."""

    range: float
    limit: float
    level: float = 0.0
    auto: bool = True
    delay: float = 0.0
    auto_delay: bool = True
    readback: bool = True
    protection: str = "NONE"
    capacitance: bool = False
    off_mode: str = "NORM"


@dataclass
class Sense:
    """What one measure function is set to."""

    range: float
    lowest: float
    unit: str
    auto: bool = True
    nplc: float = 1.0
    remote: bool = False
    averaging: bool = False
    averages: int = 10
    average_type: str = "REP"
    autozero: bool = True


SOURCE = Family((":SOURce", ":SOURce1"), {"VOLT": ":VOLTage", "CURR": ":CURRent"}, lambda device: device.sources)
OUTPUT = Family((":OUTPut", ":OUTPut1"), {"VOLT": ":VOLTage", "CURR": ":CURRent"}, lambda device: device.sources)
SENSE = Family(
    ("[:SENSe]", ":SENSe1"),
    {"VOLT": ":VOLTage[:DC]", "CURR": ":CURRent[:DC]", "RES": ":RESistance"},
    lambda device: device.senses,
)


def plain(value: float) -> str:
    """A setting as the instrument tells it: no more digits than it needs."""
    return f"{value:.7g}".upper()


def num(unit: str, low: float, high: float, default: float) -> Kind[float]:
    """A number with its limits."""
    return number(unit, low, high, default, plain)
