"""A board file says what the circuit is; what follows from it is computed, and what is wrong in it is named."""

import pytest

from neurorig.hardware import list_boards, load_board
from neurorig.hardware.devices import with_devices
from neurorig.signals import ConfigError

from .boards import description, network, written


@pytest.fixture
def bump():
    return load_board("wu2025_bump")


def test_the_shipped_boards_are_listed_and_load():
    assert {"wu2025_bump", "wu2025_neuron"} < set(list_boards())
    assert [load_board(name).name for name in list_boards()] == list_boards()


def test_components_are_those_of_table_iii_with_the_exchanged_r_w(bump):
    assert bump.components == {
        "n1.C_m": 0.1e-6, "n1.R_m": 680e3, "n1.R_a": 2e3, "s11.R_W": 5e3, "s11.C_s": 4.7e-6, "s11.R_s": 100e3,
    }  # fmt: skip
    assert "exchanges" in bump.errata["E3"]


def test_currents_of_the_experiment_are_the_chart_times_its_scale(bump):
    # Wu 2025 Fig. 9(a): I_off 45.2675 uA and I_H 102.6633 uA, 0.869 of the chart of Fig. 9(b)
    assert bump.i_min("n1.i0") == pytest.approx(45.2675e-6, abs=0.5e-10)
    assert bump.i_max("n1.i0") == pytest.approx(102.6633e-6, abs=0.5e-10)
    assert 44.7e-6 < bump.i_min("n1.i0") < 65.6e-6


def test_spike_and_synapse_constants(bump):
    assert bump.tau_a("n1") == pytest.approx(2025 * 110e-9)
    assert bump.synapses["s11"].tau == 0.555
    assert bump.charge("s11") == pytest.approx(97.8e-9)
    assert bump.synapses["s11"].calibration.m1 * bump.synapses["s11"].calibration.m2 == pytest.approx(1.246)


def test_charge_per_spike_follows_the_law_of_the_drive(bump):
    # Q_N = 1140 nC (C_m / 0.1 uF) / (R_W / kohm + 6.6), fitted on four boards: within 1 % of it at any R_W and C_m
    for r_w in (0.0, 1.2e3, 5e3, 7e3, 10e3, 20e3):
        for c_m in (33e-9, 0.1e-6):
            law = 1140e-9 * (c_m / 0.1e-6) / (r_w / 1e3 + 6.6)
            changed = bump.with_components({"s11.R_W": r_w, "n1.C_m": c_m})
            assert changed.charge("s11") == pytest.approx(law, rel=0.01)


def test_changed_components_carry_what_depends_on_them(bump):
    changed = bump.with_components({"s11.R_s": 50e3, "s11.C_s": "10 uF", "n1.C_m": "33 nF", "n1.R_a": 1000})
    assert changed.synapses["s11"].tau == pytest.approx(0.555 * 0.5 / 0.47)
    assert changed.neurons["n1"].capacitance == pytest.approx(36.3e-9)
    assert changed.tau_a("n1") == pytest.approx(1025 * 36.3e-9)
    assert changed.sha256 == bump.sha256  # the same file, other components
    assert bump.components["s11.R_s"] == 100e3
    assert changed.with_components(bump.components) == bump


def test_impossible_components_are_refused(bump):
    with pytest.raises(ConfigError, match=r"^s11\.R_w: board 'wu2025_bump' has no such component.*s11\.R_"):
        bump.with_components({"s11.R_w": 5e3})
    with pytest.raises(ConfigError, match=r"^s11\.C_s: .*greater than 0"):
        bump.with_components({"s11.C_s": 0.0})
    with pytest.raises(ConfigError, match=r"^s11\.R_W: '3 V' is not a resistance"):
        bump.with_components({"s11.R_W": "3 V"})
    with pytest.raises(ConfigError, match=r"n1\.R_m: .*calibrated with this R_m"):
        bump.with_components({"n1.R_m": 1e6})
    with pytest.raises(ConfigError, match=r"^s11\.R_W: .*greater than or equal to 0, not -1 kohm"):
        bump.with_components({"s11.R_W": "-1 kohm"})


@pytest.mark.parametrize(
    ("component", "value", "says"),
    [
        ("s11.C_s", "1 pF", r"C_s = 1 pF and R_s = 100 kohm a stage decays with 118\.1 ns.* C_s between 84\.68 pF and"),
        ("s11.C_s", "1 F", r"a stage decays with .*, which must lie between 10 us and 3600 s"),
        ("s11.R_s", "1 ohm", r"R_s = 1 ohm"),
        ("n1.C_m", "1 pF", r"C_m = 1 pF and R_a = 2 kohm spikes decay with .*, which must lie between 1 us and 1 s"),
        ("n1.C_m", "1 F", r"C_m between 448\.9 pF and 448\.9 uF"),
        ("n1.R_a", "3 ohm", r"no spike would end"),
    ],
)
def test_components_far_beyond_any_circuit_are_refused_with_their_bounds(bump, component, value, says):
    with pytest.raises(ConfigError, match=rf"^{component}: .*{says}"):
        bump.with_components({component: value})


