"""Write `docs/fidelity.md`: every figure of the papers, published beside twin beside SPICE, with pictures and distances.

Run it after a change of the twin or of a board: ``python docs/fidelity.py`` (minutes, most of them ngspice's). What is
missed is shown as missed.
"""

import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from neurorig.protocols.figures import Figure, list_figures, make_figure
from neurorig.protocols.figures.basis import PREDICTED
from neurorig.protocols.figures.picture import draw_figure
from neurorig.protocols.figures.residuals import Residual, residuals
from neurorig.protocols.figures.targets import Comparison, compare_numbers
from neurorig.signals import show

HERE = Path(__file__).parent
PICTURES = HERE / "pictures" / "fidelity"
PAPERS = {
    "wu2025": "J. Wu et al., Phys. Rev. Applied 23, 034030 (2025)",
    "wu2023": "J. Wu et al., Neuromorph. Comput. Eng. 3, 044008 (2023)",
    "timematter": "M. J. Rozenberg, Solid State Neuroscience: Spiking Neural Networks as Time Matter",
    "benatti2023": "L. Benatti et al., Nano Futures 7:2 (2023)",
    "thyristor": "Published without numbers; the neuron of J. Wu et al. (2025) at two terminals",
}
HEAD = """# Fidelity: published | twin | SPICE

*Made by `docs/fidelity.py`.* Every figure of the source papers that shows data, played on the twin.
`neurorig figure NAME --out FOLDER` makes any of them again.

Distances are root mean squares over the published points; **of signal** is the distance over the range of the published
curve (of events, over their median interval; of bursts, over their period). What has a **target** (H2, H6 ...) has a
tolerance of its own. Without one the tolerance is three times the reading error of the figure plus 5 %, which for a small
signal on a large offset says nothing: such rows are marked.

**Fitted** curves and numbers show how well the model can describe what it was adjusted to, **predicted** ones what it
knows. What was fitted to which curve, and by which script, stands under the title of each figure.
"""
TARGETS = """| target | what it is |
|---|---|
| H1 | One measured device, component by component: rms distance of f(I), silence below its threshold, latch above I_max |
| H2 | f(I) of the three published charts (Figs 6(a), 9(b), 11(b)) between their steep flanks |
| H3 | Tonic rate of the boards of Figs 9 and 11 before feedback sets in; the former silent without a kick |
| H4 | Shape of a spike: decay of the pulse, V_m where it fires and after it |
| H5 | Charge that a spike puts into a synapse, for both capacitors and several R_W |
| H6 | One spike through both stages of a synapse (Fig. 4): heights, times, time constants, charges |
| H7 | Activity bump (Fig. 9(a)): rates, I_sse, dead time, and that the stop ends it |
| H8 | Adaptation (Fig. 11(a)): rate, I_ssi, dead time |
| H9 | Burster (Fig. 13): period, duration, spikes, level and swing of I_ssi |
| H10 | Two coupled pacemakers (Fig. 15): periods, spikes, no overlap, currents |
| H11 | Two pulse-coupled neurons: half a cycle apart by inhibition, together by excitation |
| H12 | Both engines of the twin give the same spikes |
| H13 | A synapse at a clocked 10 and 25 Hz (Fig. 5): final currents, hence charge per spike |
"""


