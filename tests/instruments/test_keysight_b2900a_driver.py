"""The driver of the B2900A against answers as its manual prints them: what it sends, reads, and refuses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest

from neurorig.instruments.drivers import DRIVERS
from neurorig.instruments.drivers.keysight_b2900a import KeysightB2900A
from neurorig.instruments.drivers.keysight_b2900a_train import MOST_LEVELS, schedule_of, timed
from neurorig.instruments.sourcing import Pulses, SourceSetup, Staircase
from neurorig.signals import BenchError, InstrumentError, LimitError, PlanError

from .doubles import OHMS, Double, double_of
from .fakes import address_of, serving
from .obedient import Obedient
from .scripted import Piece, Scripted, scripted

IDLE = str(1 << 1 | 1 << 4 | 1 << 7 | 1 << 10)
ANSWERS = {
    "*IDN?": "Keysight Technologies,B2912A,MY51141234,3.4.2011.5100",
    ":SYST:LFR?": "5.00000000E+01",
    ":SYST:INT:TRIP?": "0",
    ":STAT:OPER:COND?": IDLE,
    ":STAT:QUES:COND?": "0",
    ":SYST:ERR?": '+0,"No error"',
    "*OPC?": "1",
}
MEMRISTOR = SourceSetup("V", compliance=10e-6, source_range=2.0, measure_range=10e-6, nplc=0.1)


@contextmanager
def connected(script: Obedient) -> Iterator[tuple[KeysightB2900A, Scripted]]:
    with scripted(script) as server:
        driver = DRIVERS["keysight_b2900a"].connect(f"tcp://127.0.0.1:{server.port}", name="smu", timeout=1.0)
        server.heard.clear()
        yield driver, server
        driver.close()


class Remembering(Obedient):
    """Also keeps the list of levels."""

    def __call__(self, line: str) -> Sequence[Piece]:
        header, _, values = line.partition(" ")
        if header.endswith(":APP"):
            self.held[header[:-4]] += "," + values
            return []
        return super().__call__(line)


def sent(server: Scripted) -> list[str]:
    return [line for line in server.heard if line and not line.endswith("?")]


def block(rows: list[tuple[float, ...]]) -> bytes:
    """Rows of (volts, amperes, time, status, source) as ``REAL,64``, swapped."""
    data = np.array(rows, "<f8").tobytes()
    return f"#{len(str(len(data)))}{len(data)}".encode() + data


def test_connecting_ends_sweeps_brings_both_channels_to_zero_and_then_off():
    with scripted(Obedient(ANSWERS)) as server:
        DRIVERS["keysight_b2900a"].connect(f"tcp://127.0.0.1:{server.port}").close()
        told = sent(server)
    assert told[:14] == [
        ":ABOR (@1)", ":ABOR (@2)",
        ":SOUR1:VOLT:MODE FIX", ":SOUR1:CURR:MODE FIX", ":SOUR2:VOLT:MODE FIX", ":SOUR2:CURR:MODE FIX",
        ":SOUR1:VOLT 0", ":SOUR1:CURR 0", ":SOUR2:VOLT 0", ":SOUR2:CURR 0",
        ":OUTP1 OFF", ":OUTP2 OFF", "*RST", "*CLS",
    ]  # fmt: skip
    for n in (1, 2):
        assert {f":OUTP{n}:OFF:MODE HIZ", f":OUTP{n}:ON:AUTO OFF", f":OUTP{n}:PROT OFF"} < set(told)
    assert {":FORM REAL,64", ":FORM:BORD SWAP", ":FORM:ELEM:SENS VOLT,CURR,TIME,STAT,SOUR"} < set(told)


@pytest.mark.parametrize("maker", ["Keysight Technologies", "Agilent Technologies"])
@pytest.mark.parametrize(("model", "least"), [("B2902A", 100e-9), ("B2912A", 10e-9)])
def test_each_model_has_its_own_ranges(maker: str, model: str, least: float):
    with connected(Obedient({**ANSWERS, "*IDN?": f"{maker},{model},MY1,1.0"})) as (driver, _):
        driver.check("1", SourceSetup("A", 1.0, source_range=least))
        with pytest.raises(LimitError, match="is none of its ranges"):
            driver.check("1", SourceSetup("A", 1.0, source_range=least / 10))
        driver.check("1", SourceSetup("V", 3.03), (6.0,))
        with pytest.raises(LimitError, match=r"7 V together with 3.03 A is more than it gives"):
            driver.check("1", SourceSetup("V", 3.03), (7.0,))


@pytest.mark.parametrize("model", ["B2962A", "B2901A", "B2902B"])
def test_another_model_is_not_taken(model: str):
    with (
        pytest.raises(BenchError, match=f"{model}' answers"),
        connected(Obedient({**ANSWERS, "*IDN?": f"Keysight Technologies,{model},MY1,1.0"})),
    ):
        pass


def test_a_setup_touches_its_own_channel_alone_and_ends_with_the_limit():
    with connected(Obedient(ANSWERS)) as (driver, server):
        driver.configure("2", MEMRISTOR)
        told = sent(server)
    assert told[0] == ":ABOR (@2)" and ":OUTP2 OFF" in told[:6]
    assert not [line for line in told if line.startswith((":SOUR1", ":SENS1", ":OUTP1"))]
    limit, fixed = ":SENS2:CURR:PROT 1E-05", ":SENS2:CURR:RANG 1E-05"
    assert told.index(":SENS2:CURR:RANG:AUTO ON") < told.index(limit) < told.index(fixed)
    assert told[-1] == limit
    assert {":SOUR2:VOLT:RANG 2", ":SOUR2:SWE:RANG FIX", ":SENS2:REM OFF", ":SENS2:CURR:NPLC 0.1"} < set(told)


def test_an_aperture_that_the_instrument_clips_is_an_error():
    with (
        connected(Obedient({**ANSWERS, ":SENS1:CURR:NPLC?": "1.00000000E+00"})) as (driver, _),
        pytest.raises(InstrumentError, match=r"nplc was set to 0\.1 but reads back 1"),
    ):
        driver.configure("1", MEMRISTOR)


def test_volts_that_need_the_interlock_are_not_switched_on_without_it():
    with connected(Obedient({**ANSWERS, ":SYST:INT:TRIP?": "1"})) as (driver, server):
        driver.configure("1", SourceSetup("A", compliance=100.0))
        with pytest.raises(BenchError, match="100 V need the interlock, which is open"):
            driver.on("1")
        assert ":OUTP1 ON" not in server.heard


def loaded(script: Obedient, driver: KeysightB2900A, train: Staircase | Pulses, level: float = 0.0) -> None:
    driver.configure("1", MEMRISTOR)
    driver.set_level("1", level)
    driver.load("1", train)
    script.answers[":OUTP1?"] = "1"


def started(script: Obedient, driver: KeysightB2900A, train: Staircase | Pulses, level: float = 0.0) -> None:
    loaded(script, driver, train, level)
    driver.start()


def test_a_staircase_is_a_list_on_a_timer_and_measurements_on_another():
    script = Remembering(ANSWERS)
    with connected(script) as (driver, server):
        started(script, driver, Staircase(tuple(0.01 * k for k in range(101)), dwell=0.01), level=0.5)
        assert not driver.running()
        told = sent(server)
    (first,), (second,) = (
        [line for line in told if line.startswith(h)] for h in (":SOUR1:LIST:VOLT ", ":SOUR1:LIST:VOLT:APP ")
    )
    assert first.count(",") == 99 and second == ":SOUR1:LIST:VOLT:APP 1,0.5", "it ends at the level of before"
    lead = 0.1 / 50 + 50e-6
    assert {
        ":SOUR1:FUNC:SHAP DC", ":SOUR1:VOLT:MODE LIST",
        ":TRIG1:TRAN:SOUR TIM", ":TRIG1:TRAN:TIM 0.01", ":TRIG1:TRAN:COUN 102",
        ":TRIG1:ACQ:SOUR TIM", ":TRIG1:ACQ:TIM 0.01", ":TRIG1:ACQ:COUN 101", f":TRIG1:ACQ:DEL {0.01 - lead:.10G}",
        ":SENS1:WAIT OFF",
    } < set(told)  # fmt: skip
    assert told[-1] == ":INIT (@1)"


def test_pulses_with_reads_are_a_list_on_a_common_time_step():
    """A write of 5 ms and a read of 20 ms with gaps of 10 ms: 5, 10, 20 and 10 ms are 9 steps of 5 ms."""
    script = Remembering(ANSWERS)
    with connected(script) as (driver, server):
        started(script, driver, Pulses((0.6, -0.6), width=5e-3, gap=0.01, read=0.05, read_width=0.02))
        held = [float(value) for value in script.held[":SOUR1:LIST:VOLT"].split(",")]
        told = sent(server)
    one = [0.6, 0, 0, 0.05, 0.05, 0.05, 0.05, 0, 0]
    assert held == [*one, -0.6, *one[1:], 0.0]
    lead = 0.1 / 50 + 50e-6
    assert {
        ":TRIG1:TRAN:TIM 0.005", ":TRIG1:TRAN:COUN 19", ":TRIG1:ACQ:TIM 0.045", ":TRIG1:ACQ:COUN 2",
        f":TRIG1:ACQ:DEL {0.035 - lead:.10G}",
    } < set(told)  # fmt: skip


def test_pulses_that_make_too_long_a_list_take_the_pulse_shape_upon_their_base():
    """10 ms every second, a hundred times: in steps of 10 ms far too many levels, as pulses a hundred."""
    script = Remembering(ANSWERS)
    with connected(script) as (driver, server):
        started(script, driver, Pulses((0.6,) * 100, width=1e-2, gap=0.99, base=0.1), level=0.2)
        assert driver.query(":STAT:OPER:COND?") == IDLE
        told = sent(server)
        assert {
            ":SOUR1:FUNC:SHAP PULS", ":SOUR1:PULS:WIDT 0.01", ":SOUR1:PULS:DEL 0", ":TRIG1:TRAN:TIM 1",
            ":TRIG1:TRAN:COUN 100", ":TRIG1:ACQ:TIM 1", ":TRIG1:ACQ:COUN 100",
        } < set(told)  # fmt: skip
        assert told[-2:] == [":SOUR1:VOLT 0.1", ":INIT (@1)"]
        assert not driver.running()
        assert sent(server)[-1] == ":SOUR1:VOLT 0.2", "back at the level of before"


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (
            Pulses((0.6,) * 500, width=5e-3, gap=0.01, read=0.05, read_width=0.02),
            r"longest step .* is 5 ms, which makes 4500 levels; its list holds 2499: 277 of these pulses fit at once",
        ),
        (Pulses((0.6,) * 500, width=5e-3, gap=0.01, read=0.05, read_width=0.02), "Or take read_width = width"),
        (
            Pulses((0.6,), width=5.001e-3, gap=0.01, read=0.05, read_width=0.02),
            r"step .* is 1 us; its timer needs 20 us",
        ),
        (Pulses((0.6,), width=1 / 300, gap=0.01), "count whole microseconds, with 6 digits"),
        (Pulses((0.6,) * 3, width=1e-3, gap=50.0, read=0.05, read_width=0.1), "not even one of these pulses fits"),
    ],
)
def test_pulses_that_do_not_go_on_one_timer_are_refused_with_what_would_fit(train: Pulses, why: str):
    with pytest.raises(PlanError, match=why):
        schedule_of("smu channel 1", train)


@pytest.mark.parametrize(
    ("seconds", "counted"),
    [(1 / 3, 0.333333), (10 / 3, 3.33333), (1e5 / 3, 33333.3), (2.6e-6, 3e-6), (0.0123456, 0.012346), (1e5, 1e5)],
)
def test_a_timer_counts_six_digits_and_whole_microseconds(seconds: float, counted: float):
    assert timed(seconds) == pytest.approx(counted, rel=1e-12)


def test_as_many_pulses_as_are_said_to_fit_do_fit():
    fitting = Pulses((0.6,) * 277, width=5e-3, gap=0.01, read=0.05, read_width=0.02)
    assert len(schedule_of("it", fitting).levels) == 277 * 9 <= MOST_LEVELS


def test_readings_are_told_from_their_status_and_their_level():
    script = Remembering(ANSWERS)
    with connected(script) as (driver, _):
        started(script, driver, Staircase((0.1, 0.2, 0.3), dwell=0.01))
        rows = [(0.1, 1e-6, 7.0, 0, 0.1), (0.2, 2e-6, 7.01, 16384, 0.2), (0.25, 1e-5, 7.02, 2, 0.3)]
        script.answers[":FETC:ARR?"] = block(rows)
        readings = driver.fetch("1")
        assert readings.volts == pytest.approx([0.1, 0.2, 0.25]) and readings.amperes == pytest.approx(
            [1e-6, 2e-6, 1e-5]
        )
        assert readings.times == pytest.approx([0.0, 0.01, 0.02])
        assert readings.limited.tolist() == [False, False, True]
        script.answers[":FETC:ARR?"] = block([*rows[:2], (0.3, np.inf, 7.02, 8192, 0.3)])
        assert np.isnan(driver.fetch("1").amperes[2]) and "beyond the measuring range" in driver.warnings[0]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([(0.1, 1e-6, 0.0, 0, 0.1)], "holds 1 readings, 2 were expected"),
        ([(0.1, 1e-6, 0.0, 0, 0.1), (0.1, 1e-6, 0.01, 0, 0.1)], "reading 2 was made at 100 mV, not at 200 mV"),
        ([(0.1, 1e-6, 0.0, 0, 0.1), (np.nan, 1e-6, 0.01, 0, 0.2)], "1 readings were not made"),
    ],
)
def test_readings_that_are_not_those_of_the_train_are_refused(rows: list[tuple[float, ...]], why: str):
    script = Remembering(ANSWERS)
    with connected(script) as (driver, _):
        started(script, driver, Staircase((0.1, 0.2), dwell=0.01))
        script.answers[":FETC:ARR?"] = block(rows)
        with pytest.raises(InstrumentError, match=why):
            driver.fetch("1")


def test_it_runs_until_source_and_measurement_are_idle_and_lost_triggers_are_told():
    script = Remembering(ANSWERS)
    with connected(script) as (driver, _):
        started(script, driver, Staircase((0.1, 0.2), dwell=0.01))
        for condition in (0, 1 << 1, 1 << 4, 1 << 7 | 1 << 10):
            script.answers[":STAT:OPER:COND?"] = str(condition)
            assert driver.running()
        script.answers[":STAT:OPER:COND?"] = str(1 << 1 | 1 << 4)
        assert not driver.running(), "the other channel does not matter"
    idle = str(1 << 1 | 1 << 4)
    script = Remembering({**ANSWERS, ":STAT:OPER:COND?": idle, ":STAT:QUES:COND?": str(1 << 12)})
    with connected(script) as (driver, _):
        started(script, driver, Staircase((0.1, 0.2), dwell=0.01))
        with pytest.raises(InstrumentError, match="channel 1: triggers were lost"):
            driver.running()


def test_a_measurement_initiates_the_meter_alone():
    script = Remembering({**ANSWERS, ":FETC:ARR?": block([(0.0, 1e-9, 0.0, 0, 0.0), (0.0, 1e-9, 0.02, 0, 0.0)])})
    with connected(script) as (driver, server):
        driver.configure("2", MEMRISTOR)
        driver.on("2")
        assert len(driver.measure("2", 2)) == 2
        told = server.heard
    start = told.index(":INIT:ACQ (@2)")
    assert {":TRIG2:ACQ:SOUR AINT", ":TRIG2:ACQ:COUN 2", ":TRIG2:ACQ:DEL 0", ":SENS2:WAIT ON"} < set(told[:start])
    assert told[start + 1 : start + 3] == ["*OPC?", ":FETC:ARR? (@2)"]
    assert not [line for line in told if line.startswith(":INIT (")]


# -- before the simulated instrument of this model ---------------------------------------------------------------------


@pytest.fixture
def table() -> Iterator[tuple[KeysightB2900A, Double]]:
    """A driver and what the leads of its two channels touch: 10 kohm each."""
    double = double_of("keysight_b2900a")
    with serving(double.world, {"it": double.device}) as ports:
        driver = DRIVERS["keysight_b2900a"].connect(address_of(ports), name="smu")
        yield driver, double
        driver.close()


VOLTS = SourceSetup("V", compliance=1e-3, source_range=2.0, measure_range=1e-3, nplc=0.1)


def run(driver: KeysightB2900A) -> None:
    driver.start()
    while driver.running():
        pass


def put_out(double: Double, channel: str) -> list[tuple[float, float]]:
    """(time, level) of everything that a channel is told to put out from now on."""
    told: list[tuple[float, float]] = []
    leads, hold = double.lines[channel], double.lines[channel].hold

    def remember(source: str, level: float, compliance: float) -> None:
        told.append((leads.world.now, level))
        hold(source, level, compliance)

    leads.hold = remember
    return told


def test_both_channels_run_their_trains_together_each_with_its_own(table: tuple[KeysightB2900A, Double]):
    driver, double = table
    stairs = {"1": Staircase((0.1, 0.2, 0.3), dwell=0.02), "2": Staircase((-0.5, 0.5), dwell=0.05)}
    for channel, train in stairs.items():
        driver.configure(channel, VOLTS)
        driver.on(channel)
        driver.load(channel, train)
    run(driver)
    for channel, train in stairs.items():
        seen = driver.fetch(channel)
        assert seen.levels.tolist() == list(train.levels)
        assert seen.volts == pytest.approx(train.levels, abs=3e-3)
        assert seen.amperes == pytest.approx(np.array(train.levels) / OHMS, rel=0.02)
        assert np.diff(seen.times) == pytest.approx(np.full(len(seen) - 1, train.dwell), rel=1e-3)
        assert double.lines[channel].held.level == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("gap", [2e-3, 0.999], ids=["as a list", "as pulses"])
def test_pulses_are_as_long_as_they_shall_be_and_measured_at_their_end(
    table: tuple[KeysightB2900A, Double], gap: float
):
    driver, double = table
    setup = SourceSetup("V", compliance=1e-3, source_range=2.0, measure_range=1e-3, nplc=0.01)
    driver.configure("1", setup)
    driver.set_level("1", 0.05)
    driver.on("1")
    told = put_out(double, "1")
    driver.load("1", Pulses((0.5, 1.0, -1.0), width=1e-3, gap=gap, base=0.1))
    run(driver)
    seen = driver.fetch("1")
    assert seen.volts == pytest.approx([0.5, 1.0, -1.0], abs=3e-3) and not seen.limited.any()
    assert np.diff(seen.times) == pytest.approx(np.full(2, 1e-3 + gap), rel=1e-3)
    changes = np.array([told[k] for k in range(len(told)) if k == 0 or abs(told[k][1] - told[k - 1][1]) > 0.01])
    for level in (0.5, 1.0, -1.0):
        (rise,) = np.flatnonzero(np.isclose(changes[:, 1], level, atol=3e-3))
        assert changes[rise + 1, 0] - changes[rise, 0] == pytest.approx(1e-3, rel=1e-2)
        assert changes[rise + 1, 1] == pytest.approx(0.1, abs=3e-3)
    assert double.lines["1"].held.level == pytest.approx(0.05, abs=1e-3), "back at the level of before"


def test_switching_off_ends_running_trains_at_zero(table: tuple[KeysightB2900A, Double]):
    driver, double = table
    for channel in ("1", "2"):
        driver.configure(channel, VOLTS)
        driver.on(channel)
        driver.load(channel, Staircase((1.0,) * 100, dwell=0.1))
    driver.start()
    assert driver.running() and double.putting_out() == pytest.approx(1.0, rel=1e-2)
    driver.off()
    assert double.putting_out() == 0 and not driver.running()
    assert not any(leads.hot_switched for leads in double.lines.values())


def test_without_a_fixed_range_a_level_waits_for_its_measurement(table: tuple[KeysightB2900A, Double]):
    driver, _ = table
    driver.configure("1", SourceSetup("V", compliance=1e-3, nplc=0.1))
    driver.on("1")
    levels = (1e-3, 1.0, 1e-3, 1.0)
    driver.load("1", Staircase(levels, dwell=0.02))
    run(driver)
    seen = driver.fetch("1")
    assert seen.amperes == pytest.approx(
        np.array(levels) / OHMS, rel=0.02, abs=5e-8
    )  # 225 uV of the source, and as much of the meter
    assert (np.diff(seen.times) >= 0.02 * (1 - 1e-3)).all() and seen.times[-1] < 3 * 0.04
