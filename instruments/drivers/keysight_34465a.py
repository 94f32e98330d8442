"""Keysight 34465A multimeter, from the *Truevolt Series Operating and Service Guide*.

Facts of the guide that this file rests on: ``FUNCtion`` chooses what is measured, each function keeps its range, automatic
range and integration time (``RANGe``, ``RANGe:AUTO``, ``NPLCycles``); ranges and integration times are fixed values (p. 195,
208, 329); resistance with two and with four wires share their settings (p. 208); ``SAMPle:COUNt`` readings come with one
trigger (p. 257, 306) as answer to ``READ?``; an overload is +-9.9E+37.

Temperature is that of a Pt100 (``TEMPerature:TRANsducer RTD``, 100 ohm). The 10 A range has terminals of its own and is not used.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import InstrumentError, LimitError, show

from ..commands import Command, Commanded, choice, command, integer, switch
from ..links import Link
from ..roles import Measured
from ..scpi import ScpiInstrument

OHMS = (1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9)
RANGES: Mapping[Measured, tuple[float, ...]] = {
    "V": (0.1, 1.0, 10.0, 100.0, 1000.0),
    "A": (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 3.0),
    "ohm": OHMS,
    "ohm4": OHMS,
    "degC": (),
}
NPLC = (0.02, 0.06, 0.2, 1.0, 10.0, 100.0)
FUNCTIONS: Mapping[Measured, str] = {"V": "VOLT", "A": "CURR", "ohm": "RES", "ohm4": "FRES", "degC": "TEMP"}
UNITS: Mapping[Measured, str] = {"V": "V", "A": "A", "ohm": "ohm", "ohm4": "ohm", "degC": "degC"}
KNOWN = ("VOLT", "VOLT:AC", "CURR", "CURR:AC", "RES", "FRES", "FREQ", "PER", "CAP", "CONT", "DIOD", "TEMP")
OVERLOAD = 9.8e37
MAINS = 50.0
MOST = 10_000
"""Readings of one trigger."""


def _read_function(answer: str) -> str:
    word = answer.strip('"')
    if word not in KNOWN:
        raise ValueError(answer)
    return word


class MeterFunction(Commanded):
    """What is measured: its range and its time; the units are those of the function."""

    range = command(":{n}:RANG", unit="", low=1e-6, high=1e9, doc="Range, in the function's unit.")
    auto = switch(":{n}:RANG:AUTO", doc="Whether it chooses the range by itself.")
    nplc = command(":{n}:NPLC", unit="", low=0.02, high=100, doc="Integration time in periods of the mains.")


class Temperature(Commanded):
    """Temperature has no range."""

    nplc = command(":TEMP:NPLC", unit="", low=0.02, high=100, doc="Integration time in periods of the mains.")
    sensor = choice(":TEMP:TRAN:TYPE", ("RTD", "FRTD", "THER", "FTH", "TC"), doc="Kind of the sensor.")
    unit = choice(":UNIT:TEMP", ("C", "F", "K"), doc="Unit of temperatures.")


class MeterInput(Commanded):
    """Its input."""

    count = integer(":SAMP:COUN", low=1, high=1_000_000, doc="Readings of one trigger.")
    trigger = choice(":TRIG:SOUR", ("IMM", "EXT", "BUS", "INT"), doc="What triggers it.")


class Keysight34465A(ScpiInstrument):
    """Keysight 34465A. Fulfils the role `Multimeter`.

    Its only channel is named ``"1"``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "keysight_34465a"
    safe_state: ClassVar[tuple[str, ...]] = (":ABOR",)

    function = Command(":FUNC", "What is measured.", _read_function, lambda word: f'"{word}"', choices=KNOWN)

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        link.write("*CLS")  # errors of whoever was here before
        self.channels = {"1": MeterInput(link, name=f"{self.name} channel 1", warnings=self.warnings)}
        self._functions = {
            quantity: MeterFunction(link, name=f"{self.name} {word}", suffix=word, warnings=self.warnings)
            for quantity, word in FUNCTIONS.items()
            if RANGES[quantity]
        }
        self._temperature = Temperature(link, name=f"{self.name} TEMP", warnings=self.warnings)
        self._quantity: Measured | None = None
        self._nplc = 1.0

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, with those of what it measures."""
        found = super().settings() | self.channels["1"].settings()
        if self._quantity is not None:
            found |= self._part(self._quantity).settings()
        return found

    def _part(self, quantity: Measured) -> "MeterFunction | Temperature":
        return self._functions.get(quantity, self._temperature)

    def configure(self, quantity: Measured, *, full_scale: float | None = None, nplc: float = 1.0) -> None:
        """Choose quantity (``ohm4``: four wires), range (None: auto) and measuring time; read back.

        Raises LimitError, before anything is sent, for a range or a time that it does not have.
        """
        range_ = self._range(quantity, full_scale)
        if nplc not in NPLC:
            raise LimitError(
                f"{self.name}: {nplc:g} periods of the mains is not one of {', '.join(f'{n:g}' for n in NPLC)}."
            )
        self._quantity = None
        self.function = FUNCTIONS[quantity]
        part = self._part(quantity)
        part.nplc = float(nplc)
        if isinstance(part, Temperature):
            part.sensor = "RTD"
            part.unit = "C"
        elif range_ is None:
            part.auto = True
        else:
            part.range = range_
            part.auto = False
        self.channels["1"].trigger = "IMM"
        self.check_errors(f"choosing {FUNCTIONS[quantity]}")
        self._quantity, self._nplc = quantity, nplc

    def _range(self, quantity: Measured, full_scale: float | None) -> float | None:
        """The smallest range that takes `full_scale`."""
        if full_scale is None:
            return None
        fitting = [r for r in RANGES[quantity] if abs(full_scale) <= r]
        if not fitting:
            most = show(RANGES[quantity][-1], UNITS[quantity]) if RANGES[quantity] else "none, temperature has no range"
            raise LimitError(
                f"{self.name} ({self.identity.model}): no range for {show(full_scale, UNITS[quantity])}; the largest is {most}."
            )
        return fitting[0]

    def measure(self, count: int = 1) -> NDArray[np.float64]:
        """Measure `count` times; SI units (degrees Celsius for ``degC``), shape (count,). An overload is NaN and a warning."""
        if self._quantity is None:
            raise InstrumentError(f"{self.name}: configure it first.")
        if not 1 <= count <= MOST:
            raise LimitError(f"{self.name}: {count} readings at once; 1 .. {MOST:,} are possible.")
        self.channels["1"].count = count
        # Twice the time for its own zero, and once more for a range that it looks for.
        patience = self.link.timeout + count * (3 * self._nplc / MAINS + 0.1)
        answer = self.link.query(":READ?", timeout=patience)
        try:
            found = np.array([float(v) for v in answer.split(",")])
        except ValueError as reason:
            raise InstrumentError(f"{self.name}: '{answer[:60]}' is no answer to :READ?.") from reason
        if len(found) != count:
            raise InstrumentError(f"{self.name}: {len(found)} readings came, {count} were asked for.")
        over = np.abs(found) > OVERLOAD
        if over.any():
            self.warnings.append(f"{self.name}: {int(over.sum())} of {count} readings beyond the range")
            found[over] = np.nan
        return found
