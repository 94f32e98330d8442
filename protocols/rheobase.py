"""`Rheobase`: I_min and I_max of a port by bisection, an adaptive protocol; also the measurement behind "0.987 Imin".

I_min is approached upwards, each trial from rest: the highest current at which the neuron stays silent for the whole
dwell and the lowest at which it fires enclose it (start and stop differ by a small hysteresis: the dwell is part of the
value). I_max is where repetitive firing ends: the depolarisation block, on a thyristor the latch. A latched neuron is
released by the return to zero current between trials.
"""

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from neurorig.signals import Current, Frequency, Number, Steps, Time, Trace, show

from .bisection import Bracket, Trial
from .currents import RelativeCurrent
from .needs import SourceNeeds
from .one_neuron import OneNeuron
from .planning import sampling_rate, whole_milliseconds
from .protocol import Context, Result, Sweeps
from .stimuli import Stimulus, hold
from .sweep import Sweep, Taken

if TYPE_CHECKING:
    from neurorig.analysis.report import Document
    from neurorig.hardware import Board
    from neurorig.records import Run


class Rheobase(OneNeuron):
    """Bisection of I_min and I_max with a last step of 20 nA, or of the source's own step where that is coarser."""

    name: ClassVar[str] = "rheobase"
    needs: ClassVar[SourceNeeds | None] = SourceNeeds(
        noise=20e-9, line=20e-9, drift=50e-9, step=1e-3, why="the last step of the bisection is 20 nA"
    )
    title: ClassVar[str] = "Rheobase and depolarisation block"
    source: ClassVar[str] = "definitions of I_min and I_max: Wu et al., Phys. Rev. Applied 23, 034030 (2025), Sec. II"
    adaptive: ClassVar[bool] = True
    bounded_by: ClassVar[str | None] = "ceiling"

    step: Current = Field(20e-9, description="last step of the bisection", gt=0)
    span: Number = Field(0.1, description="first bracket around the predicted value, relative", gt=0, lt=1)
    ceiling: RelativeCurrent = Field(
        RelativeCurrent(3.0, 0.0, "3 Imin"),
        description="no trial goes above this (Imin: predicted from the board)",
    )
    dwell: Time = Field(2.0, description="silent this long counts as below I_min", gt=0)
    block_dwell: Time = Field(
        0.04, description="still firing after this long counts as below I_max; short, as feedback adds current", gt=0
    )
    conditioning: Number = Field(
        10.0, description="rest at zero current before each trial, in tau_s of the slowest synapse", gt=0
    )
    block: bool = Field(True, description="measure I_max too")
    delivered: bool = Field(True, description="record the port's current as well; needs it on the oscilloscope")
    rate_error: Frequency = Field(2.0, description="wanted standard error of f(t); sets the sampling", gt=0)
    highest_rate: Frequency = Field(200.0, description="highest firing rate expected; sets the sampling", gt=0)

    def observed(self) -> tuple[str, ...]:
        """The spikes, and the current as it is delivered."""
        return (self.v_ap, self.port) if self.delivered else (self.v_ap,)

    def extremes(self, board: "Board", context: Context) -> list[dict[str, Stimulus]]:
        """The ceiling: no trial goes above it, and none below zero."""
        dwells = {"dwell": self.dwell} | ({"block_dwell": self.block_dwell} if self.block else {})
        return [{self.port: hold(self.highest(context), dwell, name)} for name, dwell in dwells.items()]

    def highest(self, context: Context) -> float:
        """No trial goes above this (A): the ceiling; the default one ends at the bench's limit, one that was chosen does not."""
        ceiling = self.ceiling.resolve(context.i_min[self.port])
        chosen = self.ceiling != type(self).model_fields["ceiling"].default
        return ceiling if chosen else min(ceiling, context.highest.get(self.port, ceiling))

    def sweeps(self, board: "Board", context: Context) -> Sweeps:
        """Trials of I_min, then of I_max, each level chosen from what the last one did."""
        predicted = context.i_min[self.port]
        ceiling = self.highest(context)
        yield from self._search("i_min", predicted, ceiling, self._trials(board, "i_min", self.dwell, predicted))
        if self.block:
            i_max = board.i_max(self.port)
            yield from self._search("i_max", i_max, ceiling, self._trials(board, "i_max", self.block_dwell, i_max))

    def trial(self, role: str, traces: Mapping[str, Trace], reported: Mapping[str, Steps]) -> Trial:
        """What one sweep says: the current, reported and measured, and whether it lies above the threshold."""
        current, i0 = reported[self.port].high, traces.get(self.port)
        yes = _answer(role, traces[self.v_ap])
        if i0 is None:
            return Trial(current, yes)
        from neurorig.analysis import mean_level  # only when there is a trace

        level = mean_level(i0.between(0.0, reported[self.port].duration))
        return Trial(current, yes, level.value, level.error) if level.known else Trial(current, yes)

    def analyse(self, run: "Run") -> Result:
        """I_min and I_max with their errors, commanded and delivered."""
        from .rheobase_analysis import analyse_rheobase  # pandas, only when a run is read

        return analyse_rheobase(self, run)

    def document(self, run: "Run", result: Result) -> "Document":
        """The trials and the two thresholds."""
        from .rheobase_report import rheobase_document

        return rheobase_document(self, run, result)

    def _trials(self, board: "Board", role: str, dwell: float, predicted: float) -> Callable[[float], Sweep]:
        tau_s = max((s.tau for s in board.synapses.values()), default=0.0)
        rest = hold(0.0, max(whole_milliseconds(self.conditioning * tau_s), 0.1), "rest")
        rate = sampling_rate(board.tau_a(self.neuron), self.highest_rate, self.rate_error)

        def trial(level: float) -> Sweep:
            return Sweep(
                label=f"{role} at {show(level, 'A', 6)}",
                drive={self.port: hold(level, dwell, "trial")},
                # I_max lies far beyond the range that the screen shows of the port's current.
                observe=self.observed() if role == "i_min" else (self.v_ap,),
                rate=rate,
                conditioning={self.port: rest},
                state=f"rested: {show(rest.duration, 's')} at zero current",
                params={"role": role, "level": level, "predicted": predicted},
            )

        return trial

    def _search(
        self, role: str, predicted: float, ceiling: float, trial: Callable[[float], Sweep]
    ) -> Generator[Sweep, Taken, None]:
        """Widen until the answer changes, then halve until the step (or the source's own) is reached."""
        width = self.span * predicted
        level, tried = max(0.0, min(predicted - width, ceiling)), list[Trial]()
        while True:
            taken = yield trial(level)
            tried.append(self.trial(role, taken.traces, taken.reported))
            wanted = Bracket.of(tried).next(width, 0.0, ceiling, self.step)
            if wanted is None or len({t.current for t in tried}) < len(tried):
                return  # narrow enough, nowhere left to go, or the source has no finer step
            level = wanted


def _answer(role: str, v_ap: Trace) -> bool:
    """For I_min: does it fire? For I_max: has it stopped firing in the second half of the dwell?"""
    from neurorig.analysis import detect  # numba, only when there is a trace

    spikes = detect(v_ap)
    if role == "i_min":
        return len(spikes) > 0
    end = v_ap.t0 + v_ap.duration
    return spikes.count(end / 2, end) == 0
