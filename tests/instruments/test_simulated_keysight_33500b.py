"""A simulated Keysight 33522B against its guide (33500-90901), and what it puts into the world."""

import math
import re

import numpy as np
import pytest

from neurorig.instruments.simulated.lines import LogicLine
from neurorig.instruments.simulated.models.keysight_33500b import TRIGGER_TAKES, SimulatedKeysight33500B

from .doubles import Output
from .fakes import Client, quiet_world, serving


class Recorded(Output):
    """An output that remembers every voltage with its time."""

    def __init__(self, world):
        super().__init__()
        self.world, self.changes = world, [(0.0, 0.0)]

    def _from(self, when, volts):
        while self.changes and self.changes[-1][0] >= when:
            self.changes.pop()
        self.changes.append((when, volts))

    def drive(self, volts):
        super().drive(volts)
        self._from(self.world.now, self.volts)

    def play(self, steps, start):
        super().play(steps, start)
        assert start >= self.world.now, "began in the past"
        for when, volts in zip(start + steps.edges[:-1], steps.levels, strict=True):
            self._from(when, volts)

    def at(self, times):
        edges, volts = np.array(self.changes).T
        return volts[np.searchsorted(edges, np.asarray(times), side="right") - 1]


class Bench:
    """A generator whose errors are known, in a quiet world."""

    def __init__(self, ideal=True, **options):
        self.world = quiet_world()
        self.outputs = {"1": Recorded(self.world), "2": Recorded(self.world)}
        self.sync = LogicLine(self.world)
        self.device = SimulatedKeysight33500B(self.world, self.outputs, self.sync, serial="MY1", seed=3, **options)
        if ideal:
            self.device.gain_error = dict.fromkeys((1, 2), 0.0)
            self.device.offset_error = dict.fromkeys((1, 2), 0.0)
        self.session = self.device.session()

    def __call__(self, message):
        data = message if isinstance(message, bytes) else message.encode()
        answer = self.session.receive(data + b"\n")
        for _ in range(100_000):
            if not self.session.waiting:
                break
            self.world.progress()
            answer += self.session.receive(b"")
        return answer.decode("latin-1").removesuffix("\n")

    def error(self):
        return self("SYST:ERR?")

    def load(self, samples, name="WAVE", rate=1000.0, filter_="OFF", channel=1):
        """An arbitrary waveform that spans full scale, in a burst of one cycle at the bus trigger, output on, open."""
        values = ",".join(f"{x:.6f}" for x in samples)
        self(f"OUTP{channel}:LOAD INF;:SOUR{channel}:DATA:ARB {name},{values}")
        self(f"SOUR{channel}:FUNC:ARB {name};:SOUR{channel}:FUNC ARB;:SOUR{channel}:FUNC:ARB:FILT {filter_}")
        self(f"SOUR{channel}:FUNC:ARB:SRAT {rate};:TRIG{channel}:SOUR BUS;:SOUR{channel}:BURS:STAT ON")
        self(f"OUTP{channel} ON")

    @property
    def volts(self):
        return self.outputs["1"]


@pytest.fixture
def bench():
    return Bench()


REAL = r"[+-]\d\.\d+E[+-]\d\d"
GUIDE = (
    # (message, answer, page)
    ("TRIG2:TIM 0.3;:TRIG2:TIM?", r"\+3\.000000000000000E-01", 318),
    ("BURS:INT:PER 12;:BURS:INT:PER?", r"\+1\.20*E\+01", 177),
    ("BURS:INT:PER?", REAL, 177),
    ("BURS:GATE:POL INV;POL?", "INV", 177),
    ("BURS:GATE:POL NORM;POL?", "NORM", 177),
    ("FUNC:ARBitrary:PTPeak 4;:FUNC:ARBitrary:PTPeak?", r"\+4\.0*E\+00", 215),
    ('DATA:ATTR:PTP? "INT:\\BuiltIn\\EXP_RISE.arb"', r"\+\d\.\d{4}", 191),
    ("OUTP:SYNC:MODE CARR;MODE?", "CARR", 108),
    ("OUTP:SYNC:POL INV;POL?", "INV", 108),
    ("OUTP:LOAD INF;LOAD?", r"\+9\.9000*E\+37", 62),
    ("VOLT:LIM:STAT ON;STAT?", "1", 323),
    ("*OPC?", "1", 318),
    ("SYST:ERR?", r'\+0,"No error"', 318),
)


