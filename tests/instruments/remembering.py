"""A script for instruments of which only the manual is at hand: it remembers what it was set to and answers what a test says."""

from collections.abc import Callable, Mapping, Sequence

from .scripted import Piece

Answer = str | bytes | Callable[[], str | bytes]


class Remembering:
    """``HEADER value`` is remembered and ``HEADER?`` gives it back; `answers` come first, by whole line."""

    def __init__(self, answers: Mapping[str, Answer], settings: Mapping[str, str] | None = None) -> None:
        self.answers, self.settings = dict(answers), dict(settings or {})
        self.ese = "0"

    def __call__(self, line: str) -> Sequence[Piece]:
        if line in self.answers:
            answer = self.answers[line]
            said = answer() if callable(answer) else answer
            return [(said.encode() if isinstance(said, str) else said) + b"\n"]
        if line.endswith("?"):
            return [self.settings.get(line[:-1], "0").encode() + b"\n"]
        header, _, value = line.partition(" ")
        if header == "*ESE":
            self.answers["*ESE?"] = value
        elif value:
            self.settings[header] = {"ON": "1", "OFF": "0"}.get(value, value)
        return []


def block(data: bytes) -> bytes:
    """A definite block."""
    return b"#8%08d" % len(data) + data
