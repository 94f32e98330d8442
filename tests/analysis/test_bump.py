"""The measures of a bump, on recordings of a made-up neuron whose answers are known."""

import re
from dataclasses import replace

import numpy as np
import pytest

from neurorig.analysis import BumpEpochs, BumpMeasures, Measure, Pulse, detect, measure_bump
from neurorig.signals import Trace

from .synthetic import HOLDING, I_MIN, bump, i_sse, v_ap

NA = 1e-9


def measured(spikes: np.ndarray, current: np.ndarray, epochs: BumpEpochs, **known: Measure) -> BumpMeasures:
    return measured_from(i_sse(current), spikes, epochs, **known)


def measured_from(current: Trace, spikes: np.ndarray, epochs: BumpEpochs, **known: Measure) -> BumpMeasures:
    trace = v_ap(spikes, epochs.end, 100e3, noise=0.02)
    return measure_bump(detect(trace), current, epochs, rate_times=(1.3, 6.4), **known)


def local_rate(spikes: np.ndarray, time: float) -> float:
    near = spikes[np.abs(spikes - time) < 0.04]
    return (len(near) - 1) / (near[-1] - near[0])


def test_a_bump_is_started_held_and_stopped() -> None:
    spikes, current, epochs = bump()
    found = measured(
        spikes, current, epochs, holding=Measure(HOLDING, 10 * NA, "A"), i_min=Measure(I_MIN, 10 * NA, "A")
    )
    assert found.verdicts == {"silent_before": True, "sustained": True, "stopped": True}
    assert found.rate_at[1.3].value == pytest.approx(local_rate(spikes, 1.3), abs=1.0)
    assert found.rate_at[6.4].value == pytest.approx(local_rate(spikes, 6.4), abs=1.0)
    assert found["f_star"].value == pytest.approx(local_rate(spikes, 6.25), abs=1.0)
    assert found["i_sse_baseline"].value == pytest.approx(0.36e-6, abs=0.02e-6)
    assert found["i_sse"].value == pytest.approx(current[6000:6500].mean(), abs=40 * NA)
    visible = np.flatnonzero(current > 0.3e-6)[0] / 1000 - 1.0
    assert found["dead_time"].value == pytest.approx(visible, abs=3 * found["dead_time"].error)
    assert found["tau_decay"].value == pytest.approx(0.555, abs=0.005)
    assert found["last_spike"].value == pytest.approx(spikes[-1], abs=2e-5)
    margin = I_MIN - HOLDING - current[9249]
    assert margin > 0
    assert found["stop_margin"].value == pytest.approx(margin, abs=2 * found["stop_margin"].error)
    i_min, holding, left = (float(text) for text in re.findall(r"([\d.]+) uA", found["stop_margin"].note))
    assert 1e-6 * (i_min - holding - left) == pytest.approx(found["stop_margin"].value, abs=2 * NA)


def test_a_stop_that_is_too_weak_is_seen_and_so_is_its_negative_margin() -> None:
    spikes, current, epochs = bump(feedback=120e-9)
    found = measured(spikes, current, epochs, holding=Measure(HOLDING, NA, "A"), i_min=Measure(I_MIN, NA, "A"))
    assert found.verdicts["stopped"] is False
    assert found["stop_margin"].value < 0
    assert found["spikes_after_release"].value == np.sum(spikes > 9.25)
    assert f"not the last one: {np.sum(spikes > 9.25)} follow" in found["last_spike"].note


@pytest.mark.parametrize(("amperes", "length", "halted"), [(20.9e-6, 0.565, False), (-24.4e-6, 0.405, True)])
def test_the_bump_comes_back_after_a_probe(amperes: float, length: float, halted: bool) -> None:
    found = measured(*bump(probes=(Pulse(5.0, 5.0 + length, amperes),), stop=None))
    assert found.verdicts["recovered"] is True
    assert found.verdicts["probe1_halted"] is halted
    assert found["probe1_rate_after"].value == pytest.approx(found["probe1_rate_before"].value, rel=0.1)
    assert found["probe1_rate_during"].known is not halted
    assert 0 < found["probe1_return"].value < 2.0
    assert "stopped" not in found.verdicts


