"""The command interface of the simulated Keithley 2600B: messages of its clients, scripts that are loaded, what is being done.

2600BS-901-01 Rev. F, section 6 (loading scripts: until ``endscript`` every message is collected, 6-4) and 11-1 to 11-4 (common
commands); Rev. B, 7-141 (prompts).
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..world import POLL as LONGEST_POLL
from .keithley_2600b_tree import COMPLETE, POLL, Cost, TspError, Until, Work

if TYPE_CHECKING:
    from ..world import Event
    from .keithley_2600b import SimulatedKeithley2600B

LINE = Cost(300e-6)
"""Seconds that a message takes before it is done."""
REQUEST = Cost(20e-6)
"""Seconds that a script takes to ask the instrument for something; costs are paid when `OWED` have come together."""
BYTE = 1e-7
"""Seconds of a byte that is answered."""
OWED = 1e-3
PATIENCE = 0.25
"""Seconds of the world that pass while a client waits for what it has asked; what takes longer goes on by itself."""
LONGEST_MESSAGE = 1_000_000
"""Characters of one message or script."""

QUESTIONS: Mapping[str, Callable[["SimulatedKeithley2600B"], str]] = {
    "*IDN?": lambda it: it.identity,
    "*OPC?": lambda it: "1",
    "*TST?": lambda it: "0",
    "*ESE?": lambda it: str(it.status.standard.enable),
    "*ESR?": lambda it: str(it.status.standard.events(clear=True)),
    "*SRE?": lambda it: str(it.status.request_enable),
    "*STB?": lambda it: str(it.status.condition),
}
ORDERS: Mapping[str, Callable[["SimulatedKeithley2600B"], None]] = {
    "*CLS": lambda it: it.status.reset(),
    "*OPC": lambda it: it.tell_complete(),
    "*RST": lambda it: it.reset(),
    "*WAI": lambda it: None,
}
_COMMON = re.compile(r"\s*(\*[A-Za-z]{3}\??)(?:\s+(\d{1,5}))?\s*;?\s*$")
_LOAD = re.compile(r"\s*(loadscript|loadandrunscript)(?:\s+([A-Za-z_]\w*))?\s*$")


def common(instrument: "SimulatedKeithley2600B", name: str, value: int | None) -> Work:
    """Do a common command; `value` is that of ``*ESE`` and ``*SRE``."""
    yield LINE
    status = instrument.status
    if name in ("*OPC?", "*WAI"):
        yield COMPLETE
    if name in ("*STB?", "*ESR?"):
        yield POLL
    if name == "*ESE":
        status.standard.write("enable", value)
    elif name == "*SRE":
        status.write("request_enable", value)
    elif name in QUESTIONS:
        instrument.put(QUESTIONS[name](instrument))
    else:
        ORDERS[name](instrument)


class Task:
    """One message that is being done: it goes on when what it waits for has come."""

    def __init__(self, instrument: "SimulatedKeithley2600B", session: "TspSession", work: Work, common: bool) -> None:
        self._instrument, self.session, self._work, self.common = instrument, session, work, common
        self._next: Event | None = None
        self._owed = 0.0
        self._stopped = False
        self.polling = False

    def go_on(self) -> None:
        """Go on until there is something to wait for."""
        self._next, self.polling = None, False
        world = self._instrument.world
        while not self._stopped:
            try:
                wait = next(self._work)
            except StopIteration:
                if self._owed and not world.paced:
                    self._later(0.0, self._end)
                else:
                    self._end()
                return
            except TspError as error:
                self._instrument.fail(error)
                self._end()
                return
            if isinstance(wait, Until):
                if self._wait_for(wait):
                    return
            elif isinstance(wait, Cost):
                self._owed += wait
                if self._owed >= OWED:
                    self._later(0.0, self.go_on)
                    return
            else:
                self._later(wait, self.go_on)
                return

    def poll(self) -> None:
        """Let the world go on to what it waits for, by at most 50 ms, and go on."""
        world = self._instrument.world
        end = world.now + LONGEST_POLL
        while self._instrument.busy and world.now < end:
            world.progress()
        self.go_on()

    def late(self) -> None:
        """Nobody waits for it in the foreground any more."""
        self.polling = False
        self._later(REQUEST, self.go_on)

    def stop(self) -> None:
        """End it where it stands."""
        self._stopped = True
        if self._next is not None:
            self._next.cancel()
        self._work.close()

    def _wait_for(self, what: Until) -> bool:
        """Whether it has to wait."""
        if what is COMPLETE:
            self._instrument.when_complete(self.go_on)
            return True
        self.polling = self._instrument.foreground is self.session
        return self.polling

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        world = self._instrument.world
        self._next = world.at(world.now + seconds + self._owed, action)
        self._owed = 0.0

    def _end(self) -> None:
        if not self._stopped:
            self._instrument.finished(self)


class TspSession:
    """One client: its half-received line, the script that it is loading, and what is to be answered."""

    def __init__(self, instrument: "SimulatedKeithley2600B") -> None:
        self._instrument = instrument
        self._held = b""
        self._answers: list[bytes] = []
        self._loading: tuple[str, str] | None = None
        self._lines: list[str] = []
        self._size = 0
        self._open = True
        self.messages = self.pending = 0

    @property
    def waiting(self) -> bool:
        """Whether something is not done yet, or not yet answered: another `receive` (of nothing) may bring more."""
        return self._open and bool(self.pending or self._answers)

    def answer(self, line: str) -> None:
        """Send a line."""
        if self._open:
            self._answers.append(line.encode("latin-1", "replace") + b"\n")

    def receive(self, data: bytes) -> bytes:
        """Take what has arrived; what is answered by then, or within `PATIENCE` of the world's time after it."""
        if data:
            self._take_all(data)
        answers, self._answers = b"".join(self._answers), []
        return answers

    def _take_all(self, data: bytes) -> None:
        instrument, world = self._instrument, self._instrument.world
        instrument.foreground = self
        *lines, self._held = (self._held + data).split(b"\n")
        try:
            for line in lines:
                self._take(line.decode("latin-1").rstrip("\r"))
            if len(self._held) > LONGEST_MESSAGE:
                self._held = b""
                instrument.fail(TspError(-363))
            end = world.now + PATIENCE
            while self.pending and not world.paced and world.now < end:
                if instrument.current is not None and instrument.current.polling:
                    instrument.current.poll()
                else:
                    world.progress()
        finally:
            instrument.foreground = None
        if instrument.current is not None and instrument.current.polling:
            instrument.current.late()

    def close(self) -> None:
        """The client has gone: nobody reads what is still answered."""
        self._open = False
        self._held, self._loading, self._lines = b"", None, []

    def _take(self, line: str) -> None:
        self.messages += 1
        instrument = self._instrument
        if self._loading is not None:
            self._collect(line)
        elif line.strip() == "abort":
            instrument.abort()
        elif match := _LOAD.match(line):
            self._loading, self._lines, self._size = (match[1], match[2] or ""), [], 0
            self._prompt_for_more()
        elif match := _COMMON.match(line):
            self._common(match[1].upper(), match[2])
        elif line.strip():
            instrument.submit(self, lambda: instrument.run(line))

    def _common(self, name: str, value: str | None) -> None:
        instrument = self._instrument
        known = name in QUESTIONS or name in ORDERS or (name in ("*ESE", "*SRE") and value is not None)
        if name == "*TRG":
            instrument.trigger.command()
        elif known:
            instrument.submit(
                self, lambda: common(instrument, name, None if value is None else int(value)), common=True
            )
        else:
            instrument.submit(self, lambda: instrument.run(name))

    def _collect(self, line: str) -> None:
        """A line of a script that is being loaded."""
        assert self._loading is not None
        if line.strip() != "endscript":
            self._lines.append(line)
            self._size += len(line) + 1
            if self._size > LONGEST_MESSAGE:
                self._lines, self._size = [], 0
                self._instrument.fail(TspError(-363))
            self._prompt_for_more()
            return
        (command, name), source = self._loading, "\n".join(self._lines)
        self._loading, self._lines = None, []
        self._instrument.submit(self, lambda: self._loaded(name, source, run=command == "loadandrunscript"))

    def _loaded(self, name: str, source: str, *, run: bool) -> Work:
        yield LINE
        instrument = self._instrument
        chunk, problem = instrument.lua.compile(source)
        if chunk is None:
            instrument.fail(TspError(-285, text=problem))
            return
        instrument.lua.keep(name, source)
        if run:
            yield from instrument.run_chunk(chunk)

    def _prompt_for_more(self) -> None:
        if self._instrument.localnode.prompts:
            self.answer(">>>>")
