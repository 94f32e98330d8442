"""The self-directed-channel (SDC) memristor of Benatti 2023: a filament that voltage builds and dissolves.

State x in [0, 1]: G = G_min^(1-x) G_max^x. A positive voltage V builds, dx/dt = (1 - x) (exp(V/w_s) - 1) exp(-V_s/w_s) / t_s;
a negative one dissolves, dx/dt = -x (exp(-V/w_r) - 1) exp(-V_r/w_r) / t_r; V is the voltage over the device alone, behind
R_s. At zero volts nothing moves: the device is not volatile. The "- 1" sees to it, and where anything happens
(V > 3 w) it changes the rate by less than 5 %.

Under a constant device voltage x relaxes exponentially to 1 or to 0. Behind R_s or at the compliance the device voltage
follows x, and `relaxation` finds the time as an integral.

Knowm's own metastable-switch model is not offered beside it: its switching probability is a sigmoid of kT/q = 26 mV
for both polarities, which can be fitted to a gradual SET but gives no abrupt RESET, and the paper shows both.
"""

import math
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from neurorig.hardware.parts import Part, PositiveResistance, PositiveTime, PositiveVoltage
from neurorig.signals import LimitError, Number, Resistance, Voltage, show

from .relaxation import relax
from .terminals import Reading, check_source

Fraction = Annotated[Number, Field(ge=0, le=1)]


class Sdc(Part):
    """Parameters of the device. `R_max` and `R_min` are its resistances at x = 0 and x = 1.

    `V_s` and `V_r` are those of the first filament. One that was dissolved below `broken`, after it had been above
    `formed`, is replaced at the next positive voltage by another, whose thresholds are drawn with `spread_s` and
    `spread_r` (rms) around them. Sequences of small pulses move one and the same filament (15 alike cycles in Fig. 1d).
    """

    source: str
    R_max: PositiveResistance
    R_min: PositiveResistance
    V_s: PositiveVoltage
    w_s: PositiveVoltage
    t_s: PositiveTime
    V_r: PositiveVoltage
    w_r: PositiveVoltage
    t_r: PositiveTime
    spread_s: Annotated[Voltage, Field(ge=0)] = 0.0
    spread_r: Annotated[Voltage, Field(ge=0)] = 0.0
    broken: Fraction = 0.1
    formed: Fraction = 0.5
    V_limit: PositiveVoltage

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.R_min < self.R_max:
            raise ValueError("the device needs R_min < R_max")
        if not self.broken < self.formed:
            raise ValueError("the filament needs broken < formed")
        if self.V_limit > 100.0 * min(self.w_s, self.w_r):
            raise ValueError(
                "V_limit is more than 100 times w_s or w_r, where nothing of the exponentials is left to trust"
            )
        return self

    @property
    def span(self) -> float:
        """ln(G_max / G_min)."""
        return math.log(self.R_max / self.R_min)

    def conductance(self, x: float) -> float:
        """Conductance (S) in state `x`."""
        return math.exp(x * self.span) / self.R_max

    def state(self, conductance: float) -> float:
        """The state x of a `conductance` (S). Raises LimitError outside the device's window."""
        low, high = 1.0 / self.R_max, 1.0 / self.R_min
        if not low <= conductance <= high:
            raise LimitError(f"{conductance:.4g} S lies outside the window of the device, {low:.4g} to {high:.4g} S.")
        return min(1.0, math.log(conductance * self.R_max) / self.span)

    def rate(self, volts: float, thresholds: tuple[float, float] | None = None) -> float:
        """Rate (1/s) at which the way left to x = 1 (`volts` > 0) or x = 0 (`volts` < 0) shrinks.

        `thresholds`: V_s and V_r of one filament; those of the parameters when not given.
        """
        v_s, v_r = thresholds or (self.V_s, self.V_r)
        if volts >= 0.0:
            return math.expm1(volts / self.w_s) * math.exp(-v_s / self.w_s) / self.t_s
        return math.expm1(-volts / self.w_r) * math.exp(-v_r / self.w_r) / self.t_r


class SdcState(NamedTuple):
    """All that an `SdcMemristor` remembers."""

    x: float
    filament: int
    """How many filaments came before."""
    formed: bool
    """Whether this one has been above ``formed``."""


