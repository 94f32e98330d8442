"""LabJack T7 and T8: what a stream says is what was there, what is lost is told, and a long record is taken without a gap."""

import socket
import struct

import numpy as np
import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.drivers.labjack_stream import StreamDecoder
from neurorig.instruments.links import StreamPort
from neurorig.instruments.links.stream_port import PIECE
from neurorig.instruments.roles import ChannelSetup, Digitizer
from neurorig.instruments.streamed import StreamedScope
from neurorig.signals import BenchError, InstrumentError, LimitError, LinkError, PlanError

from .doubles import double_of
from .fakes import Signal, address_of, quiet_world, serving
from .registers_server import registers

FOUR = ("AIN0", "AIN1", "AIN2", "AIN3")


def packet(number, samples, status=0, info=0, backlog=0):
    """A spontaneous packet (T-Series Datasheet, 3.2.4)."""
    data = struct.pack(f">{len(samples)}H", *samples)
    return struct.pack(">HHHBBBBHHH", number & 0xFFFF, 0, 10 + len(data), 1, 76, 16, 0, backlog, status, info) + data


# -- packets ---------------------------------------------------------------------------------------------------------


def decoded(*pieces, channels=("AIN0", "AIN1")):
    decoder = StreamDecoder("daq", channels)
    return [chunk for piece in pieces for chunk in decoder.chunks(piece)]


def test_packets_are_scans_however_they_are_cut():
    data = packet(0, [1, 10, 2, 20]) + packet(1, [3, 30]) + packet(2, [4, 40, 5, 50])
    for cut in range(1, len(data)):
        chunks = decoded(data[:cut], data[cut:])
        assert np.concatenate([c.samples["AIN0"] for c in chunks]).tolist() == [1, 2, 3, 4, 5]
        assert np.concatenate([c.samples["AIN1"] for c in chunks]).tolist() == [10, 20, 30, 40, 50]
        assert [c.first for c in chunks] == np.cumsum([0, *(len(c.samples["AIN0"]) for c in chunks[:-1])]).tolist()


def test_the_number_of_a_packet_starts_anew_after_65535():
    assert len(decoded(packet(65535, [1, 2]) + packet(0, [3, 4]))[0].samples["AIN0"]) == 2


def test_a_missing_packet_is_no_stream():
    with pytest.raises(InstrumentError, match="packet 3 after 1"):
        decoded(packet(1, [1, 2]) + packet(3, [3, 4]))


def test_skipped_scans_are_counted_and_not_made_up():
    mark = [0xFFFF, 0xFFFF]
    before, after = decoded(
        packet(0, [1, 10], status=2940), packet(1, [2, 20, *mark, 9, 90], status=2941, info=6) + packet(2, [10, 100])
    )[1:]
    assert (before.first, before.lost, before.samples["AIN0"].tolist()) == (1, 0, [2])
    assert (after.first, after.lost, after.samples["AIN0"].tolist()) == (8, 6, [9, 10])


def test_a_recovery_without_a_mark_lies_before_its_packet():
    (before, after) = decoded(packet(0, [1, 10]) + packet(1, [5, 50], status=2941, info=3))
    assert (before.first, after.first, after.lost) == (0, 4, 3)


@pytest.mark.parametrize(
    ("status", "said"),
    [(2942, "before the last one had ended"), (2943, "more scans than it can count"), (1234, "status 1234")],
)
def test_a_stream_that_cannot_be_trusted_ends(status, said):
    with pytest.raises(InstrumentError, match=said):
        decoded(packet(0, [1, 2], status=status, info=7))


def test_what_is_no_packet_of_this_stream_is_an_error():
    for wrong in (packet(0, [1, 2, 3]), b"\0" * 16, packet(0, [1, 2]).replace(b"\x4c\x10", b"\x4c\x11")):
        with pytest.raises(InstrumentError, match="something else"):
            decoded(wrong)


# -- the stream's port -----------------------------------------------------------------------------------------------


