"""The simulated current source on a bench of its own: two ammeters, SYNC and trigger lines, a comparator, a client."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.drivers.arduino_source import ArduinoSource
from neurorig.instruments.simulated.lines import LogicLine
from neurorig.instruments.simulated.models.arduino_source import SimulatedArduinoSource
from neurorig.instruments.simulated.models.firmware_source import FirmwareSource
from neurorig.signals import Steps

from .fakes import quiet_world, serving
from .protocol_client import block

LSB = 250e-6 / 4096
BRAINS = ["python", pytest.param("firmware", marks=pytest.mark.needs("simavr"))]
"""What answers: the model of the protocol page, or the real program on a simulated processor."""


class Ammeter:
    """What flows out of one channel, as the board would feel it."""

    stuck = False

    def __init__(self, world) -> None:
        self.world, self.changes, self.volts = world, [(0.0, 0.0)], 1.234

    def drive(self, amperes: float) -> None:
        if self.stuck and amperes == 0:
            amperes = self.now
        while self.changes and self.changes[-1][0] >= self.world.now:
            self.changes.pop()
        self.changes.append((self.world.now, amperes))

    def play(self, steps: Steps, start: float) -> None:
        assert start >= self.world.now - 1e-12, "played into the past"
        self.changes += [(start + t, i) for t, i in zip(steps.edges[:-1], steps.levels, strict=True)]

    def voltage(self) -> float:
        return self.volts

    def sample(self, t0: float, dt: float, n: int):
        times = t0 + dt * np.arange(n)
        assert not n or times[-1] <= self.world.now + 1e-9, "sampled the future"
        return np.full(n, self.volts) if not callable(self.volts) else self.volts(times)

    def at(self, when: float) -> float:
        return next(i for t, i in reversed(self.changes) if t <= when + 1e-12)

    @property
    def now(self) -> float:
        return self.at(self.world.now)

    @property
    def begun(self) -> float:
        """When current first flowed."""
        return next(t for t, i in self.changes if i)

    def since(self, start: float) -> list[tuple[float, int]]:
        """Changes from `start` on as (microseconds later, code), equal neighbours joined."""
        changes = [(round((t - start) * 1e6), round(i / LSB)) for t, i in self.changes if t >= start - 1e-12]
        return [next(group) for _, group in itertools.groupby(changes, key=lambda change: change[1])]


class Ticker:
    """A comparator that sees spikes at given times."""

    def __init__(self) -> None:
        self.times = np.empty(0)

    def crossings(self, level: float, start: float, stop: float):
        assert 0 < level < 5
        first, last = np.searchsorted(self.times, (start, stop), side="right")
        return self.times[first:last]

    foresee = crossings


class SourceBench:
    """`ask` sends one line and gives its answer."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, *, brain: str = "python", **options) -> None:
        self.world = quiet_world()
        self.out = {n: Ammeter(self.world) for n in (1, 2)}
        self.sync, self.trigger = LogicLine(self.world), LogicLine(self.world)
        self.comparators = {1: Ticker(), 2: Ticker()}
        self.comparator = self.comparators[1]
        source = {"python": SimulatedArduinoSource, "firmware": FirmwareSource}[brain]
        self.source = source(
            self.world, self.out, self.sync, self.trigger, self.comparators, serial="N-1", clock=clock, **options
        )
        self.session = self.source.session()

    @contextmanager
    def driven(self) -> Iterator[ArduinoSource]:
        """The driver, connected through a port of its own."""
        with serving(self.world, {"source": self.source}) as ports:
            driver = DRIVERS["arduino_source"].connect(f"serial+tcp://127.0.0.1:{ports['source']}", name="source")
            yield driver
            driver.close()

    def send(self, data: bytes) -> str:
        return self.session.receive(data).decode("latin-1")

    def ask(self, line: str) -> str:
        answer = self.send(line.encode() + b"\n")
        assert answer.count("\n") == 1, f"{line}: {answer!r} is not one line"
        return answer[:-1]

    def ask_after_hello(self, line: str) -> str:
        """The first answer after a restart, which the hello line precedes."""
        hello, answer = self.send(line.encode() + b"\n").splitlines()
        assert hello.startswith("HELLO neurorig,ARDUINO-SOURCE-2,")
        return answer

    def ok(self, *lines: str) -> None:
        for line in lines:
            assert self.ask(line) == "OK", line

    def load(self, n: int, program: bytes) -> str:
        return self.send(f"SOUR{n}:WAV:DATA ".encode() + block(program) + b"\n").removesuffix("\n")

    def start(self, *channels: int, program: bytes) -> float:
        """Play a program on the channels; t0 as the SYNC line shows it."""
        for n in channels:
            assert self.load(n, program) == "OK"
            self.ok(f"OUTP{n} ON")
        self.ok("ARM", "TRIG")
        return self.t0()

    def t0(self) -> float:
        self.wait(0.001)
        (edge,) = self.sync.crossings(2.5, self.world.now - 0.002, self.world.now)
        return float(edge)

    def wait(self, seconds: float) -> None:
        self.world.advance_to(self.world.now + seconds)

    def stamps(self, ch: int = 1, most: int = 64) -> tuple[int, list[int]]:
        answer = self.session.receive(f"SPIK:DATA? {ch},{most}\n".encode())
        digits = int(answer[1:2])
        data = answer[2 + digits : -3]
        return int.from_bytes(data[:2], "little"), np.frombuffer(data[2:], "<u4").tolist()

    def scans(self, quantities: int, most: int = 192) -> tuple[int, int, np.ndarray]:
        """Number of the first scan, how many were lost before it, samples of shape (n, quantities)."""
        answer = self.session.receive(f"ADC:DATA? {most}\n".encode())
        assert answer[:1] == b"#", answer
        data = answer[2 + int(answer[1:2]) : -3]
        samples = np.frombuffer(data[6:], "<i2").reshape(-1, quantities)
        return int.from_bytes(data[:4], "little"), int.from_bytes(data[4:6], "little"), samples

    @property
    def status(self) -> int:
        return int(self.ask("STAT?"))

    def errors(self) -> list[int]:
        """Empty the queue."""
        numbers = []
        while (number := int(self.ask("SYST:ERR?").split(",")[0])) != 0:
            numbers.append(number)
        return numbers
