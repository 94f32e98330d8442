"""`fit_chart`: the device parameters that a measured f(I) chart determines, robustly, with what they are worth.

Rates are fitted by least squares with a soft L1 loss, weighted with the errors of rate and current: on a steep flank the
error of the current counts. Silent points are no rates to be met but bounds: no threshold leaves the silent and the firing
points that enclose it. What the chart knows less precisely than devices differ is held at
the board's value.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from neurorig.hardware import Neuron
from neurorig.hardware.rate import firing_rate
from neurorig.signals import ConfigError, show

from .chart import Chart, Mask
from .doubt import refuse_other_units
from .model import FREE, SPREAD, UNITS, block_name, coordinates, drawn, neuron_at, physical
from .problem import WORTH, Problem, steepness
from .table import Floats

_DRAWS = 4000


@dataclass(frozen=True)
class Parameter:
    """One number of the device: its value, 95 % interval and former value, SI; or why it was `held`.

    `bound` says at which end of what is allowed the value came to lie, if it did: the curve alone would put it beyond.
    `boot_low`, `boot_high`: the 95 % interval by bootstrap, NaN if there was none.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    was: float
    held: str = ""
    boot_low: float = math.nan
    boot_high: float = math.nan
    bound: str = ""


@dataclass(frozen=True, eq=False)
class ChartFit:
    """A neuron fitted to a chart.

    `residuals` (Hz, shape (n,)) are measured minus fitted; `weights` (Hz) are the standard errors they were judged by;
    `used` are the points whose rate counted. `curves` are others that the chart allows, as neurons with
    their ripple: those of the bootstrap, or draws from the errors of the fit.
    """

    chart: Chart
    neuron: Neuron
    ripple: float
    parameters: tuple[Parameter, ...]
    residuals: Floats
    weights: Floats
    used: Mask
    curves: tuple[tuple[Neuron, float], ...]

    @property
    def core(self) -> Mask:
        """The used points between the steep flanks: there the error of the current makes less than 5 % of the rate."""
        model = self.chart.rates - self.residuals
        core: Mask = self.used & (steepness(self.neuron, self.chart, self.ripple) < 0.05 * model)
        return core

    @property
    def outliers(self) -> Mask:
        """Points that lie more than 5 robust standard deviations off, shape (n,)."""
        outliers = np.zeros(len(self.chart), np.bool_)
        outliers[self.used] = _far((self.residuals / self.weights)[self.used])
        return outliers

    @property
    def rms(self) -> float:
        """Root mean square residual over the core without outliers, Hz; NaN if there is no such point."""
        residuals = self.residuals[self.core & ~self.outliers]
        return math.sqrt(float(np.mean(residuals**2))) if len(residuals) else math.nan

    def rate(self, currents: Floats) -> Floats:
        """The fitted curve, Hz."""
        return firing_rate(self.neuron, currents, ripple=self.ripple)

    def band(self, currents: Floats) -> tuple[Floats, Floats]:
        """95 % confidence band of the curve, Hz."""
        curves = np.array([firing_rate(neuron, currents, ripple=ripple) for neuron, ripple in self.curves])
        low, high = np.quantile(curves, [0.025, 0.975], axis=0)
        return low, high


def fit_chart(neuron: Neuron, chart: Chart, *, hold: Sequence[str] = (), bootstrap: int = 0, seed: int = 0) -> ChartFit:
    """Fit I_off, I_max (or I_H), the corner (V1, I1) of the leak, the dead time; V_th and a ripple only if they are needed.

    A chart tells little more than the product C (V_th - V_F): C is soldered, so if the product is another, V_th is. `neuron`
    gives the start, what is held (C, V_F, r; and `hold`), and the former values. `bootstrap`: how many
    charts are made from the fit and its shuffled residuals, and fitted again; `seed` is theirs. Raises ConfigError if
    the chart has too few points.
    """
    refuse_other_units(neuron, chart)
    chart.check()
    names = [name for name in FREE if name not in hold]
    held = dict.fromkeys(hold, "as told")
    held |= dict.fromkeys(_too_many(names, chart), "too few points")
    names = [name for name in names if name not in held]
    problem = Problem.of(neuron, chart)
    found = problem.solved(names)
    while (plainer := _without_the_unknown(problem, found)) is not None:
        dropped = set(found.free) - set(plainer.free) - {"V_th", "ripple"}
        held |= dict.fromkeys(dropped, "not determined by this chart")
        found = plainer
    held = dict.fromkeys(set(names) - set(found.free), "not needed") | held
    found = replace(found, enclosed=True).refit(found.free)
    return _told(found, held, list(_bootstrap(found, bootstrap, seed)), seed)


def _too_many(names: Sequence[str], chart: Chart) -> list[str]:
    """Parameters to be held because there are not more points than parameters; the least important first."""
    order = [name for name in ("ripple", "V_th", "dead_time", "V1", "I1", "I_max") if name in names]
    return order[: max(0, len(names) - (len(chart.levels) - 1))]


def _intervals(problem: Problem, spread: Floats) -> dict[str, tuple[float, float]]:
    """95 % intervals of the free parameters, SI, from draws of the coordinates with Student's wider tails."""
    wider = float(stats.t.ppf(0.975, problem.spare) / stats.norm.ppf(0.975))
    cloud = drawn(problem.at, problem.free, spread * wider, problem.limits, count=_DRAWS, seed=0)
    values = physical(problem.neuron, cloud)
    return {name: _quantiles(values[name]) for name in problem.free}


