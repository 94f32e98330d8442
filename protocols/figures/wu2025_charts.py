"""What several figures of Wu 2025 have in common: charts in open loop (6(b), 9(b), 11(b)), and probes (10, 12)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware import Board
from neurorig.hardware.rate import firing_range

from .figure import Curve, Floats, Value
from .playing import Trace, mean_rate, play, rate_at

SETTLING, READING = 10.0, 1.0
"""Units of tau_s until the stages have settled, and s of reading."""

BEFORE, AFTER, LOOP = 1.0, 6.0, 5.0
"""s shown before and after a probe, and s of the loop in the plane of I_s1 and I_s2."""


def response(board: Board, synapse: str, points: int = 40) -> tuple[Floats, Floats, Floats]:
    """I_in (A), f (Hz) and I_s (A) of an open-loop board, tonic from just above I_min to just below I_max."""
    low, high = firing_range(board.neurons[board.synapses[synapse].pre])
    currents = np.linspace(1.0005 * low, 0.9995 * high, points)
    settled = SETTLING * board.synapses[synapse].tau
    rates, outputs = [], []
    for amperes in currents:
        twin = play(board, [(settled + READING, amperes)])
        fired = twin.spikes(board.synapses[synapse].pre, settled)
        rates.append(mean_rate(fired, settled, np.inf))
        span = fired[-1] - fired[0]
        outputs.append(twin.sample(f"{synapse}.i_out", fired[0], span / 2000, 2000).mean())
    return currents, np.array(rates), np.array(outputs)


def crossing(x: Floats, first: Floats, second: Floats) -> float:
    """Abscissa at which `first` - `second` changes its sign, the first time; NaN if it never does."""
    gap = first - second
    flips = np.flatnonzero(np.diff(np.sign(gap)) != 0)
    if not len(flips):
        return float("nan")
    k = int(flips[0])
    return float(x[k] - gap[k] * (x[k + 1] - x[k]) / (gap[k + 1] - gap[k]))


def straight(rates: Floats, currents: Floats, key: str, name: str) -> dict[str, Value]:
    """Slope and intercept of the straight line through a synapse's response."""
    slope, intercept = np.polyfit(rates, currents, 1)
    return {
        f"{key}_slope": Value(float(slope), "C", f"Slope of {name}"),
        f"{key}_intercept": Value(float(intercept), "A", f"{name} continued to 0 Hz"),
    }


def probed(
    board: Board, settle: list[tuple[float, float]], probe: tuple[float, float], hold: float, *, name: str, every: int
) -> tuple[dict[str, Curve], dict[str, Value]]:
    """Curves and numbers of a settled board with a self-synapse under one probe (s, A), which begins at 0.

    Shown from 1 s before to 6 s after it; keys begin with `name`. `every`: one spike in so many is drawn.
    """
    length, level = probe
    begin = sum(duration for duration, _ in settle)
    twin = play(board, [*settle, (length, level), (AFTER, hold)])
    trace = Trace(twin, begin - BEFORE, begin + length + AFTER, zero=begin)
    i_s1, i_s2, spikes = trace.values("s11.i_s1"), trace.values("s11.i_out"), trace.spikes()
    turn = (trace.times >= 0.0) & (trace.times <= LOOP)
    last, back = spikes[spikes <= length], spikes[spikes > length]
    curves = {
        "f": trace.rate(f"f, {name}"),
        "Is1": trace.curve("s11.i_s1", "Is1", f"I_s1, {name}"),
        "Is2": trace.curve("s11.i_out", "Is2", f"I_s2, {name}"),
        "I0": trace.curve("n1.i0", "I0", f"I_0 delivered, {name}"),
        "loop": Curve("Is1", "A", i_s1[turn], "Is2", "A", i_s2[turn], f"{name}, from the begin of the probe on"),
        **trace.drawn_spikes(every),
    }
    numbers = {
        "f_before": Value(mean_rate(spikes, -BEFORE, 0.0), "Hz", "Rate before the probe"),
        "f_during": Value(mean_rate(spikes, 0.0, length), "Hz", "Rate during the probe"),
        "f_end": Value(mean_rate(spikes, length - 0.05, length), "Hz", "Rate over the last 0.05 s of the probe"),
        "f_after": Value(rate_at(spikes, length + 0.05), "Hz", "Rate 0.05 s after the probe"),
        "f_late": Value(mean_rate(spikes, length + AFTER - 1.0, length + AFTER), "Hz", "Rate 5 to 6 s after the probe"),
        "pause": Value(
            back[0] - last[-1] if len(back) and len(last) else np.inf, "s", "Interval across the probe's end"
        ),
        "Is1_extreme": Value(_farthest(i_s1, turn), "A", "I_s1, farthest from where it was"),
        "Is2_extreme": Value(_farthest(i_s2, turn), "A", "I_s2, farthest from where it was"),
    }
    return (
        {f"{name}_{key}": curve for key, curve in curves.items()},
        {f"{name}_{key}": replace(value, label=f"{value.label}, {name}") for key, value in numbers.items()},
    )


def _farthest(values: Floats, where: NDArray[np.bool_]) -> float:
    return float(values[where][np.argmax(np.abs(values[where] - values[0]))])