def test_a_board_file_with_such_components_is_refused_by_file_and_key(tmp_path):
    entries = description()
    entries["synapses"]["s11"]["calibration"]["tau"] = "1 us"
    with pytest.raises(ConfigError, match=r"board\.toml: \[synapses\.s11\] .*a stage decays with 1 us"):
        written(tmp_path, entries)


def test_ports_and_nodes_know_their_owner(bump):
    assert bump.ports["n1.i0"].neuron == "n1"
    assert (bump.nodes["s11.i_out"].owner, bump.nodes["s11.i_out"].quantity) == ("s11", "i_out")
    assert bump.nodes["n1.v_m"].unit == "V"
    assert bump.nodes["s11.i_s2"].high == pytest.approx(25e-6)
    with pytest.raises(ConfigError, match=r"no port 'n2\.i0'.*n1\.i0"):
        bump.i_min("n2.i0")
    with pytest.raises(ConfigError, match=r"no neuron 'n2'"):
        bump.tau_a("n2")


def test_an_offset_current_moves_the_rheobase_of_the_neuron_behind(tmp_path):
    quiet = network(tmp_path, {"s12": ("n1", "n2")})
    leaky = network(tmp_path, {"s12": ("n1", "n2")}, offset="0.83 uA")  # Wu 2025 Fig. 15, N1 to N2
    assert leaky.i_min("n1.i0") == quiet.i_min("n1.i0")
    assert leaky.i_min("n2.i0") == pytest.approx(quiet.i_min("n2.i0") + 0.83e-6)


def test_two_neurons_with_four_synapses_are_expressible(tmp_path):
    board = network(tmp_path, {"s11": ("n1", "n1"), "s22": ("n2", "n2"), "s12": ("n1", "n2"), "s21": ("n2", "n1")})
    assert [(s.pre, s.post, s.sign) for s in board.synapses.values()] == [
        ("n1", "n1", -1), ("n2", "n2", -1), ("n1", "n2", -1), ("n2", "n1", -1),
    ]  # fmt: skip


def break_key(entries):
    entries["synapses"]["s11"]["calibration"]["headrom"] = entries["synapses"]["s11"]["calibration"].pop("headroom")


def break_unit(entries):
    entries["synapses"]["s11"]["calibration"]["tau"] = "0.555 V"


def break_bare(entries):
    entries["neurons"]["n1"]["components"]["R_a"] = 2000


def break_wire(entries):
    entries["synapses"]["s11"]["post"] = "n11"


def break_node(entries):
    entries["nodes"]["s11.i_s3"] = entries["nodes"].pop("s11.i_s2")


def break_port(entries):
    entries["ports"]["n1.i1"] = entries["ports"].pop("n1.i0")


def break_missing(entries):
    del entries["neurons"]["n1"]["calibration"]["V_th"]


def break_node_unit(entries):
    entries["nodes"]["n1.v_m"]["low"] = "0 A"


def break_leak(entries):
    entries["neurons"]["n1"]["calibration"]["V1"] = "4 V"


def break_spike(entries):
    entries["synapses"]["s11"]["calibration"]["omega"] = "3 V"


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (break_key, r"\[synapses\.s11\.calibration\.headrom\] .*Did you mean 'headroom'"),
        (break_unit, r"\[synapses\.s11\.calibration\.tau\] '0\.555 V' is not a time"),
        (break_bare, r"\[neurons\.n1\.components\.R_a\] 2000 needs a unit"),
        (break_wire, r"\[synapses\.s11\] post = 'n11' is no neuron.*Did you mean 'n1'"),
        (break_node, r"\[nodes\] 's11\.i_s3'.*Did you mean 's11\.i_s[12]'"),
        (break_port, r"\[ports\] 'n1\.i1'.*Did you mean 'n1\.i0'"),
        (break_missing, r"\[neurons\.n1\.calibration\.V_th\] is missing"),
        (break_node_unit, r'\[nodes\."n1\.v_m"\.low\] \'0 A\' is not a voltage'),
        (break_leak, r"\[neurons\.n1\.calibration\] the leak needs V0 < V1 < V_th"),
        (break_spike, r"\[synapses\.s11\.calibration\] omega = 3 V does not lie between"),
    ],
)
def test_a_wrong_file_is_named_with_the_key(tmp_path, damage, complaint):
    entries = description()
    damage(entries)
    with pytest.raises(ConfigError, match=rf"board\.toml: .*{complaint}"):
        written(tmp_path, entries)


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(ConfigError, match=r"no board 'wu2025_bum'.*Did you mean 'wu2025_bump'"):
        load_board("wu2025_bum")
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot read the board: No such file"):
        load_board(tmp_path / "absent.toml")
    (tmp_path / "broken.toml").write_text("name = ")
    with pytest.raises(ConfigError, match=r"broken\.toml: not TOML"):
        load_board(tmp_path / "broken.toml")


