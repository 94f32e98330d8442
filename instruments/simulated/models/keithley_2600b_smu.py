"""One channel of the simulated Keithley 2612B: what its source puts out and its meter reads.

2600BS-901-01 Rev. F, 9-200 to 9-255.
"""

import math
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..leads import Leads
from ..source_measure import Job, Quantity, Range, Scale, Seen, Terminals
from .keithley_2600b_buffers import Buffer, Row, Statistics
from .keithley_2600b_ranges import (
    MAINS,
    METER_AMPERES,
    METER_VOLTS,
    MOST_AMPERES_AT_FULL_VOLTS,
    MOST_VOLTS_AT_FULL_CURRENT,
    OVERFLOW,
    OVERHEAD,
    RANGE_CHANGE,
    SOURCE_AMPERES,
    SOURCE_VOLTS,
    settling,
)
from .keithley_2600b_settings import Measure, Source
from .keithley_2600b_tree import Attribute, Table, TspError, Work, choice, function, whole

if TYPE_CHECKING:
    from ..world import World
    from .keithley_2600b_status import Status
    from .keithley_2600b_sweep import Sweep

KINDS: Mapping[str, Quantity] = {"v": "V", "i": "A"}
NAMES = {"v": "Voltage", "i": "Current", "r": "Ohms", "p": "Watts"}
LETTERS: Mapping[Quantity, str] = {"V": "v", "A": "i"}
DYNAMIC = 1_000_000
"""Readings that a buffer made by a script may hold (assumed; the memory of the instrument is the limit)."""


