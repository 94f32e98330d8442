"""What the nudges say: each channel's answer, and for what is wrong the likely reason and what to do, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurorig.analysis import Answer, Measure, compare, judge, shift, standing, swing
from neurorig.analysis.report import value_error
from neurorig.signals import show

from .protocol import Result

if TYPE_CHECKING:
    from neurorig.records import Run, Sweep

    from .wiring_check import WiringCheck

FACTORS = {"i0": 1.15, "v_ap": 1.5, "v_m": 2.5}
"""By quantity, how far from the twin is still right: a resistor and a source are known well, R_a and its leak less, the
thyristor's leak hardly. Other quantities move by spikes only, whose number differs between boards."""
BY_SPIKES = 3.0
SPIKE = 0.3
"""Volts above which V_ap has fired: below threshold it stays under 0.1 V."""
ALIKE = 1.4
"""Two channels within this factor show the same signal."""
WRONG: tuple[Answer, ...] = ("no signal", "moved", "wrong sign", "wrong size")


@dataclass(frozen=True)
class Seen:
    """One channel's answer to one step of current at `port`; `expected`, `found` and `error` in the node's unit.

    `volts` and `expected_volts` are those at the tip of the probe, `clipped` says that more than `found` was there.
    """

    role: str
    port: str
    step: float
    node: str
    channel: str
    unit: str
    expected: float
    found: float
    error: float
    clipped: bool
    answer: Answer
    expected_volts: float
    volts: float

    @property
    def wrong(self) -> bool:
        """Whether something has to be done about it."""
        return self.answer in WRONG


def analyse_wiring(protocol: "WiringCheck", run: "Run") -> Result:
    """Every answer as a table, the findings as sentences, and where each channel stands at zero current."""
    wires = {(w["kind"], w["name"]): w for w in run.meta["wiring"]}
    sweeps = [s for s in run.sweeps if not s.bad]
    seen = [answer for sweep in sweeps for answer in _answers(sweep, wires)]
    zeros = _zeros(sweeps, wires)
    findings = [*_fired(sweeps), *_findings(seen, wires)]
    right = not findings if sweeps else None
    table = pd.DataFrame([asdict(s) for s in seen], columns=list(Seen.__dataclass_fields__))
    table.attrs["units"] = {"step": "A", "expected_volts": "V", "volts": "V"}
    values = {"right": right, "findings": findings, "seen": [asdict(s) for s in seen], "zeros": zeros}
    question = compare("right", Measure(float(bool(right)), 0.0, ""), None, "Wired as the bench file says").as_json()
    question |= {"question": True, "verdict": "agrees" if right else "differs"}
    notes = [*_suggested(zeros), *_not_reached(protocol, seen, wires)]
    return Result(values=values, verdicts=[question], tables={"results": table}, notes=notes)


def _answers(sweep: "Sweep", wires: Mapping[tuple[str, str], Any]) -> Iterator[Seen]:
    params = sweep.params
    for node, expected in params["expected"].items():
        wire, trace = wires["node", node], sweep.traces[node]
        during = (params["during"][0], params["during"][1])
        if params["role"] == "nudge":
            found = shift(trace, (params["before"][0], params["before"][1]), during)
        else:
            found = swing(trace, during)
        quantity = node.rpartition(".")[2]
        factor = FACTORS.get(quantity, BY_SPIKES) if params["role"] == "nudge" else BY_SPIKES
        answer = judge(expected, found, factor)
        per_unit = volts_per_unit(wire)
        yield Seen(
            role=params["role"], port=params["port"], step=params["step"], node=node, channel=channel_of(wire),
            unit=wire["unit"], expected=expected, found=found.value, error=found.error, clipped=found.clipped,
            answer=answer, expected_volts=expected * per_unit, volts=found.value * per_unit,
        )  # fmt: skip


def channel_of(wire: Mapping[str, Any]) -> str:
    """``instrument.channel`` of a wire."""
    return f"{wire['instrument']}.{wire['channel']}"


def volts_per_unit(wire: Mapping[str, Any]) -> float:
    """Volts at the tip for one unit of the node, as its sense chain says."""
    from neurorig.instruments.sensing import SenseChain  # pydantic, only when a run is read

    return SenseChain.model_validate(wire["sense"]).volts_per_unit


