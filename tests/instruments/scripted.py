"""An instrument that follows a script: for each line it sends pieces, pauses (a number) or hangs up (None)."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

Piece = bytes | float | None
Script = Callable[[str], Sequence[Piece]]


class Scripted:
    """Listens on a port; `heard` is every line that arrived, of all connections, `received` every byte."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heard: list[str] = []
        self.received = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._converse, args=self._listener.accept()[:1], daemon=True).start()

    def _converse(self, client: socket.socket) -> None:
        held = b""
        with client, contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                held += data
                self.received += data
                while b"\n" in held:
                    line, _, held = held.partition(b"\n")
                    self.heard.append(line.decode("latin-1"))
                    for piece in self.script(self.heard[-1]):
                        if piece is None:
                            return
                        if isinstance(piece, bytes):
                            client.sendall(piece)
                        else:
                            time.sleep(piece)

    def receives(self, data: bytes) -> bool:
        """Whether these bytes come, within a second."""
        deadline = time.monotonic() + 1.0
        while data not in self.received and time.monotonic() < deadline:
            time.sleep(0.01)
        return data in self.received

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()


@contextlib.contextmanager
def scripted(script: Script) -> Iterator[Scripted]:
    """Run a scripted instrument."""
    server = Scripted(script)
    try:
        yield server
    finally:
        server.close()


class Register:
    """A script that answers as an instrument in order would: ``*IDN?``, ``*ESE``, and what a test adds."""

    def __init__(self, **answers: Sequence[Piece]) -> None:
        self.answers = answers
        self.ese = 0

    def __call__(self, line: str) -> Sequence[Piece]:
        if line.startswith("*ESE "):
            self.ese = int(line[5:])
            return []
        if line == "*ESE?":
            return [b"%d\n" % self.ese]
        if line == "*IDN?":
            return [b"ACME,Script,1,1\n"]
        return self.answers.get(line.rstrip("?").lstrip(":"), [])
