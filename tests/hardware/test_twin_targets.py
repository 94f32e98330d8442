"""What the boards of Wu 2025 did on the bench, the twin does: single neuron (Figs 2, 6, 9(b)) and bump (Figs 9(a), 10).

Currents are those delivered: the source of Fig. 9(a) gave 65.6 uA when 67.6 uA was asked for. Values to meet were read
from the figures; those with a curve come from the digitised data in analysis/published.
"""

import numpy as np
import pytest

from neurorig.analysis.published import published
from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .boards import single

HOLDING, KICKED, STOPPING = 44.7e-6, 65.6e-6, 20.3e-6
KICK, RELEASE, STOP, END = 0.99, 2.98, 6.48, 9.22  # s, Fig. 9(a)


def steady_rate(board, amperes, seconds=2.0):
    """Rate (Hz) of a neuron under a constant current, after the first 0.3 s."""
    twin = Twin(board)
    twin.drive("n1.i0", amperes)
    twin.advance(seconds)
    spikes = twin.spikes("n1", 0.3)
    return (len(spikes) - 1) / (spikes[-1] - spikes[0]) if len(spikes) > 1 else 0.0


def rate_at(twin, moment):
    """Reciprocal of the interval (Hz) in which `moment` lies."""
    spikes = twin.spikes("n1")
    after = int(np.searchsorted(spikes, moment))
    return 1.0 / (spikes[after] - spikes[after - 1])


def bump(board, *pieces, loads=None):
    """A twin in which a bump was started and left alone until 6.48 s; then `pieces`: (duration, current)."""
    program = [(KICK, HOLDING), (RELEASE - KICK, KICKED), (STOP - RELEASE, HOLDING), *pieces]
    twin = Twin(board, loads=loads)
    steps = Steps.of(*zip(*program, strict=True))
    twin.play("n1.i0", steps, 0.0)
    twin.advance(steps.duration)
    return twin


@pytest.fixture(scope="module")
def board():
    return load_board("wu2025_bump")


@pytest.fixture(scope="module")
def fig_9a(board):
    return bump(board, (END - STOP, STOPPING), (0.78, HOLDING))


# ------------------------------------------------------------------------------------------------------ single neuron


def test_f_of_i_of_fig_6a():
    curve = published("wu2025_fig6a_f_Iin")
    core = (curve.x > 48e-6) & (curve.x < 102.5e-6)  # outside, the slow ripple of the current smears the flanks
    rates = [steady_rate(load_board("wu2025_neuron"), amperes) for amperes in curve.x[core]]
    assert core.sum() == 10
    assert np.sqrt(np.mean((rates - curve.y[core]) ** 2)) <= 1.5


def test_f_of_i_of_fig_9b(tmp_path):
    chart = single(tmp_path, "wu2025_bump", scale=1.0, dead_time="0.6453591351099987 ms")
    curve = published("wu2025_fig9b_f1")
    core = (curve.x > 55e-6) & (curve.x < 110e-6)
    grid = np.linspace(54e-6, 111e-6, 58)
    rates = np.interp(curve.x[core], grid, [steady_rate(chart, amperes) for amperes in grid])
    assert np.sqrt(np.mean((rates - curve.y[core]) ** 2)) <= 1.0


def test_holding_current_is_silent_for_ever(board):
    twin = Twin(board)
    twin.drive("n1.i0", HOLDING)
    twin.advance(3600.0)
    assert twin.count == 0


def test_the_kick_fires_at_125_hz_before_feedback_sets_in(fig_9a):
    assert rate_at(fig_9a, 1.3) == pytest.approx(125.0, abs=3.0)


def test_the_spike_of_figs_2_and_4(fig_9a):
    fired = fig_9a.spikes("n1")[2]
    v_m = fig_9a.sample("n1.v_m", fired, 1e-7, 15_000)
    assert v_m[0] == pytest.approx(3.55, abs=0.05)
    assert v_m.min() == pytest.approx(0.83, abs=0.05)
    v_ap = fig_9a.sample("n1.v_ap", fired + 1e-9, 1e-7, 3000)
    assert v_ap[0] == v_ap.max() == pytest.approx((3.5348 - 0.65) * 2000 / 2025, rel=1e-3)
    to_1_e = 1e-7 * np.argmax(v_ap < v_ap[0] / np.e)
    assert 0.85 * 195e-6 < to_1_e < 1.15 * 240e-6


