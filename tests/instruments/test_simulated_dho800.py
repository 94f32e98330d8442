"""The simulated DHO804, met through its socket by a client written from the programming guide alone."""

import contextlib
import io
import re

import numpy as np
import pytest
from matplotlib import image

from neurorig.instruments.simulated.models.rigol_dho800 import SimulatedRigolDho800

from .fakes import Client, Signal, quiet_world, serving

SERIAL = "DHO8A000000001"


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


def simulated(world, **options):
    inputs = {name: Signal(world, volts) for name, volts in {"1": square, "2": ramp, "3": spikes}.items()}
    return SimulatedRigolDho800(world, inputs, **{"serial": SERIAL, "seed": 5, **options})


@contextlib.contextmanager
def rigol(*lines, **options):
    world = quiet_world()
    device = simulated(world, **options)
    with serving(world, {"scope": device}) as ports, Client(ports["scope"]) as client:
        client.world, client.device, client.port = world, device, ports["scope"]
        settings(client, *lines)
        yield client


def settings(scope, *lines):
    for line in lines:
        scope.write(line)
    assert scope.query(":SYSTem:ERRor?") == '0,"No error"', lines


def single(scope):
    scope.write(":SINGle")
    seen = []
    for _ in range(600):
        seen.append(scope.query(":TRIGger:STATus?"))
        if seen[-1] == "STOP" and set(seen) & {"RUN", "WAIT", "TD"}:
            return seen
    raise AssertionError(seen)


def read(scope, channel, form="WORD", mode="RAW"):
    """Times from the trigger and volts, by the guide's formulas (3.28)."""
    settings(scope, f":WAV:SOUR CHAN{channel}", f":WAV:MODE {mode}", f":WAV:FORM {form}")
    fields = [float(field) for field in scope.query(":WAV:PRE?").split(",")]
    _, _, points, _, x_step, x_first, x_reference, y_step, y_origin, y_reference = fields
    settings(scope, ":WAV:STAR 1", f":WAV:STOP {points:.0f}")
    codes = np.frombuffer(scope.query_block(":WAV:DATA?"), {"WORD": "<u2", "BYTE": np.uint8}[form])
    assert len(codes) == points
    return x_first + (np.arange(len(codes)) - x_reference) * x_step, (codes - y_origin - y_reference) * y_step


SQUARE = (":CHAN1:SCAL 0.5", ":CHAN1:OFFS -1.5", ":TIM:ROLL 0", ":TIM:SCAL 0.1", ":ACQ:MDEP 100k", ":TRIG:EDGE:LEV 1.5")


