"""The simulated MSO24, met through its socket by a client written from the programmer manual alone."""

import contextlib
import io
import re

import numpy as np
import pytest
from matplotlib import image

from neurorig.instruments.simulated.models.tektronix_mso2 import SimulatedTektronixMso2, nr3

from .fakes import Client, Signal, quiet_world, serving

SERIAL = "C012345"


def square(times):
    """0 and 3 V, rising at 0.35 s, 1.05 s, ..."""
    return np.where(np.mod(times, 0.7) >= 0.35, 3.0, 0.0)


def ramp(times):
    """A saw tooth from -2 V to 2 V, 1 s."""
    return 4 * np.mod(times, 1.0) - 2


def spikes(times):
    """Pulses of 1.2 V, 60 us wide, every 0.25 s from 0.3137 s on."""
    phase = np.mod(times - 0.3137, 0.25)
    return np.where((times >= 0.3137) & (phase < 60e-6), 1.2, 0.0)


def marker(times):
    """A TTL that rises at 0.4 s, 1.4 s, ... and is high for 0.1 s."""
    phase = np.mod(times, 1.0)
    return np.where((phase >= 0.4) & (phase < 0.5), 5.0, 0.0)


def simulated(world, **options):
    inputs = {
        name: Signal(world, volts) for name, volts in {"1": square, "2": ramp, "3": spikes, "EXT": marker}.items()
    }
    return SimulatedTektronixMso2(world, inputs, **{"serial": SERIAL, "seed": 5, **options})


@contextlib.contextmanager
def tektronix(*lines, **options):
    world = quiet_world()
    device = simulated(world, **options)
    with serving(world, {"scope": device}) as ports, Client(ports["scope"]) as client:
        client.world, client.device, client.port = world, device, ports["scope"]
        for line in ("HEADER OFF", "*CLS", *lines):
            client.write(line)
        assert client.query("*ESR?;:ALLEV?") == '0;0,"No events to report; queue empty"', lines
        yield client


SQUARE = (
    "CH1:SCALE 0.5;POSITION -3", "HORIZONTAL:SCALE 0.1", "HORIZONTAL:RECORDLENGTH 100000",
    "TRIGGER:A:MODE NORMAL;EDGE:SOURCE CH1;SLOPE RISE", "TRIGGER:A:LEVEL:CH1 1.5",
)  # fmt: skip


def single(scope):
    scope.write("ACQUIRE:STOPAFTER SEQUENCE;STATE RUN")
    states = set()
    for _ in range(400):
        states.add(scope.query("TRIGGER:STATE?"))
        if scope.query("BUSY?") == "0":
            return states
    raise AssertionError(states)


def read(scope, channel, width=1, encoding="RIBINARY"):
    """Times from the trigger and volts, by the manual's formulas."""
    scope.write(f"DATA:SOURCE CH{channel};ENCDG {encoding};WIDTH {width};START 1;STOP 10000000")
    fields = [scope.query(f"WFMOUTPRE:{name}?") for name in ("XZERO", "XINCR", "PT_OFF", "YMULT", "YOFF", "YZERO")]
    x_zero, x_step, point, y_step, y_middle, y_zero = map(float, fields)
    kind = {"RIBINARY": ">i", "RPBINARY": ">u", "SRIBINARY": "<i"}[encoding] + str(width)
    codes = np.frombuffer(scope.query_block("CURVE?"), kind)
    assert len(codes) == int(scope.query("WFMOUTPRE:NR_PT?"))
    return x_zero + (np.arange(len(codes)) - point) * x_step, (codes - y_middle) * y_step + y_zero


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0E+0"), (1.0, "1.0000"), (0.1, "100.0000E-3"), (32e-9, "32.0000E-9"), (-320e-6, "-320.0000E-6"),
        (1.25e9, "1.2500E+9"), (1e-3, "1.0000E-3"), (999.9, "999.9000"),
    ],
)  # fmt: skip
def test_numbers_have_the_form_of_the_manual(value, text):
    assert nr3(value) == text


