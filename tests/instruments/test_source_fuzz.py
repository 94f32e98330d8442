"""Anything may arrive at the simulated source: it stays up, answers properly, and no current flows behind a low OE."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.instruments.simulated.models.arduino_lines import TEXTS
from neurorig.instruments.simulated.models.arduino_source import REQUESTS

from .protocol_client import MARK, begin, block, crc8, hold, loop, ramp
from .source_bench import BRAINS, LSB, SourceBench

codes = st.integers(-4095, 4095)
ticks = st.integers(1, 300)
ramps = st.builds(lambda code, count: ("ramp", code, count), codes, st.integers(1, 40))
leaves = st.one_of(
    st.builds(lambda code, n: ("hold", code, n), codes, ticks),
    ramps,
    st.builds(lambda first, step, r: ("from", first, step, r), codes, st.integers(1, 9), ramps),
)


def loops(inner):
    return st.tuples(st.just("loop"), st.integers(1, 4), st.lists(inner, min_size=1, max_size=3))


programs = st.lists(st.recursive(leaves, loops, max_leaves=4), min_size=1, max_size=4)


def depth(tree) -> int:
    return 1 + max(map(depth, tree[2])) if tree[0] == "loop" else 0


def encode(tree) -> bytes:
    match tree:
        case ("hold", code, n):
            return hold(code, n)
        case ("ramp", code, count):
            return ramp(code, count)
        case ("from", first, step, inner):
            return begin(first, step) + encode(inner)
        case ("loop", times, body):
            return loop(times, *map(encode, body))
    raise AssertionError(tree)


def unroll(trees, aim: int = 0) -> tuple[list[int], int]:
    """The code of every tick, section 6 read in floating point, and where the next ramp would begin."""
    played: list[int] = []
    for tree in trees:
        match tree:
            case ("hold", code, n):
                played += [code] * n
                aim = code
            case ("ramp", code, count) | ("from", _, _, ("ramp", code, count)):
                first, step = (tree[1], tree[2]) if tree[0] == "from" else (aim, 1)
                sign = 1 if code > first else -1
                for k in range(count):
                    played += [first + sign * int(abs(code - first) * (k + 0.5) / count + 0.5)] * step
                aim = code
            case ("loop", times, body):
                for _ in range(times):
                    inner, aim = unroll(body, aim)
                    played += inner
    return played, aim


def started(changes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without the code 0 at the start, which is no change."""
    return changes[1:] if changes[:1] == [(0, 0)] else changes


