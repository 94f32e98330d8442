"""Faults on demand: every driver of the registry meets each of them, says what it is, and goes on afterwards."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from neurorig.instruments import DRIVERS, load_bench
from neurorig.instruments.commands import Command, Commanded
from neurorig.instruments.drivers import DRIVING
from neurorig.instruments.simulated.bench import SimulatedBench, Witness
from neurorig.instruments.simulated.breakdowns import Breakdowns
from neurorig.instruments.simulated.faults import KINDS, Fault, read_fault
from neurorig.instruments.sourcing import SourceSetup
from neurorig.signals import BenchError, ConfigError, Hold, InstrumentError, LinkError, Program, Steps

from .doubles import Double, double_of
from .fakes import Client, serving

NAMES = sorted(DRIVERS)
DRIVES = [name for name in NAMES if DRIVERS[name].role in DRIVING]
QUEUES = [name for name in NAMES if getattr(DRIVERS[name].load(), "error_question", "")]
"""Some have none; the Arduino source answers each line with OK or ERR."""
PATIENCE = 0.3
"""Seconds of a link's deadline here: a test waits for it to pass."""
TOO_LATE = "0.7 s"


@dataclass
class Patient:
    """One driver, its double, and what can be done to it."""

    name: str
    double: Double
    breakdowns: Breakdowns
    port: int
    driver: Any = None

    def connect(self) -> Any:
        self.driver = DRIVERS[self.name].connect(f"tcp://127.0.0.1:{self.port}", name="it")
        self.ask()  # everything sent on connecting has been done
        self.driver.link.timeout = PATIENCE
        return self.driver

    def suffer(self, kind: str, **words: Any) -> None:
        self.breakdowns.add(Fault("it", kind, **words))

    def ask(self) -> Any:
        """A setting whose answer is checked: text is taken as it comes."""
        part, command = self.commands()[0]
        return command.ask(part)

    def settings(self) -> list[Any]:
        """What can be set, as it reads back: it does not change by itself."""
        return [command.ask(part) for part, command in self.commands() if command.write is not None]

    def commands(self) -> list[tuple[Commanded, Command[Any]]]:
        """Those whose answer is checked; a text is taken as it comes."""
        parts = (self.driver, *self.driver.channels.values())
        found = [(part, command) for part in parts for command in part.commands()]
        return [(p, c) for p, c in found if c.read is not str and not c.optional and c.write is not None]


@pytest.fixture
def patient(request: pytest.FixtureRequest) -> Iterator[Patient]:
    double = double_of(request.param)
    breakdowns = Breakdowns(double.world, ["it"])
    breakdowns.devices["it"] = double.device
    for channel, line in double.lines.items():
        breakdowns.connect("it", channel, line)
    with serving(double.world, {"it": double.device}, wires=breakdowns.wires) as ports:
        found = Patient(request.param, double, breakdowns, ports["it"])
        found.connect()
        yield found
        found.driver.close()


every_driver = pytest.mark.parametrize("patient", NAMES, indirect=True)
every_driver_that_drives = pytest.mark.parametrize("patient", DRIVES, indirect=True)


# What travels.


@every_driver
@pytest.mark.parametrize("fault", [("mute", None), ("late", TOO_LATE), ("cut", None)])
def test_an_answer_that_does_not_come_whole_in_time_is_told_and_never_taken_for_a_later_one(
    patient: Patient, fault: tuple[str, str | None]
) -> None:
    before = patient.settings()
    kind, value = fault
    patient.suffer(kind, value=value)
    with pytest.raises(LinkError, match="no answer in time") as told:
        patient.ask()
    assert f":{patient.port}" in str(told.value)
    assert patient.commands()[0][1].question.partition("{")[0] in str(told.value)
    assert (kind == "cut") == bool(told.value.partial)
    assert patient.breakdowns.told() == []
    time.sleep(0.6 if kind == "late" else 0.0)  # the answer to the failed question arrives now
    patient.driver.link.timeout = 2.0
    assert patient.settings() == before


@every_driver
def test_an_answer_in_pieces_is_an_answer(patient: Patient) -> None:
    before = patient.settings()
    patient.suffer("split", count=0, value=4)
    assert patient.settings() == before


@every_driver
def test_an_answer_that_is_spoilt_is_no_value(patient: Patient) -> None:
    before = patient.settings()
    patient.suffer("garbled", value=1.0)
    with pytest.raises(InstrumentError, match=r"no answer to|damaged"):
        patient.ask()
    patient.driver.link.timeout = 2.0
    assert patient.settings() == before


@every_driver
def test_a_link_that_drops_is_told_and_the_safe_lines_go_over_a_new_one(patient: Patient) -> None:
    before = patient.settings()
    patient.suffer("drop", after=1)
    patient.ask()
    with pytest.raises(LinkError, match=r"closed the connection|reset"):
        patient.ask()
    patient.driver.link.timeout = 2.0
    patient.driver.safe()
    assert len(patient.settings()) == len(before)


