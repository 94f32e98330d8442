"""H10 and what else two neurons of Wu 2025 do: the generators of Figs 14, 15 and 16, uncoupled and coupled."""

from itertools import pairwise

import numpy as np
import pytest

from neurorig.analysis import find_bursts
from neurorig.analysis.published import published
from neurorig.hardware import load_board
from neurorig.protocols.figures import make_figure
from neurorig.signals import ConfigError


@pytest.fixture(scope="module")
def fig14():
    return make_figure("wu2025_fig14")


@pytest.fixture(scope="module")
def fig15():
    return make_figure("wu2025_fig15")


@pytest.fixture(scope="module")
def fig16():
    return make_figure("wu2025_fig16")


# -------------------------------------------------------------------------------------------- two pacemakers, Fig. 15


@pytest.mark.parametrize(
    ("quantity", "value", "tolerance"),
    [
        ("uncoupled_N1_period", 0.48, 0.07 * 0.48),
        ("uncoupled_N2_period", 0.50, 0.07 * 0.50),
        ("coupled_N1_period", 1.43, 0.07 * 1.43),
        ("coupled_N2_period", 1.43, 0.07 * 1.43),
        ("coupled_N1_spikes", 50, 6),
        ("coupled_N2_spikes", 88, 8),
        ("N1_Ispi_peak", 7.0e-6, 0.7e-6),
        ("N2_Ispi_peak", 9.4e-6, 0.94e-6),
        ("N1_Issi_peak", 2.9e-6, 0.29e-6),
        ("N2_Issi_peak", 4.15e-6, 0.415e-6),
    ],
)
def test_rhythm_and_currents_of_fig_15(fig15, quantity, value, tolerance):
    assert fig15.numbers[quantity].value == pytest.approx(value, abs=tolerance)


def test_coupled_pacemakers_never_fire_together(fig15):
    assert fig15.numbers["coupled_overlap"].value == 0.0
    assert fig15.numbers["uncoupled_overlap"].value > 0.1


def test_bursts_of_coupled_pacemakers_alternate(fig15):
    begins = [(t, k) for k in ("N1", "N2") for t in fig15.curves[f"coupled_{k}_bursts"].x]
    order = [k for _, k in sorted(begins)]
    assert len(order) >= 7
    assert all(a != b for a, b in pairwise(order))


def test_the_long_burst_is_that_of_n2(fig15):
    assert fig15.numbers["coupled_N2_duration"].value > 1.3 * fig15.numbers["coupled_N1_duration"].value


def test_curves_of_fig_15_have_the_axes_of_the_published_ones(fig15):
    keys = [
        f"{c}_{n}_{what}"
        for c in ("uncoupled", "coupled")
        for n in ("N1", "N2")
        for what in ("bursts", "spikes_every5th")
    ]
    for key in [*keys, "N1_Issi", "N1_Ispi", "N2_Issi", "N2_Ispi"]:
        ours, theirs = fig15.curves[key], published(f"wu2025_fig15_{key}")
        assert (ours.x_unit, ours.y_unit) == (theirs.x_unit, theirs.y_unit)


def test_the_drawn_spikes_are_one_in_five(fig15):
    spikes = fig15.curves["coupled_N2_spikes"].x
    assert fig15.curves["coupled_N2_spikes_every5th"].x == pytest.approx(spikes[::5])


def test_with_the_printed_currents_the_pacemakers_of_fig_15_do_not_pace():
    """E6: with 78.8 and 70.6 uA uncoupled neurons fire tonically, so Table III cannot be meant as printed."""
    printed = make_figure("wu2025_fig15", assignment="printed")
    assert all(len(printed.curves[f"uncoupled_{n}_bursts"].x) == 0 for n in ("N1", "N2"))
    assert all(printed.numbers[f"uncoupled_{n}_mean_rate"].value > 150.0 for n in ("N1", "N2"))


def test_an_unknown_assignment_is_refused():
    with pytest.raises(ConfigError, match=r"no preset 'swapped'"):
        make_figure("wu2025_fig15", assignment="swapped")


# ------------------------------------------------------------------------------------- two adapting neurons, Fig. 16


def test_uncoupled_neurons_of_fig_16_are_tonic(fig16):
    for neuron in ("N1", "N2"):
        intervals = np.diff(fig16.curves[f"uncoupled_{neuron}_spikes"].x)
        assert intervals.std() < 0.02 * intervals.mean()
        assert len(fig16.curves[f"uncoupled_{neuron}_bursts"].x) == 0


