"""What the console does with a line: send it or ask it, show the answer, echo what the instrument has against it."""

import contextlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from neurorig.instruments.links import SCPI, Link, Resync
from neurorig.instruments.links.answers import block_in, whole_answer
from neurorig.signals.errors import LinkError, NeurorigError, nearest

if TYPE_CHECKING:
    from neurorig.instruments.drivers import DriverEntry
    from neurorig.instruments.roles import Identity

MOST_ERRORS = 30  # an error queue is finite
HEAD = 64  # bytes of a block that are shown
SILENCE = 0.3  # seconds after which a raw answer has ended
LINGER = 0.05  # seconds in which the next line of an answer follows
HELP = """\
A line that asks (ends in ?, or has ? behind a command) waits for its answer; others are sent, and the error queue is asked.
  .errors on|off      ask the error queue after each line, or do not
  .timeout SECONDS    how long to wait for an answer
  .save FILE          write the bytes of the last block
  .raw on|off         show every byte that comes, until 0.3 s of silence, as it is; ask no error queue
  .clear              throw away what still comes, and empty the error queue
  .safe               send the lines that make the instrument safe (with a driver)
  .language NAME      scpi, tsp, arduino, or plain (nothing is known)
  .quit               end, as Ctrl-D; outputs stay as they are
Ctrl-C cancels the question under way."""


@dataclass(frozen=True)
class Language:
    """How an instrument is spoken to. `error`: the question for its oldest error, empty when none is known; `linger`: seconds in
    which more lines may follow an answer."""

    asks: Callable[[str], bool]
    resync: Resync
    error: str = ""
    clear: str = ""
    linger: float = 0.0


def _question(line: str) -> bool:
    """Whether any command of a line is a query: its header ends in a question mark (IEEE 488.2, 7.4)."""
    return any(part.split(maxsplit=1)[0].endswith("?") for part in line.split(";") if part.strip()) or line.endswith(
        "?"
    )


def _prints(line: str) -> bool:
    return _question(line) or re.search(r"\bprint(buffer|number)?\s*\(", line) is not None


_LATE = Resync(lambda _: [], settle=SILENCE)  # nothing is known to ask: what comes late is thrown away
LANGUAGES = {
    "scpi": Language(_question, SCPI, ":SYST:ERR?", "*CLS"),
    # Keithley 2600B reference manual (2600BS-901-01), errorqueue.next(): code, message, severity, node.
    "tsp": Language(
        _prints, Resync(lambda k: [(f"print({k + 1})", rf"{k + 1}(\.0+e\+00)?")]),
        "print(errorqueue.next())", "errorqueue.clear()", linger=LINGER,
    ),
    # hardware/firmware/PROTOCOL.md, section 2: every line is answered, an error at once.
    "arduino": Language(lambda _: True, Resync(lambda _: [("SYST:VERS?", r"\d+\.\d+")], settle=SILENCE), "", "*CLS"),
    "plain": Language(_question, _LATE, linger=LINGER),
}  # fmt: skip
_OWN = {"arduino_source": "arduino"}


def language_of(entry: "DriverEntry | None", identity: "Identity | None") -> str:
    """By the driver, else by who answers; plain when nobody has said anything."""
    if entry is not None:
        from neurorig.instruments.scpi import ScpiInstrument
        from neurorig.instruments.tsp import TspInstrument

        driver = entry.load()
        known = (("tsp", TspInstrument), ("scpi", ScpiInstrument))
        return next((name for name, kind in known if issubclass(driver, kind)), _OWN.get(entry.name, "plain"))
    if identity is None or not identity.maker:
        return "plain"
    if re.search(r"keithley", identity.maker, re.I) and re.match(r"(model )?26\d\d", identity.model, re.I):
        return "tsp"
    return "scpi"


