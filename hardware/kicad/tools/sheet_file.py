"""A drawn sheet as a KiCad 9 schematic: its files, each the same to the byte in every run."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..expressions import Expression, Text, write
from .drawing import PAPERS, REVISION, Label, Part, Placed, Power, Sheet, SubSheet
from .identity import Identities
from .occupied import supply_text
from .remarks import remarks
from .symbols import OWN_LIBRARY, DrawingError, Point, Pose, Symbol
from .text import TextPlace, at_point, corner, effects, hidden_text, millimetres, turned_text
from .text_places import text_places
from .wiring import cut, junctions, touches

FORMAT = "20250114"  # of KiCad 9
MODELS = "${KIPRJMOD}/../library/%s.lib"


def write_schematic(sheet: Sheet, folder: Path) -> tuple[Path, ...]:
    """Write `<name>.kicad_sch` of a sheet and of its sub-sheets, and the table of the libraries they use.

    Returns the files, the root sheet first, the table last. Raises `DrawingError`: a label, supply or cross that touches
    no wire or pin, ports that do not match, two sheets of one name, one designator in two places.
    """
    project = _Project(sheet)
    texts = {f"{name}.kicad_sch": write(expression) for name, expression in project.sheets()}
    texts["sym-lib-table"] = write(_library_table(project))
    folder.mkdir(parents=True, exist_ok=True)
    files = tuple(folder / name for name in texts)
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


class _Project:
    """A root sheet and all below it: what is numbered, named and identified across sheets."""

    def __init__(self, root: Sheet) -> None:
        self.root = root
        self.pages: list[tuple[Sheet, str]] = []  # with the path of its instance
        self.supplies = 0
        self._collect(root, f"/{Identities(root.name)('root')}")
        names = [sheet.name for sheet, _ in self.pages]
        if len(set(names)) < len(names):
            raise DrawingError(
                f"{root.name}: two sheets have one name ({', '.join(names)}): each needs a file of its own"
            )
        seen: dict[tuple[str, int], str] = {}
        for sheet, _ in self.pages:
            for placed in sheet.placed:
                other = seen.setdefault((placed.part.ref, placed.unit), sheet.name)
                if other != sheet.name:
                    raise DrawingError(
                        f"unit {placed.unit} of {placed.part.ref} is on the sheets {other} and {sheet.name}"
                    )

    def _collect(self, sheet: Sheet, path: str) -> None:
        self.pages.append((sheet, path))
        for sub in sheet.subs:
            self._collect(sub.sheet, f"{path}/{self.sub_identity(sub)}")

    def sub_identity(self, sub: SubSheet) -> str:
        return Identities(self.root.name, "sub-sheet")(sub.sheet.name)

    def page(self, sheet: Sheet) -> str:
        return str(1 + [other.name for other, _ in self.pages].index(sheet.name))

    def sheets(self) -> Iterator[tuple[str, Expression]]:
        for sheet, path in self.pages:
            yield sheet.name, _SheetFile(self, sheet, path).expression()


def _library_table(project: _Project) -> Expression:
    used = {name.partition(":")[0] for sheet, _ in project.pages for name in _symbols(sheet)}
    table: Expression = ["sym_lib_table", ["version", "7"]]
    for library in sorted(used):
        folder = "${KIPRJMOD}/../library" if library == OWN_LIBRARY else "${KICAD9_SYMBOL_DIR}"
        table.append(
            [
                "lib",
                ["name", Text(library)],
                ["type", Text("KiCad")],
                ["uri", Text(f"{folder}/{library}.kicad_sym")],
                ["options", Text("")],
                ["descr", Text("")],
            ]
        )
    return table


def _symbols(sheet: Sheet) -> dict[str, Expression]:
    """What the sheet embeds, by name."""
    symbols = [placed.part.symbol for placed in sheet.placed] + [power.symbol for power in sheet.powers]
    return {symbol.name: symbol.expression for symbol in sorted(symbols, key=lambda symbol: symbol.name)}


class _SheetFile:
    """One sheet's expression."""

    def __init__(self, project: _Project, sheet: Sheet, path: str) -> None:
        self.project, self.sheet, self.path = project, sheet, path
        self.identity = Identities(project.root.name, "sheet", sheet.name)
        self.pins = [end for placed in sheet.placed for end in placed.pins.values()]
        self.pins += [power.pose.at for power in sheet.powers]
        self.pins += [end for sub in sheet.subs for _, end in sub.pins.values()]
        self.segments = cut(sheet.wires, [*self.pins, *(label.at for label in sheet.labels)])
        self._check()

    def expression(self) -> Expression:
        is_root = self.sheet is self.project.root
        body = [
            *(self._junction(point) for point in junctions(self.segments, self.pins)),
            *(self._no_connect(point) for point in self.sheet.no_connects),
            *(self._wire(start, end) for start, end in self.segments),
            *remarks(self.sheet, self.identity),
            *(self._label(label) for label in self.sheet.labels),
            *(self._part(placed, *places) for placed, places in text_places(self.sheet, self.segments)),
            *(self._supply(power) for power in self.sheet.powers),
            *(self._sub(sub) for sub in self.sheet.subs),
        ]
        pages: list[Expression] = [["sheet_instances", ["path", Text("/"), ["page", Text("1")]]]] if is_root else []
        return [
            "kicad_sch",
            ["version", FORMAT],
            ["generator", Text("neurorig")],
            ["generator_version", Text("9.0")],
            ["uuid", Text(self.path[1:] if is_root else self.identity("file"))],
            ["paper", Text(self.sheet.paper)],
            self._title_block(),
            ["lib_symbols", *_symbols(self.sheet).values()],
            *body,
            *pages,
            ["embedded_fonts", "no"],
        ]

    def _check(self) -> None:
        sheet = self.sheet
        if sheet.paper not in PAPERS:
            raise DrawingError(f"{sheet.name}: paper {sheet.paper!r} is unknown: take one of {', '.join(PAPERS)}")
        width, height = PAPERS[sheet.paper]
        for x, y in [*self.pins, *(end for piece in self.segments for end in piece)]:
            if not (0 < x * 1.27 < width and 0 < y * 1.27 < height):
                raise DrawingError(f"{sheet.name}: something at {(x, y)} lies outside of the paper {sheet.paper}")
        named = [(f"label {label.net!r}", label.at) for label in sheet.labels]
        for what, at in named:
            if at not in self.pins and not any(touches(segment, at) for segment in self.segments):
                raise DrawingError(f"{sheet.name}: {what} at {at} touches no wire and no pin: move it to an end of one")
        part_pins = {end for placed in sheet.placed for end in placed.pins.values()}
        part_pins |= {end for sub in sheet.subs for _, end in sub.pins.values()}
        for power in sheet.powers:
            at = power.pose.at
            if at not in part_pins and not any(touches(segment, at) for segment in self.segments):
                raise DrawingError(
                    f"{sheet.name}: {power.name} at {at} touches no wire and no pin: move it to an end of one"
                )
        for at in sheet.no_connects:
            if at not in part_pins:
                raise DrawingError(f"{sheet.name}: the cross at {at} is on no pin: use Placed.pin")
        for sub in sheet.subs:
            ports = {label.net for label in sub.sheet.labels if label.shape}
            if ports != set(sub.pins):
                raise DrawingError(
                    f"{sheet.name}: the block of {sub.sheet.name} has pins {sorted(sub.pins)}, its sheet ports {sorted(ports)}: "
                    "they must be the same"
                )

    def _title_block(self) -> Expression:
        comments: list[Expression] = [
            ["comment", str(number), Text(text)] for number, text in enumerate(self.sheet.comments, 1)
        ]
        return [
            "title_block",
            ["title", Text(self.sheet.title)],
            ["rev", Text(REVISION)],
            ["company", Text("neurorig")],
            *comments,
        ]

    def _junction(self, at: Point) -> Expression:
        identity = Text(self.identity("junction", at))
        return ["junction", corner("at", at), ["diameter", "0"], ["color", "0", "0", "0", "0"], ["uuid", identity]]

    def _no_connect(self, at: Point) -> Expression:
        return ["no_connect", corner("at", at), ["uuid", Text(self.identity("cross", at))]]

    def _wire(self, start: Point, end: Point) -> Expression:
        points: Expression = ["pts", *(corner("xy", point) for point in (start, end))]
        line: Expression = ["stroke", ["width", "0"], ["type", "default"]]
        return ["wire", points, line, ["uuid", Text(self.identity("wire", start, end))]]

    def _label(self, label: Label) -> Expression:
        side = "left" if label.turn in (0, 90) else "right"
        at = at_point(label.at, label.turn)
        if not label.shape:
            identity = Text(self.identity("label", label.net, label.at))
            return ["label", Text(label.net), at, effects(justify=(side, "bottom")), ["uuid", identity]]
        identity = Text(self.identity("port", label.net, label.at))
        return [
            "hierarchical_label",
            Text(label.net),
            ["shape", label.shape],
            at,
            effects(justify=(side,)),
            ["uuid", identity],
        ]

    def _part(self, placed: Placed, ref_place: TextPlace, value_place: TextPlace) -> Expression:
        part, pose = placed.part, placed.pose
        properties = [
            turned_text("Reference", part.ref, pose, ref_place),
            turned_text("Value", part.value, pose, value_place, hide=placed.hide_value),
            *(hidden_text(name, value, pose) for name, value in _fields(part).items()),
        ]
        flags = {
            "exclude_from_sim": part.sim is None or not part.fitted,
            "in_bom": part.in_bom,
            "on_board": part.on_board,
            "dnp": not part.fitted,
        }
        identity = Identities(self.project.root.name, "part", part.ref, str(placed.unit))
        return self._symbol(
            part.symbol, pose, placed.unit, part.ref, flags=flags, properties=properties, identity=identity
        )

    def _supply(self, power: Power) -> Expression:
        self.project.supplies += 1
        own = power.symbol.properties
        ref = f"{own['Reference']}{self.project.supplies:03d}"
        properties = [
            hidden_text("Reference", ref, power.pose),
            turned_text("Value", power.name, power.pose, supply_text(power), hide=power.name == "PWR_FLAG"),
            *(hidden_text(name, own.get(name, ""), power.pose) for name in ("Footprint", "Datasheet", "Description")),
        ]
        flags = {"exclude_from_sim": False, "in_bom": True, "on_board": True, "dnp": False}
        identity = Identities(self.project.root.name, self.sheet.name, power.name, str(power.pose.at))
        return self._symbol(power.symbol, power.pose, 1, ref, flags=flags, properties=properties, identity=identity)

    def _symbol(
        self,
        symbol: Symbol,
        pose: Pose,
        unit: int,
        ref: str,
        *,
        flags: Mapping[str, bool],
        properties: Iterable[Expression],
        identity: Identities,
    ) -> Expression:
        expression: Expression = ["symbol", ["lib_id", Text(symbol.name)], at_point(pose.at, pose.turn)]
        if pose.mirror:
            expression.append(["mirror", pose.mirror])
        expression.append(["unit", str(unit)])
        expression += [[flag, "yes" if state else "no"] for flag, state in flags.items()]
        expression.append(["uuid", Text(identity("symbol"))])
        expression += properties
        expression += [
            ["pin", Text(pin.number), ["uuid", Text(identity("pin", pin.number))]] for pin in symbol.unit_pins(unit)
        ]
        path: Expression = ["path", Text(self.path), ["reference", Text(ref)], ["unit", str(unit)]]
        expression.append(["instances", ["project", Text(self.project.root.name), path]])
        return expression

    def _sub(self, sub: SubSheet) -> Expression:
        name, (x, y), (width, height) = sub.sheet.name, sub.at, sub.size
        identity = self.project.sub_identity(sub)
        shapes = {label.net: label.shape for label in sub.sheet.labels if label.shape}
        above, below = effects(justify=("left", "bottom")), effects(justify=("left", "top"))
        pins: list[Expression] = [
            [
                "pin",
                Text(net),
                shapes[net],
                at_point(end, 180 if side == "left" else 0),
                ["uuid", Text(self.identity("pin", name, net))],
                effects(justify=(side,)),
            ]
            for net, (side, end) in sub.pins.items()
        ]
        page: Expression = ["path", Text(self.path), ["page", Text(self.project.page(sub.sheet))]]
        return [
            "sheet",
            ["at", millimetres(x), millimetres(y)],
            ["size", millimetres(width), millimetres(height)],
            ["exclude_from_sim", "no"],
            ["in_bom", "yes"],
            ["on_board", "yes"],
            ["dnp", "no"],
            ["stroke", ["width", "0.2"], ["type", "solid"]],
            ["fill", ["color", "0", "0", "0", "0"]],
            ["uuid", Text(identity)],
            ["property", Text("Sheetname"), Text(name), at_point((x, y - 0.5), 0), above],
            ["property", Text("Sheetfile"), Text(f"{name}.kicad_sch"), at_point((x, y + height + 0.5), 0), below],
            *pins,
            ["instances", ["project", Text(self.project.root.name), page]],
        ]


def _fields(part: Part) -> dict[str, str]:
    """Hidden fields of a part: footprint, data sheet, what is bought, and the model in SPICE."""
    own = part.symbol.properties
    fields = {name: part.fields.get(name, own.get(name, "")) for name in ("Footprint", "Datasheet", "Description")}
    fields |= part.fields
    if part.sim is not None:
        name, pins, params, device, library = part.sim
        fields["Sim.Device"] = device
        if name:
            fields |= {"Sim.Library": MODELS % library, "Sim.Name": name}
        fields["Sim.Pins"] = pins
        if params:
            fields["Sim.Params"] = params
    return fields
