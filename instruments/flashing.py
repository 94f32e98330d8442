"""The firmware into an Arduino current source: who is at the port, avrdude, and what answers afterwards.

Only the bootloader of the Arduino is used, no programmer: what it needs is the port alone, free and openable.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from neurorig.hardware.firmware.images import Build
from neurorig.signals import BenchError, ConfigError, LinkError, NeurorigError, say_too

from .claim import Claim
from .drivers import DRIVERS
from .identify import ask, driver_for
from .links import Link, open_link
from .permissions import Trouble, holders, in_use, is_serial, may_open, serial_refused
from .roles import Identity

SOURCE = "arduino_source"
BAUD = 115200
"""Of the Uno's bootloader (optiboot); the firmware itself speaks at another rate."""
BOOT = 5.0
"""Seconds for a source to answer after a restart: hardware/firmware/PROTOCOL.md, section 2, gives it 3."""
DEADLINE = 90.0
"""Seconds for avrdude: writing and verifying 16 kB takes about 6."""
OUTPUTS_ON = 8 | 16
INSTALL = "apt-get install avrdude (Debian, Ubuntu), brew install avrdude (macOS), or from github.com/avrdudes/avrdude"
_CAUSES = (
    (("permission denied",), "This user may not open the port: neurorig doctor says what to do about it."),
    (("busy",), "Another program has the port: end it."),
    (("no such file",), "The port is gone: is the cable in? neurorig instruments lists the ports that there are."),
    (
        ("not in sync", "not responding", "stk500_recv"),
        "Nothing that can be programmed answers: is this the port of the Arduino, is it an Uno (ATmega328P), is something else "
        "on D0 and D1? Unplug it, plug it in again, and try once more.",
    ),
    (("signature",), "Another processor than an ATmega328P answers: this firmware is for the Arduino Uno."),
    (("verification error",), "What was written does not read back: try once more; if it stays so, the processor is worn out."),
)  # fmt: skip


@dataclass(frozen=True)
class Flashed:
    """Who was at the port before (nobody whom we know: None), and who is now."""

    before: Identity | None
    after: Identity


def device_of(port: str) -> str:
    """``/dev/ttyACM0`` or ``COM3``, also where it is written as a resource."""
    return port.removeprefix("serial://").partition("?")[0]


def command(port: str, image: Path, program: str = "avrdude") -> list[str]:
    """What writes `image` into the Arduino at `port`."""
    return [
        program, "-c", "arduino", "-p", "m328p", "-b", str(BAUD), "-P", device_of(port), "-D", "-U", f"flash:w:{image}:i",
    ]  # fmt: skip


def flash(port: str, image: Path, build: Build, tell: Callable[[], None] = lambda: None) -> Flashed:
    """Write the image and ask who answers then; `tell` is called when all was found right and the writing begins.

    Raises ConfigError without avrdude or a port, BenchError when the port is not there, not free, drives something, belongs to
    another instrument, or when another firmware answers than was written.
    """
    with contextlib.ExitStack() as stack:
        with _nothing_written():
            program, device = _program(), device_of(port)
            _check_free(device)
            stack.enter_context(Claim(f"serial://{device}"))
            before = _check_harmless(device)
        tell()
        _run(command(device, image, program), device)
        after = _answering(device)
    if after is None:
        raise BenchError(
            f"{device}: avrdude has written the firmware, but nobody answers *IDN? within {BOOT:g} s. Unplug the Arduino, plug "
            f"it in again, and ask: neurorig firmware info --port {device}"
        )
    if after.version != build.full_version:
        raise BenchError(
            f"{device}: version {after.version} answers, {build.full_version} was written. Is this the port of the Arduino that "
            "was written to? Try once more."
        )
    return Flashed(before, after)


@contextlib.contextmanager
def _nothing_written() -> Iterator[None]:
    """Whatever is wrong before the first byte, the Arduino has the program that it had."""
    try:
        yield
    except (NeurorigError, KeyboardInterrupt) as reason:
        reason.args = (f"Nothing was written. {reason}".strip(), *reason.args[1:])
        raise


def _program() -> str:
    if (program := shutil.which("avrdude")) is None:
        raise ConfigError(f"avrdude is not found; it writes the firmware: {INSTALL}.")
    return program


def version_at(port: str) -> Identity:
    """The source at a port. Raises ConfigError without a port, BenchError when there is no source, or it is not free."""
    device = device_of(port)
    _check_free(device)
    with Claim(f"serial://{device}"):
        found = _answering(device)
    if found is None or not _is_source(found):
        who = f"{found.maker} {found.model}".strip() if found else "nobody"
        raise BenchError(f"{device}: {who} answers instead of a current source. Has it its firmware? {_write(device)}")
    return found


