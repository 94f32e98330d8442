import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.signals import ConfigError, parse, show


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("44.7 uA", "A", 44.7e-6), ("44.7uA", "A", 44.7e-6), ("44.7 µA", "A", 44.7e-6), ("-24.4 μA", "A", -24.4e-6),
        ("0.47 s", "s", 0.47), ("470 ms", "s", 0.47), ("5 kohm", "ohm", 5000.0), ("5 kΩ", "ohm", 5000.0),
        ("4.7 uF", "F", 4.7e-6), ("98 nC", "C", 98e-9), ("40 kHz", "Hz", 40e3), ("3.3 V", "V", 3.3), ("7", "", 7.0),
    ],
)  # fmt: skip
def test_a_text_with_a_unit_becomes_the_si_number_that_was_meant(text: str, unit: str, value: float) -> None:
    assert parse(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("44.7", "A"),
        ("44.7 V", "A"),
        ("fast", "s"),
        ("", "A"),
        ("nan A", "A"),
        ("inf", ""),
        ("3 s", ""),
        ("1 uA uA", "A"),
    ],
)
def test_what_is_no_such_quantity_is_refused_with_an_example(text: str, unit: str) -> None:
    with pytest.raises(ConfigError, match="is not"):
        parse(text, unit)


@given(st.floats(1e-12, 1e9), st.sampled_from(["A", "V", "Hz", "ohm"]))
def test_what_is_shown_can_be_parsed_again(value: float, unit: str) -> None:
    assert parse(show(value, unit, digits=9), unit) == pytest.approx(value, rel=1e-8)


def test_numbers_are_shown_as_a_person_writes_them() -> None:
    assert show(44.7e-6, "A") == "44.7 uA"
    assert show(0.9999999e-6, "A") == "1 uA"
    assert show(0.0, "A") == "0 A"
    assert show(120.0, "s") == "120 s"
    assert show(5000.0, "ohm") == "5 kohm"
    assert "nan" in show(math.nan, "Hz")


@pytest.mark.parametrize(
    "text", ["4,5 V", "0,4 V", "1e3,5 V", "7_5 V", "1,000 V", "2*3 V", "3 4 V", "1 V 2", "1 - 2 V", "1.2.3 V"]
)
def test_what_is_not_one_number_with_a_unit_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a voltage"):
        parse(text, "V")


def test_a_decimal_comma_is_told() -> None:
    with pytest.raises(ConfigError, match=r"A decimal comma is no point: write '44\.7 uA'"):
        parse("44,7 uA", "A")