def _without_the_unknown(problem: Problem, found: Problem) -> Problem | None:
    """The fit with one parameter less, of those that the chart knows less precisely than devices differ; None if none.

    One that cannot be at the board's value without missing the points stays free, however wide its interval.
    """
    chart, board, excess = found.chart, coordinates(found.neuron), {}
    for name, (low, high) in _intervals(found, found.spread()).items():
        if name == "I_off" or (name == "I_max" and not math.isnan(chart.silent_above)):
            continue  # between a silent and a firing point it is known, whatever the curve says
        if name == "I_max" and math.exp(board[name]) <= chart.currents[chart.fires][-1]:
            continue  # the board's value cannot be held: the neuron fires above it
        excess[name] = 0.5 * (high - low) / SPREAD[name]
    for name in sorted(excess, key=excess.__getitem__, reverse=True):
        if excess[name] > 1.0:
            plainer = problem.solved([n for n in found.free if n != name])
            if found.worth(plainer) <= WORTH[name]:
                return plainer
    return None


def _bootstrap(found: Problem, count: int, seed: int) -> Iterator[dict[str, float]]:
    """Fit charts whose rates are the fitted ones plus shuffled residuals; silent points stay silent."""
    rng = np.random.default_rng(seed)
    used, chart, model = found.used, found.chart, found.model()
    residuals = ((chart.rates - model) / found.weights)[used]
    residuals = residuals[~_far(residuals)]  # one misreading, copied to other points, would be several
    residuals = (residuals - np.median(residuals)) * math.sqrt(used.sum() / found.spare)
    for _ in range(count):
        rates = chart.rates.copy()
        noise = rng.choice(residuals, int(used.sum())) * found.weights[used]
        rates[used] = np.where(chart.fires[used], np.maximum(model[used] + noise, 1e-3), rates[used])
        yield replace(found, chart=replace(chart, rates=rates)).refit(found.free).at


def _told(found: Problem, held: dict[str, str], boot: list[dict[str, float]], seed: int) -> ChartFit:
    """The fit with every parameter in SI, its interval, and why it was held."""
    spread = found.spread()
    likely = _intervals(found, spread)
    again = {name: np.array([physical(found.neuron, at)[name] for at in boot]) for name in FREE}
    value, was = physical(found.neuron, found.at), physical(found.neuron, coordinates(found.neuron))
    parameters = []
    for name in FREE:
        shown = block_name(found.neuron) if name == "I_max" else name
        now, before = float(value[name]), float(was[name])
        if name not in found.free:
            parameters.append(Parameter(shown, UNITS[name], now, now, now, before, held.get(name, "")))
            continue
        low, high = _enclosed(name, found, *likely[name])
        by_bootstrap = _quantiles(np.append(again[name], now)) if boot else (math.nan, math.nan)
        parameters.append(
            Parameter(shown, UNITS[name], now, low, high, before, "", *by_bootstrap, bound=_bound(name, found))
        )
    if not boot:
        cloud = drawn(found.at, found.free, spread, found.limits, count=200, seed=seed)
        boot = [{name: float(column[k]) for name, column in cloud.items()} for k in range(200)]
    return ChartFit(
        chart=found.chart, neuron=_valid(found), ripple=found.at["ripple"], parameters=tuple(parameters),
        residuals=found.chart.rates - found.model(), weights=found.weights, used=found.used,
        curves=tuple((neuron_at(found.neuron, at), at["ripple"]) for at in boot),
    )  # fmt: skip


def _valid(found: Problem) -> Neuron:
    try:
        return Neuron.model_validate(neuron_at(found.neuron, found.at).model_dump())
    except ValueError as reason:
        raise ConfigError(f"{found.chart.name}: the fit ends at a device that cannot be: {reason}") from reason


def _enclosed(name: str, found: Problem, low: float, high: float) -> tuple[float, float]:
    """No interval of a threshold is wider than the points that enclose it, with three errors of their currents."""
    if name not in {"I_off", "I_max"}:
        return low, high
    slack = 3.0 * float(found.chart.current_errors.max())
    floor, ceiling = (math.exp(limit) for limit in found.box(found.free)[name])
    return max(low, floor - slack), min(high, ceiling + slack)


def _bound(name: str, found: Problem) -> str:
    """At which end of what is allowed a free coordinate lies; empty if it lies between."""
    low, high = found.box(found.free)[name]
    near, at = 1e-3 * (high - low), found.at[name]
    if low + near < at < high - near:
        return ""
    silent, firing = {"I_off": found.chart.onset, "I_max": found.chart.block[::-1]}.get(name, (0.0, 0.0))
    for point, what in ((silent, "silent"), (firing, "firing")):
        limit = low if at <= low + near else high
        if point > 0.0 and math.isfinite(point) and abs(math.log(point) - limit) < 1e-5:
            return f"at its bound: {what} at {show(point, 'A')}"
    return f"at the {'lowest' if at <= low + near else 'highest'} value allowed"


def _far(relative: Floats) -> Mask:
    """Which residuals lie more than 5 robust standard deviations off."""
    far: Mask = np.abs(relative) > 5.0 * max(1.4826 * float(np.median(np.abs(relative))), 1e-9)
    return far


def _quantiles(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
