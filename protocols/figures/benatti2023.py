"""Benatti 2023: the SDC memristor (Fig. 1), the rate-based learning rule (Fig. 2b), a theta burst (Fig. 4)."""

from collections.abc import Sequence

import numpy as np

from neurorig.hardware.memristors import (
    MemristiveNeuron,
    SdcBoard,
    SdcMemristor,
    load_memristor_board,
    poisson_train,
)
from neurorig.signals import ConfigError

from .figure import Curve, Figure, Floats, Value, events

COMPLIANCE = 10e-6  # A, of the quasi-static sweeps (section III.A); also what follows
HIGHEST, LOWEST, STEP = 0.4, -0.8, 1e-3  # V
INITIAL, DEPRESSION, POTENTIATION = (0.6, 100e-6), (-0.2, 10e-6), (0.55, 30e-6)  # V, s; trains of 20
TRAIN = 20
READ_VOLTAGE, READ_TIME = 50e-3, 50e-6
SOFT = "No numeric axis of this figure is available: the device's numbers are chosen to meet the text."


def fig1(board: SdcBoard | None = None, cycles: int = 5, step_time: float = 50e-3, seed: int = 0) -> Figure:
    """Quasi-static I-V of `cycles` cycles, in steps of 1 mV and `step_time` s (not stated), and 15 pulsed cycles."""
    described = board or load_memristor_board("benatti2023_fig1", SdcBoard)
    device = described.memristor(seed=seed, R_s=0.0)
    curves, building, breaking = {}, [], []
    for cycle in range(1, cycles + 1):
        up, down = _ramp(HIGHEST), _ramp(LOWEST)
        formed, broken = _sweep(device, up, step_time), _sweep(device, down, step_time)
        curves[f"iv_set_{cycle}"] = _iv(up, formed, f"SET, cycle {cycle}")
        curves[f"iv_reset_{cycle}"] = _iv(down, broken, f"RESET, cycle {cycle}")
        rise, fall = np.argmax(up), np.argmin(down)
        building.append(_passage(up[1:rise], formed[1:rise]))
        breaking.append(_passage(down[1:fall], broken[1:fall]))
    initial, depressed, potentiated = _pulsed(described.memristor(seed=seed))
    count = len(depressed)
    number = np.arange(1.0, 2 * count + 1).reshape(-1, 2, TRAIN)
    curves["ltd"] = Curve("pulse", "", number[:, 0].ravel(), "R", "ohm", depressed, "after depression pulses")
    curves["ltp"] = Curve("pulse", "", number[:, 1].ravel(), "R", "ohm", potentiated, "after potentiation pulses")
    sets, resets = np.array(building), np.array(breaking)
    numbers = {
        "set_from": Value(float(sets[:, 0].mean()), "V", "SET: ln G has gone 10 % of its way"),
        "set_to": Value(float(sets[:, 1].mean()), "V", "SET: ln G has gone 90 % of its way"),
        "reset_at": Value(float(resets.mean()), "V", "RESET: mean over cycles"),
        "reset_spread": Value(float(resets.mean(axis=1).std()), "V", "RESET: from cycle to cycle, sd"),
        "reset_width": Value(float(-np.diff(resets).mean()), "V", "RESET: from 10 % to 90 % of the way of ln G"),
        "R_initial": Value(initial, "ohm", "after 20 initial set pulses"),
        "R_low": Value(float(potentiated[-1]), "ohm", "after the last train of potentiation"),
        "R_high": Value(float(depressed[-1]), "ohm", "after the last train of depression"),
    }
    remarks = (SOFT, "The rate of the sweeps is not stated; all switching voltages move with its logarithm.")
    return Figure("benatti2023_fig1", described.title, (described.name,), curves, numbers, remarks)


def _ramp(peak: float) -> Floats:
    way = np.linspace(0.0, peak, round(abs(peak) / STEP) + 1)
    return np.concatenate([way, way[-2::-1]])


def _sweep(device: SdcMemristor, volts: Floats, step_time: float) -> Floats:
    return np.array([device.apply(v, step_time, compliance=COMPLIANCE).amperes for v in volts.tolist()])


def _iv(volts: Floats, amperes: Floats, label: str) -> Curve:
    return Curve("V", "V", volts, "I", "A", amperes, label)


def _passage(volts: Floats, amperes: Floats) -> tuple[float, float]:
    """Voltages (V) at which ln G has gone 10 % and 90 % of the way between the ends of a ramp."""
    way = np.log(amperes / volts)
    share = (way - way[0]) / (way[-1] - way[0])
    return float(volts[np.argmax(share >= 0.1)]), float(volts[np.argmax(share >= 0.9)])


