"""Simulated Keysight 34465A multimeter: DC volts and amperes, ohms with two and four wires, temperature.

Written from the Truevolt Series Operating and Service Guide, Keysight's and the older Agilent edition (pages of the copies
that are stored): 102 separators, MIN, MAX and DEF; 195 and 329 NPLC; 208 and 221 RANGe:AUTO; 257 and 433 TRIGger:SOURce; 275
*STB? and *TRG; 306 SAMPle:COUNt and the reading memory; 225 and 387 questionable data; 452 resolution; web help "DATA
Subsystem" and "[SENSe:]TEMPerature Subsystem". A reading is ``+1.00520000E+01``, an overload ``9.9E+37``, none ``9.91E37``.

Assumed, as no page that was found says it: the errors lie within the one-year limits of the 34401A (its service guide, page
69), which the 34465A keeps; test currents and the 12 V of open ohms terminals; 1 ms of settling before each reading, as much
again for TRIGger:DELay:AUTO; autozero takes a second aperture; the resolution by power-line cycles is that of the 34410A;
``CONF?`` answers in quotes; the wording of errors is SCPI's. A query for readings that no trigger will bring is a deadlock
(-214) and does not hang. Options DIG and MEM are not installed. AC, frequency, capacitance, diodes, thermocouples, math, the
second display and triggers from outside are absent.
"""

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..arguments import Kind, ScpiError, integer
from ..device import Block, Waiting
from ..grammar import Command, make_command, on
from ..source_measure import Job, Work
from .keysight_34465a_functions import OVERLOAD, OVERLOAD_BIT, SETTLING, UNITS, Touched
from .keysight_34465a_setup import INFINITE, KeysightSetup, nr3, signed

if TYPE_CHECKING:
    from ..world import World

MEMORY = 50_000
"""Readings without the MEM option."""
NOTHING = "+9.91000000E+37"
MEMORY_OVERFLOW = 1 << 14
MEASURING, WAITING = 1 << 4, 1 << 5
"""Bits of the standard operation register."""

_QUANTITIES = {
    "VOLT": "[:VOLTage][:DC]", "CURR": ":CURRent[:DC]", "RES": ":RESistance", "FRES": ":FRESistance", "TEMP": ":TEMPerature",
}  # fmt: skip


_WORD: Kind[str] = Kind(str, str)


class Quantities:
    """CONFigure and MEASure? of every function, with its parameters as they come."""

    @property
    def scpi_commands(self) -> tuple[Command, ...]:
        """For `ScpiDevice`."""
        commands: list[Command] = []
        for name, stem in _QUANTITIES.items():

            def configure(device: "SimulatedKeysight34465A", *texts: str, name: str = name) -> None:
                device.configure(name, *texts)

            def measure(device: "SimulatedKeysight34465A", *texts: str, name: str = name) -> Waiting[str]:
                device.configure(name, *texts)
                return device.read()

            words = (_WORD,) * (4 if name == "TEMP" else 2)
            commands += [
                make_command(f":CONFigure{stem}", words, configure),
                make_command(f":MEASure{stem}?", words, measure),
            ]
        return tuple(commands)


