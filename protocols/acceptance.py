"""Acceptance of a current source: what it really delivers into a known resistor or an active load, measured step by step.

The channel is taken off the board and put into the resistor; an oscilloscope, a multimeter or a source-meter looks at it.
Every program keeps to the limits of the port that the channel is wired to, and the source is off between any two.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurorig.analysis import standing
from neurorig.signals import BenchError, ConfigError, LimitError, show

from .acceptance_meters import DmmMeter, Meter, Player, ScopeMeter, SmuMeter, meter_for
from .stimuli import Stimulus, hold

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.connection import Rig
    from neurorig.instruments.wiring import PortWiring

Floats = NDArray[np.float64]
Ask = Callable[[str, float], None]
"""Has a person do what a sentence says; the resistance (ohm) is what then is there."""
Tell = Callable[[float, str], None]
"""Called with the fraction done and what is being done."""

REACH = 3.4
"""Volts up to which a source is asked to drive a resistor: a membrane fires at 3.55 V."""
PARTS = (-1.0, -0.5, 0.0, 0.05, 0.1, 0.18, 0.27, 0.4, 0.6, 0.8, 1.0)
"""Levels of the accuracy, in parts of the range on either side of zero."""
LOADS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.3, 3.6)
"""Volts at which a source-meter holds the channel for the sag; the one for everything else is the second."""
PROBE, ALIKE = 5e-6, 0.05
"""A, the first current, by which the resistor is recognised; within this part."""
WORKING = 45e-6
"""A: most protocols live near I_min of these boards."""
NOISE_SECONDS, NOISE_RATE, NOISE_SCREENS = 10.0, 20e3, (0.005, 0.02, 0.1, 0.5)
"""Length and rate of the records of the noise, and the half screens (V) that are tried until it fits."""
CALM = 0.8
"""Seconds after which an AC-coupled input has forgotten the step."""
STEP_SECONDS, STEP_RATE = 2e-3, 5e6


@dataclass(frozen=True)
class AcceptancePlan:
    """What to accept and how: `source` and `meter` as ``instrument.channel``, resistors in ohm, the time of the drift in s.

    `resistor_error`: relative, of one resistor. `working`: the current (A) of sag, drift, step and noise; None: `WORKING`, or
    what the limits leave of it.
    """

    source: str
    resistors: tuple[float, ...]
    meter: str
    resistor_error: float = 1e-3
    drift: float = 60.0
    working: float | None = None


@dataclass
class Measured:
    """What came out, before it is analysed; currents in A."""

    gain_error: float
    """Relative, common to all values."""
    working: float
    rows: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Commanded, delivered, error, volts at the channel."""
    sag: list[tuple[float, float, float]] = field(default_factory=list)
    """Volts at the channel, delivered, error: at the working current."""
    drift: tuple[Floats, Floats] | None = None
    """Times (s) and means."""
    step: tuple[Floats, Floats] | None = None
    """Times (s) after the marker, and current."""
    noise: tuple[Floats, float] | None = None
    """Current, samples a second."""
    quiet: tuple[Floats, float] | None = None
    """The same with the source off."""
    missing: dict[str, str] = field(default_factory=dict)
    """What could not be measured with these means, and why."""
    notes: list[str] = field(default_factory=list)


def check_acceptance(plan: AcceptancePlan, bench: "Bench") -> tuple[float, float]:
    """The currents (A) that the source may be asked for, lowest and highest; no I/O.

    Raises ConfigError for a source, meter, resistor or time that cannot be, LimitError where nothing is left to measure.
    """
    role = meter_for(plan.meter, bench)
    port = port_of(plan, bench)
    check_resistors(plan.resistors, plan.meter, role)
    if plan.drift < 0:
        raise ConfigError(f"--drift {show(plan.drift, 's')}: a time is 0 s or more; at 0 s no drift is looked for.")
    furthest = math.inf if role == "SourceMeter" else REACH / plan.resistors[0]
    low, high = max(port.low, -port.full_scale, -furthest), min(port.high, port.full_scale, furthest)
    if _above_ground(plan, bench):
        low = max(low, 0.0)
    if high < 2 * PROBE:
        raise LimitError(
            f"{port.port}: its limit of {show(port.high, 'A')} and {show(REACH, 'V')} over the resistor leave less than "
            f"{show(2 * PROBE, 'A')}. Take a smaller resistor, or correct [limits] in {bench.path}."
        )
    _check_working(plan, port, min(high, REACH / max(plan.resistors, default=REACH / high)))
    return low, high


