"""Who is there: an instrument asked for its identity, and the driver that is written for what answers."""

import contextlib
import re
import socket
import struct
import time

from neurorig.signals import LinkError

from .drivers import DRIVERS, DriverEntry
from .links import Link, Resync
from .roles import Identity

_RETRY = 0.5  # seconds between two questions to a serial port: a board that restarts is deaf for a while
_LABJACKS = {4: "T4", 7: "T7", 8: "T8"}


def driver_for(identity: Identity) -> DriverEntry | None:
    """The driver written for what answers so, if there is one."""
    said = f"{identity.maker}/{identity.model}"
    return next((d for d in DRIVERS.values() if re.fullmatch(d.identity, said, re.IGNORECASE)), None)


def understood(answer: str) -> Identity | None:
    """Who answers `answer` to ``*IDN?``; None when it is no answer of an instrument (noise of a wrong baud rate, silence)."""
    text = answer.strip().strip("\0")
    if not text or not text.isprintable() or text.startswith("HTTP/"):  # a web server listens on such ports, too
        return None
    greeting = text.startswith("HELLO ")
    fields = [f.strip() for f in text.removeprefix("HELLO ").split(",")]
    if len(fields) < 4:
        return Identity("", text, "", "")
    return Identity(fields[0], fields[1], fields[2], ",".join(fields[3:-1] if greeting else fields[3:]))


def ask(link: Link, deadline: float) -> Identity | None:
    """Ask an open link who is there until it answers; `deadline` is a time.monotonic() value. Leaves its `resync` as it was."""
    before, link.resync = link.resync, Resync(lambda _: [("*IDN?", "(?!HELLO ).+")])
    try:
        while (left := deadline - time.monotonic()) > 0:
            asked = time.monotonic()
            patience = min(_RETRY, left) if link.resource.startswith("serial") else left
            with contextlib.suppress(LinkError):
                if identity := understood(link.query("*IDN?", timeout=patience)):
                    return identity
            time.sleep(max(0.0, min(asked + _RETRY, deadline) - time.monotonic()))
        return None
    finally:
        link.resync = before


def serial_rates() -> list[int]:
    """The baud rates at which an instrument of the registry may listen, the fastest first."""
    return sorted({d.baud for d in DRIVERS.values()}, reverse=True)


def labjack(connection: socket.socket, deadline: float) -> Identity | None:
    """Product, firmware and serial number of a LabJack T, read by Modbus; None when it is none.

    Registers 60000 (FLOAT32), 60004 (FLOAT32) and 60028 (UINT32) of the T-series Modbus map.
    """
    try:
        product = round(struct.unpack(">f", _registers(connection, 60000, deadline))[0])
        version = struct.unpack(">f", _registers(connection, 60004, deadline))[0]
        serial = struct.unpack(">I", _registers(connection, 60028, deadline))[0]
    except (OSError, ValueError, struct.error, OverflowError):
        return None
    model = _LABJACKS.get(product)
    return None if model is None else Identity("LabJack", model, str(serial), f"{version:.4f}")


def _registers(connection: socket.socket, address: int, deadline: float) -> bytes:
    """Two holding registers (Modbus function 3). Raises OSError or ValueError."""
    connection.settimeout(max(deadline - time.monotonic(), 0.01))
    connection.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, address, 2))
    answer = b""
    while len(answer) < 13:
        if not (piece := connection.recv(13 - len(answer))):
            raise ConnectionError
        answer += piece
        if len(answer) >= 8 and answer[7] != 3:
            raise ValueError(f"Modbus exception {answer[7]}")
    return answer[9:13]
