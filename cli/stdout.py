"""Standard output that says so when it is lost: a full disk, a reader that has gone, a descriptor that was closed.

An OSError alone does not tell whether it came from standard output or from a file that a command was writing.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


class StdoutLostError(Exception):
    """Nothing more can be told; says why."""


class ReaderGoneError(StdoutLostError):
    """Who was reading has read enough, such as `head`."""


class _Guarded:
    """The stream itself, but for its errors."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _lost():
            return self._stream.write(text)

    def flush(self) -> None:
        with _lost():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def guarded_stdout() -> Iterator[None]:
    """Everything printed inside is written at the end, too. Raises StdoutLostError when it cannot be."""
    stream = sys.stdout
    if stream is None:  # its descriptor would be given to the next file that is opened
        raise StdoutLostError("is closed")
    sys.stdout = _Guarded(stream)  # all that print and rich ask for
    try:
        yield
        sys.stdout.flush()
    except StdoutLostError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # else Python tries once more at its own end
        raise
    finally:
        sys.stdout = stream


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as reason:
        raise ReaderGoneError("has no reader any more") from reason
    except OSError as reason:
        raise StdoutLostError(f"cannot be written ({reason.strerror})") from reason
