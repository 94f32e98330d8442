"""The simulated Keithley 2612B, met through its socket by clients written from the reference manual alone.

Pages are those of 2600BS-901-01: "F" Rev. F (August 2021), "B" Rev. B (May 2013), "C" Rev. C (August 2016).
"""

import contextlib
import itertools
import re
import struct
import time

import numpy as np
import pytest

from neurorig.hardware.memristors import load_memristor_board
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.models.keithley_2600b import SimulatedKeithley2600B
from neurorig.instruments.simulated.world import Clock, World

from .fakes import Client, quiet_world, serving

OHMS = 10e3
EMPTY = "0.00000e+00\tQueue Is Empty\t0.00000e+00\t0.00000e+00"


class Bench:
    """A source-meter, what hangs on its first channel, and a record of all that it put there."""

    def __init__(self, world, device=None, **options):
        self.world = world
        self.leads = Leads(world, Resistor(OHMS) if device is None else device, **options)
        self.held = []
        self._hold = self.leads.hold
        self.leads.hold = self._recorded
        self.instrument = SimulatedKeithley2600B(world, {"smua": self.leads}, serial="1398687", seed=4)

    def _recorded(self, source, level, compliance):
        self.held.append((self.world.now, level))
        self._hold(source, level, compliance)

    def edges(self, threshold):
        """Times at which the level rose above `threshold`, and fell below it."""
        above = [(when, level > threshold) for when, level in self.held]
        changes = [now for before, now in itertools.pairwise(above) if before[1] != now[1]]
        return [t for t, up in changes if up], [t for t, up in changes if not up]


@contextlib.contextmanager
def keithley(device=None, **options):
    bench = Bench(quiet_world(), device, **options)
    with serving(bench.world, {"smu": bench.instrument}) as ports, Client(ports["smu"]) as client:
        client.bench, client.world, client.port = bench, bench.world, ports["smu"]
        yield client


@pytest.fixture
def smu():
    with keithley() as client:
        yield client


def tell(smu, *lines):
    """Send lines that must not give an error."""
    for line in lines:
        smu.write(line)
    assert smu.query("print(errorqueue.next())") == EMPTY, lines


def number(smu, expression):
    return float(smu.query(f"print({expression})"))


def numbers(smu, expression):
    """What `printbuffer` gives of all readings."""
    return [float(text) for text in smu.query(f"printbuffer({expression})").split(", ")]


def error(smu):
    """Number and text of the oldest error."""
    code, text, *_ = smu.query("print(errorqueue.next())").split("\t")
    return float(code), text


def load(smu, name, *lines, run=False):
    tell(smu, f"loadscript {name}", *lines, "endscript")
    if run:
        smu.write(f"{name}()")


def poll_until_idle(smu):
    for _ in range(200):
        if number(smu, "status.operation.sweeping.condition") == 0:
            return
    raise AssertionError("it never ends")


# --- what the manual shows -------------------------------------------------------------------------------------------

DIALOGUE = [
    ("*IDN?", r"Keithley Instruments Inc\., Model 2612B, 1398687, \S+", "B D-3"),
    ("*OPC?", "1", "B D-4"),
    ("*TST?", "0", "F 11-4"),
    (
        "print([[Keithley Instruments Inc., Model ]]..localnode.model)",
        "Keithley Instruments Inc., Model 2612B",
        "B D-3",
    ),
    ("waitcomplete() print([[1]])", "1", "B D-3"),
    ("print(tostring(status.standard.enable))", "0", "B D-3"),
    ("errorcode, message = errorqueue.next() print(errorcode, message)", "0.00000e[+]00\tQueue Is Empty", "F 9-89"),
    ("x = 3.14159265 format.asciiprecision = 10 printnumber(x)", re.escape("3.141592650e+00"), "F 9-102"),
    ("format.asciiprecision = 3 print(2.54)", re.escape("2.54e+00"), "F 9-100"),
    ("trigger.timer[3].delay = 10 print(trigger.timer[3].delaylist[1])", re.escape("1.00000e+01"), "F 4-24"),
    (
        "trigger.timer[3].delaylist = {50e-6, 100e-6, 150e-6} t = trigger.timer[3].delaylist print(table.getn(t), t[3])",
        re.escape("3.00000e+00\t1.50000e-04"),
        "F 9-37x",
    ),
    ("print(smua.source.limitv, smua.source.limiti)", re.escape("2.00000e+01\t1.00000e-01"), "F 9-244"),
    ("print(smua.source.lowrangev, smua.source.lowrangei)", re.escape("2.00000e-01\t1.00000e-07"), "F 9-245"),
    ("print(smua.source.compliance)", "false", "F 9-240"),
    ("print(smua.measure.count, smua.measure.interval, smua.measure.delay)", r"1\S+\t0\S+\t0\S+", "F 9-221"),
    ("smua.measure.delay = smua.DELAY_AUTO print(smua.measure.delay)", re.escape("-1.00000e+00"), "F 9-221"),
    ("print(status.operation.sweeping.SMUA, status.operation.sweeping.SMUB)", r"2\S+\t4\S+", "F 9-327"),
    ("print(status.operation.instrument.smua.MEAS)", re.escape("1.60000e+01"), "F 9-312"),
    ("print(status.measurement.VLMT + status.measurement.BAV)", re.escape("2.57000e+02"), "F 9-28x"),
    (
        "status.measurement.instrument.smua.enable = 258 print(status.measurement.instrument.smua.enable)",
        r"2\.58\S+",
        "F 9-290",
    ),
    ("print(status.MSB, status.EAV, status.OSB)", r"1\S+\t4\S+\t1\.28\S+", "B 7-255"),
    ("smua.trigger.source.linearv(0, 10, 11) print(errorqueue.count)", "0.00000e[+]00", "F 9-272"),
    ("smua.trigger.source.listv({3, 1, 4, 5, 2}) print(errorqueue.count)", "0.00000e[+]00", "F 9-273"),
    ("smua.trigger.source.logv(1, 10, 11, 0) print(errorqueue.count)", "0.00000e[+]00", "F 9-274"),
    ("mybuffer = smua.makebuffer(100) print(mybuffer.capacity)", re.escape("1.00000e+02"), "B 3-17"),
    ("beeper.beep(0.5, 2400) display.clear() display.settext([[Hi]]) print([[ok]])", "ok", "C 5-3"),
]


