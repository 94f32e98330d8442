"""The simulated Keysight 34465A: the guide's own dialogues, ranges, apertures, overloads, triggers and the reading memory."""

import re

import numpy as np
import pytest

from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.lines import NodeInput
from neurorig.instruments.simulated.models.keysight_34465a import SimulatedKeysight34465A

from .fakes import Client, quiet_world, serving

READING = r"[+-]\d\.\d{8}E[+-]\d{2}"
OVERLOAD = "+9.90000000E+37"


class Meter:
    """A multimeter on a device, and a client that needs no network."""

    def __init__(self, device=None, resistance=0.0, seed=3):
        self.world = quiet_world()
        self.leads = Leads(self.world, device, resistance=resistance)
        self.device = SimulatedKeysight34465A(self.world, {"1": self.leads}, serial="MY57500001", seed=seed)

    def __call__(self, message):
        return self.device.execute(message).decode().strip()

    def numbers(self, message):
        return [float(text) for text in self(message).split(",")]

    def error(self):
        return int(self("SYST:ERR?").split(",")[0])


class Volts(NodeInput):
    """A node whose volts are a formula of time."""

    def __init__(self, world, volts):
        self.world, self.volts = world, volts

    def sample(self, t0, dt, n):
        return self.volts(t0 + dt * np.arange(n))


def at_node(volts):
    world = quiet_world()
    device = SimulatedKeysight34465A(world, {"1": Volts(world, volts)}, serial="MY57500001", seed=3)
    return world, lambda message: device.execute(message).decode().strip()


def several(count):
    return ",".join([READING] * count)


GUIDE = [
    # (page of the guide, messages, form of the last answer)
    ("102", ["TRIG:SOUR EXT;COUNT 10", "TRIG:COUN?"], re.escape("+1.00000000E+01")),
    ("102", ["TRIG:COUN MIN;:SAMP:COUN MIN", "SAMP:COUN?"], r"\+1"),
    ("102", ["TRIG:COUN 10", "TRIG:COUN? MAX"], re.escape("+1.00000000E+06")),
    ("102", ["CONF:VOLT:DC 10,0.003", "VOLT:DC:RANG?"], re.escape("+1.00000000E+01")),
    ("195, 329", ["CONF:CURR:DC", "CURR:DC:NPLC 10", "READ?"], READING),
    ("195, 329", ["CURR:DC:NPLC 1", "CURR:DC:NPLC?"], re.escape("+1.00000000E+00")),
    ("208", ["CONF:RES", "RES:RANG:AUTO ONCE", "SAMP:COUN 2", "READ?"], several(2)),
    ("208", ["RES:RANG:AUTO ONCE", "FRES:RANG:AUTO?"], "0"),  # common to both kinds of ohms
    ("221", ["VOLT:IMP:AUTO OFF", "VOLT:IMP:AUTO?"], "0"),
    ("275", ["CONF:VOLT:DC", "SAMP:COUN 5", "TRIG:SOUR BUS", "INIT", "*TRG", "FETCH?"], several(5)),
    ("306", ["CONF:RES 1E6", "SAMP:COUN 4", "TRIG:COUN 10", "READ?"], several(40)),
    ("433", ["TRIG:SOUR BUS", "TRIG:SOUR?"], "BUS"),
    ("DATA Subsystem", ["DATA:LAST?"], re.escape("+9.91000000E+37 VDC")),
    ("DATA Subsystem", ["CONF:VOLT:DC", "SAMP:COUN 3", "READ?", "DATA:LAST?"], READING + " VDC"),
    ("DATA Subsystem", ["SAMP:COUN 7", "READ?", "DATA:POIN?"], r"\+7"),
    ("TEMPerature Subsystem", ["CONF:TEMP RTD,85", "TEMP:TRAN:RTD:RES?"], re.escape("+1.00000000E+02")),
]


