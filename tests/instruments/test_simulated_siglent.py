"""The simulated SDS1104X-E, met through its socket by a client written from the programming guide alone."""

import contextlib
import re
import struct

import numpy as np
import pytest

from neurorig.instruments.simulated.models.siglent_sds1000xe import SimulatedSiglentSds1000xe

from .fakes import Client, Signal, quiet_world, serving

SERIAL = "SDSMMEBQ3R0001"


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


class Siglent(Client):
    """Reads a waveform: whatever stands before the block, the block, two line feeds."""

    def waveform(self, text):
        self.write(text)
        while b"#9" not in self._held or len(self._held) < self._end() + 2:
            self._more()
        start = self._held.index(b"#9")
        before, data, after = self._held[:start], self._held[start + 11 : self._end()], self._held[self._end() :]
        assert after[:2] == b"\n\n"
        self._held = after[2:]
        return before.decode(), data

    def _end(self):
        start = self._held.index(b"#9")
        while len(self._held) < start + 11:
            self._more()
        return start + 11 + int(self._held[start + 2 : start + 11])

    def raw(self, text, size):
        self.write(text)
        while len(self._held) < size + 1:
            self._more()
        data, self._held = self._held[:size], self._held[size + 1 :]
        return data


def simulated(world, **options):
    inputs = {name: Signal(world, volts) for name, volts in {"1": square, "2": ramp, "3": spikes}.items()}
    return SimulatedSiglentSds1000xe(world, inputs, **{"serial": SERIAL, "seed": 5, **options})


@contextlib.contextmanager
def siglent(*lines, **options):
    world = quiet_world()
    device = simulated(world, **options)
    with serving(world, {"scope": device}) as ports, Siglent(ports["scope"]) as client:
        client.world, client.device, client.port = world, device, ports["scope"]
        for line in lines:
            client.write(line)
        yield client


@pytest.fixture
def scope():
    with siglent() as client:
        yield client


SQUARE = ("CHDR OFF", "C1:VDIV 1V;C1:OFST -1.5V", "TDIV 50MS", "TRSE EDGE,SR,C1,HT,OFF", "C1:TRLV 1.5V;C1:TRSL POS")


def single(scope):
    """Armed, then waited for by the internal state change register, as the guide does."""
    scope.query("INR?")
    scope.write("ARM")
    seen = 0
    for _ in range(400):
        seen |= int(scope.query("INR?"))
        if seen & 1:
            assert scope.query("SAST?;TRMD?") == "Stop;STOP"
            return seen
    raise AssertionError(scope.query("SAST?"))


def read(scope, channel):
    """Times from the trigger and volts, by the guide's formulas; headers are off."""
    _, data = scope.waveform(f"C{channel}:WF? DAT2")
    codes = np.frombuffer(data, np.int8)
    scale, offset = float(scope.query(f"C{channel}:VDIV?")), float(scope.query(f"C{channel}:OFST?"))
    rate, across, delay = (float(scope.query(query)) for query in ("SARA?", "TDIV?", "TRDL?"))
    return delay - 7 * across + np.arange(len(codes)) / rate, codes * scale / 25 - offset


@pytest.mark.parametrize(
    ("line", "query", "form"),
    [
        ("", "*IDN?", f"Siglent Technologies,SDS1104X-E,{SERIAL},.*"),
        ("C1:VDIV 50MV", "C1:VDIV?", r"C1:VDIV 5\.00E-02V"),
        ("C1:VOLT_DIV 50MV", "C1:VOLT_DIV?", r"C1:VDIV 5\.00E-02V"),
        ("CHDR LONG", "C1:VDIV?", r"C1:VOLT_DIV 1\.00E\+00V"),
        ("CHDR OFF", "C1:VDIV?", r"1\.00E\+00"),
        ("TDIV 500US", "TDIV?", r"TDIV 5\.00E-04S"),
        ("TRDL -20MS;TDIV 10MS", "TRDL?", r"TRDL -7\.00E-03S"),
        ("C2:OFST -3V", "C2:OFST?", r"C2:OFST -3\.00E\+00V"),
        ("C1:ATTN 10", "C1:ATTN?;C1:VDIV?", r"C1:ATTN 10;C1:VDIV 1\.00E\+01V"),
        ("C3:TRA ON", "C3:TRA?", "C3:TRA ON"),
        ("C1:CPL A1M", "C1:CPL?", "C1:CPL A1M"),
        ("C1:BWL ON", "C1:BWL?", "C1:BWL ON"),
        ("TRSE EDGE,SR,C2,HT,TI,HV,100NS", "TRSE?", r"TRSE EDGE,SR,C2,HT,TI,HV,1\.00E-07S"),
        ("C2:TRSL NEG", "C2:TRSL?", "C2:TRSL NEG"),
        ("MSIZ 7K", "MSIZ?", "MSIZ 14K"),
        ("ACQW AVERAGE,16", "ACQW?;AVGA?", "ACQW AVERAGE,16;AVGA 16"),
        ("WFSU SP,4,NP,1000,FP,7", "WFSU?", "WFSU SP,4,NP,1000,FP,7"),
        ("TDIV 1MS", "SARA?;SANU? C1", r"SARA 1\.00GSa/s;SANU 14\.00Mpts"),
        ("CHDR OFF;TDIV 1MS", "SARA?;SANU? C1", r"1\.00E\+09;1\.40E\+07"),
        ("TRMD NORM", "TRMD?", "TRMD NORM"),
        ("", "*OPC?", r"\*OPC 1"),
    ],
)
def test_answers_have_the_form_of_the_dialect(scope, line, query, form):
    scope.write(line)
    assert re.fullmatch(form, scope.query(query))


