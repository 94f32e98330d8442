"""The SMUs of a simulated Keithley 4200A, the commands that all pages share, and the user mode (page US)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..leads import Leads
from ..source_measure import Job, Quantity, Work
from .keithley_4200a_language import Kxci, KxciError, does, number, whole
from .keithley_4200a_ranges import AMPERE_CODES, MOST_AMPERES, MOST_VOLTS, VOLT_CODES, amperes_at
from .keithley_4200a_smu import TIMINGS, Smu, Timing, Value

if TYPE_CHECKING:
    from ..world import World

CHANNELS = (1, 2, 3, 4)
PATIENCE = 3600.0
"""Seconds of the world after which a reading is given up."""
DATA_READY, SYNTAX_ERROR, BUSY, SERVICE = 0x01, 0x02, 0x10, 0x40
"""Bits of the status byte (4200A-901-01 Rev. C page 9-45 names data ready and service)."""
MOST: dict[Quantity, float] = {"V": MOST_VOLTS, "A": MOST_AMPERES}
OTHER: dict[Quantity, Quantity] = {"V": "A", "A": "V"}
REMOTE_MODULES = ("PMU1-1", "PMU1-2")
"""The remote modules that SMU1 and SMU2 share with the pulse card's channels; SMU3 and SMU4 go straight to their leads."""
PULSE_PATH, SMU_PATH = 0, 2


def channel(text: str) -> int:
    """The number of an SMU. Raises KxciError."""
    return whole(text, 1, len(CHANNELS))


def within_power(quantity: Quantity, level: float, limit: float) -> None:
    """Raise KxciError if the SMU cannot give so much current at such a voltage."""
    volts, amperes = (level, limit) if quantity == "V" else (limit, level)
    if abs(amperes) > amperes_at(volts) * (1 + 1e-9):
        raise KxciError(f"{abs(amperes):g} A is beyond the {amperes_at(volts):g} A that go with {abs(volts):g} V")


