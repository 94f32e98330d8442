"""The simulated converter between a generator and a port: what current becomes of volts, and how soon."""

import math

import numpy as np
import pytest

from neurorig.hardware.board import load_board
from neurorig.hardware.twin import Twin
from neurorig.instruments.bench_file import TransconductanceEntry
from neurorig.instruments.delivered import Delivered
from neurorig.instruments.simulated import World
from neurorig.instruments.simulated.lines import Converter, LogicLine, PortOutput
from neurorig.instruments.simulated.models.keysight_33500b import SimulatedKeysight33500B
from neurorig.instruments.simulated.settling import ERROR, Settling
from neurorig.signals import ConfigError, Steps

from .fakes import quiet_world

TAU = 2e-3


class Current:
    """A current output that remembers what it was told."""

    stuck = False

    def __init__(self, world):
        self.world, self.changes, self.stayed = world, [(-math.inf, 0.0)], False

    def _from(self, when, amperes):
        self.changes = [c for c in self.changes if c[0] < when] + [(when, amperes)]

    def drive(self, amperes):
        self._from(self.world.now, amperes)

    def stay(self):
        self.stayed = True

    def play(self, steps, start):
        assert steps.unit == "A"
        self.changes = [c for c in self.changes if c[0] < start]
        self.changes += zip((start + steps.edges[:-1]).tolist(), steps.levels.tolist(), strict=True)

    def at(self, times):
        edges, amperes = np.array(self.changes).T
        return amperes[np.searchsorted(edges, np.asarray(times), side="right") - 1]


def bench(**entry):
    world = quiet_world()
    output = Current(world)
    return world, output, Converter(output, TransconductanceEntry(gain="50 uA/V", **entry), world)


def test_without_a_time_constant_nothing_is_added():
    world, output, converter = bench(offset="1 uA")
    converter.play(Steps.of([0.1, 0.2], [1.0, -0.5], "V"), 0.5)
    assert output.changes[1:] == [(0.5, pytest.approx(51e-6)), (0.6, pytest.approx(-24e-6))]
    world.advance_to(1.0)
    converter.drive(0.0)
    assert output.changes[-1] == (1.0, 1e-6)


def test_a_step_is_approached_exponentially():
    world, output, converter = bench(time_constant=TAU)
    world.advance_to(0.1)
    converter.drive(2.0)
    times = 0.1 + np.linspace(0, 12 * TAU, 5000, endpoint=False)
    exact = 100e-6 * (1 - np.exp(-(times - 0.1) / TAU))
    assert np.abs(output.at(times) - exact).max() <= ERROR * 100e-6 * (1 + 1e-9)
    assert output.at(1.0) == 100e-6
    assert len(output.changes) < 600


def test_a_program_is_followed_within_a_thousandth_of_its_greatest_change():
    _, output, converter = bench(time_constant=TAU, offset="2 uA")
    rng = np.random.default_rng(4)
    dt = 10e-6  # every step lasts a whole number of these: from one to the next the approach is exact
    steps = Steps.of(dt * rng.integers(40, 1000, 200), rng.uniform(-1, 1, 200), "V")
    converter.play(steps, 0.0)
    times = dt * np.arange(round(steps.duration / dt))
    goals, exact, level = 50e-6 * steps.at(times + dt / 2) + 2e-6, np.empty(len(times)), 2e-6
    for k, goal in enumerate(goals):
        exact[k] = level
        level = goal + (level - goal) * math.exp(-dt / TAU)
    largest = 50e-6 * np.ptp(steps.levels)
    assert np.abs(output.at(times + 1e-9) - exact).max() < 1.1 * ERROR * largest


def test_how_a_command_is_cut_makes_no_difference():
    together, apart = Settling(TAU, 0.0), Settling(TAU, 0.0)
    whole = Steps.of([3e-3, 4e-3, 5e-3], [1.0, -1.0, 0.5])
    together.play(whole, 0.0)
    for start, level in ((0.0, 1.0), (3e-3, -1.0), (5e-3, -1.0), (7e-3, 0.5)):
        apart.play(Steps.of([1e-6], [level]), start)
    for when in (8e-3, 11e-3, 20e-3):
        assert apart.at(when) == pytest.approx(together.at(when), rel=1e-12)


