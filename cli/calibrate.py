"""``neurorig calibrate``: fit the neurons of a board to measured f(I) charts, and write the board that they make."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

from .options import RUNS, JsonOption, SeedOption

if TYPE_CHECKING:
    from neurorig.analysis.calibration import Calibration, Chart
    from neurorig.hardware import Board
    from neurorig.signals import Trace

FiOption = Annotated[
    tuple[str, ...],
    Parameter(
        name="--fi",
        negative=(),
        show_default=False,
        help="CSV file with f(I), columns such as I_uA,f_Hz; with a column 'neuron', or once for each: --fi n2=second.csv.",
    ),
]


def calibrate_command(
    *,
    fi: FiOption = (),
    run: Annotated[str | None, Parameter(help="Instead of --fi: a recorded run (folder, name, or 'last').")] = None,
    board: Annotated[str | None, Parameter(help="Board file or name (default: that of the run).")] = None,
    neuron: Annotated[str | None, Parameter(help="Neuron of the board (default: its only one).")] = None,
    spike: Annotated[
        Path | None, Parameter(help="CSV file with V_ap of some spikes, columns such as t_us,V_ap_V.")
    ] = None,
    out: Annotated[Path | None, Parameter(help="New board file (default: <board>_calibrated.toml).")] = None,
    runs: Annotated[Path, Parameter(name="--runs", help="Folder that holds the runs.")] = RUNS,
    current_error: Annotated[str, Parameter(help="Standard error of a current, where the file has none.")] = "50 nA",
    rate_error: Annotated[str, Parameter(help="Standard error of a rate, where the file has none.")] = "0.5 Hz",
    bootstrap: Annotated[int, Parameter(help="Charts made again from fit and residuals, for a second interval.")] = 200,
    seed: SeedOption = 0,
    anyway: Annotated[bool, Parameter(negative=(), help="Write the board even if the fit describes nothing.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Fit f(I), and spikes if given; write the new board, a picture of each fit beside it, and what every number is worth."""
    from neurorig.analysis.calibration import calibrate, calibration_figure, read_spikes, write_board
    from neurorig.analysis.report import draw
    from neurorig.signals import parse

    if bool(fi) == bool(run):
        raise ConfigError(
            "Give either --fi with a measured chart, or --run with a recorded run. See: neurorig calibrate --help"
        )
    if bootstrap < 0:
        raise ConfigError(f"--bootstrap: {bootstrap} charts cannot be made; 0 makes none.")
    if out is not None:
        _check_out(out)
    errors = _positive("--current-error", parse(current_error, "A")), _positive("--rate-error", parse(rate_error, "Hz"))
    found, charts, digests = _of_run(run, runs, board, neuron) if run else _of_files(fi, board, neuron, errors)
    target = out or Path(f"{found.name}_calibrated.toml")
    if target.exists():
        raise ConfigError(f"{target}: exists already; name another file with --out.")
    trace = None if spike is None else _only(read_spikes(spike), charts, spike, digests)
    fitted = [
        calibrate(key, found.neurons[key], chart, trace, bootstrap=bootstrap, seed=seed)
        for key, chart in charts.items()
    ]
    if (doubtful := [c.doubt for c in fitted if c.doubt]) and not anyway:
        raise ConfigError(f"{' '.join(doubtful)} No board was written; --anyway writes it nevertheless.")
    written = write_board(
        found,
        {c.key: c.neuron for c in fitted},
        {c.key: c.source(digests[c.key]) for c in fitted},
        target,
        measured=", ".join(dict.fromkeys(c.fit.chart.name for c in fitted)),
    )
    pictures = [draw(calibration_figure(c.fit, f"{target.stem}_{c.key}"), target.parent)[0] for c in fitted]
    if as_json:
        print(json.dumps({"board": str(written.path), "pictures": list(map(str, pictures)), "neurons": _json(fitted)}))
        return 0
    from .tables import print_calibration

    for c in fitted:
        print_calibration(c)
    print(f"board   {written.path}")
    for picture in pictures:
        print(f"picture {picture}")
    return 0


