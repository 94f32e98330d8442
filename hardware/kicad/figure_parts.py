"""What figures need beside a board with its printed values: capacitors and resistors to plug in, to be ordered with it."""

from collections.abc import Iterable

from .bom import Item
from .fitting import LARGEST_FILM, Setup, loose
from .tools.circuits import parts
from .tools.circuits.parts import Bought

NOTE = "for a figure, in place of the printed value"


def figure_parts(setups: Iterable[Setup]) -> tuple[Item, ...]:
    """Items for all of the setups together: as many of a value as the most demanding needs, since one follows the other."""
    needed: dict[tuple[str, str, bool], dict[str, None]] = {}
    most: dict[tuple[str, str, bool], int] = {}
    for made in setups:
        for (kind, value), places in _by_shape(made).items():
            key = (kind, value, kind == "C" and made.parts[places[0]] > LARGEST_FILM)
            needed.setdefault(key, {}).update(dict.fromkeys(places))
            most[key] = max(most.get(key, 0), len(places))
    return tuple(_item(*key, places=tuple(needed[key]), count=most[key]) for key in needed)


def _by_shape(made: Setup) -> dict[tuple[str, str], tuple[str, ...]]:
    """`loose`, with C_L, whose place takes smaller bodies, apart from the other capacitors."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for (kind, value), places in loose(made).items():
        for name in places:
            key = ("C_L" if name.startswith("C_L") else kind, value)
            found[key] = (*found.get(key, ()), name)
    return found


def _item(kind: str, value: str, large: bool, *, places: tuple[str, ...], count: int) -> Item:
    if kind == "wire":
        return Item(places, count, "wire link", "", "", "any wire of 0.5 mm", "0.00 EUR", "", NOTE, "")
    if large:
        words = f"electrolytic capacitor, {value}F, 10 V or more"
        return Item(places, count, value, "", words, "", "", "", f"{NOTE}; on wires, minus to GND", "")
    bought = _bought(kind, value)
    price = bought.fields["Price"]
    footprint = bought.footprint.rpartition(":")[2]
    return Item(places, count, value, bought.maker, bought.number, bought.alternative, price, footprint, NOTE, "")


def _bought(kind: str, value: str) -> Bought:
    if kind == "R":
        return parts.resistor(value)
    return parts.film(value, parts.FILM_LOAD) if kind == "C_L" else parts.film(value)
