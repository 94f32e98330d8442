"""The boards as witnesses: netlists that KiCad exports from the committed schematics, in ngspice, against the twin.

What a board has besides the published circuits - buffers, replicas, switches, supply - is in the netlist and loads it.
The transistors of both are level 1, without subthreshold conduction.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurorig.hardware import Board, load_board
from neurorig.hardware.kicad.fitting import setup
from neurorig.hardware.kicad.netlist import Netlist, export
from neurorig.hardware.kicad.projects import PROJECTS
from neurorig.hardware.spice import Witnessed, spice_twin
from neurorig.hardware.spice.counterpart import mirrors
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from ..rhythm import bursts, rate

pytestmark = [pytest.mark.needs("kicad", "ngspice"), pytest.mark.timeout(150)]

EXTRAS = r"U\d+|R_[po]\d_\d|R_rep\d\d|TP.*"
"""Buffers and replica: what a board has so that it can be measured."""


@cache
def exported(project: str) -> Netlist:
    return export(PROJECTS[project])


def described(name: str, components: dict[str, float] | None = None, charges: dict | None = None) -> Board:
    """A board of a figure with the delta block of the schematics, without noise and ripple."""
    data = load_board(name).with_components(components or {}).model_dump()
    for synapse in data["synapses"].values():
        synapse["calibration"] |= {"drive": "pcb", "Q_N": None, "R_drive": None}
    for port in data["ports"].values():
        port |= {"noise": 0.0, "ripple": 0.0}
    return Board.model_validate(data).with_charges(charges or {})


def whole(board: Board, project: str) -> Netlist:
    """The circuit with the parts and jumpers that make it `board`."""
    how = setup(board, project)
    return exported(project).fitted(how.parts).jumpers(how.jumpers)


def made(board: Board, project: str) -> Netlist:
    """The same without the synapses that the board lacks: they would cost time."""
    netlist, how = whole(board, project), setup(board, project)
    idle = {index[-2:] for index in how.jumpers if index.startswith("JP_output")} - {
        _index(board, s) for s in board.synapses
    }
    pattern = "|".join(sorted(idle)) or "none"
    gone = [part for part in netlist.elements if re.search(rf"[A-Za-z_]({pattern})(_\d)?$", part)]
    return netlist.without(gone)


def witness(board: Board, project: str, drive: dict[str, float | Steps], until: float, nodes=()) -> Witnessed:
    """One experiment by ngspice on the exported netlist, and by the twin of the board's SPICE counterpart."""
    charges = {}
    for name, synapse in board.synapses.items():
        stages = (synapse.at_rest.v_c1, synapse.at_rest.v_c2)[: synapse.stages]
        charges |= {f"s{_index(board, name)}.v_c{3 - len(stages) + k}": volts for k, volts in enumerate(stages)}
    twin = Twin(spice_twin(board))
    for port, command in drive.items():
        twin.play(port, command if isinstance(command, Steps) else Steps.of([1.0], [command]), 0.0)
    twin.advance(until)
    return Witnessed(made(board, project).run(drive, until, nodes, charges=charges), twin)


def _index(board: Board, name: str) -> str:
    pre, post = board.synapses[name].pre, board.synapses[name].post
    return pre[1:] + (pre if post == "open" else post)[1:]


# ------------------------------------------------------------------------------------------------------------ neuron
@pytest.mark.parametrize("capacitor", [0.1e-6, 33e-9])
def test_rate_of_the_neuron_board(capacitor):
    """From just above the fold, 46.6 uA, to just below the valley, 108.6 uA; silent and latched beyond."""
    board = described("wu2025_neuron").without(["s11"] if load_board("wu2025_neuron").synapses else [])
    board = board.with_components({"n1.C_m": capacitor})
    for amperes in (47.5e-6, 50e-6, 62e-6, 80e-6, 100e-6, 107e-6):
        ngspice, twin = witness(board, "neuron", {"n1.i0": amperes}, 0.15).rates("n1", 0.04)
        assert ngspice > 90.0
        assert twin == pytest.approx(ngspice, rel=0.02), amperes
    assert witness(board, "neuron", {"n1.i0": 46.4e-6}, 0.1).counts("n1") == (0, 0)
    assert witness(board, "neuron", {"n1.i0": 110e-6}, 0.1).counts("n1") == (1, 1)


