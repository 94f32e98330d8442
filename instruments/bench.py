"""The bench: a board, the instruments around it, the wiring between ports, nodes and channels, and the limits. One TOML.

Everything is checked when the file is loaded, so that a mistake is told before any instrument is touched.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from neurorig.hardware import Board, load_board
from neurorig.signals import ConfigError, LimitError, Program, nearest, show

from .bench_file import BenchFile, read_bench_file
from .drivers import DRIVERS
from .sensing import SenseChain
from .simulated.faults import Fault
from .wiring import Marker, NodeWiring, PortWiring
from .wiring_checks import WiringChecks, wrong

SHIPPED = Path(__file__).with_name("benches")
PUBLISHED = "wu2025_bump"
"""The bench of the published figures, used when no other is named."""

LIGHT = 100
"""A probe of this many times R_a changes a spike by 1 %, within what its other parts scatter."""


class Bench:
    """A checked bench. `path` is its file; `ports`, `nodes`, `marker`, `terminals` and `supply` are the wiring."""

    def __init__(self, path: Path, content: BenchFile, board: Board | None, sha256: str) -> None:
        self.path, self.content, self.sha256 = path, content, sha256
        self.name, self.title = path.stem, content.title
        self.instruments = dict(content.instruments)
        self._checks = wired = WiringChecks(path, content, board)
        self.board_or_none, self.marker_or_none = board, wired.marker
        self.ports, self.nodes, self.derived = wired.ports, wired.nodes, wired.derived
        self.terminals, self.supply = wired.terminals, wired.supply
        self.comparators, self.faults = wired.comparators, wired.faults

    @property
    def board(self) -> Board:
        """The board on the table. Raises ConfigError when this bench has none."""
        return self._checks.board

    @property
    def marker(self) -> Marker:
        """Where the source's SYNC OUT arrives. Raises ConfigError when this bench has no marker line."""
        if self.marker_or_none is None:
            what = "is missing: a protocol needs the TTL that ties source and digitiser together."
            raise wrong(self.path, "marker", what)
        return self.marker_or_none

    def check_fault(self, fault: Fault) -> None:
        """Refuse a fault that this bench cannot have. Raises ConfigError."""
        self._checks.check_fault(fault)

    def with_components(self, components: Mapping[str, str]) -> "Bench":
        """The same bench with components as a person set them (``{"s11.R_W": "7 kohm"}``).

        Raises ConfigError, which names the option that they come by and the component.
        """
        if not components:
            return self
        try:
            board = self.board.with_components(components)
        except ConfigError as reason:
            raise ConfigError(f"--set {reason}") from reason
        merged = {**self.content.components, **components}
        return Bench(self.path, self.content.model_copy(update={"components": merged}), board, self.sha256)

    def check_limits(self, programs: Mapping[str, Program]) -> None:
        """Refuse any program with a level outside its port's limits.

        Raises LimitError naming port, value, limit and file; nothing is ever clipped.
        """
        for port, program in programs.items():
            wiring, steps = self.port(port), program.steps()
            beyond = np.flatnonzero((steps.levels > wiring.high) | (steps.levels < wiring.low))
            if len(beyond):
                first = float(steps.levels[beyond[0]])
                word, limit, worst = (
                    ("exceeds", wiring.high, steps.high) if first > 0 else ("is below", wiring.low, steps.low)
                )
                more = f" (and {show(worst, 'A')} later)" if worst != first else ""
                raise LimitError(
                    f"{port}: {show(first, 'A')} at {show(float(steps.edges[beyond[0]]), 's')}{more} {word} this bench's "
                    f'limit of {show(limit, "A")} ({self.path}, [limits."{port}"]). Nothing was switched on. '
                    f"Lower the current, or change the limit if the board stands it."
                )

    def port(self, name: str) -> PortWiring:
        """The wiring of a port; ConfigError if this bench does not drive it."""
        if name not in self.ports:
            wired = ", ".join(self.ports)
            raise ConfigError(
                f"{self.path}: no source channel is wired to port '{name}', only to {wired}. "
                "Wire it, or name another neuron or synapse (-p neuron=...)."
            )
        return self.ports[name]

    def node(self, name: str) -> NodeWiring:
        """The wiring of a node; ConfigError if this bench does not observe it."""
        if name not in self.nodes:
            wired = ", ".join(self.nodes)
            raise ConfigError(
                f"{self.path}: no scope channel is wired to node '{name}', only to {wired}. "
                "Wire it, or name another neuron or synapse (-p neuron=..., -p synapse=...)."
            )
        return self.nodes[name]

    def probe(self, instrument: str, channel: str) -> SenseChain:
        """The probe on a digitiser's channel: that of its node, or a plain cable (x1, 1 Mohm, 2 %) where none is wired."""
        wired = [n.sense for n in self.nodes.values() if (n.instrument, n.channel) == (instrument, channel)]
        return wired[0] if wired else SenseChain(kind="direct", probe=1e6, gain_error=0.02)

    @cached_property
    def loads(self) -> dict[str, float]:
        """Input resistance of the probes on voltage nodes (ohm to ground): what the twin has to carry, too."""
        return {n.node: n.sense.probe for n in self.nodes.values() if n.sense.kind == "direct"}

    def loading(self, margin: float) -> list[str]:
        """Warn about every probe that changes what it looks at, or takes more than a tenth of `margin`, the current (A) that
        the protocol lives on."""
        warnings = []
        for node, probe in self.loads.items():
            owner, _, quantity = node.partition(".")
            if quantity == "v_m":
                taken = self.board.nodes[node].high / probe
                if taken > 0.1 * abs(margin):
                    warnings.append(
                        f"{node}: a {show(probe, 'ohm')} probe takes {show(taken, 'A')} from the membrane of {owner}, "
                        f"{taken / abs(margin):.0%} of the margin of {show(abs(margin), 'A')} this protocol lives on. "
                        f"Use a buffer (input current below 1 nA) or do not observe {node}."
                    )
            elif quantity == "v_ap" and probe < LIGHT * (r_a := self.board.neurons[owner].components.R_a):
                warnings.append(
                    f"{node}: a {show(probe, 'ohm')} probe lies in parallel with R_a = {show(r_a, 'ohm')} and makes the spikes "
                    f"of {owner} shorter and lower. Use one of {show(LIGHT * r_a, 'ohm')} or more."
                )
            elif quantity.startswith("v_c"):
                synapse = self.board.synapses[owner]
                warnings.append(
                    f"{node}: a {show(probe, 'ohm')} probe discharges C_s below its threshold with "
                    f"{show(probe * synapse.capacitance, 's')}: it sets the initial charge, hence the dead time."
                )
        return warnings


