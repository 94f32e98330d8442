"""Keithley 4200A-SCS, its source-measure units, through its external control interface (KXCI) over Ethernet.

From the *4200A-SCS Reference Manual*, 4200A-901-01 Rev. C, section 9, and *KXCI Remote Control Programming*,
4200A-KXCI-907-01 Rev. D, as far as public notes and the maker's published examples cite it: port 1225, strings that end with
NUL, one answer to each; user mode (``US``: ``DV``, ``DI``, ``TV``, ``TI``) for single levels, system mode (``DE``, ``SS``,
``SM``, ``MD``) for lists on the instrument's own timer. Channels and functions of ``CH`` 9-14, lists ``VL``, ``IL`` with up to
4096 levels 9-25, ``IT4`` 9-44, letters of the readings 9-52 and 9-53, ``DT`` up to 6.553 s, least compliance 9-25.

Nothing but readings, errors and the status byte can be asked for, so a level, a compliance or a range is believed when no
error follows it; whether an output is off is told by what is measured there. Hence what this driver does not take:

- four wires: whether the sense lines count is told by no command;
- a fixed source range of a current source, whose codes no page found here tells;
- a measuring range other than the one of the compliance: ``RG`` tells the lowest range, the compliance the highest, and
  ``RI`` where a test begins (5-41, 5-42); a fixed range of a voltmeter;
- trains on two channels at once: one channel steps through a list, the others hold their level;
- pulses that are not lists of equally long levels. The pulse unit makes shorter ones, but without any compliance.

Assumed, because no page was found: ``DVn`` alone brings the level to 0 before it opens the relay (`off` tells the level 0
first; the blind safe state does not); ``TV`` and ``TI`` answer for a channel that is off, and its own zero is within 20 mV and
100 nA, so less than that is not seen to be put out; with ``ST n, 0`` an output keeps the last level of a test, also when the
page is changed; a channel that is constant in ``CH`` holds what ``VC`` or ``IC`` said; a measurement of volts and amperes in
a list takes one aperture; mains of 50 Hz.
"""

import contextlib
import re
import time
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import BenchError, InstrumentError, LimitError, PlanError, show

from ..commands import Commanded, command
from ..links import Link, Resync
from ..sourcing import Pulses, Quantity, Readings, SourceSetup, Train
from .source_meter import SourceMeterBase
from .source_reach import Reach, check_range_of_compliance
from .source_trains import Progress, levels_in_order, measured_levels, period_of

REACH = Reach(
    (0.2, 2.0, 20.0, 200.0),
    (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1),
    ((20.0, 0.1), (200.0, 0.01)),
    over=1.05,
    least=(0.02, 1e-10),
    nplc=(0.01, 10.0),
)
"""A 4200-SMU with preamplifier."""
RANGE_CODES = {None: 0, 20.0: 1, 200.0: 2, 0.2: 4, 2.0: 5}
"""Of ``DV`` (5-33); 3 is 200 V once more, as with the 4145. None: automatic."""
MOST_POINTS = 4096
LONGEST_DELAY = 6.553  # s
STILL = (0.02, 1e-7)
"""Volts and amperes below which an output is taken for open: an ammeter's and a voltmeter's own zero error."""
MAINS = 50.0  # Hz
DATA_READY, BUSY = 1, 16
PATIENCE = 5.0  # s beyond the measuring time
NO_ERROR = 0
_MODES: dict[Quantity, int] = {"V": 1, "A": 2}
_SWEEPS, _HOLDS = 1, 3  # functions of CH
_READING = re.compile(r"(?P<status>[LVXCTN]?)(?:[A-P][VI])?\s*(?P<value>[+-]?\d+(?:\.\d*)?(?:\s*E[+-]?\d+)?)", re.ASCII)
_IDENTITY = "KEITHLEY[^,]*(,[^,]*){3}"


def _sentinel(k: int) -> Sequence[tuple[str, str]]:
    """No string has an answer of one's own choice; two of different kinds, so that a late one is not taken for the second."""
    return [("*IDN?", _IDENTITY), ("SP", r"\d+")]


def read(answer: str) -> tuple[str, float]:
    """Status letter (9-52; none: ``""``) and value of one reading. Raises ValueError."""
    if not (found := _READING.fullmatch(answer.strip())):
        raise ValueError(answer)
    return found["status"], np.nan if found["status"] == "V" else float(found["value"].replace(" ", ""))


