"""Write the reference pages that follow from the code: protocols, files, instruments, faults, boards, Python.

Run it after a change of parameters, keys or commands: ``python docs/generate.py``. Names, units, defaults and choices come
from the models and drivers, what a bench or board key means from ``meanings.toml``; a key without a meaning is an error.
"""

import importlib
import inspect
import math
import tomllib
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from neurorig.hardware import list_boards, load_board, parts
from neurorig.hardware.board import Board
from neurorig.hardware.devices import list_devices, load_device
from neurorig.hardware.memristors import list_memristor_boards, load_memristor_board
from neurorig.instruments import bench_file
from neurorig.instruments.commands import Command, Commanded
from neurorig.instruments.drivers import DRIVERS
from neurorig.instruments.sensing import SenseChain
from neurorig.instruments.simulated.faults import KINDS, Kind
from neurorig.protocols import Parameter, Protocol, RelativeCurrent, protocols
from neurorig.signals import show, unit_of

HERE = Path(__file__).parent
QUANTITIES = {
    "A": "current (A)", "V": "voltage (V)", "s": "time (s)", "Hz": "frequency (Hz)", "ohm": "resistance (ohm)",
    "F": "capacitance (F)", "C": "charge (C)", "A/V": "transconductance (A/V)", "": "number",
}  # fmt: skip
API = (
    "neurorig.hardware", "neurorig.hardware.twin", "neurorig.hardware.rate", "neurorig.hardware.devices",
    "neurorig.hardware.networks", "neurorig.hardware.memristors", "neurorig.hardware.spice", "neurorig.hardware.kicad",
    "neurorig.analysis.calibration", "neurorig.protocols.figures",
)  # fmt: skip
ROLES = {
    "CurrentSource": "current source", "VoltageSource": "generator", "SourceMeter": "source-meter",
    "Oscilloscope": "oscilloscope", "Digitizer": "streaming digitiser", "PowerSupply": "bench supply",
    "Multimeter": "multimeter",
}  # fmt: skip
PLAIN = {str: "text", int: "whole number", float: "number"}
NOTE = "*Made from the code by `docs/generate.py`.*"

Models = Mapping[str, type[BaseModel]]

BENCH: Models = {
    "Top of the file": bench_file.BenchFile,
    "[instruments.NAME]": bench_file.InstrumentEntry,
    '[limits."PORT"]': bench_file.LimitEntry,
    '[ports."PORT"]': bench_file.PortEntry,
    '[nodes."NODE"]': bench_file.NodeEntry,
    '[derived."NAME"]': bench_file.DerivedEntry,
    "sense = { ... }": SenseChain,
    "transconductance = { ... }": bench_file.TransconductanceEntry,
    "[marker]": bench_file.MarkerEntry,
    '[terminals."INSTRUMENT.CHANNEL"]': bench_file.TerminalsEntry,
    "[supply]": bench_file.SupplyEntry,
    "[simulation]": bench_file.SimulationEntry,
    "[[simulation.faults]]": bench_file.FaultEntry,
}
BOARD: Models = {
    "Top of the file": Board,
    "[neurons.NAME]": parts.Neuron,
    "[neurons.NAME.components]": parts.NeuronComponents,
    "[neurons.NAME.calibration]": parts.NeuronCalibration,
    "[neurons.NAME.at_rest]": parts.NeuronRest,
    "[synapses.NAME]": parts.Synapse,
    "[synapses.NAME.components]": parts.SynapseComponents,
    "[synapses.NAME.calibration]": parts.SynapseCalibration,
    "[synapses.NAME.at_rest]": parts.SynapseRest,
    "[ports]": parts.Port,
    "[nodes]": parts.Node,
}
FILLED_IN = {Board: {"path", "sha256", "fitted_supply"}, parts.Port: {"name"}, parts.Node: {"name"}}
FILLED_IN |= {parts.Neuron: {"fitted_with"}, parts.Synapse: {"fitted_with", "C_m_fitted"}}
"""Fields that no file holds: they are filled in when it is read."""


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (HERE / "reference" / name).write_text(page(), encoding="utf-8")


def protocols_page() -> str:
    """Every protocol with its parameters and presets."""
    lines = [
        "# Protocols",
        "",
        'Give a parameter as `-p name=value` with its unit: `neurorig run bump --simulate -p holding="44 uA"`. A switch takes',
        "`yes` or `no`. `-p preset=NAME` starts from a set of values, and further `-p` change it. A current with the unit",
        '`A, Imin` may be relative to the board: `"0.987 Imin"`, `"Imin - 0.6 uA"`.',
    ]
    for name, protocol in protocols().items():
        lines += ["", f"## {name}", "", f"**{protocol.title}.** {protocol.source}."]
        for paragraph in (protocol.__doc__ or "").split("\n\n"):
            lines += ["", " ".join(paragraph.split())]
        rows = [(f"`{p.name}`", p.default, _unit(protocol, p), p.description) for p in protocol.parameters()]
        lines += _table(("parameter", "default", "unit or choices", "meaning"), rows)
        for preset, values in protocol.presets.items():
            text = ", ".join(f"`{key}={value}`" for key, value in values.items()) or "the defaults"
            lines += ["", f"Preset `{preset}`: {text}."]
    return _page(lines)


