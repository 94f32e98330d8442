"""Simulated instruments behind their sockets against an asyncio server with nothing inside."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings

from .harness import Figure, Helper, Race, one_core, repeated

SECONDS = 0.1
BATCH = 250_000
DEPTH = 1_200_000
QUESTIONS = {"oscilloscope": ("scope", b":TRIG:EDG:LEV?\n"), "current source": ("source", b"SYST:VERS?\n")}
ACQUIRE = (":STOP", ":TIM:MAIN:SCAL 0.1", ":RUN", f":ACQ:MDEP {DEPTH}", ":SING")
TRANSFER = (":WAV:SOUR CHAN1", ":WAV:MODE RAW", ":WAV:FORM BYTE", ":WAV:STAR 1", f":WAV:STOP {BATCH}")


def run() -> Iterator[Figure]:
    """Every race of this page."""
    with (
        one_core(),
        Helper("bare", own_session=True) as bare,
        SimulatedProcess(Settings("wu2025_bump")) as process,
        contextlib.ExitStack() as stack,
    ):
        pid = process._process.pid
        ports = {name: int(a["tcp"].rsplit(":", 1)[1]) for name, a in process.addresses.items()}
        # A running oscilloscope looks for triggers all the time, also while the others are measured on this core.
        _clients(ports["scope"], 1, stack)[0].sendall(b":STOP\n")
        for clients in (1, 16):
            race = Race(f"serving {clients} client{'s' * (clients > 1)}", "queries/s", lambda s: 1 / s, rounds=25)
            race.add("bare asyncio", _load(_clients(int(bare.address), clients, stack), b":READ?\n", bare.pid))
            for title, (name, question) in QUESTIONS.items():
                race.add(title, _load(_clients(ports[name], clients, stack), question, pid), 1.2)
            yield from race.run()
        yield from _blocks(_clients(int(bare.address), 1, stack)[0], _clients(ports["scope"], 1, stack)[0])


def _clients(port: int, count: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(count)]
    for client in clients:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return clients


def _load(clients: list[socket.socket], question: bytes, server: int) -> Callable[[], float]:
    """Seconds of one query: everyone asks, then everyone reads, over and over."""

    def go() -> float:
        done, stop, start = 0, time.monotonic() + SECONDS, busy(server)
        while time.monotonic() < stop:
            for client in clients:
                client.sendall(question)
            for client in clients:
                _line(client)
            done += len(clients)
        return (busy(server) - start) / done

    return go


def busy(server: int) -> float:
    """Processor time of this process and of the server's, s: as both share a core, it is what a query takes.

    Unlike the wall clock it leaves out whoever else runs on that core. Where the system does not tell it, the clock.
    """
    try:
        return time.process_time() + int(Path(f"/proc/{server}/schedstat").read_text().split()[0]) * 1e-9
    except OSError:
        return time.perf_counter()


def _line(client: socket.socket) -> bytes:
    data = client.recv(4096)
    while data[-1] != 10:
        data += client.recv(4096)
    return data


def _blocks(bare: socket.socket, scope: socket.socket) -> Iterator[Figure]:
    for line in ACQUIRE:
        scope.sendall(line.encode() + b"\n")
    _ask_until(scope, b":TRIG:STAT?\n", b"WAIT\n")
    scope.sendall(b":TFOR\n")
    _ask_until(scope, b":TRIG:STAT?\n", b"STOP\n")
    for line in TRANSFER:
        scope.sendall(line.encode() + b"\n")
    start = time.perf_counter()
    _block(scope, b":WAV:DATA?\n")
    yield Figure(f"oscilloscope: digitising {DEPTH} samples", DEPTH / (time.perf_counter() - start) / 1e6, "Msamples/s")
    race = Race(f"serving a block of {BATCH} B", "MB/s", lambda s: BATCH / s / 1e6, rounds=11)
    race.add("bare asyncio", repeated(lambda: _block(bare, b":DATA? %d\n" % BATCH), 60))
    race.add("oscilloscope", repeated(lambda: _block(scope, b":WAV:DATA?\n"), 60), 1.2)
    yield from race.run()


def _ask_until(client: socket.socket, question: bytes, wanted: bytes) -> None:
    deadline, answer = time.monotonic() + 10, b""
    while answer != wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{question!r} still gives {answer!r}, not {wanted!r}")
        client.sendall(question)
        answer = _line(client)


def _block(client: socket.socket, question: bytes) -> None:
    client.sendall(question)
    head = client.recv(65536)
    digits = head[1] - ord("0")
    missing = 2 + digits + int(head[2 : 2 + digits]) + 1 - len(head)
    while missing > 0:
        missing -= len(client.recv(missing))
