"""The simulated DS1104Z, met through its socket by a client written from the programming guide alone."""

import contextlib
import io
import re
import time

import numpy as np
import pytest
from matplotlib import image

from neurorig.instruments.simulated import SimulatedRigolDS1000Z

from .fakes import Client, Signal, quiet_world, serving


def square(times):
    """0 and 3 V, rising at 0.35 s, 1.05 s, ..."""
    return np.where(np.mod(times, 0.7) >= 0.35, 3.0, 0.0)


def slope(times):
    """A saw tooth from -2 V to 2 V, 1 s."""
    return 4 * np.mod(times, 1.0) - 2


def spikes(times):
    """Pulses of 1.2 V, 60 us wide, every 0.25 s from 0.3137 s on."""
    phase = np.mod(times - 0.3137, 0.25)
    return np.where((times >= 0.3137) & (phase < 60e-6), 1.2, 0.0)


SIGNALS = {"1": square, "2": slope, "3": spikes}


def simulated(world, signals=SIGNALS, **options):
    inputs = {name: Signal(world, volts) for name, volts in signals.items()}
    return SimulatedRigolDS1000Z(world, inputs, **{"serial": "DS1ZA000000001", "seed": 5, **options})


@contextlib.contextmanager
def rigol(**options):
    world = quiet_world()
    device = simulated(world, **options)
    with serving(world, {"scope": device}) as addresses, Client(addresses["scope"]) as client:
        client.world, client.device = world, device
        yield client


@pytest.fixture
def scope():
    with rigol() as client:
        yield client


def settings(scope, *lines):
    for line in lines:
        scope.write(line)
    assert scope.query(":SYSTem:ERRor?") == '0,"No error"', lines


def wait_for(scope, *states):
    """Poll until one of the states is reported; all that was seen on the way."""
    seen = []
    for _ in range(400):
        seen.append(scope.query(":TRIGger:STATus?"))
        if seen[-1] in states:
            return seen
    raise AssertionError(f"never {states}: {seen}")


def single(scope):
    """One single acquisition, waited for as the guide says."""
    scope.write(":SINGle")
    seen = wait_for(scope, "RUN", "WAIT", "TD")
    return seen + wait_for(scope, "STOP")


def preamble(scope):
    return [float(field) for field in scope.query(":WAVeform:PREamble?").split(",")]


def read_memory(scope, channel, batch=250_000):
    """Times from the trigger and volts of the whole internal memory, in batches (guide 2-221, 2-226)."""
    settings(scope, f":WAV:SOUR CHAN{channel}", ":WAV:MODE RAW", ":WAV:FORM BYTE")
    _, _, points, _, xinc, xorigin, xref, yinc, yorigin, yref = preamble(scope)
    data = b""
    for first in range(1, int(points) + 1, batch):
        last = min(first + batch - 1, int(points))
        scope.write(f":WAV:STAR {first}")
        scope.write(f":WAV:STOP {last}")
        data += scope.query_block(":WAV:DATA?")
    codes = np.frombuffer(data, np.uint8)
    assert len(codes) == points
    return xorigin + (np.arange(len(codes)) - xref) * xinc, (codes - yorigin - yref) * yinc


BOTH = (":CHAN1:PROB 1", ":CHAN2:PROB 1", ":CHAN1:SCAL 1", ":CHAN1:OFFS -1.5", ":CHAN2:SCAL 0.5", ":CHAN2:DISP ON")


def test_it_says_who_it_is(scope):
    maker, model, serial, _version = scope.query("*IDN?").split(",")
    assert (maker, model, serial) == ("RIGOL TECHNOLOGIES", "DS1104Z", "DS1ZA000000001")


