"""Programs of all kinds at one simulated bench at the same time, and its end while they are connected."""

import contextlib
import json
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pyvisa

from neurorig.instruments import DRIVERS
from neurorig.instruments.links import open_link
from neurorig.instruments.simulated import Block, ScpiDevice, Server
from neurorig.instruments.simulated.grammar import on

from .doubles import double_of
from .fakes import Client, quiet_world

MEGABYTE = 1 << 20
posix = pytest.mark.skipif(sys.platform == "win32", reason="NOT VERIFIED: signals of another kind on Windows")


class Talker(ScpiDevice):
    """Answers with a megabyte, and counts how often it did."""

    def __init__(self) -> None:
        super().__init__(quiet_world(), "ACME,Talker,1,1")
        self.answered = 0

    @on(":DATA?", cost=0.0)
    def data(self) -> Block:
        self.answered += 1
        return Block(bytes(MEGABYTE))


@contextlib.contextmanager
def served(device: Any, world: Any) -> Iterator[tuple[int, int]]:
    """TCP and HiSLIP ports."""
    server = Server(world, {"it": device})
    ports = server.listen_tcp("it"), server.listen_hislip("it")
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield ports
    finally:
        server.stop()
        thread.join(5)
        assert not thread.is_alive()


def test_ours_and_theirs_at_one_instrument_each_get_their_own_answers():
    double = double_of("rigol_ds1000z")
    with served(double.device, double.world) as (port, hislip):
        manager = pyvisa.ResourceManager("@py")

        def through_pyvisa(channel: int, resource: str) -> list[str]:
            with manager.open_resource(resource, read_termination="\n", write_termination="\n") as scope:
                scope.write(f":CHAN{channel}:OFFS {channel}")
                return [scope.query(f":CHAN{channel}:OFFS?") for _ in range(100)]

        def through_our_driver(channel: int) -> list[float]:
            with DRIVERS["rigol_ds1000z"].connect(f"tcp://127.0.0.1:{port}") as scope:
                scope.channels[str(channel)].offset = float(channel)
                return [scope.channels[str(channel)].offset for _ in range(100)]

        def through_a_bare_socket(channel: int) -> list[str]:
            with Client(port) as scope:
                scope.write(f":CHAN{channel}:OFFS {channel}")
                return [scope.query(f":CHAN{channel}:OFFS?") for _ in range(100)]

        with ThreadPoolExecutor(4) as pool:
            runs = [
                pool.submit(through_our_driver, 1),
                pool.submit(through_pyvisa, 2, f"TCPIP::127.0.0.1::{port}::SOCKET"),
                pool.submit(through_pyvisa, 3, f"TCPIP::127.0.0.1::hislip0,{hislip}::INSTR"),
                pool.submit(through_a_bare_socket, 4),
            ]
            for channel, run in enumerate(runs, 1):
                assert {float(answer) for answer in run.result(30)} == {channel}


@pytest.mark.parametrize("which", ["socket", "hislip"])
def test_a_client_that_never_reads_costs_no_more_than_what_the_buffers_hold(which):
    device = Talker()
    with served(device, device.world) as (port, hislip), socket.socket() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        greedy.connect(("127.0.0.1", port if which == "socket" else hislip))
        greedy.settimeout(0.5)
        line = b":DATA?\n"
        if which == "hislip":
            greedy.sendall(struct.pack("!2sBBIQ", b"HS", 0, 0, 0x0100_0000, 7) + b"hislip0")
            greedy.recv(16)
            line = struct.pack("!2sBBIQ", b"HS", 7, 0, 0, len(line)) + line
        with contextlib.suppress(TimeoutError):
            greedy.sendall(line * 500)
        with Client(port) as other:
            assert other.query("*IDN?") == "ACME,Talker,1,1"
        assert 0 < device.answered < 200, "of half a gigabyte asked for"


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_bench_ends_quietly_with_clients_of_every_kind_connected(number):
    command = [sys.executable, "-m", "neurorig", "simulate", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None and bench.stderr is not None
        addresses = json.loads(bench.stdout.readline())
        port = int(addresses["scope"]["tcp"].rpartition(":")[2])
        with contextlib.ExitStack() as stack:
            ours = stack.enter_context(open_link(addresses["scope"]["tcp"]))
            assert ours.query("*IDN?").startswith("RIGOL")
            manager = pyvisa.ResourceManager("@py")
            theirs: Any = stack.enter_context(manager.open_resource(addresses["scope"]["visa"]))
            assert theirs.query("*IDN?").startswith("RIGOL")
            if Path(pty := addresses["source"]["serial"].removeprefix("serial://")).exists():
                stack.enter_context(Path(pty).open("rb"))
            half = stack.enter_context(Client(port))
            half.socket.sendall(b":WAV:SOUR CH")
            greedy = stack.enter_context(Client(port))
            greedy.socket.sendall(b":DISP:DATA? ON,OFF,BMP24\n" * 5)  # a megabyte each
            waiting = stack.enter_context(Client(port))
            waiting.write("*OPC?")
            time.sleep(0.3)
            began = time.monotonic()
            bench.send_signal(number)
            assert bench.wait(10) == 0
            assert time.monotonic() - began < 4.0  # at once; a busy computer takes its time
            assert bench.stderr.read() == ""
            with contextlib.suppress(Exception):  # nobody is there to be told
                theirs.close()
