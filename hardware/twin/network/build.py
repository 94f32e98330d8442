"""From the exact engine's circuit to the network's: alike synapses of a neuron share a branch, alike rates a pool."""

from typing import NamedTuple

import numpy as np

from neurorig.hardware import Board

from .. import layout as tl
from ..circuit import build_circuit, rest_state
from . import layout as k

Pairs = list[tuple[float, float]]


class Built(NamedTuple):
    """A network at rest, and which branch each synapse of the board is on."""

    net: k.Net
    state: k.State
    circuit: tl.Circuit
    branch_of: tl.Ints


def build(board: Board, loads: dict[str, float], step: float) -> Built:
    """Raises ConfigError as `build_circuit` does."""
    circuit = build_circuit(board, loads)
    rest = rest_state(board, circuit)
    n, m = len(board.neurons), len(board.synapses)
    stage = rest.values[2 * n : 2 * n + 2 * m].reshape(2, m).T
    shared = np.delete(circuit.synapse, [tl.GAIN, tl.OUT_OFFSET], axis=1)
    alike = np.hstack([circuit.wires[:, [0, 2]], shared, stage])
    chosen, branch_of = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if m:
        _, chosen, branch_of = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    branch_of = branch_of.reshape(-1).astype(np.int64)
    stages = circuit.wires[chosen, 2]
    targets = _targets(circuit, branch_of)
    pairs = [_rates(p, count) for p, count in zip(circuit.synapse[chosen], stages, strict=True)]
    pools: list[Pairs] = [sorted({pair for b, post, _ in targets if post == i for pair in pairs[b]}) for i in range(n)]
    gear, rates = _gears(circuit, pools)
    target_at = np.searchsorted([b for b, _, _ in targets], np.arange(len(chosen) + 1))
    branch_at = np.searchsorted(circuit.wires[chosen, 0], np.arange(n + 1)).astype(np.int64)
    rows = [[post, *_places(pairs[b], pools[post]), weight] for b, post, weight in targets]
    net = k.Net(
        step=step,
        phase=np.dstack([circuit.phase, gear]),
        neuron=np.column_stack([circuit.neuron, [len(each) for each in pools]]),
        rates=rates,
        branch=np.column_stack([circuit.synapse[chosen], stages, target_at[:-1], target_at[1:]]),
        branch_at=branch_at,
        target=np.array(rows, np.float64).reshape(-1, 4),
        busiest=_busiest(target_at[branch_at], branch_at, rates.shape[1] // 2),
    )
    return Built(net, _state(net, rest, stage[chosen]), circuit, branch_of)


def tables(net: k.Net) -> k.Tables:
    """Tables with nothing in them yet."""
    most = max(1, net.rates.shape[1] // 2)
    return k.Tables(
        step=np.full((4, len(net.rates), k.CELLS + k.CELL_WIDTH * most), np.nan),
        scratch=np.zeros(k.POOL_WIDTH * most),
        stage=np.full(k.CELLS + k.CELL_WIDTH, np.nan),
        stage_rates=np.zeros(2),
    )


def _targets(circuit: tl.Circuit, branch_of: tl.Ints) -> list[tuple[int, int, float]]:
    """Branch, post neuron, V/s for 1 A of its last stage; the synapses of a branch onto one neuron as one."""
    gains: dict[tuple[int, int], float] = {}
    for i in range(len(circuit.neuron)):
        for s in circuit.into[circuit.into_at[i] : circuit.into_at[i + 1]]:
            key = int(branch_of[s]), i
            gains[key] = gains.get(key, 0.0) + circuit.synapse[s, tl.GAIN] / circuit.neuron[i, tl.CAPACITANCE]
    return [(b, i, gain) for (b, i), gain in sorted(gains.items())]


def _rates(p: tl.Floats, stages: int) -> Pairs:
    """Rates (A, B) of the pools that a branch gives to: calm, and while its pulse lasts."""
    calm, driven = (
        float((1.0 + load * p[tl.R_S]) / p[tl.TAU]) for load in (p[tl.LOAD_1], p[tl.LOAD_1] + p[tl.PULSE_G])
    )
    last = float((1.0 + p[tl.LOAD_2] * p[tl.R_S]) / p[tl.TAU])
    return [[], [(0.0, calm), (0.0, driven)], [(calm, last), (driven, last)]][stages]


def _places(pairs: Pairs, pools: Pairs) -> list[int]:
    """Where in the row of the target its pools begin; nowhere for a branch that only gives constants."""
    return [k.POOLS + k.POOL_WIDTH * pools.index(pair) for pair in pairs] or [-1, -1]


def _gears(circuit: tl.Circuit, pools: list[Pairs]) -> tuple[tl.Ints, tl.Floats]:
    """Which gear each neuron has in each phase, and the rates of its pools in each gear."""
    known: dict[object, int] = {}
    cells: list[Pairs] = []
    gear = np.zeros(circuit.phase.shape[:2], np.int64)
    for i, phases in enumerate(circuit.phase):
        loaded = circuit.neuron[i, tl.SAG] > 0.0 or circuit.neuron[i, tl.LOADED] > 0.0
        for phase, row in enumerate(phases):
            # A membrane that the inputs load has rates of its own: in a gear with others, none would find its last step.
            gear[i, phase] = known.setdefault((i if loaded else -1, row[tl.RATE], *pools[i]), len(known))
            if len(cells) < len(known):
                cells.append(pools[i])
    rates = np.zeros((len(cells), 2 * max(len(each) for each in pools)))
    for row, each in zip(rates, cells, strict=True):
        row[: 2 * len(each)] = np.reshape(each, -1)
    return gear, rates


def _busiest(first_target: tl.Ints, branch_at: tl.Ints, most: int) -> tl.Ints:
    """Rows and words of a spike that reaches as many as any can."""
    rows = int(np.max(np.diff(first_target) + np.diff(branch_at))) + 2
    return np.array([rows, rows * max(k.POOL_WORDS + 3 * most, k.BRANCH_WORDS)])


def _state(net: k.Net, rest: tl.State, stage: tl.Floats) -> k.State:
    n, branches = len(net.neuron), len(net.branch)
    entries = 3 * n + branches
    neuron = np.zeros((n, k.POOLS + k.POOL_WIDTH * (net.rates.shape[1] // 2)))
    neuron[:, k.V], neuron[:, k.PHASE], neuron[:, k.EXIT] = rest.values[:n], rest.codes[:n], np.inf
    neuron[:, k.SILENT] = rest.codes[n : 2 * n]
    branch = np.zeros((branches, k.BRANCH_COLUMNS))
    branch[:, [k.X_1, k.X_2]] = stage
    branch[:, [k.REGIME_1, k.REGIME_2]] = np.where(stage > 0.0, tl.LINEAR, tl.BELOW)
    branch[:, [k.DUE_1, k.DUE_2, k.PULSE_END, k.ARRIVAL]] = np.inf
    return k.State(
        clock=np.zeros(k.FIRST_BUSY + n, np.int64),
        neuron=neuron,
        branch=branch,
        flight=np.zeros((branches, 4)),
        due=np.full(entries, np.inf),
        heap=np.array([np.arange(entries)] * 2),
    )
