"""The memristor fixture in ngspice, from the netlist that KiCad exports: what it measures, and what it does to a device.

Models (library/memristor_fixture.lib) are at the worst of the makers' data sheets where a number decides: leakage 0.1 nA,
bias 100 pA, charge 10 pC. To them come 5 pF at each electrode (socket and jumpers) and 1 m of cable (100 pF) at the output.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from neurorig.hardware.kicad.netlist import Element, Netlist, export
from neurorig.hardware.kicad.projects import PROJECTS
from neurorig.hardware.memristors import MemristiveNeuron, SdcBoard, load_memristor_board
from neurorig.hardware.spice.deck import models
from neurorig.hardware.spice.simulator import Recording, simulate

pytestmark = [pytest.mark.needs("kicad", "ngspice"), pytest.mark.timeout(150)]

LINES = ("w1", "w2", "w3", "w4", "dep", "reset")
QUIET = {f"ttl.{line}": "0" for line in LINES} | {"spike.in": "0", "back_spike.in": "0"}
FREE = ""  # not driven by an ideal source
ALONE = {"JP27": "open", "JP37": "open", "JP47": "open"}
"""Synapse w1 only: no caps at the outputs of the others."""
SURROGATES = {"JP14": 73.2e3, "JP15": 162e3, "JP16": 383e3}
GAINS = {"JP61": 20e3, "JP62": 100e3}
R_S, R_ON, R_INPUT = 10e3, 60.0, 47.0  # ohm: in series with a device; a switch; the input's
R_LEAST = 1e3 * R_S / (1e3 + R_S)  # ohm: what is left of R_S with the cap of JPn2 on
LOWEST, HIGHEST = 45e3, 500e3  # ohm, of the device (memristors/boards/benatti2023_fig1.toml)
LIMIT = 1.0  # V over a device, V_limit of the same file
START = 20e-6  # s, of a pulse


@cache
def exported() -> Netlist:
    return export(PROJECTS["memristor_fixture"])


def fixture(jumpers: Mapping[str, str] | None = None) -> Netlist:
    return exported().jumpers(ALONE | dict(jumpers or {}))


def with_gain(cap: str, jumpers: Mapping[str, str] | None = None) -> Netlist:
    return fixture({"JP62": "open"} | {cap: "closed"} | dict(jumpers or {}))


def pulse(level: float, seconds: float, rest: float = 0.0) -> str:
    edge = 20e-9
    corners = [
        (0, rest),
        (START, rest),
        (START + edge, level),
        (START + seconds, level),
        (START + seconds + edge, rest),
    ]
    return "PWL(" + " ".join(f"{time:.9g} {volts:g}" for time, volts in corners) + ")"


def device(ohms: float, synapse: int = 1) -> str:
    """A resistor in the place of device 1 (2, 3, 4), whose cap JP51 is to be off."""
    board = exported()
    return f"R_device{synapse} {board.net(f'm{synapse}.te')} {board.net(f'w{synapse}.be')} {ohms:g}"


def play(
    board: Netlist,
    volts: Mapping[str, str],
    until: float,
    step: float,
    *,
    parts: tuple[str, ...] = (),
    offset: float = 0.0,
    supply: str = "5",
) -> Recording:
    """Simulate; `offset` (V) is the amplifier's, `parts` are lines of the deck."""
    amplifier = board.elements["U5"]
    parameters = {**amplifier.parameters, "vos": f"{offset:g}"}
    elements = {**board.elements, "U5": replace(amplifier, parameters=parameters)}
    nodes = ["v.out", "v", "sum", "spike", "w1.te", "w1.be", "+5V", "-5V"]
    lines = [
        "memristor fixture",
        ".option gmin=1e-15 reltol=1e-4 abstol=1e-14 method=gear rshunt=1e13",
        models(),
        board.libraries,
        *(element.line for element in elements.values()),
        *(
            f"V_{k} {board.net(net)} 0 {wave}"
            for k, (net, wave) in enumerate((QUIET | dict(volts)).items())
            if wave != FREE
        ),
        f"V_supply {board.net('supply_in')} 0 {supply}",
        *(f"C_{end}{n} {board.net(f'w{n}.{end}')} 0 5p" for n in (1, 2, 3, 4) for end in ("te", "be")),
        f"C_cable {board.net('v.out')} 0 100p",
        *parts,
        ".save " + " ".join(board.vector(node) for node in nodes),
        f".tran {step:g} {until:.9g} 0 {step:g}",
        ".end",
    ]
    return simulate(board.name, "\n".join(lines) + "\n", board.vector)


def over_device(played: Recording) -> NDArray[np.float64]:
    return played.trace("w1.te") - played.trace("w1.be")


