"""Published numbers to hold the figures' numbers against."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from .figure import Figure


@dataclass(frozen=True)
class Comparison:
    """A number of a figure beside the published one, SI units; `target` names the hard target, empty if only reported."""

    quantity: str
    label: str
    value: float
    published: float
    tolerance: float
    unit: str
    target: str = ""

    @property
    def within(self) -> bool:
        """Whether the two lie no further apart than the tolerance; rounding of the last digit does not count."""
        return abs(self.value - self.published) <= self.tolerance * (1 + 1e-9)


def compare_numbers(figure: Figure) -> dict[str, Comparison]:
    """Every number of `figure` that was published, by its key. Raises KeyError if a published one is not given."""
    return {
        key: Comparison(
            quantity=key,
            label=figure.numbers[key].label,
            value=figure.numbers[key].value,
            published=said["value"],
            tolerance=said["tolerance"],
            unit=figure.numbers[key].unit,
            target=said.get("target", ""),
        )
        for key, said in _targets().get(figure.name, {}).items()
    }


@cache
def _targets() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("targets.toml").read_text(encoding="utf-8")
    targets: dict[str, dict[str, Any]] = tomllib.loads(text)
    return targets
