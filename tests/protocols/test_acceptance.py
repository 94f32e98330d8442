"""A simulated source with known faults is accepted: the figures found are those that were put in, within their errors."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from neurorig.instruments import connect, load_bench
from neurorig.instruments.bench_writer import rewrite, with_delivered
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings
from neurorig.protocols.accept import AcceptOutcome, AcceptRequest, accept, delivered_rows
from neurorig.protocols.acceptance import AcceptancePlan, check_acceptance, measure
from neurorig.protocols.acceptance_result import needs_of
from neurorig.signals import BenchError, ConfigError, LimitError

FAULTS = {"noise": 20e-9, "ripple": 50e-9, "sag": 0.016, "settling": 5e-6, "drift": 0.2e-9}
SMU = """
[instruments.smu]
driver = "keithley_2450"
resource = "tcp://192.168.1.51:5025"

[instruments.source]
"""


def with_smu(folder: Path) -> str:
    text = load_bench().path.read_text(encoding="utf-8")
    file = folder / "bench.toml"
    file.write_text(text.replace("\n[instruments.source]\n", SMU), encoding="utf-8")
    return str(file)


def accepted(folder: Path, plan: AcceptancePlan, bench: str = "wu2025_bump", **more: Any) -> AcceptOutcome:
    done: list[str] = []
    request = AcceptRequest(plan, bench, simulate=True, seed=4, out=folder / "sources", **more)
    outcome = accept(request, lambda what, ohms: done.append(f"{what} {ohms:g}"), lambda part, what: None)
    assert "off the board" in done[0]
    assert len(done) == max(1, len(plan.resistors))
    return outcome


@pytest.fixture(scope="module")
def by_scope(tmp_path_factory: pytest.TempPathFactory) -> AcceptOutcome:
    plan = AcceptancePlan("source.1", (10e3, 33e3, 68e3), "scope.3", resistor_error=1e-4, drift=60.0)
    return accepted(tmp_path_factory.mktemp("scope"), plan, needs="bursting", simulated=FAULTS)


@pytest.fixture(scope="module")
def by_smu(tmp_path_factory: pytest.TempPathFactory) -> AcceptOutcome:
    folder = tmp_path_factory.mktemp("smu")
    return accepted(folder, AcceptancePlan("source.1", (), "smu.1", drift=10.0), with_smu(folder), simulated=FAULTS)


BEHIND = (1 + 0.016 * 44.97e-6 * 10e3) ** -2
"""What is left of a small change of a sagging source in a resistor of 10 kohm."""


@pytest.mark.parametrize(
    ("figure", "put_in"),
    [
        ("noise", 20e-9 * BEHIND),
        ("line", 50e-9 * BEHIND),
        ("line_50_Hz", 50e-9 * BEHIND),
        ("line_60_Hz", 0.0),
        ("drift", 0.2e-9 * 600 * BEHIND),
        ("sag_per_volt", 0.016),
        ("sag", 0.016 * 3 * 44.97e-6),
    ],
)
def test_a_scope_finds_what_was_put_in(by_scope: AcceptOutcome, figure: str, put_in: float) -> None:
    found = by_scope.result.figures[figure]
    assert found.value == pytest.approx(put_in, abs=3 * found.error)
    assert found.error < max(0.25 * put_in, 1e-9)


def test_a_step_settles_as_slowly_as_the_source(by_scope: AcceptOutcome) -> None:
    """5 us of time constant: 2 % after 19.6 us; the noise of the record is within the band."""
    assert by_scope.result.figures["step"].value == pytest.approx(19.6e-6, abs=3e-6)


@pytest.mark.parametrize("by", ["by_scope", "by_smu"])
def test_the_delivered_currents_are_those_of_the_bench_file(by: str, request: pytest.FixtureRequest) -> None:
    outcome: AcceptOutcome = request.getfixturevalue(by)
    truth = load_bench().port("n1.i0").delivered
    drift_until_then = 0.2e-9 * 60
    for commanded, delivered, error, _ in outcome.result.table:
        off = delivered - float(truth(commanded))
        assert abs(off) < 3 * error + drift_until_then, f"{commanded}: off by {off}"


def test_both_legs_are_measured_and_the_range_is_that_of_the_port(by_smu: AcceptOutcome) -> None:
    commanded = [row[0] for row in by_smu.result.table]
    assert commanded[0] == pytest.approx(-30e-6)
    assert commanded[-1] == pytest.approx(250e-6 * 4095 / 4096)


def test_into_a_resistor_to_ground_nothing_negative_is_asked_for(by_scope: AcceptOutcome) -> None:
    """The sink leg cannot pull below ground (PROTOCOL.md, section 13): what would be found is no error of the source."""
    assert by_scope.result.table[0][0] == 0.0
    assert "Only the source leg was measured" in by_scope.result.notes[0]


def test_a_source_meter_as_the_load_finds_the_sag(by_smu: AcceptOutcome) -> None:
    found = by_smu.result.figures["sag_per_volt"]
    assert found.value == pytest.approx(0.016, abs=3 * found.error)
    assert found.error < 1e-3
    noise = by_smu.result.figures["noise"]
    assert not noise.known
    assert "needs an oscilloscope" in noise.note


def test_a_bursting_neuron_refuses_this_source(by_scope: AcceptOutcome) -> None:
    assert by_scope.result.accepted is False
    assert by_scope.result.passed == dict.fromkeys(("noise", "line", "sag", "drift"), False) | {
        "step": by_scope.result.passed["step"]
    }


def test_it_is_kept_under_the_serial_number_of_the_source(by_scope: AcceptOutcome) -> None:
    kept = json.loads((by_scope.folder / "acceptance.json").read_text(encoding="utf-8"))
    assert kept["source"]["serial"] == by_scope.folder.parent.name
    assert kept["result"]["figures"]["noise"]["value"] == by_scope.result.figures["noise"].value
    assert kept["simulated"] is True
    page = by_scope.report.read_text(encoding="utf-8")
    assert "Source acceptance" in page
    assert "not measured" not in page


def test_a_good_source_is_good_enough_for_bursting(tmp_path: Path) -> None:
    bench = with_smu(tmp_path)
    outcome = accepted(tmp_path, AcceptancePlan("source.1", (10e3,), "scope.3", drift=20.0), bench, needs="bump")
    assert outcome.result.passed | {"sag": None} == {
        "noise": True,
        "line": True,
        "sag": None,
        "drift": True,
        "step": True,
    }
    assert outcome.result.accepted is None  # the sag needs more than one resistor
    assert any("several resistors" in note for note in outcome.result.notes)


def test_another_resistor_than_the_one_that_was_named_is_recognised(tmp_path: Path) -> None:
    """The person forgot to change it: in the simulated bench, the witness is asked for nothing."""
    plan = AcceptancePlan("source.1", (12e3,), "scope.3")
    bench = load_bench()
    settings = Settings("wu2025_bump", bypass={"channel": "source.1", "meters": ["scope.3"], "ohms": 10e3})
    with (
        SimulatedProcess(settings) as double,
        connect(bench, double=double) as rig,
        pytest.raises(BenchError, match=r"show 10 kohm instead of 12 kohm at scope\.3"),
    ):
        measure(plan, rig, lambda what, ohms: None, lambda part, what: None)


@pytest.mark.parametrize(
    ("plan", "wrong", "told"),
    [
        (AcceptancePlan("source.2", (10e3,), "scope.3"), ConfigError, "wires no port to it, only to source.1"),
        (AcceptancePlan("source.1", (), "scope.3"), ConfigError, "name the resistance"),
        (AcceptancePlan("source.1", (10e3,), "scope.4"), ConfigError, "where the marker arrives"),
        (AcceptancePlan("source.1", (10e3,), "scop.3"), ConfigError, "Did you mean 'scope.3'"),
        (AcceptancePlan("source.1", (10e3,), "source.2"), ConfigError, "measures nothing"),
        (AcceptancePlan("source.1", (1e6,), "scope.3"), LimitError, "Take a smaller resistor"),
        (AcceptancePlan("source.1", (0.0,), "scope.3"), ConfigError, "--resistor 0 ohm: a resistance is above 0"),
        (
            AcceptancePlan("source.1", (10e3, -10e3), "scope.3"),
            ConfigError,
            "--resistor -10 kohm: a resistance is above 0",
        ),
        (
            AcceptancePlan("source.1", (10e3, 68e3, 10.2e3), "scope.3"),
            ConfigError,
            "10 kohm and 10.2 kohm are too much alike",
        ),
        (
            AcceptancePlan("source.1", (10e3,), "scope.3", drift=-5.0),
            ConfigError,
            "--drift -5 s: a time is 0 s or more",
        ),
        (
            AcceptancePlan("source.1", (10e3,), "scope.3", working=300e-6),
            LimitError,
            "--at 300 uA: must lie from 5 uA to 250 uA",
        ),
        (AcceptancePlan("source.1", (10e3,), "scope.3", working=-5e-6), LimitError, "--at -5 uA: must lie from 5 uA"),
        (
            AcceptancePlan("source.1", (10e3, 68e3), "scope.3", working=60e-6),
            LimitError,
            "to 50 uA, .* over 68 kohm leave",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_played(
    plan: AcceptancePlan, wrong: type[Exception], told: str
) -> None:
    with pytest.raises(wrong, match=told):
        check_acceptance(plan, load_bench())


def test_a_current_that_nobody_named_gives_way_to_the_limits() -> None:
    assert check_acceptance(AcceptancePlan("source.1", (100e3,), "scope.3"), load_bench()) == (
        0.0,
        pytest.approx(34e-6),
    )


def test_a_source_meter_takes_no_resistor(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--resistor: smu\.1 is itself what the source works into"):
        check_acceptance(AcceptancePlan("source.1", (10e3,), "smu.1"), load_bench(with_smu(tmp_path)))


def test_needs_are_declared_by_protocols() -> None:
    assert needs_of("bursting").noise == 10e-9
    assert needs_of("rheobase").noise == 20e-9
    with pytest.raises(ConfigError, match="Did you mean 'bump'"):
        needs_of("bmp")


def test_the_table_is_written_into_the_bench_file_and_the_old_one_is_kept(
    by_smu: AcceptOutcome, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    before = load_bench().path.read_text(encoding="utf-8")
    file.write_text(before, encoding="utf-8")
    old, new = with_delivered(file, "n1.i0", delivered_rows(by_smu.result))
    assert old == before
    copy = rewrite(file, new)
    assert copy.read_text(encoding="utf-8") == before
    text = file.read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#")
    ]
    rows = tomllib.loads(text)["ports"]["n1.i0"]["delivered"]
    assert len(rows) == len(by_smu.result.table)
    delivered = load_bench(file).port("n1.i0").delivered
    assert float(delivered(45e-6)) == pytest.approx(44.97e-6, abs=0.2e-6)
    assert rewrite(file, new) != copy  # no copy is overwritten


def test_a_shipped_bench_stays_as_it_is() -> None:
    with pytest.raises(ConfigError, match="Copy it, and use the copy"):
        rewrite(load_bench().path, "")


def test_a_multimeter_over_the_resistor_measures_accuracy_and_drift(tmp_path: Path) -> None:
    text = load_bench().path.read_text(encoding="utf-8")
    dmm = '\n[instruments.dmm]\ndriver = "keysight_34465a"\nresource = "tcp://192.168.1.52:5025"\n\n[instruments.source]\n'
    file = tmp_path / "bench.toml"
    file.write_text(text.replace("\n[instruments.source]\n", dmm), encoding="utf-8")
    faults = {"drift": 2e-9}
    outcome = accepted(tmp_path, AcceptancePlan("source.1", (10e3,), "dmm.1", drift=5.0), str(file), simulated=faults)
    truth = load_bench().port("n1.i0").delivered
    for commanded, delivered, error, _ in outcome.result.table:
        assert abs(delivered - float(truth(commanded))) < 3 * error + 2e-9 * 60, f"at {commanded}"
        assert error < 2e-3 * abs(commanded) + 5e-9
    drift = outcome.result.figures["drift"]
    assert drift.value == pytest.approx(2e-9 * 600, abs=3 * drift.error)
    assert drift.error < 0.15 * drift.value
    assert "needs an oscilloscope" in outcome.result.figures["step"].note
