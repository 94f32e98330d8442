"""What the converters get for a code (section 12), and how long that is remembered."""

import random

import pytest

from ...instruments.protocol_client import hold
from .current_source_bench import Bench, latches
from .programs import changes, start

pytestmark = pytest.mark.needs("simavr")


def corrected(code: int, gain: int, offset: int) -> int:
    magnitude = (abs(code) * (65536 + gain) + 256 * offset + 32768) >> 16
    return max(magnitude, 0) * (1 if code > 0 else -1) if code else 0


@pytest.mark.parametrize("seed", range(6))
def test_every_code_is_corrected_as_the_page_says_at_once_and_in_programs(seed: int) -> None:
    rng = random.Random(seed)
    extreme = (-1, 1) if seed % 2 else (1, -1)
    bench = Bench()
    bench.ok("CAL:UNL 4922")
    terms = {}
    for leg, sign in zip(("SOUR", "SINK"), extreme, strict=True):
        terms[leg] = (sign * rng.choice([3276, rng.randint(0, 3276)]), sign * rng.choice([8192, rng.randint(0, 8192)]))
        bench.ok(f"CAL:GAIN 2,{leg},{terms[leg][0]}", f"CAL:OFFS 2,{leg},{terms[leg][1]}")
    codes = [rng.randint(-3800, 3800) for _ in range(60)] + [1, -1, 0, 2, -20, 20]

    def expected(code: int) -> int:
        return corrected(code, *terms["SOUR" if code > 0 else "SINK"])

    bench.arm({2: b"".join(hold(code, 1) for code in codes)})
    start(bench)
    events = bench.run(0.01)
    due = [level for _, level in changes([expected(code) for code in codes])]
    found = [level for _, level in latches(events, 2)]
    assert [level for k, level in enumerate(found) if k == 0 or level != found[k - 1]] == due
    for code in codes[:8]:
        bench.ok("SOUR2:CURR 0", f"SOUR2:CURR {round(code * 250000 / 4096)}")
        assert ([0] + [level for _, level in latches(bench.run(0), 2)])[-1] == expected(code)


def test_the_calibration_survives_a_restart_and_a_wrong_crc_is_noticed() -> None:
    bench = Bench()
    assert bench.ask("CAL:STAT?") == "DEFAULT"
    bench.ok("CAL:UNL 4922", "CAL:GAIN 1,SINK,-77", "CAL:OFFS 2,SOUR,8192")
    assert bench.ask("CAL:STAT?") == "CHANGED"
    bench.ok("CAL:STOR")
    again = Bench(eeprom=bench.controller.eeprom)
    assert [again.ask(line) for line in ("CAL:STAT?", "CAL:GAIN? 1,SINK", "CAL:OFFS? 2,SOUR")] == [
        "STORED",
        "-77",
        "8192",
    ]
    for byte in range(0, 34, 3):
        spoilt = bytearray(bench.controller.eeprom)
        spoilt[byte] ^= 1 << byte % 8
        lost = Bench(eeprom=bytes(spoilt))
        assert [lost.ask(line) for line in ("CAL:STAT?", "CAL:GAIN? 1,SINK", "SYST:ERR?")] == [
            "LOST",
            "0",
            '-313,"Calibration memory lost"',
        ]
