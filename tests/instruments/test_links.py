"""What a link does when an instrument answers late, in pieces, too little, or not at all."""

import itertools
import os
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurorig.instruments.links import KeepAlive, Question, SerialLink, SocketLink, VisaLink, open_link
from neurorig.signals import ConfigError, LinkError

from .scripted import Register, scripted

BLOCK = bytes(range(256)) * 40


def framed(payload: bytes, digits: int = 9) -> bytes:
    return b"#%d%s%s\n" % (digits, str(len(payload)).rjust(digits, "0").encode(), payload)


def link_to(server, **options) -> SocketLink:
    return SocketLink("127.0.0.1", server.port, **options)


def test_an_answer_comes_without_its_line_end():
    with (
        scripted(Register(CR=[b"1\r\n"], SPLIT=[b"+1.2", 0.02, b"5E", 0.02, b"-3\n"])) as server,
        link_to(server) as link,
    ):
        assert link.query("*IDN?") == "ACME,Script,1,1"
        assert link.query("CR?") == "1"
        assert link.query("SPLIT?") == "+1.25E-3"


def test_a_late_answer_is_never_given_to_another_question():
    with scripted(Register(SLOW=[0.25, b"late\n"])) as server, link_to(server, timeout=0.1) as link:
        with pytest.raises(LinkError, match=r"SLOW\?.*no answer in time"):
            link.query("SLOW?")
        assert link.midway
        assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"
        assert not link.midway


def test_an_answer_that_takes_long_is_listened_for_in_slices():
    with scripted(Register(SLOW=[0.1, b"do", 0.1, b"ne\n"])) as server, link_to(server) as link:
        question = Question(link, "SLOW?")
        slices = 0
        while (answer := question.answer(0.03)) is None:
            slices += 1
        assert (answer, slices > 2) == ("done", True)
        assert server.heard.count("SLOW?") == 1
        assert link.in_step
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_a_question_that_something_else_was_asked_after_is_given_up():
    with scripted(Register(SLOW=[0.2, b"late\n"])) as server, link_to(server) as link:
        question = Question(link, "SLOW?")
        assert question.answer(0.02) is None
        assert not link.in_step
        assert link.query("*IDN?") == "ACME,Script,1,1"
        with pytest.raises(LinkError, match=r"the answer to 'SLOW\?' was given up"):
            question.answer(1.0)


def test_ctrl_c_comes_through_while_an_answer_is_waited_for(monkeypatch):
    def stop(*_: object) -> bytes:
        raise KeyboardInterrupt

    with scripted(Register(SLOW=[0.2, b"late\n"])) as server, link_to(server) as link:
        question = Question(link, "SLOW?")
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(link, "_receive", stop)
            question.answer(1.0)
        assert link.query("*IDN?") == "ACME,Script,1,1"


@pytest.mark.parametrize("late", [b"1\n", b"2\n"])
def test_a_late_answer_that_looks_like_a_sentinel_is_recognised(late):
    with scripted(Register(SLOW=[0.2, late])) as server, link_to(server, timeout=0.1) as link:
        with pytest.raises(LinkError):
            link.query("SLOW?")
        assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_an_answer_too_many_puts_the_link_out_of_step_and_back():
    with scripted(Register(TWO=[b"1\n2\n"])) as server, link_to(server) as link:
        assert link.query("TWO?") == "1"
        assert link.query("*IDN?") == "ACME,Script,1,1"
        assert "*ESE?" in server.heard


def test_one_deadline_for_the_whole_transaction_however_many_pieces_come():
    trickle = [piece for _ in range(100) for piece in (b"x", 0.03)]
    with scripted(Register(TRICKLE=trickle)) as server, link_to(server, timeout=0.3) as link:
        begun = time.monotonic()
        with pytest.raises(LinkError) as caught:
            link.query("TRICKLE?")
        assert 0.2 < time.monotonic() - begun < 0.45
        assert set(caught.value.partial) == {ord("x")}
        assert "bytes had arrived" in str(caught.value)


