"""What each part of the circuit does: latch, hysteresis, probes that load, stages, delta synapses, pairs of neurons."""

import numpy as np
import pytest

from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.hardware.twin.memory import moved
from neurorig.signals import ConfigError, Steps

from .boards import description, network, single, written


def fires(board, amperes, seconds=1.0, loads=None):
    twin = Twin(board, loads=loads)
    twin.drive("n1.i0", amperes)
    twin.advance(seconds)
    return twin.count > 3


# ------------------------------------------------------------------------------------------------------------ neuron


def test_the_neuron_fires_between_i_min_and_i_max_and_latches_above():
    board = load_board("wu2025_neuron")
    low, high = board.i_min("n1.i0"), board.i_max("n1.i0")
    assert not fires(board, low - 1e-9)
    assert fires(board, low + 1e-9)
    assert fires(board, high - 1e-9)
    twin = Twin(board)
    twin.drive("n1.i0", high + 1e-9)
    twin.advance(1.0)
    assert twin.count == 1
    assert twin.state_of("n1")["phase"] == "conducting"
    assert twin.state_of("n1")["v_ap"] == pytest.approx((high + 1e-9) * 2000, rel=1e-6)
    twin.drive("n1.i0", high - 10e-6)  # the block ends with the current
    twin.advance(2.0)
    assert twin.count > 100


def test_the_latch_may_hold_with_less_than_opens_a_spike(tmp_path):
    board = single(tmp_path, I_max="95 uA")
    assert board.i_max("n1.i0") == 95e-6
    assert fires(board, 94.9e-6)
    twin = Twin(board)
    twin.drive("n1.i0", 95.1e-6)
    twin.advance(0.5)
    assert (twin.count, twin.state_of("n1")["phase"]) == (1, "latched")
    twin.drive("n1.i0", 94.9e-6)
    twin.advance(1.0)
    assert twin.count > 50


def test_a_neuron_comes_to_rest_at_the_bend_of_its_leak(tmp_path):
    board = single(tmp_path, I1="30 uA", V1="3.3 V")
    for amperes in (30e-6, np.nextafter(30e-6, 1.0), np.nextafter(30e-6, 0.0)):
        twin = Twin(board)
        twin.drive("n1.i0", amperes)
        twin.advance(100.0)
        assert twin.state_of("n1")["v_m"] == pytest.approx(3.3, abs=1e-9)


def test_a_silent_neuron_needs_more_than_one_that_fires(tmp_path):
    board = single(tmp_path, hysteresis="0.5 uA")
    low = load_board("wu2025_neuron").i_min("n1.i0")
    assert board.i_min("n1.i0") == pytest.approx(low + 0.5e-6)
    assert not fires(board, low + 0.4e-6)
    assert fires(board, low + 0.6e-6)
    twin = Twin(board)
    twin.drive("n1.i0", low + 5e-6)
    for k, extra in enumerate((5e-6, 0.4e-6, 0.1e-6, 0.01e-6, 0.4e-6), start=1):
        twin.drive("n1.i0", low + extra)
        twin.advance(1.0 * k)
    counts = [len(twin.spikes("n1", k + 0.2, k + 1.0)) for k in range(5)]
    assert min(counts[:3]) > 40  # once it fires, 0.1 uA is enough
    assert counts[3:] == [0, 0]  # once it is silent, 0.4 uA is not


@pytest.mark.parametrize("fire_delay", ["0 s", "50 us"])  # it and the silence are timed by the same clock
@pytest.mark.parametrize(("pause", "resumes"), [(10e-3, True), (29e-3, True), (40e-3, False), (0.5, False)])
def test_a_neuron_that_takes_time_to_fall_silent_bridges_a_short_pause(tmp_path, pause, resumes, fire_delay):
    """Wu 2025, Fig. 13: the end of a burst pauses for half a cycle of the mains and goes on, a burst does not."""
    board = single(tmp_path, hysteresis="0.5 uA", silence="40 ms", fire_delay=fire_delay)
    low = load_board("wu2025_neuron").i_min("n1.i0")
    twin = Twin(board)
    for start, extra in ((0.0, 5e-6), (1.0, -1e-6), (1.0 + pause, 0.1e-6)):
        twin.drive("n1.i0", low + extra, at=start)
        twin.advance(start)
    twin.advance(3.0)
    assert len(twin.spikes("n1", 0.0, 1.0)) > 40
    assert (len(twin.spikes("n1", 1.0 + pause)) > 40) == resumes