def _check_out(path: Path) -> None:
    """What would stop the writing of the board is told before the fit."""
    if path.suffix != ".toml":
        raise ConfigError(f"--out {path}: a board file ends in .toml: --out {path}.toml")
    if not path.parent.is_dir():
        raise ConfigError(f"--out {path}: there is no folder {path.parent}.")


def _positive(option: str, value: float) -> float:
    if value <= 0.0:
        raise ConfigError(f"{option}: an error of {value:g} is none; it must be above zero.")
    return value


Sources = tuple["Board", dict[str, "Chart"], dict[str, dict[str, str]]]


def _of_files(fi: tuple[str, ...], name: str | None, neuron: str | None, errors: tuple[float, float]) -> Sources:
    """The charts of the CSV files by neuron, and the digests of their files."""
    from neurorig.analysis.calibration import digest, read_charts
    from neurorig.hardware import load_board

    if name is None:
        raise ConfigError("Name the board whose neuron was measured: --board wu2025_neuron, or a file of your own.")
    board = load_board(name)
    charts: dict[str, Chart] = {}
    digests: dict[str, dict[str, str]] = {}
    for text in fi:
        before, equals, after = text.partition("=")
        path = Path(after if equals else text)
        for chart in read_charts(path, *errors):
            key = _known(chart.neuron or (before if equals else neuron), board)
            if key in charts:
                raise ConfigError(
                    f"{path}: a second chart of {key}; give each neuron one: --fi n1=first.csv --fi n2=second.csv"
                )
            charts[key], digests[key] = chart, {path.name: digest(path)}
    return board, charts, digests


def _of_run(name: str, folder: Path, board_name: str | None, neuron: str | None) -> Sources:
    """The chart that a run holds, with the board as it was."""
    from neurorig.analysis.calibration import chart_of_run
    from neurorig.hardware import load_board
    from neurorig.records import Catalogue, Run

    run = Run.open(Catalogue(folder).find(name))
    about = run.meta["board"]
    changed = about.get("components")
    if changed and board_name is None:
        told = ", ".join(f"{key} = {value}" for key, value in changed.items())
        raise ConfigError(
            f"{run.id}: was taken with other components ({told}): give a board that has them with --board."
        )
    board = load_board(board_name or about["name"])
    key = _known(neuron, board)
    return board, {key: chart_of_run(run, board, key)}, {key: {f"run {run.id}, board {about['name']}": about["sha256"]}}


def _known(key: str | None, board: "Board") -> str:
    """A neuron of the board; its only one if none is named."""
    from neurorig.signals import nearest

    if key is None and len(board.neurons) == 1:
        return next(iter(board.neurons))
    if key is None:
        raise ConfigError(
            f"Which neuron of '{board.name}' was measured: {', '.join(board.neurons)}? Name it with --neuron."
        )
    if key not in board.neurons:
        raise ConfigError(f"Board '{board.name}' has no neuron '{key}'.{nearest(key, board.neurons)}")
    return key


def _only(trace: "Trace", charts: dict[str, "Chart"], path: Path, digests: dict[str, dict[str, str]]) -> "Trace":
    """A trace of spikes belongs to one neuron."""
    from neurorig.analysis.calibration import digest

    if len(charts) > 1:
        raise ConfigError(
            f"--spike {path}: whose spikes are they? Calibrate one neuron at a time: {', '.join(charts)}."
        )
    (key,) = charts
    digests[key][path.name] = digest(path)
    return trace


def _json(fitted: list["Calibration"]) -> dict[str, Any]:
    return {
        c.key: {
            "parameters": [{k: _number(v) for k, v in asdict(p).items()} for p in c.parameters],
            "rms_Hz": c.fit.rms, "points": len(c.fit.chart), "used": int(c.fit.used.sum()),
            "outliers": int(c.fit.outliers.sum()), "notes": list(c.notes),
        }
        for c in fitted
    }  # fmt: skip


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
