"""Who writes this run: a lock held by the operating system, which lets go when its process ends, however it ends.

Everything here that depends on the operating system; Linux is tested.
"""

import os
import sys
from pathlib import Path

from neurorig.signals import RecordError

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int, *, shared: bool) -> None:  # Windows knows exclusive locks only
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int, *, shared: bool) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


class WriterLock:
    """Held from construction to `release`, or to the end of the process."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(self._descriptor, shared=False)
        except OSError as reason:
            self.release()
            raise RecordError(
                f"{path}: cannot be locked ({reason.strerror}); the disk does not support locks or another process "
                "writes this run. Choose a folder on a local disk with --out."
            ) from reason

    def release(self) -> None:
        """Let go; the writer is done."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        _take(descriptor, shared=True)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