@pytest.mark.parametrize(("command", "answer", "page"), DIALOGUE)
def test_the_manuals_own_examples(smu, command, answer, page):
    assert re.fullmatch(answer, smu.query(command)), page
    assert smu.query("*OPC?") == "1"


def test_binary_formats_begin_with_a_hash_and_zero_and_end_with_a_new_line(smu):
    """F 9-102; the byte order is a setting (C 7-102)."""
    tell(smu, "format.data = format.REAL64", "format.byteorder = format.LITTLEENDIAN")
    smu.write("printnumber(3.14159265, 2)")
    expected = b"#0" + struct.pack("<2d", 3.14159265, 2) + b"\n"
    assert _bytes(smu, len(expected)) == expected
    tell(smu, "format.data = format.REAL32", "format.byteorder = format.BIGENDIAN")
    smu.write("printnumber(1.23)")
    assert _bytes(smu, 7) == b"#0" + struct.pack(">f", 1.23) + b"\n"


def _bytes(smu, size):
    got = b""
    while len(got) < size:
        got += smu.socket.recv(size - len(got))
    return got


def test_prompts_tell_that_a_command_is_done_and_that_errors_wait(smu):
    """B 7-142."""
    assert smu.query("localnode.prompts = 1") == "TSP>"
    assert smu.query("loadscript quiet") == ">>>>"
    assert smu.query("x = 1") == ">>>>"
    assert smu.query("endscript") == "TSP>"
    assert smu.query("nothing.here = 1") == "TSP?"


def test_the_manuals_train_of_ten_pulses_comes_to_the_microsecond(smu):
    """F 9-267: pulses of 600 us every 5 ms, from two timers."""
    load(
        smu,
        "train",
        "reset()",
        "period_timer = trigger.timer[1]",
        "pulse_timer = trigger.timer[2]",
        "smua.trigger.source.listv( {5} )",
        "smua.trigger.source.action = smua.ENABLE",
        "smua.source.rangev = 5",
        "smua.trigger.measure.action = smua.DISABLE",
        "pulse_timer.delay = 0.0006",
        "pulse_timer.stimulus = period_timer.EVENT_ID",
        "pulse_timer.count = 1",
        "period_timer.delay = 0.005",
        "period_timer.count = 9",
        "period_timer.stimulus = smua.trigger.SWEEPING_EVENT_ID",
        "period_timer.passthrough = true",
        "smua.trigger.source.stimulus = period_timer.EVENT_ID",
        "smua.trigger.endpulse.action = smua.SOURCE_IDLE",
        "smua.trigger.endpulse.stimulus = pulse_timer.EVENT_ID",
        "smua.trigger.count = 1",
        "smua.trigger.arm.count = 10",
        "smua.source.output = smua.OUTPUT_ON",
        "smua.trigger.initiate()",
        "waitcomplete()",
        "smua.source.output = smua.OUTPUT_OFF",
        "print('over')",
    )
    assert smu.query("train.run()") == "over"
    begins, ends = smu.bench.edges(2.5)
    assert len(begins) == len(ends) == 10
    assert np.diff(begins) == pytest.approx(np.full(9, 5e-3), abs=1e-9)
    assert np.subtract(ends, begins) == pytest.approx(np.full(10, 600e-6), abs=1e-9)


