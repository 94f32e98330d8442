"""A simulated bench that outlives the program under test, and a witness of what physically flows."""

import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurorig.cli.app import run
from neurorig.instruments import load_bench

COMMAND = [sys.executable, "-m", "neurorig"]


def neurorig(*arguments: str, cwd: Path, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)


def answered(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The same without a process of its own, which takes most of the time of a command that only reads files."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = run(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), error.getvalue())


@dataclass
class ServedBench:
    """A bench file that points to the served instruments, and their addresses."""

    file: Path
    addresses: dict[str, dict[str, str]]

    def delivered(self) -> float:
        """Current (A) that flows into the board's port at this moment."""
        return float(self._witness("what flows?")["ports"]["n1.i0"])

    def fault(self, text: str) -> None:
        """Let something go wrong, from now on: ``source:dead``."""
        assert text in str(self._witness({"fault": text}))

    def mend(self) -> None:
        """Let nothing be wrong any more."""
        assert self._witness({"mend": "all"}) == {"faults": []}

    def _witness(self, line: object) -> Any:
        host, port = self.addresses["witness"]["tcp"].removeprefix("tcp://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(json.dumps(line).encode() + b"\n")
            return json.loads(connection.makefile().readline())

    def wait_until_off(self, within: float) -> float:
        """Seconds until no current flows; fails after `within`."""
        begun = time.monotonic()
        while abs(self.delivered()) > 0:
            assert time.monotonic() - begun < within, f"{self.delivered()} A still flow after {within} s"
            time.sleep(0.05)
        return time.monotonic() - begun


@contextmanager
def served(folder: Path, *options: str) -> Iterator[ServedBench]:
    """Serve the shipped bench in a process of its own."""
    process = subprocess.Popen(
        [*COMMAND, "simulate", "--json", *options], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        text = load_bench().path.read_text(encoding="utf-8")
        text = re.sub(r'resource = "serial:[^"]*"', f'resource = "{addresses["source"]["tcp"]}"', text)
        text = re.sub(r'resource = "tcp:[^"]*"', f'resource = "{addresses["scope"]["tcp"]}"', text)
        file = folder / "served.toml"
        file.write_text(text, encoding="utf-8")
        yield ServedBench(file, addresses)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=20)
