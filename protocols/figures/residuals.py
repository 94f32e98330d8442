"""How far a figure made on the twin lies from the published one, curve by curve.

A curve is compared point by point, a train of events by its typical interval, bursts by their mean duration and period,
a drawn stimulus by the moments of its steps. The tolerance is that of `tolerances.toml` where one is stated for the
curve; otherwise three times the reading error of the figure plus 5 %, which is reported and not enforced.
"""

import math
import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from neurorig.analysis.published import Curve as Published
from neurorig.analysis.published import list_published, published

from .figure import Curve, Figure, Floats

_SI = {"s": 1.0, "ms": 1e-3, "Hz": 1.0, "V": 1.0, "mV": 1e-3, "uA": 1e-6, "%": 0.01, "nC": 1e-9}
_ERRORS = re.compile(r"([\d.]+)\s*(ms|mV|uA|nC|Hz|s|V|%)(?![A-Za-z])")
_LAGS = 400
COUNTS = "n_est"
"""Further column of published bursts: spikes of each."""


@dataclass(frozen=True)
class Residual:
    """Root mean square distance between twin and figure, `rms`, in `unit`, and what was allowed.

    `points` published points were compared; `inside` is the fraction of the published ones that the model covers. An
    oscillation was shifted by `lag` (s) before.
    `enforced` is the name of the hard target, empty where the tolerance is only reported. `signal`, in `unit`, is what
    the distance is small against: the range of a published curve, the median interval of events, the period of bursts,
    the mean count of spikes. `basis`: fitted or predicted (`Basis.word`).
    """

    curve: str
    what: str
    points: int
    inside: float
    rms: float
    tolerance: float
    unit: str
    enforced: str = ""
    note: str = ""
    lag: float = 0.0
    signal: float = 0.0
    basis: str = ""

    @property
    def of_signal(self) -> float:
        """The distance as a fraction of `signal`; NaN where there is none, as for the moments of steps."""
        return self.rms / self.signal if self.signal else math.nan

    @property
    def loose(self) -> bool:
        """Whether the tolerance is wider than half the signal, so that being within it says little."""
        return bool(0.0 < self.signal < 2 * self.tolerance)

    @property
    def percent(self) -> str:
        """`of_signal` as it is printed; empty where there is none."""
        return f"{100 * self.of_signal:.2g} %" if math.isfinite(self.of_signal) else ""

    @property
    def remark(self) -> str:
        """The note, and a word about a tolerance that says little."""
        loose = "tolerance wider than half the signal" if self.loose else ""
        return "; ".join(filter(None, (self.note.strip().rstrip("."), loose)))

    @property
    def within(self) -> bool:
        """Whether the distance is within the tolerance."""
        return bool(self.rms <= self.tolerance)


def residuals(figure: Figure) -> list[Residual]:
    """Compare every published curve of `figure`; a published curve that the figure does not give is in none of them."""
    pairs = ((key, f"{figure.name}_{key}") for key in figure.curves)
    return [
        replace(residual(figure.curves[key], published(name)), basis=figure.basis.word(key))
        for key, name in pairs
        if name in list_published()
    ]


def residual(model: Curve, curve: Published) -> Residual:
    """Compare one curve in the way that its kind asks for. Raises ValueError if the axes differ."""
    curve = counted(curve)
    if (model.x_unit, model.y_unit) != (curve.x_unit, curve.y_unit) and curve.kind != "schematic":
        axes = f"{curve.y_unit or '-'} over {curve.x_unit}"
        raise ValueError(f"{curve.name}: published in {axes}, given in {model.y_unit or '-'} over {model.x_unit}")
    rule = _rules().get(curve.name, {})
    if curve.kind == "schematic":
        return _steps(model, curve)
    if curve.y_name == COUNTS:
        return _counts(model, curve, rule.get("cut", 0))
    if curve.x_name == "begin":
        return _bursts(model, curve, rule.get("cut", 0))
    if not len(curve.y):
        return _events(model, curve)
    return _points(model, curve, rule)


@cache
def _rules() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("tolerances.toml").read_text(encoding="utf-8")
    rules: dict[str, dict[str, Any]] = tomllib.loads(text)
    return rules


def reading_error(curve: Published) -> tuple[float, float]:
    """Reading error of x and of y in SI units, as the file states it; a percentage is one of the largest value."""
    errors = {"x": 0.0, "y": 0.0}
    for number, unit in _ERRORS.findall(curve.error):
        value = float(number) * _SI[unit]
        if unit == "%":
            errors["y"] = max(errors["y"], value * float(np.max(np.abs(curve.y), initial=0.0)))
        elif unit.removeprefix("m").removeprefix("u") == curve.x_unit and not errors["x"]:
            errors["x"] = value
        else:
            errors["y"] = value
    return errors["x"], errors["y"]


