"""What the twin's front door refuses, whichever engine is behind it, and the sentence that the person gets."""

from math import inf, nan

import numpy as np
import pytest

from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError, Steps

ENGINES = [("wu2025_neuron", "exact"), ("wu2025_neuron", "network"), ("wu2023_fig2", "bursting")]


@pytest.fixture(params=ENGINES, ids=[engine for _, engine in ENGINES])
def twin(request: pytest.FixtureRequest) -> Twin:
    board, engine = request.param
    twin = Twin(load_board(board), engine=engine)
    twin.advance(0.01)
    return twin


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"dt": 0.0}, r"n1\.v_m: dt = 0\.0 s: .* positive and finite, such as 1e-5"),
        ({"dt": -1e-5}, r"n1\.v_m: dt = -1e-05 s: .* positive"),
        ({"dt": nan}, r"n1\.v_m: dt = nan s: .* positive"),
        ({"dt": inf}, r"n1\.v_m: dt = inf s: .* finite"),
        ({"t0": 0.005, "dt": 1e-300}, r"dt = 1e-300 s cannot tell times near 0\.005 s apart; give more than"),
        ({"t0": nan}, r"n1\.v_m: t0 = nan s: .* finite number of seconds"),
        ({"t0": -inf}, r"t0 = -inf s"),
        ({"n": -1}, r"n1\.v_m: n = -1: n is a whole number from 0 on"),
        ({"n": 2.5}, r"n1\.v_m: n = 2\.5: n is a whole number from 0 on"),
        ({"first": nan}, r"n1\.v_m: first = nan: first is a whole number"),
    ],
)
def test_times_that_make_no_grid_are_refused(twin: Twin, grid: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        twin.sample("n1.v_m", **{"t0": 0.0, "dt": 1e-4, "n": 3, **grid})


def test_whole_numbers_of_numpy_and_an_empty_grid_are_fine(twin: Twin) -> None:
    once = twin.sample("n1.v_m", 0.0, 1e-3, np.int64(5), first=np.int32(2))
    assert np.array_equal(once, twin.sample("n1.v_m", 0.0, 1e-3, 5, first=2))
    assert twin.sample("n1.v_m", 0.0, 1e-3, 0).shape == (0,)


def test_microamperes_given_as_amperes_are_refused(twin: Twin) -> None:
    message = r"n1\.i0: 60 A is more than 10 times its range of 0 A to 250 uA.* 60e-6 is 60 uA"
    with pytest.raises(ValueError, match=message):
        twin.drive("n1.i0", 60)
    with pytest.raises(ValueError, match=message):
        twin.play("n1.i0", Steps.of([0.1, 0.1, 0.1], [60e-6, 60.0, 10e-6]), twin.now)
    with pytest.raises(ValueError, match=r"n1\.i0: -60 A is more than"):
        twin.drive("n1.i0", -60.0)
    twin.drive("n1.i0", 2.5e-3)  # far out of the range, but somebody may want to see it


def test_what_does_not_fire_has_no_spikes() -> None:
    twin = Twin(load_board("wu2025_bump"))
    with pytest.raises(ConfigError, match=r"no neuron 's11'\. It is a synapse, and only neurons fire\. Neurons: n1"):
        twin.spikes("s11")
    with pytest.raises(ConfigError, match=r"no neuron 'n9'\. Did you mean 'n1'"):
        twin.spikes("n9")


def test_a_load_may_be_written_with_its_unit() -> None:
    board = load_board("wu2025_bump")

    def volts(load: float | str) -> float:
        twin = Twin(board, loads={"n1.v_m": load})
        twin.drive("n1.i0", 30e-6)
        twin.advance(0.02)
        return float(twin.state_of("n1")["v_m"])

    assert volts("10 Mohm") == volts(10e6) != volts("1 Mohm")
    with pytest.raises(ConfigError, match=r"n1\.v_m: load: .*'10 MV'.* is not a resistance"):
        volts("10 MV")
    with pytest.raises(ConfigError, match=r"n1\.v_m: a load of None is no resistance"):
        volts(None)


@pytest.mark.parametrize("seed", [-1, 0.5, "x"])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    with pytest.raises(ConfigError, match=rf"seed = '?{seed}'?: a seed is a whole number from 0 on"):
        Twin(load_board("wu2025_bump"), seed=seed)


@pytest.mark.parametrize("before", [nan, inf, 0.02])
def test_the_future_cannot_be_forgotten(twin: Twin, before: float) -> None:
    with pytest.raises(ValueError, match=rf"cannot forget what was before {before} s; it is 0\.01 s"):
        twin.forget(before)
    twin.advance(0.03)
    assert len(twin.sample("n1.v_m", 0.0, 1e-3, 30)) == 30  # nothing is gone
