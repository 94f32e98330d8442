"""Figures and pages: what a person gets is whole, readable without anything else, and carries its units."""

import base64
import csv
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from neurorig.analysis import BumpEpochs, Measure, Pulse, compare, detect
from neurorig.analysis.bump_figure import BumpTraces, fig9a, fig10
from neurorig.analysis.published import published_targets
from neurorig.analysis.report import (
    Axis,
    Document,
    Figure,
    Line,
    Notice,
    Page,
    Panel,
    Series,
    Table,
    Verdict,
    Wire,
    draw,
    envelope,
    value_error,
    wiring_svg,
    write_csv,
    write_report,
)
from neurorig.signals import Steps

from .synthetic import HOLDING, I_MIN, bump, i_sse, v_ap


def recorded(epochs: BumpEpochs, spikes: np.ndarray, current: np.ndarray) -> BumpTraces:
    trace = v_ap(spikes, epochs.end, 50e3, noise=0.02)
    steps = Steps.of([epochs.end], [HOLDING])
    for pulse in filter(None, (epochs.kick, *epochs.probes, epochs.stop)):
        steps = steps.overlay(Steps.of([pulse.stop - pulse.start], [pulse.amperes]), pulse.start)
    return BumpTraces(detect(trace), trace, i_sse(current), epochs, steps, None, 0.36e-6, I_MIN)


def small_figure() -> Figure:
    x = np.linspace(0, 1, 50)
    series = (
        Series("measured", "line", x, 1e-6 * x),
        Series("band", "band", x, 1e-6 * x - 1e-7, 1e-6 * x + 1e-7, colour="blue", faint=True),
        Series("spikes", "raster", x[::10], np.array([0.0, 1e-6]), colour="red"),
        Series("command", "step", np.array([0.0, 0.5, 1.0]), np.array([0.0, 1e-6]), colour="green"),
        Series("points", "points", x[::7], 1e-6 * x[::7], colour="purple", dashed=True),
    )
    panel = Panel(
        "current", Axis("I_sse", "uA"), series, lines=(Line(5e-7, "I_min"),), right=Axis("I/I_min", "", scale=1e-6)
    )
    return Figure(
        "small", "Small", "All kinds of I_sse.", Axis("Time", "s", (0.0, 1.0)), (panel,), width=4.0, height=3.0
    )


def test_a_figure_is_drawn_as_png_and_svg(tmp_path: Path) -> None:
    png, svg = draw(small_figure(), tmp_path, dpi=100)
    assert png.read_bytes()[:4] == b"\x89PNG"
    assert int.from_bytes(png.read_bytes()[16:20], "big") == 400
    text = "".join(ET.parse(svg).getroot().itertext())
    assert "Time (s)" in text
    assert "spikes" in text


def test_the_same_figure_gives_the_same_svg(tmp_path: Path) -> None:
    first = draw(small_figure(), tmp_path, dpi=50)[1].read_bytes()
    assert draw(small_figure(), tmp_path, dpi=50)[1].read_bytes() == first


def test_a_panel_csv_has_names_then_units_then_what_is_drawn(tmp_path: Path) -> None:
    figure = small_figure()
    with write_csv(figure.panels[0], figure.x, tmp_path / "p.csv").open(encoding="utf-8") as file:
        names, units, *rows = csv.reader(file)
    assert names[:5] == ["Time (measured)", "measured", "Time (band)", "band, low", "band, high"]
    assert units[:2] == ["s", "uA"]
    assert len(rows) == 50
    assert [float(v) for v in rows[-1][:2]] == pytest.approx([1.0, 1.0])
    command = names.index("command")
    assert [row[command] for row in rows[:4]] == ["0", "1", "1", ""]


def test_an_envelope_keeps_every_peak() -> None:
    trace = v_ap(np.array([0.5]), 1.0, 250e3, noise=0.0)
    seen = envelope(trace, 0.0, 1.0, columns=100)
    assert seen.high is not None
    assert len(seen.x) == 100
    assert seen.high.max() == pytest.approx(trace.values.max())
    assert seen.y.min() == pytest.approx(trace.values.min())


