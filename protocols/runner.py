"""The runner: takes a protocol's sweeps on a rig and writes them down; the outputs are safe on every way out.

For each sweep: condition, load, set the oscilloscope, arm it and have that confirmed, arm the source, fire, wait with a
deadline, outputs off, fetch, journal. Limits, memories and rates are checked for everything before the first output.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from neurorig.signals import BenchError, Program, Steps, Trace, show

from . import told
from .bisection import Bracket
from .checks import check_context, check_protocol, programs_of
from .derived import DTYPE as DERIVED
from .derived import derive
from .planning import beyond_screen, check_wiring, fit_stimulus, plan_sweep
from .protocol import Context, Protocol, Result
from .rheobase import Rheobase
from .sweep import Sweep, Taken

if TYPE_CHECKING:
    from neurorig.instruments import Acquisition, ChannelSetup, CurrentSource, Oscilloscope
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.connection import Rig
    from neurorig.records import RunWriter

Progress = Callable[[float, str], None]
"""Called with the fraction done and what is being done."""

GRACE = 10.0
"""Seconds of wall clock beyond the length of a program after which waiting for it is given up."""

POLL = 0.02
"""Seconds between two rounds of questions to real instruments; virtual time moves with the questions themselves."""

SEARCH = 12
"""Sweeps that a search for I_min typically takes, for the progress bar."""


class Finished(NamedTuple):
    """How a run ended, and what it says if it came to its end."""

    status: str
    result: Result | None


def run_protocol(
    protocol: Protocol,
    rig: "Rig",
    writer: "RunWriter",
    progress: Progress | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> Finished:
    """Take every sweep of `protocol`; give the status, ``"done"`` or ``"stopped"``, and the result if it is done.

    The outputs are made safe before anything is flushed, whatever happens. The run is finished as ``done`` with its
    results, as ``interrupted`` on Ctrl-C or SIGTERM (RunInterrupted is raised on), as ``stopped`` when `stop_requested`
    says so, and as ``failed`` on any other error, also one of the analysis, which is raised on.
    """
    runner = _Runner(protocol, rig, writer, progress or _silent, stop_requested or _never)
    ended: dict[str, Any] = {}
    status, result = "failed", None
    try:
        stopped = runner.run()
        rig.safe()
        if not stopped:
            result = _conclude(protocol, writer)
            ended = {"results": result.values, "verdicts": result.verdicts, "notes": result.notes}
        status = "stopped" if stopped else "done"
    except KeyboardInterrupt as event:  # RunInterrupted is one
        status, ended = "interrupted", {"error": str(event) or "stopped from the keyboard"}
        raise
    except BaseException as error:
        ended = {"error": str(error) or type(error).__name__}
        raise
    finally:
        rig.safe()
        writer.finish(status, **ended, warnings=[*runner.warnings, *rig.warnings()])
    return Finished(status, result)


def _conclude(protocol: Protocol, writer: "RunWriter") -> Result:
    """Analyse what is on disk and keep the tables beside it."""
    from neurorig.records import Run  # only when there is a run to read

    result = protocol.analyse(Run.open(writer.path))
    for name, table in result.tables.items():
        writer.results(table, name)
    return result


class _Stopped(Exception):  # noqa: N818  (an event, not a fault)
    """Somebody asked the runner to stop."""


@dataclass
class _Runner:
    protocol: Protocol
    rig: "Rig"
    writer: "RunWriter"
    progress: Progress
    stop_requested: Callable[[], bool]
    warnings: list[str] = field(default_factory=list)
    taken: int = 0
    _expected: int = 1
    _journal: bool = False
    _nodes: tuple[str, ...] = ()
    _configured: tuple[Any, ...] | None = None

    def run(self) -> bool:
        """Take everything; True when somebody asked to stop."""
        protocol, bench = self.protocol, self.rig.bench
        identities = {name: asdict(identity) for name, identity in self.rig.identities().items()}
        self.writer.update(
            times={"started": _utc(datetime.now(UTC))},
            instruments={n: {"identity": i, "resource": self.rig.resources[n]} for n, i in identities.items()},
        )
        if self.rig.supplied:
            self.writer.update(supply=self.rig.supplied)
        context = check_protocol(protocol, bench)
        ports = protocol.i_min_ports()
        searches = {port: _search_for(port, bench) for port in ports}
        self._nodes = tuple(dict.fromkeys(n for p in (protocol, *searches.values()) for n in p.observed()))
        for search in searches.values():
            check_protocol(search, bench)
        self._plan_all(context)
        from neurorig.instruments.chains import overdue, slow

        self._warn([*slow(bench), *overdue(bench, datetime.now(UTC).date())])
        self._warn(bench.loading(margin) if (margin := protocol.margin(context)) is not None else [])
        try:
            before = {port: self._measure_i_min(port, search, context, "before") for port, search in searches.items()}
            if before:
                i_min = {**context.i_min, **{port: found.value for port, found in before.items()}}
                context = replace(context, i_min=i_min, driven=True)
                check_context(protocol, bench, context)
            self._take_all(protocol, context)
            for port, search in searches.items():
                after = self._measure_i_min(port, search, context, "after")
                self.writer.log("drift", port=port, amperes=after.value - before[port].value)
        except _Stopped:
            return True
        return False

    # -- before anything flows ---------------------------------------------------------------------------------------

    def _plan_all(self, context: Context) -> None:
        """Ask source and oscilloscope whether they can play and hold it all."""
        bench = self.rig.bench
        source, scope = self._instruments()
        for drive in self.protocol.extremes(bench.board, context):
            for port, stimulus in drive.items():
                fit_stimulus(self.protocol, bench.port(port), stimulus, source)
        if self.protocol.adaptive:
            return
        sweeps = list(self.protocol.sweeps(bench.board, context))
        self._expected = len(sweeps) + 2 * SEARCH * len(self.protocol.i_min_ports())
        for sweep in sweeps:
            plan_sweep(sweep, bench, scope)
        self._warn(beyond_screen(sweeps, bench))

    def _instruments(self) -> "tuple[CurrentSource, Oscilloscope]":
        marker = self.rig.bench.marker
        return self.rig.source(marker.source), self.rig.scope(marker.scope)

    # -- sweeps ------------------------------------------------------------------------------------------------------

    def _take_all(self, protocol: Protocol, context: Context, extra: Mapping[str, Any] | None = None) -> list[Taken]:
        """Feed every sweep back to the generator that decides the next one."""
        taken: list[Taken] = []
        sweeps = protocol.sweeps(self.rig.bench.board, context)
        try:
            sweep = next(sweeps)
            while True:
                if extra:
                    sweep = replace(sweep, params={**sweep.params, **extra})
                taken.append(self._take(sweep))
                sweep = sweeps.send(taken[-1])
        except StopIteration:
            return taken

    def _take(self, sweep: Sweep) -> Taken:
        bench = self.rig.bench
        source, scope = self._instruments()
        self._tell(0.0, sweep)
        check_wiring(sweep, bench)
        programs = programs_of(sweep.drive)
        bench.check_limits(programs)
        acquisition = plan_sweep(sweep, bench, scope)
        if sweep.conditioning:
            self._play(source, programs_of(sweep.conditioning))
        reported = self._load(source, programs)
        self._configure(scope, sweep, acquisition)
        telling = told.ask(source, bench, sweep)
        scope.arm()
        self.writer.begin()
        source.arm()
        started = datetime.now(UTC)
        source.fire()
        self._wait(sweep, sweep.duration, source=source.running, oscilloscope=lambda: not scope.finished())
        source.off()
        traces: dict[str, Trace] = {}
        commanded = {port: s.steps() for port, s in sweep.drive.items()}
        itself, remarks = told.take(telling, bench, self.taken)
        self._warn(remarks)
        taken = Taken(sweep, traces, commanded, reported, itself)
        try:
            for node in sweep.observe:
                traces[node] = self._fetch(scope, node)
        except BenchError:
            self._keep_part(taken, started, acquisition)
            raise
        for derived in bench.derived.values():
            if traces.keys() >= set(derived.parts):
                traces[derived.name] = derive(derived, traces)
        self._write(taken, started, acquisition, self._clock(scope, sweep, acquisition))
        return taken

    def _clock(self, scope: "Oscilloscope", sweep: Sweep, acquisition: "Acquisition") -> dict[str, Any]:
        """How the source's clock lies on the oscilloscope's, by the marker; nothing where the marker is not recorded."""
        marker = self.rig.bench.marker
        from neurorig.analysis import align, marker_edges
        from neurorig.instruments import DRIVERS

        driver = DRIVERS[self.rig.bench.instruments[marker.scope].driver]
        if marker.channel not in acquisition.channels or marker.channel in driver.trigger_inputs:
            return {}

        try:
            trace = scope.fetch(marker.channel)
        except BenchError as error:
            self._warn([f"sweep {self.taken}: the marker was not fetched, its clocks are not compared ({error})"])
            return {}
        found = align(marker_edges(trace, marker.level), [0.0], [sweep.duration])
        return {} if found is None else {"clock": asdict(found)}

    def _keep_part(self, taken: Taken, started: datetime, acquisition: "Acquisition") -> None:
        """Write down what of a sweep was fetched before the rest was lost; marked bad, so that no analysis counts on it."""
        from neurorig.records import Run

        if taken.traces:
            self._write(taken, started, acquisition)
            missing = ", ".join(node for node in taken.sweep.observe if node not in taken.traces)
            Run.open(self.writer.path).mark_bad(self.taken - 1, reason=f"incomplete: {missing} could not be fetched")

    def _play(self, source: "CurrentSource", programs: Mapping[str, Program]) -> None:
        """Play a conditioning program; nothing is recorded."""
        self.rig.bench.check_limits(programs)
        self._load(source, programs)
        self.writer.begin()
        source.arm()
        source.fire()
        self._wait(None, max(p.duration for p in programs.values()), source=source.running)
        source.off()

    def _load(self, source: "CurrentSource", programs: Mapping[str, Program]) -> dict[str, Steps]:
        """Upload by port; give the quantised commands by port."""
        channels = {port: self.rig.bench.port(port).channel for port in programs}
        quantised = source.load({channels[port]: program for port, program in programs.items()})
        return {port: quantised[channel] for port, channel in channels.items()}

    def _configure(self, scope: "Oscilloscope", sweep: Sweep, acquisition: "Acquisition") -> None:
        """Set the oscilloscope, only if this sweep wants something else than the last one."""
        bench = self.rig.bench
        nodes = [bench.node(n).showing(*sweep.screens.get(n, ())) for n in sweep.observe]
        setups: tuple[ChannelSetup, ...] = (*(node.setup() for node in nodes), bench.marker.setup())
        wanted = (setups, acquisition.rate, acquisition.points, acquisition.pretrigger)
        if wanted != self._configured:
            self._configured = None
            scope.configure(setups, acquisition)
            scope.trigger_on(bench.marker.channel, bench.marker.level)
            self._configured = wanted

    def _wait(self, sweep: Sweep | None, duration: float, **busy: Callable[[], bool]) -> None:
        """Ask every instrument in turn until none is busy. Raises BenchError when the deadline has passed.

        The questions also feed the source's watchdog, which bites as long as an output is on, also when the program
        has ended and the oscilloscope has not.
        """
        begun = time.monotonic()
        while waiting := [name for name, ask in busy.items() if ask()]:
            if self.stop_requested():
                raise _Stopped
            elapsed = time.monotonic() - begun
            if elapsed > duration + GRACE:
                raise BenchError(
                    f"After {show(elapsed, 's')} the {' and the '.join(waiting)} had not finished a program of "
                    f"{show(duration, 's')}. The outputs are off. If it is the oscilloscope alone, it was not "
                    f"triggered: check the line from the source's SYNC OUT to {self.rig.bench.marker.channel}."
                )
            if sweep is not None:
                self._tell(min(0.9, elapsed / duration), sweep)
            if not self.rig.virtual_time:
                time.sleep(POLL)

    def _fetch(self, scope: "Oscilloscope", node: str) -> Trace:
        """The whole record in the node's unit. Fetching sources nothing, so a failed one is asked for once more."""
        wiring = self.rig.bench.node(node)
        try:
            trace = scope.fetch(wiring.channel)
        except BenchError as error:
            self._warn([f"{node}: fetched again after: {error}"])
            trace = scope.fetch(wiring.channel)
        if trace.clipped:
            self._warn([f"{node}: {trace.clipped} samples of sweep {self.taken} lie beyond the oscilloscope's range"])
        return wiring.sense.apply(trace, node, wiring.unit)

    def _write(
        self, taken: Taken, started: datetime, acquisition: "Acquisition", clock: Mapping[str, Any] | None = None
    ) -> None:
        from neurorig.records import Channel, SweepRecord  # h5py, only when there is something to keep

        if not self._journal:
            # Only a fetched trace knows the integer type of this digitiser.
            dtype = next(iter(taken.traces.values())).samples.dtype
            bench = self.rig.bench
            channels = [Channel(node, bench.node(node).unit, dtype) for node in self._nodes]
            channels += [
                Channel(d.name, d.unit, DERIVED, d.formula)
                for d in bench.derived.values()
                if set(d.parts) <= set(self._nodes)
            ]
            bench, ports = self.rig.bench, self.protocol.driven()
            self.writer.open_journal(channels, ports, told.read_backs(bench, ports), told.stamped(bench))
            self._journal = True
        record = SweepRecord(
            index=self.taken,
            label=taken.sweep.label,
            started=_utc(started),
            state={"assumed": taken.sweep.state},
            params=taken.sweep.record,
            acquired={
                "rate": acquisition.rate,
                "points": acquisition.points,
                "pretrigger": acquisition.pretrigger,
                **(clock or {}),
            },
        )
        self.writer.add_sweep(record, dict(taken.traces), dict(taken.commanded), dict(taken.reported), taken.told)
        self.taken += 1
        if record.index == 0:  # from here on the instruments are set as the sweeps need them
            self.writer.update(instruments={name: {"settings": s} for name, s in self.rig.settings().items()})
        self.progress(min(1.0, self.taken / max(self._expected, self.taken)), taken.sweep.label)

    # -- I_min ---------------------------------------------------------------------------------------------------------

    def _measure_i_min(self, port: str, search: Rheobase, context: Context, when: str) -> Bracket:
        """Bisect I_min on a port and write it down. BenchError when no current up to the ceiling makes it fire."""
        taken = self._take_all(search, context, {"when": when})
        found = Bracket.of(search.trial("i_min", t.traces, t.reported) for t in taken)
        if found.below is None or found.above is None:
            ceiling = show(search.highest(context), "A")
            raise BenchError(
                f"{port}: I_min was not found between 0 A and {ceiling}: check the board's supply, and the wiring of "
                f"{port} and {search.v_ap}."
            )
        names = ("value", "error", "delivered", "delivered_error")
        values = {name: value for name in names if math.isfinite(value := getattr(found, name))}
        self.writer.update(i_min={port: {when: values}})
        self.writer.log("i_min", port=port, when=when, **values)
        return found

    # -- words ---------------------------------------------------------------------------------------------------------

    def _warn(self, warnings: Iterable[str]) -> None:
        for warning in warnings:
            self.warnings.append(warning)
            self.writer.log("warning", level="warning", text=warning)

    def _tell(self, part: float, sweep: Sweep) -> None:
        self.progress(min(1.0, (self.taken + part) / max(self._expected, self.taken + 1)), sweep.label)


def _search_for(port: str, bench: "Bench") -> Rheobase:
    return Rheobase.make({"neuron": port.partition(".")[0], "block": False, "delivered": port in bench.nodes})


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _silent(fraction: float, what: str) -> None:
    pass


def _never() -> bool:
    return False
