"""The trigger model of a simulated Keithley 2450: blocks that are worked through on the world's clock.

Pages of 2450-901-01 Rev. B: templates 3-104, ``:TRIGger:BLOCk`` 6-128 to 6-149, ``:TRIGger:LOAD`` 6-160 to 6-165,
``:TRIGger:STATe?`` 6-166; of 2461-901-01 Rev. A: ``:TRIGger:LOAD "SimpleLoop"`` 6-231. What is assumed: see
`keithley_2450`.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..arguments import ScpiError, boolean, choice, integer, number, string
from ..device import Waiting
from ..grammar import Command, on
from ..source_measure import Job, Work
from ..world import POLL
from .keithley_2450_events import ERROR, MODEL_ABORTED, MODEL_DONE, MODEL_FAILED, MODEL_RUNNING
from .keithley_2450_states import plain
from .keithley_2450_timers import NOTIFICATIONS, TIMERS, KeithleyTimers

BLOCK_TIME = 20e-6
"""Seconds that a block takes besides what it does (assumed)."""
WAITING = 0.1

Step = Generator[float, None, int | None]
"""What a block does; it gives the block to go on with, None for the next one."""


@dataclass(frozen=True)
class Block:
    """One block of the trigger model: its name, its settings in words, and what it does."""

    name: str
    details: str
    act: Callable[[int], Step]


block_number = integer(1, 255)
delay_seconds = number("s", 0.0, 1e4, 0.0)
a_number = number()
LIMIT_TYPES = choice("ABOVe", "BELow", "INside", "OUTside")


def at_once(action: Callable[[int], int | None]) -> Callable[[int], Step]:
    """What a block does that takes no time of its own; `action` gets the block's number and may give the next one."""

    def act(number: int) -> Step:
        yield from ()
        return action(number)

    return act


def doing(action: Callable[[], Any]) -> Callable[[int], Step]:
    """The same, going on with the next block whatever `action` gives."""

    def act(number: int) -> Step:
        yield from ()
        action()
        return None

    return act


def _limit_command(handler: Any) -> Any:
    kinds = (block_number, LIMIT_TYPES, a_number, a_number, block_number, integer(0, 255))
    handler.scpi_commands = (Command(":TRIGger:BLOCk:BRANch:LIMit:CONStant", kinds, handler, required=5),)
    return handler