@pytest.mark.parametrize("size", [1, 9, 10, 255, 4096, 16384, len(BLOCK), 300_000])
def test_blocks_with_every_byte_value_arrive_exactly(size):
    payload = (BLOCK * (size // len(BLOCK) + 1))[:size]
    told: list[tuple[int, int]] = []
    with scripted(Register(DATA=[framed(payload)])) as server, link_to(server) as link:
        assert link.query_block("DATA?", progress=lambda *a: told.append(a)) == payload
        into = bytearray(size)
        assert link.query_block("DATA?", into=into) == payload == into
        assert link.query("*IDN?") == "ACME,Script,1,1"
    assert not told or told[-1] == (size, size)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    payload=st.binary(min_size=1, max_size=60), cuts=st.lists(st.integers(0, 75), max_size=4), digits=st.integers(2, 9)
)
def test_a_block_may_be_cut_anywhere(payload, cuts, digits):
    whole = framed(payload, digits)
    edges = [0, *sorted(min(c, len(whole)) for c in cuts), len(whole)]
    pieces = [p for a, b in itertools.pairwise(edges) if (part := whole[a:b]) for p in (part, 1e-3)]
    with scripted(Register(DATA=pieces)) as server, link_to(server) as link:
        assert link.query_block("DATA?") == payload
        assert not link.midway


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ([framed(BLOCK)[:500]], "no answer in time"),
        ([framed(BLOCK)[:500], None], "closed the connection"),
        ([b"-222,oops\n"], "a block was expected"),
        ([b"#A1\n"], "a block was expected"),
        ([b"#2-1x\n"], "a block was expected"),
        ([framed(BLOCK)[:-1] + b"more\n"], "followed by"),
        ([framed(BLOCK[:100])], "100 bytes, 10240 were expected"),
    ],
)
def test_a_block_that_is_cut_or_wrong_is_refused_with_what_had_arrived(answer, complaint):
    with scripted(Register(DATA=answer)) as server, link_to(server, timeout=0.15) as link:
        with pytest.raises(LinkError, match=complaint) as caught:
            link.query_block("DATA?", into=bytearray(len(BLOCK)))
        assert len(caught.value.partial) < len(BLOCK) + 1
        if None not in answer:
            assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"


def test_cancelling_a_block_keeps_the_link_usable():
    class Cancelled(Exception):  # noqa: N818  # no error
        pass

    def cancel(received: int, total: int) -> None:
        raise Cancelled

    with scripted(Register(DATA=[framed(BLOCK * 30)])) as server, link_to(server) as link:
        with pytest.raises(Cancelled):
            link.query_block("DATA?", progress=cancel)
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_a_block_can_be_sent_with_a_line():
    with scripted(Register()) as server, link_to(server) as link:
        link.write("WAV:DATA", b"abc")
        link.query("*IDN?")
        assert server.heard[0] == "WAV:DATA #13abc"


def test_garbage_is_not_an_answer_but_partial_data():
    with scripted(Register(NOISE=[b"\xff\x00\x80"])) as server, link_to(server, timeout=0.1) as link:
        with pytest.raises(LinkError) as caught:
            link.query("NOISE?")
        assert caught.value.partial == b"\xff\x00\x80"


def test_a_dropped_connection_is_told_and_stays_told():
    with scripted(Register(BYE=[None])) as server, link_to(server, timeout=0.2) as link:
        with pytest.raises(LinkError, match="closed the connection"):
            link.query("BYE?")
        with pytest.raises(LinkError, match="connect again"):
            link.query("*IDN?")


def test_nothing_is_sent_twice():
    with scripted(Register(SOURCE=[0.3])) as server, link_to(server, timeout=0.1) as link:
        with pytest.raises(LinkError):
            link.query("SOURCE?")
        link.query("*IDN?", timeout=2)
        assert server.heard.count("SOURCE?") == 1


def test_nobody_listens():
    with scripted(Register()) as server:
        port = server.port
    with pytest.raises(LinkError, match=rf"tcp://127.0.0.1:{port}: cannot be opened .* Check"):
        SocketLink("127.0.0.1", port, timeout=0.2)


def test_safe_lines_go_out_on_a_link_that_another_thread_holds():
    with scripted(Register(STUCK=[1.0])) as server, link_to(server, timeout=0.8) as link:

        def be_stuck() -> None:
            with pytest.raises(LinkError):
                link.query("STUCK?")

        thread = threading.Thread(target=be_stuck)
        thread.start()
        time.sleep(0.05)
        begun = time.monotonic()
        link.send_safe(("OUTP1 OFF", "OUTP2 OFF"))
        assert time.monotonic() - begun < 0.5
        thread.join()
        assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"
        assert [line for line in server.heard if line.startswith("OUTP")] == ["OUTP1 OFF", "OUTP2 OFF"]


def test_safe_lines_reach_an_instrument_that_had_hung_up():
    with scripted(Register(BYE=[None])) as server, link_to(server, timeout=0.2) as link:
        with pytest.raises(LinkError):
            link.query("BYE?")
        time.sleep(0.05)
        link.send_safe(("OUTP OFF", "OUTP OFF"))
        link.query("*IDN?")
        assert "OUTP OFF" in server.heard


def test_every_safe_line_is_tried_before_a_failure_is_told():
    with scripted(Register(BYE=[None])) as server:
        link = link_to(server, timeout=0.2)
        with pytest.raises(LinkError):
            link.query("BYE?")
    time.sleep(0.05)
    with pytest.raises(LinkError, match=r"(?s)'A' .*'B' "):
        link.send_safe(("A", "B"))
    link.close()


