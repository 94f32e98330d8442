"""What a bursting neuron does at constant current: its settled traces, the numbers that tell a mode, and where modes end."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from neurorig.analysis import find_bursts
from neurorig.hardware import Board
from neurorig.hardware.fits.wu2023 import boundary, late_spikes, pauses, regular

from .figure import Curve, Floats, Value, events
from .playing import Trace, play

SETTLING = 0.5
"""s at constant current before a trace is shown, for C_m = 10 uF; longer in proportion."""

FAST = 5e-3
"""s: intervals of fast spiking are shorter, those of tonic spiking longer, for C_m = 10 uF."""

RESOLUTION = 20_000
"""Intervals of a shown trace."""


@dataclass(frozen=True)
class Panel:
    """One printed trace: its key, current (A), load R_s (ohm), how long it is shown (s), C_m and C_s (F)."""

    key: str
    current: float
    load: float
    shown: float
    membrane: float = 10e-6
    soma: float = 0.1e-6

    @property
    def label(self) -> str:
        """Setting in words."""
        return f"{self.current * 1e6:g} uA, {self.load:g} ohm"

    def play(self, board: Board) -> Trace:
        """The settled trace on a board with these components, its time counted from 0."""
        fitted = board.with_components({"n1.R_a": self.load, "n1.C_m": self.membrane, "n1.C_L": self.soma})
        settling = SETTLING * self.membrane / 10e-6
        twin = play(fitted, [(settling + self.shown, self.current)])
        return Trace(twin, settling, settling + self.shown, dt=self.shown / RESOLUTION, zero=settling)


def play_panels(board: Board, panels: Iterable[Panel]) -> tuple[dict[str, Curve], dict[str, Value]]:
    """Spikes, V_out and numbers of printed traces; every key begins with that of its panel."""
    curves: dict[str, Curve] = {}
    numbers: dict[str, Value] = {}
    for panel in panels:
        trace = panel.play(board)
        curves[f"{panel.key}_spikes"] = events(trace.spikes(), f"Spikes at {panel.label}")
        curves[f"{panel.key}_Vout"] = trace.curve("n1.v_ap", "Vout", f"V_out at {panel.label}")
        numbers |= {f"{panel.key}_{name}": value for name, value in read_trace(trace, panel.label).items()}
    return curves, numbers


def read_trace(trace: Trace, label: str) -> dict[str, Value]:
    """Interval between spikes, range of V_out and, where there are bursts, their spikes, period and duration."""
    spikes, volts = trace.spikes(), trace.values("n1.v_ap")
    numbers = {
        "V_high": Value(float(volts.max()), "V", f"Highest V_out at {label}"),
        "V_low": Value(float(volts.min()), "V", f"Lowest V_out at {label}"),
    }
    if len(spikes) > 1:
        numbers["interval"] = Value(float(np.median(np.diff(spikes))), "s", f"Median interval at {label}")
    found = find_bursts(spikes, start=0.0, stop=float(trace.times[-1]))
    if found.whole.any():
        numbers["burst_spikes"] = Value(float(found.spikes[found.whole].mean()), "", f"Spikes per burst at {label}")
        numbers["burst_duration"] = Value(float(found.duration[found.whole].mean()), "s", f"Burst at {label}")
    if len(found) > 1:
        numbers["burst_period"] = Value(float(np.nanmean(found.period)), "s", f"Period of bursts at {label}")
    return numbers


# --------------------------------------------------------------------------------------------------------- boundaries


def at_tau(board: Board, tau: float) -> Board:
    """The board whose load makes tau_s = R_s C_s (s)."""
    return board.with_components({"n1.R_a": tau / board.components["n1.C_L"]})


def lower_limit(board: Board, around: float) -> float:
    """Current (A) above which the neuron fires."""
    return boundary(lambda amperes: len(late_spikes(board, amperes, 2.0)) > 0, 0.8 * around, 1.3 * around)


def upper_limit(board: Board) -> float:
    """Current (A) above which it is silent again."""
    return boundary(lambda amperes: len(late_spikes(board, amperes, 1.0)) == 0, 80e-6, 180e-6)


def first_bursting_end(board: Board, low: float) -> float:
    """Current (A) above which no spike of fast spiking is missing."""
    return boundary(partial(regular, board), low, 70e-6)


def fast_spiking_end(board: Board) -> float:
    """Current (A) above which fast spiking is interrupted by plateaus, or ends in one."""
    return boundary(partial(pauses, board), 45e-6, 150e-6)


def tonic_edge(board: Board, amperes: float) -> float:
    """tau_s (s) above which the first spike does not latch, so that a second one follows within `FAST`."""

    def fast(tau: float) -> bool:
        gaps = np.diff(late_spikes(at_tau(board, tau), amperes, 0.6))
        return len(gaps) > 0 and bool(gaps.min() < FAST)

    return boundary(fast, 0.1e-3, 0.4e-3)


def limits(board: Board, taus: Floats, which: str) -> Floats:
    """One boundary (A) of the phase diagram at each tau_s (s): ``lower``, ``upper``, ``IB1_top`` or ``FS_top``."""
    low = board.i_min("n1.i0")
    find = {
        "lower": lambda it: lower_limit(it, low),
        "upper": upper_limit,
        "IB1_top": lambda it: first_bursting_end(it, 1.02 * low),
        "FS_top": fast_spiking_end,
    }[which]
    return np.array([find(at_tau(board, tau)) for tau in taus])
