"""A current may be written absolutely or relative to the board's I_min."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.protocols import RelativeCurrent
from neurorig.signals import ConfigError

I_MIN = 45.27e-6


@pytest.mark.parametrize(
    ("text", "amperes"),
    [
        ("44.7 uA", 44.7e-6),
        ("-24.4uA", -24.4e-6),
        ("Imin", I_MIN),
        ("0.987 Imin", 0.987 * I_MIN),
        ("0.987*I_min", 0.987 * I_MIN),
        ("Imin - 0.6 uA", I_MIN - 0.6e-6),
        ("1.45 Imin + 2 uA", 1.45 * I_MIN + 2e-6),
        ("-0.539 Imin", -0.539 * I_MIN),
    ],
)
def test_written_resolved_and_shown(text: str, amperes: float) -> None:
    current = RelativeCurrent.read(text)
    assert current.resolve(I_MIN) == pytest.approx(amperes, rel=1e-12)
    assert str(current) == text
    assert current.is_relative == ("min" in text)


@pytest.mark.parametrize(
    "text", ["44.7", "44.7 uV", "0.9 Imax", "Imin 3 uA", "Imin + 3", "1.2.3 Imin", "", "Imin + 2 s"]
)
def test_what_is_no_current_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"0\.987 Imin"):
        RelativeCurrent.read(text)


@given(st.floats(-3, 3), st.integers(-(10**6), 10**6))
def test_canonical_text_reads_back(factor: float, nanoamperes: int) -> None:
    current = RelativeCurrent.read(f"{factor!r} Imin + {nanoamperes} nA")
    canonical = current.canonical
    back = RelativeCurrent.read(canonical) if isinstance(canonical, str) else RelativeCurrent.absolute(canonical)
    assert back == current
