"""Brings the faults of `faults` about, on the instruments of one simulated bench, and mends them."""

import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurorig.signals import ConfigError, nearest

from .device import Device
from .disturbances import Disturbance, Disturbed
from .faults import KINDS, Fault
from .wire import Piece, Wire, bend

if TYPE_CHECKING:
    from .world import Event, World

Undo = Callable[[], None]


@dataclass(eq=False)
class Breakdown:
    """A fault that was asked for: `waits` messages pass before it, `left` answers or messages it still is for."""

    fault: Fault
    waits: float
    left: float
    begun: bool = False
    due: "Event | None" = None
    undo: list[Undo] = field(default_factory=list)

    @property
    def sort(self) -> str:
        """Whether it spoils answers, happens at messages, or lasts."""
        return KINDS[self.fault.kind].sort

    def told(self) -> dict[str, Any]:
        """For a person, or a test."""
        left = None if math.isinf(self.left) else int(self.left)
        return {"fault": str(self.fault), "begun": self.begun, "left": left}


class Breakdowns:
    """The faults of one bench: those still to come and those in force.

    `wires` by instrument name go to the server. `devices` are to be filled in, and `connect` tells which line of a channel
    drifts, sticks or ripples.
    """

    def __init__(self, world: "World", names: Iterable[str], seed: int = 0) -> None:
        self.world, self.seed = world, seed
        self.devices: dict[str, Device] = {}
        self.lines: dict[str, dict[str, Disturbed]] = {}
        self._all: dict[str, list[Breakdown]] = {name: [] for name in names}
        self.wires = {name: Wire(name, self._seed(name)) for name in self._all}

    def connect(self, name: str, channel: str, line: Disturbed) -> None:
        """`line` is what a channel of an instrument reaches the world by."""
        self.lines.setdefault(name, {})[channel] = line

    def add(self, fault: Fault) -> None:
        """Let it happen to an instrument that is known. Raises ConfigError when that cannot have it."""
        self._check(fault)
        messages, seconds = fault.wait
        breakdown = Breakdown(fault, messages, fault.times or math.inf)
        self._all[fault.name].append(breakdown)
        self.wires[fault.name].watching = self
        if seconds:
            breakdown.waits = math.inf
            breakdown.due = self.world.at(self.world.now + seconds, lambda: self._begin(breakdown))
        elif not messages:
            self._begin(breakdown)

    def mend(self, where: str) -> None:
        """End every fault of an instrument (``scope``), of one of its channels (``source.1``), or of ``all``.

        Raises ConfigError when there is no such instrument.
        """
        name = where.partition(".")[0]
        if name not in self.wires and where != "all":
            raise ConfigError(f"There is no instrument '{where}' to mend.{nearest(where, [*self.wires, 'all'])}")
        for found in list(self._all.values()):
            for breakdown in reversed(list(found)):  # a state that lies over another one goes first
                if where in ("all", breakdown.fault.name, breakdown.fault.instrument):
                    self._end(breakdown)

    def told(self) -> list[dict[str, Any]]:
        """What is in force and what is still to come."""
        return [b.told() for name, found in self._all.items() for b in found if b.left > 0 or self.wires[name].down]

    # What the wires say.

    def message_comes(self, wire: Wire) -> None:
        """Begin what is due with this message."""
        for breakdown in list(self._all[wire.name]):
            if not breakdown.begun and breakdown.waits <= 0:
                self._begin(breakdown)
            elif breakdown.begun and breakdown.sort == "event":
                self._happen(breakdown)

    def message_done(self, wire: Wire, count: int) -> None:
        """Count."""
        for breakdown in list(self._all[wire.name]):
            if not breakdown.begun:
                breakdown.waits -= count
            elif breakdown.sort == "state":
                self._used(breakdown, count)

    def spoil(self, wire: Wire, answer: bytes) -> list[Piece]:
        """What arrives of an answer: the first fault that is for answers has it."""
        for breakdown in self._all[wire.name]:
            if breakdown.begun and breakdown.sort == "answer":
                amount = breakdown.fault.amount
                self._used(breakdown, 1)
                return bend(breakdown.fault.kind, None if amount is None else float(amount), answer, wire.random)
        return [Piece(0.0, answer)]

    # Beginning and ending.

    def _check(self, fault: Fault) -> None:
        device, kind = self.devices.get(fault.name), fault.kind
        for wanted, attribute in (("error", "queue_error"), ("identity", "identity")):
            if kind == wanted and not hasattr(device, attribute):
                raise ConfigError(f"{fault}: {fault.name} cannot have it: it knows no such thing.")
        if KINDS[kind].roles and not self._lines(fault):
            raise ConfigError(f"{fault}: nothing of {fault.name} is wired that could have it.")

    def _begin(self, breakdown: Breakdown) -> None:
        breakdown.begun = True
        if breakdown.sort == "event":
            self._happen(breakdown)
        elif breakdown.sort == "state":
            breakdown.undo = self._last(breakdown.fault)

    def _happen(self, breakdown: Breakdown) -> None:
        """An event, at its first message and at those after it."""
        fault, wire = breakdown.fault, self.wires[breakdown.fault.name]
        if wire.down:
            return
        if breakdown.left <= 0:  # the time of the last drop has passed
            self._end(breakdown)
            return
        amount = float(fault.amount or 0.0)
        breakdown.left -= 1
        if fault.kind == "error":
            self.devices[fault.name].queue_error(int(amount))  # type: ignore[attr-defined]  # `_check` has looked
        else:
            breakdown.undo = [wire.mend]
            wire.cut(amount if fault.times else math.inf)
        if breakdown.left <= 0 and not wire.down:
            self._end(breakdown)

    def _last(self, fault: Fault) -> list[Undo]:
        """Let a state begin; what ends it."""
        wire, device = self.wires[fault.name], self.devices.get(fault.name)
        if fault.kind == "dead":
            if cycle := getattr(device, "power_cycle", None):
                cycle()
            wire.cut(math.inf)
            return [wire.mend]
        if fault.kind == "identity":
            true: str = device.identity  # type: ignore[union-attr]  # `_check` has looked
            device.identity = str(fault.amount)  # type: ignore[union-attr]  # as above
            return [lambda: setattr(device, "identity", true)]
        return [self._spoil_line(fault, channel, line) for channel, line in self._lines(fault).items()]

    def _spoil_line(self, fault: Fault, channel: str, line: Disturbed) -> Undo:
        if fault.kind == "stuck":
            line.stuck = True
            return lambda: setattr(line, "stuck", False)
        amount, now = float(fault.amount or 0.0), self.world.now
        added = Disturbance(fault.unit.partition("/")[0], now)
        if fault.kind == "overrange":
            added.offset = amount
        elif fault.kind == "drift":
            added.slope = amount
        else:
            added.amplitude = amount
            added.phase = self._seed(f"{fault.name}.{channel}") % 6283 * 1e-3
        line.disturb(added)
        return lambda: line.settle(added, self.world.now)

    def _lines(self, fault: Fault) -> dict[str, Disturbed]:
        """The channels that it is about, and that can have it."""
        unit = "" if fault.kind == "stuck" else fault.unit.partition("/")[0]
        return {
            channel: line
            for channel, line in self.lines.get(fault.name, {}).items()
            if fault.channel in ("", channel) and (not unit or line.unit in ("", unit))
        }

    def _used(self, breakdown: Breakdown, count: int) -> None:
        breakdown.left -= count
        if breakdown.left <= 0:
            self._end(breakdown)

    def _end(self, breakdown: Breakdown) -> None:
        name = breakdown.fault.name
        if breakdown.due is not None:
            breakdown.due.cancel()
        if breakdown in self._all[name]:
            self._all[name].remove(breakdown)
        for undo in breakdown.undo:
            undo()
        if not self._all[name]:
            self.wires[name].watching = None

    def _seed(self, name: str) -> int:
        return zlib.crc32(f"{self.seed}/{name}/faults".encode())