@pytest.mark.parametrize(("message", "answer", "page"), GUIDE, ids=[f"{m} p{p}" for m, _, p in GUIDE])
def test_dialogues_of_the_guide(bench, message, answer, page):
    assert re.fullmatch(answer, bench(message)), page
    assert bench.error() == '+0,"No error"'


def test_the_summary_of_a_burst_in_the_web_help(bench):
    for line in ("APPLy:SIN 1e5,3 VPP,0", "BURS:MODE TRIG", "BURS:NCYC 3", "BURS:INT:PER 4.4e-5", "BURS:PHAS 0"):
        bench(line)
    bench("TRIG:SOUR IMM;:BURS:STAT ON;:OUTP ON")
    assert bench.error() == '+0,"No error"'
    assert bench("APPL?") == '"SIN +1.000000000000000E+05,+3.000000000000000E+00,+0.000000000000000E+00"'


def test_identity_and_settings_after_reset(bench):
    assert re.fullmatch(r"Agilent Technologies,33522B,MY1,\d\.\d\d(-\d\.\d\d){2}-\d\d-\d\d", bench("*IDN?"))
    bench("FUNC SQU;:FREQ 5;:VOLT 1;:OUTP ON;:BURS:STAT ON;*RST")
    asked = "FUNC?;:FREQ?;:VOLT?;:VOLT:OFFS?;:OUTP?;:OUTP:LOAD?;:BURS:STAT?;:TRIG:SOUR?;:OUTP:SYNC?;:FUNC:ARB?"
    values = ("+1.000000000000000E+03", "+1.000000000000000E-01", "+0.000000000000000E+00", "+5.000000000000000E+01")
    frequency, volts, offset, load = values
    builtin = '"INT:\\BUILTIN\\EXP_RISE.ARB"'
    assert bench(asked) == f"SIN;{frequency};{volts};{offset};0;{load};0;IMM;1;{builtin}"
    assert bench.volts.volts == 0.0


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("FREQ 40 MHZ", '-222,"Data out of range; value clipped to upper limit"'),
        ("VOLT 11", '-222,"Data out of range; value clipped to upper limit"'),
        ("VOLT 1e-4", '-222,"Data out of range; value clipped to lower limit"'),
        ("VOLT:OFFS 6", '-222,"Data out of range; value clipped to upper limit"'),
        ("FUNC:ARB:SRAT 300e6", '-222,"Data out of range; value clipped to upper limit"'),
        ("BURS:NCYC 0", '-222,"Data out of range; value clipped to lower limit"'),
        ("FUNC DC;:BURS:STAT ON", '-221,"Settings conflict; not able to burst this function"'),
        ("FUNC SQU;:FREQ 30e6;:FUNC:SQU:DCYC 50;:FUNC:SQU:DCYC 1;:FREQ 20e6",
         '-221,"Settings conflict; frequency forced duty cycle change"'),
        ("FREQ 1e6;:FUNC RAMP", '-221,"Settings conflict; frequency reduced due to function"'),
        ("*TRG", '-211,"Trigger ignored"'),
        ("BURS:STAT ON;:TRIG:SOUR EXT;*TRG", '-211,"Trigger ignored"'),
        ("INIT", '-213,"INIT ignored"'),
        ("FUNC:ARB NOTHING", '+786,"Specified arb waveform does not exist"'),
        ("DATA:ARB A,0,0,0,0,0,0,0,0;:DATA:ARB A,0,0,0,0,0,0,0,1", '+785,"Specified arb waveform already exists"'),
        ("DATA:ARB A,0,0,0,0,0,0,0", '-222,"Data out of range; an arb waveform has at least 8 points"'),
        ("DATA:ARB A,0,0,0,0,0,0,0,1.1", '-222,"Data out of range"'),
        ("DATA:ARB:DAC A,0,0,0,0,0,0,0,32768", '-222,"Data out of range"'),
        ("DATA:ARB A,0,0,0,x,0,0,0,0", '-104,"Data type error"'),
        ("DATA:ARB A,0,0,0,nan,0,0,0,0", '-104,"Data type error"'),
        ("DATA:ARB A,#13abc", '-161,"Invalid block data"'),
        ("DATA:ARB A", '-109,"Missing parameter; [:SOURce<1-2>]:DATA:ARBitrary"'),
        ("DATA:ARB a-b,0,0,0,0,0,0,0,0", '-151,"Invalid string data"'),
        ("FUNC TRIANGULAR", '-224,"Illegal parameter value; TRIANGULAR"'),
        ("SOUR3:FREQ 1", '-114,"Header suffix out of range; SOUR3"'),
        ("SWE:STAT ON", '-113,"Undefined header; SWE"'),
        ("VOLT 1 A", '-131,"Invalid suffix; A"'),
        ("FREQ? NOW", '-108,"Parameter not allowed; NOW"'),
    ],
)  # fmt: skip
def test_wrong_input_has_its_number(bench, message, error):
    bench(message)
    assert bench.error() == error
    assert bench.error() == '+0,"No error"'