def main() -> None:
    """Write the page and its pictures."""
    from spice_witness import witness_rows  # beside this file; it needs ngspice

    PICTURES.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(PICTURES)  # pictures of figures that are no more
    PICTURES.mkdir()
    papers = list(PAPERS)
    names = sorted(list_figures(), key=lambda name: (papers.index(name.split("_")[0]), len(name), name))
    figures = [make_figure(name) for name in names]
    found = {figure.name: residuals(figure) for figure in figures}
    lines = [HEAD, *summary(figures, found), *witness_section(witness_rows())]
    for figure in figures:
        lines += section(figure, found[figure.name])
    (HERE / "fidelity.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def summary(figures: Sequence[Figure], found: Mapping[str, Sequence[Residual]]) -> Iterator[str]:
    """Count of every comparison, the targets that are missed, and all curves."""
    curves = [r for rs in found.values() for r in rs]
    values = [(figure, c) for figure in figures for c in compare_numbers(figure).values()]
    hard_curves, hard_values = [r for r in curves if r.enforced], [v for v in values if v[1].target]
    missed = [
        *((f"`{r.curve}`", distance(r), "", tolerance(r), r.enforced, r.basis) for r in hard_curves if not r.within),
        *(missed_row(figure, c) for figure, c in hard_values if not c.within),
    ]
    yield "## Targets"
    yield ""
    yield (
        f"{len(hard_curves)} curves and {len(hard_values)} numbers have a target: of the curves "
        f"{sum(r.within for r in hard_curves)}, of the numbers {sum(c.within for _, c in hard_values)} are met. "
        f"Missed, and in the tests by name so that no other can join them unseen:"
    )
    yield ""
    yield from table(("missed", "twin", "published", "tolerance", "target", "basis"), missed)
    yield ""
    yield (
        f"Without a target, {sum(not r.enforced for r in curves)} curves and {len(values) - len(hard_values)} numbers are "
        f"compared: {sum(r.within for r in curves if not r.enforced)} and "
        f"{sum(c.within for _, c in values if not c.target)} are within their tolerance."
    )
    yield ""
    yield from TARGETS.splitlines()
    yield ""
    yield "No figure shows H1, H12, and H5 but for Fig. 6(b): tests of the device, of the boards and of the engines see to them."
    yield ""
    yield "## Curves"
    yield ""
    predicted = [r for r in curves if r.basis == PREDICTED]
    yield (
        f"{len(curves)} digitised curves: {sum(r.within for r in curves)} within tolerance, for "
        f"{sum(r.loose for r in curves)} of which it is wider than half the signal. Of the {len(predicted)} that are "
        f"predictions {sum(r.within for r in predicted)} are within."
    )
    yield ""
    head = ("published curve", "distance", "of signal", "tolerance", "verdict", "target", "basis", "remarks")
    yield from table(head, map(residual_row, curves))
    yield ""


def missed_row(figure: Figure, c: Comparison) -> tuple[str, ...]:
    """A missed number as cells."""
    shown = [show(value, c.unit) for value in (c.value, c.published, c.tolerance)]
    return (f"{c.label} (`{figure.name}`)", *shown, c.target, figure.basis.word(c.quantity))


def residual_row(r: Residual) -> tuple[str, ...]:
    """One comparison as cells."""
    return (f"`{r.curve}`", distance(r), r.percent, tolerance(r), verdict(r.within), r.enforced, r.basis, r.remark)


def distance(r: Residual) -> str:
    """The distance, if there is one."""
    return show(r.rms, r.unit) if math.isfinite(r.rms) else "nothing to compare"


def tolerance(r: Residual) -> str:
    """The tolerance with its unit."""
    return show(r.tolerance, r.unit)


def witness_section(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Twin against ngspice on the same boards."""
    yield "## SPICE"
    yield ""
    yield (
        "ngspice on decks made from the same board files; the twin carries the device and the drive circuit of the decks "
        "(no dead time, which the transistor model does not have). This compares the method, not the boards of the figures. "
        "Burst and pacemakers start from charges in the middle of their rhythm: from power-up ngspice ends with one "
        "pacemaker silent, the twin in antiphase."
    )
    yield ""
    yield from table(("board and quantity", "twin", "ngspice", "ratio", "tolerance", "verdict"), rows)
    yield ""


def section(figure: Figure, found: Sequence[Residual]) -> Iterator[str]:
    """One figure: picture, numbers, remarks."""
    yield f"## {figure.name}"
    yield ""
    boards = ", ".join(f"`{board}`" for board in figure.boards)
    yield f"{figure.title}. {PAPERS[figure.name.split('_')[0]]}. Board{'s' * (len(figure.boards) > 1)}: {boards}."
    yield ""
    yield figure.basis.said
    yield ""
    for picture in draw_figure(figure, PICTURES, dpi=110, kinds=("png",)):
        yield f"![{figure.name}](pictures/fidelity/{picture.name})"
        yield ""
    if figure.numbers:
        yield from table(("quantity", "twin", "published", "verdict", "target", "basis"), numbers(figure))
        yield ""
    if not found:
        yield "No curve of this figure was digitised."
        yield ""
    for remark in figure.remarks:
        yield f"- {remark}"
    if figure.remarks:
        yield ""


def numbers(figure: Figure) -> Iterator[tuple[str, ...]]:
    """Each number, with the published value where there is one."""
    compared = compare_numbers(figure)
    for key, value in figure.numbers.items():
        ours = show(value.value, value.unit) if math.isfinite(value.value) else "none"
        if key not in compared:
            yield value.label, ours, "", "", "", figure.basis.word(key)
            continue
        c = compared[key]
        published = f"{show(c.published, c.unit)} +- {show(c.tolerance, c.unit)}"
        yield value.label, ours, published, verdict(c.within), c.target, figure.basis.word(key)


def verdict(within: bool) -> str:
    """In words."""
    return "within" if within else "**missed**"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    main()
