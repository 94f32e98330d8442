"""A bench as a picture in text: sources on the left, the board in the middle, what looks at it on the right."""

import datetime
import math
from collections.abc import Iterable

from neurorig.signals import show

from .bench import Bench
from .chains import overdue, slow
from .drivers import DRIVERS
from .wiring import NodeWiring, PortWiring, Terminals

ASCII = str.maketrans("─│┌┐└┘├┤▶◀═", "-|++++++><=")
"""For a terminal that cannot show lines."""


def draw(bench: Bench) -> str:
    """The wiring of a bench with limits, sense chains and probe factors; one text, lines ended by a line feed."""
    parts = [[bench.title, str(bench.path)], _instruments(bench)]
    if bench.board_or_none is not None:
        parts.append(_board(bench))
    parts += [_other_wires(bench), remarks(bench)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def remarks(bench: Bench) -> list[str]:
    """What is no mistake but changes what is measured, or will stop a protocol: one sentence each."""
    found = bench.loading(math.inf)  # the margin that a protocol lives on is known to the protocol only
    for node, probe in bench.loads.items():
        if node.endswith(".v_m"):
            taken = bench.board.nodes[node].high / probe
            found.append(f"{node}: a {show(probe, 'ohm')} probe takes up to {show(taken, 'A')} from the membrane.")
    found += [*slow(bench), *overdue(bench, datetime.date.today())]
    for port in bench.ports.values():
        found += _beyond_range(bench, port)
    if bench.ports and bench.nodes and bench.marker_or_none is None:
        found.append("There is no marker line: protocols need the TTL that ties source and digitiser together.")
    by_place: dict[str, list[str]] = {}
    for name, entry in bench.instruments.items():
        by_place.setdefault(entry.resource, []).append(name)
    found += [f"{' and '.join(n)} stand at the same address, {r}." for r, n in by_place.items() if len(n) > 1]
    return [f"! {remark}" for remark in found]


def _beyond_range(bench: Bench, port: PortWiring) -> list[str]:
    furthest = max(port.high, -port.low)
    if port.transconductance is not None or furthest <= port.full_scale * (1 + 1e-9):
        return []
    return [
        f"{port.port}: its limits reach {show(furthest, 'A')}, the range of {port.instrument} only "
        f"{show(port.full_scale, 'A')}: what lies beyond is refused when a protocol asks for it."
    ]


def _instruments(bench: Bench) -> list[str]:
    rows = [(n, DRIVERS[e.driver].model, e.resource, e.serial_number or "") for n, e in bench.instruments.items()]
    return [f"  {line}" for line in _columns(rows)]


def _board(bench: Bench) -> list[str]:
    """The box of the board: ports at its left edge, nodes at its right."""
    left = [pair for port in bench.ports.values() for pair in _port_lines(port)]
    right = list(zip(bench.nodes, _probes(bench.nodes.values()), strict=True))
    name = bench.board.name
    inside = max([len(name) + 2, *(len(inner) for _, inner in left), *(len(inner) for inner, _ in right)]) + 4
    outside = max([0, *(len(text) for text, _ in left)]) + 4
    lines = [f"{'':{outside}}  ┌─ {name} {'─' * (inside - len(name) - 3)}┐"]
    for text, inner in left:
        wire = f"{text} {'─' * (outside - len(text) - 1)}─▶" if inner else f"{text:{outside}}  "
        lines.append(f"{wire}{'│'} {inner:{inside - 1}}│")
    for inner, text in right:
        lines.append(f"{'':{outside}}  │{inner:>{inside - 1}} ├── {text}")
    for derived in bench.derived.values():
        lines.append(f"{'':{outside}}  │{'':{inside}}│     {derived.name} = {derived.formula} (derived)")
    lines.append(f"{'':{outside}}  └{'─' * inside}┘")
    return [line.rstrip() for line in lines]


def _port_lines(port: PortWiring) -> list[tuple[str, str]]:
    """What stands left of the box, and the port's name on the line of its wire."""
    lines = [(f"  {port.instrument}.{port.channel}", port.port)]
    lines.append((f"    {show(port.low, 'A')} .. {show(port.high, 'A')}", ""))
    if port.transconductance is not None:
        lines.append((f"    {show(port.transconductance.gain, 'A')}/V", ""))
    else:
        lines.append((f"    range {show(port.full_scale, 'A')}", ""))
    if not port.delivered.ideal:
        lines.append(("    delivers by its table", ""))
    return lines


def _probes(nodes: Iterable[NodeWiring]) -> list[str]:
    """The way from each node to its channel, with the probe's factor, and what the channel shows; ends below each other."""
    rows = [(_way(n), f"{n.instrument}.{n.channel}", _seen(n)) for n in nodes]
    longest = max((len(way) for way, _, _ in rows), default=0)
    return _columns((f"{way} {'─' * (longest - len(way) + 2)}▶", channel, seen) for way, channel, seen in rows)


def _way(node: NodeWiring) -> str:
    sense = node.sense
    resistor = "" if sense.resistance is None else show(sense.resistance, "ohm")
    via = {
        "direct": "probe", "across": f"across {resistor}, probe", "replica": f"replica into {resistor}, probe",
        "open": f"cut open into {resistor}, probe",
    }[sense.kind]  # fmt: skip
    gain = f", gain {sense.gain:g}" if sense.gain != 1 else ""
    return f"{via} x{sense.attenuation:g} ({show(sense.probe, 'ohm')}{gain})"


def _seen(node: NodeWiring) -> str:
    scale = "" if node.unit == "V" else f"  ({_per_unit(node.sense.volts_per_unit)})"
    return f"{show(node.low, node.unit)} .. {show(node.high, node.unit)}{scale}"


def _per_unit(volts_per_ampere: float) -> str:
    return f"{show(volts_per_ampere * 1e-6, 'V')}/uA"


def _other_wires(bench: Bench) -> list[str]:
    rows = []
    if (marker := bench.marker_or_none) is not None:
        label = f"marker, logic level crossing {show(marker.level, 'V')}"
        rows.append((f"{marker.source}.sync", f"── {label} ──▶", f"{marker.scope}.{marker.channel}"))
    for channel, node in bench.comparators.items():
        instrument, _, number = channel.partition(".")
        rows.append((node, "── spike output ──▶", f"SPIKE IN {number} of {instrument}"))
    if (supply := bench.supply) is not None:
        label = f"── {show(supply.voltage, 'V')}, at most {show(supply.current_limit, 'A')} ──▶"
        rows.append((f"{supply.instrument}.{supply.channel}", label, "V+ of the board"))
    leads = [(f"{t.instrument}.{t.channel}", *_touched(t)) for t in bench.terminals.values()]
    return [f"  {line}" for line in (*_columns(rows), *_columns(leads))]


def _touched(terminals: Terminals) -> tuple[str, str]:
    """The wires between two leads and what they hold, and what must not be exceeded there."""
    device = terminals.device
    if terminals.node is not None:
        return "──▶", terminals.node
    if device is None:
        what = "nothing (open leads)"
    else:
        what = show(device, "ohm") if isinstance(device, float | int) else f"memristor board {device.name}"
    leads = f", leads {show(terminals.leads, 'ohm')}" if terminals.leads else ""
    finite = ((terminals.voltage, "V"), (terminals.current, "A"))
    most = " and ".join(show(value, unit) for value, unit in finite if math.isfinite(value))
    return "══", what + leads + (f", never beyond {most}" if most else "")


def _columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows with their cells one below the other."""
    table = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)] if table else []
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
