"""What IEEE 488.2 says a block of bytes looks like, on its way in and on its way out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

_HASH, _ZERO = b"#0"
LINE_ENDS = (b"\n", b"\r\n")


def block_header(head: bytes | bytearray) -> tuple[int, int | None] | None:
    """Where the payload starts and how long it is; the length of an indefinite block (``#0``) is None.

    None while too little has arrived. ValueError if it is no block (IEEE 488.2, 8.7.9 and 8.7.10).
    """
    if len(head) < 2:
        if head and head[0] != _HASH:
            raise _no_block(head)
        return None
    digits = head[1] - _ZERO
    if head[0] != _HASH or not 0 <= digits <= 9:
        raise _no_block(head)
    if not digits:
        return 2, None
    size = head[2 : 2 + digits]
    if not size.isdigit() and size:  # bytes: ASCII digits only; int() would take a sign, a space or an underscore
        raise _no_block(head)
    return (2 + digits, int(size)) if len(size) == digits else None


def _no_block(head: bytes | bytearray) -> ValueError:
    return ValueError(f"a block was expected, the answer starts with {bytes(head[:20])!r}")


def with_block(line: str, block: "Buffer") -> bytes:
    """A line followed by a definite block and the line end."""
    payload = memoryview(block).cast("B")
    size = str(len(payload)).encode()
    return b"".join((line.encode(), b" #%d%s" % (len(size), size), payload, b"\n"))
