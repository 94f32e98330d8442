"""Who is there: an instrument asked for its identity, and the driver that is written for what answers."""

import contextlib
import re
import time

from neurorig.signals import BenchError, InstrumentError, LinkError

from .drivers import DRIVERS, DriverEntry
from .links import Link, Resync
from .roles import Identity

_RETRY = 0.5  # seconds between two questions to a serial port: a board that restarts is deaf for a while
_LABJACKS = {4.0: "T4", 7.0: "T7", 8.0: "T8"}


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
    if link.resource.startswith("modbus:"):
        with contextlib.suppress(BenchError):
            return labjack(link)
        return None
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


def labjack(link: Link) -> Identity:
    """Product, firmware and serial number of a LabJack T, from the registers that all of them have (T-Series Datasheet, 4.0).

    Raises InstrumentError when it is none.
    """
    said = [
        link.query(f"{at}?")
        for at in ("PRODUCT_ID@60000:FLOAT32", "FIRMWARE_VERSION@60004:FLOAT32", "SERIAL_NUMBER@60028:UINT32")
    ]
    model = _LABJACKS.get(float(said[0]))
    if model is None:
        raise InstrumentError(f"{link.resource}: speaks Modbus, but says product {said[0]}, which is no LabJack T.")
    return Identity("LabJack", model, said[2], f"{float(said[1]):.4f}")