def check_resistors(resistors: Sequence[float], meter: str, role: str) -> None:
    """Whether these (ohm) can be told apart by what measures, of this role. Raises ConfigError."""
    if role == "SourceMeter":
        if resistors:
            raise ConfigError(f"--resistor: {meter} is itself what the source works into. Leave --resistor out.")
        return
    if not resistors:
        raise ConfigError("--resistor: name the resistance into which the source works, such as '10 kohm'.")
    for ohms in resistors:
        if ohms <= 0:
            raise ConfigError(f"--resistor {show(ohms, 'ohm')}: a resistance is above 0; name the one that is there.")
    for one, next_ in pairwise(sorted(resistors)):
        if next_ <= one * (1 + ALIKE):
            raise ConfigError(
                f"--resistor: {show(one, 'ohm')} and {show(next_, 'ohm')} are too much alike ({ALIKE:.0%}) to tell a sag by. "
                "Take others, such as 10 kohm and 68 kohm, or only one."
            )


def _check_working(plan: AcceptancePlan, port: "PortWiring", high: float) -> None:
    """Raises LimitError for a current that was named and cannot be, `high` (A) being the highest."""
    if plan.working is None or PROBE <= plan.working <= high:
        return
    over = f", and {show(REACH, 'V')} over {show(max(plan.resistors), 'ohm')}" if plan.resistors else ""
    raise LimitError(
        f"--at {show(plan.working, 'A')}: must lie from {show(PROBE, 'A')} to {show(high, 'A')}, which is what {port.port}'s "
        f"limit of {show(port.high, 'A')}, the source's range of {show(port.full_scale, 'A')}{over} leave."
    )


def _above_ground(plan: AcceptancePlan, bench: "Bench") -> bool:
    """Whether this source delivers nothing negative into a resistor to ground: its sink leg cannot pull below."""
    driver = bench.instruments[plan.source.partition(".")[0]].driver
    return bool(plan.resistors) and driver == "arduino_source"


def port_of(plan: AcceptancePlan, bench: "Bench") -> "PortWiring":
    """The port that the source's channel is wired to. Raises ConfigError."""
    for port in bench.ports.values():
        if f"{port.instrument}.{port.channel}" == plan.source:
            return port
    known = ", ".join(f"{p.instrument}.{p.channel}" for p in bench.ports.values())
    raise ConfigError(
        f"--source {plan.source}: {bench.path} wires no port to it, only to {known}. A source is accepted within the limits "
        "of its port: wire it there first."
    )


def measure(plan: AcceptancePlan, rig: "Rig", ask: Ask, tell: Tell) -> Measured:
    """Go through it all. Raises BenchError when what is found there is not the resistor, or nothing at all."""
    return _Acceptance(plan, rig, ask, tell).measure()


