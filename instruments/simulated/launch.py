"""Start the world in a process of its own and learn its addresses."""

import json
import os
import re
import select
import subprocess
import sys
import time
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from neurorig.signals import BenchError, NeurorigError, errors

from .process import Settings

PATIENCE = 60.0
"""Seconds the world may take to start: the first time, the twin is compiled."""


class SimulatedProcess:
    """A simulated bench that starts while others do something else; leaving the context ends it."""

    def __init__(self, settings: Settings) -> None:
        # A session of its own: Ctrl-C is for the program, which still needs the instruments to make them safe.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "neurorig.instruments.simulated.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(settings)).encode() + b"\n")
        self._process.stdin.flush()
        self._addresses: dict[str, Any] | None = None
        self.paced = settings.paced

    @property
    def addresses(self) -> dict[str, Any]:
        """Addresses by instrument name: ``{"scope": {"tcp": "tcp://..."}, "source": {"tcp": ..., "serial": ...}}``.

        Waits for the world to be ready. Raises BenchError with what it said if it does not start.
        """
        if self._addresses is None:
            self._addresses = json.loads(self._first_line())
        return self._addresses

    def resource(self, name: str) -> str:
        """Where the simulated instrument answers: its pseudo-terminal if it has one, else its TCP port."""
        address = self.addresses[name]
        return str(address.get("serial", address["tcp"]))

    def _first_line(self) -> bytes:
        process, deadline = self._process, time.monotonic() + PATIENCE
        assert process.stdout is not None
        assert process.stderr is not None
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                process.kill()
                raise _not_started(process.stderr.read().decode(errors="replace").strip())
            line += piece
        return line

    def close(self) -> None:
        """End the world, at once: it keeps nothing."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        died = self._process.poll() is not None
        said = self._process.communicate()[1].decode(errors="replace").strip().splitlines() if died else []
        self.close()
        if isinstance(error, BenchError) and said:
            raise BenchError(f"The simulated bench has failed: {said[-1]}. What was seen of it: {error}") from error


def _not_started(said: str) -> NeurorigError:
    """What ended the process, as the error that it was; of a traceback the last line is told."""
    begun = "The simulated bench did not start"
    if refused := re.search(rf"^{errors.__name__}\.(\w+): (.*)\Z", said, re.MULTILINE | re.DOTALL):
        kind: type[NeurorigError] = getattr(errors, refused[1])
        return kind(f"{begun}: {refused[2]}")
    return BenchError(f"{begun}: {said.splitlines()[-1] if said else 'no answer in time'}")
