"""LabJack T7 and T7-Pro, from the *T-Series Datasheet*:

- 14 inputs, sampled one after the other, 100 kS/s together; with several inputs this holds for the range of 10 V only (3.2),
  so they get it all then, whatever would fit;
- the first is sampled 5 us after the clock, the others 15 us apart, or 8 us from 60 kS/s on (A-1-1);
- constants of each range of the fast converter, the widest first, in flash from 0x3C4000 on (20.0.1).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ..registers import count
from ..roles import ChannelSetup
from .labjack_t import LabJackInput, LabJackT

GROUND = 199


class LabJackT7Input(LabJackInput):
    """One analog input of a T7."""

    negative = count(
        "AIN{n}_NEGATIVE_CH", "41000+1*{n}", "UINT16", high=255, doc="Input that it is measured against; 199: ground."
    )


class LabJackT7(LabJackT):
    """LabJack T7 or T7-Pro: 14 inputs against ground, sampled one after the other. Fulfils the role `Digitizer`.

    Channels are named ``AIN0`` to ``AIN13``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "labjack_t7"
    input_class: ClassVar[type[LabJackInput]] = LabJackT7Input
    ranges: ClassVar[Mapping[float, float]] = {0.01: 0.01, 0.1: 0.1, 1.0: 1.0, 10.0: 10.0}
    buffer: ClassVar[int] = 32768
    fastest: ClassVar[float] = 100e3
    together: ClassVar[float] = 100e3

    def _delays(self, inputs: Sequence[str], rate: float) -> dict[str, float]:
        between = 8e-6 if len(inputs) * rate > 60e3 else 15e-6
        return {channel: 5e-6 + k * between for k, channel in enumerate(inputs)}

    def _fitting(self, setup: ChannelSetup, inputs: int) -> float:
        return super()._fitting(setup, inputs) if inputs == 1 else 10.0

    def _set_input(self, channel: LabJackInput, written: float) -> None:
        assert isinstance(channel, LabJackT7Input)
        channel.negative = GROUND
        super()._set_input(channel, written)

    def _constants_at(self, number: int, index: int) -> int:
        return 0x3C4000 + 16 * index
