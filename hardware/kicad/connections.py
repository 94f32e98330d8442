"""What is joined to what in a schematic: wires, labels, sheet pins and power symbols, and the name of each net.

A wire joins what lies at its ends, a label or junction what lies under it (KiCad cuts wires there, so that a crossing
without a junction joins nothing). Names go by KiCad's order: global before local, an upper sheet before a lower one.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from .expressions import Expression, child, children, numbers

Point = tuple[int, int]
"""Tenths of a micrometre, so that equal places are equal numbers."""

_GLOBAL, _POWER, _LOCAL = range(3)


def point(coordinates: Iterable[float]) -> Point:
    """A place given in mm; an angle that follows is left out."""
    x, y, *_ = coordinates
    return round(x * 1e4), round(y * 1e4)


@dataclass
class Connections:
    """Places and names that are joined: a forest in which everything on one net has one root."""

    _above: dict[Hashable, Hashable] = field(default_factory=dict)
    _named: list[tuple[Hashable, tuple[int, int, str], str]] = field(default_factory=list)

    def root(self, key: Hashable) -> Hashable:
        """What stands for the net that `key` is on."""
        above = self._above.setdefault(key, key)
        while above != self._above[above]:
            self._above[above] = self._above[self._above[above]]
            above = self._above[above]
        return above

    def join(self, one: Hashable, other: Hashable) -> None:
        """Both are on one net."""
        self._above[self.root(one)] = self.root(other)

    def name(self, key: Hashable, rank: int, sheet: str, text: str) -> None:
        """The net of `key` may be called `text`, in `sheet` unless the name is global."""
        full = sheet + text if rank == _LOCAL else text
        self._named.append((key, (rank, full.count("/"), full), full))

    def names(self) -> Mapping[Hashable, str]:
        """The name of every net that has one, by its root."""
        best: dict[Hashable, tuple[tuple[int, int, str], str]] = {}
        for key, rank, full in self._named:
            root = self.root(key)
            best[root] = min(best.get(root, (rank, full)), (rank, full))
        return {root: full for root, (_, full) in best.items()}


class SheetConnections:
    """What is joined in one instance of a sheet, `name` such as ``/`` or ``/N1/``."""

    def __init__(self, name: str, drawn: Expression, connections: Connections) -> None:
        self._name, self._all = name, connections
        self._wires = _Wires(drawn)
        for start, end in self._wires.segments:
            connections.join(self._at(start), self._at(end))
        for junction in children(drawn, "junction"):
            self._under(point(numbers(junction, "at")))
        for label in children(drawn, "label"):
            self._label(label, _LOCAL, ("label", name, str(label[1])))
        for label in children(drawn, "hierarchical_label"):
            self._label(label, _LOCAL, ("label", name, str(label[1])))
        for label in children(drawn, "global_label"):
            self._label(label, _GLOBAL, ("global", str(label[1])))

    def pin(self, at: Point) -> Hashable:
        """A symbol's pin: on the net of what ends there."""
        return self._at(at)

    def power(self, at: Point, net: str) -> None:
        """A power symbol's pin, or a hidden supply pin, gives its net a name that holds on every sheet."""
        self._all.join(self._at(at), ("global", net))
        self._all.name(self._at(at), _POWER, "", net)

    def port(self, at: Point, inner: str, net: str) -> None:
        """A pin of a sheet symbol joins the label of that name in the sheet `inner`."""
        self._under(at)
        self._all.join(self._at(at), ("label", inner, net))

    def _at(self, at: Point) -> Hashable:
        return (self._name, *at)

    def _under(self, at: Point) -> None:
        for start in self._wires.through(at):
            self._all.join(self._at(at), self._at(start))

    def _label(self, label: Expression, rank: int, key: Hashable) -> None:
        at = point(numbers(label, "at"))
        self._under(at)
        self._all.join(self._at(at), key)
        self._all.name(key, rank, self._name, str(label[1]))


class _Wires:
    """The wires of a sheet, found by the line that they lie on."""

    def __init__(self, drawn: Expression) -> None:
        self.segments = [
            (point((float(str(a[1])), float(str(a[2])))), point((float(str(b[1])), float(str(b[2])))))
            for wire in children(drawn, "wire")
            for points in [list(children(child(wire, "pts"), "xy"))]
            for a, b in pairwise(points)
        ]
        self._lines: dict[tuple[str, int], list[tuple[Point, Point]]] = {}
        for start, end in self.segments:
            if start[0] == end[0]:
                self._lines.setdefault(("x", start[0]), []).append((start, end))
            if start[1] == end[1]:
                self._lines.setdefault(("y", start[1]), []).append((start, end))

    def through(self, at: Point) -> list[Point]:
        """One end of each wire that passes through or ends at the place."""
        upright = (
            s for s in self._lines.get(("x", at[0]), ()) if min(s[0][1], s[1][1]) <= at[1] <= max(s[0][1], s[1][1])
        )
        level = (
            s for s in self._lines.get(("y", at[1]), ()) if min(s[0][0], s[1][0]) <= at[0] <= max(s[0][0], s[1][0])
        )
        return [start for lines in (upright, level) for start, _ in lines]