def test_a_probe_that_is_too_long_ends_the_bump() -> None:
    found = measured(*bump(probes=(Pulse(4.0, 7.0, -24.4e-6),), stop=None))
    assert found.verdicts["recovered"] is False
    assert found.verdicts["sustained"] is False
    assert "not back within 10%" in found["probe1_return"].note


def test_without_feedback_the_neuron_falls_silent_after_the_kick() -> None:
    found = measured(*bump(feedback=0.0))
    assert found.verdicts == {"silent_before": True, "sustained": False, "stopped": None}
    assert found["f_kick"].value == pytest.approx(80 + 2.3e6 * (HOLDING + 20.9e-6 - I_MIN), rel=0.01)
    for name in ("f_star", "dead_time", "build_up", "tau_decay"):
        assert not found[name].known
        assert found[name].note


def test_a_neuron_that_never_fires_is_described_not_refused() -> None:
    epochs = bump(feedback=0.0)[2]
    found = measured(np.empty(0), np.zeros(10_000), epochs)
    assert found.verdicts["sustained"] is False
    assert not found["f_kick"].known
    assert not found["last_spike"].known
    assert not found["stop_margin"].known
    assert set(found.table().columns) == {"quantity", "value", "error", "unit", "note"}


def test_a_neuron_that_fires_from_the_start_is_not_silent_before() -> None:
    spikes, current, epochs = bump()
    found = measured(np.concatenate([[0.4, 0.5], spikes]), current, epochs)
    assert found.verdicts["silent_before"] is False
    assert found["spikes_before_kick"].value == 2
    assert found.verdicts["sustained"] is None
    assert "2 spikes" in found.reasons["sustained"]
    assert found.verdicts["stopped"] is None
    assert found["i_sse_baseline"].value == pytest.approx(0.36e-6, abs=0.02e-6)  # from the silence before 0.4 s


def test_feedback_before_the_kick_is_no_baseline() -> None:
    """The neuron fires from the first moment on: what the channel reads without current was never seen."""
    spikes, current, epochs = bump()
    feedback = np.concatenate([np.linspace(0, 1.3e-6, 1000), current[1000:] + 1.3e-6])
    found = measured(np.concatenate([np.arange(0.01, 1.0, 0.01), spikes]), feedback, epochs)
    for name in ("i_sse_baseline", "dead_time", "build_up", "i_sse_max", "i_sse", "i_sse_at_release", "tau_decay"):
        assert not found[name].known
        assert "fires before the kick, from 0.010 s on" in found[name].note
    assert "no bump" in found["f_star"].note


def test_currents_beyond_the_screen_are_not_given_but_their_rise_is_timed() -> None:
    spikes, current, epochs = bump()
    whole = i_sse(current)
    codes = np.minimum(whole.samples, 70)  # about 6.8 uA
    cut = replace(whole, samples=np.where(codes == 70, 255, codes).astype(np.uint8), clipped=int((codes == 70).sum()))
    found = measured_from(cut, spikes, epochs)
    for name in ("i_sse_max", "i_sse", "build_up", "tau_decay"):
        assert not found[name].known
        assert 'widen low/high of [nodes."s11.i_out"]' in found[name].note
    assert found["dead_time"].known
    assert found["i_sse_at_release"].value == pytest.approx(current[9249], abs=40 * NA)


def test_a_rate_that_still_moves_says_so() -> None:
    spikes, current, epochs = bump()
    late = spikes[(spikes > 5.98) & (spikes < 6.5)]
    slowing = np.concatenate([spikes[spikes < 5.98], late + 0.03 * (late - 5.98) ** 2, spikes[spikes > 6.52]])
    note = measured(slowing, current, epochs)["f_star"].note
    assert note.startswith("still falling by ")
    assert note.endswith("the error is statistical")
