"""Faults on demand: what can go wrong with a simulated instrument, in one vocabulary for bench file, command and Python.

    Fault("scope", "late", value="1 s", after=3)     scope:late,value=1s,after=3
    Fault("source.1", "stuck", after="2 s")          source.1:stuck,after=2s

The words and their checks are here; `breakdowns` brings them about, `wire` spoils what travels to a client.
"""

import re
from dataclasses import dataclass
from typing import Literal

from neurorig.signals import ConfigError, nearest, parse

from ..drivers import DRIVING

OBSERVING = ("Oscilloscope", "Digitizer", "Multimeter")
SPELLING = "INSTRUMENT:KIND,value=...,after=...,count=..."

Sort = Literal["answer", "event", "state"]


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    `sort`: it spoils answers, happens at messages, or lasts. `units`: of its value ("": a plain number, None: no value,
    "text": as written). `default`: the value when none is given; `needed`: there is none to be given. `count`: how many
    times, or messages, it is for when nothing is said (0: until it is mended). `roles`: instruments that can have it.
    """

    does: str
    sort: Sort
    units: tuple[str, ...] = ()
    default: float | str | None = None
    needed: bool = False
    count: int = 1
    roles: tuple[str, ...] = ()


KINDS = {
    "mute": Kind("does what it is told and does not answer", "answer"),
    "late": Kind("answers late by `value`", "answer", ("s",), 1.0),
    "split": Kind("answers in `value` pieces, some milliseconds apart", "answer", ("",), 5.0),
    "cut": Kind("breaks off its answer after `value` bytes (in the middle if none is given)", "answer", ("",)),
    "garbled": Kind("answers with a share `value` of the bytes spoilt: their highest bit is wrong", "answer", ("",), 0.1),
    "drop": Kind("loses its connections and takes none for `value`", "event", ("s",), 0.0),
    "dead": Kind("is without power: nothing is put out, no connection is taken; afterwards it starts anew", "state", count=0),
    "identity": Kind("says that it is `value`", "state", ("text",), "ACME,Model 1,A-1,1.0", count=0),
    "error": Kind("has the error number `value` in its queue", "event", ("",), -310.0),
    "overrange": Kind("has `value` added at an input, beyond any range", "state", ("V",), 1000.0, count=0, roles=OBSERVING),
    "stuck": Kind("cannot switch an output off, nor bring it to zero", "state", count=0, roles=DRIVING),
    "drift": Kind(
        "has an output or an input that drifts by `value`", "state", ("A/s", "V/s"), needed=True, count=0,
        roles=(*DRIVING, *OBSERVING),
    ),
    "ripple": Kind(
        "has the mains on an output or an input, an amplitude of `value` at 50 Hz", "state", ("A", "V"), needed=True,
        count=0, roles=(*DRIVING, *OBSERVING),
    ),
}  # fmt: skip
"""Every kind by its name."""


@dataclass(frozen=True)
class Fault:
    """One fault, checked. `instrument` is a name in the bench, or ``name.channel`` for one of its outputs or inputs.

    `after`: how many messages of the instrument, of all clients, pass before it (a whole number), or how much time of the
    world (``"2 s"``). `count`: how many answers or messages it is for; 0: until it is mended. `value`: a text with its
    unit, or a plain number where the kind has no unit. Raises ConfigError that names what is wrong, and the kinds.
    """

    instrument: str
    kind: str
    after: int | str = 0
    count: int | None = None
    value: str | float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"{self}: no such kind of fault.{nearest(self.kind, KINDS)} Kinds: {', '.join(KINDS)}.")
        if self.count is not None and (isinstance(self.count, bool) or self.count < 0):
            raise ConfigError(f"{self}: count is how many times, a whole number; 0 means until it is mended.")
        messages, seconds = self.wait
        if messages < 0 or seconds < 0:
            raise ConfigError(f"{self}: after is a number of messages or a time, not below 0.")
        if self.amount is None and KINDS[self.kind].needed:
            units = " or ".join(KINDS[self.kind].units)
            raise ConfigError(f"{self}: needs a value in {units}, such as value=1m{units[0]}{units[1:3]}.")

    @property
    def name(self) -> str:
        """The instrument, without the channel."""
        return self.instrument.partition(".")[0]

    @property
    def channel(self) -> str:
        """The channel, or nothing for all of them."""
        return self.instrument.partition(".")[2]

    @property
    def wait(self) -> tuple[int, float]:
        """Messages and seconds of the world that pass before it; one of the two is 0."""
        if isinstance(self.after, int):
            return self.after, 0.0
        text = self.after.strip()
        if re.fullmatch(r"[+-]?\d+", text):
            return int(text), 0.0
        return 0, self._read(text, "s")

    @property
    def times(self) -> int:
        """How many answers or messages it is for; 0: until it is mended."""
        return KINDS[self.kind].count if self.count is None else self.count

    @property
    def unit(self) -> str:
        """That of `amount`."""
        return self._amount()[1]

    @property
    def amount(self) -> float | str | None:
        """The value in SI units, or as written where it is a text."""
        return self._amount()[0]

    def check_role(self, role: str) -> None:
        """Raise ConfigError when an instrument of this role cannot have it."""
        roles = KINDS[self.kind].roles
        if roles and role not in roles:
            raise ConfigError(f"{self}: {self.name} ({role}) cannot have it, only {' or '.join(roles)} can.")

    def __str__(self) -> str:
        parts = {"value": self.value, "after": self.after or None, "count": self.count}
        return f"{self.instrument}:{self.kind}" + "".join(f",{k}={v}" for k, v in parts.items() if v is not None)

    def _amount(self) -> tuple[float | str | None, str]:
        kind, value = KINDS[self.kind], self.value
        if value is None:
            return kind.default, kind.units[0] if kind.units else ""
        if not kind.units:
            raise ConfigError(f"{self}: takes no value.")
        if kind.units == ("text",):
            return str(value), ""
        if isinstance(value, int | float) and kind.units != ("",):
            raise ConfigError(f"{self}: write the value with its unit ({' or '.join(kind.units)}).")
        for unit in kind.units[:-1]:
            try:
                return parse(str(value), unit), unit
            except ConfigError:
                continue
        amount = self._read(str(value), kind.units[-1])
        if amount < 0 and self.kind not in ("error", "overrange", "drift", "ripple"):
            raise ConfigError(f"{self}: the value must not be below 0.")
        return amount, kind.units[-1]

    def _read(self, text: str, unit: str) -> float:
        try:
            return parse(text, unit)
        except ConfigError as reason:
            raise ConfigError(f"{self}: {reason}") from reason


def read_fault(text: str) -> Fault:
    """Read ``scope:late,value=1s,after=3``. Raises ConfigError that names the kinds."""
    place, colon, rest = text.partition(":")
    kind, *options = re.split(r",(?=\s*\w+=)", rest)  # an identity has commas of its own
    given: dict[str, str] = {}
    for option in options:
        key, _, value = (part.strip() for part in option.partition("="))
        if key not in ("value", "after", "count"):
            raise ConfigError(f"--fault {text}: no such word.{nearest(key, ('value', 'after', 'count'))} {_USAGE}")
        given[key] = value
    if not colon or not place.strip() or not kind.strip() or "" in given.values():
        raise ConfigError(f"--fault {text}: {_USAGE}")
    count = given.get("count")
    if count is not None and not count.isdecimal():
        raise ConfigError(f"--fault {text}: count is a whole number; 0 means until it is mended.")
    after, value = given.get("after", 0), given.get("value")
    try:
        return Fault(place.strip(), kind.strip(), after, None if count is None else int(count), value)
    except ConfigError as reason:
        raise ConfigError(f"--fault {reason}") from reason


_USAGE = f"Write {SPELLING} Kinds: {', '.join(KINDS)}."
