"""Benches drawn, checked for all their mistakes, and made by questions."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.bench_check import problems
from neurorig.instruments.bench_questions import ask_bench
from neurorig.instruments.bench_writer import Draft
from neurorig.instruments.discovery import Found
from neurorig.instruments.drivers import DRIVERS, DriverEntry
from neurorig.instruments.picture import ASCII, draw, remarks
from neurorig.instruments.roles import Identity
from neurorig.signals import ConfigError

T = TypeVar("T")

SCOPE = Found("tcp://10.0.0.17:5555", Identity("RIGOL TECHNOLOGIES", "DS1104Z", "DS1ZA000000001", "1"), "rigol_ds1000z")
SOURCE = Found("serial:///dev/ttyNONE", Identity("neurorig", "ARDUINO-SOURCE-2", "NR-0042", "1"), "arduino_source")


class Person:
    """Answers by a word of the question, else takes the default; asked again after a wrong answer, takes the next one."""

    def __init__(self, **answers: str | list[str]) -> None:
        self.answers = {k.replace("_", " "): [v] if isinstance(v, str) else list(v) for k, v in answers.items()}
        self.asked: list[str] = []
        self.told: list[str] = []

    def __call__(self, question: str, default: str, accept: Callable[[str], T]) -> T:
        for _ in range(5):
            self.asked.append(question)
            waiting = next((a for word, a in self.answers.items() if word in question and a), None)
            try:
                return accept(waiting.pop(0) if waiting else default)
            except ConfigError as reason:
                self.told.append(str(reason))
        raise AssertionError(f"'{question}' takes no answer: {self.told}")


# Made by questions.


def test_the_defaults_make_a_bench_that_loads_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "made.toml"
    ask_bench(file, [SOURCE, SCOPE], Person()).save()
    bench = load_bench(file)
    assert bench.board.name == "wu2025_bump"
    assert bench.ports["n1.i0"].high == pytest.approx(250e-6)
    assert list(bench.nodes) == ["n1.v_ap", "s11.i_out", "n1.i0"]
    assert bench.nodes["n1.v_ap"].sense.attenuation == 10
    assert bench.marker.channel == "4"
    assert bench.instruments["scope"].serial_number == "DS1ZA000000001"
    assert "# What may never be exceeded" in file.read_text(encoding="utf-8")


def test_an_answer_is_checked_at_once_and_asked_again(tmp_path: Path) -> None:
    person = Person(drives_which_port=["n1.i1", "n1.i0"], Most_current=["90 uV", "-5 uA", "90 uA"])
    bench = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], person).bench()
    assert bench.ports["n1.i0"].high == pytest.approx(90e-6)
    assert "no such port" in person.told[0]
    assert "'90 uV' is not a current" in person.told[1]
    assert "must allow 0 A" in person.told[2]


def test_the_range_of_the_jumper_bounds_the_proposed_limit(tmp_path: Path) -> None:
    bench = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], Person(Range_that="62.5 uA")).bench()
    assert bench.ports["n1.i0"].high == bench.ports["n1.i0"].full_scale == pytest.approx(62.5e-6)


def test_how_a_current_is_sensed_is_asked_with_resistor_probe_and_screen(tmp_path: Path) -> None:
    person = Person(
        sensed_how=["open", "across"], Resistor="4.7 kohm", Factor=["10", "x1", "7", "1"], must_fit=["0 V .. 3 V", "-1uA..26uA"],
    )  # fmt: skip
    bench = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], person).bench()
    sense = bench.nodes["s11.i_out"].sense
    assert (sense.kind, sense.resistance, sense.attenuation) == ("across", 4700.0, 1.0)
    assert bench.nodes["s11.i_out"].high == pytest.approx(26e-6)
    assert any("off the membrane" in t for t in person.told)
    assert any("7 is not one that scope can be set to" in t for t in person.told)


def test_one_node_is_looked_at_once_and_a_channel_may_be_left_free(tmp_path: Path) -> None:
    person = Person(**{"scope.1 looks": "n1.v_m", "scope.2 looks": ["n1.v_m", "-"], "scope.3 looks": "-"})
    bench = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], person).bench()
    assert list(bench.nodes) == ["n1.v_m"]
    assert any("looked at already" in t for t in person.told)


def test_without_a_marker_every_channel_is_free(tmp_path: Path) -> None:
    draft = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], Person(**{"SYNC OUT": "-", "scope.4 looks": "n1.v_m"}))
    assert draft.bench().marker_or_none is None
    assert "n1.v_m" in draft.bench().nodes


def test_a_bench_can_be_planned_without_any_instrument(tmp_path: Path) -> None:
    draft = ask_bench(tmp_path / "plan.toml", [], Person(), planned=("arduino_source", "rigol_ds1000z"))
    assert {e.driver for e in draft.bench().instruments.values()} == {"arduino_source", "rigol_ds1000z"}


def test_a_found_instrument_can_be_left_out_and_accepted_with_any_serial_number(tmp_path: Path) -> None:
    person = Person(**{"Name of neurorig": "-", "Accept only": "no"})
    bench = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], person).bench()
    assert bench.instruments.keys() == {"scope"}
    assert bench.instruments["scope"].serial_number is None


def test_a_spike_output_can_go_to_the_comparator(tmp_path: Path) -> None:
    person = Person(SPIKE_IN=["n1.v_m", "n1.v_ap"])
    bench = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], person).bench()
    assert bench.comparators == {"source.1": "n1.v_ap"}
    assert "no spike output" in person.told[0]


def test_a_bench_needs_an_instrument_and_boards_are_listed_when_asked(tmp_path: Path) -> None:
    person = Person(Another=["-", "?", "rigol", "rigol_ds1000z"], Board=["?", "wu2025_bumb", "wu2025_neuron"])
    bench = ask_bench(tmp_path / "made.toml", [], person).bench()
    assert bench.board.name == "wu2025_neuron"
    assert person.told[0] == "A bench needs an instrument."
    assert "arduino_source " in person.told[1]
    assert "Did you mean 'rigol_d" in person.told[2]
    assert "wu2025_fig9b" in person.told[3]


def test_the_nodes_of_a_large_board_are_listed_when_asked(tmp_path: Path) -> None:
    person = Person(**{"Board": "wu2025_fig16", "scope.1 looks": ["?", "n1.v_ap"]})
    ask_bench(tmp_path / "large.toml", [SOURCE, SCOPE], person)
    assert "?: their names" in next(q for q in person.asked if "scope.1 looks" in q)
    assert "n2.v_ap" in person.told[0]


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="never overwritten"):
        Draft(file, "other").save()
    assert file.read_text(encoding="utf-8") == "mine"


def test_what_is_refused_leaves_the_draft_as_it_was(tmp_path: Path) -> None:
    draft = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], Person())
    before = draft.text()
    with pytest.raises(ConfigError, match="already wired"):
        draft.place({("nodes", "n1.v_m"): {"channel": "scope.1", "sense": {"kind": "direct"}}})
    assert draft.text() == before


def entry(name: str, role: str, channels: tuple[str, ...]) -> DriverEntry:
    """A driver of this role, of which only the registry's line is needed."""
    return DriverEntry(name, role, f"a {role}", channels, ".none", "None", "ACME/.*", "", "", "")


