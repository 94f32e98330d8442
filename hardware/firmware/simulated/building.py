"""Compiling the shim: once for each text of it, into the user's cache, never into the package."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

from neurorig.signals import ConfigError

HEADER = Path("simavr/sim_avr.h")
SOURCES = Path(str(files(__package__)))
NEEDS = (
    "The firmware is simulated by libsimavr, through a small program that is compiled when it is first used. "
    "Install both: sudo apt-get install gcc libc6-dev libsimavr-dev libelf-dev (Debian, Ubuntu). A simulated bench does "
    "without them if its bench file has no line `simulate` for the source: then the model of its protocol answers."
)


def cache_folder() -> Path:
    """Where compiled shims are kept; NEURORIG_CACHE names another place."""
    if given := os.environ.get("NEURORIG_CACHE"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/neurorig"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurorig"


def compiled() -> Path:
    """The compiled shim; compiles it if there is none of this text. Raises ConfigError that says what is missing."""
    sources = sorted(path for path in SOURCES.iterdir() if path.suffix in (".c", ".h"))
    text = b"".join(path.read_bytes() for path in sources)
    path = cache_folder() / f"shim-{hashlib.sha256(text).hexdigest()[:16]}.so"
    if path.exists():
        return path
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise ConfigError(f"gcc is not found. {NEEDS}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            _compile(compiler, made)
            made.replace(path)  # at once: another process may be doing the same
    except OSError as reason:
        raise ConfigError(
            f"{path.parent}: cannot be written ({reason}). Name another folder in NEURORIG_CACHE."
        ) from reason
    return path


def _compile(compiler: str, made: Path) -> None:
    command = [compiler, "-O2", "-shared", "-fPIC", str(SOURCES / "shim.c"), "-o", str(made), "-lsimavr"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        missing = str(HEADER.parent) in said or "-lsimavr" in said
        raise ConfigError(
            f"libsimavr is not found. {NEEDS}" if missing else f"{compiler} could not compile shim.c:\n{said}"
        )


LOOK = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.c_uint64)
"""A call for the voltage at an analog input at a cycle."""


@cache
def shim() -> ctypes.CDLL:
    """The compiled shim, loaded. Raises ConfigError."""
    path = compiled()
    try:
        library = ctypes.CDLL(str(path))
    except OSError as reason:
        raise ConfigError(f"{path}: cannot be loaded ({reason}). {NEEDS}") from reason
    board, number, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
    cycles = ctypes.c_uint64
    for name, result, arguments in (
        ("new", board, (ctypes.c_char_p, ctypes.c_uint32, number)),
        ("free", None, (board,)),
        ("run", number, (board, cycles, number)),
        ("restart", None, (board, number, cycles)),
        ("cycle", cycles, (board,)),
        ("look", None, (board, LOOK)),
        ("pc", ctypes.c_uint32, (board,)),
        ("send", None, (board, ctypes.c_char_p, size)),
        ("unread", size, (board,)),
        ("pending", size, (board,)),
        ("take_received", None, (board, ctypes.c_char_p)),
        ("events", size, (board,)),
        ("take_events", None, (board, ctypes.c_void_p)),
        ("analog", None, (board, number, ctypes.c_double)),
        ("aref", None, (board, ctypes.c_double)),
        ("spikes", None, (board, ctypes.c_void_p, ctypes.c_void_p, number)),
        ("pin", None, (board, number, number, number)),
        ("level", number, (board, number, number)),
        ("memory", board, (board,)),
        ("eeprom", board, (board,)),
    ):
        function = getattr(library, f"shim_{name}")
        function.restype, function.argtypes = result, arguments
    return library