@pytest.mark.parametrize(
    ("value", "error", "unit", "text"),
    [
        (1.2664e-5, 5.3e-8, "A", "12.664 ± 0.053 µA"),
        (106.02, 0.312, "Hz", "106.02 ± 0.31 Hz"),
        (-1.36e-7, 4.3e-8, "A", "−136 ± 43 nA"),
        (217e-6, 37e-6, "s", "217 ± 37 µs"),
        (0.66, 0.15, "s", "0.66 ± 0.15 s"),
        (10e3, 0.0, "ohm", "10 kΩ"),
        (0.0, 0.35e-6, "A", "0 ± 350 nA"),
        (float("nan"), 1.0, "A", "—"),
        (-2e-10, 1.25e-7, "A", "0 ± 125 nA"),
        (-0.0, 0.0, "A", "0 A"),
        (7.0, 0.0, "", "7"),
        (6.4959, 1e-6, "s", "6.495900 ± 0.000065 s"),
    ],
)
def test_numbers_for_people(value: float, error: float, unit: str, text: str) -> None:
    assert value_error(value, error, unit) == text


def test_values_that_stand_beside_each_other_share_their_unit() -> None:
    assert value_error(0.0, 0.35e-6, "A", like=1.6e-6) == "0.00 ± 0.35 µA"


WIRES = (
    Wire("source", "1", "n1.i0", "drives", "current", "±250 µA"),
    Wire("source", "sync", "scope.4", "marker", "TTL", "start"),
    Wire("scope", "1", "n1.v_ap", "senses", "direct", "10 MΩ"),
)


def test_the_wiring_picture_shows_every_channel_once() -> None:
    root = ET.fromstring(wiring_svg(WIRES, "wu2025_bump"))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for word in ("source", "scope", "board wu2025_bump", "n1.i0", "n1.v_ap", "direct", "sync", "4"):
        assert texts.count(word) == 1, word
    assert "scope.4" not in texts  # a marker does not go to the board


def document(figures: tuple[Figure, ...] = ()) -> Document:
    targets = published_targets("wu2025_fig9a")
    rows = [
        compare("f_star", Measure(106.2, 0.1, "Hz"), targets["f_star"]),
        compare("dead_time", Measure.missing("s", "I_sse never rose"), targets["dead_time"]),
        compare("stop_margin", Measure(1.4e-7, 4e-8, "A"), None, "Margin of the stop"),
    ]
    notices = [Notice("warning", "n1.v_ap: the probe takes 0.35 uA & <more>")]
    return Document(
        title="Activity bump",
        subtitle="as in Figs 9 and 10",
        status="done",
        simulated=True,
        facts={"Board": "wu2025_bump", "Run": "2026-11-20_bump"},
        verdicts=[Verdict("Sustained", True), Verdict("Stopped", None), Verdict("Latched", True, good=False)],
        pages=[
            Page("Page one", figures=figures, rows=rows),
            Page(
                "Page two",
                wires=WIRES,
                tables=[Table("Settings", ["What", "Value"], [["range", "250 uA"]])],
                notices=notices,
            ),
        ],
    )


def test_a_report_is_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    page = write_report(tmp_path, document((small_figure(),)))
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "report.html"
    assert not re.search(r'(src|href)="(?!data:|figures/)', text)  # links go to the files beside it only
    assert "<script" not in text
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+|base64,\S+", "", text)
    drawn = re.search(r"data:image/svg\+xml;base64,([^\"]+)", text)
    assert drawn
    assert base64.b64decode(drawn[1]).startswith(b"<?xml")
    for name in ("small.png", "small.svg", "small_current.csv"):
        assert (tmp_path / "figures" / name).stat().st_size > 200
    assert not list(tmp_path.glob("*.part"))


