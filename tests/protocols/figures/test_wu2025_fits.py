"""The numbers of the boards of Wu 2025, Figs 2, 4 and 5, are those that the committed fits find."""

from collections.abc import Callable

import pytest

from neurorig.hardware import load_board
from neurorig.protocols.figures.wu2025_fits import fig2, fig4, fig5a, fig5bc


@pytest.mark.parametrize(("fit", "name"), [(fig2, "wu2025_fig2"), (fig4, "wu2025_fig4"), (fig5a, "wu2025_fig5a")])
def test_a_board_holds_what_its_fit_finds(fit: Callable[[], dict[str, float]], name: str) -> None:
    board = load_board(name)
    part = board.synapses.get("s1", board.neurons["n1"])
    found = fit()
    assert found.pop("rms") < 1.0  # uA, or reading errors
    for unknown, value in found.items():
        assert getattr(part.calibration, unknown) == pytest.approx(value, rel=2e-3)


def test_one_synapse_explains_both_rates_of_fig_5() -> None:
    ten, twenty_five = (load_board(f"wu2025_fig{panel}").synapses["s1"] for panel in ("5b", "5c"))
    found = fig5bc()
    assert found["rms"] < 0.05
    assert ten.calibration == twenty_five.calibration
    assert [ten.calibration.Q_N, ten.calibration.tau, ten.calibration.R_leak] == pytest.approx(
        [found[name] for name in ("Q_N", "tau", "R_leak")], rel=1e-2
    )
    assert [ten.at_rest.v_c1, twenty_five.at_rest.v_c1] == pytest.approx(
        [found["v_c of 5(b)"], found["v_c of 5(c)"]], rel=1e-2
    )
