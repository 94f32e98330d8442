"""The memristor of the neurons as a device of its own: a thyristor with R_m from anode to gate, and a load at its cathode.

Open, it follows the measured leak up to (V_th, I_off) and fires there; closed, it drops V_F + (r + load) I and opens when
the current falls below the holding current. Every number is that of the spiking twin (`NeuronCalibration`), where V_th
and the leak contain the drop over R_a: another load moves their voltages by (load - R_a) I.

Between I_off and the holding current nothing rests: a current source there makes it a relaxation oscillator with the
capacitance at its terminals, and with C_m instead of a cable's it is the neuron. So the capacitance belongs to the model.
`hysteresis`, `quiescence` and the bursting neuron's memory are left out: they move the threshold by less than 1 %.
"""

import math
from itertools import pairwise
from typing import NamedTuple

from neurorig.hardware.parts import Neuron
from neurorig.signals import LimitError, show

from .terminals import Reading, check_source

OPEN, FIRING, CLOSED, LATCHED, RECOVERING = "open", "firing", "closed", "latched", "recovering"


class Line(NamedTuple):
    """Current into the device a + b v (A, S) while the voltage is in [low, high]."""

    low: float
    high: float
    a: float
    b: float

    def current(self, volts: float) -> float:
        """Current at `volts`, A."""
        return self.a + self.b * volts

    def run(self, volts: float, source: float, farads: float, stop: float, seconds: float) -> tuple[float, float]:
        """Time until `source` (A) has moved the voltage on `farads` to `stop`, `seconds` at most; the voltage then."""
        net = source - self.current(volts)
        if net == 0.0:
            return seconds, volts
        if self.b == 0.0:
            needed = (stop - volts) * farads / net
            reached = volts + net * seconds / farads
        else:
            way = net / self.b  # what is missing to where it would rest
            share = (stop - volts) / way
            needed = -math.log1p(-share) * farads / self.b if share < 1.0 else math.inf
            reached = volts - way * math.expm1(-self.b * seconds / farads)
        return (needed, stop) if needed <= seconds else (seconds, reached)


class ThyristorState(NamedTuple):
    """All that a `ThyristorMemristor` remembers."""

    phase: str
    volts: float
    left: float
    """Seconds left of the fire delay or of the recovery."""
    fired: int


