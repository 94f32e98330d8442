"""LabJack T8, from the *T-Series Datasheet*:

- 8 isolated differential inputs, sampled all at once, 40 kS/s each (14.3.2, A-1); their ranges are those of A-3-3-3;
- constants of each input and range, the widest first, in flash from 0x687000 on behind 64 other bytes (20.0.2).
"""

from collections.abc import Mapping
from typing import ClassVar

from .labjack_t import LabJackInput, LabJackT


class LabJackT8Input(LabJackInput):
    """One isolated input of a T8."""


class LabJackT8(LabJackT):
    """LabJack T8: eight isolated inputs, sampled at the same time. Fulfils the role `Digitizer`.

    Channels are named ``AIN0`` to ``AIN7``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "labjack_t8"
    input_class: ClassVar[type[LabJackInput]] = LabJackT8Input
    ranges: ClassVar[Mapping[float, float]] = {
        0.018: 0.019, 0.036: 0.038, 0.075: 0.076, 0.15: 0.153, 0.3: 0.305, 0.6: 0.611, 1.2: 1.221, 2.4: 2.442, 4.8: 4.884,
        9.6: 9.768, 11.0: 11.0,
    }  # fmt: skip
    buffer: ClassVar[int] = 262144
    fastest: ClassVar[float] = 40e3

    def _constants_at(self, number: int, index: int) -> int:
        return 0x687000 + 64 + 16 * (len(self.ranges) * number + index)
