"""A simulated source with wrong legs is calibrated: what is found is what was put in, and what is stored makes it right."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.analysis.source_legs import leg_line
from neurorig.instruments import Rig, connect, load_bench
from neurorig.instruments.drivers.arduino_calibration import Correction
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings
from neurorig.protocols import source_calibration
from neurorig.protocols.calibrate_source import CalibrateOutcome, CalibrateRequest, calibrate_source, channels_of
from neurorig.protocols.calibration_plan import CalibrationPlan, check_calibration
from neurorig.protocols.hands import done_by
from neurorig.protocols.source_calibration import HALF_STEP, calibrate, correction_of
from neurorig.signals import BenchError, ConfigError, LimitError

STEP = 250e-6 / 4096
WRONG = {"SOUR": (0.991, -8.2), "SINK": (1.012, 0.5)}
"""Gain and offset (steps) of the legs; the shield's own dead zone is 8 steps."""
RANGES = (250e-6, 62.5e-6)
AMMETER = 2.5e-4
"""Gain error of a Keithley 2450 on its ranges of 100 uA and 1 mA (SPEC-2450), each with an offset of its own."""
OFFSETS = ((10e-6, 1.5e-9), (100e-6, 15e-9), (1e-3, 60e-9))


def bench_with(folder: Path, meter: str, legs: Mapping[str, tuple[float, float]] = WRONG, low: str = "-250 uA") -> str:
    """The shipped bench with a meter and a source whose legs are wrong."""
    rows = [(s * c * STEP, s * (gain * c + offset) * STEP) for s, c, (gain, offset) in (
        (-1, 4096, legs["SINK"]), (-1, 1, legs["SINK"]), (1, 0, (0.0, 0.0)), (1, 1, legs["SOUR"]), (1, 4096, legs["SOUR"]),
    )]  # fmt: skip
    table = ", ".join(f'["{c:.12g} A", "{d:.12g} A"]' for c, d in rows)
    text = load_bench().path.read_text(encoding="utf-8").replace('low = "-30 uA"', f'low = "{low}"')
    text = re.sub(r"^delivered = .*$", f"delivered = [{table}]", text, flags=re.MULTILINE)
    entry = f'\n[instruments.meter]\ndriver = "{meter}"\nresource = "tcp://192.168.1.51:5025"\n\n[instruments.source]\n'
    file = folder / "bench.toml"
    file.write_text(text.replace("\n[instruments.source]\n", entry), encoding="utf-8")
    return str(file)


def calibrated(folder: Path, plan: CalibrationPlan, bench: str) -> tuple[CalibrateOutcome, list[str]]:
    said: list[str] = []
    request = CalibrateRequest(plan, bench, simulate=True, seed=4, out=folder / "sources")
    return calibrate_source(request, said.append, lambda part, what: None), said


@pytest.fixture(scope="module")
def by_smu(tmp_path_factory: pytest.TempPathFactory) -> tuple[CalibrateOutcome, list[str]]:
    folder = tmp_path_factory.mktemp("smu")
    plan = CalibrationPlan("source.1", "meter.1", both_ranges=True)
    with pytest.MonkeyPatch.context() as fewer:  # a source-meter takes its time
        fewer.setattr(source_calibration, "FITTED", source_calibration.FITTED[::2])
        fewer.setattr(source_calibration, "CHECKED", source_calibration.CHECKED[::2])
        return calibrated(folder, plan, bench_with(folder, "keithley_2450"))


def test_gain_and_offset_are_found_within_their_errors(by_smu: tuple[CalibrateOutcome, list[str]]) -> None:
    assert [(leg.full_scale, leg.leg) for leg in by_smu[0].result.legs] == [
        (full_scale, leg) for full_scale in RANGES for leg in WRONG
    ]
    for leg in by_smu[0].result.legs:
        gain, offset = WRONG[leg.leg]
        assert abs(leg.line.gain - gain) < 3 * math.hypot(leg.line.gain_error, AMMETER / 2)
        assert abs(leg.line.offset - offset) < 3 * math.hypot(leg.line.offset_error, OFFSETS[0][1] / STEP)
        assert leg.line.gain_error < 1e-4
        assert leg.line.offset_error < 0.2


