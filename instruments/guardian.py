"""The guardian: a small process that makes the outputs safe if the main process dies without having done so.

It waits for end-of-file on its standard input, in a session of its own so that Ctrl-C does not reach it, opens ports only
after the main process is gone or has let go, keeps trying what it cannot reach and says so. What it says was made safe,
the instrument has confirmed. An address may since belong to somebody else: what another program has claimed, and an
instrument that says it is another one, it does not touch.
"""

import contextlib
import io
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorig.signals import BenchError, LinkError

if TYPE_CHECKING:
    from .links import Link

RETRY = 0.5
PATIENCE = 600.0
"""Seconds between two tries, and after how many it gives up."""

LOOK = 0.2
"""Seconds between two looks whether the main process lives: a forked child may hold the pipe open after its death."""

ASK = 0.4
"""Seconds for an instrument to say who it is; one that is busy or just restarting does not, and is made safe all the same."""

FIRST = 0.3
"""Seconds by which what drives a board is made safe before what feeds it, if it can be."""

STANDING = "standing guard"

_IDENTITY = r"(?:HELLO )?([^,]+),([^,]+),([^,]+),[^,]+"


@dataclass(frozen=True)
class Ward:
    """What the guardian has to make safe: where it is, its driver's name, the short lines that do it, and who answered there
    (maker, model, serial number)."""

    name: str
    resource: str
    driver: str
    lines: tuple[str, ...]
    identity: tuple[str, ...]


class _NotOursError(BenchError):
    """The address belongs to somebody else now: nothing was sent that changes anything."""


class Guardian:
    """The main process's end: start it, hand it the wards, and tell it when all is well."""

    def __init__(self) -> None:
        self._dismissed = True
        # -P: a file such as queue.py in the working directory must not take the place of a library
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "neurorig.instruments.guardian", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def watch(self, wards: Sequence[Ward], log: Path | None = None) -> None:
        """Hand over the instruments to make safe, and a file to write what was done to. BenchError unless it confirms."""
        self._dismissed = False
        self._tell({"wards": [asdict(w) for w in wards], "log": str(log) if log else None})
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != STANDING:
            raise BenchError(
                f"The guardian, which makes the outputs safe should this program die, does not run ({sys.executable} "
                "-m neurorig.instruments.guardian). Nothing was switched on."
            )

    def dismiss(self) -> None:
        """All outputs are safe: let it go."""
        self._dismissed = True
        self._tell({"dismissed": True})

    def release(self) -> None:
        """Let go of it, the ports being closed: it ends if it was dismissed or has nothing to guard, else it acts now."""
        if not self._dismissed:
            self._tell({"act": True})
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()


def stand_guard(parent: int) -> None:
    """Read messages until the end; act if nobody was dismissed."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)  # it outlives what ends the others, and ends by itself
    wards: list[Ward] = []
    log: Path | None = None
    let_go = False
    while (message := _next_message(parent)) is not None:
        if message.get("dismissed"):
            return
        let_go = let_go or "act" in message
        if "wards" in message:
            wards = [
                Ward(w["name"], w["resource"], w["driver"], tuple(w["lines"]), tuple(w["identity"]))
                for w in message["wards"]
            ]
            log = Path(message["log"]) if message["log"] else None
            print(STANDING, flush=True)
    while wards and not let_go and os.getppid() == parent:
        time.sleep(0.02)
    _make_safe(wards, log, "had ended without a confirmed switch-off" if let_go else "had died")


_lines: "queue.SimpleQueue[bytes]" = queue.SimpleQueue()


def _read_lines() -> None:
    for line in io.FileIO(0, closefd=False):  # no buffer, whose lock a thread must not hold at the end
        _lines.put(line)
    _lines.put(b"")


def _next_message(parent: int) -> dict[str, Any] | None:
    """The next message; None at the end of the input, or of the main process."""
    while True:
        with contextlib.suppress(queue.Empty):
            line = _lines.get(timeout=LOOK)
            return dict(json.loads(line)) if line.endswith(b"\n") else None
        if os.getppid() != parent:
            return None


def _make_safe(wards: Sequence[Ward], log: Path | None, ended: str) -> None:
    """All at once, so that one that does not answer keeps none waiting; what feeds the board a little later."""
    from .drivers import DRIVERS

    guards: list[threading.Thread] = []
    for ward in sorted(wards, key=lambda ward: DRIVERS[ward.driver].role == "PowerSupply"):
        if DRIVERS[ward.driver].role == "PowerSupply":
            for guard in guards:
                guard.join(FIRST)
        guards.append(threading.Thread(target=_guard, args=(ward, log, ended)))
        guards[-1].start()
    for guard in guards:
        guard.join()


def _guard(ward: Ward, log: Path | None, ended: str) -> None:
    """Try until it is safe, and say so; what hinders is said once."""
    told: set[type[Exception]] = set()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            _make_one_safe(ward)
        except Exception as reason:
            if type(reason) not in told:
                _say(log, f"{ward.name} ({ward.resource}) {_hindered(reason)}")
                told.add(type(reason))
            time.sleep(RETRY)
        else:
            _say(log, f"{ward.name} ({ward.resource}) was made safe after the program {ended}, and confirmed it.")
            return
    _say(log, f"{ward.name} ({ward.resource}) could not be made safe in {PATIENCE:.0f} s: switch it off by hand.")


def _hindered(reason: Exception) -> str:
    what = "was not reached" if isinstance(reason, _NotOursError) else "cannot be made safe"
    return f"{what}: {str(reason).rstrip('.')}. Trying again; if current may be flowing, switch it off by hand."


def _make_one_safe(ward: Ward) -> None:
    from .claim import Claim
    from .drivers import DRIVERS  # serial ports are opened only now
    from .links import open_link

    driver = DRIVERS[ward.driver]
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(Claim(ward.resource))
        except BenchError as reason:
            raise _NotOursError("another neurorig on this machine is using this address; it is not touched") from reason
        link = stack.enter_context(open_link(ward.resource, baud=driver.baud, framing=driver.framing, timeout=2.0))
        _check_identity(ward, link)
        link.send_safe(ward.lines)  # at once; the driver's own module is only imported to hear the answer
        driver.load().confirm(link)
        _check_identity(ward, link)  # at first it may have been deaf, restarting because the port was opened


def _check_identity(ward: Ward, link: "Link") -> None:
    """Raises _NotOursError when another instrument answers; silence, and what is no answer to ``*IDN?``, says nothing."""
    from .links import Resync

    known, link.resync = link.resync, Resync(lambda _: [("*IDN?", _IDENTITY)])
    deadline = time.monotonic() + ASK
    with contextlib.suppress(LinkError):
        while (left := deadline - time.monotonic()) > 0:
            if match := re.fullmatch(_IDENTITY, link.query("*IDN?", timeout=left)):
                link.resync = known
                found, ours = (tuple(map(str.strip, fields)) for fields in (match.groups(), ward.identity))
                if found != ours:
                    raise _NotOursError(f"{_named(found)} answers there, not {_named(ours)}; it is not touched")
                return
    link.resync = known


def _named(identity: Sequence[str]) -> str:
    maker, model, serial = identity
    return f"{maker} {model} with serial number {serial}"


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
    threading.Thread(target=_read_lines, daemon=True).start()
    stand_guard(int(sys.argv[1]))
