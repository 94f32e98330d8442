"""Tables of jumper settings, printed on schematics and on the back of boards; the motifs' values are those of their boards."""

from neurorig.hardware import Board, Synapse, load_board
from neurorig.hardware.kicad.fitting import written
from neurorig.hardware.parts import OPEN

SYNAPSES = (
    ("synapse", "JP_stages", "JP_sign", "JP_C_s", "JP_R_s"),
    ("alpha exc", "alpha", "exc", "on", "-"),
    ("alpha inh", "alpha", "inh", "on", "-"),
    ("exp exc", "exp", "exc", "on", "-"),
    ("exp inh", "exp", "inh", "on", "-"),
    ("delta exc", "delta", "exc", "on", "-"),
    ("delta inh", "exp", "inh", "-", "on"),
)
"""A cap lies on what is named; '-' is no cap."""

NEURONS = (
    ("neuron", "C_m", "JP_load", "JP_C_L"),
    ("Wu 2025 Figs 2-10", "100n", "R_a", "-"),
    ("Wu 2025 Figs 11-16", "33n", "R_a", "-"),
    ("bursting (Wu 2023)", "10u", "R_L", "on"),
)

_FIGURES = (
    "wu2025_fig4",
    "wu2025_fig5a",
    "wu2025_fig5b",
    "wu2025_fig6b",
    "wu2025_bump",
    "wu2025_fig9b",
    "wu2025_fig11a",
    "wu2025_fig11b",
    "wu2025_fig13",
)
_MOTIFS = {
    "motif_single": "single",
    "motif_self_excitation": "bump",
    "motif_self_inhibition": "adapt, burst",
    "motif_primary_subordinate": "primary",
    "motif_mutual_inhibition": "CPG",
    "motif_delta_excitation": "delta exc",
    "motif_delta_inhibition": "delta inh",
}
_ORDERS = {0: "delta", 1: "exp", 2: "alpha"}


def motifs() -> tuple[tuple[str, ...], ...]:
    """Motif, membrane capacitors, and of each synapse kind, R_W, C_s: computed from the boards that ship."""
    rows: list[tuple[str, ...]] = [("motif", "C_m", "s11", "s22", "s12", "s21")]
    for name, title in _MOTIFS.items():
        board = load_board(name)
        rows.append(
            (
                title,
                written(board.neurons["n1"].components.C_m),
                *(_synapse(board, s) for s in ("s11", "s22", "s12", "s21")),
            )
        )
    return tuple(rows)


def figures() -> tuple[tuple[str, ...], ...]:
    """Figure, C_m, synapse with R_W and C_s, R_s, output: figures of one neuron with its synapse, computed as `motifs`."""
    rows: list[tuple[str, ...]] = [("figure", "C_m", "synapse, R_W, C_s", "R_s", "JP_output")]
    for board in map(load_board, _FIGURES):
        ((name, synapse),) = board.synapses.items()
        output = "10k" if synapse.post == OPEN else "membrane"
        values = written(board.neurons["n1"].components.C_m), _synapse(board, name), written(synapse.components.R_s)
        rows.append((board.figures[0], *values, output))
    return tuple(rows)


def _synapse(board: Board, name: str) -> str:
    synapse: Synapse | None = board.synapses.get(name)
    if synapse is None:
        return "-"
    part = synapse.components
    values = [written(part.R_W)] + ([written(part.C_s)] if synapse.stages else [])
    return " ".join((_ORDERS[synapse.stages], synapse.kind[:3], *values))
