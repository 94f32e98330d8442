"""An independent model of the bursting neuron: its circuit equations as written, integrated by DOP853 with event location."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.integrate import solve_ivp

from neurorig.hardware import Board

STEP = {"sharing": 2e-6, "on": 2e-5}
"""s: longest step, by state: events are found on the interpolation between steps, which is less exact than the steps."""


def distance(level, t, y):
    """What an event is located by: how far the thyristor's voltage is from `level`."""
    return y[0] - y[1] - level


@dataclass
class BurstingOracle:
    """Integrates one bursting neuron from rest under a constant-by-pieces input."""

    board: Board
    loads: dict[str, float] = field(default_factory=dict)
    spikes: list[float] = field(default_factory=list)
    t: float = 0.0
    state: str = "open"

    def __post_init__(self):
        self.neuron = self.board.neurons["n1"]
        self.d = self.neuron.calibration
        self.y = np.array([self.neuron.at_rest.v_m, 0.0])
        self.wait = self.forget = np.inf
        self.sag = self.board.ports["n1.i0"].sag

    def current(self, amperes, y):
        """Through the thyristor, A."""
        u = y[0] - y[1]
        if self.state in {"sharing", "on"}:
            return (u - self.d.V_F) / self.d.r
        if self.state == "hold":
            return self.into(amperes, y)
        if self.state == "delay":
            return self.d.leak[-1][1]
        if u < 0:
            return 1e-3 * u
        volts, currents = zip(*self.d.leak, strict=True)
        slope = (currents[-1] - currents[-2]) / (volts[-1] - volts[-2])
        return currents[-1] + slope * (u - volts[-1]) if u > volts[-1] else np.interp(u, volts, currents)

    def into(self, amperes, y):
        """What is left of the input for the membrane and the thyristor, A."""
        return amperes - self.sag * max(amperes, 0.0) * y[0] - y[0] / self.loads.get("n1.v_m", np.inf)

    def slopes(self, amperes, t, y):
        through = self.current(amperes, y)
        drawn = y[1] * (1 / self.neuron.components.R_a + 1 / self.loads.get("n1.v_ap", np.inf))
        c_l = self.neuron.components.C_L
        return [(self.into(amperes, y) - through) / self.neuron.capacitance, (through - drawn) / c_l]

    @property
    def level(self):
        """Voltage over the thyristor at which it switches: upwards when open, downwards when closed."""
        if self.state == "open":
            return self.d.V_th - (self.d.memory if self.t < self.forget < np.inf else 0.0)
        latch = self.d.I_H_dyn if self.state == "sharing" else self.d.I_H
        return self.d.V_F + self.d.scale * latch * self.d.r

    def run(self, amperes, until):
        """Integrate to `until` with this input."""
        self.amperes = amperes
        while self.t < until:
            stop = min(x for x in (until, self.wait, self.forget) if x > self.t)
            events = []
            if self.state in {"open", "sharing", "on"}:
                edge = partial(distance, self.level)
                edge.terminal, edge.direction = True, 1 if self.state == "open" else -1
                events.append(edge)
            if self.state == "open":
                for volts in (0.0, *(v for v, _ in self.d.leak[:-1])):
                    if abs(distance(volts, 0.0, self.y)) > 1e-11:
                        corner = partial(distance, volts)
                        corner.terminal = True
                        events.append(corner)
            solution = solve_ivp(
                partial(self.slopes, amperes), (self.t, stop), self.y, "DOP853",
                events=events, max_step=STEP.get(self.state, 5e-5), first_step=min(1e-8, stop - self.t),
                rtol=1e-13, atol=1e-15,
            )  # fmt: skip
            self.t, self.y = float(solution.t[-1]), solution.y[:, -1]
            if self.t >= self.forget:
                self.forget = np.inf
            if self.t >= self.wait:
                self.wait = np.inf
                self.close() if self.state == "delay" else self.open()
            elif events and solution.t_events[0].size:
                self.switch()

    def switch(self):
        if self.state == "open" and self.d.fire_delay > 0:
            self.state, self.wait = "delay", self.t + self.d.fire_delay
        elif self.state == "open":
            self.close()
        elif self.d.dead_time > 0:
            self.state, self.wait = "hold", self.t + self.d.dead_time
        else:
            self.open()

    def open(self):
        self.state = "open"

    def close(self):
        self.spikes.append(self.t)
        if self.d.memory > 0:
            self.forget = self.t + self.d.memory_time
        self.state = "on"
        if self.d.I_H_dyn is not None and self.shared() < self.d.scale * self.d.I_H_dyn:
            self.state = "sharing"

    def shared(self):
        """Current once the fast mode of the closed circuit is over, from the matrix of the equations."""
        c, c_l, g = self.neuron.capacitance, self.neuron.components.C_L, 1 / self.d.r
        g_m = self.sag * max(self.amperes, 0.0) + 1 / self.loads.get("n1.v_m", np.inf)
        g_l = 1 / self.neuron.components.R_a + 1 / self.loads.get("n1.v_ap", np.inf)
        matrix = np.array([[-(g + g_m) / c, g / c], [g / c_l, -(g + g_l) / c_l]])
        force = np.array([(self.amperes + g * self.d.V_F) / c, -g * self.d.V_F / c_l])
        settled = np.linalg.solve(matrix, -force)
        rates, modes = np.linalg.eig(matrix)
        parts = np.linalg.solve(modes, self.y - settled)
        slow = int(np.argmax(rates))
        v, v_l = settled + parts[slow] * modes[:, slow]
        return (v - v_l - self.d.V_F) * g