def test_statistics_over_a_buffer(smu):
    """F 9-206."""
    tell(smu, "smua.source.levelv = 1 smua.source.output = smua.OUTPUT_ON", "smua.measure.count = 10")
    tell(smu, "smua.measure.v(smua.nvbuffer1)", "stats = smua.buffer.getstats(smua.nvbuffer1)")
    assert smu.query("print('n= '..stats.n)") == "n= 10"
    assert number(smu, "stats.min.reading") < number(smu, "stats.mean") < number(smu, "stats.max.reading")
    assert number(smu, "stats.mean") == pytest.approx(1.0, abs=2e-3)
    assert number(smu, "stats.stddev") > 0


# --- what a resistor and a memristor see ------------------------------------------------------------------------------


def test_a_resistor_is_measured_within_the_data_sheet(smu):
    tell(smu, "smua.source.func = smua.OUTPUT_DCVOLTS smua.source.levelv = 1", "smua.source.output = 1")
    amperes, volts = (float(text) for text in smu.query("print(smua.measure.iv())").split("\t"))
    true = smu.bench.leads.look()
    assert true.volts == pytest.approx(1.0, abs=2e-4 + 600e-6)
    assert volts == pytest.approx(true.volts, abs=2e-4 * 1 + 350e-6 + 40e-6)
    assert amperes == pytest.approx(true.amperes, abs=2e-4 * 1e-4 + 25e-9 + 3e-9)
    assert number(smu, "smua.measure.r()") == pytest.approx(OHMS, rel=2e-3)
    assert number(smu, "smua.measure.p()") == pytest.approx(1e-4, rel=2e-3)


def test_two_instruments_differ_and_the_same_seed_is_the_same_instrument():
    def read(seed):
        world = quiet_world()
        instrument = SimulatedKeithley2600B(world, {"smua": Leads(world, Resistor(OHMS))}, serial="1", seed=seed)
        session = instrument.session()
        session.receive(b"smua.source.levelv = 1 smua.source.output = 1\n")
        return session.receive(b"format.asciiprecision = 12 print(smua.measure.i())\n")

    assert read(1) == read(1) != read(2)


def test_four_wires_take_the_leads_out():
    with keithley(resistance=1000.0) as smu:
        tell(smu, "smua.source.leveli = 100e-6 smua.source.func = smua.OUTPUT_DCAMPS smua.source.output = 1")
        assert number(smu, "smua.measure.r()") == pytest.approx(OHMS + 1000.0, rel=2e-3)
        tell(smu, "smua.sense = smua.SENSE_REMOTE")
        assert number(smu, "smua.measure.r()") == pytest.approx(OHMS, rel=2e-3)


def test_a_measurement_takes_its_aperture_and_short_ones_are_noisier(smu):
    tell(smu, "smua.source.levelv = 1 smua.source.output = 1 smua.measure.rangei = 100e-6 smua.measure.count = 100")
    spread, took = {}, {}
    for nplc in (0.001, 1):
        tell(smu, f"smua.measure.nplc = {nplc}")
        begun = smu.world.now
        tell(smu, "smua.measure.i(smua.nvbuffer1)")
        took[nplc] = (smu.world.now - begun) / 100
        spread[nplc] = np.std(numbers(smu, "1, 100, smua.nvbuffer1"))
    assert took[1] == pytest.approx(20e-3, rel=0.02)
    assert took[0.001] == pytest.approx(50e-6, rel=0.2)  # 20 000 readings a second
    assert spread[0.001] > 30 * spread[1] > 0


def test_compliance_is_a_bit_of_every_reading(smu):
    tell(
        smu,
        "smua.source.func = smua.OUTPUT_DCAMPS smua.source.limitv = 0.5 smua.source.output = 1",
        "smua.trigger.source.listi({10e-6, 100e-6, 20e-6}) smua.trigger.source.action = smua.ENABLE",
        "smua.trigger.measure.v(smua.nvbuffer1) smua.trigger.measure.action = smua.ENABLE smua.trigger.count = 3",
        "smua.trigger.initiate() waitcomplete()",
    )
    assert numbers(smu, "1, 3, smua.nvbuffer1") == pytest.approx([0.1, 0.5, 0.2], rel=1e-2)
    assert [int(status) & 0x40 for status in numbers(smu, "1, 3, smua.nvbuffer1.statuses")] == [0, 0x40, 0]
    assert smu.query("print(smua.source.compliance)") == "false"
    tell(smu, "smua.source.leveli = 100e-6")
    assert smu.query("print(smua.source.compliance)") == "true"
    assert int(number(smu, "status.measurement.voltage_limit.condition")) == 2