def test_a_single_record_shows_the_signals_within_one_code():
    with rigol(noise=0.0) as scope:
        settings(scope, *BOTH, ":TIM:MAIN:SCAL 0.1", ":TIM:MAIN:OFFS 0.3", ":ACQ:MDEP 600000")
        settings(scope, ":TRIG:MODE EDGE", ":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:SLOP POS", ":TRIG:EDG:LEV 1.5")
        assert float(scope.query(":ACQ:SRAT?")) == 500_000  # 600 000 points in 12 x 0.1 s
        seen = single(scope)
        assert "TD" in seen
        times, volts = read_memory(scope, 1)
        # The middle of the memory is 0.3 s after the trigger, the trigger is the edge.
        assert times[0] == pytest.approx(-0.3) and times[-1] == pytest.approx(0.9, abs=1e-5)
        assert scope.query(":TRIG:POS?") == "150000"
        edge = times[np.flatnonzero(np.diff((volts > 1.5).astype(int)) > 0)]
        np.testing.assert_allclose(edge, [0.0, 0.7], atol=2.1e-6)
        assert np.max(np.abs(np.minimum(abs(volts), abs(volts - 3)))) <= 1 / 25
        ramp_times, ramp = read_memory(scope, 2, batch=100_000)
        np.testing.assert_array_equal(ramp_times, times)
        start = next(
            t for t in np.arange(0, 20) * 0.7 + 0.35 if abs(slope(t + 0.2) - ramp[times.searchsorted(0.2)]) < 0.02
        )
        far = np.mod(start + times, 1.0)
        smooth = (far > 1e-5) & (far < 1 - 1e-5)
        assert np.max(np.abs(ramp - slope(start + times))[smooth]) <= 0.5 / 25


def test_the_edge_is_found_however_time_is_cut(scope):
    def record(steps):
        world = quiet_world()
        device = simulated(world)
        session = device.session()
        session.receive(b":CHAN1:DISP OFF;:CHAN3:DISP ON;PROB 1;SCAL 0.2;OFFS -0.6;:TIM:SCAL 0.005\n")
        session.receive(b":TRIG:EDG:SOUR CHAN3;LEV 0.6;:ACQ:MDEP 12000;:SING\n")
        for step in steps:
            world.spend(step)
        answer = session.receive(b":WAV:SOUR CHAN3;MODE RAW;STAR 1;STOP 12000;DATA?\n")
        return answer, device.digitiser.record.trigger

    rng = np.random.default_rng(3)
    whole = record([0.5])
    assert whole[1] == pytest.approx(0.3137, abs=2e-9)
    for _ in range(5):
        cuts = rng.uniform(0, 0.004, 400)
        cut = record(cuts[np.cumsum(cuts) < 0.5])
        assert cut == whole


def test_the_pretrigger_memory_fills_first():
    with rigol() as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":TIM:SCAL 0.1", ":TIM:OFFS -0.6", ":TRIG:EDG:LEV 1.5")
        begin = scope.world.now
        scope.write(":SING")
        seen = wait_for(scope, "WAIT") + wait_for(scope, "STOP")
        assert scope.world.now - begin >= 1.2
        assert seen.count("RUN") > 10
        assert float(scope.query(":WAV:MODE RAW;XOR?")) == pytest.approx(-1.2)


def test_a_record_may_begin_after_the_trigger():
    with rigol(noise=0.0) as scope:
        settings(
            scope,
            ":CHAN1:PROB 1",
            ":CHAN1:SCAL 1",
            ":ACQ:MDEP 12000",
            ":TIM:SCAL 0.01",
            ":TIM:OFFS 0.4",
            ":TRIG:EDG:LEV 1.5",
        )
        single(scope)
        assert scope.query(":TRIG:POS?") == "-1"
        times, volts = read_memory(scope, 1)
        assert times[0] == pytest.approx(0.34)
        assert np.all(volts[times < 0.349] > 2.9) and np.all(volts[times > 0.351] < 0.1)


def test_falling_and_either_edges():
    with rigol() as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":ACQ:MDEP 12000", ":TIM:SCAL 0.005")
        settings(scope, ":TRIG:EDG:LEV 1.5", ":TRIG:EDG:SLOP NEG")
        single(scope)
        times, volts = read_memory(scope, 1)
        assert np.all(volts[times < -1e-4] > 2.5) and np.all(volts[times > 1e-4] < 0.5)
        settings(scope, ":TRIG:EDG:SLOP RFAL")
        single(scope)
        times, volts = read_memory(scope, 1)
        assert abs(volts[times < -1e-4].mean() - volts[times > 1e-4].mean()) > 2.5


