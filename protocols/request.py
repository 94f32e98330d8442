"""From a request to a report: what `neurorig run`, the window and a script call alike."""

import contextlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorig.signals import ConfigError, NeurorigError, RunInterrupted

from .checks import check_protocol
from .protocol import Protocol
from .registry import get_protocol
from .runner import Finished, Progress, run_protocol

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.connection import Rig
    from neurorig.instruments.simulated.faults import Fault
    from neurorig.instruments.simulated.launch import SimulatedProcess
    from neurorig.records import RunWriter

AHEAD = (
    "h5py", "hdf5plugin", "pandas", "neurorig.analysis.bump", "pyarrow.parquet", "jinja2", "matplotlib.figure",
    "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What to run, on which bench, and where to keep it."""

    protocol: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bench: str = "wu2025_bump"
    components: Mapping[str, str] = field(default_factory=dict)
    simulate: bool = False
    seed: int = 0
    out: Path = Path("runs")
    paced: bool = False
    traffic: bool = False
    """Whether the run's folder also keeps all that goes over the links to the instruments."""
    faults: Sequence[str] = ()
    """What goes wrong on the simulated bench, such as ``scope:late,value=1s,after=3``."""
    wired_as: str = ""
    """Simulated: the bench file of what really lies on the table, where it is another one: a wrong wire to be found."""


@dataclass(frozen=True)
class Outcome:
    """Where the run lies and what it says; `results` are SI values by name, `verdicts` compare with published ones."""

    run: Path
    status: str
    results: dict[str, Any]
    verdicts: list[dict[str, Any]]
    report: Path
    warnings: list[str]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {**asdict(self), "run": str(self.run), "report": str(self.report)}


def execute(request: Request, progress: Progress | None = None) -> Outcome:
    """Check, connect, run, analyse, report. Everything that can be refused is refused before any output is enabled.

    Raises NeurorigError of the kind that fits. What is refused before any output was enabled leaves no folder; once one
    was, the folder stays, with the reason, and the error's `run` names it.
    """
    from neurorig.instruments.bench import load_bench  # drivers, only when there is something to drive
    from neurorig.instruments.interrupts import Interrupts
    from neurorig.records import RunWriter

    protocol = get_protocol(request.protocol).make(request.parameters)
    faults = _faults(request)
    with contextlib.ExitStack() as stack:
        stack.enter_context(Interrupts())  # a second Ctrl-C must not stop what closes the run, either
        double = stack.enter_context(_double(request)) if request.simulate else None  # it starts while this goes on
        bench = load_bench(request.bench)
        if request.components:
            bench = bench.with_components(request.components)
        for fault in faults:
            bench.check_fault(fault)
        protocol = protocol.on(bench)
        check_protocol(protocol, bench)
        writer = stack.enter_context(RunWriter.create(request.out, opening(protocol, bench, request)))
        ahead = stack.enter_context(ThreadPoolExecutor(1)).submit(_import_ahead)
        stack.enter_context(_named_by_what_ends_it(writer))
        finished = _connect_and_run(protocol, bench, double, writer, progress, ahead=ahead, traffic=request.traffic)
        return _outcome(writer, finished)


def _connect_and_run(
    protocol: Protocol,
    bench: "Bench",
    double: "SimulatedProcess | None",
    writer: "RunWriter",
    progress: Progress | None,
    *,
    ahead: Future[None],
    traffic: bool,
) -> Finished:
    """The run's folder is there before the instruments are; if they are refused before anything begins, it goes again.

    Nothing is played before what is imported `ahead` is there: a large module holds up every other thread of Python, with a
    cold disk longer than the source keeps its read-backs.
    """
    from neurorig.instruments.connection import connect

    rig: Rig | None = None
    try:
        folder = writer.path / "traffic" if traffic else None
        log, kept = writer.path / "guardian.log", "every sweep taken is kept"
        with connect(bench, double=double, log=log, traffic=folder, kept=kept) as rig:
            wait([ahead])
            return run_protocol(protocol, rig, writer, progress)
    except NeurorigError:
        if not writer.begun and not (rig and rig.unsafe):  # else the guardian is writing there
            writer.discard()
        raise


@contextlib.contextmanager
def _named_by_what_ends_it(writer: "RunWriter") -> Iterator[None]:
    try:
        yield
    except (NeurorigError, RunInterrupted) as event:
        event.run = writer.path if writer.path.exists() else None
        raise


def _outcome(writer: "RunWriter", finished: Finished) -> Outcome:
    from neurorig.records import Run

    from .report import write_run_report  # figures

    run = Run.open(writer.path)
    meta = run.meta
    return Outcome(
        run=writer.path,
        status=finished.status,
        results=meta["results"],
        verdicts=meta["verdicts"],
        report=write_run_report(run, finished.result),
        warnings=meta["warnings"],
        notes=meta.get("notes", []),
    )


def _faults(request: Request) -> "list[Fault]":
    if not request.faults:
        return []
    from neurorig.instruments.simulated.faults import read_fault

    if not request.simulate:
        raise ConfigError(f"--fault {request.faults[0]}: only simulated instruments fail on demand. Add --simulate.")
    return [read_fault(text) for text in request.faults]


def _double(request: Request) -> "SimulatedProcess":
    from neurorig.instruments.simulated.launch import SimulatedProcess
    from neurorig.instruments.simulated.process import Settings

    table = request.wired_as or request.bench
    if request.wired_as:
        _check_same_instruments(request)
    settings = Settings(table, dict(request.components), request.seed, request.paced, faults=request.faults)
    return SimulatedProcess(settings)


def _check_same_instruments(request: Request) -> None:
    """Raises ConfigError unless the table that is simulated has the instruments of the file that is checked."""
    from neurorig.instruments.bench import load_bench

    checked, table = load_bench(request.bench), load_bench(request.wired_as)
    if missing := [name for name in checked.instruments if name not in table.instruments]:
        raise ConfigError(
            f"--wired-as {request.wired_as}: has no instrument '{missing[0]}', only {', '.join(table.instruments)}. Both files "
            "have to name their instruments alike: copy the one that is checked, and change its wiring."
        )


def _import_ahead() -> None:
    """Import what analysis and report will need while the instruments are being waited for: half a second less."""
    for name in AHEAD:
        importlib.import_module(name)


def opening(protocol: Protocol, bench: "Bench", request: Request) -> dict[str, Any]:
    """What run.json says before anything has happened; also what was to go wrong, if anything."""
    board = bench.board
    faults = [*map(str, bench.faults), *request.faults] if request.simulate else []
    return {
        "protocol": {
            "name": protocol.name,
            "parameters": protocol.model_dump(mode="json"),
            "shown": protocol.shown(),
            "sha256": protocol.sha256,
        },
        "board": {
            "name": board.name,
            "title": board.title,
            "sha256": board.sha256,
            "components": bench.content.components,
        },
        "bench": {"name": bench.name, "file": str(bench.path), "sha256": bench.sha256},
        "wiring": _wiring(bench),
        "simulated": request.simulate,
        "seed": request.seed,
        **({"faults": faults} if faults else {}),
        **({"derived": {d.name: d.formula for d in bench.derived.values()}} if bench.derived else {}),
    }


def _wiring(bench: "Bench") -> list[dict[str, Any]]:
    """Which channel reaches what, and how: the wiring picture of the report."""
    ports: list[dict[str, Any]] = [
        {
            "name": p.port, "kind": "port", "instrument": p.instrument, "channel": p.channel,
            "how": "current source", "low": p.low, "high": p.high, "unit": "A",
            "delivered": None if p.delivered.ideal else [list(p.delivered.commanded), list(p.delivered.delivered)],
        }
        for p in bench.ports.values()
    ]  # fmt: skip
    nodes: list[dict[str, Any]] = [
        {
            "name": n.node, "kind": "node", "instrument": n.instrument, "channel": n.channel,
            "how": n.sense.describe(), "low": n.low, "high": n.high, "unit": n.unit, "gain_error": n.sense.gain_error,
            "sense": n.sense.model_dump(mode="json"),
        }
        for n in bench.nodes.values()
    ]  # fmt: skip
    marker = {
        "name": f"{bench.marker.scope}.{bench.marker.channel}", "kind": "marker", "instrument": bench.marker.source,
        "channel": "SYNC OUT", "how": "logic level", "low": 0.0, "high": 5.0, "unit": "V",
    }  # fmt: skip
    return [*ports, marker, *nodes]
