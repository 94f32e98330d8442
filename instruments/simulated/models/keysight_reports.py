"""What a simulated Keysight DSO-X 3024T tells of a whole subsystem at once, and its setup as one block.

The answers of ``:CHANnel<n>?``, ``:TIMebase?``, ``:TRIGger?`` and ``:ACQuire?`` have the fields and the order of those that
drivers for this family quote from the guide. They are messages that set what they tell; a setup (``:SYSTem:SETup``, whose
bytes the guide does not explain) is made of them (assumed).
"""

from ..arguments import ScpiError, block, choice
from ..device import Block, Settings
from ..grammar import on
from .keysight_screen import KeysightScreen
from .keysight_setup import CHANNELS, nr3

TRUE = {True: "1", False: "0"}


class KeysightReports(KeysightScreen):
    """Answers that are messages."""

    signal_type = Settings(
        ":CHANnel<1-4>:PROBe:STYPe", choice("SINGle", "DIFFerential"), dict.fromkeys(CHANNELS, "SING")
    )

    @on(":CHANnel<1-4>?")
    def _channel_report(self, channel: int) -> str:
        n = channel
        return (
            f":CHAN{n}:RANG {nr3(self.scale[n] * 8)};OFFS {nr3(self.offset[n])};COUP {self.coupling[n]};"
            f"IMP {self.impedance[n]};DISP {TRUE[self.display[n]]};BWL {TRUE[self.bandwidth_limit[n]]};"
            f'INV {TRUE[self.invert[n]]};LAB "{self.label[n]}";UNIT {self.units[n]};PROB {nr3(self.probe[n])};'
            f"PROB:SKEW {nr3(self.skew[n])};STYP {self.signal_type[n]}"
        )

    @on(":TIMebase?")
    def _timebase_report(self) -> str:
        return (
            f":TIM:MODE {self.timebase_mode};REF {self.reference};MAIN:RANG {nr3(self.span)};POS {nr3(self.position)}"
        )

    @on(":TRIGger?")
    def _trigger_report(self) -> str:
        level = nr3(self.levels.get(self.trigger_source, 0.0))
        return (
            f":TRIG:MODE {self.trigger_mode};SWE {self.sweep};NREJ {TRUE[self.noise_reject]};"
            f"HFR {TRUE[self.high_frequency]};HOLD {nr3(self.holdoff)};:TRIG:EDGE:SOUR {self.trigger_source};LEV {level};"
            f"SLOP {self.slope};REJ {self.reject};COUP {self.trigger_coupling}"
        )

    @on(":ACQuire?")
    def _acquire_report(self) -> str:
        return (
            f":ACQ:MODE {self.acquisition_mode};TYPE {self.acquisition_type};COMP {self.completeness};"
            f"COUNT {self.averages};SEGM:COUN {self.segments}"
        )

    @on(":SYSTem:SETup?", cost=0.5)
    def _setup(self) -> Block:
        probes = [f":CHAN{n}:PROB {nr3(self.probe[n])}" for n in CHANNELS]  # first: ranges go with them
        channels = [self._channel_report(n) for n in CHANNELS]
        parts = (*probes, *channels, self._timebase_report(), self._trigger_report(), self._acquire_report())
        return Block(";".join(parts).encode("latin-1"), 8)

    @on(":SYSTem:SETup", block, cost=0.5)
    def _set_up(self, setup: bytes) -> None:
        text = setup.decode("latin-1")
        if not text.startswith(":CHAN1:PROB "):
            raise ScpiError(-161)
        self.reset()
        for step in self._tree.parse(text):
            self._do(step)

    @on(":SYSTem:PRESet")
    def _preset(self) -> None:
        self.reset()