@pytest.fixture
def cupboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """One instrument of each role that the dialogue treats in its own way."""
    for name, role, channels in (
        ("a_source_meter", "SourceMeter", ("a", "b")), ("a_supply", "PowerSupply", ("1", "2")),
        ("a_generator", "VoltageSource", ("1", "2")), ("a_multimeter", "Multimeter", ("in",)),
    ):  # fmt: skip
        monkeypatch.setitem(DRIVERS, name, entry(name, role, channels))


@pytest.mark.usefixtures("cupboard")
def test_leads_are_asked_with_what_must_never_be_exceeded_there(tmp_path: Path) -> None:
    person = Person(**{"smu.a touch": ["10 kOm", "10 kohm"], "smu.b touch": "-", "Most volts": ["0 V", "2 V"]})
    bench = ask_bench(tmp_path / "smu.toml", [], person, planned=("a_source_meter",)).bench()
    (leads,) = bench.terminals.values()
    assert (leads.channel, leads.device, leads.voltage, leads.current) == ("a", 10e3, 2.0, 1e-3)
    assert bench.board_or_none is None
    assert len(person.told) == 2
    assert "10 kohm, never beyond 2 V and 1 mA" in draw(bench)


@pytest.mark.usefixtures("cupboard")
def test_a_generator_needs_the_transconductance_of_its_converter(tmp_path: Path) -> None:
    bench = ask_bench(
        tmp_path / "generator.toml", [SCOPE], Person(per_volt=["50 uA", "20 uA/V"]), planned=("a_generator",)
    ).bench()
    converter = bench.ports["n1.i0"].transconductance
    assert converter is not None
    assert converter.gain == pytest.approx(20e-6)
    assert "20 uA/V" in draw(bench)


@pytest.mark.usefixtures("cupboard")
def test_supply_and_multimeter_are_wired_to_the_board(tmp_path: Path) -> None:
    person = Person(**{"V+": "supply.2", "meter.in touch": "n1.v_m", "current limit": "50 mA"})
    bench = ask_bench(tmp_path / "all.toml", [SOURCE, SCOPE], person, planned=("a_supply", "a_multimeter")).bench()
    assert bench.supply is not None
    assert (bench.supply.channel, bench.supply.current_limit) == ("2", 0.05)
    assert bench.terminals["meter.in"].node == "n1.v_m"
    picture = draw(bench)
    assert "5 V, at most 50 mA" in picture
    assert "V+ of the board" in picture


# All mistakes at once.

SHIPPED = load_bench().path.read_text(encoding="utf-8")


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    text = SHIPPED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "bench.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_bench_has_no_mistake() -> None:
    wrong, bench = problems(load_bench().path)
    assert wrong == []
    assert bench is not None
    assert bench.ports.keys() == load_bench().ports.keys()


