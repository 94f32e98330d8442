"""Faults on demand on the simulated bench: what they do to current and volts, and the words that bring them about."""

import json
from typing import Any

import numpy as np
import pytest

from neurorig.instruments import DRIVERS, load_bench
from neurorig.instruments.simulated.bench import SimulatedBench, Witness
from neurorig.instruments.simulated.disturbances import Disturbance
from neurorig.instruments.simulated.faults import KINDS, Fault, read_fault
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.signals import ConfigError, LinkError, Steps

from .fakes import Client, quiet_world, serving


def flowing(bench: SimulatedBench, start: float, dt: float, n: int) -> Any:
    bench.world.advance_to(start + n * dt)
    return bench.world.twin.sample("n1.i0", start, dt, n)


def source_at(bench: SimulatedBench, microamperes: int) -> Any:
    source = bench.devices["source"].session()
    for line in (b"*CLS", b"SYST:WDOG 60000", b"OUTP1 ON", b"SOUR1:CURR %d000" % microamperes):
        assert source.receive(line + b"\n") == b"OK\n"
    return source


def test_a_source_that_drifts_by_so_much_a_second_and_no_longer_when_it_is_mended() -> None:
    bench = SimulatedBench(load_bench())
    bench.world.remember("the test", 0.0)
    source_at(bench, 40)
    begin, level = bench.world.now, flowing(bench, bench.world.now + 1e-3, 1e-3, 1)[0]
    bench.fault(Fault("source.1", "drift", value="1 uA/s"))
    drifting = flowing(bench, begin + 0.01, 0.1, 25)
    np.testing.assert_allclose(np.diff(drifting), 1e-7, rtol=0.02)
    bench.mend("source.1")
    assert flowing(bench, bench.world.now + 0.01, 1e-3, 3) == pytest.approx([level] * 3)


def test_what_is_off_does_not_ripple_and_what_is_on_does_at_the_mains_frequency() -> None:
    bench = SimulatedBench(load_bench())
    bench.world.remember("the test", 0.0)
    bench.fault(Fault("source", "ripple", value="300 nA"))
    assert not flowing(bench, bench.world.now, 1e-3, 50).any()
    source = source_at(bench, 40)
    rippling = flowing(bench, bench.world.now + 0.01, 1e-4, 2000)
    rippling -= rippling.mean()
    assert rippling.std() == pytest.approx(300e-9 / 2**0.5, rel=0.03)
    spectrum = abs(np.fft.rfft(rippling))
    assert np.fft.rfftfreq(2000, 1e-4)[spectrum.argmax()] == 50.0
    assert source.receive(b"OUTP1 OFF\n") == b"OK\n"
    assert not flowing(bench, bench.world.now + 1e-3, 1e-3, 50).any()


def test_a_program_ripples_along_its_own_levels() -> None:
    bench = SimulatedBench(load_bench())
    bench.world.remember("the test", 0.0)
    output = bench.breakdowns.lines["source"]["1"]
    bench.fault(Fault("source", "ripple", value="1 uA"))
    start = bench.world.now + 0.0103
    output.play(Steps.of([0.0505, 1.3, 0.05], [20e-6, 40e-6, 0.0]), start)  # type: ignore[attr-defined]
    levels = flowing(bench, start + 1e-4, 1e-3, 1500)
    assert levels[:50] == pytest.approx([20e-6] * 50, abs=1.01e-6)
    assert levels[51:1350] == pytest.approx([40e-6] * 1299, abs=1.01e-6)
    assert levels[51:1350].std() == pytest.approx(1e-6 / 2**0.5, rel=0.03)
    assert not levels[1352:].any()