def test_a_reading_beyond_a_fixed_range_is_an_overflow(smu):
    tell(smu, "smua.source.levelv = 1 smua.source.output = 1 smua.measure.rangei = 10e-6")
    assert number(smu, "smua.measure.i()") == 9.91e37
    tell(smu, "smua.measure.autorangei = smua.AUTORANGE_ON")
    assert number(smu, "smua.measure.i()") == pytest.approx(100e-6, rel=1e-2)
    assert number(smu, "smua.measure.rangei") == pytest.approx(100e-6)


def test_a_staircase_is_stamped_and_ends_at_the_programmed_level(smu):
    tell(
        smu,
        "smua.source.rangev = 2 smua.measure.rangei = 1e-3 smua.measure.nplc = 0.1 smua.source.output = 1",
        "smua.nvbuffer1.clear() smua.nvbuffer1.collectsourcevalues = 1",
        "smua.trigger.source.linearv(-1, 1, 21) smua.trigger.source.action = smua.ENABLE smua.trigger.count = 21",
        "smua.trigger.measure.iv(smua.nvbuffer1, smua.nvbuffer2) smua.trigger.measure.action = smua.ENABLE",
        "trigger.timer[1].delay = 0.01 trigger.timer[1].count = 20 trigger.timer[1].passthrough = true",
        "trigger.timer[1].stimulus = smua.trigger.ARMED_EVENT_ID smua.trigger.source.stimulus = trigger.timer[1].EVENT_ID",
        "smua.trigger.endsweep.action = smua.SOURCE_IDLE smua.trigger.initiate()",
    )
    assert number(smu, "status.operation.sweeping.condition") == 2
    poll_until_idle(smu)
    assert numbers(smu, "1, 21, smua.nvbuffer1") == pytest.approx(np.linspace(-1, 1, 21) / OHMS, abs=1e-6)
    assert numbers(smu, "1, 21, smua.nvbuffer1.sourcevalues") == pytest.approx(np.linspace(-1, 1, 21), abs=1e-9)
    assert np.diff(numbers(smu, "1, 21, smua.nvbuffer1.timestamps")) == pytest.approx(np.full(20, 0.01), abs=1.1e-6)
    assert smu.bench.held[-1][1] == pytest.approx(0.0, abs=1e-3)
    assert (
        smu.query("print(smua.nvbuffer1.measurefunctions[1], smua.nvbuffer2.sourcefunctions[21])") == "Current\tVoltage"
    )


def test_pulses_switch_a_memristor_and_read_pulses_do_not():
    device = load_memristor_board("benatti2023_fig1").memristor(seed=3)
    with keithley(device) as smu:
        load(
            smu,
            "pulses",
            "smua.source.rangev = 2 smua.measure.rangei = 100e-6 smua.measure.nplc = 0.01 smua.source.output = 1",
            "trigger.timer[1].delay = 0.002 trigger.timer[1].count = 0 trigger.timer[1].passthrough = true",
            "trigger.timer[1].stimulus = smua.trigger.SWEEPING_EVENT_ID",
            "trigger.timer[2].delay = 0.0004 trigger.timer[2].stimulus = smua.trigger.SOURCE_COMPLETE_EVENT_ID",
            "trigger.timer[3].delay = 0.0001 trigger.timer[3].stimulus = smua.trigger.SOURCE_COMPLETE_EVENT_ID",
            "smua.trigger.source.stimulus = trigger.timer[1].EVENT_ID",
            "smua.trigger.measure.stimulus = trigger.timer[3].EVENT_ID",
            "smua.trigger.endpulse.stimulus = trigger.timer[2].EVENT_ID",
            "smua.trigger.endpulse.action = smua.SOURCE_IDLE",
            "smua.trigger.source.action = smua.ENABLE smua.trigger.measure.action = smua.ENABLE",
            "function conductance(level, count)",
            "  smua.trigger.source.listv({level}) smua.trigger.count = count",
            "  smua.trigger.measure.i(smua.nvbuffer1)",
            "  smua.trigger.initiate() waitcomplete()",
            "  trigger.timer[1].reset()",
            "  trigger.timer[1].delay = 0.002 trigger.timer[1].count = 0 trigger.timer[1].passthrough = true",
            "  trigger.timer[1].stimulus = smua.trigger.SWEEPING_EVENT_ID",
            "  return smua.nvbuffer1[count] / level",
            "end",
            run=True,
        )

        before, again = number(smu, "conductance(0.05, 3)"), number(smu, "conductance(0.05, 3)")
        assert again == pytest.approx(before, rel=0.2)
        smu.query("conductance(0.7, 20) print(1)")
        assert number(smu, "conductance(0.05, 3)") > 3 * before
        begins, ends = smu.bench.edges(0.3)
        assert len(begins) == 20
        assert np.subtract(ends, begins) == pytest.approx(np.full(20, 400e-6), abs=1e-9)
        assert np.diff(begins) == pytest.approx(np.full(19, 2e-3), abs=1e-9)
        smu.query("conductance(-0.6, 20) print(1)")
        assert number(smu, "conductance(0.05, 3)") < 2 * before


