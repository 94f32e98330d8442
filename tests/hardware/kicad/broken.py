"""Faults that are put into the files of a board as text, the way an editor or a hand would."""

import re
from collections.abc import Iterator
from pathlib import Path

from neurorig.hardware.kicad.projects import Project


def blocks(text: str, head: str) -> Iterator[str]:
    """Every list that begins with ``(head``, as it stands in the file; indented by one tab."""
    for found in re.finditer(
        rf"^\t\({head}\n.*?^\t\)\n|^\t\({head} [^\n]*\n.*?^\t\)\n", text, re.MULTILINE | re.DOTALL
    ):
        yield found[0]


def longest_track(board: Path, net: str) -> str:
    """The longest piece of track of a net."""
    code = re.search(rf'^\t\(net (\d+) "{re.escape(net)}"\)', board.read_text(), re.MULTILINE)[1]
    tracks = [b for b in blocks(board.read_text(), "segment") if f"(net {code})" in b]
    return max(tracks, key=_length)


def _length(track: str) -> float:
    (x0, y0), (x1, y1) = (map(float, re.search(rf"\({end} (\S+) (\S+)\)", track).groups()) for end in ("start", "end"))
    return abs(x1 - x0) + abs(y1 - y0)


def footprint(board: Path, part: str) -> str:
    """The footprint of a part."""
    return next(b for b in blocks(board.read_text(), "footprint") if f'(property "Reference" "{part}"' in b)


def symbol(project: Project, part: str) -> tuple[Path, str]:
    """The symbol of a part, and the sheet that it stands on."""
    for sheet in sorted(project.folder.glob("*.kicad_sch")):
        for block in blocks(sheet.read_text(), "symbol"):
            if f'(property "Reference" "{part}"' in block:
                return sheet, block
    raise LookupError(part)


def replace(file: Path, old: str, new: str) -> None:
    """Replace a text that stands in the file exactly once."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
    file.write_text(text.replace(old, new))
