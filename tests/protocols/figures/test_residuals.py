"""The distance between a figure made on the twin and the published one is told as it is."""

import numpy as np
import pytest

from neurorig.analysis.published import list_published, published
from neurorig.protocols.figures import Curve, list_figures, make_figure
from neurorig.protocols.figures.residuals import counted, reading_error, residual
from neurorig.signals import ConfigError


def as_published(name: str, *, x_factor: float = 1.0, shift: float = 0.0) -> Curve:
    """A digitised curve handed in as if the twin had made it."""
    curve = counted(published(name))
    y = curve.y - curve.offset + shift if len(curve.y) else curve.y
    return Curve(curve.x_name, curve.x_unit, x_factor * curve.x, curve.y_name, curve.y_unit, y)


@pytest.mark.parametrize("name", list_published())
def test_a_curve_agrees_with_itself(name: str) -> None:
    curve = published(name)
    found = residual(as_published(name), curve)
    assert found.inside > 0.9
    assert found.tolerance > 0.0
    if np.all(np.diff(curve.x) > 0.0):
        assert found.within


def test_a_shifted_curve_lies_as_far_away_as_it_was_shifted() -> None:
    found = residual(as_published("wu2025_fig11a_Issi", shift=0.3e-6), published("wu2025_fig11a_Issi"))
    assert found.rms == pytest.approx(0.3e-6)
    assert (found.enforced, found.tolerance, found.within) == ("H8", 0.25e-6, False)


def test_reading_errors_are_those_of_the_file() -> None:
    assert reading_error(published("wu2025_fig9a_f")) == (0.007, 0.7)
    assert reading_error(published("wu2025_fig6a_f_Iin")) == pytest.approx((0.15e-6, 0.4))
    assert reading_error(published("wu2025_fig4_a_inset_Vpre")) == pytest.approx((0.03e-3, 0.04 * 1.95), rel=0.01)


def test_spikes_are_compared_by_their_interval_and_bursts_by_duration_and_period() -> None:
    spikes = residual(
        as_published("wu2025_fig11a_spikes_every20th", x_factor=1.2), published("wu2025_fig11a_spikes_every20th")
    )
    assert (spikes.what, spikes.within) == ("interval", False)
    bursts = published("wu2025_fig15_coupled_N2_bursts")
    longer = Curve("begin", "s", bursts.x, "end", "s", bursts.y + 0.1)
    found = residual(longer, bursts)
    assert found.rms == pytest.approx(0.1 / np.sqrt(2.0))
    assert not found.within


def test_other_axes_are_refused() -> None:
    wrong = Curve("time", "s", np.arange(3.0), "V", "V", np.zeros(3))
    with pytest.raises(ValueError, match="published in Hz over s"):
        residual(wrong, published("wu2025_fig9a_f"))


def test_an_unknown_figure_or_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no figure 'wu2025_fig9A'"):
        make_figure("wu2025_fig9A")
    with pytest.raises(ConfigError, match="takes no 'bord'"):
        make_figure(list_figures()[0], bord="x")
