"""Error queue and status registers of a simulated Keithley 2400 (2400S-900-01 Rev. K section 15 and appendix B)."""

from typing import TYPE_CHECKING, ClassVar

from ..arguments import ScpiError, integer
from ..device import ScpiDevice
from ..grammar import on

if TYPE_CHECKING:
    from ..world import World

TEXTS = {
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -131: "Invalid suffix",
    -161: "Invalid block data",
    -213: "Init ignored",
    -221: "Settings conflict",
    -222: "Parameter data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    800: "Illegal with storage active",
    802: "OUTPUT blocked by output enable",
    803: "Not permitted with OUTPUT off",
    822: "Too small for sense range",
    823: "Invalid with source read-back on",
    824: "Cannot exceed compliance range",
    826: "Attempt to exceed power limit",
    830: "Invalid with INF ARM:COUNT",
}
"""Table B-1, pages B-2 to B-7, as far as it can happen here."""

READING, OVERFLOWED, BUFFER_AVAILABLE, BUFFER_FULL = 1 << 6, 1 << 7, 1 << 8, 1 << 9
ENABLE_ASSERTED, PROTECTING, COMPLYING = 1 << 11, 1 << 13, 1 << 14
"""Bits of the measurement register, page 15-14."""
SWEEPING, IDLE = 1 << 3, 1 << 10
"""Bits of the operation register, page 15-13."""
mask = integer(0, 65535)


def error(code: int) -> ScpiError:
    """One of the instrument's own errors."""
    return ScpiError(code, text=TEXTS[code])


class KeithleyStatus(ScpiDevice):
    """A queue of ten errors; measurement, operation and questionable registers."""

    queue_length: ClassVar[int] = 10

    def __init__(self, world: "World", identity: str) -> None:
        super().__init__(world, identity)
        self._happened = {"MEAS": 0, "OPER": 0, "QUES": 0}
        self._enabled = {"MEAS": 0, "OPER": 0, "QUES": 0}

    def fail(self, error: ScpiError) -> None:
        """Into the queue, with the instrument's own words."""
        super().fail(ScpiError(error.code, text=TEXTS.get(error.code, error.text.partition(";")[0])))
        if 800 <= error.code < 900:
            self._event_status |= 0x10

    def happen(self, register: str, bits: int) -> None:
        """Events for a register."""
        self._happened[register] |= bits

    def condition(self, register: str) -> int:
        """What holds now."""
        return 0

    @on("*CLS")
    def _cls(self) -> None:
        self._errors.clear()
        self._happened = dict.fromkeys(self._happened, 0)
        self._event_status, self._completion_awaited = 0, False

    @on("*STB?")
    def _stb(self) -> int:
        summary = 0x20 if self._events() & self._event_enable else 0
        summary |= 0x04 if self._errors else 0
        for register, bit in (("MEAS", 0x01), ("QUES", 0x08), ("OPER", 0x80)):
            summary |= bit if self._happened[register] & self._enabled[register] else 0
        return summary | (0x40 if summary & self._service_enable else 0)

    @on(":SYSTem:ERRor[:NEXT]?")
    @on(":STATus:QUEue[:NEXT]?")
    def _next_error(self) -> str:
        return str(self._errors.popleft()) if self._errors else '0,"No error"'

    @on(":SYSTem:ERRor:ALL?")
    def _all_errors(self) -> str:
        shown = ",".join(str(each) for each in self._errors) or '0,"No error"'
        self._errors.clear()
        return shown

    @on(":SYSTem:ERRor:COUNt?")
    def _error_count(self) -> int:
        return len(self._errors)

    @on(":SYSTem:ERRor:CODE[:NEXT]?")
    def _next_code(self) -> int:
        return self._errors.popleft().code if self._errors else 0

    @on(":SYSTem:CLEar")
    @on(":STATus:QUEue:CLEar")
    def _clear_queue(self) -> None:
        self._errors.clear()

    @on(":STATus:PRESet")
    def _preset_status(self) -> None:
        self._enabled = dict.fromkeys(self._enabled, 0)

    @on(":STATus:MEASurement[:EVENt]?")
    def _measurement(self) -> int:
        return self._read("MEAS")

    @on(":STATus:MEASurement:CONDition?")
    def _measurement_condition(self) -> int:
        return self.condition("MEAS")

    @on(":STATus:MEASurement:ENABle", mask)
    def _enable_measurement(self, bits: int) -> None:
        self._enabled["MEAS"] = bits

    @on(":STATus:MEASurement:ENABle?")
    def _measurement_enabled(self) -> int:
        return self._enabled["MEAS"]

    @on(":STATus:OPERation[:EVENt]?")
    def _operation(self) -> int:
        return self._read("OPER")

    @on(":STATus:OPERation:CONDition?")
    def _operation_condition(self) -> int:
        return self.condition("OPER")

    @on(":STATus:OPERation:ENABle", mask)
    def _enable_operation(self, bits: int) -> None:
        self._enabled["OPER"] = bits

    @on(":STATus:OPERation:ENABle?")
    def _operation_enabled(self) -> int:
        return self._enabled["OPER"]

    @on(":STATus:QUEStionable[:EVENt]?")
    def _questionable(self) -> int:
        return self._read("QUES")

    @on(":STATus:QUEStionable:CONDition?")
    def _questionable_condition(self) -> int:
        return self.condition("QUES")

    @on(":STATus:QUEStionable:ENABle", mask)
    def _enable_questionable(self, bits: int) -> None:
        self._enabled["QUES"] = bits

    @on(":STATus:QUEStionable:ENABle?")
    def _questionable_enabled(self) -> int:
        return self._enabled["QUES"]

    def _read(self, register: str) -> int:
        happened, self._happened[register] = self._happened[register], 0
        return happened