def _points(model: Curve, curve: Published, rule: dict[str, Any]) -> Residual:
    y, x_error, y_error = curve.y - curve.offset, *reading_error(curve)
    low, high = rule.get("domain", (-np.inf, np.inf))
    wanted = (curve.x >= low) & (curve.x <= high)
    lag = _lag(model, curve.x[wanted], y[wanted], rule["align"]) if "align" in rule else 0.0
    order = np.argsort(model.x, kind="stable")
    x, values = model.x[order] + lag, model.y[order]
    inside = wanted & (curve.x >= x[0]) & (curve.x <= x[-1])
    ours = np.interp(curve.x[inside], x, values)
    steep = (
        np.abs(np.interp(curve.x[inside] + x_error, x, values) - np.interp(curve.x[inside] - x_error, x, values)) / 2
    )
    soft = np.sqrt(np.mean((3 * np.hypot(y_error, steep) + 0.05 * np.abs(y[inside])) ** 2))
    return Residual(
        curve=curve.name,
        what="curve",
        points=int(inside.sum()),
        inside=float(inside.sum() / wanted.sum()),
        rms=float(np.sqrt(np.mean((ours - y[inside]) ** 2))) if inside.any() else np.inf,
        tolerance=float(rule.get("rms", soft)),
        unit=curve.y_unit,
        enforced=rule.get("target", ""),
        note=rule.get("note", "") + (f" Shifted by {lag:.3f} s." if "align" in rule else ""),
        lag=lag,
        signal=float(np.ptp(y[wanted])),
    )


def _lag(model: Curve, x: Floats, y: Floats, window: float) -> float:
    """Shift of the model (s) that brings it closest: where an oscillation begins is nobody's prediction."""
    lags = np.linspace(-window, window, _LAGS)
    return float(min(lags, key=lambda lag: np.mean((np.interp(x, model.x + lag, model.y) - y) ** 2)))


def _events(model: Curve, curve: Published) -> Residual:
    theirs, ours = (np.median(np.diff(times)) if len(times) > 1 else np.inf for times in (curve.x, model.x))
    error, _ = reading_error(curve)
    tolerance = 3 * error + 0.05 * theirs
    median = f"median {ours:.4g} s" if np.isfinite(ours) else "one spike" if len(model.x) else "no spikes"
    relative = f" ({100 * (ours / theirs - 1):+.1f} %)" if np.isfinite(ours) else ""
    return Residual(
        curve.name, "interval", len(curve.x), 1.0, abs(float(ours - theirs)), float(tolerance), "s",
        note=f"{median}, published {theirs:.4g} s{relative}", signal=float(theirs),
    )  # fmt: skip


def counted(curve: Published) -> Published:
    """A published curve of bursts that has their spikes, as spikes over begin; any other as it is."""
    if COUNTS not in curve.more:
        return curve
    return replace(curve, y_name=COUNTS, y_unit="", y=curve.more[COUNTS])


def _counts(model: Curve, curve: Published, cut: int) -> Residual:
    """Mean count of spikes of a burst; the published one was estimated from the ink of its columns."""
    theirs = float(np.mean(curve.y[cut:]))
    ours = float(np.mean(model.y)) if len(model.y) else 0.0
    _, error = reading_error(curve)
    return Residual(
        curve.name, "spikes of a burst", len(curve.x) - cut, 1.0, abs(ours - theirs), 3 * error + 0.05 * theirs, "",
        note=f"mean {ours:.1f}, published {theirs:.1f}, estimated from ink", signal=theirs,
    )  # fmt: skip


def _bursts(model: Curve, curve: Published, cut: int) -> Residual:
    """`cut`: how many bursts at its left edge the published figure shows only in part."""

    def shape(begin: Floats, end: Floats) -> Floats:
        return np.array([np.mean(end - begin), np.mean(np.diff(begin)) if len(begin) > 1 else np.nan])

    theirs, ours = shape(curve.x[cut:], curve.y[cut:]), shape(model.x, model.y) if len(model.x) else np.full(2, np.inf)
    error, _ = reading_error(curve)
    tolerance = 3 * error + 0.05 * theirs
    return Residual(
        curve.name, "duration, period", len(curve.x), 1.0,
        float(np.sqrt(np.nanmean((ours - theirs) ** 2))), float(np.sqrt(np.nanmean(tolerance**2))), "s",
        note=f"duration {ours[0]:.3f} s, published {theirs[0]:.3f} s; period {ours[1]:.3f} s, published {theirs[1]:.3f} s",
        signal=float(theirs[1]),
    )  # fmt: skip


def _steps(model: Curve, curve: Published) -> Residual:
    theirs, ours = _edges(curve.x, curve.y), _edges(model.x, model.y)
    error, _ = reading_error(curve)
    count = min(len(theirs), len(ours))
    distance = np.inf if len(theirs) != len(ours) else float(np.sqrt(np.mean((theirs[:count] - ours[:count]) ** 2)))
    note = "" if len(theirs) == len(ours) else f"{len(ours)} steps, published {len(theirs)}"
    return Residual(curve.name, "steps", len(theirs), 1.0, distance, 3 * error, "s", note=note)


def _edges(x: Floats, y: Floats) -> Floats:
    """Where a level changes by more than a quarter of the range; a slope drawn over several columns counts once."""
    jumps = np.abs(np.diff(y)) > 0.05 * np.ptp(y)
    at = (x[1:] + x[:-1])[jumps] / 2
    groups = np.split(at, np.flatnonzero(np.diff(at) > 10 * np.median(np.diff(x))) + 1) if len(at) else []
    return np.array([group.mean() for group in groups])
