"""The runner: what happens in which order, what is on disk afterwards, and that the output is off on every way out."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.drivers.segments import encode
from neurorig.protocols import (
    Bump,
    Context,
    Protocol,
    Rheobase,
    Sweep,
    Taken,
    check_protocol,
    run_protocol,
    summarise,
    write_run_report,
)
from neurorig.protocols.bisection import Bracket
from neurorig.protocols.planning import fit_stimulus
from neurorig.protocols.request import Request, opening
from neurorig.records import Run, RunWriter
from neurorig.signals import BenchError, ConfigError, LimitError, LinkError, PlanError, RunInterrupted, Trace

from . import fakes
from .fakes import I_MAX, I_MIN, LOST, LSB, FakeRig

FAST = {"rest": 0.1, "kick_duration": 0.2, "settle": 0.2, "stop_duration": 0.1, "after": 0.1, "recovery": 0.1}


@pytest.fixture
def rig() -> FakeRig:
    return FakeRig(load_bench())


@pytest.fixture
def writer(tmp_path: Path, rig: FakeRig) -> Iterator[RunWriter]:
    with RunWriter.create(tmp_path, opening(bump(), rig.bench, Request("bump"))) as open_writer:
        yield open_writer


def bump(**parameters: Any) -> Bump:
    return Bump.make(FAST | parameters)


def played(rig: FakeRig, sweep: Sweep) -> Taken:
    """One sweep as the fake rig would take it, without a run."""
    source, scope = rig.source("source"), rig.scope("scope")
    reported = source.load({"1": sweep.drive["n1.i0"].program})["1"]
    wiring = rig.bench.node("n1.v_ap")
    scope.configure([wiring.setup()], scope.plan([wiring.channel], sweep.duration, sweep.rate, sweep.pretrigger))
    trace = wiring.sense.apply(scope.fetch(wiring.channel), "n1.v_ap", "V")
    return Taken(sweep, {"n1.v_ap": trace}, {}, {"n1.i0": reported})


def take(protocol: Protocol, rig: FakeRig, writer: RunWriter, **options: Any) -> Run:
    run_protocol(protocol, rig, writer, **options)  # type: ignore[arg-type]  # the fakes fulfil the roles
    return Run.open(writer.path)


def test_a_sweep_is_armed_confirmed_fired_awaited_switched_off_and_only_then_fetched(
    rig: FakeRig, writer: RunWriter
) -> None:
    take(bump(probes=False), rig, writer)
    order = list(dict.fromkeys(rig.diary))
    assert " ".join(order) == "load configure scope.arm source.arm fire running? finished? off fetch safe"


def test_further_sweeps_are_conditioned_and_nothing_is_configured_twice(rig: FakeRig, writer: RunWriter) -> None:
    run = take(bump(probe_plus_duration=0.1, probe_minus_duration=0.1, recovery=0.1), rig, writer)
    assert rig.diary.count("fire") == 3 + 2
    assert rig.diary.count("configure") == 1  # all three are equally long here
    assert [s.label for s in run.sweeps] == ["bump", "probe_plus", "probe_minus"]
    assert run.sweeps[0].state["assumed"].startswith("as powered")
    assert run.sweeps[1].state["assumed"].startswith("rested: 5.55 s at zero current")


def test_commanded_reported_and_measured_are_kept_apart(rig: FakeRig, writer: RunWriter) -> None:
    sweep = take(bump(probes=False), rig, writer).sweeps[0]
    assert (
        sweep.commanded["n1.i0"]
        == next(bump().sweeps(rig.bench.board, check_protocol(bump(), rig.bench))).drive["n1.i0"].steps().coalesced()
    )
    reported = sweep.reported["n1.i0"].levels
    np.testing.assert_allclose(reported / LSB, np.round(reported / LSB))
    measured = sweep.traces["n1.i0"]
    assert measured.unit == "A"
    assert measured.between(0.15, 0.25).values.mean() == pytest.approx(67.6e-6, rel=0.01)
    assert [e[0] for e in sweep.params["epochs"]["n1.i0"]] == ["rest", "kick", "bump", "stop", "after"]


def test_the_clocks_are_compared_by_the_marker(rig: FakeRig, writer: RunWriter) -> None:
    sweep = take(bump(probes=False), rig, writer).sweeps[0]
    clock = sweep.acquired["clock"]
    assert clock["edges"] == 2
    assert abs(clock["ppm"]) < 4 * clock["ppm_error"] < 100
    assert abs(clock["offset"]) < 2 / sweep.acquired["rate"]


def test_a_finished_run_has_results_verdicts_tables_and_settings(rig: FakeRig, writer: RunWriter) -> None:
    run = take(bump(), rig, writer)
    assert run.status == "done"
    assert run.meta["results"]["sustained"] is False  # this neuron has no synapse
    assert run.meta["results"]["delivered_holding"] == pytest.approx(44.7e-6, rel=0.01)
    assert {v["verdict"] for v in run.meta["verdicts"] if v["value"] is not None} <= {
        "not comparable",
        "no published value",
    }
    assert run.meta["instruments"]["scope"]["settings"] == {"memory": "auto"}
    results = run.results()
    assert results is not None
    assert set(results["role"]) == {"bump", "probe_plus", "probe_minus"}


def test_nothing_is_switched_on_beyond_a_limit(rig: FakeRig) -> None:
    for wrong in (bump(holding="300 uA"), bump(probe_minus="-80 uA"), Rheobase.make({"ceiling": "300 uA"})):
        with pytest.raises(LimitError, match=r"n1\.i0.*limit of .*wu2025_bump\.toml"):
            check_protocol(wrong, rig.bench)


def test_what_the_oscilloscope_will_not_see_of_the_current_is_told_before_the_run(
    rig: FakeRig, writer: RunWriter
) -> None:
    run = take(bump(holding="90 uA", probes=False), rig, writer)
    (told,) = [w for w in run.meta["warnings"] if "will be delivered" in w]
    assert told.startswith("n1.i0: 86.04 uA and 106.9 uA will be delivered, the oscilloscope shows -5 uA to 75 uA")
    assert f'Widen low/high of [nodes."n1.i0"] in {rig.bench.path}.' in told
    events = [e["event"] for e in run.log()]
    assert events.index("warning") < events.index("first output")


def test_the_printed_currents_are_all_on_the_screen(rig: FakeRig, writer: RunWriter) -> None:
    assert not [w for w in take(bump(), rig, writer).meta["warnings"] if "will be delivered" in w]


def test_a_search_ends_at_the_limit_of_the_bench_unless_its_ceiling_was_chosen(tmp_path: Path) -> None:
    text = load_bench().path.read_text(encoding="utf-8").replace('high = "250 uA"', 'high = "120 uA"')
    (tmp_path / "bench.toml").write_text(text, encoding="utf-8")
    bench = load_bench(tmp_path / "bench.toml")
    protocol = Rheobase.make()
    context = check_protocol(protocol, bench)  # 3 Imin are 136 uA
    assert protocol.highest(context) == pytest.approx(120e-6)
    check_protocol(Rheobase.make({"block": False}), bench)
    with pytest.raises(LimitError, match=r"130 uA.*limit of 120 uA.*-p ceiling="):
        check_protocol(Rheobase.make({"ceiling": "130 uA"}), bench)


def test_a_duration_that_the_source_cannot_play_is_told_with_its_parameter() -> None:
    wiring = load_bench().port("n1.i0")
    source = SimpleNamespace(fit=lambda _, program: encode([program], [wiring.full_scale]))
    protocol = bump(kick_duration=0.1234567)
    sweep = next(protocol.sweeps(load_bench().board, Context({"n1.i0": I_MIN})))
    with pytest.raises(PlanError) as refused:
        fit_stimulus(protocol, wiring, sweep.drive["n1.i0"], source)  # type: ignore[arg-type]
    assert "kick 123.4567 ms from -p kick_duration" in str(refused.value)
    assert "nearest: 123.45 ms or 123.5 ms" in str(refused.value)


def test_limits_hold_in_the_runner_too(rig: FakeRig, writer: RunWriter) -> None:
    with pytest.raises(LimitError):
        take(bump(holding="300 uA"), rig, writer)
    assert set(rig.diary) == {"safe"}


def test_a_port_or_node_that_is_not_wired_is_named(rig: FakeRig) -> None:
    with pytest.raises(ConfigError, match=r"port 'n2\.i0'.*n1\.i0"):
        check_protocol(bump(neuron="n2"), rig.bench)
    with pytest.raises(ConfigError, match=r"node 's99\.i_out'.*s11\.i_out"):
        check_protocol(bump(synapse="s99"), rig.bench)


@pytest.mark.parametrize("where", ["load", "configure", "scope.arm", "source.arm", "fire", "running?", "finished?"])
def test_when_an_instrument_fails_the_output_is_off_before_the_run_is_closed(
    rig: FakeRig, writer: RunWriter, where: str
) -> None:
    rig.diary.fail[where] = LOST
    with pytest.raises(BenchError, match="went away"):
        take(bump(), rig, writer)
    assert rig.diary[-1] == "safe"
    assert not rig.source("source").output
    assert rig.diary.count("fire") <= 1  # what sources is never repeated
    run = Run.open(writer.path)
    assert run.status == "failed"
    assert "went away" in run.meta["error"]


def test_what_was_fetched_before_a_channel_was_lost_is_kept_and_marked(
    rig: FakeRig, writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope, lost = rig.scope("scope"), rig.bench.node("s11.i_out").channel
    fetch = scope.fetch

    def cut(channel: str, *rest: Any) -> Trace:
        if channel == lost:
            raise LinkError("the cable was pulled")
        return fetch(channel, *rest)

    monkeypatch.setattr(scope, "fetch", cut)
    with pytest.raises(LinkError):
        take(bump(probes=False), rig, writer)
    run = Run.open(writer.path)
    (sweep,) = run.sweeps
    assert list(sweep.traces) == ["n1.v_ap"]
    assert sweep.bad
    assert "s11.i_out" in sweep.comments[0].text
    assert summarise(run)["status"] == "failed"


def test_a_fetch_that_fails_once_is_repeated_as_it_sources_nothing(rig: FakeRig, writer: RunWriter) -> None:
    rig.diary.fail["fetch"] = LOST
    run = take(bump(probes=False), rig, writer)
    assert rig.diary.count("fire") == 1
    assert any("fetched again" in w for w in run.meta["warnings"])
    assert len(run.sweeps) == 1


@pytest.mark.parametrize("event", [KeyboardInterrupt(), RunInterrupted("Stopped by SIGTERM.")])
def test_ctrl_c_keeps_every_sweep_and_switches_off(rig: FakeRig, writer: RunWriter, event: BaseException) -> None:
    with pytest.raises(type(event)):
        take(bump(), rig, writer, progress=stop_at("probe_minus", event))
    run = Run.open(writer.path)
    assert (run.status, [s.label for s in run.sweeps]) == ("interrupted", ["bump", "probe_plus"])
    assert not rig.source("source").output
    assert run.meta["error"]


def test_a_requested_stop_ends_the_run_between_questions(rig: FakeRig, writer: RunWriter) -> None:
    run = take(bump(), rig, writer, stop_requested=lambda: rig.diary.count("fire") == 3)
    assert (run.status, len(run.sweeps)) == ("stopped", 1)
    assert not rig.source("source").output


def test_bisection_encloses_i_min_and_i_max_within_one_step_of_the_source(rig: FakeRig, writer: RunWriter) -> None:
    protocol = Rheobase.make({"dwell": 0.1, "rate_error": 20.0})
    run_protocol(protocol, rig, writer)  # type: ignore[arg-type]
    values = Run.open(writer.path).meta["results"]
    assert values["i_min"] == pytest.approx(I_MIN, abs=LSB)
    assert values["i_max"] == pytest.approx(I_MAX, abs=LSB)
    assert values["i_min_error"] == pytest.approx(LSB / 12**0.5)
    assert values["i_min_trials"] < 14


@pytest.mark.parametrize("predicted", [20e-6, 44e-6, 90e-6])
def test_a_board_far_from_its_description_is_still_enclosed(rig: FakeRig, predicted: float) -> None:
    protocol = Rheobase.make({"dwell": 0.1, "rate_error": 20.0, "block": False})
    sweeps = protocol.sweeps(rig.bench.board, Context({"n1.i0": predicted}))
    taken = [played(rig, next(sweeps))]
    with contextlib.suppress(StopIteration):
        while True:
            taken.append(played(rig, sweeps.send(taken[-1])))
    assert Bracket.of(protocol.trial("i_min", t.traces, t.reported) for t in taken).value == pytest.approx(
        I_MIN, abs=LSB
    )
    assert max(t.sweep.params["level"] for t in taken) <= 3 * predicted


def test_a_silent_board_is_told_from_its_wiring(rig: FakeRig, writer: RunWriter, monkeypatch: Any) -> None:
    monkeypatch.setattr(fakes, "I_MIN", 1.0)
    monkeypatch.setattr(fakes, "I_MAX", 1.0)
    with pytest.raises(BenchError, match=r"I_min was not found between 0 A and 135.8 uA.*supply.*wiring of n1\.i0"):
        take(bump(measure_imin="always"), rig, writer)
    assert rig.diary[-1] == "safe"


def test_relative_currents_follow_the_measured_i_min(rig: FakeRig, writer: RunWriter) -> None:
    run = take(bump(holding="0.987 Imin", probes=False), rig, writer)
    before, after = (run.meta["i_min"]["n1.i0"][when]["value"] for when in ("before", "after"))
    assert before == pytest.approx(I_MIN, abs=LSB)
    assert after == before
    main = next(s for s in run.sweeps if s.params["role"] == "bump")
    assert main.commanded["n1.i0"].levels[0] == pytest.approx(0.987 * before, rel=1e-9)
    assert main.state["assumed"].startswith("rested")  # current had already flowed
    assert run.meta["results"]["i_min_from"] == "measured before the run"
    assert run.meta["results"]["i_min_drift"] == 0.0
    assert run.meta["results"]["i_min_delivered"] == pytest.approx(I_MIN, rel=0.01)


@pytest.mark.parametrize("protocol", [bump(), Rheobase.make({"dwell": 0.1, "rate_error": 20.0})], ids=lambda p: p.name)
def test_the_report_is_written_for_a_run_that_ended(rig: FakeRig, tmp_path: Path, protocol: Protocol) -> None:
    with RunWriter.create(tmp_path, opening(protocol, rig.bench, Request(protocol.name))) as open_writer:
        run = take(protocol, rig, open_writer)
    run.comment("the supply was changed", sweep=0)
    page = write_run_report(run).read_text()
    for told in (protocol.title, "How it was measured", "the supply was changed", "rested: "):
        assert told in page
    assert list((run.path / "figures").glob("*.png"))


def test_an_interrupted_run_is_analysed_shown_and_reported_on_what_is_there(rig: FakeRig, tmp_path: Path) -> None:
    open_writer = RunWriter.create(tmp_path, opening(bump(), rig.bench, Request("bump")))
    with pytest.raises(RunInterrupted):
        take(bump(), rig, open_writer, progress=stop_at("probe_minus", RunInterrupted("SIGTERM")))
    run = Run.open(open_writer.path)
    shown = summarise(run)
    assert [s["label"] for s in shown["sweeps"]] == ["bump", "probe_plus"]
    assert "probe_plus_recovered" in shown["results"]
    assert "probe_minus_recovered" not in shown["results"]
    assert write_run_report(run).exists()


def stop_at(label: str, event: BaseException) -> Any:
    def progress(fraction: float, what: str) -> None:
        if what == label:
            raise event

    return progress
