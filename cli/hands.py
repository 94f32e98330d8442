"""What a person is told to do at the bench, and the wait until it is done."""

import sys

from neurorig.signals.errors import ConfigError


class Hands:
    """Tells a person what to do and waits for Enter; on a simulated bench it is done already."""

    def __init__(self, simulate: bool, quiet: bool) -> None:
        self._simulate, self._quiet = simulate, quiet

    def __call__(self, what: str) -> None:
        """Raises ConfigError when the input ends instead."""
        if self._simulate:
            if not self._quiet:
                print(f"hands   {what} (simulated: done)")
            return
        print(f"hands   {what} Then press Enter. ", end="", file=sys.stderr, flush=True)
        if not sys.stdin.readline():
            print(file=sys.stderr)
            raise ConfigError("The input ended before it was said that this is done. Nothing more was played.")


def part(text: str, option: str) -> float:
    """A relative error as it is written, ``0.1 %`` or ``0.001``. Raises ConfigError that names the option."""
    try:
        value = float(text.rstrip().removesuffix("%")) / (100 if text.rstrip().endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 0.5:
        raise ConfigError(f'{option} {text}: write a part such as "0.1 %".')
    return value
