"""The current-source shield in ngspice: the netlist that KiCad exports from the committed schematic, on a bench.

Models are cautious (library/current_source.lib): half the speed of the data sheets, thresholds at their limit, USB at 4.75 V.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from neurorig.hardware.kicad.netlist import Netlist, export
from neurorig.hardware.kicad.projects import PROJECTS

from .current_source_bench import FULL, READY, STEP, WORST, ZERO, Bench, Points, Seen, code, held, step

pytestmark = [pytest.mark.needs("kicad", "ngspice"), pytest.mark.timeout(150)]

TOP = held(code(4095))
LEGS = (("source", 1.0), ("sink", -1.0))


@cache
def exported() -> Netlist:
    return export(PROJECTS["current_source_shield"])


@pytest.fixture
def bench() -> Bench:
    return Bench.of(exported())


def driven(bench: Bench, leg: str, points: Points) -> Bench:
    return replace(bench, source=points) if leg == "source" else replace(bench, sink=points)


def quarter(bench: Bench) -> Bench:
    return replace(bench, circuit=bench.circuit.jumpers({"JP11": "closed"}))


def change(bench: Bench, leg: str, start: float, end: float) -> Seen:
    """The current around a step of code, latched at READY."""
    return driven(bench, leg, step(start, end)).run(READY + 120e-6, since=READY - 5e-6)


def beyond(seen: Seen) -> float:
    """How far the current goes beyond its last value, as a part of its change: ringing."""
    last, size = seen.amperes[-1], seen.amperes[-1] - seen.amperes[0]
    return float(np.max((seen.amperes - last) / size))


class TestCurrents:
    @pytest.mark.parametrize(("leg", "sign"), LEGS)
    @pytest.mark.parametrize("divisor", [1, 4])
    def test_codes_give_a_straight_line_from_code_8(self, bench: Bench, leg: str, sign: float, divisor: int) -> None:
        """What the pin plan of the shield promises the firmware: (c - 8.2) steps, before calibration within 0.4 %."""
        bench = quarter(bench) if divisor == 4 else bench
        codes = np.array([40, 500, 2048, 4095])
        got = np.array([driven(bench, leg, held(code(c))).at_rest() for c in codes]) * sign * divisor / STEP
        gain, offset = np.polyfit(codes, got, 1)
        assert np.abs(got - (gain * codes + offset)).max() < 0.3
        assert gain == pytest.approx(1.0, abs=4e-3)
        assert offset == pytest.approx(-8.2, abs=0.5)

    @pytest.mark.parametrize("offset", ["4m", "-4m"])
    @pytest.mark.parametrize("divisor", [1, 4])
    def test_code_0_is_no_current_whatever_the_offset_of_the_converter(
        self, bench: Bench, offset: str, divisor: int
    ) -> None:
        bench = quarter(bench) if divisor == 4 else bench
        elements = dict(bench.circuit.elements)
        elements["U11"] = replace(elements["U11"], parameters={"offset": offset})
        bench = replace(bench, circuit=replace(bench.circuit, elements=elements))
        assert abs(bench.at_rest()) < 5e-9

    @pytest.mark.parametrize(("leg", "low"), [("source", 0.0), ("sink", 0.65)])
    @pytest.mark.parametrize("steps", [40, 1640, 4095])
    def test_the_terminals_voltage_does_not_matter(self, bench: Bench, leg: str, low: float, steps: int) -> None:
        """Less than 0.1 % of the range from 0 V (sink leg: from 0.65 V) to 2 V; it is 0.001 %."""
        found = [driven(bench, leg, held(code(steps))).held_at(volts).at_rest() for volts in (low, 1.0, 2.0)]
        assert np.ptp(found) < 1e-3 * FULL


class TestCompliance:
    @pytest.mark.parametrize(("supply", "highest"), [(4.75, 4.05), (5.0, 4.25)])
    def test_source_leg_beyond_the_threshold_of_a_membrane(self, bench: Bench, supply: float, highest: float) -> None:
        """A membrane fires at 3.55 V; the current is still full at 4.05 V on the poorest USB, 4.25 V on 5.0 V."""
        bench = replace(bench, source=TOP, supply=held(supply), lines={"oe1": held(supply), "ldac": ZERO})
        assert bench.held_at(highest).at_rest() == pytest.approx(bench.held_at(1.0).at_rest(), abs=1e-3 * FULL)
        assert bench.held_at(supply - 0.3).at_rest() < 0.9 * FULL

    def test_sink_leg_down_to_what_the_protocol_says(self, bench: Bench) -> None:
        bench = replace(bench, sink=TOP)
        assert bench.held_at(0.65).at_rest() == pytest.approx(bench.held_at(2.0).at_rest(), abs=1e-3 * FULL)
        assert bench.held_at(0.3).at_rest() < -116e-6
        assert bench.held_at(0.0).at_rest() == pytest.approx(0.0, abs=1e-6)


LOADS = {
    "0 V": ("V_load out 0 0",),
    "2 V behind 1 m of cable": ("C_load out 0 100p", "R_load out far 50", "V_load far 0 2"),
    "cable alone, 8 kohm": ("C_load out 0 100p", "R_load out far 8k", "V_load far 0 2"),
    "membrane 33 nF": ("C_load out 0 33n", "R_load out far 8k", "V_load far 0 2"),
    "membrane 100 nF": ("C_load out 0 100n", "R_load out far 8k", "V_load far 0 2"),
}


DRAWN_FROM = [name for name in LOADS if name != "0 V"]  # a sink has nothing to draw from ground


SETTLED = {  # us to 0.1 % of the range after a change between two currents, from zero; to 0.2 % and to 0.1 % after one to zero
    ("full", "source"): (10, 12, 20, 28),
    ("full", "sink"): (6, 8, 13, 17),
    ("quarter", "source"): (10, 23, 33, 50),
    ("quarter", "sink"): (6, 15, 25, 37),
}


class TestSteps:
    """From zero the amplifiers come out of saturation: 10 us more (SBOS777, assumed) that the model does not have."""

    @pytest.mark.parametrize(("range_", "leg"), SETTLED)
    def test_time_until_the_current_has_settled(self, bench: Bench, range_: str, leg: str) -> None:
        """20 us at full range; to zero, where the transistors close slowly, to 0.2 % of it. The page says these figures."""
        full, between, zero = FULL, ((2000, 2100), (3000, 1000)), (4095, 400)
        bench = bench.held_at(2.0)
        if range_ == "quarter":
            bench, full = quarter(bench), FULL / 4
        seen = [
            change(bench, leg, *codes) for codes in (*between, (0, 4095), (0, 400), *((start, 0) for start in zero))
        ]
        assert np.sign(seen[0].amperes[-1]) == dict(LEGS)[leg]
        fine, coarse = ([one.settled(part * full, READY) * 1e6 for one in seen] for part in (1e-3, 2e-3))
        found = max(fine[:2]), max(fine[2:4]), max(coarse[4:]), max(fine[4:])
        told = f"{range_} range, {leg}: {', '.join(f'{us:.1f}' for us in found)} us"
        assert all(0.5 * limit < us < limit for us, limit in zip(found, SETTLED[range_, leg], strict=True)), told

    @pytest.mark.parametrize("ranged", [lambda bench: bench, quarter], ids=["full", "quarter"])
    @pytest.mark.parametrize(
        ("leg", "load"), [("source", name) for name in LOADS] + [("sink", name) for name in DRAWN_FROM]
    )
    def test_no_ringing_into_any_load(
        self, bench: Bench, leg: str, load: str, ranged: Callable[[Bench], Bench]
    ) -> None:
        """5 % of a step at most."""
        bench = ranged(replace(bench, load=LOADS[load]))
        for codes in ((400, 2000), (2000, 2100), (3000, 1000), (0, 2000)):
            assert beyond(change(bench, leg, *codes)) < 0.05, codes

    def test_a_filter_that_is_too_fast_for_the_quarter_range_is_found(self, bench: Bench) -> None:
        fast = quarter(replace(bench.held_at(2.0), circuit=bench.circuit.fitted({"C101": 100e-12})))
        assert beyond(change(fast, "source", 2000, 2100)) > 0.15

    @pytest.mark.parametrize("leg", ["source", "sink"])
    def test_a_leg_that_opens_kicks_less_than_100_pc(self, bench: Bench, leg: str) -> None:
        """The gate of a closed transistor moves by 2 V before it conducts: 3 mV on a membrane of 33 nF."""
        seen = change(bench.held_at(2.0), leg, 0, 4095)
        wrong = np.clip(seen.amperes * (-1.0 if leg == "source" else 1.0), 0.0, None)
        assert np.trapezoid(wrong, seen.time) < 100e-12

    def test_a_gate_resistor_of_the_wrong_size_is_found(self, bench: Bench) -> None:
        """10 kohm in place of 100 ohm lets the source leg overshoot by a third."""
        wrong = replace(bench.held_at(1.0), circuit=bench.circuit.fitted({"R110": 10e3}))
        assert beyond(change(wrong, "source", 0, 4095)) > 0.2


class TestOff:
    @pytest.mark.parametrize("volts", [0.0, 2.0, 4.0])
    def test_output_enable_low_is_no_current_whatever_the_converter_holds(self, bench: Bench, volts: float) -> None:
        off = replace(bench, source=TOP, lines={"oe1": ZERO, "ldac": ZERO}).held_at(volts)
        assert abs(off.at_rest()) < 1e-9
        assert off.at_rest("v_out1") == pytest.approx(volts / 2, abs=3e-3)

    @pytest.mark.parametrize("volts", [0.0, 2.0, 4.0])
    def test_supply_comes_and_goes_with_all_pins_floating(self, bench: Bench, volts: float) -> None:
        """Nothing leaves the terminal. Without supply it sees 10 Mohm; with it, less than 1 nA."""
        supply = ((0.0, 0.0), (2e-3, 0.0), (4e-3, WORST), (8e-3, WORST), (10e-3, 0.0), (11e-3, 0.0))
        seen = replace(bench, supply=supply, source=TOP, lines={}).held_at(volts).run(11e-3, since=1e-3, largest=5e-6)
        assert seen.amperes.max() < 5e-9
        assert seen.amperes.min() > -volts / 10e6 - 5e-9
        assert abs(np.interp(7.9e-3, seen.time, seen.amperes)) < 1e-9

    def test_a_contact_that_sticks_is_caught_by_the_converter(self, bench: Bench) -> None:
        """OE is its SHDN as well: with the contact welded some nanoamperes are left, of the amplifiers' offsets."""
        welded = (*bench.held_at(1.0).load, f"R_weld {bench.circuit.net('sense')} {bench.circuit.net('out')} 1")
        stuck = replace(bench, load=welded, source=TOP)
        assert stuck.at_rest() > 0.99 * FULL
        assert abs(replace(stuck, lines={"oe1": ZERO, "ldac": ZERO}).at_rest()) < 20e-9