class Keithley4200AChannel(Commanded):
    """One source-measure unit; it has no setting that can be asked for."""


class Keithley4200A(SourceMeterBase[Keithley4200AChannel]):
    """Keithley 4200A-SCS with four source-measure units: source and measure, staircases, lists.

    Fulfils the role `SourceMeter`. Channels ``"1"`` to ``"4"``. The times of single measurements are the computer's, those
    of trains the instrument's. Raises BenchError when another model answers.
    """

    driver: ClassVar[str] = "keithley_4200a"
    error_question: ClassVar[str] = ":ERROR:LAST:GET"
    resync: ClassVar[Resync] = Resync(_sentinel, settle=0.1)
    safe_state: ClassVar[tuple[str, ...]] = (
        "MD", "ME4", "US", "DV1", "DV2", "DV3", "DV4", ":ERROR:LAST:CLEAR",
    )  # fmt: skip
    """A test is ended first: while it runs nothing else is taken. That there was none may be an error, which is cleared.

    No level of 0 is told: that would switch on what is off, and make a voltage source of a current source. `off` knows
    what is on, and does it.
    """
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = tuple((f"T{q}{n}", "") for n in range(1, 5) for q in "VI")
    most_steps: ClassVar[int] = MOST_POINTS - 1  # the last one is the level to return to
    most_readings: ClassVar[int] = MOST_POINTS
    least_step: ClassVar[float] = 0.0
    longest_step: ClassVar[float] = LONGEST_DELAY
    tick: ClassVar[float] = 1e-3

    status = command(
        "SP", question="SP", unit="", low=0, high=255, query_only=True,
        doc="Status byte; bit 0: data ready, bit 1: error, bit 4: busy.",
    )  # fmt: skip

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        link.resync = self.resync
        super().__init__(link, name=name, serial_number=serial_number)
        self.reach = REACH
        self.channels = {
            n: Keithley4200AChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in "1234"
        }
        self._on: dict[str, SourceSetup] = {}
        self._rows: dict[str, list[list[tuple[str, float]]]] = {}
        self._begin()
        for line in ("BC", "*RST", "US", ":ERROR:LAST:CLEAR"):
            self.write(line)
        self.check_errors("connecting")

    def errors(self) -> list[str]:
        """The last error, which is then cleared: there is no queue. Raises InstrumentError when what comes back is none."""
        answer = self.link.query(self.error_question)
        found = re.fullmatch(r"(?s)(.*)\((-?\d+)\)\s*", answer)
        if found is None:
            raise InstrumentError(f"{self.name}: '{answer}' is no answer to {self.error_question}.")
        if int(found[2]) == NO_ERROR:
            return []
        self.write(":ERROR:LAST:CLEAR")
        return [answer.strip()]

    @classmethod
    def confirm(cls, link: Link) -> None:
        """Measure every output: nothing tells whether one is off. Raises InstrumentError when something is still put out."""
        link.resync = cls.resync
        for question, _ in cls.off_answers:
            answer = link.query(question, timeout=PATIENCE)
            try:
                _, value = read(answer)
            except ValueError:
                value = np.nan
            if not abs(value) <= STILL[question[1] == "I"]:
                raise InstrumentError(f"{link.resource}: was told to be safe, but answers '{answer}' to {question}")

    def off(self) -> None:
        """Level 0 on every channel that is on, then all relays opened, confirmed; trains not ended are forgotten."""
        if self._on and self.link.in_step:
            with contextlib.suppress(BenchError):  # what follows is sent whatever happens here
                self._end_test()
                for channel, setup in self._on.items():
                    self._put_out(channel, setup, 0.0)
        super().off()

    def _at_rest(self) -> None:
        self._on = {}
        super()._at_rest()

    def reconnect(self) -> None:
        """Open a link that was dropped once more; every channel must be configured again."""
        self._rows = {}
        super().reconnect()

    # What this model reaches.

    def _measuring_time(self, nplc: float) -> float:
        return nplc / MAINS

    def _check_model(self, channel: str, setup: SourceSetup) -> None:
        where = self._known(channel)
        if setup.wires != 2:
            raise LimitError(f"{where}: whether it uses its sense lines cannot be told over KXCI. Take two wires.")
        if setup.source == "A" and setup.source_range is not None:
            raise LimitError(
                f"{where}: a source_range of a current source cannot be fixed here; leave it to the instrument."
            )
        if setup.source == "A" and setup.measure_range is not None:
            raise LimitError(f"{where}: the range of its voltmeter cannot be fixed; leave it to the instrument.")
        check_range_of_compliance(where, self.reach, setup)

    def _check_model_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        if isinstance(train, Pulses) and len({step.seconds for step in period_of(train)}) > 1:
            raise PlanError(
                f"{self._known(channel)}: its source-measure units make no pulses, only lists whose levels all last equally "
                f"long and are all measured: take width = gap{'' if train.read is None else ' = read_width'}, each "
                f"{show(self._measuring_time(setup.nplc), 's')} or more with nplc {setup.nplc:g}, or an instrument that makes "
                "pulses (2450, 2600B)."
            )

    # Single levels.

    def _configure(self, channel: str, setup: SourceSetup) -> None:
        self._ensure_free()
        if int(self.status) & BUSY:  # its own train, which is not wanted any more
            self._end_test()
        if channel in self._on:
            self._put_out(channel, self._on.pop(channel), 0.0)
        self.write(f"DV{channel}")
        self.write(f"RG {channel},{self._lowest(setup):g}")

    def _end_test(self) -> None:
        for line in ("MD", "ME4", "US"):
            self.write(line)

    def _ensure_free(self) -> None:
        """Raise InstrumentError while the train of any channel runs: until its end nothing else is taken."""
        if self._started and self.running():
            raise InstrumentError(
                f"{self.name}: the train of channel {self._started[0]} is running, and until then it does nothing else; "
                "wait until `running` says that it has ended, or switch off."
            )

    def _lowest(self, setup: SourceSetup) -> float:
        """The lowest ammeter range that may be chosen; with the compliance in it, it is the only one."""
        fixed = setup.measure_range if setup.source == "V" else None
        return self.reach.amperes[0] if fixed is None else fixed

    def _put_out(self, channel: str, setup: SourceSetup, level: float) -> None:
        code = RANGE_CODES[setup.source_range] if setup.source == "V" else 0
        self.write(f"D{'V' if setup.source == 'V' else 'I'}{channel},{code},{level:.10G},{setup.compliance:.10G}")

    def _set_level(self, channel: str, level: float) -> None:
        """An output that is off is not told: to tell a level is to switch it on."""
        if channel in self._on:
            self._ensure_free()
            self._put_out(channel, self._on[channel], level)
            self.check_errors(f"setting the level of channel {channel}")

    def _switch_on(self, channel: str) -> None:
        self._ensure_free()
        setup = self._setups[channel]
        self._put_out(channel, setup, 0.0)
        self.check_errors(f"switching channel {channel} on")
        self._on[channel] = setup

    def _is_on(self, channel: str) -> bool:
        """As it was told: it cannot be asked."""
        return channel in self._on

    def _measure(self, channel: str, count: int) -> Readings:
        self._ensure_free()
        setup = self._setups[channel]
        self.write(self._integration(setup))
        rows = []
        for _ in range(count):
            volts, amperes = (self._triggered(f"T{q}{channel}", setup) for q in "VI")
            rows.append((time.monotonic(), volts, amperes))
        return self._as_readings(
            channel,
            np.array([when for when, _, _ in rows]),
            np.full(count, self._levels[channel]),
            [[volts for _, volts, _ in rows], [amperes for _, _, amperes in rows]],
        )

    def _integration(self, setup: SourceSetup) -> str:
        return f"IT4,0,0,{setup.nplc:g}"

    def _triggered(self, question: str, setup: SourceSetup) -> tuple[str, float]:
        answer = self.link.query(question, timeout=PATIENCE + 10 * self._measuring_time(setup.nplc))
        try:
            return read(answer)
        except ValueError as reason:
            raise InstrumentError(f"{self.name}: '{answer}' is no answer to {question}.") from reason

    def _as_readings(
        self, channel: str, times: NDArray[np.float64], levels: NDArray[np.float64],
        columns: Sequence[Sequence[tuple[str, float]]],
    ) -> Readings:  # fmt: skip
        """`columns`: volts and amperes, each with its letter."""
        volts, amperes = (np.array([value for _, value in column]) for column in columns)
        limited = np.array(["C" in (v, a) for (v, _), (a, _) in zip(*columns, strict=True)])
        if (lost := int((np.isnan(volts) | np.isnan(amperes)).sum())) > 0:
            self.warnings.append(f"{self._known(channel)}: {lost} readings lie beyond the measuring range (NaN).")
        return self._readings(channel, times, levels, (volts, amperes), limited)

    # Lists.

    def _load(self, channel: str, train: Train) -> None:
        """Nothing is sent before the start: the pages of the system mode are about all channels at once."""
        self._ensure_free()
        self._rows.pop(channel, None)
        if loaded := [n for n, other in self._loaded.items() if other.progress is Progress.LOADED]:
            raise PlanError(
                f"{self._known(channel)}: channel {loaded[0]} is loaded already, and one channel at a time steps through a "
                "list. Start that one first."
            )

    def _start(self, channels: Sequence[str]) -> None:
        (channel,) = channels
        for line in self._test(channel):
            self.write(line)
        self.check_errors("preparing a train")
        self.write("ME1")

    def _test(self, channel: str) -> list[str]:
        """The lines of a test in which `channel` steps through its list, and what else is on holds its level."""
        setup, train = self._setups[channel], self._loaded[channel].train
        held = sorted(self._on.keys() - {channel})
        others = sorted(self.channels.keys() - self._on.keys())
        delay = period_of(train)[0].seconds - self._measuring_time(setup.nplc)
        levels = ",".join(f"{level:.10G}" for level in (*levels_in_order(train), self._levels[channel]))
        return [
            "BC", "DE",
            *(f"CH{n}" for n in others),
            *(self._definition(n, _HOLDS) for n in held),
            self._definition(channel, _SWEEPS),
            "SS",
            f"{_letter(setup)}L{channel},1,{setup.compliance:.10G},{levels}",
            *(f"{_letter(s)}C{n},{self._levels[n]:.10G},{s.compliance:.10G}" for n in held for s in [self._on[n]]),
            "HT 0", f"DT {max(delay, 0.0):.6g}", self._integration(setup),
            *(f"ST {n},0" for n in (channel, *held)),
            "SM", "DM2", f"LI 'V{channel}','I{channel}'",
            *([] if setup.measure_range is None else [f"RI {channel},{setup.measure_range:g},{setup.compliance:.10G}"]),
            "MD",
        ]  # fmt: skip

    def _definition(self, channel: str, function: int) -> str:
        return f"CH{channel},'V{channel}','I{channel}',{_MODES[self._on[channel].source]},{function}"

    def _running(self) -> bool:
        """As the status byte says; at the end the readings are taken, and every output goes on in user mode."""
        if not int(self.status) & DATA_READY:
            if not int(self.status) & (BUSY | DATA_READY):
                self.check_errors("running a train")
                raise InstrumentError(f"{self.name}: the train has ended without readings.")
            return True
        self.check_errors("running a train")
        (channel,) = self._started
        self._rows[channel] = [self._column(name) for name in (f"V{channel}", f"I{channel}", f"CH{channel}T")]
        self.write("US")
        for n, setup in self._on.items():
            self._put_out(n, setup, self._levels[n])
        self.check_errors("returning from a train")
        return False

    def _column(self, name: str) -> list[tuple[str, float]]:
        answer = self.link.query(f"DO '{name}'", timeout=PATIENCE)
        try:
            return [read(field) for field in answer.split(",")]
        except ValueError as reason:
            raise InstrumentError(f"{self.name}: '{answer[:60]}' is no answer to DO '{name}'.") from reason

    def _fetch(self, channel: str, train: Train) -> Readings:
        wanted = [step.measured for step in period_of(train)] * len(train.levels)
        columns = self._rows[channel]
        if any(len(column) != len(wanted) + 1 for column in columns):
            raise InstrumentError(
                f"{self._known(channel)}: the train ended after {min(map(len, columns))} of {len(wanted) + 1} readings."
            )
        volts, amperes, times = (
            [row for row, asked in zip(column, wanted, strict=False) if asked] for column in columns
        )
        return self._as_readings(
            channel, np.array([value for _, value in times]), measured_levels(train), [volts, amperes]
        )


def _letter(setup: SourceSetup) -> str:
    return "V" if setup.source == "V" else "I"
