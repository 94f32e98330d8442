"""Boards from their descriptions: what KiCad finds on them, the same files each time, and what a wrong layout hears."""

import json
import re
import subprocess
from dataclasses import replace

import pytest

from neurorig.hardware.kicad.checks import check
from neurorig.hardware.kicad.tools import pcb
from neurorig.hardware.kicad.tools.__main__ import main
from neurorig.hardware.kicad.tools.components import read_components
from neurorig.hardware.kicad.tools.generate import draw_board, export_netlist, generate, unrouted
from neurorig.hardware.kicad.tools.layout import Place, Table, Text
from neurorig.hardware.kicad.tools.routing import Routes
from neurorig.hardware.kicad.tools.silkscreen import Printer
from neurorig.signals import ConfigError

from .divider import DIVIDER, PLACES, layout

pytestmark = pytest.mark.needs("kicad")


@pytest.fixture(scope="module")
def project(divider):
    return divider


@pytest.fixture(scope="module")
def components(project):
    return read_components(export_netlist(project))


def test_kicad_finds_nothing_and_no_check_is_switched_off(project):
    found = check(project)
    assert found.counts == {"ERC": 0, "DRC": 0, "unconnected": 0, "parity": 0}
    assert found.ignored == ()


def test_the_same_board_is_the_same_to_the_byte(project, tmp_path):
    again = generate(DIVIDER, tmp_path / "divider")
    names = sorted(path.name for path in project.folder.iterdir())
    assert names == sorted(path.name for path in again.folder.iterdir())
    for name in names:
        assert (again.folder / name).read_bytes() == (project.folder / name).read_bytes(), name


def test_parts_of_a_sub_sheet_are_tied_to_their_symbols(components):
    assert components["U1"].sheet_name == "/follower/"
    assert components["U1"].path.count("/") == 2
    assert components["U1"].pins["3"].net == components["R1"].pins["2"].net == "/mid"


def test_designators_values_notes_and_tables_are_printed(project):
    printed = re.findall(
        r'\((?:gr_text|property "(?:Reference|Value)") "([^"]+)"', _on_silkscreens(project.board.read_text())
    )
    wanted = {
        *PLACES,
        "100k",
        "10k",
        "1u",
        "LM358",
        "5 V, OUT, GND",
        "JP1",
        "gain",
        "x10",
        "Divider with follower  rev A",
    }
    assert wanted <= set(printed)
    assert "divider" not in printed  # the value of J1, of which the note tells more: it is on the drawing
    drawing = re.search(r'\(property "Value" "divider".*?^\t\t\)$', project.board.read_text(), re.MULTILINE | re.DOTALL)
    assert drawing is not None
    assert '(layer "F.Fab")' in drawing[0]
    assert "(hide yes)" not in drawing[0]


def _on_silkscreens(board: str) -> str:
    """The texts of a board file that are printed, one per item."""
    items = re.findall(r"^\t+\((?:gr_text|property) .*?^\t+\)$", board, re.MULTILINE | re.DOTALL)
    return "\n".join(item for item in items if "SilkS" in item and "(hide yes)" not in item)


