"""Numbers for people: a value with its error, in one well-chosen unit, rounded to what the error allows."""

import math
import re

SYMBOL = re.compile(r"(?<![\w.])([A-Za-zτ])_([A-Za-z0-9]+)\b")
"""A quantity written as in plain text, ``I_sse``: letter and index."""

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M"}
_NAMES = {"ohm": "Ω"}
_FINEST = 1e-5


def pretty_unit(unit: str) -> str:
    """Write ``uA`` as ``µA`` and ``kohm`` as ``kΩ``."""
    for name, sign in _NAMES.items():
        if unit.endswith(name):
            unit = unit.removesuffix(name) + sign
    return f"µ{unit[1:]}" if len(unit) > 1 and unit[0] == "u" else unit


def proper(text: str) -> str:
    """Write units inside a sentence as they should be: ``0.36 uA`` becomes ``0.36 µA``, ``10 Mohm`` ``10 MΩ``."""
    return re.sub(r"(?<=\d )([kM]?)ohm\b", r"\1Ω", re.sub(r"(?<=\d )u(?=[AVsF]\b)", "µ", text))


def value_error(value: float, error: float, unit: str, like: float = 0.0) -> str:
    """Write ``12.66 ± 0.05 µA`` for (1.266e-5, 5.3e-8, "A"): the error to two digits, the value to the same place.

    The prefix suits the largest of `value`, `error` and `like` (another value it stands beside). An error below 1e-5
    of the value is written as that: no reader needs more. A value that is not known is a dash.
    """
    if not math.isfinite(value):
        return "—"
    exponent = _exponent(max(abs(v) for v in (value, error, like) if math.isfinite(v)), unit)
    number, spread = value / 10.0**exponent, error / 10.0**exponent
    name = f" {_PREFIXES[exponent]}{_NAMES.get(unit, unit)}" if unit else ""
    if not math.isfinite(spread) or spread <= 0:
        return f"{number + 0.0:.5g}{name}".replace("-", "−")
    spread = max(spread, _FINEST * abs(number))
    places = max(0, 1 - math.floor(math.log10(spread)))
    shown = round(number, places) + 0.0  # what rounds to nothing has no sign
    return f"{shown:.{places}f} ± {spread:.{places}f}{name}".replace("-", "−")


def _exponent(size: float, unit: str) -> int:
    if not unit or size == 0 or unit.startswith("Hz") or (unit == "s" and size >= 0.1):
        return 0
    return min(max(3 * math.floor(math.log10(size) / 3 + 1e-9), -12), 6)