def test_what_is_not_taken_at_once_waits_and_nothing_of_it_is_lost():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = StreamPort("127.0.0.1", listener.getsockname()[1])
        sender, _ = listener.accept()
        sender.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):  # the network takes no more
            for _ in range(10_000):
                sent += sender.send(bytes(1 << 16))
        sender.close()
        taken = 0
        while taken < sent:
            piece = port.take()
            assert len(piece) <= PIECE
            taken += len(piece)
        with pytest.raises(LinkError, match="the instrument closed the connection"):
            while True:
                port.take()
        port.close()
    with pytest.raises(LinkError, match="port of the stream"):
        StreamPort("127.0.0.1", listener.getsockname()[1] if listener.fileno() >= 0 else 1)


# -- the driver against the simulated ones ---------------------------------------------------------------------------


class Bench:
    """A T7 or T8 with these formulas at its inputs."""

    def __init__(self, name, volts, timeout=2.0):
        self.world = quiet_world()
        inputs = {channel: Signal(self.world, formula) for channel, formula in volts.items()}
        self.device = DRIVERS[name].load_simulated()(self.world, inputs, serial="470012345", seed=1, probes={})
        self.name, self.timeout = name, timeout

    def __enter__(self):
        self._serving = serving(self.world, {"daq": self.device})
        ports = self._serving.__enter__()
        self.daq = DRIVERS[self.name].connect(address_of(ports, "daq"), name="daq", timeout=self.timeout)
        return self.daq

    def __exit__(self, *what):
        self.daq.close()
        self._serving.__exit__(*what)


def taken(daq, scans):
    """So many scans or more, by channel; nothing may be lost."""
    pieces = []
    count = 0
    while count < scans:
        chunk = daq.read()
        assert chunk.lost == 0
        assert chunk.first == count
        count += len(next(iter(chunk.samples.values())))
        pieces.append(chunk.samples)
    return {c: np.concatenate([p[c] for p in pieces]) for c in pieces[0]}


def volts_of(daq, codes):
    return {c: codes[c] * daq.scaling(c).scale + daq.scaling(c).offset for c in codes}


LEVELS = {"AIN0": 0.5, "AIN1": -2.0, "AIN2": 4.5, "AIN3": 9.0}


@pytest.mark.parametrize("name", ["labjack_t7", "labjack_t8"])
def test_codes_are_the_volts_at_the_inputs(name):
    with Bench(name, {c: lambda t, v=v: np.full_like(t, v) for c, v in LEVELS.items()}) as daq:
        assert isinstance(daq, Digitizer)
        plan = daq.plan(FOUR, 0.1, 5e3, 0.0)
        daq.configure([ChannelSetup(c, min(v, 0), max(v, 0)) for c, v in LEVELS.items()], plan)
        daq.start()
        volts = volts_of(daq, taken(daq, plan.points))
        daq.stop()
        for channel, level in LEVELS.items():
            range_ = daq.channels[channel].range
            assert volts[channel].mean() == pytest.approx(level, abs=3e-4 * range_)
            assert volts[channel].std() < 1e-3 * range_
    assert not daq.warnings


def test_a_t8_takes_the_smallest_range_that_fits_the_probe_and_its_scale_is_at_the_tip():
    with Bench("labjack_t8", {"AIN2": lambda t: np.full_like(t, 1.7)}) as daq:
        plan = daq.plan(["AIN2"], 0.01, 1e3, 0.0)
        daq.configure([ChannelSetup("AIN2", -5.0, 20.0, attenuation=10)], plan)
        assert daq.channels["AIN2"].range == pytest.approx(2.4)
        daq.start()
        assert volts_of(daq, taken(daq, 5))["AIN2"].mean() == pytest.approx(17.0, abs=0.01)


def test_a_t7_with_several_inputs_stays_in_its_fast_range_and_says_when_they_are_sampled():
    with Bench("labjack_t7", {}) as daq:
        small = [ChannelSetup(c, -0.05, 0.05) for c in FOUR]
        daq.configure(small[:1], daq.plan(FOUR[:1], 0.1, 50e3, 0.0))
        assert daq.channels["AIN0"].range == pytest.approx(0.1)
        assert daq.settings()["delays"] == {"AIN0": 5e-6}
        daq.configure(small, daq.plan(FOUR, 0.1, 25e3, 0.0))
        assert [daq.channels[c].range for c in FOUR] == [10.0] * 4
        assert np.diff(list(daq.settings()["delays"].values())) == pytest.approx([8e-6] * 3)
        assert daq.channels["AIN3"].negative == 199


