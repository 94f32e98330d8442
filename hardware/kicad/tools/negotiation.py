"""Every net finds its way, and nets that claim the same place bargain for it.

Each net is joined as a tree that grows to its nearest open pad. At first nets may share places; a shared place gets
dearer with every round, by how many claim it now and by how often it was fought over before, until each net that can
go elsewhere has gone (McMurchie & Ebeling 1995, "PathFinder: a negotiation-based performance-driven router").
"""

from dataclasses import dataclass, field

import numpy as np

from .copper import Pad, RoutingError
from .grid import FREE, LAYERS, Grid, Nodes, disc
from .maze import Errand, Tally, Tree, fought, scratch, search, take

_PATIENCE = 12  # rounds without fewer contested places before the board counts as full
_FIRST_PRICE, _DEARER, _HIGHEST_PRICE = 8, 1.4, 20_000  # of a place that another net has taken, per net
_GRUDGE = 6  # what a place that was fought over costs more from then on
_GRUDGE_REACH = 0.5  # mm around it
_BARRED = -1


@dataclass
class Terminal:
    """A pad as the search sees it: where tracks end (`homes`, one node per layer) and where they have arrived (`goals`)."""

    pad: Pad
    homes: Nodes
    goals: Nodes


@dataclass
class Wire:
    """A net, its pads and the paths found for it: nodes in turn; a step from layer to layer is a via, but in a pad."""

    name: str
    index: int
    kind: int
    terminals: list[Terminal]
    paths: list[Nodes] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)  # per path the pad that it joins to the others

    def nodes(self) -> Nodes:
        """Every node of its paths."""
        return np.concatenate(self.paths) if self.paths else np.empty(0, np.int32)