def test_a_neuron_at_rest_is_silent_from_the_start(tmp_path):
    board = single(tmp_path, hysteresis="0.5 uA", silence="40 ms")
    low = load_board("wu2025_neuron").i_min("n1.i0")
    assert not fires(board, low + 0.4e-6)
    assert fires(board, low + 0.6e-6)


def test_dead_time_does_not_scale_with_the_capacitor(tmp_path):
    short, long = single(tmp_path), single(tmp_path, dead_time="1 ms")
    assert long.neurons["n1"].calibration.dead_time > short.neurons["n1"].calibration.dead_time

    def period(board):
        twin = Twin(board)
        twin.drive("n1.i0", 70e-6)
        twin.advance(0.5)
        return np.diff(twin.spikes("n1"))[-1]

    longer = 1e-3 - short.neurons["n1"].calibration.dead_time
    for c_m in (0.1e-6, 33e-9):
        boards = (board.with_components({"n1.C_m": c_m}) for board in (long, short))
        assert np.subtract(*(period(board) for board in boards)) == pytest.approx(longer, rel=1e-9)


def test_a_fire_delay_lets_the_membrane_rise_further(tmp_path):
    twin = Twin(single(tmp_path, fire_delay="62.2 us"))
    twin.drive("n1.i0", 70e-6)
    twin.advance(0.1)
    top = twin.sample("n1.v_m", twin.spikes("n1")[0], 1.0, 1)[0]
    device = twin.board.neurons["n1"].calibration
    assert top == pytest.approx(device.V_th + (70e-6 - device.I_off) * 62.2e-6 / 110e-9, rel=1e-9)


def test_a_probe_on_the_membrane_takes_its_current_at_threshold():
    board = load_board("wu2025_neuron")
    drawn = board.neurons["n1"].calibration.V_th / 10e6  # 10 Mohm: 0.35 uA
    low = board.i_min("n1.i0")
    assert not fires(board, low + drawn - 1e-9, loads={"n1.v_m": 10e6})
    assert fires(board, low + drawn + 1e-9, loads={"n1.v_m": 10e6})
    assert fires(board, low + 1e-9, loads={"n1.v_ap": 10e6})


def test_a_probe_discharges_a_stage_below_v_t():
    twin = Twin(load_board("wu2025_bump"), loads={"s11.v_c1": 10e6})
    twin.advance(30.0)
    left = 0.27 * np.exp(-30.0 / (10e6 * 5.55e-6))
    assert twin.sample("s11.v_c1", 30.0, 1.0, 1)[0] == pytest.approx(left, rel=1e-12)
    assert twin.sample("s11.v_c2", 30.0, 1.0, 1)[0] == pytest.approx(0.27, rel=1e-12)


def test_loads_on_nothing_are_refused():
    board = load_board("wu2025_bump")
    with pytest.raises(ConfigError, match=r"'n1\.v_n', which is no node.*Did you mean 'n1\.v_"):
        Twin(board, loads={"n1.v_n": 10e6})
    with pytest.raises(ConfigError, match=r"n1\.v_m: a load of 0\.0 ohm"):
        Twin(board, loads={"n1.v_m": 0.0})


def test_action_potentials_obey_kirchhoff():
    """What does not charge the membrane flows through R_a, in every phase."""
    board = load_board("wu2025_bump")
    twin = Twin(board)
    twin.play("n1.i0", Steps.of([2.0], [65.6e-6]), 0.0)
    twin.advance(2.0)
    step = 1e-7
    start = twin.spikes("n1")[-3] - 1e-3
    v_m = twin.sample("n1.v_m", start, step, 100_000)
    into = twin.sample("n1.i0", start, step, 100_000) + twin.sample("s11.i_out", start, step, 100_000)
    through = into[1:-1] - board.neurons["n1"].capacitance * (v_m[2:] - v_m[:-2]) / (2 * step)
    v_ap = twin.sample("n1.v_ap", start, step, 100_000)[1:-1]
    assert np.quantile(np.abs(through * 2000 - v_ap), 0.999) < 1e-5  # all but the samples astride an event


# ----------------------------------------------------------------------------------------------------------- synapse


