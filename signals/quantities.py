"""Field types for the frozen models of boards, benches and protocols: a text with a unit in the file, an SI float inside.

``holding: Current = "44.7 uA"`` validates to 4.47e-05; a bare number is refused, so nobody has to guess its unit.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

from .errors import ConfigError
from .units import EXAMPLES, parse

AS_WRITTEN = {"as_written": True}
"""Validation context of what a person has written: there a number without its unit is refused, whole or not.

Without it a float is taken as SI, because models are rebuilt from their own JSON.
"""


@dataclass(frozen=True)
class Unit:
    """The SI unit of a field, for forms, tables and help."""

    symbol: str


def written(info: ValidationInfo) -> bool:
    """Whether a person has written what is being validated."""
    return bool(info.context and info.context.get("as_written"))


def _reader(unit: str) -> BeforeValidator:
    def read(value: Any, info: ValidationInfo) -> float:
        if isinstance(value, bool):
            raise ValueError("a switch is not a number")
        if isinstance(value, str):
            try:
                return parse(value, unit)
            except ConfigError as reason:
                raise ValueError(str(reason)) from reason
        plain = isinstance(value, int | float) and (unit == "" or value == 0)
        if plain or (isinstance(value, float) and not written(info)):
            return float(value)
        raise ValueError(f'{value!r} needs a unit ({unit}), written as a text such as "{EXAMPLES[unit]}"')

    return BeforeValidator(read)


Current = Annotated[float, Unit("A"), _reader("A")]
Voltage = Annotated[float, Unit("V"), _reader("V")]
Time = Annotated[float, Unit("s"), _reader("s")]
Frequency = Annotated[float, Unit("Hz"), _reader("Hz")]
Resistance = Annotated[float, Unit("ohm"), _reader("ohm")]
Capacitance = Annotated[float, Unit("F"), _reader("F")]
Charge = Annotated[float, Unit("C"), _reader("C")]
Transconductance = Annotated[float, Unit("A/V"), _reader("A/V")]
Number = Annotated[float, Unit(""), _reader("")]


def unit_of(metadata: Any) -> str | None:
    """Give the SI unit found in a field's metadata list (pydantic ``FieldInfo.metadata``), or None."""
    return next((m.symbol for m in metadata if isinstance(m, Unit)), None)
