"""``python -m neurorig.hardware.kicad.tools [BOARD ...]``: write the KiCad projects of the boards anew."""

import argparse
import sys
import time
from pathlib import Path

from neurorig.signals import NeurorigError

from .circuits import BOARDS, find_circuit
from .generate import generate, unrouted
from .routing import RoutingError, route


def main() -> int:
    """Generate the boards that are named, or all. What cannot be done is said, and the others are still done."""
    parser = argparse.ArgumentParser(prog="python -m neurorig.hardware.kicad.tools", description=__doc__)
    parser.add_argument("board", nargs="*", default=list(BOARDS), help=f"one of {', '.join(BOARDS)}; default: all")
    parser.add_argument(
        "--to", type=Path, help="folder that gets a folder per board; default: where neurorig keeps them"
    )
    parser.add_argument(
        "--unrouted", action="store_true", help="leave out the tracks: quick, to look at places and texts"
    )
    told = parser.parse_args()
    if told.unrouted and not told.to:
        parser.error("--unrouted needs --to FOLDER: boards without tracks do not go where neurorig keeps them")
    failed = 0
    for name in told.board:
        begun = time.monotonic()
        try:
            folder = told.to / name if told.to else None
            project = generate(find_circuit(name), folder, router=unrouted if told.unrouted else route)
            print(f"{name}: {project.board}, {time.monotonic() - begun:.1f} s")
        except (NeurorigError, RoutingError, ValueError) as reason:
            print(f"{name}: {reason}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
