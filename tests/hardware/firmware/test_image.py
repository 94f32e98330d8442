"""The image that is delivered is the one that its sources make, and it fits."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from neurorig.hardware.firmware import images
from neurorig.hardware.firmware.images import DESCRIPTION, IMAGE, make, packaged, sources, stale
from neurorig.signals import ConfigError


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "current_source"
    shutil.copytree(images.PROGRAM, folder, ignore=shutil.ignore_patterns("*.elf"))
    monkeypatch.setattr(images, "PROGRAM", folder)
    return folder


def test_the_image_is_up_to_date_with_its_sources() -> None:
    assert stale() == ""
    _, build = packaged()
    assert build.build == build.sources[:8] == sources()[:8]


@pytest.mark.needs("avr")
def test_the_sources_make_the_image_byte_for_byte() -> None:
    image, build = packaged()
    made, of = make()
    assert of == build
    assert made == image.read_bytes()


def test_changed_sources_and_a_foreign_image_are_noticed(copied: Path) -> None:
    with (copied / "main.c").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert "sources were changed" in stale()
    (copied / IMAGE).write_text(":00000001FF\n", encoding="ascii")
    with pytest.raises(ConfigError, match=r"another image than build\.json describes"):
        packaged()
    (copied / DESCRIPTION).unlink()
    with pytest.raises(ConfigError, match="not complete"):
        packaged()


@pytest.mark.needs("avr")
def test_what_cannot_be_built_says_what_the_compiler_says(copied: Path) -> None:
    with (copied / "main.c").open("a", encoding="utf-8") as file:
        file.write("\nint broken = nonsense;\n")
    with pytest.raises(ConfigError, match="nonsense"):
        make()


@pytest.mark.needs("avr")
def test_a_build_puts_image_and_description_beside_the_sources(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, build = make()
    (copied / DESCRIPTION).write_text(json.dumps(asdict(replace(build, version="0.0.0"))), encoding="utf-8")
    images.main()
    assert packaged() == (copied / IMAGE, build)
    assert (copied / IMAGE).read_bytes() == made
    assert stale() == ""
    assert build.full_version in capsys.readouterr().out


def test_without_a_compiler_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "compiler", lambda: "")
    with pytest.raises(ConfigError, match=r"apt-get install gcc-avr"):
        make()