def test_inputs_drift_ripple_and_are_overloaded_from_one_moment_to_another() -> None:
    bench = SimulatedBench(load_bench())
    bench.world.remember("the test", 0.0)
    seen = bench.breakdowns.lines["scope"]["1"]
    quiet = SimulatedBench(load_bench())
    quiet.world.remember("the test", 0.0)
    for one in (bench, quiet):
        one.world.advance_to(1.0)
    bench.fault(Fault("scope.1", "drift", value="10 mV/s"))
    bench.fault(Fault("scope", "overrange", after="1 s", value="50 V"))
    for one in (bench, quiet):
        one.world.advance_to(3.0)
    bench.mend("scope")
    for one in (bench, quiet):
        one.world.advance_to(4.0)
    before = quiet.breakdowns.lines["scope"]["1"].sample(0.0, 0.5, 8)  # type: ignore[attr-defined]
    added = seen.sample(0.0, 0.5, 8) - before  # type: ignore[attr-defined]
    assert added == pytest.approx([0, 0, 0, 0.005, 50.01, 50.015, 0, 0])


def test_a_record_that_is_overloaded_is_clipped_and_says_so() -> None:
    bench = SimulatedBench(load_bench())
    bench.fault(Fault("scope.1", "overrange"))
    with serving(bench.world, {"scope": bench.devices["scope"]}) as ports:
        client = Client(ports["scope"])
        for line in (":CHAN1:SCAL 1", ":TRIG:SWE AUTO", ":RUN"):
            client.write(line)
        while client.query(":TRIG:STAT?") != "AUTO":
            pass
        for _ in range(20):
            client.query("*OPC?")
        client.write(":STOP")
        client.write(":WAV:SOUR CHAN1")
        assert set(client.query_block(":WAV:DATA?")) == {255}
        client.close()


# On the leads of a source-meter.


@pytest.mark.parametrize(
    ("source", "unit", "volts", "amperes"),
    [
        ("V", "V", 1.2, 1.2e-4),  # the level itself is off
        ("V", "A", 1.0, 1e-4 + 0.2),  # what is measured is off
        ("A", "A", 1e4 * (1e-4 + 0.2), 1e-4 + 0.2),
        ("A", "V", 1.2, 1e-4),
    ],
)
def test_leads_drift_in_what_is_sourced_or_in_what_is_measured(
    source: Any, unit: str, volts: float, amperes: float
) -> None:
    world = quiet_world()
    leads = Leads(world, Resistor(1e4))
    leads.hold(source, 1.0 if source == "V" else 1e-4, 1e4)
    leads.disturb(Disturbance(unit, world.now, slope=0.1))
    world.advance_to(1.5)
    leads.mark()
    world.advance_to(2.5)  # on the average 2 s after the beginning
    assert leads.mean()[:2] == pytest.approx((volts, amperes))
    leads.release()
    assert leads.look()[:2] == (0.0, 0.0)


def test_a_whole_period_of_the_mains_averages_a_ripple_away_and_half_a_period_does_not() -> None:
    world = quiet_world()
    leads = Leads(world, Resistor(1e4))
    leads.hold("V", 1.0, 1e-3)
    leads.disturb(Disturbance("V", world.now, amplitude=0.1))
    for seconds, ripple in ((0.02, 0.0), (0.01, 0.1 * 2 / np.pi), (0.01, -0.1 * 2 / np.pi)):
        leads.mark()
        world.advance_to(world.now + seconds)
        assert leads.mean().volts == pytest.approx(1.0 + ripple, abs=1e-9)


# A serial line.


def test_a_serial_line_that_drops_is_silent_until_it_is_mended() -> None:
    bench = SimulatedBench(load_bench())
    served = {"source": bench.devices["source"]}
    with serving(bench.world, served, pty="source", wires=bench.breakdowns.wires) as ports:
        source = DRIVERS["arduino_source"].connect(f"serial://{ports['pty']}")
        contract = source.contract
        bench.fault(Fault("source", "drop", count=0))
        with pytest.raises(LinkError, match="no answer in time"):
            source.query("STAT?")
        bench.mend("source")
        source.confirm_safe()
        bench.fault(Fault("source", "late", value="0.1 s"))
        assert source.contract == contract
        source.close()


# Words.


