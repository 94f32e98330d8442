"""The simulated processor against its data sheet, where libsimavr is corrected; its files, its cache, its serial port."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from neurorig.hardware.firmware.images import packaged
from neurorig.hardware.firmware.simulated import HERTZ, Controller, building
from neurorig.hardware.firmware.simulated.intel_hex import read_image
from neurorig.signals import ConfigError

MS = HERTZ // 1000


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """The program of chip.c."""
    folder = tmp_path_factory.mktemp("chip")
    source, elf, image = Path(__file__).with_name("chip.c"), folder / "chip.elf", folder / "chip.hex"
    subprocess.run(["avr-gcc", "-mmcu=atmega328p", "-DF_CPU=16000000UL", "-Os", "-o", elf, source], check=True)
    subprocess.run(["avr-objcopy", "-O", "ihex", elf, image], check=True)
    return image


@pytest.fixture
def chip(image) -> Iterator[Controller]:
    with Controller(image) as controller:
        controller.run(MS)
        controller.events()
        yield controller


def ask(chip: Controller, letter: str, *, within: int = 10 * MS) -> int:
    chip.send(letter.encode())
    chip.run(within)
    return int.from_bytes(chip.received()[-2:], "little")


needs_both = [pytest.mark.needs("simavr"), pytest.mark.needs("avr")]


class TestChip:
    """Needs the compiler for the test's own program."""

    pytestmark = needs_both

    def test_a_byte_over_spi_takes_sixteen_cycles(self, chip):
        assert ask(chip, "s") == pytest.approx(22, abs=6)  # and the loop around it

    def test_a_conversion_takes_thirteen_clocks_and_the_first_twenty_five(self, chip):
        assert ask(chip, "a") == pytest.approx(25 * 128, abs=16)
        assert ask(chip, "a") == pytest.approx(13 * 128, abs=16)

    @pytest.mark.parametrize(("volts", "counts"), [(0.0, 0), (1.25, 512), (2.5, 1023), (4.0, 1023), (0.0013, 1)])
    def test_the_converter_measures_against_the_reference_of_the_shield(self, chip, volts, counts):
        chip.analog(0, volts)
        ask(chip, "a")
        assert ask(chip, "v") == counts

    def test_who_looks_is_asked_for_the_moment_of_holding_and_its_trouble_is_told(self, chip):
        asked = []
        chip.look(lambda channel, cycle: asked.append((channel, cycle)) or 0.5)
        ask(chip, "a")
        begun = chip.cycle
        assert asked == []
        assert ask(chip, "v") == round(0.5 / 2.5 * 1024)
        ((channel, cycle),) = asked
        assert channel == 0
        assert cycle < begun
        chip.look(lambda channel, cycle: 1 / 0)
        ask(chip, "a")
        with pytest.raises(ZeroDivisionError):
            ask(chip, "v")

    def test_a_byte_on_the_line_takes_ten_bits(self, chip):
        assert ask(chip, "u") == pytest.approx(320, abs=24)  # the third waits for the first

    def test_too_many_bytes_are_an_overrun(self, chip):
        chip.send(b"o123")
        chip.run(10 * MS)
        assert chip.received() == b"\x00\x00"
        chip.send(b"o1234")
        chip.run(10 * MS)
        assert chip.received()[0]

    def test_the_eeprom_takes_its_time_and_keeps_what_is_written(self, chip):
        assert ask(chip, "e") * 1024 == pytest.approx(3.4 * MS, rel=0.05)
        assert chip.eeprom[5] == 0x42
        chip.restart("POWER")
        assert chip.eeprom[:6] == b"\xff" * 5 + b"\x42"

    @pytest.mark.parametrize(("cause", "flag"), [("POWER", 1), ("EXTERNAL", 2), ("BROWNOUT", 4)])
    def test_each_restart_has_its_cause(self, chip, cause, flag):
        chip.restart(cause)
        chip.run(MS)
        assert ask(chip, "c") == flag

    def test_a_hang_ends_by_the_watchdog(self, chip):
        chip.send(b"h")
        begun = chip.cycle
        chip.run(30 * MS)
        (restart,) = [e for e in chip.events() if e["kind"] == 1]
        assert (restart["cycle"] - begun) / MS == pytest.approx(16, abs=1)
        assert ask(chip, "c") == 8

    def test_a_level_is_latched_whole_or_not_at_all_and_lasts_over_a_restart(self, chip):
        ask(chip, "l")
        assert [(e["channel"], e["code"]) for e in chip.events() if e["kind"] == 0] == [(0, 0x123)]
        ask(chip, "x")
        assert not len(chip.events())
        chip.restart("EXTERNAL")
        assert not [e for e in chip.events() if e["kind"] == 0]
        chip.restart("POWER")
        assert {(e["channel"], e["code"]) for e in chip.events() if e["kind"] == 0} == {(c, 0) for c in range(4)}

    def test_matches_switch_their_pins_in_the_very_cycle_whatever_instruction_runs(self, chip):
        """LDAC by OC1A and SYNC by OC2B, which count eighths of the clock in step: 8 cycles a count, none more or less."""
        chip.send(b"m")
        chip.run(20 * MS)
        counts = np.frombuffer(chip.received(), "<u2")[:-1].astype(np.int64)
        assert len(counts) == 40
        events = chip.events()
        for kind in (0, 3):
            cycles = events["cycle"][events["kind"] == kind].astype(np.int64)
            assert (cycles - cycles[0]).tolist() == (8 * (counts - counts[0])).tolist()
        assert events["code"][events["kind"] == 0].tolist() == list(range(1, 41))
        assert len(np.unique(events["cycle"])) == 40, "both in the same cycle"
        assert np.all(np.diff(events["cycle"].astype(np.int64)) >= 0)

    def test_a_match_finds_the_mode_that_was_there_in_its_cycle(self, chip):
        chip.send(b"w")
        chip.run(20 * MS)
        events = chip.events()
        changed = events["cycle"][(events["kind"] == 2) & (events["code"] == 1)].astype(np.int64)
        risen = events["cycle"][(events["kind"] == 3) & (events["code"] == 1)].astype(np.int64)
        assert len(changed) == 20
        before = risen - changed[: len(risen)]
        assert before.tolist() == list(range(1 - len(risen), 1)), "one cycle later each time, the last with the change"
        assert 5 < len(risen) < 15

    def test_a_capture_holds_the_count_of_the_very_cycle_of_its_edge(self, chip):
        chip.send(b"i")
        chip.run(MS // 4)
        (match,) = chip.events()
        zero = int(match["cycle"]) - 8 * 101
        edges = np.arange(40, dtype=np.uint64) * 4001 + chip.cycle + 100
        assert set(edges % 8) == set(range(8))
        chip.spikes(edges, np.zeros(40, np.uint8))
        chip.run(20 * MS)
        counts = np.frombuffer(chip.received(), "<u2")[:-1]
        assert counts.tolist() == ((edges - zero) // 8).tolist()

    def test_a_flag_is_cleared_by_its_own_one_and_by_no_other(self, chip):
        """TOV1 is bit 0, OCF1A bit 1, OCF1B bit 2; the lower half: nothing is left when all are cleared."""
        assert ask(chip, "f") == 0b011_0000
        assert ask(chip, "g") == 0b100_0000

    @pytest.mark.parametrize(("letter", "times"), [("t", 1), ("T", 0), ("d", 1), ("D", 0)])
    def test_an_interrupt_that_is_enabled_late_comes_unless_its_flag_was_cleared(self, chip, letter, times):
        chip.send(letter.encode())
        chip.run(MS)
        chip.pin("D2", True)
        chip.run(10 * MS)
        assert int.from_bytes(chip.received(), "little") == times

    @pytest.mark.parametrize(("letter", "cycles"), [("n", 4), ("z", 8)])
    def test_to_enter_an_interrupt_takes_four_cycles_and_four_more_out_of_sleep(self, chip, letter, cycles):
        """And 3 for the jump to it."""
        ask(chip, letter)
        events = chip.events()
        (match,) = events["cycle"][(events["kind"] == 3) & (events["code"] == 1)]
        (entered,) = events["cycle"][(events["kind"] == 2) & (events["code"] == 1)]
        assert entered - match == cycles + 3

    def test_what_comes_in_the_bootloader_is_lost(self, chip):
        chip.restart("EXTERNAL", boot=0.5)
        chip.send(b"c")
        chip.run(600 * MS)
        assert chip.received() == b""
        assert ask(chip, "c") == 2


@pytest.mark.needs("simavr")
def test_a_client_of_the_serial_port_restarts_it_and_waits_for_the_bootloader():
    import serial

    command = [sys.executable, "-m", "neurorig.hardware.firmware.simulated", "--boot", "0.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            path = server.stdout.readline().strip()
            for _ in range(2):
                with serial.Serial(path, 500_000, timeout=0.2) as port:
                    port.write(b"*IDN?\n")
                    assert port.readline() == b"", "in the bootloader"
                    begun = time.monotonic()
                    hello = b""
                    while not hello and time.monotonic() < begun + 10:
                        hello = port.readline()
                    assert hello.startswith(b"HELLO neurorig,ARDUINO-SOURCE-2,")
                    assert hello.endswith(b",EXTERNAL\n")
                    port.timeout = 5
                    port.write(b"*IDN?\n")
                    assert port.readline() == hello[6:].rpartition(b",")[0] + b"\n"
                time.sleep(0.2)  # as long as it takes to see that it was closed
        finally:
            server.terminate()


@pytest.mark.needs("simavr")
def test_the_shim_lies_in_the_cache_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURORIG_CACHE", str(tmp_path))
    made = building.compiled()
    assert made.parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == [made.name]
    assert building.compiled() == made


def test_what_is_missing_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURORIG_CACHE", str(tmp_path))
    monkeypatch.setattr(building.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match=r"gcc is not found.*apt-get install gcc libc6-dev libsimavr-dev"):
        building.compiled()
    compiler = tmp_path / "gcc"
    compiler.write_text("#!/bin/sh\necho 'fatal error: simavr/avr_adc.h: No such file or directory' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setattr(building.shutil, "which", lambda name: str(compiler))
    with pytest.raises(ConfigError, match=r"libsimavr is not found.*libsimavr-dev"):
        building.compiled()


def test_a_spoiled_image_is_not_run(tmp_path):
    lines = packaged()[0].read_text().splitlines()
    file = tmp_path / "image.hex"
    for spoiled, said in (
        ([lines[0][:-1] + ("0" if lines[0][-1] != "0" else "1"), *lines[1:]], "line 1.*sum is wrong"),
        (lines[:-1], "no end record"),
        ([":01800000007F", *lines], "line 1.*beyond the 32768 bytes"),
    ):
        file.write_text("\n".join(spoiled))
        with pytest.raises(ConfigError, match=said):
            read_image(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_image(tmp_path / "none.hex")