def read_back(bench: Bench, leg: str, steps: float, volts: float) -> float:
    """Error of the read-back, as a part of the range."""
    bench = driven(bench, leg, held(code(steps))).held_at(volts)
    range_ = FULL / 4 if bench.circuit.elements["JP11"].parameters["closed"] == "1" else FULL
    return bench.at_rest("i_sense1") / 2.5 - abs(bench.at_rest()) / range_


class TestReadBack:
    @pytest.mark.parametrize("ranged", [lambda bench: bench, quarter], ids=["full", "quarter"])
    @pytest.mark.parametrize("leg", ["source", "sink"])
    def test_it_tells_what_is_delivered(self, bench: Bench, leg: str, ranged: Callable[[Bench], Bench]) -> None:
        """Within 1 % of the range, and within 3 steps of the ADC at zero, at any voltage of the terminal."""
        bench = ranged(bench)
        for volts in (1.0, 4.0):
            assert abs(read_back(bench, leg, 0, volts)) < 3 / 1024
            for steps in (400, 4000):
                assert abs(read_back(bench, leg, steps, volts)) < 0.01

    def test_it_sees_the_compliance(self, bench: Bench) -> None:
        beyond_it = replace(bench, source=TOP).held_at(4.5)
        assert beyond_it.at_rest() < 0.8 * FULL
        assert abs(read_back(bench, "source", 4095, 4.5)) < 0.01

    def test_another_sense_resistor_is_found(self, bench: Bench) -> None:
        wrong = replace(bench, circuit=bench.circuit.fitted({"R122": 499.0}))
        assert abs(read_back(wrong, "source", 4000, 1.0)) > 0.1

    @pytest.mark.parametrize("volts", [0.1, 1.0, 3.55])
    def test_voltage_at_half_scale(self, bench: Bench, volts: float) -> None:
        assert bench.held_at(volts).at_rest("v_out1") == pytest.approx(volts / 2, abs=2.5e-3)