class SimulatedKeysight34465A(KeysightSetup):
    """One multimeter; `leads` has its only channel: two leads, or a node of the board."""

    quantities = Quantities()

    def __init__(self, world: "World", leads: Mapping[str, Touched], *, serial: str, seed: int) -> None:
        self._job: Job | None = None
        self._left = 0.0  # triggers still to come
        self.memory: deque[float] = deque(maxlen=MEMORY)
        self._last: float | None = None
        self._questionable = self._events_enabled = self._operation_enabled = 0
        super().__init__(world, leads, serial=serial, seed=seed)

    def forget(self) -> None:
        """Idle, with an empty reading memory."""
        if self._job is not None:
            self._job.stop()
            self._job = None
        self._left = 0.0
        self.memory.clear()

    @property
    def _busy(self) -> bool:
        return self._job is not None and self._job.running

    @property
    def _waiting(self) -> bool:
        """For a trigger that somebody else gives."""
        return self._left > 0 and not self._busy

    def complete(self) -> bool:
        """Whether no reading is under way or to come."""
        return not self._busy and not self._waiting

    # Triggers and readings.

    @on(":INITiate[:IMMediate]")
    def _initiate(self) -> None:
        if not self.complete():
            raise ScpiError(-213, text="Init ignored")
        self.memory.clear()
        self._questionable &= ~MEMORY_OVERFLOW
        self._left = self.triggers
        if self.trigger_source == "IMM":
            self._trigger()

    @on("*OPT?")
    def _options(self) -> str:
        """None (IEEE 488.2, 10.20)."""
        return "0"

    @on("*TRG")
    def _trg(self) -> None:
        if not self._waiting or self.trigger_source != "BUS":
            raise ScpiError(-211, text="Trigger ignored")
        self._trigger()

    @on(":ABORt")
    def _abort(self) -> None:
        """Idle; what was measured stays."""
        if self._job is not None:
            self._job.stop()
        self._job, self._left = None, 0.0

    def _trigger(self) -> None:
        self._job = Job(self.world, self._readings())

    def _readings(self) -> Work:
        """The readings of one trigger; of all of them when nobody has to give them."""
        while self._left > 0:
            self._left -= self._left != INFINITE
            yield SETTLING if self.delay_auto else self.delay
            for _ in range(self.samples):
                self._store((yield from self.meter.read(
                    self.function, self.functions.of(self.function), SETTLING, self.sensor)))  # fmt: skip
            if self.trigger_source != "IMM":
                return

    def _store(self, value: float) -> None:
        if len(self.memory) == MEMORY:
            self._questionable |= MEMORY_OVERFLOW
        if abs(value) == OVERLOAD:
            self._questionable |= OVERLOAD_BIT[self.function]
        elif self.function == "TEMP":
            value = {"C": value, "F": value * 1.8 + 32.0, "K": value + 273.15}[self.temperature_unit]
        self.memory.append(value)
        self._last = value

    def _wait(self) -> Waiting[None]:
        """Until what is under way is done. Raises ScpiError when no trigger will bring the rest."""
        while self._busy and self._left != INFINITE:
            yield
        if not self.complete():
            raise ScpiError(-214, text="Trigger deadlock")

    def range_once(self, name: str) -> Waiting[None]:
        """Find the range with one reading that nobody gets."""
        function = self.functions.of(name)
        function.auto = True

        def once() -> Work:
            yield from self.meter.read(name, function, SETTLING, self.sensor)

        yield from Job(self.world, once()).ended()
        function.auto = False

    def read(self) -> Waiting[str]:
        """Take readings and give them."""
        if self.trigger_source != "IMM" or self.triggers == INFINITE:
            raise ScpiError(-214, text="Trigger deadlock")
        self._initiate()
        return (yield from self._fetch())

    @on(":READ?")
    def _read_query(self) -> Waiting[str]:
        return self.read()

    @on(":FETCh?")
    def _fetch(self) -> Waiting[str]:
        yield from self._wait()
        if not self.memory:
            raise ScpiError(-230, text="Data corrupt or stale")
        return ",".join(map(nr3, self.memory))

    @on(":R?", integer(1, MEMORY))
    def _r(self, most: int = MEMORY) -> Block:
        """What there is now, read and erased, as a block."""
        self.world.progress()
        return Block(self._taken(min(most, len(self.memory))).encode())

    @on(":DATA:REMove?", integer(1, MEMORY))
    def _remove(self, wanted: int) -> str:
        if len(self.memory) < wanted:
            raise ScpiError(-222, text="Data out of range; fewer readings in memory")
        return self._taken(wanted)

    def _taken(self, wanted: int) -> str:
        return ",".join(nr3(self.memory.popleft()) for _ in range(wanted))

    @on(":DATA:POINts?", progress=True)
    def _points(self) -> str:
        return signed(len(self.memory))

    @on(":DATA:LAST?", progress=True)
    def _last_reading(self) -> str:
        unit = self.temperature_unit if self.function == "TEMP" else UNITS[self.function]
        return f"{NOTHING if self._last is None else nr3(self._last)} {unit}"

    # Status.

    @on(":STATus:QUEStionable[:EVENt]?")
    def _get_questionable(self) -> str:
        events, self._questionable = self._questionable, self._questionable & MEMORY_OVERFLOW
        return signed(events)

    @on(":STATus:QUEStionable:CONDition?")
    def _get_condition(self) -> str:
        return signed(self._questionable & MEMORY_OVERFLOW)  # overloads are events only

    @on(":STATus:QUEStionable:ENABle", integer(0, 0x7FFF))
    def _enable_questionable(self, mask: int) -> None:
        self._events_enabled = mask

    @on(":STATus:QUEStionable:ENABle?")
    def _get_questionable_enable(self) -> str:
        return signed(self._events_enabled)

    @on(":STATus:OPERation:CONDition?", progress=True)
    def _get_operation(self) -> str:
        return signed((MEASURING if self._busy else 0) | (WAITING if self._waiting else 0))

    @on(":STATus:PRESet")
    def _preset_status(self) -> None:
        self._events_enabled = 0

    @on("*STB?")
    def _stb(self) -> int:
        return super()._stb() | (0x08 if self._questionable & self._events_enabled else 0)

    @on("*CLS")
    def _cls(self) -> None:
        super()._cls()
        self._questionable = 0

    @on("*OPC?")
    def _opc_query(self) -> Waiting[bool]:  # type: ignore[override]  # not asked before it is true
        while self._busy and self._left != INFINITE:
            yield
        return True

    @on(":SYSTem:PRESet")
    def _preset(self) -> None:
        self.reset()

    @on(":SYSTem:VERSion?")
    def _version(self) -> str:
        return "1994.0"

    @on(":ROUTe:TERMinals?")
    def _terminals(self) -> str:
        return "FRON"

    @on(":SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> str:
        return str(self._errors.popleft()) if self._errors else '+0,"No error"'