def test_the_output_off_states(smu):
    """F 9-247 to 9-249: normal is 0 V with a limit, high impedance opens the relay."""
    leads = smu.bench.leads
    tell(smu, "smua.source.levelv = 1 smua.source.output = smua.OUTPUT_ON")
    assert leads.look().volts == pytest.approx(1.0, abs=2e-3)
    tell(smu, "smua.source.output = smua.OUTPUT_OFF")
    assert (leads.held.level, leads.held.compliance) == (0.0, 1e-3)
    tell(smu, "smua.source.offmode = smua.OUTPUT_HIGH_Z smua.source.output = 1 smua.source.output = 0")
    assert leads.held is None
    tell(smu, "smua.source.offmode = smua.OUTPUT_NORMAL smua.source.output = 1 smua.source.output = smua.OUTPUT_HIGH_Z")
    assert leads.held is None
    assert number(smu, "smua.source.output") == 0
    tell(smu, "smua.source.output = 1")
    smu.write("*RST")
    assert number(smu, "smua.source.output + smua.source.levelv") == 0
    assert leads.look().volts == 0.0


def test_overlapped_measurements_go_on_beside_other_commands(smu):
    tell(smu, "smua.source.levelv = 1 smua.source.output = 1 smua.measure.count = 5 smua.measure.autorangei = 0")
    tell(smu, "smua.measure.rangei = 1e-3", "b = smua.makebuffer(5)")
    smu.write("smua.measure.overlappedi(b)")
    assert number(smu, "b.n") < 5
    assert smu.query("print(smua.measure.i())") == "nil"
    assert error(smu) == (5042, "SMU A: Invalid while overlapped measure")
    smu.write("*OPC")
    assert smu.query("waitcomplete() print(b.n)") == "5.00000e+00"
    assert int(smu.query("*ESR?")) & 1
    smu.write("smua.measure.overlappedi(b) smua.abort()")
    assert number(smu, "status.operation.measuring.condition") == 0


def test_filters_and_offsets(smu):
    tell(smu, "smua.source.levelv = 1 smua.source.output = 1 smua.measure.rangei = 1e-3 smua.measure.nplc = 0.001")
    tell(smu, "smua.measure.count = 40 smua.measure.i(smua.nvbuffer1)")
    plain = np.std(numbers(smu, "1, 40, smua.nvbuffer1"))
    tell(smu, "smua.measure.filter.type = smua.FILTER_REPEAT_AVG smua.measure.filter.count = 25")
    tell(smu, "smua.measure.filter.enable = smua.FILTER_ON smua.measure.i(smua.nvbuffer1)")
    assert np.std(numbers(smu, "1, 40, smua.nvbuffer1")) < 0.4 * plain
    assert int(numbers(smu, "1, 1, smua.nvbuffer1.statuses")[0]) & 0x80
    tell(smu, "smua.measure.rel.leveli = 1e-4 smua.measure.rel.enablei = smua.REL_ON")
    assert abs(number(smu, "smua.measure.i()")) < 5e-6


# --- scripts ---------------------------------------------------------------------------------------------------------


def test_scripts_are_loaded_run_listed_and_renewed(smu):
    load(smu, "hello", "print('one')", "print('two')")
    smu.write("hello.run()")
    assert [smu.query("hello()"), *(_line(smu) for _ in range(3))] == ["one", "two", "one", "two"]
    assert [smu.query("hello.list()"), *(_line(smu) for _ in range(3))] == [
        "loadscript hello",
        "print('one')",
        "print('two')",
        "endscript",
    ]
    for line in ("loadandrunscript", "print('anonymous')"):
        smu.write(line)
    assert smu.query("endscript") == "anonymous"
    assert smu.query("script.run()") == "anonymous"
    tell(smu, "other = script.new([[print('made')]], 'made')")
    assert smu.query("made()") == "made"
    assert smu.query("print(script.user.scripts.made.name)") == "made"


def _line(smu):
    """One more line of an answer."""
    return smu.query("")


def test_a_long_script_keeps_nobody_waiting_and_abort_ends_it(smu):
    smu.write("smua.source.levelv = 1 smua.source.output = 1")
    smu.write("delay(1000) print('never')")
    with Client(smu.port) as other:
        other.write("print('behind it')")
        other.write("abort")
        assert other.query("print(smua.source.output)") == "1.00000e+00"
    assert smu.query("print('here')") == "here"
    assert smu.world.now < 100


