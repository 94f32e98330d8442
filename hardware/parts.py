"""The parts of a board as frozen models: neurons, synapses, ports and nodes, with the laws of their components."""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from neurorig.signals import (
    Capacitance,
    Charge,
    ConfigError,
    Current,
    Frequency,
    Number,
    Resistance,
    Time,
    Voltage,
    parse,
    show,
    written,
)

NEURON_NODES = {"v_m": "V", "v_ap": "V", "i0": "A"}
SYNAPSE_NODES = {"v_c1": "V", "v_c2": "V", "i_s1": "A", "i_s2": "A", "i_out": "A"}
OPEN = "open"
"""`post` of a synapse whose output goes into no membrane but into a known resistor to ground (Figs 4 to 6 of Wu 2025)."""

PositiveResistance = Annotated[Resistance, Field(gt=0)]
PositiveCapacitance = Annotated[Capacitance, Field(gt=0)]
PositiveVoltage = Annotated[Voltage, Field(gt=0)]
PositiveCurrent = Annotated[Current, Field(gt=0)]
PositiveTime = Annotated[Time, Field(gt=0)]


SPIKES = (1e-6, 1.0)
PLATEAUS = (1e-6, 3600.0)
STAGES = (1e-5, 3600.0)
"""Shortest and longest time constants (s) of a spike, of the plateau of a bursting neuron (its C_m discharges through a
load of kiloohms), and of a synapse's stage: a value beyond is a slip of its unit."""


