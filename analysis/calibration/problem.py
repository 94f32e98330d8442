"""`Problem`: a chart, the neuron it is fitted from, and the least-squares step with its errors."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from neurorig.hardware import Neuron
from neurorig.hardware.rate import firing_range, firing_rate

from .chart import Chart, Mask
from .model import FREE, coordinates, limits, neuron_at
from .table import Floats

WORTH = dict.fromkeys(FREE, 9.0) | {"V_th": 25.0}
"""By how much a parameter must lower the sum of squares (in standard errors squared) to be believed."""
RARE = ("V_th", "ripple")
"""Parameters that the board's own value serves, unless the chart insists."""
ROBUST = 2.0
"""Standard errors beyond which a point pulls no harder."""
_RIPPLES = (0.005, 0.03)
_THRESHOLDS = (-0.4, 0.2)
_STEP = 1e-5
_BEFORE = 1.0 - 1e-6  # a neuron fires beyond its threshold, not at it; more than the rounding of a board file


@dataclass(frozen=True, eq=False)
class Problem:
    """Where a fit stands: coordinates `at`, those that were `free` last, the sum of its losses, and the `weights` (Hz).

    While the shape of the model is sought, a threshold on the wrong side of a point costs; once it is `enclosed`, none
    leaves the points that enclose it. (Enclosed from the start, a steep flank would do for a ripple.)
    """

    neuron: Neuron
    chart: Chart
    limits: dict[str, tuple[float, float]]
    weights: Floats
    at: dict[str, float]
    free: tuple[str, ...] = ()
    cost: float = math.inf
    enclosed: bool = False

    @classmethod
    def of(cls, neuron: Neuron, chart: Chart) -> "Problem":
        """Begin with the board's values, the thresholds moved to where the chart has them."""
        at = coordinates(neuron)
        firing = chart.currents[chart.fires]
        low, high = chart.silent_below, chart.silent_above
        at["I_off"] = math.log(0.995 * firing[0] if math.isnan(low) else max(0.5 * (low + firing[0]), 0.8 * firing[0]))
        if not math.isnan(high):
            at["I_max"] = math.log(min(0.5 * (high + firing[-1]), 1.25 * firing[-1]))
        elif math.exp(at["I_max"]) <= firing[-1]:
            at["I_max"] = math.log(1.02 * firing[-1])
        return cls(neuron, chart, limits(neuron, at), chart.rate_errors, at)

    @property
    def used(self) -> Mask:
        """Points whose rate counts, shape (n,)."""
        return self.chart.used

    @property
    def spare(self) -> int:
        """Degrees of freedom: points less parameters, at least one."""
        return max(1, int(self.used.sum()) - len(self.free))

    def box(self, names: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Where a fit of these coordinates may go: no threshold leaves the silent and firing points that enclose it.

        With a ripple it fires at a current somewhat beyond its thresholds; the silent points hold all the same. With
        hysteresis a silent neuron needs that much more.
        """
        device, within = self.neuron.calibration, {name: self.limits[name] for name in names}
        if not self.enclosed:
            return within
        most = self.limits["ripple"][1] if "ripple" in names or self.at["ripple"] > 0.0 else 0.0
        (silent, firing), (fired, blocked) = self.chart.onset, self.chart.block
        early = 0.0 if device.silence is not None else min(device.hysteresis, device.quiescence)
        if "I_off" in within:
            enclosed = silent / _BEFORE - device.hysteresis, (firing * _BEFORE - early) * (1.0 + most)
            within["I_off"] = _narrowed(within["I_off"], *enclosed)
        if "I_max" in within:
            within["I_max"] = _narrowed(within["I_max"], fired / _BEFORE * (1.0 - most), blocked * _BEFORE)
        return within

    def model(self) -> Floats:
        """Rates (Hz) of the model at the points of the chart."""
        return firing_rate(neuron_at(self.neuron, self.at), self.chart.currents, ripple=self.at["ripple"])

    def solved(self, names: Sequence[str]) -> "Problem":
        """The best fit of these parameters; another threshold than the board's, and a ripple, only if they are worth it."""
        best = self._best([name for name in names if name not in RARE])
        if "V_th" in names:
            free = [*best.free, "V_th"]
            begun = (replace(self, at=self.at | {"V_th": x}) for x in _THRESHOLDS)
            other = min((b._best(free) for b in begun), key=_cost)
            best = other if other.worth(best) > WORTH["V_th"] else best
        if "ripple" in names:
            free = [*best.free, "ripple"]
            shaken = min((replace(best, at=best.at | {"ripple": x}).refit(free) for x in _RIPPLES), key=_cost)
            shaken = shaken._settled()
            best = shaken if shaken.worth(best) > WORTH["ripple"] else best
        return best

    def refit(self, names: Sequence[str]) -> "Problem":
        """The least-squares fit of these parameters from where it stands, with the weights as they are."""
        low, high = np.array(list(self.box(names).values())).T
        begin = np.clip([self.at[name] for name in names], low + 1e-9, high - 1e-9)

        def misfit(x: Floats) -> Floats:
            return self.misfit(dict(zip(names, map(float, x), strict=True)))

        found = least_squares(
            misfit, begin, bounds=(low, high),
            loss="soft_l1", f_scale=ROBUST, x_scale="jac", xtol=1e-8, ftol=1e-8, max_nfev=100,
        )  # fmt: skip
        at_limit = found.x - low < 1e-6 * (high - low)  # an interior method never quite reaches it
        at = self.at | dict(zip(names, map(float, np.where(at_limit, low, found.x)), strict=True))
        return replace(self, at=at, free=tuple(names), cost=float(found.cost))

    def misfit(self, changes: dict[str, float]) -> Floats:
        """Residuals in standard errors: rates, and how far a point lies on the wrong side of a threshold."""
        at, chart = self.at | changes, self.chart
        neuron, ripple, currents = neuron_at(self.neuron, at), at["ripple"], chart.currents
        low, high = firing_range(neuron)
        low, high = low / (1.0 + ripple), high / (1.0 - ripple)
        outside = np.maximum(low - currents, 0.0) + np.maximum(currents - high, 0.0)
        # A silent neuron may need the hysteresis more.
        inside = np.maximum(np.minimum(currents - low, high - currents) - neuron.calibration.hysteresis, 0.0)
        wrong = np.where(chart.fires, outside, np.where(chart.stray, 0.0, inside)) / chart.current_errors
        rates = firing_rate(neuron, currents, ripple=ripple)
        missed = np.where(self.used, (rates - chart.rates) / self.weights, 0.0)
        total: Floats = missed - wrong
        return total

    def spread(self) -> Floats:
        """A square root S of the covariance S S^T of the free coordinates, shape (k, k).

        Huber's formula for a robust fit, with the scatter of the residuals themselves. A coordinate that moves no point,
        such as an I_max between two of them, gets a spread far beyond its limits.
        """
        jacobian = np.empty((len(self.chart), len(self.free)))
        for k, name in enumerate(self.free):
            step = _STEP * max(1.0, abs(self.at[name]))
            up, down = (self.misfit({name: self.at[name] + sign * step}) for sign in (1, -1))
            jacobian[:, k] = (up - down) / (2 * step)
        residuals = self.misfit({})[self.used]
        bend = 1.0 + (residuals / ROBUST) ** 2
        pull, stiffness = residuals / np.sqrt(bend), bend**-1.5
        few = 1.0 + len(self.free) / len(residuals) * float(stiffness.var() / stiffness.mean() ** 2)
        variance = few**2 * float((pull**2).sum()) / self.spare / float(stiffness.mean()) ** 2
        _, sizes, turn = np.linalg.svd(jacobian[self.used], full_matrices=False)
        spread: Floats = math.sqrt(variance) * turn.T / np.maximum(sizes, 1e-6 * sizes[0])
        return spread

    def _best(self, names: Sequence[str]) -> "Problem":
        return min((replace(self, at=at).refit(names) for at in self._starts(names)), key=_cost)._settled()

    def worth(self, plain: "Problem") -> float:
        """By how much this fit lowers the sum of squares of a plainer one, both judged with this one's weights."""
        return 2.0 * (replace(plain, weights=self.weights).refit(plain.free).cost - self.cost)

    def _starts(self, names: Sequence[str]) -> Iterator[dict[str, float]]:
        yield self.at
        for corner, dead in ((0.9, 0.1), (0.98, 0.3), (0.98, 0.6)):
            other = {"V1": corner, "I1": 0.6, "dead_time": dead}
            yield self.at | {name: value for name, value in other.items() if name in names}

    def _settled(self) -> "Problem":
        """Fitted again with the weights that its own flanks and residuals give."""
        found = self
        for _ in range(3):
            found = found._weighted().refit(found.free)
        return found

    def _weighted(self) -> "Problem":
        slope = steepness(neuron_at(self.neuron, self.at), self.chart, self.at["ripple"])
        weights = np.hypot(self.chart.rate_errors, slope)
        relative = np.abs(self.model() - self.chart.rates)[self.used] / weights[self.used]
        scale = 1.4826 * float(np.median(relative)) * math.sqrt(self.used.sum() / self.spare)
        return replace(self, weights=weights * max(scale, 1e-3))


def _narrowed(limits: tuple[float, float], low: float, high: float) -> tuple[float, float]:
    """Limits of a logarithm, no wider than the currents `low` and `high` (A) allow; as they are if nothing would be left."""
    floor = max(limits[0], math.log(low)) if low > 0.0 else limits[0]
    ceiling = min(limits[1], math.log(high)) if high > 0.0 else limits[1]
    return (floor, ceiling) if floor + 1e-6 < ceiling else limits


def steepness(neuron: Neuron, chart: Chart, ripple: float) -> Floats:
    """What the error of each current makes of the rate, Hz: much on a steep flank."""
    up, down = (firing_rate(neuron, chart.currents + sign * chart.current_errors, ripple=ripple) for sign in (1, -1))
    change: Floats = 0.5 * np.abs(up - down)
    return change


def _cost(problem: Problem) -> float:
    return problem.cost
