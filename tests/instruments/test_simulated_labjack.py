"""The simulated LabJack T7 and T8, asked byte by byte as LabJack's documentation says; pages by their titles.

MBAP header: transaction, protocol 0, length of what follows, unit 1. Everything is big-endian.
"""

import contextlib
import math
import random
import socket
import struct
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from neurorig.instruments.simulated.breakdowns import Breakdowns
from neurorig.instruments.simulated.faults import Fault
from neurorig.instruments.simulated.lines import LogicLine
from neurorig.instruments.simulated.models.labjack_t import SimulatedLabJackT7, SimulatedLabJackT8
from neurorig.instruments.simulated.wire import Wire

from .fakes import Signal, quiet_world, serving

AMPLITUDE, FREQUENCY = 3.0, 50.0
ADDRESSES = {"SCANRATE": 4002, "AUTO_TARGET": 4016, "SCANLIST": 4100, "ENABLE": 4990, "ERROR": 55000}
T7_FLASH, T8_FLASH = 0x3C4000, 0x687000
RECOVERING, RECOVERED, OVERLAP, OVERFLOW, COMPLETE, FULL = range(2940, 2946)


def sine(t):
    return AMPLITUDE * np.sin(2 * np.pi * FREQUENCY * t)


class Commands:
    """What a client of the command port sends and receives; `exchange` takes a packet and gives the response."""

    def __init__(self, exchange):
        self.exchange, self.transaction = exchange, 0

    def function(self, body):
        """The response to one function, from its number on."""
        self.transaction += 1
        answer = self.exchange(struct.pack(">HHHB", self.transaction, 0, len(body) + 1, 1) + body)
        transaction, protocol, length, unit = struct.unpack_from(">HHHB", answer)
        assert (transaction, protocol, length, unit) == (self.transaction, 0, len(answer) - 6, 1)
        return answer[7:]

    def read(self, address, form):
        answer = self.function(struct.pack(">BHH", 3, address, struct.calcsize(">" + form) // 2))
        assert answer[0] == 3, f"exception {answer[1]}, LabJack error {self.error()}"
        return struct.unpack(">" + form, answer[2:])

    def write(self, address, form, *values):
        data = struct.pack(">" + form, *values)
        answer = self.function(struct.pack(">BHHB", 16, address, len(data) // 2, len(data)) + data)
        assert answer[0] == 16, f"exception {answer[1]}, LabJack error {self.error()}"

    def error(self):
        """LAST_ERR_DETAIL."""
        return struct.unpack(">H", self.function(struct.pack(">BHH", 3, ADDRESSES["ERROR"], 1))[2:])[0]

    def refused(self, address, form, *values):
        """The LabJack error that writing gives."""
        data = struct.pack(">" + form, *values)
        answer = self.function(struct.pack(">BHHB", 16, address, len(data) // 2, len(data)) + data)
        assert answer[0] == 0x90, "not refused"
        return self.error()

    def setup(self, rate, scan_list, *, packet=512, size=0, target=1, scans=0, settling=0.0, index=0, disable=0):
        self.write(4002, "fIIfII", rate, len(scan_list), packet, settling, index, size)
        self.write(4016, "III", target, 0, scans)
        self.write(4028, "I", disable)
        self.write(4100, f"{len(scan_list)}I", *scan_list)

    def calibration(self, start, count):
        """So many sets of (positive slope, negative slope, centre, offset) from the flash."""
        self.write(61810, "I", start)
        return [self.read(61812, "4f") for _ in range(count)]


def volts(codes, constants):
    """LabJack's example of converting a stream's codes."""
    positive, negative, center, _ = constants
    above = codes.astype(float) - center
    return np.where(above < 0, -above * negative, above * positive)


def labjack(model=SimulatedLabJackT8, inputs=None, probes=None):
    """A device in a quiet world with a sine on AIN0, and the commands of a client that needs no network."""
    world = quiet_world()
    device = model(
        world, {"AIN0": Signal(world, sine)} | (inputs or {}), serial="480012345", seed=5, probes=probes or {}
    )
    return world, device, Commands(device.session().receive)


@dataclass
class Packets:
    """What has come in on the stream port, taken apart; samples in one array."""

    held: bytearray = field(default_factory=bytearray)
    count: int = 0
    statuses: list = field(default_factory=list)
    backlogs: list = field(default_factory=list)
    pieces: list = field(default_factory=list)

    def feed(self, data):
        self.held += data
        at = 0
        while len(self.held) - at >= 16:
            transaction, protocol, length, unit, function, kind, _, backlog, *status = struct.unpack_from(
                ">HHHBBBBHHH", self.held, at
            )
            if len(self.held) - at < 6 + length:
                break
            assert (transaction, protocol, unit, function, kind) == (self.count & 0xFFFF, 0, 1, 76, 16)
            self.pieces.append(np.frombuffer(bytes(self.held[at + 16 : at + 6 + length]), ">u2"))
            if any(status):
                self.statuses.append(tuple(status))
            self.backlogs.append(backlog)
            self.count += 1
            at += 6 + length
        del self.held[:at]

    @property
    def samples(self):
        return np.concatenate([np.empty(0, np.uint16), *self.pieces])


def streamed(world, device, seconds, packets=None, *, free=True, step=0.01):
    """Let time pass and take what leaves for the stream port."""
    packets = packets or Packets()
    for _ in range(round(seconds / step)):
        for packet in device.outlet.packets(free):
            packets.feed(packet)
        world.spend(step)
    for packet in device.outlet.packets(free):
        packets.feed(packet)
    return packets


# The documentation's own dialogues.


def exchange(device, *packets):
    session = device.session()
    return [session.receive(bytes.fromhex(packet)).hex(" ") for packet in packets]


DIALOGUES = [
    # (page, sent, received): what stands for a measured value is cut off.
    ("Direct Modbus TCP: the test registers", "0001 0000 0006 01 03 d73c 0002", "00 01 00 00 00 07 01 03 04 00 11 22 33"),
    ("Direct Modbus TCP: the test registers", "0002 0000 0006 01 03 d746 0001", "00 02 00 00 00 05 01 03 02 00 11"),
    ("Protocol Details: read AIN0, two registers at 0", "0003 0000 0006 01 03 0000 0002", "00 03 00 00 00 07 01 03 04"),
    ("Protocol Details: write, the response repeats address and count", "0004 0000 000b 01 10 d750 0002 04 00000001",
     "00 04 00 00 00 06 01 10 d7 50 00 02"),
    ("Protocol Details: feedback, write and read back in one packet", "0005 0000 000e 01 4c 01 d750 02 0000002a 00 d750 02",
     "00 05 00 00 00 06 01 4c 00 00 00 2a"),
    ("Protocol Details: feedback, two reads", "0006 0000 000a 01 4c 00 d73c 02 00 d746 01",
     "00 06 00 00 00 08 01 4c 00 11 22 33 00 11"),
    ("Protocol Details: an unknown function is an exception 1", "0007 0000 0006 01 05 0000 0002", "00 07 00 00 00 03 01 85 01"),
    ("Protocol Details: an unknown register is an exception 2", "0008 0000 0006 01 03 fff0 0002", "00 08 00 00 00 03 01 83 02"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "sent", "received"), DIALOGUES, ids=lambda text: text[:40])
@pytest.mark.parametrize("model", [SimulatedLabJackT7, SimulatedLabJackT8])
def test_dialogues_of_the_documentation(model, page, sent, received):
    _, device, _ = labjack(model)
    assert exchange(device, sent)[0].startswith(received), page


@pytest.mark.parametrize(("model", "product"), [(SimulatedLabJackT7, 7.0), (SimulatedLabJackT8, 8.0)])
def test_it_says_who_it_is(model, product):
    _, _, client = labjack(model)
    found, hardware, firmware = client.read(60000, "fff")
    assert (found, client.read(60028, "I")[0]) == (product, 480012345)
    assert hardware > 1 and firmware > 1
    name = client.function(struct.pack(">BHH", 3, 60500, 25))[2:]  # DEVICE_NAME_DEFAULT, a string of 49 characters
    assert name.rstrip(b"\0") == b"My T%d_480012345" % product


def test_ain0_is_the_voltage_at_its_terminal():
    world, _, client = labjack(probes={"AIN0": 2.0})
    world.spend(1 / (4 * FREQUENCY))
    read = client.read(0, "f")[0]
    assert read == pytest.approx(sine(world.now) / 2, abs=2e-3)


def test_commands_cut_anywhere_and_two_in_one_piece():
    _, device, _ = labjack()
    session = device.session()
    command = bytes.fromhex("0001 0000 0006 01 03 d73c 0002")
    answers = [session.receive(bytes([byte])) for byte in command]
    assert answers[:-1] == [b""] * (len(command) - 1) and len(answers[-1]) == 13
    assert len(session.receive(command * 2)) == 26
    assert session.messages == 3


@pytest.mark.parametrize(
    ("sent", "exception", "error"),
    [
        ("03 0000 0001", 3, 2313),  # half of a FLOAT32
        ("03 0001 0002", 3, 2313),  # from its middle on
        ("03 0000 0000", 3, 2313),
        ("03 0000 0080", 3, 2300),  # more than a response holds
        ("10 ea60 0002 04 40e00000", 2, 0),  # PRODUCT_ID is only read
        ("10 0fa2 0002 02 4461", 3, 2313),  # counts that contradict each other
        ("4c 07 0000 02", 3, 2313),  # no such frame
        ("4c 00 0000", 3, 0),  # half a frame
    ],
)
def test_wrong_commands_are_exceptions_and_the_next_is_answered(sent, exception, error):
    _, _, client = labjack()
    assert client.function(bytes.fromhex(sent))[1] == exception
    assert client.error() == error
    assert client.read(55100, "I") == (0x00112233,)


def test_what_is_no_modbus_is_thrown_away():
    _, device, _ = labjack()
    session = device.session()
    assert session.receive(b"*IDN?\nGET / HTTP/1.1\r\n\r\n") == b""
    assert len(session.receive(bytes.fromhex("0001 0000 0006 01 03 d73c 0002"))) == 13


def test_random_bytes_leave_it_answering():
    _, device, client = labjack()
    chance = random.Random(11)
    session = device.session()
    for _ in range(3000):
        body = chance.randbytes(chance.randrange(1, 20))
        session.receive(struct.pack(">HHHB", 1, 0, len(body) + 1, 1) + body)
        session.receive(chance.randbytes(chance.randrange(30)))
        session.close()
    assert client.read(55100, "I") == (0x00112233,)


# Settings.


def test_ranges_are_those_of_the_model():
    _, _, t8 = labjack()
    _, _, t7 = labjack(SimulatedLabJackT7)
    for name in (0.0, 11.0, 9.6, 4.8, 2.4, 1.2, 0.6, 0.3, 0.15, 0.075, 0.036, 0.018):  # A-3-3-3
        t8.write(40000, "f", name)
        assert t8.read(40000, "f")[0] == pytest.approx(name)
    assert t8.refused(40000, "f", 10.0) == 2370
    t7.write(40002, "f", 0.1)
    assert t7.refused(40002, "f", 11.0) == 2370
    assert t7.read(40002, "f")[0] == pytest.approx(0.1)
    assert t7.read(43900, "f") == (-9999.0,)  # AIN_ALL_RANGE: they differ
    t7.write(43900, "f", 1.0)
    assert t7.read(43900, "f") == (1.0,) and t7.read(40026, "f") == (1.0,)


def test_negative_channels_resolution_and_settling_of_the_t7():
    world = quiet_world()
    inputs = {"AIN0": Signal(world, sine), "AIN1": Signal(world, lambda t: np.full(t.shape, 1.0))}
    client = Commands(SimulatedLabJackT7(world, inputs, serial="7", seed=1, probes={}).session().receive)
    client.write(41000, "H", 1)
    assert client.read(0, "f")[0] == pytest.approx(sine(world.now) - 1.0, abs=0.05)
    assert client.refused(41001, "H", 2) == 2373
    assert client.refused(41500, "H", 9) == 2375
    assert client.refused(42000, "f", 60e3) == 2371


def test_digital_lines():
    world = quiet_world()
    line = LogicLine(world)
    device = SimulatedLabJackT7(world, {"FIO2": line}, serial="1", seed=0, probes={})
    client = Commands(device.session().receive)
    assert client.read(2000, "HHHH") == (1, 1, 0, 1)  # nothing connected is pulled high
    line.drive(True)
    world.spend(1e-3)
    assert client.read(2002, "H") == (1,)
    assert client.read(2500, "H") == (0xFF,)


def test_the_scan_rate_is_what_the_clock_can_do():
    _, _, client = labjack()
    for wanted, actual in ((40000, 40000.0), (300, 10e6 / 33333), (7000, 10e6 / 1428), (10, 10.0), (33e3, 10e6 / 303)):
        client.write(4002, "f", wanted)
        assert client.read(4002, "f")[0] == pytest.approx(actual, rel=1e-6)


@pytest.mark.parametrize(
    ("model", "setup", "error"),
    [
        (SimulatedLabJackT7, {"rate": 60e3, "scan_list": [0, 2]}, 2608),  # 100 000 samples a second in all
        (SimulatedLabJackT8, {"rate": 50e3, "scan_list": [0]}, 2608),
        (SimulatedLabJackT8, {"rate": 0.0, "scan_list": [0]}, 2608),
        (SimulatedLabJackT8, {"rate": 1e3, "scan_list": [0, 60000]}, 2607),
        (SimulatedLabJackT8, {"rate": 1e3, "scan_list": [16]}, 2607),  # AIN8
        (SimulatedLabJackT8, {"rate": 1e3, "scan_list": [0], "packet": 513}, 2618),
        (SimulatedLabJackT8, {"rate": 1e3, "scan_list": [0], "size": 5000}, 2615),
        (SimulatedLabJackT7, {"rate": 1e3, "scan_list": [0], "size": 65536}, 2615),
        (SimulatedLabJackT8, {"rate": 1e3, "scan_list": [0], "target": 0}, 2612),
        (SimulatedLabJackT7, {"rate": 1e3, "scan_list": [0], "index": 9}, 2606),
        (SimulatedLabJackT7, {"rate": 1e3, "scan_list": [0], "settling": 5e3}, 2621),
    ],
)
def test_streams_that_cannot_be(model, setup, error):
    _, _, client = labjack(model)
    client.setup(**setup)
    assert client.refused(4990, "I", 1) == error
    assert client.read(4990, "I") == (0,)


def test_one_stream_at_a_time_and_no_analog_reads_beside_it():
    _, _, client = labjack()
    client.setup(1e3, [0])
    assert client.refused(4990, "I", 0) == 2620
    client.write(4990, "I", 1)
    assert client.read(4990, "I") == (1,)
    assert client.refused(4990, "I", 1) == 2605
    assert client.function(struct.pack(">BHH", 3, 0, 2))[1] == 4 and client.error() == 2605
    assert client.read(2000, "H") == (1,)  # digital lines can be read
    client.write(4990, "I", 0)
    client.read(0, "f")


# Streams.


@pytest.mark.parametrize(
    ("model", "start", "each", "delay", "error"),
    [(SimulatedLabJackT7, T7_FLASH, 1, 5e-6, 1e-3), (SimulatedLabJackT8, T8_FLASH + 64, 11, 0.0, 2.5e-3)],
)
def test_a_streamed_sine_is_the_one_at_the_input(model, start, each, delay, error):
    world, device, client = labjack(model)
    constants = client.calibration(start, each)[0]
    client.setup(20e3, [0, 2])
    client.write(4990, "I", 1)
    began = world.now
    packets = streamed(world, device, 0.5)
    found = volts(packets.samples[::2], constants)
    times = began + (1 + np.arange(len(found))) / 20e3 + delay  # the first scan comes one period after the start
    assert len(found) > 9_000 and not packets.statuses
    difference = found - sine(times)
    assert np.abs(difference.mean()) < 1e-3 and difference.std() < error
    assert client.read(4026, "I")[0] == int((began + 1 / 20e3) * 40e6)  # STREAM_START_TIME_STAMP


def test_the_t7_samples_one_channel_after_the_other_and_the_t8_all_at_once():
    ramp = {f"AIN{n}": lambda t: 1000 * ((t + 0.4e-3) % 10e-3 - 5e-3) for n in range(3)}
    for model, start, apart in ((SimulatedLabJackT7, T7_FLASH, 15e-6), (SimulatedLabJackT8, T8_FLASH + 64, 0.0)):
        world = quiet_world()
        device = model(world, {n: Signal(world, v) for n, v in ramp.items()}, serial="7", seed=1, probes={})
        client = Commands(device.session().receive)
        sets = [client.calibration(start + (n * 176 if apart == 0 else 0), 1)[0] for n in range(3)]
        client.setup(1000.0, [0, 2, 4], packet=3)  # A-1-1: three channels at 1000 scans a second are 15 us apart
        client.write(4990, "I", 1)
        scans = streamed(world, device, 0.004, step=1e-3).samples.reshape(-1, 3)
        found = [volts(scans[:, n], sets[n]).mean() for n in range(3)]
        assert np.diff(found) == pytest.approx([1000 * apart] * 2, abs=2e-3)


def test_lines_and_counters_in_a_scan_list():
    world = quiet_world()
    line = LogicLine(world)
    device = SimulatedLabJackT8(world, {"FIO1": line}, serial="7", seed=1, probes={})
    client = Commands(device.session().receive)
    client.setup(1000.0, [2001, 2500, 61520, 4899], packet=4)  # FIO1, FIO_STATE, CORE_TIMER and its upper half
    client.write(4990, "I", 1)
    began = world.now
    line.play([began + 0.0205], start_level=False)
    scans = streamed(world, device, 0.04).samples.reshape(-1, 4).astype(np.int64)
    assert list(np.flatnonzero(np.diff(scans[:, 0]))) == [19]  # scan 20 comes 21 ms after the start
    assert set(scans[:, 1]) == {0xFD, 0xFF}
    counts = scans[:, 2] + (scans[:, 3] << 16)
    assert set(np.diff(counts)) <= {39_999, 40_000, 40_001}
    assert counts[0] == pytest.approx((began + 1e-3) * 40e6, abs=1)


def test_a_stream_does_not_depend_on_how_its_time_is_cut():
    records = []
    for step in (0.01, 0.0031, 0.05):
        world, device, client = labjack()
        client.setup(10e3, [0, 2], scans=2000)
        client.write(4990, "I", 1)
        records.append(streamed(world, device, 0.3, step=step).samples)
    assert len(records[0]) == 4000
    assert all(np.array_equal(records[0], other) for other in records[1:])


def test_a_burst_ends_with_its_last_packet():
    world, device, client = labjack()
    client.setup(1e3, [0, 2], packet=64, scans=100)
    client.write(4990, "I", 1)
    packets = streamed(world, device, 0.3)
    assert len(packets.samples) == 200
    assert packets.statuses == [(COMPLETE, 200 - 3 * 64)]  # the number of samples in the last packet
    assert client.read(4990, "I") == (0,)


def test_a_scan_list_that_takes_longer_than_a_scan_overlaps():
    world, device, client = labjack(SimulatedLabJackT7)
    client.setup(5e3, [0, 2, 4, 6], settling=70.0)  # three times 73 us, and one conversion, in 200 us
    client.write(4990, "I", 1)
    assert streamed(world, device, 0.1).statuses == [(OVERLAP, 0)]


# When nobody reads.


def test_a_full_buffer_skips_scans_and_tells_how_many():
    world, device, client = labjack()
    client.setup(10e3, [0, 2], packet=512, size=4096)  # 1024 scans
    client.write(4990, "I", 1)
    packets = streamed(world, device, 0.5)
    before = len(packets.samples) // 2
    streamed(world, device, 0.5, packets, free=False)
    held = math.floor((1.0 - 0.5) * 10e3)
    streamed(world, device, 0.5, packets)
    (status, skipped), *_ = [s for s in packets.statuses if s[0] != RECOVERING]
    assert status == RECOVERED
    assert {s for s, _ in packets.statuses} == {RECOVERING, RECOVERED}
    scans = packets.samples.reshape(-1, 2)
    dummies = np.flatnonzero((scans == 0xFFFF).all(axis=1))
    assert len(dummies) == 1  # one scan of 0xFFFF stands for all of them
    assert dummies[0] == pytest.approx(before + 1024, abs=256)
    assert skipped == pytest.approx(held - 1024, abs=256)
    # With the skipped ones in the place of the dummy every sample is where it belongs.
    world_scan = np.arange(len(scans)) + np.where(np.arange(len(scans)) > dummies[0], skipped - 1, 0)
    constants = client.calibration(T8_FLASH + 64, 1)[0]
    good = np.delete(np.arange(len(scans)), dummies)
    began = (client.read(4026, "I")[0]) / 40e6
    expected = sine(began + world_scan[good] / 10e3)
    assert np.abs(volts(scans[good, 0], constants) - expected).max() < 0.02


def test_the_backlog_is_told_in_bytes():
    world, device, client = labjack()
    client.setup(10e3, [0], packet=100, size=16384)
    client.write(4990, "I", 1)
    packets = streamed(world, device, 0.1, free=False)
    streamed(world, device, 0.01, packets)
    assert packets.backlogs[0] == pytest.approx(2 * 900, abs=220)
    assert np.all(np.diff(packets.backlogs[:8]) == -200)


def test_a_greater_buffer_holds_what_the_smaller_one_loses():
    for size, lost in ((4096, True), (262144, False)):
        world, device, client = labjack()
        client.setup(40e3, [0, 2, 4, 6], size=size)
        client.write(4990, "I", 1)
        packets = streamed(world, device, 0.2)
        streamed(world, device, 0.1, packets, free=False)
        streamed(world, device, 0.2, packets)
        assert bool(packets.statuses) == lost


def test_without_auto_recovery_a_full_buffer_ends_the_stream():
    world, device, client = labjack()
    client.setup(10e3, [0], size=4096, packet=512, disable=1)
    client.write(4990, "I", 1)
    packets = streamed(world, device, 1.0, free=False)
    streamed(world, device, 0.1, packets)
    assert packets.statuses == [(FULL, 0)] and len(packets.samples) == 2048
    assert client.read(4990, "I") == (0,)


def test_more_skipped_scans_than_can_be_told():
    world, device, client = labjack()
    client.setup(40e3, [0])
    client.write(4990, "I", 1)
    packets = streamed(world, device, 3.0, free=False)
    streamed(world, device, 0.1, packets)
    assert (OVERFLOW, 0xFFFF) in packets.statuses


def test_a_stream_read_by_command():
    """3.2.4, command-response: samples, backlog in bytes, status, additional, then the samples."""
    _, device, client = labjack()
    client.setup(1000.0, [0, 2], target=16, scans=300)
    client.write(4990, "I", 1)
    samples, status = [], 0
    while status != COMPLETE:
        frame = client.function(struct.pack(">BBHB", 76, 0, 4500, 4 + 40))[1:]
        count, backlog, status = struct.unpack_from(">HHH", frame)
        assert len(frame) == 2 * 44
        samples.append(np.frombuffer(frame[8 : 8 + 2 * count], ">u2"))
    found = np.concatenate(samples)
    assert len(found) == 600 and backlog == 0
    assert not device.outlet.packets(True)  # nothing on the other port
    assert client.read(4990, "I") == (0,)


# Over the network.


@contextlib.contextmanager
def served(device, world, small=False, wire=None):
    """Commands and a stream socket; `small`: the client's system takes little that is not read."""
    with serving(world, {"daq": device}, wires=wire and {"daq": wire}) as addresses, contextlib.ExitStack() as stack:
        command = stack.enter_context(socket.create_connection(("127.0.0.1", addresses["daq"]), timeout=5))
        stream = stack.enter_context(socket.socket())
        if small:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.settimeout(10)
        stream.connect(("127.0.0.1", addresses["daq/stream"]))

        def exchange(packet):
            command.sendall(packet)
            answer = command.recv(6, socket.MSG_WAITALL)
            return answer + command.recv(struct.unpack(">H", answer[4:])[0], socket.MSG_WAITALL)

        yield Commands(exchange), stream, addresses


def receive(stream, packets, done):
    while not done(packets):
        data = stream.recv(1 << 18)
        assert data, "hung up"
        packets.feed(data)
    return packets


def test_a_hundred_seconds_of_four_channels_at_40_khz_come_without_a_gap():
    world = quiet_world()
    inputs = {f"AIN{n}": Signal(world, lambda t, n=n: np.sin(2 * np.pi * (n + 1) * t)) for n in range(4)}
    device = SimulatedLabJackT8(world, inputs, serial="480012345", seed=5, probes={})
    with served(device, world) as (client, stream, _):
        client.setup(40e3, [0, 2, 4, 6], scans=4_000_000)
        client.write(4990, "I", 1)
        began = client.read(4026, "I")[0] / 40e6
        packets = receive(stream, Packets(), lambda p: (COMPLETE, 0) in p.statuses)
        constants = client.calibration(T8_FLASH + 64 + 3 * 176, 1)[0]
    assert packets.statuses == [(COMPLETE, 0)]
    assert packets.count == 16_000_000 // 512 + 1  # 16 000 000 samples fill their packets: an empty one tells the end
    scans = packets.samples.reshape(-1, 4)
    assert len(scans) == 4_000_000
    last = volts(scans[-1000:, 3], constants)
    expected = np.sin(2 * np.pi * 4 * (began + np.arange(3_999_000, 4_000_000) / 40e3))
    assert np.abs(last - expected).max() < 0.01


def test_two_clients_of_each_port():
    world, device, _ = labjack()
    with served(device, world) as (client, stream, addresses), \
            socket.create_connection(("127.0.0.1", addresses["daq/stream"]), timeout=10) as other, \
            socket.create_connection(("127.0.0.1", addresses["daq"]), timeout=10) as second:  # fmt: skip
        client.setup(1000.0, [0], packet=100, scans=400)
        time.sleep(0.05)  # until the server has taken the second stream socket
        client.write(4990, "I", 1)
        second.sendall(bytes.fromhex("0001 0000 0006 01 03 d73c 0002"))
        assert len(second.recv(13, socket.MSG_WAITALL)) == 13
        taken = [receive(s, Packets(), lambda p: p.statuses) for s in (stream, other)]
    assert np.array_equal(taken[0].samples, taken[1].samples) and len(taken[0].samples) == 400


def test_a_client_that_does_not_read_loses_scans_and_is_told():
    world, device, _ = labjack()
    with served(device, world, small=True) as (client, stream, _):
        client.setup(40e3, [0, 2, 4, 6, 8, 10, 12, 14])
        client.write(4990, "I", 1)
        time.sleep(1.0)
        packets = receive(stream, Packets(), lambda p: any(s == RECOVERED for s, _ in p.statuses))
    assert (RECOVERING, 0) in packets.statuses


def test_a_client_that_reads_late_loses_nothing_while_its_system_can_hold_it():
    world, device, _ = labjack()
    with served(device, world) as (client, stream, _):
        client.setup(1000.0, [0], scans=20_000)
        client.write(4990, "I", 1)
        time.sleep(0.5)
        packets = receive(stream, Packets(), lambda p: any(s == COMPLETE for s, _ in p.statuses))
    assert len(packets.samples) == 20_000 and {s for s, _ in packets.statuses} == {COMPLETE}


def test_where_something_is_due_the_stream_keeps_to_the_wall_clock():
    world, device, _ = labjack()
    world.at(1e6, lambda: None)  # like a watchdog
    with served(device, world) as (client, stream, _):
        client.setup(1000.0, [0], packet=10)
        client.write(4990, "I", 1)
        began, there = time.monotonic(), world.now
        receive(stream, Packets(), lambda p: p.count >= 30)
        passed = world.now - there
    assert 0.25 < passed < time.monotonic() - began + 0.25


# What lies between.


def test_a_pulled_cable_ends_both_connections_and_both_ports_come_back():
    world, device, _ = labjack()
    wire = Wire("daq")
    with served(device, world, wire=wire) as (client, stream, addresses):
        client.setup(1000.0, [0], packet=10)
        client.write(4990, "I", 1)
        receive(stream, Packets(), lambda p: p.count > 2)
        wire.cut(0.0)
        with pytest.raises((ConnectionError, AssertionError)):
            receive(stream, Packets(), lambda p: False)
        with pytest.raises((ConnectionError, struct.error)):
            client.read(4990, "I")
        with socket.create_connection(("127.0.0.1", addresses["daq"]), timeout=5) as again:
            again.sendall(bytes.fromhex("0001 0000 0006 01 03 137e 0002"))  # STREAM_ENABLE: it goes on
            assert again.recv(13, socket.MSG_WAITALL)[9:] == bytes((0, 0, 0, 1))
        with socket.create_connection(("127.0.0.1", addresses["daq/stream"]), timeout=5) as again:
            assert again.recv(16, socket.MSG_WAITALL)[7:9] == bytes((76, 16))


def test_faults_befall_what_it_sends_of_its_own_accord():
    world, device, _ = labjack()
    breakdowns = Breakdowns(world, ["daq"])
    breakdowns.devices["daq"] = device
    with served(device, world, wire=breakdowns.wires["daq"]) as (client, stream, _):
        client.setup(1000.0, [0], packet=10, scans=200)
        breakdowns.add(Fault("daq", "mute", count=2))
        stream.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.write(4990, "I", 1)  # done, but not answered
        data = stream.recv(36, socket.MSG_WAITALL)
        assert struct.unpack_from(">H", data) == (1,)  # the first packet is missing, and the transaction tells it


def test_switched_off_and_on_it_streams_no_more():
    world, device, client = labjack()
    client.setup(1000.0, [0])
    client.write(4990, "I", 1)
    device.power_cycle()
    assert client.read(4990, "I") == (0,) and client.read(4004, "I") == (0,)
    assert streamed(world, device, 0.1).count == 0


def test_another_identity_is_told_in_its_registers():
    _, device, client = labjack()
    device.identity = "LabJack,T7,470011111,1.0"
    assert client.read(60000, "f") == (7.0,) and client.read(60028, "I") == (470011111,)
    device.identity = "ACME,Model 1,A-1,1.0"
    assert client.read(60000, "f")[0] not in (4.0, 7.0, 8.0)


def test_paced_it_keeps_to_the_wall_clock():
    world, device, _ = labjack()
    world.paced = True
    with served(device, world) as (client, stream, _):
        client.setup(1000.0, [0], packet=10)
        began = time.monotonic()
        client.write(4990, "I", 1)
        receive(stream, Packets(), lambda p: p.count >= 30)
        assert time.monotonic() - began > 0.25
