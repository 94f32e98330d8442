"""The memristive neuron (Benatti 2023, Figs 2 to 4): closed forms against an integration in time, and its learning rule."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from neurorig.hardware.memristors import (
    MemristiveNeuron,
    load_memristor_board,
    poisson_train,
    regular_train,
)
from neurorig.signals import ConfigError

NEURON = load_memristor_board("benatti2023_fig2", MemristiveNeuron)
NAMES = list(NEURON.synapses)


def trains(rate: float, until: float, seed: int = 0) -> dict[str, np.ndarray]:
    return {name: poisson_train(rate, until, seed=seed + k, gap=0.010) for k, name in enumerate(NAMES)}


def by_integration(
    inputs: dict[str, np.ndarray], back: np.ndarray, until: float
) -> tuple[list[float], float, np.ndarray]:
    """Output spikes, V and states at the end, from the differential equations of the paper's circuit."""
    device, part = NEURON.device, NEURON.membrane
    edges = [0.0, until, *back, *(back + 300e-6)]
    for train in inputs.values():
        edges += [*train, *(train + 10e-3)]
    knots = np.unique([t for t in edges if t <= until])
    y = np.array([0.0, *NEURON.states_at_rest.values()])
    spikes: list[float] = []
    reset = np.inf
    for begin, end in pairwise(knots):
        middle = 0.5 * (begin + end)
        away = bool(np.any((back <= middle) & (middle < back + 300e-6)))
        high = [bool(np.any((s <= middle) & (middle < s + 10e-3))) for s in inputs.values()]
        volts = np.where(away, -0.15, np.where(high, 0.2, 0.0))
        rate = np.array([device.rate(v) for v in volts.tolist()])

        def change(_, y, volts=volts, rate=rate, away=away):
            current = 0.0 if away else np.sum(volts * np.exp(y[1:] * device.span)) / device.R_max
            return [current / part.C - y[0] / part.tau, *np.where(volts > 0, (1 - y[1:]) * rate, -y[1:] * rate)]

        def threshold(_, y):
            return y[0] - part.V_th

        threshold.terminal = True
        now = begin
        while now < end:
            events = threshold if reset == np.inf else None
            stop = min(end, reset)
            run = solve_ivp(change, (now, stop), y, method="DOP853", rtol=1e-12, atol=1e-14, events=events)
            now, y = run.t[-1], run.y[:, -1]
            if run.status == 1:
                spikes.append(now)
                reset = now + part.spike_delay
            elif now == reset:
                y[0], reset = 0.0, np.inf
    return spikes, float(y[0]), y[1:]


def test_spikes_voltage_and_states_agree_with_an_integration_in_time() -> None:
    inputs, back, until = trains(12.0, 0.6), np.array([0.1, 0.3333, 0.47]), 0.6
    played = NEURON.play(inputs, until, back_spikes=back)
    spikes, v, x = by_integration(inputs, back, until)
    assert len(spikes) >= 4
    np.testing.assert_allclose(played.spikes, spikes, atol=1e-11)
    assert played.v([until])[0] == pytest.approx(v, abs=1e-10)
    np.testing.assert_allclose(list(played.final_states.values()), x, atol=1e-11)


def test_a_spike_discharges_the_membrane_after_its_delay() -> None:
    played = NEURON.play({name: [0.05] for name in NAMES}, 0.2, back_spikes=[])
    (spike,) = played.spikes
    delay = NEURON.membrane.spike_delay
    before, at, late, after = played.v([spike - 1e-6, spike, spike + delay * (1 - 1e-9), spike + delay])
    assert before < NEURON.membrane.V_th == pytest.approx(at, rel=1e-9)
    assert late > 0.1
    assert after == 0.0


@pytest.mark.parametrize(("microsiemens", "needed"), [(2.6, 4), (6.2, 2), (13.6, 1)])
def test_the_stronger_the_weights_the_fewer_inputs_have_to_coincide(microsiemens, needed) -> None:
    states = dict.fromkeys(NAMES, NEURON.device.state(microsiemens * 1e-6))
    counts = [
        len(
            NEURON.play({name: [0.01] for name in NAMES[:k]}, 0.05, states=states, plastic=False, back_spikes=[]).spikes
        )
        for k in range(1, 5)
    ]
    assert counts == [int(k >= needed) for k in range(1, 5)]


def test_without_plasticity_the_weights_stay_and_the_membrane_is_a_plain_rc() -> None:
    played = NEURON.play({"w1": [0.02]}, 0.1, plastic=False, back_spikes=[0.08])
    times = np.linspace(0.0, 0.1, 201)
    for weights in played.conductances(times).values():
        np.testing.assert_array_equal(weights, weights[0])
    part = NEURON.membrane
    current = 0.2 * played.conductances([0.0])["w1"][0]
    rising = current * part.tau / part.C * -np.expm1(-np.clip(times - 0.02, 0.0, 0.01) / part.tau)
    np.testing.assert_allclose(
        played.v(times), rising * np.exp(-np.clip(times - 0.03, 0.0, None) / part.tau), atol=1e-14
    )


def test_spikes_potentiate_their_own_synapse_and_back_spikes_depress_all() -> None:
    rest = NEURON.states_at_rest
    after = NEURON.play({"w2": [0.01]}, 0.1, back_spikes=[]).final_states
    assert after["w2"] > rest["w2"]
    assert [after[name] for name in ("w1", "w3", "w4")] == [rest[name] for name in ("w1", "w3", "w4")]
    after = NEURON.play({}, 0.1, back_spikes=[0.05]).final_states
    assert all(after[name] < rest[name] for name in NAMES)


