"""`RelativeCurrent`: a current that is absolute ("44.7 uA") or follows the board ("0.987 Imin", "Imin - 0.6 uA").

Boards of one design differ by 20 % in I_min and the bump's holding current lies 1.3 % below it, so a published current
means little on another board; a relative one is resolved from the I_min measured before the run.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurorig.signals import ConfigError, parse, show

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_RELATIVE = re.compile(
    r"\s*(?P<factor>[-+]?[\d.]+(?:[eE][-+]?\d+)?)?\s*\*?\s*[iI]_?min\b\s*(?:(?P<sign>[+-])\s*(?P<offset>.+))?"
)
_EXAMPLES = "a current such as '44.7 uA', '0.987 Imin' or 'Imin - 0.6 uA'"


@dataclass(frozen=True)
class RelativeCurrent:
    """``factor * I_min + offset`` (A); absolute when the factor is zero. Shows itself as it was written."""

    factor: float
    offset: float
    text: str

    @classmethod
    def absolute(cls, amperes: float) -> "RelativeCurrent":
        """A current that does not depend on the board."""
        return cls(0.0, float(amperes), show(amperes, "A", 6))

    @classmethod
    def read(cls, text: str) -> "RelativeCurrent":
        """Parse the text. Raises ConfigError when it is neither an absolute nor a relative current."""
        match = _RELATIVE.fullmatch(text)
        if match is None:
            try:
                return cls(0.0, parse(text, "A"), text.strip())
            except ConfigError as reason:
                raise ConfigError(f"'{text}' is not {_EXAMPLES}.") from reason
        sign = -1.0 if match["sign"] == "-" else 1.0
        try:
            factor = float(match["factor"] or 1.0)
            offset = sign * parse(match["offset"], "A") if match["offset"] else 0.0
        except (ValueError, ConfigError) as reason:
            raise ConfigError(f"'{text}' is not {_EXAMPLES}.") from reason
        return cls(factor, offset, text.strip())

    @property
    def is_relative(self) -> bool:
        """Whether the board's I_min is needed."""
        return self.factor != 0.0

    def resolve(self, i_min: float) -> float:
        """The current in amperes on a board with this I_min (A)."""
        return self.factor * i_min + self.offset

    @property
    def canonical(self) -> float | str:
        """The same for every way of writing it: an SI float, or one relative text."""
        return f"{self.factor!r} Imin + {self.offset!r} A" if self.is_relative else self.offset

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RelativeCurrent):
            return NotImplemented
        return (self.factor, self.offset) == (other.factor, other.offset)

    def __hash__(self) -> int:
        return hash((self.factor, self.offset))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema  # only models need it

        return core_schema.no_info_plain_validator_function(
            _validated, serialization=core_schema.plain_serializer_function_ser_schema(lambda c: c.canonical)
        )


def _validated(value: Any) -> RelativeCurrent:
    if isinstance(value, RelativeCurrent):
        return value
    if isinstance(value, str):
        try:
            return RelativeCurrent.read(value)
        except ConfigError as reason:
            raise ValueError(str(reason)) from reason
    if isinstance(value, float) or (isinstance(value, int) and value == 0 and not isinstance(value, bool)):
        return RelativeCurrent.absolute(float(value))  # already SI: protocols are rebuilt from their own JSON
    raise ValueError(f"{value!r} is not {_EXAMPLES}")
