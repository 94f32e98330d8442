"""A link that was dropped is opened again only for the instrument that was there before."""

import pytest

from neurorig.instruments.links import SocketLink
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
