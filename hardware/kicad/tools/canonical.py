"""Board files that are the same to the byte each time: pcbnew invents identifiers, and orders what it writes by them.

KiCad writes one item per line and indents by tabs, so a file is taken apart by its indentation and keeps KiCad's look.
"""

import re
from typing import NamedTuple

from .identity import Identities

_IDENTITY = re.compile(r'\(uuid "[0-9a-f-]{36}"\)')
_REFERENCE = re.compile(r'^\t\t\(property "Reference" "((?:[^"\\]|\\.)*)"', re.MULTILINE)
_DIGITS = re.compile(r"(\d+)")
_ON_BOARD = ("footprint", "gr_line", "gr_poly", "gr_text", "segment", "via", "zone", "embedded_fonts")
_IN_FOOTPRINT = (
    "fp_line", "fp_arc", "fp_circle", "fp_rect", "fp_poly", "fp_text", "pad", "zone", "embedded_fonts", "model",
)  # fmt: skip


class _Block(NamedTuple):
    """One item with everything inside it."""

    kind: str
    text: str

    @property
    def content(self) -> str:
        """What it says, identifiers aside."""
        return _IDENTITY.sub("(uuid)", self.text)


def canonical(text: str, board: str) -> str:
    """The board file with identifiers made from what each item is, and items in order of what they say."""
    head, blocks, tail = _take_apart(text, 1)
    identities = Identities(board, "board")
    blocks = [_tidy_footprint(block) if block.kind == "footprint" else block for block in blocks]
    blocks = [_identified(block, identities) for block in _in_order(blocks, _ON_BOARD)]
    return head + "".join(block.text for block in blocks) + tail


def _take_apart(text: str, depth: int) -> tuple[str, list[_Block], str]:
    """What comes before the items that are indented by `depth` tabs, these items, and what comes after them."""
    starts = [m.start() for m in re.finditer(rf"^\t{{{depth}}}\(", text, re.MULTILINE)]
    end = text.rindex("\n" + "\t" * (depth - 1) + ")") + 1
    pieces = [text[a:b] for a, b in zip(starts, [*starts[1:], end], strict=True)]
    return text[: starts[0]], [_Block(re.split(r"[\s)]", p.strip()[1:], maxsplit=1)[0], p) for p in pieces], text[end:]


def _in_order(blocks: list[_Block], kinds: tuple[str, ...]) -> list[_Block]:
    """Items of these kinds one kind after another, ordered by content; what else there is keeps its order before them."""
    return sorted(blocks, key=lambda b: (kinds.index(b.kind) + 1, _natural(b.content)) if b.kind in kinds else (0, ()))


def _tidy_footprint(block: _Block) -> _Block:
    head, blocks, tail = _take_apart(block.text, 2)
    return _Block(block.kind, head + "".join(b.text for b in _in_order(blocks, _IN_FOOTPRINT)) + tail)


def _identified(block: _Block, identities: Identities) -> _Block:
    """With new identifiers: a footprint's from its designator, so that moving it changes none; others' from content."""
    reference = _REFERENCE.search(block.text) if block.kind == "footprint" else None
    name = reference[1] if reference else block.content
    count = iter(range(1_000_000))
    return _Block(
        block.kind, _IDENTITY.sub(lambda _: f'(uuid "{identities(block.kind, name, next(count))}")', block.text)
    )


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Key of an order in which R2 comes before R10."""
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in _DIGITS.split(text))