def test_a_small_signal_within_the_hysteresis_does_not_trigger():
    with rigol() as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 10", ":TRIG:EDG:LEV 2.9")
        scope.write(":SING")
        wait_for(scope, "WAIT")
        scope.world.spend(3.0)
        assert scope.query(":TRIG:STAT?") == "WAIT"
        scope.write(":TFORce")
        wait_for(scope, "STOP")
        assert scope.query(":TRIG:POS?") == "-2"


def test_the_screen_has_1200_points(scope):
    settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":TIM:SCAL 0.1", ":TRIG:EDG:LEV 1.5")
    single(scope)
    settings(scope, ":WAV:SOUR CHAN1", ":WAV:MODE NORM", ":WAV:STAR 1", ":WAV:STOP 1200", ":WAV:FORM BYTE")
    _, mode, points, count, xinc, xorigin, _, yinc, _, _ = preamble(scope)
    assert (mode, points, count) == (0, 1200, 1)
    assert (xinc, xorigin, yinc) == (pytest.approx(1e-3), pytest.approx(-0.6), pytest.approx(0.04))
    shown = np.frombuffer(scope.query_block(":WAV:DATA?"), np.uint8)
    assert len(shown) == 1200
    rise = np.flatnonzero(np.diff((shown > 127 + 37).astype(int)) > 0)
    assert rise[rise >= 590][0] in (598, 599, 600)


def test_word_and_ascii_say_the_same_as_byte(scope):
    settings(scope, ":CHAN2:PROB 1", ":CHAN2:SCAL 1", ":CHAN2:DISP ON", ":TIM:SCAL 0.01", ":TRIG:EDG:SOUR CHAN2")
    single(scope)
    settings(scope, ":WAV:SOUR CHAN2", ":WAV:MODE RAW", ":WAV:STAR 101", ":WAV:STOP 356", ":WAV:FORM BYTE")
    codes = np.frombuffer(scope.query_block(":WAV:DATA?"), np.uint8)
    _, _, _, _, _, _, _, yinc, yorigin, yref = preamble(scope)
    settings(scope, ":WAV:FORM WORD")
    np.testing.assert_array_equal(np.frombuffer(scope.query_block(":WAV:DATA?"), "<u2"), codes)
    settings(scope, ":WAV:FORM ASC")
    volts = np.array(scope.query_block(":WAV:DATA?").decode().split(","), float)
    np.testing.assert_allclose(volts, (codes - yorigin - yref) * yinc, atol=1e-6)


def test_what_leaves_the_screen_ends_at_the_ends_of_the_converter():
    with rigol(noise=0.0) as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 0.2", ":CHAN1:OFFS -0.6", ":TRIG:EDG:LEV 0.5")
        settings(scope, ":TIM:SCAL 0.1", ":ACQ:MDEP 12000")
        single(scope)
        settings(scope, ":WAV:MODE RAW", ":WAV:STAR 1", ":WAV:STOP 12000")
        codes = np.frombuffer(scope.query_block(":WAV:DATA?"), np.uint8)
        assert set(np.unique(codes)) == {127 - 75, 255}


def test_the_probe_ratio_must_say_what_the_probe_is():
    with rigol(noise=0.0, probes={"1": 10.0}) as scope:
        settings(scope, ":CHAN1:PROB 10", ":CHAN1:SCAL 1", ":TIM:SCAL 0.1", ":ACQ:MDEP 12000", ":TRIG:EDG:LEV 1.5")
        single(scope)
        assert read_memory(scope, 1)[1].max() == pytest.approx(3.0, abs=0.04)
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 0.1", ":TRIG:EDG:LEV 0.15")
        single(scope)
        assert read_memory(scope, 1)[1].max() == pytest.approx(0.3, abs=0.004)


