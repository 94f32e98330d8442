"""What explains a sheet without being part of the circuit: frames, notes and tables."""

from collections.abc import Iterator

from ..expressions import Expression, Text
from .drawing import Frame, Note, Sheet, Table
from .identity import Identities
from .symbols import STEP
from .text import at_point, corner, effects, millimetres

ROW = 2.0  # steps, height of a table's row
TITLE_SIZE = 2.0  # mm
TITLE_LIFT = 0.5  # steps above the frame


def remarks(sheet: Sheet, identity: Identities) -> Iterator[Expression]:
    """Everything that explains `sheet`, as KiCad's expressions."""
    for frame in sheet.frames:
        yield from _frame(frame, identity)
    for note in sheet.notes:
        yield _note(note, identity)
    for table in sheet.tables:
        yield _table(table, identity)


def _text(text: str, at: tuple[float, float], style: Expression, identity: Identities) -> Expression:
    return [
        "text",
        Text(text),
        ["exclude_from_sim", "no"],
        at_point(at, 0),
        style,
        ["uuid", Text(identity("text", at))],
    ]


def _frame(frame: Frame, identity: Identities) -> Iterator[Expression]:
    (left, top), (_, bottom) = frame.corner, frame.opposite
    yield [
        "rectangle",
        corner("start", frame.corner),
        corner("end", frame.opposite),
        ["stroke", ["width", "0.2"], ["type", "dash"], ["color", "110", "110", "110", "1"]],
        ["fill", ["type", "none"]],
        ["uuid", Text(identity("frame", frame.corner, frame.opposite))],
    ]
    yield _text(
        frame.title, (left, top - TITLE_LIFT), effects(size=TITLE_SIZE, bold=True, justify=("left", "bottom")), identity
    )
    if frame.note:
        yield _text(frame.note, (left + 1, bottom - 1), effects(justify=("left", "bottom")), identity)


def _note(note: Note, identity: Identities) -> Expression:
    return _text(note.text, note.at, effects(size=note.size, justify=("left", "top")), identity)


def _table(table: Table, identity: Identities) -> Expression:
    line: Expression = ["stroke", ["width", "0.15"], ["type", "solid"]]
    cells: Expression = ["cells"]
    for row, texts in enumerate(table.rows):
        x, y = float(table.at[0]), table.at[1] + row * ROW
        for text, width in zip(texts, table.widths, strict=True):
            cells.append(
                [
                    "table_cell",
                    Text(text),
                    ["exclude_from_sim", "no"],
                    at_point((x, y), 0),
                    ["size", millimetres(width), millimetres(ROW)],
                    ["margins", *["0.6"] * 4],
                    ["span", "1", "1"],
                    ["fill", ["type", "none"]],
                    effects(bold=row == 0, justify=("left",)),
                    ["uuid", Text(identity("cell", table.at, row, x))],
                ]
            )
            x += width
    return [
        "table",
        ["column_count", str(len(table.widths))],
        ["border", ["external", "yes"], ["header", "yes"], line],
        ["separators", ["rows", "yes"], ["cols", "yes"], line],
        ["column_widths", *(f"{width * STEP:g}" for width in table.widths)],
        ["row_heights", *[f"{ROW * STEP:g}"] * len(table.rows)],
        cells,
    ]