@pytest.mark.parametrize(
    ("line", "query", "form", "section"),
    [
        (":ACQuire:AVERages 128", ":ACQuire:AVERages?", "128", "3.3.1"),
        (":ACQuire:AVERages 9", ":ACQuire:AVERages?", "8", "3.3.1"),
        (":ACQuire:MDEPth 1M", ":ACQuire:MDEPth?", r"1\.000E\+6", "3.3.2"),
        (":ACQuire:MDEPth 2.5e7", ":ACQuire:MDEPth?", r"2\.500E\+7", "3.3.2"),
        (":ACQuire:TYPE AVERages", ":ACQuire:TYPE?", "AVER", "3.3.3"),
        ("", ":ACQuire:SRATe?", r"\d\.\d+E\+\d", "3.3.4"),
        (":CHANnel1:BWLimit 20M", ":CHANnel1:BWLimit?", "20M", "3.6.1"),
        (":CHANnel1:COUPling AC", ":CHANnel1:COUPling?", "AC", "3.6.2"),
        (":CHANnel1:INVert ON", ":CHANnel1:INVert?", "1", "3.6.4"),
        (":CHANnel1:OFFSet 0.01", ":CHANnel1:OFFSet?", r"1\.000000E-0?2", "3.6.5"),
        (":CHANnel1:TCALibrate 0.00000002", ":CHANnel1:TCALibrate?", r"2\.000000E-8", "3.6.6"),
        (":CHANnel1:SCALe 0.1", ":CHANnel1:SCALe?", r"1\.000000E-0?1", "3.6.7"),
        (":CHANnel1:PROBe 10", ":CHANnel1:PROBe?", "10", "3.6.8"),
        (":CHANnel1:UNITs VOLTage", ":CHANnel1:UNITs?", "VOLT", "3.6.11"),
        (":TIMebase:MAIN:SCALe 0.0002;:TIMebase:MAIN:OFFSet 0.0002", ":TIM:MAIN:OFFS?", r"2\.000000E-4", "3.26.4"),
        (":TIMebase:MAIN:SCALe 0.0002", ":TIMebase:MAIN:SCALe?", r"2\.000000E-4", "3.26.5"),
        (":TIMebase:VERNier ON", ":TIMebase:VERNier?", "1", "3.26.9"),
        (":TIMebase:ROLL 0", ":TIMebase:ROLL?", "0", "3.26.11"),
        (":TRIGger:COUPling LFReject", ":TRIGger:COUPling?", "LFR", "3.27.2"),
        (":TRIGger:SWEep NORMal", ":TRIGger:SWEep?", "NORM", "3.27.4"),
        (":TRIGger:HOLDoff 0.0000002", ":TRIGger:HOLDoff?", r"2\.000000E-7", "3.27.5"),
        (":TRIGger:NREJect ON", ":TRIGger:NREJect?", "1", "3.27.6"),
        (":TRIGger:EDGE:SLOPe NEGative", ":TRIGger:EDGE:SLOPe?", "NEG", "3.27.8.2"),
        (":TRIGger:EDGE:LEVel 0.16", ":TRIGger:EDGE:LEVel?", r"1\.600000E-1", "3.27.8.3"),
        (":WAVeform:SOURce CHANnel2", ":WAVeform:SOURce?", "CHAN2", "3.28.1"),
        (":WAVeform:MODE RAW", ":WAVeform:MODE?", "RAW", "3.28.2"),
        (":WAVeform:FORMat WORD", ":WAVeform:FORMat?", "WORD", "3.28.3"),
        (":WAVeform:POINts 100", ":WAVeform:POINts?", "100", "3.28.4"),
        (
            ":CHANnel1:SCALe 0.1;:TIMebase:SCALe 1e-6", ":WAVeform:PREamble?",
            r"0,0,1000,1,1\.000000E-8,-5\.000000E-6,0,4\.000000E-0?3,0,128", "3.28.14",
        ),
    ],
)  # fmt: skip
def test_the_guides_own_dialogues(line, query, form, section):
    with rigol() as scope:
        settings(scope, *filter(None, [line]))
        assert re.fullmatch(form, scope.query(query)), section


def test_it_says_who_it_is():
    with rigol() as scope:
        assert scope.query("*IDN?").split(",")[:3] == ["RIGOL TECHNOLOGIES", "DHO804", SERIAL]


def test_a_single_record_has_twelve_bits():
    with rigol(":CHAN2:SCAL 1", ":CHAN2:DISP ON", *SQUARE, ":TIM:OFFS 0.2", noise=0.0) as scope:
        assert {"WAIT", "TD"} <= set(single(scope))
        times, volts = read(scope, 1)
        assert len(times) == 100_000 and times[0] == pytest.approx(-0.3)
        edges = times[np.flatnonzero(np.diff((volts > 1.5).astype(int)) > 0)]
        np.testing.assert_allclose(edges, [0.0], atol=1.1e-5)
        assert np.max(np.minimum(abs(volts), abs(volts - 3))) <= 0.5 * 16 * 0.5 / 7500 + 1e-6
        begin = scope.device.digitiser.record.trigger
        far = np.mod(begin + times, 1.0)
        smooth = (far > 1e-4) & (far < 1 - 1e-4)
        slope = read(scope, 2)[1]
        assert np.max(np.abs(slope - ramp(begin + times))[smooth]) <= 0.5 * 16 / 7500 + 1e-5
        codes = np.frombuffer(scope.query_block(":WAV:DATA?"), "<u2")
        assert not np.any(codes & 0xF) and len(np.unique(codes)) > 1500


def test_bytes_text_and_screen_say_the_same_more_coarsely():
    with rigol(*SQUARE) as scope:
        single(scope)
        _, volts = read(scope, 1)
        assert np.max(np.abs(read(scope, 1, "BYTE")[1] - volts)) <= 0.5 * 0.5 / 25 + 1e-6
        settings(scope, ":WAV:FORM ASC", ":WAV:STAR 101", ":WAV:STOP 110")
        text = [float(each) for each in scope.query(":WAV:DATA?").split(",")]
        np.testing.assert_allclose(text, volts[100:110], atol=0.5 * 0.5 / 25)
        seconds, shown = read(scope, 1, mode="NORM")
        assert len(seconds) == 1000 and seconds[1] - seconds[0] == pytest.approx(1e-3)
        np.testing.assert_array_equal(shown, volts[::100])


