"""Drawn sheets: where pins are, what is joined, what KiCad makes of the files, and what is refused."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

from neurorig.hardware.kicad.expressions import children, parse, read, word
from neurorig.hardware.kicad.program import workspace
from neurorig.hardware.kicad.projects import Project
from neurorig.hardware.kicad.tools.drawing import Sheet, Sim
from neurorig.hardware.kicad.tools.sheet_file import write_schematic
from neurorig.hardware.kicad.tools.symbols import LIBRARY_FOLDER, DrawingError, Pose, find_symbol
from neurorig.hardware.kicad.tools.wiring import cut, junctions

ALD1105 = "neurorig:ALD1105"
LIBRARY = """
(kicad_symbol_lib (version 20241209) (generator "test")
  (symbol "Base" (pin_names (offset 0)) (property "Reference" "R" (at 0 0 0)) (property "Value" "Base" (at 0 0 0))
    (symbol "Base_0_1" (rectangle (start -1.016 -2.54) (end 1.016 2.54)))
    (symbol "Base_1_1"
      (pin passive line (at 0 3.81 270) (length 1.27) (name "a") (number "1"))
      (pin passive line (at 0 -3.81 90) (length 1.27) (name "b") (number "2"))))
  (symbol "Middle" (extends "Base") (property "Value" "Middle" (at 0 0 0)) (property "Datasheet" "sheet" (at 0 0 0)))
  (symbol "Derived" (extends "Middle") (property "Value" "Derived" (at 0 0 0)))
  (symbol "Odd" (property "Reference" "R" (at 0 0 0)) (symbol "Odd_1_1"
      (pin passive line (at 0 1 270) (length 1) (name "b") (number "1"))
      (pin passive line (at 0 -3.81 270) (length 1) (name "b") (number "2")))))
"""


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library `Parts` of its own, so that KiCad's are not needed."""
    folder = tmp_path / "symbols"
    folder.mkdir()
    (folder / "Parts.kicad_sym").write_text(LIBRARY)
    monkeypatch.setenv("KICAD9_SYMBOL_DIR", str(folder))


@pytest.fixture
def sheet() -> Sheet:
    return Sheet("test", "A test")


def write(sheet: Sheet, tmp_path: Path) -> Project:
    """The sheet as a project beside the library, as on the boards."""
    (tmp_path / "library").symlink_to(LIBRARY_FOLDER)
    folder = tmp_path / sheet.name
    write_schematic(sheet, folder)
    (folder / f"{sheet.name}.kicad_pro").write_text("{}")
    return Project(sheet.name, sheet.title, folder)


def exported(project: Project, form: str) -> str:
    with workspace(project) as copy:
        copy.run("sch", "export", "netlist", "--format", form, "--output", copy.root / "out", copy.project.schematic)
        return (copy.root / "out").read_text()