def test_every_mistake_is_told_not_only_the_first(tmp_path: Path) -> None:
    file = written(
        tmp_path, ('[ports."n1.i0"]', '[ports."n1.i1"]'), ('channel = "scope.2"', 'channel = "scope.7"'),
        ('source = "source.sync"', 'source = "source.synk"'), ('"source.1" = "n1.v_ap"', '"source.1" = "n1.v_m"'),
    )  # fmt: skip
    wrong, bench = problems(file)
    for place, what in (
        ("ports", "no such port"),
        ("nodes", "no channel '7'"),
        ("marker", "synk"),
        ("comparators", "n1.v_m"),
    ):
        assert any(place in w and what in w for w in wrong), (place, wrong)
    assert len(wrong) == 4
    assert bench is not None
    assert list(bench.nodes) == ["n1.v_ap", "n1.i0"]


def test_wires_to_an_instrument_that_is_wrong_are_no_second_mistake(tmp_path: Path) -> None:
    wrong, _ = problems(written(tmp_path, ("rigol_ds1000z", "rigol_ds1000y")))
    assert len(wrong) == 1
    assert "Did you mean 'rigol_ds1000z'" in wrong[0]


def test_a_channel_wired_twice_is_told_once(tmp_path: Path) -> None:
    (wrong,), _ = problems(written(tmp_path, ('channel = "scope.2"', 'channel = "scope.1"')))
    assert "already wired to n1.v_ap" in wrong


def test_keys_and_units_are_told_together(tmp_path: Path) -> None:
    wrong, bench = problems(written(tmp_path, ("title =", "titel ="), ('"250 uA"', '"250 uV"')))
    assert [w.split(": ")[1] for w in wrong] == ["titel", 'limits."n1.i0".high']
    assert bench is None


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    (wrong,), bench = problems(written(tmp_path, ("[marker]", "[marker")))
    assert "not valid TOML" in wrong
    assert bench is None


# The picture.


def test_the_picture_shows_every_wire_with_its_limits_and_probe() -> None:
    text = draw(load_bench())
    rows = {name: next(line for line in text.splitlines() if f" {name} ├" in line) for name in load_bench().nodes}
    assert "probe x10 (10 Mohm)" in rows["n1.v_ap"]
    assert rows["n1.v_ap"].split("▶")[1].split() == ["scope.1", "0", "V", "..", "3.2", "V"]
    assert "replica into 10 kohm" in rows["s11.i_out"]
    assert "(9.901 mV/uA)" in rows["s11.i_out"]
    assert "across 10 kohm" in rows["n1.i0"]
    assert "-30 uA .. 250 uA" in text
    assert "source.1 ──" in text
    assert "crossing 2.5 V" in text
    assert "SPIKE IN 1 of source" in text


def test_the_box_is_a_box() -> None:
    lines = draw(load_bench()).splitlines()
    (left,) = {line.index(corner) for line in lines for corner in "┌└" if corner in line}
    (right,) = {line.index(corner) for line in lines for corner in "┐┘" if corner in line}
    inside = lines[
        next(i for i, li in enumerate(lines) if "┌" in li) + 1 : next(i for i, li in enumerate(lines) if "└" in li)
    ]
    assert len(inside) > 5
    assert all(line[left] in "│▶" or line[left - 1] == "▶" for line in inside)
    assert all(line[right] in "│├" for line in inside)


def test_the_picture_can_be_drawn_in_plain_characters() -> None:
    draw(load_bench()).translate(ASCII).encode("ascii")


def test_what_changes_the_measurement_is_remarked(tmp_path: Path) -> None:
    bench = load_bench(
        written(tmp_path, ('[nodes."n1.i0"]\nchannel = "scope.3"\nsense = { kind = "across", resistance = "10 kohm", probe = '
                '"10 Mohm", gain_error = "0.2 %" }\nlow = "-5 uA"\nhigh = "75 uA"',
                '[nodes."n1.v_m"]\nchannel = "scope.3"\nsense = { kind = "direct", attenuation = 10 }'))
    )  # fmt: skip
    (remark,) = remarks(bench)
    assert "n1.v_m: a 10 Mohm probe takes up to 400 nA" in remark


def test_two_instruments_at_one_address_are_remarked(tmp_path: Path) -> None:
    text = '[instruments.other]\ndriver = "rigol_ds1000z"\nresource = "tcp://192.168.1.50:5555"\n\n[marker]'
    (remark,) = remarks(load_bench(written(tmp_path, ("[marker]", text))))
    assert "scope and other stand at the same address" in remark


def test_limits_beyond_the_range_of_the_source_are_remarked(tmp_path: Path) -> None:
    bench = load_bench(written(tmp_path, ('channel = "source.1"\n', 'channel = "source.1"\nfull_scale = "62.5 uA"\n')))
    (remark,) = remarks(bench)
    assert "its limits reach 250 uA, the range of source only 62.5 uA" in remark


def test_the_tables_written_are_the_tables_asked_for(tmp_path: Path) -> None:
    draft = ask_bench(tmp_path / "made.toml", [SOURCE, SCOPE], Person(Title='A "quoted" title'))
    assert tomllib.loads(draft.text()) == draft.tables