def test_clipping_ends_at_the_converter():
    with rigol(*SQUARE, ":CHAN2:DISP ON", ":CHAN2:SCAL 0.1", noise=0.0) as scope:
        single(scope)
        settings(scope, ":WAV:SOUR CHAN2;MODE RAW;FORM WORD;STAR 1;STOP 100000")
        codes = np.frombuffer(scope.query_block(":WAV:DATA?"), "<u2")
        assert (codes.min(), codes.max()) == (0, 0xFFF0)


def test_memory_is_shared():
    with rigol(":TIM:SCAL 0.01", ":ACQ:MDEP 25M") as scope:
        assert (scope.query(":ACQ:MDEP?"), float(scope.query(":ACQ:SRAT?"))) == ("2.500E+7", 2.5e8)
        settings(scope, ":CHAN2:DISP ON")
        assert scope.query(":ACQ:MDEP?") == "1.000E+7"
        settings(scope, ":CHAN3:DISP ON")
        assert scope.query(":ACQ:MDEP?") == "5.000E+6"
        scope.write(":ACQ:MDEP 10M")
        assert scope.query(":SYST:ERR?").startswith("-224,")
        settings(scope, ":TIM:SCAL 1e-8")
        assert float(scope.query(":ACQ:SRAT?")) == 1.25e9 / 4
        settings(scope, ":STOP")
        scope.write(":ACQ:MDEP 1k")
        assert scope.query(":SYST:ERR?").startswith("-221,")


def test_twenty_five_million_points_arrive_whole():
    with rigol(*SQUARE, ":ACQ:MDEP 25M") as scope:
        single(scope)
        assert len(read(scope, 1)[0]) == 25_000_000


def test_rolling_does_not_trigger():
    with rigol(*SQUARE, ":TIM:ROLL 1", ":TRIG:EDGE:LEV 3.2", ":ACQ:MDEP 10k") as scope:
        begin = scope.world.now
        scope.write(":SINGle")
        seen = [scope.query(":TRIG:STAT?") for _ in range(40)]
        assert seen[-1] == "STOP" and "WAIT" not in seen[5:]
        assert scope.device.digitiser.record.trigger > begin + 0.5
        assert not scope.device.digitiser.record.triggered
        settings(scope, ":TIM:SCAL 0.02")
        scope.write(":SINGle")
        for _ in range(60):
            status = scope.query(":TRIG:STAT?")
        assert status == "WAIT"
        settings(scope, ":TFORce")


def test_frames_are_recorded_one_beside_the_other():
    with rigol(*SQUARE, ":CHAN2:SCAL 1", ":CHAN2:DISP ON", ":TIM:SCAL 0.01", ":ACQ:MDEP 10k", noise=0.0) as scope:
        assert scope.query(":REC:WREC:FMAX?;FRAM?") == "1000;1000"
        scope.write(":REC:WREC:OPER RUN")
        assert scope.query(":SYST:ERR?").startswith("-221,")
        settings(scope, ":TRIG:SWE NORM", ":STOP", ":RECord:WRECord:ENABle ON", ":RECord:WRECord:FRAMes 4")
        scope.write(":SINGle")
        assert scope.query(":SYST:ERR?").startswith("-221,")  # 3.1.4
        settings(scope, ":RECord:WRECord:OPERate RUN")
        assert scope.query(":RECord:WRECord:OPERate?") == "RUN"
        while scope.query(":RECord:STARt?") == "1":
            pass
        assert scope.query(":RECord:WREPlay:FMAX?;FCUR?") == "4;4"
        levels = []
        for frame in (1, 2, 3, 4):
            settings(scope, f":RECord:WREPlay:FCURrent {frame}")
            times, volts = read(scope, 2)
            levels.append(volts[times.searchsorted(0.0)])
        assert np.mod(np.diff(levels), 4) == pytest.approx([2.8] * 3, abs=0.02)


