"""What every instrument that knows ``*IDN?`` has in common: identity, error queue, safe state; `ScpiInstrument` for SCPI."""

import re
from typing import ClassVar, Self

from neurorig.signals import BenchError, InstrumentError

from .commands import Commanded, plain
from .drivers import DRIVERS
from .links import Link
from .roles import Identity

_MOST_ERRORS = 30  # an error queue is finite; one that never empties is itself an error


class IdentifiedInstrument(Commanded):
    """An instrument that says who it is (IEEE 488.2, ``*IDN?``) and keeps a queue of errors.

    `driver` names its entry in the registry, against which ``*IDN?`` is checked when it is opened. `safe_state`: short
    lines that need no answer. Raises BenchError when another model or `serial_number` answers.
    """

    driver: ClassVar[str]
    error_question: ClassVar[str]
    """Takes the oldest error out of the queue: its number comes first, 0 when there is none."""
    safe_state: ClassVar[tuple[str, ...]]
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Questions, and patterns of the answers (made `plain`) that say that nothing is put out; for instruments that drive."""

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name or self.driver)
        self.identity = DRIVERS[self.driver].check(self._identify(), link, serial_number)
        link.check_identity = self._check_same

    def reconnect(self) -> None:
        """Open a link that was dropped once more: the same instrument must answer, be made safe and confirm it.

        Its settings may be lost: set everything again. Raises LinkError, or BenchError when another instrument answers or
        its outputs are not known to be off; it cannot be used then.
        """
        self.link.reconnect()
        try:
            self.safe()
            self.confirm_safe()
        except BaseException:
            self.link.close()
            raise

    def _check_same(self) -> None:
        found, known = self._identify(), self.identity
        if (found.maker, found.model, found.serial) != (known.maker, known.model, known.serial):
            raise BenchError(
                f"{self.name} ({self.link.resource}): was dropped, and now {found.maker} {found.model} with serial number "
                f"{found.serial} answers there, not {known.maker} {known.model} with {known.serial}. It is not used."
            )

    def errors(self) -> list[str]:
        """Empty the error queue. Raises InstrumentError when what comes back is no error message."""
        found: list[str] = []
        while len(found) < _MOST_ERRORS:
            answer = self.link.query(self.error_question)
            try:
                code = float(re.split(r"[,\t]", answer)[0])
            except ValueError as reason:
                raise InstrumentError(f"{self.name}: '{answer}' is no answer to {self.error_question}.") from reason
            if code == 0:
                break
            fields = answer.split("\t")
            found.append(f'{code:g},"{fields[1]}"' if len(fields) > 1 else answer)
        return found

    def check_errors(self, doing: str) -> None:
        """Raise InstrumentError with what the instrument has against what was just done."""
        if found := self.errors():
            raise InstrumentError(f"{self.name} ({self.identity.model}): while {doing}: {'; '.join(found)}.")

    def safe(self) -> None:
        """Send the safe state, each line on its own. Raises LinkError after the last."""
        self.link.send_safe(self.safe_state)

    def confirm_safe(self) -> None:
        """Ask whether every output is off. Raises BenchError when that is not told."""
        self.confirm(self.link)

    @classmethod
    def confirm(cls, link: Link) -> None:
        """As `confirm_safe`, over a link of which nothing is known (the guardian's)."""
        for question, pattern in cls.off_answers:
            answer = link.query(question)
            if not re.fullmatch(pattern, plain(answer)):
                raise InstrumentError(f"{link.resource}: was told to be safe, but answers '{answer}' to {question}")

    def close(self) -> None:
        """Release the link; outputs stay as they are."""
        self.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing on that this driver may have switched on."""
        try:
            if DRIVERS[self.driver].drives:
                self.safe()
        finally:
            self.close()

    def _identify(self) -> Identity:
        answer = self.link.query("*IDN?")
        fields = [f.strip() for f in answer.split(",")]
        if len(fields) != 4:
            raise InstrumentError(f"{self.link.resource}: '{answer}' is no answer to *IDN?.")
        return Identity(*fields)


class ScpiInstrument(IdentifiedInstrument):
    """An instrument that speaks SCPI (IEEE 488.2 common commands, SCPI-99 error queue)."""

    error_question: ClassVar[str] = ":SYST:ERR?"  # SCPI-99 21.8.8