def test_noise_is_seeded_and_averaging_calms_it():
    def spread(*lines, **options):
        with rigol(noise=0.02, **options) as scope:
            settings(scope, ":CHAN4:DISP ON", ":CHAN1:DISP OFF", ":TIM:SCAL 0.01", ":ACQ:MDEP 12000", *lines)
            scope.write(":SING")
            wait_for(scope, "WAIT")
            while wait_for(scope, "WAIT", "STOP")[-1] == "WAIT":
                scope.write(":TFOR")
            return read_memory(scope, 4)[1]

    once, again, other = spread(), spread(), spread(seed=6)
    np.testing.assert_array_equal(once, again)
    assert np.any(once != other)
    lsb = 1 / 25
    assert np.std(once) / lsb == pytest.approx(0.02 * 200, rel=0.05)
    # High resolution: the converter's 1 GS/s, of which 100 kS/s are kept; codes stay whole.
    assert np.std(spread(":ACQ:TYPE HRES")) / lsb < 4 / 256**0.5 + 0.3
    assert np.std(spread(":ACQ:TYPE AVER", ":ACQ:AVER 16")) / lsb == pytest.approx(1.0, rel=0.1)
    assert np.std(spread(":CHAN4:BWL 20M")) / lsb == pytest.approx(4 * 0.2**0.5, rel=0.1)


def test_averages_are_of_several_triggered_records_and_take_their_time():
    def drifting(times):
        """An edge every 0.7 s with a step on top that comes only with each second one."""
        return square(times) + np.where(np.mod(times, 1.4) >= 0.7, 0.5, 0.0)

    with rigol(signals={"1": drifting}, noise=0.0) as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":CHAN1:OFFS -1.5", ":TIM:SCAL 0.01", ":ACQ:MDEP 12000")
        settings(scope, ":TRIG:EDG:LEV 1.5", ":ACQ:TYPE AVER", ":ACQ:AVER 4")
        begin = scope.world.now
        seen = single(scope)
        assert scope.world.now - begin > 3 * 0.7 and seen.count("TD") >= 4
        assert preamble(scope)[3] == 4
        times, volts = read_memory(scope, 1)
        assert volts[times > 1e-4] == pytest.approx(3.25, abs=0.03)
        settings(scope, ":TRIG:SWE NORM", ":RUN")
        scope.world.spend(3.0)
        settings(scope, ":STOP")
        assert read_memory(scope, 1)[1].max() == pytest.approx(3.25, abs=0.2)


def test_peak_detection_keeps_pulses_between_the_samples():
    with rigol(noise=0.0) as scope:
        settings(scope, ":CHAN3:PROB 1", ":CHAN3:SCAL 0.2", ":CHAN3:OFFS -0.6", ":CHAN3:DISP ON", ":CHAN1:DISP OFF")
        settings(scope, ":TIM:SCAL 0.1", ":TRIG:EDG:SOUR CHAN3", ":TRIG:EDG:LEV 0.6", ":ACQ:MDEP 12000")
        settings(scope, ":TIM:OFFS -3e-5")  # samples 70 us after the beginning of each pulse

        def heights():
            single(scope)
            times, volts = read_memory(scope, 3)
            return [volts[np.abs(times - t) < 2e-4].max() for t in (-0.5, -0.25, 0.25, 0.5)]

        assert min(heights()) < 0.1  # 10 kS/s: pulses of 60 us fall between two samples
        settings(scope, ":ACQ:TYPE PEAK")
        assert heights() == pytest.approx([1.2] * 4, abs=0.01)


