"""The pulse card of a simulated Keithley 4200A under KXCI: pulse trains, pulse sweeps, segment-arb sequences, their data.

What the manual says and what is assumed: see `keithley_4200a`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..source_measure import Job
from ..world import POLL
from .keithley_4200a_language import ACKNOWLEDGED, KxciError, does, number, whole
from .keithley_4200a_pulse_channel import Plan, PulseChannel, Sum
from .keithley_4200a_system import SystemMode
from .keithley_4200a_units import PULSE_PATH, REMOTE_MODULES
from .keithley_4200a_waveforms import MOST_POINTS, Sequence, Shape

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World

SHORTEST = {10: (60e-9, 40e-9, 20e-9), 40: (500e-9, 250e-9, 50e-9)}
"""Period, width, and rise, fall, delay or segment, seconds, by source range (Rev. D pages 7-17 to 7-19 and 7-52)."""
MOST_VALUES, MOST_ROWS, MOST_SEQUENCES = 128, 2048, 512
ARRAYS = {
    "TIME": (20e-9, 1.0), "STARTV": (-40.0, 40.0), "STOPV": (-40.0, 40.0), "MEAS:TYPE": (0.0, 4.0),
    "MEAS:START": (0.0, 1.0), "MEAS:STOP": (0.0, 1.0), "SSR": (1.0, 1.0), "TRIG": (0.0, 1.0),
}  # fmt: skip
"""Limits of what stands in the arrays of a sequence; relays are always closed here."""


class PulseCard(SystemMode):
    """PMU1 with two channels behind remote modules."""

    def __init__(self, world: "World", leads: "Mapping[str, Leads]", serial: str, random: np.random.Generator) -> None:
        self.pulses: dict[int, PulseChannel] = {}
        self.players: dict[int, Job] = {}
        super().__init__(world, leads, serial, random)
        self.pulses = {n: PulseChannel(world, self.nowhere, random) for n in (1, 2)}
        self.plan = Plan()

    def reset(self) -> None:
        """The pulse card as well."""
        super().reset()
        self.plan = Plan()
        for each in self.pulses.values():
            each.reset()

    def running(self) -> bool:
        """Whether a test of the SMUs or of the pulse card is going on."""
        return super().running() or self._playing()

    def _playing(self) -> bool:
        return any(job.running for job in self.players.values())

    def stop(self) -> None:
        """End all tests."""
        super().stop()
        for job in self.players.values():
            job.stop()

    def route(self, module: str, path: int) -> None:
        """The pulse card's side of the remote module."""
        super().route(module, path)
        n = REMOTE_MODULES.index(module.upper()) + 1
        wanted = self.leads[n] if path == PULSE_PATH else self.nowhere
        if self.pulses[n].leads is not wanted:
            self.pulses[n].move(wanted)

    def _pulse(self, text: str) -> PulseChannel:
        return self.pulses[whole(text, 1, len(self.pulses))]

    @staticmethod
    def _change(each: PulseChannel, **changes: object) -> None:
        each.player.waveform = replace(each.player.waveform, **changes)  # type: ignore[arg-type]  # names of its fields

    @does(":PMU:INIT")
    def _init(self, mode: str) -> None:
        self.plan = Plan(segments=bool(whole(mode, 0, 1)))
        for each in self.pulses.values():
            each.reset()

    @does(":PMU:LOAD")
    def _load(self, which: str, ohms: str) -> None:
        self._pulse(which), number(ohms, 1.0, 1e7)  # nothing drops before the device here

    @does(":PMU:LLEC:CONFIGURE")
    def _load_line(self, which: str, on: str) -> None:
        self._pulse(which), whole(on, 0, 1)

    @does(":PMU:CONNECTION:COMP")
    def _compensation(self, which: str, kind: str, on: str) -> None:
        self._pulse(which), whole(kind, 1, 2), whole(on, 0, 1)

    @does(":PMU:RETAIN:CONFIG")
    def _retain(self, which: str, on: str) -> None:
        self._pulse(which).retained = bool(whole(on, 0, 1))

    @does(":PMU:SOURCE:RANGE")
    def _source_range(self, which: str, volts: str) -> None:
        if (value := whole(volts, 10, 40)) not in SHORTEST:
            raise KxciError(f"There is no source range of {value} V")
        self._change(self._pulse(which), source_range=value)

    @does(":PMU:MEASURE:RANGE")
    def _measure_range(self, which: str, kind: str, amperes: str = "") -> None:
        chosen = whole(kind, 0, 2)
        if chosen and not amperes:
            raise KxciError("Illegal number of parameters")
        self._change(self._pulse(which), range_type=chosen, amperes=number(amperes, 1e-7, 0.8) if amperes else 0.0)

    @does(":PMU:MEASURE:MODE")
    def _measure_mode(self, mode: str) -> None:
        self.plan = replace(self.plan, mode=whole(mode, 0, 4))

    @does(":PMU:MEASURE:PIV")
    def _spot_levels(self, which: str, high: str, low: str) -> None:
        wanted = bool(whole(high, 0, 1)), bool(whole(low, 0, 1))
        if not any(wanted):
            self._change(self._pulse(which), high=True, low=True)
            raise KxciError("Neither the high nor the low level is measured")
        self._change(self._pulse(which), high=wanted[0], low=wanted[1])

    @does(":PMU:TIMES:PIV")
    def _spot_times(self, which: str, start: str, stop: str) -> None:
        spot = number(start, 0.0, 1.0), number(stop, 0.0, 1.0)
        if spot[0] >= spot[1]:
            raise KxciError("The measurement ends before it begins")
        self._change(self._pulse(which), spot=spot)

    @does(":PMU:TIMES:WAVEFORM")
    def _margins(self, which: str, before: str, after: str) -> None:
        self._change(self._pulse(which), margins=(number(before, 0.0, 1.0), number(after, 0.0, 1.0)))

    @does(":PMU:SAMPLE:RATE")
    def _sample_rate(self, rate: str) -> None:
        self.plan = replace(self.plan, rate=number(rate, 1e3, 200e6))

    @does(":PMU:PULSE:BURST:COUNT")
    def _burst(self, count: str) -> None:
        self.plan = replace(self.plan, burst=whole(count, 1, 10_000))

    @does(":PMU:PULSE:TRAIN")
    def _train(self, which: str, base: str, amplitude: str) -> None:
        self._change(self._pulse(which), levels=((number(base, -40.0, 40.0), number(amplitude, -40.0, 40.0)),))

    @does(":PMU:PULSE:TIMES")
    def _times(self, which: str, period: str, width: str, *edges: str) -> None:
        if len(edges) not in (2, 3):
            raise KxciError("Illegal number of parameters")
        each = self._pulse(which)
        rise, fall, delay = (*edges, "0")[:3]
        least = SHORTEST[each.player.waveform.source_range]
        seconds = number(period, least[0], 1.0)
        shape = Shape(
            seconds,
            number(width, least[1], seconds - 10e-9),
            number(rise, least[2], 33e-3),
            number(fall, least[2], 33e-3),
            number(delay, 0.0, 1.0),
        )
        if 0.0 < shape.delay < least[2] * (1 - 1e-9) or shape.top <= 0.0 or shape.rise > shape.width:
            raise KxciError("Rise, fall, width and delay of the pulse do not go together")
        if seconds - shape.delay - shape.width - (shape.rise + shape.fall) / 2 <= 40e-9:
            raise KxciError("The pulse leaves less than 40 ns until the next one")
        for other in self.pulses.values():  # the period sent last is that of all channels
            self._change(other, shape=replace(other.player.waveform.shape, period=seconds))
        self._change(each, shape=shape)

    @does(":PMU:SWEEP:PULSE:AMPLITUDE")
    def _sweep_amplitude(self, which: str, start: str, stop: str, step: str, *rest: str) -> None:
        base, levels = self._fixed_and_levels(start, stop, step, rest)
        self._change(self._pulse(which), levels=tuple((base, level) for level in levels))

    @does(":PMU:SWEEP:PULSE:BASE")
    def _sweep_base(self, which: str, start: str, stop: str, step: str, *rest: str) -> None:
        amplitude, levels = self._fixed_and_levels(start, stop, step, rest)
        self._change(self._pulse(which), levels=tuple((level, amplitude) for level in levels))

    @does(":PMU:SWEEP:DC")
    def _sweep_dc(self, which: str, start: str, stop: str, step: str, dual: str = "0") -> None:
        self._change(self._pulse(which), levels=tuple((v, v) for v in self._sweep_levels(start, stop, step, dual)))

    def _fixed_and_levels(self, start: str, stop: str, step: str, rest: tuple[str, ...]) -> tuple[float, list[float]]:
        """The level that stays, and those that are swept."""
        if len(rest) not in (1, 2):
            raise KxciError("Illegal number of parameters")
        return number(rest[0], -40.0, 40.0), self._sweep_levels(start, stop, step, (*rest, "0")[1])

    @staticmethod
    def _sweep_levels(start: str, stop: str, step: str, dual: str) -> list[float]:
        first, last, each = (number(text, -40.0, 40.0) for text in (start, stop, step))
        points = int(abs((last - first) / each) + 1.5) if each else 0
        if not 1 <= points <= MOST_POINTS:
            raise KxciError(f"A sweep has 1 to {MOST_POINTS} points")
        levels: list[float] = (first + np.sign(last - first) * abs(each) * np.arange(points)).tolist()
        return levels + levels[::-1] if whole(dual, 0, 1) else levels

    def _do(self, command: str, arguments: list[str]) -> str:
        """The arrays of a sequence have one form."""
        what, added = command.removeprefix(":PMU:SARB:SEQ:"), command.endswith(":ADD")
        if what == command or (array := what.removesuffix(":ADD")) not in ARRAYS or self.running():
            return super()._do(command, arguments)
        self._array(array, arguments, added=added)
        return ACKNOWLEDGED

    def _array(self, what: str, arguments: list[str], *, added: bool) -> None:
        if not 3 <= len(arguments) <= MOST_VALUES + 2:
            raise KxciError("Illegal number of parameters")
        which, sequence, *texts = arguments
        each, low, high = self._pulse(which), *ARRAYS[what]
        values = [number(text, low, high) for text in texts]
        if what in ("MEAS:TYPE", "TRIG") and any(value % 1 for value in values):
            raise KxciError("A type or a state is a whole number")
        arrays = each.player.sequences.setdefault(whole(sequence, 1, MOST_SEQUENCES), Sequence()).arrays
        arrays[what] = [*arrays.get(what, ()), *values] if added else values

    @does(":PMU:SARB:WFM:SEQ:LIST")
    def _order(self, which: str, *order: str) -> None:
        each = self._pulse(which)
        if not order or len(order) % 2:
            raise KxciError("Illegal number of parameters")
        chosen = [
            (whole(a, 1, MOST_SEQUENCES), whole(b, 1, 10**12)) for a, b in zip(order[::2], order[1::2], strict=True)
        ]
        for sequence, _ in chosen:
            if not each.player.sequences.get(sequence, Sequence()).array("TIME"):
                raise KxciError(f"Sequence {sequence} is not defined")
        each.player.order = chosen

    @does(":PMU:OUTPUT:STATE", always=True)
    def _output_state(self, which: str, on: str) -> None:
        each = self._pulse(which)
        if whole(on, 0, 1):
            each.on = True
            return
        job = self.players.get(next(n for n, pulse in self.pulses.items() if pulse is each))
        if job is not None:
            job.stop()
        each.off()

    @does(":PMU:EXECUTE")
    def _execute(self) -> None:
        playing = {n: each for n, each in self.pulses.items() if each.on}
        if not playing:
            raise KxciError("No output is on")
        for each in playing.values():
            each.check(self.plan)
        self.players = {n: Job(self.world, each.run(self.plan)) for n, each in playing.items()}

    @does(":PMU:ABORT", always=True)
    def _abort(self) -> None:
        for n, each in self.pulses.items():
            if n in self.players:
                self.players[n].stop()
            each.off()

    @does(":PMU:TEST:STATUS?", always=True)
    def _test_status(self) -> str:
        self.world.spend(POLL - self.typical_time)  # a waveform has too many events to stop at each of them
        return str(int(self._playing()))

    @does(":PMU:DATA:COUNT?", always=True)
    def _data_count(self, which: str) -> str:
        return str(len(self._pulse(which).rows))

    @does(":PMU:DATA:GET", always=True)
    def _data(self, which: str, start: str = "0", count: str = str(MOST_ROWS), *fields: str) -> str:
        first, most = whole(start, 0, MOST_POINTS), whole(count, 1, MOST_ROWS)
        rows = list(self._pulse(which).rows.values())[first : first + most]
        wanted = [text.strip("'").upper() for text in fields]
        return ";".join(",".join(_told(row, wanted)) for row in rows)


def _told(row: Mapping[str, Sum], wanted: list[str]) -> list[str]:
    """The fields of one row: those that are wanted, or all."""
    known = {what + part: (part, what) for part in sorted(row) for what in "VITS"}
    if unknown := [each for each in wanted if each not in known]:
        raise KxciError(f"There is no value {unknown[0][:40]!a}")
    return [row[known[each][0]].field(known[each][1]) for each in wanted or known]