@pytest.mark.parametrize("weight", ["20k", "10k", "5k", "2.2k", "270", "0.4"])
def test_charge_per_spike_of_the_i_delta_block(weight):
    """Into C_s held at 0.8 and 2.5 V, C_m = 0.1 uF: data/charge_per_spike_spice.csv, which says where it is from."""
    table = pd.read_csv(Path(__file__).parents[1] / "data" / "charge_per_spike_spice.csv", comment="#")
    ohms = float(weight.replace("k", "")) * (1e3 if "k" in weight else 1.0)
    part = "R_W11" if ohms > 20 else "R_Wp11"  # a wire in the socket
    netlist = exported("neuron").fitted({part: ohms})
    if part == "R_Wp11":
        netlist = netlist.jumpers({"JP_weight11": "open"})
    for volts in (0.8, 2.5):
        row = table[np.isclose(table.C, 0.1e-6) & (weight == table.RW) & (volts == table.Vc)]
        recording = netlist.run({"n1.i0": 60e-6}, 0.015, [part], volts={"s11.i_delta": volts})
        fired = recording.spikes("n1")[0]
        one = (recording.time > fired - 0.2e-3) & (recording.time < fired + 1.5e-3)
        charge = np.trapezoid(recording.trace(part)[one], recording.time[one])
        assert charge * 1e9 == pytest.approx(row.Q_pcb_nC.item(), rel=0.05), volts


# ----------------------------------------------------------------------------------------------------------- synapse
@pytest.mark.parametrize("kind", ["excitatory", "inhibitory"])
@pytest.mark.parametrize("stages", [0, 1, 2])
def test_order_and_sign_of_the_synapse_board(kind, stages):
    """One pulse of 80 nC as the I_delta block gives it, into a membrane at 2 V: what comes out, in which direction."""
    data = described("wu2025_bump", {"s11.C_s": 22e-9, "s11.R_s": 82e3}).model_dump()
    data["synapses"]["s11"] |= {"kind": kind, "stages": stages}
    data["nodes"] = {}
    how = setup(Board.model_validate(data), "synapse")
    netlist = exported("synapse").fitted(how.parts).jumpers(how.jumpers)
    pulse = Steps.of([1e-3, 0.2e-3, 0.05], [0.0, 400e-6, 0.0])
    full = {f"s11.v_c{k}": 0.75 for k in (1, 2) if k > 2 - stages}  # just below what a stage conducts at
    recording = netlist.run(
        {"s11.i_delta": pulse}, 0.04, ["JP_output11"], charges=full, volts={"s11.post": 2.0}
    )  # the jumper's first pin is on the side of the membrane
    charge = -np.trapezoid(recording.trace("JP_output11"), recording.time)
    gains = mirrors(5.0)
    gain = gains.into_stage ** max(stages - 1, 0)
    if kind == "inhibitory":
        gain *= -gains.out_of_membrane
    elif stages > 0:
        gain *= gains.into_membrane
    assert charge == pytest.approx(80e-9 * gain, rel=0.05)
    peak = recording.time[np.argmax(np.abs(recording.trace("JP_output11")))]
    assert (peak > 1.3e-3) == (stages == 2)  # an alpha function peaks after the pulse, an exponential at its end


# ----------------------------------------------------------------------------------------------------------- NS unit
def test_one_spike_through_the_ns_unit():
    """Fig. 4: an exponential, then an alpha function; the output into its resistor, and its replica."""
    board = described("wu2025_fig4", charges={"s1": (0.8, 0.8)})
    once = Steps.of([9e-3, 1e-3], [62e-6, 0.0])
    seen = witness(board, "ns_unit", {"n1.i0": once}, 0.018, ["R_s11_1", "R_s11_2", "R_out11", "R_rep11"])
    (ngspice,), (twin,) = seen.spikes("n1")
    grid = np.arange(0.0, 8e-3, 1e-5)
    for part, node in (
        ("R_s11_1", "s1.i_s1"),
        ("R_s11_2", "s1.i_s2"),
        ("R_out11", "s1.i_out"),
        ("R_rep11", "s1.i_out"),
    ):
        theirs = np.abs(seen.ngspice.trace(part, ngspice + grid))
        ours = seen.twin.sample(node, twin, 1e-5, len(grid))
        assert theirs.max() > 10e-6
        assert ours.max() == pytest.approx(theirs.max(), rel=0.05), part
        assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.03 * theirs.max(), part
    output, replica = (np.abs(seen.ngspice.trace(part)) for part in ("R_out11", "R_rep11"))
    np.testing.assert_allclose(replica, output, atol=1e-3 * output.max())


