"""The list of parts to buy: what is fitted on a board and goes with it, grouped by what one orders."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neurorig.signals import ConfigError

from .schematic import Component, Schematic

COLUMNS = (
    "Designators", "Quantity", "Value", "Manufacturer", "Part number", "Alternative", "Price", "Footprint", "Note", "Figures",
)  # fmt: skip

_ACCESSORY = re.compile(r"(\d+) x (?:(.+) )?(\S+) \(([^()]+)\) @(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Item:
    """A part to order: its places, how many, and what its symbols say of it. `price`: as written, an estimate for one.

    `value`: of connectors and test points, whose labels do not matter to a buyer, all of them. `figures`: the values
    that other figures of the papers need in these places.
    """

    designators: tuple[str, ...]
    quantity: int
    value: str
    manufacturer: str
    part_number: str
    alternative: str
    price: str
    footprint: str
    note: str
    figures: str

    @property
    def described(self) -> bool:
        """Whether there is no part number but words to choose one by: "MKS 2, 4.7uF, ...". A maker's number has no comma."""
        return not self.part_number or "," in self.part_number

    @property
    def cost(self) -> float | None:
        """Price of all of them (EUR), from the first number of `price`; None where no price is given."""
        number = re.search(r"\d+(?:\.\d+)?", self.price)
        return None if number is None else float(number[0]) * self.quantity

    def row(self) -> tuple[str, ...]:
        """In the order of `COLUMNS`."""
        return (
            " ".join(self.designators), str(self.quantity), self.value, self.manufacturer, self.part_number,
            self.alternative, self.price, self.footprint, self.note, self.figures,
        )  # fmt: skip


@dataclass(frozen=True)
class Bom:
    """What is fitted, what is bought with it (sockets, caps), and what has a place on the board but stays empty."""

    fitted: tuple[Item, ...]
    accessories: tuple[Item, ...]
    not_fitted: tuple[Item, ...]

    @property
    def bought(self) -> tuple[Item, ...]:
        """Everything to order for one board."""
        return self.fitted + self.accessories

    @property
    def cost(self) -> float:
        """Estimate for one board (EUR), over the items that have a price."""
        return sum(item.cost or 0.0 for item in self.bought)

    @property
    def unpriced(self) -> tuple[Item, ...]:
        """Items without a price: `cost` leaves them out."""
        return tuple(item for item in self.bought if item.cost is None)

    @property
    def described(self) -> tuple[Item, ...]:
        """Items without a number to order by: somebody has to choose a part."""
        return tuple(item for item in self.bought if item.described)


def bill_of_materials(schematic: Schematic) -> Bom:
    """Group the parts of a schematic that belong in a list of parts.

    Their field `Accessories` says what is bought with each: ``1 x Mill-Max 110-43-314-41-001000 (socket DIP-14) @1.00``,
    several joined by "; ". Raises ConfigError, which names the part, for one that is written otherwise.
    """
    listed = [c for c in schematic.components.values() if c.in_bom]
    fitted = [c for c in listed if c.fitted]
    return Bom(_grouped(fitted), _accessories(fitted), _grouped(c for c in listed if not c.fitted))


def as_csv(items: Sequence[Item]) -> str:
    """A table with `COLUMNS` as its head, one line per item."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(item.row() for item in items)
    return text.getvalue()


def _grouped(components: Iterable[Component]) -> tuple[Item, ...]:
    groups: dict[tuple[str, ...], list[Component]] = {}
    for part in components:
        groups.setdefault(_ordered_as(part), []).append(part)
    return tuple(_item(parts) for parts in groups.values())


def _accessories(parts: Iterable[Component]) -> tuple[Item, ...]:
    """What the parts need beside themselves, summed by what one orders."""
    counts: dict[tuple[str, ...], int] = {}
    places: dict[tuple[str, ...], list[str]] = {}
    for part in parts:
        for text in filter(None, part.fields.get("Accessories", "").split("; ")):
            match = _ACCESSORY.fullmatch(text.strip())
            if match is None:
                raise ConfigError(
                    f"{part.reference}: its field Accessories says '{text}'; write entries as "
                    "'1 x MAKER NUMBER (what it is) @0.10', joined by '; '."
                )
            count, maker, number, what, price = match.groups("")
            key = (what, maker, number, price)
            counts[key] = counts.get(key, 0) + int(count)
            places.setdefault(key, []).append(part.reference)
    return tuple(
        Item(tuple(places[key]), count, what, maker, number, "", f"{price} EUR", "", "goes with the part", "")
        for key, count in counts.items()
        for what, maker, number, price in [key]
    )


def _ordered_as(part: Component) -> tuple[str, ...]:
    """What makes two parts the same to a buyer: of a resistor or capacitor its value, of a test point not its label."""
    bought = [part.fields.get(name, "") for name in ("Manufacturer", "MPN", "Alternative", "Price")]
    label = part.fields.get("MPN") and not part.library_id.startswith("Device:")
    return ("" if label else part.value, part.footprint.rpartition(":")[2], *bought)


def _item(parts: Sequence[Component]) -> Item:
    _, footprint, *bought = _ordered_as(parts[0])
    maker, number, alternative, price = bought
    values = " ".join(dict.fromkeys(part.value for part in parts))
    return Item(
        tuple(part.reference for part in parts), len(parts), values, maker, number, alternative, price, footprint,
        _joined(parts, "Note"), _joined(parts, "Figures"),
    )  # fmt: skip


def _joined(parts: Iterable[Component], field: str) -> str:
    """What the parts say in a field, each thing once."""
    return "; ".join(dict.fromkeys(text for part in parts if (text := part.fields.get(field, ""))))