class TestLines:
    def test_a_spike_raises_its_level_and_one_pulse_for_the_capture(self, bench: Bench) -> None:
        spike = ((0.0, 0.0), (READY, 0.0), (READY + 3e-6, 2.0), (READY + 250e-6, 0.3), (READY + 260e-6, 0.0))
        seen = self.at(bench, "J3", spike).run(READY + 300e-6, ("spike1", "spike2", "icp"), since=READY - 20e-6)
        high = seen.volts["spike1"] > 3.0
        edges = np.flatnonzero(np.diff(high.astype(int)))
        assert len(edges) == 2 and not high[0]
        rise, fall = seen.time[edges] - READY
        assert 0.5e-6 < rise < 3e-6  # threshold 0.75 V on a rise of 3 us, and the comparator
        assert 100e-6 < fall < 250e-6
        pulse = seen.volts["icp"] > 3.0
        on, off = seen.time[np.flatnonzero(np.diff(pulse.astype(int)))] - READY
        assert on == pytest.approx(rise, abs=0.3e-6)
        assert 0.8e-6 < off - on < 2.5e-6
        assert seen.volts["spike2"].max() < 0.5

    def test_trigger_and_sync_are_passed_on_upright(self, bench: Bench) -> None:
        pulse = ((0.0, 0.0), (READY, 0.0), (READY + 10e-9, 4.5), (READY + 2e-6, 4.5), (READY + 2.01e-6, 0.0))
        bench = self.at(bench, "J1", pulse)
        bench = replace(bench, lines={**bench.lines, "sync": pulse})
        out = bench.circuit.elements["R4"].nets[1]
        seen = bench.run(READY + 5e-6, ("trig", out), since=READY - 5e-6)
        for net in ("trig", out):
            high = seen.time[seen.volts[net] > 3.0]
            assert 0 < high[0] - READY < 0.5e-6
            assert high[-1] - high[0] == pytest.approx(2e-6, rel=0.2)

    def test_range_is_told_by_its_level(self, bench: Bench) -> None:
        assert bench.at_rest("range_pin1") > 4.0
        assert quarter(bench).at_rest("range_pin1") < 0.1

    @staticmethod
    def at(bench: Bench, socket: str, points: Points) -> Bench:
        """A signal at a socket: KiCad calls its net by the socket's pin."""
        return replace(bench, lines={**bench.lines, f"Net-_{socket}-In_": points})


class TestReference:
    @pytest.mark.parametrize(
        ("supply", "ohms", "within"), [(4.75, "32k", 5e-4), (5.0, "32k", 5e-4), (5.0, "25k", 1e-3)]
    )
    def test_what_the_adc_takes_is_made_up_for(self, bench: Bench, supply: float, ohms: str, within: float) -> None:
        """32 kohm are typical of the input; through R7 alone it would read 0.31 % high."""
        adc = f"R_adc {bench.circuit.net('aref')} 0 {ohms}"
        bench = replace(bench, supply=held(supply), load=(*bench.load, adc))
        assert bench.at_rest("aref") == pytest.approx(bench.at_rest("v_ref"), rel=within)
        alone = replace(bench, circuit=bench.circuit.without(("R8",)))
        assert alone.at_rest("aref") < (1 - 2.5e-3) * alone.at_rest("v_ref")

    def test_either_pin_out_of_the_reference_is_right(self, bench: Bench) -> None:
        """The cathode is in the middle; pads 1 and 3, one of them the anode, are both on ground."""
        one, cathode, three = bench.circuit.elements["U1"].nets
        assert one == three == "GND"
        assert cathode == bench.circuit.net("v_ref")
