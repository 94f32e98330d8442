"""The numbers of the boards of Wu 2023, from its digitised curves.

Printed by the paper: V_th, V_F and r (orbit of Fig. 2), I_max of Fig. 2, I_H (the plateaus of Fig. 5 end at 101 to 102 uA).
Fitted here, in this order:

1. Fig. 2, f(I) below 122 uA: the leak and C of that board.
2. Fig. 5, lower limit of excitability where C_L matters: I_off. Its other boundaries, the edge between tonic and fast
   spiking (0.2125 ms) and the two spike intervals of Fig. 3 (TS, FS): latching current, memory of a spike, the two delays,
   C, and the drift of all currents (scale) in the experiment of Fig. 3, which shares all the rest.

Every boundary is looked for with the twin itself, by bisection. Run (half a minute):
``python -m neurorig.hardware.fits.wu2023 analysis/published``
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin

Floats = NDArray[np.float64]

C_L = 0.1e-6
TOP_AT = (0.2156e-3, 0.227e-3, 0.25e-3, 0.28e-3, 0.30e-3, 0.35e-3, 0.40e-3, 0.45e-3)
BURST_AT = (0.2172e-3, 0.25e-3, 0.30e-3, 0.40e-3, 0.50e-3, 0.59e-3)
EDGE, EDGE_CURRENT, EDGE_ERROR = 0.2125e-3, 58e-6, 0.004e-3
"""s: edge between TS and FS at this current, and the error it is weighed with; boundaries are weighed with 1 uA."""
PLATEAU = 10e-3
"""s: a silence this long is a plateau, far more than any interval of fast spiking."""


def curve(folder: Path, name: str) -> Floats:
    """Columns of a digitised curve in the units of its file, shape (n, columns)."""
    rows = [line for line in (folder / f"{name}.csv").read_text().splitlines() if not line.startswith("#")]
    return np.array([[float(cell) for cell in row.split(",")] for row in rows[1:]])


def tau_board(board: Board, tau: float, **calibration: float) -> Board:
    """The board with R_a = tau / C_L and other calibrated numbers."""
    return with_numbers(board, tau / C_L, **calibration)


def with_numbers(board: Board, load: float, **calibration: float) -> Board:
    """The board with another load (ohm) and other calibrated numbers (SI)."""
    data = board.model_dump()
    data["neurons"]["n1"]["components"]["R_a"] = float(load)
    data["neurons"]["n1"]["calibration"] |= {name: float(value) for name, value in calibration.items()}
    return Board.model_validate(data)


def late_spikes(board: Board, amperes: float, duration: float) -> Floats:
    """Spike times (s) in the second half of a run at constant current."""
    twin = Twin(board)
    twin.drive("n1.i0", amperes)
    twin.advance(duration)
    return twin.spikes("n1", duration / 2)


def interval(board: Board, amperes: float, duration: float) -> float:
    """Mean interval between spikes, s; inf if there are none."""
    spikes = late_spikes(board, amperes, duration)
    return float(np.diff(spikes).mean()) if len(spikes) > 2 else np.inf


def pauses(board: Board, amperes: float, duration: float = 0.6) -> bool:
    """Whether there is a plateau, or nothing but one."""
    spikes = late_spikes(board, amperes, duration)
    return len(spikes) < 3 or bool(np.diff([*spikes, duration]).max() > PLATEAU)


def regular(board: Board, amperes: float, duration: float = 0.6) -> bool:
    """Whether no spike is missing: intervals of one kind, and no plateau."""
    gaps = np.diff(late_spikes(board, amperes, duration))
    return len(gaps) > 1 and bool(gaps.max() <= min(1.3 * np.median(gaps), PLATEAU))


def boundary(beyond: Callable[[float], bool], low: float, high: float, steps: int = 11) -> float:
    """Where `beyond` becomes true between `low` and `high`, by bisection."""
    for _ in range(steps):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return 0.5 * (low + high)


# ------------------------------------------------------------------------------------------------------------- Fig. 2


def fit_fig2(folder: Path) -> dict[str, float]:
    """C, V1, I1 and I_off from f(I)."""
    board = load_board("wu2023_fig2")
    points = curve(folder, "wu2023_fig2_fI_points")
    points = points[points[:, 0] < 122.0]

    def numbers(x: Floats) -> dict[str, float]:
        return {"C": x[0] * 1e-6, "V1": x[1], "I1": x[2] * 1e-6, "I_off": x[3] * 1e-6}

    def misses(x: Floats) -> list[float]:
        trial = with_numbers(board, 47.0, **numbers(x))
        return [1.0 / interval(trial, amperes * 1e-6, 1.0) - hertz for amperes, hertz in points]

    fit = least_squares(
        misses, [11.0, 0.8, 5.0, 31.0], bounds=([5.0, 0.71, 1.0, 28.0], [20.0, 0.91, 27.0, 31.9]), diff_step=[1e-3] * 4
    )
    print(f"Fig. 2: f(I) below 122 uA to {np.sqrt(np.mean(fit.fun**2)):.2f} Hz rms")
    return numbers(fit.x)


# --------------------------------------------------------------------------------------------------------- Figs 3 and 5


def fit_fig5(folder: Path, leak: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Numbers of the board of Fig. 5, and those in which the board of Fig. 3 differs."""
    lower = curve(folder, "wu2023_fig5_boundary_lower")
    fixed = {
        "V1": leak["V1"],
        "I1": leak["I1"],
        "I_H": 102e-6,
        "I_off": float(lower[lower[:, 0] > EDGE * 1e3, 1].mean()) * 1e-6,
    }
    targets = [_printed(folder, "FS_top", TOP_AT), _printed(folder, "IB1_top", BURST_AT)]
    tonic, fast = (float(np.diff(curve(folder, f"wu2023_fig3_{k}_spikes")[:, 0]).mean()) * 1e-3 for k in ("TS", "FS"))

    def fig5(x: Floats) -> dict[str, float]:
        fitted = {
            "dead_time": x[0] * 1e-3, "fire_delay": x[1] * 1e-3, "I_H_dyn": x[2] * 1e-6,
            "memory": x[3] * 1e-3, "memory_time": x[4] * 1e-3, "C": x[5] * 1e-6,
        }  # fmt: skip
        return fixed | fitted

    def misses(x: Floats) -> list[float]:
        board = load_board("wu2023_fig2")
        numbers = fig5(x)
        top = [
            boundary(partial(pauses, tau_board(board, tau, **numbers)), at - 15e-6, at + 15e-6) - at
            for tau, at in zip(TOP_AT, targets[0], strict=True)
        ]
        burst = [
            boundary(partial(regular, tau_board(board, tau, **numbers)), at - 10e-6, at + 10e-6) - at
            for tau, at in zip(BURST_AT, targets[1], strict=True)
        ]
        edge = boundary(lambda tau: not pauses(tau_board(board, tau, **numbers), EDGE_CURRENT), 0.18e-3, 0.25e-3) - EDGE
        fig3 = numbers | {"scale": x[6]}
        intervals = [
            interval(with_numbers(board, 47.0, **fig3), 72.2e-6, 0.6) / tonic - 1.0,
            interval(with_numbers(board, 2400.0, **fig3), 46.7e-6, 0.3) / fast - 1.0,
        ]
        return [*(np.array([*top, *burst]) / 1e-6), edge / EDGE_ERROR, *(np.array(intervals) / 0.01)]

    start = [0.1, 0.07, 135.0, 3.0, 1.2, 7.5, 0.94]
    low, high = [0.0, 0.0, 120.0, 0.5, 0.8, 5.0, 0.85], [0.3, 0.3, 160.0, 10.0, 3.0, 13.0, 1.1]
    fit = least_squares(misses, start, bounds=(low, high), diff_step=[0.02] * 7, x_scale=start, max_nfev=12)
    count = len(TOP_AT) + len(BURST_AT)
    print(f"Fig. 5: boundaries to {np.sqrt(np.mean(fit.fun[:count] ** 2)):.1f} uA rms; misses in uA:")
    for name, taus, part in (
        ("FS/IB2", TOP_AT, fit.fun[: len(TOP_AT)]),
        ("IB1/FS", BURST_AT, fit.fun[len(TOP_AT) : count]),
    ):
        print(
            f"  {name}: "
            + ", ".join(f"{miss:+.1f} at {tau * 1e3:.3f} ms" for tau, miss in zip(taus, part, strict=True))
        )
    print(f"  TS/FS edge: {EDGE * 1e3 + fit.fun[count] * EDGE_ERROR * 1e3:.4f} ms, printed {EDGE * 1e3} ms")
    print(f"Fig. 3: TS {fit.fun[-2]:+.1f} %, FS {fit.fun[-1]:+.1f} %")
    return fig5(fit.x), {"scale": float(fit.x[6])}


