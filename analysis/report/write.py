"""`write_report`: a document becomes ``report.html``, and its figures files that can be used elsewhere."""

import base64
import html
import math
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path

from neurorig.analysis.comparison import Row

from .csvfile import write_csv
from .document import Document, Verdict
from .draw import draw
from .panel import Figure
from .text import SYMBOL, proper, value_error
from .wiring import Wire, wiring_svg


def write_report(folder: Path, document: Document) -> Path:
    """Write ``report.html`` into `folder`, self-contained; PNG, SVG and a CSV per panel into ``folder/figures``.

    Returns the path of the page. An older report there is replaced, whole.
    """
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    images = {}
    for figure in (f for page in document.pages for f in page.figures):
        svg = draw(figure, figures)[1]
        images[figure.name] = f"data:image/svg+xml;base64,{base64.b64encode(svg.read_bytes()).decode()}"
        for panel in figure.panels:
            write_csv(panel, figure.x, figures / _csv_name(figure, panel.name))
    target, half = folder / "report.html", folder / "report.html.part"
    half.write_text(_page(document, images), encoding="utf-8")
    half.replace(target)
    return target


def _page(document: Document, images: dict[str, str]) -> str:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def wiring(wires: Iterable[Wire]) -> Markup:
        return Markup(wiring_svg(tuple(wires), document.facts.get("Board", "")))

    here = resources.files(__package__)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    filters: dict[str, Callable[..., str]] = {
        "symbols": lambda text: Markup(_symbols(str(text))),
        "mood": _mood,
        "answer": _answer,
        "measured": lambda row: value_error(row.value, row.error, row.unit, row.published),
        "was_published": lambda row: value_error(row.published, row.published_error, row.unit, row.value),
        "ratio": lambda row: f"{row.ratio:.3f}" if math.isfinite(row.ratio) else "—",
        "sources": _sources,
        "files": lambda figure: Markup(_links(figure)),
        "wiring": wiring,
    }
    environment.filters |= filters
    template = environment.from_string(here.joinpath("page.html").read_text(encoding="utf-8"))
    css = Markup(here.joinpath("page.css").read_text(encoding="utf-8"))
    return template.render(doc=document, images=images, css=css)


def _symbols(text: str) -> str:
    """Escape `text`, set names such as I_sse as a symbol with an index, and units as they should be."""
    return SYMBOL.sub(r"<i>\1</i><sub>\2</sub>", html.escape(proper(text)))


def _answer(verdict: Verdict) -> str:
    return {True: "yes", False: "no", None: "unknown"}[verdict.answer]


def _mood(verdict: Verdict) -> str:
    if verdict.answer is None or verdict.good is None:
        return "unsure"
    return "good" if verdict.answer == verdict.good else "bad"


def _sources(rows: Iterable[Row]) -> str:
    return "; ".join(dict.fromkeys(row.source for row in rows if row.source))


def _csv_name(figure: Figure, panel: str) -> str:
    return f"{figure.name}_{panel}.csv"


def _links(figure: Figure) -> str:
    names = [f"{figure.name}.png", f"{figure.name}.svg", *(_csv_name(figure, p.name) for p in figure.panels)]
    return "Files: " + ", ".join(f'<a href="figures/{html.escape(n)}">{html.escape(n)}</a>' for n in names)