def test_a_stage_stops_at_the_supply(tmp_path):
    board = network(tmp_path, {"s12": ("n1", "n2")}, Q_N="400 nC")
    twin = Twin(board)
    twin.play("n1.i0", Steps.of([10.0, 10.0], [90e-6, 0.0]), 0.0)
    twin.advance(20.0)
    ceiling = board.synapses["s12"].gain * (5.0 - 0.1 - 0.751) / 100e3
    out = twin.sample("s12.i_out", 0.0, 1e-3, 20_000)
    assert out.max() == pytest.approx(ceiling, rel=1e-12)
    assert np.all(out[5000:10_000] == out.max())
    assert out[-1] < 1e-3 * ceiling


FAST = [*np.geomspace(0.1e-9, 10e-9, 9), 0.4e-9, 0.6e-9, 0.9e-9]


@pytest.mark.parametrize("farads", FAST, ids=lambda farads: f"{farads * 1e9:.2f} nF")
def test_a_stage_faster_than_a_spike_is_filled_and_released_once_by_each(monkeypatch, farads):
    """However coarse a float of the time is against its decay, a full stage is not filled again as it is released."""

    def longer(log, first, gone, room):
        assert room <= 4096, f"too many events, the last at {log.time[-1]} s"
        return moved(log, first, gone, room)

    monkeypatch.setattr("neurorig.hardware.twin.exact.moved", longer)
    board = load_board("wu2025_bump").with_components({"s11.C_s": farads})

    def run(cuts):
        twin = Twin(board)
        twin.drive("n1.i0", 65.6e-6)
        for cut in cuts:
            twin.advance(cut)
        return twin

    once = run([1.0])
    assert once.count > 100
    assert np.array_equal(run(np.linspace(0.0, 1.0, 24)).spikes("n1"), once.spikes("n1"))
    full = board.supply - board.synapses["s11"].calibration.headroom
    top = once.sample("s11.v_c2", 0.0, 1e-5, 100_000).max()
    assert top == pytest.approx(full, rel=1e-12) if farads < 1e-9 else top < full * (1 + 1e-12)


def test_one_stage_is_an_exponential(tmp_path):
    entries = description()
    entries["synapses"]["s11"]["stages"] = 1
    del entries["nodes"]["s11.v_c2"], entries["nodes"]["s11.i_s2"]
    entries["synapses"]["s11"]["at_rest"]["v_c1"] = "0.751 V"
    board = written(tmp_path, entries)
    twin = Twin(board)
    twin.play("n1.i0", Steps.of([0.012, 1.0], [60e-6, 0.0]), 0.0)  # one spike
    twin.advance(1.0)
    assert twin.count == 1
    out = twin.sample("s11.i_out", 0.1, 0.1, 5)
    assert out[1:] / out[:-1] == pytest.approx(np.exp(-0.1 / 0.555), rel=1e-9)
    assert out[0] == pytest.approx(board.synapses["s11"].gain * 97.8e-9 / 0.555 * np.exp(-0.1 / 0.555), rel=0.05)


def test_two_stages_make_an_alpha_function(tmp_path):
    entries = description()
    entries["synapses"]["s11"]["at_rest"] = {"v_c1": "0.751 V", "v_c2": "0.751 V"}
    twin = Twin(written(tmp_path, entries))
    twin.play("n1.i0", Steps.of([0.012, 3.0], [60e-6, 0.0]), 0.0)
    twin.advance(3.0)
    assert twin.count == 1
    out = twin.sample("s11.i_out", 0.0, 1e-4, 30_000)
    assert 1e-4 * np.argmax(out) - twin.spikes("n1")[0] == pytest.approx(0.555, rel=1e-3)
    assert out.max() == pytest.approx(1.246 * 97.8e-9 / 0.555 / np.e, rel=1e-3)


def bursting(folder, hysteresis):
    """The self-inhibited neuron of Wu 2025 Fig. 13, as calibrated on Figs 11 and 13."""
    entries = description()
    neuron, synapse = entries["neurons"]["n1"], entries["synapses"]["s11"]
    neuron["components"]["C_m"] = "33 nF"
    neuron["calibration"] |= {
        "scale": 1.0, "C": "36.3 nF", "V1": "3.454143487 V", "I1": "43.3733 uA", "V_th": "3.4908095441 V",
        "I_off": "48.94 uA", "I_H": "112.2669 uA", "dead_time": "0.378 ms", "hysteresis": hysteresis,
    }  # fmt: skip
    synapse["kind"] = "inhibitory"
    synapse["components"] |= {"R_W": "2.2 kohm", "C_s": "10 uF"}
    synapse["calibration"] |= {"Q_N": "44.65 nC", "tau": "1.018 s", "m1": 1.1, "m2": 1.212 / 1.1, "V_T": "0.702 V"}
    twin = Twin(written(folder, entries))
    twin.drive("n1.i0", 53.2e-6)
    twin.advance(20.0)
    return np.diff(twin.spikes("n1", 10.0)), twin.sample("s11.i_out", 10.0, 1e-3, 10_000)


