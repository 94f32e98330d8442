"""Which parts and jumpers make the board of a figure: the rule, and every board that ships against the schematics."""

import pytest

from neurorig.hardware import list_boards, load_board
from neurorig.hardware.kicad.fitting import (
    designators,
    figures,
    printed,
    setup,
    smallest,
    written,
)
from neurorig.hardware.kicad.projects import PROJECTS
from neurorig.hardware.kicad.schematic import read_schematic
from neurorig.signals import ConfigError

from .. import boards

CIRCUITS = ("neuron", "synapse", "ns_unit", "motif")
HELD = [
    (name, project)
    for name in list_boards()
    for project in CIRCUITS
    if not (project == "ns_unit" and smallest(load_board(name)) == "motif")
]
MADE_ON = [(name, project) for name, project in HELD if project == "motif" or smallest(load_board(name)) != "motif"]


@pytest.fixture(scope="module")
def drawn():
    """The committed schematics, read once."""
    return {name: read_schematic(PROJECTS[name].schematic) for name in CIRCUITS}


@pytest.mark.parametrize(("name", "project"), HELD)
def test_every_value_of_a_figure_is_printed_or_listed_at_its_part(drawn, name, project):
    board = load_board(name)
    for component, parts in designators(board, project).items():
        value = board.components[component]
        for part in parts:
            assert written(value) in known_values(drawn[project].components[part]), f"{component}: {part} of {project}"


def known_values(component):
    """What is printed, or where the trimmer is set, and what the field `Figures` lists; of a trimmer, only what it has."""
    trimmer = dict(setting.split("=") for setting in component.fields.get("Sim.Params", "").split())
    listed = [entry.partition(":")[0] for entry in component.fields.get("Figures", "").split("; ")]
    if "total" in trimmer:
        return [trimmer["r"], *(v for v in listed if v and value_of(v) <= value_of(trimmer["total"]))]
    return [component.value, *listed]


def value_of(text):
    digits = text.rstrip("pnuk")
    return float(digits) * {"": 1.0, "k": 1e3}[text[len(digits) :]]


@pytest.mark.parametrize("project", CIRCUITS)
def test_fields_of_the_schematics_are_those_of_today(drawn, project):
    """They are computed from the boards: a new board, or another value in one, asks for new schematics."""
    listed = {
        part: found.fields["Figures"] for part, found in drawn[project].components.items() if "Figures" in found.fields
    }
    boards_here = [load_board(name) for name, circuit in HELD if circuit == project]
    wanted = {part for board in boards_here for parts in designators(board, project).values() for part in parts}
    assert listed == {part: text for part in wanted if (text := figures(part, project))}


@pytest.mark.parametrize(("name", "project"), MADE_ON)
def test_every_jumper_of_a_setup_is_on_the_circuit(drawn, name, project):
    jumpers = setup(load_board(name), project).jumpers
    pins = {part: len(drawn[project].components[part].pins) for part in jumpers}
    for part, position in jumpers.items():
        known = {2: ("open", "closed"), 3: ("open", "1-2", "2-3"), 6: ("open", "1-2", "2-3")}
        assert position in known[pins[part]], part


def test_smallest_circuit():
    assert smallest(load_board("wu2023_fig3")) == "neuron"
    assert smallest(load_board("wu2025_fig13")) == "ns_unit"
    assert smallest(load_board("wu2025_fig14")) == "motif"


def test_two_pacemakers():
    """Fig. 15: four inhibitory alpha synapses; weights of 100 and 0.4 ohm lie below the end stop of the trimmer."""
    made = setup(load_board("wu2025_fig15"))
    assert made.parts["C_m2"] == 33e-9
    assert made.parts["R_Wp11"] == 100.0
    assert made.parts["R_Wp12"] == 0.4
    assert made.parts["C_s21_1"] == made.parts["C_s21_2"] == 1e-6
    for index in ("11", "12", "21", "22"):
        assert made.jumpers[f"JP_sign{index}"] == "2-3"
        assert made.jumpers[f"JP_output{index}"] == "1-2"
        assert [made.jumpers[f"JP_stages{index}_{k}"] for k in (2, 1, 0)] == ["closed", "open", "open"]
    assert (made.jumpers["JP_weight12"], made.jumpers["JP_weight11"]) == ("open", "open")


