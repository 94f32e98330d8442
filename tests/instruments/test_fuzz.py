"""Random bytes into every parser between an instrument and its driver, on either side.

Each stream has its number as its seed. ``FUZZ_STREAMS=1000000 python -m pytest tests/instruments/test_fuzz.py`` tries as many
for each parser as wanted; what fails names the stream, and ``FUZZ_FIRST`` begins there.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import sys
from collections.abc import Callable
from decimal import Decimal

import pytest

from neurorig.instruments.commands import Commanded, command, integer, switch
from neurorig.instruments.links import Link, ReplayLink
from neurorig.instruments.simulated.arguments import ScpiError, block, choice, number, string
from neurorig.instruments.simulated.arguments import integer as whole
from neurorig.instruments.simulated.device import ScpiDevice, Setting, Settings
from neurorig.instruments.simulated.grammar import Framer, on
from neurorig.instruments.simulated.hislip import HislipService
from neurorig.instruments.simulated.world import Clock, World
from neurorig.signals import InstrumentError, LinkError

FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
STREAMS = range(FIRST, FIRST + int(os.environ.get("FUZZ_STREAMS", "10000")))
MOST = 1 << 16
"""Bytes of an answer that the links here take."""

PIECES: tuple[Callable[[random.Random], bytes], ...] = (
    lambda r: r.randbytes(r.randrange(1, 40)),
    lambda r: b"%d" % r.randrange(10**4, 10**9),
    lambda r: b"%.6E" % r.uniform(-1e3, 1e3),
    lambda r: r.choice([b"#", b"\r", b";", b",", b'"', b"'", b"?", b":", b"*", b" ", b"-", b"_", b"."]),
    lambda r: r.choice([b"\n", b"\r\n", b"\n", b"\n\n"]),
    lambda r: r.choice([b"#0", b"#9", b"#10", b"#9999999999", b"#9000000004", b"#2-1", b"#1+", b"#3 12", b"#41_00"]),
    lambda r: framed(r.randbytes(r.randrange(60)), r.randrange(2, 10)),
    lambda r: r.choice(
        [b"VOLT", b":VOLT", b"LEV", b"CHAN3", b":CHAN1:COUP AC", b"NAN", b"INF", b"ON", b"1_0", b"DATA "]
    ),
)


def framed(payload: bytes, digits: int) -> bytes:
    return b"#%d%0*d%s" % (digits, digits, len(payload), payload)


def stream(r: random.Random) -> bytes:
    return b"".join(r.choice(PIECES)(r) for _ in range(r.randrange(1, 8)))


def cut(r: random.Random, data: bytes) -> list[bytes]:
    edges = sorted({0, len(data), *(r.randrange(len(data) + 1) for _ in range(r.randrange(4)))})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


class Wire(Link):
    """An instrument that answers FUZZ? with the pieces it is given, and everything else as it should."""

    def __init__(self, pieces: list[bytes], marks_end: bool, first: int) -> None:
        super().__init__("wire", timeout=60)
        self.pieces, self.marks_end, self.longest = pieces, marks_end, MOST
        self.coming: list[bytes] = []
        self.ese = b""
        self._resyncs = itertools.count(first)

    def _open(self, timeout: float) -> None: ...

    def _shut(self) -> None: ...

    def _send(self, data: bytes, deadline: float) -> None:
        self._ended = False
        for line in data.splitlines():
            if line.startswith(b"*ESE "):
                self.ese = line[5:]
            elif line == b"*ESE?":
                self.coming.append(self.ese + b"\n")
            elif line == b"*IDN?":
                self.coming.append(b"in step\n")
            elif line == b"FUZZ?":
                self.coming += self.pieces

    def _receive(self, deadline: float, want: int = 0) -> bytes:
        if not self.coming:
            raise TimeoutError
        data = self.coming.pop(0)
        if want and len(data) > want:
            self.coming.insert(0, data[want:])
            data = data[:want]
        self._ended = self.marks_end and not self.coming
        return data


def asked(number: int, ask: Callable[[Link], object]) -> tuple[bytes, bool, object]:
    """What came, whether its end was marked, and what the link made of it; then the link must be in step."""
    r = random.Random(number)
    data = stream(r)
    link = Wire(cut(r, data), r.random() < 0.3, r.randrange(100))
    try:
        found = ask(link)
        link.coming.clear()  # what an instrument sends unasked, later, is another matter
    except LinkError as error:
        assert len(error.partial) <= MOST + len(data)
        found = None
    assert link.query("*IDN?") == "in step", number
    assert not link.midway
    return data, link.marks_end, found


@pytest.fixture(autouse=True)
def bounded_memory():
    """Whatever length a stream claims, no memory is taken for it."""
    if sys.platform == "win32":
        yield
        return
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_an_answer_is_the_first_line_or_nothing() -> None:
    for k in STREAMS:
        data, marked, found = asked(k, lambda link: link.query("FUZZ?"))
        line, end, _ = data.partition(b"\n")
        expected = line.rstrip(b"\r").decode("latin-1") if end or marked else None
        assert found == expected, k


BLOCK = re.compile(rb"#([1-9])")


def payload_of(data: bytes) -> tuple[bytes, bytes] | None:
    """The payload of a definite block and what follows, read in the plainest way."""
    if not (head := BLOCK.match(data)) or not re.fullmatch(rb"[0-9]+", size := data[2 : 2 + int(head[1])]):
        return None
    rest = data[2 + len(size) :]
    if len(size) < int(head[1]) or len(rest) < int(size):
        return None
    return rest[: int(size)], rest[int(size) :]


def test_a_block_is_its_payload_or_nothing() -> None:
    taken = 0
    for k in STREAMS:
        data, marked, found = asked(k, lambda link: bytes(link.query_block("FUZZ?")))
        true = payload_of(data)
        if found is not None and not (marked and data.startswith(b"#0")):
            assert true is not None, k
            assert found == true[0], k
            assert true[1].startswith((b"\n", b"\r\n")) or marked, k
            taken += 1
        elif found is not None:
            assert found == data[2:].removesuffix(b"\n"), k
        elif true is not None:
            assert true[1] not in (b"\n", b"\r\n"), k
    assert taken >= len(STREAMS) // 1000


NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)(E[-+]?\d+)?"


class Meter(Commanded):
    volts = command(":VOLT", unit="V", query_only=True, doc="A number.")
    count = integer(":COUN", low=0, high=9, query_only=True, doc="A whole number.")
    output = switch(":OUTP", doc="On or off.")


def test_an_answer_that_is_no_number_gives_none() -> None:
    given = [""]
    meter = Meter(Wire([], False, 0), name="meter")
    meter.query = lambda _: given[0]
    for k in STREAMS:
        given[0] = text = stream(random.Random(k)).decode("latin-1").strip("\r\n")
        for name, words in (("volts", "|[-+]?(NAN|INF)"), ("count", ""), ("output", "|ON|OFF")):
            try:
                value = getattr(meter, name)
            except InstrumentError:
                continue
            assert re.fullmatch(NUMBER + words, text.strip(), re.ASCII | re.IGNORECASE), (k, name, value)
            if name != "volts" and not text.strip().isalpha():
                assert Decimal(text.strip()) == value, (k, name, value)


class Instrument(ScpiDevice):
    volts = Setting(":SOURce:VOLTage[:LEVel]", number("V", -10, 10, 0), 0.0)
    mode = Setting(":MODE", choice("FAST", "SLOW"), "FAST")
    coupling = Settings(":CHANnel<1-4>:COUPling", choice("AC", "DC"), dict.fromkeys(range(1, 5), "DC"))
    name = Setting(":NAME", string, "")
    points = Setting(":POINts", whole(0, 99), 7)

    def __init__(self) -> None:
        super().__init__(World(Clock()), "ACME,Fuzzed,0,1")
        self.data = b""

    @on(":DATA", block)
    def take(self, data: bytes) -> None:
        self.data = data


ANSWER = re.compile(rb"[^\n]*\n")


def test_an_instrument_survives_every_stream_in_pieces_of_any_size() -> None:
    for k in STREAMS:
        r = random.Random(k)
        lines = [r.choice([b"", b":", b"*RST;", b":CHAN2:COUP AC;COUP?;"]) + stream(r) for _ in range(3)]
        data = b"\n".join(lines) + b"\n"
        one, other = Instrument(), Instrument()
        session = other.session()
        answers = one.session().receive(data)
        pieces = b"".join(session.receive(piece) for piece in cut(r, data))
        if b"-363" not in one.session().receive(b":SYST:ERR?\n" * 20):  # then what had come of it by then is lost
            assert pieces == answers, k
            assert one.values == other.values, k
        assert -10 <= one.volts <= 10
        assert b"".join(ANSWER.findall(answers)) == answers, k
        assert one.session().receive(b"*IDN?\n") == b"ACME,Fuzzed,0,1\n", k


def test_a_stream_is_cut_into_the_same_messages_however_it_comes() -> None:
    for k in STREAMS:
        r = random.Random(k)
        data = stream(r) + stream(r) + b"\n"
        pieces, whole_stream = Framer(), Framer()
        with contextlib.suppress(ScpiError):  # a block that claims more than there is room for
            messages = list(whole_stream.feed(data))
            assert [m for piece in cut(r, data) for m in pieces.feed(piece)] == messages, k


class Sink(asyncio.Transport):
    """Where the answers of a server go."""

    def __init__(self) -> None:
        self.sent, self.shut = bytearray(), False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """It takes everything."""

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.shut

    def close(self) -> None:
        self.shut = True


def test_hislip_survives_every_stream() -> None:
    hello = b"HS\0\0\1\0nr" + (7).to_bytes(8) + b"hislip0"
    instrument = Instrument()
    service = HislipService(instrument, lambda session, data: session.receive(data))
    for k in STREAMS:
        r = random.Random(k)
        connection, sink = service.connection(), Sink()
        connection.connection_made(sink)
        data = hello if r.random() < 0.8 else b""
        for _ in range(r.randrange(4)):
            payload = stream(r)
            length = len(payload) if r.random() < 0.8 else r.randrange(2**40)
            kind = r.randrange(26) if r.random() < 0.9 else r.randrange(256)
            data += b"HS" + bytes([kind, r.randrange(3)]) + r.randbytes(4) + length.to_bytes(8) + payload
        for piece in cut(r, data):
            if not sink.shut:
                connection.data_received(piece)
        assert bytes(sink.sent[:2]) in (b"HS", b""), k
        connection.connection_lost(None)
    assert service.sessions == {}
    assert instrument.session().receive(b"*IDN?\n") == b"ACME,Fuzzed,0,1\n"


RECORD = [
    {"traffic": 1, "resource": "tcp://somewhere:1", "marks_end": False},
    {"t": 1.0, ">": "A?\n"},
    {"t": 1.1, "<": "1.5\n"},
    {"t": 1.2, ">": "B?\n"},
    {"t": 1.3, "<": "IzEzYWJjCg==", "base64": True},
    {"t": 1.4, "!": "no answer in time"},
    {"t": 1.5, "|": ""},
]


def spoiled(r: random.Random) -> bytes:
    """A record with some bytes changed, cut out, or put in."""
    lines = [json.dumps(line).encode() for line in RECORD]
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(len(lines))
        line = lines[at]
        a, b = sorted(r.randrange(len(line) + 1) for _ in range(2))
        lines[at] = r.choice(
            [
                line[:a] + stream(r) + line[a:],
                line[:a] + line[b:],
                line[:a] + line[a:b] * 2 + line[b:],
                b"[" * 2000,
                stream(r),
            ]
        )
    return b"\n".join(lines) + b"\n"


def test_a_spoiled_record_is_refused_or_played(tmp_path) -> None:
    played = 0
    for k in STREAMS:
        r = random.Random(k)
        path = tmp_path / f"{k}.jsonl"
        path.write_bytes(spoiled(r))
        try:
            with ReplayLink(path, r.random() < 0.5, timeout=60) as link:
                link.query("A?")
                link.query_block("B?")
                played += 1
        except LinkError:
            continue
        finally:
            path.unlink()
    assert played > len(STREAMS) // 100