@pytest.mark.parametrize("rate", [1.0, 100.0, 152.5, 153.0, 3e3, 7001.0, 30030.0, 33333.0, 40e3])
def test_the_rate_that_is_planned_is_the_one_that_is_used(rate):
    with Bench("labjack_t8", {}) as daq:
        plan = daq.plan(["AIN0"], 2.0, rate, 0.5)
        assert plan.rate >= rate * (1 - 1e-9)
        assert plan.duration >= 2.5 * (1 - 1e-9)
        daq.configure([ChannelSetup("AIN0", -1, 1)], plan)
        assert daq.scan_rate == pytest.approx(plan.rate, rel=1e-6)


def test_what_is_too_fast_is_refused_with_what_fits():
    with Bench("labjack_t8", {}) as daq, pytest.raises(PlanError, match=r"50 kHz on 4 inputs .* 40 kHz with 4 inputs"):
        daq.plan(FOUR, 1.0, 50e3, 0.0)
    with (
        Bench("labjack_t7", {}) as daq,
        pytest.raises(PlanError, match=r"25 kHz with 4 inputs.* 100 kHz with 1 input;"),
    ):
        daq.plan(FOUR, 1.0, 40e3, 0.0)
    with pytest.raises(PlanError, match="no input AIN9; it has AIN0, "), Bench("labjack_t8", {}) as daq:
        daq.plan(["AIN9"], 1.0, 1e3, 0.0)


@pytest.mark.parametrize(
    "setup",
    [ChannelSetup("AIN0", -12, 0), ChannelSetup("AIN0", 0, float("nan")), ChannelSetup("AIN0", 0, 1, coupling="AC"),
     ChannelSetup("AIN0", 0, 1, bandwidth_limit=True), ChannelSetup("AIN0", 0, 1, attenuation=3)],
)  # fmt: skip
def test_what_an_input_cannot_do_is_refused_before_anything_is_sent(setup):
    with Bench("labjack_t8", {}) as daq:
        plan = daq.plan(["AIN0"], 1.0, 1e3, 0.0)
        sent = []
        daq.link.recorder = lambda *traffic: sent.append(traffic)
        with pytest.raises(LimitError):
            daq.configure([setup], plan)
        assert not sent


def test_a_stream_that_somebody_left_is_ended_first():
    with Bench("labjack_t8", {}) as daq:
        plan = daq.plan(["AIN0"], 1.0, 1e3, 0.0)
        daq.configure([ChannelSetup("AIN0", -1, 1)], plan)
        daq.start()
        daq._port.close()
        daq._port = None  # as after a program that died
        daq.configure([ChannelSetup("AIN0", -1, 1)], plan)
        daq.start()
        assert len(taken(daq, 100)["AIN0"]) >= 100
        daq.safe()
        assert not daq.streaming
        with pytest.raises(InstrumentError, match="stopped streaming"):
            for _ in range(1000):
                daq.read()


def test_a_record_of_100_s_on_4_inputs_at_40_kilosamples_a_second_has_no_gap():
    with Bench("labjack_t8", {c: lambda t, k=k: np.sin(2 * np.pi * 0.1 * t + k) for k, c in enumerate(FOUR)}) as daq:
        plan = daq.plan(FOUR, 100.0, 40e3, 0.0)
        assert plan.points == 4_000_000
        daq.configure([ChannelSetup(c, -1, 1) for c in FOUR], plan)
        daq.start()
        volts = volts_of(daq, taken(daq, plan.points))
        daq.stop()
    times = np.arange(plan.points) / plan.rate
    began = 0.0
    for k, channel in enumerate(FOUR):
        record = volts[channel][: plan.points]
        phase = np.angle(1j * np.exp(-2j * np.pi * 0.1 * times) @ record)
        began = phase if k == 0 else began
        assert np.exp(1j * (phase - began)) == pytest.approx(np.exp(1j * k), abs=1e-3)  # all at the same time
        assert np.abs(np.diff(record)).max() < 2e-3  # a lost scan would jump