def test_what_is_out_of_range_is_set_to_the_limit(bench):
    bench("VOLT 11")
    assert float(bench("VOLT?")) == 10.0 == float(bench("VOLT? MAX"))
    bench("*CLS;:VOLT 2;:VOLT:OFFS 7")
    assert float(bench("VOLT:OFFS?")) == 4.0, "as much as the amplitude leaves room for"


@pytest.mark.parametrize("offset", [3, -3])
def test_the_offset_leaves_room_for_so_much_amplitude(bench, offset):
    bench(f"VOLT:OFFS {offset}")
    assert float(bench("VOLT? MAX")) == pytest.approx(4.0), "5 V either way into 50 ohms"
    bench("DATA:ARB UP,0,0,0,0,1,1,1,1;:FUNC:ARB UP;:FUNC ARB")
    assert float(bench("VOLT? MAX")) == pytest.approx(2.0 if offset > 0 else 5.0), "it goes up from its offset"
    bench("OUTP:POL INV")
    assert float(bench("VOLT? MAX")) == pytest.approx(5.0 if offset > 0 else 2.0)


def test_high_and_low_levels_are_amplitude_and_offset(bench):
    bench("VOLT:HIGH 2;:VOLT:LOW -3")
    assert (float(bench("VOLT?")), float(bench("VOLT:OFFS?"))) == pytest.approx((5.0, -0.5))  # page 323
    bench("VOLT:HIGH -4")
    assert bench.error().startswith('-221,"Settings conflict')
    assert (float(bench("VOLT:HIGH?")), float(bench("VOLT:LOW?"))) == pytest.approx((-4.0, -4.001)), "1 mV below it"


def test_voltage_limits_hold(bench):
    bench("VOLT:LIM:HIGH 1;LOW -1;:VOLT:LIM:STAT ON")
    bench("VOLT 3")
    assert bench.error().startswith('-221,"Settings conflict')
    assert float(bench("VOLT?")) == 2.0
    bench("OUTP:LOAD INF")
    assert bench.error().startswith("-221,"), "the limits are volts at the old termination (page 62)"
    assert float(bench("OUTP:LOAD?")) == 50.0
    bench("VOLT:LIM:STAT OFF;:VOLT 6;:VOLT:LIM:STAT ON")
    assert bench.error().startswith("-221,") and bench("VOLT:LIM:STAT?") == "0"


