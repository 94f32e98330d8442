"""How a node reaches a digitiser channel: the sense chain turns volts at the probe tip into the node's quantity.

Kinds (the words of the bench file):

- ``direct``: the probe sits on a voltage node and loads it with its input resistance;
- ``across``: a differential probe over a series resistor that carries the current;
- ``replica``: one more mirror leg, made for measuring, into a resistor to ground;
- ``open``: a synapse's output taken off the membrane into a resistor to ground (open-loop work).
"""

import datetime
import math
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeFloat, PositiveFloat, field_validator

from neurorig.signals import Frequency, Resistance, Trace, Voltage, show

Kind = Literal["direct", "across", "replica", "open"]


def _percent(value: object) -> object:
    if isinstance(value, str) and value.rstrip().endswith("%"):
        return float(value.rstrip()[:-1]) / 100
    return value


class SenseChain(BaseModel):
    """One channel's way from the node to the volts at the probe tip: ``v = quantity * ohms * gain + zero``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    resistance: Annotated[Resistance, Field(gt=0)] | None = None
    """Series or shunt resistor of `across`, `replica` and `open`."""
    probe: Annotated[Resistance, Field(gt=0)] = 10e6
    """Input resistance at the probe tip; it loads what it touches."""
    attenuation: PositiveFloat = 1.0
    gain: float = 1.0
    zero: Voltage = 0.0
    """Volts at the probe tip when the quantity is zero."""
    gain_error: Annotated[NonNegativeFloat, BeforeValidator(_percent)] = 0.01
    """Relative standard uncertainty of the whole chain."""
    bandwidth: Annotated[Frequency, Field(gt=0)] = 20e6
    calibrated: datetime.date | None = None

    @field_validator("gain")
    @classmethod
    def _passes_something(cls, value: float) -> float:
        if value == 0:
            raise ValueError("a gain of 0 lets nothing through")
        return value

    def ohms(self) -> float:
        """Volts at the tip per unit of the quantity, without the gain: 1 for a voltage, the loaded resistor for a current."""
        if self.kind == "direct" or self.resistance is None:
            return 1.0
        if self.kind == "across":
            return self.resistance
        return self.resistance * self.probe / (self.resistance + self.probe)

    @property
    def volts_per_unit(self) -> float:
        """Volts at the probe tip for one unit (V or A) of the node's quantity."""
        return self.ohms() * self.gain

    def to_volts(self, value: float) -> float:
        """Volts at the probe tip for a value of the quantity."""
        return value * self.volts_per_unit + self.zero

    def apply(self, trace: Trace, name: str, unit: str) -> Trace:
        """Turn a record in volts at the probe tip into the node's quantity, with its error; the samples stay as they are.

        The error adds the digitiser's resolution (carried by `trace`), the noise of the samples, and the chain's gain error
        at the largest value seen.
        """
        factor = self.volts_per_unit
        scale, offset = trace.scale / factor, (trace.offset - self.zero) / factor
        largest = 0.0
        if len(trace.samples):
            largest = max(abs(int(s) * scale + offset) for s in (trace.samples.min(), trace.samples.max()))
        own = math.hypot(trace.error, trace.noise)
        error = math.hypot(own / factor, self.gain_error * largest)
        return replace(trace, name=name, unit=unit, scale=scale, offset=offset, error=error)

    def describe(self) -> str:
        """One line for the wiring picture: ``replica, 10 kohm, probe 10 Mohm x10``."""
        parts: list[str] = [self.kind]
        if self.resistance is not None:
            parts.append(show(self.resistance, "ohm"))
        parts.append(f"probe {show(self.probe, 'ohm')} x{self.attenuation:g}")
        if self.gain != 1.0:
            parts.append(f"gain {self.gain:g}")
        if self.zero:
            parts.append(f"zero {show(self.zero, 'V')}")
        return ", ".join(parts)
