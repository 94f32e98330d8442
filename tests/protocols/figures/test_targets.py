"""Every hard target that a figure shows is met, but for those named here with what the twin gives instead."""

import importlib.util
import sys
from pathlib import Path

import pytest

from neurorig.analysis.published import list_published
from neurorig.protocols.figures import Figure, list_figures, make_figure
from neurorig.protocols.figures.residuals import residuals
from neurorig.protocols.figures.targets import compare_numbers

MISSED = {
    # 1.16 ms, read 1.17 to 1.20 ms; the curve itself is met (0.54 uA rms)
    ("wu2025_fig4", "Is2_tau"),
}
NO_FIGURE = {"du2025_device_M_fI"}
"""Digitised curves of no figure of the papers: compared where the device is tested."""
SILENT = {"wu2023_fig4_4b_IB1_spikes"}
"""The twin does not fire at all: with 0.47 uF in the soma the current lies below its threshold."""


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return {name: make_figure(name) for name in list_figures()}


def test_hard_targets_are_met_but_for_those_that_are_named(figures: dict[str, Figure]) -> None:
    compared = {(name, c.quantity): c for name, f in figures.items() for c in compare_numbers(f).values() if c.target}
    assert len(compared) > 40
    assert {key for key, c in compared.items() if not c.within} == MISSED


def test_curves_with_a_target_are_met(figures: dict[str, Figure]) -> None:
    found = [r for figure in figures.values() for r in residuals(figure) if r.enforced]
    assert len(found) == 8
    assert [(r.curve, r.rms, r.tolerance) for r in found if not r.within] == []


def test_every_digitised_curve_is_compared(figures: dict[str, Figure]) -> None:
    found = {r.curve: r for figure in figures.values() for r in residuals(figure)}
    assert set(list_published()) - set(found) == NO_FIGURE
    assert {r.curve for r in found.values() if r.rms == float("inf")} == SILENT
    for r in (r for r in found.values() if r.curve not in SILENT):
        assert r.within or r.of_signal < 0.55, r.curve  # missed, but of the right size and kind
        assert r.inside > 0.6


def test_the_fidelity_page_is_current(figures: dict[str, Figure], monkeypatch: pytest.MonkeyPatch) -> None:
    docs = Path(__file__).parents[3] / "docs"
    spec = importlib.util.spec_from_file_location("fidelity", docs / "fidelity.py")
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fidelity", page)
    spec.loader.exec_module(page)
    written = set((docs / "fidelity.md").read_text(encoding="utf-8").splitlines())
    for figure in figures.values():
        rows = [*map(page.residual_row, residuals(figure)), *page.numbers(figure)]
        missing = [row for row in page.table(("", ""), rows) if row not in written and row.strip("|- ")]
        assert missing == [], f"{figure.name}: run python docs/fidelity.py"