def test_the_termination_changes_what_is_shown_and_not_what_is_put_out(bench):
    bench("FUNC DC;:VOLT:OFFS 0.1;:OUTP ON")
    assert bench.volts.volts == pytest.approx(0.2), "fifty ohms are set, and the output is open (page 62)"
    bench("OUTP:LOAD INF")
    assert float(bench("VOLT:OFFS?")) == pytest.approx(0.2)
    assert bench.volts.volts == pytest.approx(0.2)
    bench("OUTP OFF")
    assert bench.volts.volts == 0.0


@pytest.mark.parametrize("order", ["NORM", "SWAP"])
def test_blocks_of_either_byte_order(bench, order):
    points = np.array([0, 0.5, -0.5, 1, -1, 0.25, 0, 0])
    bench(f"FORM:BORD {order}")
    kind = ">" if order == "NORM" else "<"
    for header, data in (
        ("DATA:ARB F", points.astype(kind + "f4").tobytes()),
        ("DATA:ARB:DAC I", np.rint(points * 32767).astype(kind + "i2").tobytes()),
    ):
        bench(header.encode() + b",#2%02d" % len(data) + data)
    assert bench.error() == '+0,"No error"'
    assert bench("DATA:ATTR:POIN? F;:DATA:ATTR:POIN? I;:DATA:ATTR:PTP? I") == "+8;+8;+2.0000"
    memory = bench.device.channel[1].memory
    assert memory.codes("F") == pytest.approx(memory.codes("I"), abs=1)
    assert memory.codes("I") == pytest.approx(np.rint(points * 32767))


def test_memory_is_listed_filled_and_cleared():
    bench = Bench(memory=1000)
    free = int(bench("DATA:VOL:FREE?"))
    bench("DATA:ARB First," + ",".join(["0.5"] * 100))
    assert bench("DATA:VOL:CAT?") == '"INT:\\BUILTIN\\EXP_RISE.ARB","FIRST"'
    assert int(bench("DATA:VOL:FREE?")) == free - 100
    bench("DATA:ARB SECOND," + ",".join(["0.5"] * 900))
    assert bench.error() == '+781,"Not enough memory to load arb waveform"'
    bench("FUNC:ARB first;:DATA:VOL:CLE")
    assert bench("DATA:VOL:CAT?;:FUNC:ARB?") == ";".join(['"INT:\\BUILTIN\\EXP_RISE.ARB"'] * 2)
    assert bench("SOUR2:DATA:VOL:CAT?") == '"INT:\\BUILTIN\\EXP_RISE.ARB"', "each channel has its own"


def test_a_burst_begins_at_the_trigger_and_comes_back_to_its_first_point(bench):
    samples = [0.2] * 5 + [1.0] * 10 + [-1.0] * 5
    bench.load(samples)
    bench("VOLT 4;:VOLT:OFFS 0.5;:BURS:NCYC 2")
    resting = 0.5 + 2 * 0.2
    assert bench.volts.volts == pytest.approx(resting, abs=1e-4)
    before = bench.world.now
    bench("*TRG")
    start = bench.world.now + TRIGGER_TAKES
    assert bench("*OPC?") == "1"
    assert bench.world.now >= start + 0.040, "*OPC? comes when the burst is complete (page 318)"
    bench.world.advance_to(start + 0.05)
    times = start + (np.arange(45) + 0.5) * 1e-3
    expected = np.append(np.tile(samples, 2), [0.2] * 5) * 2 + 0.5
    assert bench.volts.at(times) == pytest.approx(expected, abs=1e-4)
    assert bench.volts.at([before, start - 1e-7]) == pytest.approx(resting, abs=1e-4)
    assert len([c for c in bench.volts.changes if c[0] > start]) <= 8, "equal neighbours are one level"
    assert bench.error() == '+0,"No error"'