@pytest.mark.parametrize("brain", BRAINS)
@settings(max_examples=60, deadline=None)
@given(trees=programs.filter(lambda trees: max(map(depth, trees)) <= 4))
def test_every_program_is_played_tick_by_tick_as_the_page_says(trees, brain) -> None:
    bench, data, (played, _) = SourceBench(brain=brain), b"".join(map(encode, trees)), unroll(trees)
    assert bench.load(1, data) == "OK"
    assert bench.ask("SOUR1:WAV:CHEC?").split(",")[:2] == [str(len(data) // 4), str(len(played))]
    bench.ok("SYST:WDOG 60000", "OUTP1 ON", "ARM", "TRIG")
    t0 = bench.t0()
    bench.wait(len(played) * 1e-4)
    expected = [(100 * k, code) for k, code in enumerate(played) if k == 0 or code != played[k - 1]]
    assert started(bench.out[1].since(t0)) == started(expected)
    assert round(bench.out[1].now / LSB) == played[-1]
    assert bench.status & 0b111 == 0


ANSWER = re.compile(rb'ERR (-?\d+),"([^"\n]*)"|[\x20-\x7e]+')
HEADERS = [re.sub("<n>", n, header) for header in REQUESTS for n in ("1", "2", "3", "")]
words = st.sampled_from(
    ["ON", "OFF", "IMM", "EXT", "TICK", "SOUR", "SINK", "0", "1", "2", "64", "300", "-5", "4922", "x"]
)
commands = st.builds(lambda h, p: f"{h} {','.join(p)}".encode(), st.sampled_from(HEADERS), st.lists(words, max_size=3))
sums = commands.map(lambda line: line + b"*%02X" % crc8(line))
payloads = st.one_of(
    st.binary(max_size=40),
    programs.map(lambda trees: b"".join(map(encode, trees))),
    st.lists(st.sampled_from([MARK, bytes(4), hold(5, 3), ramp(9, 2), begin(1, 1), loop(2)[:4]]), max_size=99).map(
        b"".join
    ),
)
uploads = payloads.map(lambda payload: b"SOUR1:WAV:DATA " + block(payload))
useful = st.sampled_from(
    [
        b"OUTP1 ON",
        b"ARM",
        b"TRIG",
        b"SOUR1:CURR 5000",
        b"*CLS",
        b"STAT?",
        b"SPIK:STAT 1,ON",
        b"ADC:STAT ON",
        b"ADC:DATA? 64",
    ]
)
lines = st.one_of(commands, sums, uploads, useful, st.binary(max_size=80))


@st.composite
def mutated(draw) -> bytes:
    line = bytearray(draw(lines))
    for _ in range(draw(st.integers(0, 2))):
        if line:
            line[draw(st.integers(0, len(line) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(line)


def answers(data: bytes) -> list[bytes]:
    """Cut an answer stream as section 2 and 5 say."""
    found = []
    while data:
        if block_head := re.match(rb"#(\d)", data):
            digits = int(block_head[1])
            size = 2 + digits + int(data[2 : 2 + digits])
        else:
            size = data.index(b"\n")
        found.append(data[:size])
        assert data[size : size + 1] == b"\n"
        data = data[size + 1 :]
    return found


def nothing_flows_where_oe_is_low(bench: SourceBench) -> None:
    for n in (1, 2):
        if not bench.source.machine.channels[n].enabled:
            assert bench.out[n].now == 0


@settings(max_examples=250, deadline=None)
@given(st.lists(st.tuples(mutated(), st.sampled_from([0.0, 0.0, 0.3, 2.5])), max_size=30), st.integers(0, 1000))
def test_no_input_upsets_it(script, seed) -> None:
    wall = [0.0]
    bench = SourceBench(clock=lambda: wall[0], seed=seed)
    for line, pause in script:
        for answer in answers(bench.session.receive(line + b"\n")):
            matched = ANSWER.fullmatch(answer) or answer.startswith(b"#")
            assert matched, answer
            if answer.startswith(b"ERR "):
                assert TEXTS[int(answer[4:].split(b",")[0])].encode() in answer
        nothing_flows_where_oe_is_low(bench)
        bench.wait(pause)
        wall[0] += pause
        nothing_flows_where_oe_is_low(bench)
    wall[0] += 1
    bench.session.receive(b"\n")
    bench.session.receive(b"SYST:SAFE\n")
    assert bench.out[1].now == bench.out[2].now == 0
    assert bench.session.receive(b"*IDN?\n").decode() == bench.source.identity + "\n"


@pytest.mark.parametrize("brain", BRAINS)
@given(bit=st.integers(0, 18 * 8 - 1))
@settings(max_examples=144, deadline=None)
def test_one_wrong_bit_in_a_line_with_a_checksum_never_changes_a_level(bit, brain) -> None:
    line = bytearray(b"SOUR1:CURR 4470*")
    line += b"%02X" % crc8(bytes(line[:-1]))
    line[bit // 8] ^= 1 << bit % 8
    if 0x0A in line:  # the bit made a line end: two lines, the first whole and right, without its checksum
        return
    bench = SourceBench(brain=brain)
    assert bench.session.receive(bytes(line) + b"\n").startswith(b"ERR ")
    assert bench.ask("SOUR1:CURR?") == "0"


@settings(max_examples=60, deadline=None)
@given(st.lists(uploads | sums | useful, min_size=1, max_size=8), st.data())
def test_the_pieces_in_which_bytes_arrive_do_not_matter(script, data) -> None:
    stream = b"".join(line + b"\n" for line in script)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    whole, pieces = SourceBench(), SourceBench()
    expected = whole.session.receive(stream)
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert b"".join(map(pieces.session.receive, parts)) == expected


streams = st.sampled_from(
    ["ADC:STAT ON", "ADC:STAT OFF", "ADC:SCAN 1", "ADC:SCAN 11", "ADC:SCAN 16", "ADC:SLOT 2", "ADC:SLOT 5", "ADC:SLOT 900",
     "ADC:T0?", "*RST", "OUTP1 ON", "SYST:SAFE", "ARM", "TRIG", "ABOR"]
)  # fmt: skip


@pytest.mark.parametrize("brain", BRAINS)
@settings(max_examples=150, deadline=None)
@given(script=st.lists(streams | st.integers(1, 192) | st.floats(0.001, 0.3), max_size=40))
def test_the_numbers_of_the_scans_add_up_whatever_is_done_to_the_stream(script, brain) -> None:
    """Section 14: ``first = last first + scans of the last block + lost``, and a fetch never gives more than was asked for."""
    bench = SourceBench(brain=brain)
    assert bench.load(1, hold(50, 2000)) == "OK"
    expected = 0
    for step in script:
        if isinstance(step, float):
            bench.wait(step)
        elif isinstance(step, str):
            begun = bench.ask("ADC:STAT?") == "ON"
            bench.ask(step)
            if not begun or bench.ask("ADC:STAT?") == "OFF":
                expected = 0
        else:
            quantities = int(bench.ask("ADC:SCAN?")).bit_count()
            on = bench.ask("ADC:STAT?") == "ON"
            first, lost, samples = bench.scans(quantities, step)
            assert first == expected + lost
            assert len(samples) <= min(step, 144 // quantities)
            assert on or (first, lost, len(samples)) == (0, 0, 0)
            expected = first + len(samples)
