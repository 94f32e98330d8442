"""An independent model of a board with one neuron and at most one synapse: the same equations, integrated numerically.

DOP853 with event location on the right-hand side as it is written in the papers; nothing is shared with the twin but the
board. It counts on the phases following each other in the usual order, and is slow.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.integrate import solve_ivp

from neurorig.hardware import Board

CLAMP = 1e-3
STEP = 5e-4  # s; the longest step of the integration, short enough for spike times to some 1e-14 s
SOON = 1e-5  # s; how long a level that was just crossed is left alone, where it may be crossed again


def distance(level, which, t, y, *_):
    """What an event is located by: how far state `which` is from `level`."""
    return y[which] - level


@dataclass
class Oracle:
    """Integrates a board from rest under a constant-by-pieces input."""

    board: Board
    loads: dict[str, float] = field(default_factory=dict)
    spikes: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    t: float = 0.0

    def __post_init__(self):
        self.neuron = self.board.neurons["n1"]
        self.port = self.board.ports["n1.i0"]
        self.synapse = next(iter(self.board.synapses.values()), None)
        self.pulse = self.board.drive("s11") if self.synapse else None
        rest = self.synapse.at_rest if self.synapse else None
        self.y = np.array([self.neuron.at_rest.v_m, rest.v_c1 if rest else 0.0, rest.v_c2 if rest else 0.0])
        self.on = False
        self.held_until = self.pulse_until = -1.0

    def piece(self, v):
        """The straight piece of the leak at `v`: slope (S) and current (A) at 0 V."""
        corners = [(0.0, 0.0), *self.neuron.calibration.leak]
        if v < 0:
            return CLAMP, 0.0
        k = min(sum(v >= corner for corner, _ in corners), len(corners) - 1)
        (low, i_low), (high, i_high) = corners[k - 1 : k + 1]
        slope = (i_high - i_low) / (high - low)
        return slope, i_low - slope * low

    def stage(self, v_c, conducts):
        s = self.synapse
        return (v_c - s.calibration.V_T) / s.resistance if conducts else 0.0

    def regime(self, y):
        """What the right-hand side bends at, held fixed within a stretch so that it is smooth there."""
        threshold = self.synapse.calibration.V_T if self.synapse else 0.0
        return self.on, self.t < self.held_until, self.t < self.pulse_until, self.piece(y[0]), y[1:] > threshold

    def drawn(self, pulsing, v):
        """What the driver delivers into `v`."""
        return self.pulse.current - self.pulse.conductance * v if pulsing else 0.0

    def out(self, y, pulsing, conducts):
        s = self.synapse
        if s is None:
            return 0.0
        if s.stages == 0:
            current = self.drawn(pulsing, y[0] if s.sign > 0 else s.calibration.V_T)
        else:
            current = self.stage(y[s.stages], conducts[s.stages - 1])
        return s.sign * (s.calibration.m2 * current + s.calibration.offset)

    def slopes(self, t, y, amperes, regime):
        on, held, pulsing, (slope, at_zero), conducts = regime
        n, s, port = self.neuron, self.synapse, self.port
        v = y[0]
        through = (v - n.calibration.V_F) / n.on_resistance if on else at_zero + slope * v
        mains = port.ripple * np.sin(2 * np.pi * port.ripple_frequency * t + port.ripple_phase)
        given = amperes - port.sag * max(amperes, 0.0) * v + mains
        into = given + self.out(y, pulsing, conducts) - through - v / self.loads.get("n1.v_m", np.inf)
        dy = [0.0 if held else into / n.capacitance, 0.0, 0.0]
        if s is not None and s.stages > 0:
            taken = self.stage(y[1], conducts[0])
            dy[1] = (self.drawn(pulsing, y[1]) - taken - y[1] / self.loads.get("s11.v_c1", np.inf)) / s.capacitance
        if s is not None and s.stages > 1:
            dy[2] = (
                s.calibration.m1 * taken - self.stage(y[2], conducts[1]) - y[2] / self.loads.get("s11.v_c2", np.inf)
            ) / s.capacitance
        return dy

    def run(self, amperes, until):
        """Integrate to `until` with this input."""
        d = self.neuron.calibration
        v_off = d.V_F + d.scale * d.I_H * self.neuron.on_resistance
        kinks = [(0.0, 0), *((v, 0) for v, _ in d.leak[:-1])]
        if self.synapse:
            kinks += [(self.synapse.calibration.V_T, stage) for stage in range(1, self.synapse.stages + 1)]
        while self.t < until:
            stop = min(x for x in (until, self.held_until, self.pulse_until, *self.arrivals) if x > self.t)
            edge = partial(distance, v_off if self.on else d.V_th, 0)
            edge.terminal, edge.direction = True, -1 if self.on else 1
            events = [edge]
            for level, which in kinks:
                if abs(self.y[which] - level) > 1e-11:
                    kink = partial(distance, level, which)
                    kink.terminal = True
                    events.append(kink)
                elif self.port.ripple > 0.0:  # soon it has to be watched again: the mains may bring the lane back
                    stop = min(stop, self.t + SOON)
            ahead = self.y + 1e-9 * np.array(self.slopes(self.t, self.y, amperes, self.regime(self.y)))
            state = (amperes, self.regime(ahead))
            solution = solve_ivp(
                self.slopes, (self.t, stop), self.y, "DOP853", events=events, rtol=1e-13, atol=1e-16, args=state,
                max_step=min(STEP, 0.05 / self.port.ripple_frequency) if self.port.ripple > 0.0 else STEP,
            )  # fmt: skip
            self.t, self.y = float(solution.t[-1]), solution.y[:, -1]
            if solution.t_events[0].size:
                self.t -= (self.y[0] - (v_off if self.on else d.V_th)) / self.slopes(self.t, self.y, *state)[0]
                self.switch(d, v_off)
            self.land()

    def land(self):
        """Spikes that reach the synapse now start its pulse."""
        while self.arrivals and self.arrivals[0] <= self.t:
            self.pulse_until = self.arrivals.pop(0) + self.pulse.width

    def switch(self, d, v_off):
        self.on = not self.on
        if self.on:
            self.y[0] = d.V_th
            self.spikes.append(self.t)
            if self.synapse is not None:
                self.arrivals.append(self.t + self.synapse.delay)
        else:
            self.y[0] = v_off
            self.held_until = self.t + d.dead_time
