"""The list of parts, from the schematic alone."""

import csv
import io
from pathlib import Path

import pytest

from neurorig.hardware import load_board
from neurorig.hardware.kicad.bom import COLUMNS, as_csv, bill_of_materials
from neurorig.hardware.kicad.figure_parts import figure_parts
from neurorig.hardware.kicad.fitting import setup
from neurorig.hardware.kicad.projects import HERE, PROJECTS, Project
from neurorig.hardware.kicad.schematic import Component, Schematic, read_schematic
from neurorig.signals import ConfigError

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


def test_what_goes_with_the_parts_is_summed_and_paid():
    socket, cap = "1 x Mill-Max 110-43 (socket DIP-14, turned) @1.00", "2 x Wuerth Elektronik 609 (jumper cap) @0.10"
    bom = listed(
        part("Q1", "ALD1105", MPN="ALD1105PBL", Price="6.50 EUR", Accessories=socket),
        part("Q2", "ALD1105", MPN="ALD1105PBL", Price="6.50 EUR", Accessories=f"{socket}; {cap}"),
        part("U1", "pot", fitted=False, Accessories=socket),
    )
    sockets, caps = bom.accessories
    assert (sockets.quantity, sockets.manufacturer, sockets.part_number) == (2, "Mill-Max", "110-43")
    assert (sockets.designators, sockets.value) == (("Q1", "Q2"), "socket DIP-14, turned")
    assert (caps.quantity, caps.manufacturer, caps.designators) == (2, "Wuerth Elektronik", ("Q2",))
    assert bom.cost == pytest.approx(13.0 + 2.0 + 0.2)
    assert [row["Quantity"] for row in csv.DictReader(io.StringIO(as_csv(bom.bought)))] == ["2", "2", "2"]


@pytest.mark.parametrize(
    "text", ["a socket", "1 x Mill-Max 110 (socket)", "x Mill-Max 110 (socket) @1", "1 x A B (c) @1, d"]
)
def test_an_accessory_that_cannot_be_read_names_its_part(text):
    with pytest.raises(ConfigError, match=r"Q1: its field Accessories says .* write entries as '1 x MAKER NUMBER"):
        listed(part("Q1", "ALD1105", Accessories=text))


def test_a_description_is_no_part_number():
    bom = listed(part("R1", "1k", MPN="P0118MA 2AL3"), part("R2", "2k", MPN="MKS 2, 4.7uF, 5 mm"), part("R3", "3k"))
    assert [item.designators for item in bom.described] == [("R2",), ("R3",)]


def test_figures_one_after_the_other_share_their_parts():
    """Fig. 13 wants two 10 uF and one 33 nF, Fig. 15 two 33 nF more, four 1 uF, two resistors and two wires."""
    items = figure_parts(setup(load_board(name), "motif") for name in ("wu2025_fig13", "wu2025_fig15"))
    found = {item.value: (item.quantity, item.designators) for item in items}
    assert found["33n"] == (2, ("C_m1", "C_m2"))
    assert found["10u"] == (2, ("C_s11_1", "C_s11_2"))
    assert found["1u"] == (4, ("C_s12_1", "C_s12_2", "C_s21_1", "C_s21_2"))
    assert found["wire link"] == (2, ("R_Wp12", "R_Wp21"))
    assert found["100"] == (2, ("R_Wp11", "R_Wp22"))
    assert len(items) == 5
    assert figure_parts([setup(load_board("wu2025_bump"))]) == ()


def test_a_capacitor_that_no_place_takes_is_described():
    items = {item.value: item for item in figure_parts([setup(load_board("wu2023_fig4"))])}
    assert items["100u"].described and items["100u"].cost is None
    assert not items["100k"].described
    assert "on wires" in items["100u"].note


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
