"""Keysight E36312A and E36313A bench supplies, from the *E36300 Series Programming Guide*, E36311-90008.

Facts of the guide that this file rests on: most commands take the output as a channel list behind the value, ``(@1)``
(p. 16); an output can be set to 3 % more than its rating (p. 16); an output's questionable status says 1 when it is in
constant current and 2 in constant voltage (Questionable Instrument Summary register, p. 31); overvoltage protection switches
the output off until it is cleared.

Assumed: protection levels up to 10 % above the rating; the E36313A's ratings of the data sheet 5992-2124EN.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neurorig.signals import InstrumentError, LimitError, show

from ..commands import Commanded, choice, command, integer, switch
from ..links import Link
from ..scpi import ScpiInstrument

RATINGS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "E36312A": ((6.0, 5.0), (25.0, 1.0), (25.0, 1.0)),
    "E36313A": ((6.0, 10.0), (25.0, 2.0), (25.0, 2.0)),
}
"""Volts and amperes of each output."""
BEYOND = 1.03
LEAST = 1e-3  # amperes of a current limit
PROTECTED = 1.1
MARGIN, SPARE = 1.05, 0.1
"""The protection lies at this factor of the voltage, and so many volts above."""
_CURRENT = 1  # constant current, in the questionable status of an output
_SETTLED, _TRIES = 0.01, 20


class SupplyOutput(Commanded):
    """One output: every line ends in its channel list."""

    output = switch(":OUTP", doc="Whether the output is on.")
    voltage = command(":VOLT", unit="V", low=0, high=25.75, resolution=1e-3, doc="Volts.")
    current = command(":CURR", unit="A", low=LEAST, high=10.3, resolution=1e-3, doc="Limit of the current.")
    sense = choice(
        ":VOLT:SENS", ("INT", "EXT"), doc="Where the voltage is held: INT at its terminals, EXT by sense leads."
    )
    protection = command(":VOLT:PROT", unit="V", low=0, high=27.5, resolution=1e-2, doc="Volts at which it goes off.")
    protected = switch(":VOLT:PROT:STAT", doc="Whether overvoltage switches it off.")
    overcurrent = switch(":CURR:PROT:STAT", doc="Whether it goes off when the current is limited.")
    volts = command(":MEAS:VOLT", unit="V", low=-30, high=30, query_only=True, doc="Measured at the output.")
    amperes = command(":MEAS:CURR", unit="A", low=-12, high=12, query_only=True, doc="Measured at the output.")
    tripped = integer(
        ":VOLT:PROT:TRIP", low=0, high=1, query_only=True, doc="Whether the protection has switched it off."
    )

    def __init__(self, link: Link, *, name: str, suffix: int, warnings: list[str]) -> None:
        super().__init__(link, name=name, suffix=suffix, warnings=warnings)
        self.query = lambda question: link.query(f"{question} (@{suffix})")
        self.write = lambda line: link.write(f"{line},(@{suffix})")


class KeysightE36300(ScpiInstrument):
    """Keysight E36312A or E36313A with three outputs. Fulfils the role `PowerSupply`.

    Channels are named ``"1"`` to ``"3"``. BenchError when another model answers. When it is connected, outputs are left as they
    are: what it feeds may need it.
    """

    driver: ClassVar[str] = "keysight_e36300"
    safe_state: ClassVar[tuple[str, ...]] = (":OUTP OFF,(@1)", ":OUTP OFF,(@2)", ":OUTP OFF,(@3)")
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = tuple((f":OUTP? (@{n})", "0") for n in (1, 2, 3))

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.channels = {
            str(n): SupplyOutput(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in (1, 2, 3)
        }
        self._ratings = dict(zip(self.channels, RATINGS[self.identity.model.upper()], strict=True))
        link.write("*CLS")  # errors of whoever was here before

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, the outputs' under ``channel_1`` and so on."""
        return super().settings() | {f"channel_{n}": c.settings() for n, c in self.channels.items()}

    def check(self, channel: str, volts: float, current_limit: float) -> None:
        """Raise LimitError for what the output does not give; no I/O."""
        if channel not in self.channels:
            raise LimitError(f"{self.name}: no channel '{channel}'. Known: {', '.join(self.channels)}.")
        rated, most = (round(BEYOND * x, 3) for x in self._ratings[channel])
        who = f"{self.name} ({self.identity.model}) channel {channel}"
        if not 0 <= volts <= rated:
            raise LimitError(f"{who}: {show(volts, 'V')} lies outside 0 V .. {show(rated, 'V')}. Take another output.")
        if not LEAST <= current_limit <= most:
            raise LimitError(
                f"{who}: a current limit of {show(current_limit, 'A')} lies outside {show(LEAST, 'A')} .. {show(most, 'A')}."
            )

    def configure(self, channel: str, volts: float, current_limit: float, wires: Literal[2, 4] = 2) -> None:
        """Output off, voltage, current limit and overvoltage protection a little above set, every one read back."""
        self.check(channel, volts, current_limit)
        output, highest = self.channels[channel], round(PROTECTED * self._ratings[channel][0], 2)
        output.output = False
        output.protection = highest  # first: it may not lie below the voltage
        self.write(f":VOLT:PROT:CLE (@{channel})")
        self.write(f":CURR:PROT:CLE (@{channel})")
        output.sense = "EXT" if wires == 4 else "INT"
        output.overcurrent = False
        output.current = current_limit
        output.voltage = volts
        output.protection = min(round(MARGIN * volts + SPARE, 2), highest)
        output.protected = True
        self.check_errors(f"setting channel {channel}")

    def on(self, channel: str) -> None:
        """Output on, confirmed; returns when it has reached its voltage, or is limited."""
        output = self.channels[channel]
        output.output = True
        self.check_errors(f"switching channel {channel} on")
        wanted = output.voltage
        for _ in range(_TRIES):  # each takes a while to measure
            if self.limiting(channel) or abs(output.volts - wanted) <= _SETTLED * wanted:
                return

    def measure(self, channel: str) -> tuple[float, float]:
        """Volts and amperes at the output, measured."""
        output = self.channels[channel]
        return output.volts, output.amperes

    def limiting(self, channel: str) -> bool:
        """Whether the output is in constant current: it does not deliver its voltage.

        Raises InstrumentError when the overvoltage protection has switched it off.
        """
        output = self.channels[channel]
        if output.tripped:
            raise InstrumentError(
                f"{output.name}: more than {show(output.protection, 'V')} at the output, its overvoltage protection has switched "
                "it off. Look for another source on the same line, or for sense leads that are not connected."
            )
        return bool(int(float(self.link.query(f":STAT:QUES:INST:ISUM{channel}:COND?"))) & _CURRENT)

    def off(self) -> None:
        """Every output off, confirmed."""
        for output in self.channels.values():
            output.output = False
