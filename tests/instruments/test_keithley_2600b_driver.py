"""The driver of the 2600B against answers as its manual prints them: what it sends, reads, and refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from neurorig.instruments.drivers import DRIVERS
from neurorig.instruments.drivers.keithley_2600b import Keithley2600B
from neurorig.instruments.sourcing import Pulses, SourceSetup, Staircase
from neurorig.signals import BenchError, InstrumentError, LimitError, PlanError

from .obedient import Obedient
from .scripted import Scripted, scripted

ANSWERS = {
    "*IDN?": "Keithley Instruments Inc., Model 2602B, 4098765, 3.3.5",
    "print(localnode.linefreq)": "5.000000000000000e+01",
    "print('in": lambda line: line[7:-2],
}
MEMRISTOR = SourceSetup("V", compliance=10e-6, source_range=1.0, measure_range=10e-6, nplc=0.1)


@contextmanager
def connected(**answers: Any) -> Iterator[tuple[Keithley2600B, Obedient, Scripted]]:
    script = Obedient({**ANSWERS, **answers}, tsp=True)
    with scripted(script) as server:
        driver = DRIVERS["keithley_2600b"].connect(f"tcp://127.0.0.1:{server.port}", name="smu", timeout=1.0)
        server.heard.clear()
        yield driver, script, server
        driver.close()


def sent(server: Scripted) -> list[str]:
    return [line for line in server.heard if line and not line.startswith("print")]


def test_connecting_aborts_what_runs_brings_the_levels_to_zero_and_then_the_outputs_off():
    with scripted(Obedient(ANSWERS, tsp=True)) as server:
        DRIVERS["keithley_2600b"].connect(f"tcp://127.0.0.1:{server.port}").close()
        told = sent(server)
    assert told[1] == "abort"  # after *IDN?
    off = [k for k, line in enumerate(told) if line.endswith("source.output = 0")]
    zero = [k for k, line in enumerate(told) if ".source.level" in line and line.endswith(" = 0")]
    assert len(off) == 2 and len(zero) == 4 and max(zero) < min(off) < told.index("reset()")
    assert {"smua.source.offmode = 2", "smub.source.offmode = 2", "format.data = 3", "localnode.prompts = 0"} < set(
        told
    )
    assert not any(line.endswith("source.output = 1") for line in told)


def test_a_single_channel_model_is_not_taken_for_one_with_two():
    with (
        pytest.raises(BenchError, match=r"'Keithley Instruments Inc./Model 2601B' answers"),
        connected(**{"*IDN?": "Keithley Instruments Inc., Model 2601B, 1, 3.3.5"}),
    ):
        pass


def test_a_setup_of_one_channel_leaves_the_other_alone():
    with connected() as (driver, _, server):
        driver.configure("b", MEMRISTOR)
        told = sent(server)
    assert not any("smua" in line for line in told)
    limit, fixed = "smub.source.limiti = 1E-05", "smub.measure.rangei = 1E-05"
    assert (
        told.index("smub.source.levelv = 0") < told.index("smub.source.output = 0") < told.index("smub.source.func = 1")
    )
    assert told.index("smub.measure.autorangei = 1") < told.index(limit) < told.index(fixed)
    assert told[-1] == limit
    assert {"smub.source.rangev = 1", "smub.measure.nplc = 0.1", "smub.sense = 0"} < set(told)


def test_a_limit_that_the_instrument_changes_is_an_error():
    with (
        connected(**{"print(smua.source.limiti)": "1.000000000000000e-04"}) as (driver, _, _),
        pytest.raises(InstrumentError, match=r"smu channel a: amperes_limit was set to 10 uA but reads back 100 uA"),
    ):
        driver.configure("a", MEMRISTOR)


def test_what_the_instrument_has_against_a_setup_surfaces():
    with connected() as (driver, script, _):
        script.errors = ["-2.22000e+02\tParameter data out of range\t2.00000e+01\t1.00000e+00"]
        with pytest.raises(InstrumentError, match=r'setting up channel a: -222,"Parameter data out of range"'):
            driver.configure("a", MEMRISTOR)


def test_the_interlock_is_asked_where_the_model_has_one():
    setup = SourceSetup("V", compliance=1e-3, source_range=200.0)
    with connected(**{"*IDN?": "Keithley Instruments Inc., Model 2636B, 1, 3.3.5"}) as (driver, script, server):
        driver.configure("a", setup)
        with pytest.raises(BenchError, match="smu channel a: 200 V need the interlock"):
            driver.on("a")
        assert "smua.source.output = 1" not in server.heard
        script.held["status.measurement.condition"] = "2048"
        driver.on("a")
        assert "smua.source.output = 1" in server.heard
    with connected() as (driver, _, _), pytest.raises(LimitError, match="source_range 200 V is none of its ranges"):
        driver.configure("a", setup)


def test_the_script_is_loaded_once_and_a_staircase_is_a_list_on_timers():
    with connected() as (driver, _, server):
        for channel in "ab":
            driver.configure(channel, MEMRISTOR)
            driver.load(channel, Staircase(tuple(0.01 * k for k in range(45)), dwell=0.01))
            driver.on(channel)
        given = [line for line in server.heard if line.startswith("function ")]
        assert len(given) == len(set(given)) == 7
        assert not any("loadscript" in line for line in server.heard), "what makes it safe would be collected, too"
        driver.start()
        assert driver.sweeping == 0  # an answer: all that was sent before has arrived
        told = sent(server)
    lists = [line for line in told if line.startswith("neurorig_add")]
    assert [line.count(",") for line in lists] == [40, 5, 40, 5]
    lead = 2 * (0.1 / 50 + 40e-6)
    assert [line for line in told if line.startswith("neurorig_staircase")] == [
        f'neurorig_staircase("{c}", smu{c}, smu{c}.trigger.source.listv, {first}, 44, 0.01, {0.01 - lead:.10G})'
        for c, first in (("a", 1), ("b", 5))
    ]
    assert told[-1] == "smua.trigger.initiate() smub.trigger.initiate()"
    assert {"smua.nvbuffer1.clear()", "smua.nvbuffer2.clear()", "smub.nvbuffer1.clear()"} < set(told)


def test_pulses_go_back_to_their_base_and_reads_are_measured_beside_them():
    train = Pulses((0.6, -0.6), width=1e-3, gap=2e-3, base=0.01, read=0.05, read_width=10e-3)
    lead = 2 * (0.1 / 50 + 40e-6)
    with connected() as (driver, script, server):
        driver.configure("a", MEMRISTOR)
        driver.load("a", train)
        driver.on("a")
        driver.start()
        script.held["smua.nvbuffer1.n"] = "4"
        assert not driver.running()
        told = sent(server)
    assert 'neurorig_add("a", {0.6,0.05,-0.6,0.05})' in told
    call = (
        '"a", smua, smua.trigger.source.listv, 1, 1, 0.015, 0.001, '
        f"{0.013 - lead:.10G}, 0.003, 0.01, {lead + 0.2e-3:.10G}"
    )
    assert f"neurorig_reads({call})" in told
    begun = told.index("smua.trigger.initiate()")
    assert told[begun - 1] == "smua.source.levelv = 0.01" and told[begun + 1] == "smua.source.levelv = 0"


def test_a_read_that_has_no_room_beside_the_pulses_says_what_has():
    with connected() as (driver, _, _), pytest.raises(PlanError, match=r"takes 50 ms, and two .* 80.56 ms with nplc 1"):
        setup = SourceSetup("V", compliance=10e-6, measure_range=10e-6, nplc=1.0)
        driver.check_train("a", setup, Pulses((0.6,), width=1e-3, gap=2e-3, read=0.05, read_width=45e-3))


def test_readings_come_in_chunks_and_binary_with_their_compliance():
    levels = tuple(0.0001 * k for k in range(1500))
    rows = np.array(
        [(1e-6 * k, level, 5 + 0.01 * k, 0x40 if k == 1499 else 0x10) for k, level in enumerate(levels)], "<f8"
    )

    def data(line: str) -> bytes:
        first, last = (int(x) for x in line.removeprefix("printbuffer(").split(",")[:2])
        return b"#0" + rows[first - 1 : last].tobytes()

    with connected() as (driver, script, server):
        script.answers["printbuffer(1,"] = script.answers["printbuffer(1001,"] = data
        driver.configure("a", MEMRISTOR)
        driver.load("a", Staircase(levels, dwell=0.01))
        driver.on("a")
        driver.start()
        script.held["status.operation.sweeping.condition"] = "6"
        assert driver.running()
        script.held["status.operation.sweeping.condition"] = "4"  # channel b of somebody else
        script.held["smua.nvbuffer1.n"] = "1500"
        assert not driver.running()
        readings = driver.fetch("a")
        asked = [line for line in server.heard if line.startswith("printbuffer")]
    assert asked[1].startswith("printbuffer(1001, 1500, smua.nvbuffer1.readings, smua.nvbuffer2.readings, ")
    assert len(readings) == 1500
    np.testing.assert_allclose(readings.amperes, rows[:, 0])
    np.testing.assert_allclose(readings.volts, levels)
    np.testing.assert_allclose(readings.times, 0.01 * np.arange(1500), atol=1e-9)
    assert np.flatnonzero(readings.limited).tolist() == [1499]


def test_a_train_that_ended_early_is_told():
    with connected() as (driver, _, _):
        driver.configure("a", MEMRISTOR)
        driver.load("a", Staircase((0.1, 0.2), dwell=0.01))
        driver.on("a")
        driver.start()
        with pytest.raises(InstrumentError, match="smu channel a: the train ended after 0 of 2 readings"):
            driver.running()
        with pytest.raises(InstrumentError, match="there is nothing to fetch"):
            driver.fetch("a")


def test_a_link_out_of_step_comes_back_by_printing():
    with connected() as (driver, _, _):
        driver.link._surplus = b"late answer"
        assert driver.line_frequency == 50


def test_an_output_that_stays_on_is_told():
    with (
        connected(**{"print(smub.source.output)": "1.000000000000000e+00"}) as (driver, _, _),
        pytest.raises(InstrumentError, match=r"was told to be safe, but answers '1.0"),
    ):
        driver.off()
