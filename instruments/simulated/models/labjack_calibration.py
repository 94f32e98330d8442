"""What the codes of a LabJack of the T series mean: ranges, constants of calibration, and the internal flash that holds them.

Sources (T-Series Datasheet): 20.0.1 T7 Calibration Constants (structure, address, nominal values of the +-10 V range),
20.0.2 T8 Calibration Constants (structure, address), A-3-3-3 T8 Signal Range, 14.3.0 and 14.3.2 Analog Inputs, 20.0
Internal Flash. LabJack's T7 stream example gives the conversion: above the centre (code - centre) times the positive slope,
below it (centre - code) times the negative one.

Assumed: the T7's ranges of +-1, 0.1 and 0.01 V have the slopes of +-10 V divided by 10, 100 and 1000; the T8's constants are
for the 16-bit codes of a stream, their centre is 32768 and the range fills the converter; a device differs from the nominal
constants by 0.05 % and ten codes, and from its own by 0.005 % of the range and of the reading.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 65535
"""Highest code of a stream; also what stands for a scan that was skipped."""


@dataclass(frozen=True)
class Constants:
    """Slopes (V a code) above and below the centre (a code), and the voltage of code 0."""

    positive: float
    negative: float
    center: float
    offset: float

    def volts(self, codes: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a driver makes of codes; of their shape."""
        above = codes - self.center
        return np.where(above < 0, -above * self.negative, above * self.positive)

    def codes(self, volts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Codes with their fractions, neither rounded nor cut; of the shape of `volts`."""
        slopes = np.where(volts < 0, -self.negative, self.positive)
        return volts / slopes + self.center

    def packed(self) -> bytes:
        """As in the flash (``Cal_Set``)."""
        return struct.pack(">4f", self.positive, self.negative, self.center, self.offset)

    @classmethod
    def stored(cls, positive: float, negative: float, center: float) -> "Constants":
        """Rounded as the flash rounds them."""
        return cls(*struct.unpack(">4f", cls(positive, negative, center, center * negative).packed()))


@dataclass(frozen=True)
class Input:
    """One input in one range: its constants, and how far the device is off them since it was calibrated."""

    constants: Constants
    full_scale: float
    gain: float
    zero: float

    def codes(self, volts: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Digitise; shape of `volts`."""
        codes = self.constants.codes(volts * self.gain + self.zero)
        return np.clip(np.rint(codes, out=codes), 0, TOP, out=codes).astype(np.uint16)


Inputs = Mapping[tuple[int, float], Input]
"""By channel and name of the range."""
T7_RANGES: Mapping[float, float] = {10.0: 10.0, 1.0: 1.0, 0.1: 0.1, 0.01: 0.01}
T8_RANGES: Mapping[float, float] = {
    11.0: 11.3, 9.6: 9.768, 4.8: 4.884, 2.4: 2.442, 1.2: 1.221, 0.6: 0.611, 0.3: 0.305, 0.15: 0.153, 0.075: 0.076,
    0.036: 0.038, 0.018: 0.019,
}  # fmt: skip
"""Volts at the ends by the name of the range; that of 11 V ends between 11 and 11.3 V."""
T7_FLASH, T8_FLASH = 0x3C4000, 0x687000
_T7_SLOPES, _T7_CENTER = (3.1580578e-4, -3.1580580e-4), 33523.0
_SPREAD, _SPREAD_CODES, _OFF = 5e-4, 10.0, 5e-5


def _input(slopes: tuple[float, float], center: float, full_scale: float, rng: np.random.Generator) -> Input:
    spread = 1 + _SPREAD * rng.uniform(-1, 1)
    center += _SPREAD_CODES * rng.uniform(-1, 1)
    constants = Constants.stored(slopes[0] * spread, slopes[1] * spread, center)
    return Input(constants, full_scale, 1 + _OFF * rng.uniform(-1, 1), _OFF * full_scale * rng.uniform(-1, 1))


def t7_inputs(rng: np.random.Generator) -> Inputs:
    """One converter behind a multiplexer: all channels are alike."""
    each = {
        name: _input((_T7_SLOPES[0] * name / 10, _T7_SLOPES[1] * name / 10), _T7_CENTER, name, rng)
        for name in T7_RANGES
    }
    return {(channel, name): found for channel in range(14) for name, found in each.items()}


def t8_inputs(rng: np.random.Generator) -> Inputs:
    """Each input has its own converter."""
    return {
        (channel, name): _input((volts / 32768, -volts / 32768), 32768.0, volts, rng)
        for channel in range(8)
        for name, volts in T8_RANGES.items()
    }


def t7_flash(inputs: Inputs) -> bytes:
    """164 bytes: high-speed and (of the Pro) high-resolution converter, outputs, temperature, current sources."""
    high_speed = b"".join(inputs[0, name].constants.packed() for name in T7_RANGES)
    others = (13200.0, 0.0, 13200.0, 0.0, -92.6, 467.6, 10e-6, 200e-6, 15e-9)
    return high_speed + bytes(len(high_speed)) + struct.pack(">9f", *others)


def t8_flash(inputs: Inputs) -> bytes:
    """1668 bytes, of which only the constants of the analog inputs mean something here."""
    analog = b"".join(inputs[channel, name].constants.packed() for channel in range(8) for name in T8_RANGES)
    return bytes(64) + analog + bytes(1668 - 64 - len(analog))
