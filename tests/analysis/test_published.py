"""Published curves and targets: they load in SI units, say where they come from, and comparing with them is honest."""

import math

import numpy as np
import pytest

from neurorig.analysis import Measure, compare, distance, row_table
from neurorig.analysis.published import list_published, published, published_targets
from neurorig.signals import RecordError


@pytest.mark.parametrize("name", list_published())
def test_every_curve_loads_and_says_where_it_comes_from(name: str) -> None:
    curve = published(name)
    assert ("Phys. Rev. Applied 23, 034030" in curve.source) == name.startswith("wu2025")
    assert ("Comput. Eng. 3, 044008" in curve.source) == name.startswith("wu2023")
    assert curve.figure
    assert curve.error
    assert np.all(np.isfinite(curve.x))
    assert len(curve.y) in {0, len(curve.x)}
    assert set(curve.frame().attrs) >= {"source", "error", "quantity"}


def test_the_curves_of_fig_9a_are_in_si_units() -> None:
    assert published("wu2025_fig9a_f").frame().columns.tolist() == ["time_s", "f_Hz"]
    current = published("wu2025_fig9a_Isse")
    assert current.y_unit == "A"
    assert current.offset == pytest.approx(0.36e-6)
    assert current.y.max() - current.offset == pytest.approx(14.96e-6, abs=0.01e-6)


def test_the_targets_agree_with_the_curves_they_were_read_from() -> None:
    targets, f = published_targets("wu2025_fig9a"), published("wu2025_fig9a_f")
    for time in (1.3, 3.4, 6.4):
        assert np.interp(time, f.x, f.y) == pytest.approx(targets[f"rate_at_{time}_s"].value, abs=1.0)
    assert targets["v_ap_decay"].source.endswith("Fig. 4(a)")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecordError, match="Did you mean 'wu2025_fig9a_f'"):
        published("wu2025_fig9a_F")
    with pytest.raises(RecordError, match="wu2025_fig9a"):
        published_targets("wu2025_fig9")


def test_verdicts() -> None:
    target = published_targets("wu2025_fig9a")["rate_at_3.4_s"]
    assert compare("f", Measure(116.5, 0.1, "Hz"), target).verdict == "agrees"
    assert compare("f", Measure(117.0, 0.1, "Hz"), target).verdict == "differs"
    assert compare("f", Measure(117.0, 0.5, "Hz"), target).verdict == "agrees"
    missing = compare("f", Measure.missing("Hz", "no spikes"), target)
    assert (missing.verdict, missing.note) == ("not measured", "no spikes")
    assert compare("x", Measure(1.0, 0.0, "A"), None).verdict == "no published value"
    assert compare("f", Measure(112.6, 0.1, "Hz"), target).ratio == pytest.approx(1.0)
    with pytest.raises(ValueError, match="published in Hz"):
        compare("f", Measure(1.0, 0.0, "A"), target)


def test_the_distance_from_a_curve_takes_its_reading_offset_into_account() -> None:
    curve = published("wu2025_fig9a_Isse")
    same = distance(curve.x, curve.y - curve.offset, curve)
    assert same.value == pytest.approx(0.0, abs=1e-12)
    assert "reading offset" in same.note
    assert distance(curve.x, curve.y - curve.offset + 1e-6, curve).value == pytest.approx(1e-6)
    assert not distance(np.array([50.0, 60.0]), np.zeros(2), curve).known
    later = distance(curve.x + 0.1, curve.y - curve.offset, curve, shift=0.1)
    assert later.value == pytest.approx(0.0, abs=1e-12)


def test_rows_make_a_table() -> None:
    target = published_targets("wu2025_fig9a")["dead_time"]
    table = row_table([compare("dead_time", Measure(0.7, 0.02, "s"), target)])
    assert table.loc[0, "verdict"] == "agrees"
    assert math.isclose(table.loc[0, "ratio"], 0.7 / 0.66)
