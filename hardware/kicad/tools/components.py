"""The parts of a schematic as KiCad exports them: the netlist is what ties a board's footprints to its schematic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..expressions import Expression, child, children, parse, word


class Pin(NamedTuple):
    """The net that a pin is on, what the pin is called and its electrical type."""

    net: str
    function: str
    type: str


@dataclass(frozen=True)
class Component:
    """A part of the schematic, with what KiCad's parity check compares with the footprint."""

    ref: str
    value: str
    footprint: str
    """Library and name: ``Package_DIP:DIP-14_W7.62mm_Socket``."""
    fields: Mapping[str, str]
    path: str
    """Identifiers of the sheets below the root and of the symbol, as in ``/sheet/symbol``."""
    sheet_name: str
    sheet_file: str
    fitted: bool
    in_bom: bool
    pins: Mapping[str, Pin]
    """By number of the pad."""


def read_components(netlist: str) -> dict[str, Component]:
    """The parts on the board, in order of their designators, from a netlist in KiCad's own format.

    Raises ValueError when the text is no s-expression.
    """
    tree = parse(netlist)
    pins: dict[str, dict[str, Pin]] = {}
    for net in children(child(tree, "nets"), "net"):
        for node in children(net, "node"):
            pin = Pin(word(net, "name"), word(node, "pinfunction"), word(node, "pintype"))
            pins.setdefault(word(node, "ref"), {})[word(node, "pin")] = pin
    found = (_component(e, pins.get(word(e, "ref"), {})) for e in children(child(tree, "components"), "comp"))
    parts = (part for part in found if part is not None)
    return {part.ref: part for part in sorted(parts, key=lambda part: part.ref)}


def _component(comp: Expression, pins: Mapping[str, Pin]) -> Component | None:
    flags = {word(p, "name"): word(p, "value") for p in children(comp, "property")}
    if "exclude_from_board" in flags:
        return None
    symbol = min(map(str, child(comp, "tstamps")[1:]))  # of parts with several units: KiCad tells them in any order
    return Component(
        ref=word(comp, "ref"),
        value=word(comp, "value"),
        footprint=word(comp, "footprint"),
        fields=_fields(comp),
        path=f"{word(child(comp, 'sheetpath'), 'tstamps')}{symbol}",
        sheet_name=word(child(comp, "sheetpath"), "names"),
        sheet_file=flags.get("Sheetfile", ""),
        fitted="dnp" not in flags,
        in_bom="exclude_from_bom" not in flags,
        pins=pins,
    )


def _fields(comp: Expression) -> dict[str, str]:
    """All but the footprint, which is the part's own."""
    found: dict[str, str] = {}
    for field in children(child(comp, "fields"), "field"):
        text = field[2] if len(field) > 2 and isinstance(field[2], str) else ""
        found[word(field, "name")] = text
    found.pop("Footprint", None)
    return found
