"""Simulated instruments behind real transports: what a client on a socket or a serial port meets."""

import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from neurorig.instruments.simulated import Block, ScpiDevice, Server
from neurorig.instruments.simulated.grammar import on
from neurorig.signals import BenchError

from .fakes import Client, quiet_world, serving

BLOCK = bytes(range(256)) * 1000


class Echo(ScpiDevice):
    """Answers who it is and a quarter of a megabyte with every byte value in it."""

    def __init__(self, world):
        super().__init__(world, "ACME,Echo,0002,1.0")

    @on(":DATA?", cost=0.0)
    def data(self):
        return Block(BLOCK, 9)

    @on(":BUG?")
    def bug(self):
        raise RuntimeError("a mistake in the simulated instrument")


@pytest.fixture
def served():
    world = quiet_world()
    with serving(world, {"echo": Echo(world)}, pty="echo" if sys.platform != "win32" else None) as addresses:
        yield addresses


def test_split_packets_and_many_clients(served):
    with Client(served["echo"]) as one, Client(served["echo"]) as two:
        for byte in b"*IDN?\n*ID":
            one.socket.sendall(bytes([byte]))
        assert two.query("*IDN?") == "ACME,Echo,0002,1.0"
        assert one.query("N?") == "ACME,Echo,0002,1.0"
        assert one.query("*OPC?") == "ACME,Echo,0002,1.0"  # answers come in order
        assert one.query("*OPC?") == "1"


def test_blocks_arrive_whole(served):
    with Client(served["echo"]) as client:
        assert [client.query_block(":DATA?") == BLOCK for _ in range(8)] == [True] * 8


def test_a_client_that_asks_without_reading_is_held_back_and_then_gets_everything(served):
    with Client(served["echo"]) as client:
        asking = threading.Thread(target=lambda: client.socket.sendall(b":DATA?\n" * 100))
        asking.start()
        time.sleep(0.2)
        with Client(served["echo"]) as other:
            assert other.query("*IDN?") == "ACME,Echo,0002,1.0"
        wanted, received = 100 * (11 + len(BLOCK) + 1), 0
        while received < wanted:
            received += len(client.socket.recv(1 << 20))
        asking.join(5)
        assert received == wanted
        assert client.query("*IDN?") == "ACME,Echo,0002,1.0"


def test_a_mistake_in_a_device_hangs_up_and_the_others_go_on(served):
    with Client(served["echo"]) as one, Client(served["echo"]) as two:
        with pytest.raises((EOFError, ConnectionError)):
            one.query(":BUG?")
        assert two.query("*IDN?") == "ACME,Echo,0002,1.0"


def test_the_end_hangs_up_on_clients():
    world = quiet_world()
    with serving(world, {"echo": Echo(world)}) as addresses:
        client = Client(addresses["echo"])
        assert client.query("*OPC?") == "1"
    with pytest.raises((EOFError, ConnectionError)):
        client.query("*IDN?")
    client.close()


def test_a_port_in_use_and_an_unknown_name_are_told_clearly():
    world = quiet_world()
    server = Server(world, {"echo": Echo(world)})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BenchError, match=f"'echo': cannot listen on 127.0.0.1:{port}"):
            server.listen_tcp("echo", port)
    with pytest.raises(BenchError, match=r"'eco'.* Did you mean 'echo'"):
        server.listen_tcp("eco")


@pytest.mark.skipif(sys.platform == "win32", reason="NOT VERIFIED: no pseudo-terminals on Windows")
def test_a_pseudo_terminal_is_a_serial_port_with_binary_data(served):
    import serial

    for _ in range(2):  # a second client finds the line as the first did
        with serial.Serial(served["pty"], 500000, timeout=5) as port:
            port.write(b"*IDN?\n")
            assert port.readline() == b"ACME,Echo,0002,1.0\n"
            port.write(b":DATA?\n:DATA?\n")
            wanted = b"#9%09d%s\n" % (len(BLOCK), BLOCK)
            assert port.read(len(wanted)) == wanted
            assert port.read(len(wanted)) == wanted


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="NOT VERIFIED: counts open files in /proc")
def test_nothing_leaks_when_a_server_ends():
    world = quiet_world()

    def once():
        with serving(world, {"echo": Echo(world)}, pty="echo") as addresses, Client(addresses["echo"]) as client:
            assert client.query("*OPC?") == "1"

    once()
    before = len(list(Path("/proc/self/fd").iterdir()))
    once()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_silence_makes_the_world_follow_the_wall_clock(served):
    world = quiet_world()
    with serving(world, {"echo": Echo(world)}) as addresses, Client(addresses["echo"]) as client:
        client.query("*OPC?")
        world.at(60.0, lambda: None)  # something is due, like a watchdog
        spoken = world.now
        time.sleep(0.5)
        assert world.now - spoken > 0.1
