"""From the exact engine's circuit to the network's: alike synapses of a neuron share a branch, alike rates a pool."""

from typing import NamedTuple

import numpy as np

from neurorig.hardware import Board

from .. import layout as k
from ..circuit import build_circuit, rest_state
from . import layout as nl


class Built(NamedTuple):
    """A network at rest, and which branch each synapse of the board is on."""

    net: nl.Net
    state: nl.State
    circuit: k.Circuit
    branch_of: k.Ints


def build(board: Board, loads: dict[str, float], step: float) -> Built:
    """Raises ConfigError as `build_circuit` does."""
    circuit = build_circuit(board, loads)
    rest = rest_state(board, circuit)
    n, m = len(board.neurons), len(board.synapses)
    stage = rest.values[2 * n : 2 * n + 2 * m].reshape(2, m).T
    shared = np.delete(circuit.synapse, [k.GAIN, k.OUT_OFFSET], axis=1)
    alike = np.hstack([circuit.wires[:, [0, 2]], shared, stage])
    _, chosen, branch_of = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    branch_of = branch_of.reshape(-1).astype(np.int64)
    branch, stages = circuit.synapse[chosen], circuit.wires[chosen, 2]
    targets = _targets(circuit, branch_of)
    rates = _branch_rates(branch, stages)
    pools = [sorted({pair for b, post, _ in targets if post == i for pair in rates[b]}) for i in range(n)]
    pool_at = np.append(0, np.cumsum([len(pairs) for pairs in pools])).astype(np.int64)
    own = (circuit.neuron[:, k.SAG] > 0.0) | (circuit.neuron[:, k.LOADED] > 0.0)
    gear, gear_rate, cells = _gears(circuit, pools, own)
    target_at = np.searchsorted([b for b, _, _ in targets], np.arange(len(chosen) + 1)).astype(np.int64)
    net = nl.Net(
        step=step,
        phase=circuit.phase,
        neuron=circuit.neuron,
        branch=branch,
        stages=stages,
        branch_at=np.searchsorted(circuit.wires[chosen, 0], np.arange(n + 1)).astype(np.int64),
        target=np.array([[post, *_places(rates[b], pools[post], pool_at[post])] for b, post, _ in targets], np.int64)
        .reshape(-1, 3),
        weight=np.array([weight for _, _, weight in targets]),
        target_at=target_at,
        rates=np.array([pair for pairs in pools for pair in pairs]).reshape(-1, 2),
        pool_at=pool_at,
        gear=gear,
        cells=np.array([pair for pairs in cells for pair in pairs]).reshape(-1, 2),
        cell_at=np.append(0, np.cumsum([len(pairs) for pairs in cells])).astype(np.int64),
        own=own.astype(np.int8),
        busiest=np.zeros(2, np.int64),
    )  # fmt: skip
    net.busiest[:] = _busiest(net)
    return Built(net, _state(net, rest, stage[chosen], gear_rate), circuit, branch_of)


def tables(net: nl.Net) -> nl.Tables:
    """Tables with nothing in them yet."""
    most = max(1, int(np.diff(net.pool_at).max(initial=0)))
    return nl.Tables(
        span=np.full((4, len(net.cell_at) - 1, 4), np.nan),
        cell=np.empty((4, len(net.cells), 7)),
        scratch=np.empty((2, most, 3)),
        slopes=np.empty((most, 3)),
        form=np.empty((1, 6)),
        who=np.zeros(1, np.int64),
        now=np.empty((1, 2)),
    )


def _targets(circuit: k.Circuit, branch_of: k.Ints) -> list[tuple[int, int, float]]:
    """Branch, post neuron, V/s for 1 A of its last stage; the synapses of a branch onto one neuron as one."""
    gains: dict[tuple[int, int], float] = {}
    for i in range(len(circuit.neuron)):
        for s in circuit.into[circuit.into_at[i] : circuit.into_at[i + 1]]:
            key = int(branch_of[s]), i
            gains[key] = gains.get(key, 0.0) + circuit.synapse[s, k.GAIN] / circuit.neuron[i, k.CAPACITANCE]
    return [(b, i, gain) for (b, i), gain in sorted(gains.items())]


