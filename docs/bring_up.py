"""Write the voltages that a good board shows: ngspice on the netlists that KiCad exports from the schematics.

Run it after a change of a board or a model: ``python docs/bring_up.py`` (needs KiCad 9 and ngspice, 10 s). The tables stand
in docs/howto/bring-up.md between comments. Of the neuron, each value is that of the model `ref`, and in brackets the
span of the three thyristors that the models know: the measured device, the reference and the median of a population. Of the
synapse, the span is that of transistors whose thresholds differ from those of the model, and from each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from circuits import insert, table

from neurorig.hardware.ald1105 import N, P
from neurorig.hardware.kicad import PROJECTS
from neurorig.hardware.kicad.netlist import Element, Netlist, export
from neurorig.hardware.spice.deck import Thyristor
from neurorig.hardware.spice.simulator import Recording, simulate
from neurorig.signals import show

PAGE = Path(__file__).parent / "howto" / "bring-up.md"
THYRISTORS: tuple[Thyristor, ...] = ("ref", "hw", "med")
LENGTH, SETTLED = 0.12, 0.06  # s
PROBE = "R_probe"
CHIPS = ("Q11_1", "Q11_2", "Q11_3")
PINS = ("1 2 3 4", "5 6 7 11", "10 9 8 11", "14 13 12 4")  # drain, gate, source and substrate of N1, P1, P2, N2
OF_ALL, OF_ONE, OF_A_PAIR = 0.3, 0.02, 0.01
"""V by which thresholds may differ from those of the model: of all transistors, and of one chip from the others (assumed); of
the two of a pair (ALD: 2 mV typical, ALD1107; 10 mV at most, ALD110800)."""
HEAD = ("in", "look at", "expected", "if not")

Reading = Callable[[Recording], float]
Shifts = Mapping[str, tuple[float, ...]]
"""Chip to the shifts (V) of the thresholds of its four transistors."""


def main() -> None:
    """Write both tables."""
    page = insert(PAGE.read_text(encoding="utf-8"), "neuron", table(HEAD, neuron()))
    PAGE.write_text(insert(page, "synapse", table(HEAD, synapse())), encoding="utf-8")


def neuron() -> list[tuple[str, ...]]:
    """The neuron board with its printed values, I_delta into 1 kohm."""
    silent, firing = (_thyristors(amperes) for amperes in (20e-6, 60e-6))
    idle = _thyristors(0.0)
    off, low, high = "nothing", "20 uA", "60 uA"
    return [
        (off, "`TP1` +5V", _volts(idle, _mean("+5V")), "0 V: poles of the supply, `Q1`; below 4.9 V: a short"),
        (off, "`J9` temperature", "0.75 V at 25 degC, 10 mV/K (data sheet)", "`U9` the wrong way round"),
        (off, "`n1.v_m`", _volts(idle, _mean("n1.v_m")), "solder between `C_m1` and +5 V"),
        (off, "`Q11_1` pin 1", _volts(idle, _mean("Net-_Q11_1A-D_")), "0 V: `R_pull11`, or `Q11_1` the wrong way round"),
        (low, "`n1.v_m`", _volts(silent, _mean("n1.v_m")),
         "above 3.6 V: `T1` the wrong way round or too insensitive, `R_m1`; 0 V: `C_m1` shorted; fires: too sensitive"),
        (low, "`n1.v_ap`", _volts(silent, _mean("n1.v_ap")), "0 V: no cap on `JP_load1`; not the current times 2 kohm: `R_a1`"),
        (high, "`n1.v_m`, highest", _volts(firing, _extreme("n1.v_m", np.max)),
         "stays at its highest: `T1` does not fire; stays at 0.9 V: it latches"),
        (high, "`n1.v_m`, lowest", _volts(firing, _extreme("n1.v_m", np.min)), "higher: `R_a1` too large"),
        (high, "`n1.v_ap`, highest", _volts(firing, _extreme("n1.v_ap", np.max)),
         "less: sampled slower than 40 kS/s, or probe factor"),
        (high, "`n1.v_ap`, rate", _spread(firing, _rate, "Hz"), "twice or half: `C_m1`"),
        (high, "`n1.v_ap`, longer than 0.75 V", _spread(firing, _width("n1.v_ap", 0.75), "s"), "`C_m1`, `R_a1`"),
        (high, "1 kohm at `J_delta11`, highest", _volts(firing, _extreme("s11.i_delta", np.max)),
         "0 V: `JP_weight11`, `Q11_1`; 5 V: `R_W11` turned to 0; without pause: `R_pull11`"),
    ]  # fmt: skip


def synapse() -> list[tuple[str, ...]]:
    """The synapse board with its printed values, a direct current into stage 1, JP_output on 10k."""
    rows = []
    for amperes in (5e-6, 20e-6):
        current, exc = show(amperes, "A"), tuple(_driven(amperes, shifts) for shifts in _kits())
        inh = _mean("s11.out")(_driven(amperes, {}, sign="2-3"))
        rows += [
            (current, "`s11.v_c1`", _volts(exc, _mean("s11.v_c1")),
             "near 0 V: `s11.discharge` is high, `Q11_2`; near 5 V: `R_s11_1` open, `Q11_2`"),
            (current, "`s11.v_c2`", _volts(exc, _mean("s11.v_c2")), "0 V: `Q11_2`; near 5 V: `R_s11_2`, `Q11_3`"),
            (current, "`s11.i_out`", _volts(exc, _mean("s11.i_out")), "0 V: `Q11_3`, `Q11_1`, `R_rep11`"),
            (current, "`s11.out`, exc", _volts(exc, _mean("s11.out")), "0 V: `JP_output11` not on 10k, `R_out11`"),
            (current, "`s11.out`, inh", show(abs(round(inh, 3)), "V"), "as before: cap of `JP_sign11` on exc"),
        ]  # fmt: skip
    return rows


def _kits() -> list[Shifts]:
    """Thresholds as in the model; then, one thing at a time, of all chips shifted, of one chip, of one of a pair."""
    one = [{chip: (volts,) * 4} for chip in CHIPS for volts in (OF_ONE, -OF_ONE)]
    pairs = [
        {chip: shift}
        for chip in CHIPS
        for volts in (OF_A_PAIR, -OF_A_PAIR)
        for shift in ((volts, 0.0, 0.0, 0.0), (0.0, volts, 0.0, 0.0))
    ]
    return [{}, *(dict.fromkeys(CHIPS, (volts,) * 4) for volts in (OF_ALL, -OF_ALL)), *one, *pairs]


@cache
def _board(name: str) -> Netlist:
    return export(PROJECTS[name])


@cache
def _thyristors(amperes: float) -> tuple[Recording, ...]:
    """The neuron board at a current, with each of the thyristors; 1 kohm from I_delta to ground."""
    board = _board("neuron")
    probe = Element(PROBE, (board.net("s11.i_delta"), "0"), "1k", {}, plain=True)
    board = replace(board, elements={**board.elements, PROBE: probe})
    nodes = ["+5V", "n1.v_m", "s11.i_delta", "Net-_Q11_1A-D_"]
    return tuple(
        simulate(board.name, board.deck({"n1.i0": amperes}, LENGTH, nodes, thyristor=kind), board.vector)
        for kind in THYRISTORS
    )


def _driven(amperes: float, shifts: Shifts, *, sign: str = "1-2") -> Recording:
    """The synapse board with a direct current for I_delta. Small C_s: it settles sooner, at the same voltages."""
    board = _board("synapse").fitted({"C_s11_1": 10e-9, "C_s11_2": 10e-9})
    board = board.jumpers({"JP_stages11_2": "closed", "JP_sign11": sign, "JP_output11": "2-3"})
    nodes = ["s11.v_c1", "s11.v_c2", "s11.out", "s11.i_out"]
    return _shifted(board, shifts).run({"s11.i_delta": amperes}, LENGTH, nodes)


def _shifted(board: Netlist, shifts: Shifts) -> Netlist:
    """The board with other thresholds (V above those of the model) of N1, P1, P2 and N2 of some chips."""
    elements, libraries = dict(board.elements), [board.libraries]
    for chip, volts in shifts.items():
        transistors = zip(("N1", "P1", "P2", "N2"), (N, P, P, N), PINS, volts, strict=True)
        libraries.append(f".subckt ALD1105_{chip} {' '.join(map(str, range(1, 15)))}")
        for name, mosfet, pins, shift in transistors:
            libraries += [
                f"M_{name} {pins} own_{name}",
                f".model own_{name} {mosfet._replace(v_to=mosfet.v_to + shift).model}",
            ]
        libraries.append(".ends")
        elements[chip] = replace(elements[chip], model=f"ALD1105_{chip}")
    return replace(board, elements=elements, libraries="\n".join(libraries))


def _mean(node: str) -> Reading:
    return lambda seen: float(np.mean(seen.trace(node)[seen.time > SETTLED]))


def _extreme(node: str, which: Callable[[np.ndarray], float]) -> Reading:
    return lambda seen: float(which(seen.trace(node)[seen.time > SETTLED]))


def _rate(seen: Recording) -> float:
    return float(1 / np.mean(np.diff(seen.spikes("n1"))[2:]))


def _width(node: str, level: float) -> Reading:
    """Time above the level in each spike."""

    def width(seen: Recording) -> float:
        grid = np.arange(SETTLED, LENGTH, 1e-6)
        above = seen.trace(node, grid) > level
        return float(np.sum(above) * 1e-6 / np.sum(np.diff(above.astype(int)) > 0))

    return width


def _volts(seen: Sequence[Recording], reading: Reading) -> str:
    return _spread(seen, reading, "V")


def _spread(seen: Sequence[Recording], reading: Reading, unit: str) -> str:
    """The value of `ref`, and the span of all three where they differ in what is shown."""
    first, *others = (reading(one) for one in seen)
    low, high = min(first, *others), max(first, *others)
    texts = [show(_tidy(value, unit), unit, 3) for value in (first, low, high)]
    return texts[0] if texts[1] == texts[2] else f"{texts[0]} ({texts[1]} to {texts[2]})"


def _tidy(value: float, unit: str) -> float:
    return round(value, 3) + 0.0 if unit == "V" else value


if __name__ == "__main__":
    main()