def test_an_oscilloscope_refuses_such_a_record_and_says_what_would_fit():
    double = double_of("rigol_ds1000z")
    with (
        serving(double.world, {"it": double.device}) as ports,
        DRIVERS["rigol_ds1000z"].connect(address_of(ports)) as scope,
        pytest.raises(PlanError, match=r"holds 3,000,000 a channel.* What fits this length: .* At this rate"),
    ):
        scope.plan(["1", "2", "3", "4"], 100.0, 40e3, 0.0)


def test_the_oscilloscopes_role_finds_the_marker_in_the_stream():
    period = 0.7

    def marker(t):
        return np.where(t % period > 0.3, 5.0, 0.0)

    with Bench("labjack_t8", {"AIN0": lambda t: t % period, "AIN7": marker}) as daq:
        scope = StreamedScope(daq)
        plan = scope.plan(["AIN0", "AIN7"], 0.2, 10e3, 0.05)
        scope.configure([ChannelSetup("AIN0", 0, 1), ChannelSetup("AIN7", -0.5, 5.5)], plan)
        scope.trigger_on("AIN7", 2.5)
        scope.arm()
        while not scope.finished():
            pass
        ramp = scope.fetch("AIN0")
        assert len(ramp) == plan.points
        assert ramp.values[round(0.05 * plan.rate)] == pytest.approx(0.3, abs=2e-3)
        assert not daq.streaming


def test_the_times_of_a_t7_are_when_each_input_was_sampled():
    sawtooth = {c: lambda t: 9 * (t * 50 % 1.0) for c in FOUR[:3]}
    with Bench("labjack_t7", sawtooth | {"AIN3": lambda t: np.where(t % 0.7 > 0.3, 5.0, 0.0)}) as daq:
        scope = StreamedScope(daq)
        plan = scope.plan(FOUR, 0.05, 5e3, 0.0)
        scope.configure([ChannelSetup(c, 0, 9) for c in FOUR], plan)
        scope.trigger_on("AIN3", 2.5)
        scope.arm()
        while not scope.finished():
            pass
        first, _, third = (scope.fetch(c) for c in FOUR[:3])
    assert third.t0 - first.t0 == pytest.approx(30e-6)
    rising = (first.values > 1) & (first.values < 8)
    assert (third.values - first.values)[rising].mean() == pytest.approx(9 * 50 * 30e-6, rel=0.1)


# -- identity, calibration -------------------------------------------------------------------------------------------


def test_another_product_and_another_serial_number_are_not_used():
    words = {60000: struct.pack(">f", 4.0), 60004: struct.pack(">f", 1.03), 60028: struct.pack(">I", 440010000)}
    with registers(words) as server:
        where = f"modbus://127.0.0.1:{server.port}"
        with pytest.raises(BenchError, match="LabJack/T4"):
            DRIVERS["labjack_t8"].connect(where)
        server.words[60000] = struct.pack(">f", 8.0)[:2]
        with pytest.raises(BenchError, match="serial number 440010000"):
            DRIVERS["labjack_t8"].connect(where, serial_number="440010001")
        with pytest.raises(LinkError, match="modbus://"):
            DRIVERS["labjack_t8"].connect(f"tcp://127.0.0.1:{server.port}")
        assert not server.wrote


def test_constants_of_24_bits_are_understood_and_others_refused():
    with Bench("labjack_t8", {}) as daq:
        sixteen = daq._scaling("AIN0", 9.6, [3e-4, -3e-4, 32700.0, -9.8], 1.0)
        long = daq._scaling("AIN0", 9.6, [3e-4 / 256, -3e-4 / 256, 32700.0 * 256, -9.8], 1.0)
        assert (sixteen.scale, sixteen.offset) == pytest.approx((3e-4, -3e-4 * 32700))
        assert (long.scale, long.offset) == pytest.approx((sixteen.scale, sixteen.offset))
        for wrong in ([0.0, 0.0, 0.0, 0.0], [1.0, -1.0, 32768.0, 0.0], [3e-4, 3e-4, 32700.0, 0.0]):
            with pytest.raises(InstrumentError, match="calibrated"):
                daq._scaling("AIN0", 9.6, wrong, 1.0)
