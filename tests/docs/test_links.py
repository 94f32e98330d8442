"""Every link from one page to another leads to a file that there is, and to a heading in it."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from .blocks import ROOT

HIDDEN = {".git", ".venv", ".types", "node_modules"}


def pages() -> list[str]:
    """Those of the project, not those of what is installed or was made below its folder."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False)
    found = listed.stdout.splitlines() or [str(p.relative_to(ROOT)) for p in ROOT.rglob("*.md")]
    return sorted(p for p in found if not HIDDEN & set(Path(p).parts) and (ROOT / p).exists())


def prose(page: Path) -> str:
    """A page without its fenced blocks, in which a # is a comment and brackets are code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them: small letters, no punctuation, a hyphen for a space, -1 for the second."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", prose(page), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)  # of a link, what is seen
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(next(n for n in (name, *(f"{name}-{k}" for k in range(1, 99))) if n not in found))
    return found


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    wrong = []
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    for link in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", text):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (page.parent / target).resolve() if target else page
        if not there.exists():
            wrong.append(f"{link}: there is no such file")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there):
            wrong.append(f"{link}: there is no such heading")
    return wrong


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page: str) -> None:
    assert broken(ROOT / page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# What `x.h5` holds\n\n## Again\n\n```sh\n# No heading\n```\n\n## Again\n", encoding="utf-8")
    page.write_text(
        "# Top\n[a](other.md#what-xh5-holds) [b](other.md#again-1) [c](#top) [d](https://x.org/#y) `[e](none.md)`\n"
        "[f](none.md) [g](other.md#what-x-h5-holds) [h](other.md#no-heading) [i](#bottom)\n",
        encoding="utf-8",
    )
    assert [link.partition(":")[0] for link in broken(page)] == [
        "none.md", "other.md#what-x-h5-holds", "other.md#no-heading", "#bottom",
    ]  # fmt: skip
