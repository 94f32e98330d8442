"""What a protocol needs of its current source: limits that an acceptance is judged by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceNeeds:
    """Largest allowed errors of a source, SI units; None: the protocol does not depend on it.

    `noise`: rms from 1 Hz to 1 kHz; `line`: amplitude at 50 or 60 Hz; `sag`: change of the current from 0.5 V to 3.5 V;
    `drift`: change in ten minutes; `step`: settling to 2 %.
    """

    noise: float | None = None
    line: float | None = None
    sag: float | None = None
    drift: float | None = None
    step: float | None = None
    why: str = ""


BURSTING = SourceNeeds(
    noise=10e-9, line=10e-9, sag=10e-9, drift=50e-9, step=20e-6,
    why="0.02 uA of white noise already shorten the period of a bursting neuron, whose hysteresis is 0.07 uA",
)  # fmt: skip
"""Of everything that lives on the bursting neuron's hysteresis (Fig. 13 of Wu et al., Phys. Rev. Applied 23, 034030)."""
