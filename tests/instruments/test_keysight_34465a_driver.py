"""Keysight 34465A: the quantity, range and time that were asked for, every reading, and an overload is no number."""

import numpy as np
import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.lines import NodeInput
from neurorig.signals import InstrumentError, LimitError

from .fakes import address_of, quiet_world, serving
from .scripted import Register, scripted


class Node(NodeInput):
    """A node at a constant voltage."""

    def __init__(self, volts):
        self.volts = volts

    def sample(self, t0, dt, n):
        return np.full(n, self.volts)


@pytest.fixture
def meter(request):
    """One with a resistor on its terminals, or what a test puts there."""
    world = quiet_world()
    touched = getattr(request, "param", 4.7e3)
    if isinstance(touched, float):
        touched = Leads(world, Resistor(touched))
    device = DRIVERS["keysight_34465a"].load_simulated()(world, {"1": touched}, serial="MY1", seed=1)
    with (
        serving(world, {"it": device}) as ports,
        DRIVERS["keysight_34465a"].connect(address_of(ports), name="meter") as it,
    ):
        yield it


@pytest.mark.parametrize("quantity", ["ohm", "ohm4"])
@pytest.mark.parametrize("nplc", [0.2, 1.0, 10.0])
def test_ohms(meter, quantity, nplc):
    meter.configure(quantity, nplc=nplc)
    found = meter.measure(5)
    assert found.shape == (5,)
    assert found == pytest.approx(np.full(5, 4.7e3), rel=3e-4)


@pytest.mark.parametrize("meter", [Node(3.2)], indirect=True)
def test_volts_of_a_node(meter):
    meter.configure("V", full_scale=5.0)
    assert meter.measure(3) == pytest.approx([3.2] * 3, rel=1e-4)
    assert meter.settings()["range"] == 10.0
    assert meter.settings()["auto"] is False


@pytest.mark.parametrize("meter", [2e6], indirect=True)
def test_an_overload_is_not_a_number_and_a_warning(meter):
    meter.configure("ohm", full_scale=1e4)
    assert np.isnan(meter.measure(2)).all()
    assert meter.warnings == ["meter: 2 of 2 readings beyond the range"]
    meter.configure("ohm")
    assert meter.measure() == pytest.approx([2e6], rel=1e-3)


def test_the_smallest_range_that_fits(meter):
    for full_scale, wanted in ((90.0, 100.0), (100.0, 100.0), (101.0, 1e3), (9e8, 1e9)):
        meter.configure("ohm", full_scale=full_scale)
        assert meter.settings()["range"] == wanted


@pytest.mark.parametrize(
    ("quantity", "options", "said"),
    [
        ("V", {"full_scale": 1001.0}, "no range for 1.001 kV; the largest is 1 kV"),
        ("A", {"full_scale": 5.0}, "the largest is 3 A"),
        ("ohm", {"full_scale": float("nan")}, "no range"),
        ("degC", {"full_scale": 100.0}, "temperature has no range"),
        ("ohm", {"nplc": 2.0}, "2 periods of the mains is not one of 0.02, "),
    ],
)
def test_what_it_does_not_have_is_refused_before_anything_is_sent(meter, quantity, options, said):
    sent = []
    meter.link.recorder = lambda *traffic: sent.append(traffic)
    with pytest.raises(LimitError, match=said):
        meter.configure(quantity, **options)
    assert not sent


@pytest.mark.parametrize("count", [0, 1_000_000])
def test_how_many_at_once(meter, count):
    with pytest.raises(InstrumentError, match="configure it first"):
        meter.measure()
    meter.configure("ohm")
    with pytest.raises(LimitError, match="readings at once"):
        meter.measure(count)


def test_degrees(meter):
    meter.configure("degC")
    assert meter.settings()["sensor"] == "RTD"
    assert np.isnan(meter.measure()).all() or meter.measure()[0] > 100  # 4.7 kohm is no Pt100


@pytest.mark.parametrize(
    ("answer", "said"), [(b"+1.0E+00\n", "1 readings came, 2 were asked for"), (b"hello\n", "no answer to :READ")]
)
def test_readings_that_are_not_what_was_asked_for(answer, said):
    state = {
        "SAMP:COUN": "1",
        "FUNC": '"VOLT"',
        "RES:NPLC": "1",
        "RES:RANG:AUTO": "1",
        "TRIG:SOUR": "IMM",
        "SYST:ERR": '0,"x"',
    }

    def script(line):
        if line == "*IDN?":
            return [b"Keysight Technologies,34465A,MY1,A.02.14\n"]
        if line == ":READ?":
            return [answer]
        header, _, value = line.lstrip(":").partition(" ")
        if value:
            state[header] = {"ON": "1"}.get(value, value)
            return []
        return (
            [state[header[:-1]].encode() + b"\n"] if header.endswith("?") and header[:-1] in state else Register()(line)
        )

    with scripted(script) as server, DRIVERS["keysight_34465a"].connect(f"tcp://127.0.0.1:{server.port}") as meter:
        meter.configure("ohm")
        with pytest.raises(InstrumentError, match=said):
            meter.measure(2)
