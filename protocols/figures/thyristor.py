"""The thyristor with R_m as a two-terminal device: the I-V curve that the sources show without numbers."""

import numpy as np

from neurorig.hardware.memristors import ThyristorBoard, load_memristor_board

from .figure import Curve, Figure, Value


def thyristor_iv(board: ThyristorBoard | None = None, highest: float = 4.0, most: float = 150e-6) -> Figure:
    """Hysteretic I-V of the thyristor with its load, up to `highest` V and, from a current source, up to `most` A."""
    described = board or load_memristor_board("thyristor_iv", ThyristorBoard)
    device = described.memristor()
    up = np.linspace(0.0, highest, round(highest / 5e-3) + 1)
    rising = np.array([device.apply(v, 20e-3).amperes for v in up.tolist()])
    falling = np.array([device.apply(v, 20e-3).amperes for v in up[::-1].tolist()])
    forced = np.linspace(0.0, most, round(most / 1e-6) + 1)
    mean = np.array([
        np.mean([device.force(i, 0.5e-3, compliance=highest).volts for _ in range(40)]) for i in forced.tolist()
    ])  # fmt: skip
    opened = int(np.argmax(falling < device.opening_current))
    fired = int(np.argmax(rising > device.opening_current))
    curves = {
        "iv_up": Curve("V", "V", up, "I", "A", rising, "voltage rising"),
        "iv_down": Curve("V", "V", up[::-1], "I", "A", falling, "voltage falling"),
        "vi_up": Curve("I", "A", forced, "V", "V", mean, "current rising, voltage averaged over 20 ms"),
    }
    numbers = {
        "V_switch": Value(float(up[fired]), "V", "first voltage that switches on"),
        "I_switch": Value(float(rising[fired - 1]), "A", "last current before"),
        "V_hold": Value(float(up[::-1][opened - 1]), "V", "last voltage that holds"),
        "I_hold": Value(float(falling[opened - 1]), "A", "last current that holds"),
    }
    remarks = (
        "No paper prints numbers of this curve; it follows from the calibration of the neuron.",
        "Between the switching and the holding current the device oscillates with the capacitance at its terminals.",
    )
    return Figure("thyristor_iv", described.title, (described.name,), curves, numbers, remarks)
