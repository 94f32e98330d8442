"""Every board passes every check of KiCad, and the checks find what is put wrong."""

import json
import re
import shutil
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest

from neurorig.hardware.kicad.checks import Violation, check
from neurorig.hardware.kicad.program import workspace
from neurorig.hardware.kicad.projects import HERE, PROJECTS, Project
from neurorig.hardware.kicad.schematic import read_schematic
from neurorig.signals import ConfigError

from .broken import blocks, footprint, longest_track, replace, symbol
from .conftest import copied

pytestmark = pytest.mark.needs("kicad")
CLEAN = {"ERC": 0, "DRC": 0, "unconnected": 0, "parity": 0}
NET = "/n1.v_m"


@pytest.mark.parametrize("folder", sorted(HERE.glob("*/*.kicad_pro")), ids=lambda path: path.stem)
def test_a_board_is_clean(folder: Path):
    checks = check(PROJECTS[folder.stem])
    assert checks.counts == CLEAN, "\n".join(map(str, checks.violations[:10]))
    assert checks.ignored == ()  # nothing is clean because nobody looked


def test_every_board_is_there():
    assert {path.stem for path in HERE.glob("*/*.kicad_pro")} == PROJECTS.keys()


def found(project: Project, kind: str) -> list[Violation]:
    """What the check finds, which must be something of this kind."""
    checks = check(project)
    assert not checks.passed
    assert checks.counts[kind], "\n".join(map(str, checks.violations))
    return [v for v in checks.violations if v.kind == kind]


def test_a_deleted_track_is_found(neuron):
    replace(neuron.board, longest_track(neuron.board, NET), "")
    missing = found(neuron, "unconnected")
    assert all(v.nets == (NET,) for v in missing)
    assert any(NET in str(v) for v in missing)


def test_a_moved_part_is_found(neuron):
    before = footprint(neuron.board, "R_m1")
    x, y = map(float, re.search(r"^\t\t\(at ([\d.]+) ([\d.]+)", before, re.MULTILINE).groups())
    replace(neuron.board, before, before.replace(f"(at {x:g} {y:g}", f"(at {x + 3.1:g} {y + 1.7:g}", 1))
    assert any("R_m1" in v.parts for v in found(neuron, "unconnected"))


def test_a_changed_value_is_found_with_both_values(neuron):
    printed = read_schematic(neuron.schematic)["R_m1"].value
    before = footprint(neuron.board, "R_m1")
    replace(neuron.board, before, before.replace(f'(property "Value" "{printed}"', '(property "Value" "123k"'))
    (violation,) = found(neuron, "parity")
    assert violation.parts == ("R_m1",)
    assert violation.text == f"R_m1 is 123k on the board, {printed} in the schematic."


def test_a_changed_net_is_found(neuron):
    before = footprint(neuron.board, "R_m1")
    number, net = re.search(r'\(net (\d+) "(/n1\.v_m)"\)', before).groups()
    other = re.search(r'\(net (\d+) "(/n1\.v_ap)"\)', neuron.board.read_text()).groups()
    replace(neuron.board, before, before.replace(f'(net {number} "{net}")', f'(net {other[0]} "{other[1]}")'))
    conflicts = [v for v in found(neuron, "parity") if v.rule == "net_conflict"]
    assert any(v.parts == ("R_m1",) and net in v.text and other[1] in v.text for v in conflicts)


def test_a_value_that_spice_is_not_told_of_is_found(neuron):
    text = neuron.schematic.read_text()
    neuron.schematic.write_text(text.replace('"r=680k"', '"r=470k"'))
    (other,) = found(neuron, "ERC")
    assert other.text.startswith("R_m1 is 680k in the schematic and 470k in SPICE")


@pytest.mark.parametrize("name", PROJECTS)
def test_every_board_is_looked_at_as_closely(name, tmp_path):
    """Six faults at once, for a check takes seconds: track, place, value, net, wire, and a value that SPICE is told."""
    project = copied(name, tmp_path)
    drawn = read_schematic(project.schematic).components.values()
    parts = [part.reference for part in drawn if part.library_id == "Device:R" and part.value[0].isdigit()]
    signals = [part for part in parts if not {"GND", "+5V"} & set(nets_of(footprint(project.board, part)))]
    tracked, netted, *_ = signals
    moved, valued, told = [part for part in parts if part not in (tracked, netted)][:3]
    net = nets_of(footprint(project.board, tracked))[0]
    replace(project.board, longest_track(project.board, net), "")
    for part, change in ((moved, moving), (valued, revaluing), (netted, exchanging)):
        before = footprint(project.board, part)
        replace(project.board, before, change(before))
    sheet, before = symbol(project, told)
    replace(sheet, before, re.sub('"r=[^"]*"', '"r=123k"', before))
    replace(sheet, next(blocks(sheet.read_text(), "wire")), "")
    seen = check(project).violations
    assert any(v.kind == "ERC" and v.rule in {"pin_not_connected", "label_dangling", "wire_dangling"} for v in seen)
    assert any(v.kind == "unconnected" and v.nets == (net,) for v in seen)
    assert any(v.kind in {"unconnected", "DRC"} and moved in v.parts for v in seen)
    assert [v.parts for v in seen if v.kind == "parity" and "123k on the board" in v.text] == [(valued,)]
    assert any(v.rule == "net_conflict" and v.parts == (netted,) for v in seen)
    assert [v.parts for v in seen if v.rule == "model_value"] == [(told,)]