def test_while_a_script_is_loaded_every_message_is_collected_abort_too(smu):
    """Only ``endscript`` ends it (6-4); until then nothing can be switched off over this connection."""
    smu.write("smua.source.levelv = 1 smua.source.output = 1")
    for line in ("loadscript half", "function half() end", "abort", "smua.source.output = 0", "print('not yet')"):
        smu.write(line)
    with Client(smu.port) as other:
        assert other.query("print(smua.source.output)") == "1.00000e+00"
    smu.write("endscript")
    code, _ = error(smu)
    assert code == -285, "abort is no statement of Lua"
    smu.write("smua.source.output = 0")
    assert smu.query("print(smua.source.output)") == "0.00000e+00"


def test_a_script_goes_on_by_itself_and_its_answer_comes_late(smu):
    begun = time.monotonic()
    assert smu.query("delay(0.6) print('late')") == "late"
    assert time.monotonic() - begun < 5
    assert smu.world.now >= 0.6


def test_two_clients_share_one_instrument_and_get_their_own_answers(smu):
    with Client(smu.port) as other:
        smu.write("x = 5 delay(0.4) print('first')")
        other.write("print(x)")
        assert _line(smu) == "first"
        assert _line(other) == "5.00000e+00"
        other.write("delay(1000)")
    smu.write("abort")  # the other client has gone, its script has not
    assert smu.query("print('on')") == "on"


@pytest.mark.parametrize(
    "script",
    [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return f() end f()",
        "repeat until setmetatable({}, {__index = function(t, k) while true do end end}).x",
    ],
)
def test_an_endless_loop_is_ended_as_abort_ends_it(smu, script):
    smu.write(script)
    code, text = error(smu)
    assert code == -286
    assert text.startswith("TSP Runtime error at line 1: ")
    assert "aborted" in text
    assert smu.query("print('alive')") == "alive"


def test_an_endless_loop_that_asks_the_instrument_takes_time_until_it_is_aborted(smu):
    smu.write("smua.source.output = 1 while smua.source.output == 1 do end print('never')")
    with Client(smu.port) as other:
        other.write("abort")
        assert other.query("print('alive')") == "alive"
    assert smu.world.now > 0.2


def test_memory_is_bounded(smu):
    smu.write("t = {} for i = 1, 1e9 do t[i] = string.rep('x', 1e6) .. i end")
    assert error(smu) == (-286, "TSP Runtime error at line 1: not enough memory")
    assert smu.query("t = nil collectgarbage() print('alive')") == "alive"


@pytest.mark.parametrize(
    "name",
    ["io", "os", "debug", "package", "require", "dofile", "loadfile", "python", "coroutine", "load", "string.dump"],
)
def test_a_script_cannot_leave_the_instrument(smu, name):
    assert smu.query(f"print({name})") == "nil"


def test_what_is_shown_cannot_be_opened(smu):
    assert smu.query("print(getmetatable(smua), getmetatable(smua.source), getmetatable(''))") == "false\tfalse\tfalse"
    smu.write("setmetatable({}, {__gc = function() while true do end end})")
    assert error(smu)[0] == -286


def test_functions_of_lua_5_0_are_there(smu):
    assert smu.query("print(table.getn({1, 2, 3}), math.mod(7, 4), string.gsub('abc', 'b', 'x'))").startswith("3.0")
    assert smu.query("t = {} table.foreach({4}, function(k, v) t[v] = k end) print(t[4])") == "1.00000e+00"
    assert smu.query("for w in string.gfind('a b', '%a') do x = w end print(x, _VERSION)") == "b\tLua 5.0.2"
    assert smu.query("print(bit.bitand(12, 10), bit.test(4, 3), 10/2 .. '')") == "8.00000e+00\ttrue\t5"


def test_a_timer_tells_seconds_of_the_world(smu):
    assert float(smu.query("timer.reset() delay(0.125) print(timer.measure.t())")) == pytest.approx(0.125, abs=1e-3)


def test_a_buffer_that_no_script_knows_is_forgotten(smu):
    tables = smu.bench.instrument.lua._tables
    before = len(tables)
    smu.query("for i = 1, 200 do b = smua.makebuffer(10) end b = nil print(1)")
    smu.query("for i = 1, 200 do local t = {} for k = 1, 1000 do t[k] = k end end print(1)")
    assert len(tables) < before + 100


