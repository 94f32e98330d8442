"""`f_i` on the simulated bench: the chart of the board, its ends, a synapse that feeds back, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from neurorig.hardware import load_board
from neurorig.hardware.rate import firing_rate
from neurorig.protocols import Request, execute
from neurorig.protocols.f_i import FICurve
from neurorig.protocols.protocol import Context
from neurorig.records import Run
from neurorig.signals import ConfigError

BENCH = str(Path(__file__).parents[2] / "examples" / "bring_up" / "bench.toml")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    wanted = {"delivered": False, "points": 9, "dwell": "0.2 s"}
    outcome = execute(Request("f_i", wanted, bench=BENCH, simulate=True, out=tmp_path_factory.mktemp("runs")))
    return Run.open(outcome.run)


def test_the_chart_is_that_of_the_board(run):
    table = FICurve.make({"delivered": False}).analyse(run).tables["results"]
    expected = firing_rate(load_board("wu2025_neuron").neurons["n1"], table["current"])
    assert len(table) == 9
    np.testing.assert_allclose(table["rate"], expected, atol=1.0)  # one step of the source is 1 Hz just above I_min
    assert table["rate"].iloc[0] == table["rate"].iloc[-1] == 0.0  # below I_min, above I_max
    assert (table["rate_error"] < 2.0).all()


def test_what_is_told_of_it(run):
    neuron = load_board("wu2025_neuron").neurons["n1"]
    told = run.meta["results"]
    step = 1.5 * neuron.i_min / 8
    assert neuron.i_min < told["fires_from"] < neuron.i_min + step
    assert neuron.i_max - step < told["fires_to"] < neuron.i_max
    assert told["highest_rate"] == pytest.approx(firing_rate(neuron, told["fires_to"]), rel=0.02)
    assert (run.path / "report.html").is_file()


def test_a_silent_neuron_is_said_to_be_silent(tmp_path):
    wanted = {"delivered": False, "points": 2, "dwell": "0.1 s", "start": "10 uA", "stop": "20 uA"}
    outcome = execute(Request("f_i", wanted, bench=BENCH, simulate=True, out=tmp_path))
    assert outcome.results == {"levels": 2, "fires_from": None, "fires_to": None, "highest_rate": None}


def test_a_chart_is_predicted_only_where_nothing_feeds_the_neuron():
    def predicted(name: str) -> list[list[float]]:
        board = load_board(name)
        (sweep,) = FICurve().sweeps(board, Context({"n1.i0": board.i_min("n1.i0")}))
        return sweep.params["predicted"]

    assert len(predicted("wu2025_neuron")) == 2
    assert predicted("wu2025_bump") == predicted("wu2023_fig3") == []


def test_a_staircase_goes_up():
    board = load_board("wu2025_neuron")
    with pytest.raises(ConfigError, match=r"start = 50 uA, stop = 40 uA: the staircase goes up"):
        next(FICurve.make({"start": "50 uA", "stop": "40 uA"}).sweeps(board, Context({"n1.i0": 46e-6})))
