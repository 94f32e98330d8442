"""The bump: the stimuli of Figs 9 and 10, and what the twin answers through an 8-bit oscilloscope."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurorig.hardware import load_board
from neurorig.instruments import Bench, load_bench
from neurorig.protocols import Bump, Context, Rheobase, Sweep, run_protocol
from neurorig.protocols.request import Request, opening
from neurorig.records import Run, RunWriter

from .twin_rig import TwinRig

I_MIN = 45.2675135e-6


def sweeps_of(**parameters: Any) -> list[Sweep]:
    return list(Bump.make(parameters).sweeps(load_board("wu2025_bump"), Context({"n1.i0": I_MIN})))


def run_on_the_twin(tmp_path: Path, bench: Bench | None = None, **parameters: Any) -> Run:
    rig = TwinRig(bench or load_bench())
    protocol = Bump.make(parameters)
    writer = RunWriter.create(tmp_path, opening(protocol, rig.bench, Request("bump")))
    run_protocol(protocol, rig, writer)  # type: ignore[arg-type]  # the fakes fulfil the roles
    return Run.open(writer.path)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_on_the_twin(tmp_path_factory.mktemp("printed"))


def test_the_first_sweep_is_the_stimulus_of_fig_9a() -> None:
    steps = sweeps_of()[0].drive["n1.i0"].steps()
    np.testing.assert_allclose(steps.edges, [0.0, 0.99, 2.98, 6.48, 9.22, 10.0])
    np.testing.assert_allclose(steps.levels, [44.7e-6, 67.6e-6, 44.7e-6, 20.3e-6, 44.7e-6])


def test_the_probes_are_those_on_the_axis_of_fig_10() -> None:
    for sweep, length, level in zip(sweeps_of()[1:], (0.565, 0.405), (67.6e-6, 20.3e-6), strict=True):
        probe = sweep.drive["n1.i0"].epoch("probe")
        assert probe.stop - probe.start == pytest.approx(length)
        assert sweep.drive["n1.i0"].steps().at(probe.start + 0.1) == pytest.approx(level)


def test_every_sweep_says_the_state_it_starts_from_and_is_conditioned_for_it() -> None:
    first, *further = sweeps_of(repeats="2")
    assert first.state == "as powered: s11 charged to 270 mV and 270 mV"
    assert not first.conditioning
    for sweep in further:
        rest = sweep.conditioning["n1.i0"]
        assert rest.steps().high == 0.0
        assert rest.duration >= 7 * 0.555
        assert sweep.state.startswith("rested: ")


def test_the_rest_between_sweeps_is_whole_milliseconds_whatever_the_components() -> None:
    board = load_board("wu2025_bump").with_components({"s11.C_s": "10 uF"})
    sweeps = list(Bump.make().sweeps(board, Context({"n1.i0": I_MIN})))
    rest = sweeps[1].conditioning["n1.i0"]
    assert rest.program.ns % 1_000_000 == 0
    assert 0 <= rest.duration - 10 * board.synapses["s11"].tau < 1e-3


def test_sampling_follows_tau_a_and_the_wanted_error() -> None:
    assert sweeps_of()[0].rate == pytest.approx(8 / 222.75e-6)  # the decay of the spike decides
    assert sweeps_of(rate_error="0.1 Hz")[0].rate == pytest.approx(200**2 / (0.1 * 6**0.5))


def test_fig_9a_comes_out(results: Run) -> None:
    """Targets of the published figure: rates within 4 Hz, I_sse(t) within 0.35 uA rms, dead time 0.66 +- 0.15 s."""
    values = results.meta["results"]
    assert values["silent_before"] and values["sustained"] and values["recovered"]
    assert values["f_kick"] == pytest.approx(125.0, abs=3.0)
    for time, rate in ((1.3, 125.0), (2.95, 161.0), (3.4, 112.6), (6.4, 106.0)):
        assert values[f"rate_at_{time}_s"] == pytest.approx(rate, abs=4.0)
    assert values["dead_time"] == pytest.approx(0.66, abs=0.15)
    verdicts = {v["quantity"]: v for v in results.meta["verdicts"]}
    assert verdicts["i_sse_rmse"]["value"] <= 0.35e-6
    assert verdicts["f_rmse"]["verdict"] == "agrees"


def test_the_delivered_levels_are_measured_and_the_stop_margin_told_with_them(results: Run) -> None:
    values = results.meta["results"]
    assert values["delivered_kick"] == pytest.approx(65.6e-6, abs=0.2e-6)
    assert values["delivered_holding"] == pytest.approx(44.7e-6, abs=0.2e-6)
    margin = values["i_min"] - values["delivered_holding"] - values["i_sse_at_release"]
    assert values["stop_margin"] == pytest.approx(margin)
    assert values["stop_margin_error"] > 0


def test_the_negative_probe_halts_the_spikes_the_positive_one_speeds_them_up(results: Run) -> None:
    values = results.meta["results"]
    assert values["probe_minus_halted"] and not values["probe_plus_halted"]
    assert values["probe_plus_rate_during"] > 1.3 * values["probe_plus_rate_before"]


def test_a_weaker_holding_current_gives_a_slower_bump_and_changed_runs_are_not_compared(tmp_path: Path) -> None:
    run = run_on_the_twin(tmp_path, holding="43 uA", probes=False)
    assert run.meta["results"]["f_star"] < 103
    f_star = next(v for v in run.meta["verdicts"] if v["quantity"] == "f_star")
    assert (f_star["verdict"], f_star["published"]) == ("not comparable", None)
    assert "Not compared with Fig. 9a: holding differs from what is printed." in run.meta["notes"]
    assert "still falling" in f_star["note"]  # what is said of the number stays beside it


def test_a_larger_synaptic_resistor_gives_a_slower_bump(tmp_path: Path) -> None:
    run = run_on_the_twin(tmp_path, load_bench().with_components({"s11.R_W": "6 kohm"}), probes=False)
    assert run.meta["results"]["f_star"] < 103
    assert any("components were changed" in note for note in run.meta["notes"])


def test_a_relative_run_measures_i_min_by_the_chain_that_measures_the_holding_current(tmp_path: Path) -> None:
    values = run_on_the_twin(tmp_path, preset="relative", probes=False).meta["results"]
    assert values["i_min_delivered"] == pytest.approx(I_MIN, abs=0.2e-6)
    assert values["i_min"] > values["i_min_delivered"]  # the source delivers less than it is told
    assert abs(values["i_min_drift"]) <= values["i_min_drift_error"]
    assert values["stop_margin_error"] < 0.12e-6  # I_min and the holding current share their sense chain


def test_rheobase_of_the_twin(tmp_path: Path) -> None:
    rig = TwinRig(load_bench())
    protocol = Rheobase.make()
    writer = RunWriter.create(tmp_path, opening(protocol, rig.bench, Request("rheobase")))
    run_protocol(protocol, rig, writer)  # type: ignore[arg-type]  # the fakes fulfil the roles
    values = Run.open(writer.path).meta["results"]
    delivered = rig.bench.port("n1.i0").delivered
    for name, true in (("i_min", rig.bench.board.i_min("n1.i0")), ("i_max", rig.bench.board.i_max("n1.i0"))):
        assert float(delivered(values[name])) == pytest.approx(true, abs=0.07e-6)
