"""What acceptance and calibration of a current source share: the request, the simulated double, the record that is kept."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from neurorig.signals import RecordError

if TYPE_CHECKING:
    from neurorig.analysis.report import Document
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.connection import Rig
    from neurorig.instruments.simulated.launch import SimulatedProcess

SOURCES = Path("sources")


class Plan(Protocol):
    """What is looked at by what: both as ``instrument.channel``."""

    @property
    def source(self) -> str:
        """The source's channel."""
        ...

    @property
    def meter(self) -> str:
        """What measures it."""
        ...


PlanT = TypeVar("PlanT", bound=Plan)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class SourceRequest(Generic[PlanT]):
    """What to do on which bench; `out` holds a folder for each source. `simulated`: how true the simulated source is
    (the words of `into_resistor.Bypass`, such as ``{"noise": 20e-9}``)."""

    plan: PlanT
    bench: str = "wu2025_bump"
    simulate: bool = False
    seed: int = 0
    out: Path = SOURCES
    simulated: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceOutcome(Generic[ResultT]):
    """Where it is kept, and what it says."""

    folder: Path
    report: Path
    result: ResultT
    record: dict[str, Any]


def double_of(request: SourceRequest[Any], ohms: float) -> "SimulatedProcess":
    """The simulated bench, with the channel off its board and in `ohms`."""
    from neurorig.instruments.simulated.launch import SimulatedProcess
    from neurorig.instruments.simulated.process import Settings

    bypass = {"channel": request.plan.source, "meters": [request.plan.meter], "ohms": ohms}
    return SimulatedProcess(Settings(request.bench, seed=request.seed, bypass={**bypass, **request.simulated}))


def record_of(request: SourceRequest[Any], bench: "Bench", rig: "Rig") -> dict[str, Any]:
    """When, on which bench, with what, as it was set: plain JSON values."""
    name, meter = (end.partition(".")[0] for end in (request.plan.source, request.plan.meter))
    identities, settings = rig.identities(), rig.settings()
    return {
        "schema": 1, "taken": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "simulated": request.simulate, "seed": request.seed, "plan": asdict(request.plan),
        "bench": {"name": bench.name, "file": str(bench.path), "sha256": bench.sha256},
        "source": asdict(identities[name]), "meter": asdict(identities[meter]),
        "settings": {n: settings[n] for n in (name, meter)}, "warnings": rig.warnings(),
    }  # fmt: skip


def check_out(out: Path) -> None:
    """Whether a record can be kept below this folder, which need not exist. Nothing is left there. Raises RecordError."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        TemporaryFile(dir=there).close()
    except OSError as reason:
        raise _unwritable(out, reason) from reason


def _unwritable(folder: Path, reason: OSError) -> RecordError:
    return RecordError(f"{folder}: cannot be written ({reason.strerror}). Name another folder with --out.")


def keep(out: Path, name: str, file: str, record: Mapping[str, Any], document: "Document") -> tuple[Path, Path]:
    """Write record and report below the source's serial number, in a folder of this moment: that folder, and the report.

    Raises RecordError.
    """
    from neurorig.analysis.report import write_report

    serial = re.sub(r"[^\w.-]+", "_", record["source"]["serial"]) or "without_serial_number"
    stamp = record["taken"].replace(":", "").replace("-", "")
    folder = out / serial / f"{stamp}_{name}"
    try:
        folder.mkdir(parents=True)
        (folder / file).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        return folder, write_report(folder, document)
    except OSError as reason:
        raise _unwritable(folder, reason) from reason
