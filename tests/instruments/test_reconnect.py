"""A link that was dropped is opened again only for the instrument that was there before."""

import pytest

from neurorig.instruments.links import SocketLink
from neurorig.instruments.scpi import ScpiInstrument
from neurorig.signals import BenchError, LinkError

from .scripted import Register, scripted

SAME = "ACME,Script,1,1"


def hang_up(link: SocketLink) -> None:
    with pytest.raises(LinkError, match="closed the connection"):
        link.query("BYE?")


def knowing(link: SocketLink) -> SocketLink:
    def check() -> None:
        if (found := link.query("*IDN?")) != SAME:
            raise BenchError(f"{found} is another instrument")

    link.check_identity = check
    return link


def linked(server) -> SocketLink:
    return knowing(SocketLink("127.0.0.1", server.port, timeout=0.3))


def test_the_same_instrument_is_used_again():
    with scripted(Register(BYE=[None], READ=[b"1\n"])) as server, linked(server) as link:
        hang_up(link)
        link.reconnect()
        assert link.query("READ?") == "1"
        assert server.heard[-2:] == ["*IDN?", "READ?"]


def test_another_instrument_at_the_same_address_is_not_used():
    script = Register(BYE=[None], READ=[b"1\n"])
    with (
        scripted(lambda line: [b"ACME,Script,1,2\n"] if line == "*IDN?" else script(line)) as server,
        linked(server) as link,
    ):
        hang_up(link)
        with pytest.raises(BenchError, match="another instrument"):
            link.reconnect()
        with pytest.raises(LinkError):
            link.query("READ?")
        assert "READ?" not in server.heard


def test_after_safe_lines_over_a_new_connection_nothing_is_asked_before_the_identity():
    script = Register(BYE=[None], READ=[b"1\n"])
    answers = [SAME.encode() + b"\n", b"ACME,Script,1,2\n"]
    with scripted(lambda line: [answers[-1]] if line == "*IDN?" else script(line)) as server, linked(server) as link:
        hang_up(link)
        link.send_safe(("OUTP OFF",))
        for _ in range(2):
            with pytest.raises(BenchError, match="another instrument"):
                link.query("READ?")
        assert "READ?" not in server.heard
        assert server.heard.index("OUTP OFF") < server.heard.index("*IDN?")
        answers.pop()
        assert link.query("READ?") == "1"


def test_an_instrument_that_nobody_can_recognise_is_not_reconnected():
    with scripted(Register(BYE=[None])) as server, SocketLink("127.0.0.1", server.port, timeout=0.3) as link:
        hang_up(link)
        with pytest.raises(LinkError, match="nobody has said which instrument"):
            link.reconnect()


def test_an_instrument_that_is_still_away_can_be_tried_again():
    with scripted(Register(BYE=[None])) as server:
        link, port = linked(server), server.port
        hang_up(link)
    for _ in range(2):
        with pytest.raises(LinkError, match="cannot be opened"):
            link.reconnect()
    assert port
    link.close()


class Supply(ScpiInstrument):
    driver = "rigol_ds1000z"
    safe_state = ("OUTP OFF",)
    off_answers = (("OUTP?", "0"),)


class Bench(Register):
    """A supply that can be dropped, exchanged, and stuck."""

    def __init__(self) -> None:
        super().__init__(BYE=[None])
        self.serial, self.output = "1", "0"

    def __call__(self, line):
        if line == "*IDN?":
            return [f"RIGOL TECHNOLOGIES,DS1104Z,{self.serial},1\n".encode()]
        return [self.output.encode() + b"\n"] if line == "OUTP?" else super().__call__(line)


@pytest.fixture
def dropped():
    bench = Bench()
    with scripted(bench) as server, SocketLink("127.0.0.1", server.port, timeout=0.3) as link:
        supply = Supply(link)
        hang_up(link)
        yield bench, server, supply


def test_a_driver_reconnects_makes_safe_and_has_that_confirmed(dropped):
    _, server, supply = dropped
    supply.reconnect()
    server.heard.clear()
    assert supply.link.query("OUTP?") == "0"
    supply.close()


def test_an_instrument_that_was_exchanged_is_named_and_not_even_switched(dropped):
    bench, server, supply = dropped
    bench.serial = "2"
    with pytest.raises(BenchError, match=r"with serial number 2 answers there, not .* with 1. It is not used"):
        supply.reconnect()
    assert "OUTP OFF" not in server.heard
    with pytest.raises(LinkError):
        supply.link.query("OUTP?")


def test_an_instrument_whose_outputs_stay_on_is_not_used(dropped):
    bench, server, supply = dropped
    bench.output = "1"
    with pytest.raises(BenchError):
        supply.reconnect()
    assert "OUTP OFF" in server.heard
    with pytest.raises(LinkError):
        supply.link.query("*IDN?")
