"""The modes of the bursting neuron and where they end, against Wu 2023 and against SPICE."""

import numpy as np
import pytest

from neurorig.analysis.published import published
from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.protocols.figures.bursting_modes import Panel, at_tau, limits, read_trace, tonic_edge

BOARD = load_board("wu2023_fig5")


def constant(board, amperes, duration):
    twin = Twin(board)
    twin.drive("n1.i0", amperes)
    twin.advance(duration)
    return twin


def test_rate_of_the_spiking_neuron_up_to_its_fall():
    points = published("wu2023_fig2_fI_points")
    board, wanted = load_board("wu2023_fig2"), points.x < 122e-6
    rates = [1.0 / np.diff(constant(board, i, 1.0).spikes("n1")[-2:])[0] for i in points.x[wanted]]
    assert np.sqrt(np.mean((rates - points.y[wanted]) ** 2)) < 0.3  # Hz, its reading error


def test_spike_of_the_spiking_neuron():
    """Orbit of Fig. 2: 920 mV, then 777 mV at 3.1 mA; V_out 136 to 140 mV over 47 ohm."""
    twin = constant(load_board("wu2023_fig2"), 70e-6, 0.2)
    fired = twin.spikes("n1")[-1]
    v_m, v_ap = (twin.sample(node, fired - 1e-6, 1e-7, 2000) for node in ("n1.v_m", "n1.v_ap"))
    assert (v_m - v_ap)[0] == pytest.approx(0.92, abs=0.005)
    assert v_ap.max() == pytest.approx(0.138, abs=0.005)
    assert (v_m - v_ap)[np.argmax(v_ap)] == pytest.approx(0.777, abs=0.005)


@pytest.mark.parametrize("amperes", [45e-6, 58e-6, 76.5e-6, 90e-6])
def test_fast_spiking_begins_at_the_same_tau_whatever_the_current(amperes):
    assert tonic_edge(BOARD, amperes) == pytest.approx(0.2125e-3, rel=0.03)


@pytest.mark.parametrize(("which", "rms"), [("lower", 1.5e-6), ("IB1_top", 2.5e-6), ("FS_top", 3e-6)])
def test_boundaries_of_the_phase_diagram(which, rms):
    line = published(f"wu2023_fig5_boundary_{which}")
    taus = np.linspace(0.2180e-3, line.x.max() - 1e-6, 9)
    misses = limits(BOARD, taus, which) - np.interp(taus, line.x, line.y)
    assert np.sqrt(np.mean(misses**2)) < rms


def test_the_upper_limit_is_not_reproduced_below_the_edge():
    """Known miss: printed are 98 to 124 uA, the model has its holding current, 102 uA, at any tau."""
    assert limits(BOARD, np.array([0.01e-3, 0.04e-3, 0.2e-3]), "upper") == pytest.approx([102e-6] * 3, abs=1e-6)


@pytest.mark.parametrize(
    ("tau", "amperes", "interval", "high", "low"),
    [
        (0.3e-3, 90e-6, 0.525e-3, 0.402, 0.165),
        (0.3e-3, 60e-6, 0.728e-3, 0.320, 0.109),
        (0.4e-3, 60e-6, 0.70e-3, 0.379, 0.159),
    ],
)
def test_fast_spiking_of_figure_5(tau, amperes, interval, high, low):
    """Predicted: nothing of these traces was fitted. V_out within 10 mV, intervals within 10 %."""
    trace = Panel("FS", amperes, tau * 1e7, 0.05).play(BOARD)
    numbers = {name: value.value for name, value in read_trace(trace, "").items()}
    assert numbers["interval"] == pytest.approx(interval, rel=0.10)
    assert numbers["V_high"] == pytest.approx(high, abs=0.010)
    assert numbers["V_low"] == pytest.approx(low, abs=0.010)


@pytest.mark.parametrize(
    ("tau", "amperes", "interval"),
    [(0.01e-3, 90e-6, 26.6e-3), (0.01e-3, 45e-6, 59.2e-3), (0.05e-3, 45e-6, 58.7e-3)],
)
def test_tonic_spiking_of_figure_5(tau, amperes, interval):
    spikes = constant(at_tau(BOARD, tau), amperes, 0.5).spikes("n1")
    assert np.diff(spikes)[-1] == pytest.approx(interval, rel=0.15)


@pytest.mark.parametrize(("load", "amperes"), [(2.2e3, 76.5e-6), (2.8e3, 97e-6)])
def test_plateaus_of_type_2_bursts_end_at_the_holding_current(load, amperes):
    twin = constant(BOARD.with_components({"n1.R_a": load}), amperes, 1.0)
    spikes = twin.spikes("n1", 0.5)
    latched = spikes[:-1][np.diff(spikes) > 10e-3][0]
    step = 1e-6
    through = twin.sample("n1.v_ap", latched + 1e-3, step, 60_000) / load
    opened = int(np.argmax(np.diff(through) < -5e-9))  # V_out falls faster than C_m allows
    assert 101e-6 < through[opened] < 103e-6


def test_type_2_bursts_away_from_the_edge():
    """(0.28 ms, 97 uA), predicted: period 82.3 ms, fast spiking for 35.7 ms."""
    numbers = read_trace(Panel("IB2", 97e-6, 2.8e3, 0.5).play(BOARD), "")
    assert numbers["burst_period"].value == pytest.approx(82.3e-3, rel=0.15)
    assert numbers["burst_duration"].value == pytest.approx(35.7e-3, rel=0.2)


def test_type_1_bursts_need_the_memory_of_the_last_spike():
    """Fig. 3: 3 to 4 spikes every 9.85 ms. Without the memory the same current gives single spikes."""
    data = load_board("wu2023_fig3").with_components({"n1.R_a": 3e3})
    numbers = read_trace(Panel("IB1", 38.7e-6, 3e3, 0.5).play(data), "")
    assert 3.0 <= numbers["burst_spikes"].value <= 4.0
    assert numbers["burst_period"].value == pytest.approx(9.85e-3, rel=0.2)
    forgetful = data.model_dump()
    forgetful["neurons"]["n1"]["calibration"]["memory"] = 0.0
    spikes = constant(type(data).model_validate(forgetful), 38.7e-6, 0.5).spikes("n1", 0.2)
    assert np.diff(spikes).max() < 1.01 * np.diff(spikes).min()


@pytest.mark.parametrize(("amperes", "rates"), [(50e-6, [142, 134, 125]), (95e-6, [401, 367, 329])])
def test_fast_spiking_of_the_spice_model(amperes, rates):
    """Converged ngspice of the two-transistor thyristor at tau_L 0.5, 0.8, 2 ms: within 3 %."""
    board = load_board("bursting_reference")
    taus = [0.5e-3, 0.8e-3, 2e-3]
    found = [
        1.0 / np.diff(constant(board.with_components({"n1.C_L": tau / 2e3}), amperes, 0.5).spikes("n1")[-2:])[0]
        for tau in taus
    ]
    assert found == pytest.approx(rates, rel=0.03)


@pytest.mark.parametrize(("amperes", "between"), [(50e-6, (0.35e-3, 0.4e-3)), (95e-6, (0.4e-3, 0.5e-3))])
def test_the_spice_model_spikes_fast_from_the_same_tau_on(amperes, between):
    """SPICE: the rate jumps from 133 to 147 Hz (50 uA) and from 316 to 401 Hz (95 uA) between these tau_L."""
    board = load_board("bursting_reference")
    slow, fast = (
        len(constant(board.with_components({"n1.C_L": tau / 2e3}), amperes, 0.5).spikes("n1")) for tau in between
    )
    assert fast > 1.15 * slow
