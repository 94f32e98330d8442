"""How a simulated Keysight 34465A is set up: CONFigure, SENSe, the trigger's settings.

Sources and what is assumed: see `keysight_34465a`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..arguments import Kind, ScpiError, boolean, choice, extreme_of, integer, number, string
from ..device import ScpiDevice, Setting, Waiting
from ..grammar import Command, make_command, on
from ..source_measure import Scale
from .keysight_34465a_functions import PERIODS, RESOLUTIONS, Function, Functions, Meter, Sensor, Touched

if TYPE_CHECKING:
    from ..world import World

T = TypeVar("T")

INFINITE = 9.9e37
_AUTO = ("AUTO", "DEF", "DEFAULT")


def nr3(value: float) -> str:
    """As readings are written."""
    return f"{value:+.8E}"


def signed(value: int) -> str:
    """As whole numbers are written."""
    return f"{value:+d}"


def whole(low: int, high: int, default: int) -> Kind[int]:
    """A whole number."""
    return Kind(integer(low, high, default).read, signed, extremes=True)


def span(low: float, high: float, default: float, unit: str) -> Kind[float]:
    """The signal that is to be expected, of either sign; `low` and `high` are the full scales of the ends."""
    plain = number(unit, -1.2 * high, 1.2 * high, show=nr3)
    ends = number(unit, low, high, default)

    def read(text: str) -> float:
        return ends.read(text) if text[:1].isalpha() else abs(plain.read(text))

    return Kind(read, nr3, extremes=True)


class Bounded(Setting[T]):
    """A setting whose query takes MIN, MAX or DEF, too (page 102)."""

    def commands(self) -> tuple[Command, ...]:
        """As of a setting."""
        store, _ = super().commands()

        def tell(device: "KeysightSetup", extreme: T | None = None) -> str:
            return self.kind.show(device.values[self.name] if extreme is None else extreme)

        return store, make_command(self.pattern + "?", (extreme_of(self.kind),), tell)


def _count(text: str) -> float:
    return INFINITE if text.upper() in ("INF", "INFINITY") else float(integer(1, 1_000_000, 1).read(text))


SPANS = {
    "VOLT": span(0.1, 1000.0, 10.0, "V"),
    "CURR": span(1e-6, 3.0, 1.0, "A"),
    "RES": span(100.0, 1e9, 1e3, "OHM"),
    "FRES": span(100.0, 1e9, 1e3, "OHM"),
}
CYCLES = number("", PERIODS[0], PERIODS[-1], 10.0, show=nr3)
SECONDS = number("s", 0.0, 3600.0, 0.0, show=nr3)
MAYBE_ONCE = choice("ON", "OFF", "ONCE", "1", "0")


@dataclass(frozen=True)
class Sense:
    """The commands of one function below SENSe; temperature has no range."""

    name: str
    stem: str

    @property
    def scpi_commands(self) -> tuple[Command, ...]:
        """For `ScpiDevice`."""
        name, stem = self.name, self.stem

        def cycles(device: "KeysightSetup", value: float) -> None:
            # What lies between two settings takes the better one.
            device.functions.of(name).periods = next(p for p in PERIODS if value <= p * (1 + 1e-9))
            device.forget()

        def tell_cycles(device: "KeysightSetup", extreme: float | None = None) -> str:
            return nr3(device.functions.of(name).periods if extreme is None else extreme)

        def zero(device: "KeysightSetup", word: str) -> None:
            device.functions.of(name).zero = word in ("ON", "1")
            device.forget()

        def tell_zero(device: "KeysightSetup") -> bool:
            return device.functions.of(name).zero

        commands = [
            make_command(f"{stem}:NPLC", (CYCLES,), cycles),
            make_command(f"{stem}:NPLC?", (extreme_of(CYCLES),), tell_cycles),
        ]
        if name != "FRES":
            commands += [
                make_command(f"{stem}:ZERO:AUTO", (MAYBE_ONCE,), zero),
                make_command(f"{stem}:ZERO:AUTO?", (), tell_zero),
            ]
        return (*commands, *(self._range_commands() if name in SPANS else ()))

    def _range_commands(self) -> tuple[Command, ...]:
        name, stem, kind = self.name, self.stem, SPANS[self.name]

        def set_range(device: "KeysightSetup", value: float) -> None:
            function = device.functions.of(name)
            function.full_scale, function.auto = device.scale(name).named(value).full_scale, False
            device.forget()

        def tell_range(device: "KeysightSetup", extreme: float | None = None) -> str:
            return nr3(device.functions.of(name).full_scale if extreme is None else extreme)

        def set_auto(device: "KeysightSetup", word: str) -> Waiting[None]:
            if word == "ONCE":
                yield from device.range_once(name)
            device.functions.of(name).auto = word in ("ON", "1")
            device.forget()

        def tell_auto(device: "KeysightSetup") -> bool:
            return device.functions.of(name).auto

        def tell_resolution(device: "KeysightSetup") -> str:
            return nr3(device.resolution(name))

        return (
            make_command(f"{stem}:RANGe[:UPPer]", (kind,), set_range),
            make_command(f"{stem}:RANGe[:UPPer]?", (extreme_of(kind),), tell_range),
            make_command(f"{stem}:RANGe:AUTO", (MAYBE_ONCE,), set_auto),
            make_command(f"{stem}:RANGe:AUTO?", (), tell_auto),
            make_command(f"{stem}:RESolution?", (), tell_resolution),
        )


class KeysightSetup(ScpiDevice):
    """Everything that shapes a reading."""

    voltage = Sense("VOLT", "[:SENSe]:VOLTage[:DC]")
    current = Sense("CURR", "[:SENSe]:CURRent[:DC]")
    resistance = Sense("RES", "[:SENSe]:RESistance")
    four_wires = Sense("FRES", "[:SENSe]:FRESistance")
    temperature = Sense("TEMP", "[:SENSe]:TEMPerature")
    impedance_auto = Setting("[:SENSe]:VOLTage[:DC]:IMPedance:AUTO", boolean, False)

    trigger_source = Setting(":TRIGger:SOURce", choice("IMMediate", "EXTernal", "BUS"), "IMM")
    trigger_slope = Setting(":TRIGger:SLOPe", choice("POSitive", "NEGative"), "NEG")
    triggers = Bounded(":TRIGger:COUNt", Kind(_count, nr3, extremes=True), 1.0)
    delay_auto = Setting(":TRIGger:DELay:AUTO", boolean, True)
    samples = Bounded(":SAMPle:COUNt", whole(1, 1_000_000_000, 1), 1)
    temperature_unit = Setting(":UNIT:TEMPerature", choice("C", "F", "K"), "C")
    display = Setting(":DISPlay[:STATe]", boolean, True)

    def __init__(
        self, world: "World", leads: Mapping[str, Touched], *, serial: str, seed: int
    ) -> None:  # fmt: skip
        (touched,) = leads.values()
        self.meter = Meter(world, touched, seed)
        self.function, self.functions, self.sensor, self.delay = "VOLT", Functions(), Sensor(), 0.0
        super().__init__(world, f"Keysight Technologies,34465A,{serial},A.03.03-03.15-03.03-00.52-05-01")

    def reset(self) -> None:
        """Factory settings, idle."""
        super().reset()
        self.function, self.functions, self.sensor, self.delay = "VOLT", Functions(), Sensor(), 0.0
        self.forget()

    def changed(self, name: str) -> None:
        """A changed measurement empties the reading memory."""
        self.forget()

    def forget(self) -> None:
        """Idle, with an empty reading memory; the instrument extends this."""

    def range_once(self, name: str) -> Waiting[None]:
        """Find the range with one reading; the instrument extends this."""
        raise NotImplementedError

    def scale(self, name: str) -> Scale:
        """The ranges of a function."""
        return self.meter.scales["RES" if name == "FRES" else name]

    def resolution(self, name: str) -> float:
        """In the unit of the function."""
        function = self.functions.of(name)
        return RESOLUTIONS[function.periods] * function.full_scale

    @on(":TRIGger:DELay", SECONDS)
    def _set_delay(self, seconds: float) -> None:
        self.delay, self.delay_auto = seconds, False
        self.forget()

    @on(":TRIGger:DELay?", extreme_of(SECONDS))
    def _get_delay(self, extreme: float | None = None) -> str:
        return nr3(self.delay if extreme is None else extreme)

    @on("[:SENSe]:FUNCtion[:ON]", string)
    def _set_function(self, name: str) -> None:
        known = {
            **dict.fromkeys(("VOLT", "VOLT:DC", "VOLTAGE", "VOLTAGE:DC"), "VOLT"),
            **dict.fromkeys(("CURR", "CURR:DC", "CURRENT", "CURRENT:DC"), "CURR"),
            **dict.fromkeys(("RES", "RESISTANCE"), "RES"),
            **dict.fromkeys(("FRES", "FRESISTANCE"), "FRES"),
            **dict.fromkeys(("TEMP", "TEMPERATURE"), "TEMP"),
        }
        if name.upper() not in known:
            raise ScpiError(-224, name)
        self.function = known[name.upper()]
        self.forget()

    @on("[:SENSe]:FUNCtion[:ON]?")
    def _get_function(self) -> str:
        return f'"{self.function}"'

    @on("[:SENSe]:TEMPerature:TRANsducer:TYPE", choice("FRTD", "RTD", "FTHermistor", "THERmistor"))
    def _set_transducer(self, kind: str) -> None:
        self.sensor = self.sensor._replace(kind=kind)
        self.forget()

    @on("[:SENSe]:TEMPerature:TRANsducer:TYPE?")
    def _get_transducer(self) -> str:
        return self.sensor.kind

    @on("[:SENSe]:TEMPerature:TRANsducer:FRTD:RESistance[:REFerence]", number("OHM", 80.0, 120.0, 100.0))
    @on("[:SENSe]:TEMPerature:TRANsducer:RTD:RESistance[:REFerence]", number("OHM", 80.0, 120.0, 100.0))
    def _set_nominal(self, ohms: float) -> None:
        self.sensor = self.sensor._replace(nominal=ohms)

    @on("[:SENSe]:TEMPerature:TRANsducer:FRTD:RESistance[:REFerence]?")
    @on("[:SENSe]:TEMPerature:TRANsducer:RTD:RESistance[:REFerence]?")
    def _get_nominal(self) -> str:
        return nr3(self.sensor.nominal)

    # CONFigure: everything at its default, but for function, range and resolution.

    def configure(self, name: str, *texts: str) -> None:
        """Raises ScpiError and leaves everything as it was, if a parameter is not good."""
        fresh, sensor = Functions(), self.sensor
        if name == "TEMP":
            sensor = _sensor(sensor, *texts)
        else:
            self._ranged(fresh.of(name), name, *texts)
        for setting in ("trigger_source", "triggers", "samples", "delay_auto"):
            self.values[setting] = getattr(type(self), setting).fresh()
        self.function, self.functions, self.sensor, self.delay = name, fresh, sensor, 0.0
        self.forget()

    def _ranged(self, function: Function, name: str, span: str = "AUTO", resolution: str = "DEF") -> None:
        if span.upper() not in _AUTO:
            function.full_scale = self.scale(name).named(SPANS[name].read(span)).full_scale
            function.auto = False
        word = resolution.upper()
        if word in ("MIN", "MINIMUM", "MAX", "MAXIMUM"):
            function.periods = PERIODS[-1] if word.startswith("MIN") else PERIODS[0]
        elif word not in ("DEF", "DEFAULT"):
            if function.auto:
                raise ScpiError(-221, "a resolution needs a range")
            wanted = number(low=0.0).read(resolution) / function.full_scale
            good = [periods for periods in PERIODS if RESOLUTIONS[periods] <= wanted * (1 + 1e-9)]
            if not good:
                raise ScpiError(-222, resolution)
            function.periods = good[0]

    @on(":CONFigure?")
    def _configured(self) -> str:
        if self.function == "TEMP":
            return f'"TEMP {self.sensor.kind}"'
        full_scale = self.functions.of(self.function).full_scale
        return f'"{self.function} {nr3(full_scale)},{nr3(self.resolution(self.function))}"'


def _sensor(sensor: Sensor, kind: str = "FRTD", model: str = "DEF", *_: str) -> Sensor:
    """What CONFigure:TEMPerature says: the kind of sensor, and its type."""
    kind = choice("FRTD", "RTD", "FTHermistor", "THERmistor").read(
        "FRTD" if kind.upper() in ("DEF", "DEFAULT") else kind
    )
    if model.upper() not in ("DEF", "DEFAULT", "85" if "RTD" in kind else "5000"):
        raise ScpiError(-224, model)
    return sensor._replace(kind=kind)
