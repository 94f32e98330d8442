"""Simulated instruments under programs that are not ours: pyvisa as anybody uses it, and the drivers of pymeasure.

One realistic session for each model. What those programs send is theirs; that it is answered is what the makers' manuals say.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import pyvisa
from pymeasure.adapters import VISAAdapter
from pymeasure.instruments.agilent import Agilent33500
from pymeasure.instruments.hp import HP34401A
from pymeasure.instruments.keithley import Keithley2400, Keithley2450, Keithley2600
from pymeasure.instruments.keysight import KeysightDSOX1102G, KeysightE36312A
from pymeasure.instruments.siglenttechnologies.siglent_sds1072cml import SDS1072CML

from neurorig.instruments import DRIVERS
from neurorig.instruments.links.framing import LINES
from neurorig.instruments.scpi import IdentifiedInstrument
from neurorig.instruments.simulated import Server

from .doubles import OHMS, Double, double_of

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # pymeasure's, to its own users

NAMES = [
    name
    for name in sorted(DRIVERS)
    if issubclass(DRIVERS[name].load(), IdentifiedInstrument)
    and DRIVERS[name].framing == LINES  # KXCI is no IEEE 488.2
]
MESSAGE_AVAILABLE = 0x10
QUEUELESS = ("siglent_sds1000xe",)
"""Without an error queue."""


@dataclass
class Served:
    """A simulated instrument on the network; resources for pyvisa."""

    double: Double
    port: int
    hislip_port: int

    @property
    def socket(self) -> str:
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    @property
    def hislip(self) -> str:
        return f"TCPIP::127.0.0.1::hislip0,{self.hislip_port}::INSTR"

    def adapter(self) -> VISAAdapter:
        """pymeasure's."""
        return VISAAdapter(self.socket, visa_library="@py", read_termination="\n", write_termination="\n", timeout=5000)