def test_a_number_without_its_unit_is_refused_in_a_file_but_not_in_a_copy(tmp_path):
    text = load_board("wu2025_bump").path.read_text(encoding="utf-8")
    assert 'R_a = "2 kohm"' in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace('R_a = "2 kohm"', "R_a = 2000.0"), encoding="utf-8")
    with pytest.raises(ConfigError, match="needs a unit"):
        load_board(file)
    assert load_board("wu2025_bump").with_components({"n1.R_a": 2000.0}).components["n1.R_a"] == 2000.0


# ------------------------------------------------------------------------------------- boards made from other boards


def test_a_board_can_be_like_another(tmp_path, bump):
    path = tmp_path / "mine.toml"
    path.write_text(
        'like = "wu2025_bump"\nname = "mine"\n[neurons.n1.calibration]\nscale = 0.9\n[nodes]\n"s11.v_c1" = "none"\n'
    )
    mine = load_board(path)
    assert mine.neurons["n1"].i_min == pytest.approx(bump.neurons["n1"].i_min * 0.9 / 0.869)
    assert mine.synapses == bump.synapses
    assert set(bump.nodes) - set(mine.nodes) == {"s11.v_c1"}
    assert mine.sha256 != bump.sha256


def test_the_digest_of_a_board_covers_the_board_it_is_like(tmp_path):
    base, mine = tmp_path / "base.toml", tmp_path / "mine.toml"
    text = load_board("wu2025_bump").path.read_text()
    mine.write_text('like = "base.toml"\nname = "mine"\n')
    base.write_text(text)
    before = load_board(mine)
    base.write_text(text.replace('R_W = "5 kohm"', 'R_W = "7 kohm"'))
    after = load_board(mine)
    assert (before.components["s11.R_W"], after.components["s11.R_W"]) == (5e3, 7e3)
    assert before.sha256 != after.sha256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('like = "wu2025_bmp"', "Did you mean 'wu2025_bump'"),
        ('like = "mine.toml"', "leads back to itself"),
        ("like = 3", "name another board"),
        ('like = "wu2025_bump"\nsupply = "0 V"', r"\[supply\].*greater than 0"),
        ('like = "wu2025_bump"\nsupply = "0.8 V"', "gives synapse 's11' no charge: it needs more than 1 V"),
        ('like = "wu2025_bump"\n[synapses.s11.components]\nC_s = "0 F"', r"C_s\].*greater than 0"),
        ('like = "wu2025_bump"\n[synapses.s11.calibration]\ndrive = "pcb"', "takes no Q_N"),
        ('like = "wu2025_bump"\n[synapses.s11.calibration]\nQ_N = "none"', "needs Q_N and R_drive"),
        ('like = "wu2025_bump"\n[neurons.n1.calibration]\nV2 = "3.5 V"', "V2 and I2 together"),
        ('like = "wu2025_bump"\n[neurons.n1.calibration]\nV2 = "1 V"\nI2 = "41 uA"', "V0 < V1 < V2 < V_th"),
    ],
)
def test_what_is_wrong_in_a_board_like_another_is_said_once(tmp_path, text, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        load_board(path)
    assert str(caught.value).count("greater than 0") <= 1


def test_the_supply_sets_the_weight(bump):
    # V+ - 1 V drives the weight: 4 V on the supply of 5 V (Wu 2025, appendix)
    assert bump.with_supply("6 V").charge("s11") == pytest.approx(97.8e-9 * 5 / 4)
    assert bump.with_supply(5).charge("s11") == pytest.approx(97.8e-9)
    with pytest.raises(ConfigError, match="supply = 500 mV"):
        bump.with_supply(0.5)


def test_disturbances_belong_to_the_port(bump):
    port = bump.with_ports({"n1.i0": {"ripple": "50 nA", "sag": 0.016}}).ports["n1.i0"]
    assert (port.ripple, port.ripple_frequency, port.sag, port.noise) == (50e-9, 50.0, 0.016, 0.0)
    with pytest.raises(ConfigError, match=r"no port 'n2\.i0'"):
        bump.with_ports({"n2.i0": {"ripple": "50 nA"}})
    with pytest.raises(ConfigError, match="rippel"):
        bump.with_ports({"n1.i0": {"rippel": "50 nA"}})


def laid_over(folder, base, text):
    """The board of a file that is like `base`, with `text` in it."""
    path = folder / "over.toml"
    path.write_text(f'like = "{base}"\nname = "over"\n{text}')
    return load_board(path)


@pytest.mark.parametrize(
    "change", [{"s11.R_W": "3.3 kohm"}, {"n1.C_m": "47 nF"}, {"s11.C_s": "1 uF"}, {"n1.R_a": "1 kohm"}]
)
def test_another_part_in_a_board_file_is_the_same_as_another_part_soldered_in(tmp_path, change):
    [(name, value)] = change.items()
    owner, part = name.split(".")
    table = "neurons" if owner == "n1" else "synapses"
    over = laid_over(tmp_path, "wu2025_fig13", f'[{table}.{owner}.components]\n{part} = "{value}"\n')
    soldered = load_board("wu2025_fig13").with_components(change)
    assert over.neurons == soldered.neurons
    assert over.synapses == soldered.synapses
    assert over.charge("s11") == soldered.charge("s11")


def test_another_supply_in_a_board_file_is_another_supply(tmp_path, bump):
    over = laid_over(tmp_path, "wu2025_bump", 'supply = "4.5 V"\n')
    assert over.charge("s11") == bump.with_supply(4.5).charge("s11") == pytest.approx(97.8e-9 * 3.5 / 4)


def test_a_calibration_that_a_file_restates_goes_with_the_parts_of_that_file(tmp_path):
    text = '[synapses.s11.components]\nR_W = "10 kohm"\nC_s = "1 uF"\n[synapses.s11.calibration]\nQ_N = "70 nC"\n'
    over = laid_over(tmp_path, "wu2025_bump", text)
    assert over.charge("s11") == pytest.approx(70e-9)
    assert over.synapses["s11"].tau == pytest.approx(0.555 / 4.7)  # not restated: follows C_s


def test_another_r_m_needs_another_calibration(tmp_path):
    with pytest.raises(ConfigError, match="R_m"):
        laid_over(tmp_path, "wu2025_bump", '[neurons.n1.components]\nR_m = "1 Mohm"\n')


def test_a_synapse_keeps_its_charge_when_its_neuron_gets_another_device(bump):
    assert with_devices(bump, {"n1": "C_fig11b"}).charge("s11") == pytest.approx(97.8e-9)
    adapting = load_board("wu2025_fig11a")
    assert with_devices(adapting, {"n1": "M"}).charge("s11") == pytest.approx(44.65e-9)


def test_a_synapse_that_is_taken_away_takes_its_nodes_along(tmp_path):
    over = laid_over(tmp_path, "motif_mutual_inhibition", '[synapses]\ns12 = "none"\n')
    assert set(over.synapses) == {"s11", "s22", "s21"}
    assert over.nodes == load_board("motif_mutual_inhibition").without("s12").nodes


def test_a_board_that_is_at_rest_where_nothing_rests_is_refused(tmp_path):
    """A neuron rests below its threshold, the capacitor of a stage below the ceiling of its supply."""
    entries = description()
    entries["neurons"]["n1"]["at_rest"]["v_m"] = "3.9 V"
    with pytest.raises(ConfigError, match=r"board\.toml: \[neurons\.n1\] at_rest v_m = 3\.9 V .*below V_th"):
        written(tmp_path, entries)
    entries = description()
    entries["synapses"]["s11"]["at_rest"] = {"v_c2": "4.95 V"}
    with pytest.raises(ConfigError, match=r"board\.toml: .*\[synapses\.s11\.at_rest\] v_c2 = 4\.95 V .*4\.9 V"):
        written(tmp_path, entries)


def test_the_charge_left_on_the_stages_is_a_state_of_the_board(bump):
    charged = bump.with_charges({"s11": (0.7, 0.6)})
    assert (charged.synapses["s11"].at_rest.v_c1, charged.synapses["s11"].at_rest.v_c2) == (0.7, 0.6)
    with pytest.raises(ConfigError, match="no synapse 's12'"):
        bump.with_charges({"s12": (0.7, 0.6)})
    with pytest.raises(ConfigError, match="supply"):
        bump.with_charges({"s11": (20.0, 0.0)})