def test_what_is_measured_hardly_loads_the_unit():
    """Buffers and replica: no spike comes more than 0.1 % earlier or later without them, near the fold."""
    netlist = made(described("wu2025_bump"), "ns_unit")
    bare = netlist.without([part for part in netlist.elements if re.fullmatch(EXTRAS, part)])
    assert len(bare.elements) <= len(netlist.elements) - 5
    with_them, without = (n.run({"n1.i0": 48e-6}, 0.1).spikes("n1") for n in (netlist, bare))
    np.testing.assert_allclose(with_them, without, rtol=1e-3)


def test_synapses_that_a_board_lacks_are_idle():
    """Those of the motif board whose output is on its resistor to ground."""
    board = described("wu2025_bump")
    with_them, without = (
        n.run({"n1.i0": 48e-6}, 0.05).spikes("n1") for n in (whole(board, "motif"), made(board, "motif"))
    )
    assert len(without) >= 3
    np.testing.assert_allclose(with_them, without, rtol=1e-3)


def test_uncoupled_and_discharged_by_logic():
    """The switch in the output, and those on C_s: pulled to coupled and to no discharge when nothing is connected."""
    board = described("wu2025_fig11a", charges={"s11": (3.0, 3.0)})
    netlist = made(board, "ns_unit")
    charges = {"s11.v_c1": 3.0, "s11.v_c2": 3.0}
    free = netlist.run({"n1.i0": 60e-6}, 0.1, ["s11.v_c1", "s11.v_c2"], charges=charges)
    assert len(free.spikes("n1")) == 0  # 22 uA of inhibition
    assert free.trace("s11.v_c2")[-1] > 2.8
    cut = netlist.run({"n1.i0": 60e-6}, 0.1, charges=charges, volts={"s11.coupled": 0.0})
    assert len(cut.spikes("n1")) > 30
    emptied = netlist.run({"n1.i0": 60e-6}, 0.1, ["s11.v_c1"], charges=charges, volts={"s11.discharge": 5.0})
    assert len(emptied.spikes("n1")) > 10
    assert emptied.trace("s11.v_c1")[-1] < 1.0


# ------------------------------------------------------------------------------------- motif board, set by its jumpers
def test_bump():
    """Figs 8, 9: kick, hold, stop."""
    protocol = Steps.of([0.1, 0.8, 0.6, 0.6, 0.3], [44.7e-6, 67.6e-6, 44.7e-6, 20.3e-6, 44.7e-6])
    board = described("wu2025_bump", {"s11.R_W": 10e3})
    seen = witness(board, "motif", {"n1.i0": protocol}, protocol.duration)
    for start, stop in [(0.15, 0.5), (0.55, 0.9), (0.95, 1.2), (1.2, 1.5)]:
        ngspice, twin = seen.rates("n1", start, stop)
        assert ngspice > 100.0
        assert twin == pytest.approx(ngspice, rel=0.03), start
    ngspice, twin = seen.counts("n1")
    assert twin == pytest.approx(ngspice, rel=0.03)
    assert seen.counts("n1", 0.0, 0.1) == (0, 0)


def test_adaptation():
    """Fig. 11(a)."""
    seen = witness(described("wu2025_fig11a"), "motif", {"n1.i0": 92.8e-6}, 1.6)
    for start in (0.1, 0.6, 1.0, 1.3):
        ngspice, twin = seen.rates("n1", start, start + 0.3)
        assert twin == pytest.approx(ngspice, rel=0.03), start
    ngspice, twin = seen.counts("n1")
    assert twin == pytest.approx(ngspice, rel=0.03)
    assert seen.rates("n1", 0.0, 0.2)[0] > 1.15 * seen.rates("n1", 1.4, 1.6)[0]  # it adapted