class Part(BaseModel):
    """Immutable, and no key is accepted that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NeuronComponents(Part):
    """What is soldered in the neuron block (Fig. 18 of Wu 2025); `C_L` beside `R_a` makes a bursting neuron (Wu 2023)."""

    C_m: PositiveCapacitance
    R_m: PositiveResistance
    R_a: PositiveResistance
    C_L: PositiveCapacitance | None = None


class NeuronCalibration(Part):
    """The thyristor with `R_m` as measured, with the components of the file in place.

    Leak: 0 up to `V0`, straight to (`V1`, `I1`), to (`V2`, `I2`) if given, and to (`V_th`, `I_off`). A silent neuron
    needs `hysteresis` more to fire: one that charges with less than `quiescence`, or, if `silence` is given, one that has
    not fired for so long since its last dead time, and one at rest. `I1`, `I2`, `I_off`, `I_H`, `I_H_dyn` and `I_max` are
    chart values; what holds in the experiment is `scale` times them.

    Of a bursting neuron: below `I_H_dyn` the thyristor opens as soon as its charge is shared with `C_L`; every spike
    lowers the threshold by `memory`, which is lost in `memory_time`.
    """

    source: str
    scale: Annotated[Number, Field(gt=0)] = 1.0
    C: PositiveCapacitance
    V0: PositiveVoltage
    V1: PositiveVoltage
    I1: PositiveCurrent
    V2: PositiveVoltage | None = None
    I2: PositiveCurrent | None = None
    V_th: PositiveVoltage
    I_off: PositiveCurrent
    V_F: PositiveVoltage
    r: Annotated[Resistance, Field(ge=0)]
    I_H: PositiveCurrent
    I_max: PositiveCurrent | None = None
    dead_time: Annotated[Time, Field(ge=0)]
    fire_delay: Annotated[Time, Field(ge=0)] = 0.0
    hysteresis: Annotated[Current, Field(ge=0)] = 0.0
    quiescence: PositiveCurrent = 50e-9
    silence: PositiveTime | None = None
    I_H_dyn: PositiveCurrent | None = None
    memory: Annotated[Voltage, Field(ge=0)] = 0.0
    memory_time: PositiveTime | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.V2 is None) != (self.I2 is None):
            raise ValueError("the leak needs V2 and I2 together")
        between = [] if self.V2 is None else ["2"]
        if not all(a < b for a, b in pairwise(v for v, _ in self.leak)):
            raise ValueError("the leak needs " + " < ".join(["V0", "V1", *(f"V{k}" for k in between), "V_th"]))
        if not all(a < b for a, b in pairwise(i for _, i in self.leak)):
            raise ValueError("the leak needs " + " < ".join(["I1", *(f"I{k}" for k in between), "I_off"]))
        if self.I_max is not None and self.I_max > self.I_H:
            raise ValueError("I_max cannot exceed I_H: with more than I_H the thyristor never opens")
        if self.memory > 0.0 and self.memory_time is None:
            raise ValueError("a memory of spikes needs its memory_time")
        return self

    @property
    def leak(self) -> list[tuple[float, float]]:
        """Corners (V, A) of the leak of this experiment, from (`V0`, 0) to (`V_th`, `I_off`)."""
        corners = [(self.V0, 0.0), (self.V1, self.scale * self.I1)]
        if self.V2 is not None and self.I2 is not None:
            corners.append((self.V2, self.scale * self.I2))
        return [*corners, (self.V_th, self.scale * self.I_off)]


class NeuronRest(Part):
    """Where a neuron is before anything is driven."""

    v_m: Voltage


class Fitted(Part):
    """A part that was calibrated with certain components: those of its file, remembered when a copy gets others."""

    @model_validator(mode="before")
    @classmethod
    def _remember_fit(cls, data: Any) -> Any:
        return {"fitted_with": data["components"], **data} if isinstance(data, dict) and "components" in data else data


class Neuron(Fitted):
    """A neuron and the numbers its model runs on, all in SI units."""

    title: str
    components: NeuronComponents
    parts: dict[str, str] = {}
    calibration: NeuronCalibration
    at_rest: NeuronRest
    fitted_with: NeuronComponents

    @model_validator(mode="after")
    def _possible(self) -> Self:
        bounds = SPIKES if self.components.C_L is None else PLATEAUS
        _check_time("spikes decay", self.tau_a, bounds, ("C_m", self.components.C_m), ("R_a", self.components.R_a))
        if self.components.C_L is None and (self.calibration.memory > 0.0 or self.calibration.I_H_dyn is not None):
            raise ValueError("memory and I_H_dyn belong to a bursting neuron, which has a C_L")
        if not self.at_rest.v_m < self.calibration.V_th:
            raise ValueError(
                f"at_rest v_m = {show(self.at_rest.v_m, 'V')} does not lie below V_th = "
                f"{show(self.calibration.V_th, 'V')}: no neuron rests where it fires"
            )
        if self.components.R_m != self.fitted_with.R_m:
            raise ValueError(
                f"the thyristor was calibrated with R_m = {show(self.fitted_with.R_m, 'ohm')} and no law is known for another: "
                "R_m changes only together with the source of a new calibration"
            )
        return self

    @property
    def capacitance(self) -> float:
        """Effective membrane capacitance, F: the calibrated one, in proportion to `C_m`."""
        return self.calibration.C * self.components.C_m / self.fitted_with.C_m

    @property
    def on_resistance(self) -> float:
        """Discharge resistance R_a + r, ohm."""
        return self.components.R_a + self.calibration.r

    @property
    def peak(self) -> float:
        """V_ap at the moment of firing, V."""
        return (self.calibration.V_th - self.calibration.V_F) * self.components.R_a / self.on_resistance

    @property
    def opening(self) -> float:
        """V_ap at which the thyristor opens, V."""
        return self.calibration.scale * self.calibration.I_H * self.components.R_a

    @property
    def tau_a(self) -> float:
        """Time constant of the discharge, s: sets the length of a spike."""
        return self.on_resistance * self.capacitance

    @property
    def i_min(self) -> float:
        """Rheobase of the silent neuron, A."""
        return self.calibration.scale * self.calibration.I_off + self.calibration.hysteresis

    @property
    def i_max(self) -> float:
        """Current above which the neuron latches (depolarisation block), A."""
        return self.calibration.scale * (self.calibration.I_max or self.calibration.I_H)


class SynapseComponents(Part):
    """What is soldered in a synapse; its stages are alike (Figs 18 to 20 of Wu 2025)."""

    R_W: Annotated[Resistance, Field(ge=0)]
    C_s: PositiveCapacitance
    R_s: PositiveResistance


class SynapseCalibration(Part):
    """The synapse as measured, with the components of the file in place.

    `drive` names the circuit that turns a spike into charge. ``constant``: `Q_N` per spike into stage 1, drawn at constant
    current while V_ap is above `omega`; it follows C_m / (R_W + R_drive) when these components change. ``pcb`` (the
    published layout) and ``fig18`` (the mirror of Fig. 18) follow from the transistors and take neither number.
    `R_gm` is the mirror's own resistance in series with `R_s`: a stage delivers (V_C - V_T) / (R_s + R_gm).
    `R_leak` is what else discharges the capacitor of each stage, to ground: its own leak, a probe left in place.
    """

    source: str
    drive: Literal["constant", "pcb", "fig18"] = "constant"
    Q_N: Annotated[Charge, Field(gt=0)] | None = None
    R_drive: PositiveResistance | None = None
    omega: PositiveVoltage = 0.7
    tau: PositiveTime
    V_T: PositiveVoltage
    R_gm: Annotated[Resistance, Field(ge=0)] = 0.0
    R_leak: PositiveResistance | None = None
    m1: Annotated[Number, Field(gt=0)] = 1.0
    m2: Annotated[Number, Field(gt=0)] = 1.0
    offset: Annotated[Current, Field(ge=0)] = 0.0
    headroom: Annotated[Voltage, Field(ge=0)] = 0.1

    @model_validator(mode="after")
    def _one_law(self) -> Self:
        numbers = [name for name in ("Q_N", "R_drive") if getattr(self, name) is not None]
        if self.drive == "constant" and len(numbers) < 2:
            raise ValueError('drive = "constant" needs Q_N and R_drive')
        if self.drive != "constant" and numbers:
            raise ValueError(f'drive = "{self.drive}" follows from the transistors and takes no {numbers[0]}')
        return self


class SynapseRest(Part):
    """Charge left on the capacitors of the stages before anything is driven."""

    v_c1: Annotated[Voltage, Field(ge=0)] = 0.0
    v_c2: Annotated[Voltage, Field(ge=0)] = 0.0


class Synapse(Fitted):
    """A synapse of 0 (delta), 1 (exponential) or 2 (alpha) stages from neuron `pre` into the membrane of `post`.

    A spike arrives `delay` after it was fired. The charge was measured with `C_m_fitted` in the neuron `pre`.

    With `post` = "open" the output flows into a resistor to ground, where it is measured, and no neuron feels it.
    """

    title: str
    pre: str
    post: str
    kind: Literal["excitatory", "inhibitory"]
    stages: Literal[0, 1, 2]
    components: SynapseComponents
    parts: dict[str, str] = {}
    delay: Annotated[Time, Field(ge=0)] = 0.0
    calibration: SynapseCalibration
    at_rest: SynapseRest = SynapseRest()
    fitted_with: SynapseComponents
    C_m_fitted: PositiveCapacitance | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        _check_time("a stage decays", self.tau, STAGES, ("C_s", self.components.C_s), ("R_s", self.components.R_s))
        return self

    @property
    def sign(self) -> int:
        """+1 when the output charges the membrane of `post`, -1 when it discharges it."""
        return 1 if self.kind == "excitatory" else -1

    @property
    def tau(self) -> float:
        """Time constant of a stage, s: the calibrated one, in proportion to R_s C_s."""
        now, then = self.components, self.fitted_with
        return self.calibration.tau * (now.R_s * now.C_s) / (then.R_s * then.C_s)

    @property
    def resistance(self) -> float:
        """What a stage discharges through, R_s + R_gm, ohm."""
        return self.components.R_s + self.calibration.R_gm

    @property
    def capacitance(self) -> float:
        """Effective capacitance of a stage, tau / (R_s + R_gm), F."""
        return self.tau / self.resistance

    @property
    def gain(self) -> float:
        """Mirror gain from the last stage into the membrane."""
        return self.calibration.m2


class Port(Part):
    """A place where current goes into the board, the range (A) that the circuit is meant for, and how true its source is.

    The board receives I (1 - `sag` V_m) + `ripple` sin(2 pi `ripple_frequency` t + `ripple_phase`) + noise, where I is what
    was set (`sag` in 1/V, `ripple_phase` in rad) and `noise` is the rms of a current drawn anew every millisecond.
    A source sags only while it gives: for I < 0 the factor is 1.
    """

    name: str
    title: str
    low: Current
    high: Current
    noise: Annotated[Current, Field(ge=0)] = 0.0
    ripple: Annotated[Current, Field(ge=0)] = 0.0
    ripple_frequency: Annotated[Frequency, Field(gt=0)] = 50.0
    ripple_phase: Number = 0.0
    sag: Annotated[Number, Field(ge=0, lt=0.1)] = 0.0

    @property
    def neuron(self) -> str:
        """The neuron whose membrane it feeds."""
        return self.name.split(".")[0]


class Node(Part):
    """A quantity that can be observed, and the range where it is expected."""

    name: str
    title: str
    unit: Literal["V", "A"]
    low: float
    high: float

    @field_validator("low", "high", mode="before")
    @classmethod
    def _in_unit(cls, value: Any, info: Any) -> Any:
        if isinstance(value, str) and "unit" in info.data:
            try:
                return parse(value, info.data["unit"])
            except ConfigError as reason:
                raise ValueError(str(reason)) from reason
        if written(info) and value != 0:
            raise ValueError(f"{value!r} needs its unit, written as a text")
        return value

    @property
    def owner(self) -> str:
        """The neuron or synapse it belongs to."""
        return self.name.split(".")[0]

    @property
    def quantity(self) -> str:
        """What it is: ``v_m``, ``v_ap``, ``i0``, ``v_c1``, ``v_c2``, ``i_s1``, ``i_s2`` or ``i_out``."""
        return self.name.split(".")[1]


def _check_time(
    what: str, tau: float, bounds: tuple[float, float], capacitor: tuple[str, float], resistor: tuple[str, float]
) -> None:
    (low, high), (name, farads) = bounds, capacitor
    if not low <= tau <= high:
        raise ValueError(
            f"with {name} = {show(farads, 'F')} and {resistor[0]} = {show(resistor[1], 'ohm')} {what} with "
            f"{show(tau, 's')}, which must lie between {show(low, 's')} and {show(high, 's')}: "
            f"{name} between {show(farads * low / tau, 'F')} and {show(farads * high / tau, 'F')}"
        )
