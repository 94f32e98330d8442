"""The page on clients: its client, pasted, plays its program on the simulated source, with either brain."""

import subprocess
import sys
from pathlib import Path

import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings

from .blocks import blocks

PAGE = "docs/howto/write-a-client.md"
(CLIENT,) = blocks(PAGE, "python")
SHOWN = next(b.text for b in blocks(PAGE, "text") if b.text.startswith("neurorig,"))


def bench(folder: Path, more: str) -> str:
    text = load_bench().path.read_text(encoding="utf-8")
    file = folder / "mine.toml"
    file.write_text(text.replace('"arduino_source"\n', f'"arduino_source"\n{more}\n', 1), encoding="utf-8")
    return str(file)


def played(settings: Settings, text: str = CLIENT.text) -> subprocess.CompletedProcess[str]:
    with SimulatedProcess(settings) as simulated:
        port = simulated.addresses["source"]["tcp"].rpartition(":")[2]
        text = text.replace("15554", port)
        return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=100, check=False)


def says_what_is_shown(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    for line, shown in zip(done.stdout.splitlines(), SHOWN.splitlines(), strict=True):
        assert line.startswith(shown.removesuffix("SIM-SOURCE-..."))


def test_the_client_plays_a_theta_burst() -> None:
    says_what_is_shown(played(Settings("wu2025_bump")))


@pytest.mark.needs("simavr")
def test_it_waits_for_the_real_program_to_restart(tmp_path: Path) -> None:
    says_what_is_shown(played(Settings(bench(tmp_path, 'simulate = "firmware"'))))


def test_a_refused_line_stops_it() -> None:
    done = played(Settings("wu2025_bump"), CLIENT.text.replace("hold(50_000, 20)", "3 << 30"))
    assert "SOUR1:WAV:DATA : ERR -161" in done.stderr
    assert "done" not in done.stdout
