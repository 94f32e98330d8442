"""A Modbus TCP server that holds registers, and does what a test tells it instead of answering."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from .scripted import Piece

Spoil = Callable[[bytes, bytes], Sequence[Piece]]
"""From a request and its answer to what is sent: pieces, pauses (a number), or hanging up (None)."""


class RegistersServer:
    """Registers by address, those that are not there refused with exception 2; `wrote` tells every write.

    `spoil`, if set, befalls the next answer.
    """

    def __init__(self, words: dict[int, bytes]) -> None:
        self.words = {at + k // 2: data[k : k + 2] for at, data in words.items() for k in range(0, len(data), 2)}
        self.words |= {55100: b"\x00\x11", 55101: b"\x22\x33"}
        self.wrote: list[tuple[int, bytes]] = []
        self.asked: list[int] = []
        self.spoil: Spoil | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._converse, args=self._listener.accept()[:1], daemon=True).start()

    def _converse(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            held = b""
            while data := client.recv(1 << 16):
                held += data
                while len(held) >= 6 and len(held) >= (size := 6 + int.from_bytes(held[4:6], "big")):
                    request, held = held[:size], held[size:]
                    spoil, self.spoil = self.spoil, None
                    answer = self._answer(request)
                    for piece in spoil(request, answer) if spoil else [answer]:
                        if piece is None:
                            return
                        if isinstance(piece, bytes):
                            client.sendall(piece)
                        else:
                            time.sleep(piece)

    def _answer(self, request: bytes) -> bytes:
        number, _, _, unit, function, address, count = struct.unpack_from(">HHHBBHH", request)
        needed = range(address, address + count)
        if function == 3 and all(at in self.words for at in needed):
            self.asked.append(address)
            body = bytes([unit, 3, 2 * count]) + b"".join(self.words[at] for at in needed)
        elif function == 16:
            self.wrote.append((address, request[13:]))
            for k, at in enumerate(needed):
                self.words[at] = request[13 + 2 * k : 15 + 2 * k]
            body = request[6:12]
        else:
            body = bytes([unit, function | 0x80, 2])
        return struct.pack(">HHH", number, 0, len(body)) + body

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()


@contextlib.contextmanager
def registers(words: dict[int, bytes]) -> Iterator[RegistersServer]:
    """Run a server with these registers."""
    server = RegistersServer(words)
    try:
        yield server
    finally:
        server.close()
