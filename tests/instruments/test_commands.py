"""Declared commands: bounds before anything is sent, read-back after, everything in the record."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.instruments.commands import Commanded, choice, command, integer, plain, switch, text, whole
from neurorig.signals import InstrumentError, LimitError, LinkError


class Memory:
    """A link to an instrument that remembers what it is told, and rounds, ignores or forgets as a test wants."""

    resource = "memory"

    def __init__(self, **values: str) -> None:
        self.values = values
        self.sent: list[str] = []
        self.deaf: set[str] = set()

    def write(self, line: str) -> None:
        self.sent.append(line)
        header, _, value = line.partition(" ")
        if header not in self.deaf:
            self.values[header] = value

    def query(self, line: str) -> str:
        if line[:-1] not in self.values:
            raise LinkError(f"{line} was not answered")
        return self.values[line[:-1]]


class Supply(Commanded):
    level = command("CURR", unit="A", low=-1.0, high=1.0, doc="Current.")
    nano = command("NANO", unit="A", low=0, high=1e-3, scale=1e-9, resolution=5e-9, doc="In whole nanoamperes.")
    count = integer("COUN", low=1, high=10, doc="Repetitions.")
    output = switch("OUTP", doc="Output.")
    shape = choice("SHAP", ("SIN", "SQU"), doc="Shape.")
    version = text("VERS", doc="Version.")
    option = text("OPTI", doc="Not on every model.", optional=True)


class Channel(Commanded):
    scale = command("CHAN{n}:SCAL", unit="V", low=0, high=10, doc="Scale.")


def supply(**values: str) -> tuple[Supply, Memory]:
    memory = Memory(**values)
    return Supply(memory, name="supply"), memory  # type: ignore[arg-type]


def test_reading_and_setting():
    instrument, memory = supply(CURR="1.000E-1")
    assert instrument.level == 0.1
    instrument.level = 44.7e-6
    instrument.nano = 44.7e-6
    instrument.count = 3
    instrument.output = True
    instrument.shape = "SQU"
    assert memory.sent == ["CURR 4.47E-05", "NANO 44700", "COUN 3", "OUTP ON", "SHAP SQU"]
    assert (instrument.level, instrument.nano, instrument.output) == (44.7e-6, pytest.approx(44.7e-6), True)


@given(st.floats().filter(lambda v: not -1 <= v <= 1))
def test_what_is_out_of_bounds_is_refused_and_not_sent(value):
    instrument, memory = supply()
    with pytest.raises(LimitError, match=r"supply: level .* lies outside -1 A .. 1 A \(CURR\)"):
        instrument.level = value
    assert memory.sent == []


@given(st.floats(-1, 1))
def test_what_is_within_bounds_reads_back(value):
    instrument, _ = supply()
    instrument.level = value
    assert math.isclose(instrument.level, value, rel_tol=1e-9, abs_tol=1e-12)


def test_choices():
    instrument, memory = supply(SHAP="RAMP")
    with pytest.raises(LimitError, match="shape cannot be 'TRI'; it is one of SIN, SQU"):
        instrument.shape = "TRI"
    assert memory.sent == []
    with pytest.raises(InstrumentError, match=r"'RAMP' is no answer to SHAP\?"):
        _ = instrument.shape


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("normal", "NORM"), ("CHANnel1", "CHAN1"), ("Positive", "POS"), ("HIMPEDANCE", "HIMP"), ("off", "OFF"),
        ("ON", "ON"), ("RUNSTOP", "RUNS"), ("SEQuence", "SEQ"), ("+1.000000E+00", "1"), ("20M", "20M"), ("-0", "-0"),
        ('"VOLTAGE:DC", "CURRENT:DC"', '"VOLT:DC","CURR:DC"'), ("real, +32", "REAL,32"), ("1_0", "1_0"),
    ],
)  # fmt: skip
def test_words_and_numbers_are_the_same_however_they_are_spelled(spelled, meant):
    """SCPI-1999 vol. 1, 6.2.1: four letters, or three if the fourth is a vowel."""
    assert plain(spelled) == meant


def test_a_choice_is_known_in_any_spelling_but_never_guessed():
    class Scope(Commanded):
        slope = choice("SLOP", ("POS", "NEG", "NEGATION"), doc="The third would be shortened to the second.")

    for spelled, meant in (("POS", "POS"), ("Positive", "POS"), ("NEG", "NEG"), ("NEGATION", "NEGATION")):
        assert Scope(Memory(SLOP=spelled), name="scope").slope == meant  # type: ignore[arg-type]
    for doubtful in ("negative", "PO", "POST", "", "1"):
        with pytest.raises(InstrumentError, match="is no answer to SLOP"):
            _ = Scope(Memory(SLOP=doubtful), name="scope").slope  # type: ignore[arg-type]


@pytest.mark.parametrize("spelled", ["12", "+12", " 12 ", "12.0", "1.200000E+01", "+1.2e1"])
def test_a_whole_number_in_any_form(spelled):
    assert whole(spelled) == 12


@pytest.mark.parametrize("spelled", ["12.5", "1_2", "", "nan", "inf", "1e300", "twelve"])
def test_what_is_no_whole_number(spelled):
    with pytest.raises(ValueError):
        whole(spelled)


def test_what_does_not_read_back_is_an_error():
    instrument, memory = supply(CURR="0.5", NANO="44678", OUTP="0")
    memory.deaf = {"CURR", "NANO", "OUTP"}
    with pytest.raises(InstrumentError, match=r"level was set to 100 mA but reads back 500 mA \(CURR\)"):
        instrument.level = 0.1
    with pytest.raises(InstrumentError, match="output was set to True but reads back False"):
        instrument.output = True
    instrument.nano = 44.675e-6  # within its resolution


def test_a_limit_that_cannot_be_read_back_is_an_error():
    instrument, memory = supply()
    memory.deaf = {"CURR"}
    with pytest.raises(InstrumentError, match="level was set but not read back"):
        instrument.level = 0.1


def test_what_can_only_be_read():
    instrument, _ = supply(VERS="1.0")
    with pytest.raises(AttributeError, match="can only be read"):
        instrument.version = "2"


def test_settings_walk_every_command_and_forgive_optional_ones():
    instrument, memory = supply(CURR="0.1", NANO="5", COUN="1", OUTP="1", SHAP="SIN", VERS="1.0")
    assert instrument.settings() == {
        "level": 0.1, "nano": 5e-9, "count": 1, "output": True, "shape": "SIN", "version": "1.0", "option": None,
    }  # fmt: skip
    assert instrument.warnings == ["supply: OPTI? was not answered (OPTI? was not answered)"]
    del memory.values["CURR"]
    with pytest.raises(LinkError):
        instrument.settings()


def test_a_channel_fills_its_number_in():
    memory = Memory()
    channel = Channel(memory, name="scope channel 2", suffix=2)  # type: ignore[arg-type]
    channel.scale = 0.5
    assert memory.sent == ["CHAN2:SCAL 0.5"]
    with pytest.raises(LimitError, match="scope channel 2: scale 50 V lies outside"):
        channel.scale = 50
