"""Finds room for what is printed on a board: each text lies beside its part, on no pad, hole, outline or other text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import ConfigError

from .boxes import OUTWARD, Box, Boxes, around, distances, grown, inside, moved, overlaps, stack, turned
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
ROUNDS = 60


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


class Label(NamedTuple):
    """A text that looks for a place beside its part."""

    text: str
    owner: str
    kind: str
    """ "reference", "value" or "note"."""
    reach: float
    """How far from the part it may lie, mm."""


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

    def blocked_by(self, box: Box) -> str:
        """What a text in this box would lie over; empty when it is free."""
        wide = stack([grown(box, GAP)])
        if not inside(stack([grown(box, EDGE)]), self.outline)[0]:
            return "the board's edge"
        hits = np.flatnonzero(overlaps(wide, self.boxes)[0])
        if len(hits):
            return self.names[int(hits[0])]
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
        wanted = [Label(ref, ref, "reference", 5.0) for ref, part in self._parts.items() if part.labelled]
        wanted += [Label(text, ref, "note", 12.0) for ref, text in self._layout.notes.items()]
        for label, text in self._settle(wanted).items():
            if label.kind == "reference":
                self.done.references[label.owner] = text
            else:
                self.done.texts.append(text)
        self.done.texts.append(self._titled(title))
        for ref, part in self._parts.items():
            if part.labelled and part.value and ref not in self._layout.notes:
                self._print_value(Label(part.value, ref, "value", 1.0))
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

    def _settle(self, labels: Sequence[Label]) -> dict[Label, Text]:
        """A place for each of the labels; who finds none is served first in the next round."""
        choices = {label: self._choices(label) for label in labels}
        if hopeless := [label for label, found in choices.items() if not len(found.boxes)]:
            raise ConfigError(self._no_room(hopeless))
        queue = sorted(labels, key=lambda label: len(choices[label].boxes))
        for _ in range(ROUNDS):
            placed, left_over = self._one_round(queue, choices)
            if not left_over:
                for label, text in placed.items():
                    self._sides[self._parts[label.owner].back].taken.append(self.box(text))
                return placed
            queue = left_over + [label for label in queue if label not in left_over]
        raise ConfigError(self._no_room(left_over))

    def _one_round(
        self, queue: Sequence[Label], choices: Mapping[Label, "_Choices"]
    ) -> tuple[dict[Label, Text], list[Label]]:
        taken = {back: list(side.taken) for back, side in self._sides.items()}
        placed: dict[Label, Text] = {}
        left_over = []
        for label in queue:
            text = choices[label].first_free(taken[self._parts[label.owner].back])
            if text is None:
                left_over.append(label)
            else:
                placed[label] = text
                taken[text.back].append(self.box(text))
        return placed, left_over

    def _choices(self, label: Label) -> "_Choices":
        """Where the label may lie as far as parts are concerned, the best place first."""
        tried = [(size, turn) for size in SIZES for turn in (0.0, 90.0)]
        around = [self._around(label, size, turn) for size, turn in tried]
        costs = np.concatenate([cost + _penalty(*how) for how, (cost, _) in zip(tried, around, strict=True)])
        how = np.concatenate([np.full(len(cost), i) for i, (cost, _) in enumerate(around)])
        order = np.argsort(costs, kind="stable")
        texts = tuple(Text(label.text, 0.0, 0.0, *t, self._parts[label.owner].back) for t in tried)
        origins = stack([self.box(text) for text in texts])
        return _Choices(np.concatenate([boxes for _, boxes in around])[order], how[order], texts, origins)

    def _around(self, label: Label, size: float, turn: float) -> tuple[Costs, Boxes]:
        """The free boxes around the part for its text so written, and how bad each is."""
        part, reach = self._parts[label.owner], label.reach
        left, top, right, bottom = self.box(Text(label.text, 0.0, 0.0, size, turn, part.back))
        lefts = _stops(part.body[0], part.body[2], right - left, reach)
        tops = _stops(part.body[1], part.body[3], bottom - top, reach)
        corners = np.stack(np.meshgrid(lefts, tops, indexing="ij"), axis=-1).reshape(-1, 2)
        boxes = np.hstack([corners, corners + np.array([right - left, bottom - top])])
        away = distances(boxes, part.body)
        free = self._sides[part.back].free(boxes[(away > GAP) & (away <= reach)])
        return self._costs(free, label.owner), free

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
                cost += 2.0 * np.maximum(away + FOREIGN - distances(boxes, tuple(other)), 0.0)
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

    def _print_value(self, label: Label) -> None:
        """Beside the part, else on its body where the part will cover it, else on the assembly drawing only."""
        part = self._parts[label.owner]
        side = self._sides[part.back]
        text = self._choices(label).first_free(side.taken) or self._on_body(label)
        if text is None:
            self.done.hidden.append(label.owner)
            return
        side.taken.append(self.box(text))
        self.done.values[label.owner] = text

    def _on_body(self, label: Label) -> Text | None:
        part = self._parts[label.owner]
        side = self._sides[part.back]
        middle = ((part.body[0] + part.body[2]) / 2, (part.body[1] + part.body[3]) / 2)
        body = side.names.index(f"the body of {label.owner}")
        others = np.delete(side.boxes, body, axis=0)
        for size in SIZES:
            for turn in (0.0, 90.0):
                origin = self.box(Text(label.text, 0.0, 0.0, size, turn, part.back))
                x = middle[0] - (origin[0] + origin[2]) / 2
                y = middle[1] - (origin[1] + origin[3]) / 2
                box = stack([grown(moved(origin, x, y), GAP)])
                if not overlaps(box, others).any() and not overlaps(box, stack(side.taken)).any():
                    return Text(label.text, round(x, 3), round(y, 3), size, turn, part.back)
        return None


@dataclass(frozen=True)
class _Choices:
    """Boxes in which a text may lie, the best first."""

    boxes: Boxes
    how: NDArray[np.int_]
    """Which of `texts` lies in each box."""
    texts: tuple[Text, ...]
    """The text in each size and direction, at the origin."""
    origins: Boxes
    """The boxes of `texts`."""

    def first_free(self, taken: Sequence[Box]) -> Text | None:
        """The text in the best box that overlaps none of those taken."""
        free = ~overlaps(self.boxes + GAP * OUTWARD, stack(taken)).any(axis=1)
        if not free.any():
            return None
        best = int(np.argmax(free))
        how = int(self.how[best])
        x, y = self.boxes[best, :2] - self.origins[how, :2]
        return self.texts[how]._replace(x=round(float(x), 3), y=round(float(y), 3))


def _penalty(size: float, turn: float) -> float:
    """A small text or one to be read from the side is worth this many mm of distance from its part."""
    return 1.5 * (size < SIZES[0]) + 1.0 * (turn != 0.0)


def _stops(low: float, high: float, length: float, reach: float) -> list[float]:
    """Where a text of this length may begin along a part from `low` to `high`: aligned with it, or in steps around it."""
    aligned = [low, high - length, (low + high - length) / 2, low - length - 1.5 * GAP, high + 1.5 * GAP]
    return sorted({*aligned, *np.arange(low - length - reach, high + reach, STEP).tolist()})