def list_benches() -> list[str]:
    """Names of the benches that come with neurorig."""
    return sorted(p.stem for p in SHIPPED.glob("*.toml"))


def load_bench(name_or_path: str | Path = PUBLISHED) -> Bench:
    """Load and check a bench file, or a shipped bench by its name. Raises ConfigError naming file and key."""
    path = find_bench(name_or_path)
    return assemble(path, *read_bench_file(path))


def assemble(path: Path, content: BenchFile, sha256: str = "") -> "Bench":
    """Check what the tables say together, also before they are written to `path`. Raises ConfigError naming file and key."""
    for name, entry in content.instruments.items():
        if entry.driver not in DRIVERS:
            raise ConfigError(
                f"{path}: instruments.{name}.driver: '{entry.driver}' is not known.{nearest(entry.driver, DRIVERS)}"
            )
    return Bench(path, content, _as_built(path, content), sha256)


def _as_built(path: Path, content: BenchFile) -> Board | None:
    if content.board is None:
        return None
    beside = path.parent / content.board
    try:
        board = load_board(beside if beside.is_file() else content.board)
    except ConfigError as reason:
        raise ConfigError(f"{path}: board: {reason}") from reason
    try:
        return board.with_components(content.components) if content.components else board
    except ConfigError as reason:
        raise ConfigError(f"{path}: [components] {reason}") from reason


def find_bench(name_or_path: str | Path) -> Path:
    """Where a bench file is, or the shipped bench of this name. Raises ConfigError."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    shipped = SHIPPED / f"{name_or_path}.toml"
    if shipped.is_file():
        return shipped
    raise ConfigError(f"No bench file '{name_or_path}'.{nearest(str(name_or_path), list_benches())}")