class SdcMemristor:
    """One device with a resistor `R_s` (ohm) in series; its terminals are those of the series connection.

    `state` may be read, kept and set. `filament_thresholds` are V_s and V_r (V) of the present filament.
    """

    def __init__(self, parameters: Sdc, *, R_s: Resistance = 0.0, x: float = 0.0, seed: int = 0) -> None:
        if not 0.0 <= x <= 1.0:
            raise LimitError(f"x = {x} lies outside 0 to 1.")
        self.parameters = parameters
        self.R_s = float(R_s)
        self.seed = seed
        self.state = SdcState(float(x), 0, x > parameters.formed)

    @property
    def conductance(self) -> float:
        """Conductance (S) of the device alone."""
        return self.parameters.conductance(self.state.x)

    @property
    def resistance(self) -> float:
        """Resistance (ohm) of the device alone."""
        return 1.0 / self.conductance

    @property
    def filament_thresholds(self) -> tuple[float, float]:
        """V_s and V_r (V) of the present filament."""
        return self._thresholds(self.state.filament)

    def _thresholds(self, filament: int) -> tuple[float, float]:
        p = self.parameters
        if filament == 0:
            return p.V_s, p.V_r
        set_, reset = np.random.default_rng([self.seed, filament]).normal(size=2)
        return p.V_s + p.spread_s * float(set_), p.V_r + p.spread_r * float(reset)

    def apply(self, volts: float, seconds: float, *, compliance: float = math.inf) -> Reading:
        """Hold `volts` over device and R_s for `seconds`, with no more than `compliance` amperes either way.

        Raises LimitError, and leaves the device as it was, when its voltage could exceed ``V_limit``.
        """
        check_source(volts, "V", seconds, compliance)
        self._expose(math.copysign(1.0, volts), abs(volts), compliance, seconds)
        total = 1.0 / self.conductance + self.R_s
        limited = abs(volts) > compliance * total
        amperes = math.copysign(compliance, volts) if limited else volts / total
        return Reading(amperes * total if limited else volts, amperes, limited)

    def force(self, amperes: float, seconds: float, *, compliance: float) -> Reading:
        """Force `amperes` for `seconds`, with no more than `compliance` volts over device and R_s either way.

        Raises LimitError, and leaves the device as it was, when its voltage could exceed ``V_limit``.
        """
        check_source(amperes, "A", seconds, compliance)
        self._expose(math.copysign(1.0, amperes), compliance, abs(amperes), seconds)
        total = 1.0 / self.conductance + self.R_s
        limited = abs(amperes) * total > compliance
        volts = math.copysign(compliance, amperes) if limited else amperes * total
        return Reading(volts, volts / total if limited else amperes, limited)

    def _expose(self, sign: float, volts: float, amperes: float, seconds: float) -> None:
        """Let a source of at most `volts` and `amperes` act for `seconds` in the direction of `sign`."""
        p, (x, filament, formed) = self.parameters, self.state
        worst = max(self._device_voltage(x, volts, amperes), self._device_voltage(float(sign > 0), volts, amperes))
        if worst > p.V_limit:
            raise LimitError(
                f"{show(sign * worst, 'V')} over the SDC device exceeds the {show(p.V_limit, 'V')} that its model was "
                f"made for ([device] V_limit): lower the level, or give a compliance of at most {show(p.V_limit, 'V')}."
            )
        if seconds == 0.0 or volts == 0.0 or amperes == 0.0:
            return
        if sign > 0 and formed and x < p.broken:
            filament, formed = filament + 1, False
        thresholds = self._thresholds(filament)

        def rate(left: float) -> float:
            return p.rate(sign * self._device_voltage(1.0 - left if sign > 0 else left, volts, amperes), thresholds)

        left = relax(rate, 1.0 - x if sign > 0 else x, seconds, self._kink(sign, volts, amperes))
        x = 1.0 - left if sign > 0 else left
        self.state = SdcState(x, filament, formed or x > p.formed)

    def _device_voltage(self, x: float, volts: float, amperes: float) -> float:
        """Voltage over the device alone, when the source gives all it may."""
        conductance = self.parameters.conductance(x)
        return min(volts / (1.0 + self.R_s * conductance), amperes / conductance)

    def _kink(self, sign: float, volts: float, amperes: float) -> float | None:
        """The way left, where limit of voltage and limit of current change places."""
        rest = volts - amperes * self.R_s if math.isfinite(amperes) and math.isfinite(volts) else 0.0
        if rest <= 0.0:
            return None
        x = math.log(amperes * self.parameters.R_max / rest) / self.parameters.span if amperes > 0.0 else 0.0
        return 1.0 - x if sign > 0 else x
