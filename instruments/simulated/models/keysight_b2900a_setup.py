"""How a simulated Keysight B2902A is set up: source, sense, output, layers of the trigger model.

B2910-90030: source pages 4-93 to 4-108, sense 4-73 to 4-91; B2961-90030: output page 4-67. What is assumed: see
`keysight_b2900a`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import Kind, ScpiError, boolean, choice, extreme_of, integer, number, string
from ..grammar import Command, make_command, on
from ..leads import Leads
from .keysight_b2900a_channel import Channel, Row
from .keysight_b2900a_commands import (
    ACTIONS,
    BOTH,
    SENSED_WORDS,
    Each,
    count_or_infinite,
    each_function,
    nr3,
    num,
)
from .keysight_b2900a_ranges import MOST_PULSED, MOST_VOLTS
from .keysight_b2900a_settings import MOST_POINTS
from .keysight_b2900a_status import KeysightStatus
from .keysight_b2900a_trigger import Layer, Trigger

if TYPE_CHECKING:
    from ..world import World

SOURCE = "[:SOURce<1-2>]"
SENSE = ":SENSe<1-2>"
INFINITE_COUNT = 2147483647
LONGEST = 1e5
SHORTEST_INTERVAL = 20e-6
RESOLUTION = 1e-6
FUNCTIONS = {"VOLT": "V", "CURR": "A", "RES": "R"}

levels = {
    "V": num("V", -MOST_VOLTS, MOST_VOLTS, 0.0),
    "A": num("A", -MOST_PULSED, MOST_PULSED, 0.0),
}
source_ranges = {"V": num("V", 0.2, 200.0, 0.2), "A": num("A", 100e-9, 10.0, 1e-6)}
sense_ranges = {"V": num("V", 0.2, 200.0, 2.0), "A": num("A", 100e-9, 10.0, 1e-6)}
lowest_sensed = {"V": num("V", 0.2, 200.0, 0.2), "A": num("A", 100e-9, 10.0, 1e-6)}
limits = {"V": num("V", 2e-3, MOST_VOLTS, 2.0), "A": num("A", 1e-9, MOST_PULSED, 100e-6)}
seconds = num("s", 0.0, LONGEST, 0.0)
how_many = integer(1, MOST_POINTS, 1)
source_words = choice("VOLTage", "CURRent")
source_function: Kind[str] = Kind(
    lambda text: FUNCTIONS[source_words.read(string.read(text))], lambda f: {"V": "VOLT", "A": "CURR"}[f]
)


def _function_names(text: str) -> set[str]:
    name = string.read(text).upper().removesuffix(":DC")
    return {FUNCTIONS[choice("VOLTage", "CURRent", "RESistance").read(name)]}


def _told(names: set[str]) -> str:
    return ",".join(f'"{word}"' for word, function in FUNCTIONS.items() if function in names)


sense_functions: Kind[set[str]] = Kind(_function_names, _told)


def _on_timer(device: Any, channel: Channel, function: str, value: float) -> float:
    return round(value / RESOLUTION) * RESOLUTION


def _level(device: Any, channel: Channel, function: str, value: float) -> float:
    return channel.reachable(function, value)


def _source_range(device: Any, channel: Channel, function: str, value: float) -> float:
    found = channel.terminals.sources["V" if function == "V" else "A"].named(value).full_scale
    state = channel.settings.source[function]
    state.auto = False
    return found


def _sense_range(device: Any, channel: Channel, function: str, value: float) -> float:
    channel.settings.sense[function].auto = False
    return channel.terminals.meters["V" if function == "V" else "A"].named(value).full_scale


def _lowest(device: Any, channel: Channel, function: str, value: float) -> float:
    return channel.terminals.meters["V" if function == "V" else "A"].named(value).full_scale


def _list_start(device: Any, channel: Channel, function: str, value: int) -> int:
    if value > len(channel.settings.source[function].levels):
        raise ScpiError(-222)
    return value


def _low(device: Any, channel: Channel, function: str, value: str) -> str:
    if channel.output:
        raise ScpiError(211)
    return value


def _capacitance(device: Any, channel: Channel, function: str, value: bool) -> bool:
    if channel.output:
        raise ScpiError(213)
    return value


def _of_source(pattern: str, kind: Kind[Any] | Mapping[str, Kind[Any]], name: str, **more: Any) -> Each:
    return Each(SOURCE + pattern, kind, name, lambda channel, f: channel.settings.source[f], **more)


def _of_sense(pattern: str, kind: Kind[Any] | Mapping[str, Kind[Any]], name: str, **more: Any) -> Each:
    return Each(SENSE + pattern, kind, name, lambda channel, f: channel.settings.sense[f], words=SENSED_WORDS, **more)


def _of_channel(pattern: str, kind: Kind[Any], name: str, **more: Any) -> Each:
    return Each(pattern, kind, name, lambda channel, _: channel.settings, **more)


class Waits:
    """The wait of a source or of a meter."""

    def __init__(self, root: str, name: str) -> None:
        def place(channel: Channel, _: str) -> Any:
            return getattr(channel.settings, name)

        parts = (
            Each(root + ":WAIT[:STATe]", boolean, "on", place),
            Each(root + ":WAIT:AUTO", boolean, "auto", place),
            Each(root + ":WAIT:GAIN", num("", 0.0, 100.0, 1.0), "gain", place),
            Each(root + ":WAIT:OFFSet", num("s", 0.0, 1.0, 0.0), "offset", place),
        )
        self.scpi_commands = tuple(command for part in parts for command in part.scpi_commands)


SIGNALS = choice("AINT", "BUS", "TIMer", "INT1", "INT2", "LAN", *(f"EXT{n}" for n in range(1, 15)))
LAYER_SETTINGS: Mapping[str, tuple[str, Kind[Any]]] = {
    "source": (":SOURce[:SIGNal]", SIGNALS),
    "count": (":COUNt", count_or_infinite(100_000, INFINITE_COUNT)),
    "timer": (":TIMer", num("s", SHORTEST_INTERVAL, LONGEST, SHORTEST_INTERVAL)),
    "delay": (":DELay", seconds),
}


class Layers:
    """``:ARM`` and ``:TRIGger`` settings, of one device action or of both."""

    def __init__(self) -> None:
        self.scpi_commands = tuple(
            command
            for root, layer in ((":ARM", "ARM"), (":TRIGger", "TRIG"))
            for word, names in ACTIONS.items()
            for setting, (tail, kind) in LAYER_SETTINGS.items()
            for command in self._commands(f"{root}<1-2>{word}{tail}", layer, names, setting, kind)
        )

    @staticmethod
    def _commands(
        header: str, layer: str, names: tuple[str, ...], setting: str, kind: Kind[Any]
    ) -> tuple[Command, ...]:
        def places(device: Any, number: int) -> list[Layer]:
            return [device.triggers[number].actions[name].layers[layer] for name in names]

        def store(device: Any, number: int, value: Any) -> None:
            kept = _on_timer(device, device.channels[number], "", value) if setting in ("timer", "delay") else value
            for place in places(device, number):
                setattr(place, setting, kept)

        def tell(device: Any, number: int, extreme: Any = None) -> str:
            return kind.show(getattr(places(device, number)[-1], setting) if extreme is None else extreme)

        return make_command(header, (kind,), store), Command(
            header + "?", (extreme_of(kind),) if kind.extremes else (), tell
        )


class KeysightSetup(KeysightStatus):
    """Two channels, "1" and "2", each with its trigger model."""

    function = _of_channel(SOURCE + ":FUNCtion:MODE", source_function, "function")
    shape = _of_channel(SOURCE + ":FUNCtion[:SHAPe]", choice("DC", "PULSe"), "shape")
    keeps = _of_channel(SOURCE + ":FUNCtion:TRIGgered:CONTinuous", boolean, "keeps")
    level = _of_source(":{f}[:LEVel][:IMMediate][:AMPLitude]", levels, "level", check=_level)
    triggered = _of_source(":{f}[:LEVel]:TRIGgered[:AMPLitude]", levels, "triggered", check=_level)
    level_range = _of_source(":{f}:RANGe", source_ranges, "range", check=_source_range)
    level_auto = _of_source(":{f}:RANGe:AUTO", boolean, "auto")
    level_lowest = _of_source(":{f}:RANGe:AUTO:LLIMit", source_ranges, "lowest", check=_lowest)
    mode = _of_source(":{f}:MODE", choice("FIXed", "SWEep", "LIST"), "mode")
    start = _of_source(":{f}:STARt", levels, "start", check=_level)
    stop = _of_source(":{f}:STOP", levels, "stop", check=_level)
    step = _of_source(":{f}:STEP", levels, "step")
    points = _of_source(":{f}:POINts", how_many, "points")
    list_start = Each(
        SOURCE + ":LIST:{f}:STARt", how_many, "list_start", lambda c, f: c.settings.source[f], check=_list_start
    )
    direction = _of_channel(SOURCE + ":SWEep:DIRection", choice("UP", "DOWN"), "direction")
    spacing = _of_channel(SOURCE + ":SWEep:SPACing", choice("LINear", "LOGarithmic"), "spacing")
    stair = _of_channel(SOURCE + ":SWEep:STAir", choice("SINGle", "DOUBle"), "stair")
    sweep_ranging = _of_channel(SOURCE + ":SWEep:RANGing", choice("BEST", "AUTO", "FIXed"), "ranging")
    width = _of_channel(SOURCE + ":PULSe:WIDTh", num("s", 50e-6, LONGEST, 50e-6), "width", check=_on_timer)
    pulse_delay = _of_channel(SOURCE + ":PULSe:DELay", num("s", 0.0, 99999.9, 0.0), "pulse_delay", check=_on_timer)
    source_waits = Waits(SOURCE, "source_wait")

    sense_range = _of_sense(":{f}:RANGe[:UPPer]", sense_ranges, "range", check=_sense_range)
    sense_auto = _of_sense(":{f}:RANGe:AUTO", boolean, "auto")
    sense_lowest = _of_sense(":{f}:RANGe:AUTO:LLIMit", lowest_sensed, "lowest", check=_lowest)
    limit = _of_sense(":{f}:PROTection[:LEVel][:BOTH]", limits, "limit")
    remote = _of_channel(SENSE + ":REMote", boolean, "remote")
    sense_waits = Waits(SENSE, "sense_wait")

    off_mode = _of_channel(":OUTPut<1-2>:OFF:MODE", choice("NORMal", "HIZ", "ZERO"), "off_mode")
    on_auto = _of_channel(":OUTPut<1-2>:ON:AUTO", boolean, "on_auto")
    off_auto = _of_channel(":OUTPut<1-2>:OFF:AUTO", boolean, "off_auto")
    protection = _of_channel(":OUTPut<1-2>:PROTection[:STATe]", boolean, "protection")
    low = _of_channel(":OUTPut<1-2>:LOW", choice("GROund", "FLOat"), "low", check=_low)
    capacitance = _of_channel(":OUTPut<1-2>:HCAPacitance[:STATe]", boolean, "capacitance", check=_capacitance)
    filtering = _of_channel(":OUTPut<1-2>:FILTer[:LPASs][:STATe]", boolean, "filter")

    layers = Layers()

    def __init__(
        self, world: "World", identity: str, leads: Mapping[str, Leads], *, seed: int, interlock: bool
    ) -> None:
        super().__init__(world, identity)
        random = np.random.default_rng(seed)
        self.channels = {n: Channel(n, world, leads.get(str(n)) or Leads(world), random, interlock) for n in BOTH}
        self.triggers = {n: Trigger(channel, self.observe, self.taken) for n, channel in self.channels.items()}

    def taken(self, channel: Channel, row: Row) -> None:
        """A reading was taken."""

    def reset(self) -> None:
        """Everything idle, off and open."""
        super().reset()
        for n, trigger in self.triggers.items():
            trigger.reset()
            self.channels[n].reset()

    # Source

    @on(SOURCE + ":SWEep:POINts", how_many)
    def _set_points(self, number: int, many: int) -> None:
        for function, state in self.channels[number].settings.source.items():
            state.points = many
            self.channels[number].accept(function, "points")

    @on(SOURCE + ":SWEep:POINts?", extreme_of(how_many))
    def _points(self, number: int, extreme: int | None = None) -> int:
        return self.channels[number].source.points if extreme is None else extreme

    def _centred(self, function: str, number: int, centre: float, span: float) -> None:
        channel = self.channels[number]
        state = channel.settings.source[function]
        state.start, state.stop = (channel.reachable(function, centre + sign * span / 2) for sign in (-1, 1))
        channel.accept(function, "start")

    @each_function(SOURCE + ":{f}:CENTer", number())
    def _set_centre(self, function: str, number: int, centre: float) -> None:
        state = self.channels[number].settings.source[function]
        self._centred(function, number, centre, state.stop - state.start)

    @each_function(SOURCE + ":{f}:CENTer?")
    def _centre(self, function: str, number: int) -> str:
        state = self.channels[number].settings.source[function]
        return nr3((state.start + state.stop) / 2)

    @each_function(SOURCE + ":{f}:SPAN", number())
    def _set_span(self, function: str, number: int, span: float) -> None:
        state = self.channels[number].settings.source[function]
        self._centred(function, number, (state.start + state.stop) / 2, span)

    @each_function(SOURCE + ":{f}:SPAN?")
    def _span(self, function: str, number: int) -> str:
        state = self.channels[number].settings.source[function]
        return nr3(state.stop - state.start)

    @each_function(SOURCE + ":LIST:{f}", *(number(),) * MOST_POINTS, required=1)
    def _set_list(self, function: str, number: int, *listed: float) -> None:
        channel = self.channels[number]
        channel.settings.source[function].levels = tuple(channel.reachable(function, v) for v in listed)
        channel.settings.source[function].list_start = 1

    @each_function(SOURCE + ":LIST:{f}:APPend", *(number(),) * MOST_POINTS, required=1)
    def _append(self, function: str, number: int, *listed: float) -> None:
        channel = self.channels[number]
        state = channel.settings.source[function]
        if len(state.levels) + len(listed) > MOST_POINTS:
            raise ScpiError(-223)
        state.levels += tuple(channel.reachable(function, v) for v in listed)

    @each_function(SOURCE + ":LIST:{f}?")
    def _list(self, function: str, number: int) -> str:
        return ",".join(map(nr3, self.channels[number].settings.source[function].levels))

    @each_function(SOURCE + ":LIST:{f}:POINts?")
    def _list_points(self, function: str, number: int) -> int:
        return len(self.channels[number].settings.source[function].levels)
