"""kicad-cli: is it there, is it new enough, and one run of it on a copy of a project.

It works on a copy because it locks the .kicad_pro and may write beside it. The copy lies below the temporary folder at
the same path as the original below the root, so that paths such as ``../library`` lead to copies as well.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neurorig.signals import NeurorigError

from .projects import PROJECTS, Project

LEAST = 9
"""The first version of KiCad that reads these boards."""
DEADLINE = 300.0
"""Seconds that one run may take; the slowest, a picture of a large board, takes about ten."""
_PREFIX = "neurorig-kicad-"
_STALE = 24 * 3600.0  # s; no check or build takes so long
_INSTALL = (
    "Install KiCad 9 or later (kicad.org; on Debian 12 from backports: "
    "sudo apt install -t bookworm-backports kicad kicad-symbols kicad-footprints)."
)
_TABLES = ("sym-lib-table", "fp-lib-table")
_REFERENCE = re.compile(r'"\$\{KIPRJMOD\}/([^"]+)"|\(property\s+"(?:Sim\.Library|Sheetfile|Sheet file)"\s+"([^"$]+)"')


class KicadError(NeurorigError):
    """kicad-cli is missing or too old, refused a file, took too long, or found the board at fault."""


@functools.cache
def kicad_cli() -> tuple[Path, str]:
    """Path and version of kicad-cli. Raises KicadError when there is none, or none that is new enough."""
    found = shutil.which("kicad-cli")
    if found is None:
        raise KicadError(f"kicad-cli is not found on this machine. {_INSTALL}")
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as home:
        done = subprocess.run(
            [found, "version"], env=_environment(Path(home)), capture_output=True, text=True, timeout=60, check=False
        )
    version = done.stdout.strip()
    major = re.match(r"(\d+)\.", version)
    if major is None or int(major[1]) < LEAST:
        said = f"version {version}" if version else f"of no known version: '{done.stderr.strip()[-200:]}'"
        raise KicadError(f"{found} is {said}; these boards need {LEAST} or later. {_INSTALL}")
    return Path(found), version


@dataclass(frozen=True)
class Workspace:
    """A project's copy in a temporary folder, and how kicad-cli runs there."""

    project: Project
    """The copy."""
    root: Path
    """The temporary folder; what it holds keeps its path below it."""
    settings: Path
    """KiCad's settings for these runs."""

    def run(self, *arguments: str | Path, accept: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run kicad-cli in the project's folder. Raises KicadError for an exit code other than those of `accept`."""
        program, _ = kicad_cli()
        command = [str(program), *map(str, arguments)]
        told = " ".join(str(a) for a in arguments[:3] if not str(a).startswith("-"))
        try:
            done = subprocess.run(
                command, cwd=self.project.folder, env=_environment(self.root / "home"), capture_output=True, text=True,
                stdin=subprocess.DEVNULL, timeout=DEADLINE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as reason:
            raise KicadError(f"{self.project.name}: kicad-cli {told} was not done after {DEADLINE:g} s.") from reason
        if done.returncode not in accept:
            said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise KicadError(
                f"{self.project.name}: kicad-cli {told} failed (exit code {done.returncode}): {' / '.join(said[-4:])}"
            )
        return done


def _environment(home: Path) -> dict[str, str]:
    """English, whatever the language of the person, because answers are read; nothing in the person's home folder."""
    return os.environ | {"KICAD_CONFIG_HOME": str(home), "HOME": str(home), "LC_ALL": "C.UTF-8", "LANGUAGE": "en"}


@contextlib.contextmanager
def workspace(project: Project) -> Iterator[Workspace]:
    """A copy of the project, its libraries and sheets, for as long as the block lasts."""
    _, version = kicad_cli()
    _sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        root = Path(folder).resolve()
        copied = _copy(project, root / "files")
        settings = root / "home" / ".".join(version.split(".")[:2])
        _configure(settings, shipped=project == PROJECTS.get(project.name))
        yield Workspace(copied, root, settings)


def _sweep() -> None:
    """Remove what runs left behind that were killed: temporary folders of ours, unchanged for a day."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another person's, or another run removes it just now
            if folder.is_dir() and not folder.is_symlink() and time.time() - folder.stat().st_mtime > _STALE:
                shutil.rmtree(folder)


def _copy(project: Project, root: Path) -> Project:
    """Copy KiCad's files of the project's folder, and whatever they name by a relative path."""
    waiting = [p for p in project.folder.iterdir() if p.name in _TABLES or p.name.startswith(f"{project.name}.kicad_")]
    waiting += project.folder.glob("*.kicad_wks")
    seen: set[Path] = set()
    while waiting:
        path = Path(os.path.normpath(waiting.pop().absolute()))
        if path in seen or not path.exists():
            continue
        seen.add(path)
        _copied(path, root)
        if path.name in _TABLES or path.suffix in {".kicad_sch", ".kicad_sym", ".kicad_pcb"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            waiting += {project.folder / (m[1] or m[2]) for m in _REFERENCE.finditer(text)}
    return Project(project.name, project.title, _below(root, project.folder))


def _copied(path: Path, root: Path) -> None:
    target = _below(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, copy_function=shutil.copyfile, dirs_exist_ok=True)
    else:
        shutil.copyfile(path, target)  # not its mode: the original may be read-only


def _below(root: Path, path: Path) -> Path:
    absolute = Path(os.path.normpath(path.absolute()))
    return root / absolute.relative_to(absolute.anchor)


def _configure(folder: Path, *, shipped: bool) -> None:
    """Library tables for a KiCad that was never started: its own templates; for somebody's own project, the person's."""
    folder.mkdir(parents=True)
    template = shared_folder() / "template"
    for table in _TABLES:
        own = _personal(folder.name) / table
        source = own if not shipped and own.is_file() else template / table
        if not source.is_file():
            raise KicadError(f"{source} is missing: KiCad's symbols and footprints are not installed. {_INSTALL}")
        shutil.copyfile(source, folder / table)
    if not shipped and (own := _personal(folder.name) / "kicad_common.json").is_file():
        shutil.copyfile(own, folder / own.name)  # names of the person's library folders


def shared_folder() -> Path:
    """Where KiCad keeps templates, symbols, footprints and 3D models (Linux; macOS and Windows untested)."""
    program, _ = kicad_cli()
    prefix = program.resolve().parent.parent
    places = (prefix / "share" / "kicad", prefix / "SharedSupport")
    return next((p for p in places if p.is_dir()), places[0])


def _personal(version: str) -> Path:
    """The person's own KiCad settings."""
    if given := os.environ.get("KICAD_CONFIG_HOME"):
        return Path(given) / version
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kicad" / version
