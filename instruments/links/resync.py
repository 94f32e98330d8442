"""How an instrument is brought back into step: `Resync`, and the one that fits every IEEE 488.2 instrument, `SCPI`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Resync:
    """How an instrument is brought back into step after a failed transaction.

    Where the interface has a device clear, that is done first; elsewhere a line feed ends a line that was cut off. What
    arrives within `settle` seconds is thrown away; then each question is asked and lines are skipped until one matches
    its pattern. `questions(k)` gives them for the k-th time.
    """

    questions: Callable[[int], Sequence[tuple[str, str]]]
    settle: float = 0.0


def _event_status_enable(k: int) -> Sequence[tuple[str, str]]:
    """Write two numbers into the event status enable register and ask for each (IEEE 488.2, 10.10 and 10.11).

    No service requests are used here, so the register is free. A late answer may look like one of the numbers, then the
    second question still finds its own; numbers change from time to time because these answers may be late, too.
    """
    values = (2 * k % 254 + 1, 2 * k % 254 + 2)
    return [(f"*ESE {v}\n*ESE?", _spelled(v)) for v in values]


def _spelled(value: int) -> str:
    """A pattern for a whole number in the forms that instruments give it: ``12``, ``+12``, ``12.0``, ``1.200000E+01``."""
    first, others = str(value)[:1], str(value)[1:]
    fraction = others.rstrip("0")
    exponent = rf"{first}(\.{fraction}0*){'?' if not fraction else ''}[Ee]\+?0*{len(others)}"
    return rf"\+?({value}(\.0*)?([Ee]\+?0+)?|{exponent})"


SCPI = Resync(_event_status_enable)
