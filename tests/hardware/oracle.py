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


def distance(level, which, t, y, *_):
    """What an event is located by: how far state `which` is from `level`."""
    return y[which] - level


@dataclass
class Oracle:
    """Integrates a board from rest under a constant-by-pieces input."""

    board: Board
    loads: dict[str, float] = field(default_factory=dict)
    spikes: list[float] = field(default_factory=list)
    t: float = 0.0

    def __post_init__(self):
        self.neuron = self.board.neurons["n1"]
        self.synapse = next(iter(self.board.synapses.values()), None)
        rest = self.synapse.at_rest if self.synapse else None
        self.y = np.array([self.neuron.at_rest.v_m, rest.v_c1 if rest else 0.0, rest.v_c2 if rest else 0.0])
        self.on = False
        self.held_until = self.pulse_until = -1.0

    def leak(self, v):
        d = self.neuron.calibration
        i1, i_off = d.scale * d.I1, d.scale * d.I_off
        if v < 0:
            return CLAMP * v
        if v < d.V0:
            return 0.0
        if v < d.V1:
            return i1 * (v - d.V0) / (d.V1 - d.V0)
        return i1 + (i_off - i1) * (v - d.V1) / (d.V_th - d.V1)

    def stage(self, v_c):
        s = self.synapse
        return max(0.0, v_c - s.calibration.V_T) / s.components.R_s

    def out(self, y):
        if self.synapse is None:
            return 0.0
        last = y[self.synapse.stages]
        return self.synapse.sign * (self.synapse.calibration.m2 * self.stage(last) + self.synapse.calibration.offset)

    def slopes(self, t, y, amperes, phase):
        on, held, pulse = phase
        n, s = self.neuron, self.synapse
        v = y[0]
        through = (v - n.calibration.V_F) / n.on_resistance if on else self.leak(v)
        into = amperes + self.out(y) - through - v / self.loads.get("n1.v_m", np.inf)
        dy = [0.0 if held else into / n.capacitance, 0.0, 0.0]
        if s is not None:
            drive = self.board.charge("s11") / self.board.pulse("s11") if pulse else 0.0
            taken = self.stage(y[1])
            dy[1] = (drive - taken - y[1] / self.loads.get("s11.v_c1", np.inf)) / s.capacitance
            dy[2] = (
                s.calibration.m1 * taken - self.stage(y[2]) - y[2] / self.loads.get("s11.v_c2", np.inf)
            ) / s.capacitance
        return dy

    def run(self, amperes, until):
        """Integrate to `until` with this input."""
        d = self.neuron.calibration
        v_off = d.V_F + d.scale * d.I_H * self.neuron.on_resistance
        kinks = [0.0, d.V0, d.V1] + ([self.synapse.calibration.V_T] * 2 if self.synapse else [])
        where = [0, 0, 0, 1, 2]
        while self.t < until:
            held, pulse = self.t < self.held_until, self.t < self.pulse_until
            stop = min(x for x in (until, self.held_until, self.pulse_until) if x > self.t)
            edge = partial(distance, v_off if self.on else d.V_th, 0)
            edge.terminal, edge.direction = True, -1 if self.on else 1
            events = [edge]
            for level, which in zip(kinks, where, strict=False):
                if abs(self.y[which] - level) > 1e-11:
                    kink = partial(distance, level, which)
                    kink.terminal = True
                    events.append(kink)
            solution = solve_ivp(
                self.slopes, (self.t, stop), self.y, "DOP853", events=events, rtol=1e-13, atol=1e-15,
                args=(amperes, (self.on, held, pulse)), max_step=2e-3,
            )  # fmt: skip
            self.t, self.y = float(solution.t[-1]), solution.y[:, -1]
            if solution.t_events[0].size:
                self.switch(d, v_off)

    def switch(self, d, v_off):
        self.on = not self.on
        if self.on:
            self.y[0] = d.V_th
            self.spikes.append(self.t)
            if self.synapse is not None:
                self.pulse_until = self.t + self.board.pulse("s11")
        else:
            self.y[0] = v_off
            self.held_until = self.t + d.dead_time
