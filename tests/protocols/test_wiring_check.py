"""A wiring check finds the wrong wire: one bench file is simulated, another one is checked against it."""

import json
from pathlib import Path
from typing import Any

import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.connection import connect
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings
from neurorig.protocols import Request, Result, check_protocol, execute, get_protocol, run_protocol
from neurorig.protocols.request import opening
from neurorig.records import Run, RunWriter
from neurorig.signals import BenchError, ConfigError, LimitError

TWO = """
schema = 1
title = "Two neurons"
board = "motif_delta_inhibition"

[instruments.source]
driver = "arduino_source"
resource = "serial:///dev/ttyACM0"

[instruments.scope]
driver = "rigol_ds1000z"
resource = "tcp://192.168.1.50:5555"

[limits."n1.i0"]
low = "0 uA"
high = "100 uA"

[limits."n2.i0"]
low = "0 uA"
high = "100 uA"

[ports."n1.i0"]
channel = "source.1"

[ports."n2.i0"]
channel = "source.2"

[nodes."n1.v_m"]
channel = "scope.1"
sense = { kind = "direct", probe = "1 Gohm" }

[nodes."n2.v_m"]
channel = "scope.2"
sense = { kind = "direct", probe = "1 Gohm" }

[marker]
source = "source.sync"
channel = "scope.4"
"""


def published(folder: Path, *changes: tuple[str, str], name: str = "table.toml") -> str:
    """The published bench with some wires changed."""
    return rewired(folder, load_bench().path.read_text(encoding="utf-8"), *changes, name=name)


def rewired(folder: Path, text: str, *changes: tuple[str, str], name: str) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def check(folder: Path, table: str = "", bench: str = "wu2025_bump", **parameters: Any) -> Result:
    """The check of `bench` while what stands on the table is wired as `table`."""
    checked = load_bench(bench)
    protocol = get_protocol("wiring_check").make(parameters).on(checked)
    check_protocol(protocol, checked)
    head = opening(protocol, checked, Request("wiring_check", bench=bench, simulate=True))
    with (
        SimulatedProcess(Settings(table or bench, seed=3)) as double,
        RunWriter.create(folder / "runs", head) as writer,
        connect(checked, double=double) as rig,
    ):
        result = run_protocol(protocol, rig, writer).result
    assert result is not None
    return result


def answers(outcome: Result, step: float | None = None, role: str = "nudge") -> dict[str, str]:
    """By node, what it did at the first (or this) step."""
    seen = [s for s in outcome.values["seen"] if s["role"] == role]
    wanted = seen[0]["step"] if step is None else step
    return {s["node"]: s["answer"] for s in seen if s["step"] == pytest.approx(wanted)}


def test_a_bench_that_is_wired_as_its_file_says(tmp_path: Path) -> None:
    told = execute(Request("wiring_check", simulate=True, out=tmp_path / "runs"))
    outcome = Result(told.results)
    assert outcome.values["right"] is True
    assert outcome.values["findings"] == []
    assert answers(outcome) == {"n1.v_ap": "right", "s11.i_out": "still", "n1.i0": "right"}
    assert answers(outcome, -5e-6) == answers(outcome)
    by_node = {s["node"]: s for s in outcome.values["seen"] if s["step"] > 0}
    assert by_node["n1.i0"]["found"] == pytest.approx(5e-6, abs=4 * by_node["n1.i0"]["error"])
    assert by_node["n1.v_ap"]["found"] == pytest.approx(5e-6 * 2e3, abs=4 * by_node["n1.v_ap"]["error"])  # I times R_a
    assert any("Not proven: s11.i_out" in note and "--fire" in note for note in told.notes)
    assert Run.open(told.run).status == told.status == "done"
    assert "Wiring check" in told.report.read_text(encoding="utf-8")
    json.dumps(told.as_json())


def test_with_spikes_every_channel_is_reached(tmp_path: Path) -> None:
    outcome = check(tmp_path, fire=True)
    assert outcome.values["right"] is True
    assert set(answers(outcome, role="fire").values()) == {"right"}
    assert not any("Not proven" in note for note in outcome.notes)


def test_exchanged_scope_channels(tmp_path: Path) -> None:
    table = published(tmp_path, ('"scope.2"', '"scope.9"'), ('"scope.3"', '"scope.2"'), ('"scope.9"', '"scope.3"'))
    outcome = check(tmp_path, table)
    assert outcome.values["right"] is False
    assert answers(outcome) == {"n1.v_ap": "right", "s11.i_out": "moved", "n1.i0": "no signal"}
    (finding,) = outcome.values["findings"]
    assert "scope.3 and scope.2 seem to be exchanged" in finding
    assert "Exchange the probes" in finding


def test_a_probe_that_is_set_to_x1_where_the_file_says_x10(tmp_path: Path) -> None:
    table = published(tmp_path, ("attenuation = 10", "attenuation = 1"))
    outcome = check(tmp_path, table)
    assert answers(outcome) == {"n1.v_ap": "wrong size", "s11.i_out": "still", "n1.i0": "right"}
    (finding,) = outcome.values["findings"]
    assert "n1.v_ap (scope.1)" in finding
    assert "set to x1, the bench file says x10" in finding