def test_factory_scripts_pulse_and_sweep(smu):
    """C 7-170: level for ton and then a measurement, bias for toff."""
    tell(smu, "PulseIMeasureV(smua, 1e-6, 100e-6, 20e-3, 40e-3, 3)")
    assert numbers(smu, "1, 3, smua.nvbuffer1") == pytest.approx([1.0] * 3, rel=1e-2)
    assert numbers(smu, "1, 3, smua.nvbuffer1.sourcevalues") == pytest.approx([100e-6] * 3)
    begins, ends = smu.bench.edges(50e-6)
    assert np.subtract(ends, begins).min() >= 40e-3  # 20 ms and a measurement of one period of the mains
    assert np.subtract(begins[1:], ends[:-1]) == pytest.approx([40e-3, 40e-3], abs=1e-3)
    tell(smu, "SweepVLinMeasureI(smua, 0, 1, 1e-3, 5)")
    assert numbers(smu, "1, 5, smua.nvbuffer1") == pytest.approx(np.linspace(0, 1, 5) / OHMS, abs=2e-6)
    assert number(smu, "smua.source.output") == 0


# --- wrong input -----------------------------------------------------------------------------------------------------

WRONG = [
    ("smua.source.levelv = ", -285, "TSP Syntax error at line 1: unexpected symbol near `?<eof>'?"),
    ("*FOO?", -285, r"TSP Syntax error at line 1: unexpected symbol near `\*'"),
    ("smua.channel.x = 1", -286, r"TSP Runtime error at line 1: attempt to index field `channel' \(a nil value\)"),
    ("smua.source.limiti = 0", 1102, "Parameter too small"),
    ("smua.source.levelv = 300", 1101, "Parameter too big"),
    ("smua.source.levelv = 0/0", 1101, "Parameter too big"),
    ("smua.source.levelv = 'one'", -104, "Data Type Error"),
    ("smua.source.func = 0.5", 1401, "Parameter 1 is invalid"),
    ("smua.source.nothing = 1", 1100, "Command unavailable"),
    ("localnode.model = 1", 1100, "Command unavailable"),
    ("smua.source.rangev = 2 smua.source.levelv = 10", 5005, "SMU A: Value too big for range"),
    ("smua.source.limiti = 1 smua.source.levelv = 100", 5007, "SMU A: Operation would exceed safe operating area.*"),
    ("smua.trigger.source.action = 1 smua.trigger.initiate()", 5059, "SMU A: trigger.source.action enabled without.*"),
    (
        "smua.trigger.measure.action = 1 smua.trigger.initiate()",
        5060,
        "SMU A: trigger.measure.action enabled without.*",
    ),
    (
        "smua.trigger.source.listv({1}) smua.trigger.source.action = 1 smua.trigger.initiate()",
        5061,
        "SMU A: .*OUTPUT is off",
    ),
    ("smua.trigger.source.listv({})", -104, "Data Type Error"),
    ("smua.trigger.source.listv({1, 1e9})", 1101, "Parameter too big"),
    ("smua.measure.iv(smua.nvbuffer1)", 1400, "Expected at least 2 parameters"),
    ("smua.measure.iv(smua.nvbuffer1, smua.nvbuffer1)", 5040, "SMU A: Cannot use same reading buffer.*"),
    ("x = smua.nvbuffer1[1]", 4901, "The maximum index for this buffer is 0"),
    ("printbuffer(1, 1/0, smua.nvbuffer1)", 1101, "Parameter too big"),
    ("smua.makebuffer(0)", 1102, "Parameter too small"),
    ("smua.measure.v(smua.nvbuffer1) smua.nvbuffer1.appendmode = 1", 5032, "Cannot change this setting unless.*"),
    ("b = smua.makebuffer(1) smua.measure.count = 2 smua.measure.v(b)", 5038, "Index exceeds maximum reading"),
    ("trigger.timer[1].delaylist = {1e-5, 1e-5}", 1102, "Parameter too small"),
    ("delay()", -104, "Data Type Error"),
    ("delay(-1)", 1102, "Parameter too small"),
    ("format.asciiprecision = 17", 1101, "Parameter too big"),
    ("error({1})", -286, "TSP Runtime error at line 1: table: .*"),
    ("table.sort({3, 2, 1}, function(a, b) return smua.sense < a end)", -286, ".*yield.*"),
    ("script.new('x=', 'bad')", -285, "TSP Syntax error at line 1: .*"),
]


@pytest.mark.parametrize(("line", "code", "text"), WRONG)
def test_wrong_input_goes_to_the_error_queue_and_changes_nothing_else(smu, line, code, text):
    smu.write(line)
    number_, message = error(smu)
    while message != "Queue Is Empty" and number_ != code:
        number_, message = error(smu)
    assert number_ == code
    assert re.fullmatch(text, message), message
    assert number(smu, "smua.source.levelv") == 0
    assert smu.query("*OPC?") == "1"