def test_a_pulse_of_the_wanted_width_triggers():
    def pulses(times):
        """1 ms at 0.1 s, 3 ms at 0.2 s, 9 ms at 0.3 s, every second."""
        phase = np.mod(times, 1.0)
        return 2.0 * sum((phase >= at) & (phase < at + width) for at, width in ((0.1, 1e-3), (0.2, 3e-3), (0.3, 9e-3)))

    with rigol(signals={"1": pulses}) as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 0.5", ":TIM:SCAL 0.005", ":ACQ:MDEP 12000")
        settings(scope, ":TRIG:MODE PULSe", ":TRIG:PULS:SOUR CHAN1", ":TRIG:PULS:LEV 1")
        for when, width in (
            (":TRIG:PULS:WHEN PGReater;WIDTh 0.005", 9e-3),
            (":TRIG:PULS:WHEN PLESs;WIDTh 0.002", 1e-3),
            (":TRIG:PULS:WHEN PGLess;LWIDth 0.002;UWIDth 0.004", 3e-3),
        ):
            settings(scope, when)
            single(scope)
            times, volts = read_memory(scope, 1)
            assert np.all(volts[(times > -0.9 * width) & (times < -1e-4)] > 1.9), when
            assert np.all(volts[(times < -1.1 * width) | (times > 1e-4)] < 0.1), when
        settings(scope, ":TRIG:PULS:WHEN NGReater;WIDTh 0.5")
        single(scope)
        times, volts = read_memory(scope, 1)
        assert np.all(volts[(times > 5e-5) & (times < 9e-4)] > 1.9) and np.all(volts[times < -5e-5] < 0.1)


def test_slow_edges_jitter_with_the_noise_and_an_average_smears_them():
    def ramp(times):
        return 4 * np.mod(times, 0.25) - 0.5

    def crossing(**options):
        with rigol(signals={"1": ramp}, **options) as scope:
            settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 0.5", ":TIM:SCAL 0.005", ":TRIG:EDG:LEV 0.1")
            found = []
            for _ in range(12):
                single(scope)
                world_time = float(scope.query(":TRIG:POS?"))
                assert world_time > 0
                found.append(scope.device.digitiser.record.trigger)
            return np.std(np.mod(found, 0.25))

    assert crossing(noise=0.0) < 1e-8
    assert crossing(noise=0.01) == pytest.approx(0.01 * 4 / 4, rel=0.5)  # 0.01 of 8 x 0.5 V, at 4 V/s


def test_frames_are_recorded_one_beside_the_other():
    with rigol(noise=0.0) as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":CHAN2:PROB 1", ":CHAN2:SCAL 1", ":CHAN2:DISP ON")
        settings(scope, ":TIM:SCAL 0.01", ":ACQ:MDEP 6000", ":TRIG:EDG:LEV 1.5", ":TRIG:SWE NORM")
        scope.write(":FUNC:WREC:OPER RUN")
        assert scope.query(":SYST:ERR?").startswith("-221,")
        assert int(scope.query(":FUNC:WREC:FMAX?")) == int(scope.query(":FUNC:WREC:FEND?")) == 2000
        settings(scope, ":STOP", ":FUNC:WREC:ENAB 1", ":FUNC:WREC:FEND 5", ":RUN")
        for _ in range(200):
            if scope.query(":FUNC:WREC:OPER?") == "STOP":
                break
        assert scope.query(":FUNC:WREP:FMAX?;FCUR?") == "5;5"
        levels = []
        for frame in range(1, 6):
            settings(scope, f":FUNC:WREP:FCUR {frame}")
            times, volts = read_memory(scope, 2)
            levels.append(volts[times.searchsorted(0.0)])
            assert read_memory(scope, 1)[1][-1] == pytest.approx(3, abs=0.05)
        assert np.mod(np.diff(levels), 4) == pytest.approx([2.8] * 4, abs=0.1)  # 0.7 s of 4 V a second
        scope.write(":FUNC:WREP:FCUR 6")
        assert scope.query(":SYST:ERR?").startswith("-222,")


def test_measurements_are_those_of_the_trace():
    with rigol(noise=0.0) as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":CHAN1:OFFS -1.5", ":TIM:SCAL 0.2", ":TRIG:EDG:LEV 1.5")
        assert float(scope.query(":MEAS:ITEM? VMAX,CHANnel1")) == 9.9e37
        single(scope)
        for item, value in (
            ("VMAX", 3.0), ("VMIN", 0.0), ("VPP", 3.0), ("VTOP", 3.0), ("VBASe", 0.0), ("FREQuency", 1 / 0.7),
            ("PERiod", 0.7), ("PWIDth", 0.35), ("NWIDth", 0.35), ("PDUTy", 0.5), ("VRMS", 3 / 2**0.5),
        ):  # fmt: skip
            assert float(scope.query(f":MEASure:ITEM? {item},CHAN1")) == pytest.approx(value, abs=0.05), item
        assert float(scope.query(":MEAS:ITEM? VMAX,CHAN2")) == 9.9e37


