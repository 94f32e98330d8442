"""The how-to and reference pages: their blocks run, the second bench stands in its page, the examples work."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings
from neurorig.protocols import Request, execute

from .blocks import ROOT, blocks
from .test_tutorial import SHELL, pasted

EXAMPLES = ROOT / "examples"
SECOND = EXAMPLES / "second_bench" / "bench.toml"


@pytest.fixture(scope="module")
def folder_with_a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    execute(Request("bump", {"probes": False}, simulate=True, out=folder / "runs"))
    return folder


def python_blocks() -> Iterator[Any]:
    for page in (
        "docs/howto/bursting-neuron.md",
        "docs/howto/memristors.md",
        "docs/howto/read-a-run.md",
        "docs/howto/simulated-instruments.md",
        "docs/howto/when-things-fail.md",
        "docs/reference/run-folder.md",
    ):
        for block in blocks(page, "python"):
            yield pytest.param(block.text, id=f"{page}:{block.line}")


@pytest.mark.parametrize("text", list(python_blocks()))
def test_a_python_block_runs_by_itself(
    text: str, folder_with_a_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder_with_a_run)
    exec(compile(text, "pasted", "exec"), {"__name__": "pasted"})
    assert capsys.readouterr().out


@pytest.mark.skipif(SHELL is None, reason="needs bash")
def test_a_copied_board_behind_a_copied_bench(tmp_path: Path) -> None:
    said = pasted("\n".join(b.text for b in blocks("docs/howto/own-board.md", "sh")), tmp_path)
    assert "The bump sustains itself" in said


def test_every_piece_of_the_bench_page_is_taken_from_a_bench(tmp_path: Path) -> None:
    *pieces, second = (b.text for b in blocks("docs/howto/own-bench.md", "toml"))
    assert second == SECOND.read_text(encoding="utf-8")
    file = tmp_path / "pieces.toml"
    file.write_text("\n".join(pieces), encoding="utf-8")  # the pieces, one below the other, are a whole bench, too
    bench = load_bench(file)
    assert bench.board.components["s11.R_W"] == 7000.0
    assert bench.ports["n1.i0"].high == load_bench().ports["n1.i0"].high


@pytest.mark.skipif(SHELL is None, reason="needs bash")
def test_what_is_let_fail_says_what_the_page_says(tmp_path: Path) -> None:
    page = "docs/howto/when-things-fail.md"
    (commands,) = blocks(page, "sh")
    said = pasted(f"({commands.text}) 2>&1", tmp_path)
    shown = next(b for b in blocks(page, "text") if b.text.startswith("neurorig: "))
    for line in shown.text.splitlines():
        for words in re.sub(r"(tcp://|serial://)\S+", "...", line).split("..."):
            assert words.strip(" :).") in said, line


def test_the_fault_of_the_page_is_one_of_a_bench(tmp_path: Path) -> None:
    (block,) = blocks("docs/howto/when-things-fail.md", "toml")
    file = tmp_path / "rippling.toml"
    file.write_text(load_bench().path.read_text(encoding="utf-8") + "\n" + block.text, encoding="utf-8")
    assert [str(fault) for fault in load_bench(file).faults] == ["source.1:ripple,value=50 nA"]


@pytest.mark.needs("ngspice")
def test_the_deck_of_a_board_by_hand(tmp_path: Path) -> None:
    deck, setup = blocks("docs/howto/spice-witness.md", "sh")
    spikes = pasted(deck.text, tmp_path).splitlines()
    assert 25 < len(spikes) < 40
    assert all(line.startswith("n1 0.") for line in spikes)
    assert ".subckt neuron" in (tmp_path / "bump.cir").read_text()
    assert "ns_unit" in pasted(setup.text, tmp_path)


def test_the_second_bench_runs_the_bump(tmp_path: Path) -> None:
    wanted = {"neuron": "exc", "synapse": "rec", "probes": False}
    outcome = execute(Request("bump", wanted, bench=str(SECOND), simulate=True, out=tmp_path))
    assert outcome.results["silent_before"]
    assert outcome.results["sustained"]


def test_the_example_by_hand_counts_spikes() -> None:
    with SimulatedProcess(Settings("wu2025_bump", ports={"source": 15554, "scope": 15555})) as simulated:
        assert simulated.addresses
        said = run_example("scope_by_hand.py", EXAMPLES)
    rates = [float(line.removesuffix("Hz")) for line in said.splitlines() if line.endswith("Hz")]
    assert len(rates) > 1
    assert all(70 < rate < 90 for rate in rates)


def test_the_example_over_several_runs_draws_its_picture(tmp_path: Path) -> None:
    assert "sustained True" in run_example("f_star_versus_holding.py", tmp_path, "44")
    assert (tmp_path / "f_star_versus_holding.png").stat().st_size > 5000


def run_example(name: str, folder: Path, *arguments: str) -> str:
    command = [sys.executable, EXAMPLES / name, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