class Smu(Table):
    """``smua`` or ``smub``. `letter`: a or b; `work`: starts overlapped work."""

    constants: ClassVar[Mapping[str, float]] = {
        "OUTPUT_DCAMPS": 0, "OUTPUT_DCVOLTS": 1, "OUTPUT_OFF": 0, "OUTPUT_ON": 1, "OUTPUT_HIGH_Z": 2, "OUTPUT_NORMAL": 0,
        "OUTPUT_ZERO": 1, "AUTORANGE_OFF": 0, "AUTORANGE_ON": 1, "AUTORANGE_FOLLOW_LIMIT": 2, "AUTOZERO_OFF": 0,
        "AUTOZERO_ONCE": 1, "AUTOZERO_AUTO": 2, "SENSE_LOCAL": 0, "SENSE_REMOTE": 1, "FILTER_OFF": 0, "FILTER_ON": 1,
        "FILTER_MOVING_AVG": 0, "FILTER_REPEAT_AVG": 1, "FILTER_MEDIAN": 2, "DELAY_OFF": 0, "DELAY_AUTO": -1, "DISABLE": 0,
        "ENABLE": 1, "ASYNC": 2, "SOURCE_IDLE": 0, "SOURCE_HOLD": 1, "LIMIT_AUTO": 0, "REL_OFF": 0, "REL_ON": 1,
        "OE_NONE": 0, "OE_OUTPUT_OFF": 1, "SETTLE_SMOOTH": 0, "SETTLE_FAST_RANGE": 1, "SETTLE_FAST_POLARITY": 2,
        "SETTLE_DIRECT_IRANGE": 3, "SETTLE_SMOOTH_100NA": 4, "SETTLE_FAST_ALL": 128,
    }  # fmt: skip
    sense = Attribute(0, choice(0, 1))

    def __init__(
        self, world: "World", letter: str, leads: Leads, status: "Status", *, work: Callable[[Work], Job], seed: int
    ) -> None:
        super().__init__()
        self.letter, self._world, self._status, self._work = letter, world, status, work
        random = np.random.default_rng([seed, ord(letter)])
        self.terminals = Terminals(
            leads,
            {"V": Scale(SOURCE_VOLTS, random, 1.01), "A": Scale(SOURCE_AMPERES, random, 1.01)},
            {"V": Scale(METER_VOLTS, random, 1.02), "A": Scale(METER_AMPERES, random, 1.02)},
        )
        self.source, self.measure, self.buffer = Source(self), Measure(self), Statistics()
        self.nvbuffer1, self.nvbuffer2 = Buffer(filled=self._filled), Buffer(filled=self._filled)
        self.trigger: Sweep
        self.given: float | None = None
        """Level of a sweep, in place of the programmed one."""
        self.sweep_limit: float | None = None
        self.measuring = False
        self._overlapping: Job | None = None
        self.switch_off()

    def __repr__(self) -> str:
        return f"smu{self.letter}"

    # --- the source -----------------------------------------------------------------------------------------------

    @property
    def output_on(self) -> bool:
        """Whether it puts out what it is programmed to."""
        return bool(self.source.output == 1)

    @property
    def limit(self) -> float:
        """Of the quantity that is not sourced; the power limit may lower it."""
        source = self.source
        limit = float(source.limiti if source.func else source.limitv)
        if self.sweep_limit is not None:
            limit = self.sweep_limit
        level = abs(source.level if self.given is None else self.given)
        return min(limit, source.limitp / level) if source.limitp and level else limit

    def changed(self, name: str) -> None:
        """Two or four wires from now on."""
        self.put_out()

    def check(self, level: float, limit: float) -> Range:
        """The range for a level. Raises TspError where it, or its limit, cannot be."""
        source = self.source
        high, current = (level, limit) if source.func else (limit, level)
        if abs(high) > MOST_VOLTS_AT_FULL_CURRENT and abs(current) > MOST_AMPERES_AT_FULL_VOLTS:
            raise self._refusal(5007)
        scale = self.terminals.sources[source.quantity]
        if source.auto:
            low = source.lowrangev if source.func else source.lowrangei
            return scale.named(max(abs(level), low))
        if abs(level) > 1.01 * source.full_scale * (1 + 1e-9):
            raise self._refusal(5005)
        return scale.named(source.full_scale)

    def leave_sweep(self) -> None:
        """The last level of a sweep that is over is held no longer."""
        if not self.trigger.running:
            self.given = None

    def put_out(self) -> None:
        """Put out what is programmed, or what a sweep gives, if the output is on."""
        source = self.source
        level = source.level if self.given is None else self.given
        present = self.check(level, self.limit)
        setattr(source, "rangev" if source.func else "rangei", present.full_scale)
        if self.output_on:
            self.terminals.source(source.quantity, level, present, self.limit, remote=bool(self.sense))

    def switch_off(self, *, open_relay: bool = False) -> None:
        """Output off, as the off-mode says: zero with a limit, or the relay open."""
        source, self.given = self.source, None
        if open_relay or source.offmode == 2:
            self.terminals.open()
        elif source.offmode == 1:
            limit = source.limiti if source.func else max(abs(source.leveli), 0.1 * source.rangei)
            self.terminals.hold("V", 0.0, limit)
        elif source.offfunc:
            self.terminals.hold("V", 0.0, source.offlimiti)
        else:
            self.terminals.hold("A", 0.0, source.offlimitv)

    def tell_limits(self, limited: bool) -> bool:
        """Update the status model with whether a limit was reached; gives it back."""
        name = "current_limit" if self.source.func else "voltage_limit"
        self._status.show(self.letter, name, limited)
        return limited

    # --- the meter ------------------------------------------------------------------------------------------------

    def measured(self, kinds: str, *buffers: Any) -> Work:
        """Measure as often as ``measure.count`` says; gives the last reading of each kind. Raises TspError."""
        if self.measuring:
            raise self._refusal(5042)
        return self._readings(kinds, self._checked(kinds, buffers, needed=False))

    def overlap(self, kinds: str, *buffers: Any) -> None:
        """The same while other commands go on. Raises TspError."""
        stores = self._checked(kinds, buffers, needed=True)
        if self.measuring:
            raise self._refusal(5042)
        self.measuring = True
        self._status.show(self.letter, "measuring", True)
        self._overlapping = self._work(self._overlapped(kinds, stores))

    def _overlapped(self, kinds: str, stores: list[Buffer]) -> Work:
        try:
            yield from self._readings(kinds, stores)
        finally:
            self.measuring = False
            self._status.show(self.letter, "measuring", False)

    def _checked(self, kinds: str, buffers: tuple[Any, ...], *, needed: bool) -> list[Buffer]:
        stores = [buffer for buffer in buffers if buffer is not None]
        if any(not isinstance(buffer, Buffer) for buffer in stores):
            raise TspError(-104)
        if len(stores) < len(kinds) and (needed or stores):
            raise TspError(1400, len(kinds))
        if len(set(map(id, stores))) < len(stores):
            raise self._refusal(5040)
        return stores

    def _readings(self, kinds: str, stores: list[Buffer]) -> Work:
        for store in stores:
            store.begin()
        yield self.measure_delay(kinds)
        begin, last = self._world.now, []
        for k in range(int(self.measure.count)):
            yield max(0.0, begin + k * self.measure.interval - self._world.now)
            last = yield from self.reading(kinds, stores)
        return tuple(last)

    def measure_delay(self, kinds: str) -> float:
        """Seconds before the first measurement."""
        if self.measure.delay >= 0:
            return float(self.measure.delay)
        return settling("A", self._meter_range("A")) * self.measure.delayfactor if kinds != "v" else 0.0

    def reading(self, kinds: str, stores: list[Buffer]) -> Generator[float, None, list[float]]:
        """One reading of each of `kinds`, one after the other, into `stores` if there are any."""
        when = self._world.now
        rows, needed = [], "iv" if set(kinds) & set("rp") else kinds
        found: dict[str, list[float]] = {"i": [], "v": []}
        limited = overflow = False
        for _ in range(self.measure.filter.repeats):
            for kind in needed:
                seen = yield from self._seen(KINDS[kind])
                limited, overflow = limited or seen.limited, overflow or seen.overflow
                found[kind].append(seen.value)
        self.tell_limits(limited)
        self._status.show(self.letter, "reading_overflow", overflow)
        for kind in kinds:
            value = OVERFLOW if overflow else self.measure.filter.passed(kind, _combined(kind, found))
            rows.append(self._row(kind, value, when, limited))
        for row, store in zip(rows, stores, strict=False):
            store.add(row)
        return [row.reading for row in rows]

    def _seen(self, quantity: Quantity) -> Generator[float, None, Seen]:
        nplc = float(self.measure.nplc)
        letter = LETTERS[quantity]
        own = quantity == self.source.quantity
        automatic = not own and getattr(self.measure, f"autorange{letter}") != 0
        present = self.terminals.meters[quantity].named(self._meter_range(quantity))
        yield OVERHEAD
        seen: Seen = yield from self.terminals.measure(
            quantity,
            present,
            nplc / MAINS,
            nplc,
            auto=(lambda _: RANGE_CHANGE) if automatic else None,
            lowest=getattr(self.measure, f"lowrange{letter}"),
        )
        if automatic:
            setattr(self.measure, f"range{letter}", seen.range.full_scale)
        return seen

    def _meter_range(self, quantity: Quantity) -> float:
        """What is sourced is measured in the source's range."""
        if quantity == self.source.quantity:
            return self.source.full_scale
        if quantity == "A" and self.measure.autorangei == 2:
            return float(self.source.limiti)
        return float(self.measure.rangev if quantity == "V" else self.measure.rangei)

    def _row(self, kind: str, value: float, when: float, limited: bool) -> Row:
        measure, source = self.measure, self.source
        relative = bool(getattr(measure.rel, f"enable{kind}"))
        if relative and value != OVERFLOW:
            value -= getattr(measure.rel, f"level{kind}")
        quantity: Quantity = "V" if kind == "v" else "A"
        follows = quantity != source.quantity and getattr(measure, f"autorange{LETTERS[quantity]}") != 0
        bits = ((0x04, follows), (0x08, source.auto), (0x10, self.sense), (0x20, relative), (0x40, limited))
        status = sum(bit for bit, on in bits if on) | (0x80 if measure.filter.enable else 0)
        return Row(
            reading=value,
            when=when,
            status=status,
            measured=NAMES[kind],
            measure_range=self._meter_range(quantity),
            source=NAMES[LETTERS[source.quantity]],
            source_value=source.level if self.given is None else self.given,
            source_range=source.full_scale,
            output=self.output_on,
        )

    # --- functions ------------------------------------------------------------------------------------------------

    @function
    def makebuffer(self, size: Any = None) -> Buffer:
        """A new reading buffer."""
        return Buffer(whole(1, DYNAMIC)(size), filled=self._filled)

    @function
    def measurevandstep(self, level: Any = None) -> Work:
        """Measure volts, then source `level`."""
        return self._then_step("v", level)

    @function
    def measureiandstep(self, level: Any = None) -> Work:
        """Measure amperes, then source `level`."""
        return self._then_step("i", level)

    @function
    def measureivandstep(self, level: Any = None) -> Work:
        """Measure amperes and volts, then source `level`."""
        return self._then_step("iv", level)

    def _then_step(self, kinds: str, level: Any) -> Work:
        work = self.measured(kinds)

        def steps() -> Work:
            seen = yield from work
            self.source.write("levelv" if self.source.func else "leveli", level)
            return seen

        return steps()

    @function
    def reset(self) -> None:
        """Bring this channel to its defaults, output off."""
        self.abort()
        for table in self.family():
            if not isinstance(table, Buffer):
                table.defaults()
        self.trigger.forget()
        self.switch_off()

    @function
    def abort(self) -> None:
        """End overlapped operations; the source goes back to its programmed level."""
        self.trigger.end()
        if self._overlapping is not None:
            self._overlapping.stop()

    def _filled(self) -> None:
        self._status.show(self.letter, "buffer_available", True)

    def _refusal(self, code: int) -> TspError:
        return refusal(self, code)


def refusal(smu: Smu, code: int) -> TspError:
    """An error of a channel says which: ``SMU A: Value too big for range``."""
    return TspError(code, text=f"SMU {smu.letter.upper()}: {TspError(code).text}")


def _combined(kind: str, found: Mapping[str, list[float]]) -> list[float]:
    if kind in found:
        return found[kind]
    pairs = zip(found["i"], found["v"], strict=True)
    if kind == "p":
        return [v * i for i, v in pairs]
    return [v / i if i else math.copysign(OVERFLOW, v) for i, v in pairs]
