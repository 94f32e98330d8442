"""What ``neurorig hardware setup`` prints: everything to do to a printed circuit, in lines of 80 characters."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

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
    least, most = (show(volts, "V") for volts in made.compliance)
    yield from _section("Supply and source", (), (
        ("supply", made.supply),
        ("source", f"current source whose voltage reaches {least} and is limited to {most}"),
    ))  # fmt: skip
    if made.drives:
        yield from _section("Currents", ("preset", "port", "current", "enters at"), (
            (drive.preset, drive.port, show(drive.current, "A"), drive.connector or "the neuron board")
            for drive in made.drives
        ))  # fmt: skip
    else:
        yield from _section("Currents: the figure sweeps them", ("port", "range", "enters at"), (
            (port, f"{show(low, 'A')} to {show(high, 'A')}", connector or "the neuron board")
            for port, (low, high, connector) in made.ports.items()
        ))  # fmt: skip
    yield from _section("Where to look", ("node", "remark", "at"), (
        (look.node, look.remark, ", ".join(look.places)) for look in made.nodes
    ))  # fmt: skip
    yield from _section("What to expect", (), (
        *((f"neurorig figure {name}",) for name in figures),
        ("docs/howto/bring-up.md: voltages of a good board, before the first run",),
    ))  # fmt: skip
    if made.remarks:
        yield from _section("Mind", (), (("-", line) for line in made.remarks))


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
    """A title and aligned columns below it, the last of which is folded."""
    table = [tuple(head), *rows] if head else list(rows)
    yield from ("", title)
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]) - 1)]
    indent = 2 + sum(width + 2 for width in widths)
    for row in table:
        front = "  " + "".join(f"{cell:{width}s}  " for cell, width in zip(row[:-1], widths, strict=True))
        folded = textwrap.wrap(row[-1], max(WIDTH - indent, LEAST), break_long_words=False, break_on_hyphens=False)
        for number, part in enumerate(folded or [""]):
            yield ((front if number == 0 else " " * indent) + part).rstrip()