def test_a_pulse_that_discharges_goes_through_the_mirror_of_the_last_stage():
    """Time matter, Fig. 8: no stage, inhibitory; its C_s and R_s have no part, its neurons no synapse onto themselves."""
    board = load_board("timematter_fig8")
    made = setup(board)
    jumpers = {name: position for name, position in made.jumpers.items() if "12" in name}
    assert jumpers == {
        "JP_stages12_2": "open",
        "JP_stages12_1": "closed",
        "JP_stages12_0": "open",
        "JP_sign12": "2-3",
        "JP_output12": "1-2",
        "JP_C_s12": "open",
        "JP_R_s12": "closed",
        "JP_weight12": "1-2",
    }
    assert designators(board)["s12.C_s"] == ()
    assert made.jumpers["JP_output11"] == "2-3"  # into its resistor, not into the neuron


def test_an_excitatory_pulse_goes_straight_to_the_output():
    made = setup(load_board("motif_delta_excitation"))
    assert [made.jumpers[f"JP_stages12_{k}"] for k in (2, 1, 0)] == ["open", "open", "closed"]
    assert made.jumpers["JP_C_s12"] == "closed"


def test_one_stage_is_the_last(tmp_path):
    entries = boards.description()
    entries["synapses"]["s11"]["stages"] = 1
    for node in ("s11.v_c2", "s11.i_s2"):
        del entries["nodes"][node]
    made = setup(boards.written(tmp_path, entries))
    assert "C_s11_1" not in made.parts
    assert made.parts["C_s11_2"] == 4.7e-6
    assert [made.jumpers[f"JP_stages11_{k}"] for k in (2, 1, 0)] == ["open", "closed", "open"]


def test_an_output_that_is_measured_flows_into_its_resistor():
    made = setup(load_board("wu2025_fig4"))
    assert (made.project, made.jumpers["JP_output11"]) == ("ns_unit", "2-3")
    assert made.parts["R_W11"] == 10e3  # s1 in the file, whose post is open


def test_a_bursting_neuron_has_its_load_on_the_trimmer():
    made = setup(load_board("wu2023_fig3"))
    assert made.jumpers == {"JP_load1": "2-3", "JP_C_L1": "closed", "JP_weight11": "closed"}
    assert made.parts == {"C_m1": 10e-6, "R_m1": 100e3, "R_L1": 2.4e3, "C_L1": 100e-9}


def test_a_unit_of_two_circuits():
    """R_W is on the neuron board, whose I_delta feeds the stages of the synapse board."""
    board = load_board("wu2025_fig13")
    first, second = setup(board, "neuron"), setup(board, "synapse")
    assert first.parts == {"C_m1": 33e-9, "R_m1": 680e3, "R_a1": 2e3, "R_W11": 2.2e3}
    assert second.parts == {"C_s11_1": 10e-6, "C_s11_2": 10e-6, "R_s11_1": 100e3, "R_s11_2": 100e3}
    assert second.jumpers["JP_sign11"] == "2-3"
    assert "JP_weight11" not in second.jumpers


def test_what_no_circuit_holds_is_refused(tmp_path):
    bump = load_board("wu2025_bump")
    with pytest.raises(ConfigError, match=r"R_W11 = 30 kohm is more than its trimmer has, 20 kohm"):
        setup(bump.with_components({"s11.R_W": 30e3}))
    with pytest.raises(ConfigError, match=r"2 neurons, and the circuit 'ns_unit' has 1"):
        setup(load_board("wu2025_fig15"), "ns_unit")
    with pytest.raises(ConfigError, match=r"'shield' is no circuit for neurons"):
        setup(bump, "shield")
    twice = boards.network(tmp_path, {"s12": ("n1", "n2"), "t12": ("n1", "n2")})
    with pytest.raises(ConfigError, match=r"synapses s12 and t12 both need s12 of the circuit 'motif'"):
        setup(twice)


def test_figures_are_listed_by_value_and_paper():
    assert printed("C_m1", "ns_unit") == "100n"
    assert figures("C_m1", "ns_unit").startswith("33n: Wu 2025 Figs 7(c), 11(a), 11(b), 12, 13; 10u: Wu 2023 Figs 2")
    assert figures("R_s11_1", "ns_unit") == "82k: Wu 2025 Fig. 4"
    assert printed("R_W21", "motif") == "5k"
    assert printed("R_Wp12", "motif") == ""
    assert figures("R_a1", "motif") == ""
    with pytest.raises(ConfigError, match=r"no board of a figure has a part 'X1'"):
        printed("X1", "motif")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.4, "0.4"), (47.0, "47"), (2.4e3, "2.4k"), (680e3, "680k"), (22e-9, "22n"), (4.7e-6, "4.7u"), (10e-12, "10p")],
)
def test_values_are_written_as_in_a_schematic(value, text):
    assert written(value) == text