# --------------------------------------------------------------------------------------------------- bump, Fig. 9(a)


@pytest.mark.parametrize(("moment", "rate"), [(1.3, 125.0), (2.95, 161.0), (3.4, 112.6), (6.4, 106.0)])
def test_rate_of_the_bump(fig_9a, moment, rate):
    assert rate_at(fig_9a, moment) == pytest.approx(rate, abs=4.0)


def test_synaptic_current_of_the_bump(fig_9a):
    curve = published("wu2025_fig9a_Isse")
    model = np.array([fig_9a.sample("s11.i_out", moment, 1.0, 1)[0] for moment in curve.x])
    assert curve.offset == pytest.approx(0.36e-6)  # a reading offset of the figure, not a current
    assert np.sqrt(np.mean((model - (curve.y - curve.offset)) ** 2)) <= 0.35e-6


def test_dead_time_of_the_synaptic_current(fig_9a):
    current = fig_9a.sample("s11.i_out", KICK, 1e-4, 20_000)
    assert 1e-4 * np.argmax(current > 0.3e-6) == pytest.approx(0.66, abs=0.15)


def test_nothing_before_the_kick_and_nothing_after_the_stop(fig_9a):
    assert fig_9a.spikes("n1").min() > KICK
    assert fig_9a.spikes("n1").max() < STOP


def test_the_stop_sits_on_a_knife_s_edge(board):
    """+ 0.02 uA of holding still ends the bump, + 0.04 uA brings it back: the margin is reported, never tuned."""

    def returns(extra):
        twin = bump(board, (END - STOP, STOPPING + extra), (6.0, HOLDING + extra))
        return len(twin.spikes("n1", END)) > 100

    assert not returns(0.02e-6)
    assert returns(0.04e-6)


def test_without_a_stop_the_bump_stays(board):
    twin = bump(board, (20.0, HOLDING))
    assert rate_at(twin, 26.0) > 90.0


# -------------------------------------------------------------------------------------------------- probes, Fig. 10


@pytest.mark.parametrize(("length", "level"), [(0.565, KICKED), (0.405, STOPPING)])
def test_the_bump_recovers_from_a_probe(board, length, level):
    undisturbed = bump(board, (8.0, HOLDING))
    probed = bump(board, (length, level), (8.0 - length, HOLDING))
    during = probed.spikes("n1", STOP + 0.05, STOP + length)
    assert len(during) > 80 * length if level > HOLDING else len(during) == 0
    assert rate_at(probed, STOP + 7.9) == pytest.approx(rate_at(undisturbed, STOP + 7.9), abs=3.0)


# --------------------------------------------------------------------------------------- f*, the insets of Fig. 9(b)


def f_star(board, holding):
    """Rate (Hz) at which a bump settles: started by a kick, then 12 s of holding."""
    twin = Twin(board)
    twin.play("n1.i0", Steps.of([2.0, 12.0], [KICKED, holding]), 0.0)
    twin.advance(14.0)
    spikes = twin.spikes("n1", 12.0)
    return (len(spikes) - 1) / (spikes[-1] - spikes[0]) if len(spikes) > 1 else 0.0


def test_f_star_rises_with_holding(board):
    rates = [f_star(board, amperes) for amperes in (41e-6, 43e-6, 44.7e-6)]
    assert rates[0] > 0.0
    assert np.all(np.diff(rates) > 1.0)


def test_f_star_falls_with_r_w(board):
    rates = [f_star(board.with_components({"s11.R_W": ohms}), HOLDING) for ohms in (4e3, 5e3, 7e3, 9e3)]
    assert rates[-1] > 0.0
    assert np.all(np.diff(rates) < -1.0)
