"""The ten numbers of ``:WAVeform:PREamble?``, by which several makers say how the codes of a record become volts and seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preamble:
    """``format, type, points, count, xincrement, xorigin, xreference, yincrement, yorigin, yreference``.

    Rigol: *MSO1000Z/DS1000Z Programming Guide* p. 2-226; Keysight: *InfiniiVision 2000 X-Series Programmer's Guide* p. 644.
    """

    format: int
    type: int
    points: int
    count: int
    xincrement: float
    xorigin: float
    xreference: float
    yincrement: float
    yorigin: float
    yreference: float

    @classmethod
    def parse(cls, answer: str) -> "Preamble":
        """Read the ten numbers. Raises ValueError."""
        fields = [float(f) for f in answer.split(",")]
        if len(fields) != 10 or not fields[4] > 0 or not fields[7] > 0:
            raise ValueError(answer)
        kind, how, points, count = (int(f) for f in fields[:4])
        return cls(kind, how, points, count, *fields[4:])

    @property
    def start(self) -> float:
        """Seconds from the trigger to the first point."""
        return self.xorigin - self.xreference * self.xincrement