def read(board: Netlist, gain: float, *, offset: float = 0.0) -> float:
    """Resistance (ohm) of device and series, read with 50 mV for 50 us: the last 10 us less those before the pulse."""
    played = play(board, {"ttl.w1": "5", "spike.in": pulse(50e-3, 50e-6)}, START + 60e-6, 0.2e-6, offset=offset)
    before, during = (played.trace("v.out", np.linspace(*span, 50)).mean() for span in ((5e-6, 15e-6), (60e-6, 69e-6)))
    return float(-50e-3 * gain / (during - before))


@pytest.mark.parametrize("cap", GAINS)
@pytest.mark.parametrize("offset", [0.0, 2e-3], ids=["trimmed", "offset 2 mV"])
def test_a_read_of_50_millivolts_gives_each_surrogate_within_a_tenth_of_a_percent(cap: str, offset: float) -> None:
    blank = read(with_gain(cap), GAINS[cap])  # with the cap of JP51 on: series resistance alone
    assert blank == pytest.approx(R_S + R_INPUT + 2 * R_ON, rel=1e-3)
    for surrogate, ohms in SURROGATES.items():
        seen = read(with_gain(cap, {"JP13": "open", surrogate: "closed"}), GAINS[cap], offset=offset)
        assert seen - blank == pytest.approx(ohms, rel=1e-3), surrogate


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_surrogates_stand_for_the_conductances_of_the_paper(surrogate: str) -> None:
    value = {"JP14": "R14", "JP15": "R15", "JP16": "R16"}[surrogate]
    ohms = float(exported().elements[value].model.replace("k", "e3"))
    assert ohms == SURROGATES[surrogate]
    weight = {"JP14": 13.6e-6, "JP15": 6.2e-6, "JP16": 2.6e-6}[surrogate]
    assert 1.0 / ohms == pytest.approx(weight, rel=0.006)


def test_the_offset_is_trimmed_to_zero_or_subtracted() -> None:
    board = fixture({"JP13": "open", "JP16": "closed"})
    played = play(board, {}, 20e-6, 1e-6, offset=2e-3)
    worst = played.trace("v")[-1]
    assert worst == pytest.approx(2e-3 * (1 + 100e3 / (383e3 + R_S)), rel=0.02)
    trimmed = play(board, {}, 20e-6, 1e-6, offset=20e-6)
    assert abs(trimmed.trace("v")[-1]) < 40e-6  # 0.4 nA, 0.3 % of a read through 383 kohm: with 100 pA of bias


@pytest.mark.parametrize("ohms", [LOWEST, HIGHEST])
def test_what_is_gated_off_gets_a_millionth_of_the_spike(ohms: float) -> None:
    board = fixture({"JP51": "open"})
    off, on = (
        play(board, {"spike.in": "0.55", "ttl.w1": gate}, 20e-6, 1e-6, parts=(device(ohms),)) for gate in ("0", "5")
    )
    assert abs(over_device(off)[-1]) < 1e-6 * over_device(on)[-1]
    leak = off.trace("v")[-1] / 100e3
    assert abs(leak) < 150e-12  # the amplifier's bias: 0.1 % of a read of 50 mV through 383 kohm


PULSES = {"depression": (-0.2, 10e-6), "potentiation": (0.55, 30e-6)}


@pytest.mark.parametrize("ohms", [LOWEST, HIGHEST])
@pytest.mark.parametrize("kind", PULSES)
@pytest.mark.parametrize("gated", [False, True], ids=["on spike", "by the gate"])
def test_a_pulse_arrives_at_the_device_as_it_was_sent(kind: str, ohms: float, gated: bool) -> None:
    """Benatti 2023, Fig. 1(c): -0.2 V for 10 us, 0.55 V for 30 us; sent as they are, or cut out of a level by a TTL line."""
    level, seconds = PULSES[kind]
    volts = {"ttl.w1": pulse(4, seconds), "spike.in": f"{level}"}
    if not gated:
        volts = {"ttl.w1": "5", "spike.in": pulse(level, seconds)}
    played = play(fixture({"JP51": "open"}), volts, START + seconds + 15e-6, 20e-9, parts=(device(ohms),))
    wanted = level * ohms / (ohms + R_S + R_INPUT + 2 * R_ON)
    shape, time = over_device(played) / wanted, played.time
    above = time[shape > 0.5]
    assert above[-1] - above[0] == pytest.approx(seconds, abs=0.1e-6)
    assert time[shape > 0.9][0] - time[shape > 0.1][0] < 0.3e-6
    beyond = np.maximum(shape - 1.0, -shape) * abs(level)  # V; a gate injects 10 pC at most
    assert beyond.max() < 15e-3
    settled = np.minimum(np.abs(time - START), np.abs(time - START - seconds)) > 0.5e-6
    assert beyond[settled].max() < 0.01 * abs(level)
    flat = shape[(time > START + 2e-6) & (time < START + seconds)]
    assert flat == pytest.approx(1.0, abs=5e-3)


