"""What the source tells of itself in a run: kept as reported beside what was measured, and in agreement with it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurorig.analysis.clocks import Alignment
from neurorig.analysis.spikes import detect
from neurorig.instruments import DRIVERS, Rig, load_bench
from neurorig.instruments.roles import SelfReport
from neurorig.instruments.simulated import world
from neurorig.instruments.simulated.bench import SimulatedBench
from neurorig.protocols import Bump, execute, request, run_protocol
from neurorig.protocols.request import Request, opening
from neurorig.records import Run, RunWriter
from neurorig.signals import BenchError, PlanError, Stamps, Trace

from ..instruments.fakes import serving
from .fakes import FakeRig, FakeSource

SHORT = {"rest": 0.2, "settle": 0.7, "stop_duration": 0.2, "after": 0.2, "probes": False}


@pytest.fixture(scope="module")
def bumped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A bump on the simulated bench, whose V_ap also goes to the source's comparator."""
    bench, protocol = load_bench(), Bump.make(SHORT)
    double = SimulatedBench(bench)
    with pytest.MonkeyPatch.context() as patch, serving(double.world, double.devices) as ports:
        patch.setattr(world, "SILENCE", 1e9)  # a busy computer is no host that reads too late
        resources = {name: f"tcp://127.0.0.1:{ports[name]}" for name in bench.instruments}
        drivers = {name: DRIVERS[bench.instruments[name].driver].connect(r, name=name) for name, r in resources.items()}
        rig = Rig(bench, drivers, resources, virtual_time=True)
        with RunWriter.create(tmp_path_factory.mktemp("runs"), opening(protocol, bench, Request("bump"))) as writer:
            run_protocol(protocol, rig, writer)
        yield Run.open(writer.path)
        for driver in drivers.values():
            driver.close()


def test_the_stamps_agree_with_the_spikes_of_the_trace_within_the_alignments_error(bumped: Run) -> None:
    for sweep in bumped.sweeps:
        stamps, seen = sweep.stamps["source.1"], detect(sweep.traces["n1.v_ap"])
        clock = Alignment(**sweep.acquired["clock"])
        assert clock.ppm is not None and clock.ppm_error is not None
        assert stamps.lost == 0
        told = clock.to_digitiser(stamps.times)
        told = told[told < seen.stop - 1e-4]  # stamping goes on until the output is off
        assert len(told) == len(seen) > 100
        apart = told - seen.times
        drifted = 1e-6 * clock.ppm_error * seen.times
        error = np.sqrt(clock.offset_error**2 + drifted**2 + seen.time_error**2 + stamps.unit**2)
        assert (np.abs(apart) < 3 * error).all()
        assert np.abs(apart).max() < 2 * sweep.traces["n1.v_ap"].dt


def test_the_read_back_agrees_with_what_was_played(bumped: Run) -> None:
    sweep = bumped.sweeps[0]
    current, volts = sweep.read_backs["source.I1"], sweep.read_backs["source.V1"]
    played = sweep.reported["n1.i0"]
    assert (current.unit, volts.unit, current.rate) == ("A", "V", 1000.0)
    inside = (current.times > 0) & (current.times < played.duration)
    assert inside.sum() == pytest.approx(played.duration * 1000, abs=2)
    steps = played.edges[1:-1]
    clear = inside & (np.abs(current.times[:, None] - steps).min(axis=1) > 1e-6)
    assert np.abs(current.values[clear] - played.at(current.times[clear])).max() < 2.5 * current.scale
    assert current.values[current.times < 0] == pytest.approx(0.0, abs=2 * current.scale)
    assert 0.5 < volts.values[inside].max() < 5.0  # the membrane, as its terminal feels it


def test_it_is_reported_and_not_among_the_measured(bumped: Run) -> None:
    assert not any(name.startswith("source.") for sweep in bumped.sweeps for name in sweep.traces)
    assert bumped.problems(deep=True) == []
    assert bumped.meta["warnings"] == []


class TellingSource(FakeSource):
    """Tells of itself what it is given."""

    def __init__(self, rig: FakeRig, report: SelfReport | Exception) -> None:
        super().__init__(rig.diary)
        self.asked: list[tuple[list[str], list[str]]] = []
        self._report = report

    def report(self, channels: list[str], inputs: list[str]) -> None:
        self.diary.note("report")
        self.asked.append((channels, inputs))

    def reported(self) -> SelfReport:
        self.diary.note("reported")
        if isinstance(self._report, Exception):
            raise self._report
        return self._report


@pytest.fixture
def rig() -> FakeRig:
    return FakeRig(load_bench())


@pytest.fixture
def writer(tmp_path: Path, rig: FakeRig) -> Iterator[RunWriter]:
    with RunWriter.create(tmp_path, opening(Bump.make(SHORT), rig.bench, Request("bump"))) as open_writer:
        yield open_writer


def taken(rig: FakeRig, writer: RunWriter, report: SelfReport | Exception) -> tuple[Run, Any]:
    scope = rig._scope
    rig._source = scope.source = TellingSource(rig, report)
    run_protocol(Bump.make(SHORT), rig, writer)  # type: ignore[arg-type]  # the fakes fulfil the roles
    return Run.open(writer.path), rig._source


def test_it_is_asked_for_after_loading_and_given_when_the_output_is_off(rig: FakeRig, writer: RunWriter) -> None:
    _, source = taken(rig, writer, SelfReport())
    order = [what for what in rig.diary if what in ("load", "report", "source.arm", "off", "reported", "fetch")]
    assert order[:6] == ["load", "report", "source.arm", "off", "reported", "fetch"]
    assert source.asked == [(["1"], ["1"])]


def test_what_was_lost_is_told_in_the_run(rig: FakeRig, writer: RunWriter) -> None:
    trace = Trace("I1", np.zeros(5, np.int16), 1e-7, 0.0, "A", 0.0, 1e-3)
    report = SelfReport({"I1": trace}, {"1": Stamps(np.array([5, 9]), 0.5e-6, 12)}, lost_scans=7)
    run, _ = taken(rig, writer, report)
    assert [w.partition(" not fetched")[0] for w in run.meta["warnings"]] == [
        "source.1: 12 spike stamps were",
        "source: 7 of its read-backs were",
    ]
    assert run.sweeps[0].stamps["source.1"].lost == 12
    assert len(run.sweeps[0].read_backs["source.I1"]) == 5
    assert "source.V1" not in run.sweeps[0].read_backs


def test_a_sweep_is_not_lost_because_the_report_is(rig: FakeRig, writer: RunWriter) -> None:
    run, _ = taken(rig, writer, BenchError("arrived damaged"))
    assert run.status == "done"
    assert "n1.v_ap" in run.sweeps[0].traces
    assert not run.sweeps[0].stamps
    assert run.meta["warnings"][0] == ("sweep 0: what source tells of itself was not fetched (arrived damaged)")


def test_nothing_is_imported_while_a_program_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large module holds up whoever fetches the read-backs, which the source keeps for 72 ms."""
    imported: list[bool] = []

    def slowly() -> None:
        time.sleep(3.0)  # connecting takes less
        imported.append(True)

    def played(*_: object) -> None:
        assert imported == [True]
        raise PlanError("enough")

    monkeypatch.setattr(request, "_import_ahead", slowly)
    monkeypatch.setattr(request, "run_protocol", played)
    with pytest.raises(PlanError, match="enough"):
        execute(Request("bump", simulate=True, out=tmp_path))