def test_amplitude_is_that_of_the_points_and_zero_is_at_the_offset(bench):
    """community.keysight.com 22573: a waveform from 0 to 1 with 0.9 V and no offset goes from 0 to 0.9 V."""
    bench.load([0.0] * 8 + [1.0] * 8)
    bench("VOLT 0.9;:VOLT:OFFS 0")
    bench("*TRG")
    start = bench.world.now + TRIGGER_TAKES
    bench("*OPC?")
    assert bench.volts.at([start + 4e-3, start + 12e-3]) == pytest.approx([0.0, 0.9], abs=1e-4)
    assert float(bench("VOLT? MAX")) == pytest.approx(10.0), "half of full scale is half of 20 V (page 191)"


def test_an_inverted_waveform_is_turned_about_its_offset(bench):
    bench.load([0.0] * 8 + [1.0] * 8)
    bench("OUTP:POL INV;:VOLT 1;:VOLT:OFFS 2;*TRG")
    start = bench.world.now + TRIGGER_TAKES
    bench("*OPC?")
    assert bench.volts.at([start + 4e-3, start + 12e-3]) == pytest.approx([2.0, 1.0], abs=1e-4)


def test_sync_is_high_from_the_first_sample_to_the_end_of_the_burst(bench):
    rises = []
    bench.sync.on_rising(rises.append)
    bench.load([0.0] * 5 + [1.0] * 10 + [-1.0] * 5)
    bench("BURS:NCYC 3;*TRG")
    start = bench.world.now + TRIGGER_TAKES
    bench("*WAI;:SYST:ERR?")
    bench.world.advance_to(start + 0.1)
    assert rises == [pytest.approx(start, abs=1e-12)]
    high = bench.sync.sample(start + 5e-4, 1e-3, 100) > 0
    assert high.tolist() == [True] * 60 + [False] * 40
    bench("OUTP:SYNC:MODE CARR;*TRG;*WAI")
    bench("*OPC?")
    assert len(rises) == 4, "with CARRier in each cycle"
    bench("OUTP:SYNC OFF;*TRG")
    bench("*OPC?")
    assert len(rises) == 4


def test_sync_follows_the_channel_that_is_its_source(bench):
    bench("OUTP:SYNC:SOUR CH2")
    bench.load([0.0] * 10 + [1.0] * 10)
    bench("*TRG")
    bench.world.advance_to(bench.world.now + 0.01)
    assert not bench.sync.level()
    bench("*OPC?")
    bench.load([0.0] * 10 + [-1.0] * 10, channel=2)
    bench("*TRG")
    bench.world.advance_to(bench.world.now + 0.01)
    assert bench.sync.level()


def test_both_channels_start_at_one_trigger(bench):
    for channel in (1, 2):
        bench.load([0.0] * 10 + [1.0] * 10, channel=channel)
        bench(f"SOUR{channel}:VOLT {channel}")
    bench("*TRG")
    start = bench.world.now + TRIGGER_TAKES
    bench("*OPC?")
    for channel in (1, 2):
        assert bench.outputs[str(channel)].at([start + 0.005, start + 0.015]) == pytest.approx([0, channel], abs=1e-3)


def test_a_trigger_during_a_burst_is_ignored_and_wai_lets_the_second_one_come(bench):
    bench.load([0.0] * 10 + [1.0] * 10)
    bench("*TRG;*TRG")
    assert bench.error() == '-211,"Trigger ignored"'
    bench("*OPC?")
    before = bench.world.now
    assert bench("*TRG;*WAI;*TRG;*WAI;*OPC?") == "1"  # page 318
    assert bench.error() == '+0,"No error"'
    assert bench.world.now > before + 0.04


