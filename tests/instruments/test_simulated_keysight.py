"""The simulated DSO-X 3024T, met through its socket by a client written from the programmer's guide alone."""

import contextlib
import io
import re

import numpy as np
import pytest
from matplotlib import image

from neurorig.instruments.simulated.models.keysight_infiniivision import SimulatedKeysightInfiniivision

from .fakes import Client, Signal, quiet_world, serving

SERIAL = "MY58100001"


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


SIGNALS = {"1": square, "2": ramp, "3": spikes, "EXT": marker}


def simulated(world, signals=SIGNALS, **options):
    inputs = {name: Signal(world, volts) for name, volts in signals.items()}
    return SimulatedKeysightInfiniivision(world, inputs, **{"serial": SERIAL, "seed": 5, **options})


@contextlib.contextmanager
def keysight(**options):
    world = quiet_world()
    device = simulated(world, **options)
    with serving(world, {"scope": device}) as ports, Client(ports["scope"]) as client:
        client.world, client.device, client.port = world, device, ports["scope"]
        yield client


@pytest.fixture
def scope():
    with keysight() as client:
        yield client


def settings(scope, *lines):
    for line in lines:
        scope.write(line)
    assert scope.query(":SYSTem:ERRor?") == '+0,"No error"', lines


def wait(scope, bit=8, high=False):
    """Poll the operation status condition register; the values seen."""
    seen = []
    for _ in range(400):
        seen.append(int(scope.query(":OPERegister:CONDition?")))
        if bool(seen[-1] & bit) is high:
            return seen
    raise AssertionError(seen)


def single(scope):
    scope.write(":SINGle")
    return wait(scope)


def preamble(scope):
    return [float(field) for field in scope.query(":WAVeform:PREamble?").split(",")]


def read(scope, channel, points="MAXimum", mode="RAW", form="BYTE"):
    """Times from the trigger and volts, as the guide computes them from the preamble (2000 X guide, page 644)."""
    settings(scope, f":WAV:SOUR CHAN{channel}", f":WAV:POIN:MODE {mode}", f":WAV:POIN {points}", f":WAV:FORM {form}")
    _, _, count, _, xinc, xorigin, xref, yinc, yorigin, yref = preamble(scope)
    codes = np.frombuffer(scope.query_block(":WAV:DATA?"), {"BYTE": np.uint8, "WORD": ">u2"}[form])
    assert len(codes) == count == float(scope.query(":WAV:POIN?"))
    return xorigin + (np.arange(len(codes)) - xref) * xinc, (codes - yref) * yinc + yorigin


BOTH = (":CHAN1:SCAL 1", ":CHAN1:OFFS 1.5", ":CHAN2:SCAL 0.6", ":CHAN2:DISP ON", ":TIM:SCAL 0.1", ":TRIG:SWE NORM")
SQUARE = (":CHAN1:SCAL 1;OFFS 1.5", ":TIM:SCAL 0.1", ":TRIG:SWE NORM", ":TRIG:LEV 1.5,CHAN1")


def test_it_says_who_it_is(scope):
    maker, model, serial, _ = scope.query("*IDN?").split(",")
    assert (maker, model, serial) == ("KEYSIGHT TECHNOLOGIES", "DSO-X 3024T", SERIAL)
    assert scope.query(":SERial?") == SERIAL


