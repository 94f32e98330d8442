"""Stand-ins for tests of simulated instruments: a twin without neurons, signals given by a formula, a served device."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurorig.instruments.simulated import Device, Server, World
from neurorig.instruments.simulated.wire import Wire


class Stillness:
    """A twin in which nothing happens: it only keeps the time."""

    now = 0.0
    forgotten = 0.0

    def advance(self, until: float) -> None:
        self.now = until

    def forget(self, before: float) -> None:
        self.forgotten = before


def quiet_world() -> Any:
    """A real World around a twin in which nothing happens."""
    return World(Stillness())  # type: ignore[arg-type]


class Signal:
    """A connector whose volts are a formula of time; refuses to tell the future or what was to be forgotten."""

    def __init__(self, world: Any, volts: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
        self.world, self.volts = world, volts

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        times = t0 + dt * np.arange(n)
        if n:
            assert times[-1] <= self.world.now + 1e-9, "sampled the future"
            assert times[0] >= self.world.twin.forgotten - 1e-9 or times[0] < 0, "sampled what was forgotten"
        return np.asarray(self.volts(times), dtype=float)


@contextlib.contextmanager
def serving(
    world: Any, devices: Mapping[str, Device], pty: str | None = None, wires: Mapping[str, Wire] | None = None
) -> Iterator[dict[str, Any]]:
    """Serve devices from a thread; gives ``{name: port}``, for device `pty` ``{"pty": path}``, and ``{"name/stream": port}``
    for those that stream on a second port."""
    server = Server(world, devices, wires)
    addresses: dict[str, Any] = {name: server.listen_tcp(name) for name in devices}
    addresses |= {f"{name}/stream": server.listen_outlet(name) for name, d in devices.items() if hasattr(d, "outlet")}
    if pty:
        addresses["pty"] = server.open_pty(pty)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield addresses
    finally:
        server.stop()
        thread.join(5)


def address_of(ports: Mapping[str, Any], name: str = "it") -> str:
    """The resource of a served device."""
    if stream := ports.get(f"{name}/stream"):
        return f"modbus://127.0.0.1:{ports[name]}?stream={stream}"
    return f"tcp://127.0.0.1:{ports[name]}"


class Client:
    """A bare socket that speaks lines and reads blocks."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = bytearray()  # grows without being copied: a record may be 50 MB

    def write(self, text: str | bytes) -> None:
        self.socket.sendall((text if isinstance(text, bytes) else text.encode()) + b"\n")

    def query(self, text: str) -> str:
        self.write(text)
        while b"\n" not in self._held:
            self._more()
        line, _, self._held = self._held.partition(b"\n")
        return line.decode("latin-1")

    def query_block(self, text: str) -> bytes:
        self.write(text)
        while len(self._held) < 2 or len(self._held) < 2 + int(self._held[1:2]):
            self._more()
        assert self._held[:1] == b"#"
        start = 2 + int(self._held[1:2])
        size = int(self._held[2:start])
        while len(self._held) < start + size + 1:
            self._more()
        data, end = bytes(self._held[start : start + size]), self._held[start + size]
        del self._held[: start + size + 1]
        assert end == ord("\n")
        return data

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _more(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise EOFError("the instrument hung up")
        self._held += data