def test_during_a_back_spike_the_input_is_disconnected() -> None:
    open_ = NEURON.play({"w1": [0.01]}, 0.1, back_spikes=[])
    cut = NEURON.play({"w1": [0.01]}, 0.1, back_spikes=[0.015])
    inside = [0.01501, 0.0152]
    assert np.all(np.diff(open_.v(inside)) > 0.0)
    assert np.all(np.diff(cut.v(inside)) < 0.0)


def test_below_the_balance_rate_synapses_weaken_and_above_they_grow() -> None:
    balance = NEURON.balance_rate(NEURON.states_at_rest["w1"])
    until, changes = 20.0, []
    back = regular_train(1.0, until, start=0.05)
    for rate in (0.5 * balance, balance, 2.0 * balance):
        played = NEURON.play({"w1": regular_train(rate, until)}, until, back_spikes=back)
        changes.append(played.final_states["w1"] - played.states([0.0])["w1"][0])
    assert changes[0] < -0.05
    assert abs(changes[1]) < 0.02
    assert changes[2] > 0.05


def test_back_spikes_are_a_seeded_poisson_process_of_the_stated_mean() -> None:
    times = NEURON.back_spikes(2000.0, 3)
    pauses = np.diff(times) - 300e-6
    assert pauses.min() > 0.0
    assert pauses.mean() == pytest.approx(1.0, rel=0.1)
    assert pauses.std() == pytest.approx(1.0, rel=0.15)
    np.testing.assert_array_equal(times, NEURON.back_spikes(2000.0, 3))
    assert len(times) != len(NEURON.back_spikes(2000.0, 4))


def test_a_play_continued_from_its_final_states_ends_as_the_whole_does() -> None:
    inputs, back = {"w1": np.array([0.1, 0.4, 1.2, 1.7])}, np.array([0.3, 1.5])
    whole = NEURON.play(inputs, 2.0, back_spikes=back)
    first = NEURON.play({"w1": [0.1, 0.4]}, 1.0, back_spikes=[0.3])
    second = NEURON.play({"w1": [0.2, 0.7]}, 1.0, back_spikes=[0.5], states=first.final_states)
    assert second.final_states["w1"] == pytest.approx(whole.final_states["w1"], abs=1e-14)


@settings(max_examples=25, deadline=None)
@given(rate=st.floats(0.0, 60.0), seed=st.integers(0, 1000), plastic=st.booleans())
@example(rate=1.1125369292536007e-308, seed=0, plastic=False)
@example(rate=5e-324, seed=0, plastic=True)
def test_whatever_is_played_everything_stays_finite_and_in_range(rate, seed, plastic) -> None:
    played = NEURON.play(trains(rate, 0.5, seed), 0.5, seed=seed, plastic=plastic)
    times = np.linspace(0.0, 0.5, 333)
    v = played.v(times)
    assert np.all(np.isfinite(v))
    assert np.all(v >= -1e-12)
    assert np.all(np.diff(played.spikes) >= NEURON.membrane.spike_delay)
    for x in played.states(times).values():
        assert np.all((x >= 0.0) & (x <= 1.0))


def test_poisson_trains_have_their_rate_and_their_gaps() -> None:
    train = poisson_train(20.0, 500.0, seed=1, gap=0.010)
    assert len(train) == pytest.approx(20.0 * 500.0, rel=0.05)
    assert np.diff(train).min() >= 0.010
    assert train.max() < 500.0
    with pytest.raises(ConfigError, match=r"200 Hz with gaps of 10 ms.*100 Hz"):
        poisson_train(200.0, 1.0, seed=1, gap=0.010)


@pytest.mark.timeout(20)
def test_trains_that_cannot_be_are_told() -> None:
    for train in (lambda rate, until: poisson_train(rate, until, seed=1), regular_train):
        with pytest.raises(ConfigError, match=r"rate = -1 Hz: give a rate of 0 Hz or more"):
            train(-1.0, 1.0)
        with pytest.raises(ConfigError, match=r"rate = nan Hz"):
            train(float("nan"), 1.0)
        with pytest.raises(ConfigError, match=r"until = inf s: a train ends at a finite time"):
            train(1.0, float("inf"))
    with pytest.raises(ConfigError, match=r"gap = -10 ms: the shortest interval is 0 or more"):
        poisson_train(1.0, 1.0, seed=1, gap=-0.010)
    with pytest.raises(ConfigError, match=r"seed = -1: a seed is a whole number"):
        poisson_train(1.0, 1.0, seed=-1)


def test_what_cannot_be_played_is_told() -> None:
    with pytest.raises(ConfigError, match=r"no synapse 'w5'\. Did you mean 'w"):
        NEURON.play({"w5": [0.1]}, 1.0)
    with pytest.raises(ConfigError, match="w1: spikes at 100 ms and 105 ms overlap: one lasts 10 ms"):
        NEURON.play({"w1": [0.1, 0.105]}, 1.0)
    with pytest.raises(ConfigError, match="from 0 s to 1 s"):
        NEURON.play({"w1": [1.5]}, 1.0)
    with pytest.raises(ConfigError, match="outside 0 to 1"):
        NEURON.play({}, 1.0, states={"w1": 1.5})
    with pytest.raises(ConfigError, match="where the play ended"):
        NEURON.play({}, 1.0).v([2.0])
