"""Units at the edges: text with a unit becomes an SI float here, and an SI float becomes text here.

Inside the house every number is a plain float in A, V, s, Hz, ohm, F or C.
"""

import functools
import math
import re
from typing import TYPE_CHECKING, Any

from .errors import ConfigError

if TYPE_CHECKING:
    from pint import UnitRegistry

_NAMES = {
    "A": "a current", "V": "a voltage", "s": "a time", "Hz": "a frequency", "ohm": "a resistance",
    "F": "a capacitance", "C": "a charge", "": "a plain number",
}  # fmt: skip
EXAMPLES = {
    "A": "44.7 uA", "V": "3.3 V", "s": "0.47 s", "Hz": "40 kHz", "ohm": "10 kohm", "F": "0.1 uF", "C": "98 nC",
    "A/V": "50 uA/V", "": "3",
}  # fmt: skip
_WRITTEN = re.compile(
    r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*([^\s\d.,_+*-][^\s\d,_]*\s*)?|\s*[+-]?(nan|inf)\w*.*", re.I
)
"""One number, then perhaps a unit: the unit library would take a comma for nothing and "0,4 uA" for 4 uA or 0."""
_COMMA = re.compile(r"\d,\d")
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


@functools.cache
def _registry() -> "UnitRegistry[Any]":
    import pint  # 0.3 s that only parsing needs

    return pint.UnitRegistry(cache_folder=":auto:")


@functools.lru_cache(maxsize=4096)
def parse(text: str, unit: str) -> float:
    """Turn ``"44.7 uA"`` into 4.47e-05, for the SI unit wanted (``"A"``, ``"V"``, ``"s"``, ``"Hz"``, ``"ohm"``,
    ``"F"``, ``"C"``, or ``""`` for a plain number).

    Raises ConfigError when the text is no number, has no unit, or has a unit of another kind.
    """
    wanted = f"{_NAMES.get(unit, unit)} such as '{EXAMPLES.get(unit, unit)}'"
    if not _WRITTEN.fullmatch(text):
        point = " A decimal comma is no point: write '" + text.replace(",", ".") + "'." if _COMMA.search(text) else ""
        raise ConfigError(f"'{text}' is not {wanted}.{point}")
    try:
        if unit == "":
            return _finite(float(text), text)
        plain = text.replace("µ", "u").replace("μ", "u").replace("Ω", "ohm")
        magnitude: float = _registry().Quantity(plain).to(unit).magnitude
    except ConfigError:
        raise
    except Exception as reason:
        raise ConfigError(f"'{text}' is not {wanted}.") from reason
    return _finite(float(magnitude), text)


def _finite(value: float, text: str) -> float:
    if not math.isfinite(value):
        raise ConfigError(f"'{text}' is not a finite number.")
    return float(f"{value:.15g}")  # 44.7 * 1e-6 differs from 44.7e-6 in the last bit; the text is what was meant


def show(value: float, unit: str = "", digits: int = 4) -> str:
    """Write an SI float with an engineering prefix: ``show(4.47e-5, "A")`` is ``"44.7 uA"``."""
    if not math.isfinite(value):
        return f"{value} {unit}".rstrip()
    if unit == "":
        return f"{value:.{digits}g}"
    if value == 0:
        return f"0 {unit}"
    rounded = float(f"{value:.{digits}g}")
    exponent = min(max(3 * math.floor(math.log10(abs(rounded)) / 3), -15), 9)
    if unit == "s" and exponent > 0:
        exponent = 0
    return f"{rounded / 10.0**exponent:.{digits}g} {_PREFIXES[exponent]}{unit}"
