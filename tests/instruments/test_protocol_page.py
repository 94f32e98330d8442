"""Every example of PROTOCOL.md, run against the simulated source; every number it gives, computed."""

import binascii
import re
from pathlib import Path

import pytest

from neurorig.instruments.simulated.models import arduino_lines
from neurorig.instruments.simulated.models.arduino_program import Kind, decode

from . import protocol_client
from .source_bench import BRAINS, SourceBench

PAGE = (Path(__file__).parents[2] / "hardware" / "firmware" / "PROTOCOL.md").read_text()


def fenced(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def as_bytes(text: str) -> bytes:
    """A line of the page with its {hexadecimal bytes}."""
    pieces = re.split(r"\{([0-9A-F ]+)\}", text)
    return b"".join(bytes.fromhex(p) if k % 2 else p.encode() for k, p in enumerate(pieces))


@pytest.mark.parametrize("brain", BRAINS)
@pytest.mark.parametrize("example", fenced("exchange"))
def test_the_exchanges_happen_as_written(example: str, brain: str) -> None:
    bench = SourceBench(brain=brain)
    _, _, serial, version = bench.source.identity.split(",")
    lines = example.strip().splitlines()
    for request, answer in zip(lines[::2], lines[1::2], strict=True):
        assert (request[:2], answer[:2]) == ("> ", "< ")
        expected = answer[2:].replace("{serial}", serial).replace("{version}", version)
        if expected.endswith("{crc8}"):
            expected = expected.removesuffix("{crc8}")
            expected += f"*{protocol_client.crc8(expected.encode()):02X}"
        assert bench.send(as_bytes(request[2:]) + b"\n") == as_bytes(expected).decode("latin-1") + "\n", request


def test_the_page_has_its_examples() -> None:
    assert len(fenced("exchange")) == 5
    assert len(fenced("program")) == 3


@pytest.mark.parametrize("example", fenced("program"))
def test_the_programs_say_what_their_comments_say(example: str) -> None:
    lines = [re.split(r" {3,}", line, maxsplit=1) for line in example.strip().splitlines()]
    program = decode(b"".join(bytes.fromhex(code) for code, _ in lines))
    for segment, (_, comment) in zip(program.segments, lines, strict=True):
        words = re.split(r"[ ,]+", comment.strip())
        assert segment.kind.value == words[0]
        expected = {"HOLD": (segment.code, segment.count), "RAMP": (segment.code, segment.count)}
        expected |= {"FROM": (segment.code, segment.count), "LOOP": (segment.count,)}
        assert tuple(map(int, words[1:])) == expected.get(words[0], ())


def test_the_ramp_plays_the_levels_of_the_page() -> None:
    levels = [int(n) for n in re.search(r"Levels of the ramp: ([-0-9, ]+) \(", PAGE)[1].split(", ")]
    program = decode(protocol_client.begin(-164, 5) + protocol_client.ramp(164, 8))
    assert [run.code for run in program.runs(0)] == levels
    assert {run.ticks for run in program.runs(0)} == {5}


def test_both_ends_compute_the_checksums_of_the_page() -> None:
    text = b"123456789"
    assert protocol_client.crc8(text) == arduino_lines.crc8(text) == 0xF4
    assert protocol_client.crc16(text) == arduino_lines.crc16(text) == binascii.crc_hqx(text, 0xFFFF) == 0x29B1
    assert protocol_client.crc16(b"") == 0xFFFF
    assert protocol_client.crc16(bytes(2)) == 0x1D0F
    assert protocol_client.crc16(bytes(6)) == 0x0E10


def test_the_page_and_the_source_know_the_same_errors() -> None:
    table = PAGE[PAGE.index("## 11. Errors") : PAGE.index("## 12. ")]
    rows = {int(n): text for n, text in re.findall(r"^\| (-?\d+) \| ([^|]+) \|", table, re.MULTILINE)}
    assert rows == arduino_lines.TEXTS


def test_the_page_and_the_source_know_the_same_commands() -> None:
    from neurorig.instruments.simulated.models.arduino_source import REQUESTS

    table = PAGE[PAGE.index("## 4. Commands") : PAGE.index("## 5. Blocks")]
    first_cells = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    written = {quoted.split(" ")[0] for cell in first_cells for quoted in re.findall(r"`([*A-Z][^`]*)`", cell)}
    written -= {"EPOCH", "TICK,<n>", "OFF", "<n>,SINK,<g>", "<n>,SINK,<o>"}
    assert written == set(REQUESTS)


def test_every_kind_of_segment_is_on_the_page() -> None:
    rows = re.findall(r"^\| (HOLD|RAMP|END|LOOP|FROM|MARK)\b", PAGE, re.MULTILINE)
    assert set(rows) == {kind.value for kind in Kind}
