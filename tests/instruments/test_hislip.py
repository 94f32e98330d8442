"""Simulated instruments over HiSLIP, for our own VISA link and for clients that are not ours."""

import asyncio
import contextlib
import socket
import struct
import threading

import pytest
import pyvisa

from neurorig.instruments.links import TrafficLog, Transcript, VisaLink, open_link
from neurorig.instruments.simulated.arguments import integer
from neurorig.instruments.simulated.device import Block, ScpiDevice, ScpiError, Setting
from neurorig.instruments.simulated.grammar import on
from neurorig.instruments.simulated.hislip import HislipService
from neurorig.instruments.simulated.world import Clock, World
from neurorig.signals import ConfigError, LinkError

TRACE = bytes(range(256)) * 10_000


class Meter(ScpiDevice):
    points = Setting(":POINts", integer(0, len(TRACE)), 100)

    def __init__(self) -> None:
        super().__init__(World(Clock()), "ACME,Meter,7,1")

    @on(":DATA?")
    def data(self) -> Block:
        return Block(TRACE[: self.points])

    @on(":QUIet?")
    def quiet(self) -> None:
        """Does not answer, as a broken instrument."""

    @on(":FAIL")
    def failing(self) -> None:
        raise ScpiError(-221)


@contextlib.contextmanager
def served(device):
    """The port of a HiSLIP server in a thread of its own."""
    loop = asyncio.new_event_loop()
    service = HislipService(device, lambda session, data: session.receive(data))
    server = loop.run_until_complete(loop.create_server(service.connection, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@pytest.fixture
def port():
    with served(Meter()) as port:
        yield port


def linked(port: int, timeout: float = 2.0) -> VisaLink:
    link = open_link(f"TCPIP::127.0.0.1::hislip0,{port}::INSTR?backend=@py", timeout=timeout)
    assert isinstance(link, VisaLink)
    return link


def test_lines_and_blocks_go_both_ways(port):
    with linked(port) as link:
        assert link.query("*IDN?") == "ACME,Meter,7,1"
        for size in (1, 100, 70_000, len(TRACE)):
            link.write(f":POIN {size}")
            assert link.query_block(":DATA?") == TRACE[:size]
        assert link.query("*IDN?;:POIN?") == f"ACME,Meter,7,1;{len(TRACE)}"


def test_after_an_answer_that_did_not_come_the_device_is_cleared_and_the_link_in_step(port, tmp_path):
    with linked(port, 0.3) as link:
        log = TrafficLog(tmp_path / "t.jsonl")
        log.attach(link)
        with pytest.raises(LinkError, match="no answer in time"):
            link.query(":QUI?")
        assert link.query("*IDN?", timeout=2) == "ACME,Meter,7,1"
        log.close()
    transcript = Transcript(log.path)
    remarks = [transcript.data(p) for p in transcript.pieces if p.direction == "!"]
    transcript.close()
    assert remarks == [b"no answer in time", b"device clear"]
    with open_link(f"replay://{log.path}") as replay:
        with pytest.raises(LinkError, match="no answer in time"):
            replay.query(":QUI?")
        assert replay.query("*IDN?") == "ACME,Meter,7,1"


def test_a_record_over_hislip_knows_the_ends_of_its_messages(port, tmp_path):
    log = TrafficLog(tmp_path / "t.jsonl")
    with linked(port) as link:
        log.attach(link)
        assert link.query_block(":DATA?") == TRACE[:100]
    log.close()
    with open_link(f"replay://{log.path}") as replay:
        assert replay.marks_end
        assert replay.query_block(":DATA?") == TRACE[:100]


def test_clients_that_are_not_ours(port):
    manager = pyvisa.ResourceManager("@py")
    with manager.open_resource(f"TCPIP::127.0.0.1::hislip0,{port}::INSTR") as meter:
        assert meter.query("*IDN?") == "ACME,Meter,7,1\n"
        assert bytes(meter.query_binary_values(":DATA?", "B", container=bytes)) == TRACE[:100]
        assert meter.read_stb() == 0
        meter.write(":FAIL")
        assert meter.query("*OPC?") == "1\n"  # the status is asked over a connection of its own, and may overtake
        assert meter.read_stb() == 0x04
        meter.clear()
        assert meter.query(":SYST:ERR?").startswith("-221")
    manager.close()


def test_two_clients_keep_their_messages_apart(port):
    with linked(port) as one, linked(port) as two:
        one.write(":POIN 7")
        assert two.query(":POIN?") == "7"
        assert one.query("*IDN?") == two.query("*IDN?")


def test_what_is_no_hislip_is_refused_and_the_others_go_on(port):
    with linked(port) as link:
        for nonsense in (b"GET / HTTP/1.1\r\n\r\n", bytes(16), struct.pack("!2sBBIQ", b"HS", 6, 0, 0, 0)):
            with socket.create_connection(("127.0.0.1", port), 2) as client:
                client.sendall(nonsense)
                assert client.recv(16)[:3] == b"HS\x02"  # fatal error
                assert client.recv(16) == b""
        assert link.query("*IDN?") == "ACME,Meter,7,1"


def test_a_back_end_is_named_behind_the_address():
    with pytest.raises(ConfigError, match=r"hislip0::INSTR\?backend=@py"):
        open_link("TCPIP::127.0.0.1::inst0::INSTR?colour=red")
    with pytest.raises(LinkError, match="cannot be opened"):
        open_link("TCPIP::127.0.0.1::inst0::INSTR?backend=@nosuch", timeout=0.2)
