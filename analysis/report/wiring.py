"""The wiring picture: instruments on the left, ports and nodes of the board on the right, one line per wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

_ROW, _BOX_LEFT, _BOX_RIGHT, _WIDTH, _PAD = 46, 190, 210, 860, 14


@dataclass(frozen=True)
class Wire:
    """One connection between an instrument's channel and a port, a node, or another instrument's input.

    `instrument` and `channel` on one end, `place` (such as ``n1.v_ap``) on the other; `chain` says how (sense kind, resistance,
    probe) and `what` what is there, in a few words each. The arrow points to the board if it `drives`, to the instrument if it
    `senses`; a `marker` is a logic level between instruments.
    """

    instrument: str
    channel: str
    place: str
    kind: Literal["drives", "senses", "marker"]
    chain: str
    what: str = ""


def wiring_svg(wires: Sequence[Wire], board: str) -> str:
    """An SVG (text) of the wires; its colours follow the page's text colour, so it reads on light and on dark."""
    names = list(dict.fromkeys(w.instrument for w in wires))
    ordered = sorted(wires, key=lambda w: names.index(w.instrument))
    height = _ROW * len(ordered) + 2 * _PAD + 30
    parts = [
        f'<svg class="wiring" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Wiring" '
        'xmlns="http://www.w3.org/2000/svg">',
        *(_arrow_head(kind) for kind in ("drives", "senses", "marker")),
        _box(_WIDTH - _BOX_RIGHT, 30, _BOX_RIGHT, height - 30 - _PAD / 2, f"board {board}"),
    ]
    for name in names:
        rows = [k for k, w in enumerate(ordered) if w.instrument == name]
        parts.append(_box(0, 30 + _ROW * rows[0] + _PAD / 2, _BOX_LEFT, _ROW * len(rows) - 8 + _PAD / 2, name))
    parts += [_wire(wire, 30 + _PAD + _ROW * k + _ROW / 2) for k, wire in enumerate(ordered)]
    return "\n".join([*parts, "</svg>"])


def _arrow_head(kind: str) -> str:
    return (
        f'<marker id="to-{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
        f'<path d="M0 0.5 L8 4 L0 7.5 z" class="{kind}-fill"/></marker>'
    )


def _box(x: float, y: float, width: float, height: float, title: str) -> str:
    return (
        f'<rect class="box" x="{x + 1:g}" y="{y:g}" width="{width - 2:g}" height="{height:g}" rx="7"/>'
        f'<text class="name" x="{x + 12:g}" y="{y + 17:g}">{escape(title)}</text>'
    )


def _wire(wire: Wire, y: float) -> str:
    left, right = _BOX_LEFT + 4, _WIDTH - _BOX_RIGHT - 4
    ends = f'marker-start="url(#to-{wire.kind})"' if wire.kind == "senses" else f'marker-end="url(#to-{wire.kind})"'
    return (
        f'<line class="{wire.kind}" x1="{left}" x2="{right}" y1="{y:g}" y2="{y:g}" {ends}/>'
        f'<text class="end" x="{_BOX_LEFT - 12}" y="{y + 4:g}" text-anchor="end">{escape(wire.channel)}</text>'
        f'<text class="end" x="{right + 16}" y="{y + 4:g}">{escape(wire.place)}</text>'
        f'<text class="chain" x="{(left + right) / 2:g}" y="{y - 6:g}" text-anchor="middle">{escape(wire.chain)}</text>'
        f'<text class="chain dim" x="{(left + right) / 2:g}" y="{y + 14:g}" text-anchor="middle">{escape(wire.what)}</text>'
    )
