"""`ModbusLink`: registers over Modbus TCP, in lines that a person can read; as honest as every other link.

A register is written as ``NAME@ADDRESS:TYPE``, several values from one address on as ``...xCOUNT``, and the address of one of
several channels as ``FIRST+STRIDE*CHANNEL``. With a question mark it is read (function 3), with values it is written
(function 16):

    STREAM_SCANRATE_HZ@4002:FLOAT32?         AIN3_RANGE@40000+2*3:FLOAT32 9.6         4100:UINT32 0,2,4

Frames as in *MODBUS Messaging on TCP/IP Implementation Guide* V1.0b, 3.1.3 (a header with transaction number, 0, length,
unit) and *MODBUS Application Protocol Specification* V1.1b3, 6.3, 6.12 and 7 (exceptions); 32-bit values most significant
word first, the size of a frame and the two registers that every T-series device has as in LabJack's *Protocol Details
[Direct Modbus TCP]* and *T-Series Datasheet*, 3.1.
"""

import contextlib
import itertools
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurorig.signals import BenchError, InstrumentError, LinkError

from .socket_link import SocketLink

if TYPE_CHECKING:
    from typing_extensions import Buffer

PORT = 502
STREAM_PORT = 702
"""Where a LabJack sends its stream (T-Series Datasheet, 3.2.4)."""
UNIT = 1
READ, WRITE = 3, 16
MOST_REGISTERS = 123  # of one write (6.12); a read may have 125
EXCEPTIONS = {
    1: "it does not know this function",
    2: "it has no such register, or not with this direction",
    3: "it does not take this value or this number of registers",
    4: "it could not do it",
    6: "it is busy with something longer",
}
_TYPES = {"UINT16": ("H", 1), "UINT32": ("I", 2), "INT32": ("i", 2), "FLOAT32": ("f", 2)}
_LINE = re.compile(
    r"(?:\w+@)?(?P<address>\d+)(?:\+(?P<stride>\d+)\*(?P<channel>\d+))?:(?P<type>[A-Z]+\d+)(?:x(?P<count>\d+))?"
    r"(?:(?P<question>\?)| (?P<values>\S+))"
)
_TEST = "TEST@55100:UINT32?", 0x00112233  # a register for exactly this
_LAST_ERROR = "LAST_ERR_DETAIL@55000:UINT16?"


@dataclass(frozen=True)
class _Request:
    """One read or write: what goes behind the unit, and how the values of its answer are read."""

    function: int
    data: bytes
    code: str
    """Of the answer's values, for `struct`."""

    @classmethod
    def of(cls, line: str) -> "_Request":
        """Raises ValueError when the line is none, or a value does not fit its type."""
        if not (found := _LINE.fullmatch(line)) or found["type"] not in _TYPES:
            raise ValueError(
                "write NAME@ADDRESS:TYPE? or NAME@ADDRESS:TYPE VALUE, with the type UINT16, UINT32, INT32 or FLOAT32"
            )
        code, words = _TYPES[found["type"]]
        address = int(found["address"]) + int(found["stride"] or 0) * int(found["channel"] or 0)
        values = [] if found["question"] else found["values"].split(",")
        count = int(found["count"] or 1) if found["question"] else len(values)
        registers = count * words
        if not 0 < registers <= MOST_REGISTERS or address + registers > 1 << 16:
            raise ValueError(f"{registers} registers from {address} on do not fit one request")
        if found["question"]:
            return cls(READ, struct.pack(">HH", address, registers), f">{count}{code}")
        try:
            payload = struct.pack(f">{count}{code}", *(float(v) if code == "f" else int(v) for v in values))
        except (struct.error, OverflowError) as reason:
            raise ValueError(f"{found['values']} does not fit {found['type']}") from reason
        return cls(WRITE, struct.pack(">HHB", address, registers, len(payload)) + payload, "")

    def frame(self, number: int) -> bytes:
        return struct.pack(">HHHBB", number, 0, 2 + len(self.data), UNIT, self.function) + self.data

    def read(self, answer: bytes) -> str:
        """What the answer says, values with commas between. Raises ValueError when it is not one to this request."""
        if self.function == WRITE:
            if answer != self.data[:4]:
                raise ValueError("the answer names other registers than were written")
            return ""
        if len(answer) != 1 + struct.calcsize(self.code) or answer[0] != len(answer) - 1:
            raise ValueError(f"the answer holds {len(answer) - 1} bytes, {struct.calcsize(self.code)} were asked for")
        return ",".join(f"{v:.9g}" if isinstance(v, float) else str(v) for v in struct.unpack(self.code, answer[1:]))