@pytest.mark.parametrize(
    ("line", "query", "form", "page"),
    [
        ("", ":TER?", r"\+[01]", "3000T 229"),
        ("", ":OPERegister:CONDition?", r"\+\d+", "3000 171"),
        ("", ":OPERegister:EVENt?", r"\+\d+", "3000T 1255"),
        ("", ":WAVeform:PREamble?", r"\+[014],\+[012],\+\d+,\+\d+(,[+-][^,]+){6}", "2000 644"),
        (":WAVeform:FORMat ASCii", ":WAVeform:PREamble?", r"\+4,.*", "2000 644"),
        (":WAVeform:FORMat WORD", ":WAVeform:PREamble?", r"\+1,.*,\+32768", "2000 644"),
        (":ACQuire:TYPE PEAK", ":WAVeform:PREamble?", r"\+0,\+1,.*", "2000 644"),
        (":ACQuire:TYPE AVERage;COUNt 16", ":WAVeform:PREamble?", r"\+0,\+2,\+\d+,\+16,.*", "2000 644"),
        ("", ":SYSTem:ERRor?", r'\+0,"No error"', ""),
        (":CHANnel1:LABel 'V_AP'", ":CHAN1:LAB?", '"V_AP"', ""),
        (":SYSTem:DSP \"bump, run 7\"", ":SYST:DSP?", '"bump, run 7"', ""),
        (":CHANnel3:SCALe 100mV", ":CHAN3:RANG?", r"\+8\.0+E-001", ""),
        (":CHANnel2:IMPedance FIFTy", ":CHAN2:IMP?", "FIFT", ""),
        (":CHANnel2:BWLimit ON", ":CHAN2:BWL?", "1", ""),
        (":TIMebase:RANGe 2", ":TIM:SCAL?", r"\+2\.0+E-001", ""),
        (":TIMebase:DELay -0.0002", ":TIM:POS?", r"-2\.0+E-004", ""),
        (":TRIGger:EDGE:SOURce EXTernal", ":TRIG:SOUR?", "EXT", ""),
        (":TRIGger:SLOPe NEGative", ":TRIG:EDGE:SLOP?", "NEG", ""),
        (":TRIGger:HOLDoff 1e-3", ":TRIG:HOLD?", r"\+1\.0+E-003", ""),
        (":ACQuire:MODE SEGMented;SEGMented:COUNt 25", ":ACQ:SEGM:COUN?", r"\+25", ""),
    ],
)  # fmt: skip
def test_the_guides_own_dialogues(scope, line, query, form, page):
    settings(scope, *filter(None, [line]))
    assert re.fullmatch(form, scope.query(query)), page


def test_a_single_record_shows_the_signals_within_one_code():
    with keysight(noise=0.0) as scope:
        settings(scope, *BOTH, ":TIM:POS 0.2", ":TRIG:SOUR CHAN1;LEV 1.5")
        seen = single(scope)
        assert {8, 40} <= set(seen) and seen[-1] == 0
        assert float(scope.query(":ACQ:SRAT?")) == 2e6 and int(scope.query(":ACQ:POIN?")) == 2_000_000
        times, volts = read(scope, 1)
        assert len(times) == 2_000_000
        assert times[0] == pytest.approx(-0.3) and times[-1] == pytest.approx(0.7, abs=1e-6)
        edges = times[np.flatnonzero(np.diff((volts > 1.5).astype(int)) > 0)]
        np.testing.assert_allclose(edges, [0.0], atol=1.1e-6)
        assert np.max(np.minimum(abs(volts), abs(volts - 3))) <= 0.5 * 8 / 199 + 1e-9
        _, slope = read(scope, 2)
        begin = scope.device.digitiser.record.trigger
        far = np.mod(begin + times, 1.0)
        smooth = (far > 1e-5) & (far < 1 - 1e-5)
        assert np.max(np.abs(slope - ramp(begin + times))[smooth]) <= 0.5 * 8 * 0.6 / 199 + 1e-5


def test_the_reference_moves_the_screen(scope):
    settings(scope, *SQUARE, ":TIM:REF LEFT")
    assert float(scope.query(":WAV:XOR?")) == pytest.approx(-0.1)
    settings(scope, ":TIM:REF RIGHt")
    single(scope)
    times, volts = read(scope, 1, 1000)
    assert times[0] == pytest.approx(-0.9) and len(times) == 1000
    assert np.all(volts[(times > 1e-3) & (times < 0.09)] > 2.8)