@pytest.mark.parametrize(
    ("line", "query", "form"),
    [
        ("", "*IDN?", f"TEKTRONIX,MSO24,{SERIAL},.*"),
        ("CH1:SCALE 100E-3", "CH1:SCA?", r"100\.0000E-3"),
        ("HEADER ON;:CH1:SCALE 100E-3", "CH1:SCA?", r":CH1:SCALE 100\.0000E-3"),
        ("HEADER ON;VERBOSE OFF;:CH1:SCALE 100E-3", "CH1:SCALE?", r":CH1:SCA 100\.0000E-3"),
        ("ACQUIRE:MODE AVERAGE;NUMAVG 64", "ACQ:MOD?;NUMAV?", "AVERAGE;64"),
        ("VERBOSE 0;:ACQUIRE:MODE HIRES", "ACQUIRE:MODE?", "HIR"),
        ("HEADER 1;:ACQUIRE:STOPAFTER SEQUENCE", "ACQUIRE:STOPAFTER?", ":ACQUIRE:STOPAFTER SEQUENCE"),
        ("TRIGGER:A:EDGE:SLOPE FALL", "TRIGGER:A:EDGE:SLOPE?", "FALL"),
        ("TRIGGER:A:LEVEL:CH3 1.3", "TRIGGER:A:LEVEL:CH3?", r"1\.3000"),
        ("DISPLAY:GLOBAL:CH2:STATE ON", "SELECT:CH2?;:DISPLAY:GLOBAL:CH2:STATE?", "1;1"),
        ("CH2:PROBEFUNC:EXTATTEN 10", "CH2:PROBE:GAIN?;:CH2:SCALE?", r"100\.0000E-3;1\.0000"),
        ("DATA:ENCDG SRIBINARY", "DATA:ENCDG?", "SRIBINARY"),
        (
            "HEADER ON;:DATA:SOURCE CH1",
            "WFMOUTPRE?",
            r':WFMOUTPRE:BYT_NR 1;BIT_NR 8;ENCDG BINARY;BN_FMT RI;BYT_OR MSB;WFID "Ch1, DC coupling, 100mV/div, '
            r'40us/div, 10000 points, Sample mode";NR_PT 10000;PT_FMT Y;PT_ORDER LINEAR;XUNIT "s";XINCR 40\.0000E-9;'
            r'XZERO -200\.0000E-6;PT_OFF 0;YUNIT "V";YMULT 4\.0000E-3;YOFF 0\.0E\+0;YZERO 0\.0E\+0',
        ),
    ],
)
def test_answers_have_the_form_of_the_manual(line, query, form):
    with tektronix(*filter(None, [line])) if "HEADER" not in line and "VERBOSE" not in line else tektronix() as scope:
        scope.write(line)
        assert re.fullmatch(form, scope.query(query))


def test_a_single_record_shows_the_signals_within_one_code():
    with tektronix(*SQUARE, "SELECT:CH2 ON;:CH2:SCALE 0.5;OFFSET 0.25", "HORIZONTAL:POSITION 30", noise=0.0) as scope:
        assert {"READY", "TRIGGER"} <= single(scope)
        assert scope.query("TRIGGER:STATE?;:ACQUIRE:STATE?") == "SAVE;0"
        times, volts = read(scope, 1)
        assert len(times) == 100_000 and times[0] == pytest.approx(-0.3)
        edges = times[np.flatnonzero(np.diff((volts > 1.5).astype(int)) > 0)]
        np.testing.assert_allclose(edges, [0.0], atol=1.1e-5)
        assert np.max(np.minimum(abs(volts), abs(volts - 3))) <= 0.5 * 0.5 / 25 + 1e-6
        begin = scope.device.digitiser.record.trigger
        far = np.mod(begin + times, 1.0)
        smooth = (far > 1e-4) & (far < 1 - 1e-4)
        assert np.max(np.abs(read(scope, 2)[1] - ramp(begin + times))[smooth]) <= 0.5 * 0.5 / 25 + 1e-4


