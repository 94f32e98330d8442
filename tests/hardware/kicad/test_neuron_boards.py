"""The boards of neurons and synapses, as committed: what the circuits of the papers need in order to work as drawn."""

import re
from dataclasses import replace
from functools import cache
from math import dist

import pytest

from neurorig.hardware import load_board
from neurorig.hardware.kicad.netlist import Netlist, export
from neurorig.hardware.kicad.projects import HERE, PROJECTS
from neurorig.hardware.kicad.schematic import Schematic, read_schematic

NEURONS = {"neuron": ("1",), "synapse": (), "ns_unit": ("1",), "motif": ("1", "2")}
SYNAPSES = {"neuron": (), "synapse": ("11",), "ns_unit": ("11",), "motif": ("11", "22", "12", "21")}
LIBRARY = HERE / "library"
SWITCH = "MAX4066ACPD+"
CHIPS = {"ALD1105PBL": ("11", "4"), SWITCH: ("14", "7"), "MCP6022": ("8", "4")}  # pins of +5 V and of ground
NEAR = {"ALD1105PBL": 14.0, SWITCH: 5.0, "MCP6022": 5.0}  # mm, from the supply pin of a chip to its capacitor

each_neuron = pytest.mark.parametrize(("project", "k"), [(project, k) for project in NEURONS for k in NEURONS[project]])
each_synapse = pytest.mark.parametrize(
    ("project", "i"), [(project, i) for project in SYNAPSES for i in SYNAPSES[project]]
)
each_board = pytest.mark.parametrize("project", NEURONS)


@cache
def drawn(project: str) -> Schematic:
    return read_schematic(PROJECTS[project].schematic)


def node(net: str) -> str:
    """Name of a net without its sheet."""
    return net.rpartition("/")[2]


def on(circuit: Schematic, reference: str, pin: str) -> set[tuple[str, str]]:
    return set(circuit.nets[circuit[reference].pins[pin]])


@each_board
def test_test_points_have_the_names_of_the_twins_nodes(project):
    circuit = drawn(project)
    nodes = set(load_board("wu2025_fig15").quantities) | {f"s{i}.v_c{k}" for i in SYNAPSES["motif"] for k in (1, 2)}
    points = {ref: part for ref, part in circuit.components.items() if ref.startswith("TP")}
    assert len(points) >= 3 + 2 * len(NEURONS[project]) + 4 * len(SYNAPSES[project])
    for part in points.values():
        assert node(part.pins["1"]) == part.value
        assert part.value in nodes | {"+5V", "GND"} or part.value.endswith((".out", ".i_delta", ".switch", ".v_g2"))


@each_neuron
def test_nothing_that_leaks_is_on_the_membrane(project, k):
    circuit = drawn(project)
    membrane = on(circuit, f"C_m{k}", "1")
    switches = {(ref, pin) for ref, pin in membrane if circuit[ref].value == SWITCH}
    assert len(switches) == sum(i[1] == k for i in SYNAPSES[project] if project != "synapse")
    expected = {("R_i", "2"), ("C_m", "1"), ("R_m", "1"), ("T", "3")}
    assert membrane - switches == {(f"{part}{k}", pin) for part, pin in expected} | {
        (f"R_p{k}_1", "1"),
        (f"TP{k}_1", "1"),
    }
    assert (f"R_p{k}_1", "2") in on(circuit, f"U{k}", "3")  # 10 kohm, then the gate of a CMOS amplifier


@each_neuron
def test_gate_and_cathode_of_the_thyristor_are_apart(project, k):
    """On the published board they are one net, and the neuron cannot fire."""
    circuit = drawn(project)
    assert on(circuit, f"T{k}", "2") == {(f"T{k}", "2"), (f"R_m{k}", "2")}
    assert node(circuit[f"T{k}"].pins["1"]) == f"n{k}.v_ap"


