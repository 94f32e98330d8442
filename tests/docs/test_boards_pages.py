"""The pages of the circuit boards: tables are current, pictures are there, and what is pasted does what the page shows."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from neurorig.hardware.kicad.projects import PROJECTS

from .blocks import ROOT, blocks
from .test_tutorial import SHELL, pasted

README, BRING_UP, CHANGE = "hardware/README.md", "docs/howto/bring-up.md", "docs/howto/change-a-board.md"
NUMBER = r"[-\u2212]?\d+(?:\.\d+)?"
needs_shell = pytest.mark.skipif(SHELL is None, reason="needs bash")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch):
    """A script of docs/, by its name; they import one another."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


def words(text: str) -> str:
    return " ".join(text.split())


def shown(page: str, said: str, begin: str) -> None:
    """Every line of the text block that begins so, up to spaces, is among what was said."""
    (block,) = [b for b in blocks(page, "text") if b.text.startswith(begin)]
    lines = {words(line) for line in said.splitlines()}
    for line in map(words, block.text.splitlines()):
        assert line == "..." or any(found.startswith(line) for found in lines), line


def test_jumpers_and_boards_are_current(program) -> None:
    circuits = program("circuits")
    told = "is out of date: run python docs/circuits.py"
    assert circuits.PAGE.read_text(encoding="utf-8") == circuits.jumpers_page(), f"{circuits.PAGE} {told}"
    page = (ROOT / README).read_text(encoding="utf-8")
    assert page == circuits.insert(page, "boards", circuits.boards_table()), f"{README} {told}"


def test_every_board_and_jumper_is_in_the_tables(program) -> None:
    circuits = program("circuits")
    table = circuits.boards_table()
    assert all(f"`{name}`" in table for name in PROJECTS)
    rows = [line for line in circuits.jumpers_page().splitlines() if "`wu2025_fig15`" in line]
    assert "| 12, 21 | 0.4 | 1u | 100k | - | alpha | inh | membrane | C_s on | - |" in "\n".join(rows)
    assert "| n1, n2 | 33n |" in rows[0]


@pytest.mark.parametrize("name", PROJECTS)
def test_a_board_has_its_picture(name: str) -> None:
    assert f"](pictures/{name}.png)" in (ROOT / README).read_text(encoding="utf-8")
    assert 20_000 < (ROOT / "hardware" / "pictures" / f"{name}.png").stat().st_size <= 200_000


@pytest.mark.needs("kicad", "ngspice")
@pytest.mark.parametrize("table", ["neuron", "synapse"])
def test_voltages_are_what_ngspice_says(program, table: str) -> None:
    """Numbers within 1 %, for the last digit may be another one with another ngspice; the words exactly."""
    bring_up = program("bring_up")
    page = (ROOT / BRING_UP).read_text(encoding="utf-8")
    made = bring_up.insert(page, table, bring_up.table(bring_up.HEAD, getattr(bring_up, table)()))
    told = f"{BRING_UP} is out of date: run python docs/bring_up.py"
    assert re.sub(NUMBER, "#", page) == re.sub(NUMBER, "#", made), told
    ours, theirs = ([float(n.replace("\u2212", "-")) for n in re.findall(NUMBER, text)] for text in (page, made))
    assert ours == pytest.approx(theirs, rel=0.01, abs=1e-3), told


@needs_shell
def test_the_commands_of_the_boards(tmp_path: Path) -> None:
    said = pasted("\n".join(b.text for b in blocks(README, "sh")), tmp_path)
    shown(README, said, "75 parts")
    shown(README, said, "on the board: motif")


@needs_shell
@pytest.mark.timeout(300)
def test_an_f_i_curve_ends_the_bring_up(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (block,) = blocks(BRING_UP, "sh")
    said = pasted(block.text, tmp_path)
    shown(BRING_UP, said, "I_min, commanded")
    assert "wired as the bench file says" in said
    assert (tmp_path / "mine_n1.png").is_file()


@needs_shell
@pytest.mark.needs("kicad")
def test_a_board_changed_by_hand_is_checked(tmp_path: Path) -> None:
    """The value of R_m changed in the schematic alone, as the page says."""
    (block,) = blocks(CHANGE, "sh")
    pasted(block.text, tmp_path)
    (commands,) = [b.text for b in blocks(CHANGE, "text") if b.text.startswith("neurorig hardware check")]
    check = commands.splitlines()[0]
    assert pasted(check, tmp_path).strip().endswith("fine")
    schematic = tmp_path / "myboards" / "neuron" / "neuron.kicad_sch"
    text = schematic.read_text(encoding="utf-8")
    assert text.count('"Value" "680k"') == 1
    schematic.write_text(text.replace('"Value" "680k"', '"Value" "470k"'), encoding="utf-8")
    said = pasted(f"{check} || true", tmp_path)
    shown(CHANGE, said, "board   ERC")
    assert words("R_m1 is 680k on the board, 470k in the schematic") in words(said)


@pytest.mark.parametrize("page", [README, BRING_UP, CHANGE, "docs/reference/jumpers.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#([\w-]+))?\)", text)
    assert links
    for path, heading in links:
        target = ((ROOT / page).parent / path).resolve()
        assert target.exists(), path
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}, (path, heading)