def nets_of(text: str) -> list[str]:
    return re.findall(r'\(net \d+ "([^"]*)"\)', text)


def moving(text: str) -> str:
    place = re.search(r"^\t\t\(at ([\d.]+) ([\d.]+)", text, re.MULTILINE)
    return text.replace(place[0], f"\t\t(at {float(place[1]) + 3.1:g} {float(place[2]) + 1.7:g}", 1)


def revaluing(text: str) -> str:
    return re.sub(r'\(property "Value" "[^"]*"', '(property "Value" "123k"', text, count=1)


def exchanging(text: str) -> str:
    """The nets of the two pads."""
    first, second = re.findall(r'\(net \d+ "[^"]*"\)', text)
    return text.replace(first, "(net)").replace(second, first).replace("(net)", second)


def test_a_wire_that_is_cut_in_the_schematic_is_found(neuron):
    text = neuron.schematic.read_text()
    wires = re.findall(r"^\t\(wire\n.*?^\t\)\n", text, re.MULTILINE | re.DOTALL)
    neuron.schematic.write_text(text.replace(wires[0], "", 1))
    assert all(v.where.startswith("sheet /, x ") for v in found(neuron, "ERC"))


def test_an_exclusion_hides_nothing(neuron):
    """What somebody clicked away in the editor still stands in the way of ordering."""
    replace(neuron.board, longest_track(neuron.board, NET), "")
    before = check(neuron)
    settings = json.loads(neuron.settings.read_text())
    settings["board"]["design_settings"]["drc_exclusions"] = [
        [_exclusion(v), "on purpose"] for v in _listed(neuron, "--severity-all")
    ]
    neuron.settings.write_text(json.dumps(settings))
    left = _listed(neuron, "--severity-error", "--severity-warning")
    # the end of a track is reported rounded, so that such an exclusion need not fit
    assert all(v["type"] == "track_dangling" for v in left)
    assert before.counts["unconnected"]
    assert check(neuron).counts == before.counts


def _listed(project: Project, *severities: str) -> list[dict[str, Any]]:
    """What is wrong with the layout, as KiCad writes it."""
    with workspace(project) as copy:
        report = copy.root / "drc.json"
        copy.run("pcb", "drc", *severities, "--format", "json", "--output", report, copy.project.board)
        drc = json.loads(report.read_text())
        return [*drc["violations"], *drc["unconnected_items"]]


def _exclusion(violation: dict[str, Any]) -> str:
    """A line of the project's list of exclusions: rule, place (nm) and what is there."""
    items = violation["items"]
    place = [str(round(items[0]["pos"][axis] * 1e6)) for axis in "xy"]
    identities = [item["uuid"] for item in items] + ["00000000-0000-0000-0000-000000000000"]
    return "|".join([violation["type"], *place, *identities[:2]])


def test_a_rule_that_is_switched_off_is_named(neuron):
    settings = json.loads(neuron.settings.read_text())
    settings["board"]["design_settings"].setdefault("rule_severities", {})["clearance"] = "ignore"
    neuron.settings.write_text(json.dumps(settings))
    assert check(neuron).ignored == ("clearance",)


def test_positions_of_the_schematic_are_millimetres(divider, tmp_path):
    """kicad-cli 9 gives them a hundred times too small."""
    project = changed(divider, folder=Path(shutil.copytree(divider.folder, tmp_path / "divider")))
    label = re.search(r'\(label "mid"\s+\(at (\S+) (\S+) ', project.schematic.read_text())
    replace(project.schematic, label[0], f'(label "mid" (at {float(label[1]) + 50} {label[2]} ')
    places = [v.where for v in found(project, "ERC")]
    assert f"sheet /, x {float(label[1]) + 50:.2f} y {float(label[2]):.2f}" in places


def test_a_project_file_that_is_none_is_told(neuron):
    neuron.settings.write_text("{")
    with pytest.raises(ConfigError, match=r"neuron\.kicad_pro: not a KiCad project"):
        check(neuron)
