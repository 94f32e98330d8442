"""The memristive neuron of Benatti 2023 (Figs 2 and 3): SDC synapses into the virtual ground of a leaky integrator.

An input spike puts its voltage over its device, whose current G V flows into C. At the threshold the neuron spikes, and
`spike_delay` later C is discharged. Every presynaptic spike potentiates its own synapse a little; at random intervals
the neuron sends a short back-spike into all of them, which depresses them, while their inputs are disconnected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, PrivateAttr, model_validator

from neurorig.hardware.parts import Part, PositiveCapacitance, PositiveResistance, PositiveTime, PositiveVoltage
from neurorig.signals import ConfigError, Time, Voltage, nearest, show

from .board import MemristorBoard, SdcBoard
from .membrane import Course, Exposure, Floats, exposed, integrate
from .sdc import Sdc
from .trains import ThetaBurst

CLOSE = 1e-12
"""s: spikes that follow each other without a gap may overlap by this rounding."""
SERIES = 100.0
"""Largest R_max / R_min for which the closed form of the membrane keeps twelve digits."""


class Membrane(Part):
    """The integrator."""

    C: PositiveCapacitance
    tau: PositiveTime
    V_th: PositiveVoltage
    spike_delay: PositiveTime


class Segment(Part):
    """A piece of a spike: so many volts for so many seconds."""

    volts: Voltage
    lasts: PositiveTime


Shape = Annotated[tuple[Segment, ...], Field(min_length=1)]


class BackSpike(Part):
    """What depresses. `interval`: mean of the exponential distribution of pauses between two."""

    interval: PositiveTime
    shape: Shape


class WeightRest(Part):
    """A synapse: its resistance before anything is played."""

    resistance: PositiveResistance


class MemristiveNeuron(MemristorBoard):
    """A neuron with memristive synapses. Immutable: what is played leaves no trace in it."""

    kind: Literal["neuron"]
    memristor: str
    membrane: Membrane
    spike: Shape
    back_spike: BackSpike
    synapses: Annotated[dict[str, WeightRest], Field(min_length=1)]
    theta_burst: ThetaBurst | None = None
    _device: Sdc = PrivateAttr()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        from .shelf import load_memristor_board

        beside = self.path.parent / self.memristor
        name = beside if beside.suffix == ".toml" else self.memristor
        try:
            self._device = load_memristor_board(name, SdcBoard).device
        except ConfigError as reason:
            raise ValueError(f"[memristor] {reason}") from reason
        device = self._device
        if device.R_max > SERIES * device.R_min:
            raise ValueError(f"[memristor] R_max / R_min of '{self.memristor}' exceeds {SERIES:g}")
        for key, shape in (("spike", self.spike), ("back_spike.shape", self.back_spike.shape)):
            if (worst := max(abs(s.volts) for s in shape)) > device.V_limit:
                raise ValueError(
                    f"[{key}] {show(worst, 'V')} exceeds the V_limit of the device, {show(device.V_limit, 'V')}"
                )
        for key, weight in self.synapses.items():
            if not device.R_min <= weight.resistance <= device.R_max:
                raise ValueError(
                    f"[synapses.{key}] resistance = {show(weight.resistance, 'ohm')} lies outside the window of the "
                    f"device, {show(device.R_min, 'ohm')} to {show(device.R_max, 'ohm')}"
                )
        if self.theta_burst and self.theta_burst.spike_interval < self.spike_length - CLOSE:
            raise ValueError(f"[theta_burst] spike_interval is shorter than a spike, {show(self.spike_length, 's')}")
        return self

    @property
    def device(self) -> Sdc:
        """Parameters of the synaptic devices: typical ones, without their spread."""
        return self._device

    @property
    def spike_length(self) -> float:
        """Length of an input spike, s."""
        return sum(segment.lasts for segment in self.spike)

    @property
    def states_at_rest(self) -> dict[str, float]:
        """State x of each synapse before anything is played."""
        return {key: self._device.state(1.0 / weight.resistance) for key, weight in self.synapses.items()}

    def balance_rate(self, x: float) -> float:
        """Presynaptic rate v_0 (Hz) at which potentiation and depression balance in state `x` (Fig. 2b).

        Of first order in the steps of one spike. Raises ConfigError when the spikes do not potentiate and depress.
        """
        up, down = self._after(self.spike, x) - x, self._after(self.back_spike.shape, x) - x
        if not (up > 0.0 > down):
            raise ConfigError(
                f"{self.path}: at x = {x:.3g} [spike] moves x by {up:.3g} and [back_spike] by {down:.3g}."
            )
        return -down / (
            up * self.back_spike.interval
        )  # inputs count while they are connected: in the intervals between

    def _after(self, shape: Shape, x: float) -> float:
        for segment in shape:
            left = float(np.exp(-self._device.rate(segment.volts) * segment.lasts))
            x = 1.0 - (1.0 - x) * left if segment.volts > 0.0 else x * left
        return x

    def back_spikes(self, until: Time, seed: int) -> Floats:
        """Times (s) in [0, `until`) at which back-spikes begin."""
        length = sum(s.lasts for s in self.back_spike.shape)
        times: list[float] = []
        random = np.random.default_rng(seed)
        now = float(random.exponential(self.back_spike.interval))
        while now < until:
            times.append(now)
            now += length + float(random.exponential(self.back_spike.interval))
        return np.array(times)

    def play(
        self,
        inputs: Mapping[str, ArrayLike],
        until: Time,
        *,
        seed: int = 0,
        plastic: bool = True,
        back_spikes: ArrayLike | None = None,
        states: Mapping[str, float] | None = None,
    ) -> "Played":
        """Play spike times (s) into the synapses, from 0 to `until` (s), and give all that happens.

        `plastic` = False holds the conductances. `back_spikes`: their times instead of those drawn with `seed`; an
        empty list for none. `states`: x of synapses that are not at rest, such as those where another play ended.
        Raises ConfigError for an unknown synapse, for spikes that overlap or are out of time, and for a bad state.
        """
        for name in {*inputs, *(states or {})} - self.synapses.keys():
            raise ConfigError(f"{self.path}: the neuron has no synapse '{name}'.{nearest(name, self.synapses)}")
        x = self.states_at_rest | dict(states or {})
        for name, value in x.items():
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"{name}: x = {value} lies outside 0 to 1.")
        if not 0.0 < until < np.inf:
            raise ConfigError(f"until = {show(until, 's')}: give a time after 0 s.")
        times = {key: self._train(key, inputs.get(key, ()), self.spike, until) for key in self.synapses}
        drawn = self.back_spikes(until, seed) if back_spikes is None else back_spikes
        back = self._train("back_spikes", drawn, self.back_spike.shape, until)
        trains = [_steps(train, self.spike) for train in times.values()]
        returning = _steps(back, self.back_spike.shape)
        edges = np.concatenate([[0.0, until], returning.edges, *(train.edges for train in trains)])
        knots = np.unique(edges[edges <= until])
        away = returning.active(knots)
        volts = np.stack([np.where(away, returning.at(knots), train.at(knots)) for train in trains], axis=1)
        exposure = exposed(self._device, knots, volts, ~away, np.array(list(x.values())), plastic=plastic)
        return Played(self, seed, until, times, back, exposure)

    def _train(self, name: str, times: ArrayLike, shape: Shape, until: float) -> Floats:
        train = np.asarray(times, dtype=np.float64)
        length = sum(segment.lasts for segment in shape)
        if train.ndim != 1 or not np.all((train >= 0.0) & (train < until)):
            raise ConfigError(f"{name}: spike times are a list from 0 s to {show(until, 's')}, where the play ends.")
        close = np.flatnonzero(np.diff(train) < length - CLOSE)
        if len(close):
            first, second = train[close[0]], train[close[0] + 1]
            raise ConfigError(
                f"{name}: spikes at {show(first, 's', 6)} and {show(second, 's', 6)} overlap: one lasts {show(length, 's')}."
            )
        return train


@dataclass(frozen=True)
class _Steps:
    """A voltage that jumps at `edges` to `levels`; between spikes it is 0 V."""

    edges: Floats
    levels: Floats
    inside: NDArray[np.bool_]

    def at(self, times: Floats) -> Floats:
        row = np.searchsorted(self.edges, times, side="right")
        return np.concatenate([[0.0], self.levels])[row]

    def active(self, times: Floats) -> NDArray[np.bool_]:
        row = np.searchsorted(self.edges, times, side="right")
        return np.concatenate([[False], self.inside])[row]


def _steps(train: Floats, shape: Shape) -> _Steps:
    ends = np.array([0.0, *accumulate(segment.lasts for segment in shape)])
    edges = np.maximum.accumulate(np.add.outer(train, ends).ravel()) if len(train) else np.empty(0)
    levels = np.tile([*(segment.volts for segment in shape), 0.0], len(train))
    return _Steps(edges, levels, np.tile([True] * len(shape) + [False], len(train)))


@dataclass(frozen=True, eq=False)
class Played:
    """What a play gave. Any quantity can be read at any time (s) in it, exactly; the membrane is followed when asked for."""

    neuron: MemristiveNeuron
    seed: int
    until: float
    inputs: Mapping[str, Floats]
    back_spikes: Floats
    _exposure: Exposure

    @cached_property
    def _course(self) -> Course:
        part = self.neuron.membrane
        return integrate(self._exposure, part.C, part.tau, part.V_th, part.spike_delay)

    @property
    def spikes(self) -> Floats:
        """Times (s) of the output spikes."""
        return self._course.spikes

    def v(self, times: ArrayLike) -> Floats:
        """Voltage on C (V) at `times` (s); shape (n,)."""
        membrane = self.neuron.membrane
        return self._course.at(self._within(times), self._exposure, membrane.C, membrane.tau)

    def states(self, times: ArrayLike) -> dict[str, Floats]:
        """State x of each synapse at `times` (s); shape (n,) each."""
        moments = self._within(times)
        row = np.searchsorted(self._exposure.knots, moments, side="right") - 1
        x = self._exposure.states(row, moments - self._exposure.knots[row])
        return {key: x[:, k] for k, key in enumerate(self.neuron.synapses)}

    def conductances(self, times: ArrayLike) -> dict[str, Floats]:
        """Conductance (S) of each synapse at `times` (s); shape (n,) each."""
        device = self.neuron.device
        return {key: np.exp(x * device.span) / device.R_max for key, x in self.states(times).items()}

    @property
    def final_states(self) -> dict[str, float]:
        """State x of each synapse at the end, for `play(states=...)`."""
        return {key: float(x[0]) for key, x in self.states([self.until]).items()}

    def _within(self, times: ArrayLike) -> Floats:
        moments = np.atleast_1d(np.asarray(times, dtype=np.float64))
        if not np.all((moments >= 0.0) & (moments <= self.until)):
            raise ConfigError(f"Times are read from 0 s to {show(self.until, 's')}, where the play ended.")
        return moments
