"""The wiring picture: instruments on the left, ports and nodes of the board on the right, one line per wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from .text import proper

_TOP, _ROW, _GAP, _LEFT, _BOX, _WIDTH = 30, 46, 22, 64, 170, 900
_BOARD = 200


@dataclass(frozen=True)
class Wire:
    """One connection between an instrument's channel and a port or node of the board, or another instrument's channel.

    `place` is the other end (``n1.v_ap``; for a marker ``scope.4``, or a word if its other end is not drawn). `chain`
    says how (sense kind, resistance, probe) and `what` what is there, in a few words each. The arrow points to the
    board if it `drives`, to the instrument if it `senses`; a `marker` is a logic level between instruments.
    """

    instrument: str
    channel: str
    place: str
    kind: Literal["drives", "senses", "marker"]
    chain: str
    what: str = ""


def wiring_svg(wires: Sequence[Wire], board: str) -> str:
    """An SVG (text) of the wires; its colours follow the page's text colour, so it reads on light and on dark."""
    rows = _rows(wires)
    names = list(dict.fromkeys(instrument for instrument, _, _ in rows))
    y = {
        (instrument, channel): _TOP + _ROW * (k + 0.5) + (_GAP + 16) * names.index(instrument) + 16
        for k, (instrument, channel, _) in enumerate(rows)
    }
    height = max(y.values(), default=_TOP) + _ROW
    parts = [
        f'<svg class="wiring" viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="Wiring" '
        'xmlns="http://www.w3.org/2000/svg">',
        *(_arrow_head(kind) for kind in ("drives", "senses", "marker")),
        _box(_WIDTH - _BOARD, _TOP - 8, _BOARD, height - _TOP, f"board {board}".strip()),
    ]
    for name in names:
        own = [at for (instrument, _), at in y.items() if instrument == name]
        parts.append(_box(_LEFT, own[0] - _ROW / 2 - 16, _BOX, own[-1] - own[0] + _ROW + 8, name))
    parts += [_channel(channel, at) for (_, channel), at in y.items()]
    for wire in wires:
        start = y[wire.instrument, wire.channel]
        if wire.kind != "marker":
            parts.append(_wire(wire, start))
        else:
            parts.append(_marker(wire, start, y.get(_ends(wire.place))))
    return "\n".join([*parts, "</svg>"])


def _text(text: str) -> str:
    return escape(proper(text))


def _ends(place: str) -> tuple[str, str]:
    instrument, _, channel = place.partition(".")
    return instrument, channel


def _rows(wires: Sequence[Wire]) -> list[tuple[str, str, Wire]]:
    """Every channel in use once, grouped by instrument as first mentioned; a marker uses one at both ends."""
    rows = [(w.instrument, w.channel, w) for w in wires] + [
        (*_ends(w.place), w) for w in wires if w.kind == "marker" and "." in w.place
    ]
    names = list(dict.fromkeys(instrument for instrument, _, _ in rows))
    once = {(instrument, channel): wire for instrument, channel, wire in reversed(rows)}
    unique = [(*key, once[key]) for key in dict.fromkeys((i, c) for i, c, _ in rows)]
    return sorted(unique, key=lambda row: names.index(row[0]))


def _arrow_head(kind: str) -> str:
    return (
        f'<marker id="to-{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0 0.5 L8 4 L0 7.5 z" class="{kind}-fill"/></marker>'
    )


def _box(x: float, y: float, width: float, height: float, title: str) -> str:
    return (
        f'<rect class="box" x="{x + 1:g}" y="{y:g}" width="{width - 2:g}" height="{height:g}" rx="7"/>'
        f'<text class="name" x="{x + 12:g}" y="{y + 18:g}">{escape(title)}</text>'
    )


def _channel(channel: str, y: float) -> str:
    return f'<text x="{_LEFT + _BOX - 12}" y="{y + 4:g}" text-anchor="end">{escape(channel)}</text>'


def _wire(wire: Wire, y: float) -> str:
    left, right = _LEFT + _BOX + 4, _WIDTH - _BOARD - 4
    head = f'marker-start="url(#to-{wire.kind})"' if wire.kind == "senses" else f'marker-end="url(#to-{wire.kind})"'
    middle = (left + right) / 2
    return (
        f'<line class="{wire.kind}" x1="{left}" x2="{right}" y1="{y:g}" y2="{y:g}" {head}/>'
        f'<text x="{right + 16}" y="{y + 4:g}">{escape(wire.place)}</text>'
        f'<text class="chain" x="{middle:g}" y="{y - 6:g}" text-anchor="middle">{_text(wire.chain)}</text>'
        f'<text class="chain dim" x="{middle:g}" y="{y + 15:g}" text-anchor="middle">{_text(wire.what)}</text>'
    )


def _marker(wire: Wire, start: float, stop: float | None) -> str:
    says = _text(f"{wire.chain}: {wire.what}" if wire.what else wire.chain)
    note = f'<text class="chain dim" x="{_LEFT + _BOX + 10}" y="{start + 4:g}">{says}</text>'
    if stop is None:
        return note
    return (
        f'{note}<path class="marker" fill="none" d="M{_LEFT} {start:g} C4 {start:g} 4 {stop:g} {_LEFT - 3} {stop:g}" '
        'marker-end="url(#to-marker)"/>'
        f'<text class="chain dim" x="{_LEFT + _BOX + 10}" y="{stop + 4:g}">from {escape(wire.instrument)} '
        f"{escape(wire.channel)}</text>"
    )
