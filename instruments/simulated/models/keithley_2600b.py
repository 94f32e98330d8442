"""The simulated Keithley 2612B System SourceMeter, two channels, controlled by TSP scripts over a socket.

Written from the reference manual 2600BS-901-01. Pages used: Rev. F (August 2021) 2-44 (ranges, 101 and 102 %), 4-3 to 4-24
(trigger model, timers), section 6 (scripts), 9-17 to 9-390 (commands), 11-1 to 11-4 (common commands), section 12 (status);
Rev. B (May 2013) 7-141 (prompts), 7-202, 7-255, 7-283, D-2 to D-4; Rev. C (August 2016) 3-7, 7-102, 8-2. Figures: data
sheet of the 2600B series, pages 10 and 15, and SPEC-2602B Rev. B, pages 2 and 5.

Assumed, because no page seen says it: accuracy of the voltage ranges of the 2612B and the noise of its voltmeter; what a message
and a request take (`LINE`, `REQUEST`) and what a range change takes; autozero takes no time; ``iv`` measures one after
the other; what becomes of a level that a fixed range does not hold (5005, nothing changes) and of a sweep whose levels are for
the other source function (5059); error numbers for unknown names (1100) and for choices (1401); the length of the error
queue; the interlock is closed; what `abort` ends: the running script, waiting messages and overlapped operations of both
channels. All clients share one command interface: messages are done one after the other in the order in which they
come, while a script runs only ``abort`` and ``*TRG`` are heard.

Not there: the 10 A pulse range, contact check, calibration, digital I/O, TSP-Link, LAN triggers, event blenders, files, saved
setups, source and meter settling in the readings, and most factory scripts (see `keithley_2600b_factory`).
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..leads import Leads
from ..source_measure import Job
from .keithley_2600b_commands import FIRMWARE, MODEL, Commands, Format, LocalNode, Stopwatch
from .keithley_2600b_factory import FACTORY
from .keithley_2600b_interface import BYTE, LINE, REQUEST, Task, TspSession
from .keithley_2600b_lua import Sandbox
from .keithley_2600b_smu import Smu
from .keithley_2600b_status import Status
from .keithley_2600b_sweep import Sweep
from .keithley_2600b_tree import POLL, Cost, Table, TspError, Work, is_number
from .keithley_2600b_trigger import Events, Trigger

if TYPE_CHECKING:
    from ..world import World

LONGEST_QUEUE = 100_000
"""Messages that may wait behind one that is being done."""


class SimulatedKeithley2600B:
    """One command interface and two channels; `leads` by channel, smua or a or 1 and smub or b or 2 (missing: in the air)."""

    def __init__(self, world: "World", leads: Mapping[str, Leads], *, serial: str, seed: int) -> None:
        self.world = world
        self.identity: str = f"Keithley Instruments Inc., Model {MODEL}, {serial}, {FIRMWARE}"
        self.status: Status = Status()
        self.format, events = Format(), Events()
        self.localnode = LocalNode(serial, self.reset)
        self.trigger = Trigger(world, events)
        self.smus = []
        for letter, names in (("a", ("smua", "a", "1")), ("b", ("smub", "b", "2"))):
            touched = next((leads[name] for name in names if name in leads), None) or Leads(world)
            smu = Smu(world, letter, touched, self.status, work=self.overlap, seed=seed)
            smu.trigger = Sweep(world, smu, events, self.status, self._check_complete)
            self.smus.append(smu)
        self._jobs: list[Job] = []
        self._awaiting: list[Callable[[], None]] = []
        self._queue: deque[tuple[TspSession, Callable[[], Work], bool]] = deque()
        self._starting = False
        self._sent = 0
        self.current: Task | None = None
        self.foreground: TspSession | None = None
        self._seed = seed
        self.lua = self._new_lua()

    def _new_lua(self) -> Sandbox:
        lua = Sandbox(self._seed)
        tables: dict[str, Table] = {
            "smua": self.smus[0], "smub": self.smus[1], "status": self.status, "errorqueue": self.status.errors,
            "format": self.format, "localnode": self.localnode, "trigger": self.trigger,
            "timer": Stopwatch(self.world),
        }  # fmt: skip
        for name, table in tables.items():
            lua.tell(name, table)
        commands = Commands(self)
        for name in commands.functions:
            lua.tell(name, (commands, name))
        lua.define(FACTORY)
        return lua

    def session(self) -> "TspSession":
        """A conversation with a new client."""
        return TspSession(self)

    # --- what takes time ------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether an overlapped operation is under way."""
        return any(job.running for job in self._jobs) or any(smu.trigger.running for smu in self.smus)

    def overlap(self, work: Work) -> Job:
        """Let a measurement go on by itself."""
        job = Job(self.world, self._noticed(work))
        self._jobs = [*(job for job in self._jobs if job.running), job]
        return job

    def _noticed(self, work: Work) -> Any:
        try:
            yield from work
        except TspError as error:
            self.fail(error)
        finally:
            self.world.at(self.world.now, self._check_complete)

    def when_complete(self, action: Callable[[], None]) -> None:
        """Call `action` as soon as nothing is under way."""
        self._awaiting.append(action)
        self._check_complete()

    def _check_complete(self) -> None:
        if not self.busy:
            awaiting, self._awaiting = self._awaiting, []
            for action in awaiting:
                self.world.at(self.world.now, action)

    def tell_complete(self) -> None:
        """Set the operation complete bit when nothing is under way any more."""
        self.when_complete(lambda: self.status.standard.happen(1))

    # --- messages -------------------------------------------------------------------------------------------------

    def submit(self, session: "TspSession", work: Callable[[], Work], *, common: bool = False) -> None:
        """Do this after all that was asked before."""
        if len(self._queue) >= LONGEST_QUEUE:
            self.fail(TspError(-363))
            return
        self._queue.append((session, work, common))
        session.pending += 1
        self._next()

    def _next(self) -> None:
        if self._starting:  # what is done at once comes back here
            return
        self._starting = True
        while self.current is None and self._queue:
            session, work, common = self._queue.popleft()
            self.current = Task(self, session, work(), common)
            self.current.go_on()
        self._starting = False

    def finished(self, task: "Task") -> None:
        """A message is done."""
        self.current = None
        task.session.pending -= 1
        if self.localnode.prompts and (self.localnode.prompts4882 or not task.common):
            task.session.answer("TSP?" if self.status.errors.count else "TSP>")
        self._next()

    def abort(self) -> None:
        """End the running script, what waits behind it, and overlapped operations."""
        for session, _, _ in self._queue:
            session.pending -= 1
        self._queue.clear()
        task, self.current = self.current, None
        if task is not None:
            task.stop()
            task.session.pending -= 1
        for smu in self.smus:
            smu.abort()
        self._check_complete()

    def reset(self) -> None:
        """Bring everything to its defaults; outputs are off."""
        for smu in self.smus:
            smu.reset()
        self.trigger.reset()
        self.format.defaults()
        self.localnode.values |= {"autolinefreq": 1}

    def put(self, line: str) -> None:
        """A response message of what runs now."""
        if self.current is not None:
            self._sent += len(line)
            self.current.session.answer(line)

    def fail(self, error: TspError) -> None:
        """Put an error into the queue."""
        self.status.errors.add(error)

    def queue_error(self, code: int) -> None:
        """Something has gone wrong in the instrument, whatever it was told: a fault on demand."""
        self.fail(TspError(code, text="Device-specific error"))

    def power_cycle(self) -> None:
        """Switched off and on again."""
        self.abort()
        self.reset()
        self.status.reset()
        self.status.standard.happen(128)
        self.localnode.defaults()
        self.lua = self._new_lua()

    # --- what is asked --------------------------------------------------------------------------------------------

    def run(self, source: str) -> Work:
        """Run a piece of Lua; errors go to the queue."""
        yield LINE
        chunk, problem = self.lua.compile(source)
        if chunk is None:
            self.fail(TspError(-285, text=problem))
        else:
            yield from self.run_chunk(chunk)

    def run_chunk(self, chunk: Callable[..., Any]) -> Work:
        """Run a function of Lua's."""
        thread = self.lua.start(chunk)
        try:
            outcome = self.lua.step(thread)
            while outcome.kind == "request":
                yield REQUEST
                replies = yield from self._answered(*outcome.values)
                if self._sent:
                    yield Cost(BYTE * self._sent)
                    self._sent = 0
                outcome = self.lua.step(thread, *replies)
            if outcome.kind == "failed":
                self.fail(TspError(-286, text=outcome.values[0]))
        finally:
            self.lua.drop(thread)

    def _answered(self, kind: str, *values: Any) -> Work:
        """Do a script's request. What cannot be done goes to the error queue and gives nil."""
        try:
            result = yield from getattr(self, f"_do_{kind}")(*values)
        except TspError as error:
            self.fail(error)
            return (None,)
        results = result if isinstance(result, tuple) else (result,)
        return tuple(self.lua.given(value) for value in results)

    def _do_get(self, handle: int, key: Any) -> Work:
        table = self.lua.table(int(handle))
        if table.polled(key):
            yield POLL
        return table.read(key)

    def _do_set(self, handle: int, key: Any, value: Any = None) -> Work:
        self.lua.table(int(handle)).write(key, self.lua.taken(value))
        yield from ()

    def _do_call(self, handle: int, name: str, *arguments: Any) -> Work:
        table = self.lua.table(int(handle))
        result = table.call(name, [self.lua.taken(value) for value in arguments])
        if hasattr(result, "send"):
            result = yield from result
        return result

    def _do_print(self, *values: Any) -> Work:
        self.put("\t".join(self.format.number(value) if is_number(value) else str(value) for value in values))
        yield from ()

    def _do_list(self, name: str, source: str) -> Work:
        for line in (f"loadscript {name}".rstrip(), *source.split("\n"), "endscript"):
            self.put(line)
        yield from ()

    def _do_problem(self, problem: str) -> Work:
        self.fail(TspError(-285, text=self.lua.syntax(problem)))
        yield from ()
