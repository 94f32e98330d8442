"""Keysight E36300: what is set is read back, what limits is told, and nothing comes on that was not asked for."""

from types import SimpleNamespace

import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.connection import Rig
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.wiring import Supply
from neurorig.signals import BenchError, InstrumentError, LimitError

from .doubles import OHMS
from .fakes import address_of, quiet_world, serving
from .scripted import Register, scripted


@pytest.fixture
def supply(request):
    """One with resistors on its outputs; the first as large as the test says."""
    world = quiet_world()
    ohms = getattr(request, "param", OHMS)
    leads = {n: Leads(world, Resistor(ohms if n == "1" else OHMS)) for n in "123"}
    device = DRIVERS["keysight_e36300"].load_simulated()(world, leads, serial="MY1", seed=1)
    with (
        serving(world, {"it": device}) as ports,
        DRIVERS["keysight_e36300"].connect(address_of(ports), name="supply") as it,
    ):
        it.leads = leads
        yield it


@pytest.mark.parametrize("supply", [10.0], indirect=True)
def test_volts_and_amperes_are_those_at_the_output(supply):
    supply.configure("1", 3.3, 1.0)
    assert supply.leads["1"].look().volts == 0
    supply.on("1")
    assert supply.measure("1") == pytest.approx((3.3, 0.33), rel=0.01)
    assert not supply.limiting("1")
    supply.off()
    supply.confirm_safe()
    assert supply.leads["1"].look().volts == 0


@pytest.mark.parametrize("supply", [10.0], indirect=True)
def test_constant_current_is_told(supply):
    supply.configure("1", 3.3, 0.1)
    supply.on("1")
    assert supply.limiting("1")
    assert supply.measure("1") == pytest.approx((1.0, 0.1), rel=0.05)


@pytest.mark.parametrize("supply", [10.0], indirect=True)
@pytest.mark.parametrize(("limit", "said"), [(0.1, "raise the current_limit"), (1.0, "")])
def test_a_board_that_does_not_get_its_voltage_ends_it_before_any_source_is_on(supply, limit, said):
    bench = SimpleNamespace(supply=Supply("supply", "1", 3.3, limit), path="bench.toml")
    rig = Rig(bench, {"supply": supply}, {}, virtual_time=True)
    if said:
        with pytest.raises(
            BenchError, match=rf"\[supply\]: supply was set to 3.3 V and measures 1\.0.* {said} \(100 mA\)"
        ):
            rig.power_up()
    else:
        rig.power_up()
        assert rig.supplied == pytest.approx({"volts": 3.3, "amperes": 0.33}, rel=0.01)


def test_the_protection_lies_a_little_above_whatever_was_set_before(supply):
    for volts, level in ((5.0, 5.35), (0.5, 0.62), (6.18, 6.59), (2.0, 2.2)):
        supply.configure("1", volts, 1.0)
        output = supply.channels["1"]
        assert output.protected
        assert output.protection == pytest.approx(level, abs=0.011)
        assert output.voltage == pytest.approx(volts)


def test_two_wires_or_four(supply):
    supply.configure("2", 5.0, 0.5, wires=4)
    assert supply.channels["2"].sense == "EXT"
    supply.configure("2", 5.0, 0.5)
    assert supply.channels["2"].sense == "INT"
    assert supply.settings()["channel_2"]["sense"] == "INT"


def test_an_output_that_is_on_goes_off_before_it_is_set_anew(supply):
    supply.configure("3", 24.0, 1.0)
    supply.on("3")
    supply.configure("3", 1.0, 1.0)
    assert supply.leads["3"].look().volts == 0
    assert not supply.channels["3"].output


@pytest.mark.parametrize(
    ("channel", "volts", "amperes", "said"),
    [
        ("1", 6.2, 1.0, r"channel 1: 6.2 V lies outside 0 V \.\. 6.18 V"),
        ("1", -1.0, 1.0, "lies outside"),
        ("1", float("nan"), 1.0, "lies outside"),
        ("2", 5.0, 1.1, r"current limit of 1.1 A lies outside 1 mA \.\. 1.03 A"),
        ("2", 5.0, 0.0, "current limit of 0 A"),
        ("4", 5.0, 1.0, "no channel '4'. Known: 1, 2, 3"),
    ],
)
def test_what_an_output_does_not_give_is_refused_before_anything_is_sent(supply, channel, volts, amperes, said):
    sent = []
    supply.link.recorder = lambda *traffic: sent.append(traffic)
    with pytest.raises(LimitError, match=said):
        supply.configure(channel, volts, amperes)
    assert not sent


def test_connecting_leaves_the_outputs_as_they_are(supply):
    supply.configure("2", 5.0, 0.5)
    supply.on("2")
    DRIVERS["keysight_e36300"].connect(supply.link.resource).close()
    assert supply.leads["2"].look().volts == pytest.approx(5.0, rel=0.01)


def test_a_protection_that_has_tripped_is_an_error_that_says_where_to_look():
    answers = {"VOLT:PROT:TRIP? (@1)": b"1\n", "VOLT:PROT? (@1)": b"+3.57000000E+00\n"}

    def script(line):
        if line == "*IDN?":
            return [b"Keysight Technologies,E36312A,MY1,1.0\n"]
        return [answers[line[1:]]] if line[1:] in answers else Register()(line)

    with (
        scripted(script) as server,
        DRIVERS["keysight_e36300"].connect(f"tcp://127.0.0.1:{server.port}") as supply,
        pytest.raises(InstrumentError, match=r"channel 1: more than 3.57 V .* sense leads that are not connected"),
    ):
        supply.limiting("1")


def test_another_model_is_not_used():
    with (
        scripted(lambda line: [b"Keysight Technologies,E36105A,MY1,1\n"] if line == "*IDN?" else []) as other,
        pytest.raises(BenchError, match="E36105A"),
    ):
        DRIVERS["keysight_e36300"].connect(f"tcp://127.0.0.1:{other.port}")