def test_a_report_says_what_it_has_to_say(tmp_path: Path) -> None:
    text = write_report(tmp_path, document()).read_text(encoding="utf-8")
    for words in (
        "simulated bench", "106.20 ± 0.10 Hz", "106.0 ± 4.0 Hz", "1.002", "agrees", "not measured",
        "no published value",
        "Phys. Rev. Applied 23, 034030", "<i>I</i><sub>sse</sub> never rose", "0.35 µA &amp; &lt;more&gt;", "250 µA",
        "140 ± 40 nA",
    ):  # fmt: skip
        assert words in text, words
    moods = re.findall(r'<li class="(good|bad|unsure)"', text)
    assert moods == ["good", "unsure", "bad"]


def test_figures_of_a_bump_follow_the_published_axes() -> None:
    spikes, current, epochs = bump()
    figure = fig9a(recorded(epochs, spikes, current))
    assert figure.x.limits == (0.0, 10.0)
    assert [p.name for p in figure.panels] == ["stimulus", "spikes", "rate", "i_sse"]
    behind = {p.name: [s.name for s in p.series if s.colour == "published"] for p in figure.panels}
    assert behind == {
        "stimulus": [], "spikes": ["published, every tenth"], "rate": ["published, Fig. 9(a)"],
        "i_sse": ["published, Fig. 9(a)"],
    }  # fmt: skip
    assert figure.panels[0].right is not None
    assert figure.panels[0].right.one == I_MIN
    assert [s.name for s in figure.spans] == ["kick", "stop"]


def test_a_silent_neuron_is_drawn_too(tmp_path: Path) -> None:
    epochs = bump(feedback=0.0)[2]
    draw(fig9a(recorded(epochs, np.empty(0), np.zeros(10_000))), tmp_path, dpi=50)


def test_the_rate_is_interrupted_where_a_probe_silences_the_neuron() -> None:
    probe = Pulse(5.0, 5.4, -24.4e-6)
    spikes, current, epochs = bump(probes=(probe,), stop=None, end=8.5)
    figure = fig10(recorded(epochs, spikes, current), probe, "fig10_minus")
    assert figure.x.limits == (4.0, pytest.approx(8.4))
    rate = next(p for p in figure.panels if p.name == "rate").series[-1]
    silent = rate.y[(rate.x > 5.0) & (rate.x < 5.4)]
    assert len(silent) == 1
    assert np.isnan(silent[0])


def test_i_min_is_on_the_picture_however_small_the_current() -> None:
    spikes, current, epochs = bump(feedback=0.0)
    small = replace(recorded(epochs, spikes, current), commanded=Steps.of([epochs.end], [2e-6]))
    low, high = fig9a(small).panels[0].y.limits or (0.0, 0.0)
    assert low <= I_MIN < 0.8 * high  # its name is written above the line


def test_what_was_clipped_is_a_gap_and_an_unshifted_current_says_so() -> None:
    spikes, current, epochs = bump()
    cut = replace(i_sse(current), samples=np.full(500_000, 255, np.uint8), clipped=500_000)
    figure = fig9a(replace(recorded(epochs, spikes, current), i_sse=cut, zero=None))
    assert np.isnan(figure.panels[-1].series[-1].y).all()
    assert "I_sse is drawn as read" in figure.caption


def test_a_banner_takes_the_colour_from_the_verdicts(tmp_path: Path) -> None:
    text = write_report(tmp_path, replace(document(), banner="bad: wrong board")).read_text(encoding="utf-8")
    assert '<p class="banner">bad: wrong board</p>' in text
    assert re.findall(r'<li class="(good|bad|unsure)"', text) == ["unsure"] * 3


def test_a_table_without_rows_is_not_printed_and_a_remark_stands_above_the_comparison(tmp_path: Path) -> None:
    rows = document().pages[0].rows
    page = Page("One", remark="Not compared: another board.", rows=rows, tables=[Table("Empty", ["What"], [])])
    text = write_report(tmp_path, replace(document(), pages=[page])).read_text(encoding="utf-8")
    assert "Empty" not in text
    assert text.index("Not compared: another board.") < text.index("<table")
