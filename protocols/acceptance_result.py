"""What an acceptance says: figures with errors, verdicts against what a protocol needs, the delivered-current table."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurorig.analysis import Measure
from neurorig.analysis import acceptance as source_figures
from neurorig.signals import ConfigError, nearest, show

from .acceptance import Measured
from .needs import BURSTING, SourceNeeds
from .registry import protocols

TEN_MINUTES = 600.0
COMPLIANCE = 3.0
"""Volts from 0.5 to 3.5, over which the sag counts."""
LABELS = {
    "noise": "noise, rms 1 Hz to 1 kHz", "line": "line of the mains, amplitude", "sag": "change from 0.5 V to 3.5 V",
    "drift": "drift in 10 minutes", "step": "step settles within",
}  # fmt: skip


@dataclass(frozen=True)
class Accepted:
    """`figures` by name, SI; `table`: commanded, delivered, error, volts at which it was measured.

    `passed` by figure that is needed; None: not told.
    """

    figures: dict[str, Measure]
    table: list[tuple[float, float, float, float]]
    needs: str
    passed: dict[str, bool | None]
    limits: dict[str, float]
    notes: list[str]

    @property
    def accepted(self) -> bool | None:
        """Whether everything that is needed is given; None when something of it was not measured well enough."""
        if any(answer is False for answer in self.passed.values()):
            return False
        return None if None in self.passed.values() else True

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; what is not known is None."""
        figures = {
            name: {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(m).items()}
            for name, m in self.figures.items()
        }
        rows = [dict(zip(("commanded", "delivered", "error", "volts"), row, strict=True)) for row in self.table]
        return {
            "figures": figures, "table": rows, "needs": self.needs, "limits": self.limits, "passed": self.passed,
            "accepted": self.accepted, "notes": self.notes,
        }  # fmt: skip


def needs_of(name: str) -> SourceNeeds:
    """What a protocol, or bursting work, needs of its source. Raises ConfigError."""
    known: Mapping[str, SourceNeeds] = {
        **{n: p.needs for n, p in protocols().items() if p.needs is not None}, "bursting": BURSTING,
    }  # fmt: skip
    if name not in known:
        raise ConfigError(f"--needs {name}: nothing is declared under this name.{nearest(name, known)}")
    return known[name]


def judge_source(found: Measured, needs: str = "") -> Accepted:
    """The figures of what was measured, and whether they are good enough for `needs`."""
    figures = _figures(found)
    wanted = needs_of(needs) if needs else SourceNeeds()
    limits = {name: limit for name in LABELS if (limit := getattr(wanted, name)) is not None}
    passed = {name: _passed(figures[name], limit) for name, limit in limits.items()}
    return Accepted(figures, _table(found, figures["sag_per_volt"]), needs, passed, limits, _notes(found, wanted))


def _passed(figure: Measure, limit: float) -> bool | None:
    if not figure.known:
        return None
    if abs(figure.value) + figure.error <= limit:
        return True
    return False if abs(figure.value) - figure.error > limit else None


def _figures(found: Measured) -> dict[str, Measure]:
    def missing(name: str, unit: str) -> Measure:
        return Measure.missing(unit, found.missing.get(name, "not measured"))

    figures = {name: missing(name, "s" if name == "step" else "A") for name in LABELS}
    figures["sag_per_volt"] = missing("sag", "1/V")
    if found.noise is not None:
        values, rate = found.noise
        on = source_figures.spectrum(values, rate)
        off = None if found.quiet is None else source_figures.spectrum(*found.quiet)
        figures["noise"] = source_figures.noise(on, off)
        lines = {f: source_figures.line(values, rate, f, on) for f in source_figures.MAINS}
        figures |= {f"line_{f:g}_Hz": measure for f, measure in lines.items()}
        figures["line"] = max(lines.values(), key=lambda m: m.value)
        if off is not None:
            own = source_figures.noise(off)
            figures["meter_noise"] = Measure(own.value, own.error, "A", "with the source off")
    if found.step is not None:
        figures["step"] = source_figures.settling(*found.step, 0.0)
    if found.drift is not None:
        slope = source_figures.drift(*found.drift)
        lasted = float(np.ptp(found.drift[0]))
        note = "" if lasted >= TEN_MINUTES else f"from {show(lasted, 's', 3)}, taken as going on"
        # The times of a meter's readings are known to about one of them.
        error = float(np.hypot(slope.error, slope.value * 1.5 / len(found.drift[0]))) if slope.known else slope.error
        figures["drift"] = Measure(slope.value * TEN_MINUTES, error * TEN_MINUTES, "A", note or slope.note)
    if found.sag:
        volts, amperes, errors = np.array(found.sag).T
        relative, free = source_figures.sag(volts, amperes, errors)
        figures["sag_per_volt"] = relative
        change, error = relative.value * free.value * COMPLIANCE, relative.error * free.value * COMPLIANCE
        figures["sag"] = Measure(change, error, "A", relative.note)
    return figures


def _table(found: Measured, sag: Measure) -> list[tuple[float, float, float, float]]:
    """Errors with what all rows have in common. Where the sag is known, what is delivered at 0 V: while it gives, it sags."""
    rows = []
    for commanded, delivered, error, volts in found.rows:
        lost = sag.value * volts if sag.known and delivered > 0 else 0.0
        of_sag = sag.error * volts * delivered if sag.known else 0.0
        total = float(np.sqrt(error**2 + (found.gain_error * delivered) ** 2 + of_sag**2))
        rows.append((commanded, delivered / (1 - lost), total, volts))
    return rows


def _notes(found: Measured, wanted: SourceNeeds) -> list[str]:
    notes = found.notes + [f"{LABELS[name]}: {why}." for name, why in found.missing.items()]
    if found.noise is not None:
        notes.append(
            "AC coupling of an oscilloscope passes from some hertz on: noise below counts too little. "
            "What lies above half the sampling rate folds down into it."
        )
    if found.sag:
        notes.append(
            "Delivered currents are those at 0 V: what the sag takes at the voltage of the measurement is added."
        )
    if wanted.why:
        notes.append(f"Why so little is allowed: {wanted.why}.")
    return notes
