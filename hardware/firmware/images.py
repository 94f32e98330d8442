"""The firmware's image that comes with neurorig: what it was built from, with which compiler, and whether it is up to date.

``python -m neurorig.hardware.firmware.images`` builds it anew, after a change of the sources.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from neurorig.signals import ConfigError

FLASH, RAM = 32768, 2048
"""Bytes of program memory and of data memory of an ATmega328P (data sheet DS40002061, section 8)."""
BOOTLOADER = 512
"""Bytes at the end of the flash that the Uno's bootloader takes (optiboot: a boot section of 256 words)."""
PROGRAM = Path(str(files(__package__))) / "current_source"
"""The folder of sources, image and `build.json`."""
IMAGE, DESCRIPTION = "current_source.hex", "build.json"
NEEDS = "apt-get install gcc-avr avr-libc make (Debian, Ubuntu)"
_VERSION = re.compile(r'^#define FIRMWARE "([\d.]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Build:
    """What `build.json` tells: `sources` and `image` are SHA-256, `flash` and `ram` bytes, `ram` without the stack."""

    version: str
    build: str
    sources: str
    image: str
    compiler: str
    flash: int
    ram: int

    @property
    def stack(self) -> int:
        """Bytes of the memory that are left for the stack."""
        return RAM - self.ram

    @property
    def full_version(self) -> str:
        """As ``*IDN?`` tells it, ``1.1.0+3f9a2c1d``."""
        return f"{self.version}+{self.build}"


def packaged() -> tuple[Path, Build]:
    """The image and its description. Raises ConfigError when a file is missing or they do not belong together."""
    image, description = PROGRAM / IMAGE, PROGRAM / DESCRIPTION
    try:
        build = Build(**json.loads(description.read_text(encoding="utf-8")))
        data = image.read_bytes()
    except (OSError, ValueError, TypeError) as reason:
        raise ConfigError(
            f"{PROGRAM}: the firmware's image is not complete ({reason}). Install neurorig again."
        ) from reason
    if hashlib.sha256(data).hexdigest() != build.image:
        raise ConfigError(f"{image}: is another image than {DESCRIPTION} describes. Install neurorig again.")
    return image, build


def sources(folder: Path | None = None) -> str:
    """SHA-256 of the sources' text, as the Makefile takes it: its first eight digits are the build (PROTOCOL.md, section 4)."""
    texts = sorted(path for path in (folder or PROGRAM).iterdir() if path.suffix in (".c", ".h"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in texts)).hexdigest()


def stale() -> str:
    """Why the packaged image is not what its sources would make; empty if it is. Raises ConfigError like `packaged`."""
    _, build = packaged()
    if sources() == build.sources:
        return ""
    return (
        f"the sources were changed since {IMAGE} ({build.full_version}) was built from them: python -m {__spec__.name}"
    )


@cache
def compiler() -> str:
    """Version of avr-gcc on this machine, as `build.json` has it; empty when there is none."""
    if not all(shutil.which(program) for program in ("avr-gcc", "avr-size", "make")):
        return ""
    done = subprocess.run(["avr-gcc", "-dumpversion"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def make() -> tuple[bytes, Build]:
    """Build the image from the sources, in a folder of its own. Raises ConfigError with what the compiler says."""
    if not compiler():
        raise ConfigError(f"avr-gcc and make are needed to build the firmware: {NEEDS}.")
    with tempfile.TemporaryDirectory(prefix="neurorig-firmware-") as place:
        folder = Path(place) / PROGRAM.name
        shutil.copytree(PROGRAM, folder, ignore=shutil.ignore_patterns(IMAGE, "*.elf", DESCRIPTION))
        done = subprocess.run(["make", "-C", folder], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ConfigError(f"The firmware cannot be built:\n{done.stderr.strip()}")
        data, elf = (folder / IMAGE).read_bytes(), folder / Path(IMAGE).with_suffix(".elf")
        flash, ram = _sizes(elf)
        text = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.c")))
        version, digest = _VERSION.search(text), sources(folder)
    if version is None:
        raise ConfigError(f'{PROGRAM}: no source says #define FIRMWARE "1.2.3".')
    return data, Build(version[1], digest[:8], digest, hashlib.sha256(data).hexdigest(), compiler(), flash, ram)


def _sizes(elf: Path) -> tuple[int, int]:
    """Bytes of program memory, and of data memory without the stack."""
    done = subprocess.run(["avr-size", elf], capture_output=True, text=True, check=True)
    text, data, bss = (int(field) for field in done.stdout.splitlines()[1].split()[:3])
    return text + data, data + bss


def main() -> None:
    """Put the image of the present sources into the package."""
    data, build = make()
    (PROGRAM / IMAGE).write_bytes(data)
    (PROGRAM / DESCRIPTION).write_text(json.dumps(asdict(build), indent=1) + "\n", encoding="utf-8")
    print(f"{build.full_version}: {build.flash} bytes of flash ({build.flash / FLASH:.1%}), ", end="")
    print(f"{build.ram} of memory ({build.ram / RAM:.1%}) without the stack; avr-gcc {build.compiler}")


if __name__ == "__main__":
    main()
