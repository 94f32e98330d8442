"""The configuration lists of a simulated Keithley 2450: settings that are stored and recalled point by point.

2450-901-01 Rev. B page 3-33; the walk through a list 6-136 and 6-137. Assumed: the number of an error (see `keithley_2450`).
"""

import copy
from typing import Any

from ..arguments import integer, string
from ..functions import Family, for_each
from .keithley_2450_events import parameter_error
from .keithley_2450_setup import KeithleySetup
from .keithley_2450_states import Sense, Source

LISTS = Family(
    ("",), {"SOUR": ":SOURce", "SOUR1": ":SOURce1", "SENS": "[:SENSe]", "SENS1": ":SENSe1"}, lambda device: {}
)
Point = tuple[str, Source | Sense]
"""A function, and what it is set to."""


class KeithleyLists(KeithleySetup):
    """Source and measure configuration lists by name."""

    def reset(self) -> None:
        """No lists."""
        self.lists: dict[str, list[Point]] = {}
        self.points: dict[str, int] = {}
        super().reset()

    def points_of(self, name: str) -> list[Point]:
        """The points of a list. Raises ScpiError when there is no such list."""
        if name not in self.lists:
            raise parameter_error(f"configuration list {name} does not exist")
        return self.lists[name]

    def recall(self, name: str, index: int) -> None:
        """Take the settings of one point of a list. Raises ScpiError when it has no such point."""
        points = self.points_of(name)
        if not 1 <= index <= len(points):
            raise parameter_error(f"configuration list {name} has no index {index}")
        self.points[name] = index
        function, state = points[index - 1]
        if isinstance(state, Source):
            if function != self.function:
                self.set_function(function)
            self.sources[function] = copy.copy(state)
        else:
            self.sensed, self.senses[function] = function, copy.copy(state)
        self.apply()

    @for_each(LISTS, ":CONFiguration:LIST:CREate", string)
    def _create_list(self, which: str, name: str) -> None:
        if name in self.lists:
            raise parameter_error(f"configuration list {name} already exists")
        self.lists[name] = []

    @for_each(LISTS, ":CONFiguration:LIST:STORe", string, integer(1), required=1)
    def _store_in_list(self, which: str, name: str, index: int | None = None) -> None:
        points = self.points_of(name)
        at = len(points) + 1 if index is None else index
        if at > len(points) + 1:
            raise parameter_error(f"configuration list {name} has no index {at}")
        states: dict[str, Any] = self.sources if which.startswith("SOUR") else self.senses
        function = self.function if which.startswith("SOUR") else self.sensed
        points[at - 1 : at] = [(function, copy.copy(states[function]))]

    @for_each(LISTS, ":CONFiguration:LIST:RECall", string, integer(1), required=1)
    def _recall_from_list(self, which: str, name: str, index: int = 1) -> None:
        self.recall(name, index)

    @for_each(LISTS, ":CONFiguration:LIST:DELete", string, integer(1), required=1)
    def _delete_list(self, which: str, name: str, index: int | None = None) -> None:
        points = self.points_of(name)
        if index is None:
            del self.lists[name]
        elif index > len(points):
            raise parameter_error(f"configuration list {name} has no index {index}")
        else:
            del points[index - 1]

    @for_each(LISTS, ":CONFiguration:LIST:SIZE?", string)
    def _size_of_list(self, which: str, name: str) -> int:
        return len(self.points_of(name))

    @for_each(LISTS, ":CONFiguration:LIST:CATalog?")
    def _catalog(self, which: str) -> str:
        kind = Source if which.startswith("SOUR") else Sense
        return ",".join(n for n, points in self.lists.items() if all(isinstance(p[1], kind) for p in points))
