"""The stream of read-backs and the stamps of spikes, as sections 8, 14 and 15 of PROTOCOL.md promise them."""

import numpy as np
import pytest

from neurorig.instruments.simulated import world

from .fakes import serving
from .protocol_client import SourceClient, hold
from .source_bench import SourceBench

V1, I1, V2, I2 = 1, 2, 4, 8
COUNT = 5 / 1024


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, brain) -> SourceBench:
    monkeypatch.setattr(world, "SILENCE", 1e9)  # a busy computer is no host that reads too late
    return SourceBench(brain=brain)


def streaming(bench: SourceBench, what: int = V1 | I1, slots: int = 8) -> None:
    bench.ok(f"ADC:SCAN {what}", f"ADC:SLOT {slots}", "ADC:STAT ON")


def fetched(bench: SourceBench, quantities: int, seconds: float, every: float) -> np.ndarray:
    """Everything from scan 0 on, fetched every so many seconds and seen to be without a gap."""
    pieces, expected = [], 0
    for k in range(1, round(seconds / every)):
        bench.world.advance_to(k * every)
        first, lost, samples = bench.scans(quantities)
        assert (first, lost) == (expected, 0)
        expected += len(samples)
        pieces.append(samples)
    return np.concatenate(pieces)


@pytest.mark.parametrize(("what", "slots"), [(V1, 2), (V1 | I1, 3), (V1 | I1 | V2, 4), (15, 5), (V1 | V2, 8)])
def test_it_is_gap_free_at_the_rates_of_the_page(bench, what, slots):
    streaming(bench, what, slots)
    quantities = what.bit_count()
    samples = fetched(bench, quantities, 2.0, every=0.9 * (144 // quantities) * slots * 125e-6)
    assert len(samples) == pytest.approx(bench.world.now / (slots * 125e-6), rel=0.02)
    assert bench.status & 2048 == 0


def test_fewer_slots_than_the_converter_needs_are_refused(bench):
    for what, slots in ((V1, 1), (V1 | I1, 2), (15, 4)):
        bench.ask(f"ADC:SCAN {what}")
        if slots == 1:
            assert bench.ask("ADC:SLOT 1").startswith("ERR -222")
            continue
        bench.ok(f"ADC:SLOT {slots}")
        assert bench.ask("ADC:STAT ON").startswith("ERR -221")
        assert bench.ask("ADC:STAT?") == "OFF"


def test_each_sample_is_taken_in_its_own_slot_of_the_processors_clock(bench):
    """Slow ramps at the terminals tell when they were looked at, to a fraction of a slot."""
    slope = 40.0
    bench.out[1].volts = bench.out[2].volts = lambda times: (slope * times) % 5
    streaming(bench, V1 | V2, 8)
    samples = fetched(bench, 2, 1.0, 0.05) * COUNT
    between = (samples[:, 1] - samples[:, 0]) % 5
    away = np.minimum(between, 5 - between)
    assert np.median(away) / slope == pytest.approx(125e-6, abs=40e-6)
    steps = np.diff(np.unwrap(samples[:, 0], period=5))
    assert steps.mean() / slope == pytest.approx(1e-3, rel=1e-3)


def test_what_is_not_fetched_in_time_is_lost_and_counted_and_no_block_has_a_gap_inside(bench):
    bench.out[1].volts = lambda times: (times * 10) % 5  # 2 counts a scan
    streaming(bench, V1, 8)
    bench.wait(0.5)
    first, lost, old = bench.scans(1, 100)
    assert (first, lost, len(old)) == (0, 0, 100)
    assert bench.status & 2048
    until = bench.world.now
    first, lost, rest = bench.scans(1)
    assert (first, lost, len(rest)) == (100, 0, 44)  # still those from before the loss
    bench.wait(0.1)
    first, lost, new = bench.scans(1)
    assert first == 144 + lost
    assert lost == pytest.approx(until / 1e-3 - 144, abs=5)  # kept again as soon as all was fetched
    for part in (old, rest, new):
        assert np.diff(np.unwrap(part[:, 0].astype(float), period=1024)) == pytest.approx(2.05, abs=2.5)
    after, none, _ = bench.scans(1)
    assert (after, none) == (first + len(new), 0)
    bench.ok("*CLS")
    assert bench.status & 2048 == 0


def test_a_loss_beyond_what_the_count_holds_is_told_by_the_numbers(bench):
    streaming(bench, V1, 2)
    bench.wait(20.0)
    bench.scans(1)
    bench.wait(0.01)
    first, lost, _ = bench.scans(1)
    assert lost == 65535 < first - 192


def test_the_start_is_found_in_the_stream(bench, brain):
    """The current rises at t0: the first sample with current is the first after t0."""
    assert bench.load(1, hold(1600, 500) + hold(0, 1)) == "OK"
    bench.ok("OUTP1 ON", "ADC:SCAN 2", "ADC:SLOT 8", "ADC:STAT ON", "ARM")
    bench.wait(0.0123)
    bench.ok("TRIG")
    t0 = bench.t0()
    bench.wait(0.06)
    _, _, samples = bench.scans(1)
    scan, halves = map(int, bench.ask("ADC:T0?").split(","))
    assert 0 <= halves * 0.5e-6 < 1e-3
    if brain == "python":
        begun = bench.source.machine.stream._begun
        assert begun + scan * 1e-3 + halves * 0.5e-6 == pytest.approx(t0, abs=0.6e-6)
    flows = samples[:, 0] > 200
    assert flows[scan + 1 : scan + 50].all()
    assert not flows[: scan + 1].any()
    assert samples[scan + 1, 0] == pytest.approx(400, abs=2)


def test_without_a_start_there_is_no_t0(bench):
    streaming(bench)
    assert bench.ask("ADC:T0?") == "-1,0"
    bench.ok("ADC:STAT OFF")
    bench.start(1, program=hold(5, 10))
    bench.wait(0.1)
    streaming(bench)
    assert bench.ask("ADC:T0?") == "-1,0"


def test_the_sign_of_the_leg_and_the_current_of_each_level(bench):
    program = b"".join(hold(code, 100) for code in (400, -400, 4000, -4000, 0))
    assert bench.load(2, program) == "OK"
    bench.ok("OUTP2 ON", "ADC:SCAN 8", "ADC:SLOT 8", "ADC:STAT ON", "ARM", "TRIG")
    bench.wait(0.06)
    _, _, samples = bench.scans(1)
    scan, _ = map(int, bench.ask("ADC:T0?").split(","))
    levels = [np.median(samples[scan + 2 + 10 * k : scan + 10 + 10 * k]) for k in range(5)]
    assert levels == [100, -100, 1000, -1000, 0]


def test_nothing_but_off_reset_and_restart_ends_it(bench):
    streaming(bench, V1 | I1)
    bench.load(1, hold(9, 9))
    assert bench.ask("SOUR1:WAV:DATA").startswith("ERR")
    numbers = []
    for line in ("OUTP1 ON", "SOUR1:CURR 50000", "SYST:SAFE", "OUTP1 ON", "ABOR", "OUTP1 OFF", "*CLS"):
        bench.ok(line)
        bench.wait(0.02)
        first, lost, samples = bench.scans(2)
        numbers.append((first, lost, len(samples)))
    assert all(lost == 0 and n for _, lost, n in numbers)
    assert [first for first, _, _ in numbers[1:]] == [first + n for first, _, n in numbers[:-1]]
    bench.ok("*RST")
    assert bench.ask("ADC:STAT?") == "OFF"
    streaming(bench)
    bench.source.restart("BROWNOUT")
    assert bench.ask_after_hello("ADC:STAT?") == "OFF"
    assert bench.scans(2)[:2] == (0, 0)


def test_a_trip_is_seen_in_the_stream(bench):
    bench.ok("OUTP1 ON", "SOUR1:CURR 100000", "SYST:WDOG 100")
    streaming(bench, I1)
    bench.wait(0.15)
    _, _, samples = bench.scans(1)
    assert bench.status & 64
    last = np.flatnonzero(samples)[-1]
    assert samples[: last + 1, 0] == pytest.approx(410, abs=3)
    assert last == pytest.approx(100, abs=5)
    assert not samples[last + 1 :].any()


def test_a_program_is_not_received_where_the_samples_lie(bench):
    streaming(bench)
    assert bench.load(1, hold(5, 5)).startswith("ERR -221")
    bench.ok("ADC:STAT OFF")
    assert bench.load(1, hold(5, 5)) == "OK"
    assert bench.scans(2)[2].size == 0


def test_single_read_backs_work_beside_it_and_on_starts_nothing_anew(bench):
    streaming(bench, 15, 5)
    bench.wait(0.01)
    assert int(bench.ask("MEAS:VOLT? 1")) == pytest.approx(1234, abs=10)
    bench.ok("ADC:STAT ON")
    first, lost, samples = bench.scans(4)
    assert (first, lost) == (0, 0)
    assert len(samples) > 10


def test_the_noise_does_not_depend_on_how_time_is_cut():
    whole, cut = SourceBench(seed=3), SourceBench(seed=3)
    for bench in (whole, cut):
        streaming(bench, V1 | V2)
    whole.wait(0.05)
    for _ in range(50):
        cut.wait(0.001)
    a, b = whole.scans(2)[2], cut.scans(2)[2]
    assert a.std() > 0
    assert np.array_equal(a[:45], b[:45])


def test_two_readers_one_stream(bench):
    """A second reader that shares the line takes what the first then does not get; together they have everything once."""
    with serving(bench.world, {"source": bench.source}) as ports:
        one, two = (SourceClient(f"socket://127.0.0.1:{ports['source']}") for _ in range(2))
        one.ask("ADC:SCAN 3")
        one.ask("ADC:STAT ON")
        numbers: list[int] = []
        for reader in (one, two) * 40:
            first, lost, scans = reader.scans(2, 30)
            assert lost == 0
            numbers += range(first, first + len(scans))
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > 500
        one.close(), two.close()


def test_a_reader_of_the_page_streams_while_a_program_plays_and_the_watchdog_is_fed(bench):
    with serving(bench.world, {"source": bench.source}) as ports:
        client = SourceClient(f"socket://127.0.0.1:{ports['source']}")
        client.ask("SYST:WDOG 500")
        client.upload(1, hold(800, 40_000) + hold(0, 1))
        for line in ("OUTP1 ON", "ADC:SCAN 3", "ADC:STAT ON", "ARM", "TRIG"):
            assert client.ask(line) == "OK"
        currents: list[int] = []
        while client.status() & 3:
            first, lost, scans = client.scans(2)
            assert (first, lost) == (len(currents), 0)
            currents += [i for _, i in scans]
        assert client.status() & (64 | 2048) == 0
        scan, _ = map(int, client.ask("ADC:T0?").split(","))
        assert np.median(currents[scan + 2 : scan + 3900]) == 200
        assert len(currents) > 3900
        client.off()
        client.close()


def test_spikes_and_scans_are_fetched_side_by_side(bench):
    bench.ok("SPIK:STAT 1,ON", "ADC:SCAN 15", "ADC:SLOT 8", "OUTP1 ON")
    assert bench.load(1, hold(1, 50_000)) == "OK"
    bench.ok("ADC:STAT ON", "ARM", "TRIG")
    t0 = bench.t0()
    bench.comparator.times = t0 + np.arange(1, 4000) * 1.2e-3
    stamps, scans = 0, 0
    while bench.status & 1:
        lost, new = bench.stamps()
        first, missing, samples = bench.scans(4)
        assert (lost, missing, first) == (0, 0, scans)
        stamps, scans = stamps + len(new), scans + len(samples)
    assert stamps == pytest.approx(4000, abs=50)
    assert scans == pytest.approx(5000, abs=80)
