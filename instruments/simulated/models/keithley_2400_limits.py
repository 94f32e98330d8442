"""What a simulated Keithley 2400 refuses: each check gives the value to keep (2400S-900-01 Rev. K pages 6-2, 18-62, 18-68)."""

from typing import TYPE_CHECKING

import numpy as np

from ..arguments import Kind, choice, string
from ..source_measure import HEADROOM
from .keithley_2400_states import OTHER, QUANTITIES, num
from .keithley_2400_status import error

if TYPE_CHECKING:
    from .keithley_2400_setup import KeithleySetup

LOWEST_LIMIT = {"VOLT": 200e-6, "CURR": 1e-9}
PROTECTIONS = (20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 160.0)


def both(volts: float, amperes: float) -> dict[str, Kind[float]]:
    """Numbers within what the instrument has, with these defaults."""
    return {"VOLT": num("V", -210, 210, volts), "CURR": num("A", -1.05, 1.05, amperes)}


LEVELS = both(0, 0)


def check_level(device: "KeithleySetup", function: str, level: float) -> float:
    """Within a fixed range and the power that there is."""
    state = device.sources[function]
    if not state.auto and abs(level) > state.range * (HEADROOM + 1e-9):
        raise error(-222)
    device.check_power(function, device.terminals.sources[QUANTITIES[function]].of(level).full_scale)
    return level


def check_source_range(device: "KeithleySetup", function: str, wanted: float) -> float:
    """The range that carries a level; autorange goes off."""
    found = device.terminals.sources[QUANTITIES[function]].of(wanted).full_scale
    device.check_power(function, found)
    state = device.sources[function]
    state.auto = False
    if abs(state.level) > found * (HEADROOM + 1e-9):
        state.level = float(np.copysign(found * HEADROOM, state.level))
    return found


def check_limit(device: "KeithleySetup", function: str, limit: float) -> float:
    """A compliance: not below 0.1 % of a fixed measurement range, not above the power limit."""
    sense, limit = device.senses[function], abs(limit)
    if limit < LOWEST_LIMIT[function]:
        raise error(-222)
    if not sense.auto and limit < 1e-3 * sense.range:
        raise error(822)
    source = device.present_range(OTHER[function]).full_scale
    if device.function == OTHER[function] and limit > device.largest_limit(OTHER[function], source) * (1 + 1e-9):
        raise error(826)
    return limit


def check_sense_range(device: "KeithleySetup", function: str, wanted: float) -> float:
    """The range that carries a reading, with what it goes beyond its full scale; autorange goes off."""
    sense = device.senses[function]
    if function == "RES":
        sense.auto = False
        return HEADROOM * next(r for r in OHMS if abs(wanted) <= r * (HEADROOM + 1e-9))
    if function == device.function:
        raise error(823)
    scale = device.terminals.meters[QUANTITIES[function]]
    found = scale.of(wanted)
    if found.full_scale > scale.of(sense.limit).full_scale:
        raise error(824)
    if sense.limit < 1e-3 * found.full_scale:
        raise error(822)
    sense.auto = False
    return found.full_scale * HEADROOM


def check_auto(device: "KeithleySetup", function: str, state: bool) -> bool:
    """No autorange for what is sourced."""
    if function == device.function and state:
        raise error(823)
    return state


def check_protection(device: "KeithleySetup", function: str, volts: float) -> float:
    """The next protection level."""
    return next((step for step in PROTECTIONS if abs(volts) <= step), 210.0)


OHMS = (20.0, 200.0, 2e3, 20e3, 200e3, 2e6, 20e6, 200e6)
_names = choice("VOLTage", "CURRent", "RESistance")


def _function_name(text: str) -> str:
    return _names.read(string.read(text).upper().removesuffix(":DC"))


function_name: Kind[str] = Kind(_function_name, lambda name: name)
SHOWN = {"VOLT": '"VOLT:DC"', "CURR": '"CURR:DC"', "RES": '"RES"'}
