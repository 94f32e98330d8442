"""Serves simulated instruments on TCP sockets and pseudo-terminals, many clients each, and keeps the world's time.

One event loop: a device is never entered twice at a time, so devices need no locks. A mistake inside a device is told
on standard error and costs the client its connection.
"""

import asyncio
import functools
import importlib
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from neurorig.signals import BenchError, nearest

from .device import Device, Session
from .hislip import HislipService
from .outlet import HasOutlet, Outlet, Pump
from .wire import Piece, Wire
from .world import POLL

if TYPE_CHECKING:
    from .terminal import PseudoTerminal
    from .world import World

TICK = 0.01
"""Wall-clock seconds between two ticks of the world."""
HIGH_WATER = 1 << 20
"""Bytes waiting for a TCP client beyond which no more of its commands are taken."""
OUTLET_BUFFER = 1 << 15
"""Bytes of a stream that the network holds, beside what the client's system does."""


class Server:
    """Open the addresses first (they are known at once, and clients may already connect), then `run` or `serve`.

    `wires`: by device name, what lies between it and its clients and may fail; without one it is a plain wire.
    """

    def __init__(
        self, world: "World", devices: Mapping[str, Device], wires: Mapping[str, Wire] | None = None
    ) -> None:  # fmt: skip
        self._world, self._devices = world, dict(devices)
        self._wires = {name: (wires or {}).get(name) or Wire(name) for name in devices}
        self._doors: list[_Door] = []
        self._pumps: list[Pump] = []
        self._hislip: list[tuple[socket.socket, HislipService]] = []
        self._terminals: list[tuple[PseudoTerminal, Session, Wire]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False

    def listen_tcp(self, name: str, port: int = 0, host: str = "127.0.0.1") -> int:
        """Accept clients of device `name`; port 0 takes any free one. Gives the port.

        Raises BenchError when there is no such device or the port cannot be had.
        """
        device = self._device(name)
        listener = self._listener(name, port, host)
        self._doors.append(_Door(self, device, self._wires[name], listener))
        return int(listener.getsockname()[1])

    def listen_outlet(self, name: str, port: int = 0, host: str = "127.0.0.1") -> int:
        """The same for the second port of a device that streams (`outlet.HasOutlet`)."""
        device: HasOutlet = self._device(name)  # type: ignore[assignment]  # the caller has looked
        listener = self._listener(name, port, host)
        door = _Door(self, device.outlet, self._wires[name], listener)
        self._doors.append(door)
        self._pumps.append(Pump(self._world, device.outlet, door.taps))
        return int(listener.getsockname()[1])

    def listen_hislip(self, name: str, port: int = 0, host: str = "127.0.0.1") -> int:
        """The same for clients that speak HiSLIP. Faults of the wire do not befall them."""
        service = HislipService(self._device(name), self._hand_over)
        listener = self._listener(name, port, host)
        self._hislip.append((listener, service))
        return int(listener.getsockname()[1])

    def _listener(self, name: str, port: int, host: str) -> socket.socket:
        try:
            return socket.create_server((host, port), backlog=64)
        except OSError as reason:
            raise BenchError(
                f"Simulated instrument '{name}': cannot listen on {host}:{port} ({reason.strerror or reason}). Another "
                "program, perhaps another simulation, has this port: stop it, or take port 0 for any free one."
            ) from reason

    def open_pty(self, name: str) -> str:
        """Put device `name` behind a pseudo-terminal. Gives the path to open as a serial port.

        Raises BenchError when there is no such device, or when this system has no pseudo-terminal to give.
        """
        session = self._device(name).session()
        try:
            terminal: PseudoTerminal = importlib.import_module(".terminal", __package__).PseudoTerminal()
        except (ImportError, OSError) as reason:
            raise BenchError(
                f"Simulated instrument '{name}': this system gives no pseudo-terminal ({reason}). Serve it over TCP "
                "and open it as serial+tcp://host:port."
            ) from reason
        self._terminals.append((terminal, session, self._wires[name]))
        return terminal.path

    def run(self) -> None:
        """Serve until `stop`."""
        asyncio.run(self.serve())

    async def serve(self) -> None:
        """Serve until `stop` or cancellation; then close every address and hang up on every client. Once only."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        for door in self._doors:
            await door.open()
        listening = [await self._loop.create_server(s.connection, sock=listener) for listener, s in self._hislip]
        for terminal, session, wire in self._terminals:
            outbox = Outbox(terminal.write)
            terminal.start(functools.partial(self.receive, session, wire, outbox))
        self._tick()
        for pump in self._pumps:
            pump.run()
        try:
            if not self._stopping:
                await self._ended.wait()
        finally:
            self._ticking.cancel()
            for pump in self._pumps:
                pump.stop()
            for door in self._doors:
                door.close()
            for server in listening:
                server.close()
            for _, service in self._hislip:
                service.drop()
            for terminal, session, _ in self._terminals:
                terminal.close()
                session.close()
            await asyncio.sleep(0)  # lets the dropped connections end their sessions

    def stop(self) -> None:
        """End `serve`; from any thread or signal handler, also before it has begun."""
        self._stopping = True
        if self._loop is not None:
            self.soon(self._ended.set)

    def soon(self, action: Callable[[], None]) -> None:
        """Do something on the server's own thread, if it is running."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def receive(self, session: Session, wire: Wire, outbox: "Outbox", data: bytes) -> bytes:
        """Hand data to a session; what goes back at once. On a wire that may fail it goes through `outbox`."""
        if wire.faulty or outbox.waiting:
            outbox.post(wire.carry(session, data, self._hand_over))
            return b""
        if not getattr(session, "only_watches", False):  # as `_hand_over`, without a call
            self._world.heard(time.monotonic())
        return session.receive(data)

    def _hand_over(self, session: Session, data: bytes) -> bytes:
        """Hand data to a session and tell the world that a client has spoken, unless it only watches."""
        if not getattr(session, "only_watches", False):
            self._world.heard(time.monotonic())
        return session.receive(data)

    def _tick(self) -> None:
        for door in self._doors:
            door.tend()
        pause = TICK
        if patient := self._patient():
            # At the wall clock's pace, as others may be sourcing, fed by their clients; if there are none, without a pause.
            alone = len(patient) == self._clients and not self._world.paced
            self._world.heard(time.monotonic())  # who waits is not silent
            self._wait(patient, POLL if alone else TICK)
            pause = 0.0 if alone else TICK
        else:
            self._world.tick(time.monotonic())
        self._ticking = asyncio.get_running_loop().call_later(pause, self._tick)

    def _patient(self) -> "list[_Patient]":
        """The clients whose session waits for its instrument."""
        hislip = (each for _, service in self._hislip for each in service.patient())
        return [*(each for door in self._doors for each in door.patient()), *hislip]

    @property
    def _clients(self) -> int:
        hislip = sum(len(service.sessions) for _, service in self._hislip)
        return sum(len(door.taps()) for door in self._doors) + hislip + len(self._terminals)

    def _wait(self, patient: "Sequence[_Patient]", seconds: float) -> None:
        """Let so much of the world's time pass for those who wait, or less if that is enough for one of them."""
        end = self._world.now + seconds
        while True:
            self._world.progress(max(end - self._world.now, 0.0))
            for client in patient:
                client.go_on()
            if self._world.paced or self._world.now >= end or len(self._patient()) < len(patient):
                return

    def _device(self, name: str) -> Device:
        if name not in self._devices:
            raise BenchError(f"There is no simulated instrument '{name}'.{nearest(name, self._devices)}")
        return self._devices[name]


class _Patient(Protocol):
    def go_on(self) -> None: ...


class Outbox:
    """Sends pieces one after the other, each at its time: what is late holds up what comes after it."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self.waiting: deque[Piece] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def post(self, pieces: list[Piece]) -> None:
        """Send these after all that is waiting."""
        self.waiting.extend(pieces)
        if self._timer is None:
            self._go_on()

    def close(self) -> None:
        """Nobody reads any more."""
        self.waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _go_on(self) -> None:
        self._timer = None
        while self.waiting:
            after, data = self.waiting[0]
            if after > 0.0:
                self.waiting[0] = Piece(0.0, data)
                self._timer = asyncio.get_running_loop().call_later(after, self._go_on)
                return
            self.waiting.popleft()
            self._write(data)


class _Door:
    """Where TCP clients of one device come in: closed while its wire is down, with the port kept for when it is mended."""

    def __init__(self, server: Server, device: Device, wire: Wire, listener: socket.socket) -> None:
        self.server, self.device, self.wire = server, device, wire
        self._bound = listener
        self._listening: asyncio.Server | None = None
        self._opening: asyncio.Future[None] | None = None
        self._connections: set[_Connection] = set()
        wire.hang_up.append(lambda: server.soon(self._hang_up))

    async def open(self) -> None:
        """Accept clients, if the wire is not down."""
        factory = functools.partial(_Connection, self)
        self._listening = await asyncio.get_running_loop().create_server(factory, sock=self._bound, backlog=64)
        self._opening = None
        if self.wire.down:
            self._hang_up()

    def close(self) -> None:
        """Accept nobody, hang up on everybody."""
        if self._listening is not None:
            self._listening.close()
        else:
            self._bound.close()
        self._drop_all()

    def tend(self) -> None:
        """Open again once the wire is mended."""
        if self._listening is None and self._opening is None and not self.wire.down:
            self._opening = asyncio.ensure_future(self.open())

    def patient(self) -> "list[_Connection]":
        """The clients whose session waits for the instrument."""
        return [connection for connection in self._connections if connection.waits]

    def taps(self) -> "list[_Connection]":
        """All clients."""
        return list(self._connections)

    def join(self, connection: "_Connection") -> None:
        """A client has come."""
        self._connections.add(connection)

    def leave(self, connection: "_Connection") -> None:
        """A client has gone."""
        self._connections.discard(connection)

    def _hang_up(self) -> None:
        self._drop_all()
        if self.wire.down and self._listening is not None:
            family, address = self._bound.family, self._bound.getsockname()
            self._listening.close()
            self._listening = None
            # Bound, so that nobody else gets the port, but not listening: a client is refused.
            self._bound = socket.socket(family)
            self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._bound.bind(address)

    def _drop_all(self) -> None:
        for connection in tuple(self._connections):
            connection.drop()


class _Connection(asyncio.Protocol):
    """One TCP client. A client that asks faster than it reads is not listened to until it has read."""

    def __init__(self, door: _Door) -> None:
        self._door, self._session = door, door.device.session()
        self._receive = functools.partial(door.server.receive, self._session, door.wire)
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._outbox = Outbox(transport.write)
        if isinstance(self._door.device, Outlet):  # what has not left fills the instrument's own buffer
            transport.set_write_buffer_limits(high=0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, OUTLET_BUFFER)
        else:
            transport.set_write_buffer_limits(high=HIGH_WATER)
        self._door.join(self)

    def connection_lost(self, reason: Exception | None) -> None:
        self._door.leave(self)
        self._outbox.close()
        self._session.close()

    def data_received(self, data: bytes) -> None:
        if answer := self._receive(self._outbox, data):
            self._transport.write(answer)

    @property
    def waits(self) -> bool:
        return not self._paused and bool(getattr(self._session, "waiting", False))

    def go_on(self) -> None:
        """Time has passed for a session that waits."""
        if answer := self._session.receive(b""):
            self._outbox.post([Piece(0.0, answer)])

    @property
    def blocked(self) -> bool:
        """Whether something that was sent has not left yet."""
        return self._paused or bool(self._outbox.waiting)

    def send(self, packets: Sequence[bytes]) -> None:
        """Send packets that nobody has asked for; faults of the wire befall each of them."""
        wire = self._door.wire
        if (watching := wire.watching) is None:
            self._transport.write(b"".join(packets))
        else:
            self._outbox.post([piece for packet in packets for piece in watching.spoil(wire, packet)])

    def pause_writing(self) -> None:
        self._paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        self._transport.resume_reading()

    def drop(self) -> None:
        """Hang up; what is still to be sent is dropped."""
        self._outbox.close()
        self._transport.abort()
