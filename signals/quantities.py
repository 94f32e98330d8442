"""Field types for the frozen models of boards, benches and protocols: a text with a unit in the file, an SI float inside.

``holding: Current = "44.7 uA"`` validates to 4.47e-05; a bare number is refused, so nobody has to guess its unit.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from .errors import ConfigError
from .units import parse


@dataclass(frozen=True)
class Unit:
    """The SI unit of a field, for forms, tables and help."""

    symbol: str


def _reader(unit: str) -> BeforeValidator:
    def read(value: Any) -> float:
        if isinstance(value, bool):
            raise ValueError("a switch is not a number")
        if isinstance(value, str):
            try:
                return parse(value, unit)
            except ConfigError as reason:
                raise ValueError(str(reason)) from reason
        if isinstance(value, float) or (isinstance(value, int) and (unit == "" or value == 0)):
            return float(value)  # already SI: models are rebuilt from their own JSON
        raise ValueError(f"{value!r} needs a unit ({unit}), written as a text")

    return BeforeValidator(read)


Current = Annotated[float, Unit("A"), _reader("A")]
Voltage = Annotated[float, Unit("V"), _reader("V")]
Time = Annotated[float, Unit("s"), _reader("s")]
Frequency = Annotated[float, Unit("Hz"), _reader("Hz")]
Resistance = Annotated[float, Unit("ohm"), _reader("ohm")]
Capacitance = Annotated[float, Unit("F"), _reader("F")]
Charge = Annotated[float, Unit("C"), _reader("C")]
Number = Annotated[float, Unit(""), _reader("")]


def unit_of(metadata: Any) -> str | None:
    """Give the SI unit found in a field's metadata list (pydantic ``FieldInfo.metadata``), or None."""
    return next((m.symbol for m in metadata if isinstance(m, Unit)), None)
