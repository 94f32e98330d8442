"""Finds room for what is printed on a board: each text lies beside its part, on no pad, hole, outline or other text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import ConfigError

from .boxes import OUTWARD, Box, Boxes, around, distances, grown, inside, moved, overlaps, stack, turned
from .label_search import Choices, search
from .layout import Layout, Point, Table, Text

GAP = 0.2
"""From a text to anything else, mm."""
EDGE = 0.5
"""From a text to the board's edge, mm."""
SIZES = (1.0, 0.8)
"""Heights that are tried, mm; below 0.8 mm board houses do not print legibly."""
TITLE_SIZES = (2.0, 1.5, 1.2, 1.0)
STROKE = 0.15
"""Thickness of a stroke over the height of the text, as KiCad's own."""
LINE = 2.0
"""From line to line of a table over the height of its texts."""
STEP = 0.5
"""Between places that are tried, mm."""
FOREIGN = 0.3
"""How much nearer to its own part than to another one a text should lie, mm."""
WORD = 0.7
"""From a text to the next one in the direction of reading, mm: so that two are not read as one."""


Costs = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """What the silkscreen must know of a placed part: boxes of pads, of body, and of what its footprint prints."""

    body: Box
    pads: tuple[tuple[str, Box], ...]
    printed: Mapping[str, tuple[Box, ...]]
    back: bool = False
    value: str = ""
    labelled: bool = True
    """False for mounting holes."""


REACH = {"reference": 5.0, "note": 12.0, "value": 1.5}
"""How far from its part a text may lie, mm."""
MISSING = {"reference": 1000.0, "note": 1000.0, "value": 20.0}
"""What it costs to leave a text out, in mm of distance from its part: a value may be left out, the others may not."""
ON_BODY = 0.4
"""What it costs to print a value where its part will cover it, mm."""


class Label(NamedTuple):
    """A text that looks for a place beside its part."""

    text: str
    owner: str
    kind: str
    """One of `REACH`."""


@dataclass
class Silkscreen:
    """What is printed, as left-aligned texts; `hidden` are the values for which there was room only on the drawing."""

    references: dict[str, Text] = field(default_factory=dict)
    values: dict[str, Text] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)
    rules: list[tuple[Point, Point, bool]] = field(default_factory=list)
    """Lines of tables: two ends, and whether on the back."""
    hidden: list[str] = field(default_factory=list)


class _Side:
    """One silkscreen: what is in the way of texts, with its names."""

    def __init__(self, back: bool, parts: Mapping[str, Part], outline: Sequence[Point]) -> None:
        side = "B" if back else "F"
        named: list[tuple[str, Box]] = []
        for ref, part in parts.items():
            named += [(f"pad {number} of {ref}" if number else f"a hole of {ref}", box) for number, box in part.pads]
            named += [(f"the print of {ref}", box) for box in part.printed[side]]
            if part.back == back:
                named.append((f"the body of {ref}", part.body))
        self.back = back
        self.outline = outline
        self.names = [name for name, _ in named]
        self.boxes = stack([box for _, box in named])
        self.taken: list[Box] = []
        """Texts placed so far."""

    def free(self, boxes: Boxes) -> Boxes:
        """Those of the boxes where there is nothing but, perhaps, another text."""
        if not len(boxes):
            return boxes
        wide = boxes + GAP * OUTWARD
        near = self.boxes[overlaps(self.boxes, stack([around(wide)]))[:, 0]]
        blank = boxes[~overlaps(wide, near).any(axis=1)]
        return blank[inside(blank + EDGE * OUTWARD, self.outline)]

    def blocked_by(self, box: Box, but: str = "") -> str:
        """What a text in this box would lie over, apart from what is named `but`; empty when it is free."""
        wide = stack([grown(box, GAP)])
        if not inside(stack([grown(box, EDGE)]), self.outline)[0]:
            return "the board's edge"
        hits = [self.names[int(i)] for i in np.flatnonzero(overlaps(wide, self.boxes)[0])]
        if over := [name for name in hits if name != but]:
            return over[0]
        return "another text" if overlaps(wide, stack(self.taken)).any() else ""


