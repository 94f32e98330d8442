"""What ``neurorig hardware setup`` prints: everything to do to a printed circuit, in lines of 80 characters."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from neurorig.hardware.kicad.instructions import THRESHOLD
from neurorig.signals import show

if TYPE_CHECKING:
    from neurorig.hardware.kicad.instructions import Instructions

WIDTH = 80
LEAST = 24
"""A last column is folded to what is left of the line, but not to less than this."""


def setup_page(made: "Instructions", figures: Sequence[str]) -> str:
    """The page; `figures`: names to play, that show what is to be expected."""
    return "\n".join(_lines(made, figures))


def _lines(made: "Instructions", figures: Sequence[str]) -> Iterator[str]:
    yield from textwrap.wrap(made.title, WIDTH)
    yield f"on the board: {made.setup.project}"
    if made.loose:
        yield from _section("Have ready, beside what is on the board", ("pieces", "what", "for"), (
            (str(part.count), part.what, " ".join(part.places)) for part in made.loose
        ))  # fmt: skip
    yield from _section("Values", ("part", "value", "what to do"), (
        (fit.part, fit.written, fit.how) for fit in made.fit
    ))  # fmt: skip
    yield from _section("Caps (pins counted from the square pad)", ("jumper", "cap", "printed"), _caps(made))
    if made.open:
        yield from _section("Leave open", (), (("-", line) for line in made.open))
    least, limit, most = (show(volts, "V") for volts in made.compliance)
    yield from _section("Supply and source", (), (
        ("supply", made.supply),
        ("source", f"one that reaches {least}: thresholds go up to {show(THRESHOLD, 'V')}, and the input takes 0.1 V"),
        ("", f"set its voltage limit to {limit}; never above the supply, {most}"),
    ))  # fmt: skip
    yield from _currents(made)
    yield from _section("Where to look", ("node", "remark", "at"), (
        (look.node, look.remark, ", ".join(look.places)) for look in made.nodes
    ))  # fmt: skip
    yield from _section("What to expect", (), (
        *((f"neurorig figure {name}",) for name in figures),
        ("docs/howto/bring-up.md: voltages of a good board, before the first run",),
    ))  # fmt: skip
    if made.remarks:
        yield from _section("Mind", (), (("-", line) for line in made.remarks))
    if made.differs:
        yield from _section("About the published figure; nothing to set", (), (("-", line) for line in made.differs))


def _currents(made: "Instructions") -> Iterator[str]:
    """Those to use, as printed and relative to I_min; which of the two; and those that are not to be used."""
    if not made.drives:
        yield from _section("Currents: the figure sweeps them", ("port", "range", "enters at"), (
            (port, f"{show(low, 'A')} to {show(high, 'A')}", connector or "the neuron board")
            for port, (low, high, connector) in made.ports.items()
        ))  # fmt: skip
        return
    yield from _section("Currents", ("preset", "port", "on your board", "on the paper's", "enters at"), (
        (d.preset, d.port, f"{d.of_i_min:.3f} Imin", show(d.current, "A"), d.connector or "the neuron board")
        for d in made.drives if not d.instead
    ))  # fmt: skip
    yield from _rows([("-", text) for text in _which(made)])


def _which(made: "Instructions") -> Iterator[str]:
    presets = {d.preset: [o for o in made.drives if o.preset == d.preset] for d in made.drives}
    paper = ", ".join(f"{show(amperes, 'A', 3)} at {port}" for port, amperes in made.i_min.items())
    yield (
        "Take the column of your board. Its Imin is measured by 'neurorig run rheobase'; that of the paper's, with all "
        f"synapses at rest, is {paper}. Amperes of the paper mean little on another thyristor."
    )
    for preset, drives in presets.items():
        if drives[0].instead:
            values = ", ".join(show(d.current, "A") for d in drives)
            yield f"Not '{preset}' ({values}): {drives[0].what}. Take '{drives[0].instead}'."


def _caps(made: "Instructions") -> Iterator[tuple[str, str, str]]:
    """Every jumper of what the figure has; of a synapse that it lacks the one that takes it off the membrane."""
    for cap in made.caps:
        where = {"open": "none", "closed": "on"}.get(cap.pins, cap.pins)
        if cap.used:
            yield cap.jumper, where, cap.word
        elif cap.jumper.startswith("JP_output"):
            yield cap.jumper, where, f"{cap.word}   ({cap.block} is not used: its other caps do not matter)"


def _section(
    title: str, head: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]
) -> Iterator[str]:
    """A title and columns below it."""
    yield from ("", title)
    yield from _rows([tuple(head), *rows] if head else list(rows))


def _rows(table: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Aligned columns, the last of which is folded."""
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]) - 1)]
    indent = 2 + sum(width + 2 for width in widths)
    for row in table:
        front = "  " + "".join(f"{cell:{width}s}  " for cell, width in zip(row[:-1], widths, strict=True))
        folded = textwrap.wrap(row[-1], max(WIDTH - indent, LEAST), break_long_words=False, break_on_hyphens=False)
        for number, part in enumerate(folded or [""]):
            yield ((front if number == 0 else " " * indent) + part).rstrip()
