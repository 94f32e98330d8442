"""`FICurve`: rate against current on one staircase upwards, the first chart to take of a new board.

Each level is held until some spikes are counted; the first part of it, in which the rate settles, is left out. A step
that silences the neuron for good is its depolarisation block (on a thyristor the latch): the levels above it stay silent.
"""

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from neurorig.signals import ConfigError, Frequency, Number, Time, Trace, show

from .currents import RelativeCurrent
from .needs import SourceNeeds
from .one_neuron import OneNeuron
from .planning import sampling_rate
from .protocol import Context, Result, Sweeps
from .stimuli import hold
from .sweep import Sweep

if TYPE_CHECKING:
    import pandas as pd

    from neurorig.analysis import Measure
    from neurorig.analysis.report import Document, Figure
    from neurorig.hardware import Board
    from neurorig.records import Run

SETTLING = 0.2
"""Part of each level that is left out."""
FINE = 200
"""Points of the predicted curve."""
ROWS = {
    "fires_from": ("Lowest level that fires", "A"),
    "fires_to": ("Highest level that fires", "A"),
    "highest_rate": ("Highest rate", "Hz"),
}
"""What is told of a chart, with units."""


class FICurve(OneNeuron):
    """A staircase of currents from `start` to `stop`; the rate on each step."""

    name: ClassVar[str] = "f_i"
    needs: ClassVar[SourceNeeds | None] = SourceNeeds(
        noise=100e-9, line=100e-9, drift=100e-9, step=1e-2, why="100 nA are 1 to 3 Hz of the chart"
    )
    title: ClassVar[str] = "f-I curve"
    source: ClassVar[str] = "the charts of Wu et al., Phys. Rev. Applied 23, 034030 (2025), Figs 6(a), 9(b), 11(b)"
    bounded_by: ClassVar[str | None] = "stop"

    start: RelativeCurrent = Field(RelativeCurrent(0.9, 0.0, "0.9 Imin"), description="first level")
    stop: RelativeCurrent = Field(RelativeCurrent(2.4, 0.0, "2.4 Imin"), description="last level")
    points: int = Field(14, description="number of levels", ge=2, le=90)
    dwell: Time = Field(0.5, description="length of each level", gt=0.05)
    delivered: bool = Field(True, description="record the port's current as well; needs it on the oscilloscope")
    rate_error: Frequency = Field(2.0, description="wanted standard error of f(t); sets the sampling", gt=0)
    highest_rate: Number = Field(300.0, description="highest rate expected, in Hz; sets the sampling", gt=0)

    def observed(self) -> tuple[str, ...]:
        """The spikes, and the current as it is delivered."""
        return (self.v_ap, self.port) if self.delivered else (self.v_ap,)

    def sweeps(self, board: "Board", context: Context) -> Sweeps:
        """One staircase. Raises ConfigError if it does not go up."""
        low, high = (level.resolve(context.i_min[self.port]) for level in (self.start, self.stop))
        if not 0.0 <= low < high:
            raise ConfigError(
                f"start = {show(low, 'A')}, stop = {show(high, 'A')}: the staircase goes up, from 0 A or more. "
                "Change -p start or -p stop."
            )
        levels = np.linspace(low, high, self.points)
        yield Sweep(
            label=f"{show(low, 'A')} to {show(high, 'A')}",
            drive={
                self.port: reduce(add, (hold(float(level), self.dwell, f"level {k}") for k, level in enumerate(levels)))
            },
            observe=self.observed(),
            rate=sampling_rate(board.tau_a(self.neuron), self.highest_rate, self.rate_error),
            conditioning={self.port: hold(0.0, 0.2, "rest")},
            state="rested: 0.2 s at zero current",
            params={"role": "f_i", "predicted": _predicted(board, self.neuron, low, high)},
        )

    def analyse(self, run: "Run") -> Result:
        """The rate on every level, from the spikes on disk."""
        import pandas as pd

        from neurorig.analysis import compare, detect, mean_level, mean_rate

        rows = []
        for sweep in (s for s in run.sweeps if not s.bad):
            spikes, port = detect(sweep.traces[self.v_ap]), sweep.traces.get(self.port)
            for _, begin, end, _ in sweep.params["epochs"][self.port]:
                start, inside = begin + SETTLING * (end - begin), (begin + end) / 2
                rate, count = mean_rate(spikes, start, end), spikes.count(start, end)
                reported = _level(sweep.reported[self.port], inside)
                measured = mean_level(port.between(start, end)) if isinstance(port, Trace) else None
                known = measured is not None and measured.known
                rows.append(
                    {
                        "commanded": _level(sweep.commanded[self.port], inside), "reported": reported,
                        "current": measured.value if measured is not None and known else reported, "measured": known,
                        "rate": rate.value if rate.known else 0.0 if count == 0 else float("nan"),
                        "rate_error": rate.error if rate.known else 0.0, "spikes": count,
                    }
                )  # fmt: skip
        table = pd.DataFrame(rows)
        table.attrs["units"] = {"commanded": "A", "reported": "A", "current": "A", "rate": "Hz", "rate_error": "Hz"}
        found = _found(table)
        values = {"levels": len(table)} | {name: m.value if m.known else None for name, m in found.items()}
        compared = [compare(name, found[name], None, title).as_json() for name, (title, _) in ROWS.items()]
        return Result(values=values, verdicts=compared, tables={"results": table})

    def document(self, run: "Run", result: Result) -> "Document":
        """The chart, its table, and the record."""
        from neurorig.analysis.report import Document, Page, Table, Verdict

        from .record_page import facts, record_page, rows

        table = result.tables["results"]
        shown = table[["commanded", "current", "rate", "spikes"]].to_numpy().tolist()
        cells = [(show(c, "A", 4), show(i, "A", 4), show(f, "Hz", 4), f"{n:g}") for c, i, f, n in shown]
        fires = result.values["fires_from"] is not None
        told = f"{int((table['spikes'] > 0).sum())} of {len(table)} levels"
        return Document(
            title=self.title,
            subtitle=f"Port {self.port}, a staircase upwards",
            status=run.status,
            simulated=run.meta["simulated"],
            facts=facts(run),
            verdicts=[Verdict(f"{self.neuron} fires", fires, told)],
            pages=[
                Page(
                    "f-I curve", f"{self.neuron} fires on {told}.", [_figure(table, run)], rows=rows(result),
                    tables=[Table("Levels", ("commanded", "delivered", "rate", "spikes"), cells)],
                ),
                record_page(run, result),
            ],
        )  # fmt: skip


