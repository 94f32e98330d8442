"""``neurorig hardware setup``: what a hand does to a circuit so that it is the board of a figure."""

import json
import re

import pytest

from neurorig.cli.app import run
from neurorig.hardware import list_boards


def page(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run(["hardware", "setup", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["hardware", "setup", *arguments]) == 2
    return capsys.readouterr().err


def test_two_pacemakers_on_the_motif_board(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no kicad-cli
    rows = [line.split() for line in page(capsys, "wu2025_fig15")]
    assert ["on", "the", "board:", "motif"] in rows
    assert ["4", "1uF", "film", "capacitor", "C_s12_1", "C_s12_2", "C_s21_1", "C_s21_2"] in rows
    assert ["2", "wire", "link", "R_Wp12", "R_Wp21"] in rows
    assert ["R_a1", "2k", "as", "printed"] in rows
    assert ["JP_weight12", "none"] in rows
    assert ["JP_sign12", "3-5,", "4-6", "inh"] in rows
    assert ["JP_stages21_2", "on", "alpha"] in rows
    assert ["corrected", "n2.i0", "1.062", "Imin", "57.3", "uA", "J_i0_2"] in rows
    assert ["n1.v_m", "BNC", "J_v_m_1,", "TP1_1"] in rows
    assert ["neurorig", "figure", "wu2025_fig15"] in rows


def test_which_currents_are_meant_and_no_tag_that_nobody_knows(capsys):
    text = " ".join(" ".join(page(capsys, "wu2025_fig15")).split())
    assert "Its Imin is measured by 'neurorig run rheobase'" in text
    assert "Not 'printed' (78.8 uA, 70.6 uA)" in text
    assert "Take 'corrected'." in text
    for board in list_boards():
        assert not re.search(r"\bE\d+\b|errat", "\n".join(page(capsys, board)))


def test_a_figure_without_its_letter_names_its_panels(capsys):
    told = refused(capsys, "wu2025_fig5")
    assert "3 panels" in told and "wu2025_fig5b: Rate coding at 10 Hz" in told
    assert page(capsys, "wu2025_fig7b") == page(capsys, "motif_self_excitation")


def test_a_synapse_that_the_figure_lacks_is_taken_off_the_membrane(capsys):
    lines = [line for line in page(capsys, "wu2025_fig14") if "22" in line and "JP_" in line]
    assert [line.split()[:3] for line in lines] == [["JP_output22", "2-3", "10k"]]
    assert "not used" in lines[0]


def test_a_sweep_has_a_range_and_a_figure_the_name_of_its_board(capsys):
    rows = [line.split() for line in page(capsys, "wu2025_fig6a")]
    assert ["n1.i0", "0", "A", "to", "250", "uA", "J_i0_1"] in rows
    assert ["on", "the", "board:", "neuron"] in rows
    assert ["neurorig", "figure", "wu2025_fig6a"] in rows


@pytest.mark.parametrize("board", list_boards())
def test_no_line_is_cut_by_a_terminal_of_80_columns(capsys, board):
    assert max(map(len, page(capsys, board))) <= 80


def test_as_json_on_another_circuit(capsys):
    (line,) = page(capsys, "wu2025_fig4", "--on", "motif", "--json")
    said = json.loads(line)
    assert (said["board"], said["project"]) == ("wu2025_fig4", "motif")
    assert said["parts"]["R_s11_2"] == 82e3
    assert said["jumpers"]["JP_output11"] == "2-3"
    assert next(cap["word"] for cap in said["caps"] if cap["jumper"] == "JP_output11") == "10k"
    assert said["ports"]["n1.i0"] == [0.0, 250e-6, "J_i0_1"]
    assert said["figures"] == ["wu2025_fig4"]


def test_a_circuit_that_is_too_small_or_none(capsys):
    assert "2 neurons, and the circuit 'ns_unit' has 1" in refused(capsys, "wu2025_fig15", "--on", "ns_unit")
    assert "'shield' is no circuit for neurons" in refused(capsys, "wu2025_bump", "--on", "shield")


def test_a_figure_that_is_unknown_or_not_of_neurons(capsys):
    assert "Did you mean 'wu2025_fig15'?" in refused(capsys, "wu2025_fig155")
    assert "go into the board 'memristor_fixture'" in refused(capsys, "benatti2023_fig2")


def test_a_circuit_is_told_from_a_figure(capsys):
    assert "JP11 and JP21 choose the quarter range" in refused(capsys, "current_source_shield")
    assert "are printed on it" in refused(capsys, "memristor_fixture")
    assert "such as wu2025_fig4; '--on motif'" in refused(capsys, "motif")