@each_synapse
def test_all_p_sources_are_on_the_supply(project, i):
    """On the published board those of the mirrors float."""
    for chip in (1, 2, 3):
        part = drawn(project)[f"Q{i}_{chip}"]
        assert [part.pins[pin] for pin in ("7", "8", "11")] == ["+5V"] * 3
        assert [part.pins[pin] for pin in ("3", "12", "4")] == ["GND"] * 3


@each_synapse
def test_legs_hang_on_the_mirrors_of_the_last_stage(project, i):
    circuit = drawn(project)
    delta, first, last = (f"Q{i}_{chip}" for chip in (1, 2, 3))
    sign = f"JP_sign{i}"
    for stage in (first, last):
        assert {(stage, "1"), (stage, "2"), (stage, "13")} <= on(circuit, stage, "1")  # N diode
        assert {(stage, "5"), (stage, "6"), (stage, "9")} <= on(circuit, stage, "5")  # P diode
    assert (first, "14") in on(circuit, first, "5")
    assert (delta, "13") in on(circuit, last, "2")
    assert (delta, "9") in on(circuit, last, "6")
    assert node(circuit[first].pins["10"]) == f"s{i}.v_c2"
    assert on(circuit, sign, "1") == {(sign, "1"), (last, "10")}
    assert node(circuit[sign].pins["3"]) == f"s{i}.out"
    assert on(circuit, sign, "5") == {(sign, "5"), (sign, "2"), (last, "14")}
    assert (last, "5") in on(circuit, sign, "4")
    assert on(circuit, sign, "6") == {(sign, "6"), (delta, "14")}
    assert {(delta, "10"), (f"R_rep{i}", "1")} <= on(circuit, delta, "10")
    assert circuit[f"R_rep{i}"].pins["2"] == "GND"


@each_synapse
def test_logic_that_nobody_drives_means_coupled_and_no_discharge(project, i):
    circuit = drawn(project)
    switch = circuit[f"U{i}_1"].pins
    assert switch["12"] == "GND"  # the fourth is not used
    for pins, line, series, pull, rail in (
        (("13",), "coupled", "R_cp", "R_up", "+5V"),
        (("5", "6"), "discharge", "R_dc", "R_down", "GND"),
    ):
        (inside,) = {switch[pin] for pin in pins}
        (outside,) = set(circuit[f"{series}{i}"].pins.values()) - {inside}
        assert node(outside) == f"s{i}.{line}"
        assert set(circuit[f"{pull}{i}"].pins.values()) == {outside, rail}
        assert not any(ref.startswith("J_") for ref, _ in circuit.nets[inside]), "a header without its resistor"


@pytest.mark.parametrize(("project", "i"), [("ns_unit", "11"), *(("motif", i) for i in SYNAPSES["motif"])])
def test_a_synapse_goes_from_its_neuron_to_its_neuron(project, i):
    circuit = drawn(project)
    pre, post = i
    assert node(circuit[f"Q{i}_1"].pins["2"]) == f"n{pre}.v_ap"
    assert node(circuit[f"U{i}_1"].pins["2"]) == f"n{post}.v_m"


@each_board
def test_every_chip_has_its_supply(project):
    circuit = drawn(project)
    chips = [part for part in circuit.components.values() if part.value in CHIPS]
    assert chips
    for part in chips:
        plus, minus = CHIPS[part.value]
        assert (part.pins[plus], part.pins[minus]) == ("+5V", "GND")


@each_board
def test_no_input_is_left_open(project):
    """A gate or an amplifier's input on a net of its own would float."""
    circuit = drawn(project)
    inputs = {"ALD1105PBL": ("2", "6", "9", "13"), SWITCH: ("5", "6", "12", "13"), "MCP6022": ("2", "3", "5", "6")}
    for ref, part in circuit.components.items():
        for pin in inputs.get(part.value, ()):
            assert len(on(circuit, ref, pin)) > 1, f"{ref} pin {pin}"


