"""The boards of neurons and synapses, as committed: what the circuits of the papers need in order to work as drawn."""

import re
from functools import cache

import pytest

from neurorig.hardware import load_board
from neurorig.hardware.kicad.projects import PROJECTS
from neurorig.hardware.kicad.schematic import Schematic, read_schematic

NEURONS = {"neuron": ("1",), "synapse": (), "ns_unit": ("1",), "motif": ("1", "2")}
SYNAPSES = {"neuron": (), "synapse": ("11",), "ns_unit": ("11",), "motif": ("11", "22", "12", "21")}
CHIPS = {"ALD1105PBL": ("11", "4"), "74HC4066": ("14", "7"), "MCP6022": ("8", "4")}  # pins of +5 V and of ground
NEAR = 13.0  # mm, from pin 1 of a chip to its capacitor

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
        assert part.value in nodes | {"+5V", "GND"} or part.value.endswith(".out")


@each_neuron
def test_nothing_that_leaks_is_on_the_membrane(project, k):
    circuit = drawn(project)
    membrane = on(circuit, f"C_m{k}", "1")
    switches = {(ref, pin) for ref, pin in membrane if circuit[ref].value == "74HC4066"}
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
    for stage in (first, last):
        assert {(stage, "1"), (stage, "2"), (stage, "13")} <= on(circuit, stage, "1")  # N diode
        assert {(stage, "14"), (stage, "5"), (stage, "6"), (stage, "9")} <= on(circuit, stage, "5")  # P diode
    assert (delta, "13") in on(circuit, last, "2")
    assert (delta, "9") in on(circuit, last, "6")
    assert node(circuit[first].pins["10"]) == f"s{i}.v_c2"
    assert on(circuit, f"JP_sign{i}", "1") == {(f"JP_sign{i}", "1"), (last, "10")}
    assert on(circuit, f"JP_sign{i}", "3") == {(f"JP_sign{i}", "3"), (delta, "14")}
    assert {(delta, "10"), (f"R_rep{i}", "1")} <= on(circuit, delta, "10")
    assert circuit[f"R_rep{i}"].pins["2"] == "GND"


@each_synapse
def test_logic_that_nobody_drives_means_coupled_and_no_discharge(project, i):
    circuit = drawn(project)
    switch = circuit[f"U{i}_1"].pins
    assert node(switch["13"]) == f"s{i}.coupled"
    assert node(switch["5"]) == node(switch["6"]) == f"s{i}.discharge"
    assert switch["12"] == "GND"  # the fourth is not used
    assert set(circuit[f"R_up{i}"].pins.values()) == {switch["13"], "+5V"}
    assert set(circuit[f"R_down{i}"].pins.values()) == {switch["5"], "GND"}


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
    inputs = {"ALD1105PBL": ("2", "6", "9", "13"), "74HC4066": ("5", "6", "12", "13"), "MCP6022": ("2", "3", "5", "6")}
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
            own = f"C_d{number}" if part.value != "74HC4066" else f"C_d{number[:-2]}_4"
            assert set(drawn(project)[own].pins.values()) == {"+5V", "GND"}
            distance = max(abs(places[ref].x - places[own].x), abs(places[ref].y - places[own].y) - 15.24 / 2)
            assert distance < NEAR, f"{own} is {distance:.0f} mm from {ref}"