@pytest.mark.parametrize(("page", "messages", "answer"), GUIDE, ids=lambda value: str(value)[:30])
def test_dialogues_of_the_guide(page, messages, answer):
    meter = Meter(Resistor(1.045e3))
    last = [meter(message) for message in messages][-1]
    assert re.fullmatch(answer, last), page
    assert meter("SYST:ERR?") == '+0,"No error"'


@pytest.mark.parametrize(
    ("ohms", "tolerance"),
    [(47.0, 1e-4), (470.0, 1e-4), (10e3, 1e-4), (220e3, 1e-4), (4.7e6, 5e-4), (60e6, 8e-3)],
)
def test_ohms_are_within_a_year_of_calibration(ohms, tolerance):
    meter = Meter(Resistor(ohms))
    assert meter.numbers("MEAS:RES?")[0] == pytest.approx(ohms, rel=tolerance)
    assert meter.leads.held is None and not meter.leads.hot_switched


def test_four_wires_do_not_see_the_leads():
    meter = Meter(Resistor(100.0), resistance=0.8)
    assert meter.numbers("MEAS:RES?")[0] == pytest.approx(100.8, abs=0.02)
    assert meter.numbers("MEAS:FRES?")[0] == pytest.approx(100.0, abs=0.02)


def test_volts_of_a_node_are_averaged_over_the_aperture():
    world, ask = at_node(lambda t: 2.0 + 0.5 * np.sin(2 * np.pi * 50 * t))
    ask("CONF:VOLT:DC 10")
    assert float(ask("READ?")) == pytest.approx(2.0, abs=2e-4)  # ten periods of the mains
    ask("VOLT:NPLC 0.02;:SAMP:COUN 40")
    fast = [float(text) for text in ask("READ?").split(",")]
    assert np.std(fast) > 0.2
    assert world.now > 0.4


@pytest.mark.parametrize(("periods", "seconds"), [(100, 4.0), (10, 0.4), (1, 0.04), (0.2, 0.008)])
def test_a_reading_takes_its_aperture_twice_with_autozero(periods, seconds):
    meter = Meter(Resistor(1e3))
    for zero, factor in (("ON", 1.0), ("OFF", 0.5)):
        meter(f"CONF:VOLT:DC 10;:VOLT:NPLC {periods};:VOLT:ZERO:AUTO {zero}")
        before = meter.world.now
        meter("READ?")
        assert meter.world.now - before == pytest.approx(seconds * factor, abs=6e-3)


def test_more_cycles_less_noise():
    meter = Meter(Resistor(1e3))
    spread = {}
    for periods in (0.02, 1, 10):
        meter(f"CONF:RES 1000;:RES:NPLC {periods};:SAMP:COUN 60")
        spread[periods] = np.std(meter.numbers("READ?"))
    assert spread[0.02] > 10 * spread[1] > 10 * spread[10]


def test_autorange_and_fixed_ranges():
    meter = Meter(Resistor(50e3))
    meter("CONF:RES")
    meter("READ?")
    assert meter("RES:RANG?") == "+1.00000000E+05"
    meter("RES:RANG 900")
    assert (meter("RES:RANG?"), meter("RES:RANG:AUTO?")) == ("+1.00000000E+03", "0")
    assert meter("READ?") == OVERLOAD
    assert meter("RES:RANG? MAX") == "+1.00000000E+09"
    assert meter("RES:RANG 5E9") == "" and meter.error() == -222


def test_an_overload_is_a_number_and_an_event():
    meter = Meter(None)
    assert meter("MEAS:RES?") == OVERLOAD
    assert meter("STAT:QUES:COND?") == "+0"
    meter("STAT:QUES:ENAB 512")
    assert int(meter("*STB?")) & 8
    assert meter("STAT:QUES?") == "+512" and meter("STAT:QUES?") == "+0"
    assert meter.error() == 0  # it is no error


def test_a_voltage_beyond_the_range():
    _, ask = at_node(lambda t: np.full(t.shape, -13.0))
    ask("CONF:VOLT:DC 10")
    assert ask("READ?") == "-9.90000000E+37"
    assert ask("STAT:QUES?") == "+1"
    assert float(ask("MEAS:VOLT:DC?")) == pytest.approx(-13.0, abs=2e-3)


