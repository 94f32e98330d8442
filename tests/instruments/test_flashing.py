"""Writing the firmware, with a stand-in for avrdude on the PATH and the simulated source behind a pseudo-terminal."""

import errno
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurorig.cli.app import run
from neurorig.hardware.firmware import images
from neurorig.hardware.firmware.images import Build
from neurorig.instruments import flashing, open_link
from neurorig.instruments.claim import Claim
from neurorig.instruments.flashing import device_of, flash, version_at
from neurorig.instruments.permissions import in_use
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.models import arduino_source
from neurorig.instruments.simulated.process import Settings
from neurorig.signals import BenchError, ConfigError, LinkError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
SAME = Build(arduino_source.FIRMWARE, arduino_source.build(), "", "", "5.4.0", 16000, 1700)
"""A build that answers as the simulated source does."""
OTHER = Build("1.1.0", "00000000", "", "", "5.4.0", 16000, 1700)
AVRDUDE = """#!{python}
import json, sys
json.dump(sys.argv[1:], open({log!r}, "w"))
sys.stderr.write({said!r})
sys.exit({code})
"""


@pytest.fixture(scope="module")
def served() -> Iterator[SimulatedProcess]:
    with SimulatedProcess(Settings("wu2025_bump")) as simulated:
        assert simulated.addresses
        yield simulated


@pytest.fixture
def port(served: SimulatedProcess) -> str:
    return device_of(served.addresses["source"]["serial"])