def test_every_encoding_says_the_same():
    with tektronix(*SQUARE) as scope:
        single(scope)
        _, volts = read(scope, 1)
        for width in (1, 2):
            for encoding in ("RIBINARY", "RPBINARY", "SRIBINARY"):
                np.testing.assert_allclose(read(scope, 1, width, encoding)[1], volts, atol=1e-6)
        scope.write("DATA:ENCDG ASCII;WIDTH 1;START 101;STOP 200")
        codes = np.array(scope.query("CURVE?").split(","), float)
        assert len(codes) == int(scope.query("WFMOUTPRE:NR_PT?")) == 100
        np.testing.assert_allclose((codes + 75) * 0.5 / 25, volts[100:200], atol=1e-6)
        scope.write("HEADER ON;:DATA:ENCDG RIBINARY;STOP 104")
        scope.write("CURVE?")
        while not scope._held.endswith(b"\n"):
            scope._more()
        assert scope._held[:-5] == b":CURVE #14" and len(scope._held) == 15
        scope._held = b""


def test_clipping_ends_at_the_converter():
    with tektronix(*SQUARE, "SELECT:CH2 ON;:CH2:SCALE 0.1", noise=0.0) as scope:
        single(scope)
        scope.write("DATA:SOURCE CH2;STOP 100000")
        codes = np.frombuffer(scope.query_block("CURVE?"), np.int8)
        assert (codes.min(), codes.max()) == (-128, 127)


def test_ten_million_points_arrive_whole():
    with tektronix(*SQUARE, "HORIZONTAL:RECORDLENGTH 10000000") as scope:
        assert float(scope.query("HORIZONTAL:SAMPLERATE?")) == 1e7
        single(scope)
        assert len(read(scope, 1)[0]) == 10_000_000


def test_averages_high_resolution_and_peaks():
    with tektronix(*SQUARE, "HORIZONTAL:SCALE 1E-6", "ACQUIRE:MODE AVERAGE;NUMAVG 16", noise=0.02) as scope:
        begin = scope.world.now
        single(scope)
        assert scope.world.now - begin > 15 * 0.7
        times, volts = read(scope, 1, width=2)
        assert np.std(volts[times > 1e-7]) == pytest.approx(0.02 * 10 * 0.5 / 4, rel=0.15)
        for line in ("ACQUIRE:MODE HIRES", "HORIZONTAL:SCALE 1E-3"):
            scope.write(line)
        single(scope)
        times, volts = read(scope, 1, width=2)
        assert np.std(volts[times > 1e-4]) < 0.02 * 10 * 0.5 / 6
        for line in ("SELECT:CH3 ON;:CH3:SCALE 0.2", "TRIGGER:A:EDGE:SOURCE CH3", "TRIGGER:A:LEVEL:CH3 0.9",
                     "HORIZONTAL:SCALE 0.1;RECORDLENGTH 10000", "ACQUIRE:MODE PEAKDETECT"):  # fmt: skip
            scope.write(line)
        single(scope)
        times, volts = read(scope, 3)
        for pulse in (-0.25, 0.0, 0.25):
            assert volts[abs(times - pulse) < 3e-4].max() > 0.9


def test_the_auxiliary_input_triggers():
    with tektronix(*SQUARE, "TRIGGER:A:EDGE:SOURCE AUX", "TRIGGER:AUXLEVEL 2.5") as scope:
        single(scope)
        assert np.mod(scope.device.digitiser.record.trigger, 1.0) == pytest.approx(0.4, abs=1e-8)


def test_run_stop_force_and_automatic():
    with tektronix(*SQUARE, "TRIGGER:A:LEVEL:CH1 3.5", "ACQUIRE:STOPAFTER RUNSTOP;STATE 1") as scope:
        for _ in range(40):
            state = scope.query("TRIGGER:STATE?")
        assert state == "READY" and scope.query("BUSY?;:*OPC?") == "0;1"
        count = int(scope.query("TRIGGER FORCE;:ACQUIRE:NUMACQ?"))
        scope.world.spend(2.0)
        assert int(scope.query("ACQUIRE:NUMACQ?")) == count + 1
        scope.query("TRIGGER:A:MODE AUTO;:*OPC?")
        scope.world.spend(1.0)
        assert scope.query("TRIGGER:STATE?") == "AUTO"
        assert scope.query("ACQUIRE:STATE STOP;STATE?") == "0"


def test_the_probe_must_be_told():
    with tektronix("CH1:PROBEFUNC:EXTATTEN 10", *SQUARE, noise=0.0, probes={"1": 10.0}) as scope:
        single(scope)
        assert read(scope, 1)[1].max() == pytest.approx(3.0, abs=0.02)


