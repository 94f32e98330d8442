"""Two leads and what they touch: Ohm's law with compliance, leads' resistance, memristors that move along, and die."""

import pytest

from neurorig.hardware.memristors import SdcBoard, load_memristor_board
from neurorig.instruments.simulated.leads import Leads, Resistor

from .fakes import quiet_world


def leads(device=None, resistance=0.0):
    world = quiet_world()
    return world, Leads(world, device, resistance=resistance)


def test_a_resistor_obeys_ohm_until_the_compliance():
    _, held = leads(Resistor(10e3))
    held.hold("V", 1.0, 1e-3)
    assert held.look()[:2] == pytest.approx((1.0, 1e-4))
    held.hold("A", 1e-4, 0.5)
    assert held.look() == (0.5, 5e-5, True)


def test_the_leads_are_seen_with_two_wires_and_not_with_four():
    _, held = leads(Resistor(100.0), resistance=2.0)
    held.hold("A", 1e-3, 10.0)
    assert held.look().volts == pytest.approx(0.102)
    held.remote = True
    assert held.look().volts == pytest.approx(0.1)
    held.remote = False
    held.hold("V", 1.02, 1.0)
    assert held.look().amperes == pytest.approx(0.01)


@pytest.mark.parametrize(("source", "seen"), [("V", (1.0, 0.0, False)), ("A", (5.0, 0.0, True))])
def test_open_leads(source, seen):
    _, held = leads()
    held.hold(source, 1.0, 5.0)
    assert held.look() == seen
    held.release()
    assert held.look() == (0.0, 0.0, False)


def test_a_mean_is_over_the_time_that_passed():
    world, held = leads(Resistor(1e3))
    held.hold("V", 1.0, 1.0)
    held.mark()
    world.spend(0.01)
    held.hold("V", 2.0, 1.0)
    world.spend(0.03)
    assert held.mean().volts == pytest.approx(1.75)


def test_a_memristor_moves_only_while_it_is_held():
    device = load_memristor_board("benatti2023_fig1", SdcBoard).memristor(seed=1)
    world, held = leads(device)
    before = device.conductance
    world.spend(1.0)
    assert device.conductance == before
    held.hold("V", 0.4, 1e-5)
    world.spend(1.0)
    held.look()
    assert device.conductance > 1.5 * before


def test_what_the_device_does_not_stand_destroys_it_and_the_world_goes_on(capsys):
    board = load_memristor_board("benatti2023_fig1", SdcBoard)
    world, held = leads(board.memristor(seed=1, R_s=0.0))
    held.hold("V", 20.0, 1.0)
    world.spend(0.1)
    assert held.look() == (20.0, 0.0, False)
    assert "V_limit" in held.destroyed
    assert "destroyed" in capsys.readouterr().err


def test_opening_the_relay_at_a_level_is_counted():
    _, held = leads(Resistor(1e3))
    held.hold("V", 1.0, 1.0)
    held.hold("V", 0.0, 1.0)
    held.release()
    assert held.hot_switched == 0
    held.hold("V", 1.0, 1.0)
    held.release()
    assert held.hot_switched == 1
