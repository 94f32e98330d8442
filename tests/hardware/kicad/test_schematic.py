"""The reader that needs no KiCad: the same parts, values and nets as KiCad's own netlist."""

import shutil
import time
from dataclasses import replace as changed
from itertools import product
from pathlib import Path

import pytest

from neurorig.hardware.kicad.expressions import Expression, child, children, parse, read, word
from neurorig.hardware.kicad.layout_file import read_layout
from neurorig.hardware.kicad.program import workspace
from neurorig.hardware.kicad.projects import HERE, PROJECTS, Project
from neurorig.hardware.kicad.schematic import natural, read_schematic
from neurorig.hardware.kicad.tools.drawing import Sheet
from neurorig.hardware.kicad.tools.sheet_file import write_schematic
from neurorig.signals import ConfigError

from .broken import replace

BOARDS = [PROJECTS[path.stem] for path in sorted(HERE.glob("*/*.kicad_pro"))]


def exported(project: Project) -> Expression:
    with workspace(project) as copy:
        copy.run("sch", "export", "netlist", "--output", copy.root / "netlist", copy.project.schematic)
        return read(copy.root / "netlist")


def agrees(project: Project) -> None:
    """Every part, value, footprint and field, and the pins of every net; named nets by their names."""
    ours, theirs = read_schematic(project.schematic), exported(project)
    parts = {word(part, "ref"): part for part in children(child(theirs, "components"), "comp")}
    assert {c.reference for c in ours.components.values()} == parts.keys()
    for reference, part in parts.items():
        found = ours[reference]
        assert (found.value, found.footprint) == (word(part, "value"), word(part, "footprint"))
        flags = {word(p, "name") for p in children(part, "property")}
        assert found.fitted == ("dnp" not in flags)
        assert found.in_bom == ("exclude_from_bom" not in flags)
        for field in children(child(part, "fields"), "field"):
            if len(field) > 2:
                assert found.fields[word(field, "name")] == field[2]
    nets = {
        word(net, "name"): frozenset((word(node, "ref"), word(node, "pin")) for node in children(net, "node"))
        for net in children(child(theirs, "nets"), "net")
    }
    assert set(ours.nets.values()) == set(nets.values())
    for name, pins in nets.items():
        if not name.startswith(("Net-(", "unconnected-(")):
            assert ours.nets.get(name) == pins


@pytest.mark.needs("kicad")
@pytest.mark.parametrize("project", BOARDS, ids=lambda project: project.name)
def test_a_board_reads_as_in_kicad(project: Project):
    agrees(project)


@pytest.mark.needs("kicad")
def test_sheets_and_units_read_as_in_kicad(divider: Project):
    agrees(divider)


@pytest.mark.needs("kicad")
def test_every_way_to_turn_and_mirror_a_symbol(tmp_path: Path):
    sheet = Sheet("turned", "Turned")
    for k, (turn, mirror) in enumerate(product((0, 90, 180, 270), ("", "x", "y"))):
        at = (20 + 20 * (k % 6), 30 + 20 * (k // 6))
        transistor = sheet.place("Transistor_BJT:BC547", f"Q{k}", "BC547", at, turn=turn, mirror=mirror)
        for number in "123":
            sheet.label(f"q{k}.{number}", transistor.pin(number))
    write_schematic(sheet, tmp_path)
    project = Project("turned", "Turned", tmp_path)
    project.settings.write_text("{}")
    agrees(project)
    nets = read_schematic(project.schematic).nets
    assert len(nets) == 36
    assert all(pins == {(name[1:].split(".")[0].upper(), name[-1])} for name, pins in nets.items())


@pytest.mark.parametrize("project", BOARDS, ids=lambda project: project.name)
def test_a_schematic_is_read_quickly(project: Project):
    start = time.process_time()
    read_schematic(project.schematic)
    assert time.process_time() - start < 5.0


@pytest.mark.needs("kicad")
def test_a_crossing_joins_nothing_and_a_junction_joins(divider: Project, tmp_path: Path):
    wires = """
	(wire (pts (xy 200 50) (xy 220 50)) (uuid "1"))
	(wire (pts (xy 210 40) (xy 210 60)) (uuid "2"))
	(label "level" (at 200 50 0) (uuid "3"))
	(label "upright" (at 210 60 0) (uuid "4"))
"""
    symbol = '(symbol (lib_id "Device:R") (at {} 0) (unit 1) (property "Reference" "{}") (property "Value" "1"))\n'
    ends = symbol.format("220 53.81", "R8") + symbol.format("210 36.19", "R9")
    project = changed(divider, folder=Path(shutil.copytree(divider.folder, tmp_path / "divider")))
    replace(project.schematic, "\t(sheet_instances", wires + ends + "\t(sheet_instances")
    crossing = read_schematic(project.schematic)
    assert (crossing["R8"].pins["1"], crossing["R9"].pins["2"]) == ("/level", "/upright")
    replace(project.schematic, wires, wires + '\t(junction (at 210 50) (uuid "5"))\n')
    joined = read_schematic(project.schematic)
    assert joined["R8"].pins["1"] == joined["R9"].pins["2"] == "/level"


@pytest.mark.needs("kicad")
def test_layouts_are_read(divider: Project):
    layout = read_layout(divider.board)
    assert (layout.width, layout.height) == (50, 34)
    assert layout.copper == ("F.Cu", "B.Cu")
    parts = {f.reference: f for f in layout.footprints}
    assert parts["C1"].back and not parts["C1"].through_hole
    assert parts["R1"].through_hole and parts["R1"].models[0].endswith(
        "R_Axial_DIN0207_L6.3mm_D2.5mm_P10.16mm_Horizontal.step"
    )


def test_texts_keep_their_quotes_and_lines():
    assert parse('(a "b \\"c\\"" (d "e\\nf\\\\n"))') == ["a", 'b "c"', ["d", "e\nf\\n"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(a\n(b)))", "line 2 closes a bracket that was never opened"),
        ("(a (b)", "1 brackets are never closed"),
        ("(a) (b)", "it holds 2 expressions instead of one"),
        ("", "it holds 0 expressions instead of one"),
    ],
)
def test_what_is_no_expression_is_refused(tmp_path: Path, text: str, told: str):
    file = tmp_path / "board.kicad_sch"
    file.write_text(text)
    with pytest.raises(ConfigError, match=rf"board\.kicad_sch: not a KiCad file: {told}"):
        read_schematic(file)


def test_another_file_of_kicad_is_no_schematic(tmp_path: Path):
    file = tmp_path / "board.kicad_sch"
    file.write_text("(kicad_pcb)")
    with pytest.raises(ConfigError, match="not a KiCad schematic; it begins with 'kicad_pcb'"):
        read_schematic(file)
    with pytest.raises(ConfigError, match=r"other\.kicad_sch: cannot be read: .*No such file"):
        read_schematic(tmp_path / "other.kicad_sch")
    with pytest.raises(ConfigError, match=r"nothing is drawn on Edge\.Cuts"):
        read_layout(file)


@pytest.mark.needs("kicad")
def test_a_part_that_is_misspelt_is_guessed(divider: Project):
    with pytest.raises(ConfigError, match=r"divider\.kicad_sch has no part 'U11'\. Did you mean 'U1'"):
        read_schematic(divider.schematic)["U11"]


def test_designators_are_sorted_as_people_count():
    assert sorted(["R10", "C_s11_2", "R2", "C_s2_1"], key=natural) == ["C_s2_1", "C_s11_2", "R2", "R10"]