def test_the_guides_own_dialogue(scope):
    """Page 142."""
    scope.write("C1:VDIV 500MV;C1:OFST -500MV")
    assert scope.query("C1:VDIV?") == "C1:VDIV 5.00E-01V"
    assert scope.query("C1:OFST?") == "C1:OFST -5.00E-01V"


def test_a_single_record_shows_the_signals_within_one_code():
    with siglent(*SQUARE, "C2:TRA ON;C2:VDIV 600MV", "TRDL 0.1", "MSIZ 700K", noise=0.0) as scope:
        assert scope.query("MSIZ?") == "700K"
        assert single(scope) == 1 | 1 << 13
        times, volts = read(scope, 1)
        assert len(times) == 700_000 and float(scope.query("SARA?")) == 1e6
        assert times[0] == pytest.approx(-0.25)
        edges = times[np.flatnonzero(np.diff((volts > 1.5).astype(int)) > 0)]
        np.testing.assert_allclose(edges, [0.0], atol=2e-6)
        assert np.max(np.minimum(abs(volts), abs(volts - 3))) <= 0.5 / 25 + 1e-9
        begin = scope.device.digitiser.record.trigger
        far = np.mod(begin + times, 1.0)
        smooth = (far > 1e-5) & (far < 1 - 1e-5)
        slope = read(scope, 2)[1]
        assert np.max(np.abs(slope - ramp(begin + times))[smooth]) <= 0.5 * 0.6 / 25 + 1e-5


def test_the_descriptor_says_what_the_queries_say():
    with siglent("C1:ATTN 10", *SQUARE, "MSIZ 140K", probes={"1": 10.0}) as scope:
        single(scope)
        scope.write("CHDR SHORT;WFSU SP,2,NP,1000,FP,100")
        before, block = scope.waveform("C1:WF? ALL")
        assert before == "C1:WF ALL,"
        described, data = block[:346], np.frombuffer(block[346:], np.int8)
        assert described[:8] == b"WAVEDESC" and len(data) == 1000
        assert struct.unpack_from("<i", described, 36) == (346,) and struct.unpack_from("<i", described, 60) == (1000,)
        scale, offset = struct.unpack_from("<ff", described, 156)
        interval, start = struct.unpack_from("<fd", described, 176)
        assert (scale, offset, interval) == pytest.approx((1.0, -1.5, 5e-6)) and start == pytest.approx(-0.35)
        (probe,) = struct.unpack_from("<f", described, 328)
        assert probe == 10
        before, whole = scope.waveform("CHDR OFF;WFSU SP,0,NP,0,FP,0;C1:WF? DAT2")
        assert before == "DAT2," and len(whole) == 140_000
        np.testing.assert_array_equal(np.frombuffer(whole, np.int8)[100:2100:2], data)


def test_clipping_ends_at_the_converter():
    with siglent(*SQUARE, "C2:TRA ON;C2:VDIV 100MV", "MSIZ 7K", noise=0.0) as scope:
        single(scope)
        codes = np.frombuffer(scope.waveform("C2:WF? DAT2")[1], np.int8)
        assert (codes.min(), codes.max()) == (-128, 127)


def test_memory_is_shared_by_the_channels_of_a_pair(scope):
    scope.write("CHDR OFF;TDIV 1MS;MSIZ 14M")
    assert scope.query("MSIZ?;SARA?") == "14M;1.00E+09"
    scope.write("C3:TRA ON")
    assert scope.query("MSIZ?") == "14M"
    scope.write("C2:TRA ON")
    scope.device.digitiser.clear()
    assert scope.query("MSIZ?;SARA?;SANU? C1") == "7M;5.00E+08;7.00E+06"


def test_the_deep_memory_arrives_whole():
    with siglent(*SQUARE, "TDIV 20MS", "MSIZ 14M") as scope:
        single(scope)
        assert len(scope.waveform("C1:WF? DAT2")[1]) == 14_000_000


