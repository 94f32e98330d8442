"""The picture on an oscilloscope's screen: graticule and traces as pixels, and the files that screenshots come in."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
YELLOW, CYAN, MAGENTA, BLUE, GREEN = (255, 255, 0), (0, 255, 255), (255, 0, 255), (60, 120, 255), (0, 220, 80)
GRID = (70, 70, 70)
MARGIN = 20


@dataclass(frozen=True)
class Drawn:
    """One trace: divisions above the middle of the screen at evenly spaced times from its left to its right edge."""

    divisions: NDArray[np.float64]
    colour: Colour


def draw(
    traces: Sequence[Drawn], *, across: int, down: int = 8, width: int = 800, height: int = 480
) -> NDArray[np.uint8]:
    """Pixels of a screen with `across` x `down` divisions, the last trace on top; shape (height, width, 3)."""
    pixels = np.zeros((height, width, 3), np.uint8)
    left, right, top, bottom = MARGIN, width - MARGIN - 1, MARGIN, height - MARGIN - 1
    for column in np.linspace(left, right, across + 1).round().astype(int):
        pixels[top : bottom + 1, column] = GRID
    for row in np.linspace(top, bottom, down + 1).round().astype(int):
        pixels[row, left : right + 1] = GRID
    for trace in traces:
        if not len(trace.divisions):
            continue
        rows = (top + bottom) / 2 - trace.divisions * (bottom - top) / down
        rows = np.clip(np.rint(rows), top, bottom).astype(int)
        edges = np.linspace(0, len(rows), right - left + 1).astype(int)
        for column in range(right - left):
            # From the last point of the column before, so that the line has no gaps.
            seen = rows[max(0, edges[column] - 1) : max(edges[column + 1], edges[column] + 1)]
            pixels[seen.min() : seen.max() + 1, left + column] = trace.colour
    return pixels


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of 8-bit RGB `pixels`, shape (height, width, 3) (W3C PNG specification, sections 5 and 11)."""
    height, width, _ = pixels.shape

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bmp(pixels: NDArray[np.uint8]) -> bytes:
    """A Windows bitmap of 24 bits, its rows from the bottom up."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, (3 * width + 3) // 4 * 4), np.uint8)
    rows[:, : 3 * width] = pixels[::-1, :, ::-1].reshape(height, -1)
    size = 54 + rows.size
    head = struct.pack("<2sIHHI", b"BM", size, 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, rows.size, 2835, 2835, 0, 0) + rows.tobytes()
