"""The list of parts, from the schematic alone."""

import csv
import io
from pathlib import Path

import pytest

from neurorig.hardware.kicad.bom import COLUMNS, as_csv, bill_of_materials
from neurorig.hardware.kicad.projects import HERE, PROJECTS, Project
from neurorig.hardware.kicad.schematic import Component, Schematic, read_schematic

FIELDS = {"Manufacturer": "Yageo", "MPN": "MFR-25", "Alternative": 'any, "1 %"', "Price": "0.10 EUR (2026, one)"}


def part(
    reference: str, value: str, fitted: bool = True, in_bom: bool = True, kind: str = "Device:R", **fields: str
) -> Component:
    return Component(reference, value, kind, "Resistor_THT:R_Axial", fields, fitted, in_bom, True, True, "/", {})


def listed(*parts: Component):
    return bill_of_materials(Schematic(Path("x"), "", ("/",), {p.reference: p for p in parts}, {}))


def test_equal_parts_are_one_line_whatever_the_figures_need():
    bom = listed(
        part("R1", "10k", **FIELDS, Figures="82k: Fig. 4"),
        part("R2", "10k", **FIELDS),
        part("R3", "22k", **FIELDS),
        part("R10", "10k", **FIELDS, Figures="82k: Fig. 4", Note="socketed"),
        part("R4", "10k", fitted=False, **FIELDS),
        part("TP1", "v_m", in_bom=False),
    )
    first, second = bom.fitted
    assert (first.designators, first.quantity, first.cost) == (("R1", "R2", "R10"), 3, pytest.approx(0.3))
    assert (first.figures, first.note) == ("82k: Fig. 4", "socketed")
    assert second.designators == ("R3",)
    assert [item.designators for item in bom.not_fitted] == [("R4",)]
    assert bom.cost == pytest.approx(0.4)
    assert bom.unpriced == ()


def test_a_label_is_no_reason_for_a_line_of_its_own():
    points = [part(f"TP{n}", f"v_c{n}", kind="Connector:TestPoint", MPN="5002", Price="0.35") for n in (1, 2)]
    resistors = [part("R1", "1k", MPN="CFR-25"), part("R2", "2k", MPN="CFR-25")]
    unknown = [part("J1", "A", kind="Connector:Conn_01x02"), part("J2", "B", kind="Connector:Conn_01x02")]
    lines = [(item.value, item.designators) for item in listed(*points, *resistors, *unknown).fitted]
    assert lines == [("v_c1 v_c2", ("TP1", "TP2")), ("1k", ("R1",)), ("2k", ("R2",)), ("A", ("J1",)), ("B", ("J2",))]


def test_parts_without_a_price_are_counted():
    bom = listed(part("R1", "10k", **FIELDS), part("JP1", "open"), part("R2", "1k", Price="on request"))
    assert bom.cost == pytest.approx(0.1)
    assert [item.value for item in bom.unpriced] == ["open", "1k"]


def test_a_spreadsheet_reads_the_table():
    bom = listed(part("R1", "10k", **FIELDS))
    head, row = csv.reader(io.StringIO(as_csv(bom.fitted)))
    assert tuple(head) == COLUMNS
    assert row == ["R1", "1", "10k", "Yageo", "MFR-25", 'any, "1 %"', "0.10 EUR (2026, one)", "R_Axial", "", ""]


@pytest.mark.parametrize(
    "project", [PROJECTS[p.stem] for p in sorted(HERE.glob("*/*.kicad_pro"))], ids=lambda p: p.name
)
def test_everything_that_is_bought_has_maker_number_and_price(project: Project):
    bom = bill_of_materials(read_schematic(project.schematic))
    assert bom.fitted
    for item in bom.fitted:
        assert item.value and item.manufacturer and item.part_number, item
    assert bom.unpriced == ()
