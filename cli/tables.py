"""What the commands print for a person: plain tables, the same in a terminal and in a file."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurorig.signals import show

if TYPE_CHECKING:
    from neurorig.analysis.calibration import Calibration
    from neurorig.hardware.kicad.checks import Checks
    from neurorig.hardware.kicad.overview import Overview
    from neurorig.protocols import Outcome, Parameter
    from neurorig.protocols.acceptance_result import Accepted
    from neurorig.protocols.figures import Figure
    from neurorig.protocols.figures.residuals import Residual
    from neurorig.protocols.source_calibration import CalibratedSource
    from neurorig.records import RunEntry

_MARKS = {"agrees": "[green]agrees[/]", "differs": "[red]differs[/]"}


def _print(table: Table) -> None:
    console = Console()
    console.width = max(console.width, 120)  # a pipe has no width; a line that is cut has no meaning
    console.print(table)


_NUMBERS = (
    "value",
    "was",
    "+-",
    "published",
    "ratio",
    "sweeps",
    "distance",
    "of signal",
    "tolerance",
    "parts",
    "sheets",
    "ERC",
    "DRC",
    "unconnected",
    "parity",
)
_SENTENCES = ("meaning", "state", "remarks", "found", "figure")


def _table(*columns: str) -> Table:
    """Sentences fold where the line ends; names and numbers stay whole."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name not in _SENTENCES, justify="right" if name in _NUMBERS else "left")
    return table


def _number(value: Any, unit: str) -> str:
    return "" if value is None else show(float(value) + 0.0, unit)  # 0.0: nothing has no sign


def print_verdicts(verdicts: Sequence[Mapping[str, Any]], results: Mapping[str, Any]) -> None:
    """What was measured, with error, published value, ratio and verdict: one line each; nothing if there is nothing."""
    if not verdicts:
        return
    table = _table("quantity", "value", "+-", "published", "ratio", "verdict")
    for v in verdicts:
        verdict = _MARKS.get(v["verdict"], v["verdict"])
        if "question" in v:
            answer = {True: "yes", False: "no", None: "unknown"}[results.get(v["quantity"])]
            table.add_row(v["label"], answer, "", "", "", verdict)
            continue
        unit = v.get("unit") or ""
        ratio = "" if v.get("ratio") is None else f"{v['ratio']:.3f}"
        numbers = [_number(v.get(key), unit) for key in ("value", "error", "published")]
        table.add_row(v["label"], *numbers, ratio, verdict)
    _print(table)


def print_lines(title: str, lines: Sequence[str]) -> None:
    """A list of remarks under a title, if there are any."""
    for line in lines:
        print(f"{title}: {line}")


def print_wiring(outcome: "Outcome") -> None:
    """Every channel's answer to every step, where each stands at zero, and what is wrong."""
    from neurorig.protocols.wiring_report import COLUMNS, ZERO_COLUMNS, cells, zero_cells

    results = outcome.results
    table = _table(*COLUMNS)
    for seen in results["seen"]:
        *row, answer = cells(seen)
        colour = {"right": "green", "still": "default"}.get(answer, "red")
        table.add_row(*row, f"[{colour}]{answer}[/]")
    _print(table)
    print()
    table = _table(*ZERO_COLUMNS)
    for node, zero in results["zeros"].items():
        table.add_row(*zero_cells(node, zero))
    _print(table)
    print()
    print_lines("wrong", results["findings"])
    print_lines("note", outcome.notes)
    print_lines("warning", outcome.warnings)
    if results["right"]:
        print("fine    wired as the bench file says")
    print(f"run     {outcome.run}")
    print(f"report  {outcome.report}")