def test_temperature_of_a_platinum_sensor():
    meter = Meter(Resistor(109.735), resistance=0.5)  # IEC 751: 25 degrees
    assert meter.numbers("MEAS:TEMP? FRTD,85")[0] == pytest.approx(25.0, abs=0.05)
    assert meter.numbers("MEAS:TEMP? RTD,85")[0] == pytest.approx(26.3, abs=0.1)
    meter("UNIT:TEMP K;:CONF:TEMP FRTD")
    assert meter.numbers("READ?")[0] == pytest.approx(298.15, abs=0.05)
    assert Meter(Resistor(5e3)).numbers("MEAS:TEMP? THER,5000")[0] == pytest.approx(25.0, abs=0.1)
    assert Meter(Resistor(2e6))("MEAS:TEMP? RTD") == OVERLOAD


def test_readings_on_a_trigger_from_the_bus():
    meter = Meter(Resistor(1e3))
    meter("CONF:RES 1E3;:SAMP:COUN 2;:TRIG:COUN 2;:TRIG:SOUR BUS")
    meter("*TRG")
    assert meter.error() == -211  # nothing waits for it
    assert meter("READ?") == "" and meter.error() == -214
    meter("INIT")
    assert int(meter("STAT:OPER:COND?")) == 32
    meter("INIT")
    assert meter.error() == -213
    meter("*TRG")
    assert meter("FETC?") == "" and meter.error() == -214  # a second trigger is missing
    meter("*TRG")
    assert len(meter.numbers("FETC?")) == 4


def test_the_reading_memory():
    meter = Meter(Resistor(1e3))
    assert meter("FETC?") == "" and meter.error() == -230
    meter("CONF:RES 1E3;:RES:NPLC 1;:SAMP:COUN 10")
    meter("INIT")
    assert int(meter("DATA:POIN?")[1:]) < 10
    assert meter("*OPC?") == "1"
    everything = meter("FETC?").split(",")
    assert len(everything) == 10
    assert meter("R? 2") == "#231" + ",".join(everything[:2])
    assert meter("DATA:REM? 3") == ",".join(everything[2:5])
    assert meter("DATA:POIN?") == "+5"
    assert meter("DATA:REM? 6") == "" and meter.error() == -222
    meter("RES:NPLC 10")  # a changed measurement empties it
    assert meter("DATA:POIN?") == "+0"


def test_abort_ends_what_would_take_for_ever():
    meter = Meter(Resistor(1e3))
    meter("CONF:VOLT:DC 10;:VOLT:NPLC 1;:TRIG:COUN INF")
    meter("INIT")
    assert meter("READ?") == "" and meter.error() == -214
    meter("ABOR")
    meter("CONF:VOLT:DC")
    assert len(meter.numbers("READ?")) == 1


def test_configure_sets_all_and_refuses_as_a_whole():
    meter = Meter(Resistor(1e3))
    meter("CONF:RES 1E6;:SAMP:COUN 9")
    meter("CONF:VOLT:DC 10,1E-12")
    assert meter.error() == -222
    assert meter("FUNC?") == '"RES"' and meter("SAMP:COUN?") == "+9"
    meter("CONF:VOLT:DC AUTO,1E-3")
    assert meter.error() == -221
    meter("CONF:VOLT:DC 10,3E-6")
    assert (meter("FUNC?"), meter("SAMP:COUN?"), meter("VOLT:NPLC?")) == ('"VOLT"', "+1", "+1.00000000E+00")
    meter("*RST")
    assert meter("CONF?") == '"VOLT +1.00000000E+01,+1.00000000E-06"'


def test_over_the_network():
    meter = Meter(Resistor(4.7e3))
    with serving(meter.world, {"dmm": meter.device}) as addresses, Client(addresses["dmm"]) as client:
        assert client.query("*IDN?").startswith("Keysight Technologies,34465A,MY57500001,")
        assert float(client.query("MEAS:RES?")) == pytest.approx(4.7e3, rel=1e-4)
