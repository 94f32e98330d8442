"""A whole answer of which nobody knows the form beforehand: a line, a block, or everything until silence.

A driver knows what it asks for and uses `Link.query` or `Link.query_block`; this is for a person at a console.
"""

import time

from .blocks import LINE_ENDS, block_header
from .link import Link

_AFTER_BLOCK = 0.3  # seconds of silence that end an indefinite block where the interface does not mark its end


def whole_answer(
    link: Link, line: str, *, timeout: float | None = None, silence: float = 0.0, linger: float = 0.0
) -> bytes:
    """Send one line and give all that answers it, its end included.

    A definite block is taken by its exact length and what follows up to the line end; an indefinite one, and everything when
    `silence` (s) is given, until nothing has come for that long. `linger` (s): more lines may follow the first, each within
    this time of the last. Raises LinkError like `Link.query`.
    """
    with link._lock:
        deadline = link._begin(timeout)
        data = bytearray()
        try:
            link._transmit(line.encode() + b"\n", deadline)
            while not _complete(data, ended=link._ended, until_silence=silence > 0):
                pause = silence or (_AFTER_BLOCK if data[:2] == b"#0" else 0.0)
                if not (piece := _piece(link, deadline, pause if data else 0.0)):
                    break
                data += piece
            while linger and (piece := _piece(link, deadline, linger)):
                data += piece
        except BaseException as reason:
            link._fail(reason, line, timeout, data)
        link._dirty = False
        return bytes(data)


def block_in(answer: bytes) -> tuple[bytes, bytes] | None:
    """Payload of an answer that is a block, and what follows it; None for any other answer."""
    try:
        header = block_header(answer)
    except ValueError:
        return None
    if header is None:
        return None
    start, length = header
    if length is None:
        end = next((e for e in reversed(LINE_ENDS) if answer.endswith(e)), b"")
        return answer[start : len(answer) - len(end)], b""
    return answer[start : start + length], answer[start + length :].strip(b"\r\n")


def _piece(link: Link, deadline: float, pause: float) -> bytes:
    """What comes next; nothing after a `pause` (s) of silence, where silence is an end."""
    try:
        return link._more(min(deadline, time.monotonic() + pause) if pause else deadline)
    except TimeoutError:
        if pause:
            return b""
        raise


def _complete(data: bytearray, *, ended: bool, until_silence: bool) -> bool:
    if not data or until_silence:
        return False
    if ended:
        return True
    try:
        header = block_header(data)
    except ValueError:
        return b"\n" in data
    if header is None or header[1] is None:
        return False
    return data.find(b"\n", header[0] + header[1]) >= 0