@every_driver
def test_a_link_that_is_cut_takes_no_connection_until_it_is_mended(patient: Patient) -> None:
    patient.suffer("drop", count=0)
    with pytest.raises(LinkError):
        patient.ask()
    patient.driver.close()
    with pytest.raises(LinkError, match=r"cannot be opened .*refused"):
        patient.connect()
    patient.breakdowns.mend("it")
    eventually(patient.connect)
    assert patient.ask() is not None


@every_driver
def test_a_drop_of_some_seconds_mends_itself(patient: Patient) -> None:
    patient.suffer("drop", value="0.2 s")
    with pytest.raises(LinkError):
        patient.ask()
    patient.driver.close()
    eventually(patient.connect)
    assert patient.ask() is not None
    assert patient.breakdowns.told() == []


@every_driver
def test_another_instrument_than_the_expected_one_is_refused_with_both_names(patient: Patient) -> None:
    patient.suffer("identity", value="ACME,Model 1,S-7,1.0")
    with pytest.raises(BenchError) as told:
        DRIVERS[patient.name].connect(f"tcp://127.0.0.1:{patient.port}")
    assert "'ACME/Model 1' answers (serial number S-7)" in str(told.value)
    assert DRIVERS[patient.name].model in str(told.value)
    patient.breakdowns.mend("it")
    assert patient.connect().identity.maker != "ACME"


@pytest.mark.parametrize("patient", QUEUES, indirect=True)
def test_an_error_in_the_queue_surfaces_at_the_next_look(patient: Patient) -> None:
    patient.suffer("error", value=-310)
    with pytest.raises(InstrumentError, match=r"while looking: .*-310"):
        patient.driver.check_errors("looking")
    patient.driver.check_errors("looking again")


@pytest.mark.parametrize("patient", ["arduino_source"], indirect=True)
def test_an_error_of_the_source_stands_in_its_queue_and_in_its_status(patient: Patient) -> None:
    patient.suffer("error", value=-310, count=2)
    assert int(patient.driver.query("STAT?")) & 1 << 10
    assert [patient.driver.query("SYST:ERR?") for _ in range(2)] == ['-310,"Hardware error"'] * 2


@every_driver
def test_an_instrument_without_power_is_gone_and_starts_anew_when_it_is_back(patient: Patient) -> None:
    patient.suffer("dead")
    with pytest.raises(LinkError):
        patient.ask()
    patient.driver.close()
    with pytest.raises(LinkError, match="cannot be opened"):
        patient.connect()
    assert patient.double.putting_out() == 0
    patient.breakdowns.mend("it")
    eventually(patient.connect)
    assert patient.ask() is not None


def eventually(action: Callable[[], Any], within: float = 3.0) -> None:
    """Try again until it works: a port takes some milliseconds to open."""
    end = time.monotonic() + within
    while True:
        try:
            action()
            return
        except LinkError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


# What is put out.


def switch_on(patient: Patient) -> None:
    """Something flows from the first channel, of a program that would go on for long."""
    driver, role = patient.driver, DRIVERS[patient.name].role
    channel = next(iter(driver.channels))
    match role:
        case "SourceMeter":
            driver.configure(channel, SourceSetup("V", compliance=1e-3))
            driver.set_level(channel, 1.0)
            driver.on(channel)
        case "PowerSupply":
            driver.configure(channel, 1.0, 0.1)
            driver.on(channel)
        case _:
            level = 0.5 * driver.full_scale(channel)
            driver.load({channel: Program((Hold(level, 10_000_000_000), Hold(0.0, 1_000_000)))})
            driver.arm()
            driver.fire()
            driver.running()
    assert patient.double.putting_out() > 0


@every_driver_that_drives
def test_an_output_that_is_stuck_is_never_called_safe(patient: Patient) -> None:
    switch_on(patient)
    patient.suffer("stuck")
    patient.driver.safe()
    with pytest.raises(BenchError, match="was told to be safe, but"):
        patient.driver.confirm_safe()
    assert patient.double.putting_out() > 0
    with pytest.raises(BenchError):
        patient.driver.off()
    patient.breakdowns.mend("it")
    patient.driver.safe()
    patient.driver.confirm_safe()
    assert patient.double.putting_out() == 0


@every_driver_that_drives
def test_an_output_without_power_is_off_and_stays_off_when_power_is_back(patient: Patient) -> None:
    switch_on(patient)
    patient.suffer("dead")
    assert patient.double.putting_out() == 0
    patient.driver.close()
    patient.breakdowns.mend("it")
    eventually(patient.connect)
    patient.driver.confirm_safe()
    assert patient.double.putting_out() == 0


# On a bench with a board: current and volts.


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
