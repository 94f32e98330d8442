"""Currents that belong to a board, and networks with synapses taken out."""

import pytest

from neurorig.hardware import load_board
from neurorig.signals import ConfigError

from .boards import description, network, written


def test_a_preset_gives_the_currents_by_port(tmp_path):
    board = written(tmp_path, description() | {"presets": {"bump": {"n1.i0": "44.7 uA"}}})
    assert board.preset("bump") == pytest.approx({"n1.i0": 44.7e-6})


def test_an_unknown_preset_is_named_with_its_neighbour(tmp_path):
    board = written(tmp_path, description() | {"presets": {"bump": {"n1.i0": "44.7 uA"}}})
    with pytest.raises(ConfigError, match=r"no preset 'bum'.*'bump'"):
        board.preset("bum")


@pytest.mark.parametrize(
    ("currents", "why"), [({"n2.i0": "1 uA"}, r"\[presets.x\] 'n2.i0' is no port.*'n1.i0'"), ({"n1.i0": 4e-5}, "unit")]
)
def test_a_preset_drives_ports_of_the_board_and_has_units(tmp_path, currents, why):
    with pytest.raises(ConfigError, match=why):
        written(tmp_path, description() | {"presets": {"x": currents}})


def test_a_network_without_a_synapse_keeps_everything_else(tmp_path):
    coupled = network(tmp_path, {"s11": ("n1", "n1"), "s12": ("n1", "n2")})
    board = coupled.without(["s12"])
    assert list(board.synapses) == ["s11"]
    assert set(coupled.nodes) - set(board.nodes) == {"s12.i_out"}
    assert board.neurons == coupled.neurons
    assert board.synapses["s11"] == coupled.synapses["s11"]


def test_a_synapse_that_is_not_there_cannot_be_taken_out():
    with pytest.raises(ConfigError, match=r"no synapse 's12'.*'s11'"):
        load_board("wu2025_bump").without(["s12"])
