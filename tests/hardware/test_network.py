"""The network engine does what the exact engine does, whatever the board, and however the time is cut."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.hardware import Board, list_boards, load_board
from neurorig.hardware.networks import random_network, ring, wired
from neurorig.hardware.twin import Twin
from neurorig.hardware.twin.network import chapters
from neurorig.signals import ConfigError, Steps

from .boards import network, single

SPIKING = [name for name in list_boards() if not any(n.components.C_L for n in load_board(name).neurons.values())]


def program(board: Board, port: str, place: int) -> Steps:
    """Below the threshold, firing, pausing, firing with less: a little different at every port."""
    least = board.i_min(port)
    levels = [0.99 * least, (1.3 + 0.01 * place) * least, 0.3 * least, (1.1 + 0.02 * place) * least]
    return Steps.of([0.05, 0.5, 0.1, 0.15], levels)


def played(board: Board, engine: str, until: float = 0.8, **options) -> Twin:
    twin = Twin(board, engine=engine, **options)
    for place, port in enumerate(board.ports):
        twin.play(port, program(board, port, place), 0.0)
    twin.advance(until)
    return twin


def assert_alike(board: Board, exact: Twin, network: Twin) -> None:
    """The same spikes to a nanosecond (the first hundred of each neuron), and every node to 1e-9 of its largest value."""
    for neuron in board.neurons:
        ours, theirs = network.spikes(neuron), exact.spikes(neuron)
        assert len(ours) == len(theirs)
        np.testing.assert_allclose(ours[:100], theirs[:100], rtol=0.0, atol=1e-9)
    for node in board.quantities:
        values = exact.sample(node, -0.01, 97e-6, 8_300)
        np.testing.assert_allclose(
            network.sample(node, -0.01, 97e-6, 8_300), values, rtol=0.0, atol=1e-9 * np.abs(values).max(), err_msg=node
        )


# ---------------------------------------------------------------------------------------------- the same as the exact one


@pytest.mark.parametrize("name", SPIKING)
def test_every_board_that_ships_does_the_same_on_both_engines(name):
    board = load_board(name)
    exact = played(board, "exact")
    assert exact.count > 10
    assert_alike(board, exact, played(board, "network"))


def mixed(n: int, seed: int) -> Board:
    """A board with all that there is: 0, 1 and 2 stages, both signs, delays, drives that feel what they charge,

    capacitors charged already or soon full, leaks, disturbed sources, hysteresis, fire delays, neurons and synapses that differ.
    """
    rng = np.random.default_rng(seed)
    data = random_network("wu2025_neuron", n, 0.5, R_W="20 kohm", seed=seed).model_dump()
    for name, neuron in data["neurons"].items():
        calibration = {"hysteresis": rng.choice([0.0, 1e-7]), "fire_delay": rng.choice([0.0, 3e-5])}
        calibration |= {
            "silence": rng.choice([0.0, 0.02]) or None,
            "C": neuron["calibration"]["C"] * rng.uniform(0.8, 1.2),
        }
        data["neurons"][name] = neuron | {"calibration": neuron["calibration"] | calibration}
        disturbed = {
            "sag": rng.choice([0.0, 0.016]),
            "ripple": rng.choice([0.0, 5e-8]),
            "noise": rng.choice([0.0, 1e-7]),
        }
        data["ports"][f"{name}.i0"] |= disturbed
    for synapse in data["synapses"].values():
        drive = str(rng.choice(["constant", "pcb", "fig18"]))
        law = {} if drive == "constant" else {"Q_N": None, "R_drive": None}
        stages = int(rng.integers(3))
        synapse |= {"stages": stages, "delay": rng.choice([0.0, 0.8e-3, 23e-3])}
        synapse["calibration"] |= {"drive": drive, "tau": rng.uniform(0.02, 1.0), **law}
        synapse["calibration"] |= {"R_leak": float(rng.choice([0.0, 10e6])) or None, "offset": rng.choice([0.0, 1e-7])}
        synapse["at_rest"] = {"v_c1": rng.uniform(0.0, 1.2), "v_c2": rng.uniform(0.0, 4.5)}
        synapse["components"]["R_W"] = 20e3 if stages else 1e6
    return Board.model_validate(data)


@pytest.mark.parametrize(("n", "seed"), [(2, 1), (3, 2), (5, 3), (8, 4), (12, 5), (4, 6), (6, 7)])
def test_networks_with_synapses_of_every_kind_do_the_same_on_both_engines(n, seed):
    board = mixed(n, seed)
    exact = played(board, "exact", seed=seed)
    assert exact.count > 20 * n
    assert_alike(board, exact, played(board, "network", seed=seed))


def test_probes_load_the_same_on_both_engines():
    board = load_board("wu2025_bump")
    loads = {"n1.v_m": 1e6, "n1.v_ap": 20e3, "s11.v_c1": 1e6, "s11.v_c2": 2e6}
    assert_alike(board, played(board, "exact", loads=loads), played(board, "network", loads=loads))


def test_a_synapse_that_is_full_is_released_as_on_the_exact_engine(tmp_path):
    board = network(tmp_path, {"s12": ("n1", "n2"), "s22": ("n2", "n2")}, kind="excitatory", Q_N="900 nC", tau="40 ms")
    exact = played(board, "exact")
    assert max(exact.sample("s12.v_c2", 0.0, 1e-4, 8_000)) == pytest.approx(board.supply - 0.1)
    assert_alike(board, exact, played(board, "network"))


# --------------------------------------------------------------------------------------------------- cuts and memory


@pytest.fixture(scope="module")
def reference():
    board = mixed(4, 11)
    twin = played(board, "network", seed=3)
    grids = {node: twin.sample(node, -0.01, 113e-6, 7_000) for node in board.quantities}
    return board, [twin.spikes(neuron) for neuron in board.neurons], grids


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.floats(0.0, 0.8), max_size=20),
    pieces=st.lists(st.integers(0, 7_000), max_size=8),
    live=st.booleans(),
    data=st.data(),
)
def test_results_do_not_depend_on_how_the_time_is_cut_or_when_a_level_was_known(reference, cuts, pieces, live, data):
    board, spikes, grids = reference
    twin = Twin(board, engine="network", seed=3)
    changes = [0.0, 0.05, 0.55, 0.65] if live else []
    node = data.draw(st.sampled_from(list(grids)))
    steps = {port: program(board, port, place) for place, port in enumerate(board.ports)}
    for port, each in steps.items():
        if not live:
            twin.play(port, each, 0.0)
    for cut in sorted([*cuts, *changes, 0.8]):
        twin.advance(cut)
        twin.sample(node, cut - 1e-3, 1e-4, 7)
        for port, each in steps.items():
            if cut in each.edges[:-1] and live:
                twin.drive(port, each.levels[list(each.edges).index(cut)])
    assert all(np.array_equal(twin.spikes(name), times) for name, times in zip(board.neurons, spikes, strict=True))
    whole = np.empty(7_000)
    for first, stop in pairwise([0, *sorted(pieces), 7_000]):
        twin.sample(node, -0.01, 113e-6, stop - first, whole[first:stop], first=first)
    assert np.array_equal(whole, grids[node])


def test_chapters_that_were_given_back_are_written_again_bit_by_bit(monkeypatch):
    board = mixed(4, 11)
    monkeypatch.setattr(chapters, "STEPS", 500)  # a chapter of 50 ms

    def looked_at(budget, most):
        monkeypatch.setattr(chapters, "BUDGET", budget)
        monkeypatch.setattr(chapters, "MOST", most)
        twin = played(board, "network", seed=3)
        return [twin.sample(node, 0.0, 113e-6, 7_000) for node in board.quantities]

    kept = looked_at(2**26, 256)
    assert all(np.array_equal(a, b) for a, b in zip(kept, looked_at(0, 256), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(kept, looked_at(0, 4), strict=True))  # and joined


@pytest.mark.parametrize("most", [256, 4])  # as they were closed, and joined
def test_many_nodes_of_long_ago_take_every_chapter_written_again_once(monkeypatch, most):
    board = mixed(4, 11)
    monkeypatch.setattr(chapters, "STEPS", 500)  # 16 chapters of 50 ms
    kept = played(board, "network", seed=3)
    each = [kept.sample(node, 0.0, 113e-6, 7_000) for node in board.quantities]
    room = sum(chapters.size_of(chapter) for chapter in kept._engine._shelf.chapters) // 8
    monkeypatch.setattr(chapters, "BUDGET", room)
    monkeypatch.setattr(chapters, "MOST", most)
    twin = played(board, "network", seed=3)
    shelf, written = twin._engine._shelf, []

    def keep(chapter, log, keep=shelf.keep):
        written.append(chapter.start)
        keep(chapter, log)
        assert sum(chapters.size_of(used) for used in shelf.chapters if used.log) <= room

    monkeypatch.setattr(shelf, "keep", keep)
    assert np.array_equal(twin.sample_many(list(board.quantities), 0.0, 113e-6, 7_000), each)
    assert written == sorted(set(written))
    assert 12 <= len(written) <= 16  # the last ones were still there
    pieces = np.empty((len(each), 7_000))
    for first in range(0, 7_000, 250):  # in pieces, the same
        pieces[:, first : first + 250] = twin.sample_many(list(board.quantities), 0.0, 113e-6, 250, first=first)
    assert np.array_equal(pieces, each)


def test_nodes_of_a_chapter_that_fits_are_read_one_after_another_without_writing_again(monkeypatch):
    board = mixed(4, 11)
    monkeypatch.setattr(chapters, "STEPS", 500)
    monkeypatch.setattr(chapters, "BUDGET", 0)
    twin = played(board, "network", seed=3)
    many = twin.sample_many(list(board.quantities), 0.31, 1e-4, 300)
    monkeypatch.setattr(twin._engine, "_write", None)
    for node, values in zip(board.quantities, many, strict=True):
        assert np.array_equal(twin.sample(node, 0.31, 1e-4, 300), values)


@pytest.mark.parametrize("engine", ["exact", "network"])
def test_many_nodes_are_what_one_after_another_gives(engine):
    board = load_board("wu2025_bump")
    twin, nodes = played(board, engine), list(board.quantities)
    out = np.empty((len(nodes), 900))
    assert twin.sample_many(nodes, 0.1, 1e-4, 900, out, first=50) is out
    assert all(
        np.array_equal(twin.sample(node, 0.1, 1e-4, 900, first=50), v) for node, v in zip(nodes, out, strict=True)
    )
    assert twin.sample_many([], 0.1, 1e-4, 900).shape == (0, 900)
    with pytest.raises(ConfigError, match=r"no node 'n1\.v_n'.* Did you mean 'n1\.v_m'\?"):
        twin.sample_many(["n1.v_m", "n1.v_n"], 0.1, 1e-4, 900)
    with pytest.raises(ValueError, match=r"and \d+ more from 0\.7.* s is known"):
        twin.sample_many(nodes, 0.75, 1e-4, 900)
    with pytest.raises(ValueError, match=r"shape \(1, 900\)"):
        twin.sample_many(["n1.v_m"], 0.1, 1e-4, 900, np.empty(900))


def test_what_is_forgotten_is_gone_and_the_rest_is_as_before():
    board = random_network("wu2025_neuron", 5, 0.5, seed=1)
    twin = played(board, "network")
    kept, count = twin.sample("n1.v_m", 0.5, 1e-4, 2_000), twin.count
    twin.forget(0.5)
    assert np.array_equal(twin.sample("n1.v_m", 0.5, 1e-4, 2_000), kept)
    assert twin.count == count
    assert min(twin.spikes(name).min() for name in board.neurons) >= 0.5
    with pytest.raises(ValueError, match=r"only 0\.5 s to 0\.8 s is known"):
        twin.sample("n1.v_m", 0.4, 1e-4, 10)


def test_phases_in_words(tmp_path):
    board = single(tmp_path)
    twin = Twin(board, engine="network")
    twin.drive("n1.i0", board.i_max("n1.i0") + 1e-6)
    twin.advance(0.2)
    assert twin.state_of("n1")["phase"] == "conducting"
    twin.drive("n1.i0", 0.0)
    twin.advance(0.21)
    assert twin.state_of("n1")["phase"] == "integrating"


# ------------------------------------------------------------------------------------------------------ many neurons


def test_a_hundred_neurons_run_and_stay_within_their_limits():
    board = random_network("wu2025_neuron", 100, 0.1, R_W="50 kohm", seed=5)
    assert 800 < len(board.synapses) < 1200
    twin = Twin(board, engine="network")
    rng = np.random.default_rng(6)
    for port in board.ports:
        twin.drive(port, board.i_min(port) * rng.uniform(1.05, 1.5))
    twin.advance(1.0)
    assert twin.count > 5_000
    for name, neuron in list(board.neurons.items())[:20]:
        v = twin.sample(f"{name}.v_m", 0.0, 1e-4, 10_000)
        assert np.all(np.isfinite(v))
        assert v.max() <= neuron.calibration.V_th + 1e-9
        assert np.diff(twin.spikes(name)).min() > neuron.calibration.dead_time
    for name in list(board.synapses)[:20]:
        volts = twin.sample(f"{name}.v_c1", 0.0, 1e-4, 10_000)
        assert np.all((volts >= 0.0) & (volts <= board.supply - 0.1 + 1e-9))


def test_every_spike_delivers_its_charge_in_a_network():
    board = random_network("wu2025_neuron", 10, 0.4, seed=9)
    twin = played(board, "network", until=0.6)
    for port in board.ports:
        twin.drive(port, 0.0)
    twin.advance(0.7)  # every pulse is over
    for name, synapse in list(board.synapses.items())[:6]:
        came = len(twin.spikes(synapse.pre)) * board.charge(name)
        out = np.trapezoid(twin.sample(f"{name}.i_s1", 0.0, 5e-6, 140_001), dx=5e-6)
        volts = twin.state_of(name).get("v_c1", twin.sample(f"{name}.v_c1", 0.7, 1.0, 1)[0])
        assert came == pytest.approx(out + synapse.capacitance * (volts - synapse.at_rest.v_c1), rel=1e-5)


def test_networks_are_made_in_one_line_and_follow_their_seed():
    once, again, other = (random_network("wu2025_neuron", 30, 0.2, seed=seed) for seed in (1, 1, 2))
    assert once.sha256 == again.sha256 != other.sha256
    kinds = {synapse.pre: synapse.kind for synapse in once.synapses.values()}
    assert all(synapse.kind == kinds[synapse.pre] for synapse in once.synapses.values())  # Dale's law
    assert set(kinds.values()) == {"excitatory", "inhibitory"}
    assert not any(synapse.pre == synapse.post for synapse in once.synapses.values())
    everybody = random_network("wu2025_neuron", 4, 1.0, inhibitory=1.0, R_W="12 kohm")
    assert set(everybody.synapses) == {f"s{a}_{b}" for a, b in product(range(1, 5), repeat=2) if a != b}
    assert {synapse.components.R_W for synapse in everybody.synapses.values()} == {12e3}
    assert [(s.pre, s.post) for s in ring("wu2025_neuron", 3).synapses.values()] == [
        ("n1", "n2"),
        ("n2", "n3"),
        ("n3", "n1"),
    ]


def test_impossible_networks_are_refused():
    with pytest.raises(ConfigError, match=r"connectivity = 1\.5 is no probability"):
        random_network("wu2025_neuron", 3, 1.5)
    with pytest.raises(ConfigError, match="n = 0: a network has at least one neuron"):
        ring("wu2025_neuron", 0)
    with pytest.raises(ConfigError, match="n = -1: a network has at least one neuron"):
        random_network("wu2025_neuron", -1, 0.5)
    with pytest.raises(ConfigError, match=r"wu2025_neuron_x3: .*R_W"):
        random_network("wu2025_neuron", 3, 1.0, R_W="-1 ohm")
    with pytest.raises(ConfigError, match="has no inhibitory synapse to copy"):
        ring("wu2025_neuron", 3, inhibits="wu2025_bump")
    with pytest.raises(ConfigError, match=r"n = 2\.5: .*a whole number"):
        ring("wu2025_neuron", 2.5)
    with pytest.raises(ConfigError, match=r"connectivity = '0\.5' is no probability"):
        random_network("wu2025_neuron", 3, "0.5")
    with pytest.raises(ConfigError, match="inhibitory = nan is no probability"):
        random_network("wu2025_neuron", 3, 0.5, inhibitory=float("nan"))
    with pytest.raises(ConfigError, match="seed = -1: a seed is a whole number"):
        random_network("wu2025_neuron", 3, 0.5, seed=-1)
    with pytest.raises(ConfigError, match=r"kind = 'inh'.* Did you mean 'inhibitory'\?"):
        ring("wu2025_neuron", 3, kind="inh")


@pytest.mark.parametrize(
    ("wires", "message"),
    [
        ([(0, 1)], r"wire \(0, 1\): a wire is \(pre, post, kind\), such as \(0, 1, \"excitatory\"\)"),
        ([("n1", "n2", "excitatory")], r"wire \('n1', 'n2', 'excitatory'\): a wire is"),
        ([7], r"wire 7: a wire is"),
        ([(0, 1, "exc")], r"a synapse is excitatory or inhibitory\. Did you mean 'excitatory'"),
        ([(0, 3, "excitatory")], r"wire 0 -> 3: there are neurons 0 to 2"),
        ([(0, 1, "excitatory"), (0, 1, "inhibitory")], r"neuron 0 has a synapse onto neuron 1 already"),
    ],
)
def test_wires_of_another_form_are_refused(wires, message):
    with pytest.raises(ConfigError, match=message):
        wired("wu2025_neuron", 3, wires, "Three neurons")


def test_wires_are_counted_from_zero():
    board = wired("wu2025_neuron", 2, [(0, 1, "excitatory"), (1, 0, "inhibitory")], "Two neurons")
    assert {key: (s.pre, s.post, s.kind) for key, s in board.synapses.items()} == {
        "s1_2": ("n1", "n2", "excitatory"),
        "s2_1": ("n2", "n1", "inhibitory"),
    }


def test_the_charge_of_a_copied_synapse_follows_the_neuron_that_drives_it_now():
    """Wu 2025: 1140 nC (C_m / 0.1 uF) / (R_W / kohm + 6.6). wu2025_fig11a has 33 nF, wu2025_neuron and _bump 0.1 uF."""
    kohm, farads = 12.0, 0.1e-6
    law = 1140e-9 / (kohm + 6.6)
    for kind in ("inhibitory", "excitatory"):
        board = ring("wu2025_neuron", 2, kind, R_W=f"{kohm} kohm")
        assert board.neurons["n1"].components.C_m == farads
        assert board.charge("s1_2") == pytest.approx(law, rel=0.05)
        again = ring(board, 3, kind, **{"excites" if kind == "excitatory" else "inhibits": board})
        assert again.charge("s1_2") == pytest.approx(board.charge("s1_2"), rel=1e-12)
    small = ring("wu2025_fig11a", 2, "inhibitory", R_W=f"{kohm} kohm")
    assert small.charge("s1_2") == pytest.approx(law * small.neurons["n1"].components.C_m / farads, rel=0.05)
