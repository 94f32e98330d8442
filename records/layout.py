"""How ``traces.h5`` is laid out: one table of sweeps, and long arrays that its rows point into.

    sweeps               one row per sweep: a fixed-width table, because SWMR forbids new datasets and attributes
    documents            bytes: per sweep one JSON object with label, state, params, acquired
    traces/<node>        integers: the samples of all sweeps, each sweep starting at a chunk of its own
    commanded/<port>     (edge_ns, level) of all sweeps; the last level of a sweep is NaN: its edge is the end
    reported/<port>      the same for what the source says it played
    read_backs/<name>    integers: what the source read back of itself, kept like traces; t0 and dt by its own clock
    stamps/<name>        int64: when its comparators saw spikes, in units of its own clock

A row is written last, so a row means that everything it points to is there; `crc` (CRC-32 of the row, with `crc` 0, and
of its document) tells a whole row from a torn one, `check` (sum of the samples' 64-bit words) does so for a trace.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurorig.signals import RecordError

ABOUT = (
    "Sweeps of one run. Row k of /sweeps describes sweep k: samples first .. first + count - 1 of /traces/<node> mean "
    "samples * scale + offset in the unit of that dataset, taken at t0 + i * dt seconds after the trigger; "
    "/commanded/<port> and /reported/<port> hold breakpoints (ns) and levels. /read_backs/<name> and /stamps/<name> are what "
    "the source told of itself, by its own clock from its own start: reported, not measured. first = -1: not in this sweep. "
    "A file whose run was interrupted opens with SWMR read access."
)

ABSENT = -1

STEP = np.dtype([("edge_ns", "<i8"), ("level", "<f8")])

_TRACE = np.dtype(
    [("first", "<i8"), ("count", "<i8"), ("scale", "<f8"), ("offset", "<f8"), ("t0", "<f8"), ("dt", "<f8"),
     ("error", "<f8"), ("clipped", "<i8"), ("check", "<u8")]
)  # fmt: skip

_STAMPS = np.dtype([("first", "<i8"), ("count", "<i8"), ("unit", "<f8"), ("lost", "<i8"), ("check", "<u8")])

_STEPS = np.dtype([("first", "<i8"), ("count", "<i8"), ("unit", "S16")])


def sweep_table(
    channels: Sequence[str], ports: Sequence[str], read_backs: Sequence[str] = (), stamped: Sequence[str] = ()
) -> np.dtype[np.void]:
    """Give the row type of the sweeps table; raises RecordError for a name that cannot be a column or dataset."""
    for names in (channels, ports, read_backs, stamped):
        for name in names:
            if not name or "/" in name or "\0" in name or not name.strip(".") or names.count(name) > 1:
                raise RecordError(f"'{name}' cannot name a channel or port of a run: empty, doubled, or with '/'.")
    parts: list[tuple[str, DTypeLike]] = [
        ("index", "<i8"), ("started", "S32"), ("document_first", "<i8"), ("document_count", "<i8"), ("crc", "<u4"),
    ]  # fmt: skip
    if channels:
        parts.append(("traces", np.dtype([(name, _TRACE) for name in channels])))
    if ports:
        parts += [(kind, np.dtype([(port, _STEPS) for port in ports])) for kind in ("commanded", "reported")]
    if read_backs:
        parts.append(("read_backs", np.dtype([(name, _TRACE) for name in read_backs])))
    if stamped:
        parts.append(("stamps", np.dtype([(name, _STAMPS) for name in stamped])))
    return np.dtype(parts)


def row_crc(row: NDArray[np.void], document: bytes) -> int:
    """CRC-32 over a one-row table and its document."""
    blank = row.copy()
    blank["crc"] = 0
    return zlib.crc32(document, zlib.crc32(blank.tobytes()))


def samples_check(samples: NDArray[Any]) -> int:
    """Sum of the 64-bit words modulo 2**64: finds lost and zeroed blocks at the speed of memory."""
    raw = np.ascontiguousarray(samples).view(np.uint8)
    whole = len(raw) // 8 * 8
    tail = int.from_bytes(raw[whole:].tobytes(), "little")
    return (int(raw[:whole].view("<u8").sum(dtype=np.uint64)) + tail) % 2**64