def _printed(folder: Path, name: str, taus: tuple[float, ...]) -> Floats:
    """Boundary current (A) at each tau (s)."""
    line = curve(folder, f"wu2023_fig5_boundary_{name}")
    return np.interp(np.array(taus) * 1e3, line[:, 0], line[:, 1]) * 1e-6


def show(title: str, numbers: dict[str, float]) -> None:
    """Print numbers as they stand in a board."""
    print(f"[{title}]")
    for name, value in numbers.items():
        if name == "scale":
            print(f"scale = {value:.4g}")
            continue
        power, unit = {"C": (1e6, "uF"), "V": (1.0, "V"), "I": (1e6, "uA"), "m": (1e3, "mV")}.get(name[0], (1e3, "ms"))
        unit = "ms" if name == "memory_time" else unit
        print(f'{name} = "{value * power:.4g} {unit}"')


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description="Numbers of the boards of Wu 2023 from its digitised curves.")
    parser.add_argument("folder", type=Path, help="folder with the digitised curves, such as analysis/published")
    folder = parser.parse_args().folder
    fig2 = fit_fig2(folder)
    show("wu2023_fig2", fig2)
    fig5, fig3 = fit_fig5(folder, fig2)
    show("wu2023_fig5", fig5)
    show("wu2023_fig3", fig3)


if __name__ == "__main__":
    main()
