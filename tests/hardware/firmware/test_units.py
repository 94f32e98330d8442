"""One nanoampere asked for is one nanoampere at the terminal, within half a step.

Of the ideal shield of a simulated bench that is half a nominal step, without remainder. A real leg has errors of gain and
offset, which the firmware corrects in whole codes of its converter (PROTOCOL.md, section 12). So two roundings follow each
other, and neither can be spared: the current asked for goes to the nearest nominal code, which is what is read back (half
a nominal step), and that one to the nearest code of the converter (half a step of the leg). The corrections themselves are
whole 1/65536 and 1/256 step, so of a leg that they cannot undo exactly c / 131072 + 1 / 512 steps are left at code c.
"""

import itertools
import random

import pytest

from ...instruments.source_bench import SourceBench
from .current_source_bench import LATCHED, Bench

pytestmark = pytest.mark.needs("simavr")
SCALES = {"FULL": 250_000, "QUARTER": 62_500}
LEGS = {"SOUR": 1, "SINK": -1}
CORRECTIONS = {
    (1, "SOUR"): (-841, 152),
    (1, "SINK"): (1406, -1072),
    (2, "SOUR"): (26, -2023),
    (2, "SINK"): (-2155, 817),
}
"""In 1/65536 and 1/256 step."""
UNDONE = {leg: (65536 / (65536 + g) - 1, -256 * o / (65536 + g)) for leg, (g, o) in CORRECTIONS.items()}
"""Errors of legs that these undo exactly. A leg delivers its code (1 + first) + second steps."""
ERRORS = {
    (1, "SOUR"): (0.013, -0.6),
    (1, "SINK"): (-0.021, 4.1),
    (2, "SOUR"): (-0.0004, 7.9),
    (2, "SINK"): (0.034, -3.3),
}
"""Errors as they come: 50 nA of the source leg are 0.8 steps, 250 nA of the sink leg 4.1."""


def corrections(error: tuple[float, float]) -> tuple[int, int]:
    """Gain (1/65536) and offset (1/256 step) that undo an error."""
    gain, offset = error
    return round((1 / (1 + gain) - 1) * 65536), round(-offset / (1 + gain) * 256)


def calibrated(errors: dict[tuple[int, str], tuple[float, float]], quarter: tuple[int, ...]) -> Bench:
    """The source after it was calibrated, stored, and switched off and on."""
    bench = Bench()
    bench.ok("CAL:UNL 4922")
    for (n, leg), error in errors.items():
        gain, offset = corrections(error)
        bench.ok(f"CAL:GAIN {n},{leg},{gain}", f"CAL:OFFS {n},{leg},{offset}")
    bench.ok("CAL:STOR")
    again = Bench(eeprom=bench.controller.eeprom, quarter=quarter)
    assert again.ask("CAL:STAT?") == "STORED"
    again.ok("SYST:WDOG 60000", "OUTP1 ON", "OUTP2 ON")
    again.controller.events()
    return again


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("errors", "left"), [(UNDONE, (0, 0)), (ERRORS, (1 / 131072, 1 / 512))])
def test_a_calibrated_leg_delivers_what_is_read_back_within_half_a_step(
    errors: dict[tuple[int, str], tuple[float, float]], left: tuple[float, float], scale: str
) -> None:
    step = SCALES[scale] / 4096
    bench = calibrated(errors, (1, 2) if scale == "QUARTER" else ())
    r = random.Random(12)
    for (n, leg), (gain, offset) in errors.items():
        codes = [10, 11, 3800, *(r.randint(10, 3800) for _ in range(40))]
        for code in codes:
            asked = round(code * step + r.uniform(-0.5, 0.5) * step)
            nearest = (asked * 4096 + SCALES[scale] // 2) // SCALES[scale]
            assert abs(nearest * step - asked) <= step / 2
            bench.ok(f"SOUR{n}:CURR 0")
            bench.controller.events()
            bench.ok(f"SOUR{n}:CURR {LEGS[leg] * asked}")
            assert int(bench.ask(f"SOUR{n}:CURR?")) == LEGS[leg] * int(nearest * step + 0.5)
            events = bench.controller.events()
            place = 2 * (n - 1) + (leg == "SINK")
            (driven,) = events["code"][(events["kind"] == LATCHED) & (events["channel"] == place)]
            flows = (driven * (1 + gain) + offset) * step
            steps = abs(flows - nearest * step) / (step * (1 + gain))
            assert steps <= 0.5 + nearest * left[0] + left[1] + 1e-9, (n, leg, asked)


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
