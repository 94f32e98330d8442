"""From a `Board` to the arrays that the kernels run on, with the probes that load its nodes."""

from collections.abc import Mapping
from itertools import pairwise
from weakref import finalize

import numpy as np

from neurorig.hardware import Board, Neuron, Synapse
from neurorig.hardware.driver_circuits import Pulse
from neurorig.hardware.parts import OPEN
from neurorig.signals import ConfigError, nearest

from . import layout as k

# Below 0 V a current sink or the gate junction conducts; keeps V_m from running away when inhibition exceeds the input.
CLAMP = 1e-3  # S

SAMPLED = {
    "v_m": k.V_M, "v_ap": k.V_AP, "i0": k.I_0, "v_c1": k.V_C1, "v_c2": k.V_C2,
    "i_s1": k.I_S1, "i_s2": k.I_S2, "i_out": k.I_OUT,
}  # fmt: skip


_TABULATED: dict[tuple[int, tuple[tuple[str, float], ...]], tuple[k.Circuit, k.State]] = {}


def at_rest(board: Board, loads: Mapping[str, float]) -> tuple[k.Circuit, k.State]:
    """The circuit of a board, and a state at rest to be changed. What was tabulated is kept while the board lives.

    Raises ConfigError as `build_circuit` does.
    """
    key = id(board), tuple(loads.items())
    if key not in _TABULATED:
        circuit = build_circuit(board, loads)
        _TABULATED[key] = circuit, rest_state(board, circuit)
        finalize(board, _TABULATED.pop, key, None).atexit = False
    circuit, rest = _TABULATED[key]
    return circuit, rest._replace(**{name: array.copy() for name, array in rest._asdict().items()})


def build_circuit(board: Board, loads: Mapping[str, float]) -> k.Circuit:
    """Tabulate the board's constants. `loads`: input resistance (ohm) of what hangs on a node.

    Raises ConfigError for a load on a node that the board does not have, or that is no resistance.
    """
    for node, ohms in loads.items():
        if node not in board.nodes:
            raise ConfigError(f"{board.path}: a load hangs on '{node}', which is no node.{nearest(node, board.nodes)}")
        if not ohms > 0.0:
            raise ConfigError(f"{node}: a load of {ohms} ohm is no resistance.")
    loads = _with_leaks(board, loads)
    neurons, synapses = list(board.neurons), list(board.synapses)
    ends = [*neurons, OPEN]  # a synapse with an open output is in no neuron's group, and its row names its own neuron
    wires = np.array(
        [[neurons.index(s.pre), ends.index(s.post), s.stages] for s in board.synapses.values()], dtype=np.int64
    ).reshape(-1, 3)
    into, into_at = _grouped(wires[:, 1], len(neurons))
    wires[:, 1] = np.where(wires[:, 1] < len(neurons), wires[:, 1], wires[:, 0])
    out_of, out_at = _grouped(wires[:, 0], len(neurons))
    count = 1 + max(len(neuron.calibration.leak) for neuron in board.neurons.values())
    rows = [_neuron_rows(board, name, loads, count) for name in neurons]
    return k.Circuit(
        phase=np.array([phases for phases, _ in rows]),
        neuron=np.array([row for _, row in rows]),
        synapse=np.array([_synapse_row(board, name, loads) for name in synapses]).reshape(-1, k.SYNAPSE_COLUMNS),
        wires=wires,
        into=np.append(into, len(synapses)),
        into_at=into_at,
        out_of=out_of,
        out_at=out_at,
    )


def rest_state(board: Board, circuit: k.Circuit) -> k.State:
    """The board before anything is driven."""
    n, m = len(board.neurons), len(board.synapses)
    values, codes = np.zeros(3 * n + 3 * m), np.zeros(2 * n + 2 * m, np.int8)
    for i, neuron in enumerate(board.neurons.values()):
        values[i] = neuron.at_rest.v_m
        codes[i] = k.LEAK + np.sum(values[i] >= circuit.phase[i, k.LEAK : -1, k.HIGH])
        codes[n + i] = neuron.calibration.silence is not None and neuron.calibration.hysteresis > 0.0
    for s, synapse in enumerate(board.synapses.values()):
        for stage, volts in enumerate((synapse.at_rest.v_c1, synapse.at_rest.v_c2)):
            at = 2 * n + stage * m + s
            values[at] = (volts - synapse.calibration.V_T) / synapse.resistance
            codes[at] = k.LINEAR if values[at] > 0.0 else k.BELOW
    return k.State(
        values=values,
        codes=codes,
        due=np.full((6, max(n, m)), np.inf),
        kind=np.zeros(n, np.int8),
        stale=np.ones(n + m, np.bool_),
        flight=np.zeros((m, 4 if np.any(circuit.synapse[:, k.DELAY_T]) else 0)),
        flying=np.zeros((m, 2), np.int64),
    )


def _grouped(ends: k.Ints, count: int) -> tuple[k.Ints, k.Ints]:
    """Synapses sorted by the neuron at one end, and where each neuron's begin."""
    return np.argsort(ends, kind="stable").astype(np.int64), np.searchsorted(np.sort(ends), np.arange(count + 1))


