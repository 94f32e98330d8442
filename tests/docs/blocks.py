"""The fenced blocks of a page that are meant to be pasted."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Block(NamedTuple):
    language: str
    text: str
    line: int


def blocks(page: str, *languages: str) -> list[Block]:
    """Blocks of these languages, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in found if m[1] in languages]
