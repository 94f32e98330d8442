"""What the Arduino source tells of itself: single read-backs, spike time stamps, the stream.

From `hardware/firmware/PROTOCOL.md`, sections 4, 8 and 14.
"""

import random
from typing import TYPE_CHECKING

from .arduino_lines import Refused, block
from .arduino_machine import MOST_STAMPS, Machine
from .arduino_requests import integer, on, word
from .arduino_stream import MOST_SCANS

if TYPE_CHECKING:
    from ..world import World

SWITCH = word("ON", "OFF")


def within(value: int, low: int, high: int) -> int:
    """The value. Raises Refused(-222) if it is out of range."""
    if not low <= value <= high:
        raise Refused(-222)
    return value


class ReadBacks:
    """The requests of the source that only look."""

    def __init__(self, machine: Machine, world: "World", seed: int) -> None:
        self.machine, self.world = machine, world
        self._random = random.Random(seed)

    @on("MEAS:CURR?", integer, cost=2e-3)
    def _meas_curr(self, n: int) -> str:
        channel = self.machine.channels[within(n, 1, 2)]
        if not channel.enabled:
            return "0"
        code = channel.corrected(channel.code_now(self.world.now))
        nanoamperes = (self._convert(abs(code) / 4) * channel.full_scale + 512) // 1024
        return str(-nanoamperes if code < 0 else nanoamperes)

    @on("MEAS:VOLT?", integer, cost=2e-3)
    def _meas_volt(self, n: int) -> str:
        volts = self.machine.channels[within(n, 1, 2)].output.voltage()
        return str((self._convert(volts / 5 * 1024) * 5000 + 512) // 1024)

    def _convert(self, ideal: float) -> int:
        """One reading of the 10-bit converter, 0.3 counts of noise."""
        return round(min(1023.0, max(0.0, ideal + self._random.gauss(0, 0.3))))

    @on("SPIK:STAT", integer, SWITCH)
    def _spik(self, ch: int, switch: str) -> None:
        self.machine.spikes[within(ch, 1, 2)].on = switch == "ON"

    @on("SPIK:STAT?", integer)
    def _spik_query(self, ch: int) -> str:
        return "ON" if self.machine.spikes[within(ch, 1, 2)].on else "OFF"

    @on("SPIK:DATA?", integer, integer)
    def _spik_data(self, ch: int, most: int) -> bytes:
        return block(self.machine.spikes[within(ch, 1, 2)].fetch(within(most, 1, MOST_STAMPS)))

    @on("ADC:SCAN", integer, idle=True)
    def _scan(self, selection: int) -> None:
        self.machine.stream.must_be_off()
        self.machine.stream.selection = within(selection, 1, 15)

    @on("ADC:SCAN?")
    def _scan_query(self) -> str:
        return str(self.machine.stream.selection)

    @on("ADC:SLOT", integer, idle=True)
    def _slot(self, slots: int) -> None:
        self.machine.stream.must_be_off()
        self.machine.stream.slots = within(slots, 2, 8000)

    @on("ADC:SLOT?")
    def _slot_query(self) -> str:
        return str(self.machine.stream.slots)

    @on("ADC:STAT", SWITCH)
    def _adc(self, switch: str) -> None:
        if switch == "ON":
            self.machine.stream.start()
        else:
            self.machine.stream.stop()

    @on("ADC:STAT?")
    def _adc_query(self) -> str:
        return "ON" if self.machine.stream.on else "OFF"

    @on("ADC:DATA?", integer)
    def _adc_data(self, most: int) -> bytes:
        stream, most = self.machine.stream, within(most, 1, MOST_SCANS)
        if stream.on and len(stream.ring.kept) < stream.ring.room / 4:
            self.world.progress()  # who asks this soon is waiting
        return block(stream.ring.fetch(most))

    @on("ADC:T0?")
    def _adc_zero(self) -> str:
        return "{},{}".format(*self.machine.stream.zero)