def bench_page() -> str:
    """Every key of a bench file."""
    return _file_page("bench", "Bench file", BENCH)


def board_page() -> str:
    """Every key of a board file."""
    return _file_page("board", "Board file", BOARD)


def instruments_page() -> str:
    """Every driver, what it covers and what is known of it, and every command that it declares."""
    lines = [
        "# Instruments",
        "",
        "Supported instruments. Each has a simulated double, written from the maker's manual and served by `neurorig simulate`;",
        "the last column says on which hardware the driver has been used. An instrument that is not in the table has no driver:",
        "[add one](../howto/add-an-instrument.md), or [talk to it](../howto/console.md).",
    ]
    rows = [
        (f"[`{n}`](#{n})", e.model, ROLES[e.role], e.manual, e.covers, "yes", e.tried or "no hardware yet")
        for n, e in DRIVERS.items()
    ]
    columns = ("driver", "for", "role", "written from", "covers", "simulated", "tried on")
    lines += [*_table(columns, rows), "", "## What each declares", ""]
    lines += [
        "All of it is read back and kept in `run.json`. A value beyond its bounds is refused, and nothing is sent. `{n}` is the",
        "number of a channel.",
    ]
    for name, entry in DRIVERS.items():
        safe = ", ".join(dict.fromkeys(f"`{line}`" for line in entry.safe_lines if line))
        lines += ["", f"### {name}", "", f"For {entry.model}. Role {entry.role}, channels {', '.join(entry.channels)}."]
        lines += [f"Made safe by {safe}."]
        rows = [_command(c) for owner in _owners(entry.load()) for c in owner.commands()]
        lines += _table(("name", "command", "unit", "bounds or choices", "meaning"), rows)
    return _page(lines)


def boards_page() -> str:
    """Every board that ships, and the figures that it stands for."""
    lines = [
        "# Boards",
        "",
        'What ships; `load_board("NAME")` reads one, and a board file of your own may be `like` any of them. Presets are the',
        "currents of the figures. `neurorig figure` plays a figure on its board.",
    ]
    rows = [_board(load_board(name)) for name in list_boards()]
    lines += _table(("board", "what it is", "figures", "neurons, synapses", "presets"), rows)
    lines += ["", "## Memristors", "", "Read by `load_memristor_board`; see [memristors](../howto/memristors.md)."]
    rows = [(f"`{name}`", load_memristor_board(name).title) for name in list_memristor_boards()]
    lines += _table(("board", "what it is"), rows)
    lines += ["", "## Device sets", "", "Neurons to put into a board: `with_devices(board, {'n1': 'NAME'})`."]
    return _page(
        lines + _table(("device", "source"), [(f"`{n}`", load_device(n).calibration.source) for n in list_devices()])
    )


def _board(board: Board) -> tuple[str, ...]:
    count = f"{len(board.neurons)}, {len(board.synapses)}"
    return f"`{board.name}`", board.title, "; ".join(board.figures), count, ", ".join(f"`{p}`" for p in board.presets)


def faults_page() -> str:
    """Every kind of fault that a simulated instrument can have on demand."""
    lines = [
        "# Faults on demand",
        "",
        "What can go wrong with a simulated instrument: [when things fail](../howto/when-things-fail.md) shows how to bring it",
        "about and what follows. Those without an entry under *who* can befall every instrument.",
    ]
    rows = [
        (f"`{name}`", kind.does, _amount(kind), "once" if kind.count else "until it is mended", ", ".join(kind.roles))
        for name, kind in KINDS.items()
    ]
    return _page(lines + _table(("kind", "the instrument", "`value`", "for how long (`count`)", "who"), rows))


def _amount(kind: Kind) -> str:
    """The units of its value, and the value when none is given."""
    units = " or ".join(u or "a number" for u in kind.units).replace("text", "a text")
    if kind.default is None or not units:
        return units
    default = kind.default if isinstance(kind.default, str) else show(kind.default, kind.units[0])
    return f"{units}; without: `{default}`"


def python_page() -> str:
    """What the twin and what belongs to it hand out to Python."""
    lines = ["# Python", "", "The boards, their twin, and what plays them. Everything is in SI units."]
    for name in API:
        module = importlib.import_module(name)
        lines += ["", f"## {name}", "", " ".join((module.__doc__ or "").split())]
        public = getattr(module, "__all__", None) or [n for n, v in vars(module).items() if _own(module, n, v)]
        for item in public:
            lines += _described(item, getattr(module, item))
    return _page(lines)


