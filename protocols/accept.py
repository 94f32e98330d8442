"""From a request to an accepted source: connect, measure, judge, and keep it under the source's serial number."""

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurorig.signals import ConfigError

from .acceptance import AcceptancePlan, Ask, Tell, check_acceptance, measure, port_of
from .acceptance_result import Accepted, judge_source, needs_of
from .hands import done_by
from .source_work import SourceOutcome, SourceRequest, check_out, double_of, keep, record_of

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.connection import Rig
    from neurorig.instruments.simulated.launch import SimulatedProcess
    from neurorig.instruments.wiring import PortWiring


@dataclass(frozen=True)
class AcceptRequest(SourceRequest[AcceptancePlan]):
    """What to accept on which bench; `needs`: of which protocol, if any."""

    needs: str = ""


AcceptOutcome = SourceOutcome[Accepted]


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
    check_out(request.out)
    with contextlib.ExitStack() as stack:
        ohms = plan.resistors[0] if plan.resistors else 1e4
        double = stack.enter_context(double_of(request, ohms)) if request.simulate else None
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


def _by_hand(ask: Ask, double: "SimulatedProcess | None") -> Ask:
    """On a simulated bench the resistor is put there by a message."""

    def done(what: str, ohms: float) -> None:
        message = {} if math.isnan(ohms) else {"resistor": ohms}
        done_by(lambda said: ask(said, ohms), double)(what, message)

    return done


def _record(request: AcceptRequest, bench: "Bench", rig: "Rig") -> dict[str, Any]:
    port = port_of(request.plan, bench)
    limits = {"name": port.port, "low": port.low, "high": port.high, "full_scale": port.full_scale}
    return record_of(request, bench, rig) | {"port": limits}


def _keep(request: AcceptRequest, record: dict[str, Any], result: Accepted, found: Any) -> AcceptOutcome:
    from .acceptance_report import acceptance_document

    name = f"channel_{request.plan.source.partition('.')[2]}"
    document = acceptance_document(record, result, found)
    folder, report = keep(request.out, name, "acceptance.json", record, document)
    return SourceOutcome(folder, report, result, record)


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