def _branch_rates(branch: k.Floats, stages: k.Ints) -> list[list[tuple[float, float]]]:
    """Rates (A, B) of the pools that a branch gives to: calm, and while its pulse lasts."""
    rates = []
    for p, count in zip(branch, stages, strict=True):
        calm, driven = ((1.0 + load * p[k.R_S]) / p[k.TAU] for load in (p[k.LOAD_1], p[k.LOAD_1] + p[k.PULSE_G]))
        last = (1.0 + p[k.LOAD_2] * p[k.R_S]) / p[k.TAU]
        pairs = {0: [], 1: [(0.0, calm), (0.0, driven)], 2: [(calm, last), (driven, last)]}
        rates.append(pairs[int(count)])
    return rates


def _places(pairs: list[tuple[float, float]], pools: list[tuple[float, float]], first: int) -> list[int]:
    """The pools of a target, -1 where a branch has none."""
    return [int(first) + pools.index(pair) for pair in pairs] or [-1, -1]


def _gears(
    circuit: k.Circuit, pools: list[list[tuple[float, float]]], own: np.ndarray
) -> tuple[k.Ints, k.Floats, list[list[tuple[float, float]]]]:
    """Which gear each neuron has in each phase, the rate of the membrane in it, and its pools."""
    known: dict[object, int] = {}
    rates, cells = [], []
    gear = np.zeros(circuit.phase.shape[:2], np.int64)
    for i, phases in enumerate(circuit.phase):
        for phase, row in enumerate(phases):
            key = (i, phase) if own[i] else (row[k.RATE], phase == k.HOLD, *pools[i])
            if key not in known:
                known[key] = len(rates)
                rates.append(row[k.RATE])
                cells.append(pools[i])
            gear[i, phase] = known[key]
    return gear, np.array(rates), cells


def _busiest(net: nl.Net) -> tuple[int, int]:
    """Rows and words of an event that reaches as many as any can: a spike with all its branches and their targets."""
    wide = nl.POOL_WORDS + 3 * int(np.diff(net.pool_at).max(initial=0))
    reach = net.target_at[net.branch_at[1:]] - net.target_at[net.branch_at[:-1]]
    rows = int(np.max(reach + np.diff(net.branch_at))) + 2
    return rows, rows * max(wide, nl.BRANCH_WORDS)


def _state(net: nl.Net, rest: k.State, stage: k.Floats, gear_rate: k.Floats) -> nl.State:
    n, branches, pools = len(net.neuron), len(net.stages), len(net.rates)
    entries = 3 * n + branches
    return nl.State(
        clock=np.zeros(3, np.int64),
        v=rest.values[:n].copy(),
        since=np.zeros(n),
        constant=np.zeros(n),
        constants=np.zeros(n, np.int64),
        level=np.zeros(n),
        noise=np.zeros(n),
        load=np.zeros(n),
        phase=rest.codes[:n].copy(),
        silent=np.zeros(n, np.int8),
        gear_rate=gear_rate,
        pool=np.zeros((pools, 3)),
        users=np.zeros(pools, np.int64),
        v_next=np.zeros(n),
        pool_next=np.zeros((pools, 3)),
        exit=np.full(n, np.inf),
        kind=np.zeros(n, np.int8),
        busy=np.zeros(n, np.int64),
        stage=np.ascontiguousarray(stage),
        branch_since=np.zeros(branches),
        pulse=np.zeros(branches),
        regime=np.where(stage > 0.0, k.LINEAR, k.BELOW).astype(np.int8),
        due_branch=np.full((branches, 4), np.inf),
        flight=np.zeros((branches, 4)),
        flying=np.zeros((branches, 2), np.int64),
        due=np.full(entries, np.inf),
        heap=np.arange(entries),
        place=np.arange(entries),
    )
