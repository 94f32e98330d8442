"""``neurorig hardware bom``: the parts of a board, those that go with them, and those that figures need."""

import json

import pytest

from neurorig.cli.app import run
from neurorig.hardware.kicad.bom import bill_of_materials
from neurorig.hardware.kicad.projects import PROJECTS
from neurorig.hardware.kicad.schematic import read_schematic


@pytest.fixture(autouse=True)
def without_kicad(monkeypatch):
    monkeypatch.setenv("PATH", "")


def test_the_parts_of_figures_stand_below_those_of_the_board(capsys):
    assert run(["hardware", "bom", "ns_unit", "--for", "wu2025_fig10", "--for", "wu2025_fig13"]) == 0
    board, _, more = capsys.readouterr().out.partition("More for wu2025_fig10, wu2025_fig13")
    assert " EUR" in board and " lines" in board
    rows = [line.split() for line in more.splitlines()]
    assert ["33n", "C_m1"] in [row[-2:] for row in rows]
    assert ["10u", "C_s11_1", "C_s11_2"] in [row[-3:] for row in rows]


@pytest.mark.parametrize("columns", [None, "100"])
@pytest.mark.parametrize("board", PROJECTS)
def test_no_line_is_cut_by_the_terminal(capsys, monkeypatch, board, columns):
    """80 columns where there is no terminal; part numbers and designators, which one copies, stay whole."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    assert run(["hardware", "bom", board]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= int(columns or 80)
    said = set(printed.replace("(", " ").replace(")", " ").split())
    for item in bill_of_materials(read_schematic(PROJECTS[board].schematic)).bought:
        assert set(item.designators) | set(item.part_number.split()) <= said


def test_printed_values_need_nothing_more(capsys):
    assert run(["hardware", "bom", "ns_unit", "--for", "wu2025_fig9a"]) == 0
    assert capsys.readouterr().out.endswith("nothing, the printed values are those\n")


def test_a_figure_without_its_letter_needs_the_parts_of_all_panels(capsys):
    assert run(["hardware", "bom", "ns_unit", "--for", "wu2025_fig5", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)["for_figures"]
    assert run(["hardware", "bom", "ns_unit", *(f"--for=wu2025_fig5{k}" for k in "abc"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["for_figures"] == whole != []


def test_as_json(capsys):
    assert run(["hardware", "bom", "motif", "--for", "wu2025_fig15", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {item["value"]: item["quantity"] for item in said["for_figures"]}["1u"] == 4
    assert said["for"] == ["wu2025_fig15"]
    assert said["cost_eur"] > 100
    assert isinstance(said["described"], list)
    assert all(item["quantity"] == len(item["designators"]) for item in said["fitted"])


@pytest.mark.parametrize(
    ("board", "figure", "error"),
    [
        ("ns_unit", "wu2025_fig15", "2 neurons, and the circuit 'ns_unit' has 1"),
        ("ns_unit", "wu2025_fig199", "There is no board 'wu2025_fig199'"),
        ("ns_unit", "benatti2023_fig1", "needs none of the circuits with neurons"),
        ("current_source_shield", "wu2025_fig15", "'current_source_shield' is no circuit for neurons"),
    ],
)
def test_figures_that_the_board_does_not_hold(capsys, board, figure, error):
    assert run(["hardware", "bom", board, "--for", figure]) == 2
    assert error in capsys.readouterr().err