class ModbusLink(SocketLink):
    """A conversation over Modbus TCP (``modbus://host``, ``modbus://host:502?stream=702``).

    `query` and `write` take the lines described above. What the instrument refuses is an InstrumentError, and the link
    stays in step; everything else as in `Link`. `stream`: host and port at which it sends what it streams.
    """

    def __init__(
        self, host: str, port: int = PORT, *, stream_port: int = STREAM_PORT, resource: str = "", timeout: float = 2.0
    ) -> None:
        self.stream = (host, stream_port)
        self._numbers = (n % 0xFFFF + 1 for n in itertools.count())  # 0 is for the lines of a safe state
        super().__init__(host, port, resource=resource or f"modbus://{host}:{port}", timeout=timeout)

    def write(self, line: str, block: "Buffer | None" = None, timeout: float | None = None) -> None:
        """Write registers; returns when the instrument has confirmed it."""
        self._transaction(line, WRITE, block, timeout)

    def query(self, line: str, block: "Buffer | None" = None, timeout: float | None = None) -> str:
        """Read registers: their values, with commas between."""
        return self._transaction(line, READ, block, timeout)

    def _transaction(self, line: str, function: int, block: "Buffer | None", timeout: float | None) -> str:
        try:
            request = _Request.of(line)
            if request.function != function or block is not None:
                raise ValueError("with a question mark registers are read, with values written; there are no blocks")
        except ValueError as reason:
            raise LinkError(f"{self.resource}: '{line}' was not sent: {reason}.") from reason
        with self._lock:
            deadline = self._begin(timeout)
            came = bytearray()
            said = ""
            try:
                number = next(self._numbers)
                self._transmit(request.frame(number), deadline)
                answered, data = self._answer(number, came, deadline)
                if answered == function:
                    said = request.read(data)
                elif answered != function | 0x80 or len(data) != 1:
                    raise ValueError(f"function {answered} answers, {function} was asked")
            except BaseException as reason:
                self._fail(reason, line, timeout, came)
            self._dirty = False
            if answered != function:
                raise InstrumentError(self._refusal(line, data[0]))
            return said

    def _answer(self, number: int, came: bytearray, deadline: float) -> tuple[int, bytes]:
        """Function and data of the answer with this number; its bytes are collected in `came`."""
        while len(came) < 6 or len(came) < 6 + int.from_bytes(came[4:6], "big"):
            came += self._more(deadline)
        found, protocol, length = struct.unpack_from(">HHH", came)
        if (found, protocol) != (number, 0) or length < 3 or len(came) != 6 + length:
            raise ValueError(f"this is not the answer to transaction {number}")
        return came[7], bytes(came[8:])

    def _refusal(self, line: str, code: int) -> str:
        why = EXCEPTIONS.get(code, f"Modbus exception {code}")
        detail = ""
        if line != _LAST_ERROR:
            with contextlib.suppress(BenchError):  # not every Modbus device has this register
                detail = f"; LabJack error {self.query(_LAST_ERROR)}"
        return f"{self.resource}: refuses '{line}': {why} (exception {code}{detail})."

    def _blind(self, line: str) -> bytes:
        return _Request.of(line).frame(0)

    def _get_into_step(self, broken: bool, deadline: float) -> None:
        """Ask a register whose value is known, under a number that no answer on its way has, and skip up to the answer."""
        question, value = _TEST
        number = next(self._numbers)
        awaited = struct.pack(">HHHBBBI", number, 0, 7, UNIT, READ, 4, value)
        self._transmit(_Request.of(question).frame(number), deadline)
        seen = b""
        while awaited not in seen:
            piece = self._more(deadline)
            self._skipped += len(piece)
            seen = seen[-len(awaited) :] + piece
        self._skipped -= len(awaited)
        if not seen.endswith(awaited):
            raise ValueError("more comes after the answer to the last question")