@contextlib.contextmanager
def served(name: str) -> Iterator[Served]:
    double = double_of(name)
    server = Server(double.world, {"it": double.device})
    where = Served(double, server.listen_tcp("it"), server.listen_hislip("it"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield where
    finally:
        server.stop()
        thread.join(5)
        assert not thread.is_alive()


@contextlib.contextmanager
def opened(resource: str, end: str = "\n") -> Iterator[Any]:
    manager = pyvisa.ResourceManager("@py")
    client: Any = manager.open_resource(resource, read_termination="\n", write_termination=end)
    client.timeout = 5000
    yield client
    client.close()


@contextlib.contextmanager
def driven(name: str, driver: Any) -> Iterator[tuple[Any, Double]]:
    """A driver of pymeasure on a simulated instrument."""
    with served(name) as it:
        adapter = it.adapter()
        yield driver(adapter), it.double
        adapter.close()


# Any program


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", NAMES)
def test_pyvisa_over_a_socket(name, end):
    with served(name) as it, opened(it.socket, end) as client:
        assert len(client.query("*IDN?").split(",")) == 4
        client.write("*CLS")
        assert client.query("*OPC?").split()[-1] == "1"
        client.write("THIS_IS_NO_COMMAND 1")
        events = int(client.query("*ESR?").split()[-1])
        assert events & 0x30, "a command or an execution error"
        client.clear()
        assert len(client.query("*idn?").split(",")) == 4


@pytest.mark.parametrize("name", NAMES)
def test_pyvisa_over_hislip_with_status_byte_and_device_clear(name):
    with served(name) as it, opened(it.hislip) as client:
        for line in ("*CLS", "*ESE 60", "*SRE 32"):
            client.write(line)
        assert client.read_stb() == 0
        client.write("*IDN?")
        while not client.read_stb() & MESSAGE_AVAILABLE:  # as many programs wait for an answer
            time.sleep(0.001)
        assert len(client.read().split(",")) == 4
        assert not client.read_stb() & MESSAGE_AVAILABLE
        client.clear()
        assert client.query("*ESE?").split()[-1] in ("60", "+60", "6.00000e+01")


# Source-meters


def test_a_2450_under_pymeasure():
    with driven("keithley_2450", Keithley2450) as (smu, double):
        smu.reset()
        smu.apply_voltage(compliance_current=1e-3)
        smu.measure_current(nplc=0.1)
        smu.source_voltage = 1.0
        smu.enable_source()
        assert smu.current == pytest.approx(1.0 / OHMS, rel=1e-2)
        assert double.putting_out() == pytest.approx(1.0, rel=1e-2)
        smu.apply_current(compliance_voltage=2.0)
        assert not smu.source_enabled, "another function switches the output off"
        smu.measure_voltage(nplc=0.1)
        smu.source_current = 1e-4
        smu.enable_source()
        assert smu.voltage == pytest.approx(1.0, rel=1e-2)
        smu.disable_source()
        assert smu.check_errors() == []
        assert double.putting_out() == 0


def test_a_sweep_of_a_2450_in_text_and_binary():
    with served("keithley_2450") as it, opened(it.socket) as smu:
        for line in (
            "*RST",
            ":SOUR:FUNC VOLT",
            ':SENS:FUNC "CURR"',
            ":SENS:CURR:NPLC 0.1",
            ":SOUR:VOLT:ILIM 1e-3",
            ':TRAC:MAKE "mine", 100, ',
            ':SOUR:SWE:VOLT:LIN 0, 1, 5, 1e-3, 1, AUTO, OFF, OFF, "mine"',
            ":INIT",
            "*WAI",
        ):
            smu.write(line)
        assert smu.query(":TRAC:ACT? 'mine'") == "5"
        question = ":TRAC:DATA? 1, 5, 'mine', SOUR, READ"
        rows = np.reshape(smu.query_ascii_values(question), (5, 2))
        smu.write(":FORM REAL")
        smu.write(":FORM:BORD SWAP")
        binary = np.reshape(smu.query_binary_values(question, datatype="d", data_points=10), (5, 2))
        assert rows == pytest.approx(binary, rel=1e-5)
        assert rows[:, 1] == pytest.approx(rows[:, 0] / OHMS, rel=1e-2, abs=1e-6)
        assert smu.query(":SYST:ERR?").startswith("0,")


def test_a_2400_under_pymeasure():
    with driven("keithley_2400", Keithley2400) as (smu, double):
        smu.reset()
        smu.reset_data_format()
        smu.apply_voltage(compliance_current=1e-3)
        smu.source_voltage = 1.0
        smu.measure_current(nplc=0.1)
        smu.enable_source()
        assert smu.current == pytest.approx(1.0 / OHMS, rel=1e-2)
        assert smu.measure_all()["voltage"] == pytest.approx(1.0, rel=1e-2)
        smu.config_buffer(10)
        smu.start_buffer()
        smu.wait_for_buffer(timeout=5)
        assert len(smu.buffer_data) == 50
        assert smu.means == pytest.approx([1.0, 1.0 / OHMS, OHMS], rel=1e-2)
        assert smu.standard_devs[1] < 1e-6
        assert smu.maximums[0] >= smu.minimums[0]
        smu.disable_buffer()
        smu.line_frequency = 60
        assert (smu.line_frequency, smu.line_frequency_auto_enabled) == (60, False)
        smu.disable_source()
        assert smu.check_errors() == []
        assert double.putting_out() == 0


def test_a_2400_armed_by_its_timer_and_on_the_trigger_link():
    with driven("keithley_2400", Keithley2400) as (smu, double):
        smu.reset()
        smu.write(":FORM:ELEM TIME")
        smu.arm_source, smu.arm_timer, smu.arm_count = "timer", 0.5, 4
        smu.enable_source()
        began = double.world.now
        assert np.diff(smu.values(":READ?"))[1:] == pytest.approx(0.5, abs=1e-3)
        assert 1.5 < double.world.now - began < 2.0, "the first pass goes at once"
        smu.trigger_on_external(line=2)
        smu.output_trigger_on_external(line=3)
        smu.write(":INIT")
        assert smu.ask(":STAT:OPER:COND?").strip() != "1024", "waits for a signal that does not come"
        smu.reset_trigger()
        assert smu.ask(":STAT:OPER:COND?").strip() == "1024"
        assert (smu.trigger_input_line, smu.trigger_output_line) == (2, 3)


def test_a_2600b_under_pymeasure():
    with driven("keithley_2600b", Keithley2600) as (smu, double):
        smu.write("reset()")
        for channel in (smu.ChA, smu.ChB):
            channel.apply_voltage(compliance_current=1e-3)
            channel.source_voltage = 1.0
            channel.source_output = "ON"
            assert channel.current == pytest.approx(1.0 / OHMS, rel=1e-2)
            assert channel.resistance == pytest.approx(OHMS, rel=1e-2)
            channel.source_output = "OFF"
        smu.ChA.apply_current(compliance_voltage=0.5)
        smu.ChA.source_current = 1e-4
        smu.ChA.source_output = "ON"
        assert smu.ChA.voltage == pytest.approx(0.5, rel=1e-2), "held at its limit"
        smu.ChA.source_output = "OFF"
        assert smu.next_error[0] == 0
        assert double.putting_out() == 0


# Oscilloscopes: one hertz, one volt, on the first channel


def amplitude(volts: Any, dt: float) -> float:
    """That of a sine of one hertz through the samples, V."""
    phase = 2 * np.pi * dt * np.arange(len(volts))
    waves = np.stack((np.sin(phase), np.cos(phase), np.ones_like(phase)), axis=1)
    return float(np.hypot(*np.linalg.lstsq(waves, volts, rcond=None)[0][:2]))


def test_an_infiniivision_under_pymeasure():
    with driven("keysight_infiniivision", KeysightDSOX1102G) as (scope, _):
        scope.factory_reset()
        scope.clear_status()
        scope.ch1.setup(coupling="dc", display=True, scale=0.5, offset=0.0, probe_attenuation=1)
        assert scope.ch1.current_configuration["RANG"] == 4.0
        scope.timebase_setup(mode="main", horizontal_range=1.0)
        assert scope.timebase["MAIN:RANG"] == pytest.approx(1.0)
        scope.acquisition_type, scope.acquisition_mode = "normal", "realtime"
        scope.digitize("channel1")
        scope.waveform_format = "ascii"
        volts, preamble = scope.download_data("channel1", points=1000)
        assert len(volts) == preamble["points"] == 1000
        assert amplitude(volts, preamble["xincrement"]) == pytest.approx(1.0, rel=0.05)
        assert scope.system_setup.startswith("#8")
        assert scope.check_errors() == []


def test_an_infiniivision_keeps_a_setup_as_a_block():
    with served("keysight_infiniivision") as it, opened(it.socket) as scope:
        for line in (
            ":CHAN2:PROB 10",
            ":CHAN2:SCAL 3",
            ":CHAN2:OFFS -2",
            ":TIM:RANG 0.2",
            ":TRIG:LEV 0.5",
            ":ACQ:TYPE HRES",
        ):
            scope.write(line)
        asked = ":CHAN2?;:TIM?;:TRIG?;:ACQ?"
        before = scope.query(asked)
        setup = scope.query_binary_values(":SYST:SET?", datatype="B", container=bytes)
        scope.write("*RST")
        assert scope.query(asked) != before
        scope.write_binary_values(":SYST:SET ", setup, datatype="B")
        assert scope.query(asked) == before
        assert scope.query(":SYST:ERR?").startswith("+0,")


@pytest.mark.parametrize(("name", "points"), [("rigol_ds1000z", 1200), ("rigol_dho800", 1000)])
def test_a_rigol_under_pyvisa(name, points):
    with served(name) as it, opened(it.socket) as scope:
        for line in (
            "*RST",
            ":CHANnel1:PROBe 1",
            ":CHANnel1:SCALe 0.5",
            ":TIMebase:MAIN:SCALe 0.1",
            ":TRIGger:EDGE:LEVel 0",
            ":SINGle",
        ):
            scope.write(line)
        while scope.query(":TRIGger:STATus?") == "STOP":  # it lags
            pass
        while scope.query(":TRIGger:STATus?") != "STOP":
            pass
        for line in (":WAVeform:SOURce CHANnel1", ":WAVeform:MODE NORMal", ":WAVeform:FORMat WORD"):
            scope.write(line)
        _, _, count, _, dt, _, _, step, origin, reference = scope.query_ascii_values(":WAVeform:PREamble?")
        codes = scope.query_binary_values(":WAVeform:DATA?", datatype="H", is_big_endian=False, container=np.array)
        assert len(codes) == count == points
        volts = (codes - origin - reference) * step
        assert amplitude(volts, dt) == pytest.approx(1.0, rel=0.02)
        assert scope.query(":SYSTem:ERRor?").startswith("0,")


def test_a_tektronix_under_pyvisa():
    with served("tektronix_mso2") as it, opened(it.socket) as scope:
        for line in (
            "*RST",
            "header 0",
            "ch1:scale 0.5",
            "horizontal:scale 0.1",
            "horizontal:recordlength 1000",
            "acquire:stopafter sequence",
            "acquire:state on",
        ):
            scope.write(line)
        assert scope.query("*OPC?") == "1", "answered when the sequence is complete"
        assert scope.query("busy?") == "0"
        for line in ("data:source ch1", "data:start 1", "data:stop 1000", "data:encdg sribinary", "data:width 2"):
            scope.write(line)
        step, offset, zero = (float(scope.query(f"wfmoutpre:{field}?")) for field in ("ymult", "yoff", "yzero"))
        codes = scope.query_binary_values("curve?", datatype="h", container=np.array)
        volts = (codes - offset) * step + zero
        assert len(volts) == 1000
        assert amplitude(volts, float(scope.query("wfmoutpre:xincr?"))) == pytest.approx(1.0, rel=0.02)
        assert scope.query("*esr?") == "128", "power on, and no error"


def test_a_siglent_under_pymeasure_and_its_waveform_over_hislip():
    with driven("siglent_sds1000xe", SDS1072CML) as (scope, _):
        scope.channel_1.vertical_division, scope.channel_1.coupling = 0.5, "DC"
        scope.time_division = 0.1
        assert (scope.channel_1.vertical_division, scope.channel_1.coupling, scope.time_division) == (0.5, "DC", 0.1)
        scope.waveform_setup = {"sparsing": 4, "number": 100, "first": 0}
        assert scope.waveform_setup == {"sparsing": 4, "number": 100, "first": 0}
        assert scope.trigger.trigger_mode == {"mode": "AUTO"}
    with served("siglent_sds1000xe") as it, opened(it.hislip) as scope:
        for line in ("CHDR OFF", "C1:VDIV 500MV", "TDIV 100MS", "MSIZ 14K", "TRMD SINGLE"):
            scope.write(line)
        while scope.query("SAST?") != "Stop":
            pass
        codes = np.array(scope.query_binary_values("C1:WF? DAT2", datatype="b"))
        volts = codes * float(scope.query("C1:VDIV?")) / 25 - float(scope.query("C1:OFST?"))
        assert len(volts) == 14_000
        assert amplitude(volts, 1 / float(scope.query("SARA?"))) == pytest.approx(1.0, rel=0.02)


# Generators, supplies, multimeters


def test_a_33500b_under_pymeasure():
    with driven("keysight_33500b", Agilent33500) as (generator, double):
        generator.reset()
        channel = generator.ch_1
        channel.output_load = "INF"
        channel.data_volatile_clear()
        channel.data_arb("STEPS", [0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0], data_format="float")
        channel.arb_file, channel.arb_filter, channel.arb_srate, channel.shape = "STEPS", "OFF", 1e3, "ARB"
        channel.amplitude, channel.offset = 2.0, 0.0
        channel.burst_mode, channel.burst_ncycles, channel.burst_state = "TRIG", 1, True
        generator.trigger_source = "BUS"
        channel.output = True
        generator.trigger()
        generator.wait_for_trigger(timeout=5)
        _, steps = double.lines["1"].played[-1]
        assert np.ptp(steps.levels) == pytest.approx(2.0, rel=1e-2)
        channel.output = False
        assert generator.check_errors() == []
        assert double.putting_out() == 0


def test_an_e36312a_under_pymeasure():
    with driven("keysight_e36300", KeysightE36312A) as (supply, double):
        supply.reset()
        for channel, volts in ((supply.ch_1, 2.0), (supply.ch_2, 5.0), (supply.ch_3, 3.3)):
            channel.voltage_setpoint, channel.current_limit, channel.output_enabled = volts, 0.1, True
            assert channel.voltage == pytest.approx(volts, rel=1e-2)
            assert channel.current == pytest.approx(volts / OHMS, rel=0.2, abs=1e-3)
            channel.output_enabled = False
        assert supply.check_errors() == []
        assert double.putting_out() == 0


def test_a_34465a_under_pymeasure():
    with driven("keysight_34465a", HP34401A) as (meter, _):
        meter.reset()
        for function in ("R2W", "R4W"):
            meter.function_ = function
            meter.nplc = 1
            assert meter.reading == pytest.approx(OHMS, rel=1e-3)
        meter.function_ = "DCV"
        meter.range_ = 10
        meter.trigger_source, meter.sample_count = "IMM", 3
        meter.init_trigger()
        assert np.shape(meter.stored_reading) == (3,)
        assert meter.check_errors() == []