def test_the_picture_shows_the_traces():
    with rigol(noise=0.0) as scope:
        settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":TIM:SCAL 0.2", ":TRIG:EDG:LEV 1.5")
        single(scope)
        bitmap = scope.query_block(":DISPlay:DATA?")
        assert len(bitmap) == 1_152_054 and bitmap[:2] == b"BM"  # guide 2-63
        pixels = np.frombuffer(bitmap[54:], np.uint8).reshape(480, 800, 3)[::-1, :, ::-1]
        picture = image.imread(io.BytesIO(scope.query_block(":DISP:DATA? ON,OFF,PNG")), format="png")
        np.testing.assert_array_equal(np.rint(picture[..., :3] * 255), pixels)
        yellow = np.all(pixels == (255, 255, 0), axis=2)
        high, low = 240 - 3 * 439 / 8, 240
        assert yellow[round(high) - 3 : round(high) + 4].sum() > 200 and yellow[low - 3 : low + 4].sum() > 200
        columns = np.flatnonzero(yellow[200])  # the edges, 0.7 s apart on 2.4 s of 760 pixels
        assert np.diff(columns[np.diff(columns, prepend=-9) > 1]).mean() == pytest.approx(0.35 / 2.4 * 760, rel=0.02)


def test_memory_and_rate_are_shared_by_the_channels_that_are_on(scope):
    settings(scope, ":TIM:SCAL 0.05", ":ACQ:MDEP 12000000")
    assert (scope.query(":ACQ:MDEP?"), float(scope.query(":ACQ:SRAT?"))) == ("12000000", 2e7)
    settings(scope, ":CHAN2:DISP ON")
    assert (scope.query(":ACQ:MDEP?"), float(scope.query(":ACQ:SRAT?"))) == ("6000000", 1e7)
    settings(scope, ":CHAN3:DISP ON")
    assert (scope.query(":ACQ:MDEP?"), float(scope.query(":ACQ:SRAT?"))) == ("3000000", 5e6)
    scope.write(":ACQ:MDEP 12000")
    assert scope.query(":SYST:ERR?").startswith("-224,")
    settings(scope, ":TIM:SCAL 1e-6")
    assert float(scope.query(":ACQ:SRAT?")) == 2.5e8
    settings(scope, ":ACQ:MDEP AUTO")
    assert scope.query(":ACQ:MDEP?") == "AUTO"
    scope.write(":STOP")
    scope.write(":ACQ:MDEP 3000")
    assert scope.query(":SYST:ERR?").startswith("-221,")


@pytest.mark.parametrize(
    ("lines", "query", "answer"),
    [
        ((":CHAN1:PROB 1", ":CHAN1:SCAL 0.3"), ":CHAN1:SCAL?", "5.000000e-01"),
        ((":CHAN1:PROB 1", ":CHAN1:VERN ON", ":CHAN1:SCAL 0.3"), ":CHAN1:SCAL?", "3.000000e-01"),
        ((":CHANnel1:PROBe 1", ":CHANnel1:RANGe 8"), ":chan1:scal?", "1.000000e+00"),
        ((":CHAN1:PROB 100",), ":CHAN1:PROB?", "1.000000e+02"),
        ((":CHAN1:OFFS 1", ":CHAN1:SCAL 2"), ":CHAN1:OFFS?", "2.000000e+00"),
        ((":CHAN2:COUP AC",), ":CHANNEL2:COUPLING?", "AC"),
        ((":CHAN2:BWL 20M",), ":CHAN2:BWL?", "20M"),
        ((":CHAN2:UNIT AMPere",), ":CHAN2:UNIT?", "AMP"),
        ((":TIM:SCAL 3e-3",), ":TIM:MAIN:SCAL?", "5.000000e-03"),
        ((":TIM:SCAL 1e-3", ":TIM:OFFS -6e-3"), ":TIM:OFFS?", "-6.000000e-03"),
        ((":ACQ:AVER 64", ":ACQ:TYPE AVER"), ":ACQ:AVER?;TYPE?", "64;AVER"),
        ((":TRIG:EDG:SOUR CHANnel4",), ":TRIGger:EDGE:SOURce?", "CHAN4"),
        ((":TRIG:HOLD 2e-7",), ":TRIG:HOLD?", "2.000000e-07"),
        ((":TRIG:SWE NORM",), ":TRIG:SWE?", "NORM"),
        ((":WAV:FORM ASCii",), ":WAV:FORM?", "ASC"),
    ],
)
def test_settings_read_back(scope, lines, query, answer):
    settings(scope, *lines)
    assert scope.query(query) == answer


