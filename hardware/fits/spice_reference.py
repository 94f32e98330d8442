"""The device set REF: what the twin must be given to describe the two-transistor thyristor of the ngspice decks.

The deck of a lone neuron is simulated at many currents with both capacitors of the papers. Seen in it: the rate, V_m when
it fires and when the thyristor opens, the peak of V_ap; and the leak while V_m is swept slowly. The set is the robust
least-squares solution for all of them together. I_max is where the deck ceases to
fire; I_off is held near where it begins, below which the straight last piece of the leak needs it a little. What is then
missing to the currents at which the deck falls silent and starts, when the current creeps, is quiescence and hysteresis.
Run: ``python -m neurorig.hardware.fits.spice_reference``
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware import Board, Neuron, load_board
from neurorig.hardware.devices import Device, load_device
from neurorig.hardware.parts import NeuronComponents
from neurorig.hardware.rate import firing_rate
from neurorig.hardware.spice import deck, run
from neurorig.signals import Steps

Floats = NDArray[np.float64]

COMPONENTS = NeuronComponents(C_m=100e-9, R_m=680e3, R_a=2e3)
C_M = (100e-9, 33e-9)
CURRENTS = np.array([46.75, 46.9, 47.2, 47.5, 48, 50, 52, 55, 60, 65, 70, 76, 82, 88, 94, 100, 104, 107, 108.2]) * 1e-6
SWEPT = np.arange(0.5, 3.2, 0.1)  # V
CREEP, STAIR = 1.5e-6, 1e-9
"""A/s, as fast as I_in moves between the bursts of Wu 2025, Fig. 13 (deck and twin: 1.4 to 1.6 uA/s); A, fine enough."""
ROUNDS = {100e-9: 0.25, 33e-9: 0.1}  # s of each run

FITTED = (
    "V1", "I1", "V2", "I2", "V_th", "I_off", "V_F", "r", "I_H", "I_max", "fire_delay", "quiescence", "hysteresis",
)  # fmt: skip
RATE, VOLTS, PEAK, LEAK, BEGINS = 0.0015, 0.01, 0.02, 2e-6, 0.2e-6
"""What counts as one standard deviation: relative rate, V_m (V), peak of V_ap (V), leak (A; straight pieces are coarse),
and onset (A)."""


class Seen(NamedTuple):
    """What ngspice finds for a neuron with the capacitor `C_m` (F) at CURRENTS: rate (Hz), and voltages (V)."""

    capacitor: float
    rate: Floats
    fires: Floats
    opens: Floats
    peak: Floats


def observed(board: Board, capacitor: float) -> Seen:
    """Simulate the lone neuron with `capacitor` (F) at all currents."""
    lone = board.with_components({"n1.C_m": capacitor})
    until, rows = ROUNDS[capacitor], []
    for amperes in CURRENTS:
        recording = run(lone, deck(lone, {"n1.i0": amperes}, until, ["n1.v_m"]))
        spikes = recording.spikes("n1")
        settled = recording.time > spikes[1]
        v_m, v_ap = recording.trace("n1.v_m")[settled], recording.trace("n1.v_ap")[settled]
        rows.append(((len(spikes) - 3) / (spikes[-1] - spikes[2]), v_m.max(), v_m.min(), v_ap.max()))
    return Seen(capacitor, *np.array(rows).T)


def leak(board: Board) -> Floats:
    """Current (A) into the membrane of the lone neuron while V_m stays at the voltages SWEPT."""
    head = deck(board, {}, 1.0).split(".ic v(n1.v_m)")[0]
    sweep = f"V_m n1.v_m 0 0\n.save i(v_m)\n.dc V_m {SWEPT[0]} {SWEPT[-1] + 0.01} {SWEPT[1] - SWEPT[0]:.3g}\n.end\n"
    return -run(board, head + sweep).vectors["i(v_m)"]


def edges(board: Board) -> tuple[float, float]:
    """Currents (A) at which the deck begins to fire and latches, by bisection to 20 nA."""

    def fires(amperes: float) -> bool:
        spikes = run(board, deck(board, {"n1.i0": amperes}, 0.3)).spikes("n1")
        return len(spikes) > 5

    begins = _edge(lambda amperes: not fires(amperes), 45e-6, 49e-6)
    return begins, _edge(fires, 104e-6, 114e-6)


def ramped(board: Board, capacitor: float) -> tuple[float, float]:
    """Currents (A) at which a firing neuron falls silent, and a silent one fires, while the current creeps."""
    lone = board.with_components({"n1.C_m": capacitor})
    stays = STAIR / CREEP
    down = Steps.of([0.1, *[stays] * 300], [47e-6, *(46.85e-6 - STAIR * np.arange(300))])
    up = Steps.of([0.1, *[stays] * 300], [46.5e-6, *(46.55e-6 + STAIR * np.arange(300))])
    stops = run(lone, deck(lone, {"n1.i0": down}, down.duration)).spikes("n1")[-1]
    starts = run(lone, deck(lone, {"n1.i0": up}, up.duration)).spikes("n1")[0]
    return float(np.interp(stops, down.edges[:-1], down.levels)), float(np.interp(starts, up.edges[:-1], up.levels))


def reference_device(seen: list[Seen], leaks: Floats, begins: float, latches: float) -> Device:
    """The set that describes all that was seen, all to five digits."""
    from scipy.optimize import least_squares

    def misfit(p: Floats) -> Floats:
        device = _device(p, latches)
        fit, parts = device.calibration, []
        corners = np.array([(0.0, 0.0), *fit.leak])
        parts.append((np.interp(SWEPT, corners[:, 0], corners[:, 1]) - leaks) / LEAK)
        parts.append(np.array([(fit.I_off - begins) / BEGINS]))
        for one in seen:
            neuron = _with(device, one.capacitor)
            fires = fit.V_th + (CURRENTS - fit.I_off) * fit.fire_delay / one.capacitor
            parts.append((firing_rate(neuron, CURRENTS) / one.rate - 1) / RATE)
            parts.append((fires - one.fires) / VOLTS)
            parts.append(((fires - fit.V_F) * COMPONENTS.R_a / neuron.on_resistance - one.peak) / PEAK)
            parts.append((fit.V_F + fit.I_H * neuron.on_resistance - one.opens) / VOLTS)
        return np.concatenate(parts)

    start = np.array([1.8, 8.0, 3.2, 37.0, 3.30, begins * 1e6 - 0.1, 0.66, 115.0, 40.0, 40.0])
    low = np.array([1.0, 2.0, 2.7, 15.0, 3.25, 45.0, 0.5, 110.0, 1.0, 1.0])
    high = np.array([2.6, 25.0, 3.24, 44.5, 3.4, begins * 1e6, 0.8, 130.0, 100.0, 100.0])
    found = least_squares(misfit, start, bounds=(low, high), x_scale=start / 100, loss="soft_l1")
    return _device(np.array([float(f"{x:.5g}") for x in found.x]), latches)


def _device(p: Floats, latches: float) -> Device:
    v_1, i_1, v_2, i_2, v_th, i_off, v_f, i_h, r, delay = (float(x) for x in p)
    return Device(
        title="SPICE reference",
        components=COMPONENTS,
        calibration=load_device("REF").calibration.model_copy(
            update={
                "V1": v_1, "I1": i_1 * 1e-6, "V2": v_2, "I2": i_2 * 1e-6, "V_th": v_th, "I_off": i_off * 1e-6,
                "V_F": v_f, "I_H": i_h * 1e-6, "I_max": round(latches, 9), "r": r, "fire_delay": delay * 1e-6,
                "hysteresis": 0.0, "quiescence": 50e-9,
            }
        ),
    )  # fmt: skip


def _with(device: Device, capacitor: float) -> Neuron:
    """The device as a neuron with another C_m (F)."""
    return device.neuron.model_copy(update={"components": COMPONENTS.model_copy(update={"C_m": capacitor})})


def _edge(below: Callable[[float], bool], low: float, high: float) -> float:
    """Where `below` ceases to hold between `low` and `high` (A), to 20 nA."""
    while high - low > 20e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def fitted(board: Board) -> tuple[Device, list[Seen]]:
    """Give the whole set for the lone neuron `board`, and what was seen of its deck."""
    seen = [observed(board, capacitor) for capacitor in C_M]
    device = reference_device(seen, leak(board), *edges(board))
    stops, starts = np.mean([ramped(board, capacitor) for capacitor in C_M], axis=0)
    slow = {name: round(i - device.calibration.I_off, 9) for name, i in (("quiescence", stops), ("hysteresis", starts))}
    return device.model_copy(update={"calibration": device.calibration.model_copy(update=slow)}), seen


def main() -> None:
    """Print the set, and how well it describes what was seen."""
    board = load_board("wu2025_neuron")
    device, seen = fitted(board.without(board.synapses))
    fit = device.calibration
    for name in FITTED:
        print(f"{name} = {getattr(fit, name):.6g}")
    for one in seen:
        off = firing_rate(_with(device, one.capacitor), CURRENTS) / one.rate - 1
        print(f"C_m = {one.capacitor:g} F: rate off by at most {np.abs(off).max():.1%}")


if __name__ == "__main__":
    main()
