"""What a simulated instrument is to a transport, and the SCPI instrument that the simulated ones are made of.

A device knows nothing of drivers: it is written from its maker's programming manual. Status model: IEEE 488.2 chapter
11 and SCPI-1999 vol. 1 chapter 20. A byte stream has no serial poll, so the status byte is seen through ``*STB?`` only
and carries no MAV.
"""

from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from types import GeneratorType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, overload

from .arguments import Kind, ScpiError, block_header, integer
from .grammar import Call, Command, Framer, Tree, make_command, on
from .world import POLL

if TYPE_CHECKING:
    from .world import World

T = TypeVar("T")
Waiting = Generator[None, None, T]
"""Something that is not done at once: it yields until the world's time has brought it to its end."""


class Session(Protocol):
    """One client's conversation with a device. One that also counts its `messages` lets faults be told by their number."""

    def receive(self, data: bytes) -> bytes:
        """Take what has arrived, in pieces of any size, and give back what the device answers to it."""
        ...

    def close(self) -> None:
        """The client has gone."""
        ...


class Device(Protocol):
    """Anything that a transport can serve."""

    def session(self) -> Session:
        """A conversation with a new client."""
        ...


class Setting(Generic[T]):
    """A stored value with its command and its query; ``*RST`` brings back the default.

    ``sweep = Setting(":TRIGger:SWEep", choice("AUTO", "NORMal"), "AUTO")``: then ``device.sweep`` is the value.
    """

    def __init__(self, pattern: str, kind: Kind[T], default: T) -> None:
        self.pattern, self.kind, self.default = pattern, kind, default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, device: None, owner: type) -> "Setting[T]": ...
    @overload
    def __get__(self, device: "ScpiDevice", owner: type) -> T: ...
    def __get__(self, device: "ScpiDevice | None", owner: type) -> "Setting[T] | T":
        return self if device is None else device.values[self.name]

    def __set__(self, device: "ScpiDevice", value: T) -> None:
        device.values[self.name] = value

    def fresh(self) -> Any:
        """The value after ``*RST``."""
        return self.default

    def commands(self) -> tuple[Command, ...]:
        """The command that stores it and the query that shows it."""

        def store(device: "ScpiDevice", value: T) -> None:
            device.values[self.name] = value
            device.changed(self.name)

        def tell(device: "ScpiDevice") -> str:
            return self.kind.show(device.values[self.name])

        return make_command(self.pattern, (self.kind,), store), make_command(self.pattern + "?", (), tell)


class Settings(Generic[T]):
    """The same behind a header with one numeric suffix: one value for each suffix, ``device.coupling[2]``."""

    def __init__(self, pattern: str, kind: Kind[T], defaults: Mapping[int, T]) -> None:
        self.pattern, self.kind, self.defaults = pattern, kind, defaults

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, device: None, owner: type) -> "Settings[T]": ...
    @overload
    def __get__(self, device: "ScpiDevice", owner: type) -> dict[int, T]: ...
    def __get__(self, device: "ScpiDevice | None", owner: type) -> "Settings[T] | dict[int, T]":
        return self if device is None else device.values[self.name]

    def fresh(self) -> Any:
        """The values after ``*RST``."""
        return dict(self.defaults)

    def commands(self) -> tuple[Command, ...]:
        """The command that stores one of them and the query that shows it."""

        def store(device: "ScpiDevice", suffix: int, value: T) -> None:
            device.values[self.name][suffix] = value
            device.changed(self.name)

        def tell(device: "ScpiDevice", suffix: int) -> str:
            return self.kind.show(device.values[self.name][suffix])

        return make_command(self.pattern, (self.kind,), store), make_command(self.pattern + "?", (), tell)


_EVENT_BITS = {1: 0x20, 2: 0x10, 3: 0x08, 4: 0x04}
"""Standard event status bit for each hundred of error numbers: command, execution, device, query (SCPI-1999 21.8)."""