@pytest.mark.parametrize(
    ("lines", "query", "form", "page"),
    [
        (":ACQuire:TYPE AVERages", ":ACQuire:TYPE?", "AVER", "2-6 (DS1000Z-E)"),
        ("", ":ACQuire:SRATe?", r"\d\.\d{6}e[+-]\d\d", "2-6 (DS1000Z-E)"),
        (":TRIGger:PULSe:WHEN NLESs", ":TRIGger:PULSe:WHEN?", "NLES", "2-165"),
        (":TRIGger:PULSe:WIDTh 0.000003", ":TRIGger:PULSe:WIDTh?", r"3\.000000e-06", "2-165"),
        (":TRIGger:PULSe:UWIDth 0.000003", ":TRIGger:PULSe:UWIDth?", r"3\.000000e-06", "2-166"),
        (":TRIGger:PULSe:LWIDth 0.000003", ":TRIGger:PULSe:LWIDth?", r"3\.000000e-06", "2-166"),
        ("", ":WAVeform:PREamble?", r"[012],[012],\d+,\d+(,[^,]+){6}", "2-226"),
    ],
)
def test_the_guides_own_dialogues(scope, lines, query, form, page):
    settings(scope, *filter(None, [lines]))
    assert re.fullmatch(form, scope.query(query)), page


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (":CHAN1:PROB 3", -224), (":CHAN1:SCAL 1000", -222), (":CHAN1:OFFS 30000", -222), (":CHAN5:SCAL 1", -114),
        (":TIM:SCAL 1e-9", -222), (":TIM:OFFS -1", -222), (":ACQ:AVER 3", -224), (":TRIG:EDG:LEV 6", -222),
        (":TRIG:EDG:SOUR EXT", -224), (":DIGitize", -113), (":WAV:SOUR", -109), (":TRIG:HOLD 1 V", -131),
    ],
)  # fmt: skip
def test_what_it_refuses(scope, line, code):
    scope.write(line)
    assert scope.query(":SYST:ERR?").startswith(f"{code},")
    assert scope.query(":SYST:ERR?") == '0,"No error"'


def test_every_query_answers_and_every_setting_takes_its_own_answer():
    device = simulated(quiet_world())
    patterns = (command.pattern for command in device.commands if command.pattern.startswith(":"))
    headers = {re.sub(r"<.*?>", "2", pattern).translate({ord("["): None, ord("]"): None}) for pattern in patterns}
    queries = {header for header in headers if header.endswith("?")}
    settings = {query for query in queries if query[:-1] in headers}
    assert len(queries) > 40 and len(settings) > 25
    for query in sorted(queries - {":WAVeform:DATA?", ":MEASure:ITEM?"}):
        assert device.execute(query), query
    for query in sorted(settings - {":MEASure:ITEM?", ":FUNCtion:WREPlay:FCURrent?"}):  # nothing was recorded
        answer = device.execute(query)
        device.execute(f"{query[:-1]} {answer.decode().strip()}")
        assert device.execute(":SYST:ERR?") == b'0,"No error"\n', query
        assert device.execute(query) == answer


