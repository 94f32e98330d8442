"""Runs ngspice on a deck and reads what it saved: traces and spike times."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware import Board
from neurorig.signals import ConfigError, NeurorigError, nearest

from .deck import vector

Floats = NDArray[np.float64]

LEVEL = 0.7  # V, the threshold that a spike has for a synapse


class SpiceError(NeurorigError):
    """ngspice is missing, refused a deck, gave up, or took too long."""


@dataclass(frozen=True)
class Recording:
    """What ngspice saved: `time` (s), shape (n,), on its own grid, and the vectors by the names it gives them.

    `vector` says which name ngspice gives a node of the circuit.
    """

    vector: Callable[[str], str]
    time: Floats
    vectors: Mapping[str, Floats]

    def trace(self, node: str, at: Floats | None = None) -> Floats:
        """Values (V or A) of a node that was asked for, on the grid of ngspice or interpolated to the times `at` (s).

        Raises ConfigError for a node that was not saved.
        """
        name = self.vector(node).lower()  # ngspice knows no capitals
        if name not in self.vectors:
            raise ConfigError(f"'{node}' was not saved; name it in the nodes of the deck.{nearest(name, self.vectors)}")
        return self.vectors[name] if at is None else np.interp(at, self.time, self.vectors[name])

    def spikes(self, neuron: str, level: float = LEVEL) -> Floats:
        """Times (s) at which V_ap of `neuron` rises through `level` (V) after having been below half of it."""
        v_ap = self.trace(f"{neuron}.v_ap")
        rising = np.flatnonzero((v_ap[:-1] < level) & (v_ap[1:] >= level))
        low = np.concatenate([[0], np.cumsum(v_ap < level / 2)])
        armed = np.diff(low[rising], prepend=-1) > 0  # it was low since the rise before
        k = rising[armed]
        part = (level - v_ap[k]) / (v_ap[k + 1] - v_ap[k])
        spikes: Floats = self.time[k] + part * (self.time[k + 1] - self.time[k])
        return spikes


def run(board: Board, text: str, *, deadline: float = 120.0) -> Recording:
    """Simulate the deck `text` of `board` with ngspice. Raises ConfigError and SpiceError as `simulate` does."""
    return simulate(board.name, text, partial(vector, board), deadline=deadline)


def simulate(name: str, text: str, vector: Callable[[str], str], *, deadline: float = 120.0) -> Recording:
    """Simulate the deck `text` of the circuit `name` with ngspice; nothing is left on the disk.

    `vector`: node of the circuit to what ngspice calls it. Raises SpiceError when ngspice is not installed, refuses a
    line, stops early, or takes longer than `deadline` (s).
    """
    program = shutil.which("ngspice")
    if program is None:
        raise SpiceError("ngspice is not installed; on Debian: apt install ngspice")
    with tempfile.TemporaryDirectory(prefix="neurorig-spice-") as folder:
        (Path(folder) / "deck.cir").write_text(text, encoding="utf-8")
        command = [program, "-b", "-r", "saved.raw", "deck.cir"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=deadline, check=False)
        except subprocess.TimeoutExpired as reason:
            raise SpiceError(f"{name}: ngspice was not done after {deadline:g} s.") from reason
        told = done.stdout + done.stderr
        raw = Path(folder) / "saved.raw"
        if done.returncode != 0 or not raw.is_file():
            raise SpiceError(f"{name}: {_complaint(told, text)}")
        time, vectors = _read(raw.read_bytes())
    match = re.search(r"^\.tran \S+ (\S+)", text, re.MULTILINE)
    if match and time[-1] < float(match[1]) * (1 - 1e-9):
        raise SpiceError(f"{name}: ngspice stopped at {time[-1]:.6g} s of {match[1]} s: {_complaint(told, text)}")
    return Recording(vector, time, vectors)


def _complaint(told: str, text: str) -> str:
    """What ngspice said was wrong, with the line of the deck that it names."""
    lines = [line.strip() for line in told.splitlines()]
    wrong = [
        k for k, line in enumerate(lines) if re.search("error|too small|singular|unknown|can't", line, re.IGNORECASE)
    ]
    if not wrong:
        return "ngspice failed without saying why."
    said = " / ".join(dict.fromkeys(line for line in lines[wrong[0] : wrong[0] + 8] if line))
    # since ngspice 46 the line of the file is the "internal" one; the other leaves out empty lines
    numbers = re.findall(r"internal line no\. (\d+)", said) or re.findall(r"line(?: number| no\.)? ?(\d+)", said)
    deck = text.splitlines()
    quoted = [f" Line {n}: {deck[int(n) - 1]}" for n in numbers[:1] if 0 < int(n) <= len(deck)]
    return f"ngspice says: {said}.{''.join(quoted)}"


def _read(raw: bytes) -> tuple[Floats, dict[str, Floats]]:
    """Take a binary raw file of one transient apart: the times, and the other vectors by name."""
    header, _, body = raw.partition(b"Binary:\n")
    head = header.decode("utf-8", "replace")
    stated = re.search(r"No\. Variables:\s*(\d+)", head)
    if stated is None:
        raise SpiceError(
            "ngspice wrote no waveform file that can be read. Try: ngspice -v (39 and later are known to work)"
        )
    count = int(stated[1])
    names = re.findall(r"^\t\d+\t(\S+)\t", head, re.MULTILINE)
    table = np.frombuffer(body[: len(body) // (8 * count) * 8 * count]).reshape(-1, count)
    return table[:, 0], {name: table[:, k] for k, name in enumerate(names) if k > 0}