class ThyristorMemristor:
    """Thyristor, R_m and `load` (ohm) from the calibration of `neuron`, with `capacitance` (F) at the terminals.

    `state` may be read, kept and set. The device has no randomness of its own; `seed` is kept for the interface.
    Raises LimitError for a load or capacitance that it cannot have.
    """

    def __init__(self, neuron: Neuron, *, load: float, capacitance: float, seed: int = 0) -> None:
        if not (load >= 0.0 and load + neuron.calibration.r > 0.0):
            raise LimitError(f"A load of {show(load, 'ohm')}: what the closed thyristor meets must exceed 0 ohm.")
        if not 0.0 < capacitance < math.inf:
            raise LimitError(f"A capacitance of {show(capacitance, 'F')}: the terminals have more than 0 F.")
        fit = neuron.calibration
        self.seed = seed
        self.capacitance = capacitance
        self.on_resistance = load + fit.r
        self.V_F = fit.V_F
        self.opening_current = fit.scale * fit.I_H
        self.holding_current = neuron.i_max
        corners = [(v + (load - neuron.fitted_with.R_a) * i, i) for v, i in fit.leak]
        voltages = [v for v, _ in corners]
        if sorted(voltages) != voltages or voltages[-1] <= self.V_F + self.on_resistance * self.opening_current:
            raise LimitError(
                f"With a load of {show(load, 'ohm')} the device has no threshold above its holding voltage."
            )
        self.threshold, self.switching_current = corners[-1]
        self._lines = [Line(-math.inf, voltages[0], 0.0, 0.0)]
        for (v0, i0), (v1, i1) in pairwise(corners):
            slope = (i1 - i0) / (v1 - v0)
            self._lines.append(Line(v0, v1, i0 - slope * v0, slope))
        self._delay, self._recovery = fit.fire_delay, fit.dead_time
        self.state = ThyristorState(OPEN, 0.0, 0.0, 0)

    @property
    def holding_voltage(self) -> float:
        """Voltage over device and load at the holding current, V."""
        return self.V_F + self.on_resistance * self.holding_current

    def apply(self, volts: float, seconds: float, *, compliance: float = math.inf) -> Reading:
        """Hold `volts` over device and load for `seconds`, with no more than `compliance` amperes either way."""
        check_source(volts, "V", seconds, compliance)
        return self._hold(volts, compliance, seconds)

    def force(self, amperes: float, seconds: float, *, compliance: float) -> Reading:
        """Force `amperes` for `seconds`, with no more than `compliance` volts over device and load either way.

        Raises LimitError for an unlimited compliance: a blocked thyristor passes no reverse current at any voltage.
        """
        check_source(amperes, "A", seconds, compliance)
        if compliance == math.inf:
            raise LimitError(
                "A current source needs a finite compliance in volts: the open thyristor may pass nothing."
            )
        reading = self._hold(math.copysign(compliance, amperes) if amperes else 0.0, abs(amperes), seconds)
        return reading._replace(limited=bool(amperes) and not reading.limited)

    def _hold(self, target: float, most: float, seconds: float) -> Reading:
        """A source that brings the terminals to `target` V, giving at most `most` A either way."""
        after = self._after(self.state, target, most, seconds)
        if seconds > 0.0:
            self.state = after
        own = self._line(after, up=True).current(after.volts)
        if after.volts == target and own <= most:
            return Reading(after.volts, own, False)
        return Reading(after.volts, _source(target, most, after.volts), True)

    def _after(self, state: ThyristorState, target: float, most: float, seconds: float) -> ThyristorState:
        """The state `seconds` later: from corner to corner of its lines, from event to event."""
        if most == math.inf:
            state = state._replace(volts=target)
        while True:
            state = self._switched(state, target, most)
            if seconds <= 0.0:
                return state
            state, took = self._moved(state, target, most, min(seconds, state.left or seconds))
            seconds -= took

    def _switched(self, state: ThyristorState, target: float, most: float) -> ThyristorState:
        """The phase that belongs to the voltage reached and to the time waited."""
        phase, v, left, fired = state
        if phase == RECOVERING and left == 0.0:
            phase = OPEN
        if phase == OPEN and v >= self.threshold:
            phase, left = FIRING, self._delay
        if phase == FIRING and left == 0.0:
            phase, fired = CLOSED, fired + 1
        if phase == CLOSED and v <= self.V_F + self.on_resistance * self.opening_current:
            own = (v - self.V_F) / self.on_resistance
            drive = own if v == target and own <= most else _source(target, most, v)
            phase, left = (LATCHED, 0.0) if drive >= self.holding_current else (RECOVERING, self._recovery)
        elif phase == LATCHED and v <= self.holding_voltage:
            phase, left = RECOVERING, self._recovery
        return ThyristorState(OPEN if phase == RECOVERING and left == 0.0 else phase, v, left, fired)

    def _moved(self, state: ThyristorState, target: float, most: float, seconds: float) -> tuple[ThyristorState, float]:
        """The state at the next corner, at the target, or after `seconds`, and the time that took."""
        v = state.volts
        source = _source(target, most, v)
        clamped = v == target and self._line(state, up=True).current(v) <= most
        took, reached = seconds, v
        if not clamped and state.phase != RECOVERING:  # as in the twin, the voltage stays while the device recovers
            up = source > self._line(state, up=True).current(v)
            line = self._line(state, up=up)
            stop = (
                min(line.high, target if target > v else math.inf)
                if up
                else max(line.low, target if target < v else -math.inf)
            )
            took, reached = line.run(v, source, self.capacitance, stop, seconds)
        return state._replace(volts=reached, left=max(0.0, state.left - took)), took

    def _line(self, state: ThyristorState, *, up: bool) -> Line:
        """The line that the device follows from its voltage upwards or downwards."""
        if state.phase == FIRING:
            return Line(-math.inf, math.inf, self.switching_current, 0.0)
        if state.phase in {CLOSED, LATCHED}:
            least = self.holding_current if state.phase == LATCHED else self.opening_current
            on = 1.0 / self.on_resistance
            return Line(self.V_F + least * self.on_resistance, math.inf, -self.V_F * on, on)
        v = state.volts
        return next((x for x in self._lines if (v < x.high if up else v <= x.high)), self._lines[-1])


def _source(target: float, most: float, volts: float) -> float:
    """What a source at its limit of current gives."""
    return math.copysign(most, target - volts)
