"""A record of a link's traffic is complete, readable, and can be played back as the instrument."""

import json
import os
import time

import pytest

from neurorig.instruments.links import ReplayLink, SocketLink, TrafficLog, Transcript, check_resource, open_link
from neurorig.signals import ConfigError, LinkError

from .scripted import Register, scripted

NUMBERS = bytes(range(256)) * 200


def framed(payload: bytes) -> bytes:
    return b"#9%09d%s\n" % (len(payload), payload)


SCRIPT = {"DATA": [framed(NUMBERS)], "READ": [b"1.5\n"], "SLOW": [0.15, b"late\n"], "SPLIT": [b"a", 0.02, b"b\n"]}


@pytest.fixture
def record(tmp_path):
    """A session with everything in it: an answer, a block, a late answer and what follows it."""
    path = tmp_path / "scope.jsonl"
    with scripted(Register(**SCRIPT)) as server:
        log = TrafficLog(path)
        with open_link(f"tcp://127.0.0.1:{server.port}", traffic=log, timeout=2) as link:
            session(link)
        log.close()
    return path


def session(link) -> None:
    assert link.query("*IDN?") == "ACME,Script,1,1"
    link.write("GAIN 2", b"\xff\n")
    assert link.query("SPLIT?") == "ab"
    assert link.query_block("DATA?") == NUMBERS
    with pytest.raises(LinkError, match="no answer in time"):
        link.query("SLOW?", timeout=0.05)
    assert link.query("READ?") == "1.5"


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_byte_is_there_in_order_with_its_time(record):
    head, *pieces = lines(record)
    assert head["traffic"] == 1
    assert head["resource"].startswith("tcp://")
    times = [piece["t"] for piece in pieces]
    assert times == sorted(times)
    assert abs(times[-1] - time.time()) < 60
    transcript = Transcript(record)
    came = b"".join(transcript.data(p) for p in transcript.pieces if p.direction == "<")
    assert came.startswith(b"ACME,Script,1,1\nab\n" + framed(NUMBERS) + b"late\n")
    sent = [transcript.data(p) for p in transcript.pieces if p.direction == ">"]
    assert sent[:4] == [b"*IDN?\n", b"GAIN 2 #12\xff\n\n", b"SPLIT?\n", b"DATA?\n"]
    assert [transcript.data(p) for p in transcript.pieces if p.direction == "!"] == [b"no answer in time"]
    transcript.close()


def test_lines_can_be_read_by_a_person(record):
    assert '">":"*IDN?\\n"' in record.read_text()
    assert '"<":"ACME,Script,1,1\\n"' in record.read_text()


def test_what_was_recorded_is_on_disk_before_the_answer_comes(tmp_path):
    log = TrafficLog(tmp_path / "t.jsonl")
    with scripted(Register()) as server, SocketLink("127.0.0.1", server.port) as link:
        log.attach(link)
        link.write("OUTP ON")
        assert lines(log.path)[-1][">"] == "OUTP ON\n"
    log.close()


def test_a_full_disk_ends_the_record_but_not_the_experiment(monkeypatch, tmp_path):
    log = TrafficLog(tmp_path / "t.jsonl")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with scripted(Register()) as server, SocketLink("127.0.0.1", server.port) as link:
        log.attach(link)
        link.query("*IDN?")
        monkeypatch.setattr(os, "write", full)
        assert link.query("*IDN?") == "ACME,Script,1,1"
        link.send_safe(("OUTP OFF",))
        monkeypatch.undo()
        assert link.query("*IDN?") == "ACME,Script,1,1"
        assert "OUTP OFF" in server.heard
    assert "No space left" in log.trouble
    assert lines(log.path)[-1][">"] == "*IDN?\n"


