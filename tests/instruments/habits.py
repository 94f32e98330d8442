"""A proxy before a simulated instrument that answers as other instruments and other simulators do: differently, and legally.

IEEE 488.2 chapter 8 and SCPI-1999 vol. 1 chapter 6 leave much open: the form of numbers, long or short words, case of character
data, white space after a comma, digits of a block's length. What stands in quotation marks and ``*IDN?`` keep their words.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from neurorig.instruments.simulated import Device
from neurorig.instruments.simulated.device import Session

LONG = {
    word[0]: word[1].upper()
    for word in (
        ("VOLT", "VOLTage"), ("CURR", "CURRent"), ("RES", "RESistance"), ("NORM", "NORMal"), ("AVER", "AVERage"),
        ("HRES", "HRESolution"), ("POS", "POSitive"), ("NEG", "NEGative"), ("SING", "SINGle"), ("SEGM", "SEGMented"),
        ("RTIM", "RTIMe"), ("ONEM", "ONEMeg"), ("FIFT", "FIFTy"), ("AMP", "AMPere"), ("UNKN", "UNKNown"), ("CENT", "CENTer"),
        ("RIGH", "RIGHt"), ("WIND", "WINDow"), ("EXT", "EXTernal"), ("EITH", "EITHer"), ("LFR", "LFReject"),
        ("HFR", "HFReject"), ("RFAL", "RFALl"), ("ULTR", "ULTRa"), ("HIMP", "HIMPedance"), ("GUAR", "GUARd"),
        ("MEM", "MEMory"), ("FIX", "FIXed"), ("SWE", "SWEep"), ("FRON", "FRONt"), ("ASC", "ASCii"), ("SRE", "SREal"),
        ("SWAP", "SWAPped"), ("STAT", "STATus"), ("IMM", "IMMediate"), ("TIM", "TIMer"), ("GAT", "GATed"),
        ("INV", "INVerted"), ("TRIG", "TRIGgered"), ("CARR", "CARRier"), ("MARK", "MARKer"), ("MAX", "MAXimum"),
    )
} | {f"CHAN{n}": f"CHANNEL{n}" for n in range(1, 5)}  # fmt: skip
"""Long forms of the short words that the simulated instruments answer with."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_BLOCK = re.compile(rb"(?P<before>[A-Za-z0-9:_ ,?]{0,40})#(?P<digits>[1-9])")
_NO_ERROR = re.compile(r'\+?0,"No error[^"]*"')
_FIELD = re.compile(r'"[^"]*"|[^,;\t"]+')


@dataclass(frozen=True)
class Habit:
    """How answers are spelled: `word` and `whole` rewrite words and whole numbers, `real` other numbers."""

    word: Callable[[str], str]
    whole: Callable[[str], str]
    real: Callable[[str], str]
    comma: str
    no_error: str
    end: bytes
    block_digits: int
    identity: Callable[[str], str]

    def answer(self, answer: bytes) -> bytes:
        """An answer, or several, as this instrument would send them."""
        if block := _BLOCK.match(answer):
            return self._block(answer, block)
        if answer.startswith(b"#0"):
            return answer
        lines = answer.decode("latin-1").removesuffix("\n").split("\n")
        return b"".join(self._line(line).encode("latin-1") + self.end for line in lines)

    def _line(self, line: str) -> str:
        if line.count(",") == 3 and not _NUMBER.match(line) and '"' not in line:
            return self.identity(line)
        if _NO_ERROR.fullmatch(line):
            return self.no_error
        return _FIELD.sub(lambda field: self._field(field[0]), line).replace(",", self.comma)

    def _field(self, field: str) -> str:
        if _WHOLE.fullmatch(field):
            return self.whole(field)
        if _NUMBER.fullmatch(field):
            return self.real(field)
        if field.startswith('"'):
            return field
        return self.word(field) if re.fullmatch(r"[A-Z][A-Z0-9]*", field) else field

    def _block(self, answer: bytes, found: re.Match[bytes]) -> bytes:
        start = found.end() + int(found["digits"])
        size = int(answer[found.end() : start])
        length = str(size).zfill(self.block_digits).encode()
        data, after = answer[start : start + size], answer[start + size :]
        head = b"%s#%d%s" % (found["before"], len(length), length)
        return head + data + (self.end if after == b"\n" else after)


def _digits(number: str) -> int:
    return max(6, sum(c.isdigit() for c in re.split("[eE]", number)[0]) - 1)


HABITS = {
    "long words, signs and exponents": Habit(
        word=lambda word: LONG.get(word, word),
        whole=lambda number: f"{int(number):+d}",
        real=lambda number: f"{float(number):+.{_digits(number)}E}",
        comma=", ",
        no_error='+0,"No error"',
        end=b"\r\n",
        block_digits=9,
        identity=lambda line: line.replace(",", " , "),
    ),
    "lower case, no exponents, whole numbers as any other": Habit(
        word=str.lower,
        whole=lambda number: f"{int(number):.1f}",
        real=lambda number: f"{float(number):.15f}" if 1e-6 < abs(float(number)) < 1e9 else number.lower(),
        comma=",",
        no_error='0,"No error;0;0"',
        end=b"\n",
        block_digits=3,
        identity=lambda line: line.upper().replace(",", ", "),
    ),
}  # fmt: skip


class Foreign:
    """The device behind the proxy, with a habit."""

    def __init__(self, device: Device, habit: Habit) -> None:
        self._device, self._habit = device, habit

    def session(self) -> "_ForeignSession":
        return _ForeignSession(self._device.session(), self._habit)


class _ForeignSession:
    def __init__(self, session: Session, habit: Habit) -> None:
        self._session, self._habit = session, habit

    @property
    def waiting(self) -> bool:
        return bool(getattr(self._session, "waiting", False))

    def receive(self, data: bytes) -> bytes:
        answer = self._session.receive(data)
        return self._habit.answer(answer) if answer else b""

    def close(self) -> None:
        self._session.close()
