"""A driver's query and block against the bare socket, pseudo-terminal or pyserial."""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import serial

from neurorig.instruments import Commanded, command, open_link
from neurorig.instruments.links import Link, TrafficLog

from .harness import Figure, Helper, Race, one_core, repeated

QUESTION = b":READ?\n"
SIZES = {10**3: 1.4, 10**4: 1.4, 10**5: 1.2, 10**6: 1.2, 10**7: 1.2}


class Meter(Commanded):
    """What a driver is: a class of declared commands."""

    reading = command(":READ", unit="A", query_only=True, doc="One reading.")


def run() -> Iterator[Figure]:
    """Every race of this page."""
    with one_core(), contextlib.ExitStack() as stack:
        port = int(stack.enter_context(Helper("blocking")).address)
        yield from _tcp(port, stack)
        for size, most in SIZES.items():
            yield from _block(port, size, most, stack)
    if os.name == "posix":
        with one_core(), contextlib.ExitStack() as stack:
            yield from _serial(stack)


def _tcp(port: int, stack: contextlib.ExitStack) -> list[Figure]:
    race = Race("TCP query", "us", lambda s: s * 1e6, rounds=15)
    race.add("raw socket", repeated(_over_socket(_connected(port, stack)), 1000))
    race.add("declared command", repeated(_reading(_link(f"tcp://127.0.0.1:{port}", stack)), 1000), 1.25)
    recorded = _link(f"tcp://127.0.0.1:{port}", stack)
    log = TrafficLog(Path(stack.enter_context(TemporaryDirectory())) / "traffic.jsonl")
    stack.enter_context(contextlib.closing(log))
    log.attach(recorded)
    race.add("with its traffic recorded", repeated(_reading(recorded), 1000), 1.5)
    return race.run()


def _serial(stack: contextlib.ExitStack) -> list[Figure]:
    # The line discipline works in a kernel thread that moves between cores: short turns, many rounds.
    race = Race("serial query", "us", lambda s: s * 1e6, rounds=41)
    paths = [stack.enter_context(Helper("terminal")).address for _ in range(3)]  # one client each
    race.add("raw pty", repeated(_over_descriptor(paths[0]), 250))
    race.add("pyserial", repeated(_over_pyserial(paths[1]), 250))
    race.add("declared command", repeated(_reading(_link(f"serial://{paths[2]}", stack)), 250), 1.1, "pyserial")
    return race.run()


def _block(port: int, size: int, most: float, stack: contextlib.ExitStack) -> list[Figure]:
    race = Race(f"block {size:.0e} B", "MB/s", lambda s: size / s / 1e6, rounds=11)
    times = max(3, min(200, 10**7 // size))
    race.add("raw socket", repeated(_raw_block(_connected(port, stack), size), times))
    link = _link(f"tcp://127.0.0.1:{port}", stack)

    def fetch() -> None:
        link.query_block(f":DATA? {size}", into=np.empty(size, np.uint8).data)

    race.add("link", repeated(fetch, times), most)
    return race.run()


def _link(resource: str, stack: contextlib.ExitStack) -> Link:
    return stack.enter_context(open_link(resource))


def _reading(link: Link) -> Callable[[], float]:
    meter = Meter(link, name="meter")
    return lambda: meter.reading


def _connected(port: int, stack: contextlib.ExitStack) -> socket.socket:
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _over_socket(client: socket.socket) -> Callable[[], float]:
    def ask() -> float:
        client.sendall(QUESTION)
        data = client.recv(4096)
        while data[-1] != 10:
            data += client.recv(4096)
        return float(data)

    return ask


def _over_descriptor(path: str) -> Callable[[], float]:
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def ask() -> float:
        os.write(port, QUESTION)
        data = os.read(port, 4096)
        while data[-1] != 10:
            data += os.read(port, 4096)
        return float(data)

    return ask


def _over_pyserial(path: str) -> Callable[[], float]:
    """The quick way to use it: wait for one byte, then take all that waits."""
    port = serial.Serial(path, 115200, timeout=2)

    def ask() -> float:
        port.write(QUESTION)
        data = port.read(1)
        while data[-1] != 10:
            data += port.read(port.in_waiting or 1)
        return float(data)

    return ask


def _raw_block(client: socket.socket, size: int) -> Callable[[], None]:
    """The limit: one recv for the header and the head of the payload, the rest straight into a fresh array."""
    line = f":DATA? {size}\n".encode()

    def fetch() -> None:
        client.sendall(line)
        head = client.recv(16384)
        start = 2 + head[1] - ord("0")
        payload = np.empty(size + 1, np.uint8)  # one more for the line feed
        payload[: len(head) - start] = np.frombuffer(head, np.uint8, offset=start)
        view = payload.data[len(head) - start :]
        while view:
            view = view[client.recv_into(view) :]

    return fetch
