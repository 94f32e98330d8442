"""Serves simulated instruments on TCP sockets and pseudo-terminals, many clients each, and keeps the world's time.

One event loop: a device is never entered twice at a time, so devices need no locks. A mistake inside a device is told
on standard error and costs the client its connection.
"""

import asyncio
import functools
import importlib
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from neurorig.signals import BenchError, nearest

from .device import Device, Session

if TYPE_CHECKING:
    from .terminal import PseudoTerminal
    from .world import World

TICK = 0.01
"""Wall-clock seconds between two ticks of the world."""
HIGH_WATER = 1 << 20
"""Bytes waiting for a TCP client beyond which no more of its commands are taken."""


class Server:
    """Open the addresses first (they are known at once, and clients may already connect), then `run` or `serve`."""

    def __init__(self, world: "World", devices: Mapping[str, Device]) -> None:
        self._world, self._devices = world, dict(devices)
        self._listening: list[tuple[socket.socket, Device]] = []
        self._terminals: list[tuple[PseudoTerminal, Session]] = []
        self._connections: set[_Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False

    def listen_tcp(self, name: str, port: int = 0, host: str = "127.0.0.1") -> int:
        """Accept clients of device `name`; port 0 takes any free one. Gives the port.

        Raises BenchError when there is no such device or the port cannot be had.
        """
        device = self._device(name)
        try:
            listener = socket.create_server((host, port), backlog=64)
        except OSError as reason:
            raise BenchError(
                f"Simulated instrument '{name}': cannot listen on {host}:{port} ({reason.strerror or reason}). Another "
                "program, perhaps another simulation, has this port: stop it, or take port 0 for any free one."
            ) from reason
        self._listening.append((listener, device))
        return int(listener.getsockname()[1])

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
        self._terminals.append((terminal, session))
        return terminal.path

    def run(self) -> None:
        """Serve until `stop`."""
        asyncio.run(self.serve())

    async def serve(self) -> None:
        """Serve until `stop` or cancellation; then close every address and hang up on every client. Once only."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        listeners = [
            await self._loop.create_server(functools.partial(_Connection, self, device), sock=listener)
            for listener, device in self._listening
        ]
        for terminal, session in self._terminals:
            terminal.start(functools.partial(self.receive, session))
        self._tick()
        try:
            if not self._stopping:
                await self._ended.wait()
        finally:
            self._ticking.cancel()
            for server in listeners:
                server.close()
            for connection in tuple(self._connections):
                connection.drop()
            for terminal, session in self._terminals:
                terminal.close()
                session.close()
            await asyncio.sleep(0)  # lets the dropped connections end their sessions

    def stop(self) -> None:
        """End `serve`; from any thread or signal handler, also before it has begun."""
        self._stopping = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended.set)

    def receive(self, session: Session, data: bytes) -> bytes:
        """Hand data to a session and tell the world that a client has spoken, unless it only watches."""
        if not getattr(session, "only_watches", False):
            self._world.heard(time.monotonic())
        return session.receive(data)

    def join(self, connection: "_Connection") -> None:
        """A client has come."""
        self._connections.add(connection)

    def leave(self, connection: "_Connection") -> None:
        """A client has gone."""
        self._connections.discard(connection)

    def _tick(self) -> None:
        self._world.tick(time.monotonic())
        self._ticking = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _device(self, name: str) -> Device:
        if name not in self._devices:
            raise BenchError(f"There is no simulated instrument '{name}'.{nearest(name, self._devices)}")
        return self._devices[name]


class _Connection(asyncio.Protocol):
    """One TCP client. A client that asks faster than it reads is not listened to until it has read."""

    def __init__(self, server: Server, device: Device) -> None:
        self._server, self._session = server, device.session()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._server.join(self)

    def connection_lost(self, reason: Exception | None) -> None:
        self._server.leave(self)
        self._session.close()

    def data_received(self, data: bytes) -> None:
        if answer := self._server.receive(self._session, data):
            self._transport.write(answer)

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def drop(self) -> None:
        """Hang up; what is still to be sent is dropped."""
        self._transport.abort()
