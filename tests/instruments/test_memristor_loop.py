"""The I-V loop of an SDC memristor (Benatti 2023, Fig. 1b) by every source-meter of the registry, on a simulated bench.

0 -> 0.4 -> 0 -> -0.8 -> 0 V on a fixed range of 10 uA: it switches on at positive volts and is held back by the compliance
of 5 uA there, and it switches off at negative ones.
"""

from pathlib import Path

import numpy as np
import pytest

from neurorig.instruments import DRIVERS, load_bench
from neurorig.instruments.simulated.bench import SimulatedBench
from neurorig.instruments.sourcing import Pulses, Readings, SourceSetup, Staircase
from neurorig.signals import PlanError

from .fakes import serving

METERS = sorted(name for name, entry in DRIVERS.items() if entry.role == "SourceMeter")
R_ON, R_OFF, R_S = 45.45e3, 500e3, 10e3  # of the board file
COMPLIANCE = 5e-6
ONLY_LISTS = ("keithley_2400", "keithley_4200a")
"""Those whose pulses are lists of equally long levels."""
LOOP = tuple(np.round(np.interp(np.arange(97), [0, 16, 32, 64, 96], [0, 0.4, 0, -0.8, 0]), 4))
OFF_BEFORE, POSITIVE, ON, OFF_AGAIN = slice(2, 7), slice(0, 33), slice(24, 32), slice(60, 96)


@pytest.fixture(params=METERS)
def table(request, tmp_path: Path):
    """The driver, its first channel, and the leads with the memristor on them."""
    channel = DRIVERS[request.param].channels[0]
    path = tmp_path / "memristor.toml"
    path.write_text(
        'schema = 1\ntitle = "An SDC memristor on a source-meter"\n'
        f'[instruments.smu]\ndriver = "{request.param}"\nresource = "tcp://192.168.1.60:5025"\n'
        f'[terminals."smu.{channel}"]\ndevice = "benatti2023_fig1"\nvoltage = "1 V"\ncurrent = "20 uA"\n',
        encoding="utf-8",
    )
    simulated = SimulatedBench(load_bench(path), seed=7)
    with serving(simulated.world, {"smu": simulated.devices["smu"]}) as ports:
        driver = DRIVERS[request.param].connect(f"tcp://127.0.0.1:{ports['smu']}", name="smu")
        yield driver, channel, simulated.leads[f"smu.{channel}"]
        driver.close()


def swept(driver, channel: str, train: Staircase | Pulses, nplc: float) -> Readings:
    setup = SourceSetup("V", COMPLIANCE, source_range=nearest_range(driver, 0.8), measure_range=10e-6, nplc=nplc)
    driver.configure(channel, setup)
    driver.load(channel, train)
    driver.on(channel)
    driver.start()
    while driver.running():
        pass
    found: Readings = driver.fetch(channel)
    driver.off()
    return found


def nearest_range(driver, volts: float) -> float:
    return next(r for r in driver.reach.volts if r >= volts)


def witness(leads) -> list[tuple[float, float]]:
    """Every level that is put on the leads from now on, with the world's time."""
    told: list[tuple[float, float]] = []
    hold = leads.hold

    def remember(source: str, level: float, compliance: float) -> None:
        told.append((leads.world.now, level))
        hold(source, level, compliance)

    leads.hold = remember
    return told


def test_a_long_list_comes_complete(table):
    """More levels than any of them takes in one line or gives in one transfer; fast, and back at the level of before."""
    driver, channel, leads = table
    levels = tuple(np.round(0.05 * np.sin(np.arange(1200) / 50), 6))
    setup = SourceSetup("V", COMPLIANCE, source_range=nearest_range(driver, 0.05), measure_range=10e-6, nplc=0.01)
    driver.configure(channel, setup)
    driver.set_level(channel, 0.02)
    driver.on(channel)
    driver.load(channel, Staircase(levels, dwell=5e-3))
    driver.start()
    while driver.running():
        pass
    seen = driver.fetch(channel)
    np.testing.assert_allclose(seen.levels, levels)
    assert seen.volts == pytest.approx(np.array(levels), abs=1.5e-3)
    assert leads.held.level == pytest.approx(0.02, abs=1e-3)
    driver.off()
    assert leads.held is None


def test_the_loop_opens_and_compliance_is_flagged_and_kept(table):
    driver, channel, leads = table
    seen = swept(driver, channel, Staircase(LOOP, dwell=0.05), nplc=0.5)
    assert len(seen) == len(LOOP)
    np.testing.assert_array_equal(seen.levels, LOOP)
    assert np.diff(seen.times) == pytest.approx(np.full(96, 0.05), rel=0.1)
    ohms = seen.volts[1:-1] / seen.amperes[1:-1]
    ohms = np.concatenate(([np.nan], ohms, [np.nan]))
    assert ohms[OFF_BEFORE] == pytest.approx(np.full(5, R_OFF + R_S), rel=0.1)
    assert (ohms[ON] < 0.2 * R_OFF).all() and (ohms[ON] > 0.95 * (R_ON + R_S)).all(), "the loop is open"
    assert ohms[OFF_AGAIN] == pytest.approx(np.full(36, R_OFF + R_S), rel=0.05)
    # What was limited is marked, did not get its volts, and is there.
    limited = np.flatnonzero(seen.limited)
    assert 4 <= len(limited) < 20
    assert set(limited) <= set(range(97)[POSITIVE])
    assert seen.amperes[limited] == pytest.approx(np.full(len(limited), COMPLIANCE), rel=0.02)
    missing = seen.levels[limited] - seen.volts[limited]
    assert (missing > 0).all() and missing.max() > 0.05
    honest = ~seen.limited
    assert seen.volts[honest] == pytest.approx(seen.levels[honest], abs=3e-3)
    assert leads.held is None, "the relay is open"
    assert driver.warnings == []


def test_pulses_write_and_slow_reads_between_them_see_the_weight_grow(table):
    driver, channel, leads = table
    put_out = witness(leads)
    equal = {"width": 0.06, "gap": 0.06, "read_width": 0.06}
    shaped = {"width": 5e-3, "gap": 10e-3, "read_width": 0.06}
    train = Pulses((0.45,) * 12, read=0.05, **(equal if driver.driver in ONLY_LISTS else shaped))
    if driver.driver in ONLY_LISTS:
        with pytest.raises(PlanError, match="take width = gap = read_width"):
            driver.check_train(
                channel, SourceSetup("V", COMPLIANCE, measure_range=10e-6), Pulses((0.45,), read=0.05, **shaped)
            )
    seen = swept(driver, channel, train, nplc=1.0)
    assert seen.levels.tolist() == [0.05] * 12
    period = train.width + 2 * train.gap + train.read_width
    if driver.driver not in ONLY_LISTS:
        edges = np.array(put_out)[np.abs(np.diff([0.0, *(level for _, level in put_out)])) > 0.01]
        widths = {
            round(level, 2): np.diff(edges[:, 0])[np.isclose(edges[:-1, 1], level, atol=5e-3)] for level in (0.45, 0.05)
        }
        assert widths[0.45] == pytest.approx(np.full(12, train.width), rel=0.01)
        assert widths[0.05] == pytest.approx(np.full(12, train.read_width), rel=0.01)
    assert np.diff(seen.times) == pytest.approx(np.full(11, period), rel=0.05)
    conductance = seen.amperes / seen.volts
    assert conductance[-1] > 1.1 * conductance[0]
    assert (np.diff(conductance) > -0.02 * conductance[0]).all()
    assert not seen.limited.any()