class _Acceptance:
    def __init__(self, plan: AcceptancePlan, rig: "Rig", ask: Ask, tell: Tell) -> None:
        low, high = check_acceptance(plan, rig.bench)
        self.plan, self.ask, self.tell = plan, ask, tell
        self.player = Player(rig, plan.source)
        name, source = self.player.channel, self.player.source
        full = source.full_scale(name) - source.resolution(name)  # the highest code stays a step below
        self.low, self.high = max(low, -full), min(high, full)
        self.meter = self._meter(rig)
        self.ohms = plan.resistors[0] if plan.resistors else math.nan
        most = REACH / max(plan.resistors) if len(plan.resistors) > 1 else self.high
        working = WORKING if plan.working is None else plan.working
        self.found = Measured(self.meter.gain_error, min(working, self.high, most))
        if _above_ground(plan, rig.bench):
            self.found.notes.append(
                "Only the source leg was measured: into a resistor to ground the sink leg delivers nothing. A source-meter as "
                "the load sees both, and so does neurorig calibrate-source."
            )

    def _meter(self, rig: "Rig") -> Meter:
        role = meter_for(self.plan.meter, rig.bench)
        if role == "SourceMeter":
            return SmuMeter(self.player, self.plan.meter, self.high)
        return (DmmMeter if role == "Multimeter" else ScopeMeter)(
            self.player, self.plan.meter, self.plan.resistor_error
        )

    def measure(self) -> Measured:
        """The resistors one after the other, the first one for everything but the sag."""
        plan = self.plan
        first = f"into {show(self.ohms, 'ohm')} to ground" if plan.resistors else "to the terminals of"
        self.ask(f"Take {plan.source} off the board and connect it {first}, {plan.meter} across.", self.ohms)
        self._recognise()
        self._accuracy()
        if isinstance(self.meter, ScopeMeter):
            self._step(self.meter)
            self._noise(self.meter)
        else:
            why = f"needs an oscilloscope; {plan.meter} is none"
            self.found.missing |= {"step": why, "noise": why, "line": why}
        self._drift()
        self._sag()
        self.tell(1.0, "done")
        return self.found

    def _recognise(self) -> None:
        self.tell(0.0, "recognising the resistor")
        seen = self.meter.level(PROBE, self.ohms)
        if abs(seen.amperes / PROBE - 1) > ALIKE + 4 * seen.error / PROBE:
            what = (
                f"{show(self.ohms * seen.amperes / PROBE, 'ohm', 3)} instead of {show(self.ohms, 'ohm')}"
                if self.plan.resistors
                else f"{show(seen.amperes, 'A', 3)}"
            )
            raise BenchError(
                f"{show(PROBE, 'A')} from {self.plan.source} show {what} at {self.plan.meter}. Nothing more was played. Is the "
                "channel off the board, the resistor the right one, the probe factor as in the bench file, or is the source not "
                "calibrated (neurorig calibrate-source)?"
            )

    def _accuracy(self) -> None:
        parts = [p * (self.high if p > 0 else -self.low) for p in PARTS if p >= 0 or self.low < 0]
        working = self.found.working
        levels = sorted([*(level for level in parts if abs(level - working) > ALIKE * working), working])
        for k, level in enumerate(levels):
            self.tell(0.05 + 0.25 * k / len(levels), f"accuracy at {show(level, 'A')}")
            seen = self.meter.level(level, self.ohms)
            self.found.rows.append((level, seen.amperes, seen.error, seen.volts))

    def _step(self, scope: ScopeMeter) -> None:
        self.tell(0.35, "step")
        volts, ohms = self.found.working * scope.loaded(self.ohms), scope.loaded(self.ohms)
        trace = scope.record(
            hold(self.found.working, 0.01),
            STEP_RATE,
            (-0.1 * volts, 1.2 * volts),
            before=STEP_SECONDS / 10,
            seconds=STEP_SECONDS,
        )
        self.found.step = (trace.times, trace.values / ohms)

    def _noise(self, scope: ScopeMeter) -> None:
        self.tell(0.4, "noise")
        self.found.noise, half = self._record_noise(
            scope, hold(self.found.working, CALM + NOISE_SECONDS + 0.1), None, 0.0
        )
        self.tell(0.5, f"noise of {self.plan.meter} itself")
        others = [c for c in self._channels() if c != self.player.channel]
        silent = hold(0.0, CALM + NOISE_SECONDS + 0.1)
        self.found.quiet, _ = self._record_noise(scope, silent, others[0] if others else None, half)

    def _channels(self) -> tuple[str, ...]:
        from neurorig.instruments.drivers import DRIVERS

        return DRIVERS[self.player.rig.bench.instruments[self.player.name].driver].channels

    def _record_noise(
        self, scope: ScopeMeter, stimulus: Stimulus, channel: str | None, least: float
    ) -> tuple[tuple[Floats, float], float]:
        """An AC-coupled record on the closest screen that it fits, at least `least`; with that half screen (V).

        On another `channel` of the source the one in question is off, and only the marker is played.
        """
        tip = scope.probe.attenuation
        for half in (h * tip for h in NOISE_SCREENS if h * tip >= least):
            whole = scope.record(
                stimulus, NOISE_RATE, (-half, half), ac=True, before=0.0, channel=channel, seconds=CALM + NOISE_SECONDS
            )
            trace = whole.between(CALM, CALM + NOISE_SECONDS)
            if not standing(trace, (CALM, CALM + NOISE_SECONDS)).clipped:
                break
        else:
            raise BenchError(
                f"{self.plan.meter}: the noise of {self.plan.source} does not fit any screen: is a line loose?"
            )
        return (trace.values / scope.loaded(self.ohms), trace.rate), half

    def _drift(self) -> None:
        if self.plan.drift <= 0:
            self.found.missing["drift"] = "was not asked for (--drift)"
            return
        self.tell(0.6, f"drift over {show(self.plan.drift, 's')}")
        self.found.drift = self.meter.over(self.found.working, self.ohms, self.plan.drift)

    def _sag(self) -> None:
        """Over the voltages of a source-meter, or of all resistors."""
        working = self.found.working
        if isinstance(self.meter, SmuMeter):
            for volts in LOADS:
                self.tell(0.9, f"sag at {show(volts, 'V')}")
                seen = self.meter.at(volts).level(working, self.ohms)
                self.found.sag.append((seen.volts, seen.amperes, seen.error))
            return
        if len(self.plan.resistors) < 2:
            self.found.missing["sag"] = "needs a source-meter as the load, or several resistors (--resistor, repeated)"
            return
        for ohms in self.plan.resistors:
            if ohms != self.ohms:
                self.ask(f"Put {show(ohms, 'ohm')} in place of {show(self.ohms, 'ohm')}.", ohms)
                self.ohms = ohms
                self._recognise()
            self.tell(0.9, f"sag with {show(ohms, 'ohm')}")
            seen = self.meter.level(working, ohms)
            # Every resistor has an error of its own.
            error = math.hypot(seen.error, self.plan.resistor_error * seen.amperes)
            self.found.sag.append((seen.volts, seen.amperes, error))
