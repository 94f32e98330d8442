"""``neurorig hardware setup``: what a hand does to a circuit so that it is the board of a figure."""

import json

import pytest

from neurorig.cli.app import run


def test_two_pacemakers_on_the_motif_board(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hardware", "setup", "wu2025_fig15"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["on", "the", "circuit:", "motif"] in rows
    assert ["C_m2", "33n", "100n", "fit", "or", "set"] in rows
    assert ["R_Wp12", "0.4", "into", "the", "socket"] in rows
    assert ["R_a1", "2k", "2k"] in rows
    assert ["JP_sign12", "2-3"] in rows


def test_as_json_on_another_circuit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hardware", "setup", "wu2025_fig4", "--on", "motif", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["board"], said["project"]) == ("wu2025_fig4", "motif")
    assert said["parts"]["R_s11_2"] == 82e3
    assert said["jumpers"]["JP_output11"] == "2-3"


def test_a_circuit_that_is_too_small(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hardware", "setup", "wu2025_fig15", "--on", "ns_unit"]) != 0
    assert "2 neurons, and the circuit 'ns_unit' has 1" in capsys.readouterr().err