def _level(steps: Any, time: float) -> float:
    return float(steps.levels[int(np.searchsorted(steps.edges, time)) - 1])


def _predicted(board: "Board", neuron: str, low: float, high: float) -> list[list[float]]:
    """Currents (A) and rates (Hz) of the board's neuron, where nothing feeds it and it has one rate; else nothing."""
    from neurorig.hardware.rate import firing_rate

    fed = any(synapse.post == neuron for synapse in board.synapses.values())
    if fed or board.neurons[neuron].components.C_L is not None:
        return []
    currents = np.linspace(low, high, FINE)
    return [currents.tolist(), firing_rate(board.neurons[neuron], currents).tolist()]


def _found(table: "pd.DataFrame") -> dict[str, "Measure"]:
    """The firing range, each end known to one level, and the highest rate."""
    from neurorig.analysis import Measure

    firing = table[table["spikes"] > 0]
    if len(firing) == 0:
        return {name: Measure.missing(unit, "silent on all levels") for name, (_, unit) in ROWS.items()}
    step = float(np.diff(table["commanded"].to_numpy(dtype=np.float64)).max())
    currents, rates, errors = (firing[name].to_numpy(dtype=np.float64) for name in ("current", "rate", "rate_error"))
    if np.isnan(rates).all():
        highest = Measure.missing("Hz", "one spike on a level: choose a longer dwell")
    else:
        fastest = int(np.nanargmax(rates))
        highest = Measure(float(rates[fastest]), float(errors[fastest]), "Hz")
    return {
        "fires_from": Measure(float(currents.min()), step, "A", "one level"),
        "fires_to": Measure(float(currents.max()), step, "A", "one level"),
        "highest_rate": highest,
    }


def _figure(table: "pd.DataFrame", run: "Run") -> "Figure":
    from neurorig.analysis.report import Axis, Figure, Panel, Series

    currents, rates = table["current"].to_numpy(), table["rate"].to_numpy()
    series = [Series("measured", "points", currents, rates, colour="blue", width=2.5)]
    predicted = next((s.params["predicted"] for s in run.sweeps if s.params["predicted"]), None)
    if predicted is not None:
        x, y = (np.asarray(values) for values in predicted)
        series.insert(0, Series("board file", "line", x, y, colour="published"))
    return Figure(
        name="f_i",
        title="f-I curve",
        caption="Rate against the current into the membrane; grey: what the board file says, where no synapse feeds the neuron.",
        x=Axis("I_0", "uA"),
        panels=(Panel("rate", Axis("f", "Hz"), tuple(series)),),
        width=5.6,
        height=3.6,
    )