class FakeAvrdude:
    """An avrdude that notes how it was called, says something, and ends as told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._program, self._log = folder / "avrdude", folder / "called.json"
        monkeypatch.setenv("PATH", str(folder))
        self.ends(0)

    def ends(self, code: int, said: str = "avrdude done.  Thank you.\n") -> None:
        text = AVRDUDE.format(python=sys.executable, log=str(self._log), said=said, code=code)
        self._program.write_text(text, encoding="utf-8")
        self._program.chmod(0o755)

    @property
    def called(self) -> list[str] | None:
        return json.loads(self._log.read_text(encoding="utf-8")) if self._log.exists() else None


@pytest.fixture
def avrdude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeAvrdude:
    return FakeAvrdude(tmp_path, monkeypatch)


def test_the_image_is_written_and_the_version_read_back(port: str, avrdude: FakeAvrdude) -> None:
    flashed = flash(f"serial://{port}", Path("image.hex"), SAME)
    expected = f"-c arduino -p m328p -b 115200 -P {port} -D -U flash:w:image.hex:i"
    assert avrdude.called == expected.split()
    assert flashed.after.version == SAME.full_version
    assert flashed.before == flashed.after


def test_another_version_that_answers_afterwards_is_told(port: str, avrdude: FakeAvrdude) -> None:
    told = rf"version [\d.]+\+\w+ answers, {OTHER.full_version.replace('+', '.')} was written"
    with pytest.raises(BenchError, match=told):
        flash(port, Path("image.hex"), OTHER)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("avrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00", "is this the port of the Arduino"),
        ("avrdude: ser_open(): can't open device: Device or resource busy", "Another program has the port"),
        ("avrdude: Expected signature for ATmega328P is 1E 95 0F", "Another processor"),
        ("avrdude: verification error, first mismatch at byte 0x0000", "does not read back"),
        ("something new", "Try once more"),
    ],
)
def test_what_avrdude_says_is_told_with_what_to_do(port: str, avrdude: FakeAvrdude, said: str, advice: str) -> None:
    avrdude.ends(1, said)
    with pytest.raises(BenchError, match=advice) as caught:
        flash(port, Path("image.hex"), SAME)
    assert said in str(caught.value)
    assert port in str(caught.value)


def test_nothing_is_written_while_an_output_is_on(port: str, served: SimulatedProcess, avrdude: FakeAvrdude) -> None:
    with open_link(served.addresses["source"]["tcp"]) as link:
        link.query("OUTP1 ON")
        with pytest.raises(BenchError, match="an output of the source is on"):
            flash(port, Path("image.hex"), SAME)
        link.query("SYST:SAFE")
    assert avrdude.called is None


def test_nothing_is_written_while_a_program_has_the_port(
    port: str, avrdude: FakeAvrdude, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Claim(f"serial://{port}"), pytest.raises(BenchError, match="another neurorig"):
        flash(port, Path("image.hex"), SAME)
    monkeypatch.setattr(flashing, "holders", lambda device: ["minicom (4711)"])
    with pytest.raises(BenchError, match=r"Nothing was written\. .* minicom \(4711\) has it open"):
        flash(port, Path("image.hex"), SAME)
    assert avrdude.called is None


def test_another_instrument_at_the_port_is_left_alone(
    port: str, avrdude: FakeAvrdude, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flashing, "SOURCE", "keithley_2450")
    with pytest.raises(BenchError, match="is no Arduino current source"):
        flash(port, Path("image.hex"), SAME)
    assert avrdude.called is None


def test_a_blank_arduino_is_written_to_and_its_silence_afterwards_is_told(
    avrdude: FakeAvrdude, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flashing, "BOOT", 0.6)
    master, slave = os.openpty()
    try:
        with pytest.raises(BenchError, match="nobody answers"):
            flash(os.ttyname(slave), Path("image.hex"), SAME)
    finally:
        os.close(master)
        os.close(slave)
    assert avrdude.called is not None


def test_no_port_and_no_avrdude_are_told(avrdude: FakeAvrdude, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchError, match="/dev/ttyNONE: there is no such port"):
        flash("/dev/ttyNONE", Path("image.hex"), SAME)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=r"avrdude is not found.*apt-get install avrdude"):
        flash("/dev/ttyNONE", Path("image.hex"), SAME)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("/dev/null", "/dev/null: is no serial port"),
        ("serial:///dev/zero", "/dev/zero: is no serial port"),
        ("/dev", "/dev: is no serial port"),
        ("/dev/ttyNONE", "/dev/ttyNONE: there is no such port"),
        ("null", r"null: there is no such port\. Is it /dev/null\?"),
        ("tcp://127.0.0.1:5", "name the Arduino's serial port"),
        ("", "name the Arduino's serial port"),
    ],
)
def test_what_is_no_port_is_told_before_anything_is_said_to_be_written(
    name: str, told: str, shipped: Path, avrdude: FakeAvrdude, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["firmware", "flash", "--port", name]) in (2, 5)
    said = capsys.readouterr()
    assert said.out == ""
    assert re.match(f"neurorig: Nothing was written. .*{told}", said.err)
    assert re.search(r"Is it|computer", said.err)  # what there is instead
    assert avrdude.called is None


def test_a_port_that_cannot_be_opened_is_told_in_one_sentence(
    port: str, avrdude: FakeAvrdude, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise LinkError("could not") from OSError(errno.EBUSY, f"[Errno 16] could not open port {port}: [Errno 16]")

    monkeypatch.setattr(flashing, "open_link", busy)
    with pytest.raises(
        BenchError, match=r"^Nothing was written\. \S+: cannot be opened \(Device or resource busy\)\. Is it"
    ):
        flash(port, Path("image.hex"), SAME)
    assert avrdude.called is None


def test_many_programs_at_a_port_are_named_briefly() -> None:
    trouble = in_use("/dev/ttyACM0", [f"cat ({n})" for n in range(1, 6)])
    assert trouble.what == "cat (1), cat (2), cat (3) and 2 more have it open; it was left alone"


def test_ctrl_c_while_it_is_written_says_what_to_do(
    port: str, avrdude: FakeAvrdude, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.run", stopped)
    with pytest.raises(KeyboardInterrupt, match=rf"may be half written.*neurorig firmware flash --port {port}"):
        flash(port, Path("image.hex"), SAME)


def test_an_avrdude_that_hangs_is_ended(port: str, avrdude: FakeAvrdude, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flashing, "DEADLINE", 0.3)
    (Path(os.environ["PATH"]) / "avrdude").write_text(
        f"#!{sys.executable}\nimport time\ntime.sleep(60)\n", encoding="utf-8"
    )
    begun = time.monotonic()
    with pytest.raises(BenchError, match="has not ended"):
        flash(port, Path("image.hex"), SAME)
    assert time.monotonic() - begun < 20


def test_the_version_of_a_source(port: str) -> None:
    assert version_at(port).version == SAME.full_version
    assert flashing.mismatch(version_at(port), SAME) == ""
    assert OTHER.full_version in flashing.mismatch(version_at(port), OTHER)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    image = tmp_path / "current_source.hex"
    monkeypatch.setattr(images, "packaged", lambda: (image, SAME))
    monkeypatch.setattr(images, "stale", lambda: "")
    return image


def test_the_command_line(
    port: str, shipped: Path, avrdude: FakeAvrdude, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["firmware", "flash", "--port", port, "--dry-run"]) == 0
    expected = f"avrdude -c arduino -p m328p -b 115200 -P {port} -D -U flash:w:{shipped}:i"
    assert capsys.readouterr().out.strip() == expected
    assert avrdude.called is None
    assert run(["firmware", "flash", "--port", port]) == 0
    said = capsys.readouterr().out
    assert f"writing  {SAME.full_version} to the Arduino at {port}" in said
    assert f"now      {SAME.full_version}" in said
    assert run(["firmware", "flash", "--port", port, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["after"]["version"] == SAME.full_version
    assert run(["firmware", "info", "--port", port]) == 0
    said = capsys.readouterr().out
    assert "the same" in said
    assert "flash    16000 bytes: 48.8% of 32768, 49.6% of the 32256 that the Uno's bootloader leaves" in said
    assert "memory   1700 bytes: 83.0% of 2048; 348 are left for the stack" in said
    monkeypatch.setattr(images, "packaged", lambda: (shipped, OTHER))
    assert run(["firmware", "info", "--port", port, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["differs"] is True


def test_doctor_tells_another_firmware_and_a_stale_image(
    port: str, shipped: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*words: str) -> dict[str, dict[str, object]]:
        run(["doctor", "--json", *words])
        return {entry["what"]: entry for entry in json.loads(capsys.readouterr().out)}

    assert found("--port", port)["current source"]["fine"] is True
    assert "current source" not in found()
    monkeypatch.setattr(images, "packaged", lambda: (shipped, OTHER))
    monkeypatch.setattr(images, "stale", lambda: "the sources were changed")
    run(["doctor", "--port", port])
    said = capsys.readouterr().out
    assert f"DIFFERS current source         {SAME.full_version} at {port}" in said
    assert f"-> this neurorig comes with {OTHER.full_version}: neurorig firmware flash --port {port}" in said
    assert f"STALE   firmware image         {OTHER.full_version}" in said
    assert found("--port", "/dev/ttyNONE")["current source"]["fine"] is False
