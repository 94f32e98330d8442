"""`neurorig calibrate` as a person types it: a board, a chart, and what comes back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest import approx

from neurorig.cli.app import run
from neurorig.hardware import load_board
from neurorig.hardware.devices import load_device

EXAMPLE = Path(__file__).parents[2] / "examples" / "calibration"
CHART, SPIKES = str(EXAMPLE / "fi.csv"), str(EXAMPLE / "spikes.csv")
QUICK = ["--bootstrap", "20"]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["calibrate", *arguments])
    return code, *capsys.readouterr()


def test_chart_and_spikes_of_the_example_give_its_device(capsys: pytest.CaptureFixture[str]) -> None:
    """The example was simulated: `med` with 8 % more current."""
    arguments = ("--board", "wu2025_neuron", "--fi", CHART, "--spike", SPIKES, "--out", "mine.toml", *QUICK)
    code, out, _ = said(capsys, *arguments)
    assert code == 0
    for part in ("95 % interval", "by bootstrap", "was", "I_off", "46.324 uA", "1 outlier", "board   mine.toml"):
        assert part in out
    device, neuron = load_device("med").calibration, load_board("mine.toml").neurons["n1"]
    assert neuron.i_min == approx(1.08 * device.I_off, rel=0.01)
    assert neuron.i_max == approx(1.08 * device.I_H, rel=0.01)
    assert neuron.calibration.V_th - neuron.calibration.V_F == approx(device.V_th - device.V_F, rel=0.02)
    assert neuron.capacitance == approx(device.C, rel=0.01)
    assert Path("mine_n1.png").stat().st_size > 20_000
    for name in ("fi.csv", "spikes.csv", "sha256"):
        assert name in neuron.calibration.source


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--board", "wu2025_neuron", "--fi", CHART, "--json", "--bootstrap", "0")
    found = json.loads(out)
    assert code == 0
    assert found["board"] == "wu2025_neuron_calibrated.toml"
    neuron = found["neurons"]["n1"]
    threshold = next(p for p in neuron["parameters"] if p["name"] == "I_off")
    assert threshold["low"] < threshold["value"] < threshold["high"]
    assert threshold["boot_low"] is None
    assert (neuron["points"], neuron["outliers"]) == (22, 1)
    assert neuron["rms_Hz"] < 1.0
    assert [Path(p).exists() for p in found["pictures"]] == [True]


def test_several_devices_of_a_board_separately(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [line.split(",") for line in Path(CHART).read_text(encoding="utf-8").splitlines()[2:]]
    for name, more in (
        ("first.csv", 1.0),
        ("second.csv", 1.2),
    ):  # C_m of this board is a third, so the rates are higher
        lines = [f"{more * float(i):g},{2.5 * float(f):g}" for i, f in rows]
        Path(name).write_text("\n".join(["I_uA,f_Hz", *lines]), encoding="utf-8")
    arguments = ("--board", "motif_mutual_inhibition", "--out", "two.toml", "--bootstrap", "0")
    code, out, _ = said(capsys, *arguments, "--fi", "n1=first.csv", "--fi", "n2=second.csv")
    assert code == 0
    neurons = load_board("two.toml").neurons
    assert neurons["n2"].i_min == approx(1.2 * neurons["n1"].i_min, rel=0.03)
    assert "picture two_n1.png" in out
    assert "picture two_n2.png" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Give either --fi with a measured chart, or --run"),
        (["--fi", CHART], "Name the board whose neuron was measured"),
        (["--fi", CHART, "--board", "wu2025_neurone"], "Did you mean 'wu2025_neuron'"),
        (
            ["--fi", CHART, "--board", "motif_mutual_inhibition"],
            "Which neuron of 'motif_mutual_inhibition' was measured: n1, n2",
        ),
        (["--fi", f"n3={CHART}", "--board", "motif_mutual_inhibition"], "has no neuron 'n3'"),
        (["--fi", CHART, "--fi", CHART, "--board", "wu2025_neuron"], "a second chart of n1"),
        (["--fi", "absent.csv", "--board", "wu2025_neuron"], "absent.csv: cannot be read: No such file"),
        (["--fi", CHART, "--board", "wu2025_neuron", "--current-error", "0 A"], "--current-error: an error of 0"),
        (["--fi", CHART, "--board", "wu2025_neuron", "--bootstrap", "-3"], "--bootstrap: -3 charts cannot be made"),
        (["--fi", CHART, "--board", "wu2025_neuron", "--out", "q9"], "a board file ends in .toml: --out q9.toml"),
        (["--fi", CHART, "--board", "wu2025_neuron", "--out", "no/q.toml"], "there is no folder no"),
        (["--fi", CHART, "--board", "wu2025_neuron", "--rate-error", "2"], "'2' is not a frequency"),
        (["--fi", CHART, "--board", "wu2025_neuron", "--spike", CHART], "needs one column that is a time such as t_us"),
        (
            ["--fi", f"n1={CHART}", "--fi", f"n2={CHART}", "--board", "motif_mutual_inhibition", "--spike", SPIKES],
            "whose spikes are they? Calibrate one neuron at a time: n1, n2",
        ),
    ],
)
def test_what_cannot_be_is_told_and_nothing_written(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, error = said(capsys, *arguments)
    assert code == 2
    assert told in error
    assert list(tmp_path.iterdir()) == []


def example(heading: str, rate: Callable[[float], float] = float) -> str:
    """The example's chart under another heading, its rates changed."""
    rows = [line.split(",") for line in Path(CHART).read_text(encoding="utf-8").splitlines()[2:]]
    return "\n".join([heading, *(f"{i},{rate(float(f)):g}" for i, f in rows)])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            example("I_mA,f_Hz"),
            "currents of 36.5 mA to 85 mA; this neuron fires from 46.3 uA to 107 uA: is the unit of",
        ),
        (example("I_A,f_Hz"), "column I_A right"),
        (example("I_nA,f_Hz"), "column I_nA right"),
        (
            example("I_uA,f_kHz"),
            "rates of 85.6 kHz to 266.2 kHz; this neuron fires with up to 200 Hz: is the unit of column",
        ),
        (example("I_uA,f_mHz"), "column f_mHz right"),
        ("I_uA,f_Hz\n", "has a heading and no points. Needed: 4 different currents"),
        (example("I_uA,f_Hz").replace(",", "\t"), "line 1: the columns are separated by tabs"),
        (example("I_uA,f_Hz").replace(",", ";"), "line 1: the columns are separated by semicolons"),
    ],
)
def test_a_chart_that_cannot_be_is_refused(text: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("chart.csv").write_text(text, encoding="utf-8")
    code, _, error = said(capsys, "--board", "wu2025_neuron", "--fi", "chart.csv")
    assert code == 2
    assert "chart.csv" in error
    assert told in error
    assert not list(Path().glob("*.toml"))


def equal(rate: float) -> float:
    return 100.0 if rate else 0.0


def scattered(rate: float) -> float:
    return 20.0 + (7919.0 * rate) % 200.0 if rate else 0.0


def three_times(rate: float) -> float:
    return 3.0 * rate


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (equal, "they hardly differ"),
        (scattered, "It describes nothing. Likely reasons: another board"),
        (three_times, "times the board's C_m"),
    ],
)
def test_a_fit_that_describes_nothing_makes_no_board(
    rate: Callable[[float], float], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("chart.csv").write_text(example("I_uA,f_Hz", rate), encoding="utf-8")
    arguments = ("--board", "wu2025_neuron", "--fi", "chart.csv", "--out", "mine.toml", "--bootstrap", "0")
    code, _, error = said(capsys, *arguments)
    assert code == 2
    assert "Hz rms" in error
    assert told in error
    assert "--anyway writes it" in error
    assert not Path("mine.toml").exists()
    code, out, _ = said(capsys, *arguments, "--anyway")
    assert code == 0
    assert "It describes nothing" in " ".join(out.split())
    assert Path("mine.toml").exists()


def test_rates_too_low_for_the_capacitance_are_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    Path("chart.csv").write_text(example("I (uA),f [Hz]", lambda f: f / 3), encoding="utf-8")
    code, out, _ = said(capsys, "--board", "wu2025_neuron", "--fi", "chart.csv", "--bootstrap", "0")
    assert code == 0
    assert "is C_m of the board 100 nF?" in " ".join(out.split())


def test_a_board_file_is_never_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.toml").write_text("precious", encoding="utf-8")
    code, _, error = said(capsys, "--board", "wu2025_neuron", "--fi", CHART, "--out", "mine.toml", *QUICK)
    assert code == 2
    assert "mine.toml: exists already; name another file with --out" in error
    assert Path("mine.toml").read_text(encoding="utf-8") == "precious"


def test_a_recorded_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "bump", "--simulate", "-p", "probes=no"]) == 0
    capsys.readouterr()
    code, out, _ = said(capsys, "--run", "last", "--out", "mine.toml", "--bootstrap", "0")
    assert code == 0
    assert "n1: run " in out
    board = load_board("mine.toml")
    assert "wu2025_bump" in board.neurons["n1"].calibration.source
    assert board.i_min("n1.i0") == approx(45.3e-6, rel=0.1)
    assert board.synapses == load_board("wu2025_bump").synapses
