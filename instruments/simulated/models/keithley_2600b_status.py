"""Error queue and status registers of the simulated Keithley 2600B (2600BS-901-01 Rev. F, section 12 and 9-282 to 9-349).

The registers for overlapped operations and compliance are there; of those for TSP-Link, digital I/O and calibration
none is, because nothing here sets them.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from .keithley_2600b_tree import Attribute, Table, TspError, function, readable, whole

ALL = 0xFFFF
SEVERITY = 20
"""Of all errors here: improper use or conditions that can be corrected (9-89: recoverable)."""
EVENT_BITS = {1: 32, 2: 16, 3: 8, 4: 4}
"""Standard event bit for each hundred of negative error numbers; positive ones set 8 (9-348)."""


class Register(Table):
    """One register set: condition, event, enable and the filters for rising (ptr) and falling (ntr) condition bits."""

    enable = Attribute(0, whole(0, ALL))
    ptr = Attribute(ALL, whole(0, ALL))
    ntr = Attribute(0, whole(0, ALL))

    def __init__(self, **bits: int) -> None:
        self._events = self._bits = 0
        self._below: dict[int, Register] = {}
        self._names = bits
        super().__init__()

    def fixed(self) -> Mapping[str, float]:
        """Its bits by name."""
        return self._names

    def summarise(self, bit: int, below: "Register") -> "Register":
        """Let `bit` tell whether an enabled event of `below` has happened. Gives `below`."""
        self._below[bit] = below
        return below

    def let(self, bit: int, on: bool) -> None:
        """The condition `bit` is now so."""
        before, self._bits = self._bits, self._bits | bit if on else self._bits & ~bit
        self._events |= (self._bits & ~before & self.ptr) | (before & ~self._bits & self.ntr)

    def happen(self, bit: int) -> None:
        """An event without a condition."""
        self._events |= bit

    def gather(self) -> int:
        """The condition, with what the registers below have to tell."""
        for bit, below in self._below.items():
            below.gather()
            self.let(bit, bool(below._events & below.enable))
        return self._bits

    def events(self, *, clear: bool) -> int:
        """What has happened since this was last read."""
        self.gather()
        events = self._events
        if clear:
            self._events = 0
        return events

    @readable(progress=True)
    def condition(self) -> int:
        """What is so now."""
        return self.gather()

    @readable(progress=True)
    def event(self) -> int:
        """What has happened; reading forgets it."""
        return self.events(clear=True)


SMUS = {"SMUA": 2, "SMUB": 4}
"""Bits of the two channels in the summary registers (9-327)."""
EACH = tuple((f"smu{letter}", bit) for letter, bit in zip("ab", SMUS.values(), strict=True))


class Group(Register):
    """A register with one for each quantity below it, and one for each channel."""

    def __init__(self, instrument: dict[str, int], **bits: int) -> None:
        super().__init__(INSTRUMENT_SUMMARY=8192, INST=8192, **bits)
        self.instrument = self.summarise(8192, Register(**SMUS))
        for name, bit in EACH:
            setattr(self.instrument, name, self.instrument.summarise(bit, Register(**instrument)))


class Operation(Group):
    """What is under way (9-297, 9-312, 9-325, 9-327)."""

    def __init__(self) -> None:
        bits = {"SWEEPING": 8, "SWE": 8, "MEASURING": 16, "MEAS": 16}
        super().__init__(bits, **bits)
        self.sweeping = self.summarise(8, Register(**SMUS))
        self.measuring = self.summarise(16, Register(**SMUS))


class Measurement(Group):
    """What readings and limits tell (9-289, 9-290)."""

    def __init__(self) -> None:
        bits = {
            "VOLTAGE_LIMIT": 1, "VLMT": 1, "CURRENT_LIMIT": 2, "ILMT": 2, "READING_OVERFLOW": 128, "ROF": 128,
            "BUFFER_AVAILABLE": 256, "BAV": 256,
        }  # fmt: skip
        super().__init__(bits, **bits)
        self.voltage_limit = self.summarise(1, Register(**SMUS))
        self.current_limit = self.summarise(2, Register(**SMUS))
        self.reading_overflow = self.summarise(128, Register(**SMUS))
        self.buffer_available = self.summarise(256, Register(**SMUS))


class Status(Table):
    """``status``: the status byte and everything below it (bits: 2600BS-901-01 Rev. B, 7-255)."""

    constants: ClassVar[Mapping[str, float]] = {
        "MEASUREMENT_SUMMARY_BIT": 1, "MSB": 1, "SYSTEM_SUMMARY_BIT": 2, "SSB": 2, "ERROR_AVAILABLE": 4, "EAV": 4,
        "QUESTIONABLE_SUMMARY_BIT": 8, "QSB": 8, "MESSAGE_AVAILABLE": 16, "MAV": 16, "EVENT_SUMMARY_BIT": 32, "ESB": 32,
        "MASTER_SUMMARY_STATUS": 64, "MSS": 64, "OPERATION_SUMMARY_BIT": 128, "OSB": 128,
    }  # fmt: skip
    request_enable = Attribute(0, whole(0, 255))
    node_enable = Attribute(0, whole(0, ALL))

    def __init__(self) -> None:
        super().__init__()
        self.errors = ErrorQueue(self)
        self.standard = Register(
            OPERATION_COMPLETE=1, OPC=1, QUERY_ERROR=4, QYE=4, DEVICE_DEPENDENT_ERROR=8, DDE=8, EXECUTION_ERROR=16,
            EXE=16, COMMAND_ERROR=32, CME=32, USER_REQUEST=64, URQ=64, POWER_ON=128, PON=128,
        )  # fmt: skip
        self.standard.happen(128)
        self.operation = Operation()
        self.measurement = Measurement()
        self.questionable = Register(
            CALIBRATION=256,
            CAL=256,
            UNSTABLE_OUTPUT=512,
            UO=512,
            HIGHV_NOT_READY=1024,
            OVER_TEMPERATURE=4096,
            OTEMP=4096,
        )

    def children(self) -> dict[str | int, Table]:
        """The error queue has a name of its own."""
        return {name: child for name, child in super().children().items() if name != "errors"}

    @readable(progress=True)
    def condition(self) -> int:
        """The status byte. A byte stream has no serial poll: bit 6 is the master summary, and there is no MAV."""
        registers = ((1, self.measurement), (8, self.questionable), (32, self.standard), (128, self.operation))
        byte = sum(bit for bit, register in registers if register.events(clear=False) & register.enable)
        byte |= 4 if self.errors.count else 0
        return byte | (64 if byte & self.request_enable & ~64 else 0)

    @function
    def reset(self) -> None:
        """Bring enable registers and filters to their defaults and forget what happened, errors as well (*CLS)."""
        for table in self.family():
            table.defaults()
            if isinstance(table, Register):
                table.events(clear=True)
        self.errors.clear()

    def show(self, letter: str, name: str, on: bool) -> None:
        """A channel is now so: `name` is sweeping, measuring, voltage_limit, current_limit, reading_overflow or
        buffer_available."""
        group: Any = self.operation if name in ("sweeping", "measuring") else self.measurement
        getattr(group, name).let(SMUS[f"SMU{letter.upper()}"], on)
        channel = getattr(group.instrument, f"smu{letter}")
        channel.let(channel.fixed()[name.upper()], on)


class ErrorQueue(Table):
    """``errorqueue``: errors wait here until they are read, oldest first (9-88, 9-89)."""

    length = 100
    """Entries; with one more the last becomes -350 (assumed)."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self._status, self._errors = status, deque[TspError]()

    def add(self, error: TspError) -> None:
        """Put an error at the end, and set its standard event bit."""
        bit = EVENT_BITS.get(-error.code // 100, 8) if error.code < 0 else 8
        self._status.standard.happen(bit)
        if len(self._errors) < self.length:
            self._errors.append(error)
        else:
            self._errors[-1] = TspError(-350)

    @readable()
    def count(self) -> int:
        """How many wait."""
        return len(self._errors)

    @function
    def clear(self) -> None:
        """Forget them."""
        self._errors.clear()

    @function
    def next(self) -> tuple[float, str, float, float]:
        """Number, text, severity and node of the oldest; ``0, "Queue Is Empty"`` if there is none."""
        if not self._errors:
            return 0, "Queue Is Empty", 0, 0
        error = self._errors.popleft()
        return error.code, error.text, SEVERITY, 1
