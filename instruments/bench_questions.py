"""The questions that lead to a bench file: each answer is checked at once by the bench's own checks.

No input or output here: `Ask` puts one question to a person, or takes the next line of a script.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from neurorig.hardware import Board, list_boards, load_board
from neurorig.hardware.parts import OPEN
from neurorig.signals import ConfigError, nearest, parse, show

from .bench_writer import Draft
from .discovery import Found, lasting, unused
from .drivers import DRIVERS, DriverEntry
from .wiring_checks import DIGITISERS, SOURCES

T = TypeVar("T")
NONE = "-"
"""The answer for 'nothing'."""
_PLACES = {"CurrentSource": "serial:///dev/ttyACM0"}
_NETWORK = {
    "rigol": "tcp://192.168.1.{}:5555",
    "labjack": "modbus://192.168.1.{}:502",
    "keithley_4200a": "tcp://192.168.1.{}:1225",
}
_SCPI = "tcp://192.168.1.{}:5025"  # where an instrument might be, for a bench that is made without hardware
_MANY = 10  # names that a question lists
_SENSES = ("across", "replica", "open")


class Ask(Protocol):
    """Put a question with its default until `accept` takes the answer without a ConfigError; give what it made of it."""

    def __call__(self, question: str, default: str, accept: Callable[[str], T]) -> T:
        """Ask."""
        ...


def ask_bench(path: Path, found: Sequence[Found], ask: Ask, *, planned: Sequence[str] = ()) -> Draft:
    """Ask for all of a bench: instruments (`found`, and proposals `planned` by driver), board, wires, limits, probes, marker.

    Raises what `ask` raises. Nothing is written.
    """
    return _Questions(path, ask).ask_all(found, planned)


class _Questions:
    def __init__(self, path: Path, ask: Ask) -> None:
        self._ask = ask
        self._draft = Draft(path, ask("Title of the bench", "My bench", _some))

    def ask_all(self, found: Sequence[Found], planned: Sequence[str]) -> Draft:
        for one in found:
            self._found(one)
        for proposal in planned:
            self._more(proposal)
        while self._more(NONE):
            pass
        board = self._board()
        if board is not None:
            for name, driver in self._with_role(*SOURCES):
                for channel in driver.channels:
                    self._port(board, name, driver, channel)
            self._marker()
            for name, driver in self._with_role(*DIGITISERS):
                self._nodes(board, name, driver)
            self._spikes(board)
        for name, driver in self._with_role("SourceMeter", "Multimeter"):
            for channel in driver.channels:
                self._terminals(board, name, driver, channel)
        if board is not None:
            self._supply(board)
        return self._draft

    # Instruments.

    def _found(self, found: Found) -> None:
        who = f"{found.identity.maker} {found.identity.model}".strip()
        entry = {"driver": found.driver, "resource": lasting(found.resource)}
        name = self._ask(f"Name of {who} at {found.resource} ({NONE}: leave it out)", self._unused(found.driver),
                         lambda text: text if text == NONE else self._named(text, entry))  # fmt: skip
        if name != NONE and found.identity.serial:
            only = f"Accept only the {name} with the serial number {found.identity.serial}"
            if self._ask(only, "yes", _yes_or_no):
                self._named(name, {**entry, "serial_number": found.identity.serial})

    def _more(self, proposed: str) -> bool:
        """One more instrument, by its driver; False when there is none."""
        question = f"Another instrument, by its driver ({NONE}: no more, ?: their names)"
        driver = self._ask(question, proposed, self._driver)
        if driver == NONE:
            return False
        name = self._ask(f"Name of the {driver}", self._unused(driver), self._free_name)
        where = _PLACES.get(DRIVERS[driver].role) or self._free_address(driver)
        self._ask(f"Address of {name}", where, lambda text: self._named(name, {"driver": driver, "resource": text}))
        return True

    def _free_address(self, driver: str) -> str:
        taken = {entry["resource"] for entry in self._instruments.values()}
        form = next((place for maker, place in _NETWORK.items() if driver.startswith(maker)), _SCPI)
        return next(a for a in map(form.format, range(50, 255)) if a not in taken)

    def _driver(self, text: str) -> str:
        if text == "?":
            raise ConfigError("\n  ".join(["Drivers:", *(f"{d.name:24s} {d.model}" for d in DRIVERS.values())]))
        if text == NONE and not self._instruments:
            raise ConfigError("A bench needs an instrument.")
        if text not in (NONE, *DRIVERS):
            raise ConfigError(f"There is no driver '{text}'.{nearest(text, DRIVERS)}")
        return text

    def _named(self, name: str, entry: dict[str, str]) -> str:
        if "." in name:
            raise ConfigError(f"'{name}': a name without a dot; a dot stands between instrument and channel.")
        self._draft.place({("instruments", _some(name)): entry})
        return name

    def _free_name(self, text: str) -> str:
        if text in self._instruments or "." in text:
            raise ConfigError(f"'{text}' is taken, or has a dot in it.")
        return _some(text)

    @property
    def _instruments(self) -> dict[str, Any]:
        instruments: dict[str, Any] = self._draft.tables["instruments"]
        return instruments

    def _unused(self, driver: str) -> str:
        return unused(driver, self._instruments)

    def _with_role(self, *roles: str) -> list[tuple[str, DriverEntry]]:
        drivers = [(name, DRIVERS[entry["driver"]]) for name, entry in self._instruments.items()]
        return [(name, driver) for name, driver in drivers if driver.role in roles]

    # The board and its wires.

    def _board(self) -> Board | None:
        """The board on the table; None for a bench of source-meters and multimeters alone."""
        default = "wu2025_bump" if self._with_role(*SOURCES, *DIGITISERS) else NONE
        question = f"Board: a file, or one that ships ({NONE}: none, ?: their names)"
        if self._ask(question, default, self._known_board) == NONE:
            return None
        return self._draft.bench().board

    def _known_board(self, text: str) -> str:
        if text == "?":
            raise ConfigError(f"Boards: {', '.join(list_boards())}.")
        if text != NONE:
            beside = self._draft.path.parent / text
            load_board(beside if beside.is_file() else text)
            self._draft.place({("board",): text})
        return text

    def _port(self, board: Board, name: str, driver: DriverEntry, channel: str) -> None:
        """Which port a source channel drives, in which range, within which limits."""
        free = [p for p in board.ports if p not in self._draft.tables.get("ports", {})]
        if not free:
            return
        entry: dict[str, Any] = {"channel": f"{name}.{channel}"}
        if driver.role == "VoltageSource":
            entry["transconductance"] = {"gain": "50 uA/V"}
        none = {"low": "0 A", "high": "0 A"}  # until they are asked for

        def wire(text: str) -> str:
            if text != NONE:
                self._draft.place({("ports", text): entry, ("limits", text): none})
            return text

        port = self._ask(f"{name}.{channel} drives which port ({', '.join(free)}; {NONE}: none)", free[0], wire)
        if port == NONE:
            return
        high = board.ports[port].high
        if driver.role == "VoltageSource":
            self._quantity(f"Current per volt of its converter ({port})", "50 uA/V",
                           ("ports", port, "transconductance", "gain"))  # fmt: skip
        elif len(ranges := driver.load().ranges) > 1:
            known = ", ".join(show(r, "A") for r in ranges)
            full_scale = self._quantity(f"Range that the jumper of {name}.{channel} stands at ({known})",
                                        show(max(ranges), "A"), ("ports", port, "full_scale"))  # fmt: skip
            high = min(high, parse(full_scale, "A"))
        self._quantity(f"Most current that may ever go into {port}", show(high, "A"), ("limits", port, "high"))
        self._quantity(f"Least current (0 A, or below for current out of {port})", show(board.ports[port].low, "A"),
                       ("limits", port, "low"))  # fmt: skip

    def _marker(self) -> None:
        """Where the TTL arrives that ties source and digitiser together."""
        sources = [name for name, _ in self._with_role(*SOURCES)]
        ends = [f"{n}.{c}" for n, d in self._with_role(*DIGITISERS) for c in (*d.channels, *d.trigger_inputs)]
        if not sources or not ends:
            return
        triggers = [f"{n}.{c}" for n, d in self._with_role(*DIGITISERS) for c in d.trigger_inputs]
        entry = {"source": f"{sources[0]}.sync", "level": "2.5 V"}

        def wire(text: str) -> str:
            if text != NONE:
                self._draft.place({("marker",): {"source": entry["source"], "channel": text, "level": entry["level"]}})
            return text

        default = triggers[0] if triggers else ends[-1]
        self._ask(f"SYNC OUT of {sources[0]} goes to ({', '.join(ends)}; {NONE}: nowhere)", default, wire)

    def _nodes(self, board: Board, name: str, driver: DriverEntry) -> None:
        """What each channel looks at, and through what."""
        proposals = _worth_seeing(board)
        names = ", ".join(board.nodes) if len(board.nodes) <= _MANY else "?: their names"
        for channel in driver.channels:
            where = f"{name}.{channel}"
            if self._draft.tables.get("marker", {}).get("channel") == where:
                continue
            seen = self._draft.tables.get("nodes", {})
            free = [node for node in proposals if node not in seen]
            node = self._ask(f"{where} looks at which node ({names}; {NONE}: nothing)",
                             free[0] if free else NONE, partial(self._look, board, where))  # fmt: skip
            if node != NONE:
                self._sense(board, node)

    def _look(self, board: Board, channel: str, node: str) -> str:
        if node == NONE:
            return node
        if node == "?":
            raise ConfigError(f"Nodes: {', '.join(board.nodes)}.")
        if node in self._draft.tables.get("nodes", {}):
            raise ConfigError(f"'{node}' is looked at already; one channel for each node.")
        unit = board.nodes[node].unit if node in board.nodes else "V"
        self._draft.place({("nodes", node): {"channel": channel, "sense": _usual_sense(board, node, unit)}})
        return node

    def _sense(self, board: Board, node: str) -> None:
        """Sense kind, resistor, probe and screen of a node that is wired already with what is usual."""
        place = ("nodes", node, "sense")
        usual = dict(self._draft.tables["nodes"][node]["sense"])
        if board.nodes[node].unit == "A":
            self._quantity(f"{node} is a current, sensed how ({', '.join(_SENSES)})", usual["kind"], (*place, "kind"))
            self._quantity(f"Resistor that carries {node}", usual["resistance"], (*place, "resistance"))
        factor = self._ask(f"Factor printed on the probe at {node} (1: a plain cable)", f"{usual['attenuation']:g}",
                           lambda text: self._placed((*place, "attenuation"), _factor(text)))  # fmt: skip
        tip = "10 Mohm" if factor >= 10 or self._draft.tables["nodes"][node]["sense"]["kind"] == "across" else "1 Mohm"
        self._quantity("Input resistance at the probe's tip", tip, (*place, "probe"))
        low, high = (show(v, board.nodes[node].unit) for v in (board.nodes[node].low, board.nodes[node].high))
        self._ask(f"Values of {node} that must fit on the screen", f"{low} .. {high}",
                  lambda text: self._screen(node, text, f"{low} .. {high}"))  # fmt: skip

    def _screen(self, node: str, text: str, board_range: str) -> str:
        low, dots, high = (part.strip() for part in text.partition(".."))
        if not dots:
            raise ConfigError(f"'{text}': write both ends, such as {board_range}.")
        if text != board_range:
            self._draft.place({("nodes", node, "low"): low, ("nodes", node, "high"): high})
        return text

    def _spikes(self, board: Board) -> None:
        """The comparator inputs of current sources that drive something."""
        outputs = [f"{n}.v_ap" for n in board.neurons]
        for name, driver in self._with_role("CurrentSource"):
            for channel in driver.channels:
                where = f"{name}.{channel}"
                if where in [p["channel"] for p in self._draft.tables.get("ports", {}).values()]:
                    question = (
                        f"SPIKE IN {channel} of {name} gets which spike output ({', '.join(outputs)}; {NONE}: none)"
                    )
                    self._ask(question, NONE, partial(self._placed, ("comparators", where)))

    def _terminals(self, board: Board | None, name: str, driver: DriverEntry, channel: str) -> None:
        """What the leads of a source-meter or multimeter touch, and what must never be exceeded there."""
        where = f"{name}.{channel}"
        sources = driver.role == "SourceMeter"
        limits = {"voltage": "1 V", "current": "1 mA"} if sources else {}

        def wire(text: str) -> str:
            if text != NONE:
                what = "node" if board is not None and text in board.nodes else "device"
                self._draft.place({("terminals", where): {what: text, **limits}})
            return text

        what = "a resistance, a memristor board" + ("" if sources else ", a node")
        if self._ask(f"Leads of {where} touch ({what}; {NONE}: nothing)", NONE, wire) == NONE or not sources:
            return
        self._quantity(f"Most volts that may ever be at {where}", "1 V", ("terminals", where, "voltage"))
        self._quantity("Most current that may ever flow there", "1 mA", ("terminals", where, "current"))

    def _supply(self, board: Board) -> None:
        ends = [f"{n}.{c}" for n, d in self._with_role("PowerSupply") for c in d.channels]
        if not ends:
            return

        def wire(text: str) -> str:
            if text != NONE:
                self._draft.place({("supply",): {"channel": text, "current_limit": "100 mA"}})
            return text

        volts = show(board.supply, "V")
        question = f"V+ of the board ({volts}) comes from ({', '.join(ends)}; {NONE}: another supply)"
        if self._ask(question, ends[0], wire) != NONE:
            self._quantity("Its current limit", "100 mA", ("supply", "current_limit"))

    def _quantity(self, question: str, default: str, place: tuple[str, ...]) -> str:
        return self._ask(question, default, lambda text: self._placed(place, text))

    def _placed(self, place: tuple[str, ...], value: T) -> T:
        if value != NONE:
            self._draft.place({place: value})
        return value


def _worth_seeing(board: Board) -> list[str]:
    """Spikes first, then what synapses give, then what goes in."""
    spikes = [f"{n}.v_ap" for n in board.neurons]
    weights = [f"{s}.i_out" for s in board.synapses]
    return [n for n in (*spikes, *weights, *board.ports) if n in board.nodes]


def _usual_sense(board: Board, node: str, unit: str) -> dict[str, Any]:
    """How such a node is mostly sensed."""
    if unit == "V":
        return {"kind": "direct", "probe": "10 Mohm", "attenuation": 10.0}
    owner, _, quantity = node.partition(".")
    kind = "across"
    if quantity == "i_out" and owner in board.synapses:
        kind = "open" if board.synapses[owner].post == OPEN else "replica"
    probe = "10 Mohm" if kind == "across" else "1 Mohm"
    return {"kind": kind, "resistance": "10 kohm", "probe": probe, "attenuation": 1.0}


def _factor(text: str) -> float:
    return parse(text.strip().removeprefix("x"), "")


def _some(text: str) -> str:
    if not text.strip():
        raise ConfigError("An empty answer says nothing.")
    return text.strip()


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "y", "no", "n"):
        raise ConfigError(f"'{text}': yes or no.")
    return text.lower().startswith("y")
