"""Whatever board and whatever input: the twin comes to an end, knows every value, and loses no charge."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.hardware.twin.memory import moved
from neurorig.signals import ConfigError, Steps

from .boards import description, written

DURATION = 0.1
ROWS = 2**20  # of the log: a hundred times what any of these runs needs


def decades(low, high):
    """Numbers over decades."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda x: float(10**x))


def sometimes(values, otherwise=0.0):
    return st.one_of(st.just(otherwise), values)


def texts(entries):
    """Values with their units, as a file has them."""
    return {key: f"{value!r} {UNITS[key]}" if key in UNITS else value for key, value in entries.items()}


UNITS = {
    "C": "F", "V0": "V", "V1": "V", "V_th": "V", "I1": "A", "I_off": "A", "I_H": "A", "dead_time": "s", "fire_delay": "s",
    "hysteresis": "A", "quiescence": "A", "Q_N": "C", "R_drive": "ohm", "tau": "s", "V_T": "V", "R_gm": "ohm",
    "offset": "A", "delay": "s", "noise": "A", "ripple": "A", "ripple_frequency": "Hz", "v_c1": "V", "v_c2": "V",
}  # fmt: skip


@st.composite
def calibrations(draw):
    v_0, v_1, v_th = sorted(draw(st.lists(st.floats(0.1, 4.0), min_size=3, max_size=3, unique=True)))
    i_1, i_off = sorted(draw(st.lists(decades(1e-7, 1e-4), min_size=2, max_size=2, unique=True)))
    assume(v_1 - v_0 > 1e-3 and v_th - max(v_1, 1.0) > 1e-3 and i_off - i_1 > 1e-8)
    return texts({
        "C": draw(decades(3e-9, 1e-5)), "V0": v_0, "V1": v_1, "V_th": v_th, "I1": i_1, "I_off": i_off,
        "I_H": draw(decades(2e-5, 3e-4)), "dead_time": draw(sometimes(decades(1e-6, 1e-2))),
        "fire_delay": draw(sometimes(decades(1e-6, 1e-3))), "hysteresis": draw(sometimes(decades(1e-9, 1e-6))),
        "quiescence": draw(decades(1e-9, 1e-6)),
    })  # fmt: skip


@st.composite
def synapses(draw, neurons):
    link, stages = description()["synapses"]["s11"], draw(st.integers(0, 2))
    link |= {
        "pre": draw(st.sampled_from(neurons)), "post": draw(st.sampled_from([*neurons, "open"])), "stages": stages,
        "kind": draw(st.sampled_from(["excitatory", "inhibitory"])),
    }  # fmt: skip
    link |= texts({"delay": draw(sometimes(decades(1e-5, 0.1)))})
    link["calibration"] |= texts({
        "tau": draw(decades(2e-5, 10.0)), "V_T": draw(st.floats(0.3, 1.5)), "R_gm": draw(sometimes(decades(1e2, 1e5))),
        "m1": draw(decades(0.1, 3.0)), "m2": draw(decades(0.1, 3.0)), "offset": draw(sometimes(decades(1e-9, 1e-6))),
        "Q_N": draw(decades(1e-11, 1e-6)),
    })  # fmt: skip
    if draw(st.booleans()):
        link["calibration"]["drive"] = "pcb"
        del link["calibration"]["Q_N"], link["calibration"]["R_drive"]
    link["at_rest"] = texts({"v_c1": draw(st.floats(0.0, 3.0)), "v_c2": draw(st.floats(0.0, 3.0))})
    return link


@st.composite
def boards(draw):
    """Entries of a board file with one to four neurons and none to six synapses."""
    entries = description()
    names = [f"n{k + 1}" for k in range(draw(st.integers(1, 4)))]
    neuron, port = entries["neurons"]["n1"], entries["ports"]["n1.i0"]
    neuron["components"]["R_a"] = f"{draw(decades(50.0, 3e3))!r} ohm"
    entries["neurons"] = {
        name: {**neuron, "calibration": {**neuron["calibration"], **draw(calibrations())}} for name in names
    }
    entries["synapses"] = {f"s{k}": draw(synapses(names)) for k in range(draw(st.integers(0, 6)))}
    entries["ports"] = {f"{name}.i0": {**port, **draw(disturbances())} for name in names}
    entries["nodes"] = {}
    return entries


