"""The firmware's image in a simulated processor: lines and blocks in, latches, OE and SYNC by cycles out."""

import functools
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from neurorig.hardware.firmware.images import PROGRAM, packaged
from neurorig.hardware.firmware.simulated import HERTZ, Controller

from ...instruments.protocol_client import block

US = HERTZ // 1_000_000
MS = 1000 * US
LATCHED, RESTARTED, ENABLE, SYNC = range(4)
RAM = range(0x100, 0x900)
CANARY = 0xC5


class Bench:
    """`ask` sends a line and gives its answer. The range jumpers are open (full range) unless `quarter` names channels."""

    def __init__(
        self, image: Path | None = None, *, quarter: tuple[int, ...] = (), painted: bool = False, **options
    ) -> None:
        self.controller = Controller(image or packaged()[0], **options)
        if painted:  # before the program begins: it clears its variables, the stack overwrites from above
            for address in RAM:
                self.controller._memory[address] = CANARY
        for n, pin in ((1, "D12"), (2, "A5")):
            self.controller.pin(pin, n not in quarter)
        self.controller.run(6 * MS)
        self.hello = self.controller.received()
        self.controller.events()

    def send(self, data: bytes) -> bytes:
        """The answer to a line or block; time goes on until it is there, in steps of 50 us."""
        self.controller.send(data)
        answer, latest = b"", self.controller.cycle + 320 * len(data) + 250 * MS
        while not whole(answer):
            assert self.controller.cycle < latest, f"no answer to {data[:80]!r}, but {answer!r}"
            self.controller.run(50 * US)
            answer += self.controller.received()
        return answer

    def ask(self, line: str) -> str:
        return self.send(line.encode() + b"\n").decode("latin-1").removesuffix("\n")

    def ok(self, *lines: str) -> None:
        for line in lines:
            assert self.ask(line) == "OK", line

    def load(self, n: int, program: bytes) -> str:
        return self.send(f"SOUR{n}:WAV:DATA ".encode() + block(program) + b"\n").decode().removesuffix("\n")

    def block(self, line: str) -> bytes:
        """What an answer that is a block carries, without its CRC."""
        answer = self.send(line.encode() + b"\n")
        return answer[2 + int(answer[1:2]) : -3]

    def arm(self, programs: dict[int, bytes], tick: int = 100, *settings: str) -> None:
        """Load programs, switch their channels on, and arm."""
        self.ok("SYST:WDOG 60000", *settings)
        for n, program in programs.items():
            assert self.load(n, program) == "OK"
            self.ok(f"SOUR{n}:WAV:TICK {tick}", f"OUTP{n} ON")
        self.ok("ARM")
        self.controller.events()

    def run(self, seconds: float) -> np.ndarray:
        """What happens at the shield meanwhile, and since the last call."""
        self.controller.run(round(seconds * HERTZ))
        return self.controller.events()

    def untouched(self) -> int:
        """Bytes between variables and stack that nothing has written since the memory was painted."""
        memory = self.controller.memory(RAM.start, len(RAM))
        return max(map(len, re.findall(re.escape(bytes([CANARY])) + b"+", memory)), default=0)

    @property
    def status(self) -> int:
        return int(self.ask("STAT?"))


def whole(answer: bytes) -> bool:
    if not answer.startswith(b"#") or not answer[1:2].isdigit():
        return answer.endswith(b"\n")
    digits = int(answer[1:2])
    return len(answer) > 2 + digits and len(answer) >= 3 + digits + int(answer[2 : 2 + digits])


def latches(events: np.ndarray, n: int) -> list[tuple[int, int]]:
    """(cycle, signed code) of a channel, wherever it changes: source leg less sink leg."""
    legs, changes = {0: 0, 1: 0}, []
    mine = events[(events["kind"] == LATCHED) & (events["channel"] // 2 == n - 1)]
    for cycle in np.unique(mine["cycle"]):
        for event in mine[mine["cycle"] == cycle]:
            legs[int(event["channel"]) % 2] = int(event["code"])
        assert 0 in legs.values(), "both legs drive"
        changes.append((int(cycle), legs[0] - legs[1]))
    return changes


def edges(events: np.ndarray) -> list[tuple[int, int]]:
    """(cycle, level) of SYNC OUT."""
    return [(int(e["cycle"]), int(e["code"])) for e in events[events["kind"] == SYNC]]


@functools.cache
def built(extra: str = "") -> Path:
    """The image made anew, its .elf beside it. Needs avr-gcc."""
    name = Path(tempfile.mkdtemp(prefix="neurorig-image-")) / "image"
    subprocess.run(
        ["make", "-C", PROGRAM, f"NAME={name}", f"EXTRA={extra}", f"{name}.hex"], check=True, capture_output=True
    )
    return name.with_suffix(".hex")


def image_with_hooks() -> Path:
    """The image with the commands that only tests have. Needs avr-gcc."""
    return built("-DTEST_HOOKS")


class Variable:
    """An unsigned variable of a running program, found by its name in the .elf of its image."""

    def __init__(self, controller: Controller, image: Path, name: str) -> None:
        symbols = subprocess.run(
            ["avr-nm", "-S", image.with_suffix(".elf")], check=True, capture_output=True, text=True
        ).stdout
        found = re.findall(rf"^00(80\w+) (\w+) [bBdD] {name}(?:\.lto_priv\.\d+)?$", symbols, re.MULTILINE)
        assert len(found) == 1, f"the program has {len(found)} variables named {name}: was it renamed?"
        self.memory, self.address, self.size = controller._memory, int(found[0][0], 16) & 0xFFFF, int(found[0][1], 16)

    @property
    def value(self) -> int:
        return int.from_bytes(bytes(self.memory[self.address : self.address + self.size]), "little")

    @value.setter
    def value(self, value: int) -> None:
        for k, byte in enumerate((value % 256**self.size).to_bytes(self.size, "little")):
            self.memory[self.address + k] = byte
