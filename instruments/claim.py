"""One program at a time: a claim on an address, held by the operating system until its process ends, however it ends.

A serial port is exclusive by itself, a TCP address is not: a second program would set an instrument in the middle of the
first one's run. Everything here that depends on the operating system; Linux is tested, Windows makes no claims.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Self

from neurorig.signals import BenchError

_held: set[int] = set()


def _drop_all() -> None:
    while _held:
        os.close(_held.pop())


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_drop_all)  # a forked child must not hold on to what its dead parent had claimed


class Claim:
    """Held while entered. Raises BenchError when another program of this machine holds it."""

    def __init__(self, resource: str) -> None:
        self._resource = resource
        key = hashlib.sha256(resource.encode()).hexdigest()[:16]
        self._path = Path(tempfile.gettempdir()) / f"neurorig-{key}.claim"

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY)  # another user's file can be opened, but not made
        except FileNotFoundError:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CREAT, 0o644)
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as reason:
                os.close(self._descriptor)
                raise BenchError(
                    f"{self._resource}: another neurorig on this machine is using it. Wait until it has ended, or stop it."
                ) from reason
        _held.add(self._descriptor)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor in _held:
            _held.remove(self._descriptor)
            os.close(self._descriptor)
