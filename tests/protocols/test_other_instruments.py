"""The published bump on benches with other instruments: through their real drivers, on the bench's simulated double."""

from pathlib import Path

import pytest

from neurorig.instruments import connect, load_bench
from neurorig.instruments.bench import SHIPPED
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings
from neurorig.protocols import Bump, run_protocol
from neurorig.protocols.request import Request, opening
from neurorig.records import Run, RunWriter

BENCH = (SHIPPED / "wu2025_bump.toml").read_text()

T8 = [
    ('driver = "rigol_ds1000z"', 'driver = "labjack_t8"'),
    ("tcp://192.168.1.50:5555", "modbus://192.168.1.60"),
    ("scope.1", "scope.AIN0"), ("scope.2", "scope.AIN1"), ("scope.3", "scope.AIN2"), ("scope.4", "scope.AIN7"),
]  # fmt: skip

GENERATOR = [
    ('[instruments.source]\ndriver = "arduino_source"\nresource = "serial:///dev/ttyACM0"',
     '[instruments.generator]\ndriver = "keysight_33500b"\nresource = "tcp://192.168.1.70:5025"'),
    ('channel = "source.1"', 'channel = "generator.1"\ntransconductance = { gain = "50 uA/V" }'),
    ("source.sync", "generator.sync"),
    ('[comparators]\n"source.1" = "n1.v_ap"', ""),
]  # fmt: skip

SUPPLY = [
    ("[instruments.scope]", '[instruments.supply]\ndriver = "keysight_e36300"\nresource = "tcp://192.168.1.80:5025"\n\n[instruments.scope]'),
    ("[marker]", '[supply]\nchannel = "supply.1"\ncurrent_limit = "LIMIT"\n\n[marker]'),
]  # fmt: skip


def bench_with(folder: Path, *changes: tuple[str, str]) -> Path:
    text = BENCH
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "bench.toml"
    path.write_text(text)
    return path


def bump_on(path: Path, seed: int = 0, **parameters: str) -> Run:
    """The bump of the published figures, without its probes."""
    bench, protocol = load_bench(path), Bump.make({"probes": "no"} | parameters)
    with SimulatedProcess(Settings(str(path), seed=seed)) as double, connect(bench, double=double) as rig:
        writer = RunWriter.create(path.parent, opening(protocol, rig.bench, Request("bump")))
        run_protocol(protocol, rig, writer)
    return Run.open(writer.path)


def says_what_was_published(run: Run) -> None:
    said = {v["quantity"]: v for v in run.meta["verdicts"]}
    assert run.status == "done"
    for quantity in ("silent_before", "sustained", "stopped"):
        assert said[quantity]["value"] == 1, quantity
    assert said["f_star"]["value"] == pytest.approx(106.0, rel=0.03)
    assert said["f_kick"]["verdict"] == said["i_sse_max"]["verdict"] == "agrees"


def test_with_a_streaming_digitiser_as_the_oscilloscope(tmp_path: Path) -> None:
    run = bump_on(bench_with(tmp_path, *T8))
    says_what_was_published(run)
    trace = run.sweeps[0].traces["n1.v_ap"]
    assert trace.dt == pytest.approx(1 / 40e3, rel=0.2)


def test_with_a_generator_and_a_converter_as_the_source(tmp_path: Path) -> None:
    # One whose offset is small: 2 mV, what its data sheet allows, are 0.1 uA here, more than the margin of the stop.
    run = bump_on(bench_with(tmp_path, *GENERATOR), seed=1)
    says_what_was_published(run)
    assert run.sweeps[0].traces["n1.i0"].values[10] == pytest.approx(0.0, abs=1e-6)  # nothing flows before the trigger


def test_a_run_says_what_the_supply_gave(tmp_path: Path) -> None:
    path = bench_with(tmp_path, *SUPPLY, ("LIMIT", "200 mA"))
    run = bump_on(path)
    says_what_was_published(run)
    supplied = run.meta["supply"]
    assert supplied["volts"] == pytest.approx(load_bench(path).supply.voltage, rel=3e-3)  # type: ignore[union-attr]  # it has one
    assert abs(supplied["amperes"]) < 1e-3  # the board's own is not part of the twin
