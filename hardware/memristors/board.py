"""Memristive circuits as data: one TOML file each, like the boards of `neurorig.hardware`."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from neurorig.hardware.board import load_board
from neurorig.hardware.parts import Neuron, Part, PositiveCapacitance
from neurorig.signals import ConfigError, LimitError, Resistance, nearest

from .sdc import Fraction, Sdc, SdcMemristor
from .thyristor import ThyristorMemristor


class MemristorBoard(Part):
    """What every description of a memristive circuit begins with."""

    format: Literal[1]
    name: str
    title: str
    source: str
    figures: tuple[str, ...] = ()
    like: str | None = None
    errata: dict[str, str] = Field(default_factory=dict)
    path: Path
    sha256: str


class SdcComponents(Part):
    """What stands around the device."""

    R_s: Annotated[Resistance, Field(ge=0)] = 0.0


class SdcRest(Part):
    """The state before anything is applied."""

    x: Fraction = 0.0


class SdcBoard(MemristorBoard):
    """An SDC memristor with a resistor in series."""

    kind: Literal["sdc"]
    components: SdcComponents = SdcComponents()
    device: Sdc
    at_rest: SdcRest = SdcRest()

    def memristor(self, *, seed: int = 0, R_s: float | None = None) -> SdcMemristor:
        """A device of this description; `R_s` (ohm) instead of the board's, such as 0 for a quasi-static sweep."""
        series = self.components.R_s if R_s is None else R_s
        return SdcMemristor(self.device, R_s=series, x=self.at_rest.x, seed=seed)


class ThyristorComponents(Part):
    """What stands around the device."""

    load: Annotated[Resistance, Field(ge=0)]
    capacitance: PositiveCapacitance


class ThyristorBoard(MemristorBoard):
    """The thyristor with R_m of the neuron `neuron` of another board, as a two-terminal device."""

    kind: Literal["thyristor"]
    board: str
    neuron: str
    components: ThyristorComponents

    _neuron: Neuron = PrivateAttr()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        beside = self.path.parent / self.board
        try:
            board = load_board(beside if beside.suffix == ".toml" else self.board)
        except ConfigError as reason:
            raise ValueError(f"[board] {reason}") from reason
        if self.neuron not in board.neurons:
            raise ValueError(
                f"[neuron] board '{self.board}' has no neuron '{self.neuron}'.{nearest(self.neuron, board.neurons)}"
            )
        self._neuron = board.neurons[self.neuron]
        try:
            self.memristor()
        except LimitError as reason:
            raise ValueError(f"[components] {reason}") from reason
        return self

    def memristor(self, *, seed: int = 0) -> ThyristorMemristor:
        """A device of this description."""
        parts = self.components
        return ThyristorMemristor(self._neuron, load=parts.load, capacitance=parts.capacitance, seed=seed)