def _pulsed(device: SdcMemristor, cycles: int = 15) -> tuple[float, Floats, Floats]:
    """Resistance (ohm) after the initial pulses, and after each pulse of depression and of potentiation."""
    initial = [_pulse(device, *INITIAL) for _ in range(TRAIN)][-1]
    down, up = [], []
    for _ in range(cycles):
        down += [_pulse(device, *DEPRESSION) for _ in range(TRAIN)]
        up += [_pulse(device, *POTENTIATION) for _ in range(TRAIN)]
    return initial, np.array(down), np.array(up)


def _pulse(device: SdcMemristor, volts: float, seconds: float) -> float:
    """Apply one pulse, read, and give V_READ / I - R_s, ohm."""
    device.apply(volts, seconds)
    return READ_VOLTAGE / device.apply(READ_VOLTAGE, READ_TIME).amperes - device.R_s


def fig2(
    board: MemristiveNeuron | None = None,
    rates: Sequence[float] = (0.5, 1, 2, 4, 6, 8, 12, 16, 20),
    seconds: float = 20.0,
    plays: int = 12,
) -> Figure:
    """Weight change against presynaptic rate (Fig. 2b): all synapses at one rate for `seconds`, mean of `plays` seeds."""
    neuron = board or load_memristor_board("benatti2023_fig2", MemristiveNeuron)
    change = np.array([_mean_change(neuron, rate, seconds, plays) for rate in rates])
    presynaptic = np.array(rates, dtype=np.float64)
    curve = Curve("rate", "Hz", presynaptic, "weight_change", "", change, "G(end) / G(0) - 1")
    x = float(np.mean(list(neuron.states_at_rest.values())))
    numbers = {
        "v_0": Value(float(np.interp(0.0, change, presynaptic)), "Hz", "rate without change, read from the curve"),
        "v_0_expected": Value(neuron.balance_rate(x), "Hz", "the same from the steps of single spikes, at the start"),
    }
    remarks = ("Shape and height of the spikes are choices (board file); the figure has no axis numbers.",)
    return Figure("benatti2023_fig2", neuron.title, (neuron.name,), {"weight_change": curve}, numbers, remarks)


def _mean_change(neuron: MemristiveNeuron, rate: float, seconds: float, plays: int) -> float:
    """Relative change of the conductances. The back-spikes of one play are the same at every rate."""
    changes = []
    for play in range(plays):
        trains = {
            key: poisson_train(rate, seconds, seed=play * len(neuron.synapses) + k, gap=neuron.spike_length)
            for k, key in enumerate(neuron.synapses)
        }
        played = neuron.play(trains, seconds, seed=play)
        changes += [float(g[1] / g[0]) - 1.0 for g in played.conductances([0.0, seconds]).values()]
    return float(np.mean(changes))


def fig4(board: MemristiveNeuron | None = None, seed: int = 0) -> Figure:
    """A theta burst into all synapses, and the weight change that it leaves (Fig. 4)."""
    neuron = board or load_memristor_board("benatti2023_fig4", MemristiveNeuron)
    theta = neuron.theta_burst
    if theta is None:
        raise ConfigError(f"{neuron.path}: [theta_burst] is missing: give one, as benatti2023_fig4 has it.")
    played = neuron.play({key: theta.times() for key in neuron.synapses}, theta.lasts, seed=seed)
    times = np.linspace(0.0, theta.lasts, 2001)
    weight = np.mean(list(played.conductances(times).values()), axis=0)
    change = weight / weight[0] - 1.0
    curves = {
        "theta_burst": events(theta.times(), "presynaptic spikes"),
        "weight_change": Curve("time", "s", times, "weight_change", "", change, "G / G(0) - 1"),
        "conductance": Curve("time", "s", times, "G", "S", weight, "mean of the synapses"),
        "back_spikes": events(played.back_spikes, "back-spikes"),
        "output": events(played.spikes, "output spikes"),
    }
    numbers = {
        "weight_change": Value(float(change[-1]), "", "weight change at the end"),
        "G_before": Value(float(weight[0]), "S", "conductance before"),
        "G_after": Value(float(weight[-1]), "S", "conductance after"),
    }
    remarks = ("The sequence inside the burst is a choice (board file); the figure has no axis numbers.",)
    return Figure("benatti2023_fig4", neuron.title, (neuron.name,), curves, numbers, remarks)