def test_operation_complete_is_seen_without_waiting(bench):
    bench.load([0.0] * 500 + [1.0] * 500)
    bench("*CLS;*TRG;*OPC")
    assert int(bench("*ESR?")) & 1 == 0
    assert bench("STAT:OPER:COND?") == "+0"
    bench.world.advance_to(bench.world.now + 1.0)
    assert int(bench("*ESR?")) & 1 == 1
    assert bench("STAT:OPER:COND?") == "+48", "it waits for the next trigger"


def test_trigger_delay_and_forced_trigger(bench):
    bench.load([0.0] * 8 + [1.0] * 8)
    bench("VOLT 1;:TRIG:DEL 0.5;:TRIG:SOUR EXT;:TRIG")
    start = bench.world.now + TRIGGER_TAKES + 0.5
    bench.world.advance_to(start + 1)
    assert bench.volts.at([start - 1e-6, start + 7.9e-3, start + 8.1e-3]) == pytest.approx([0, 0, 1], abs=1e-3)


def test_a_single_initiated_burst(bench):
    bench.load([0.0] * 8 + [1.0] * 8)
    bench("INIT:CONT OFF;*TRG")
    assert bench.error() == '-211,"Trigger ignored"', "nothing was initiated"
    bench("INIT;*TRG;*WAI;*TRG")
    assert bench.error() == '-211,"Trigger ignored"', "only one was"
    assert len(bench.volts.played) == 1


def test_abort_goes_back_to_rest(bench):
    bench.load([0.0] * 10 + [1.0] * 990)
    bench("VOLT 2;*TRG")
    bench.world.advance_to(bench.world.now + 0.1)
    assert bench.volts.at(bench.world.now) == pytest.approx(2.0, abs=1e-3)
    bench("ABOR")
    bench.world.advance_to(bench.world.now + 2)
    assert bench.volts.at(bench.world.now) == pytest.approx(0.0, abs=1e-3)
    assert not bench.sync.level()


def test_bursts_of_the_inner_clock(bench):
    bench.load([0.0] * 8 + [1.0] * 8)
    bench("BURS:INT:PER 0.05;:TRIG:SOUR IMM")
    first = bench.world.now + TRIGGER_TAKES
    bench.world.advance_to(first + 0.2)
    seen = bench.volts.at(first + np.arange(4) * 0.05 + 0.012)
    assert seen == pytest.approx([0.2] * 4, abs=1e-4)
    bench("BURS:INT:PER 1e-3")
    assert bench.error() == '-221,"Settings conflict; burst period increased to fit entire burst"'  # page 177
    assert float(bench("BURS:INT:PER?")) > 0.016
    bench("BURS:NCYC INF")
    assert bench("TRIG:SOUR?;:BURS:NCYC?") == "BUS;+9.900000000000000E+37"


def test_a_relay_that_opens_and_closes_within_a_burst(bench):
    bench.load([0.0] * 10 + [1.0] * 990)
    bench("VOLT 2;*TRG")
    start = bench.world.now + TRIGGER_TAKES
    bench.world.advance_to(start + 0.1)
    bench("OUTP OFF")
    bench.world.advance_to(start + 0.5)
    assert bench.volts.at(bench.world.now) == 0.0
    bench("OUTP ON")
    assert bench.volts.at(bench.world.now) == pytest.approx(2.0, abs=1e-3), "the burst went on behind it"
    assert bench("*OPC?") == "1"
    assert bench.world.now == pytest.approx(start + 1.0, abs=0.06)
    bench.world.advance_to(start + 2.0)
    assert bench.volts.at(bench.world.now) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("setting", "shape"),
    [
        ("FUNC SIN", lambda p: np.sin(2 * np.pi * p)),
        ("FUNC SQU;:FUNC:SQU:DCYC 30", lambda p: np.where(p < 0.3, 1.0, -1.0)),
        ("FUNC TRI", lambda p: 2 / np.pi * np.arcsin(np.sin(2 * np.pi * p))),
        ("FUNC RAMP;:FUNC:RAMP:SYMM 100", lambda p: 2 * ((p + 0.5) % 1) - 1),
        ("FUNC PULS;:FUNC:PULS:WIDT 0.02", lambda p: np.where(p < 0.2, 1.0, -1.0)),
        ("FUNC SIN;:PHAS 90", lambda p: np.cos(2 * np.pi * p)),
    ],
)  # fmt: skip
def test_functions_go_on_and_on(bench, setting, shape):
    bench(f"OUTP:LOAD INF;:FREQ 10;:VOLT 2;:VOLT:OFFS 1;:{setting}")
    bench("OUTP ON")
    start = bench.world.now
    bench.world.advance_to(start + 1.05)
    phase = (np.arange(1000) + 0.37) / 100.0
    seen = bench.volts.at(start + phase / 10)
    error = np.abs(seen - 1 - shape(phase % 1))
    assert np.median(error) < 0.006
    assert (error > 0.02).mean() < 0.03, "only at jumps"
    assert bench.error() == '+0,"No error"'