def test_afterwards_a_current_is_within_half_a_step_of_what_is_commanded(
    by_smu: tuple[CalibrateOutcome, list[str]],
) -> None:
    """At every code of both legs and ranges, as far as the ammeter was right itself."""
    for leg in by_smu[0].result.legs:
        gain, offset = WRONG[leg.leg]
        codes = np.arange(16, leg.new.highest + 1)
        delivered = np.array([gain * leg.new(int(c)) + offset for c in codes])
        step = leg.full_scale / 4096
        own = np.select([codes * step <= full for full, _ in OFFSETS], [o / step for _, o in OFFSETS])
        assert (np.abs(delivered - codes) <= HALF_STEP + codes * AMMETER + own).all()
        assert leg.within


def test_what_a_person_does_in_their_order(by_smu: tuple[CalibrateOutcome, list[str]]) -> None:
    assert [s.partition("(")[0].strip() for s in by_smu[1]] == [
        "Take source.1 off the board and connect it to the terminals of meter.1.",
        "Put the range jumper of source.1 on",
        "Put the range jumper of source.1 off",
    ]


def test_it_is_kept_under_the_serial_number_of_the_source(by_smu: tuple[CalibrateOutcome, list[str]]) -> None:
    outcome = by_smu[0]
    kept = json.loads((outcome.folder / "calibration.json").read_text(encoding="utf-8"))
    assert kept["source"]["serial"] == outcome.folder.parent.name
    assert kept["source"]["version"]
    legs = kept["result"]["legs"]
    assert kept["result"]["ranges"] == list(RANGES)
    assert [(leg["range"], leg["leg"]) for leg in legs[::2]] == [(full_scale, "source leg") for full_scale in RANGES]
    assert legs[2]["old"] == {"gain": 0, "offset": 0}
    assert abs(legs[2]["worst_before"]) > 40
    assert all(abs(leg["worst_after"]) < 1 for leg in legs)
    assert legs[0]["old"] == legs[2]["new"], "what is stored first holds in both ranges"
    assert any("delivered in the bench file" in note for note in outcome.result.notes)
    (order,) = (note for note in outcome.result.notes if note.startswith("Measured first was the range of 62.5 uA"))
    assert "errors before of the range of 250 uA are those with that correction" in order
    assert "Source calibration" in outcome.report.read_text(encoding="utf-8")


