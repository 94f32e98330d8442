"""Why this computer does not let an instrument be reached, in plain words, with the command that mends it.

Everything of the search that depends on the operating system; Linux is tested, elsewhere less is told.
"""

import importlib.util
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USB_DEVICES = Path("/sys/bus/usb/devices")
USB_NODES = Path("/dev/bus/usb")
KINDS = Path("/sys/dev/char")
"""Device files by their numbers, as Linux lists them."""
MOST_NAMED = 3
_USBTMC = ("fe", "03")  # interface class and subclass of USB test and measurement (USBTMC 1.0, table 43)


@dataclass(frozen=True)
class Trouble:
    """Something that is there, or may be, and cannot be used: where, why, and what to do about it."""

    where: str
    what: str
    remedy: str = ""


def is_serial(device: str) -> bool:
    """Whether an existing device file may be a serial port, told without opening it: that would restart an Arduino."""
    found = Path(device).stat()
    if not stat.S_ISCHR(found.st_mode):
        return False
    kind = KINDS / f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}" / "subsystem"
    return not kind.exists() or kind.resolve().name == "tty"  # a pseudo-terminal is not listed


def may_open(device: str) -> bool:
    """Whether this user may read and write the device file."""
    return os.access(device, os.R_OK | os.W_OK)


def serial_refused(device: str) -> Trouble:
    """What is in the way of opening a serial port that exists."""
    group = _group_of(Path(device))
    if group is None:
        return Trouble(device, "this user may not open it", f"sudo chmod a+rw {device}   (until it is unplugged)")
    if _listed_in(group):
        what = f"this user has been put into the group '{group}', but not yet in this session"
        return Trouble(device, what, f"log out and in again, or in this terminal: newgrp {group}")
    return Trouble(
        device,
        f"this user may not open it: it belongs to the group '{group}'",
        f"sudo usermod -aG {group} $USER   then log out and in again",
    )


def holders(device: str) -> list[str]:
    """Programs of this user that hold a device file open, such as ``minicom (4711)``; those of others cannot be seen."""
    real = os.path.realpath(device)
    if real.startswith("/dev/pts/"):  # a pseudo-terminal is held open by who serves it
        return []
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()) and _holds(process, real):
            found.append(f"{_program(process)} ({process.name})")
    return found


def in_use(device: str, by: list[str]) -> Trouble:
    """A serial port that another program has."""
    who = ", ".join(by[:MOST_NAMED]) or "another program"
    more = f" and {len(by) - MOST_NAMED} more" if len(by) > MOST_NAMED else ""
    what = f"{who}{more} {'have' if len(by) > 1 else 'has'} it open; it was left alone"
    return Trouble(device, what, f"end {'those programs' if len(by) > 1 else 'that program'}, or wait for it")


@dataclass(frozen=True)
class UsbInstrument:
    """A USBTMC instrument as the kernel lists it: identifiers in hexadecimal, what it calls itself, its device file."""

    vendor: str
    product: str
    name: str
    serial: str
    node: Path

    def resource_is(self, resource: str) -> bool:
        """Whether a VISA resource names this instrument."""
        fields = resource.upper().split("::")
        return len(fields) > 2 and _hex(fields[1]) == _hex(self.vendor) and _hex(fields[2]) == _hex(self.product)


def usb_instruments() -> Iterator[UsbInstrument]:
    """USBTMC instruments that are plugged in, whether or not they may be opened."""
    seen = set()
    for interface in sorted(USB_DEVICES.glob("*:*")):
        device = USB_DEVICES / interface.name.partition(":")[0]
        kind = (_said(interface / "bInterfaceClass"), _said(interface / "bInterfaceSubClass"))
        if kind != _USBTMC or device in seen:
            continue
        seen.add(device)
        name = f"{_said(device / 'manufacturer')} {_said(device / 'product')}".strip()
        node = USB_NODES / f"{int(_said(device / 'busnum')):03d}" / f"{int(_said(device / 'devnum')):03d}"
        yield UsbInstrument(
            _said(device / "idVendor"), _said(device / "idProduct"), name, _said(device / "serial"), node
        )


def usb_refused(instrument: UsbInstrument) -> Trouble:
    """A USB instrument whose device file this user may not open: the udev rule that allows it for good."""
    group = next((g for g in ("plugdev", "dialout") if _exists(g)), "users")
    rule = f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{instrument.vendor}", MODE="0660", GROUP="{group}", TAG+="uaccess"'
    file = f"/etc/udev/rules.d/60-usbtmc-{instrument.vendor}.rules"
    return Trouble(
        f"USB {instrument.vendor}:{instrument.product} {instrument.name}".rstrip(),
        "is plugged in, but this user may not open it",
        f"echo '{rule}' | sudo tee {file} && sudo udevadm control --reload   then plug it in again",
    )


def visa_limits(backend: str) -> list[Trouble]:
    """What the VISA library in use cannot reach; `backend` is pyvisa's word for it (``py``: pyvisa-py, ``ivi``: a maker's)."""
    if backend != "py":
        return []
    limits = []
    if not _importable("usb"):
        limits.append(
            Trouble("USB instruments", "NI-VISA is absent, and pyvisa-py needs PyUSB for USB", "pip install pyusb")
        )
    if not (_importable("gpib") or _importable("gpib_ctypes")):
        limits.append(
            Trouble(
                "GPIB instruments",
                "NI-VISA is absent, and pyvisa-py reaches GPIB only through linux-gpib",
                "install NI-VISA, or linux-gpib and: pip install gpib-ctypes",
            )
        )
    return limits


def _importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _group_of(path: Path) -> str | None:
    """The group whose members may read and write the file; None where groups do not decide."""
    try:
        return path.group() if path.stat().st_mode & 0o060 == 0o060 else None
    except (OSError, KeyError, NotImplementedError):
        return None


def _listed_in(group: str) -> bool:
    if sys.platform == "win32":
        return False
    import grp
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name in grp.getgrnam(group).gr_mem
    except KeyError:
        return False


def _exists(group: str) -> bool:
    if sys.platform == "win32":
        return False
    import grp

    return any(g.gr_name == group for g in grp.getgrall())


def _holds(process: Path, real: str) -> bool:
    try:
        return any(os.path.realpath(link) == real for link in (process / "fd").iterdir())
    except OSError:  # another user's, or it has just ended
        return False


def _program(process: Path) -> str:
    return _said(process / "comm") or "a program"


def _said(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return -1
