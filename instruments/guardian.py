"""The guardian: a small process that makes the outputs safe if the main process dies without having done so.

It waits for end-of-file on its standard input, in a session of its own so that Ctrl-C does not reach it, opens ports only
after the main process is gone, keeps trying what it cannot reach and says so. Standard library and links only.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RETRY = 0.5
PATIENCE = 600.0
"""Seconds between two tries, and after how many it gives up."""


@dataclass(frozen=True)
class Ward:
    """What the guardian has to make safe: where it is, and the short lines that do it."""

    name: str
    resource: str
    lines: tuple[str, ...]


class Guardian:
    """The main process's end: start it, hand it the wards, and tell it when all is well."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "neurorig.instruments.guardian", str(os.getpid())],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def watch(self, wards: Sequence[Ward], log: Path | None = None) -> None:
        """Hand over the instruments to make safe, and a file to write what was done to."""
        self._tell({"wards": [asdict(w) for w in wards], "log": str(log) if log else None})

    def dismiss(self) -> None:
        """All outputs are safe: let it go."""
        self._tell({"dismissed": True})

    def release(self) -> None:
        """Let go of it: it ends if it was dismissed or has nothing to guard, else it acts when this process is gone."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def _tell(self, message: dict[str, Any]) -> None:
        if self._process.stdin and self._process.poll() is None:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()


def stand_guard(parent: int) -> None:
    """Read messages until the end; act if nobody was dismissed."""
    wards: list[Ward] = []
    log: Path | None = None
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("dismissed"):
            return
        wards = [Ward(w["name"], w["resource"], tuple(w["lines"])) for w in message["wards"]]
        log = Path(message["log"]) if message["log"] else None
    while wards and os.getppid() == parent:
        time.sleep(0.02)
    _make_safe(wards, log)


def _make_safe(wards: Sequence[Ward], log: Path | None) -> None:
    from .links import open_link  # noqa: PLC0415  (serial ports are opened only now)

    waiting = {w.name: w for w in wards}
    told: set[str] = set()
    deadline = time.monotonic() + PATIENCE
    while waiting and time.monotonic() < deadline:
        for ward in list(waiting.values()):
            try:
                link = open_link(ward.resource, timeout=2.0)
                try:
                    link.send_safe(ward.lines)
                finally:
                    link.close()
            except Exception as reason:
                if ward.name not in told:
                    _say(
                        log,
                        f"{ward.name} ({ward.resource}) cannot be reached: {reason}. Trying again; "
                        "if current may be flowing, switch it off by hand.",
                    )
                    told.add(ward.name)
            else:
                _say(log, f"{ward.name} ({ward.resource}) was made safe after the program had died.")
                del waiting[ward.name]
        if waiting:
            time.sleep(RETRY)
    for ward in waiting.values():
        _say(log, f"{ward.name} ({ward.resource}) could not be reached for {PATIENCE:.0f} s: switch it off by hand.")


def _say(log: Path | None, text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone with the program
        print(f"neurorig guardian: {text}", file=sys.stderr, flush=True)
    if log is not None:
        try:
            with log.open("a", encoding="utf-8") as file:
                stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                file.write(json.dumps({"time": stamp, "event": "guardian", "message": text}) + "\n")
        except OSError as reason:
            print(f"neurorig guardian: {log}: {reason}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    stand_guard(int(sys.argv[1]))
