"""What real boards add: ripple, sag and noise at the ports, delays, drives that feel what they charge, a bent leak."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError, Steps

from .boards import description, written
from .oracle import Oracle

MAINS = {"ripple": "2 uA", "ripple_frequency": "50 Hz", "ripple_phase": 0.7}
BENT = {"V2": "3.52 V", "I2": "44 uA"}
SOFT = {"Q_N": None, "R_drive": None, "drive": "pcb"}  # charges what it feels, less the fuller it is
PROGRAM = Steps.of([0.05, 0.15, 0.1, 0.2], [44.7e-6, 68e-6, 30e-6, 60e-6])


def board_with(folder, port=None, neuron=None, synapse=None, calibration=None):
    """The self-excitatory board with other entries; None takes one away."""
    entries = description()
    entries["neurons"]["n1"]["calibration"] |= neuron or {}
    entries["ports"]["n1.i0"] |= port or {}
    link = entries["synapses"]["s11"]
    link |= synapse or {}
    link["calibration"] |= calibration or {}
    link["calibration"] = {key: value for key, value in link["calibration"].items() if value is not None}
    stages = link["stages"]
    gone = [f"s11.{q}{n}" for n in (1, 2) if n > stages for q in ("v_c", "i_s")]
    entries["nodes"] = {key: node for key, node in entries["nodes"].items() if key not in gone}
    return written(folder, entries)


CASES = {
    "ripple": {"port": MAINS},
    "ripple of 1 kHz": {"port": {**MAINS, "ripple_frequency": "1 kHz"}},
    "sag": {"port": {"sag": 0.016}},
    "ripple and sag": {"port": {**MAINS, "sag": 0.016}},
    "three pieces of leak": {"neuron": BENT},
    "delay": {"synapse": {"delay": "2 ms"}},
    "delay longer than an interval": {"synapse": {"delay": "50 ms"}},
    "drive into a stage": {"calibration": SOFT},
    "own resistance of the mirror": {"calibration": {"R_gm": "8.5 kohm"}},
    "drive into the membrane": {"synapse": {"stages": 0}, "calibration": {**SOFT, "m2": 0.3}},
    "drive out of the membrane": {"synapse": {"stages": 0, "kind": "inhibitory"}, "calibration": {**SOFT, "m2": 0.1}},
    "one stage, all at once": {
        "port": {**MAINS, "sag": 0.016}, "neuron": BENT, "synapse": {"stages": 1, "delay": "15 ms"}, "calibration": SOFT,
    },
    "two stages, all at once": {
        "port": {**MAINS, "sag": 0.016}, "neuron": BENT, "synapse": {"delay": "15 ms"},
        "calibration": {**SOFT, "R_gm": "8.5 kohm"},
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_spike_times_agree_with_numerical_integration_within_a_picosecond(tmp_path, case):
    board = board_with(tmp_path, **case)
    twin, oracle = Twin(board), Oracle(board)
    twin.play("n1.i0", PROGRAM, 0.0)
    for stop, level in zip(PROGRAM.edges[1:], PROGRAM.levels, strict=True):
        twin.advance(stop)
        oracle.run(level, stop)
    assert len(oracle.spikes) > 20
    np.testing.assert_allclose(twin.spikes("n1"), oracle.spikes, rtol=0.0, atol=1e-12)
    assert twin.state_of("n1")["v_m"] == pytest.approx(oracle.y[0], abs=1e-9)
    if board.synapses["s11"].stages > 0:
        assert twin.state_of("s11")["v_c1"] == pytest.approx(oracle.y[1], abs=1e-9)


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory):
    """Everything at once, and a run of it in one piece."""
    everything = CASES["two stages, all at once"]
    port = {**everything["port"], "noise": "0.2 uA"}
    board = board_with(tmp_path_factory.mktemp("board"), **{**everything, "port": port})
    twin = played(board, [PROGRAM.duration])
    return board, twin.spikes("n1"), {node: twin.sample(node, -0.01, 37e-6, 13_000) for node in board.nodes}


def played(board, cuts):
    twin = Twin(board, seed=3)
    twin.play("n1.i0", PROGRAM, 0.0)
    for cut in cuts:
        twin.advance(cut)
    return twin


@settings(max_examples=30, deadline=None)
@given(
    cuts=st.lists(st.floats(0.0, PROGRAM.duration), max_size=20),
    cut=st.integers(0, 13_000),
    node=st.sampled_from(["n1.v_m", "n1.v_ap", "n1.i0", "s11.v_c1", "s11.i_out"]),
)
def test_results_do_not_depend_on_how_the_time_is_cut(disturbed, cuts, cut, node):
    board, spikes, grids = disturbed
    twin = played(board, sorted([*cuts, PROGRAM.duration]))
    assert np.array_equal(twin.spikes("n1"), spikes)
    whole = np.empty(13_000)
    twin.sample(node, -0.01, 37e-6, cut, whole[:cut])
    twin.sample(node, -0.01, 37e-6, 13_000 - cut, whole[cut:], first=cut)
    assert np.array_equal(whole, grids[node])


def test_a_grid_and_single_looks_agree(disturbed):
    board, _, grids = disturbed
    twin = played(board, [PROGRAM.duration])
    for node, grid in grids.items():
        alone = [twin.sample(node, -0.01 + k * 37e-6, 1.0, 1)[0] for k in range(0, 13_000, 97)]
        np.testing.assert_allclose(grid[::97], alone, rtol=1e-10, atol=1e-10 * np.abs(grid).max())


def test_the_delivered_current_obeys_kirchhoff(disturbed):
    """What arrives at the port and does not charge the membrane flows through R_a, ripple, sag and noise included."""
    board, spikes, _ = disturbed
    twin, step = played(board, [PROGRAM.duration]), 1e-7
    start = spikes[-4] - 1e-3
    v_m, i_0, i_out, v_ap = (
        twin.sample(node, start, step, 100_000) for node in ("n1.v_m", "n1.i0", "s11.i_out", "n1.v_ap")
    )
    through = (i_0 + i_out)[1:-1] - board.neurons["n1"].capacitance * (v_m[2:] - v_m[:-2]) / (2 * step)
    assert np.quantile(np.abs(through * 2000 - v_ap[1:-1]), 0.999) < 1e-5  # all but the samples astride an event
    assert np.ptp(i_0) > 2e-6


def test_a_port_delivers_what_its_source_can(tmp_path):
    board = load_board("wu2025_neuron").with_ports(
        {"n1.i0": {"ripple": "50 nA", "ripple_frequency": 60.0, "sag": 0.016}}
    )
    twin = Twin(board)
    twin.drive("n1.i0", 30e-6)  # not enough to fire
    twin.advance(2.0)
    t = 1.0 + np.arange(10_000) * 1e-4
    v_m = twin.sample("n1.v_m", 1.0, 1e-4, 10_000)
    expected = 30e-6 * (1 - 0.016 * v_m) + 50e-9 * np.sin(2 * np.pi * 60 * t)
    np.testing.assert_allclose(twin.sample("n1.i0", 1.0, 1e-4, 10_000), expected, rtol=0.0, atol=1e-14)


def test_ripple_alone_can_fire_a_neuron_that_is_held_just_below():
    quiet = load_board("wu2025_neuron")
    low = quiet.i_min("n1.i0")
    ripple = quiet.with_ports({"n1.i0": {"ripple": "1 uA"}})
    for board, below, fires in ((quiet, 0.01e-6, False), (ripple, 0.01e-6, True), (ripple, 1.01e-6, False)):
        twin = Twin(board)
        twin.drive("n1.i0", low - below)
        twin.advance(60.0)
        assert (twin.count > 0) == fires, (board.ports["n1.i0"].ripple, below)


def test_a_delay_shifts_what_a_synapse_does_and_nothing_else(tmp_path):
    entries = description()
    entries["synapses"]["s11"] |= {"post": "open"}
    prompt = played(written(tmp_path, entries), [0.5])
    entries["synapses"]["s11"]["delay"] = "80 ms"  # ten spikes on their way
    late = played(written(tmp_path, entries), [0.5])
    assert np.array_equal(late.spikes("n1"), prompt.spikes("n1"))
    there = prompt.sample("s11.i_s1", 0.0, 1e-4, 4200)
    assert there.max() > 1e-6
    np.testing.assert_allclose(late.sample("s11.i_s1", 0.08, 1e-4, 4200), there, rtol=1e-9, atol=1e-14)


def test_neurons_with_different_corners_share_a_board(tmp_path):
    """A corner on the straight line between its neighbours changes nothing, beside a neuron that has one less."""
    entries = description()
    plain = entries["neurons"]["n1"]
    device = load_board("wu2025_bump").neurons["n1"].calibration
    middle = {"V2": f"{(device.V1 + device.V_th) / 2!r} V", "I2": f"{(device.I1 + device.I_off) / 2!r} A"}
    entries["neurons"] = {"n1": plain, "n2": {**plain, "calibration": {**plain["calibration"], **middle}}}
    entries["ports"]["n2.i0"] = entries["ports"]["n1.i0"]
    del entries["synapses"]
    entries["nodes"] = {"n1.v_m": entries["nodes"]["n1.v_m"]}
    twin = Twin(written(tmp_path, entries))
    for port in ("n1.i0", "n2.i0"):
        twin.play(port, PROGRAM, 0.0)
    twin.advance(0.5)
    assert len(twin.spikes("n1")) > 20
    np.testing.assert_allclose(twin.spikes("n1"), twin.spikes("n2"), rtol=0.0, atol=1e-11)


def test_an_engine_is_named_and_refuses_what_it_cannot_run(tmp_path):
    board = load_board("wu2025_bump")
    assert np.array_equal(*(run(board, engine) for engine in ("auto", "exact")))
    with pytest.raises(ConfigError, match=r"engine = 'exakt': engines are auto, exact.*Did you mean 'exact'"):
        Twin(board, engine="exakt")
    entries = description("wu2025_neuron")
    entries["neurons"]["n1"]["components"]["C_L"] = "0.1 uF"
    with pytest.raises(ConfigError, match=r"board\.toml: \[neurons\.n1\.components\] C_L makes a bursting neuron"):
        Twin(written(tmp_path, entries), engine="exact")


def run(board, engine):
    twin = Twin(board, engine=engine)
    twin.drive("n1.i0", 66e-6)
    twin.advance(1.0)
    return twin.spikes("n1")


def corners() -> dict[str, float]:
    """Currents (A) that rest a neuron of wu2025_fig13 at the corners of its leak."""
    device = load_board("wu2025_fig13").neurons["n1"].calibration
    return {"V0": 0.0, "V1": device.scale * device.I1, "V_th": device.scale * device.I_off}


@pytest.mark.parametrize("frequency", ["50 Hz", "1 kHz"])
@pytest.mark.parametrize("amperes", corners().values(), ids=corners().keys())
def test_ripple_that_reaches_over_a_corner_of_the_leak_agrees_with_numerical_integration(amperes, frequency):
    """Its mean stays on one side of the corner, which the ripple crosses again and again."""
    entries = load_board("wu2025_fig13").without(["s11"]).model_dump()
    entries["neurons"]["n1"]["calibration"]["hysteresis"] = 0.0  # for the numerical model has none
    board = Board.model_validate(entries).with_ports({"n1.i0": {"ripple": "1 uA", "ripple_frequency": frequency}})
    twins, oracle = [Twin(board, engine=engine) for engine in ("exact", "network")], Oracle(board)
    for stop, offset in ((0.15, 0.5e-6), (0.25, -0.8e-6)):
        for twin in twins:
            twin.drive("n1.i0", amperes + offset)
            twin.advance(stop)
        oracle.run(amperes + offset, stop)
        for twin in twins:
            assert twin.sample("n1.v_m", stop, 1.0, 1)[0] == pytest.approx(oracle.y[0], abs=1e-9)
            np.testing.assert_allclose(twin.spikes("n1"), oracle.spikes, rtol=0.0, atol=1e-9)
    whole, split = (twin.sample("n1.v_m", 0.0, 1e-4, 2_500) for twin in twins)
    np.testing.assert_allclose(split, whole, rtol=0.0, atol=1e-9)
