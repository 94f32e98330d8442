"""A client that waits for a slow instrument does not make the world leap: others on the same bench may be sourcing."""

import time

import pytest

from neurorig.instruments.simulated import World
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.models.keithley_2400 import SimulatedKeithley2400
from neurorig.instruments.simulated.models.keithley_2450 import SimulatedKeithley2450
from neurorig.instruments.simulated.models.keysight_34465a import SimulatedKeysight34465A
from neurorig.instruments.simulated.models.keysight_b2900a import SimulatedKeysightB2900A
from neurorig.instruments.simulated.world import POLL, Clock

from .fakes import Client, serving
from .source_bench import SourceBench

MODELS = {
    SimulatedKeithley2400: ("TRIG:DEL {delay};COUN {count}", "OUTP ON"),
    SimulatedKeithley2450: ("SENS:CURR:NPLC {periods}", "SENS:COUN {count}", 'TRIG:LOAD "SimpleLoop", {count}'),
    SimulatedKeysightB2900A: (":TRIG:SOUR TIM;TIM {delay};COUN {count}", "OUTP ON"),
    SimulatedKeysight34465A: ("TRIG:DEL {delay};COUN {count}",),
}
"""Measurements, each `delay` seconds or a little more after the last one; for the 2450 each takes so long."""
WAITS = ("INIT;*OPC?", "INIT\n*WAI\n*IDN?", "READ?")
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def slow(world, model, delay, count):
    device = model(world, {"1": Leads(world, Resistor(1e4))}, serial="1", seed=1)
    for line in MODELS[model]:
        # The reading and the source read back, three conversions each (autozero), at 50 Hz.
        device.execute(line.format(delay=delay, count=count, periods=delay * 50 / 6))
    assert device.execute("SYST:ERR?").startswith((b"0,", b"+0,"))
    return device


@every_model
@pytest.mark.parametrize("line", WAITS)
def test_a_source_that_is_polled_survives_twenty_seconds_of_somebody_elses_sweep(model, line):
    bench = SourceBench()
    bench.ok("OUTP1 ON")
    session = slow(bench.world, model, delay=1.0, count=20).session()
    steps: list[float] = []
    bench.world.listen(lambda start, stop: steps.append(stop - start))
    began = bench.world.now
    answer = session.receive(line.encode() + b"\n")
    while session.waiting:
        assert not answer
        assert bench.ask("OUTP1?") == "ON"
        bench.world.progress()
        answer = session.receive(b"")
    assert answer.endswith(b"\n")
    assert 19 < bench.world.now - began < 30
    assert max(steps) <= POLL * (1 + 1e-9)
    assert bench.errors() == []


def test_over_sockets_the_clock_is_kept_while_another_client_is_there():
    bench = SourceBench()
    bench.ok("SYST:WDOG 500", "OUTP1 ON")
    smu = slow(bench.world, SimulatedKeithley2450, delay=0.25, count=6)
    with (
        serving(bench.world, {"source": bench.source, "smu": smu}) as ports,
        Client(ports["source"]) as source,
        Client(ports["smu"]) as waiting,
    ):
        began = time.monotonic()
        waiting.write("INIT;*OPC?")
        while not smu.complete() or time.monotonic() - began < 0.2:
            assert source.query("OUTP1?") == "ON"
            time.sleep(0.05)
        assert waiting.query("*OPC?") == "1"
        assert time.monotonic() - began > 1.0
        assert source.query("SYST:ERR?").startswith("0,")


def test_alone_nobody_waits_for_the_clock():
    world = World(Clock())
    smu = slow(world, SimulatedKeithley2400, delay=10.0, count=60)
    with serving(world, {"smu": smu}) as ports, Client(ports["smu"]) as client:
        assert len(client.query("READ?").split(",")) == 60 * 5
    assert world.now > 600


@every_model
def test_paced_it_takes_the_time_that_it_takes(model):
    world = World(Clock(), paced=True)
    with serving(world, {"it": slow(world, model, delay=0.1, count=4)}) as ports, Client(ports["it"]) as client:
        began = time.monotonic()
        assert client.query("READ?")
        assert 0.3 < time.monotonic() - began < 3.0
        assert world.now == pytest.approx(time.monotonic() - began, abs=0.3)


@pytest.mark.parametrize("model", [SimulatedKeithley2400, SimulatedKeithley2450, SimulatedKeysightB2900A])
def test_what_ends_a_sweep_also_ends_the_waiting_for_it(model):
    world = World(Clock())
    session = slow(world, model, delay=1.0, count=20).session()
    assert session.receive(b"INIT;*OPC?\n") == b""
    assert session.receive(b"*IDN?\n:ABOR\n").startswith(b"1\nK")
    assert world.now < 1
