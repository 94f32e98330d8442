"""What a board house, a buyer and an assembler get; nothing for a board that fails."""

import csv
import json
import re
import shutil
import zipfile
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from neurorig.hardware.kicad import outputs
from neurorig.hardware.kicad.outputs import BoardRefusedError, Built, build
from neurorig.hardware.kicad.projects import Project
from neurorig.signals import ConfigError

from .broken import longest_track, replace

pytestmark = pytest.mark.needs("kicad")
MAGIC = {".pdf": b"%PDF-", ".png": b"\x89PNG", ".step": b"ISO-10303-21;", ".svg": b"<?xml", ".zip": b"PK\x03\x04"}


@pytest.fixture(scope="module")
def built(divider: Project, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(divider, tmp_path_factory.mktemp("out") / "new" / "divider")


@pytest.fixture
def broken(divider: Project, tmp_path: Path) -> Project:
    """A copy of the divider without one of its tracks."""
    project = changed(divider, folder=Path(shutil.copytree(divider.folder, tmp_path / "divider")))
    replace(project.board, longest_track(project.board, "/mid"), "")
    return project


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take two thirds of the time of a build, and `built` has them."""
    monkeypatch.setattr(outputs._Maker, "_pictures", lambda _: None)


def test_the_index_lists_what_was_written_and_what_was_checked(built):
    index = json.loads((built.folder / "index.json").read_text())
    assert index["checks"] == {"ERC": 0, "DRC": 0, "unconnected": 0, "parity": 0}
    assert (index["size_mm"], index["parts_fitted"]) == ([50, 34], 5)
    assert {p.name for p in built.folder.iterdir()} == {"index.json", *index["files"]}
    for path in built.folder.iterdir():
        assert path.read_bytes().startswith(MAGIC.get(path.suffix, b"")), path.name


def test_the_zip_is_what_a_board_house_takes(built):
    with zipfile.ZipFile(built.folder / "divider-gerbers.zip") as packed:
        files = {name: packed.read(name).decode() for name in packed.namelist()}
    assert {Path(name).suffix for name in files} == {
        ".gtl", ".gbl", ".gts", ".gbs", ".gtp", ".gbp", ".gto", ".gbo", ".gm1", ".drl", ".gbrjob",
    }  # fmt: skip
    assert not any("/" in name for name in files)
    functions = {
        name: re.search(r"%TF\.FileFunction,([^*]+)\*%", text)[1]
        for name, text in files.items()
        if ".g" in name and "job" not in name
    }
    assert functions["divider-F_Cu.gtl"] == "Copper,L1,Top"
    assert functions["divider-Edge_Cuts.gm1"].startswith("Profile")
    holes = {name: len(re.findall(r"^X", text, re.MULTILINE)) for name, text in files.items() if name.endswith(".drl")}
    assert holes == {"divider-NPTH.drl": 2, "divider-PTH.drl": 15 + vias(files)}


def test_the_board_house_is_told_what_it_has_to_make(built):
    told = dict(re.split(r"  +", line) for line in (built.folder / "divider-fabrication.txt").read_text().splitlines())
    assert (told["layers"], told["size"], told["material"]) == ("2", "50 x 34 mm", "FR-4, 1.6 mm")
    assert told["copper"] == "35 um on each layer"
    with zipfile.ZipFile(built.folder / "divider-gerbers.zip") as packed:
        drilled = {name: packed.read(f"divider-{name}.drl").decode() for name in ("PTH", "NPTH")}
    holes = {name: len(re.findall(r"^X", text, re.MULTILINE)) for name, text in drilled.items()}
    assert told["holes"] == f"{holes['PTH']} plated, {holes['NPTH']} not plated"
    tools = [float(size) for text in drilled.values() for size in re.findall(r"^T\d+C([\d.]+)", text, re.MULTILINE)]
    assert told["smallest hole"] == f"{min(tools):g} mm"


def vias(files: dict[str, str]) -> int:
    """Pads of the front copper that are vias."""
    aperture = re.findall(r"%TA\.AperFunction,ViaPad\*%\n%ADD(\d+)", files["divider-F_Cu.gtl"])
    return sum(
        len(re.findall(rf"D{number}\*\n((?:X[^\n]*D03\*\n)+)", files["divider-F_Cu.gtl"])) for number in aperture
    )


def test_parts_and_places(built):
    with (built.folder / "divider-positions.csv").open() as file:
        places = {row["Ref"]: row for row in csv.DictReader(file)}
    assert {ref: place["Side"] for ref, place in places.items()} == {
        "C1": "bottom",
        **dict.fromkeys(["J1", "R1", "R2", "U1"], "top"),
    }
    with (built.folder / "divider-bom.csv").open() as file:
        assert {row["Designators"]: row["Value"] for row in csv.DictReader(file)}["R1"] == "100k"
    assert (built.folder / "divider-not-fitted.csv").read_text().count("\n") == 1


@pytest.mark.parametrize("side", ["front", "back"])
def test_the_whole_board_is_in_the_picture(built, side):
    covered = image.imread(built.folder / f"divider-{side}.png")[:, :, 3] > 0.5
    border = np.concatenate([covered[0], covered[-1], covered[:, 0], covered[:, -1]])
    assert not border.any()
    assert covered.mean() > 0.6


def test_missing_models_and_prices_are_told(built):
    assert any("3D models are not on this machine" in remark for remark in built.remarks) or _has_models()
    assert "No price is known of C1, J1, R1, R2, U1." in built.remarks


def _has_models() -> bool:
    return any(Path("/usr/share/kicad/3dmodels").glob("Resistor_THT.3dshapes/*"))


@pytest.mark.usefixtures("without_pictures")
def test_the_netlist_finds_its_models_beside_it(neuron, tmp_path):
    folder = build(neuron, tmp_path / "out").folder
    included = re.findall(r'^\.include "(.*)"', (folder / "neuron-netlist.cir").read_text(), re.MULTILINE)
    assert included == ["neurorig.lib"]
    assert (folder / "neurorig.lib").read_bytes() == (neuron.folder.parent / "library" / "neurorig.lib").read_bytes()


def test_nothing_is_written_for_a_board_that_fails(broken, tmp_path):
    with pytest.raises(
        BoardRefusedError, match=r"divider: ERC 0, DRC \d, unconnected [1-9].*nothing is written"
    ) as refused:
        build(broken, tmp_path / "out")
    assert "/mid" in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("without_pictures")
def test_a_board_that_fails_can_be_written_anyway(broken, tmp_path):
    built = build(broken, tmp_path / "out", anyway=True)
    index = json.loads((built.folder / "index.json").read_text())
    assert index["checks"]["unconnected"] > 0
    assert any(v["nets"] == ["/mid"] for v in index["violations"])
    assert "The checks fail: do not order this board." in index["remarks"]


def test_nothing_is_written_over(divider, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"is not empty: choose another folder with --out"):
        build(divider, tmp_path)
    with pytest.raises(ConfigError, match=r"mine\.txt is a file"):
        build(divider, tmp_path / "mine.txt")
    with pytest.raises(ConfigError, match=r"mine\.txt is not writable"):
        build(divider, tmp_path / "mine.txt" / "below")


def test_the_silkscreen_lies_over_the_copper_in_colours_that_are_read(built):
    drawn = (built.folder / "divider-front.svg").read_text()
    colours = list(dict.fromkeys(re.findall(r'style="(?:fill|stroke):(#\w{6})', drawn)))
    copper, mask, black, holes = "#FACDB4", "#D7966E", "#000000", "#FFFFFF"
    assert [c for c in colours if c != black] == [copper, mask, holes]
    assert drawn.rindex(black) > drawn.rindex(mask) > drawn.rindex(copper)