def test_a_burst_of_a_sine_rests_at_its_starting_phase(bench):
    bench("OUTP:LOAD INF;:FREQ 10;:VOLT 2;:TRIG:SOUR BUS;:BURS:PHAS 90;:BURS:STAT ON;:OUTP ON")
    assert bench.volts.volts == pytest.approx(1.0)
    bench("*TRG")
    start = bench.world.now + TRIGGER_TAKES
    bench("*OPC?")
    bench.world.advance_to(start + 0.2)
    assert bench.volts.at([start + 0.05, start + 0.15]) == pytest.approx([-1.0, 1.0], abs=1e-3)


def test_noise_has_its_size_and_its_seed():
    one, two = Bench(), Bench()
    for bench in (one, two):
        bench("OUTP:LOAD INF;:FUNC NOIS;:VOLT 6.6;:FUNC:NOIS:BAND 1000;:OUTP ON")
        bench.world.advance_to(2.0)
    times = 0.1 + np.arange(3000) * 5e-4
    assert one.volts.at(times).std() == pytest.approx(1.0, rel=0.1)
    assert np.array_equal(one.volts.at(times), two.volts.at(times))


def test_a_gate_that_is_inverted_is_open_as_nothing_is_connected(bench):
    bench("OUTP:LOAD INF;:FREQ 10;:VOLT 2;:BURS:MODE GAT;:BURS:STAT ON;:OUTP ON")
    start = bench.world.now
    bench.world.advance_to(start + 0.2)
    assert bench.volts.at(start + np.arange(0.01, 0.2, 0.01)) == pytest.approx(np.zeros(19))
    bench("BURS:GATE:POL INV")
    start = bench.world.now
    bench.world.advance_to(start + 0.2)
    assert bench.volts.at([start + 0.025, start + 0.075]) == pytest.approx([1.0, -1.0], abs=1e-2)
    bench("OUTP OFF")
    assert bench.volts.volts == 0.0


def test_what_is_too_fast_for_the_board_is_its_mean(bench):
    bench("OUTP:LOAD INF;:FUNC SQU;:FREQ 1e6;:FUNC:SQU:DCYC 75;:VOLT 2;:OUTP ON")
    bench.world.advance_to(bench.world.now + 1.0)
    assert bench.volts.volts == pytest.approx(0.5)
    assert len(bench.volts.changes) < 100