@st.composite
def disturbances(draw):
    return texts({
        "noise": draw(sometimes(decades(1e-9, 2e-6))), "ripple": draw(sometimes(decades(1e-9, 1e-5))),
        "ripple_frequency": draw(decades(5.0, 2e3)), "ripple_phase": draw(st.floats(-4.0, 4.0)),
        "sag": draw(sometimes(decades(1e-4, 0.09))),
    })  # fmt: skip


LEVELS = st.lists(st.floats(-1e-4, 3e-4), min_size=1, max_size=4)


def made(folder, entries):
    try:
        board = written(folder, entries)
        Twin(board)
        return board
    except ConfigError:  # a combination of values that a board file must not have
        assume(False)


def started(board, programs):
    twin = Twin(board, seed=1)
    for port, levels in zip(board.ports, programs, strict=False):
        twin.play(port, Steps.of([DURATION / len(levels)] * len(levels), levels), 0.0)
    return twin


@pytest.fixture(scope="module")
def bounded():
    """The log of a run may not grow without end."""

    def longer(log, first, gone, room):
        assert room <= ROWS, f"too many events, the last at {log.time[log.size[0] - 1]} s"
        return moved(log, first, gone, room)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurorig.hardware.twin.exact.moved", longer)
        yield


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries=boards(), programs=st.lists(LEVELS, min_size=4, max_size=4), cuts=st.lists(st.floats(0.0, DURATION)))
def test_any_board_under_any_input_comes_to_an_end(tmp_path_factory, bounded, entries, programs, cuts):
    board = made(tmp_path_factory.mktemp("board"), entries)
    twin, cut = started(board, programs), started(board, programs)
    twin.advance(DURATION)
    for moment in sorted([*cuts, DURATION]):
        cut.advance(moment)
    for node in board.quantities:
        values = twin.sample(node, 0.0, 1e-4, 1001)
        assert np.all(np.isfinite(values)), node
        assert np.array_equal(values, cut.sample(node, 0.0, 1e-4, 1001)), node
        if node.split(".")[1].startswith("v_c"):
            synapse = board.synapses[node.split(".")[0]]
            assert values.max() <= board.supply - synapse.calibration.headroom + 1e-9, node


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.fixed_dictionaries({
        "tau": decades(1e-3, 3.0), "Q_N": decades(1e-11, 1e-7), "m1": decades(0.2, 2.0),
        "R_gm": sometimes(decades(1e3, 1e5)),
    }),
    delay=sometimes(decades(1e-4, 0.1)),
)  # fmt: skip
def test_every_spike_s_charge_passes_both_stages(tmp_path_factory, values, delay):
    entries = description()
    link = entries["synapses"]["s11"]
    link |= {"post": "open", **texts({"delay": delay})}
    link["calibration"] |= texts(values)
    link["at_rest"] = {"v_c1": link["calibration"]["V_T"], "v_c2": link["calibration"]["V_T"]}
    board = made(tmp_path_factory.mktemp("board"), entries)
    twin = Twin(board)
    busy, end = 0.2, 0.2 + 40 * values["tau"]
    twin.play("n1.i0", Steps.of([0.08, end], [80e-6, 0.0]), 0.0)
    twin.advance(end)
    full = board.supply - board.synapses["s11"].calibration.headroom
    assume(max(twin.sample(f"s11.v_c{k}", 0.0, 1e-4, 10_000 if end > 1 else 2000).max() for k in (1, 2)) < full)

    def passed(node):
        fine, wide = twin.sample(node, 0.0, 1e-6, 200_001), twin.sample(node, busy, (end - busy) / 20_000, 20_001)
        return np.trapezoid(fine, dx=1e-6) + np.trapezoid(wide, dx=(end - busy) / 20_000)

    assert twin.count > 5
    assert passed("s11.i_s1") == pytest.approx(values["Q_N"] * twin.count, rel=1e-4)
    assert passed("s11.i_s2") == pytest.approx(values["m1"] * values["Q_N"] * twin.count, rel=1e-4)


@pytest.mark.parametrize("component", ["n1.C_m", "n1.R_a", "s11.C_s", "s11.R_s"])
def test_a_component_of_nothing_is_refused(component):
    with pytest.raises(ConfigError, match=rf"^{component}: .*greater than 0"):
        load_board("wu2025_bump").with_components({component: 0.0})


def test_a_board_without_supply_is_refused():
    with pytest.raises(ConfigError, match=r"supply.*greater than 0"):
        load_board("wu2025_bump").with_supply(0.0)
