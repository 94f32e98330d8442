"""How one channel of a Rigol DS1000Z can be set: probe ratios, volts a division, offsets, trigger levels. No input or output."""

from neurorig.signals import LimitError, show

from ..roles import ChannelSetup

SCREEN = 8  # vertical divisions that are surely digitised; the 256 codes reach a little further
PROBES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SCALES = tuple(m * 10.0**e for e in range(-3, 2) for m in (1, 2, 5))[:13]  # 1 mV to 10 V a division, probe 1X


def fit_screen(setup: ChannelSetup) -> tuple[float, float]:
    """Scale and offset (volts at the tip) that put [low, high] in the middle of the screen. Raises LimitError."""
    if setup.attenuation not in PROBES:
        raise LimitError(
            f"no probe attenuation {setup.attenuation:g}; it is one of {', '.join(f'{p:g}' for p in PROBES)}."
        )
    if not setup.low < setup.high:
        raise LimitError(f"the range {show(setup.low, 'V')} .. {show(setup.high, 'V')} is empty.")
    middle = (setup.low + setup.high) / 2
    for base in SCALES:
        scale = base * setup.attenuation
        # 1X probe: +-100 V from 500 mV a division on, +-2 V below (:CHANnel<n>:OFFSet)
        furthest = (100 if base >= 0.5 else 2) * setup.attenuation
        if SCREEN * scale >= (setup.high - setup.low) * (1 - 1e-9) and abs(middle) <= furthest:
            return scale, -round(middle * 50 / scale) * scale / 50 + 0.0
    raise LimitError(
        f"{show(setup.low, 'V')} .. {show(setup.high, 'V')} does not fit "
        f"{show(SCREEN * SCALES[-1] * setup.attenuation, 'V')}, the whole screen with a probe "
        f"{setup.attenuation:g}X. Use a probe with more attenuation."
    )


def check_level(level: float, scale: float, offset: float) -> None:
    """Five divisions up and down from the screen's middle (``:TRIGger:EDGe:LEVel``). Raises LimitError."""
    low, high = -5 * scale - offset, 5 * scale - offset
    if not low <= level <= high:
        raise LimitError(
            f"trigger level {show(level, 'V')} lies outside {show(low, 'V')} .. {show(high, 'V')}, what its scale and "
            "offset allow."
        )