def _zeros(sweeps: "list[Sweep]", wires: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, float]]:
    """By node, where it stands with the source at zero beyond what the twin says, and what `zero` should be (V at the tip)."""
    zeros: dict[str, dict[str, float]] = {}
    for sweep in sweeps[:1]:
        for node, expected in sweep.params.get("zero", {}).items():
            wire, span = wires["node", node], (sweep.params["before"][0], sweep.params["before"][1])
            found = standing(sweep.traces[node], span)
            per_unit, off = volts_per_unit(wire), found.value - expected
            error = found.error * abs(per_unit)
            zeros[node] = {
                "offset": off, "offset_error": found.error, "stated": float(wire["sense"]["zero"]),
                "zero": float(wire["sense"]["zero"]) + off * per_unit, "zero_error": error,
            }  # fmt: skip
    return zeros


def _suggested(zeros: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for node, z in zeros.items():
        if abs(z["zero"] - z["stated"]) > 4 * z["zero_error"]:
            yield (
                f"{node}: at zero current it stands {show(z['zero'] - z['stated'], 'V', 3)} off. Write zero = "
                f'"{show(z["zero"], "V", 3)}" into its sense (measured: {value_error(z["zero"], z["zero_error"], "V")}).'
            )


def _not_reached(protocol: "WiringCheck", seen: list[Seen], wires: Mapping[tuple[str, str], Any]) -> Iterator[str]:
    """What this check says nothing about."""
    visible = {s.node for s in seen if s.answer != "still"}
    silent = [n for n in protocol.nodes if n not in visible]
    if silent:
        more = "" if protocol.fire else " Spikes reach them: --fire."
        yield f"Not proven: {', '.join(silent)}. They stayed still, as they should, which a dead channel does, too.{more}"
    for kind, names in (("port", protocol.ports), ("node", protocol.nodes)):
        left = [w["name"] for (k, name), w in wires.items() if k == kind and name not in names]
        if left:
            yield f"Left out: {', '.join(left)}, not on the instruments that the marker ties together."


# What is wrong, and why.


def _fired(sweeps: "list[Sweep]") -> Iterator[str]:
    for sweep in sweeps:
        if sweep.params["role"] != "nudge":
            continue
        for node in sweep.params["expected"]:
            if node.endswith(".v_ap") and (high := swing(sweep.traces[node], (0.0, sweep.params["during"][1]))).clipped:
                yield (
                    f"{node}: moved by more than {show(high.value, 'V')} at {sweep.label}, where no spike should come. Either "
                    "another signal arrives there, or much more current flows than was asked for: check the source's range "
                    "jumper, V+, and whether this is the board of the bench file."
                )
                return


def _findings(seen: list[Seen], wires: Mapping[tuple[str, str], Any]) -> list[str]:
    """One sentence for each mistake, however often it was seen: the first step that shows it tells it."""
    found: dict[str, str] = {}
    for port in dict.fromkeys(s.port for s in seen):
        for role in ("nudge", "fire"):
            answers = [s for s in seen if s.port == port and s.role == role]
            for step in dict.fromkeys(s.step for s in answers):
                for key, sentence in _about([s for s in answers if s.step == step], wires):
                    found.setdefault(key, sentence)
    return list(found.values())


def _about(seen: list[Seen], wires: Mapping[tuple[str, str], Any]) -> Iterator[tuple[str, str]]:
    """What one step says: sentences by what they are about."""
    wrong = [s for s in seen if s.wrong]
    if not wrong:
        return
    port = seen[0].port
    source = channel_of(wires["port", port])
    due = [s for s in seen if s.answer not in ("still", "moved")]
    moved = [s for s in seen if s.found and s.answer not in ("still", "no signal")]
    if not moved:
        yield (
            port,
            f"{port}: nothing moved at {show(seen[0].step, 'A')}. No current arrives: check the lead from {source} to {port}, "
            "that it is in the socket of this channel, the board's ground, and the coupling of the oscilloscope (DC).",
        )
        return
    elsewhere = {s.node.partition(".")[0] for s in moved if s.node.endswith((".i0", ".v_m", ".v_ap"))}
    owner = port.partition(".")[0]
    if all(s.answer == "no signal" for s in due) and elsewhere and owner not in elsewhere:
        other = ", ".join(sorted(elsewhere))
        yield (
            port,
            f"{port}: its own channels are silent, those of {other} move instead. {source} feeds {other}: exchange the leads at "
            f"the source, or the channels of [ports] in the bench file.",
        )
        return
    yield from _of_channels(seen, wrong, wires)


def _of_channels(
    seen: list[Seen], wrong: list[Seen], wires: Mapping[tuple[str, str], Any]
) -> Iterator[tuple[str, str]]:
    paired: set[str] = set()
    for s in wrong:
        other = next((o for o in wrong if o is not s and o.node not in paired and _exchanged(s, o)), None)
        if s.node in paired or other is None or s.answer == "moved":
            continue
        paired |= {s.node, other.node}
        yield (
            " ".join(sorted((s.node, other.node))),
            f"{s.channel} and {other.channel} seem to be exchanged: {other.channel} ({other.node}) shows "
            f"{_volts(other)}, which {s.channel} ({s.node}) should. Exchange the probes, or the channels in the bench file.",
        )
    for s in wrong:
        if s.node not in paired:
            yield s.node, _alone(s, seen, wires["node", s.node])


def _exchanged(s: Seen, other: Seen) -> bool:
    """Whether `other` shows what `s` should, and `s` does not."""
    if not s.expected_volts or s.answer == "moved":
        return False
    if other.clipped and abs(other.volts) < abs(s.expected_volts) and other.volts * s.expected_volts > 0:
        return True
    ratio = other.volts / s.expected_volts
    return 1 / ALIKE < ratio < ALIKE and other.answer in ("moved", "wrong size", "wrong sign")


def _alone(s: Seen, seen: list[Seen], wire: Mapping[str, Any]) -> str:
    """One channel's mistake in words, with what to do."""
    where = f"{s.node} ({s.channel})"
    should = f"{show(s.expected, s.unit, 3)} were expected"
    if s.answer == "no signal":
        return (
            f"{where}: no signal, {should} at {show(s.step, 'A')} into {s.port}. Check that the probe is on, hooked to "
            "the right point and grounded, and in this channel's socket."
        )
    at_least = "at least " if s.clipped else ""
    shown = f"{at_least}{show(s.found, s.unit, 3)}"
    if s.answer == "moved":
        return (
            f"{where}: moves by {shown} at {show(s.step, 'A')} into {s.port}, where it should stand still. It hangs on "
            "another point of the board: follow its probe."
        )
    if s.answer == "wrong sign":
        return (
            f"{where}: moves by {shown}, {should}: the wrong sign. Turn the two leads of the probe or amplifier round, or "
            f"write gain = {-wire['sense']['gain']:g} into its sense."
        )
    return f"{where}: moves by {shown}, {should}: {_size(s, seen, wire)}"


def _size(s: Seen, seen: list[Seen], wire: Mapping[str, Any]) -> str:
    ratio = s.found / s.expected
    sense = wire["sense"]
    stated = sense["attenuation"]
    others = [o.found / o.expected for o in seen if o is not s and o.answer in ("right", "wrong size") and o.expected]
    if others and s.role == "nudge" and all(1 / ALIKE < o / ratio < ALIKE for o in others):
        return (
            f"{ratio:.3g} times, and so does everything else that {s.port} moves. The current itself is wrong: check the "
            "source's range jumper against full_scale, and its calibration."
        )
    for factor in (10.0, 0.1):
        if 1 / ALIKE < ratio / factor < ALIKE or (s.clipped and factor == 10.0 and ratio > 2):
            real = stated / factor
            return (
                f"{'ten times too much' if factor > 1 else 'ten times too little'}. The probe is set to x{real:g}, the bench "
                f"file says x{stated:g}: move its switch, or correct attenuation (and its input resistance, probe)."
            )
    if sense.get("resistance"):
        return (
            f"{ratio:.3g} times. A resistor of {show(sense['resistance'] * ratio, 'ohm', 3)} would explain it, the bench file "
            f"says {show(sense['resistance'], 'ohm')}: measure it with the power off, and check the gain ({sense['gain']:g})."
        )
    return f"{ratio:.3g} times. Check the gain ({sense['gain']:g}) and what else hangs on this point of the board."


def _volts(s: Seen) -> str:
    return f"{'at least ' if s.clipped else ''}{show(s.volts, 'V', 3)}"
