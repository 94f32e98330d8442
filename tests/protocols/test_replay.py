"""A recorded session is a test: the same run on the records of its traffic gives the same traces and results."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from neurorig.cli.run import run_command
from neurorig.instruments import load_bench
from neurorig.instruments.connection import Rig
from neurorig.instruments.drivers import DRIVERS
from neurorig.instruments.links import ReplayLink
from neurorig.protocols import Bump, run_protocol
from neurorig.protocols.request import Request, opening
from neurorig.records import Run, RunWriter
from neurorig.signals import BenchError, LinkError

SHORT = {"rest": "0.1 s", "kick_duration": "0.3 s", "settle": "0.3 s", "stop_duration": "0.1 s", "after": "0.2 s"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on the simulated bench that kept its traffic."""
    out = tmp_path_factory.mktemp("runs")
    parameters = tuple(f"{name}={value}" for name, value in SHORT.items())
    assert run_command("bump", p=parameters, simulate=True, traffic=True, seed=3, out=out) == 0
    return next(out.glob("*_bump_*"))


def replayed(recorded: Path, bench, instrument: str, match: str = ""):
    resource = f"replay://{recorded / 'traffic' / instrument}.jsonl{match}"
    return DRIVERS[bench.instruments[instrument].driver].connect(resource, name=instrument)


def test_a_run_on_its_own_traffic_gives_the_same_traces_and_results(recorded, tmp_path):
    bench, protocol = load_bench(), Bump.make(SHORT)
    with contextlib.ExitStack() as stack:
        scope = stack.enter_context(replayed(recorded, bench, "scope"))
        # Pings to the source come when the link has been silent for a while: their place in the order is chance.
        source = stack.enter_context(replayed(recorded, bench, "source", "?match=command"))
        instruments = {"scope": scope, "source": source}
        rig = Rig(bench, instruments, {name: i.link.resource for name, i in instruments.items()}, virtual_time=True)
        writer = stack.enter_context(RunWriter.create(tmp_path, opening(protocol, bench, Request("bump", SHORT))))
        run_protocol(protocol, rig, writer)
        rig.safe()
        assert rig.unsafe == {}
        assert isinstance(scope.link, ReplayLink)
        assert scope.link.left == 0
    first, second = Run.open(recorded), Run.open(writer.path)
    assert len(first.sweeps) == len(second.sweeps) > 0
    for one, other in zip(first.sweeps, second.sweeps, strict=True):
        for node, trace in one.traces.items():
            np.testing.assert_array_equal(trace.samples, other.traces[node].samples)
            assert (trace.scale, trace.offset, trace.t0, trace.dt) == (
                other.traces[node].scale, other.traces[node].offset, other.traces[node].t0, other.traces[node].dt,
            )  # fmt: skip
    assert first.meta["results"] == second.meta["results"]


def test_a_driver_that_does_something_else_is_told_where(recorded):
    with (
        replayed(recorded, load_bench(), "scope") as scope,
        pytest.raises(LinkError, match=r"scope.jsonl, line \d+: the record goes on with '.*', not with ':TRIG:SWE\?'"),
    ):
        scope.link.query(":TRIG:SWE?")


def test_a_record_that_is_played_back_is_nobodys_to_guard(recorded, tmp_path, capsys):
    text = load_bench().path.read_text(encoding="utf-8")
    places = (("source", "serial:///dev/ttyACM0", "?match=command"), ("scope", "tcp://192.168.1.50:5555", ""))
    for name, known, match in places:
        assert known in text
        text = text.replace(known, f"replay://{recorded / 'traffic' / name}.jsonl{match}")
    (tmp_path / "replayed.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BenchError, match=r"source\.jsonl has no") as told:
        run_command(
            "bump", bench=str(tmp_path / "replayed.toml"), p=("holding=44 uA", "probes=no"), out=tmp_path / "runs"
        )
    assert "NOT SAFE" not in str(told.value)