def test_how_many_points_there_are(scope):
    settings(scope, *SQUARE)
    single(scope)
    settings(scope, ":WAV:SOUR CHAN1", ":WAV:POIN MAX")
    counts = {}
    for mode in ("NORMal", "RAW", "MAXimum"):
        settings(scope, f":WAV:POIN:MODE {mode}")
        counts[mode] = int(scope.query(":WAV:POIN?"))
    # One out of 62 of four million: users have seen 64516 points of the measurement record.
    assert counts == {"NORMal": 4_000_000 // 62, "RAW": 4_000_000, "MAXimum": 4_000_000}
    settings(scope, ":WAV:POIN 1000")
    assert scope.query(":WAV:POIN?;POIN? MAX") == "+1000;+4000000"
    assert len(scope.query_block(":WAV:DATA?")) == 1000
    assert float(scope.query(":WAV:XINC?")) == pytest.approx(1e-3)
    # Two channels of different pairs do not share; two of one pair do; a running acquisition has half.
    for lines, points in (
        ((":CHAN3:DISP ON", ":SING"), 4_000_000),
        ((":CHAN2:DISP ON",), 2_000_000),
        ((":RUN",), 1_000_000),
        ((":CHAN2:DISP OFF",), 2_000_000),
    ):
        settings(scope, *lines)
        scope.device.digitiser.clear()
        assert int(scope.query(":ACQ:POIN?")) == points
    settings(scope, ":WAV:POIN:MODE RAW", ":WAV:POIN MAX")
    assert int(scope.query(":WAV:POIN?")) < 65_536  # running: the measurement record


def test_word_ascii_byte_and_signed_say_the_same():
    with keysight() as scope:
        settings(scope, *BOTH, ":CHAN2:OFFS 0.3", ":TRIG:SOUR CHAN1;LEV 1.5")
        single(scope)
        _, volts = read(scope, 2, 500)
        assert volts == pytest.approx(read(scope, 2, 500, form="WORD")[1], abs=1e-6)
        settings(scope, ":WAV:BYT LSBFirst")
        little = np.frombuffer(scope.query_block(":WAV:DATA?"), "<u2")
        settings(scope, ":WAV:BYT MSBFirst", ":WAV:UNS OFF")
        np.testing.assert_array_equal(
            np.frombuffer(scope.query_block(":WAV:DATA?"), ">i2").astype(int) + 0x8000, little
        )
        assert preamble(scope)[-1] == 0
        settings(scope, ":WAV:FORM ASC", ":WAV:UNS ON")
        text = scope.query_block(":WAV:DATA?").decode()
        np.testing.assert_allclose([float(field) for field in text.split(",")], volts, atol=1e-4)


def test_clipped_samples_have_the_codes_of_the_guide():
    with keysight(noise=0.0) as scope:
        settings(scope, ":CHAN1:SCAL 0.1;OFFS 0.5", ":CHAN2:DISP ON;SCAL 0.1", ":TIM:SCAL 0.1", ":TRIG:SWE NORM;LEV 1")
        single(scope)
        codes = {}
        for form, kind in (("BYTE", np.uint8), ("WORD", ">u2")):
            settings(scope, ":WAV:SOUR CHAN2", f":WAV:FORM {form}", ":WAV:POIN 1000")
            codes[form] = np.frombuffer(scope.query_block(":WAV:DATA?"), kind)
        assert (codes["BYTE"].min(), codes["BYTE"].max()) == (1, 255)
        assert (codes["WORD"].min(), codes["WORD"].max()) == (0x0001, 0xFFFF)


def test_averages_are_of_triggered_records_and_have_fractions_of_codes():
    def noisy(**options):
        with keysight(noise=0.02, **options) as scope:
            settings(scope, *SQUARE, ":TIM:SCAL 1e-6", ":ACQ:TYPE AVER;COUN 16")
            begin = scope.world.now
            single(scope)
            assert scope.world.now - begin > 15 * 0.7
            times, volts = read(scope, 1, 1000, form="WORD")
            assert preamble(scope)[3] == 16 and len(times) == 1000
            assert np.any(np.frombuffer(scope.query_block(":WAV:DATA?"), ">u2") & 0xFF)
            return volts[times > 1e-7]

    volts = noisy()
    assert volts.mean() == pytest.approx(3.0, abs=0.02)
    assert np.std(volts) == pytest.approx(0.02 * 8 / 4, rel=0.15)


def test_high_resolution_and_peak_detection():
    with keysight(noise=0.01) as scope:
        settings(scope, ":CHAN3:DISP ON;SCAL 0.2;OFFS 0.6", ":CHAN1:DISP OFF", ":TIM:SCAL 10e-3", ":TRIG:SOUR CHAN3")
        settings(scope, ":TRIG:LEV 0.6;SWE NORM", ":ACQ:TYPE HRES")
        single(scope)
        times, volts = read(scope, 3, 2000, form="WORD")
        assert np.std(volts[times < -1e-3]) < 0.25 * 0.01 * 8 * 0.2
        settings(scope, ":ACQ:TYPE PEAK", ":TIM:SCAL 0.1")
        single(scope)
        times, volts = read(scope, 3, 1000)
        assert len(volts) % 2 == 0 and np.all(volts[::2] <= volts[1::2])
        for pulse in (-0.5, -0.25, 0.0, 0.25):
            assert volts[abs(times - pulse) < 3e-3].max() == pytest.approx(1.2, abs=0.06)


def test_segments_have_their_times():
    with keysight(noise=0.0) as scope:
        settings(scope, *BOTH, ":TRIG:SOUR CHAN1;LEV 1.5", ":TIM:SCAL 1e-3", ":ACQ:MODE SEGM", ":ACQ:SEGM:COUN 5")
        assert int(scope.query(":ACQ:POIN?")) == 400_000
        single(scope)
        assert scope.query(":WAV:SEGM:COUN?") == "+5"
        tags, levels = [], []
        for segment in range(1, 6):
            settings(scope, f":ACQ:SEGM:IND {segment}")
            tags.append(float(scope.query(":WAV:SEGM:TTAG?")))
            times, volts = read(scope, 2, 1000)
            levels.append(volts[times.searchsorted(0.0)])
        np.testing.assert_allclose(tags, 0.7 * np.arange(5), atol=1e-6)
        assert np.mod(np.diff(levels), 4) == pytest.approx([2.8] * 4, abs=0.06)
        scope.write(":ACQ:SEGM:IND 6")
        assert scope.query(":SYST:ERR?") == '-222,"Data out of range"'
        settings(scope, ":ACQ:SEGM:ANAL", ":ACQ:MODE RTIM")
        scope.write(":ACQ:SEGM:ANAL")
        assert scope.query(":SYST:ERR?") == '-221,"Settings conflict"'


def test_the_external_trigger_is_a_trigger_only():
    with keysight() as scope:
        settings(scope, *SQUARE, ":TRIG:SOUR EXT", ":TRIG:LEV 2.5")
        single(scope)
        assert np.mod(scope.device.digitiser.record.trigger, 1.0) == pytest.approx(0.4, abs=1e-8)
        scope.write(":TRIG:LEV 9")
        assert scope.query(":SYST:ERR?") == '-222,"Data out of range"'
        scope.write(":WAV:SOUR EXT")
        assert scope.query(":SYST:ERR?").startswith("-224,")


def test_digitize_blocks_what_comes_after_it():
    with keysight(noise=0.0) as scope:
        settings(scope, *SQUARE, ":TIM:SCAL 5e-3", ":WAV:POIN 100", ":STOP")
        scope.write(":DIGitize CHANnel1")
        assert scope.query("*OPC?") == "1"
        assert scope.device.digitiser.state == "STOP"
        assert read(scope, 1, 100)[1].max() == pytest.approx(3.0, abs=0.05)
        # In one message, and only what was named.
        answer = scope.query(":CHAN2:DISP ON;:DIGitize CHANnel2;:WAV:SOUR CHAN2;PRE?")
        assert answer.startswith("+0,+0,+100,+1,")
        assert list(scope.device.digitiser.record.plan.front_ends) == [2]
        assert scope.query(":BLANk;:DIGitize;*OPC?") == "1"
        assert list(scope.device.digitiser.record.plan.front_ends) == [1, 2, 3, 4]


def test_a_client_that_gives_up_ends_its_digitize():
    with keysight() as scope:
        settings(scope, *SQUARE, ":TRIG:LEV 4.5")
        with Client(scope.port) as waiting:
            waiting.write(":DIGitize;*OPC?")
            waiting.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                waiting.socket.recv(1)
        scope.socket.settimeout(5)
        assert wait(scope)[-1] == 0


def test_event_registers_are_read_once():
    with keysight() as scope:
        settings(scope, *SQUARE, ":STOP", "*CLS", ":OPEE 32", "*SRE 129")
        assert scope.query(":TER?;:AER?;:OPER:EVEN?;*STB?") == "+0;+0;+0;0"
        single(scope)
        assert int(scope.query("*STB?")) == 0x80 | 0x40 | 0x01
        assert scope.query(":AER?;AER?") == "+1;+0"
        assert scope.query(":TER?;TER?") == "+1;+0"
        assert int(scope.query(":OPER?")) & 8 and scope.query(":OPER?") == "+0"
        settings(scope, ":TRIG:LEV 4.5", ":SING")
        wait(scope, 32, True)
        scope.write(":TRIG:FORC")
        wait(scope)
        assert scope.query(":TER?;:AER?") == "+0;+1"


def test_auto_sweeps_go_without_a_trigger(scope):
    settings(scope, *SQUARE, ":TRIG:SWE AUTO;LEV 4.5", ":TIM:SCAL 1e-3")
    single(scope)
    assert not scope.device.digitiser.record.triggered
    assert len(read(scope, 1, 1000)[0]) == 1000


def test_the_probe_ratio_must_say_what_the_probe_is():
    with keysight(noise=0.0, probes={"1": 10.0}) as scope:
        settings(scope, ":CHAN1:PROB 10", *SQUARE)
        single(scope)
        assert read(scope, 1, 1000)[1].max() == pytest.approx(3.0, abs=0.03)
        settings(scope, ":CHAN1:PROB 1")
        assert float(scope.query(":CHAN1:SCAL?")) == pytest.approx(0.1)


def test_measurements_and_picture():
    with keysight(noise=0.0) as scope:
        settings(scope, *SQUARE, ":TIM:SCAL 0.2", ":MEAS:SOUR CHAN1")
        assert scope.query(":MEAS:VMAX?") == "+9.9E+37"
        single(scope)
        for query, value in (
            (":MEAS:VMAX? CHAN1", 3.0), (":MEAS:VPP?", 3.0), (":MEAS:FREQ?", 1 / 0.7), (":MEAS:DUTY?", 50.0),
            (":MEAS:VAV? DISPlay,CHAN1", 1.5), (":MEAS:VRMS? DISP,AC,CHAN1", 1.5), (":MEAS:NWID?", 0.35),
        ):  # fmt: skip
            assert float(scope.query(query)) == pytest.approx(value, abs=0.15), query
        assert scope.query(":MEAS:VMAX? CHAN2") == "+9.9E+37"
        picture = image.imread(io.BytesIO(scope.query_block(":DISPlay:DATA? PNG, COLor")), format="png")
        assert picture.shape[:2] == (480, 800)
        assert np.all(picture[0, 0, :3] == 1)  # ink saver
        settings(scope, ":HARDcopy:INKSaver OFF")
        bitmap = scope.query_block(":DISP:DATA? BMP")
        pixels = np.frombuffer(bitmap[54:], np.uint8).reshape(480, 800, 3)[::-1, :, ::-1]
        yellow = np.all(pixels == (255, 255, 0), axis=2)
        assert yellow[240 - round(1.5 * 439 / 8) + np.arange(-3, 4)].any(axis=0).sum() > 300
        assert yellow[240 + round(1.5 * 439 / 8) + np.arange(-3, 4)].any(axis=0).sum() > 300


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (":CHAN1:SCAL 6", '-222,"Data out of range"'),
        (":CHAN1:SCAL 0.5 mV", '-222,"Data out of range"'),
        (":CHAN1:IMP FIFT;SCAL 2", '-222,"Data out of range"'),
        (":CHAN1:SCAL 0.1;OFFS 3", '-222,"Data out of range"'),
        (":TIM:SCAL 100", '-222,"Data out of range"'),
        (":TIM:POS -1", '-222,"Data out of range"'),
        (":TRIG:LEV 31,CHAN1", '-222,"Data out of range"'),
        (":TRIG:SOUR LINE;LEV 1", '-221,"Settings conflict"'),
        (":ACQ:TYPE ENVelope", '-224,"Illegal parameter value"'),
        (":ACQ:COUN 1", '-222,"Data out of range"'),
        (":CHAN5:SCAL 1", '-114,"Header suffix out of range"'),
        (":CHANNELS1:SCAL 1", '-113,"Undefined header"'),
        (":TRIG:HOLD", '-109,"Missing parameter"'),
    ],
)
def test_what_it_refuses(scope, line, error):
    scope.write(line)
    assert scope.query(":SYST:ERR?") == error
    assert scope.query(":SYST:ERR?") == '+0,"No error"'


