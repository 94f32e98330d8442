"""What a person is told to do at the bench, against the schematics that it is read from."""

import pytest

from neurorig.hardware import list_boards, load_board
from neurorig.hardware.kicad.figure_names import panels
from neurorig.hardware.kicad.instructions import COMPLIANCE, INSTEAD, THRESHOLD, index_of, instruct, printed_word
from neurorig.hardware.kicad.projects import PROJECTS
from neurorig.hardware.kicad.schematic import read_schematic
from neurorig.protocols.figures import list_figures, make_figure
from neurorig.protocols.figures.fitting import own_board


@pytest.mark.parametrize("name", list_boards())
def test_everything_of_a_board_has_its_place(name):
    board = load_board(name)
    made = instruct(board)
    drawn = read_schematic(PROJECTS[made.setup.project].schematic)
    assert {fit.part for fit in made.fit} == made.setup.parts.keys()
    assert {cap.jumper for cap in made.caps} == made.setup.jumpers.keys()
    for cap in made.caps:
        assert bool(cap.word) == (cap.position != "open"), cap
    assert made.ports.keys() == board.ports.keys()
    for port, (_, _, connector) in made.ports.items():
        assert drawn[connector].value == port  # neurons of boards that ship are called as on the circuits
    seen = {look.node for look in made.nodes}
    assert {node for node in board.nodes if not node.endswith(".i0")} == seen


def test_a_trimmer_is_measured_where_nothing_lies_in_parallel():
    (trimmer,) = (fit for fit in instruct(load_board("wu2025_bump")).fit if fit.part == "R_W11")
    assert (trimmer.do, trimmer.written, trimmer.printed) == ("turn", "5k", "5k")
    assert "cap off JP_weight11" in trimmer.how
    assert "from JP_weight11 pin 1 to " in trimmer.how
    (load,) = (fit for fit in instruct(load_board("wu2023_fig3")).fit if fit.part == "R_L1")
    assert "cap off JP_load1" in load.how
    assert "from JP_load1 pin 3 to TP2 (GND)" in load.how


def test_weights_below_the_end_stop_go_into_the_socket():
    made = instruct(load_board("wu2025_fig15"))
    fit = {f.part: (f.do, f.how) for f in made.fit}
    assert fit["R_Wp11"] == ("plug", "a resistor of 100 into the socket")
    assert fit["R_Wp12"] == ("wire", "a wire into the socket")
    assert {(p.count, p.what) for p in made.loose} == {
        (2, "33nF film capacitor"), (4, "1uF film capacitor"), (2, "100 ohm resistor, 1 %"), (2, "wire link"),
    }  # fmt: skip


def test_what_no_film_capacitor_has_is_told():
    made = instruct(load_board("wu2023_fig4"))
    assert made.loose[0].what == "100uF electrolytic capacitor"
    assert "no film capacitor" in made.fit[0].how


def test_a_unit_of_two_circuits_says_so():
    board = load_board("wu2025_fig13")
    neuron, synapse = instruct(board, "neuron"), instruct(board, "synapse")
    assert neuron.drives[0].connector == "J_i0_1"
    assert synapse.drives[0].connector == ""
    assert any("the stages are on the board 'synapse'" in text for text in neuron.remarks)
    assert {look.node for look in neuron.nodes} == {"n1.v_m", "n1.v_ap"}
    assert {look.places[0] for look in synapse.nodes} == {"TP11_1", "TP11_2", "TP11_4"}


def test_words_and_indices_of_jumpers():
    drawn = read_schematic(PROJECTS["motif"].schematic)
    assert printed_word(drawn["JP_sign12"], "2-3") == "inh"
    assert printed_word(drawn["JP_sign12"], "1-2") == "exc"
    assert printed_word(drawn["JP_stages12_1"], "closed") == "exp"
    assert printed_word(drawn["JP_output12"], "open") == ""
    made = instruct(load_board("wu2025_fig13"))
    pins = {cap.jumper: cap.pins for cap in made.caps}
    rows = len(read_schematic(PROJECTS["ns_unit"].schematic)["JP_sign11"].pins)
    assert pins["JP_sign11"] == {3: "2-3", 6: "3-5, 4-6"}[rows]
    names = ("JP_C_L1", "JP_load2", "JP_C_s12", "JP_stages21_0")
    assert [index_of(name) for name in names] == ["1", "2", "12", "21"]


def test_currents_follow_the_thyristor_on_the_board():
    made = instruct(load_board("wu2025_bump"))
    assert {d.preset: f"{d.of_i_min:.3f}" for d in made.drives if not d.instead}["hold"] == "0.987"
    drifted = instruct(load_board("wu2025_fig9b"))  # the same currents on another day
    assert {d.preset: d.of_i_min for d in drifted.drives}["hold"] == pytest.approx(0.869 * 0.987, rel=2e-3)


def test_the_presets_to_take_are_those_that_the_figures_play():
    """Figs 15 and 16 say in a remark which they took."""
    for name in ("wu2025_fig15", "wu2025_fig16"):
        made = instruct(load_board(name))
        (taken,) = {d.preset for d in made.drives if not d.instead}
        assert {d.preset for d in made.drives if d.instead} <= INSTEAD.keys()
        assert any(text.startswith(f"Currents '{taken}'") for text in make_figure(name).remarks)
    bump, probed = (instruct(load_board(name)) for name in ("wu2025_bump", "wu2025_fig12"))
    assert {d.preset: d.instead for d in bump.drives if d.instead} == {"kick_as_printed": "kick"}
    assert {d.preset: d.instead for d in probed.drives if d.instead} == {"plus_if_sagging": "plus"}
    assert not any(d.instead for d in instruct(load_board("wu2025_fig14")).drives)  # printed, and nothing else


def test_voltages_of_the_source_leave_room_on_either_side():
    drawn = read_schematic(PROJECTS["neuron"].schematic)
    board = load_board("wu2025_neuron")
    drop = float(drawn["R_i1"].value) * board.ports["n1.i0"].high
    assert THRESHOLD + drop + 0.2 < COMPLIANCE.least < COMPLIANCE.limit < COMPLIANCE.most == board.supply
    neuron = board.neurons["n1"].calibration
    assert neuron.V_th < THRESHOLD


def test_a_figure_has_its_panels():
    assert list(panels("wu2025_fig5")) == ["wu2025_fig5a", "wu2025_fig5b", "wu2025_fig5c"]
    assert panels("wu2025_fig7b")["wu2025_fig7b"].name == "motif_self_excitation"
    assert list(panels("wu2025_fig1")) == []  # not Figs 10 to 16
    for figure in list_figures():
        if own_board(figure) in list_boards():
            assert panels(figure)[figure].name == own_board(figure)
