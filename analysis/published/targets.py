"""Numbers to compare with: what a published figure says of a quantity, and how far a measurement may lie from it."""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources

from neurorig.signals import RecordError, nearest


@dataclass(frozen=True)
class Target:
    """A published value in SI units; `tolerance` covers the reading of the figure and differences from run to run."""

    quantity: str
    value: float
    tolerance: float
    unit: str
    label: str
    source: str
    note: str = ""


@functools.cache
def published_targets(figure: str) -> dict[str, Target]:
    """Targets of a figure (``"wu2025_fig9a"``) by quantity. Raises RecordError if there are none for it."""
    text = resources.files(__package__).joinpath("targets.toml").read_text(encoding="utf-8")
    figures = tomllib.loads(text)
    if figure not in figures:
        raise RecordError(f"There are no published targets for '{figure}'.{nearest(figure, figures)}")
    source = figures[figure]["source"]
    return {
        quantity: Target(quantity, source=entry.pop("source", source), **entry)
        for quantity, entry in figures[figure]["targets"].items()
    }