def test_nothing_to_read_is_an_empty_block_and_an_error(scope):
    settings(scope, ":STOP")
    scope.device.digitiser.clear()
    assert scope.query_block(":WAV:DATA?") == b""
    assert scope.query(":SYST:ERR?") == '-230,"Data corrupt or stale"'


def test_every_query_answers_and_every_setting_takes_its_own_answer():
    device = simulated(quiet_world())
    patterns = (command.pattern for command in device.commands if command.pattern.startswith(":"))
    headers = {re.sub(r"<.*?>", "2", pattern).translate({ord("["): None, ord("]"): None}) for pattern in patterns}
    queries = {header for header in headers if header.endswith("?")}
    settable = {query for query in queries if query[:-1] in headers}
    assert len(queries) > 80 and len(settable) > 40
    for query in sorted(queries - {":WAVeform:DATA?"}):
        assert device.execute(query), query
    for query in sorted(settable - {":ACQuire:SEGMented:INDex?"}):  # nothing was acquired
        answer = device.execute(query)
        device.execute(f"{query[:-1]} {answer.decode().strip()}")
        assert device.execute(":SYST:ERR?") == b'+0,"No error"\n', query
        assert device.execute(query) == answer


def test_several_clients_share_one_instrument(scope):
    with Client(scope.port) as other:
        settings(other, ":CHAN1:SCAL 2")
        assert float(scope.query(":CHAN1:SCAL?")) == 2.0
        assert other.query(":CHAN1:SCAL 9;*OPC?") == "1"
        assert other.query("*OPC?;:NONS") == "1"
        assert scope.query(":SYST:ERR?").startswith("-222,")
        assert scope.query(":SYST:ERR?").startswith("-113,")
