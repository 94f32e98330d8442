"""Error queue and status registers of a simulated Keysight B2902A.

B2910-90030: errors chapter 5, registers pages 1-20 and 4-116. What is assumed: see `keysight_b2900a`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..arguments import ScpiError, integer
from ..device import ScpiDevice
from ..grammar import Command, on

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..world import World

    H = TypeVar("H", bound=Callable[..., Any])

TEXTS = {
    -213: "Init ignored",
    -222: "Data out of range",
    -350: "Error queue overflow",
    203: "Not able to execute while instrument is measuring",
    211: "Cannot switch low sense terminal with output on",
    213: "Output relay must be off",
}
"""As far as they differ from the standard's, or are the instrument's own."""
WORDS = {"MEAS": "MEASurement", "OPER": "OPERation", "QUES": "QUEStionable"}
mask = integer(0, 32767)


def _told(error: ScpiError) -> str:
    text = TEXTS.get(error.code, error.text.partition(";")[0])
    return f'{error.code:+d},"{text}"'


@dataclass
class Register:
    """Condition, transition filters, events and what is enabled of them."""

    condition: int = 0
    rising: int = 32767
    falling: int = 0
    events: int = 0
    enabled: int = 0

    def see(self, condition: int) -> None:
        """The condition is this now: what has changed the way that the filters let through is an event."""
        changed = condition ^ self.condition
        self.events |= changed & ((condition & self.rising) | (~condition & self.falling))
        self.condition = condition

    def preset(self) -> None:
        """As after ``:STATus:PRESet``: every rise is an event, nothing is enabled."""
        self.rising, self.falling, self.enabled = 32767, 0, 0


def for_each_register(tail: str, *kinds: Any) -> "Callable[[H], H]":
    """Mark ``handler(device, register, *arguments)`` as a command of the three registers."""

    def mark(handler: "H") -> "H":
        made = getattr(handler, "scpi_commands", ())
        for short, word in WORDS.items():

            def of_register(device: Any, *arguments: Any, short: str = short) -> Any:
                device.observe()
                return handler(device, device.registers[short], *arguments)

            made += (
                Command(
                    f":STATus:{word}{tail}", kinds, of_register, progress=tail == ":CONDition?", required=len(kinds)
                ),
            )
        handler.scpi_commands = made  # type: ignore[attr-defined]
        return handler

    return mark


class KeysightStatus(ScpiDevice):
    """Errors, and the measurement, operation and questionable registers."""

    queue_length: ClassVar[int] = 30

    def __init__(self, world: "World", identity: str) -> None:
        super().__init__(world, identity)
        self.registers = {short: Register() for short in WORDS}

    def conditions(self) -> dict[str, int]:
        """What holds now, by register."""
        return {}

    def observe(self) -> None:
        """Let the registers see what holds now."""
        for short, condition in self.conditions().items():
            self.registers[short].see(condition)

    @on("*CLS")
    def _cls(self) -> None:
        super()._cls()
        self.observe()
        for register in self.registers.values():
            register.events = 0

    @on("*STB?")
    def _stb(self) -> int:
        self.observe()
        summary = 0x20 if self._events() & self._event_enable else 0
        summary |= 0x04 if self._errors else 0
        for short, bit in (("MEAS", 0x01), ("QUES", 0x08), ("OPER", 0x80)):
            summary |= bit if self.registers[short].events & self.registers[short].enabled else 0
        return summary | (0x40 if summary & self._service_enable else 0)

    @on(":STATus:PRESet")
    def _preset_status(self) -> None:
        for register in self.registers.values():
            register.preset()

    @for_each_register(":CONDition?")
    def _condition(self, register: Register) -> int:
        return register.condition

    @for_each_register("[:EVENt]?")
    def _event(self, register: Register) -> int:
        events, register.events = register.events, 0
        return events

    @for_each_register(":ENABle?")
    def _enabled(self, register: Register) -> int:
        return register.enabled

    @for_each_register(":ENABle", mask)
    def _enable(self, register: Register, bits: int) -> None:
        register.enabled = bits

    @for_each_register(":PTRansition?")
    def _rising(self, register: Register) -> int:
        return register.rising

    @for_each_register(":PTRansition", mask)
    def _set_rising(self, register: Register, bits: int) -> None:
        register.rising = bits

    @for_each_register(":NTRansition?")
    def _falling(self, register: Register) -> int:
        return register.falling

    @for_each_register(":NTRansition", mask)
    def _set_falling(self, register: Register, bits: int) -> None:
        register.falling = bits

    @on(":SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> str:
        return _told(self._errors.popleft()) if self._errors else '+0,"No error"'

    @on(":SYSTem:ERRor:ALL?")
    def _all_errors(self) -> str:
        shown = ",".join(map(_told, self._errors)) or '+0,"No error"'
        self._errors.clear()
        return shown

    @on(":SYSTem:ERRor:COUNt?")
    def _error_count(self) -> str:
        return f"{len(self._errors):+d}"

    @on(":SYSTem:ERRor:CODE[:NEXT]?")
    def _next_code(self) -> str:
        return f"{self._errors.popleft().code if self._errors else 0:+d}"

    @on(":SYSTem:ERRor:CODE:ALL?")
    def _all_codes(self) -> str:
        shown = ",".join(f"{error.code:+d}" for error in self._errors) or "+0"
        self._errors.clear()
        return shown