@pytest.mark.parametrize(("kind", "cutoff"), [("STEP", 0.13), ("NORM", 0.27)])
def test_the_filters_have_their_bandwidth(bench, kind, cutoff):
    """-3 dB at 13 and 27 % of the sample rate (web help, waveform generation tutorial)."""
    rate, n = 1000.0, 500
    frequency = cutoff * rate
    bench.load(np.sin(2 * np.pi * frequency * np.arange(n) / rate), rate=rate, filter_=kind)
    bench("VOLT 2;:VOLT:OFFS 0;:BURS:STAT OFF")
    start = bench.world.now
    bench.world.advance_to(start + n / rate)
    times = start + (np.arange(8 * n) + 0.5) / (8 * rate)
    seen = bench.volts.at(times) * np.exp(-2j * np.pi * frequency * (times - start))
    held = np.sinc(cutoff)  # what the converter's steps themselves do to it
    assert 20 * math.log10(2 * abs(seen.mean()) / held) == pytest.approx(-3.0, abs=0.35)


def test_a_step_through_the_step_filter_has_no_overshoot_and_lasts_a_few_samples(bench):
    bench.load([0.0] * 50 + [1.0] * 50, filter_="STEP")
    bench("VOLT 1;*TRG")
    start = bench.world.now + TRIGGER_TAKES
    bench("*OPC?")
    seen = bench.volts.at(start + np.arange(0, 0.1, 1e-4))
    assert seen.max() <= 1.0 + 1e-6 and seen.min() >= -1e-6
    assert bench.volts.at([start + 0.044, start + 0.056]) == pytest.approx([0.0, 1.0], abs=1e-3)
    assert 0.4 < float(bench.volts.at(start + 0.050)) < 0.6
    bench.world.advance_to(start + 0.2)
    assert bench.volts.at(start + 0.15) == pytest.approx(0.0, abs=1e-3)


def test_a_real_one_has_errors_within_its_accuracy():
    errors = []
    for seed in range(40):
        world = quiet_world()
        output = Output()
        device = SimulatedKeysight33500B(world, {"1": output}, LogicLine(world), serial="MY1", seed=seed)
        session = device.session()
        for line in ("OUTP:LOAD INF", "FUNC DC", "VOLT:OFFS 5", "OUTP ON"):
            session.receive(line.encode() + b"\n")
        errors.append(output.volts / 5 - 1)
    assert 0 < np.std(errors) < 0.01 and max(map(abs, errors)) < 0.012


def test_reset_switches_off_and_keeps_the_waveforms(bench):
    bench.load([0.0] * 8 + [1.0] * 8)
    bench("*TRG;*RST")
    assert bench.volts.volts == 0.0 and bench("OUTP?") == "0"
    assert "WAVE" in bench("DATA:VOL:CAT?")
    bench.device.power_cycle()
    assert "WAVE" not in bench("DATA:VOL:CAT?")


def test_a_generator_whose_output_does_not_move_leaves_the_world_alone(bench):
    bench("FUNC SIN;:FREQ 1000")
    for quiet in ("FREQ 2000", "FUNC DC;:OUTP ON", "FUNC SIN;:TRIG:SOUR BUS;:BURS:STAT ON"):
        bench(quiet)
        before = bench.world.now
        bench.world.progress()
        assert bench.world.now == pytest.approx(before + 0.05), "no event of its own"


def test_several_clients_share_it():
    bench = Bench()
    with serving(bench.world, {"gen": bench.device}) as ports, Client(ports["gen"]) as a, Client(ports["gen"]) as b:
        a.write("OUTP:LOAD INF")
        a.write("DATA:ARB W," + ",".join(["0"] * 100 + ["1"] * 100))
        assert a.query("FUNC:ARB W;:FUNC ARB;:FUNC:ARB:SRAT 1000;:TRIG:SOUR BUS;:BURS:STAT ON;:OUTP ON;*OPC?") == "1"
        a.write("*TRG;*OPC?")
        assert b.query("*IDN?").startswith("Agilent Technologies,33522B")
        assert b.query("FUNC?") == "ARB"
        b.write("NONSENSE")
        assert b.query("SYST:ERR?").startswith("-113,")
        assert a.query("FUNC?") == "1", "the answer of *OPC? comes first"
        assert a.query("OUTP?") == "ARB"
