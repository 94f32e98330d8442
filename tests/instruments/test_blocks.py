"""Blocks of bytes: what their end looks like over a stream, and over an interface that marks it."""

import time

import pytest

from neurorig.instruments.links import Link, SocketLink
from neurorig.signals import LinkError

from .scripted import Register, scripted

BLOCK = bytes(range(256)) * 40


class Messages(Link):
    """An interface that marks where a message ends: each line is answered by one message, given in pieces."""

    marks_end = True

    def __init__(self, **answers: list[bytes]) -> None:
        super().__init__("messages", timeout=0.05)
        self.answers, self.waiting, self.cleared, self.ese = answers, [], 0, b""

    def _open(self, timeout: float) -> None: ...

    def _shut(self) -> None: ...

    def _send(self, data: bytes, deadline: float) -> None:
        self._ended = False
        for line in data.decode().splitlines():
            if line.startswith("*ESE "):
                self.ese = line[5:].encode()
            elif line == "*ESE?":
                self.waiting += [self.ese]
            else:
                self.waiting += self.answers.get(line.rstrip("?"), [])

    def _receive(self, deadline: float, want: int = 0) -> bytes:
        if not self.waiting:
            raise TimeoutError
        data = self.waiting.pop(0)
        if want and len(data) > want:
            self.waiting.insert(0, data[want:])
            data = data[:want]
        self._ended = not self.waiting
        return data

    def _clear(self, deadline: float) -> bool:
        self.waiting, self.cleared = [], self.cleared + 1
        return True


@pytest.mark.parametrize("end", [b"\n", b""])
def test_an_answer_ends_where_its_message_ends(end):
    assert Messages(IDN=[b"ACME,", b"1" + end]).query("IDN?") == "ACME,1"


@pytest.mark.parametrize(
    "pieces", [[b"#0", BLOCK, b"\n"], [b"#", b"0" + BLOCK[:7], BLOCK[7:] + b"\n"], [b"#0" + BLOCK]]
)
def test_an_indefinite_block_ends_where_its_message_ends(pieces):
    link = Messages(DATA=pieces)
    assert link.query_block("DATA?") == BLOCK
    into = bytearray(len(BLOCK))
    assert link.query_block("DATA?", into=into) == into == BLOCK
    assert link.query_block("DATA?", expect=len(BLOCK)) == BLOCK
    with pytest.raises(LinkError, match="holds 10240 bytes, 10000 were expected"):
        link.query_block("DATA?", expect=10000)
    assert link.query_block("DATA?") == BLOCK


def test_a_line_feed_at_the_end_of_an_indefinite_block_belongs_to_it_if_so_many_bytes_are_expected():
    link = Messages(DATA=[b"#0ab\n"])
    assert link.query_block("DATA?", expect=3) == b"ab\n"
    assert link.query_block("DATA?") == b"ab"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_definite_block_in_a_message_needs_no_line_end(end):
    link = Messages(DATA=[b"#510240", BLOCK + end], IDN=[b"ACME\n"])
    assert link.query_block("DATA?") == BLOCK
    assert link.query("IDN?") == "ACME"


def test_a_message_that_ends_inside_its_block_is_told_at_once_and_the_device_cleared():
    link = Messages(DATA=[b"#510240", BLOCK[:100]], IDN=[b"ACME\n"])
    with pytest.raises(LinkError, match="ended 10140 bytes before") as caught:
        link.query_block("DATA?")
    assert caught.value.partial == BLOCK[:100]
    assert link.query("IDN?") == "ACME"
    assert link.cleared == 1


@pytest.mark.parametrize("extra", [b"x", b"\n\n", b";1\n"])
def test_what_follows_a_block_in_its_message_is_no_part_of_it(extra):
    link = Messages(DATA=[b"#13abc" + extra], IDN=[b"ACME\n"])
    with pytest.raises(LinkError, match="followed by"):
        link.query_block("DATA?")
    assert link.query("IDN?") == "ACME"


def test_over_a_stream_an_indefinite_block_needs_to_be_told_its_length():
    with scripted(Register(DATA=[b"#0" + BLOCK[:20], 0.01, BLOCK[20:] + b"\n"])) as server, link_to(server) as link:
        assert link.query_block("DATA?", expect=len(BLOCK)) == BLOCK
        into = bytearray(len(BLOCK))
        assert link.query_block("DATA?", into=into) == BLOCK
        with pytest.raises(LinkError, match="a stream does not mark its end: say how many"):
            link.query_block("DATA?")
        assert link.query("*IDN?") == "ACME,Script,1,1"
        with pytest.raises(LinkError, match="followed by"):
            link.query_block("DATA?", expect=len(BLOCK) - 20)
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_an_instrument_that_puts_nothing_behind_its_blocks():
    with scripted(Register(DATA=[b"#13abc"])) as server, link_to(server, timeout=0.2) as link:
        with pytest.raises(LinkError, match="no answer in time"):
            link.query_block("DATA?")
        link.block_end = b""
        begun = time.monotonic()
        assert link.query_block("DATA?") == b"abc"
        assert time.monotonic() - begun < 0.15
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_a_line_end_that_follows_after_all_is_nobodys_answer():
    with scripted(Register(DATA=[b"#13abc", 0.02, b"\r\n"])) as server, link_to(server) as link:
        link.block_end = b""
        assert link.query_block("DATA?") == b"abc"
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_a_semicolon_behind_a_block_is_refused_unless_the_driver_says_that_it_belongs_there():
    with scripted(Register(DATA=[b"#13abc;"])) as server, link_to(server, timeout=0.2) as link:
        with pytest.raises(LinkError, match=r"followed by b';'|no answer in time"):
            link.query_block("DATA?")
        link.block_end = b";"
        assert link.query_block("DATA?") == b"abc"
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_a_length_beyond_reason_is_refused_before_memory_is_taken():
    with scripted(Register(DATA=[b"#9999999999"])) as server, link_to(server, timeout=0.2) as link:
        with pytest.raises(LinkError, match="999999999 bytes, more than"):
            link.query_block("DATA?")
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_an_instrument_that_never_ends_its_answer_fills_no_memory():
    with scripted(Register(BABBLE=[b"x" * 60_000] * 50)) as server, link_to(server) as link:
        link.longest = 100_000
        with pytest.raises(LinkError, match="bytes came without an end") as caught:
            link.query("BABBLE?")
        assert 100_000 < len(caught.value.partial) < 200_000
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_progress_is_told_up_to_the_end_and_what_it_raises_ends_the_transfer():
    class Cancelled(Exception):  # noqa: N818  # no error
        pass

    def cancel(received: int, total: int) -> None:
        told.append((received, total))
        if received > total / 2:
            raise Cancelled

    big = BLOCK * 1000
    told: list[tuple[int, int]] = []
    with scripted(Register(DATA=[b"#8%08d" % len(big) + big + b"\n"])) as server, link_to(server) as link:
        link.query_block("DATA?", progress=lambda *amounts: told.append(amounts))
        assert told == sorted(told)
        assert told[-1] == (len(big), len(big))
        told.clear()
        with pytest.raises(Cancelled):
            link.query_block("DATA?", progress=cancel)
        assert told[-1][0] > len(big) / 2
        assert link.midway
        assert link.query("*IDN?") == "ACME,Script,1,1"


def link_to(server, **options) -> SocketLink:
    return SocketLink("127.0.0.1", server.port, **options)
