"""The shield as it is drawn, on a simulated bench: as its netlist has it, and calibrated as a person does it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurorig.cli.app import run
from neurorig.instruments.drivers.arduino_calibration import Correction
from neurorig.instruments.simulated.models.shield import AS_DRAWN, Leg

from ..hardware.kicad.test_current_source import LEGS, STEP, code, driven, exported, held, quarter
from ..hardware.kicad.test_current_source import Bench as Circuit
from .source_bench import LSB, SourceBench

EXAMPLE = Path(__file__).parents[2] / "examples" / "source_calibration" / "bench.toml"


@pytest.mark.needs("kicad", "ngspice")
@pytest.mark.parametrize("jumper", AS_DRAWN.legs)
@pytest.mark.parametrize(("number", "leg"), list(enumerate(LEGS)))
def test_its_lines_are_those_of_the_netlist(jumper: str, number: int, leg: tuple[str, float]) -> None:
    circuit = Circuit.of(exported())
    circuit, divisor = (quarter(circuit), 4) if jumper == "QUARTER" else (circuit, 1)
    codes = np.array([40, 500, 2048, 4095])
    amperes = np.array([driven(circuit, leg[0], held(code(c))).at_rest() for c in codes])
    gain, offset = np.polyfit(codes, amperes * leg[1] * divisor / STEP, 1)
    assert AS_DRAWN.legs[jumper][number] == Leg(pytest.approx(gain, abs=1e-4), pytest.approx(-offset, abs=0.1))


@pytest.mark.needs("simavr")
def test_calibrate_source_finds_and_corrects_it_in_both_ranges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace('"arduino_source"\n', '"arduino_source"\nsimulate = "shield"\n')
    file = tmp_path / "bench.toml"
    file.write_text("\n".join(line for line in text.splitlines() if not line.startswith("delivered")), encoding="utf-8")
    words = ["--with", "dmm.1", "--resistor", "10 kohm", "--source", "source.1", "--both-ranges", "--simulate"]
    assert run(["calibrate-source", str(file), *words, "--out", str(tmp_path), "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["result"]["within_half_a_step"] is True
    drawn_legs = [*AS_DRAWN.legs["FULL"], *AS_DRAWN.legs["QUARTER"]]
    for leg, drawn in zip(record["result"]["legs"], drawn_legs, strict=True):
        assert leg["new"]["gain"] == pytest.approx((1 / drawn.gain - 1) * 65536, abs=3)
        assert leg["new"]["offset"] == pytest.approx(256 * drawn.dead / drawn.gain, abs=12)
        assert abs(leg["worst_after"]) < 0.52  # half a step, and the ammeter's noise
        correction = Correction(**leg["new"])
        off = [drawn.steps(correction(code)) - code for code in range(16, correction.highest + 1)]
        assert max(map(abs, off)) < 0.6  # the multimeter's own 24 ppm are 0.1 step at the highest
    assert {leg["range"]: leg["old"] for leg in record["result"]["legs"]}[62.5e-6] == {"gain": 0, "offset": 0}


@pytest.mark.needs("simavr")
def test_its_relay_closes_before_the_level_comes_and_opens_at_once() -> None:
    bench = SourceBench(brain="firmware", shield=AS_DRAWN)
    bench.ok("SOUR1:CURR 50000")
    on = bench.world.now
    bench.ok("OUTP1 ON")
    bench.wait(0.01)
    assert 2e-3 < bench.out[1].begun - on < 5e-3
    (level,) = {amperes for _, amperes in bench.out[1].changes if amperes}
    assert level == pytest.approx((0.99890 * 819 - 8.24) * LSB)
    bench.ok("OUTP1 OFF", "SOUR1:CURR 50000")
    assert bench.out[1].now == 0


@pytest.mark.needs("simavr")
def test_a_level_that_comes_too_early_does_not_flow_before_the_relay_has_closed() -> None:
    late = SourceBench(brain="firmware", shield=replace(AS_DRAWN, closing=20e-3))
    late.ok("SOUR1:CURR 50000")
    on = late.world.now
    late.ok("OUTP1 ON", "OUTP1 OFF", "SOUR1:CURR 50000", "OUTP1 ON")
    late.wait(0.015)
    assert late.out[1].now == 0
    late.wait(0.02)
    assert 20e-3 < late.out[1].begun - on < 30e-3