class ScpiDevice:
    """A SCPI instrument: declare its commands with `on`, `Setting` and `Settings`, give it an `identity`.

    Every command lets the world's time pass: its own `cost`, or the device's `typical_time` (seconds); a query marked
    `progress` lets the world run to its next event; a handler that takes longer is a generator (`Waiting`) that yields until
    it has its answer. Sessions share one state, as with a real instrument.
    """

    typical_time: ClassVar[float] = 1e-3
    queue_length: ClassVar[int] = 20
    commands: ClassVar[tuple[Command, ...]]
    """Everything the instrument understands."""
    at_once: ClassVar[tuple[str, ...]] = ()
    """Patterns of what is done as soon as it comes, also behind a message that waits."""
    _tree: ClassVar[Tree]
    _settings: ClassVar[tuple[Setting[Any] | Settings[Any], ...]]

    def __init_subclass__(cls) -> None:
        members = [getattr(cls, name) for name in dir(cls)]
        cls._settings = tuple(member for member in members if isinstance(member, Setting | Settings))
        declared = [command for member in members for command in getattr(member, "scpi_commands", ())]
        cls.commands = (*declared, *(command for setting in cls._settings for command in setting.commands()))
        cls._tree = Tree(cls.commands)

    def __init__(self, world: "World", identity: str) -> None:
        self.world, self.identity = world, identity
        self.values: dict[str, Any] = {setting.name: setting.fresh() for setting in self._settings}
        self._errors: deque[ScpiError] = deque()
        self._event_status = 0x80  # power on
        self._event_enable = self._service_enable = 0
        self._completion_awaited = False

    def session(self) -> "ScpiSession":
        """A conversation with a new client."""
        return ScpiSession(self)

    def execute(self, message: str) -> bytes:
        """Do one message (without its terminator), waiting where it has to; the response with its terminator, or nothing."""
        doing = self.doing(message)
        while True:
            try:
                next(doing)
            except StopIteration as done:
                return bytes(done.value)
            self.world.progress()

    def doing(self, message: str) -> Waiting[bytes]:
        """Do one message: yields while a command before has not finished (`occupied`); returns the response message."""
        answers: list[bytes] = []
        for step in self._tree.parse(message):
            while self._blocked(step):
                yield
            done = self._do(step)
            if pieces := done if isinstance(done, tuple) else (yield from done):
                answers += pieces
                answers.append(b";")
        if answers:
            answers[-1] = b"\n"
        return b"".join(answers)

    def done(self, data: bytes) -> bytes | Waiting[bytes] | None:
        """The response to one message of one unit, done at once; None if `data` is anything else, or has to wait for others."""
        step = self._tree.alone(data)
        if step is None or self._blocked(step):
            return None
        done = self._do(step)
        if not isinstance(done, tuple):
            return self._message_in_time(done)
        return done[0] + b"\n" if len(done) == 1 else _message(done)

    def urgent(self, message: str) -> bool:
        """Whether a message goes before one that waits."""
        steps = self._tree.parse(message)
        return bool(steps) and all(map(self._goes_at_once, steps))

    @staticmethod
    def _message_in_time(doing: Waiting[tuple[bytes, ...]]) -> Waiting[bytes]:
        return _message((yield from doing))

    def _blocked(self, step: Call | ScpiError) -> bool:
        return (self.occupied() or self._waits(step)) and not self._goes_at_once(step)

    def _goes_at_once(self, step: Call | ScpiError) -> bool:
        return isinstance(step, Call) and step.command.pattern in self.at_once

    def _waits(self, step: Call | ScpiError) -> bool:
        return isinstance(step, Call) and step.command.waits and not self.complete()

    def _do(self, step: Call | ScpiError) -> tuple[bytes, ...] | Waiting[tuple[bytes, ...]]:
        """Do one unit of a message; the pieces of its answer, none if it has none; they may take their time."""
        if isinstance(step, ScpiError):
            self.world.spend(self.typical_time)
            self.fail(step)
            return ()
        command, arguments = step
        if command.progress:
            self.world.progress()
        else:
            self.world.spend(self.typical_time if command.cost is None else command.cost)
        try:
            answer = command.handler(self, *arguments)
        except ScpiError as error:
            self.fail(error)
            return ()
        if isinstance(answer, GeneratorType):
            return self._in_time(answer)
        return () if answer is None else encode(answer)

    def _in_time(self, answering: "Waiting[Answer | None]") -> Waiting[tuple[bytes, ...]]:
        try:
            answer = yield from answering
        except ScpiError as error:
            self.fail(error)
            return ()
        return () if answer is None else encode(answer)

    def fail(self, error: ScpiError) -> None:
        """Put an error into the queue (a full queue ends in -350) and set its standard event bit."""
        self._event_status |= _EVENT_BITS.get(-error.code // 100, 0x08)
        if len(self._errors) >= self.queue_length:
            self._errors[-1] = ScpiError(-350)
        else:
            self._errors.append(error)

    def queue_error(self, code: int) -> None:
        """Something has gone wrong in the instrument, whatever it was told: a fault on demand."""
        self.fail(ScpiError(code))

    def power_cycle(self) -> None:
        """Switched off and on again: nothing is put out, errors and events are forgotten."""
        self.reset()
        self._errors.clear()
        self._event_status = 0x80
        self._event_enable = self._service_enable = 0

    def reset(self) -> None:
        """Bring every setting to its default; a device with more state than settings extends this."""
        self.values.update({setting.name: setting.fresh() for setting in self._settings})

    def changed(self, name: str) -> None:
        """Called after the setting `name` was stored."""

    def complete(self) -> bool:
        """Whether no overlapped operation is pending (what ``*OPC?`` asks)."""
        return True

    def occupied(self) -> bool:
        """Whether a sequential command is still under way: what comes after it has to wait."""
        return False

    def abort(self) -> None:
        """Give up what `occupied` waits for: the client that waited has gone."""

    @on("*IDN?")
    def _idn(self) -> str:
        return self.identity

    @on("*RST")
    def _rst(self) -> None:
        self.reset()

    @on("*CLS")
    def _cls(self) -> None:
        self._errors.clear()
        self._event_status, self._completion_awaited = 0, False

    @on("*OPC")
    def _opc(self) -> None:
        self._completion_awaited = True

    @on("*OPC?", progress=True, waits=True)
    def _opc_query(self) -> bool:
        """1, and only when nothing is pending (IEEE 488.2 section 12.5.3)."""
        return self.complete()

    @on("*WAI", waits=True)
    def _wai(self) -> None:
        """What comes after it is not done before nothing is pending."""

    @on("*TST?")
    def _tst(self) -> int:
        return 0

    @on("*ESE", integer(0, 255))
    def _ese(self, mask: int) -> None:
        self._event_enable = mask

    @on("*ESE?")
    def _ese_query(self) -> int:
        return self._event_enable

    @on("*ESR?")
    def _esr(self) -> int:
        status = self._events()
        self._event_status = 0
        return status

    @on("*SRE", integer(0, 255))
    def _sre(self, mask: int) -> None:
        self._service_enable = mask & ~0x40

    @on("*SRE?")
    def _sre_query(self) -> int:
        return self._service_enable

    @on("*STB?")
    def _stb(self) -> int:
        summary = 0x20 if self._events() & self._event_enable else 0
        summary |= 0x04 if self._errors else 0
        return summary | (0x40 if summary & self._service_enable else 0)

    def _events(self) -> int:
        """The standard event status register, with operation complete once that was asked for and has come."""
        if self._completion_awaited and self.complete():
            self._event_status, self._completion_awaited = self._event_status | 0x01, False
        return self._event_status

    @on(":SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> str:
        return str(self._errors.popleft()) if self._errors else '0,"No error"'


@dataclass(frozen=True)
class Block:
    """A query's answer that is a block of bytes; makers differ in how many digits its length has, and what stands around it."""

    data: bytes
    digits: int = 1
    before: bytes = b""
    after: bytes = b""


Answer = str | bool | int | float | Block


def encode(answer: Answer) -> tuple[bytes, ...]:
    """A query's answer as pieces: booleans as 1 or 0, integers plain, other numbers in scientific notation."""
    if isinstance(answer, str):
        return (answer.encode("latin-1"),)
    if isinstance(answer, float):
        return (b"%.6e" % answer,)  # as `nr3`
    if isinstance(answer, Block):
        return answer.before + block_header(len(answer.data), answer.digits), answer.data, answer.after
    return (b"%d" % answer,)


def _message(pieces: tuple[bytes, ...]) -> bytes:
    return b"".join((*pieces, b"\n")) if pieces else b""


_FULL = 1 << 20
"""Bytes of answers after which what was asked next has to wait until somebody takes them."""
_SHORT = 256
"""Bytes of a message up to which it is worth remembering as a whole."""


class ScpiSession:
    """One client of a SCPI device: its own input buffer, the device's common state."""

    only_watches = False

    def __init__(self, device: ScpiDevice) -> None:
        self._device, self._framer, self.messages = device, Framer(), 0
        self._come: deque[str] = deque()
        self._doing: Waiting[bytes] | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is more to do, or a command takes its time: `receive` is to be called again, with nothing, soon."""
        return self._doing is not None or bool(self._come)

    def receive(self, data: bytes) -> bytes:
        """Do the messages that `data` completes; the answers in order.

        What takes its time gets a poll's 50 ms at once; for the rest of its time `receive` is called again, with nothing.
        """
        world = self._device.world
        soon = world.now + POLL if data and not world.paced else world.now
        if self._doing is None and not self._come and self._framer.empty and len(data) <= _SHORT:
            answer = self._device.done(data)
            if answer is not None:
                self.messages += 1
                if isinstance(answer, bytes):
                    return answer
                self._doing, data = answer, b""
        overrun: ScpiError | None = None
        answers: list[bytes] = []
        try:
            self._come.extend(self._framer.feed(data))
        except ScpiError as error:
            overrun = error
        size = 0
        while (self._doing is not None or self._come) and size < _FULL:
            if self._doing is None:
                self.messages += 1
                self._doing = self._device.doing(self._come.popleft())
            try:
                next(self._doing)
            except StopIteration as done:
                answers.append(done.value)
                size += len(done.value)
                self._doing = None
            else:
                answers += self._urgent()
                if world.now >= soon:
                    break
                world.progress(soon - world.now)
        if overrun is not None:
            self._device.fail(overrun)
        return b"".join(answers)

    def _urgent(self) -> list[bytes]:
        """Do what goes before the message that waits."""
        if not self._device.at_once:
            return []
        urgent = [message for message in self._come if self._device.urgent(message)]
        for message in urgent:
            self._come.remove(message)
        self.messages += len(urgent)
        return [self._device.execute(message) for message in urgent]

    def close(self) -> None:
        """Drop what was not complete."""
        if self._doing is not None:
            self._device.abort()
        self._framer, self._doing = Framer(), None
        self._come.clear()