def test_averages_high_resolution_and_peaks():
    with siglent(*SQUARE, "TDIV 1US", "MSIZ 14K", "ACQW AVERAGE,16", noise=0.02) as scope:
        begin = scope.world.now
        single(scope)
        assert scope.world.now - begin > 15 * 0.7
        times, volts = read(scope, 1)
        assert np.std(volts[times > 1e-7]) == pytest.approx(0.02 * 8 / 4, rel=0.15)
        for line in ("ACQW PEAK_DETECT", "TDIV 100MS", "C3:TRA ON;C3:VDIV 200MV", "TRSE EDGE,SR,C3", "C3:TRLV 0.6"):
            scope.write(line)
        single(scope)
        times, volts = read(scope, 3)
        for pulse in (-0.5, -0.25, 0.0, 0.25, 0.5):
            assert volts[abs(times - pulse) < 3e-4].max() > 0.9


def test_sweep_modes():
    with siglent(*SQUARE, "C1:TRLV 3.5", "TRMD NORM") as scope:
        for _ in range(40):
            status = scope.query("SAST?")
        assert status == "Ready"
        scope.query("FRTR;*OPC?")
        scope.world.spend(2.0)
        assert int(scope.query("INR?")) & 1
        scope.query("TRMD AUTO;*OPC?")
        scope.world.spend(1.0)
        assert scope.query("SAST?") == "Auto"
        scope.write("STOP")
        assert scope.query("SAST?;TRMD?") == "Stop;STOP"


def test_impossible_values_are_adapted_and_the_status_byte_tells(scope):
    scope.write("CHDR OFF;*CLS")
    for line, query, value in (
        ("C1:VDIV 20V", "C1:VDIV?", 10.0),
        ("C1:VDIV 1V;C1:OFST 30V", "C1:OFST?", 10.0),
        ("TDIV 3MS", "TDIV?", 2e-3),
        ("C1:OFST 0;C1:TRLV 9V", "C1:TRLV?", 4.5),
        ("AVGA 20", "AVGA?", 16),
    ):
        scope.query("*STB?")
        scope.write(line)
        assert float(scope.query(query)) == pytest.approx(value), line
        assert int(scope.query("*STB?")) & 4, line
    scope.write("C1:VDIV 2V")
    assert not int(scope.query("*STB?")) & 4


@pytest.mark.parametrize(
    ("line", "bit"), [("C5:VDIV 1", 32), ("NONSENSE", 32), ("TRMD SOON", 16), ("MSIZ 8K", 16), ("TRSE PULSE", 16)]
)
def test_what_it_does_not_know_shows_in_the_event_status(scope, line, bit):
    scope.query("CHDR OFF;*ESR?")
    scope.write(line)
    assert int(scope.query("*ESR?")) & bit
    assert int(scope.query("*ESR?")) == 0


def test_measurements_and_the_picture():
    with siglent(*SQUARE, "TDIV 100MS", noise=0.0) as scope:
        assert scope.query("C1:PAVA? PKPK") == "PKPK,****"
        single(scope)
        for what, value in (("PKPK", 3.0), ("MAX", 3.0), ("PER", 0.7), ("DUTY", 50.0), ("MEAN", 1.5)):
            name, text = scope.query(f"C1:PAVA? {what}").split(",")
            assert name == what and float(re.match(r"[-+.\dE]+", text)[0]) == pytest.approx(value, abs=0.1), what
        picture = scope.raw("SCDP", 1_152_054)
        pixels = np.frombuffer(picture[54:], np.uint8).reshape(480, 800, 3)[::-1, :, ::-1]
        assert np.all(pixels == (255, 255, 0), axis=2).sum() > 800


def test_without_a_record_there_is_nothing_to_read(scope):
    scope.write("STOP")
    scope.device.digitiser.clear()
    assert scope.waveform("C1:WF? DAT2") == ("C1:WF DAT2,", b"")


def test_every_query_answers_and_every_setting_takes_its_own_answer():
    device = simulated(quiet_world())
    device.execute("CHDR OFF")
    headers = {c.pattern.replace("<1-4>", "2") for c in device.commands if not c.pattern.startswith("*")}
    queries = {header for header in headers if header.endswith("?")}
    assert len(queries) > 50
    for query in sorted(queries - {"C2:PAVA?", "C2:PARAMETER_VALUE?"}):
        answer = device.execute(query)
        assert answer, query
        if query[:-1] in headers and query not in ("CHDR?", "COMM_HEADER?"):
            device.execute("*ESR?")
            device.execute(f"{query[:-1]} {answer.decode().strip()}")
            assert device.execute("*ESR?") == b"0\n", query
            assert device.execute(query) == answer
    assert device.execute(":SYST:ERR?") == b""


def test_two_clients_share_headers_and_settings(scope):
    with Siglent(scope.port) as other:
        assert other.query("CHDR OFF;C1:VDIV 2V;C1:VDIV?") == "2.00E+00"
        assert scope.query("C1:VDIV?") == "2.00E+00"
