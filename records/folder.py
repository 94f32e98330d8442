"""The folder of a run: what its files are called, how a new one comes to be, and what ``run.json`` says about it.

``run.json`` never claims more than is known: its status stays ``running`` when a writer dies, and the reader derives
``interrupted`` from the lock that the operating system took back.
"""

import json
import re
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from neurorig.signals import RecordError

from . import lock
from .jsonfile import encode, replace_file, without_nan

SCHEMA = 1
"""Version of the folder's layout; raised when an older reader would misread it."""

STATUSES = ("running", "interrupted", "done", "failed", "stopped")

RUN, LOG, NOTES, TRACES, LOCK = "run.json", "log.jsonl", "notes.jsonl", "traces.h5", "writer.lock"

RESERVE = 64 * 2**20
"""Bytes that stay free on the disk, so that the record of what went wrong can still be written."""


def now() -> str:
    """UTC in ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make_folder(root: Path, name: str) -> Path:
    """Make a new folder such as ``20261120T064512Z_bump_ab12``; raises RecordError when `root` cannot be written."""
    short = re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:40] or "run"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    while True:
        path = root / f"{stamp}_{short}_{secrets.token_hex(2)}"
        try:
            root.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError:
            if root.is_dir():
                continue
            raise RecordError(f"{root}: is a file, not a folder. Choose another folder with --out.") from None
        except OSError as reason:
            raise RecordError(
                f"{root}: no run can be written here ({reason.strerror}). Make the folder writable, or choose another "
                "with --out."
            ) from reason
        return path


def check_space(path: Path, wanted: int) -> None:
    """Raise RecordError when the disk at `path` has no room for `wanted` bytes beside the reserve."""
    free = shutil.disk_usage(path).free
    if free < wanted + RESERVE:
        raise RecordError(
            f"{path}: the disk is nearly full: {free / 1e6:.0f} MB free, {wanted / 1e6:.0f} MB to be written, "
            f"{RESERVE / 1e6:.0f} MB kept in reserve. Free some space, or choose another disk with --out."
        )


def merge(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Give `base` with `more` laid over it: sections (dicts) are merged, anything else is replaced."""
    both = dict(base)
    for key, value in more.items():
        old = both.get(key)
        both[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def write_meta(path: Path, meta: dict[str, Any]) -> None:
    """Replace ``run.json`` of the run at `path` at once."""
    try:
        replace_file(path / RUN, encode(without_nan(meta), indent=1))
    except OSError as reason:
        raise RecordError(f"{path / RUN}: cannot be written ({reason.strerror}).") from reason


def read_meta(path: Path) -> dict[str, Any]:
    """Read ``run.json``; raises RecordError when it is missing, damaged, or of a newer layout."""
    file = path / RUN
    try:
        meta = json.loads(file.read_bytes())
    except OSError as reason:
        raise RecordError(f"{path}: is not a run ({RUN}: {reason.strerror}).") from reason
    except ValueError as reason:
        raise RecordError(f"{file}: is damaged ({reason}).") from reason
    if not isinstance(meta, dict) or not isinstance(meta.get("schema"), int) or meta.get("status") not in STATUSES:
        raise RecordError(f"{file}: is damaged (no schema version or no known status).")
    if meta["schema"] > SCHEMA:
        raise RecordError(
            f"{file}: was written by a newer neurorig (layout {meta['schema']}, this one reads up to {SCHEMA}). "
            "Upgrade neurorig to read it."
        )
    return meta


def read_state(path: Path) -> tuple[dict[str, Any], str]:
    """Read ``run.json`` and give it with the run's status, ``interrupted`` when its writer is gone."""
    meta = read_meta(path)
    if meta["status"] == "running" and not lock.is_held(path / LOCK):
        meta = read_meta(path)  # it may have finished between the two looks
        if meta["status"] == "running":
            return meta, "interrupted"
    return meta, meta["status"]
