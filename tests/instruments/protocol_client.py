"""A client of the Arduino source, written from `hardware/firmware/PROTOCOL.md` alone; it imports nothing of ours."""

import struct
import time
from dataclasses import dataclass

import serial


def crc8(data: bytes) -> int:
    """Section 2: polynomial 0x07, initial value 0."""
    remainder = 0
    for bit in "".join(f"{byte:08b}" for byte in data):
        top = remainder >> 7 ^ int(bit)
        remainder = (remainder << 1 & 0xFF) ^ (0x07 if top else 0)
    return remainder


def crc16(data: bytes) -> int:
    """Section 5: polynomial 0x1021, initial value 0xFFFF."""
    remainder = 0xFFFF
    for bit in "".join(f"{byte:08b}" for byte in data):
        top = remainder >> 15 ^ int(bit)
        remainder = (remainder << 1 & 0xFFFF) ^ (0x1021 if top else 0)
    return remainder


def hold(code: int, ticks: int) -> bytes:
    """Section 6."""
    return struct.pack("<I", 1 << 30 | (ticks - 1) << 13 | code & 0x1FFF)


def ramp(code: int, count: int) -> bytes:
    return struct.pack("<I", 2 << 30 | (count - 1) << 13 | code & 0x1FFF)


def begin(code: int, step: int) -> bytes:
    """FROM."""
    return struct.pack("<I", 2 << 28 | (step - 1) << 13 | code & 0x1FFF)


def loop(times: int, *body: bytes) -> bytes:
    return struct.pack("<I", 1 << 28 | times) + b"".join(body) + bytes(4)


MARK = struct.pack("<I", 3 << 28)


def block(payload: bytes) -> bytes:
    """Section 5."""
    data = payload + struct.pack("<H", crc16(payload))
    return f"#{len(str(len(data)))}{len(data)}".encode() + data


@dataclass
class Refusal(Exception):  # noqa: N818  # as the protocol calls it
    """An ERR answer."""

    number: int
    text: str


class SourceClient:
    """Opens a serial port or ``socket://host:port``; lines are sent, and answers checked, with checksums."""

    def __init__(self, url: str) -> None:
        self.port = serial.serial_for_url(url, baudrate=500_000, timeout=0.5)
        deadline = time.monotonic() + 4
        while True:
            self.port.write(b"*IDN?\n")
            line = self._line()
            while line.startswith(b"HELLO "):
                line = self._line()
            if line:
                break
            assert time.monotonic() < deadline, "nobody answers"
        self.identity = line.decode().split(",")
        assert len(self.identity) == 4
        assert self.ask("SYST:VERS?").split(".")[0] == "1"

    def _line(self) -> bytes:
        return self.port.read_until(b"\n").removesuffix(b"\n")

    def ask(self, line: str) -> str:
        """One request with checksum, its answer without. Raises Refusal."""
        self.port.write(f"{line}*{crc8(line.encode()):02X}\n".encode())
        answer, star, digits = self._line().rpartition(b"*")
        assert star, "no checksum on the answer"
        assert int(digits, 16) == crc8(answer)
        return self._checked(answer.decode())

    def upload(self, n: int, program: bytes) -> None:
        """Load a program and see that it has arrived."""
        self.port.write(f"SOUR{n}:WAV:DATA ".encode() + block(program) + b"\n")
        assert self._checked(self._line().decode()) == "OK"
        segments, _, crc = self.ask(f"SOUR{n}:WAV:CHEC?").split(",")
        assert (int(segments), int(crc, 16)) == (len(program) // 4, crc16(program))

    def stamps(self, ch: int, most: int = 64) -> tuple[int, list[float]]:
        """Stamps lost, and seconds since t0 of those fetched."""
        data = self._block(f"SPIK:DATA? {ch},{most}")
        (lost,) = struct.unpack_from("<H", data)
        return lost, [ticks * 0.5e-6 for (ticks,) in struct.iter_unpack("<I", data[2:])]

    def scans(self, quantities: int, most: int = 192) -> tuple[int, int, list[tuple[int, ...]]]:
        """Number of the first scan, scans lost just before it, the samples of each (section 14)."""
        data = self._block(f"ADC:DATA? {most}")
        first, lost = struct.unpack_from("<IH", data)
        return first, lost, list(struct.iter_unpack(f"<{quantities}h", data[6:]))

    def _block(self, line: str) -> bytes:
        """What a block carries, without its CRC."""
        self.port.write(line.encode() + b"\n")
        assert self.port.read(1) == b"#"
        size = int(self.port.read(int(self.port.read(1))))
        data = self.port.read(size)
        assert self.port.read(1) == b"\n"
        assert crc16(data[:-2]) == struct.unpack("<H", data[-2:])[0]
        return data[:-2]

    def status(self) -> int:
        return int(self.ask("STAT?"))

    def off(self) -> None:
        """The blind safe line, both times (section 10)."""
        self.port.write(b"\nSYST:SAFE\n")
        time.sleep(0.3)
        self.port.write(b"\nSYST:SAFE\n")

    def close(self) -> None:
        self.port.close()

    @staticmethod
    def _checked(answer: str) -> str:
        if answer.startswith("ERR "):
            number, text = answer[4:].split(",", 1)
            raise Refusal(int(number), text.strip('"'))
        return answer
