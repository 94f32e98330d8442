"""How the boards of Wu 2025, Figs 2, 4 and 5, got their numbers: ``python -m neurorig.protocols.figures.wu2025_fits``.

Least squares of the twin on the digitised curves; everything else of these boards is that of Fig. 6.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from neurorig.analysis.published import published
from neurorig.hardware import Board, load_board
from neurorig.hardware.rate import firing_rate

from .figure import Floats
from .wu2025_synapse import AXIS_4, clocked, one_spike

READ_5A = {0.0: 4.344e-6, 17e-3: 1.51e-6, 20.5e-3: 0.94e-6, 24e-3: 0.54e-6, 28e-3: 0.30e-6}
"""I_s (A) of Fig. 5(a) at these times (s) after a spike; at 0 its peak. The upper contour of the thick line is later."""


READ_2B = {
    0.75: 2.1e-6, 1.5: 9.4e-6, 1.75: 11.6e-6, 2.0: 14.1e-6, 2.25: 17.2e-6, 2.5: 21.8e-6, 2.75: 25.7e-6, 3.0: 29.2e-6,
    3.2: 33.5e-6,
}  # fmt: skip
"""Leak (A) at V_m (V) = 0.11 uF x dV/dt between the pulses of Fig. 2(b), read to 8 %."""


def changed(board: Board, rest: float | None = None, **calibration: float) -> Board:
    """The board with other calibration values of its synapse, and both stages charged to `rest` (V)."""
    data = board.model_dump()
    synapse = data["synapses"]["s1"]
    synapse["calibration"] |= calibration
    if rest is not None:
        synapse["at_rest"] = {"v_c1": rest, "v_c2": rest}
    return Board.model_validate(data)


def solved(misfit: Callable[[Floats], Floats], start: Mapping[str, float]) -> dict[str, float]:
    """Least squares from `start`, which scales the unknowns; `rms` in the unit of the misfit (uA; reading errors)."""
    scale = np.array(list(start.values()))

    def scaled(x: Floats) -> Floats:
        return misfit(x * scale)

    found: Any = least_squares(scaled, np.ones(len(scale)), diff_step=[1e-3] * len(scale))
    return dict(zip(start, found.x * scale, strict=True)) | {"rms": float(np.sqrt(np.mean(found.fun**2)))}


def fig2() -> dict[str, float]:
    """Leak, I_H and dead time from the leak of Fig. 2(b) and f(I) of Fig. 6(a) at once.

    V_th and I_off stay those of the file; the last piece of the leak is a jump over the last millivolt.
    """
    data, curve = load_board("wu2025_fig2").model_dump(), published("wu2025_fig6a_f_Iin")
    core = (curve.x > 48e-6) & (curve.x < 102.5e-6)
    volts, read = np.array(list(READ_2B)), np.array(list(READ_2B.values()))

    def misfit(x: Floats) -> Floats:
        data["neurons"]["n1"]["calibration"] |= dict(zip(unknown, x, strict=True))
        neuron = Board.model_validate(data).neurons["n1"]
        leak = np.interp(volts, *np.transpose(neuron.calibration.leak))
        rates = firing_rate(neuron, curve.x[core])
        return np.append((rates - curve.y[core]) / 1.0, (leak / read - 1.0) / 0.08)

    unknown = {"V1": 1.8, "I1": 11e-6, "I2": 38e-6, "I_H": 107e-6, "dead_time": 0.2e-3}
    return solved(misfit, unknown)


def fig4() -> dict[str, float]:
    """Q_N, tau and m1 from both traces. The 8-px line hides the rise of I_s1; 0 is known to 0.06 ms (AXIS_4)."""
    board, first, second = load_board("wu2025_fig4"), published("wu2025_fig4_c_Is1"), published("wu2025_fig4_d_Is2")
    grid = np.arange(0.0, 10e-3, 20e-6)
    falling = grid[grid > 0.3e-3]
    want = np.concatenate([_resampled(first.x, first.y, falling), _resampled(second.x, second.y, grid)])

    def misfit(x: Floats) -> Floats:
        trace = one_spike(changed(board, Q_N=x[0], tau=x[1], m1=x[2]))
        have = [np.interp(at + AXIS_4, trace.times, trace.values(f"s1.{node}")) for at, node in
                ((falling, "i_s1"), (grid, "i_s2"))]  # fmt: skip
        gap: Floats = (np.concatenate(have) - want) * 1e6
        return gap

    return solved(misfit, {"Q_N": 60e-9, "tau": 1.1e-3, "m1": 1.1})


def fig5a() -> dict[str, float]:
    """Q_N and tau from the peak of I_s and its tail."""
    board = load_board("wu2025_fig5a")

    def misfit(x: Floats) -> Floats:
        trace = clocked(changed(board, Q_N=x[0], tau=x[1]), "5a")
        spike = trace.spikes()[4]
        current = trace.values("s1.i_out")
        tail = np.interp(spike + np.array(list(READ_5A)[1:]), trace.times, current)
        gap: Floats = (np.append(current.max(), tail) - np.array(list(READ_5A.values()))) * 1e6
        return gap

    return solved(misfit, {"Q_N": 60e-9, "tau": 5e-3})


def fig5bc() -> dict[str, float]:
    """Q_N, tau and R_leak of one board from both rates, and the charge that each experiment began with."""
    boards = {panel: load_board(f"wu2025_fig{panel}") for panel in ("5b", "5c")}
    curves = {panel: published(f"wu2025_fig{panel}_Is") for panel in boards}

    def misfit(x: Floats) -> Floats:
        gaps = []
        for rest, (panel, board) in zip(x[3:], boards.items(), strict=True):
            trace = clocked(changed(board, rest, Q_N=x[0], tau=x[1], R_leak=x[2]), panel)
            have = np.interp(curves[panel].x, trace.times, trace.values("s1.i_out"))
            gaps.append((have - curves[panel].y) * 1e6)
        return np.concatenate(gaps)

    start = {"Q_N": 80e-9, "tau": 0.15, "R_leak": 8e6, "v_c of 5(b)": 0.5, "v_c of 5(c)": 0.5}
    return solved(misfit, start)


def _resampled(x: Floats, y: Floats, grid: Floats) -> Floats:
    order = np.argsort(x, kind="stable")
    return np.interp(grid, x[order], y[order])


if __name__ == "__main__":
    for fit in (fig2, fig4, fig5a, fig5bc):
        print(f"{fit.__name__}: " + ", ".join(f"{name} = {value:.5g}" for name, value in fit().items()))
