"""The bump of the published figures with the current source's real firmware in the loop: same verdicts, steps on time."""

import time
from pathlib import Path

import numpy as np
import pytest

from neurorig.hardware import load_board
from neurorig.hardware.firmware.simulated import HERTZ
from neurorig.instruments import load_bench
from neurorig.instruments.simulated.bench import SimulatedBench
from neurorig.protocols import Bump, Context, Request, execute
from neurorig.records import Run
from neurorig.signals import ConfigError, Hold, Program

from ..hardware.firmware.current_source_bench import Variable, built
from .source_bench import LSB, SourceBench

pytestmark = pytest.mark.needs("simavr")
MICROSECOND = HERTZ // 1_000_000
SOURCE = 'driver = "arduino_source"\n'


def bench_file(folder: Path, **more: str) -> str:
    """The bench of the published figures with more keys for its source."""
    keys = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    file = folder / "bench.toml"
    file.write_text(load_bench().path.read_text().replace(SOURCE, SOURCE + keys))
    return str(file)


@pytest.mark.timeout(300)
def test_the_bump_comes_out_with_the_firmware_as_with_the_model(tmp_path) -> None:
    outcomes = [
        execute(Request("bump", bench=bench_file(tmp_path, simulate=kind), simulate=True, out=tmp_path / kind, seed=1))
        for kind in ("model", "firmware")
    ]
    model, firmware = (Run.open(outcome.run).meta for outcome in outcomes)
    said = [{verdict["quantity"]: verdict["verdict"] for verdict in meta["verdicts"]} for meta in (model, firmware)]
    assert said[0] == said[1]
    assert "agrees" in said[1].values()
    assert firmware["results"]["f_star"] == pytest.approx(model["results"]["f_star"], abs=0.05)
    assert not [warning for warning in firmware["warnings"] if "source" in warning]


def test_every_step_of_the_bump_is_latched_within_a_microsecond_of_its_planned_time() -> None:
    """In cycles of the processor, with the driver's polls and its stream of read-backs on the line."""
    sweep = next(iter(Bump.make({}).sweeps(load_board("wu2025_bump"), Context({"n1.i0": 45.2675e-6}))))
    bench = SourceBench(clock=time.monotonic, brain="firmware")
    seen, events = [], bench.source.controller.events

    def spied():
        found = events()
        seen.extend(found.tolist())
        return found

    bench.source.controller.events = spied
    with bench.driven() as source:
        planned = source.load({"1": sweep.drive["n1.i0"].program})["1"]
        source.report(("1",), ("1",))
        source.arm()
        seen.clear()
        source.fire()
        while source.running():
            pass
        source.off()
    t0 = next(cycle for cycle, code, _, kind, _ in seen if kind == 3 and code)
    steps = [(cycle - t0, code) for cycle, code, channel, kind, _ in seen if kind == 0 and channel == 0][:-1]
    expected = [(t * HERTZ // 10**9, round(v / LSB)) for t, v in zip(planned.edges_ns, planned.levels, strict=False)]
    assert [code for _, code in steps] == [code for _, code in expected]
    late = [at - due for (at, _), (due, _) in zip(steps, expected, strict=True)]
    assert max(map(abs, late)) <= MICROSECOND, late


@pytest.mark.needs("avr")
def test_stamps_go_on_beyond_the_wraps_of_the_clock_and_of_their_own_counter() -> None:
    """Both after 2147 s: the clock is put shortly before its own, and t0 later than it was once the program runs."""
    bench = SourceBench(clock=time.monotonic, brain="firmware", image=built())
    overflows, t0 = (Variable(bench.source.controller, built(), name) for name in ("clock_overflows", "t0"))
    overflows.value = -9  # 0.3 s
    with bench.driven() as source:
        source.load({"1": Program((Hold(50e-6, 1_000_000_000), Hold(0, 1_000_000)))})
        source.report(("1",), ("1",))
        source.arm()
        source.fire()
        (rise,) = bench.sync.crossings(2.5, 0.0, bench.world.now + 1)
        assert overflows.value >= 2**16 - 9, "the clock has wrapped already"
        t0.value += 2_000_000 // 2  # halves of microseconds: 0.5 s
        spikes = 0.01 + 2e-3 * np.arange(490)
        bench.comparator.times = rise + spikes
        while source.running():
            pass
        assert overflows.value < 100
        source.off()
        stamps = source.reported().stamps["1"]
    assert stamps.lost == 0
    assert stamps.times == pytest.approx(spikes - 0.5 + 2**32 * 0.5e-6, abs=0.6e-6)


@pytest.mark.needs("avr")
def test_scans_go_on_beyond_the_wrap_of_their_number() -> None:
    bench = SourceBench(clock=time.monotonic, brain="firmware", image=built())
    numbers = [Variable(bench.source.controller, built(), name) for name in ("scan", "first")]
    with bench.driven() as source:
        source.adc.stream(("V1",), 1e-3)
        for number in numbers:
            number.value += 2**32 - 200
        source.adc._next += 2**32 - 200
        chunks = [source.adc.read() for _ in range(30)]
    assert chunks[0].first < 2**32 < chunks[-1].first
    assert sum(chunk.lost for chunk in chunks) == 0
    assert [c.first for c in chunks[1:]] == [c.first + len(c.samples["V1"]) for c in chunks[:-1]]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"simulate": "firmwear"}, "instruments.source.simulate: 'firmwear' is no way.* Did you mean 'firmware'"),
        ({"simulate": "firmware", "serial_number": "too long for an EEPROM"}, "1 to 16 letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, keys, said) -> None:
    with pytest.raises(ConfigError, match=said):
        SimulatedBench(load_bench(bench_file(tmp_path, **keys)))


def test_only_the_source_runs_a_firmware(tmp_path) -> None:
    file = tmp_path / "bench.toml"
    scope = 'driver = "rigol_ds1000z"\n'
    file.write_text(load_bench().path.read_text().replace(scope, scope + 'simulate = "firmware"\n'))
    with pytest.raises(ConfigError, match=r"instruments.scope.simulate: only the arduino_source has a firmware"):
        load_bench(str(file))
