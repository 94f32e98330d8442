"""``python -m benchmarks [--only twin,links] [--json]``: every figure, and whether it is what it should be."""

import argparse
import importlib
import json
import sys
from dataclasses import asdict

from .harness import Figure

PAGES = ("twin", "network", "spice", "links", "serve", "journal", "analysis", "cli")


def main() -> int:
    """Print the figures as they come; exit code 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(PAGES), help=f"some of {','.join(PAGES)}")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    missed = 0
    for name in options.only.split(","):
        if name not in PAGES:
            parser.error(f"there is no page '{name}'; it is one of {', '.join(PAGES)}")
        if not options.json:
            print(f"\n{name}")
        for figure in importlib.import_module(f".{name}", __package__).run():
            print(json.dumps({"page": name, **asdict(figure)}) if options.json else shown(figure), flush=True)
            missed += figure.met is False
    if missed and not options.json:
        print(f"\n{missed} target{'s' * (missed > 1)} missed")
    return 1 if missed else 0


def shown(figure: Figure) -> str:
    """The figure as a line of a table."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} x"
    verdict = {True: "ok", False: "MISSED", None: ""}[figure.met]
    return f"  {figure.name:54s} {figure.value:10.4g} {figure.unit:12s} {ratio:>9s}  {figure.target:40s} {verdict}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
