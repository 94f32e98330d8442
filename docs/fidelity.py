"""Write `docs/fidelity.md`: every figure of the papers, published beside twin beside SPICE, with pictures and distances.

Run it after a change of the twin or of a board: ``python docs/fidelity.py`` (minutes, most of them ngspice's). What is
missed is shown as missed.
"""

import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from neurorig.protocols.figures import Figure, list_figures, make_figure
from neurorig.protocols.figures.picture import draw_figure
from neurorig.protocols.figures.residuals import Residual, residuals
from neurorig.protocols.figures.targets import compare_numbers
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

Distances are root mean squares over the published points. A distance with a **target** (H2, H6 ...) must be met and a test
sees to it. The others are reported: what is allowed is then three times the reading error of the figure plus 5 %. What
was fitted to which curve stands in the board files; nothing else was adjusted.
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
    lines = [HEAD, *summary(found), *witness_section(witness_rows())]
    for figure in figures:
        lines += section(figure, found[figure.name])
    (HERE / "fidelity.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def summary(found: dict[str, list[Residual]]) -> Iterator[str]:
    """Count and list of every comparison."""
    rows = [r for rs in found.values() for r in rs]
    targets = [r for r in rows if r.enforced]
    yield "## Curves"
    yield ""
    yield (
        f"{len(rows)} digitised curves: {sum(r.within for r in rows)} within what is allowed; of the {len(targets)} with a "
        f"target {sum(r.within for r in targets)}."
    )
    yield ""
    head = ("published curve", "distance", "allowed", "target", "verdict", "remarks")
    yield from table(head, map(residual_row, rows))
    yield ""


def residual_row(r: Residual) -> tuple[str, ...]:
    """One comparison as cells."""
    distances = show(r.rms, r.unit) if math.isfinite(r.rms) else "nothing to compare", show(r.tolerance, r.unit)
    return (f"`{r.curve}`", *distances, r.enforced, verdict(r.within), r.note.strip())


def witness_section(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Twin against ngspice on the same boards."""
    yield "## SPICE"
    yield ""
    yield (
        "ngspice on decks made from the same board files; the twin carries the device and the drive circuit of the decks "
        "(no dead time, which the transistor model does not have). This compares the method, not the boards of the figures."
    )
    yield ""
    yield from table(("board and quantity", "twin", "ngspice", "ratio", "allowed", "verdict"), rows)
    yield ""


def section(figure: Figure, found: Sequence[Residual]) -> Iterator[str]:
    """One figure: picture, numbers, remarks."""
    yield f"## {figure.name}"
    yield ""
    boards = ", ".join(f"`{board}`" for board in figure.boards)
    yield f"{figure.title}. {PAPERS[figure.name.split('_')[0]]}. Board{'s' * (len(figure.boards) > 1)}: {boards}."
    yield ""
    for picture in draw_figure(figure, PICTURES, dpi=110, kinds=("png",)):
        yield f"![{figure.name}](pictures/fidelity/{picture.name})"
        yield ""
    if figure.numbers:
        yield from table(("quantity", "twin", "published", "target", "verdict"), numbers(figure))
        yield ""
    if not found:
        yield "No curve of this figure was digitised: what stands here is a prediction."
        yield ""
    for remark in figure.remarks:
        yield f"- {remark}"
    if figure.remarks:
        yield ""


def numbers(figure: Figure) -> Iterator[tuple[str, ...]]:
    """Each number, with the published value where there is one."""
    compared = compare_numbers(figure)
    for key, value in figure.numbers.items():
        ours = show(value.value, value.unit)
        if key not in compared:
            yield value.label, ours, "", "", ""
            continue
        c = compared[key]
        published = f"{show(c.published, c.unit)} +- {show(c.tolerance, c.unit)}"
        yield value.label, ours, published, c.target, verdict(c.within)


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
