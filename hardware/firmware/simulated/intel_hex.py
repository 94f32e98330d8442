"""Reading a program for the processor: an Intel HEX file."""

from pathlib import Path

from neurorig.signals import ConfigError

FLASH = 32768
"""Bytes of program memory of an ATmega328P."""


def read_image(path: Path) -> bytes:
    """The program memory's contents from address 0 on, gaps erased. Raises ConfigError that names the line."""
    try:
        lines = path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(f"{path}: cannot be read as an Intel HEX file ({reason}).") from reason
    flash, base = bytearray(b"\xff" * FLASH), 0
    end = 0
    for number, line in enumerate(lines, 1):
        kind, address, data = _record(line, f"{path}, line {number}")
        if kind == 1:
            return bytes(flash[:end])
        if kind in (2, 4):
            base = int.from_bytes(data, "big") << (4 if kind == 2 else 16)
        if kind != 0:
            continue
        start = base + address
        if start + len(data) > FLASH:
            raise ConfigError(f"{path}, line {number}: beyond the {FLASH} bytes of program memory of an ATmega328P.")
        flash[start : start + len(data)] = data
        end = max(end, start + len(data))
    raise ConfigError(f"{path}: has no end record: not a whole Intel HEX file.")


def _record(line: str, where: str) -> tuple[int, int, bytes]:
    """Kind, address and data of a line."""
    try:
        data = bytes.fromhex(line.removeprefix(":"))
    except ValueError:
        data = b""
    if not line.startswith(":") or len(data) < 5 or len(data) != data[0] + 5 or sum(data) % 256:
        raise ConfigError(f"{where}: no record of an Intel HEX file, or its sum is wrong.")
    return data[3], int.from_bytes(data[1:3], "big"), data[4:-1]
