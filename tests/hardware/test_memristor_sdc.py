"""The SDC memristor under pulses, sweeps and forced currents (Benatti 2023, Fig. 1)."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from neurorig.hardware import load_board
from neurorig.hardware.memristors import (
    Sdc,
    SdcBoard,
    SdcMemristor,
    as_weights,
    load_memristor_board,
    weight_resistance,
)
from neurorig.signals import LimitError

DEVICE: Sdc = load_memristor_board("benatti2023_fig1", SdcBoard).device

states = st.floats(0.0, 1.0)
series = st.sampled_from([0.0, 1e3, 10e3, 300e3])
pulses = st.tuples(st.floats(-0.9, 0.9), st.floats(0.0, 0.1))


def memristor(x: float = 0.5, series: float = 0.0, seed: int = 0) -> SdcMemristor:
    return SdcMemristor(DEVICE, R_s=series, x=x, seed=seed)


@given(x=states, series=series, train=st.lists(pulses, max_size=6), compliance=st.sampled_from([1e-6, 10e-6, math.inf]))
def test_under_any_pulses_the_state_stays_in_its_range_and_the_device_is_passive(x, series, train, compliance) -> None:
    device = memristor(x, series)
    for volts, seconds in train:
        reading = device.apply(volts, seconds, compliance=compliance)
        assert 0.0 <= device.state.x <= 1.0
        assert reading.volts * reading.amperes >= 0.0
        assert abs(reading.amperes) <= compliance * (1 + 1e-12)
        assert abs(reading.volts) <= abs(volts) * (1 + 1e-12)


@given(
    x=states, series=series, pulse=pulses, cuts=st.lists(st.floats(0.0, 1.0), max_size=4),
    compliance=st.sampled_from([1e-6, 5e-6, math.inf]),
)  # fmt: skip
def test_a_pulse_cut_into_pieces_leaves_the_same_state(x, series, pulse, cuts, compliance) -> None:
    volts, seconds = pulse
    whole, cut = memristor(x, series), memristor(x, series)
    whole.apply(volts, seconds, compliance=compliance)
    for piece in np.diff([0.0, *(seconds * c for c in sorted(cuts)), seconds]).tolist():
        cut.apply(volts, piece, compliance=compliance)
    assert cut.state.x == pytest.approx(whole.state.x, abs=1e-9)


@given(
    x=states, series=series, amperes=st.floats(-20e-6, 20e-6), seconds=st.floats(0.0, 0.01), share=st.floats(0.0, 1.0)
)
def test_a_forced_current_may_be_cut_as_well(x, series, amperes, seconds, share) -> None:
    whole, cut = memristor(x, series), memristor(x, series)
    reading = whole.force(amperes, seconds, compliance=0.8)
    for piece in (seconds * share, seconds * (1.0 - share)):
        again = cut.force(amperes, piece, compliance=0.8)
    assert cut.state.x == pytest.approx(whole.state.x, abs=1e-8)  # a RESET at constant current runs away
    assert again.volts == pytest.approx(reading.volts, abs=1e-6)
    assert abs(reading.volts) <= 0.8
    assert reading.volts * reading.amperes >= 0.0


@given(x=st.floats(0.01, 0.99), series=series, volts=st.floats(-0.3, 0.6))
def test_the_quadrature_agrees_with_an_integration_in_time(x, series, volts) -> None:
    def moved(_: float, state):
        v = volts / (1.0 + series * DEVICE.conductance(float(state[0])))
        return [DEVICE.rate(v) * ((1.0 - state[0]) if v > 0 else -state[0])]

    device = memristor(x, series)
    fastest = DEVICE.rate(volts)
    assume(fastest > 0.0)
    seconds = min(2.0 / fastest, 1.0)
    device.apply(volts, seconds)
    other = solve_ivp(moved, (0.0, seconds), [x], method="DOP853", rtol=1e-11, atol=1e-13).y[0, -1]
    assert device.state.x == pytest.approx(other, abs=1e-8)


def test_without_series_resistor_the_relaxation_is_one_exponential() -> None:
    device = memristor(0.2)
    device.apply(0.5, 100e-6)
    rate = (math.exp(0.5 / 0.040) - 1.0) * math.exp(-0.55 / 0.040) / 200e-6
    assert device.state.x == pytest.approx(1.0 - 0.8 * math.exp(-rate * 100e-6), rel=1e-14)


@given(x=states, seconds=st.floats(0.0, 1e9))
def test_zero_volts_and_zero_amperes_change_nothing(x, seconds) -> None:
    device = memristor(x, 10e3)
    before = device.state
    assert device.apply(0.0, seconds).amperes == 0.0
    assert device.force(0.0, seconds, compliance=1.0).volts == 0.0
    assert device.state == before


def test_zero_seconds_look_without_touching() -> None:
    device = memristor(0.5, 10e3)
    before = device.state
    assert device.apply(0.8, 0.0).amperes == pytest.approx(0.8 / (10e3 + device.resistance))
    assert device.state == before


@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
def test_a_thousand_reads_disturb_less_than_a_thousandth(x) -> None:
    device = memristor(x, 10e3)
    for _ in range(1000):
        device.apply(50e-3, 50e-6)
    assert abs(device.state.x - x) < 1e-3


def test_pulses_potentiate_and_depress_smoothly_and_reproducibly() -> None:
    device = load_memristor_board("benatti2023_fig1", SdcBoard).memristor(seed=5)

    def pulsed(volts: float, seconds: float) -> list[float]:
        resistances = []
        for _ in range(20):
            device.apply(volts, seconds)
            resistances.append(0.05 / device.apply(0.05, 50e-6).amperes - 10e3)
        return resistances

    assert 45e3 < pulsed(0.6, 100e-6)[-1] < 50e3
    for _ in range(13):
        pulsed(-0.2, 10e-6)
        pulsed(0.55, 30e-6)
    first, up, second, again = pulsed(-0.2, 10e-6), pulsed(0.55, 30e-6), pulsed(-0.2, 10e-6), pulsed(0.55, 30e-6)
    assert np.all(np.diff(first) > 0.0)
    assert np.all(np.diff(up) < 0.0)
    assert max(abs(np.diff(np.log(first)))) < 0.15  # no jumps
    np.testing.assert_allclose([second, again], [first, up], rtol=1e-3)
    assert 75e3 < up[-1] < 87e3
    assert 200e3 < first[-1] < 220e3


def swept(device: SdcMemristor, peak: float) -> tuple[np.ndarray, np.ndarray]:
    volts = np.linspace(0.0, peak, round(abs(peak) * 1e3) + 1)[1:]
    current = np.array([device.apply(v, 50e-3, compliance=10e-6).amperes for v in volts.tolist()])
    for v in volts[::-1].tolist():
        device.apply(v, 50e-3, compliance=10e-6)
    return volts, np.log(current / volts)


def passage(volts: np.ndarray, log_g: np.ndarray) -> tuple[float, float]:
    share = (log_g - log_g[0]) / (log_g[-1] - log_g[0])
    return volts[np.argmax(share >= 0.1)], volts[np.argmax(share >= 0.9)]


def test_quasi_static_set_is_gradual_and_reset_abrupt_with_a_spread() -> None:
    device, resets = memristor(0.0, seed=1), []
    for _ in range(12):
        begins, ends = passage(*swept(device, 0.4))
        assert 0.0 < begins < ends < 0.4
        assert ends - begins > 0.1
        begins, ends = passage(*swept(device, -0.8))
        assert 0.0 < begins - ends < 0.040
        resets.append(ends)
    assert 0.010 < np.std(resets) < 0.050
    assert device.state.filament == 11  # the next is drawn when it begins to form


def test_the_seed_decides_the_filaments() -> None:
    def reset_voltages(seed: int) -> list[float]:
        device = memristor(1.0, seed=seed)
        return [passage(*swept(device, -0.8))[1] for _ in range(3) if swept(device, 0.4)]

    assert reset_voltages(3) == reset_voltages(3)
    assert reset_voltages(3) != reset_voltages(4)


def test_at_the_compliance_the_source_gives_its_current_and_not_its_voltage() -> None:
    device = memristor(0.9)
    reading = device.apply(0.5, 1e-6, compliance=1e-6)
    assert reading.limited
    assert reading.amperes == 1e-6
    assert reading.volts == pytest.approx(1e-6 * device.resistance)
    reading = device.force(10e-6, 1e-6, compliance=0.1)
    assert reading.limited
    assert reading.volts == 0.1


def test_what_the_model_does_not_stand_is_refused_and_leaves_the_device_as_it_was() -> None:
    device = memristor(0.5)
    before = device.state
    with pytest.raises(LimitError, match=r"1\.2 V .* exceeds the 1 V .*V_limit.*at most 1 V"):
        device.apply(1.2, 1.0)
    with pytest.raises(LimitError, match="finite level"):
        device.apply(math.nan, 1.0)
    with pytest.raises(LimitError, match="compliance of 0 V"):
        device.force(1e-6, 1.0, compliance=0.0)
    with pytest.raises(LimitError, match="outside 0 to 1"):
        memristor(1.5)
    assert device.state == before


def test_a_device_is_the_weight_of_a_synapse() -> None:
    board = load_board("wu2025_bump")
    strong, weak = memristor(1.0), memristor(0.0)
    assert weight_resistance(weak) == pytest.approx(500e3)
    charge = [board.with_components(as_weights({"s11": device})).charge("s11") for device in (strong, weak)]
    assert charge[0] / charge[1] == pytest.approx((500e3 + 6.6e3) / (1.0 / 22e-6 + 6.6e3), rel=1e-6)