def test_averages_and_peaks():
    with rigol(*SQUARE, ":TIM:SCAL 1e-6", ":ACQ:TYPE AVER", ":ACQ:AVER 16", noise=0.01) as scope:
        begin = scope.world.now
        single(scope)
        assert scope.world.now - begin > 15 * 0.7
        times, volts = read(scope, 1)
        assert np.std(volts[times > 1e-7]) == pytest.approx(0.01 * 8 * 0.5 / 4, rel=0.15)
        settings(scope, ":RUN", ":CHAN3:DISP ON", ":CHAN3:SCAL 0.5", ":TRIG:EDGE:SOUR CHAN3", ":TRIG:EDGE:LEV 0.6")
        settings(scope, ":TIM:SCAL 0.1", ":ACQ:MDEP 10k", ":ACQ:TYPE PEAK")
        single(scope)
        times, volts = read(scope, 3)
        for pulse in (-0.25, 0.0, 0.25):
            assert volts[abs(times - pulse) < 3e-4].max() > 0.9


def test_the_probe_ratio_must_say_what_the_probe_is():
    with rigol(":CHAN1:PROB 10", *SQUARE, noise=0.0, probes={"1": 10.0}) as scope:
        single(scope)
        assert read(scope, 1)[1].max() == pytest.approx(3.0, abs=2e-3)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (":CHAN1:PROB 3", -224), (":CHAN1:SCAL 20", -222), (":CHAN1:OFFS 1.5", -222), (":CHAN5:SCAL 1", -114),
        (":TIM:SCAL 1e-9", -222), (":TIM:SCAL 1e-3;:TIM:OFFS -0.006", -222), (":ACQ:AVER 1", -222), (":ACQ:MDEP 12k", -138),
        (":TRIG:EDGE:LEV 0.3", -222), (":TRIG:EDGE:SOUR EXT", -224), (":ACQ:TYPE HRES", -224), (":DIGitize", -113),
    ],
)  # fmt: skip
def test_what_it_refuses(line, code):
    with rigol() as scope:
        scope.write(line)
        assert scope.query(":SYST:ERR?").startswith(f"{code},")


def test_reading_what_cannot_be_read_gives_an_empty_block_and_an_error():
    with rigol(*SQUARE, ":WAV:MODE RAW") as scope:
        for lines, text in (
            ((), "stopped"), ((":STOP", ":CLEar"), "nothing was acquired"), ((":RUN", ":SINGle"), None),
            ((":WAV:SOUR CHAN2",), "CHAN2 was off"), ((":WAV:SOUR CHAN1", ":WAV:STOP 100001"), "of 100000"),
        ):  # fmt: skip
            settings(scope, *lines)
            if text is None:
                single(scope)
                continue
            assert scope.query_block(":WAV:DATA?") == b""
            assert text in scope.query(":SYST:ERR?")


def test_measurements_and_the_picture():
    with rigol(*SQUARE, ":TIM:SCAL 0.2", noise=0.0) as scope:
        assert float(scope.query(":MEAS:ITEM? VMAX,CHAN1")) == 9.9e37
        single(scope)
        for item, value in (("VMAX", 3.0), ("VPP", 3.0), ("PERiod", 0.7), ("PWIDth", 0.35), ("VAVG", 1.6)):
            assert float(scope.query(f":MEAS:ITEM? {item},CHANnel1")) == pytest.approx(value, abs=0.15), item
        picture = image.imread(io.BytesIO(scope.query_block(":DISP:DATA? PNG")), format="png")
        assert picture.shape[:2] == (600, 1024) and np.all(picture[..., :3] == (1, 1, 0), axis=2).sum() > 800
        assert scope.query_block(":DISP:DATA?")[:2] == b"BM"


def test_every_query_answers_and_every_setting_takes_its_own_answer():
    device = simulated(quiet_world())
    patterns = (command.pattern for command in device.commands if command.pattern.startswith(":"))
    headers = {re.sub(r"<.*?>", "2", pattern).translate({ord("["): None, ord("]"): None}) for pattern in patterns}
    queries = {header for header in headers if header.endswith("?")}
    assert len(queries) > 40
    unasked = {
        ":WAVeform:DATA?",
        ":MEASure:ITEM?",
        ":RECord:WREPlay:FCURrent?",
        ":RECord:CURRent?",
    }  # nothing was recorded
    for query in sorted(queries - unasked):
        answer = device.execute(query)
        assert answer, query
        if query[:-1] in headers:
            device.execute(f"{query[:-1]} {answer.decode().strip()}")
            assert device.execute(":SYST:ERR?") == b'0,"No error"\n', query
            assert device.execute(query) == answer


def test_two_clients_share_one_instrument():
    with rigol() as scope, Client(scope.port) as other:
        assert other.query(":CHAN1:SCAL 2;SCAL?") == scope.query(":CHAN1:SCAL?") == "2.000000E+0"
