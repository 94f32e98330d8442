"""The two leads of a source-meter, a supply or a multimeter, and what they touch: nothing, a resistor, a memristor.

The device keeps its own state and moves along with the world's clock, whatever holds it.
"""

import math
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from neurorig.hardware.memristors import Reading, TwoTerminal
from neurorig.signals import LimitError

from .disturbances import Disturbed

if TYPE_CHECKING:
    from .world import World


HARMLESS = {"V": 0.03, "A": 1e-6}
"""What a source set to zero may still put out: an order of magnitude below the thresholds of memristors."""


@dataclass
class Resistor:
    """A plain resistor as a device under test; no state."""

    ohms: float
    seed: int = 0

    def apply(self, volts: float, seconds: float, *, compliance: float = math.inf) -> Reading:
        """Ohm's law, with no more than `compliance` amperes either way."""
        amperes = volts / self.ohms
        if abs(amperes) <= compliance:
            return Reading(volts, amperes, False)
        amperes = math.copysign(compliance, volts)
        return Reading(amperes * self.ohms, amperes, True)

    def force(self, amperes: float, seconds: float, *, compliance: float) -> Reading:
        """Ohm's law, with no more than `compliance` volts either way."""
        volts = amperes * self.ohms
        if abs(volts) <= compliance:
            return Reading(volts, amperes, False)
        volts = math.copysign(compliance, amperes)
        return Reading(volts, volts / self.ohms, True)


@dataclass(frozen=True)
class Held:
    """What a source puts on the leads: a level of volts or amperes, and the limit of the other quantity."""

    source: Literal["V", "A"]
    level: float
    compliance: float


class Leads(Disturbed):
    """Two leads with a resistance (ohm, of both together) to a device; None: they touch nothing.

    A source calls `hold` and `release`; whoever measures calls `mark`, lets the world's time pass, and takes the `mean`.
    Measured with four wires (`remote`), the voltage is that at the device and the leads drop nothing. Contact is broken
    by `release`: a device that is held by nobody stays as it is. `closed` is what the relay does, not what it was told.
    """

    def __init__(self, world: "World", device: TwoTerminal | None = None, *, resistance: float = 0.0) -> None:
        super().__init__()
        self.world, self.device, self.resistance = world, device, resistance
        self.remote = False
        self.held: Held | None = None
        self.hot_switched = 0
        """How often the relay was opened while a level beyond a source's own zero error was held: it can kill a memristor."""
        self.hot_closed = 0
        """How often the relay was closed upon such a level."""
        self.destroyed = ""
        """What killed the device; from then on the leads touch nothing."""
        self._volt_seconds = self._ampere_seconds = self._seconds = 0.0
        self._limited = False
        world.listen(self._pass)

    def hold(self, source: Literal["V", "A"], level: float, compliance: float) -> None:
        """Put a level on the leads from now on, limited to `compliance` of the other quantity. Stuck, it does not go to zero."""
        if self.held is None and abs(level) > HARMLESS[source]:
            self.hot_closed += 1
        if not (self.stuck and self.held is not None and level == 0.0):
            self.held = Held(source, level, compliance)

    @property
    def closed(self) -> bool:
        """Whether the leads are connected to the instrument."""
        return self.held is not None

    def release(self) -> None:
        """Open the relay: nothing flows, and nothing is held. A relay that is stuck stays closed."""
        if not self.stuck:
            if self.held is not None and abs(self.held.level) > HARMLESS[self.held.source]:
                self.hot_switched += 1
            self.held = None

    def mark(self) -> None:
        """Begin a measurement now."""
        self._volt_seconds = self._ampere_seconds = self._seconds = 0.0
        self._limited = False

    def mean(self) -> Reading:
        """Mean volts and amperes at the instrument since `mark`, and whether it was ever limited; now, if no time has passed."""
        if self._seconds == 0.0:
            return self.look(0.0)
        return Reading(self._volt_seconds / self._seconds, self._ampere_seconds / self._seconds, self._limited)

    def look(self, seconds: float = 0.0) -> Reading:
        """Volts and amperes at the instrument's terminals, `seconds` having passed for the device."""
        if self.held is None or not self.disturbances:
            return self._seen(self.held, seconds)
        added = {"V": 0.0, "A": 0.0}
        for disturbance in self.disturbances:
            added[disturbance.unit] += disturbance.mean(self.world.now - seconds, self.world.now)
        own = added.pop(self.held.source)  # of what is sourced, the level itself is off; of the other, what is measured
        seen = self._seen(replace(self.held, level=self.held.level + own), seconds)
        return seen._replace(volts=seen.volts + added.get("V", 0.0), amperes=seen.amperes + added.get("A", 0.0))

    def _seen(self, held: Held | None, seconds: float) -> Reading:
        if held is None:
            return Reading(0.0, 0.0, False)
        if self.device is None:
            return self._open(held)
        try:
            return self._at(self.device, held, seconds)
        except LimitError as reason:  # more than its model stands: what a real device would not survive
            self.device, self.destroyed = None, str(reason)
            print(
                f"The simulated device is destroyed, its leads are open from now on: {reason}",
                file=sys.stderr,
                flush=True,
            )
            return self._open(held)

    def _at(self, device: TwoTerminal, held: Held, seconds: float) -> Reading:
        """Volts and amperes with the leads on `device`."""
        leads = 0.0 if self.remote else self.resistance
        if held.source == "A":
            seen = device.force(held.level, seconds, compliance=held.compliance)
            return seen._replace(volts=seen.volts + seen.amperes * leads)
        if leads == 0.0:
            return device.apply(held.level, seconds, compliance=held.compliance)
        return self._through(device, leads, held, seconds)

    @staticmethod
    def _through(device: TwoTerminal, leads: float, held: Held, seconds: float) -> Reading:
        """A voltage behind the leads' resistance: what is left for the device after their drop, by its present conductance."""
        seen = device.apply(held.level, 0.0, compliance=held.compliance)
        ohms = seen.volts / seen.amperes if seen.amperes else math.inf
        share = 1.0 if ohms == math.inf else ohms / (ohms + leads)
        seen = device.apply(held.level * share, seconds, compliance=held.compliance)
        return seen._replace(volts=seen.volts + seen.amperes * leads)

    @staticmethod
    def _open(held: Held) -> Reading:
        """Nothing connected: a voltage stands there, a current runs into its compliance."""
        if held.source == "V":
            return Reading(held.level, 0.0, False)
        return Reading(math.copysign(held.compliance, held.level) if held.level else 0.0, 0.0, held.level != 0.0)

    def _pass(self, start: float, stop: float) -> None:
        seconds = stop - start
        seen = self.look(seconds)
        self._volt_seconds += seen.volts * seconds
        self._ampere_seconds += seen.amperes * seconds
        self._seconds += seconds
        self._limited = self._limited or seen.limited
