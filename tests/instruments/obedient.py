"""An instrument on a script that remembers what it is set to; what else it answers a test says, as the manual prints it."""

from collections.abc import Callable, Mapping, Sequence

from .scripted import Piece

Answer = str | bytes | Callable[[str], str | bytes] | None
"""None: silence."""


class Obedient:
    """Remembers ``header value`` and answers ``header?`` with it; `answers` go before, by the whole line or its header.

    With `tsp`: ``name = value`` and ``print(name)``.
    """

    def __init__(self, answers: Mapping[str, Answer], *, tsp: bool = False) -> None:
        self.answers = dict(answers)
        self.tsp = tsp
        self.held: dict[str, str] = {}
        self.errors: list[str] = []

    def __call__(self, line: str) -> Sequence[Piece]:
        key = line if line in self.answers else line.partition(" ")[0]
        if key in self.answers:
            found = self.answers[key]
            if found is None:
                return []
            answer = found(line) if callable(found) else found
            return [(answer if isinstance(answer, bytes) else answer.encode()) + b"\n"]
        if line in (":SYST:ERR?", "print(errorqueue.next())"):
            none = "0.00000e+00\tQueue Is Empty\t0.00000e+00\t1.00000e+00" if self.tsp else '0,"No error;0;0 0"'
            return [(self.errors.pop(0) if self.errors else none).encode() + b"\n"]
        return self._remembered(line)

    def _remembered(self, line: str) -> Sequence[Piece]:
        if self.tsp:
            if line.startswith("print("):
                return [f"{float(self.held.get(line[6:-1], 0)):.15e}\n".encode()]
            name, equals, value = line.partition(" = ")
            if equals:
                self.held[name] = value
            return []
        if line.endswith("?"):
            return [self.held.get(line[:-1], "0").encode() + b"\n"]
        header, space, value = line.partition(" ")
        if space:
            self.held[header] = {"ON": "1", "OFF": "0"}.get(value, value)
        return []
