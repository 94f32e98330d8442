"""Every figure says what of it was fitted, and a board with which it cannot be played is refused in a sentence."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from neurorig.analysis.published import published
from neurorig.cli.app import run
from neurorig.hardware import load_board
from neurorig.protocols.figures import Curve, list_figures, make_figure
from neurorig.protocols.figures.residuals import residual, residuals
from neurorig.signals import ConfigError


def test_every_figure_says_what_was_fitted_and_of_nothing_that_it_does_not_show() -> None:
    for name in list_figures():
        figure = make_figure(name)
        assert figure.basis.said.startswith(("Fitted: ", "Predicted", "Chosen: ")), name
        unknown = [
            key for key in figure.basis.words if not any(fnmatchcase(k, key) for k in (*figure.curves, *figure.numbers))
        ]
        assert unknown == [], name


def test_a_chart_is_fitted_and_what_follows_from_it_is_predicted() -> None:
    figure = make_figure("wu2025_fig9b")
    assert [figure.basis.word(key) for key in ("f1", "Isse_dashed", "f_star")] == ["fitted", "predicted", "predicted"]
    assert {r.curve: r.basis for r in residuals(figure)}["wu2025_fig9b_f1"] == "fitted"


def test_of_a_board_of_ones_own_nobody_knows_what_was_fitted() -> None:
    board = load_board("wu2025_fig9b").with_components({"s11.R_W": 7e3})
    figure = make_figure("wu2025_fig9b", board=board)
    assert figure.basis.word("f1") == ""
    assert all(remark.startswith("Published board: ") for remark in figure.remarks)


@pytest.mark.parametrize(
    ("figure", "board", "said"),
    [
        ("benatti2023_fig1", "wu2025_bump", 'needs one with kind = "sdc"'),
        ("wu2025_fig13", "thyristor_iv", "needs one with neurons and synapses"),
        ("wu2023_fig5", "wu2025_bump", "needs a bursting neuron; n1 has no C_L"),
        ("wu2025_fig15", "wu2025_bump", "needs the neurons n2"),
        ("wu2025_fig9b", "wu2025_neuron", "needs the synapses s11"),
        ("wu2025_fig13", "wu2025_fig11a", 'no \\[presets.burst\\].* like = "wu2025_fig13"'),
        ("timematter_fig8", "wu2025_bump", "takes no 'board'"),
    ],
)
def test_a_board_that_does_not_fit_is_refused_in_a_sentence(figure: str, board: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_figure(figure, board=board)


def test_a_tolerance_wider_than_half_the_signal_is_told() -> None:
    curve = published("wu2025_fig13_Iin")
    found = residual(Curve("time", "s", curve.x, "Iin", "A", curve.y + 23e-9), curve)
    assert found.loose
    assert found.of_signal == pytest.approx(0.13, abs=0.03)
    assert "tolerance wider than half the signal" in found.remark


def test_spikes_of_bursts_are_compared_by_their_number() -> None:
    curve = published("wu2025_fig13_burst_counts")
    found = residual(Curve("begin", "s", curve.x, "spikes", "", curve.more["n_est"] + 40.0), curve)
    assert not found.within
    assert found.note.startswith("mean 96.")


def test_what_is_printed_for_programs_is_json_even_where_nothing_fires(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["figure", "wu2023_fig4", "--json", "--out", str(tmp_path)]) == 0

    def refuse(constant: str) -> float:
        raise ValueError(constant)

    data = json.loads(capsys.readouterr().out, parse_constant=refuse)
    silent = next(r for r in data["residuals"] if r["curve"] == "wu2023_fig4_4b_IB1_spikes")
    assert silent["rms"] is None
    assert silent["note"].startswith("no spikes")
    assert (tmp_path / "wu2023_fig4.png").exists()


def test_published_values_and_verdicts_stand_beside_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["figure", "wu2025_fig4"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Is2_tau"))
    assert all(word in line for word in ("1.185 ms", "15 us", "missed", "H6", "fitted"))
