"""Options that several commands share, and how ``name=value`` pairs are read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

BenchOption = Annotated[
    str, Parameter(name="--bench", help="Bench file, or the name of a shipped bench (default: the published figures).")
]
OutOption = Annotated[Path, Parameter(name="--out", help="Folder that holds the runs.")]
SourcesOption = Annotated[Path, Parameter(name="--out", help="Folder that holds one folder for each source.")]
JsonOption = Annotated[
    bool, Parameter(name="--json", negative=(), show_default=False, help="One JSON document on standard output.")
]
SetOption = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set",
        negative=(),
        show_default=False,
        help="Component as it is set on the board, e.g. --set s11.R_W=7kohm.",
    ),
]
SeedOption = Annotated[int, Parameter(name="--seed", help="Seed of everything random (stored with the run).")]
PacedOption = Annotated[
    bool,
    Parameter(name="--paced", negative=(), show_default=False, help="Let simulated time pass as on the wall clock."),
]

FaultOption = Annotated[
    tuple[str, ...],
    Parameter(
        name="--fault",
        negative=(),
        show_default=False,
        help="Let something go wrong on the simulated bench, e.g. --fault scope:late,value=1s,after=3.",
    ),
]

PortOption = Annotated[str, Parameter(name="--port", help="The Arduino's serial port, such as /dev/ttyACM0 or COM3.")]

RUNS = Path("runs")
"""Where runs go when no folder is named."""
SOURCES = Path("sources")
"""Where acceptances and calibrations of sources go when no folder is named."""


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Read ``name=value`` texts. Raises ConfigError for anything else, or for a name given twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise ConfigError(f"{option} {text}: write name=value, for instance {option} holding=44.7uA")
        if name.strip() in found:
            raise ConfigError(f"{option} {name.strip()} is given twice.")
        found[name.strip()] = value.strip()
    return found