def test_bursts_exist_only_because_of_the_hysteresis(tmp_path):
    tonic, _ = bursting(tmp_path, "0 A")
    assert tonic.max() < 0.03
    intervals, current = bursting(tmp_path, "0.1 uA")
    pauses = np.flatnonzero(intervals > 0.1)
    assert np.diff(np.cumsum(intervals)[pauses]).mean() == pytest.approx(0.83, abs=0.08)  # Fig. 13
    assert np.ptp(current) == pytest.approx(0.15e-6, abs=0.05e-6)
    assert current.mean() == pytest.approx(4.2e-6, abs=0.2e-6)


# ------------------------------------------------------------------------------------------------------- two neurons


@pytest.mark.parametrize(("kind", "phase"), [("inhibitory", 0.5), ("excitatory", 0.0)])
@pytest.mark.parametrize("lag", [0.5e-3, 2.2e-3, 4e-3])
def test_a_delta_coupled_pair_locks(tmp_path, kind, phase, lag):
    """Inhibition drives two neurons into antiphase, excitation into phase, from any start."""
    board = network(tmp_path, {"s12": ("n1", "n2"), "s21": ("n2", "n1")}, kind=kind, stages=0)
    twin = Twin(board)
    twin.drive("n1.i0", 62e-6)
    twin.drive("n2.i0", 62e-6, at=lag)
    twin.advance(8.0)
    first, second = twin.spikes("n1", 7.0), twin.spikes("n2", 7.0)[2:-2]
    before = np.searchsorted(first, second) - 1
    shift = (second - first[before]) / (first[before + 1] - first[before])
    off = np.abs((shift - phase + 0.5) % 1.0 - 0.5)
    assert off.max() < 0.02


def test_an_inhibitory_projection_slows_only_the_neuron_behind_it(tmp_path):
    board = network(tmp_path, {"s12": ("n1", "n2")}, Q_N="20 nC")
    twin = Twin(board)
    twin.drive("n1.i0", 70e-6)
    twin.drive("n2.i0", 70e-6)
    twin.advance(6.0)
    alone = 1.0 / np.diff(twin.spikes("n1")[:2])[0]
    assert 1.0 / np.diff(twin.spikes("n1"))[-1] == pytest.approx(alone, rel=1e-9)
    assert 1.0 / np.diff(twin.spikes("n2"))[-1] < 0.98 * alone


def test_an_offset_current_flows_without_spikes(tmp_path):
    board = network(tmp_path, {"s12": ("n1", "n2")}, offset="0.83 uA")
    twin = Twin(board)
    low = board.i_min("n2.i0")
    twin.drive("n2.i0", low - 1e-9)
    twin.advance(1.0)
    assert twin.count == 0
    assert twin.sample("s12.i_out", 1.0, 1.0, 1)[0] == pytest.approx(0.83e-6)
    twin.drive("n2.i0", low + 1e-9)
    twin.advance(2.0)
    assert twin.count > 0


def test_two_synapses_of_half_the_weight_are_one(tmp_path):
    """Linear superposition at the membrane: mirrors of gain m2 / 2 on two equal synapses, or one of gain m2."""

    def run(wires, gain):
        twin = Twin(network(tmp_path, wires, kind="excitatory", m2=gain))
        twin.drive("n1.i0", 80e-6)
        twin.drive("n2.i0", 40e-6)
        twin.advance(2.0)
        return twin.spikes("n2"), twin.sample("n2.v_m", 0.0, 1e-4, 20_000)

    spikes, v_m = run({"s12": ("n1", "n2")}, 1.0)
    halves_spikes, halves_v_m = run({"s12": ("n1", "n2"), "s12b": ("n1", "n2")}, 0.5)
    assert len(spikes) > 50
    np.testing.assert_allclose(halves_spikes, spikes, rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(halves_v_m, v_m, rtol=0.0, atol=1e-7)