@pytest.mark.needs("kicad")
@each_board
def test_every_chip_has_a_capacitor_beside_it(project):
    from neurorig.hardware.kicad.tools.circuits import find_circuit  # needs KiCad's symbols

    places = find_circuit(project).layout().places
    for ref, part in drawn(project).components.items():
        if part.value in CHIPS:
            number = re.sub(r"^(Q|U)", "", ref)
            own = f"C_d{number}" if part.value != SWITCH else f"C_d{number[:-2]}_4"
            assert set(drawn(project)[own].pins.values()) == {"+5V", "GND"}
            pin = at(places[ref], int(CHIPS[part.value][0]), {8: 4, 14: 7}[len(part.pins)])
            distance = min(dist(pin, (places[own].x + end, places[own].y)) for end in (0.0, 5.0))
            assert distance < NEAR[part.value], f"{own} is {distance:.0f} mm from pin {CHIPS[part.value][0]} of {ref}"


def at(place, pin, rows):
    """Where a pin of a DIP lies (mm) that is not turned, or by 180 degrees."""
    sign = {0: 1.0, 180: -1.0}[int(place.turn)]
    column, row = (0.0, pin - 1) if pin <= rows else (7.62, 2 * rows - pin)
    return place.x + sign * column, place.y + sign * 2.54 * row


# ------------------------------------------------------------------------------------------------- measured with ngspice
def with_shifted(netlist: Netlist, chip: str, volts: float) -> Netlist:
    """The circuit with one chip whose thresholds are `volts` above those of the others."""
    library = (LIBRARY / "neurorig.lib").read_text(encoding="utf-8")
    body = re.search(r"^\.subckt ALD1105 .*?^\.ends$", library, re.DOTALL | re.MULTILINE)[0]
    models = re.findall(r"^\.model (?:ald_n|ald_p) .*$", library, re.MULTILINE)
    other = "\n".join([*models, body]).replace("ALD1105", "ALD1105_other").replace("ald_", "other_")
    other = re.sub(
        r"vto=([-0-9.]+)", lambda m: f"vto={float(m[1]) + volts * (1 if float(m[1]) > 0 else -1):.4f}", other
    )
    element = replace(netlist.elements[chip], model="ALD1105_other")
    return replace(netlist, elements={**netlist.elements, chip: element}, libraries=f"{netlist.libraries}\n{other}")


@pytest.mark.needs("kicad", "ngspice")
@pytest.mark.parametrize("volts", [0.02, -0.02])
@pytest.mark.parametrize("chip", ["Q11_1", "Q11_2", "Q11_3"])
@pytest.mark.parametrize("sign", ["1-2", "2-3"])
def test_chips_of_other_thresholds_leave_the_output_as_it_is(chip, volts, sign):
    """Transistors are matched within a chip, not between two: 20 mV between them must not be seen in either leg."""
    even = export(PROJECTS["synapse"]).jumpers({"JP_sign11": sign})
    gain = {name: _gain(circuit) for name, circuit in (("even", even), ("odd", with_shifted(even, chip, volts)))}
    assert 1.0 < gain["even"] < 1.2  # channel length modulation
    assert gain["odd"] == pytest.approx(gain["even"], rel=0.02)


def _gain(circuit: Netlist) -> float:
    """Current of the output into or out of a membrane at 2 V over that of the last stage, which has 1.4 V on its C_s."""
    recording = circuit.run({}, 0.01, ["R_s11_2", "JP_output11"], volts={"s11.v_c2": 1.4, "s11.post": 2.0})
    stage = recording.trace("R_s11_2")[-1]
    assert abs(stage) > 3e-6
    return abs(recording.trace("JP_output11")[-1] / stage)


@pytest.mark.needs("kicad", "ngspice")
def test_a_source_of_20_volts_does_not_reach_the_gate():
    """Into n1.i0 without a load: 10.6 V kill the transistor (data sheets of the family)."""
    netlist = export(PROJECTS["neuron"]).jumpers({"JP_load1": "open"})
    recording = netlist.run({}, 0.02, ["n1.v_ap", "n1.v_m"], volts={"n1.i0": 20.0})
    assert recording.trace("n1.v_ap").max() < 6.5