def test_burst():
    """Fig. 13, from the charges between two bursts."""
    seen = witness(described("wu2025_fig13", charges={"s11": (1.378, 1.466)}), "motif", {"n1.i0": 53.2e-6}, 3.0)
    rhythm = [bursts(times) for times in seen.spikes("n1", 0.3)]
    (period, spikes), (ours, counted) = ((np.diff(b)[1:].mean(), n[1:-1].mean()) for b, _, n in rhythm)
    assert 0.6 < period < 0.95
    assert ours == pytest.approx(period, rel=0.25)
    assert counted == pytest.approx(spikes, rel=0.25)


def test_pacemakers_in_antiphase():
    """Fig. 15, from the middle of a cycle (see tests/hardware/test_spice_networks.py): all four synapses at work."""
    charges = {"s11": (1.564, 2.026), "s22": (0.946, 1.207), "s12": (0.864, 1.069), "s21": (0.823, 0.823)}
    seen = witness(described("wu2025_fig15", charges=charges), "motif", {"n1.i0": 57.3e-6, "n2.i0": 52.4e-6}, 2.2)
    found = {neuron: [bursts(times) for times in seen.spikes(neuron)] for neuron in ("n1", "n2")}
    for rhythm in found.values():
        (period, spikes), (ours, counted) = ((np.diff(b).mean(), n[0]) for b, _, n in rhythm)
        assert 1.2 < period < 1.6
        assert ours == pytest.approx(period, rel=0.25)
        assert counted == pytest.approx(spikes, rel=0.25)
    for (begins, ends, counts), (others, _, _) in zip(found["n1"], found["n2"], strict=True):
        assert all(not np.any((others > b) & (others < e)) for b, e in zip(begins, ends, strict=True))  # no overlap
        assert counts[0] > 80  # the long burst is that of N1, which gets more current
    lags = [
        (b1[0] - b2[0]) / np.diff(b2).mean() for (b1, _, _), (b2, _, _) in zip(found["n1"], found["n2"], strict=True)
    ]
    assert lags[1] == pytest.approx(lags[0], abs=0.05)


@pytest.mark.parametrize(("kind", "phase"), [("inhibitory", 0.5), ("excitatory", 0.0)])
def test_delta_coupled_pair(kind, phase):
    """Time matter, Fig. 8: inhibition repels, excitation attracts, from a start 2.2 ms apart."""
    data = described("timematter_fig8").model_dump()
    for synapse in data["synapses"].values():
        synapse["kind"] = kind
    late = Steps.of([0.0022, 1.0], [0.0, 55e-6])
    seen = witness(Board.model_validate(data), "motif", {"n1.i0": 55e-6, "n2.i0": late}, 0.6)
    for first, second in zip(seen.spikes("n1", 0.45), seen.spikes("n2"), strict=True):
        following = second[np.searchsorted(second, first[1:-1] - 0.25 * np.diff(first)[:-1])]
        assert (following - first[1:-1]) / np.diff(first)[1:] == pytest.approx(phase, abs=0.02)
    ngspice, twin = seen.rates("n1", 0.3)
    assert twin == pytest.approx(ngspice, rel=0.03)


def test_a_bursting_neuron_by_its_jumpers():
    """Wu 2023: C_L beside the load R_L. With 0.1 uF: near 0.2 uF the rate jumps, in ngspice before the twin."""
    board = described("bursting_reference", {"n1.C_L": 100e-9})
    seen = made(board, "neuron").run({"n1.i0": 95e-6}, 0.1, bursting=True)
    twin = Twin(spice_twin(board))
    twin.drive("n1.i0", 95e-6)
    twin.advance(0.1)
    peak = seen.trace("n1.v_ap")[seen.time > 0.04].max()
    assert twin.sample("n1.v_ap", 0.04, 2e-6, 30_000).max() == pytest.approx(peak, rel=0.03)
    assert rate(twin.spikes("n1", 0.04)) == pytest.approx(rate(seen.spikes("n1", level=0.4)[4:]), rel=0.15)
