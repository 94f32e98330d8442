"""Modbus TCP as a LabJack of the T series speaks it: functions 3 (read), 16 (write) and 76 (feedback), big-endian.

Sources: LabJack "Protocol Details [Direct Modbus TCP]" (functions, packet of at most 1040 bytes over Ethernet); T-series
error numbers from LabJack's ljm_constants.json. After an exception the register LAST_ERR_DETAIL tells the LabJack error.
"""

import struct
from collections.abc import Iterator
from typing import Protocol

LONGEST = 1040
"""Bytes of the longest packet over Ethernet."""
READ, WRITE, FEEDBACK = 3, 16, 76
EXCEPTION = 0x80
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, FAILURE = 1, 2, 3, 4

RESPONSE_TOO_LONG, COMMAND_TOO_LONG = 2300, 2301
WRONG_COUNT = 2313
"""The number of registers does not fit the data type."""

_HEADER = struct.Struct(">HHHB")


class ModbusError(Exception):
    """A command that is refused: the Modbus `exception`, and LabJack's number of the `error` for LAST_ERR_DETAIL (0: none)."""

    def __init__(self, exception: int, error: int = 0) -> None:
        super().__init__(exception, error)
        self.exception, self.error = exception, error


class Registers(Protocol):
    """What a session asks the device for."""

    def read(self, address: int, count: int) -> bytes:
        """`count` registers from `address` on, two bytes each. Raises ModbusError."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Write registers from `address` on. Raises ModbusError."""
        ...

    def refused(self, error: int) -> None:
        """Remember LabJack's number of what went wrong."""
        ...

    def spend(self) -> None:
        """Let the time of one command pass."""
        ...


class ModbusSession:
    """One client on the command port. What is not a Modbus TCP header is thrown away with all that came with it."""

    def __init__(self, registers: Registers) -> None:
        self._registers, self._held = registers, b""
        self.messages = 0

    def receive(self, data: bytes) -> bytes:
        """Do the commands that `data` completes; the responses in order."""
        self._held += data
        return b"".join(self._responses())

    def close(self) -> None:
        """Drop what was not complete."""
        self._held = b""

    def _responses(self) -> Iterator[bytes]:
        while len(self._held) >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(self._held)
            if protocol or not 2 <= length <= LONGEST:
                self._held = b""
                return
            if len(self._held) < 6 + length:
                return
            body, self._held = self._held[7 : 6 + length], self._held[6 + length :]
            self.messages += 1
            self._registers.spend()
            answer = self._answer(body)
            yield _HEADER.pack(transaction, 0, 1 + len(answer), unit) + answer

    def _answer(self, body: bytes) -> bytes:
        function = body[0]
        try:
            answer = self._do(function, body[1:])
            if len(answer) > LONGEST - 8:
                raise ModbusError(FAILURE, RESPONSE_TOO_LONG)
        except ModbusError as problem:
            self._registers.refused(problem.error)
            return bytes((function | EXCEPTION, problem.exception))
        return bytes((function,)) + answer

    def _do(self, function: int, body: bytes) -> bytes:
        if function == READ:
            return self._read(body)
        if function == WRITE:
            return self._write(body)
        if function == FEEDBACK:
            return b"".join(self._feedback(body))
        raise ModbusError(ILLEGAL_FUNCTION)

    def _read(self, body: bytes) -> bytes:
        if len(body) != 4:
            raise ModbusError(ILLEGAL_VALUE)
        address, count = struct.unpack(">HH", body)
        if not 1 <= count <= 127:  # the response counts its bytes in one
            raise ModbusError(ILLEGAL_VALUE, RESPONSE_TOO_LONG if count else WRONG_COUNT)
        return bytes((2 * count,)) + self._registers.read(address, count)

    def _write(self, body: bytes) -> bytes:
        if len(body) < 5:
            raise ModbusError(ILLEGAL_VALUE)
        address, count, size = struct.unpack_from(">HHB", body)
        if not count or size != 2 * count or len(body) != 5 + size:
            raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT)
        self._registers.write(address, body[5:])
        return body[:4]

    def _feedback(self, body: bytes) -> Iterator[bytes]:
        """Frames of one packet, one after the other: reads (0, address, count) and writes (1, address, count, data)."""
        while body:
            if len(body) < 4:
                raise ModbusError(ILLEGAL_VALUE)
            kind, address, count = struct.unpack_from(">BHB", body)
            size = 2 * count if kind == 1 else 0
            if kind > 1 or not count or len(body) < 4 + size:
                raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT)
            if kind == 1:
                self._registers.write(address, body[4 : 4 + size])
            else:
                yield self._registers.read(address, count)
            body = body[4 + size :]
