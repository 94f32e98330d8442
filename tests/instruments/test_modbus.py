"""Modbus TCP: frames as the specification writes them, refusals in words, and a link that does not lie after a failure."""

import struct

import pytest

from neurorig.instruments.links import ModbusLink, check_resource, open_link
from neurorig.signals import ConfigError, InstrumentError, LinkError

from .registers_server import registers

RATE = "STREAM_SCANRATE_HZ@4002:FLOAT32"
KNOWN = {4002: struct.pack(">f", 40e3), 4004: struct.pack(">I", 4), 40006: struct.pack(">f", 9.6), 55000: b"\x0a\x2d"}


@pytest.fixture
def served():
    with registers(dict(KNOWN)) as server, ModbusLink("127.0.0.1", server.port, timeout=0.3) as link:
        link.sent = []
        link.recorder = lambda _, direction, data: link.sent.append(bytes(data)) if direction == ">" else None
        yield server, link


def test_a_read_and_a_write_are_the_frames_of_the_specification(served):
    server, link = served
    assert link.query(f"{RATE}?") == "40000"
    # Transaction, 0, length, unit; function 3, address, number of registers (V1.1b3, 6.3).
    assert link.sent[-1] == bytes.fromhex("0001 0000 0006 01 03 0FA2 0002")
    link.write("STREAM_NUM_ADDRESSES@4004:UINT32 8")
    # ... function 16, address, number of registers, of bytes, values (6.12).
    assert link.sent[-1] == bytes.fromhex("0002 0000 000B 01 10 0FA4 0002 04 00000008")
    assert server.wrote == [(4004, bytes([0, 0, 0, 8]))]


def test_a_channel_has_its_own_register_and_several_values_go_at_once(served):
    server, link = served
    assert link.query("AIN3_RANGE@40000+2*3:FLOAT32?") == "9.60000038"
    link.write("4100:UINT32 0,2,70000")
    assert link.query("4100:UINT32x3?") == "0,2,70000"
    assert server.wrote == [(4100, struct.pack(">III", 0, 2, 70000))]


@pytest.mark.parametrize(
    "line",
    ["*IDN?", "4002?", "4002:FLOAT32", "4002:DOUBLE?", "4100:UINT32x100?", "65535:UINT32?", "", "4002:FLOAT32x0?"],
)
def test_what_is_no_register_is_not_sent(served, line):
    _, link = served
    with pytest.raises(LinkError, match="was not sent"):
        link.query(line)
    assert not link.sent


@pytest.mark.parametrize("value", ["-1", "70000", "1.5", "many", "1e3"])
def test_a_value_that_does_not_fit_is_not_sent(served, value):
    _, link = served
    with pytest.raises(LinkError, match="was not sent"):
        link.write(f"4000:UINT16 {value}")
    assert not link.sent


def test_a_refusal_is_told_in_words_and_the_link_is_in_step(served):
    _, link = served
    with pytest.raises(InstrumentError, match=r"NO_SUCH@1:UINT16.*no such register.*exception 2; LabJack error 2605"):
        link.query("NO_SUCH@1:UINT16?")
    assert not link.midway
    assert link.query(f"{RATE}?") == "40000"


def test_a_late_answer_is_not_taken_for_the_next_one(served):
    server, link = served
    server.spoil = lambda _, answer: [0.5, answer]
    with pytest.raises(LinkError, match="no answer in time"):
        link.query(f"{RATE}?")
    assert link.query("4004:UINT32?", timeout=2.0) == "4"


def test_a_cut_answer_is_told_with_what_had_come(served):
    server, link = served
    server.spoil = lambda _, answer: [answer[:9]]
    with pytest.raises(LinkError) as told:
        link.query(f"{RATE}?")
    assert len(told.value.partial) == 9
    assert link.query(f"{RATE}?") == "40000"


@pytest.mark.parametrize(
    "garbled",
    [
        lambda answer: bytes([answer[0] ^ 0x40]) + answer[1:],
        lambda answer: answer[:2] + b"\x00\x01" + answer[4:],
        lambda answer: answer[:7] + b"\x04" + answer[8:],
        lambda answer: answer[:8] + b"\x02" + answer[9:],
        lambda answer: answer + b"\x00",
        lambda answer: answer[:4] + b"\x00\x02" + answer[6:8],
    ],
    ids=["another number", "another protocol", "another function", "another length", "too much", "too short"],
)
def test_what_is_no_answer_to_the_question_is_an_error(served, garbled):
    server, link = served
    server.spoil = lambda _, answer: [garbled(answer)]
    with pytest.raises(LinkError):
        link.query(f"{RATE}?")
    assert link.query(f"{RATE}?") == "40000"


def test_a_write_is_never_repeated(served):
    server, link = served
    server.spoil = lambda *_: []
    with pytest.raises(LinkError):
        link.write("4004:UINT32 7")
    assert link.query("4004:UINT32?") == "7"
    assert len(server.wrote) == 1


def test_safe_lines_go_out_blindly_and_over_a_new_connection(served):
    server, link = served
    server.spoil = lambda *_: [None]
    with pytest.raises(LinkError):
        link.query(f"{RATE}?")
    link.send_safe(["STREAM_ENABLE@4990:UINT32 0"])
    link.check_identity = lambda: link.query("4004:UINT32?")
    assert link.query(f"{RATE}?", timeout=2.0) == "40000"
    assert server.wrote == [(4990, bytes(4))]


def test_the_resource_names_both_ports():
    with registers(KNOWN) as server, open_link(f"modbus://127.0.0.1:{server.port}?stream=7020") as link:
        assert isinstance(link, ModbusLink)
        assert link.stream == ("127.0.0.1", 7020)
    check_resource("modbus://192.168.1.20")


@pytest.mark.parametrize("resource", ["modbus://", "modbus://host:port", "modbus://host?stream=x", "modbus://host/x"])
def test_a_resource_that_cannot_be_read_is_refused(resource):
    with pytest.raises(ConfigError, match="modbus"):
        check_resource(resource)