class Negotiation:
    """All nets of a board while they look for their ways."""

    def __init__(self, grid: Grid):
        self.grid = grid
        self.board = grid.board
        self.notes = scratch(2 * self.board.n)
        self.tree = Tree(
            np.zeros(2 * self.board.n, np.int16),
            np.zeros(2 * self.board.n, np.uint8),
            np.zeros(self.board.n, np.bool_),
            np.zeros(self.board.n, np.bool_),
        )
        self._mark = np.zeros(2 * self.board.n, np.int32)
        self._number = 0
        problem = grid.problem
        self._crowd = disc(problem.via_hole + problem.hole_clearance)
        self._grudge = disc(_GRUDGE_REACH)
        self.wires = [self._wire(index, name) for index, name in enumerate(grid.nets)]

    def settle(self) -> None:
        """Finds ways for all nets that keep clear of one another. Raises RoutingError with nets, pads and places."""
        price = float(_FIRST_PRICE)
        contested = self.order()
        fewest, patience = self.board.n, _PATIENCE
        while contested and patience:
            for wire in contested:
                self.claim(wire, -1)
                lost = self.connect(wire, int(price))
                if lost:
                    raise RoutingError(f"{self._lost(wire, lost)}: it is walled in. Give it room or a narrower track.")
                self.claim(wire, 1)
            claims = {wire.name: self._fought(wire) for wire in self.order()}
            contested = [wire for wire in self.order() if claims[wire.name]]
            patience = _PATIENCE if sum(claims.values()) < fewest else patience - 1
            fewest = min(fewest, sum(claims.values()))
            price = min(price * _DEARER, _HIGHEST_PRICE)
        self._share_out(contested)

    def refine(self) -> None:
        """Lets each net look again, without claims of others: what it went around may be gone."""
        self.board.history[:] = 0
        for wire in reversed(self.order()):
            before = wire.paths, wire.joined
            self.claim(wire, -1)
            if self.connect(wire, _BARRED):
                wire.paths, wire.joined = before
            self.claim(wire, 1)

    def _share_out(self, contested: list[Wire]) -> None:
        """First come, first served, for nets that do not agree. Raises RoutingError for those that come too late."""
        full = {wire.name: self._fullest(wire) for wire in contested}
        for wire in contested:
            self.claim(wire, -1)
        told = []
        for wire in contested:
            lost = self.connect(wire, _BARRED)
            if lost:
                told.append(f"{self._lost(wire, lost)}: full at {full[wire.name]}.")
                wire.paths = []
            self.claim(wire, 1)
        if told:
            raise RoutingError("\n".join((*told, "Move the parts apart there, or enlarge the board.")))

    def order(self) -> list[Wire]:
        """The nets by their size, those with a pour last."""

        def size(wire: Wire) -> tuple[bool, float, str]:
            pads = [terminal.pad for terminal in wire.terminals]
            span = max(p.x for p in pads) - min(p.x for p in pads) + max(p.y for p in pads) - min(p.y for p in pads)
            return wire.name in self.grid.problem.poured, span, wire.name

        return sorted(self.wires, key=size)

    def claim(self, wire: Wire, by: int) -> None:
        """Enters (1) or strikes (-1) a net's copper in the places taken."""
        if not wire.paths:
            return
        tracks, vias = np.unique(wire.nodes()), self.vias(wire)
        for kind in range(len(self.board.owner)):
            self._number += 1
            tally = Tally(self._mark, self._number, by)
            take(self.board, tracks, kind, self.grid.discs(wire.kind)[kind], tally)
            take(self.board, vias, kind, self.grid.discs(self.grid.via)[kind], tally)

    def vias(self, wire: Wire) -> Nodes:
        """The nodes of a net's vias, on both layers."""
        n = self.board.n
        pads = {int(home) % n for terminal in wire.terminals for home in terminal.homes if len(terminal.homes) == 2}
        changes = [path[1:][path[1:] % n == path[:-1] % n] % n for path in wire.paths]
        places = sorted({int(place) for change in changes for place in change} - pads)
        return np.array([*places, *(place + n for place in places)], np.int32)

    def connect(self, wire: Wire, price: int) -> Terminal | None:
        """Joins all pads of a net anew; the pad that it cannot reach, if there is one."""
        try:
            return self._connect(wire, price)
        finally:
            self._forget(wire)

    def _connect(self, wire: Wire, price: int) -> Terminal | None:
        wire.paths, wire.joined = [], []
        tree = self.tree
        for number, terminal in enumerate(wire.terminals[1:], 2):
            tree.goal[terminal.goals] = number
        grown = wire.terminals[0].homes
        self._open(wire.terminals[0])
        far = {
            number: _distance(grown, t.homes, self.board.nx, self.board.n)
            for number, t in enumerate(wire.terminals[1:], 2)
        }
        starts = [grown]
        while far:
            nearest = min(far, key=lambda number: (far[number], number))
            tree.goal[wire.terminals[nearest - 1].goals] = nearest  # again: a pad that lay over it may have been joined
            path = self._reach(wire, wire.terminals[nearest - 1], price, np.concatenate(starts))
            if not len(path):
                return wire.terminals[nearest - 1]
            arrived = int(tree.goal[path[-1]])
            terminal = wire.terminals[arrived - 1]
            path = np.concatenate((path, _home(int(path[-1]), terminal.homes, self.board.nx, self.board.n)))
            wire.paths.append(path)
            wire.joined.append(terminal.pad.name)
            self._grow(wire, path, terminal)
            grown = np.concatenate((path, terminal.homes))
            starts.append(grown)
            del far[arrived]
            for number in list(far):
                homes = wire.terminals[number - 1].homes
                far[number] = min(far[number], _distance(grown, homes, self.board.nx, self.board.n))
        return None

    def _reach(self, wire: Wire, terminal: Terminal, price: int, starts: Nodes) -> Nodes:
        rows, columns = np.divmod(terminal.goals % self.board.n, self.board.nx)
        box = int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())
        self._number += 1
        errand = Errand(wire.index, wire.kind, price, *box, self._number)
        path: Nodes = search(self.board, errand, self.tree, starts, self.notes)
        return path

    def _open(self, terminal: Terminal) -> None:
        """A pad has been joined: it is no longer sought, and if it goes through the board so do tracks there."""
        self.tree.goal[terminal.goals] = 0
        self.tree.mask[terminal.homes] = 0
        if len(terminal.homes) == 2:
            self.tree.through[terminal.homes % self.board.n] = True

    def _grow(self, wire: Wire, path: Nodes, terminal: Terminal) -> None:
        tree, n, nx = self.tree, self.board.n, self.board.nx
        for a, b in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
            if a % n == b % n:
                continue
            direction = DIRECTIONS[(b % n) // nx - (a % n) // nx, (b % n) % nx - (a % n) % nx]
            tree.mask[a] |= 1 << direction
            tree.mask[b] |= 1 << ((direction + 4) & 7)
        for joined in wire.terminals:
            tree.mask[joined.homes] = 0
        vias = self.vias(wire)
        tree.mask[vias] = 0
        tree.through[vias % n] = True
        for via in vias[: len(vias) // 2]:
            tree.crowded[self._around(int(via))] = True
        self._open(terminal)

    def _around(self, via: int) -> Nodes:
        rows, columns = self._crowd[:, 0] + via // self.board.nx, self._crowd[:, 1] + via % self.board.nx
        inside = (rows >= 0) & (rows * self.board.nx < self.board.n) & (columns >= 0) & (columns < self.board.nx)
        places: Nodes = (rows * self.board.nx + columns)[inside].astype(np.int32)
        return places

    def _forget(self, wire: Wire) -> None:
        nodes = wire.nodes()
        self.tree.mask[nodes] = 0
        for terminal in wire.terminals:
            self.tree.goal[terminal.goals] = 0
            self.tree.through[terminal.homes % self.board.n] = False
        vias = self.vias(wire)
        self.tree.through[vias % self.board.n] = False
        for via in vias[: len(vias) // 2]:
            self.tree.crowded[self._around(int(via))] = False

    def _fought(self, wire: Wire) -> int:
        if not wire.paths:
            return 0
        tracks = fought(self.board, np.unique(wire.nodes()), wire.kind, self._grudge, _GRUDGE)
        return int(tracks + fought(self.board, self.vias(wire), self.grid.via, self._grudge, _GRUDGE))

    def _lost(self, wire: Wire, terminal: Terminal) -> str:
        pad, width = terminal.pad, self.grid.widths[wire.kind]
        return f"net {wire.name}: no way to pad {pad.name} at ({pad.x:g}, {pad.y:g}) mm for a track of {width:g} mm"

    def _fullest(self, wire: Wire) -> str:
        """Where a net lies on another."""
        nodes = wire.nodes()
        full = nodes[self.board.taken[wire.kind, nodes] > 1]
        node = int(full[len(full) // 2] if len(full) else nodes[0])
        x, y = self.grid.point(node)
        return f"({x:.1f}, {y:.1f}) mm on {LAYERS[node // self.board.n]}"

    def _wire(self, index: int, name: str) -> Wire:
        kind = self.grid.widths.index(self.grid.width(name))
        pads = [pad for pad in self.grid.problem.pads if pad.net == name]
        pads.sort(key=lambda pad: (pad.x, pad.y, pad.name))
        return Wire(name, index, kind, [self._terminal(index, kind, pad) for pad in pads])

    def _terminal(self, index: int, kind: int, pad: Pad) -> Terminal:
        grid, owner = self.grid, self.board.owner[kind]
        deep = grid.inside(pad, min(-grid.halves[kind], 0))
        nodes = deep if len(deep) else np.array([grid.node(pad.x, pad.y)], np.int32)
        layers = [LAYERS.index(layer) for layer in sorted(pad.layers, reverse=True)]
        free = np.all([np.isin(owner[nodes + layer * self.board.n], (FREE, index + 1)) for layer in layers], axis=0)
        if not free.any():
            raise RoutingError(
                f"net {pad.net}: pad {pad.name} at ({pad.x:g}, {pad.y:g}) mm has no room for a track of "
                f"{2 * grid.halves[kind]:g} mm: too near to another pad, a keepout or the edge"
            )
        nodes = nodes[free]
        rows, columns = np.divmod(nodes, self.board.nx)
        home_row, home_column = divmod(grid.node(pad.x, pad.y), self.board.nx)
        home = nodes[np.argmin((rows - home_row) ** 2 + (columns - home_column) ** 2)]
        return Terminal(
            pad,
            np.array([home + layer * self.board.n for layer in layers], np.int32),
            np.concatenate([nodes + layer * self.board.n for layer in layers]).astype(np.int32),
        )


DIRECTIONS = {(0, 1): 0, (1, 1): 1, (1, 0): 2, (1, -1): 3, (0, -1): 4, (-1, -1): 5, (-1, 0): 6, (-1, 1): 7}


def _distance(nodes: Nodes, homes: Nodes, nx: int, n: int) -> int:
    rows, columns = np.divmod(nodes % n, nx)
    row, column = divmod(int(homes[0]) % n, nx)
    return int(np.maximum(abs(rows - row), abs(columns - column)).min())


def _home(node: int, homes: Nodes, nx: int, n: int) -> Nodes:
    """The nodes from a place in a pad to its home on the same layer: obliquely, then straight."""
    home = next(int(home) for home in homes if home // n == node // n)
    path = []
    while node != home:
        (row, column), (to_row, to_column) = divmod(node % n, nx), divmod(home % n, nx)
        node += int(np.sign(to_row - row)) * nx + int(np.sign(to_column - column))
        path.append(node)
    return np.array(path, np.int32)