def nets(project: Project) -> Mapping[str, set[tuple[str, str]]]:
    """Pins (designator, number) by net, as KiCad sees them."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for net in children(next(children(parse(exported(project, "kicadsexpr")), "nets")), "net"):
        found[word(net, "name")] |= {(word(node, "ref"), word(node, "pin")) for node in children(net, "node")}
    return found


@pytest.mark.parametrize(
    ("turn", "mirror", "drain", "gate"),
    [
        (0, "", (2, -4), (-4, 0)),
        (90, "", (-4, -2), (0, 4)),
        (180, "", (-2, 4), (4, 0)),
        (270, "", (4, 2), (0, -4)),
        (0, "x", (2, 4), (-4, 0)),
        (0, "y", (-2, -4), (4, 0)),
        (90, "y", (4, -2), (0, 4)),
    ],
)
def test_pins_of_a_turned_and_mirrored_transistor(turn: int, mirror: str, drain: object, gate: object) -> None:
    sheet = Sheet("test", "A test")
    placed = sheet.place(ALD1105, "Q1", "ALD1105", (0, 0), turn=turn, mirror=mirror)
    assert (placed.pin("D"), placed.pin("2")) == (drain, gate)


@pytest.mark.needs("kicad")
def test_pins_are_where_kicad_sees_them(sheet: Sheet, tmp_path: Path) -> None:
    symbols = (ALD1105, "Device:Q_SCR_KGA", "Device:R_Potentiometer_Trim")
    expected = {}
    poses = product(symbols, (0, 90, 180, 270), ("", "x", "y"))
    for number, (symbol, turn, mirror) in enumerate(poses, 1):
        at = (20 + 20 * (number % 12), 20 + 20 * (number // 12))
        placed = sheet.place(symbol, f"X{number}", "20k", at, turn=turn, mirror=mirror)
        for pin, end in placed.pins.items():
            sheet.label(f"n{number}_{pin}", end)
            expected[f"/n{number}_{pin}"] = {(f"X{number}", pin)}
    assert nets(write(sheet, tmp_path)) == expected


def test_a_wire_is_cut_where_another_ends_on_it_and_gets_a_dot_there() -> None:
    pieces = cut([((0, 0), (10, 0)), ((4, 0), (4, 5))], [])
    assert pieces == [((0, 0), (4, 0)), ((4, 0), (4, 5)), ((4, 0), (10, 0))]
    assert junctions(pieces, []) == [(4, 0)]


def test_wires_that_cross_are_not_joined() -> None:
    wires = [((0, 2), (4, 2)), ((2, 0), (2, 4))]
    assert cut(wires, []) == sorted(wires)
    assert junctions(wires, []) == []


def test_a_pin_on_the_middle_of_a_wire_cuts_it_and_gets_a_dot() -> None:
    pieces = cut([((0, 0), (9, 0))], [(3, 0), (5, 5)])
    assert pieces == [((0, 0), (3, 0)), ((3, 0), (9, 0))]
    assert junctions(pieces, [(3, 0)]) == [(3, 0)]
    assert junctions(pieces, [(0, 0), (9, 0)]) == []  # an end at a pin needs no dot


def test_wires_that_lie_on_each_other_are_one() -> None:
    pieces = cut([((0, 0), (6, 0)), ((9, 0), (3, 0))], [])
    assert pieces == [((0, 0), (3, 0)), ((3, 0), (6, 0)), ((6, 0), (9, 0))]
    assert junctions(pieces, []) == []


def two_sheets() -> Sheet:
    """A divider whose lower half is on a sub-sheet, a derived symbol, a part in units, a table, notes and a frame."""
    lower = Sheet("lower", "Lower half", paper="A4")
    resistor = lower.place("Device:R", "R_m2", "10k", (40, 40), turn=90)
    lower.port("top", resistor.pin("1"), 180)
    lower.wire(resistor.pin("2"), (60, 40))
    lower.power("GND", (60, 40))
    sheet = Sheet("two_sheets", "Two sheets", paper="A4", comments=("first", "second"))
    upper = sheet.place(
        "Device:R", "R_m1", "4.7k", (50, 40), footprint="Resistor_SMD:R_0805_2012Metric", fields={"MPN": "x"}
    )
    capacitor = sheet.place("Device:C", "C_s11_1", "100n", (40, 50), mirror="x")
    pins = sheet.sub(lower, (60, 40), (12, 8), {"top": "left"})
    sheet.wire(upper.pin("2"), (50, 46), (55, 46), (55, pins["top"][1]), pins["top"])
    sheet.join(capacitor.pin("2"), (50, 46), "x")
    sheet.label("n1.v_m", (50, 46))
    sheet.power("GND", capacitor.pin("1"))
    sheet.power("+5V", upper.pin("1"))
    supply = sheet.place("Connector_Generic:Conn_01x02", "J1", "Supply", (20, 40), mirror="y")
    for number, net in (("1", "+5V"), ("2", "GND")):
        x, y = supply.pin(number)
        sheet.wire((x, y), (x + 3, y))
        sheet.power(net, (x + 3, y), 270 if net == "+5V" else 90)
        sheet.power("PWR_FLAG", (x + 3, y))
    quad = "Amplifier_Operational:MCP6004"  # its symbol extends another one
    for unit, x in enumerate((80, 100, 120, 140), 1):
        amplifier = sheet.place(quad, "U1", "MCP6004", (x, 70), unit=unit)
        sheet.wire(amplifier.pin("-"), (x - 7, 72), (x - 7, 76), (x + 6, 76), amplifier.pin("~"))
        sheet.label("n1.v_m", amplifier.pin("+"), 180)
        sheet.label(f"u{unit}", (x, 76))
    power = sheet.place(quad, "U1", "MCP6004", (160, 70), unit=5)
    sheet.power("+5V", power.pin("V+"))
    sheet.power("GND", power.pin("V-"))
    sheet.frame((10, 30), (75, 60), "Divider", "V = I R\nsecond line")
    sheet.note('A "note"', (10, 70))
    sheet.table([["JP1", "order"], ["1-2", "delta"]], (10, 80), (6, 10))
    return sheet


@pytest.mark.needs("kicad")
def test_kicad_finds_nothing_wrong_with_a_sheet_and_its_sub_sheet(tmp_path: Path) -> None:
    project = write(two_sheets(), tmp_path)
    with workspace(project) as copy:
        copy.run("sch", "erc", "--severity-all", "--exit-code-violations", copy.project.schematic)
    joined = nets(project)
    assert joined["/n1.v_m"] == {
        ("R_m1", "2"),
        ("C_s11_1", "2"),
        ("R_m2", "1"),
        *(("U1", n) for n in ("3", "5", "10", "12")),
    }
    assert joined["GND"] == {("C_s11_1", "1"), ("R_m2", "2"), ("J1", "2"), ("U1", "11")}


@pytest.mark.needs("kicad")
def test_resistors_and_models_are_exported_for_ngspice(sheet: Sheet, tmp_path: Path) -> None:
    model = Sim("ALD1105", " ".join(f"{pin}={pin}" for pin in range(1, 15)))
    for unit in range(1, 6):
        for end in sheet.place(ALD1105, "Q11_2", "ALD1105PBL", (30 * unit, 30), unit=unit, sim=model).pins.items():
            sheet.label(f"p{end[0]}", end[1])
    for ref, value in (("R_m1", "680k"), ("C_s11_1", "4.7u")):
        placed = sheet.place(f"Device:{ref[0]}", ref, value, (30, 60 if ref[0] == "R" else 90))
        sheet.label("p1", placed.pin("1"))
        sheet.label("p3", placed.pin("2"))
    sheet.place("Device:R", "R_L1", "1k", (60, 60), fitted=False)
    sheet.place("Connector:TestPoint", "TP1", "n1.v_m", (90, 60))
    lines = exported(write(sheet, tmp_path), "spice").splitlines()
    assert sorted(line for line in lines if line[0] in "RCX") == [
        "C_s11_1 /p1 /p3 4.7u",
        "R_m1 /p1 /p3 680k",
        f"XQ11_2 {' '.join(f'/p{pin}' for pin in range(1, 15))} ALD1105",
    ]
    assert not any("TP1" in line for line in lines)


@pytest.mark.needs("kicad")
def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from test_drawing import *;"
        "write_schematic(two_sheets(), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / "another process")]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": "1"})
    written = {path.name: path.read_bytes() for path in write_schematic(two_sheets(), tmp_path / "here")}
    assert set(written) == {"two_sheets.kicad_sch", "lower.kicad_sch", "sym-lib-table"}
    assert written == {path.name: path.read_bytes() for path in (tmp_path / "another process").iterdir()}


def test_a_moved_part_stays_the_same_part(tmp_path: Path) -> None:
    identities = []
    for x in (20, 40):
        sheet = Sheet("test", "A test")
        sheet.place(ALD1105, "Q1", "ALD1105", (x, 20), unit=5)
        [file, _] = write_schematic(sheet, tmp_path)
        identities += [word(symbol, "uuid") for symbol in children(read(file), "symbol")]
    assert len(identities) == 2 and identities[0] == identities[1]


@pytest.mark.usefixtures("parts")
def test_a_derived_symbol_has_the_drawing_of_its_ancestor_and_its_own_fields() -> None:
    symbol = find_symbol("Parts:Derived")
    assert [pin.number for pin in symbol.pins] == ["1", "2"]
    assert symbol.properties == {"Reference": "R", "Value": "Derived", "Datasheet": "sheet"}
    assert [part[1] for part in children(symbol.expression, "symbol")] == ["Derived_0_1", "Derived_1_1"]
    assert not list(children(symbol.expression, "extends"))
    assert symbol.body(1, Pose((0, 0), 90)) == pytest.approx((-2, -0.8, 2, 0.8))


def test_units_take_fields_and_model_of_the_first(sheet: Sheet, tmp_path: Path) -> None:
    model = Sim("ALD1105", "1=1")
    sheet.place(ALD1105, "Q1", "ALD1105PBL", (20, 20), fields={"MPN": "ALD1105PBL"}, sim=model)
    second = sheet.place(ALD1105, "Q1", "ALD1105PBL", (40, 20), unit=2)
    assert second.part.fields["MPN"] == "ALD1105PBL" and second.part.sim == model
    with pytest.raises(DrawingError, match="Q1 is placed with different symbols, values or fields"):
        sheet.place(ALD1105, "Q1", "ALD1105", (60, 20), unit=3)
    with pytest.raises(DrawingError, match="unit 2 of Q1 is placed twice"):
        sheet.place(ALD1105, "Q1", "ALD1105PBL", (60, 20), unit=2)
    with pytest.raises(DrawingError, match="has 5 units, not a unit 6"):
        sheet.place(ALD1105, "Q1", "ALD1105PBL", (60, 20), unit=6)


@pytest.mark.usefixtures("parts")
def test_missing_libraries_symbols_and_pins_are_named(sheet: Sheet) -> None:
    with pytest.raises(DrawingError, match=r"Nowhere\.kicad_sym.*KICAD9_SYMBOL_DIR"):
        sheet.place("Nowhere:R", "R1", "1k", (20, 20))
    with pytest.raises(DrawingError, match=r"no symbol 'Derive'. Did you mean 'Derived'"):
        sheet.place("Parts:Derive", "R1", "1k", (20, 20))
    with pytest.raises(DrawingError, match=r"no pin 'c': it has 1 \(a\), 2 \(b\)"):
        sheet.place("Parts:Derived", "R1", "1k", (20, 20)).pin("c")
    odd = sheet.place("Parts:Odd", "R2", "1k", (20, 40))
    with pytest.raises(DrawingError, match="several pins 'b'"):
        odd.pin("b")
    with pytest.raises(DrawingError, match=r"pin 1 of R2 .* is off the grid"):
        odd.pin("1")


@pytest.mark.usefixtures("parts")
def test_what_touches_nothing_is_refused(tmp_path: Path) -> None:
    def refused(match: str, sheet: Sheet) -> None:
        with pytest.raises(DrawingError, match=match):
            write_schematic(sheet, tmp_path / "never")
        assert not list((tmp_path / "never").glob("*"))

    sheet = Sheet("test", "A test")
    sheet.label("n1.v_m", (20, 20))
    refused(r"label 'n1.v_m' at \(20, 20\) touches no wire", sheet)
    sheet = Sheet("test", "A test")
    sheet.no_connect((20, 20))
    refused(r"cross at \(20, 20\) is on no pin", sheet)
    sheet = Sheet("test", "A test", paper="A4")
    sheet.wire((20, 20), (20, 400))
    refused(r"\(20, 400\) lies outside of the paper A4", sheet)
    sheet = Sheet("test", "A test")
    sheet.sub(Sheet("below", "Below"), (20, 20), (10, 10), {"in": "left"})
    refused(r"has pins \['in'\], its sheet ports \[\]", sheet)
    sheet = Sheet("test", "A test")
    below = Sheet("below", "Below")
    for drawn in (sheet, below):
        drawn.place("Parts:Derived", "R1", "1k", (20, 20))
    sheet.sub(below, (40, 20), (10, 10), {})
    refused("unit 1 of R1 is on the sheets test and below", sheet)


def test_what_cannot_be_drawn_is_refused(sheet: Sheet) -> None:
    with pytest.raises(DrawingError, match=r"slants from \(0, 0\) to \(3, 4\)"):
        sheet.wire((0, 0), (3, 4))
    with pytest.raises(DrawingError, match="'Q_x' must begin with a letter and end in a number"):
        sheet.place(ALD1105, "Q_x", "ALD1105", (20, 20))
    with pytest.raises(DrawingError, match="turned by 45 degrees"):
        sheet.place(ALD1105, "Q1", "ALD1105", (20, 20), turn=45)
    with pytest.raises(DrawingError, match="need a block 6 high"):
        sheet.sub(Sheet("below", "Below"), (20, 20), (10, 4), {"a": "left", "b": "left"})
    with pytest.raises(DrawingError, match="ports c of below are neither"):
        sheet.sub(Sheet("below", "Below"), (20, 20), (10, 8), {"c": "top"})


@pytest.mark.needs("kicad")
def test_a_value_that_cannot_be_simulated_is_refused(sheet: Sheet) -> None:
    with pytest.raises(DrawingError, match="value '6k8' of R1: write it as 680k"):
        sheet.place("Device:R", "R1", "6k8", (20, 20))
