"""One nanoampere asked for is one nanoampere at the terminal, within half a step, as the shield calibrated makes it.

The shield here has errors of gain and offset, each leg its own; calibration takes them out and is stored.
"""

import itertools
import random

import pytest

from ...instruments.source_bench import SourceBench
from .current_source_bench import LATCHED, Bench

pytestmark = pytest.mark.needs("simavr")
SCALES = {"FULL": 250_000, "QUARTER": 62_500}
LEGS = {"SOUR": 1, "SINK": -1}
ERRORS = {
    (1, "SOUR"): (0.013, -0.6),
    (1, "SINK"): (-0.021, 4.1),
    (2, "SOUR"): (-0.0004, 7.9),
    (2, "SINK"): (0.034, -3.3),
}
"""A leg delivers its code (1 + first) + second steps: 50 nA of the source leg are 0.8 steps, 250 nA of the sink leg 4.1."""


def corrections(error: tuple[float, float]) -> tuple[int, int]:
    """Gain (1/65536) and offset (1/256 step) that undo an error."""
    gain, offset = error
    return round((1 / (1 + gain) - 1) * 65536), round(-offset / (1 + gain) * 256)


def calibrated(quarter: tuple[int, ...]) -> Bench:
    """The source after it was calibrated, stored, and switched off and on."""
    bench = Bench()
    bench.ok("CAL:UNL 4922")
    for (n, leg), error in ERRORS.items():
        gain, offset = corrections(error)
        bench.ok(f"CAL:GAIN {n},{leg},{gain}", f"CAL:OFFS {n},{leg},{offset}")
    bench.ok("CAL:STOR")
    again = Bench(eeprom=bench.controller.eeprom, quarter=quarter)
    assert again.ask("CAL:STAT?") == "STORED"
    again.ok("SYST:WDOG 60000", "OUTP1 ON", "OUTP2 ON")
    again.controller.events()
    return again


@pytest.mark.parametrize("scale", SCALES)
def test_a_calibrated_leg_delivers_what_is_read_back_within_half_a_step(scale: str) -> None:
    step = SCALES[scale] / 4096
    bench = calibrated((1, 2) if scale == "QUARTER" else ())
    r = random.Random(12)
    for (n, leg), (gain, offset) in ERRORS.items():
        codes = [10, 11, 3800, *(r.randint(10, 3800) for _ in range(40))]
        for code in codes:
            asked = LEGS[leg] * round(code * step + r.uniform(-0.5, 0.5) * step)
            bench.ok(f"SOUR{n}:CURR 0")
            bench.controller.events()
            bench.ok(f"SOUR{n}:CURR {asked}")
            told = int(bench.ask(f"SOUR{n}:CURR?"))
            events = bench.controller.events()
            place = 2 * (n - 1) + (leg == "SINK")
            (driven,) = events["code"][(events["kind"] == LATCHED) & (events["channel"] == place)]
            flows = LEGS[leg] * (driven * (1 + gain) + offset) * step
            assert abs(told - asked) <= step / 2 + 0.5
            assert abs(flows - told) <= step / 2 * (1 + abs(gain)) + 4095 / 65536 / 2 * step + 0.5, (n, leg, asked)


@pytest.mark.parametrize("scale", SCALES)
def test_at_the_terminal_of_the_twin_flows_what_was_asked_for_within_half_a_step(scale: str) -> None:
    """Through firmware, converter, range and output into the ammeter of a simulated bench; the whole range, both legs."""
    full = SCALES[scale]
    bench = SourceBench(brain="firmware", range_jumper={1: scale, 2: scale})
    bench.ok("SYST:WDOG 60000", "OUTP1 ON", "OUTP2 ON")
    most = full * 4095 // 4096
    r = random.Random(full)
    currents = [1, full // 8192, full // 8192 + 1, most, *(r.randint(1, most) for _ in range(30))]
    for n, nanoamperes, sign in itertools.product((1, 2), currents, LEGS.values()):
        bench.ok(f"SOUR{n}:CURR {sign * nanoamperes}")
        bench.wait(0.001)
        assert abs(bench.out[n].now * 1e9 - sign * nanoamperes) <= full / 8192 + 1e-6