def mismatch(found: Identity, build: Build) -> str:
    """What to do when a source runs another firmware than the packaged one; empty if it runs that."""
    if found.version == build.full_version:
        return ""
    return f"this neurorig comes with {build.full_version}"


def _write(device: str) -> str:
    return f"neurorig firmware flash --port {device}"


def _is_source(identity: Identity) -> bool:
    entry = driver_for(identity)
    return entry is not None and entry.name == SOURCE


def _check_free(device: str) -> None:
    """Whether it is a serial port, there, free, and may be opened. Nothing is opened: that would restart an Arduino."""
    if not device or "://" in device:
        raise ConfigError(
            f"--port '{device}': name the Arduino's serial port, such as /dev/ttyACM0 or COM3. {_ports()}"
        )
    if os.name != "posix":
        return  # what is wrong shows when it is opened
    if not Path(device).exists():
        there = Path("/dev") / device
        raise BenchError(f"{device}: there is no such port. {f'Is it {there}?' if there.exists() else _ports()}")
    if not is_serial(device):
        raise BenchError(f"{device}: is no serial port. {_ports()}")
    if not may_open(device):
        raise _refused(serial_refused(device))
    if by := holders(device):
        raise _refused(in_use(device, by))


def _ports() -> str:
    from serial.tools import list_ports

    there = ", ".join(sorted(p.device for p in list_ports.comports()))
    return f"Serial ports of this computer: {there}." if there else "This computer has no serial port: is the cable in?"


def _refused(trouble: Trouble) -> BenchError:
    return BenchError(f"{trouble.where}: {trouble.what}. -> {trouble.remedy}")


def _check_harmless(device: str) -> Identity | None:
    """Who is there now. Refuses what is no Arduino source but speaks, and a source that drives something."""
    with _linked(device) as link:
        found = ask(link, time.monotonic() + BOOT) if link else None
        if found is None or not _known(found):
            return None
        if not _is_source(found):
            raise BenchError(
                f"{device}: {found.maker} {found.model} answers, which is no Arduino current source. Name the Arduino's "
                f"port. {_ports()}"
            )
        assert link is not None
        with contextlib.suppress(ValueError):
            if int(link.query("STAT?")) & OUTPUTS_ON:
                raise BenchError(
                    f"{device}: an output of the source is on. End what drives it, or send SYST:SAFE: neurorig console "
                    f"serial://{device}"
                )
        return found


def _known(identity: Identity) -> bool:
    """Whether it is an instrument; a blank Arduino, or another program on it, may say anything."""
    return bool(identity.maker and identity.serial)


def _answering(device: str) -> Identity | None:
    with _linked(device) as link:
        return ask(link, time.monotonic() + BOOT) if link else None


@contextlib.contextmanager
def _linked(device: str) -> Iterator[Link | None]:
    """The port at the firmware's rate; a bootloader that is deaf and an empty processor are nobody."""
    try:
        link = open_link(f"serial://{device}", baud=DRIVERS[SOURCE].baud, timeout=1.0)
    except LinkError as reason:
        number = getattr(reason.__cause__, "errno", None)
        why = os.strerror(number) if isinstance(number, int) else str(reason.__cause__ or reason)
        raise BenchError(f"{device}: cannot be opened ({why}). Is it the Arduino's? {_ports()}") from reason
    with link:
        yield link


def _run(arguments: list[str], device: str) -> None:
    """Run avrdude. Raises BenchError with what it said and what that means."""
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, errors="replace", timeout=DEADLINE, check=False
        )
    except subprocess.TimeoutExpired as reason:
        raise BenchError(
            f"{device}: avrdude has not ended within {DEADLINE:g} s. Unplug the Arduino, plug it in again, and try once more."
        ) from reason
    except KeyboardInterrupt as event:
        say_too(event, f"The program in the Arduino may be half written; its outputs stay off. Again: {_write(device)}")
        raise
    if done.returncode == 0:
        return
    said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    text = "\n".join(said).lower()
    advice = next((a for words, a in _CAUSES if any(w in text for w in words)), "Try once more.")
    raise BenchError(
        f"{device}: avrdude could not write the firmware (exit code {done.returncode}). {advice} The Arduino keeps its "
        "bootloader: nothing is lost.\n" + "\n".join(f"  {line}" for line in said[-6:])
    )