def _with_leaks(board: Board, loads: Mapping[str, float]) -> dict[str, float]:
    """The loads, and beside them what leaks from the capacitors of the stages."""
    joined = dict(loads)
    for name, synapse in board.synapses.items():
        if (leak := synapse.calibration.R_leak) is not None:
            for node in (f"{name}.v_c1", f"{name}.v_c2"):
                joined[node] = 1.0 / (1.0 / leak + _conductance(loads, node))
    return joined


def _conductance(loads: Mapping[str, float], node: str) -> float:
    return 1.0 / loads[node] if node in loads else 0.0


def _neuron_rows(
    board: Board, name: str, loads: Mapping[str, float], count: int
) -> tuple[list[list[float]], list[float]]:
    """The rows of Circuit.phase and Circuit.neuron of one neuron."""
    neuron = board.neurons[name]
    device = neuron.calibration
    farad, probe = neuron.capacitance, _conductance(loads, f"{name}.v_m")
    r_a = 1.0 / (1.0 / neuron.components.R_a + _conductance(loads, f"{name}.v_ap"))
    on = r_a + device.r
    v_off = device.V_F + device.scale * device.I_H * on
    i_off = device.scale * device.I_off
    conducting = [(1.0 / on + probe) / farad, device.V_F / on / farad, v_off, 1e300, r_a / on, -device.V_F * r_a / on]
    v_latch = device.V_F + neuron.i_max * on
    latched = [*conducting[: k.LOW], v_latch, *conducting[k.HIGH :]]
    firing = [probe / farad, -i_off / farad, -1e300, 1e300, 0.0, i_off * r_a]
    still = [0.0, 0.0, -1e300, 1e300, 0.0, 0.0]
    pieces = _leak_pieces(neuron, count)
    leaking = [
        [(g + probe) / farad, (g * v - i) / farad, low, high, g * r_a, (i - g * v) * r_a]
        for low, high, v, i, g in pieces
    ]
    offset = sum(s.sign * s.calibration.offset for s in board.synapses.values() if s.post == name)
    extra_v = device.hysteresis / pieces[-1][-1]
    port = next((port for port in board.ports.values() if port.neuron == name), None)
    disturbed = (port.ripple, port.ripple_frequency, port.ripple_phase, port.sag) if port else (0.0, 50.0, 0.0, 0.0)
    loaded = any(_membrane_load(board, key) > 0.0 for key, s in board.synapses.items() if s.post == name)
    row = [
        farad, v_off, v_latch, device.dead_time, device.fire_delay, device.quiescence, extra_v, offset, r_a,
        *disturbed, float(loaded), device.silence or 0.0,
    ]  # fmt: skip
    return [conducting, latched, firing, still, *leaking], row


def _leak_pieces(neuron: Neuron, count: int) -> list[tuple[float, float, float, float, float]]:
    """`count` straight pieces of the leak: low, high, and a point (V, I) with the slope G.

    They end at V_th; where a neighbour's leak has more corners, the first pieces are empty.
    """
    corners = neuron.calibration.leak
    pieces = [
        (low, high, low, i_low, (i_high - i_low) / (high - low)) for (low, i_low), (high, i_high) in pairwise(corners)
    ]
    ends = [(-1e300, 0.0, 0.0, 0.0, CLAMP), (0.0, corners[0][0], 0.0, 0.0, 0.0)]
    empty = [(-1e300, -1e300, 0.0, 0.0, CLAMP)] * (count - len(ends) - len(pieces))
    return [*empty, *ends, *pieces]


def _synapse_row(board: Board, name: str, loads: Mapping[str, float]) -> list[float]:
    """The row of Circuit.synapse of one synapse."""
    synapse: Synapse = board.synapses[name]
    fit, ohms = synapse.calibration, synapse.resistance
    drive = _drive(board, name)
    conductance = drive.conductance if synapse.stages > 0 else _membrane_load(board, name)
    top = (board.supply - fit.headroom - fit.V_T) / ohms
    return [
        synapse.tau, drive.current - (drive.conductance - conductance) * fit.V_T, conductance, drive.width, synapse.delay,
        _conductance(loads, f"{name}.v_c1"), _conductance(loads, f"{name}.v_c2"),
        fit.V_T, ohms, top, fit.m1, synapse.sign * fit.m2, fit.offset,
    ]  # fmt: skip


def _membrane_load(board: Board, name: str) -> float:
    """Conductance of the drive of a delta synapse that its membrane feels.

    Only an excitatory one charges the membrane itself; the others charge the diode of a mirror, which stays at V_T.
    """
    synapse = board.synapses[name]
    feels = synapse.stages == 0 and synapse.sign > 0 and synapse.post != OPEN
    return _drive(board, name).conductance if feels else 0.0


def _drive(board: Board, name: str) -> Pulse:
    try:
        return board.drive(name)
    except ValueError as reason:
        raise ConfigError(f"{board.path}: [synapses.{name}] {reason}.") from reason