@pytest.mark.parametrize("brain", ["model", pytest.param("firmware", marks=pytest.mark.needs("simavr"))])
def test_a_multimeter_over_a_resistor_does_as_well(tmp_path: Path, brain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sink leg needs the resistor's other end at the supply. Also with the real firmware, which does the arithmetic."""
    monkeypatch.setattr(source_calibration, "FITTED", source_calibration.FITTED[::2])
    monkeypatch.setattr(source_calibration, "CHECKED", source_calibration.CHECKED[::2])
    plan = CalibrationPlan("source.1", "meter.1", ohms=10e3)
    bench = Path(bench_with(tmp_path, "keysight_34465a"))
    entry = 'driver = "arduino_source"\n'
    bench.write_text(bench.read_text("utf-8").replace(entry, f'{entry}simulate = "{brain}"\n'), encoding="utf-8")
    outcome, said = calibrated(tmp_path, plan, str(bench))
    assert "through 10 kohm to ground" in said[0]
    assert [("ground" in s, "+5 V" in s) for s in said[1:]] == [(False, True), (True, False)]
    for leg in outcome.result.legs:
        gain, offset = WRONG[leg.leg]
        assert abs(leg.line.gain - gain) < 3 * math.hypot(leg.line.gain_error, 5e-5)
        assert abs(leg.line.offset - offset) < 3 * leg.line.offset_error + 0.1
        assert leg.within


@contextmanager
def wrong_bench(bench: str, **bypass: Any) -> Iterator[tuple[Rig, SimulatedProcess]]:
    words = {"channel": "source.1", "meters": ["meter.1"], "ohms": 10e3, **bypass}
    with SimulatedProcess(Settings(bench, bypass=words)) as double, connect(load_bench(bench), double=double) as rig:
        yield rig, double


def refused(rig: Rig, double: SimulatedProcess, do: Callable[[str], None] = lambda what: None) -> str:
    plan = CalibrationPlan("source.1", "meter.1", ohms=10e3)
    with pytest.raises(BenchError) as caught:
        calibrate(plan, rig, done_by(do, double), lambda part, what: None)
    return str(caught.value)


def stored(rig: Rig, full_scale: float = 250e-6) -> tuple[str, set[Correction]]:
    corrections = rig.source("source").corrections  # type: ignore[attr-defined]  # the Arduino source has it
    return corrections.state(), set(corrections.read("1", full_scale).values())


BOTH = CalibrationPlan("source.1", "meter.1", ohms=10e3, both_ranges=True)
HAD = Correction(-3, 7)
UNTOUCHED = ("DEFAULT", {Correction()})


@pytest.mark.parametrize(
    ("legs", "told"),
    [
        ({"SOUR": (0.2, 0.0), "SINK": (1.0, 0.0)}, "Is the channel off the board and on this meter"),
        ({"SOUR": (0.9, 0.0), "SINK": (1.0, 0.0)}, "its firmware corrects 5 %"),
        ({"SOUR": (1.0, 0.0), "SINK": (-1.0, 0.0)}, "the right way round"),
    ],
)
def test_what_is_no_leg_of_this_source_is_refused(
    tmp_path: Path, legs: dict[str, tuple[float, float]], told: str
) -> None:
    with wrong_bench(bench_with(tmp_path, "keysight_34465a", legs)) as (rig, double):
        assert told in refused(rig, double)
        assert stored(rig) == UNTOUCHED


def test_a_source_that_runs_into_its_compliance_is_refused(tmp_path: Path) -> None:
    """It sags by a fifth at the voltage of the ammeter: a leg that is bent as by a resistor that is too large."""
    text = Path(bench_with(tmp_path, "keysight_34465a")).read_text(encoding="utf-8")
    short = re.sub(r'\["0.00025 A", "[^"]*"\]', '["0.000125 A", "0.000125 A"], ["0.00025 A", "0.000126 A"]', text)
    assert short != text
    (tmp_path / "bench.toml").write_text(short, encoding="utf-8")
    with wrong_bench(str(tmp_path / "bench.toml")) as (rig, double):
        assert "Does it run into its compliance" in refused(rig, double)
        assert stored(rig) == UNTOUCHED


def test_what_changes_between_the_sweeps_puts_the_old_calibration_back(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, "keysight_34465a")
    with wrong_bench(bench, drift=5e-9) as (rig, double):
        said = refused(rig, double)
        assert "with its new correction it is still off" in said
        assert "source.1, range of 250 uA: nothing was stored, its calibration is the one from before" in said
        assert stored(rig)[1] == {Correction()}
        assert stored(rig)[0] == "CHANGED"  # written and put back, never stored


def test_what_was_calibrated_before_is_calibrated_anew(tmp_path: Path) -> None:
    """The line is that of the leg, whatever correction is in force; a sound one is hardly changed."""
    plan = CalibrationPlan("source.1", "meter.1", ohms=10e3)
    with wrong_bench(bench_with(tmp_path, "keysight_34465a")) as (rig, double):
        do = done_by(lambda what: None, double)
        first, second = (calibrate(plan, rig, do, lambda part, what: None) for _ in range(2))
        assert stored(rig) == ("STORED", {leg.new for leg in second.legs})
    for before, after in zip(first.legs, second.legs, strict=True):
        assert after.old == before.new
        assert after.new.gain == pytest.approx(before.new.gain, abs=4)
        assert after.new.offset == pytest.approx(before.new.offset, abs=20)
        assert all(abs(p.off) < 1 for p in after.before)


def test_a_stop_between_the_sweeps_puts_the_old_calibration_back(tmp_path: Path) -> None:
    plan = CalibrationPlan("source.1", "meter.1", ohms=10e3)

    def stop(part: float, what: str) -> None:
        if part > 0.6:
            raise KeyboardInterrupt

    with wrong_bench(bench_with(tmp_path, "keysight_34465a")) as (rig, double):
        with pytest.raises(KeyboardInterrupt, match="nothing was stored, its calibration is the one from before"):
            calibrate(plan, rig, done_by(lambda what: None, double), stop)
        assert stored(rig)[1] == {Correction()}


def test_a_jumper_that_was_not_moved_is_noticed(tmp_path: Path) -> None:
    with wrong_bench(bench_with(tmp_path, "keysight_34465a", low="-40 uA")) as (rig, _):
        with pytest.raises(BenchError, match=r"jumper of channel 1 selects 250 uA, 62\.5 uA was expected"):
            calibrate(BOTH, rig, lambda what, message: None, lambda part, what: None)
        assert stored(rig) == UNTOUCHED


@pytest.mark.parametrize("before", ["DEFAULT", "STORED"])
def test_a_stop_in_the_second_range_says_that_the_first_is_stored(tmp_path: Path, before: str) -> None:
    """It stays stored; the second keeps what it had, or what came with the first if nothing was ever stored."""

    def stop(part: float, what: str) -> None:
        if part > 0.8:
            raise KeyboardInterrupt

    with wrong_bench(bench_with(tmp_path, "keysight_34465a")) as (rig, double):
        if before == "STORED":
            corrections = rig.source("source").corrections  # type: ignore[attr-defined]  # the Arduino source has it
            corrections.write("1", 250e-6, dict.fromkeys(WRONG, HAD), store=True)
        do = done_by(lambda what: None, double)
        with pytest.raises(KeyboardInterrupt) as stopped:
            calibrate(BOTH, rig, do, stop)
        do("Put the jumper on.", {"jumper": {"source.1": 62.5e-6}})
        new = stored(rig, 62.5e-6)[1]
        assert len(new) == 2
        do("Put the jumper off.", {"jumper": {"source.1": 250e-6}})
        assert stored(rig)[1] == ({HAD} if before == "STORED" else new)
    whose = "the one from before" if before == "STORED" else "that of the other range"
    assert re.search(
        r"source\.1, range of 62\.5 uA: its new calibration is stored and in force there; only its record is missing\. "
        r"source\.1, range of 250 uA: nothing was stored, "
        rf"its calibration is {whose} \(gain, offset: source leg [+-]\d+",
        str(stopped.value),
    )


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("jumper of source.1 on", "was just to be put on (quarter range)"),
        ("SINK", "is on (quarter range) now"),
        ("jumper of source.1 off", "was just to be put off (full range)"),
    ],
)
def test_a_stop_says_where_the_jumper_is_and_where_it_was(tmp_path: Path, when: str, told: str) -> None:
    def stop(what: str) -> None:
        if when in what or (when == "SINK" and "+5 V" in what):
            raise KeyboardInterrupt

    with (
        wrong_bench(bench_with(tmp_path, "keysight_34465a")) as (rig, double),
        pytest.raises(KeyboardInterrupt) as stopped,
    ):
        calibrate(BOTH, rig, done_by(stop, double), lambda part, what: None)
    assert str(stopped.value).endswith(
        f"The range jumper of source.1 {told}; at the beginning it was off (full range): leave it so."
    )