def test_until_a_program_begins_the_last_one_goes_on():
    settling = Settling(TAU, 0.0)
    settling.play(Steps.of([1e-6], [1.0]), 0.0)
    settling.play(Steps.of([1e-6], [0.0]), 10 * TAU)
    assert settling.at(TAU) == pytest.approx(1 - math.exp(-1))
    assert settling.at(11 * TAU) == pytest.approx((1 - math.exp(-10)) * math.exp(-1))


def test_a_stuck_output_stays_and_a_mended_one_goes_on_from_there():
    world, output, converter = bench(time_constant=TAU)
    converter.drive(2.0)
    world.advance_to(TAU)
    output.stuck = True
    converter.drive(0.0)
    assert output.stayed
    world.advance_to(1.0)
    output.stuck = False
    converter.drive(0.0)
    assert output.at(1.0) == pytest.approx(100e-6 * (1 - math.exp(-1)), rel=2e-3)


def test_it_charges_a_membrane_more_slowly():
    board = load_board("motif_single")
    seen = []
    for tau in (0.0, 5e-3):
        world = World(Twin(board))
        output = PortOutput(world, "n1.i0", Delivered())
        converter = Converter(output, TransconductanceEntry(gain="50 uA/V", time_constant=tau), world)
        converter.drive(0.2)
        world.advance_to(5e-3)
        seen.append(float(world.twin.sample("n1.i0", world.now, 1e-6, 1)[0]))
    assert seen == pytest.approx([10e-6, 10e-6 * (1 - math.exp(-1))], rel=2e-3)


def test_a_converter_that_stops_below_the_threshold_is_refused():
    board = load_board("motif_single")
    world = World(Twin(board))
    threshold = board.neurons["n1"].calibration.V_th
    with pytest.raises(ConfigError, match=r"n1 fires at .* more compliance"):
        Converter(
            PortOutput(world, "n1.i0", Delivered()),
            TransconductanceEntry(gain="50 uA/V", compliance=threshold / 2),
            world,
        )


def test_a_generator_makes_a_neuron_fire():
    world = World(Twin(load_board("motif_single")))
    made = TransconductanceEntry(gain="50 uA/V", offset="0.5 uA", time_constant="100 us")
    converter = Converter(PortOutput(world, "n1.i0", Delivered()), made, world)
    sync = LogicLine(world)
    device = SimulatedKeysight33500B(world, {"1": converter}, sync, serial="MY1", seed=1)
    world.remember("a test", 0.0)
    rises: list[float] = []
    sync.on_rising(rises.append)

    def tell(message):
        return device.execute(message).decode().strip()

    tell("OUTP:LOAD INF;:DATA:ARB W," + ",".join(["0"] * 20 + ["1"] * 70 + ["0"] * 10))
    tell("FUNC:ARB W;:FUNC ARB;:FUNC:ARB:FILT OFF;:FUNC:ARB:SRAT 100;:VOLT 1.2")
    tell("TRIG:SOUR BUS;:BURS:STAT ON;:OUTP ON;*TRG;*WAI;:OUTP OFF")
    assert tell("SYST:ERR?") == '+0,"No error"'
    (start,) = rises
    currents = world.twin.sample("n1.i0", start + 0.15, 0.1, 9)
    assert currents[[0, -1]] == pytest.approx([0.5e-6] * 2, abs=0.2e-6), "the converter's own offset"
    assert currents[1:8] == pytest.approx([60.5e-6] * 7, rel=0.02)
    spikes = world.twin.spikes("n1", start, world.now)
    assert len(spikes) > 1 and start + 0.2 < spikes[0] and spikes[-1] < start + 1.0
    world.advance_to(world.now + 0.1)
    assert float(world.twin.sample("n1.i0", world.now, 1e-6, 1)[0]) == pytest.approx(0.5e-6), "off: 0 V, and its offset"