def test_errors_set_status_bits_and_cls_forgets_them(smu):
    assert int(smu.query("*ESR?")) == 128
    smu.write("*ESE 32")
    smu.write("*SRE 4")
    smu.write("nothing(")
    assert int(smu.query("*STB?")) & 0x44 == 0x44
    assert int(smu.query("*ESR?")) & 16
    smu.write("*CLS")
    assert smu.query("*STB?") == "0"
    assert smu.query("*ESE?") == "0"
    for _ in range(150):
        smu.write("nothing(")
    assert number(smu, "errorqueue.count") == 100
    assert smu.query("errorqueue.clear() print(errorqueue.count)") == "0.00000e+00"


def test_random_bytes_neither_hang_nor_break_it():
    world = quiet_world()
    instrument = SimulatedKeithley2600B(world, {}, serial="1", seed=1)
    session = instrument.session()
    random = np.random.default_rng(20)
    words = [b"smua", b".", b"source", b"=", b"1", b"(", b")", b"{", b"}", b"print", b"loadscript", b"endscript", b"\n",
             b"*", b"?", b"abort", b"measure", b"nvbuffer1", b"[", b"]", b"'", b"\xff", b" ", b"levelv", b"delay", b"trigger",
             b"initiate()", b"*OPC?", b"*RST", b"for i=1,3 do", b" end "]  # fmt: skip
    for _ in range(300):
        session.receive(b"".join(random.choice(words, 40)) + random.bytes(3))
    session.receive(b"\nendscript\nabort\n")
    session.receive(b"*CLS\n")
    assert session.receive(b"*OPC?\n").endswith(b"1\n")


def test_a_line_without_an_end_is_given_up(smu):
    session = smu.bench.instrument.session()
    session.receive(b"x" * 2_000_000)
    session.receive(b"\n")
    assert session.receive(b"print(errorqueue.next())\n").startswith(b"-3.63000e+02\tInput buffer overrun")


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_trg_starts_what_waits_for_the_command_interface(smu):
    tell(smu, "smua.trigger.source.listv({1}) smua.trigger.source.action = 1 smua.source.output = 1 trigger.clear()")
    tell(smu, "smua.trigger.arm.stimulus = trigger.EVENT_ID smua.trigger.initiate()")
    assert number(smu, "status.operation.sweeping.condition") == 2
    smu.write("*TRG")
    poll_until_idle(smu)
    assert smu.bench.leads.held.level == pytest.approx(1.0, abs=2e-3)  # held: endsweep.action is SOURCE_HOLD
    assert smu.query("print(trigger.wait(0), trigger.wait(0))") == "true\tfalse"


def test_asynchronous_measurements_do_not_hold_up_the_source(smu):
    tell(
        smu,
        "smua.source.output = 1 smua.trigger.source.listv({1, 2}) smua.trigger.source.action = 1 smua.trigger.count = 2",
        "smua.trigger.measure.i(smua.nvbuffer1) smua.trigger.measure.action = smua.ASYNC",
    )
    smu.write("smua.trigger.initiate()")
    assert error(smu)[0] == 5043
    tell(
        smu,
        "smua.measure.autorangev = 0 smua.measure.autorangei = 0 smua.measure.autozero = 0 smua.measure.rangei = 1e-3",
    )
    tell(smu, "smua.trigger.initiate()", "waitcomplete()")
    assert number(smu, "smua.nvbuffer1.n") == 2
    both = [when for when, level in smu.bench.held if level > 0.5][-2:]
    assert both[1] - both[0] < 1e-3


def test_a_sweep_without_end_and_without_waiting_can_be_aborted(smu):
    tell(
        smu,
        "smua.source.output = 1 smua.trigger.source.listv({1}) smua.trigger.source.action = 1 smua.trigger.count = 0",
    )
    tell(smu, "smua.trigger.initiate()")
    assert number(smu, "status.operation.sweeping.condition") == 2
    tell(smu, "smua.abort()")
    assert number(smu, "status.operation.sweeping.condition") == 0
    assert smu.bench.leads.held.level == pytest.approx(0.0, abs=1e-3)


def test_a_paced_world_answers_at_once_and_waits_by_the_clock():
    world = World(Clock(), paced=True)
    instrument = SimulatedKeithley2600B(world, {}, serial="1", seed=1)
    with serving(world, {"smu": instrument}) as ports, Client(ports["smu"]) as client:
        assert all(client.query(f"print({k})") == f"{k}.00000e+00" for k in range(9))
        begun = time.monotonic()
        assert client.query("delay(0.3) print('over')") == "over"
        assert time.monotonic() - begun > 0.25


def test_power_off_forgets_scripts_and_outputs(smu):
    load(smu, "kept", "print('kept')")
    tell(smu, "smua.source.levelv = 1 smua.source.output = 1")
    smu.bench.instrument.power_cycle()
    assert smu.query("print(kept, smua.source.output)") == "nil\t0.00000e+00"
    smu.bench.instrument.queue_error(-310)
    assert error(smu)[0] == -310