def print_acceptance(result: "Accepted") -> None:
    """Every figure with its limit and answer, and the delivered currents."""
    from neurorig.analysis.report import value_error
    from neurorig.protocols.acceptance_report import MORE, text_of
    from neurorig.protocols.acceptance_result import LABELS

    table = _table("figure", "found", "needed", "verdict")
    marks = {True: "[green]good[/]", False: "[red]too much[/]", None: "not told"}
    for name, figure in result.figures.items():
        limit = show(result.limits[name], figure.unit) if name in result.limits else ""
        verdict = marks[result.passed[name]] if name in result.passed else ""
        table.add_row({**LABELS, **MORE}[name], Text(text_of(figure)), limit, verdict)
    _print(table)
    print()
    table = _table("commanded", "delivered", "at")
    for commanded, delivered, error, volts in result.table:
        table.add_row(show(commanded, "A", 5), value_error(delivered, error, "A"), show(volts, "V", 3))
    _print(table)
    print()


def print_calibrated_source(result: "CalibratedSource") -> None:
    """Each leg: what it was, what corrects it, what is left."""
    from neurorig.protocols.source_calibration import HALF_STEP
    from neurorig.protocols.source_calibration_report import COLUMNS, cells

    table = _table(*COLUMNS[:-1], f"{HALF_STEP:g} steps")
    for leg in result.legs:
        table.add_row(*cells(leg)[:-1], "[green]within[/]" if leg.within else "[red]beyond[/]")
    _print(table)
    print()


def print_parameters(parameters: Sequence["Parameter"]) -> None:
    """The parameters of a protocol."""
    table = _table("parameter", "default", "meaning")
    for p in parameters:
        choices = f" ({' | '.join(p.choices)})" if p.choices else ""
        table.add_row(p.name, p.default, p.description + choices)
    _print(table)


def print_calibration(calibration: "Calibration") -> None:
    """What a neuron's numbers are worth: value, 95 % intervals, former value, or why it was held."""
    fit = calibration.fit
    outliers = int(fit.outliers.sum())
    off = f", {outliers} outlier{'' if outliers == 1 else 's'}" if outliers else ""
    head = f"{calibration.key}: {fit.chart.name}, {len(fit.chart)} points, {int(fit.used.sum())} rates used{off}"
    print(f"{head}; {fit.rms:.3g} Hz rms between the flanks")
    table = _table("parameter", "value", "95 % interval", "by bootstrap", "was", "remarks")
    for p in calibration.parameters:
        value, was = show(p.value, p.unit, 5), show(p.was, p.unit, 5)
        if p.held:
            table.add_row(p.name, value, "", "", was, p.held)
            continue
        boot = "" if math.isnan(p.boot_low) else _interval(p.boot_low, p.boot_high, p.unit)
        table.add_row(p.name, value, _interval(p.low, p.high, p.unit), boot, was, p.bound)
    _print(table)
    print_lines("note", calibration.notes)


def _interval(low: float, high: float, unit: str) -> str:
    return f"{show(low, unit)} ... {show(high, unit)}"


def print_runs(rows: Sequence["RunEntry"]) -> None:
    """The catalogue."""
    table = _table("run", "status", "sweeps", "board", "remarks")
    for r in rows:
        remarks = [
            "simulated" if r.simulated else "", "bad" if r.bad else "",
            f"{r.comments} comment{'' if r.comments == 1 else 's'}" if r.comments else "", r.problem or "",
        ]  # fmt: skip
        table.add_row(r.id, r.status, str(r.sweeps), r.board or "", ", ".join(filter(None, remarks)))
    _print(table)


def print_summary(summary: Mapping[str, Any]) -> None:
    """One run: head, sweeps, verdicts, remarks."""
    for key in ("run", "status", "protocol", "board", "bench", "started", "error", "report"):
        if summary.get(key):
            print(f"{key:10s} {summary[key]}")
    if summary["bad"] is not None:
        Console().print(Text(f"BAD        the whole run is marked bad: {summary['bad']}", style="bold red"))
    _print_sweeps(summary["sweeps"])
    print_verdicts(summary["verdicts"], summary["results"])
    print_lines("note", summary["notes"])
    print_lines("warning", summary["warnings"])
    print_lines("comment", summary["comments"])


