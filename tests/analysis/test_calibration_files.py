"""Calibration: charts from files and from runs, board files and pictures made of what was found."""

import tomllib
from pathlib import Path

import pytest
from pytest import approx

from neurorig.analysis import detect
from neurorig.analysis.calibration import (
    calibrate,
    calibration_figure,
    chart_of_run,
    fit_chart,
    read_charts,
    read_spikes,
    write_board,
)
from neurorig.analysis.report import draw
from neurorig.hardware import load_board
from neurorig.hardware.rate import firing_rate
from neurorig.protocols import Request, execute
from neurorig.records import Run
from neurorig.signals import ConfigError

from .charts import BOARD, NEURON, another, measured, with_device

# ------------------------------------------------------------------------------------------------------------- files


def written(folder: Path, text: str) -> Path:
    path = folder / "chart.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_chart_is_read_with_its_units_and_errors(tmp_path: Path) -> None:
    text = "# by hand\nI_mA,f_kHz,f_error_Hz\n0.06,0.13,2\n0.05,0.11,1\n"
    (chart,) = read_charts(written(tmp_path, text), current_error=1e-7)
    assert chart.currents == approx([50e-6, 60e-6])
    assert chart.rates == approx([110.0, 130.0])
    assert list(chart.rate_errors) == [1.0, 2.0]
    assert list(chart.current_errors) == [1e-7, 1e-7]
    assert chart.remarks == ("by hand",)


@pytest.mark.parametrize("heading", ["I (uA),f (Hz)", "I [uA], f [Hz]", "Iin_µA,f_Hz"])
def test_units_may_stand_in_brackets(tmp_path: Path, heading: str) -> None:
    (chart,) = read_charts(written(tmp_path, f"{heading}\n50,110\n"))
    assert chart.currents == approx([50e-6])
    assert list(chart.rates) == [110.0]


def test_a_column_names_the_neurons(tmp_path: Path) -> None:
    charts = read_charts(written(tmp_path, "neuron,Iin_uA,f_Hz\nn2,50,100\nn1,51,90\nn2,60,120\n"))
    assert [(c.neuron, list(c.rates)) for c in charts] == [("n1", [90.0]), ("n2", [100.0, 120.0])]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty. The first line that is no comment names the columns"),
        ("I,f\n1,2\n", r"needs one column that is a current such as I_uA, and has 0 \(columns: I, f\)"),
        ("I_uA,J_uA,f_Hz\n1,2,3\n", "a current such as I_uA, and has 2"),
        ("I_uA,f_Hz\n50,90\n# x\n60,fast\n", "line 4: 'fast' in 'f_Hz' is no number"),
        ("I_uA,f_Hz\n50,nan\n", "line 2: 'nan' in 'f_Hz' is no number"),
        ("I_uA,f_Hz\n", "has a heading and no points. Needed: 4"),
        ("I_uA\tf_Hz\n50\t90\n", "line 1: the columns are separated by tabs"),
        ("# x\nI_uA;f_Hz\n50,5;90\n", "line 2: the columns are separated by semicolons"),
        ("I_uA,f_Hz\n50,-1\n", "line 2: a rate of -1 Hz"),
        ("I_uA,f_Hz\n50;90\n", "line 2: 1 columns instead of 2. Separate the columns by commas"),
        ("I_uA,f_Hz,f_error_Hz\n50,90,0\n", "line 2: 'f_error_Hz' must be positive"),
        ("neuron,I_uA,f_Hz\n,50,90\n", "line 2: column 'neuron' is empty"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=f"chart.csv.*{told}"):
        read_charts(written(tmp_path, text))


def test_spikes_are_read_at_even_times_only(tmp_path: Path) -> None:
    rows = [f"{10 * k},{2.0 if k == 50 else 0.0}" for k in range(100)]
    trace = read_spikes(written(tmp_path, "t_us,V_ap_V\n" + "\n".join(rows)))
    assert (trace.dt, trace.values.max()) == approx((10e-6, 2.0))
    with pytest.raises(ConfigError, match="line 32: the times are not equally spaced"):
        read_spikes(written(tmp_path, "t_us,V_ap_V\n" + "\n".join(rows[:30] + rows[31:])))


# -------------------------------------------------------------------------------------------------- board and picture