class Printer:
    """Places the texts of one board. `measured`: box of each text 1 mm high, its left end half way up at the origin."""

    def __init__(
        self,
        board: str,
        layout: Layout,
        parts: Mapping[str, Part],
        measured: Mapping[str, Box],
        vias: Sequence[Point] = (),
    ) -> None:
        self._board, self._layout, self._parts, self._measured = board, layout, parts, measured
        self._sides = {back: _Side(back, parts, layout.corners) for back in (False, True)}
        self._vias = stack([grown((x, y, x, y), 0.4) for x, y in vias])
        self._bodies = stack([part.body for part in parts.values()])
        self._owners = list(parts)
        self.done = Silkscreen()

    def print_all(self, title: str) -> Silkscreen:
        """Everything: given texts and tables, designators and notes, the title, and the values where room is left.

        The value of a part with a note stays off: it is the note that tells what the part is.

        Raises ConfigError naming each text that lies over something or that finds no room.
        """
        self._print_given()
        labelled = {ref: part for ref, part in self._parts.items() if part.labelled}
        wanted = [Label(ref, ref, "reference") for ref in labelled]
        wanted += [Label(text, ref, "note") for ref, text in self._layout.notes.items() if text]
        if left_out := self._settle(wanted):
            raise ConfigError(self._no_room(left_out))
        self.done.texts.append(self._titled(title))
        valued = {ref: part for ref, part in labelled.items() if part.value and ref not in self._layout.notes}
        self.done.hidden = [
            label.owner for label in self._settle([Label(p.value, r, "value") for r, p in valued.items()])
        ]
        return self.done

    # --- given texts and tables

    def _print_given(self) -> None:
        wrong = []
        texts = [*self._layout.texts, *(t for table in self._layout.tables for t in self._cells(table))]
        for text in (self._left_aligned(t) for t in texts):
            box = self.box(text)
            if over := self._sides[text.back].blocked_by(box):
                wrong.append(f"'{text.text}' at ({text.x:g}, {text.y:g}) lies over {over}")
            self._sides[text.back].taken.append(box)
            self.done.texts.append(text)
        for (x, y), (end, _), back in self.done.rules:
            self._sides[back].taken.append((min(x, end), y, max(x, end), y + STROKE))
        if wrong:
            raise ConfigError(f"{self._board}, silkscreen: {'; '.join(wrong)}. Move the text or what is under it.")

    def _cells(self, table: Table) -> Iterator[Text]:
        """The cells of a table as texts; its rule is noted. Raises ConfigError for a cell wider than its column."""
        forward = -1.0 if table.back else 1.0
        for i, row in enumerate(table.rows):
            x, y = table.x, table.y + table.size * (0.5 + LINE * i)
            for cell, width in zip(row, table.widths, strict=True):
                text = Text(cell, x, y, table.size, 0.0, table.back)
                if cell and (needed := self._measured[cell][2] * table.size + GAP) > width:
                    raise ConfigError(f"{self._board}: '{cell}' needs a column of {needed:.1f} mm, not {width:g} mm.")
                if cell:
                    yield text
                x += forward * width
        under = table.y + (0.5 + LINE / 2) * table.size
        self.done.rules.append(((table.x, under), (table.x + forward * sum(table.widths), under), table.back))

    def _left_aligned(self, text: Text) -> Text:
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[text.align]
        if not share:
            return text
        shift = turned((-share * self._measured[text.text][2] * text.size, 0.0, 0.0, 0.0), text.turn, text.back)
        x = shift[0] if abs(shift[0]) > abs(shift[2]) else shift[2]
        y = shift[1] if abs(shift[1]) > abs(shift[3]) else shift[3]
        return text._replace(x=text.x + x, y=text.y + y, align="left")

    def box(self, text: Text) -> Box:
        """The box of a left-aligned text where it lies."""
        left, top, right, bottom = (text.size * edge for edge in self._measured[text.text])
        return moved(turned((left, top, right, bottom), text.turn, text.back), text.x, text.y)

    # --- texts beside their parts

    def _settle(self, labels: Sequence[Label]) -> list[Label]:
        """Find a place for each of the labels; returns those for which there is none."""
        options = [self._options(label) for label in labels]
        left_out = []
        for label, its, place in zip(labels, options, search([its.choices for its in options]), strict=True):
            if place is None:
                left_out.append(label)
                continue
            text = its.text(place)
            self._sides[text.back].taken.append(self.box(text))
            if label.kind == "note":
                self.done.texts.append(text)
            else:
                (self.done.references if label.kind == "reference" else self.done.values)[label.owner] = text
        return left_out

    def _options(self, label: Label) -> "_Options":
        """Where the label may lie as far as parts and given texts are concerned, the best place first."""
        part = self._parts[label.owner]
        texts = [Text(label.text, 0.0, 0.0, size, turn, part.back) for size in SIZES for turn in (0.0, 90.0)]
        found = [self._around(label, text) for text in texts]
        if label.kind == "value":
            found += [self._on_body(label, text) for text in texts]
        how = np.concatenate([np.full(len(costs), i % len(texts)) for i, (costs, _) in enumerate(found)])
        costs = np.concatenate([costs + _penalty(texts[i % len(texts)]) for i, (costs, _) in enumerate(found)])
        boxes = np.concatenate([boxes for _, boxes in found])
        margins = stack([(WORD, GAP, WORD, GAP) if text.turn == 0 else (GAP, WORD, GAP, WORD) for text in texts])
        wide = boxes + margins[how] * OUTWARD
        blank = ~overlaps(wide, stack(self._sides[part.back].taken)).any(axis=1)
        order = np.flatnonzero(blank)[np.argsort(costs[blank], kind="stable")]
        choices = Choices(boxes[order], wide[order], costs[order], MISSING[label.kind])
        return _Options(choices, how[order], texts, stack([self.box(text) for text in texts]))

    def _around(self, label: Label, text: Text) -> tuple[Costs, Boxes]:
        """The free boxes around the part for the text so written, and how bad each is."""
        part, reach = self._parts[label.owner], REACH[label.kind]
        left, top, right, bottom = self.box(text)
        lefts = _stops(part.body[0], part.body[2], right - left, reach)
        tops = _stops(part.body[1], part.body[3], bottom - top, reach)
        corners = np.stack(np.meshgrid(lefts, tops, indexing="ij"), axis=-1).reshape(-1, 2)
        boxes = np.hstack([corners, corners + np.array([right - left, bottom - top])])
        away = distances(boxes, part.body)
        free = self._sides[part.back].free(boxes[(away > GAP) & (away <= reach)])
        return self._costs(free, label.owner), free

    def _on_body(self, label: Label, text: Text) -> tuple[Costs, Boxes]:
        """The box in the middle of the part's body, if there are no pads and lines, along the body."""
        part = self._parts[label.owner]
        left, top, right, bottom = self.box(text)
        width, height = right - left, bottom - top
        x, y = (part.body[0] + part.body[2] - width) / 2, (part.body[1] + part.body[3] - height) / 2
        box = (x, y, x + width, y + height)
        if self._sides[part.back].blocked_by(box, f"the body of {label.owner}"):
            return np.empty(0), stack([])
        return np.array([ON_BODY]), stack([box])

    def _costs(self, boxes: Boxes, owner: str) -> Costs:
        """Far from the part, beside its middle, over a via, or nearer to another part: the higher, the worse."""
        body = self._parts[owner].body
        away = distances(boxes, body)
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2 - ((body[0] + body[2]) / 2, (body[1] + body[3]) / 2)
        cost = away + 0.15 * np.abs(middle).min(axis=1) + 0.02 * np.abs(middle).max(axis=1)
        cost += 3.0 * overlaps(boxes, self._vias).any(axis=1)
        if len(boxes):
            others = self._bodies[[name != owner for name in self._owners]]
            near = others[overlaps(others, stack([grown(around(boxes), FOREIGN)]))[:, 0]]
            for other in near:
                cost += 4.0 * np.maximum(away + FOREIGN - distances(boxes, tuple(other)), 0.0)
        return np.asarray(cost)

    def _no_room(self, labels: Sequence[Label]) -> str:
        told = "; ".join(
            f"{label.kind} '{label.text}' of {label.owner} at ({part.body[0]:.1f}, {part.body[1]:.1f})"
            for label in labels
            for part in [self._parts[label.owner]]
        )
        return f"{self._board}, silkscreen: no room for {told}. Move parts apart, or shorten the text."

    # --- title and values

    def _titled(self, title: str) -> Text:
        """The title, as large as there is room for, near the upper edge, on the front if possible."""
        width, height = self._layout.size
        for back in (False, True):
            for size in TITLE_SIZES:
                origin = self.box(Text(title, 0.0, 0.0, size, 0.0, back))
                corners = np.array([(x, y) for y in np.arange(0, height, STEP) for x in np.arange(0, width, STEP)])
                boxes = self._sides[back].free(np.hstack([corners + origin[:2], corners + origin[2:]]))
                boxes = boxes[~overlaps(boxes + GAP * OUTWARD, stack(self._sides[back].taken)).any(axis=1)]
                if len(boxes):
                    x, y = boxes[0, :2] - origin[:2]
                    self._sides[back].taken.append(tuple(boxes[0]))
                    return Text(title, round(float(x), 3), round(float(y), 3), size, 0.0, back)
        raise ConfigError(f"{self._board}, silkscreen: no room for the title '{title}' on either side.")


@dataclass(frozen=True)
class _Options:
    """The places of a text, and how it is written in each."""

    choices: Choices
    how: NDArray[np.int_]
    """Which of `texts` lies in each box."""
    texts: Sequence[Text]
    """The text in each size and direction, at the origin."""
    origins: Boxes
    """The boxes of `texts`."""

    def text(self, place: int) -> Text:
        """The text in one of its places."""
        how = int(self.how[place])
        x, y = self.choices.boxes[place, :2] - self.origins[how, :2]
        return self.texts[how]._replace(x=round(float(x), 3), y=round(float(y), 3))


def _penalty(text: Text) -> float:
    """A small text or one to be read from the side is worth this many mm of distance from its part."""
    return 1.0 * (text.size < SIZES[0]) + 1.5 * (text.turn != 0.0)


def _stops(low: float, high: float, length: float, reach: float) -> list[float]:
    """Where a text of this length may begin along a part from `low` to `high`: aligned with it, or in steps around it."""
    aligned = [low, high - length, (low + high - length) / 2, low - length - 1.5 * GAP, high + 1.5 * GAP]
    return sorted({*aligned, *np.arange(low - length - reach, high + reach, STEP).tolist()})