@pytest.mark.parametrize("before", ["DEFAULT", "STORED"])
def test_one_range_leaves_the_other_and_says_so(tmp_path: Path, before: str) -> None:
    with wrong_bench(bench_with(tmp_path, "keysight_34465a")) as (rig, double):
        if before == "STORED":
            corrections = rig.source("source").corrections  # type: ignore[attr-defined]  # the Arduino source has it
            corrections.write("1", 250e-6, dict.fromkeys(WRONG, HAD), store=True)
        do = done_by(lambda what: None, double)
        plan = CalibrationPlan("source.1", "meter.1", ohms=10e3)
        result = calibrate(plan, rig, do, lambda part, what: None)
        new = {leg.new for leg in result.legs}
        assert stored(rig) == ("STORED", new)
        do("Put the jumper on.", {"jumper": {"source.1": 62.5e-6}})
        assert stored(rig, 62.5e-6) == ("STORED", {HAD} if before == "STORED" else new)
    told = "keeps what it had" if before == "STORED" else "got the same, since nothing was stored before"
    assert result.ranges == [250e-6]
    assert any(note.startswith(f"The range of 62.5 uA {told}") for note in result.notes)


def test_a_firmware_with_one_calibration_for_both_ranges_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wrong_bench(bench_with(tmp_path, "keysight_34465a")) as (rig, double):
        monkeypatch.setattr(rig.source("source").corrections, "_contract", "1.1")  # type: ignore[attr-defined]
        do = done_by(lambda what: None, double)
        with pytest.raises(BenchError, match="has one calibration for both ranges"):
            calibrate(BOTH, rig, do, lambda part, what: None)
        result = calibrate(CalibrationPlan("source.1", "meter.1", ohms=10e3), rig, do, lambda part, what: None)
    assert any("62.5 uA got the same" in note for note in result.notes)


