"""From a request to an accepted source: connect, measure, judge, and keep it under the source's serial number."""

import contextlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorig.signals import ConfigError, RecordError

from .acceptance import AcceptancePlan, Ask, Tell, check_acceptance, measure, port_of
from .acceptance_result import Accepted, judge_source, needs_of
from .hands import done_by

if TYPE_CHECKING:
    from neurorig.analysis.report import Document
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.connection import Rig
    from neurorig.instruments.simulated.launch import SimulatedProcess
    from neurorig.instruments.wiring import PortWiring

SOURCES = Path("sources")


@dataclass(frozen=True)
class AcceptRequest:
    """What to accept on which bench; `out` holds a folder for each source. `simulated`: how true the simulated source is
    (the words of `into_resistor.Bypass`, such as ``{"noise": 20e-9}``)."""

    plan: AcceptancePlan
    bench: str = "wu2025_bump"
    needs: str = ""
    simulate: bool = False
    seed: int = 0
    out: Path = SOURCES
    simulated: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AcceptOutcome:
    """Where it is kept, and what it says."""

    folder: Path
    report: Path
    result: Accepted
    record: dict[str, Any]


def accept(request: AcceptRequest, ask: Ask, tell: Tell) -> AcceptOutcome:
    """Check, connect, measure, judge, keep. `ask` has a person do something; on a simulated bench it is done already.

    Raises NeurorigError of the kind that fits; the outputs are safe on every way out.
    """
    from neurorig.instruments.bench import load_bench
    from neurorig.instruments.connection import connect

    plan = request.plan
    if request.needs:
        needs_of(request.needs)
    bench = load_bench(request.bench)
    check_acceptance(plan, bench)
    with contextlib.ExitStack() as stack:
        double = stack.enter_context(_double(request)) if request.simulate else None
        with connect(bench, double=double) as rig:
            found = measure(plan, rig, _by_hand(ask, double), tell)
            record = _record(request, bench, rig)
    result = judge_source(found, request.needs)
    if request.simulate:
        result.notes.append(_simulated(port_of(plan, bench)))
    record["result"] = result.as_json()
    return _keep(request, record, result, found)


def _simulated(port: "PortWiring") -> str:
    """Why a simulated source delivers what it does."""
    if port.delivered.ideal:
        return "The source is simulated: it delivers what it is told, in its steps."
    return (
        f'The source is simulated: it delivers by [ports."{port.port}"].delivered of the bench file, which is what was found. '
        "Without that table it delivers what it is told."
    )


def _double(request: AcceptRequest) -> "SimulatedProcess":
    from neurorig.instruments.simulated.launch import SimulatedProcess
    from neurorig.instruments.simulated.process import Settings

    plan = request.plan
    bypass = {"channel": plan.source, "meters": [plan.meter], "ohms": plan.resistors[0] if plan.resistors else 1e4}
    return SimulatedProcess(Settings(request.bench, seed=request.seed, bypass={**bypass, **request.simulated}))


def _by_hand(ask: Ask, double: "SimulatedProcess | None") -> Ask:
    """On a simulated bench the resistor is put there by a message."""

    def done(what: str, ohms: float) -> None:
        message = {} if math.isnan(ohms) else {"resistor": ohms}
        done_by(lambda said: ask(said, ohms), double)(what, message)

    return done


def _record(request: AcceptRequest, bench: "Bench", rig: "Rig") -> dict[str, Any]:
    plan = request.plan
    name, meter = plan.source.partition(".")[0], plan.meter.partition(".")[0]
    port = port_of(plan, bench)
    identities = rig.identities()
    return {
        "schema": 1, "taken": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "simulated": request.simulate, "seed": request.seed, "plan": asdict(plan),
        "bench": {"name": bench.name, "file": str(bench.path), "sha256": bench.sha256},
        "port": {"name": port.port, "low": port.low, "high": port.high, "full_scale": port.full_scale},
        "source": asdict(identities[name]), "meter": asdict(identities[meter]),
        "settings": {n: rig.settings()[n] for n in (name, meter)}, "warnings": rig.warnings(),
    }  # fmt: skip


def _keep(request: AcceptRequest, record: dict[str, Any], result: Accepted, found: Any) -> AcceptOutcome:
    from .acceptance_report import acceptance_document

    name = f"channel_{request.plan.source.partition('.')[2]}"
    document = acceptance_document(record, result, found)
    folder, report = keep(request.out, name, "acceptance.json", record, document)
    return AcceptOutcome(folder, report, result, record)


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
        raise RecordError(
            f"{folder}: cannot be written ({reason.strerror}). Name another folder with --out."
        ) from reason


def delivered_rows(result: Accepted) -> list[tuple[float, float]]:
    """Commanded and delivered for a bench file: nothing where less than its error is delivered for nothing.

    Raises ConfigError when the table would not be one.
    """
    rows = [
        (commanded, 0.0 if commanded == 0 and abs(delivered) <= 2 * error else delivered)
        for commanded, delivered, error, _ in result.table
    ]
    if len(rows) < 2:
        raise ConfigError("--write: fewer than two levels were measured; there is no table to write.")
    return rows