class KeithleyTrigger(KeithleyTimers):
    """Blocks, and the one thing that is under way: a model or readings that were asked for."""

    at_once: ClassVar[tuple[str, ...]] = (":ABORt",)
    _job: Job | None = None
    _own: Job | None = None
    _started = 0.0

    def reset(self) -> None:
        """Stop whatever is under way, forget the model."""
        if self._job is not None:
            self._job.stop()
        self._job = None
        self.lines: dict[int, bool] = dict.fromkeys(range(1, 7), False)
        self.load([])
        super().reset()

    # Running

    def load(self, blocks: Sequence[Block]) -> None:
        """Take another model in place of the present one."""
        self.ensure_idle()
        self.blocks = dict(enumerate(blocks, 1))
        self.state, self.at = ("BUILDING" if blocks else "EMPTY"), 0
        self._counts: dict[int, int] = {}
        self.forget_events()

    @property
    def running(self) -> bool:
        """Whether the model, or a reading asked for, is under way."""
        return self._job is not None and self._job.running

    def ensure_idle(self) -> None:
        """Raise ScpiError while the model is running."""
        if self.running:
            raise ScpiError(-221)

    def complete(self) -> bool:
        """Nothing is under way."""
        return not self.running

    def work(self, work: Work) -> Waiting[None]:
        """Do something that takes time and wait for it."""
        self.ensure_idle()
        self._job = self._own = Job(self.world, work)
        yield from self._job.ended()

    def occupied(self) -> bool:
        """Readings that were asked for are being taken: what comes meanwhile has to wait."""
        return self._own is not None and self._own.running

    @on(":INITiate[:IMMediate]")
    def _initiate(self) -> None:
        if self.running:
            raise ScpiError(-213, text="Init ignored")
        if not self.blocks:
            raise ScpiError(-221)
        self.points.clear()
        self._counts, self.last_row = {}, None
        self.forget_events()
        self._job = Job(self.world, self._run())

    @on(":ABORt")
    def _abort(self) -> None:
        if self._job is not None and self._job.running:
            self._job.stop()
            self.state = "ABORTED"
            self.note(MODEL_ABORTED, "Trigger model aborted by user")

    @on(":TRIGger:STATe?", cost=0.0)
    def _state(self) -> str:
        if not self.world.paced:
            end = self.world.now + POLL
            if self._job is None or not self._job.wait(POLL):
                self.world.advance_to(end)
        return f"{self.state};{self.state};{self.at}"

    @on("*TRG")
    def _trg(self) -> None:
        self._happened.add("COMM")

    def _run(self) -> Work:
        self.state, self.at, last = "RUNNING", 1, max(self.blocks)
        self.note(MODEL_RUNNING, "Trigger model running")
        while self.at <= last:
            block = self.blocks.get(self.at)
            yield BLOCK_TIME
            try:
                following = None if block is None else (yield from block.act(self.at))
            except ScpiError as error:
                self.fail(error)
                self.note(MODEL_FAILED, "Trigger model failed", ERROR)
                self.state = "FAILED"
                return
            if following is None and self.at == last:
                break
            self.at = self.at + 1 if following is None else following
        self.state = "IDLE"
        self.note(MODEL_DONE, "Trigger model completed")

    # What blocks do

    def delay_block(self, seconds: float) -> Block:
        """Wait."""

        def act(_: int) -> Step:
            yield seconds
            return None

        return Block("DELAY_CONSTANT", f"DELAY: {plain(seconds)}", act)

    def measure_block(self, name: str, count: int = 1) -> Block:
        """Take `count` readings into a buffer that exists."""
        self.buffer(name)

        def act(_: int) -> Step:
            for _reading in range(count):
                row = yield from self.reading()
                self.store(name, row)
            return None

        return Block("MEASURE_DIGITIZE", f"BUFFER: {name} COUNT: {count}", act)

    def counter_block(self, target: int, branch: int) -> Block:
        """Go to block `branch` until this one was reached `target` times."""

        def count(number: int) -> int | None:
            self._counts[number] = self._counts.get(number, 0) + 1
            if self._counts[number] < target:
                return branch
            self._counts[number] = 0
            return None

        return Block("BRANCH_COUNTER", f"VALUE: {target} BRANCH_BLOCK: {branch}", at_once(count))

    def branch_block(
        self, name: str, branch: int, when: Callable[[int], bool] = lambda _: True, details: str = ""
    ) -> Block:
        """Go to block `branch` when `when(number)` says so."""
        return Block(name, f"{details}BRANCH_BLOCK: {branch}", at_once(lambda number: branch if when(number) else None))

    def output_block(self, state: bool) -> Block:
        """Switch the source."""
        return Block("SOURCE_OUTPUT", f"OUTPUT: {'ON' if state else 'OFF'}", doing(lambda: self.set_output(state)))

    def clear_block(self, name: str) -> Block:
        """Clear a buffer that exists."""
        self.buffer(name)
        return Block("BUFFER_CLEAR", f"BUFFER: {name}", doing(lambda: self.clear_buffer(name)))

    def recall_block(self, name: str, index: int) -> Block:
        """Take the settings of a point of a configuration list that exists."""
        self.points_of(name)
        return Block("CONFIG_RECALL", f"CONFIG_LIST: {name} INDEX: {index}", doing(lambda: self.recall(name, index)))

    def step_block(self, name: str, step: int) -> Block:
        """Take the settings of the next point (step 1) or the one before (-1), around the ends."""
        self.points_of(name)

        def act() -> None:
            size = max(len(self.points_of(name)), 1)
            before = self.points.get(name, 0 if step > 0 else 1)
            self.recall(name, (before + step - 1) % size + 1)

        return Block("CONFIG_NEXT" if step > 0 else "CONFIG_PREV", f"CONFIG_LIST: {name}", doing(act))

    def _put(self, number: int, block: Block) -> None:
        self.ensure_idle()
        self.blocks[number] = block
        self.state = "BUILDING"

    # The model, block by block

    @on(":TRIGger:BLOCk:SOURce:STATe", block_number, boolean)
    def _put_output(self, number: int, state: bool) -> None:
        self._put(number, self.output_block(state))

    @on(":TRIGger:BLOCk:BUFFer:CLEar", block_number, string)
    def _put_clear(self, number: int, name: str = "defbuffer1") -> None:
        self._put(number, self.clear_block(name))

    @on(":TRIGger:BLOCk:MEASure", block_number, string, integer(1))
    @on(":TRIGger:BLOCk:MDIGitize", block_number, string, integer(1))
    def _put_measure(self, number: int, name: str = "defbuffer1", count: int = 1) -> None:
        self._put(number, self.measure_block(name, count))

    @on(":TRIGger:BLOCk:DELay:CONStant", block_number, delay_seconds)
    def _put_delay(self, number: int, seconds: float) -> None:
        self._put(number, self.delay_block(seconds))

    @on(":TRIGger:BLOCk:BRANch:COUNter", block_number, integer(1), block_number)
    def _put_counter(self, number: int, target: int, branch: int) -> None:
        self._put(number, self.counter_block(target, branch))

    @on(":TRIGger:BLOCk:BRANch:COUNter:COUNt?", block_number)
    def _counted(self, number: int) -> int:
        return self._counts.get(number, 0)

    @on(":TRIGger:BLOCk:BRANch:ALWays", block_number, block_number)
    def _put_always(self, number: int, branch: int) -> None:
        self._put(number, self.branch_block("BRANCH_ALWAYS", branch))

    @on(":TRIGger:BLOCk:BRANch:ONCE", block_number, block_number)
    def _put_once(self, number: int, branch: int) -> None:
        self._put(number, self.branch_block("BRANCH_ONCE", branch, self._first_time))

    @on(":TRIGger:BLOCk:BRANch:ONCE:EXCLuded", block_number, block_number)
    def _put_excluded(self, number: int, branch: int) -> None:
        block = self.branch_block("BRANCH_ONCE_EXCLUDED", branch, lambda n: not self._first_time(n))
        self._put(number, block)

    @_limit_command
    def _put_limit(self, number: int, kind: str, *limits: Any) -> None:
        low, high, branch, measured = (*limits, 0)[:4]
        details = f"LIMIT_TYPE: {kind} LOW: {plain(low)} HIGH: {plain(high)} MEASURE_BLOCK: {measured} "
        block = self.branch_block("BRANCH_LIMIT", branch, lambda _: self._beyond(kind, low, high), details)
        self._put(number, block)

    @on(":TRIGger:BLOCk:CONFig:RECall", block_number, string, integer(1))
    def _put_recall(self, number: int, name: str, index: int = 1) -> None:
        self._put(number, self.recall_block(name, index))

    @on(":TRIGger:BLOCk:CONFig:NEXT", block_number, string)
    def _put_next(self, number: int, name: str) -> None:
        self._put(number, self.step_block(name, 1))

    @on(":TRIGger:BLOCk:CONFig:PREVious", block_number, string)
    def _put_previous(self, number: int, name: str) -> None:
        self._put(number, self.step_block(name, -1))

    @on(":TRIGger:BLOCk:NOP", block_number)
    def _put_nop(self, number: int) -> None:
        self._put(number, Block("NOP", "", doing(lambda: None)))

    @on(":TRIGger:BLOCk:DIGital:IO", block_number, integer(0, 63), integer(0, 63))
    def _put_digital(self, number: int, pattern: int, mask: int = 63) -> None:
        def drive() -> None:
            self.lines.update({n: bool(pattern >> (n - 1) & 1) for n in self.lines if mask >> (n - 1) & 1})

        self._put(number, Block("DIGITAL_IO", f"BIT_PATTERN: {pattern} BIT_MASK: {mask}", doing(drive)))

    @on(":TRIGger:BLOCk:NOTify", block_number, integer(1, 8))
    def _put_notify(self, number: int, which: int) -> None:
        block = Block("NOTIFY", f"EVENT: NOTIFY{which}", doing(lambda: self.notify(which)))
        self._put(number, block)

    @on(":TRIGger:BLOCk:WAIT", block_number, choice("COMMand", *NOTIFICATIONS, *(f"TIMer{n}" for n in TIMERS)))
    def _put_wait(self, number: int, event: str) -> None:
        def act(_: int) -> Step:
            started = self.world.now
            while (seconds := self.take(event)) is not None:
                if self.world.now - started > WAITING:
                    self.state = "WAITING"
                yield min(seconds, WAITING)
            self.state = "RUNNING"
            return None

        self._put(number, Block("WAIT", f"EVENT: {event}", act))

    @on(":TRIGger:BLOCk:LIST?")
    def _list_blocks(self) -> str:
        lines = [f"{n}) {block.name:<22} {block.details}".rstrip() for n, block in sorted(self.blocks.items())]
        return "\r".join(lines) or "Empty"

    def _first_time(self, number: int) -> bool:
        self._counts[number] = self._counts.get(number, 0) + 1
        return self._counts[number] == 1

    def _beyond(self, kind: str, low: float, high: float) -> bool:
        if self.last_row is None:
            return False
        value = self.last_row.reading
        return {"ABOV": value > high, "BEL": value < low, "IN": low < value < high, "OUT": not low < value < high}[kind]

    # Templates

    @on(":TRIGger:LOAD", string, number(), number(), string)
    def _load_template(self, name: str, amount: float = 1.0, delay: float = 0.0, buffer: str = "defbuffer1") -> None:
        known = name.upper().replace(" ", "")
        if known == "EMPTY":
            self.load([])
        elif known == "SIMPLELOOP":
            self._load_simple(round(amount), delay, buffer)
        elif known == "DURATIONLOOP":
            self._load_duration(amount, delay, buffer)
        else:
            raise ScpiError(-224, text="Illegal parameter value")

    @on(":TRIGger:LOAD:EMPTy")
    def _load_empty(self) -> None:
        self.load([])

    @on(":TRIGger:LOAD:LOOP:SIMPle", integer(1), delay_seconds, string)
    def _load_simple(self, count: int, delay: float = 0.0, buffer: str = "defbuffer1") -> None:
        self.load(self._loop(delay, buffer, self.counter_block(count, 3)))

    @on(":TRIGger:LOAD:LOOP:DURation", number("s", 0.0, 1e5), delay_seconds, string)
    def _load_duration(self, seconds: float, delay: float = 0.0, buffer: str = "defbuffer1") -> None:
        def lasting(_: int) -> bool:
            return self.world.now - self._started < seconds

        blocks = self._loop(delay, buffer, self.branch_block("BRANCH_ON_EVENT", 3, lasting, "EVENT: TIMER "))

        def start() -> None:
            self._started = self.world.now
            self.set_output(True)

        blocks[1] = Block("SOURCE_OUTPUT", "OUTPUT: ON", doing(start))
        self.load(blocks)

    def _loop(self, delay: float, buffer: str, back: Block) -> list[Block]:
        """Readings with the output on, until `back` goes on."""
        return [
            self.clear_block(buffer), self.output_block(True), self.delay_block(delay),
            self.measure_block(buffer), back, self.output_block(False),
        ]  # fmt: skip