def test_the_command_line_and_the_witness_say_the_same_words() -> None:
    for fault in (
        Fault("scope", "late", after="3", count=2, value="1 s"),
        Fault("source.1", "drift", after="2 s", value="10 nA/s"),
        Fault("scope", "identity", value="ACME,Model 1,7,1.0"),
        Fault("scope", "mute"),
    ):
        assert read_fault(str(fault)) == Fault(fault.instrument, fault.kind, fault.after or 0, fault.count, fault.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scope:laet", "Did you mean 'late'"),
        ("scope", "Write INSTRUMENT:KIND"),
        ("scope:late,for=1s", "no such word"),
        ("scope:late,value=1V", "'1V' is not a time"),
        ("scope:late,value=-1s", "must not be below 0"),
        ("scope:late,after=soon", "'soon' is not a time"),
        ("scope:late,after=-3", "not below 0"),
        ("scope:late,count=-1", "count is a whole number"),
        ("scope:stuck,value=3", "takes no value"),
        ("scope:drift", "needs a value in A/s or V/s"),
    ],
)
def test_what_cannot_be_read_names_the_kinds_or_the_unit(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        read_fault(text)
    assert f"--fault {text.partition(',')[0]}" in str(error.value)


def test_every_kind_of_fault_says_what_it_does() -> None:
    for kind in KINDS.values():
        assert kind.does and kind.does.isascii() and not kind.does.endswith(".")


def test_the_witness_lets_things_go_wrong_in_the_middle_and_mends_them() -> None:
    bench = SimulatedBench(load_bench())
    witness = Witness(bench).session()

    def say(**words: Any) -> Any:
        line = json.dumps(words).encode() + b"\n"
        assert witness.receive(line[:7]) == b""  # lines may come in pieces
        return json.loads(witness.receive(line[7:]))

    later = say(fault={"instrument": "scope", "kind": "mute", "after": 2})
    assert later == {"faults": [{"fault": "scope:mute,after=2", "begun": False, "left": 1}]}
    now = say(fault="source.1:stuck")
    assert now["faults"][0] == {"fault": "source.1:stuck", "begun": True, "left": None}
    assert "no such kind" in say(fault={"instrument": "scope", "kind": "laet"})["error"]
    assert "cannot have it" in say(fault={"instrument": "scope", "kind": "stuck"})["error"]
    assert "error" in say(fault={"instrument": "scope", "kind": "late", "why": 1})
    assert "Did you mean 'scope'" in say(mend="scopee")["error"]
    assert "error" in say(hello=1)
    assert len(say(mend="scope")["faults"]) == 1
    assert say(mend="all") == {"faults": []}
    assert witness.receive(b"?\n").startswith(b'{"now"')


def test_a_fault_after_so_many_messages_counts_those_of_all_clients() -> None:
    bench = SimulatedBench(load_bench())
    bench.fault(Fault("scope", "mute", after=3, count=4))
    with serving(bench.world, {"scope": bench.devices["scope"]}, wires=bench.breakdowns.wires) as ports:
        one, other = Client(ports["scope"]), Client(ports["scope"])
        assert one.query("*IDN?") == other.query("*IDN?") == one.query("*IDN?")
        for client in (one, other):
            client.write("*ESE?")  # not answered
            client.write(":CHAN2:PROB?")
        assert float(other.query(":CHAN1:PROB?")) > 0
        one.close()
        other.close()


def test_faults_of_a_bench_file_are_there_from_the_start_and_checked_when_it_is_loaded(tmp_path: Any) -> None:
    file = tmp_path / "faulty.toml"
    text = load_bench().path.read_text(encoding="utf-8")
    file.write_text(
        text + '\n[[simulation.faults]]\ninstrument = "scope"\nkind = "late"\nvalue = "1 s"\nafter = "2 s"\n'
    )
    bench = SimulatedBench(load_bench(file))
    assert bench.breakdowns.told() == [{"fault": "scope:late,value=1 s,after=2 s", "begun": False, "left": 1}]
    bench.world.advance_to(2.5)
    assert bench.breakdowns.told()[0]["begun"]
    for wrong, told in (('kind = "laet"', "Did you mean 'late'"), ('kind = "stuck"', "cannot have it")):
        file.write_text(text + f'\n[[simulation.faults]]\ninstrument = "scope"\n{wrong}\n')
        with pytest.raises(ConfigError, match=rf"faulty.toml: simulation.faults, number 1: scope:\w+: .*{told}"):
            load_bench(file)
