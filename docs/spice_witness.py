"""The rows of the fidelity page that set the twin beside ngspice, each board played by both."""

from collections.abc import Iterator

import numpy as np

from neurorig.analysis.bursts import find_bursts
from neurorig.hardware import Board, load_board
from neurorig.hardware.spice import Witnessed, spice_twin, witness
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps, show

Row = tuple[str, ...]


def witness_rows() -> list[Row]:
    """Quantity, twin, ngspice, ratio, allowed, verdict. Takes about two minutes of ngspice."""
    return [*neuron(), *adaptation(), *bump(), *burst(), *pacemakers(), *pair()]


def row(name: str, pair: tuple[float, float], unit: str, allowed: float) -> Row:
    """One line; `pair` is (ngspice, twin), `allowed` relative."""
    theirs, ours = pair
    verdict = "within" if abs(ours / theirs - 1) <= allowed else "**missed**"
    return name, show(ours, unit), show(theirs, unit), f"{ours / theirs:.3f}", f"{100 * allowed:g} %", verdict


def neuron() -> Iterator[Row]:
    """f(I) at both membrane capacitors."""
    board = load_board("wu2025_neuron")
    for farads in (0.1e-6, 33e-9):
        for amperes in (50e-6, 62e-6, 80e-6, 100e-6):
            seen = witness(board.with_components({"n1.C_m": farads}), {"n1.i0": amperes}, 0.2)
            yield row(f"neuron, {show(farads, 'F')}, {show(amperes, 'A')}: rate", seen.rates("n1", 0.05), "Hz", 0.02)


def adaptation() -> Iterator[Row]:
    """Fig. 11(a)."""
    seen = witness(load_board("wu2025_fig11a"), {"n1.i0": 92.8e-6}, 2.4)
    for start in (0.1, 1.0, 2.1):
        yield row(f"adaptation: rate at {start} s", seen.rates("n1", start, start + 0.3), "Hz", 0.03)
    yield row("adaptation: spikes in 2.4 s", seen.counts("n1"), "", 0.03)


def bump() -> Iterator[Row]:
    """Fig. 9(a), shortened: kick, hold, stop."""
    board = load_board("wu2025_bump").with_components({"s11.R_W": 10e3})
    protocol = Steps.of([0.1, 1.2, 0.9, 0.8, 0.4], [44.7e-6, 67.6e-6, 44.7e-6, 20.3e-6, 44.7e-6])
    seen = witness(board, {"n1.i0": protocol}, protocol.duration)
    for name, start, stop in (("kick", 0.7, 1.3), ("hold", 1.8, 2.2)):
        yield row(f"bump: rate in the {name}", seen.rates("n1", start, stop), "Hz", 0.03)
    yield row("bump: spikes", seen.counts("n1"), "", 0.03)
    after = seen.counts("n1", 2.3, 3.0)
    yield (
        "bump: spikes during the stop",
        str(after[1]),
        str(after[0]),
        "",
        "0",
        "within" if after == (0, 0) else "**missed**",
    )


def burst() -> Iterator[Row]:
    """Fig. 13, from the charges between two bursts."""
    board = load_board("wu2025_fig13").with_charges({"s11": (1.378, 1.466)})
    seen = witness(board, {"n1.i0": 53.2e-6}, 3.6)
    yield from rhythm("burst", seen, "n1", 0.3)


def pacemakers() -> Iterator[Row]:
    """Fig. 15, from the middle of a cycle."""
    board = load_board("wu2025_fig15")
    currents = {"n1.i0": 57.3e-6, "n2.i0": 52.4e-6}
    seen = witness(board.with_charges(between_bursts(board, currents)), currents, 3.0)
    for name in ("n1", "n2"):
        yield from rhythm(f"pacemakers, {name}", seen, name, 0.0)


def pair() -> Iterator[Row]:
    """Time matter, Fig. 8, from a start 2.2 ms apart."""
    for name in ("inhibition", "excitation"):
        board = load_board(f"motif_delta_{name}")
        late = Steps.of([0.0022, 1.0], [0.0, 55e-6])
        seen = witness(board, {"n1.i0": 55e-6, "n2.i0": late}, 0.6)
        phases = [
            phase(first, second) for first, second in zip(seen.spikes("n1", 0.45), seen.spikes("n2"), strict=True)
        ]
        close = "within" if abs(phases[0] - phases[1]) <= 0.02 else "**missed**"
        yield f"delta pair, {name}: phase", f"{phases[1]:.3f}", f"{phases[0]:.3f}", "", "0.02", close
        yield row(f"delta pair, {name}: rate", seen.rates("n1", 0.3), "Hz", 0.03)


def rhythm(name: str, seen: Witnessed, neuron: str, start: float) -> Iterator[Row]:
    """Period, and spikes of the last burst but one, which the end does not cut."""
    found = [find_bursts(times, gap=0.05) for times in seen.spikes(neuron, start)]
    periods = tuple(float(np.diff(b.begin)[-1]) for b in found)
    spikes = tuple(float(b.spikes[-2]) for b in found)
    yield row(f"{name}: period", (periods[0], periods[1]), "s", 0.25)
    yield row(f"{name}: spikes in a burst", (spikes[0], spikes[1]), "", 0.25)


def phase(first: np.ndarray, second: np.ndarray) -> float:
    """Where the spikes of `second` lie between those of `first`, 0 to 1, near 0 counted around 0."""
    last = second[np.searchsorted(second, first[-2] - 0.25 * (first[-1] - first[-2]))]
    return float((last - first[-2]) / (first[-1] - first[-2]))


def between_bursts(board: Board, currents: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Voltages of the stages just before a burst of n2, when the rhythm has settled."""
    twin = Twin(spice_twin(board))
    for port, amperes in currents.items():
        twin.drive(port, amperes)
    twin.advance(12.0)
    moment = find_bursts(twin.spikes("n2", 6.0), gap=0.05).begin[1] - 0.02
    return {
        name: (
            float(twin.sample(f"{name}.v_c1", moment, 1.0, 1)[0]),
            float(twin.sample(f"{name}.v_c2", moment, 1.0, 1)[0]),
        )
        for name in board.synapses
    }