def test_the_new_board_keeps_its_comments_and_says_where_its_numbers_come_from(tmp_path: Path) -> None:
    found = calibrate("n1", NEURON, measured(another(NEURON, 11), 11))
    path = tmp_path / "mine.toml"
    board = write_board(
        BOARD, {"n1": found.neuron}, {"n1": found.source({"chart.csv": "ab12"})}, path, measured="chart.csv"
    )
    text = path.read_text(encoding="utf-8")
    assert "# Table III, Figs 2 and 6" in text
    assert board.title == "wu2025_neuron, calibrated on chart.csv"
    assert "chart.csv (sha256 ab12)" in board.source
    assert not board.figures
    assert not board.errata
    assert board.name == "mine"
    fitted, read = found.neuron.calibration, board.neurons["n1"].calibration
    ours, theirs = (c.model_dump(exclude={"source"}, exclude_none=True) for c in (read, fitted))
    assert ours == approx(theirs, rel=1e-6)
    assert "chart.csv (sha256 ab12); 16 firing of 21 points" in read.source
    new, old = (tomllib.loads(t)["neurons"]["n1"] for t in (text, BOARD.path.read_text(encoding="utf-8")))
    assert new["components"] == old["components"]
    with pytest.raises(ConfigError, match="exists already"):
        write_board(BOARD, {}, {}, path, measured="chart.csv")


def test_a_board_that_is_like_another_stays_so(tmp_path: Path) -> None:
    like = tmp_path / "below" / "second.toml"
    like.parent.mkdir()
    like.write_text('like = "wu2025_neuron"\nname = "second"\n', encoding="utf-8")
    third = tmp_path / "below" / "third.toml"
    third.write_text('like = "second.toml"\nname = "third"\n', encoding="utf-8")
    board = load_board(third)
    neuron = with_device(board.neurons["n1"], I_off=41e-6)
    made = write_board(board, {"n1": neuron}, {"n1": "by hand"}, tmp_path / "fourth.toml", measured="chart.csv")
    assert (made.title, made.figures, made.errata) == ("third, calibrated on chart.csv", (), {})
    assert made.neurons["n1"].calibration == neuron.calibration.model_copy(update={"source": "by hand"})


def test_a_scale_is_written_out(tmp_path: Path) -> None:
    board = load_board("wu2025_bump")
    found = calibrate("n1", board.neurons["n1"], measured(another(board.neurons["n1"], 1), 1))
    made = write_board(board, {"n1": found.neuron}, {"n1": "x"}, tmp_path / "bump.toml", measured="chart.csv")
    assert made.neurons["n1"].calibration.scale == 1.0
    assert made.i_min("n1.i0") == approx(found.neuron.i_min, rel=1e-6)


def test_the_picture_shows_data_fit_band_and_residuals(tmp_path: Path) -> None:
    fit = fit_chart(NEURON, measured(another(NEURON, 12), 12))
    figure = calibration_figure(fit, "mine_n1")
    rate, residuals = figure.panels
    band = next(s for s in rate.series if s.kind == "band")
    curve = next(s for s in rate.series if s.kind == "line")
    inside = (band.y <= curve.y + 1e-9) & (curve.y <= band.high + 1e-9)
    assert inside.mean() > 0.95
    assert sum(len(s.x) for s in residuals.series) == 16
    png, _ = draw(figure, tmp_path)
    assert png.stat().st_size > 20_000


# -------------------------------------------------------------------------------------------------------- a recorded run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    execute(Request("bump", {"probes": False}, simulate=True, out=folder))
    execute(Request("rheobase", {"block": False}, simulate=True, out=folder))
    return folder


def run_of(folder: Path, protocol: str) -> Run:
    return Run.open(next(folder.glob(f"*_{protocol}_*")))


def test_a_bump_run_holds_a_chart_of_its_neuron(runs: Path) -> None:
    """The current into the membrane is I_0 as measured plus I_sse; it sweeps up with the kick and down after it."""
    board = load_board("wu2025_bump")
    neuron = board.neurons["n1"]
    chart = chart_of_run(run_of(runs, "bump"), board, "n1")
    assert len(chart) > 25
    known = chart.fires
    # The gain errors of the three sense chains shift the whole chart by some 0.5 %.
    assert chart.rates[known] == approx(firing_rate(neuron, chart.currents[known]), rel=0.04)
    assert chart.silent_below < neuron.i_min
    found = calibrate("n1", neuron, chart)
    assert found.neuron.i_min == approx(neuron.i_min, rel=0.1)


def test_a_run_without_a_chart_says_what_to_run(runs: Path) -> None:
    run = run_of(runs, "rheobase")
    with pytest.raises(ConfigError, match=r"s11 feeds n1 and its current was not recorded.*neurorig run f_i"):
        chart_of_run(run, load_board("wu2025_bump"), "n1")
    with pytest.raises(ConfigError, match=r"no sweep recorded n2\.v_ap"):
        chart_of_run(run, load_board("wu2025_bump"), "n2")
    fired = [s.index for s in run.sweeps if len(detect(s.traces["n1.v_ap"]))]
    for index in fired[2:]:
        run.mark_bad(index, reason="only two currents are to be left")
    with pytest.raises(ConfigError, match=r"fires steadily at .* uA, .* uA, and 4 different currents are needed"):
        chart_of_run(run, BOARD, "n1")  # without the synapse nothing is missing, but two currents are no chart
