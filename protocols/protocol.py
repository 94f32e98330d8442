"""What a protocol is: a frozen model of parameters that yields sweeps and reads results, without any input or output.

Its canonical JSON (SI) is hashed: the hash is the key for resuming, caching and provenance. Forms, command-line options
and the documentation table are derived from `Protocol.parameters`.
"""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from neurorig.signals import ConfigError, nearest, show, unit_of

from .currents import RelativeCurrent
from .needs import SourceNeeds
from .stimuli import Stimulus
from .sweep import Sweep, Taken

if TYPE_CHECKING:
    import pandas as pd

    from neurorig.analysis.report import Document
    from neurorig.hardware import Board
    from neurorig.instruments.bench import Bench
    from neurorig.records import Run

Sweeps = Generator[Sweep, Taken, None]
"""Yields a sweep, receives it back as it was taken: an adaptive protocol decides the next one from it."""

_BOUNDS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
_EXAMPLES = {"A": "44.7 uA", "s": "0.47 s", "Hz": "40 kHz", "V": "3.3 V", "": "3"}


@dataclass(frozen=True)
class Parameter:
    """One parameter as a form, a help page or a table shows it; `default` is written with its unit."""

    name: str
    description: str
    unit: str | None
    default: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What is known when the sweeps are made: I_min (A) by port, measured before the run or else predicted."""

    i_min: Mapping[str, float]
    driven: bool = False
    """Whether current has already flowed in this run: then the first sweep needs its conditioning, too."""
    highest: Mapping[str, float] = field(default_factory=dict)
    """The bench's upper limit (A) by port, for a search that is not told where to end."""
    bench: "Bench | None" = None
    """What it runs on, for a protocol that is about the wiring itself; None when only the board is known."""


@dataclass(frozen=True)
class Result:
    """What a run says: `values` (SI, plain JSON), `verdicts` against published numbers, tidy `tables` and `notes`.

    `detail` is the protocol's own: what `analyse` has at hand and `document` would have to read again.
    """

    values: dict[str, Any]
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    detail: Any = None


class Protocol(BaseModel):
    """Base of all protocols. Build one with `make`, which explains what is wrong with a parameter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str] = ""
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    adaptive: ClassVar[bool] = False
    """Whether the next sweep depends on the one just taken: then `extremes` says how far it may go."""
    needs: ClassVar[SourceNeeds | None] = None
    """What it needs of its current source, for an acceptance."""
    bounded_by: ClassVar[str | None] = None
    """The parameter that says how far, for the message when that is beyond a limit."""

    @classmethod
    def make(cls, parameters: Mapping[str, Any] | None = None) -> Self:
        """Build from texts with units or SI floats; ``preset`` names a set of parameters to start from.

        Raises ConfigError naming the parameter, with the nearest known name or an example of what it takes.
        """
        given = dict(parameters or {})
        preset = given.pop("preset", None)
        if preset is not None:
            if preset not in cls.presets:
                raise ConfigError(f"{cls.name}: no preset '{preset}'.{nearest(str(preset), cls.presets)}")
            given = {**cls.presets[preset], **given}
        try:
            return cls.model_validate(given)
        except ValidationError as reason:
            raise ConfigError(cls._explain(reason)) from reason

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """The parameters in their order."""
        table = []
        for name, info in cls.model_fields.items():
            annotation = info.annotation
            unit = "A" if annotation is RelativeCurrent else unit_of(info.metadata)
            choices = tuple(str(c) for c in get_args(annotation) if isinstance(c, str))
            table.append(Parameter(name, info.description or "", unit, _shown(info.default, unit), choices))
        return table

    @property
    def canonical(self) -> str:
        """The parameters as JSON: SI, sorted, the same for every way of writing them."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        """Hash of name and canonical parameters."""
        return hashlib.sha256(f"{self.name}:{self.canonical}".encode()).hexdigest()

    def shown(self) -> dict[str, str]:
        """Every parameter written with its unit, for reports."""
        return {p.name: _shown(getattr(self, p.name), p.unit) for p in self.parameters()}

    def i_min_ports(self) -> tuple[str, ...]:
        """Ports whose I_min has to be measured before (and again after) the run."""
        return ()

    def on(self, bench: "Bench") -> Self:
        """The protocol with what it leaves to the bench filled in; most leave nothing."""
        del bench
        return self

    def margin(self, context: Context) -> float | None:
        """The current (A) that the protocol lives on, for the bench's loading budget; None if it has none."""
        del context
        return None

    @abstractmethod
    def sweeps(self, board: "Board", context: Context) -> Sweeps:
        """The sweeps in their order."""

    def extremes(self, board: "Board", context: Context) -> list[dict[str, Stimulus]]:
        """Every stimulus that may be played, by port, for the check of limits before any output is enabled.

        An adaptive protocol gives the bounds of its search instead.
        """
        return [drive for s in self.sweeps(board, context) for drive in (dict(s.drive), dict(s.conditioning)) if drive]

    @abstractmethod
    def driven(self) -> tuple[str, ...]:
        """Every port that some sweep drives."""

    @abstractmethod
    def observed(self) -> tuple[str, ...]:
        """Every node that some sweep observes, in the order of the journal's channels."""

    @abstractmethod
    def analyse(self, run: "Run") -> Result:
        """What the sweeps on disk say, be the run complete or not. No instruments, no board files."""

    @abstractmethod
    def document(self, run: "Run", result: Result) -> "Document":
        """The report's pages."""

    @classmethod
    def _explain(cls, error: ValidationError) -> str:
        first = error.errors()[0]
        name = ".".join(str(p) for p in first["loc"])
        if first["type"] == "extra_forbidden":
            return f"{cls.name} has no parameter '{name}'.{nearest(name, cls.model_fields)}"
        what = first["msg"].removeprefix("Value error, ").rstrip(".")
        parameter = next((p for p in cls.parameters() if p.name == name), None)
        if parameter is None:
            return f"{cls.name}: {what}."
        given = f"{cls.name}: {name} = {first['input']!r}"
        if bound := next((b for b in _BOUNDS if b in first.get("ctx", {})), None):
            given = f"{cls.name}: {name} = {_shown(first['input'], parameter.unit)}"
            return f"{given}: must be {_BOUNDS[bound]} {show(first['ctx'][bound], parameter.unit or '')}."
        if first["type"].startswith("bool"):
            return f"{given}: is a switch; write yes or no, for instance -p {name}=no."
        example = f" Write it as '-p {name}=\"{parameter.default or _EXAMPLES.get(parameter.unit or '', '3')}\"'."
        return f"{given}: {what}.{example}"


def _shown(value: Any, unit: str | None) -> str:
    if isinstance(value, float) and unit is not None:
        return show(value, unit, 6)
    return str(value)