@pytest.mark.parametrize(
    ("plan", "wrong", "told"),
    [
        (CalibrationPlan("source.2", "meter.1"), ConfigError, "wires no port to it, only to source.1"),
        (CalibrationPlan("source.1", "scope.3"), ConfigError, "with a source-meter"),
        (CalibrationPlan("source.1", "metre.1"), ConfigError, "Did you mean 'meter.1'"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_played(
    tmp_path: Path, plan: CalibrationPlan, wrong: type[Exception], told: str
) -> None:
    bench = load_bench(bench_with(tmp_path, "keysight_34465a"))
    assert channels_of(bench) == ["source.1"]
    with pytest.raises(wrong, match=told):
        check_calibration(plan, bench)


def test_limits_that_leave_too_little_and_a_missing_resistor_are_told(tmp_path: Path) -> None:
    narrow = load_bench(bench_with(tmp_path, "keysight_34465a", low="-10 uA"))
    with pytest.raises(LimitError, match=r"-10 uA leaves 163 of the 4096 steps of the sink leg"):
        check_calibration(CalibrationPlan("source.1", "meter.1", ohms=10e3), narrow)
    dmm = load_bench(bench_with(tmp_path, "keysight_34465a"))
    with pytest.raises(ConfigError, match="name the resistance"):
        check_calibration(CalibrationPlan("source.1", "meter.1"), dmm)
    for ohms in (0.0, -10e3):
        with pytest.raises(ConfigError, match="a resistance is above 0"):
            check_calibration(CalibrationPlan("source.1", "meter.1", ohms=ohms), dmm)


@pytest.mark.parametrize("ohms", [13.7e3, 1e6])
@pytest.mark.parametrize("both", [False, True])
def test_a_resistor_beyond_the_compliance_is_refused_with_the_largest_that_would_do(
    tmp_path: Path, ohms: float, both: bool
) -> None:
    bench = load_bench(bench_with(tmp_path, "keysight_34465a"))
    with pytest.raises(LimitError, match=r"a source drives 3\.4 V\. Take at most 13\.6 kohm"):
        check_calibration(CalibrationPlan("source.1", "meter.1", ohms=ohms, both_ranges=both), bench)
    check_calibration(CalibrationPlan("source.1", "meter.1", ohms=13.6e3, both_ranges=both), bench)


def test_a_source_meter_takes_no_resistor(tmp_path: Path) -> None:
    bench = load_bench(bench_with(tmp_path, "keithley_2450"))
    with pytest.raises(ConfigError, match=r"--resistor: meter\.1 is itself what the source works into"):
        check_calibration(CalibrationPlan("source.1", "meter.1", ohms=10e3), bench)


@given(gain=st.floats(0.96, 1.045), offset=st.floats(-31.0, 31.0))
def test_a_correction_makes_every_code_right_to_half_a_step(gain: float, offset: float) -> None:
    """From a line that is known exactly; steps of the converter are `gain` of nominal."""
    codes = np.arange(100.0, 4000.0, 300.0)
    line = leg_line(codes, gain * codes + offset, np.full(len(codes), 0.02))
    correction = correction_of(line)
    assert correction.possible
    nominal = np.arange(64, correction.highest + 1)
    delivered = gain * np.array([correction(int(c)) for c in nominal]) + offset
    assert np.abs(delivered - nominal).max() <= 0.5 * gain + 0.02


def test_errors_of_the_line_are_those_of_repeated_measurements() -> None:
    random, codes = np.random.default_rng(1), np.linspace(64, 4095, 11)
    errors = np.geomspace(0.05, 0.5, 11)
    lines = [leg_line(codes, 1.01 * codes - 3 + errors * random.standard_normal(11), errors) for _ in range(400)]
    assert np.std([line.gain for line in lines]) == pytest.approx(np.mean([n.gain_error for n in lines]), rel=0.25)
    assert np.std([n.offset for n in lines]) == pytest.approx(np.mean([n.offset_error for n in lines]), rel=0.25)
    with pytest.raises(ValueError, match="three codes"):
        leg_line(np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.ones(2))