def _print_sweeps(sweeps: Sequence[Mapping[str, Any]]) -> None:
    if not sweeps:
        return
    table = _table("sweep", "label", "started", "state", "remarks")
    for s in sweeps:
        remarks = "; ".join([*(["bad"] if s["bad"] else []), *s["comments"]])
        table.add_row(str(s["index"]), s["label"], s["started"], s["state"], remarks)
    _print(table)


def print_figure(figure: "Figure", found: "Sequence[Residual]") -> None:
    """What a figure shows: its numbers, its curves, and the distance of each from the published one."""
    from neurorig.protocols.figures.targets import compare_numbers

    print(f"{figure.title}\nBoards: {', '.join(figure.boards)}")
    print(figure.basis.said or "A board of your own: what it was fitted to is not known here.")
    if figure.numbers:
        print()
        compared = compare_numbers(figure)
        table = _table("quantity", "value", "published", "tolerance", "verdict", "target", "basis", "meaning")
        for name, number in figure.numbers.items():
            said = ["", "", "", ""]
            if name in compared:
                c = compared[name]
                said = [_number(c.published, c.unit), _number(c.tolerance, c.unit), _within(c.within), c.target]
            table.add_row(name, _shown(number.value, number.unit), *said, figure.basis.word(name), Text(number.label))
        _print(table)
    print(f"\nCurves: {', '.join(figure.curves)}")
    if found:
        print()
        table = _table("published curve", "distance", "of signal", "tolerance", "verdict", "target", "basis", "remarks")
        for r in found:
            numbers = [_shown(r.rms, r.unit), r.percent, _number(r.tolerance, r.unit)]
            table.add_row(r.curve, *numbers, _within(r.within), r.enforced, r.basis, Text(r.remark))
        _print(table)
    print_lines("Remarks", figure.remarks)


def _within(within: bool) -> str:
    return "[green]within[/]" if within else "[red]missed[/]"


def _shown(value: float, unit: str) -> str:
    return _number(value, unit) if math.isfinite(value) else "none"


def print_found(rows: Sequence[tuple[str, ...]]) -> None:
    """Instruments that have answered, one line each."""
    table = _table("instrument", "serial number", "driver", "role", "resource")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _print(table)


def print_boards(rows: "Sequence[Overview]") -> None:
    """The boards, one line each."""
    table = _table("board", "title", "size", "parts", "sheets")
    for row in rows:
        table.add_row(row.name, row.title, f"{row.width:g} x {row.height:g} mm", str(row.parts), str(row.sheets))
    _print(table)


def print_checks(checked: "Sequence[Checks]") -> None:
    """How many violations each board has, and every one of them: which rule, which parts, where."""
    from neurorig.hardware.kicad.checks import KINDS

    table = _table("board", *KINDS, "verdict")
    for checks in checked:
        verdict = "[green]fine[/]" if checks.passed else "[red]fails[/]"
        table.add_row(checks.board, *map(str, checks.counts.values()), verdict)
    _print(table)
    for checks in checked:
        if checks.ignored:
            print(f"{checks.board}: its project file switches off, so that nobody looked: {', '.join(checks.ignored)}")
        if not checks.passed:
            _print_violations(checks)


def _print_violations(checks: "Checks") -> None:
    print(f"\n{checks.board}")
    table = _table("check", "of", "where", "found")
    for v in checks.violations:
        cells = (f"{v.kind} {v.rule}", " ".join(v.parts), v.where, "\n".join([v.text, *v.items]))
        table.add_row(*map(Text, cells))
    _print(table)


def print_files(files: Mapping[str, str]) -> None:
    """Files that were written, and what each is for."""
    table = _table("file", "meaning")
    for name, meaning in files.items():
        table.add_row(f"  {name}", meaning)
    _print(table)
