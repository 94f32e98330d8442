"""``neurorig doctor``: what is missing on this machine, and how to get it."""

import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .options import RUNS, JsonOption, OutOption, PortOption

LEAST_FREE = 2_000_000_000
"""Bytes below which the disk is called nearly full: a long campaign's night."""
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "sshfs", "fuse.sshfs", "afs", "ceph", "9p", "fuse.glusterfs"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: fine or not, needed or only for an extra, and what to do."""

    what: str
    fine: bool
    needed: bool
    detail: str
    remedy: str = ""
    mark: str = "extra"
    """What stands before it when it is neither fine nor needed."""


def doctor_command(*, port: PortOption = "", out: OutOption = RUNS, as_json: JsonOption = False) -> int:
    """Look at Python, packages, serial ports, firmware, the disk for the runs; exit code 1 if something needed is missing.

    With --port, also at the current source there: opening its port restarts an Arduino, and its outputs go off.
    """
    findings = [*_python(), *_packages(), *_programs(), *_serial_ports(), *_firmware(port), *_disk(out)]
    if as_json:
        print(json.dumps([asdict(f) for f in findings]))
    else:
        for f in findings:
            mark = "ok" if f.fine else ("MISSING" if f.needed else f.mark)
            print(f"{mark:7s} {f.what:22s} {f.detail}" + (f"\n        -> {f.remedy}" if not f.fine else ""))
    return int(any(f.needed and not f.fine for f in findings))


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), True, version, "install Python 3.11 or newer")


def _packages() -> Iterator[Finding]:
    extras = {
        "gui": ("pyqtgraph", "PySide6-Essentials"),
        "nwb": ("pynwb", "nwbinspector"),
        "distributed": ("distributed",),
    }
    for requirement in importlib.metadata.requires("neurorig") or []:
        if "extra ==" not in requirement:
            yield _package(_name(requirement), needed=True, remedy="pip install -e . (again, in neurorig's folder)")
    for extra, names in extras.items():
        for name in names:
            yield _package(name, needed=False, remedy=f"only for the extra '{extra}': pip install -e '.[{extra}]'")


def _package(name: str, *, needed: bool, remedy: str) -> Finding:
    try:
        return Finding(name, True, needed, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, needed, "not installed", remedy)


def _name(requirement: str) -> str:
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), len(requirement))
    return requirement[:end]


def _programs() -> Iterator[Finding]:
    path = shutil.which("ngspice")
    remedy = "only to check the twin with SPICE: install ngspice (Debian: sudo apt install ngspice)"
    yield Finding("ngspice", path is not None, False, path or "not found", remedy)
    yield _kicad()
    yield _simavr()


def _kicad() -> Finding:
    from neurorig.hardware.kicad import KicadError
    from neurorig.hardware.kicad.program import kicad_cli

    try:
        program, version = kicad_cli()
    except KicadError as error:
        return Finding("KiCad", False, False, "not found or too old", f"only to check and build the boards: {error}")
    return Finding("KiCad", True, False, f"{version}, {program}")


def _simavr() -> Finding:
    from neurorig.hardware.firmware.simulated.building import compiled, shim
    from neurorig.signals import ConfigError

    try:
        shim()
    except ConfigError as error:
        remedy = f'only to simulate the source by its firmware (simulate = "firmware"): {error}'
        return Finding("simavr", False, False, "not found", remedy)
    return Finding("simavr", True, False, f"with gcc: {compiled()}")


def _serial_ports() -> Iterator[Finding]:
    from serial.tools import list_ports

    from neurorig.instruments.permissions import may_open, serial_refused

    ports = [p.device for p in list_ports.comports()]
    if not ports:
        yield Finding("serial ports", False, False, "none found",
                      "plug the current source in; without hardware use --simulate")  # fmt: skip
    for port in ports:
        allowed = may_open(port)
        yield Finding(f"serial {port}", allowed, True, "usable" if allowed else "no permission",
                      "" if allowed else serial_refused(port).remedy)  # fmt: skip


def _firmware(port: str) -> Iterator[Finding]:
    from neurorig.hardware.firmware import images
    from neurorig.signals import BenchError, ConfigError

    try:
        _, build = images.packaged()
        old = images.stale()
    except ConfigError as reason:
        yield Finding("firmware image", False, True, str(reason), "install neurorig again")
        return
    yield Finding("firmware image", not old, False, build.full_version, old, mark="STALE")
    path = shutil.which("avrdude")
    remedy = "only to write the firmware into a current source: install avrdude (Debian: sudo apt install avrdude)"
    yield Finding("avrdude", path is not None, False, path or "not found", remedy)
    if not port:
        return
    from neurorig.instruments.flashing import mismatch, version_at

    try:
        found = version_at(port)
    except BenchError as reason:
        yield Finding("current source", False, True, port, str(reason))
        return
    other = mismatch(found, build)
    yield Finding("current source", not other, False, f"{found.version} at {port}",
                  f"{other}: neurorig firmware flash --port {port}", mark="DIFFERS")  # fmt: skip


def _disk(out: Path) -> Iterator[Finding]:
    place = next(p for p in (out.absolute(), *out.absolute().parents) if p.exists())
    writable = os.access(place, os.W_OK)
    yield Finding("folder of the runs", writable, True, str(out), f"choose another with --out: {place} is not writable")
    free = shutil.disk_usage(place).free
    yield Finding("free disk", free > LEAST_FREE, True, f"{free / 1e9:.1f} GB", "make room, or choose --out elsewhere")
    kind = _filesystem(place)
    yield Finding("kind of disk", kind not in NETWORK_DISKS, False, kind or "unknown",
                  "a network disk can stall or lose a run: record to a local disk and copy afterwards")  # fmt: skip


def _filesystem(place: Path) -> str:
    """Type of the filesystem that holds `place`, from the longest mount point above it (Linux; elsewhere unknown)."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    mounts = [(fields[1], fields[2]) for fields in (line.split() for line in lines)]
    above = [m for m in mounts if place.is_relative_to(m[0])]
    return max(above, key=lambda m: len(m[0]), default=("", ""))[1]
