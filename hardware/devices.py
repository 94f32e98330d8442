"""Device sets: calibrated thyristors to put on any board, and draws from the population that was measured.

`devices.toml` holds the sets with their sources. Devices differ: all their currents by one factor, their threshold by
another (35 devices measured by H. Du); resistors and capacitors differ by their tolerance.
"""

import math
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError

from neurorig.signals import AS_WRITTEN, ConfigError, Number, nearest

from .board import Board
from .parts import Neuron, NeuronCalibration, NeuronComponents, NeuronRest, Part
from .seeds import checked_count, checked_seed

SORTED_OUT = 2.5
"""Standard deviations beyond which a part is not drawn: nobody would have put it on a board."""


class Device(Part):
    """A calibrated thyristor with the components it was fitted with, all in SI units.

    `chart_ripple` is the relative slow ripple of the current while its f(I) chart was taken (see `firing_rate`).
    """

    title: str
    components: NeuronComponents
    calibration: NeuronCalibration
    chart_ripple: Annotated[Number, Field(ge=0, lt=1)] = 0.0

    @property
    def neuron(self) -> Neuron:
        """The device as a neuron of its own, with the components of its fit, at rest at 0 V."""
        return Neuron(
            title=self.title,
            components=self.components,
            fitted_with=self.components,
            calibration=self.calibration,
            at_rest=NeuronRest(v_m=0.0),
        )


class Population(Part):
    """How devices differ from the device `like`: medians relative to it, and standard deviations of the logarithm.

    `current` scales I1, I_off, I_H and I_max together; `voltage` scales V_th - V_F.
    """

    source: str
    like: str
    current_median: Number
    current_sd: Number
    voltage_median: Number
    voltage_sd: Number


@dataclass(frozen=True)
class Mismatch:
    """Relative standard deviations between parts of the same kind and value.

    `current` and `voltage` as in `Population`; `resistor` 1 %; capacitors 5 %, from 1 uF on 10 %.
    """

    current: float
    voltage: float
    resistor: float = 0.01
    capacitor: float = 0.05
    large_capacitor: float = 0.10

    def of(self, component: str, value: float) -> float:
        """That of a component such as ``R_W`` or ``C_s`` with its value in SI units."""
        if component.startswith("R"):
            return self.resistor
        return self.capacitor if value < 1e-6 else self.large_capacitor


def list_devices() -> list[str]:
    """Names of the device sets, sorted."""
    return sorted(_read()[0])


def load_device(name: str) -> Device:
    """Give a device set by name. Raises ConfigError, with the nearest name, if there is none."""
    devices = _read()[0]
    if name not in devices:
        raise ConfigError(f"There is no device '{name}'.{nearest(name, devices)}")
    return devices[name]


def population() -> Population:
    """The population of 35 measured devices."""
    return _read()[1]


def mismatch() -> Mismatch:
    """That of the measured population, with components of common tolerance."""
    drawn = population()
    return Mismatch(current=drawn.current_sd, voltage=drawn.voltage_sd)


def with_devices(board: Board, devices: Mapping[str, str | Device]) -> Board:
    """Give the board with other thyristors, such as ``{"n1": "M"}``; its components stay as they are.

    Raises ConfigError for an unknown neuron or device, or for a device with which the board cannot work.
    """
    found = {key: load_device(d) if isinstance(d, str) else d for key, d in devices.items()}
    return _with_neurons(
        board,
        {key: {"calibration": d.calibration.model_dump(), "fitted_with": d.components} for key, d in found.items()},
    )


def draw_device(rng: np.random.Generator) -> Device:
    """Draw one device from the measured population."""
    drawn = population()
    median = load_device(drawn.like)
    current = drawn.current_median * _factor(rng, drawn.current_sd)
    voltage = drawn.voltage_median * _factor(rng, drawn.voltage_sd)
    return median.model_copy(
        update={"title": "Drawn from the population", "calibration": scaled(median.calibration, current, voltage)}
    )


def draw_devices(count: int, seed: int) -> list[Device]:
    """Draw `count` devices; the first k are the same whatever `count` is.

    Raises ConfigError for a count or a seed that is no whole number from 0 on.
    """
    count = checked_count(count, "count", 0, "a number of devices is a whole number from 0 on")
    rng = np.random.default_rng(checked_seed(seed))
    return [draw_device(rng) for _ in range(count)]


def draw_board(board: Board, seed: int, spread: Mismatch | None = None) -> Board:
    """Build the board once more: every thyristor and every component of it differs by its mismatch.

    The calibrated device of each neuron is taken as the median. Each part has a stream of its own, so that a board with
    one more synapse has the same neurons. R_m stays: its spread is part of that of the device, with which it was
    measured. `spread`: that of `mismatch()` if not given. Raises ConfigError if the drawn board could not work, and for a
    seed that is no whole number from 0 on.
    """
    seed = checked_seed(seed)
    spread = spread or mismatch()
    neurons = {}
    for key, neuron in board.neurons.items():
        rng = _stream(seed, key)
        current, voltage = _factor(rng, spread.current), _factor(rng, spread.voltage)
        neurons[key] = {"calibration": scaled(neuron.calibration, current, voltage).model_dump()}
    components = {
        name: value * _factor(_stream(seed, name), spread.of(name.split(".")[1], value))
        for name, value in board.components.items()
        if value is not None and not name.endswith(".R_m")
    }
    return _with_neurons(board, neurons).with_components(components)


def scaled(device: NeuronCalibration, current: float, voltage: float) -> NeuronCalibration:
    """A device with all currents times `current` and V_th - V_F times `voltage`; the leak keeps its shape."""
    threshold = device.V_F + voltage * (device.V_th - device.V_F)
    stretch = (threshold - device.V0) / (device.V_th - device.V0)
    corners = {name: getattr(device, name) for name in ("V1", "V2")}
    moved = {name: device.V0 + stretch * (v - device.V0) for name, v in corners.items() if v is not None}
    return device.model_copy(update={"scale": current * device.scale, "V_th": threshold, **moved})


def _with_neurons(board: Board, changes: Mapping[str, Mapping[str, object]]) -> Board:
    data = board.model_dump()
    for key, change in changes.items():
        if key not in data["neurons"]:
            raise ConfigError(f"board '{board.name}' has no neuron '{key}'.{nearest(key, board.neurons)}")
        data["neurons"][key] |= change
    try:
        return Board.model_validate(data)
    except ValidationError as reason:
        told = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in reason.errors()[:3])
        raise ConfigError(f"board '{board.name}' cannot work with these devices: {told}.") from reason


def _factor(rng: np.random.Generator, sd: float) -> float:
    """A lognormal factor with median 1."""
    while abs(z := float(rng.standard_normal())) > SORTED_OUT:
        pass
    return math.exp(sd * z)


def _stream(seed: int, part: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


@cache
def _read() -> tuple[dict[str, Device], Population]:
    path = Path(__file__).with_name("devices.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    devices = {k: Device.model_validate(v, context=AS_WRITTEN) for k, v in data["devices"].items()}
    return devices, Population.model_validate(data["population"], context=AS_WRITTEN)