WRONG = {
    "no place": ({"places": {r: p for r, p in PLACES.items() if r != "R2"}}, "no place for R2"),
    "no such part": ({"places": PLACES | {"R22": Place(1, 1)}}, "`places` names R22, .*Did you mean 'R2'"),
    "note for nobody": ({"notes": {"J2": "out"}}, "`notes` names J2"),
    "width of no net": ({"widths": {"+12V": 1.0}}, r"`widths` names \+12V"),
    "beyond the outline": ({"places": PLACES | {"R1": Place(43, 9)}}, r"R1 reaches from \(41.9.*beyond the outline"),
    "hole beyond": ({"holes": ((1, 1),)}, "MH1 reaches"),
    "in the way": ({"places": PLACES | {"R1": Place(14, 15)}}, "R1 and R2 stand in each other's way"),
    "text on a pad": ({"texts": (Text("wrong", 44, 10),)}, r"'wrong' at \(44, 10\) lies over pad 1 of J1"),
    "text on a part": ({"texts": (Text("IC", 31, 16),)}, "'IC' .* lies over the (body|print) of U1"),
    "text on text": ({"texts": (Text("one", 20, 30), Text("two", 21, 30.5))}, "'two' .* lies over another text"),
    "text off the board": ({"texts": (Text("a long text", 44, 30),)}, "'a long text' .* lies over the board's edge"),
    "text on the back": ({"texts": (Text("1u", 12, 18, back=True),)}, "'1u' .* lies over pad 1 of C1"),
    "text on a hole": ({"texts": (Text("M3", 4, 30),)}, "'M3' .* lies over a hole of MH1"),
    "narrow column": ({"tables": (Table((("too wide a cell",),), 5, 24, (6,)),)}, "'too wide a cell' needs a column of"),
    "no room": ({"notes": {"J1": "longer than the board on which it is to be printed, " * 2}}, "no room for note .*J1"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_layout_is_refused_by_name(name, components):
    change, told = WRONG[name]
    with pytest.raises(ConfigError, match=told):
        draw_board(DIVIDER, replace(layout(), **change), components, unrouted)


def test_a_socket_may_stand_out_over_the_edge_if_the_layout_says_so(components):
    edge = Place(48.6, 10)
    with pytest.raises(ConfigError, match=r"J1 reaches from .* beyond the outline"):
        draw_board(DIVIDER, replace(layout(), places=PLACES | {"J1": edge}), components, unrouted)
    draw_board(DIVIDER, replace(layout(), places=PLACES | {"J1": edge._replace(overhang=True)}), components, unrouted)


def test_a_board_that_is_not_there_is_named(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["tools", "neurone"])
    assert main() == 1
    assert "There is no board 'neurone'. Did you mean 'neuron'?" in capsys.readouterr().err


def test_without_tracks_kicad_misses_them(tmp_path):
    found = check(generate(DIVIDER, tmp_path / "divider", router=unrouted))
    assert found.counts["unconnected"] > 0


def test_own_rules_guard_screws_and_texts(project, tmp_path):
    """What a person adds by hand is checked as what is generated: a track below a screw's head, a text at a pad."""
    pads = r'(\t\(gr_text "upright"\n\t\t\(at )[\d.]+ [\d.]+ 90'
    board, moved = re.subn(pads, r"\g<1>53.4 59 0", project.board.read_text())
    track = (
        '\t(segment\n\t\t(start 56.4 80)\n\t\t(end 56.4 81)\n\t\t(width 0.3)\n\t\t(layer "F.Cu")\n\t\t(net 1)\n\t)\n'
    )
    board = board.replace("\t(zone\n", track + "\t(zone\n", 1)
    assert moved == 1
    for path in project.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    spoilt = replace(project, folder=tmp_path)
    spoilt.board.write_text(board)
    told = [str(violation) for violation in check(spoilt).violations]
    assert any("No track below the head of a screw" in text for text in told), told
    assert any("Texts keep clear of what is soldered" in text for text in told), told


BOXES = """
import json, pcbnew, sys
board = pcbnew.LoadBoard(sys.argv[1])
texts = [d for d in board.GetDrawings() if d.Type() == pcbnew.PCB_TEXT_T]
texts += [field for part in board.Footprints() for field in part.GetFields() if field.IsVisible()]
boxes = [(t.GetText(), t.GetBoundingBox()) for t in texts]
ends = [(text, box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom()) for text, box in boxes]
print(json.dumps([[text, [pcbnew.ToMM(e) - 50 for e in its]] for text, *its in ends]))
"""


def test_texts_lie_where_the_silkscreen_was_planned(components, tmp_path):
    """In every direction, on both sides, aligned to every end, free and as the fields of turned parts."""
    turned = [
        (turn, back, align)
        for turn in (0, 90, 180, 270, 45)
        for back in (0, 1)
        for align in ("left", "center", "right")
    ]
    texts = [
        Text(f"Ag{i}", 10 + 8 * (i % 10), 50 + 10 * (i // 10), 1.2, t, bool(b), a) for i, (t, b, a) in enumerate(turned)
    ]
    large = replace(layout(), size=(100, 90), texts=tuple(texts))
    measured = pcb.measure(large, components, "title")
    printer = Printer("divider", large, measured.parts, measured.texts)
    planned = printer.print_all("title")
    board = tmp_path / "divider.kicad_pcb"
    board.write_text(pcb.drawn(DIVIDER, large, components, Routes((), ()), planned))
    done = subprocess.run([pcb.python(), "-c", BOXES, board], capture_output=True, text=True, check=True)
    drawn = dict(json.loads(done.stdout.splitlines()[-1]))
    every = [*planned.texts, *planned.references.values(), *planned.values.values()]
    unique = [text for text in every if [other.text for other in every].count(text.text) == 1]
    assert len(unique) > 30
    for text in unique:
        assert drawn[text.text] == pytest.approx(printer.box(text), abs=0.02), text
