"""The page on building the source: its commands work when they are pasted."""

import re
from pathlib import Path

import pytest

from neurorig.instruments import load_bench

from .blocks import ROOT, blocks
from .test_tutorial import SHELL, pasted

PAGE = "docs/howto/build-the-source.md"


@pytest.mark.skipif(SHELL is None, reason="needs bash")
@pytest.mark.timeout(300)  # about 50 s when the machine is idle
def test_the_commands_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    said = pasted("\n".join(b.text for b in blocks(PAGE, "sh")), tmp_path)
    assert re.search(r"^version +\d+\.\d+\.\d+\+[0-9a-f]{8}, built by avr-gcc", said, re.MULTILINE)
    assert re.search(r"^avrdude -c arduino .* -P /dev/ttyACM0 .*current_source\.hex:i$", said, re.MULTILINE)
    printed = [" ".join(line.split()) for line in said.splitlines()]
    for shown in blocks(PAGE, "text"):
        for line in shown.text.replace("...\n", "").splitlines():
            assert any(there.startswith(" ".join(line.split())) for there in printed), line
    assert len(re.findall(r"^bench +(bench|scope) \(.*, simulated: no hardware", said, re.MULTILINE)) == 3
    assert said.count("stored  in source.1") == 2
    assert said.count("stored  in source.2") == 1
    assert len(list((tmp_path / "sources").glob("*/*_calibration_channel_*/report.html"))) == 3


def test_the_line_that_takes_the_real_program(tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "toml")
    entry = block.text.replace('simulate = "firmware"\n', "")
    file = tmp_path / "mine.toml"
    text = load_bench().path.read_text(encoding="utf-8")
    assert entry in text
    file.write_text(text.replace(entry, block.text), encoding="utf-8")
    assert load_bench(file).instruments["source"].simulate == "firmware"
