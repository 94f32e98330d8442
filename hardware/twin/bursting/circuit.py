"""From a bursting neuron's entry in its board to the arrays of its kernels."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from neurorig.hardware import Board, Neuron, Port
from neurorig.signals import ConfigError, nearest, show

from ..circuit import CLAMP
from ..layout import Log
from . import layout as k

OVERLAP = 1e-12
"""V that a piece of the leak reaches below its corner: who has just come over it does not fall back by a rounding."""


def check_board(board: Board, loads: Mapping[str, float]) -> None:
    """Raise ConfigError if this engine cannot run the board, or a load hangs on nothing."""
    if board.synapses:
        raise ConfigError(
            f"{board.path}: synapse '{next(iter(board.synapses))}' on a board with a bursting neuron: bursting neurons "
            "run alone. Take the synapses out, or C_L."
        )
    for name, neuron in board.neurons.items():
        _check_neuron(f"{board.path}: [neurons.{name}]", neuron)
    for name, port in board.ports.items():
        if port.ripple > 0.0:
            raise ConfigError(f"{board.path}: {name}: a bursting neuron takes no ripple; leave it out.")
    for node, ohms in loads.items():
        if node not in board.nodes:
            raise ConfigError(f"{board.path}: a load hangs on '{node}', which is no node.{nearest(node, board.nodes)}")
        if not ohms > 0.0:
            raise ConfigError(f"{node}: a load of {ohms} ohm is no resistance.")


def _check_neuron(where: str, neuron: Neuron) -> None:
    device = neuron.calibration
    if neuron.components.C_L is None:
        raise ConfigError(f"{where} has no C_L: the bursting engine is for neurons with a capacitor beside R_a.")
    if device.r <= 0.0:
        raise ConfigError(f"{where} r = 0 ohm: with C_L the thyristor needs a resistance of its own, some 25 ohm.")
    if device.hysteresis > 0.0:
        raise ConfigError(
            f"{where} a neuron with C_L takes no hysteresis; its memory of spikes is memory, memory_time."
        )
    highest = device.V_F + device.r * device.scale * max(device.I_H, device.I_H_dyn or 0.0)
    if highest >= device.V_th - device.memory:
        raise ConfigError(
            f"{where} the thyristor would open at {show(highest, 'V')}, above its threshold "
            f"{show(device.V_th - device.memory, 'V')}: r, I_H, I_H_dyn or memory is too large."
        )


def make_cell(board: Board, name: str, loads: Mapping[str, float]) -> k.Cell:
    """The constants of one neuron."""
    neuron, port = board.neurons[name], _port(board, name)
    device, parts = neuron.calibration, neuron.components
    assert parts.C_L is not None
    i_h = device.scale * device.I_H
    i_latch = device.scale * (device.I_H_dyn or 0.0)
    number = np.zeros(14)
    number[k.C_M], number[k.C_LOAD] = neuron.capacitance, parts.C_L
    number[k.G_M] = _conductance(loads, f"{name}.v_m")
    number[k.G_LOAD] = 1.0 / parts.R_a + _conductance(loads, f"{name}.v_ap")
    number[k.SAG] = port.sag if port else 0.0
    number[k.V_TH], number[k.V_F], number[k.R_ON] = device.V_th, device.V_F, device.r
    number[k.I_LATCH], number[k.I_MAX] = i_latch, neuron.i_max
    number[k.MEMORY], number[k.MEMORY_TIME] = device.memory, device.memory_time or 0.0
    number[k.DEAD_TIME], number[k.FIRE_DELAY] = device.dead_time, device.fire_delay
    closed = [
        [1.0 / device.r, -device.V_F / device.r, device.V_F + device.r * amperes, np.inf]
        for amperes in (i_latch, i_h, neuron.i_max)
    ]
    delay = [0.0, device.leak[-1][1], -np.inf, np.inf]
    hold = [0.0, 0.0, -np.inf, np.inf]
    return k.Cell(number, np.array([*closed, delay, hold, *_leak(device.leak)]))


def _port(board: Board, name: str) -> Port | None:
    return next((port for port in board.ports.values() if port.neuron == name), None)


def _conductance(loads: Mapping[str, float], node: str) -> float:
    return 1.0 / loads[node] if node in loads else 0.0


def _leak(corners: list[tuple[float, float]]) -> list[list[float]]:
    """The straight pieces of the leak; below 0 V a junction conducts."""
    pieces = [[CLAMP, 0.0, -np.inf, 0.0], [0.0, 0.0, -OVERLAP, corners[0][0]]]
    for (low, i), (high, i_high) in pairwise(corners):
        slope = (i_high - i) / (high - low)
        pieces.append([slope, i - slope * low, low - OVERLAP, high])
    return pieces


def rest_state(board: Board, name: str, cell: k.Cell) -> k.State:
    """The neuron before anything is driven: no charge on C_L."""
    values, codes = np.zeros(4), np.zeros(4, np.int8)
    values[k.V] = board.neurons[name].at_rest.v_m
    codes[k.PHASE] = k.LEAK + np.sum(values[k.V] >= cell.piece[k.LEAK : -1, k.HIGH])
    codes[k.STALE] = 1
    return k.State(values, codes, np.array([0.0, np.inf, np.inf, np.inf]))


def new_log(state: k.State, room: int = 256) -> Log:
    """A log that begins with `state` at t = 0."""
    return Log(
        time=np.zeros(room), values=np.tile(state.values, (room, 1)), codes=np.tile(state.codes, (room, 1)),
        spike_time=np.zeros(room), spike_neuron=np.zeros(room, np.int64), size=np.array([1, 0], np.int64),
    )  # fmt: skip
