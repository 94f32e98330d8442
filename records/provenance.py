"""With what software a run was made: cheap enough to be written before every run."""

import functools
import importlib.metadata
import platform
import re
import socket
import subprocess
from pathlib import Path
from typing import Any


def software() -> dict[str, Any]:
    """Give the versions of Python, neurorig and what it requires, the git state of its source tree, and the host."""
    return {
        "python": platform.python_version(),
        "neurorig": _version("neurorig"),
        "packages": dict(_packages()),
        "git": git_state(Path(__file__).parent.parent),
        "system": platform.platform(),
        "host": socket.gethostname(),
    }


@functools.cache
def _packages() -> tuple[tuple[str, str], ...]:
    try:
        required = importlib.metadata.requires("neurorig") or []
    except importlib.metadata.PackageNotFoundError:
        return ()  # run from a source tree that was never installed
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required if "extra ==" not in line]
    return tuple((name, version) for name in names if (version := _version(name)))


def _version(name: str) -> str | None:
    """The version line alone: parsing whole metadata files costs ten times as much."""
    try:
        text = importlib.metadata.distribution(name).read_text("METADATA") or ""
    except importlib.metadata.PackageNotFoundError:
        return None
    found = re.search(r"^Version: (.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else None


def git_state(tree: Path) -> dict[str, Any] | None:
    """Give the commit of the source tree and whether tracked files differ from it; None when it is no git tree."""
    if not (tree / ".git").exists():
        return None
    command = ["git", "-C", str(tree), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError) as reason:
        return {"commit": None, "changed": None, "problem": str(reason)}
    commit = next((line.split()[-1] for line in out if line.startswith("# branch.oid")), None)
    return {"commit": commit, "changed": any(not line.startswith("#") for line in out)}