def test_reading_what_cannot_be_read_gives_an_empty_block_and_an_error(scope):
    def refused(*lines):
        settings(scope, *lines)
        assert scope.query_block(":WAV:DATA?") == b""
        return scope.query(":SYST:ERR?")

    settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":TIM:SCAL 0.1", ":ACQ:MDEP 1200000", ":TRIG:EDG:LEV 1.5")
    assert "stopped" in refused(":WAV:MODE RAW")
    assert "nothing was acquired" in refused(":STOP")
    settings(scope, ":RUN")
    single(scope)
    assert "CHAN2 was off" in refused(":WAV:SOUR CHAN2")
    assert "Memory lack" in refused(":WAV:SOUR CHAN1", ":WAV:STAR 1", ":WAV:STOP 250001")
    assert refused(":WAV:STAR 1200000", ":WAV:STOP 1200001").startswith("-222,")


def test_run_modes(scope):
    settings(scope, ":CHAN1:PROB 1", ":CHAN1:SCAL 1", ":TIM:SCAL 0.01", ":TRIG:EDG:LEV 1.5")
    assert "TD" in wait_for(scope, "TD")  # the sweep is automatic and finds an edge now and then
    settings(scope, ":TRIG:EDG:LEV 4")
    wait_for(scope, "AUTO")
    settings(scope, ":TRIG:SWE NORM")
    wait_for(scope, "WAIT")
    scope.world.spend(2.0)
    assert scope.query(":TRIG:STAT?") == "WAIT"
    settings(scope, ":TRIG:EDG:LEV 1.5")
    seen = []
    for _ in range(100):
        seen.append(scope.query(":TRIG:STAT?"))
    assert seen.count("TD") > 3 and "STOP" not in seen
    single(scope)
    assert scope.query(":TRIG:SWE?") == "SING"
    scope.write(":RUN")
    assert scope.query(":TRIG:SWE?") == "NORM"
    scope.write("*RST")
    assert scope.query(":TRIG:SWE?;:CHAN1:PROB?") == "AUTO;1.000000e+01"


def test_the_world_may_forget_when_everything_was_read():
    world = quiet_world()
    session = simulated(world).session()
    session.receive(b":CHAN1:PROB 1;SCAL 1;:TIM:SCAL 0.01;:ACQ:MDEP 12000;:TRIG:EDG:LEV 1.5;:SING\n")
    world.spend(5.0)
    assert world.twin.forgotten < 1.2
    session.receive(b":WAV:MODE RAW;STAR 1;STOP 1000;DATA?\n")
    world.spend(1.0)
    assert world.twin.forgotten == pytest.approx(world.now)


def test_an_unread_record_is_kept_without_keeping_the_past():
    world = quiet_world()
    session = simulated(world).session()
    session.receive(b":CHAN1:PROB 1;SCAL 1;:TIM:SCAL 0.01;:ACQ:MDEP 12000;:TRIG:EDG:LEV 1.5;:SING\n")
    for _ in range(100):
        world.spend(1.0)
    assert world.twin.forgotten > 99
    data = session.receive(b":WAV:MODE RAW;STAR 1;STOP 12000;DATA?\n")
    assert len(np.unique(np.frombuffer(data[11:-1], np.uint8))) > 1


def test_four_channels_of_three_million_points_take_less_than_a_second():
    world = quiet_world()
    session = simulated(world, dict.fromkeys("1234", square)).session()
    session.receive(b":CHAN2:DISP ON;:CHAN3:DISP ON;:CHAN4:DISP ON;:TIM:SCAL 0.1;:ACQ:MDEP 3000000;:TRIG:EDG:LEV 1.5\n")
    session.receive(b":SING\n")
    world.spend(5.0)
    square_alone = time.perf_counter()
    square(np.arange(12_000_000) * 1e-7)
    square_alone = time.perf_counter() - square_alone
    begin = time.perf_counter()
    size = 0
    for channel in (1, 2, 3, 4):
        session.receive(b":WAV:SOUR CHAN%d;MODE RAW\n" % channel)
        for first in range(1, 3_000_001, 250_000):
            session.receive(b":WAV:STAR %d;STOP %d\n" % (first, first + 249_999))
            size += len(session.receive(b":WAV:DATA?\n"))
    assert size == 12_000_000 + 48 * 12
    assert time.perf_counter() - begin - square_alone < 1.0