@pytest.mark.parametrize("cap", GAINS)
@pytest.mark.parametrize("probe", ["0", "100p"])
def test_the_read_out_is_stable_with_four_devices_on(cap: str, probe: str) -> None:
    """Least series resistance, lowest device, a probe's or cable's capacitance at the summing node: the most noise gain."""
    board = with_gain(cap, {f"JP{n}7": "1-2" for n in (2, 3, 4)} | {f"JP{n}2": "closed" for n in (1, 2, 3, 4)})
    board = board.jumpers({f"JP5{n}": "open" for n in (1, 2, 3, 4)})
    parts = (*(device(LOWEST, n) for n in (1, 2, 3, 4)), f"C_probe {board.net('sum')} 0 {probe}")
    played = play(board, {"ttl.w1": "5", "spike.in": pulse(0.2, 30e-6)}, START + 50e-6, 20e-9, parts=parts)
    step = played.trace("v.out") / np.interp(START + 29e-6, played.time, played.trace("v.out"))
    rising = played.time < START + 30e-6
    assert step[rising].max() < 1.1
    settled = step[(played.time > START + 5e-6) & rising]
    assert settled == pytest.approx(1.0, abs=5e-3)


@pytest.mark.parametrize("cap", GAINS)
@pytest.mark.parametrize("amplifier", [0.0, 10.0, -10.0], ids=["works", "stuck high", "stuck low"])
@pytest.mark.parametrize("ohms", [LOWEST, HIGHEST])
def test_no_device_gets_more_than_a_volt_while_the_supply_comes_and_goes(
    cap: str, amplifier: float, ohms: float
) -> None:
    """An amplifier that starts badly lies at one of its rails: the diodes at the summing node hold it."""
    ramp = "PWL(0 0 1m 0 2m 5 6m 5 7m 0)"
    played = play(
        with_gain(cap, {"JP51": "open"}), {}, 10e-3, 5e-6, parts=(device(ohms),), offset=amplifier, supply=ramp
    )
    assert np.abs(over_device(played)).max() < LIMIT
    assert played.trace("+5V").max() == pytest.approx(4.8, abs=0.05)
    assert played.trace("-5V").min() == pytest.approx(-4.7, abs=0.15)


def test_without_the_diodes_a_stuck_amplifier_would_break_a_device() -> None:
    bare = with_gain("JP62", {"JP51": "open"}).without(("D12", "D13", "D14", "D15"))
    played = play(bare, {}, 20e-6, 1e-6, parts=(device(HIGHEST),), offset=10.0)
    assert np.abs(over_device(played)).max() > 2.0 * LIMIT


@pytest.mark.parametrize("volts", [10.0, -10.0])
def test_a_generator_at_ten_volts_does_not_break_a_device(volts: float) -> None:
    """50 uA: what Knowm (memristor FAQ) says a carbon device takes. No software is in the way."""
    board = fixture({"JP51": "open"})
    inlet = board.net("spike.in")
    generator = (f"R_generator {inlet} 0 50", f"I_generator 0 {inlet} {volts / 50:g}")
    for ohms in (LOWEST, HIGHEST):
        played = play(board, {"ttl.w1": "5", "spike.in": FREE}, 20e-6, 1e-6, parts=(device(ohms), *generator))
        assert np.abs(over_device(played)).max() / ohms < 50e-6
        assert np.abs(played.trace("spike")).max() < 2.0


@pytest.mark.parametrize("volts", [10.0, -10.0])
@pytest.mark.parametrize("series", ["open", "closed"], ids=["10k", "0.9k"])
def test_a_back_spike_at_ten_volts_does_not_break_a_device(volts: float, series: str) -> None:
    board = fixture({"JP51": "open", "JP12": series})
    inlet = board.net("back_spike.in")
    generator = (f"R_generator {inlet} 0 50", f"I_generator 0 {inlet} {volts / 50:g}")
    for ohms in (LOWEST, HIGHEST):
        volts_at = {"ttl.w1": "5", "ttl.dep": "5", "back_spike.in": FREE}
        played = play(board, volts_at, 20e-6, 1e-6, parts=(device(ohms), *generator))
        assert np.abs(over_device(played)).max() / ohms < 50e-6