def test_the_uncoupled_rate_of_n1_is_the_one_of_its_raster(fig16):
    """E17: 264 Hz are printed, the raster has 277 Hz; 5 % covers both readings of the raster."""
    assert fig16.numbers["uncoupled_N1_mean_rate"].value == pytest.approx(277.0, rel=0.05)


def test_coupled_bursts_of_fig_16_alternate_and_overlap(fig16):
    periods = [fig16.numbers[f"coupled_{n}_period"].value for n in ("N1", "N2")]
    assert periods[0] == pytest.approx(periods[1], rel=0.01)
    cycles = len(fig16.curves["coupled_N1_bursts"].x)
    assert cycles >= 3
    assert 0.0 < fig16.numbers["coupled_overlap"].value < cycles * fig16.numbers["coupled_N1_duration"].value


def test_the_input_of_n1_crosses_its_threshold(fig16):
    """Fig. 16(d): a burst begins and ends where I_in crosses I_min, printed at 47.04 uA."""
    numbers = fig16.numbers
    assert numbers["I_min"].value == pytest.approx(47.04e-6, abs=0.2e-6)
    assert numbers["Iin_low"].value < numbers["I_min"].value < numbers["Iin_high"].value
    total, bursts = fig16.curves["Iin"], fig16.curves["coupled_N1_bursts"]
    for moments in (bursts.x[1:], bursts.y):
        assert np.interp(moments, total.x, total.y) == pytest.approx(
            np.full(len(moments), numbers["I_min"].value), abs=0.3e-6
        )


def test_the_derived_input_balances_the_currents(fig16):
    currents = load_board("wu2025_fig16").preset("corrected")
    drawn = fig16.curves["N1_Issi"].y + fig16.curves["N2_Ispi"].y
    assert fig16.curves["Iin"].y + drawn == pytest.approx(np.full(len(drawn), currents["n1.i0"]))


@pytest.mark.parametrize("assignment", ["commanded", "printed"])
def test_the_other_currents_of_fig_16_can_be_played(assignment):
    other = make_figure("wu2025_fig16", assignment=assignment)
    assert any(f"'{assignment}'" in remark for remark in other.remarks)
    assert len(other.curves["uncoupled_N1_spikes"].x) > 100


# --------------------------------------------------------------------------------- primary and subordinate, Fig. 14


def test_fig_14_uncoupled_has_a_burster_and_a_tonic_neuron(fig14):
    assert len(fig14.curves["uncoupled_N1_bursts"].x) >= 4
    assert len(fig14.curves["uncoupled_N2_bursts"].x) == 0
    intervals = np.diff(fig14.curves["uncoupled_N2_spikes"].x)
    assert intervals.std() < 0.1 * intervals.mean()


def test_fig_14_coupled_the_subordinate_fills_the_pauses(fig14):
    """Its bursts are the inverse of those of its primary: one in every pause."""
    primary, subordinate = (fig14.curves[f"coupled_{n}_bursts"] for n in ("N1", "N2"))
    for begin, end in zip(primary.y[:-1], primary.x[1:], strict=True):
        inside = (subordinate.y > begin) & (subordinate.x < end)
        assert inside.sum() == 1
        assert min(end, subordinate.y[inside][0]) - max(begin, subordinate.x[inside][0]) > 0.7 * (end - begin)


def test_every_spike_of_the_primary_of_fig_14_silences_its_subordinate(fig14):
    """I_0 - I_spi < I_min (Eq. 28) lasts 6 ms after a spike: 59 nC with 1 ms, against 0.6 uA that N2 has to spare."""
    primary, subordinate = (fig14.curves[f"coupled_{n}_spikes"].x for n in ("N1", "N2"))
    last = np.searchsorted(primary, subordinate) - 1
    assert (subordinate - primary[last])[last >= 0].min() > 6e-3
    assert np.median(np.diff(primary)) < 7e-3  # so N1 keeps it silent while it fires at its rate


def test_the_primary_of_fig_14_does_not_feel_its_subordinate(fig14):
    assert fig14.curves["coupled_N1_spikes"].x == pytest.approx(fig14.curves["uncoupled_N1_spikes"].x)


def test_bursts_of_a_figure_are_those_of_its_spikes(fig14):
    found = find_bursts(fig14.curves["coupled_N1_spikes"].x)
    shown = fig14.curves["coupled_N1_bursts"]
    assert found.begin[: len(shown.x)] == pytest.approx(shown.x)
    assert found.end[: len(shown.x)] == pytest.approx(shown.y)