def _own(module: types.ModuleType, name: str, value: object) -> bool:
    ours = getattr(value, "__module__", None) == module.__name__
    return ours and not name.startswith("_") and callable(value)


def _described(name: str, value: Any) -> list[str]:
    """Signature and docstring of a function or a class, and of the class's own methods."""
    if not callable(value):
        return []
    lines = ["", f"### {name}", "", f"`{name}{_signature(value)}`", "", *_paragraphs(value)]
    for key, member in vars(value).items() if isinstance(value, type) else ():
        function = member.fget if isinstance(member, property) else member
        if not key.startswith("_") and inspect.isfunction(function) and function.__doc__:
            signature = "" if isinstance(member, property) else _signature(member)
            lines += ["", f"`.{key}{signature}`", "", *_paragraphs(function)]
    return lines


def _signature(value: Any) -> str:
    """Names and defaults; what they are stands in the docstring. Of a model, its fields say more."""
    if isinstance(value, type) and issubclass(value, BaseModel | Exception):
        return ""
    signature = inspect.signature(value, eval_str=False)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name != "self"]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


def _paragraphs(value: Any) -> list[str]:
    return (inspect.getdoc(value) or "").split("\n")


def _unit(protocol: type[Protocol], parameter: Parameter) -> str:
    relative = protocol.model_fields[parameter.name].annotation is RelativeCurrent
    return "A, Imin" if relative else ", ".join(f"`{c}`" for c in parameter.choices) or parameter.unit or ""


def _file_page(kind: str, title: str, models: Models) -> str:
    meanings = tomllib.loads((HERE / "meanings.toml").read_text(encoding="utf-8"))[kind]
    lines = [
        f"# {title}",
        "",
        f"One TOML file per {kind}. [Your own {kind}](../howto/own-{kind}.md) shows how to write one.",
        'A quantity is a text with its unit: `"44.7 uA"`, `"4.7 kohm"`, `"0.47 s"`.',
    ]
    for heading, model in models.items():
        about = dict(meanings[heading])
        lines += ["", f"## {heading}" if heading == "Top of the file" else f"## `{heading}`"]
        lines += ["", about.pop("about")] if "about" in about else []
        hidden = FILLED_IN.get(model, set())
        fields = {info.alias or name: info for name, info in model.model_fields.items() if name not in hidden}
        if differ := fields.keys() ^ about.keys():
            raise SystemExit(f"meanings.toml, {kind}, {heading}: differs from the model in {', '.join(sorted(differ))}")
        rows = [(f"`{name}`", _takes(info), _default(info), about[name]) for name, info in fields.items()]
        lines += _table(("key", "takes", "default", "meaning"), rows)
    return _page(lines)


def _takes(field: FieldInfo) -> str:
    unit = unit_of(field.metadata)
    return _type(field.annotation) if unit is None else QUANTITIES[unit]


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    unit = unit_of(getattr(annotation, "__metadata__", ()))
    if unit is not None:
        return QUANTITIES[unit]
    if origin is Literal:
        return ", ".join(f"`{a}`" for a in arguments)
    if origin in (Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if origin in (dict, tuple) or issubclass(annotation, BaseModel):
        return "list" if origin is tuple else "table"
    return PLAIN.get(annotation, annotation.__name__)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.default
    if isinstance(value, float):
        return show(value, unit_of(field.metadata) or "")
    return str(value) if isinstance(value, str | int) else ""


def _owners(driver: type[Commanded]) -> Iterator[type[Commanded]]:
    """The driver itself, then the classes that stand for its channels and parts, which its module has or imports."""
    yield driver
    module = importlib.import_module(driver.__module__)
    parts = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Commanded)]
    for part in parts:
        ours = part.__module__.rpartition(".")[0] == module.__package__ and part not in driver.__mro__
        extended = any(other is not part and issubclass(other, part) for other in parts)
        if ours and not extended and any(part.commands()):
            yield part


def _command(item: Command[Any]) -> tuple[str, ...]:
    bounds = ", ".join(item.choices)
    if not bounds and math.isfinite(item.low) and math.isfinite(item.high):
        bounds = f"{item.show(item.low)} to {item.show(item.high)}"
    return (item.name, f"`{item.question if item.write is None else item.header}`", item.unit, bounds, item.doc)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = (head, ["---"] * len(head), *rows)
    return ["", *("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)]


def _page(lines: Sequence[str]) -> str:
    return "\n".join([*lines, "", NOTE, ""])


PAGES: dict[str, Callable[[], str]] = {
    "protocols.md": protocols_page,
    "bench-file.md": bench_page,
    "board-file.md": board_page,
    "instruments.md": instruments_page,
    "boards.md": boards_page,
    "faults.md": faults_page,
    "python.md": python_page,
}

if __name__ == "__main__":
    main()
