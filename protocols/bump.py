"""`Bump`: start, hold, perturb and stop the activity bump of a self-excitatory neuron (Wu 2025, Figs 9 and 10)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from neurorig.signals import ConfigError, Frequency, Number, Time, show

from .currents import RelativeCurrent
from .needs import SourceNeeds
from .one_neuron import OneNeuron
from .planning import sampling_rate, whole_milliseconds
from .protocol import Context, Result, Sweeps
from .stimuli import Stimulus, hold
from .sweep import Sweep

if TYPE_CHECKING:
    from neurorig.analysis.report import Document
    from neurorig.hardware import Board
    from neurorig.records import Run


def _ampere(microamperes: float, description: str) -> Any:
    return Field(RelativeCurrent.absolute(round(microamperes * 1e-6, 12)), description=description)


def _second(seconds: float, description: str) -> Any:
    return Field(seconds, description=description, gt=0)


class Bump(OneNeuron):
    """A subthreshold holding current, a kick that starts the bump, a pulse that stops it; then probes of its stability.

    Sweep 1 is Fig. 9a: rest, kick, the bump on its own, stop, and the holding current again, so that a restart is seen.
    Sweeps 2 and 3 are Fig. 10: the bump is started in the same way and perturbed by a positive and by a negative pulse;
    the end of the sweep takes the holding current away, which ends the bump. Times are those of the figures' axes
    (figure captions say 1.2 s and 0.8 s for the probes; the axis shows 0.565 s and 0.405 s).
    """

    name: ClassVar[str] = "bump"
    needs: ClassVar[SourceNeeds | None] = SourceNeeds(
        noise=50e-9, line=50e-9, sag=50e-9, drift=50e-9, step=1e-3,
        why="the holding current lies 0.57 uA below I_min, and a tenth of that is to be left",
    )  # fmt: skip
    title: ClassVar[str] = "Activity bump of a self-excitatory neuron"
    source: ClassVar[str] = "Wu et al., Phys. Rev. Applied 23, 034030 (2025), Figs 9 and 10"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "printed": {},
        "relative": {
            "holding": "0.987 Imin", "kick": "0.506 Imin", "stop": "-0.539 Imin",
            "probe_plus": "0.506 Imin", "probe_minus": "-0.539 Imin",
        },
        "caption": {"probe_plus_duration": "1.2 s", "probe_minus_duration": "0.8 s"},
    }  # fmt: skip

    synapse: str = Field("s11", description="its self-excitatory synapse")
    holding: RelativeCurrent = _ampere(44.7, "subthreshold current, always on")
    kick: RelativeCurrent = _ampere(22.9, "added to the holding current to start the bump")
    stop: RelativeCurrent = _ampere(-24.4, "added to the holding current to stop the bump")
    probe_plus: RelativeCurrent = _ampere(22.9, "positive perturbation, added to the holding current")
    probe_minus: RelativeCurrent = _ampere(-24.4, "negative perturbation, added to the holding current")
    rest: Time = _second(0.99, "holding current before the kick")
    kick_duration: Time = _second(1.99, "length of the kick")
    settle: Time = _second(3.5, "the bump on its own, before the stop or a probe")
    stop_duration: Time = _second(2.74, "length of the stop pulse")
    after: Time = _second(0.78, "holding current after the stop, to see a restart")
    probe_plus_duration: Time = _second(0.565, "length of the positive perturbation")
    probe_minus_duration: Time = _second(0.405, "length of the negative perturbation")
    recovery: Time = _second(3.0, "holding current after a perturbation")
    conditioning: Number = Field(
        10.0, description="rest at zero current before each further sweep, in tau_s of the synapse", ge=0
    )
    repeats: PositiveInt = Field(1, description="how often the three sweeps are taken")
    probes: bool = Field(True, description="take the two perturbation sweeps of Fig. 10")
    rate_error: Frequency = Field(0.5, description="wanted standard error of f(t); sets the sampling", gt=0)
    highest_rate: Frequency = Field(200.0, description="highest firing rate expected; sets the sampling", gt=0)
    measure_imin: Literal["auto", "always", "never"] = Field(
        "auto", description="measure I_min before and after the run: always, never, or when a current is relative to it"
    )

    @property
    def nodes(self) -> dict[str, str]:
        """What is observed, by its role in the analysis."""
        return {"v_ap": self.v_ap, "i_sse": f"{self.synapse}.i_out", "i0": self.port}

    def observed(self) -> tuple[str, ...]:
        """The spike output, the synaptic current, and the current as it is delivered."""
        return tuple(self.nodes.values())

    def i_min_ports(self) -> tuple[str, ...]:
        """The driven port, if I_min is wanted."""
        currents = (self.holding, self.kick, self.stop, self.probe_plus, self.probe_minus)
        wanted = self.measure_imin == "always" or (self.measure_imin == "auto" and any(c.is_relative for c in currents))
        return (self.port,) if wanted else ()

    def margin(self, context: Context) -> float:
        """The bump lives between the holding current and I_min."""
        i_min = context.i_min[self.port]
        return i_min - self.holding.resolve(i_min)

    def levels(self, i_min: float) -> dict[str, float]:
        """Total currents (A) at the port on a board with this I_min."""
        holding = self.holding.resolve(i_min)
        added = {"kick": self.kick, "stop": self.stop, "probe_plus": self.probe_plus, "probe_minus": self.probe_minus}
        return {"holding": holding, **{name: holding + current.resolve(i_min) for name, current in added.items()}}

    def sweeps(self, board: "Board", context: Context) -> Sweeps:
        """Fig. 9a, then Fig. 10 up and down, `repeats` times. Raises ConfigError for an unknown synapse."""
        if self.synapse not in board.synapses:
            raise ConfigError(f"board '{board.name}' has no synapse '{self.synapse}'; set -p synapse=...")
        i_min = context.i_min[self.port]
        level = self.levels(i_min)
        tau_s, tau_a = board.synapses[self.synapse].tau, board.tau_a(self.neuron)
        rate = sampling_rate(tau_a, self.highest_rate, self.rate_error)
        rested = whole_milliseconds(self.conditioning * tau_s)
        conditioning = hold(0.0, rested, "rest") if rested else None
        first = not context.driven
        for repeat in range(self.repeats):
            for role, stimulus in self._stimuli(level).items():
                yield Sweep(
                    label=role if self.repeats == 1 else f"{role} {repeat + 1}",
                    drive={self.port: stimulus},
                    observe=self.observed(),
                    rate=rate,
                    conditioning={} if first or conditioning is None else {self.port: conditioning},
                    state=_state(board, self.synapse, first, rested),
                    params={
                        "role": role, "repeat": repeat, "port": self.port, "nodes": self.nodes, "levels": level,
                        "i_min": i_min, "tau_s": tau_s, "tau_a": tau_a, "first": first,
                    },
                )  # fmt: skip
                first = False

    def analyse(self, run: "Run") -> Result:
        """f*, I_sse, dead time, rates at the published times, recovery from the probes, the margin of the stop."""
        from .bump_analysis import analyse_bump  # pandas and scipy, only when a run is read

        return analyse_bump(self, run)

    def document(self, run: "Run", result: Result) -> "Document":
        """Page 1: Figs 9a and 10 with the published curves, and the verdicts. Page 2: the run's provenance."""
        from .bump_report import bump_document

        return bump_document(self, run, result)

    def _stimuli(self, level: Mapping[str, float]) -> dict[str, Stimulus]:
        start = (
            hold(level["holding"], self.rest, "rest")
            + hold(level["kick"], self.kick_duration, "kick")
            + hold(level["holding"], self.settle, "bump")
        )
        stimuli = {
            "bump": start
            + hold(level["stop"], self.stop_duration, "stop")
            + hold(level["holding"], self.after, "after")
        }
        if self.probes:
            for role, length in (("probe_plus", self.probe_plus_duration), ("probe_minus", self.probe_minus_duration)):
                stimuli[role] = (
                    start + hold(level[role], length, "probe") + hold(level["holding"], self.recovery, "recovery")
                )
        return stimuli


def _state(board: "Board", synapse: str, first: bool, rested: float) -> str:
    if first:
        rest = board.synapses[synapse].at_rest
        return f"as powered: {synapse} charged to {show(rest.v_c1, 'V')} and {show(rest.v_c2, 'V')}"
    return f"rested: {show(rested, 's')} at zero current, each stage of {synapse} discharged to its threshold V_T"