def test_a_dead_channel(tmp_path: Path) -> None:
    text = load_bench().path.read_text(encoding="utf-8")
    start = text.index('[nodes."n1.i0"]')
    table = rewired(tmp_path, text, (text[start : text.index("# The source's SYNC OUT")], ""), name="table.toml")
    outcome = check(tmp_path, table)
    assert answers(outcome)["n1.i0"] == "no signal"
    (finding,) = outcome.values["findings"]
    assert "n1.i0 (scope.3): no signal" in finding
    assert "Check that the probe is on" in finding


def test_another_resistor_under_the_probe(tmp_path: Path) -> None:
    table = published(tmp_path, ('"across", resistance = "10 kohm"', '"across", resistance = "4.7 kohm"'))
    (finding,) = check(tmp_path, table).values["findings"]
    assert "A resistor of 4.7" in finding
    assert "the bench file says 10 kohm" in finding


def test_the_leads_of_a_differential_probe_turned_round(tmp_path: Path) -> None:
    table = published(tmp_path, ('probe = "10 Mohm", gain_error = "0.2 %"', 'probe = "10 Mohm", gain = -1'))
    (finding,) = check(tmp_path, table).values["findings"]
    assert "the wrong sign" in finding
    assert "gain = -1" in finding


def test_the_source_in_the_other_socket(tmp_path: Path) -> None:
    table = published(tmp_path, ('channel = "source.1"', 'channel = "source.2"'))
    outcome = check(tmp_path, table)
    (finding,) = outcome.values["findings"]
    assert "nothing moved" in finding
    assert "check the lead from source.1 to n1.i0" in finding


def test_a_source_that_feeds_the_other_neuron(tmp_path: Path) -> None:
    bench = rewired(tmp_path, TWO, name="bench.toml")
    assert check(tmp_path, bench=bench).values["right"] is True
    table = rewired(
        tmp_path, TWO, ("source.1", "source.9"), ("source.2", "source.1"), ("source.9", "source.2"), name="table.toml"
    )
    outcome = check(tmp_path, table, bench)
    assert outcome.values["right"] is False
    assert "source.1 feeds n2" in outcome.values["findings"][0]
    assert "source.2 feeds n1" in outcome.values["findings"][1]


def test_a_marker_on_another_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing triggers the oscilloscope: the run ends and says which line to look at."""
    monkeypatch.setattr("neurorig.protocols.runner.GRACE", 0.5)
    table = published(tmp_path, ('"scope.2"', '"scope.9"'), ('"scope.4"', '"scope.2"'), ('"scope.9"', '"scope.4"'))
    with pytest.raises(BenchError, match="check the line from the source's SYNC OUT"):
        check(tmp_path, table)


def test_a_zero_offset_is_measured_and_suggested(tmp_path: Path) -> None:
    table = published(tmp_path, ('gain_error = "0.5 %"', 'gain_error = "0.5 %", zero = "8.3 mV"'))
    outcome = check(tmp_path, table)
    zero = outcome.values["zeros"]["s11.i_out"]
    assert zero["zero"] == pytest.approx(8.3e-3, abs=4 * zero["zero_error"])
    assert zero["offset"] == pytest.approx(0.83e-6, rel=0.05)
    assert outcome.values["right"] is True
    assert any("s11.i_out: at zero current it stands" in n and 'Write zero = "8.' in n for n in outcome.notes)


@pytest.mark.parametrize(("step", "wrong"), [("20 uA", LimitError), ("-5 uA", ConfigError), ("5 mV", ConfigError)])
def test_a_nudge_never_makes_spikes(step: str, wrong: type[Exception]) -> None:
    bench = load_bench()
    with pytest.raises(wrong, match=r"0\.3 I_min|greater than 0|current such as"):
        check_protocol(get_protocol("wiring_check").make({"step": step}).on(bench), bench)


def test_a_port_that_may_not_sink_is_only_pushed(tmp_path: Path) -> None:
    bench = load_bench(rewired(tmp_path, TWO, name="bench.toml"))
    protocol = get_protocol("wiring_check").make().on(bench)
    context_of = check_protocol(protocol, bench)
    assert [s.params["step"] for s in protocol.sweeps(bench.board, context_of)] == [5e-6, 5e-6]


def test_a_port_with_a_lower_limit_is_nudged_less(tmp_path: Path) -> None:
    bench = load_bench(rewired(tmp_path, TWO, ('high = "100 uA"', 'high = "2 uA"'), name="bench.toml"))
    protocol = get_protocol("wiring_check").make().on(bench)
    context_of = check_protocol(protocol, bench)
    assert [s.params["step"] for s in protocol.sweeps(bench.board, context_of)] == [2e-6, 2e-6]


def test_a_table_with_other_instruments_is_refused_in_words(tmp_path: Path) -> None:
    text = load_bench().path.read_text(encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text(text.replace("instruments.scope", "instruments.daq").replace('"scope.', '"daq.'), encoding="utf-8")
    with pytest.raises(ConfigError, match="has no instrument 'scope', only source, daq"):
        execute(Request("wiring_check", {}, str(load_bench().path), simulate=True, out=tmp_path, wired_as=str(other)))
