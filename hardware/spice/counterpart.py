"""The board that the twin must be given to be compared with ngspice: what the decks are made of, as calibrations.

Thyristors become the device set REF (fitted to f(I) of the decks), a charge per spike becomes that of the delta block,
and each stage gets threshold, resistance and mirror gains of the transistors. Nothing here is fitted: all of it follows
from the same transistor equations that ngspice solves.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from neurorig.hardware import Board, Synapse
from neurorig.hardware.ald1105 import Floats, N, P
from neurorig.hardware.devices import Device, load_device
from neurorig.hardware.driver_circuits import root

from .deck import circuit_of

DEVICE = "REF"
HOLDING = 195e-6
"""A: below it the thyristor opens as soon as its charge is shared with C_L, in decks of the bursting neuron."""

_CORNERS = (("V1", "I1"), ("V2", "I2"), ("V_th", "I_off"))

CURRENTS = np.linspace(2e-6, 20e-6, 10)
"""A, at which stages work."""


class Mirrors(NamedTuple):
    """The transistors of a stage: it delivers (V_C - `threshold`) / (R_s + `ohms`), mirrored with a gain."""

    threshold: float
    ohms: float
    into_stage: float
    into_membrane: float
    out_of_membrane: float


def spice_twin(board: Board) -> Board:
    """Give the counterpart of `board` for the twin: with its components, what ngspice finds with `deck(board, ...)`.

    Noise of the ports and constant offsets of the synapses are left out, as in the decks.
    """
    data = board.model_dump()
    device = load_device(DEVICE)
    for key, neuron in board.neurons.items():
        calibration = device.calibration.model_dump()
        if neuron.components.C_L is not None:
            calibration |= {"I_H_dyn": HOLDING, "hysteresis": 0.0, **_over_thyristor(device)}
        data["neurons"][key] |= {"calibration": calibration, "fitted_with": device.components.model_dump()}
    for key, synapse in board.synapses.items():
        data["synapses"][key] |= _transistors(synapse, board.supply)
    for port in data["ports"].values():
        port["noise"] = 0.0
    return Board.model_validate({**data, "fitted_supply": board.supply})


def _over_thyristor(device: Device) -> dict[str, float]:
    """The corners of the leak without the voltage over the load, as a neuron with C_L has them."""
    fitted, load = device.calibration, device.components.R_a
    corners = {volts: (getattr(fitted, volts), getattr(fitted, amperes)) for volts, amperes in _CORNERS}
    return {name: volts - load * amperes for name, (volts, amperes) in corners.items() if volts is not None}


def _transistors(synapse: Synapse, supply: float) -> dict[str, Any]:
    """The entries of a synapse whose calibration are its transistors."""
    part, found = synapse.components, mirrors(supply)
    gain = found.out_of_membrane if synapse.kind == "inhibitory" else found.into_membrane
    if synapse.stages == 0:  # a pulse reaches the membrane as it is, or through the mirror of a sink
        gain = found.out_of_membrane if synapse.kind == "inhibitory" else 1.0
    calibration = {
        "source": "transistor equations of the deck",
        "drive": circuit_of(synapse),
        "tau": (part.R_s + found.ohms) * part.C_s,
        "V_T": found.threshold,
        "R_gm": found.ohms,
        "m1": found.into_stage,
        "m2": gain,
    }
    return {"calibration": calibration, "fitted_with": part.model_dump()}


@cache
def mirrors(supply: float) -> Mirrors:
    """Solve the mirrors of Figs 19 and 20 at the currents where stages work, into a membrane amid its charging."""
    nothing = np.zeros(len(CURRENTS))
    v_gs = root(lambda v: N.current(v, v) - CURRENTS, nothing, supply)
    ohms, threshold = np.polyfit(CURRENTS, v_gs, 1)

    def raised(out: Floats | float) -> Floats:
        """Gain of both mirrors into a node at `out` (V)."""
        v_sg = root(lambda v: P.current(v, v) - N.current(v_gs, supply - v), nothing, supply)
        gain: Floats = P.current(v_sg, supply - out) / CURRENTS
        return gain

    device = load_device(DEVICE).calibration
    opened = device.V_F + device.I_H * (2e3 + device.r)
    amid = (opened + device.V_th) / 2
    return Mirrors(
        threshold=float(threshold),
        ohms=float(ohms),
        into_stage=float(np.mean(raised(threshold + (100e3 + ohms) * CURRENTS))),
        into_membrane=float(np.mean(raised(amid))),
        out_of_membrane=float(np.mean(N.current(v_gs, amid) / CURRENTS)),
    )
