"""H9: the burster of Wu 2025, Fig. 13. Tolerances: reading the figure, and how its own four bursts differ."""

import numpy as np
import pytest

from neurorig.analysis import find_bursts
from neurorig.analysis.published import published
from neurorig.hardware import Board, load_board
from neurorig.protocols.figures import make_figure


@pytest.fixture(scope="module")
def fig13():
    return make_figure("wu2025_fig13")


def changed(board, **calibration):
    data = board.model_dump()
    data["neurons"]["n1"]["calibration"] |= calibration
    return Board.model_validate(data)


@pytest.mark.parametrize(
    ("quantity", "value", "tolerance"),
    [("period", 0.83, 0.08), ("duration", 0.44, 0.05), ("spikes", 58, 10), ("Issi_mean", 4.2e-6, 0.2e-6)],
)
def test_bursts_of_fig_13(fig13, quantity, value, tolerance):
    assert fig13.numbers[quantity].value == pytest.approx(value, abs=tolerance)


def test_the_self_inhibition_swings_by_a_small_part_of_itself(fig13):
    assert fig13.numbers["Issi_swing"].value == pytest.approx(0.15e-6, abs=0.05e-6)


def test_the_hysteresis_is_the_one_read_from_the_figure():
    assert 0.07e-6 <= load_board("wu2025_fig13").neurons["n1"].calibration.hysteresis <= 0.13e-6


@pytest.mark.parametrize(("moment", "read"), [("Iin_start", 48.98e-6), ("Iin_stop", 48.917e-6)])
def test_bursts_begin_and_end_at_the_currents_of_the_figure(fig13, moment, read):
    """Both are read to 0.01 uA; the ripple, 0.03 uA, is in neither of the curves."""
    assert fig13.numbers[moment].value == pytest.approx(read, abs=0.02e-6)


def test_bursts_end_in_groups_of_spikes_locked_to_the_mains(fig13):
    """The rate falls because pauses come in step with the mains, in the figure with vector strength 0.89 over its bursts."""
    spikes, bursts = fig13.curves["raster"].x, fig13.curves["bursts"]
    intervals = np.diff(spikes)
    pauses = (intervals > 9e-3) & (intervals < 25e-3)
    turns = np.exp(2j * np.pi * 50.0 * spikes[1:][pauses])
    assert pauses.sum() >= 2 * len(bursts.x)
    assert abs(turns.mean()) > 0.8
    assert intervals[~pauses & (intervals < 0.1)].max() < 9e-3  # within a group it does not fall
    for begin, end in zip(bursts.x, bursts.y, strict=True):
        early = ((spikes >= begin) & (spikes < begin + 0.2)).sum() / 0.2
        late = ((spikes > end - 0.1) & (spikes <= end)).sum() / 0.1
        assert late < 0.8 * early


@pytest.mark.parametrize("silence", [0.025, 0.2])
def test_how_long_a_neuron_takes_to_fall_silent_matters_little(fig13, silence):
    """It is longer than the pauses within bursts and shorter than those between them: all that the figure tells."""
    other = make_figure("wu2025_fig13", board=changed(load_board("wu2025_fig13"), silence=silence))
    assert other.curves["raster"].x == pytest.approx(fig13.curves["raster"].x, abs=1e-6)


def test_the_input_current_crosses_the_threshold_both_ways(fig13):
    """It rises above I_on, where silence ends, and falls below I_off, where firing ends."""
    numbers = fig13.numbers
    assert numbers["Iin_low"].value < numbers["I_off"].value < numbers["I_on"].value < numbers["Iin_high"].value
    assert numbers["Iin_stop"].value < numbers["Iin_start"].value


def test_without_hysteresis_the_feedback_slides_into_a_tonic_state():
    tonic = make_figure("wu2025_fig13", board=changed(load_board("wu2025_fig13"), hysteresis=0.0))
    assert len(tonic.curves["bursts"].x) == 0
    assert len(find_bursts(tonic.curves["raster"].x)) == 0
    assert np.diff(tonic.curves["raster"].x).max() < 0.03  # bursts are 0.4 s apart
    assert "period" not in tonic.numbers


def test_curves_of_fig_13_have_the_axes_of_the_published_ones(fig13):
    for key in ("Iin", "Issi", "bursts", "raster_darkness"):
        ours, theirs = fig13.curves[key], published(f"wu2025_fig13_{key}")
        assert (ours.x_unit, ours.y_unit) == (theirs.x_unit, theirs.y_unit)
    assert fig13.curves["burst_counts"].y.sum() <= len(fig13.curves["raster"].x)


def test_the_derived_input_is_what_the_self_inhibition_leaves(fig13):
    assert fig13.curves["Iin"].y + fig13.curves["Issi"].y == pytest.approx(np.full(len(fig13.curves["Iin"].x), 53.2e-6))
