"""From a `Board` to an ngspice deck: blocks of the paper, wired with the board's components, nodes named as in the twin."""

from collections.abc import Iterable, Mapping
from math import inf
from pathlib import Path
from typing import Literal

from neurorig.hardware import Board, Synapse
from neurorig.hardware.driver_circuits import Drive
from neurorig.hardware.parts import OPEN
from neurorig.signals import ConfigError, Steps, nearest, show

Thyristor = Literal["hw", "ref", "med"]

PARTS = Path(__file__).parents[1] / "kicad" / "library" / "neurorig.lib"

MAX_STEP = 10e-6  # s; with 0.1 to 0.2 ms, integration invents 1.5 uA of hysteresis and doubles the period of bursts
BURSTING_STEP = 5e-6  # s; trapezoids ring where C_L shares its charge
RISE = 1e-6  # s, of a step of the input current
PER_LINE = 4  # corners of a command

OPTIONS = "gmin=1e-15 reltol=1e-4 method=trap xmu=0.49"  # xmu just below 0.5: no ringing of V_ap
BURSTING_OPTIONS = "gmin=1e-15 reltol=1e-4 method=gear"


def deck(
    board: Board,
    drive: Mapping[str, Steps | float],
    until: float,
    nodes: Iterable[str] = (),
    *,
    thyristor: Thyristor = "ref",
    max_step: float | None = None,
) -> str:
    """Write the deck of `board` for ngspice, with its components, from its state at rest to `until` (s).

    `drive`: currents (A) by port, constant or in steps whose last level stays; what is not named stays at 0. Ripple and
    sag of the ports are kept. `nodes`: quantities of the board to save besides V_ap of every neuron. Capacitors and
    resistors are the board's `components`; the thyristors are the two-transistor model `thyristor`, whatever the board
    was calibrated with; delta blocks are those that `circuit_of` names.
    Raises ConfigError for an unknown port or node, an end that is not after 0 s, and noise, of which ngspice has no copy.
    """
    if not 0.0 < until < inf:
        raise ConfigError(f"until = {show(until, 's')}: ngspice runs from 0 s to a later time, such as 1 s.")
    for port in drive:
        if port not in board.ports:
            raise ConfigError(f"{board.path}: the board has no port '{port}'.{nearest(port, board.ports)}")
    noisy = [port.name for port in board.ports.values() if port.noise > 0.0]
    if noisy:
        raise ConfigError(f"{noisy[0]}: a deck has no noise; take the board with_ports noise = 0.")
    bursting = any(neuron.components.C_L is not None for neuron in board.neurons.values())
    step = max_step or (BURSTING_STEP if bursting else MAX_STEP)
    saved = [f"v({neuron}.v_ap)" for neuron in board.neurons] + [vector(board, node) for node in nodes]
    lines = [
        f"{board.title} ({board.name})",
        f".option {BURSTING_OPTIONS if bursting else OPTIONS}",
        models(thyristor),
        Path(__file__).with_name("library.cir").read_text(encoding="utf-8"),
        "* Supply",
        f"V_plus vdd 0 {board.supply:.10g}",
        *(line for name in board.neurons for line in _neuron(board, name)),
        *(line for name in board.ports for line in _port(board, name, drive.get(name, 0.0))),
        *(line for name in board.synapses for line in _synapse(board, name)),
        "",
        "* From the state at rest",
        *_rest(board),
        f".save {' '.join(dict.fromkeys(saved))}",
        f".tran {step:g} {until:.12g} 0 {step:g}",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def models(thyristor: Thyristor = "ref") -> str:
    """Models of the parts, as the boards have them, with one of the three sizes of thyristor."""
    return PARTS.read_text(encoding="utf-8").replace("cathode thyristor_ref\n", f"cathode thyristor_{thyristor}\n")


def circuit_of(synapse: Synapse) -> Drive:
    """The delta block of a synapse: the one it names, or that of the published board if it was calibrated as a charge."""
    return "pcb" if synapse.calibration.drive == "constant" else synapse.calibration.drive


def vector(board: Board, node: str) -> str:
    """What ngspice calls a node of the board: ``v(n1.v_m)``, ``i(v.x_s11_2.v_s)``, ...

    Currents of mirrors have the sign that ngspice gives them. Raises ConfigError for an unknown node.
    """
    if node not in board.quantities:
        raise ConfigError(f"{board.path}: the board has no node '{node}'.{nearest(node, board.quantities)}")
    owner, quantity = node.split(".")
    match quantity:
        case "i0" | "i_out":
            return f"i(v_{owner}_{quantity})"
        case "i_s1" | "i_s2":
            return f"i(v.x_{owner}_{quantity[-1]}.v_s)"
        case _:
            return f"v({node})"


def _neuron(board: Board, name: str) -> list[str]:
    part = board.neurons[name].components
    values = f"C_m={part.C_m:.10g} R_m={part.R_m:.10g} R_a={part.R_a:.10g}"
    lines = ["", f"* Neuron {name}", f"X_{name} {name}.v_m {name}.v_ap neuron {values}"]
    if part.C_L is not None:
        lines.append(f"C_{name}_L {name}.v_ap 0 {part.C_L:.10g}")
    return lines


def _port(board: Board, name: str, command: Steps | float) -> list[str]:
    """The source of a port: a command (1 V for 1 A), its sag and ripple, and an ammeter."""
    port = board.ports[name]
    neuron = port.neuron
    lines = [
        "",
        f"* Input {name}",
        f"V_{neuron}_command {neuron}.command 0 {wave(command)}",
        f"B_{neuron}_source 0 {neuron}.source i=v({neuron}.command)-{port.sag:g}*max(v({neuron}.command),0)*v({neuron}.v_m)",
        f"V_{neuron}_i0 {neuron}.source {neuron}.v_m 0",
    ]
    if port.ripple > 0.0:
        degrees = port.ripple_phase * 57.29577951308232
        lines.append(
            f"I_{neuron}_ripple 0 {neuron}.source SIN(0 {port.ripple:g} {port.ripple_frequency:g} 0 0 {degrees:g})"
        )
    return lines


def wave(command: Steps | float) -> str:
    """Value of an independent source that plays `command`: a number, or a piecewise-linear function with steep steps."""
    corners = _corners(command)
    return f"{corners[0]}" if len(corners) == 1 else "PWL(\n" + _wrapped(corners) + "\n+ )"


def _corners(command: Steps | float) -> list[str]:
    """One level, or pairs "time level" of a piecewise-linear source with steep steps."""
    if not isinstance(command, Steps):
        return [f"{command:.10g}"]
    corners = [f"0 {command.levels[0]:.10g}"]
    for edge, before, after in zip(command.edges[1:-1], command.levels[:-1], command.levels[1:], strict=True):
        corners += [f"{edge:.12g} {before:.10g}", f"{edge + RISE:.12g} {after:.10g}"]
    return corners if len(corners) > 1 else [f"{command.levels[0]:.10g}"]


def _wrapped(corners: list[str]) -> str:
    rows = [corners[i : i + PER_LINE] for i in range(0, len(corners), PER_LINE)]
    return "\n".join("+ " + "  ".join(row) for row in rows)


def _synapse(board: Board, name: str) -> list[str]:
    """Delta block, stages, and the ammeter of the output."""
    synapse = board.synapses[name]
    part, inhibits = synapse.components, synapse.kind == "inhibitory"
    lines = ["", f"* Synapse {name}, {synapse.kind}, from {synapse.pre} into {synapse.post}"]
    spike = f"{synapse.pre}.v_ap"
    if synapse.delay > 0.0:
        spike = f"{name}.spike"
        lines.append(f"X_{name}_axon {synapse.pre}.v_ap {spike} axon delay={synapse.delay:.10g}")
    stops = [f"{name}.v_c{k}" for k in range(1, synapse.stages + 1)] + [f"{name}.out"]
    if synapse.stages == 0 and inhibits:
        lines.append(f"X_{name}_sink {name}.pulse {name}.out vdd sink")
        stops = [f"{name}.pulse"]
    lines.append(f"X_{name}_delta {spike} {stops[0]} vdd delta_{circuit_of(synapse)} R_W={part.R_W:.10g}")
    for k in range(synapse.stages):
        last = k == synapse.stages - 1
        block = "stage_inhibitory" if last and inhibits else "stage_excitatory"
        values = f"C_s={part.C_s:.10g} R_s={part.R_s:.10g}"
        lines.append(f"X_{name}_{k + 1} {stops[k]} {stops[k + 1]} vdd {block} {values}")
    open_end = "vdd" if inhibits else "0"  # where its current is measured: a sink draws from the supply
    end = open_end if synapse.post == OPEN else f"{synapse.post}.v_m"
    ammeter = f"{end} {name}.out" if inhibits else f"{name}.out {end}"
    return [*lines, f"V_{name}_i_out {ammeter} 0"]


def _rest(board: Board) -> list[str]:
    volts = {f"{name}.v_m": neuron.at_rest.v_m for name, neuron in board.neurons.items()}
    for name, synapse in board.synapses.items():
        left = (synapse.at_rest.v_c1, synapse.at_rest.v_c2)
        volts |= {f"{name}.v_c{k + 1}": left[k] for k in range(synapse.stages)}
    return [f".ic v({node})={value:.10g}" for node, value in volts.items()]
