"""Small boards for the tests: the shipped ones with other entries, written to a file and loaded like any other."""

import copy
import tomllib
from pathlib import Path

import tomlkit

from neurorig.hardware import Board, list_boards, load_board

SHIPPED = {name: tomllib.loads(load_board(name).path.read_text()) for name in list_boards()}


def description(name="wu2025_bump"):
    """A shipped board as a dictionary of one's own."""
    return copy.deepcopy(SHIPPED[name])


def written(folder: Path, entries: dict) -> Board:
    """The board that a file with these entries describes."""
    path = folder / "board.toml"
    path.write_text(tomlkit.dumps(entries))
    return load_board(path)


def single(folder: Path, name="wu2025_neuron", **calibration) -> Board:
    """The neuron of a board, without its synapses, with other calibration entries."""
    entries = description(name)
    entries.pop("synapses", None)
    entries["nodes"] = {key: node for key, node in entries["nodes"].items() if key.startswith("n1.")}
    entries["neurons"]["n1"]["calibration"] |= calibration
    return written(folder, entries)


def network(folder: Path, wires: dict[str, tuple[str, str]], kind="inhibitory", stages=2, **calibration) -> Board:
    """Two neurons of the bump board, and a synapse for each entry of `wires` (pre, post)."""
    entries = description()
    neuron, synapse = entries["neurons"]["n1"], entries["synapses"]["s11"]
    synapse |= {"kind": kind, "stages": stages}
    synapse["calibration"] |= calibration
    entries["neurons"] = {"n1": neuron, "n2": neuron}
    entries["synapses"] = {key: {**synapse, "pre": pre, "post": post} for key, (pre, post) in wires.items()}
    port, nodes = entries["ports"]["n1.i0"], entries["nodes"]
    entries["ports"] = {"n1.i0": port, "n2.i0": port}
    entries["nodes"] = {f"{n}.v_m": nodes["n1.v_m"] for n in ("n1", "n2")}
    entries["nodes"] |= {f"{s}.i_out": nodes["s11.i_out"] for s in wires}
    return written(folder, entries)