class Units(Kxci):
    """Four SMUs with preamplifiers, two of them behind remote modules."""

    def __init__(self, world: "World", leads: Mapping[str, Leads], serial: str, random: np.random.Generator) -> None:
        super().__init__(world)
        self.identity = f"KEITHLEY INSTRUMENTS,KI4200A,{serial},V1.14"
        self.leads = {n: leads.get(str(n)) or Leads(world) for n in CHANNELS}
        self.nowhere = Leads(world)
        self.paths = dict.fromkeys((1, 2), SMU_PATH)
        self.smus = {n: Smu(self.leads[n], random) for n in CHANNELS}
        self.test: Job | None = None
        self.data_ready = self.service_enabled = False
        self.emulates_4145 = False
        self.reset()

    def reset(self) -> None:
        """Every test stopped, every output off, settings as after power-up; errors and the remote modules stay."""
        self.stop()
        for smu in self.smus.values():
            smu.reset()
        self.timing: Timing = TIMINGS[2]
        self.digits = 5
        self.mapped: dict[int, tuple[str, int]] = {n: ("SMU", n) for n in CHANNELS}
        self.data_ready = self.service_enabled = False

    def power_cycle(self) -> None:
        """Switched off and on again: nothing is put out, the last error is forgotten, the SMUs have their leads."""
        self.reset()
        for module in REMOTE_MODULES:
            self.route(module, SMU_PATH)
        self.page = self.last_error = ""
        self.syntax_error = False

    def running(self) -> bool:
        """Whether a test is going on."""
        return self.test is not None and self.test.running

    def stop(self) -> None:
        """End the test where it stands."""
        if self.test is not None:
            self.test.stop()

    def shown(self, value: Value) -> str:
        """A reading behind the letter of its status: ``N 1.2340E-06``."""
        return f"{value.letter}{value.value: .{self.digits - 1}E}"

    def letter(self, smu: Smu, *, limited: bool, overflow: bool) -> str:
        """The status of a reading of one SMU (page 9-52)."""
        if overflow:
            return "V"
        if limited:
            return "C"
        return "T" if any(other.limited for other in self.smus.values() if other is not smu) else "N"

    def route(self, module: str, path: int) -> None:
        """Put a remote module's output behind the pulse card or the SMU: the relay opens first."""
        if module.upper() not in REMOTE_MODULES:
            raise KxciError(f"There is no remote module {module[:40]!a}")
        place = REMOTE_MODULES.index(module.upper()) + 1
        if path != self.paths[place]:
            self.paths[place] = path
            self.smus[place].terminals.open()  # whatever level is held
            self.smus[place].off()
            self.smus[place].terminals.leads = self.leads[place] if path == SMU_PATH else self.nowhere

    # what all pages share

    @does("*IDN?", always=True)
    def _identity(self) -> str:
        return self.identity

    @does("*OPT?", always=True)
    def _options(self) -> str:
        return ",".join((*(f"SMUPA{n}" for n in CHANNELS), *(f"PMU1RPM{module[3:]}" for module in REMOTE_MODULES)))

    @does("ID", always=True)
    def _id(self) -> str:
        return "HP4145B 1.1,1.0" if self.emulates_4145 else "KI4200A V1.14"

    @does("*RST", always=True)
    def _reset(self) -> None:
        self.reset()

    @does("SP", always=True)
    def _status_byte(self) -> str:
        self.world.progress()
        byte = DATA_READY * self.data_ready + SYNTAX_ERROR * self.syntax_error + BUSY * self.running()
        self.syntax_error = False
        return str(byte + SERVICE * (self.data_ready and self.service_enabled))

    @does("DR")
    def _enable_service(self, on: str) -> None:
        self.service_enabled = bool(whole(on, 0, 1))

    @does("EM")
    def _emulate(self, mode: str, kept: str) -> None:
        whole(kept, 0, 1)
        self.emulates_4145 = whole(mode, 0, 1) == 0

    @does("IT")
    def _integration(self, kind: str, delay: str = "", filter_: str = "", periods: str = "") -> None:
        which = whole(kind, 1, 4)
        if (which == 4) != bool(periods) or (delay and not periods):
            raise KxciError("Illegal number of parameters")
        if which < 4:
            self.timing = TIMINGS[which]
        else:
            factors = number(delay, 0.0, 100.0), number(filter_, 0.0, 100.0)
            self.timing = Timing(number(periods, 0.01, 10.0), *factors)

    @does("RS")
    def _resolution(self, digits: str) -> None:
        self.digits = whole(digits, 3, 7)

    @does("RG")
    def _lowest_range(self, which: str, amperes: str) -> None:
        smu = self.smus[channel(which)]
        smu.lowest = smu.terminals.meters["A"].named(number(amperes, 1e-12, 0.1)).full_scale

    @does("RI")
    def _go_to_amperes(self, which: str, amperes: str, compliance: str) -> None:
        number(compliance, -MOST_AMPERES, MOST_AMPERES)
        self.smus[channel(which)].change_range("A", number(amperes, 1e-12, 0.1))

    @does("RV")
    def _go_to_volts(self, which: str, volts: str) -> None:
        self.smus[channel(which)].change_range("V", number(volts, 0.2, 200.0))

    @does("RP", ":PMU:RPM:CONFIGURE")
    def _route(self, module: str, path: str) -> None:
        self.route(module, whole(path, 0, 3))

    # user mode

    @does("MP", page="US")
    def _map(self, which: str, function: str) -> None:
        kind, place = function[:-1].upper(), whole(function[-1:], 1, 9)
        if kind not in ("SMU", "VS", "VM"):
            raise KxciError(f"Illegal function {function[:40]!a}")
        where = channel(which)
        self.smus[where].off()
        self.mapped[where] = (kind, place)

    def unit(self, kind: str, text: str) -> Smu:
        """The SMU that has been mapped to a function. Raises KxciError."""
        place = whole(text, 1, 9)
        for where, function in self.mapped.items():
            if function == (kind, place):
                return self.smus[where]
        raise KxciError(f"There is no {kind}{place}")

    @does("DV", page="US")
    def _volts(self, which: str, *told: str) -> None:
        self._direct("V", self.unit("SMU", which), VOLT_CODES, told)

    @does("DI", page="US")
    def _amperes(self, which: str, *told: str) -> None:
        self._direct("A", self.unit("SMU", which), AMPERE_CODES, told)

    @does("DS", page="US")
    def _voltage_source(self, which: str, level: str = "") -> None:
        smu = self.unit("VS", which)
        if level:
            volts = number(level, -MOST_VOLTS, MOST_VOLTS)
            smu.source("V", volts, amperes_at(volts))
        else:
            smu.off()

    @staticmethod
    def _direct(quantity: Quantity, smu: Smu, codes: Mapping[int, float], told: tuple[str, ...]) -> None:
        if not told:
            smu.off()
            return
        if len(told) != 3:
            raise KxciError("Illegal number of parameters")
        code, level, compliance = told
        which = whole(code, 0, max(codes))
        if which not in (0, *codes):
            raise KxciError(f"There is no range {which}")
        full_scale = codes.get(which, 0.0)
        value = number(level, -MOST[quantity], MOST[quantity])
        limit = abs(number(compliance, -MOST[OTHER[quantity]], MOST[OTHER[quantity]]))
        if full_scale and abs(value) > 1.05 * full_scale * (1 + 1e-9):
            raise KxciError(f"{value:g} {quantity} is beyond the range of {full_scale:g} {quantity}")
        within_power(quantity, value, limit)
        smu.source(quantity, value, limit, full_scale)

    @does("TI", page="US")
    def _read_amperes(self, which: str) -> str:
        place = whole(which, 1, 9)
        return self._reading(self.unit("SMU", which), "A", chr(ord("A") + place - 1) + "I")

    @does("TV", page="US")
    def _read_volts(self, which: str) -> str:
        place = whole(which, 1, 16)
        if place in (5, 6):  # the voltage monitors' own numbers (page 9-53)
            return self._reading(self.unit("VM", str(place - 4)), "V", "EF"[place - 5] + "V")
        kind = "VS" if ("VS", place) in self.mapped.values() else "SMU"
        return self._reading(self.unit(kind, which), "V", chr(ord("A") + place - 1) + "V")

    def _reading(self, smu: Smu, quantity: Quantity, where: str) -> str:
        values: list[Value] = []

        def work() -> Work:
            seen = (yield from smu.read(quantity, self.timing))[quantity]
            values.append(Value(self.letter(smu, limited=seen.limited and smu.on, overflow=seen.overflow), seen.value))

        Job(self.world, work()).wait(PATIENCE)
        shown = self.shown(values[0])
        return shown[0] + where + shown[1:]
