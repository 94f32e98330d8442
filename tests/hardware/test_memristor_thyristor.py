"""The thyristor with R_m as a two-terminal device: the neuron's switch behind a source-meter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.hardware import load_board
from neurorig.hardware.memristors import ThyristorBoard, ThyristorMemristor, load_memristor_board
from neurorig.hardware.twin import Twin
from neurorig.signals import LimitError

BOARD = load_board("wu2025_neuron")
NEURON = BOARD.neurons["n1"]
FIT = NEURON.calibration
LOAD = 1e3


def device(load: float = LOAD, capacitance: float = 1e-9) -> ThyristorMemristor:
    return ThyristorMemristor(NEURON, load=load, capacitance=capacitance)


def swept(thyristor: ThyristorMemristor, volts: np.ndarray, **options: float) -> np.ndarray:
    return np.array([thyristor.apply(v, 1e-3, **options).amperes for v in volts.tolist()])


def test_a_voltage_sweep_is_hysteretic_with_the_numbers_of_the_neuron() -> None:
    thyristor, up = device(), np.linspace(0.0, 4.0, 4001)
    rising, falling = swept(thyristor, up), swept(thyristor, up[::-1])[::-1]
    fires = np.argmax(rising > 1e-3)
    assert up[fires] == pytest.approx(FIT.V_th + (LOAD - NEURON.components.R_a) * FIT.I_off, abs=1.1e-3)
    assert rising[fires - 1] == pytest.approx(FIT.I_off, rel=0.01)
    holds = np.argmax(falling > 0.9 * FIT.I_H)
    assert falling[holds] == pytest.approx(FIT.I_H, rel=0.02)
    assert up[holds] == pytest.approx(FIT.V_F + (LOAD + FIT.r) * FIT.I_H, abs=1.1e-3)
    assert np.all(falling >= rising)
    np.testing.assert_array_equal(falling[:holds], rising[:holds])
    conducting = falling[fires:]
    np.testing.assert_allclose(conducting, (up[fires:] - FIT.V_F) / (LOAD + FIT.r), rtol=1e-12)


def test_the_load_of_the_neuron_gives_its_own_threshold() -> None:
    assert device(NEURON.components.R_a).threshold == pytest.approx(FIT.V_th)
    assert device(0.0).switching_current == pytest.approx(FIT.I_off)


@pytest.mark.parametrize("name", ["wu2025_neuron", "wu2025_bump", "wu2025_fig11a"])
def test_a_forced_current_with_the_membranes_capacitance_is_the_neuron(name) -> None:
    board = load_board(name)
    twin = Twin(board.without(board.synapses) if board.synapses else board)
    neuron = board.neurons["n1"]
    thyristor = ThyristorMemristor(neuron, load=neuron.components.R_a, capacitance=neuron.capacitance)
    levels = [0.9 * neuron.i_min, neuron.i_min + 5e-6, 80e-6, neuron.i_max + 5e-6, 70e-6]
    fired = 0
    for k, level in enumerate(levels):
        twin.drive("n1.i0", level)
        twin.advance(0.3 * (k + 1))
        thyristor.force(level, 0.3, compliance=20.0)
        assert thyristor.state.fired == twin.count
        fired = twin.count
    assert fired > 50
    v_m = twin.sample("n1.v_m", 1.5, 1e-3, 1)[0]
    assert thyristor.state.volts == pytest.approx(v_m, abs=1e-6)


def test_between_switching_and_holding_current_it_oscillates_and_above_it_rests() -> None:
    thyristor = device()
    assert thyristor.force(0.99 * FIT.I_off, 0.1, compliance=5.0).amperes == pytest.approx(0.99 * FIT.I_off)
    assert thyristor.state.fired == 0
    thyristor.force(0.7 * FIT.I_H, 0.1, compliance=5.0)
    assert thyristor.state.fired > 100
    thyristor.force(1.5 * FIT.I_H, 0.01, compliance=5.0)
    fired = thyristor.state.fired
    reading = thyristor.force(1.5 * FIT.I_H, 0.1, compliance=5.0)
    assert thyristor.state.fired == fired
    assert reading.volts == pytest.approx(FIT.V_F + (LOAD + FIT.r) * 1.5 * FIT.I_H)


def test_the_compliance_decides_what_the_closed_device_carries() -> None:
    thyristor = device()
    reading = thyristor.apply(4.0, 0.01, compliance=1e-3)
    assert reading.limited
    assert reading.amperes == 1e-3
    assert reading.volts == pytest.approx(FIT.V_F + (LOAD + FIT.r) * 1e-3)
    reading = thyristor.force(10e-6, 0.05, compliance=0.2)
    assert reading.limited
    assert reading.volts == 0.2
    assert reading.amperes == 0.0  # below V0 nothing leaks


def test_it_blocks_in_reverse() -> None:
    thyristor = device()
    assert thyristor.apply(-3.0, 1.0).amperes == 0.0
    reading = thyristor.force(-10e-6, 1.0, compliance=3.0)
    assert (reading.volts, reading.amperes, reading.limited) == (-3.0, 0.0, True)


@given(
    levels=st.lists(st.tuples(st.floats(-1.0, 5.0), st.floats(1e-6, 5e-3)), min_size=1, max_size=5),
    compliance=st.sampled_from([30e-6, 70e-6, 90e-6, 200e-6, 1e-3, math.inf]),
    share=st.floats(0.0, 1.0),
)
def test_an_interval_cut_into_pieces_leaves_the_same_state(levels, compliance, share) -> None:
    whole, cut = device(), device()
    for volts, seconds in levels:
        whole.apply(volts, seconds, compliance=compliance)
        for piece in (seconds * share, seconds - seconds * share):
            cut.apply(volts, piece, compliance=compliance)
        assert abs(cut.state.fired - whole.state.fired) <= 1  # a spike may fall on the end
        if cut.state.phase == whole.state.phase:
            assert cut.state.volts == pytest.approx(whole.state.volts, abs=1e-6)
            assert cut.state.left == pytest.approx(whole.state.left, abs=1e-9)


@given(levels=st.lists(st.tuples(st.floats(-5.0, 5.0), st.floats(0.0, 5e-3)), max_size=8), load=st.floats(0.0, 5e3))
def test_behind_a_stiff_source_it_is_passive(levels, load) -> None:
    thyristor = device(load)
    for volts, seconds in levels:
        reading = thyristor.apply(volts, seconds)
        assert reading.volts * reading.amperes >= 0.0
        assert math.isfinite(reading.amperes)
        assert not reading.limited


def test_zero_seconds_look_without_touching() -> None:
    thyristor = device()
    before = thyristor.state
    assert thyristor.apply(4.0, 0.0).amperes > 1e-3
    assert thyristor.state == before


def test_what_it_cannot_be_is_refused() -> None:
    with pytest.raises(LimitError, match="no threshold above its holding voltage"):
        device(1e6)
    with pytest.raises(LimitError, match="more than 0 F"):
        device(capacitance=0.0)
    with pytest.raises(LimitError, match="needs a finite compliance"):
        device().force(1e-6, 1.0, compliance=math.inf)


def test_the_shipped_device_is_that_of_the_neuron_board() -> None:
    thyristor = load_memristor_board("thyristor_iv", ThyristorBoard).memristor()
    assert thyristor.switching_current == pytest.approx(NEURON.i_min)
    assert thyristor.holding_current == pytest.approx(NEURON.i_max)