@pytest.mark.parametrize(
    ("line", "query", "value"),
    [
        ("CH1:SCALE 20", "CH1:SCALE?", 10), ("CH1:SCALE 0.1E-3", "CH1:SCALE?", 1e-3), ("CH1:OFFSET 30", "CH1:OFFSET?", 10),
        ("CH1:POSITION 7", "CH1:POSITION?", 5), ("HOR:RECORDLENGTH 100", "HOR:RECO?", 1000), ("DATA:WIDTH 4", "DATA:WIDTH?", 2),
        ("CH1:BANDWIDTH FULL", "CH1:BAN?", 200e6), ("ACQUIRE:NUMAVG 1", "ACQ:NUMAV?", 2),
    ],
)  # fmt: skip
def test_numbers_are_forced_to_what_is_valid(line, query, value):
    """Manual of the 5 series, page 2-8."""
    with tektronix() as scope:
        scope.write(line)
        assert float(scope.query(query)) == pytest.approx(value)
        assert scope.query("*ESR?") == "0"


def test_a_chain_of_the_manual():
    """Page 2-5."""
    with tektronix() as scope:
        assert scope.query("ACQuire:MODe SAMple;NUMAVg?;STATE?") == "16;1"


@pytest.mark.parametrize(
    ("line", "code", "bit"),
    [
        ("CH5:SCALE 1", 114, 32), ("ACQUIRE:MODE ENVELOPE", 224, 16), ("CH1:SCALE 1 A", 131, 32),
        ("NONSENSE 1", 113, 32), ("DATA:WIDTH", 109, 32), ("DATA:SOURCE CH4;:CURVE?", 2244, 16),
    ],
)  # fmt: skip
def test_what_it_refuses_is_an_event(line, code, bit):
    with tektronix() as scope:
        before = scope.query("CH1:SCALE?;OFFSET?")
        scope.write(line)
        assert scope.query("EVENT?") == "1"  # there is one, but *ESR? was not read
        assert int(scope.query("*ESR?")) == bit
        assert scope.query("EVMSG?").startswith(f"{code},")
        assert scope.query("EVENT?") == "0"
        assert scope.query("CH1:SCALE?;OFFSET?") == before


def test_a_picture_is_saved_and_read_as_a_file():
    with tektronix(*SQUARE, noise=0.0) as scope:
        single(scope)
        assert scope.query('SAVE:IMAGE "C:/neuron.png";:*OPC?') == "1"
        scope.write('FILESYSTEM:READFILE "C:/neuron.png"')
        while not scope._held.endswith(b"IEND\xaeB`\x82\n"):
            scope._more()
        picture = image.imread(io.BytesIO(scope._held[:-1]), format="png")
        scope._held = b""
        assert picture.shape[:2] == (800, 1280)
        assert np.all(picture[..., :3] == (1, 1, 0), axis=2).sum() > 1000
        scope.write('FILESYSTEM:DELETE "C:/neuron.png";READFILE "C:/neuron.png"')
        assert scope.query("*ESR?;:EVMSG?").startswith("16;256,")


def test_every_query_answers_and_every_setting_takes_its_own_answer():
    device = simulated(quiet_world())
    device.execute("HEADER OFF")
    headers = {c.pattern.replace("<1-4>", "2") for c in device.commands if not c.pattern.startswith("*")}
    queries = {header for header in headers if header.endswith("?")}
    assert len(queries) > 55
    for query in sorted(queries - {"CURVe?", "HEADer?"}):
        answer = device.execute(query)
        assert answer, query
        if query[:-1] in headers:
            device.execute("*CLS")
            device.execute(f"{query[:-1]} {answer.decode().strip()}")
            assert device.execute("*ESR?") == b"0\n", query
            assert device.execute(query) == answer
    assert device.execute("SYSTEM:ERROR?") == b""


def test_two_clients_share_one_instrument():
    with tektronix() as scope, Client(scope.port) as other:
        assert other.query("CH1:SCALE 2;SCALE?") == scope.query("CH1:SCALE?") == "2.0000"