def test_answers_to_safe_lines_are_not_taken_for_others():
    with scripted(Register(OFF=[b"OK\n"])) as server, link_to(server) as link:
        link.send_safe(("OFF",))
        assert link.query("*IDN?") == "ACME,Script,1,1"


def test_threads_share_a_link_without_mixing_answers():
    answers = {f"N{k}": [b"%d\n" % k] for k in range(4)}
    with scripted(Register(**answers)) as server, link_to(server) as link:
        wrong: list[str] = []

        def ask(k: int) -> None:
            wrong.extend(a for _ in range(100) if (a := link.query(f"N{k}?")) != str(k))

        threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_the_recorder_sees_both_directions():
    seen: list[tuple[str, bytes]] = []
    with scripted(Register(DATA=[framed(b"abc", 1)])) as server, link_to(server) as link:
        link.recorder = lambda _, direction, data: seen.append((direction, data))
        link.query("*IDN?")
        link.query_block("DATA?")
    assert seen == [(">", b"*IDN?\n"), ("<", b"ACME,Script,1,1\n"), (">", b"DATA?\n"), ("<", b"#13abc\n")]


def test_keep_alive_pings_only_a_silent_link():
    with scripted(Register(PING=[b"1\n"])) as server, link_to(server) as link:
        alive = KeepAlive(link, lambda quiet: quiet.query("PING?"), 0.1)
        for _ in range(30):
            link.query("*IDN?")
            time.sleep(0.01)
        busy = server.heard.count("PING?")
        time.sleep(0.45)
        silent = server.heard.count("PING?") - busy
        alive.stop()
        time.sleep(0.15)
        after = server.heard.count("PING?")
        time.sleep(0.2)
        assert busy == 0
        assert 2 <= silent <= 5
        assert server.heard.count("PING?") == after


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_serial_port_reads_lines_and_blocks():
    instrument, terminal = os.openpty()
    path = os.ttyname(terminal)
    script = Register(DATA=[framed(BLOCK)], SLOW=[0.25, b"late\n"])

    def play() -> None:
        held = b""
        while data := os.read(instrument, 4096):
            held += data
            while b"\n" in held:
                line, _, held = held.partition(b"\n")
                for piece in script(line.decode()):
                    if isinstance(piece, bytes):
                        os.write(instrument, piece)
                    elif piece:
                        time.sleep(piece)

    threading.Thread(target=play, daemon=True).start()
    with open_link(f"serial://{path}?baud=500000", timeout=0.1) as link:
        assert isinstance(link, SerialLink)
        assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"
        assert link.query_block("DATA?", timeout=2) == BLOCK
        with pytest.raises(LinkError):
            link.query("SLOW?")
        assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"
        with pytest.raises(LinkError, match="cannot be opened"):
            SerialLink(path)


def test_no_such_serial_port():
    with pytest.raises(LinkError, match=r"serial:///dev/ttyNONE.*cannot be opened"):
        open_link("serial:///dev/ttyNONE")


def test_visa_reads_lines_and_blocks_on_a_stream():
    script = Register(DATA=[framed(BLOCK)], SLOW=[0.25, b"late\n"])
    with scripted(script) as server:
        resource = f"TCPIP::127.0.0.1::{server.port}::SOCKET"
        with VisaLink(resource, backend="@py", timeout=0.1) as link:
            assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"
            assert link.query_block("DATA?", timeout=2) == BLOCK
            with pytest.raises(LinkError, match="no answer in time"):
                link.query("SLOW?")
            assert link.query("*IDN?", timeout=2) == "ACME,Script,1,1"


def test_visa_says_what_cannot_be_opened():
    with pytest.raises(LinkError, match="cannot be opened"):
        open_link("TCPIP::127.0.0.1::1::nowhere::INSTR", backend="@py", timeout=0.2)


def test_the_resource_string_chooses_the_link():
    with scripted(Register()) as server:
        where = f"127.0.0.1:{server.port}"
        for resource in (f"tcp://{where}", f"serial+tcp://{where}", f"TCPIP0::127.0.0.1::{server.port}::SOCKET"):
            with open_link(resource) as link:
                assert isinstance(link, SocketLink)
                assert link.resource == resource


@pytest.mark.parametrize(
    "resource",
    ["COM3", "tcp://host", "tcp://host:port", "serial://", "serial:///dev/ttyS0?baud=fast", "serial://COM3?x=1"],
)
def test_a_resource_that_cannot_be_read_is_explained(resource):
    with pytest.raises(ConfigError, match=r"serial:///dev/ttyACM0|needs a host and a port"):
        open_link(resource)
