"""Numbers for people: a value with its error, both in the same well-chosen unit and rounded to what the error allows."""

import math
import re

SYMBOL = re.compile(r"(?<![\w.])([A-Za-zτ])_([A-Za-z0-9]+)\b")
"""A quantity written as in plain text, ``I_sse``: letter and index."""

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M"}
_NAMES = {"ohm": "Ω"}


def pretty_unit(unit: str) -> str:
    """Write ``uA`` as ``µA`` and ``kohm`` as ``kΩ``."""
    for name, sign in _NAMES.items():
        if unit.endswith(name):
            unit = unit.removesuffix(name) + sign
    return f"µ{unit[1:]}" if len(unit) > 1 and unit[0] == "u" else unit


def value_error(value: float, error: float, unit: str) -> str:
    """Write ``12.66 ± 0.05 µA`` for (1.266e-5, 5.3e-8, "A"): the error to two digits, the value to the same place."""
    if not math.isfinite(value):
        return "—"
    exponent = _exponent(max(abs(value), error if math.isfinite(error) else 0.0), unit)
    number, spread = value / 10.0**exponent, error / 10.0**exponent
    name = f" {_PREFIXES[exponent]}{_NAMES.get(unit, unit)}" if unit else ""
    if not math.isfinite(spread) or spread <= 0:
        return f"{number:.5g}{name}".replace("-", "−")
    places = max(0, 1 - math.floor(math.log10(spread)))
    if spread * 10**places >= 30:
        places = max(0, places - 1)
    return f"{number:.{places}f} ± {spread:.{places}f}{name}".replace("-", "−")


def _exponent(size: float, unit: str) -> int:
    if not unit or size == 0:
        return 0
    exponent = min(max(3 * math.floor(math.log10(size) / 3 + 1e-9), -12), 6)
    return min(exponent, 0) if unit in {"s", "Hz", "Hz/s"} else exponent