def test_a_record_that_cannot_be_written_is_refused_at_the_beginning(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere.*cannot be recorded"):
        TrafficLog(tmp_path / "nowhere" / "t.jsonl")


@pytest.mark.parametrize("query", ["", "?match=command"])
def test_a_record_answers_as_the_instrument_did(record, query):
    begun = time.monotonic()
    with open_link(f"replay://{record}{query}") as link:
        assert isinstance(link, ReplayLink)
        session(link)
        assert link.left == 0
    assert time.monotonic() - begun < 0.5


def test_strictly_the_first_difference_is_told_with_its_line(record):
    with open_link(f"replay://{record}") as link:
        link.query("*IDN?")
        with pytest.raises(LinkError, match=r"line 4: the record goes on with 'GAIN 2.*not with 'READ\?'"):
            link.query("READ?")


def test_strictly_nothing_can_be_asked_beyond_the_end(record):
    with open_link(f"replay://{record}") as link:
        session(link)
        with pytest.raises(LinkError, match=r"ends before 'READ\?'"):
            link.query("READ?")


def test_an_answer_that_was_not_recorded_is_not_made_up(tmp_path):
    path = written(tmp_path, {">": "VOLT 1\n"}, {">": "VOLT?\n"}, {"<": "1"})
    with open_link(f"replay://{path}") as link:
        link.write("VOLT 1")
        with pytest.raises(LinkError, match=r"no more of this answer; .*ends there") as caught:
            link.query("VOLT?")
        assert caught.value.partial == b"1"


def test_by_matching_commands_the_order_is_free_but_nothing_is_repeated(tmp_path):
    path = written(
        tmp_path, {">": "A?\n"}, {"<": "1\n"}, {">": "B?\n"}, {"<": "2\n"}, {">": "A?\n"}, {"<": "3\n"}, {">": "C 1\n"}
    )
    with open_link(f"replay://{path}?match=command") as link:
        assert [link.query(q) for q in ("B?", "A?")] == ["2", "1"]
        link.write("C 1")
        assert link.query("A?") == "3"
        assert link.left == 0
        with pytest.raises(LinkError, match=r"'A\?' less often than"):
            link.query("A?")


def test_by_matching_commands_an_unknown_one_is_named_with_its_neighbour(tmp_path):
    path = written(tmp_path, {">": "MEAS:VOLT?\n"}, {"<": "1\n"})
    with (
        open_link(f"replay://{path}?match=command") as link,
        pytest.raises(LinkError, match=r"has no 'MEAS:VOLTS\?'. Did you mean 'MEAS:VOLT\?'"),
    ):
        link.query("MEAS:VOLTS?")


def test_a_dropped_connection_is_dropped_again(tmp_path):
    path = tmp_path / "t.jsonl"
    with scripted(Register(BYE=[b"goo", 0.02, None])) as server:
        link = open_link(f"tcp://127.0.0.1:{server.port}", traffic=TrafficLog(path))
        with pytest.raises(LinkError, match="closed the connection"):
            link.query("BYE?")
        link.close()
    with (
        open_link(f"replay://{path}") as link,
        pytest.raises(LinkError, match="closed the connection, as recorded in line 4") as caught,
    ):
        link.query("BYE?")
    assert caught.value.partial == b"goo"


def test_the_ends_of_messages_are_kept(tmp_path):
    path = written(tmp_path, {">": "DATA?\n"}, {"<": "#0ab"}, {"<": "c\n"}, {"|": ""}, marks_end=True)
    with open_link(f"replay://{path}") as link:
        assert link.query_block("DATA?") == b"abc"


def test_a_line_that_a_crash_cut_off_is_left_out(record):
    whole = record.read_bytes()
    record.write_bytes(whole[: whole.rindex(b"READ?") + 2])
    with open_link(f"replay://{record}") as link, pytest.raises(LinkError, match="ends before"):
        session(link)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ('{"t": 1, ">": "x"}\n', r"line 1: this is no record of traffic"),
        ('{"traffic": 1}\nnonsense\n', r"line 2: is damaged"),
        ('{"traffic": 1}\n[1]\n', r"line 2: is damaged \(no JSON object"),
        ('{"traffic": 1}\n{"t": 1}\n', r"line 2: says neither"),
        ('{"traffic": 1}\n{"<": "A", "base64": true}\n', r"line 2: its bytes"),
        ('{"traffic": 1}\n{"<": "\\u00ff"}\n', r"line 2: its bytes"),
        ('{"traffic": 2}\n', r"line 1: .*version 1"),
    ],
)
def test_what_is_no_record_is_refused_with_its_line(tmp_path, text, complaint):
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(LinkError, match=complaint):
        open_link(f"replay://{path}")


def test_a_record_that_is_not_there():
    with pytest.raises(LinkError, match=r"nowhere.jsonl: cannot be read"):
        open_link("replay:///nowhere.jsonl")


@pytest.mark.parametrize("resource", ["replay://", "replay:///a.jsonl?match=colour", "replay:///a.jsonl?x=1"])
def test_a_replay_that_cannot_be_read_is_explained(resource):
    with pytest.raises(ConfigError, match=r"replay:///folder/traffic\.jsonl"):
        check_resource(resource)


def written(folder, *pieces: dict, marks_end: bool = False):
    path = folder / "t.jsonl"
    head = {"traffic": 1, "resource": "tcp://somewhere:1", "marks_end": marks_end}
    path.write_text(
        "".join(json.dumps({"t": 0.0, **piece} if piece is not head else head) + "\n" for piece in (head, *pieces))
    )
    return path