@pytest.mark.parametrize("volts", [0.6, -0.6, 0.15])
def test_a_read_during_a_back_spike_is_the_devices_current(volts: float) -> None:
    """Within 0.1 %: the diodes that protect `sum` end at sum.ref; ended at ground they would add 1.9 uA at 0.6 V."""
    board = fixture({"JP13": "open", "JP15": "closed"})
    played = play(board, {"back_spike.in": f"{volts}", "ttl.dep": "5"}, 40e-6, 1e-6)
    wanted = played.trace("sum")[-1] / (SURROGATES["JP15"] + R_S + R_ON)
    got = (played.trace("v")[-1] - played.trace("sum")[-1]) / GAINS["JP62"]
    assert got == pytest.approx(wanted, rel=1e-3)
    to_ground = replace(board, elements=_clamped_to_ground(board))
    leaking = play(to_ground, {"back_spike.in": f"{volts}", "ttl.dep": "5"}, 40e-6, 1e-6)
    wrong = (leaking.trace("v")[-1] - leaking.trace("sum")[-1]) / GAINS["JP62"]
    assert abs(wrong / wanted - 1) > 5e-3


def _clamped_to_ground(board: Netlist) -> dict[str, Element]:
    """The circuit with the diodes at `sum` between it and ground."""
    moved = {board.net("sum.ref"): "0"}
    diodes = {name: board.elements[name] for name in ("D12", "D13", "D14", "D15")}
    changed = {
        name: replace(part, nets=tuple(moved.get(net, net) for net in part.nets)) for name, part in diodes.items()
    }
    return {**board.elements, **changed}


def test_a_back_spike_lifts_the_summing_node_and_grounds_the_inputs() -> None:
    """Benatti 2023, Fig. 2(c): 300 us; `dep` disconnects the inputs. Without the cap of JP65 they stay, and overlap."""
    neuron = load_memristor_board("benatti2023_fig2", MemristiveNeuron)
    (shape,) = neuron.back_spike.shape
    volts = {
        "ttl.w1": "5",
        "spike.in": "0.2",
        "back_spike.in": f"{-shape.volts}",
        "ttl.dep": pulse(4, shape.lasts),
    }
    bare = {"JP51": "open", "JP12": "closed"}  # the paper has no series resistor in the neuron
    share = HIGHEST / (HIGHEST + R_LEAST)
    for overlap, wanted in ((False, shape.volts), (True, 0.2 + shape.volts)):
        board = fixture(bare | ({"JP65": "open"} if overlap else {}))
        played = play(board, volts, START + shape.lasts + 20e-6, 0.2e-6, parts=(device(HIGHEST),))
        during = (played.time > START + 5e-6) & (played.time < START + shape.lasts)
        assert over_device(played)[during] == pytest.approx(wanted * share, abs=0.5e-3)
        assert over_device(played)[-1] == pytest.approx(0.2 * share, abs=0.5e-3)
        assert over_device(played).max() < 0.25


def test_the_membrane_is_that_of_the_twin() -> None:
    """Fig. 2(a): spikes of 10 ms into a leaky integrator; the fixture's v is minus the twin's. `reset` discharges it."""
    neuron = load_memristor_board("benatti2023_fig2", MemristiveNeuron)
    board = with_gain("JP63", {"JP13": "open", "JP15": "closed", "JP12": "closed"})
    fired = "PWL(0 0 1m 0 1.001m 5 11m 5 11.001m 0)"
    reset = "PWL(0 0 30m 0 30.001m 5)"
    played = play(board, {"ttl.w1": fired, "spike.in": "0.2", "ttl.reset": reset}, 31e-3, 10e-6)
    times = np.array([3e-3, 6e-3, 11e-3, 16e-3, 29e-3])
    twin = neuron.play({"w1": [1e-3]}, 31e-3, plastic=False, back_spikes=[], states=_states(neuron, 162e3 + R_LEAST)).v(
        times
    )
    assert -played.trace("v", times) == pytest.approx(twin, rel=0.01, abs=0.2e-3)
    assert abs(played.trace("v", np.array([30.1e-3]))[0]) < 1e-3


def _states(neuron: MemristiveNeuron, ohms: float) -> dict[str, float]:
    return {"w1": neuron.device.state(1.0 / ohms)}


def test_bounds_are_those_of_the_described_device() -> None:
    device_of_the_paper = load_memristor_board("benatti2023_fig1", SdcBoard)
    assert device_of_the_paper.device.V_limit == LIMIT
    assert device_of_the_paper.components.R_s == R_S
    assert device_of_the_paper.device.R_min == pytest.approx(LOWEST, rel=0.02)
    assert device_of_the_paper.device.R_max == HIGHEST