class Talk:
    """One session. `take` does one line; `failed` tells whether an answer failed or the instrument reported an error."""

    def __init__(
        self, link: Link, entry: "DriverEntry | None", identity: "Identity | None", *, interactive: bool
    ) -> None:
        from neurorig.instruments.identify import driver_for

        self.failed = False
        self._link, self._identity, self._interactive = link, identity, interactive
        self._entry = entry or (driver_for(identity) if identity else None)
        self._speak(language_of(self._entry, identity))
        self._errors = True
        self._raw = False
        self._block: bytes | None = None

    @property
    def prompt(self) -> str:
        """Who is spoken to."""
        return f"{(self._identity.model if self._identity else '') or 'instrument'}> "

    def welcome(self) -> None:
        """Who answers, in which language, and what to be careful with."""
        if self._identity is None:
            self._note(f"{self._link.resource} is open, but nobody answers *IDN?. Lines are sent as they are.")
        else:
            said = ", ".join(f for f in vars(self._identity).values() if f)
            driver = f"driver {self._entry.name}" if self._entry else "no driver"
            self._note(f"{said}   ({driver}; language {self._name})")
        if self._drives:
            self._note(
                "This instrument can drive an output. Nothing that you send is checked against a bench's limits."
            )
        if self._name == "arduino":
            self._note(
                "Opening its port may have restarted it. An output that is on goes off after 2 s without a line."
            )
        try:
            self._echo_errors(before="from before: ")
        except NeurorigError:  # it says who it is, but has no such queue
            self._errors = False
            self._note(f"It does not answer {self._language.error}: its error queue is not asked.")
        if self._interactive:
            self._note(".help lists what else there is; Ctrl-D ends.")

    def farewell(self) -> None:
        """How the instrument was left."""
        if self._drives:
            self._note("Its outputs were left as they are.")

    def cancelled(self) -> None:
        """After Ctrl-C: the question that is given up may have left an error, which is not the next line's."""
        self._note("\n(cancelled; Ctrl-D ends)")
        try:
            self._echo_errors(before="from the line cancelled: ")
        except NeurorigError as reason:
            self._complain(str(reason))

    def take(self, line: str) -> bool:
        """Do one line; False when it ends the session. What fails is told and the session goes on."""
        text = line.strip()
        if not text or text.startswith("#"):
            return True
        if text in (".quit", ".exit"):
            return False
        try:
            if text.startswith("."):
                self._command(text)
            elif self._raw:
                self._send_raw(text)
            else:
                self._send(text)
        except NeurorigError as reason:
            self._complain(str(reason))
        return True

    # Lines for the instrument.

    def _send(self, line: str) -> None:
        if not self._language.asks(line):
            self._link.write(line)
            self._echo_errors()
            return
        try:
            answer = whole_answer(self._link, line, linger=self._language.linger)
        except LinkError as reason:
            self._complain(str(reason))
            self._echo_errors()  # often it says why nothing came
            return
        self._show(answer)

    def _send_raw(self, line: str) -> None:
        timeout = None if self._language.asks(line) else SILENCE
        try:
            self._answer(repr(whole_answer(self._link, line, timeout=timeout, silence=SILENCE))[2:-1])
        except LinkError as reason:
            if reason.partial or timeout is None:
                raise
            self._note("(nothing came)")

    def _show(self, answer: bytes) -> None:
        found = block_in(answer)
        if found is None:
            text = answer.decode("latin-1").rstrip("\r\n")
            self._answer("\n".join(_printable(part) for part in text.splitlines()) if text else "")
            if self._errors and self._name == "arduino" and text.startswith("ERR "):
                self.failed = True  # it has no question for errors: its answer is one
            return
        self._block, rest = found
        self._answer(f"block of {len(self._block)} bytes" + (f", then: {rest!r}" if rest else ""))
        for line in _hex(self._block[:HEAD]):
            self._answer(line)
        self._note(
            (f"... {len(self._block) - HEAD} more; " if len(self._block) > HEAD else "") + ".save FILE writes it"
        )

    def _echo_errors(self, before: str = "") -> None:
        """What the instrument has against what was sent; marked by `before` when it was none of this session's lines."""
        question = self._language.error
        if not self._errors or not question:
            return
        for _ in range(MOST_ERRORS):
            answer = self._link.query(question)
            if _is_none(answer):
                return
            if before:
                self._note(before + answer)
            else:
                self._complain(answer)

    # Lines for the console.

    def _command(self, text: str) -> None:
        name, _, argument = text.partition(" ")
        commands: dict[str, Callable[[str], None]] = {
            ".help": lambda _: print(HELP, file=sys.stdout if self._interactive else sys.stderr),
            ".errors": self._set_errors, ".timeout": self._set_timeout, ".save": self._save, ".raw": self._set_raw,
            ".clear": self._clear, ".safe": self._safe, ".language": self._set_language,
        }  # fmt: skip
        if name not in commands:
            self._complain(f"There is no {name}.{nearest(name, [*commands, '.quit'])}")
            return
        commands[name](argument.strip())

    def _set_errors(self, argument: str) -> None:
        self._errors = self._switch(".errors", argument, self._errors)
        known = "" if self._language.error else " (none is known in this language)"
        self._note(f"error queue {'asked after each line' if self._errors else 'not asked'}{known}")

    def _set_raw(self, argument: str) -> None:
        self._raw = self._switch(".raw", argument, self._raw)
        self._note(f"raw {'on' if self._raw else 'off'}")
        self._link.resync = _LATE if self._raw else self._language.resync

    def _switch(self, name: str, argument: str, now: bool) -> bool:
        if argument not in ("", "on", "off"):
            self._complain(f"{name} {argument}: write {name} on, or {name} off.")
            return now
        return not now if not argument else argument == "on"

    def _set_timeout(self, argument: str) -> None:
        try:
            seconds = float(argument.removesuffix("s")) if argument else self._link.timeout
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 3600:
            self._complain(f".timeout {argument}: seconds, more than 0 and up to 3600.")
            return
        self._link.timeout = seconds
        self._note(f"answers are waited for {seconds:g} s")

    def _save(self, argument: str) -> None:
        if self._block is None:
            self._complain("No block has come yet.")
        elif not argument:
            self._complain(".save FILE: name the file.")
        else:
            try:
                with Path(argument).expanduser().open("xb") as file:
                    file.write(self._block)
            except OSError as reason:
                self._complain(f".save {argument}: {reason.strerror}; choose another name.")
                return
            self._note(f"{len(self._block)} bytes written to {argument}")

    def _clear(self, _: str) -> None:
        with contextlib.suppress(LinkError):  # nothing came
            whole_answer(self._link, "", timeout=SILENCE, silence=SILENCE)
        if clear := self._language.clear:
            self._send(clear)
        self._note("cleared")

    def _safe(self, _: str) -> None:
        if self._entry is None:
            self._complain("Without a driver nobody knows what makes it safe; name it with --driver.")
            return
        self._link.send_safe(self._entry.safe_lines)
        self._note(f"sent: {', '.join(line for line in self._entry.safe_lines if line)}")

    def _set_language(self, argument: str) -> None:
        if argument not in LANGUAGES:
            self._complain(f".language {argument}: {', '.join(LANGUAGES)}.")
            return
        self._speak(argument)
        self._note(f"language {argument}")

    def _speak(self, name: str) -> None:
        self._name, self._language = name, LANGUAGES[name]
        if self._entry is not None and name == language_of(self._entry, None) and name in ("scpi", "tsp"):
            self._language = replace(self._language, error=self._entry.load().error_question)
        self._link.resync = self._language.resync

    @property
    def _drives(self) -> bool:
        return self._entry is not None and self._entry.drives

    # Out.

    def _answer(self, text: str) -> None:
        print(text, flush=True)

    def _note(self, text: str) -> None:
        print(text, file=sys.stdout if self._interactive else sys.stderr, flush=True)

    def _complain(self, text: str) -> None:
        self.failed = True
        mark = "\033[31m!\033[0m" if self._interactive and sys.stdout.isatty() else "!"
        print(f"{mark} {text}", file=sys.stdout if self._interactive else sys.stderr, flush=True)


def _is_none(answer: str) -> bool:
    """Whether an answer of the error queue says that it is empty: its number is 0."""
    number = re.match(r"\s*([+-]?[\d.]+(e[+-]?\d+)?)", answer, re.I)
    return number is not None and float(number[1]) == 0


def _printable(text: str) -> str:
    return text if text.replace("\t", "").isprintable() else text.encode("unicode_escape").decode("ascii")


def _hex(data: bytes) -> list[str]:
    """Sixteen bytes a line: offset, hexadecimal, characters."""
    rows = []
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        rows.append(f"  {start:04x}  {row.hex(' '):47s}  {text}")
    return rows
