"""Write what follows from the circuits: the page of jumpers and values of every figure, and the table of the boards.

Run it after a change of a board, of a figure's values or of the fitting rule: ``python docs/circuits.py``. The table stands
in hardware/README.md between two comments; the rest of that page is written by hand.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from neurorig.hardware import Board, Synapse, list_boards, load_board
from neurorig.hardware.kicad import PROJECTS
from neurorig.hardware.kicad.bom import bill_of_materials
from neurorig.hardware.kicad.fitting import Setup, setup, written
from neurorig.hardware.kicad.instructions import printed_word
from neurorig.hardware.kicad.overview import overview
from neurorig.hardware.kicad.schematic import Schematic, natural, read_schematic
from neurorig.hardware.parts import OPEN

HERE = Path(__file__).parent
PAGE = HERE / "reference" / "jumpers.md"
README = HERE.parent / "hardware" / "README.md"

FOR = {
    "neuron": "one neuron, and the current pulse of each of its spikes",
    "synapse": "what a spike does: exponential or alpha, excitatory or inhibitory",
    "ns_unit": "a neuron with a synapse, closed onto itself or open: bump, adaptation, burst",
    "motif": "two neurons and the four synapses between them: all motifs of Fig. 7",
    "current_source_shield": "two channels of -250 to +250 uA on an Arduino Uno",
    "memristor_fixture": "four gated SDC memristors, their read-out, fixed resistors in their place",
}

INTRO = """# Jumpers and values

What each motif and each figure needs on the [circuit boards](../../hardware/README.md). One of them alone, with what differs
from the printed values: `neurorig hardware setup wu2025_fig15`.

Words are those printed beside the jumper; `-` is no cap.

| on the board | word | where the cap goes |
| --- | --- | --- |
| `JP_load` | R_a, R_L | pins 1-2, pins 2-3 |
| `JP_C_L` | C_L on | on |
| `JP_weight` | trimmer, - | pins 1-2 (neuron board: on), no cap: R_W is what is plugged into the socket `R_Wp` |
| `JP_stages` | alpha, exp, delta | one cap for three places: `JP_stages_2`, `JP_stages_1`, `JP_stages_0` |
| `JP_sign` | exc, inh | two caps, pins 1-3 and 2-4; pins 3-5 and 4-6 |
| `JP_output` | membrane, 10k | pins 1-2, pins 2-3 (open loop, or a synapse that is not used) |
| `JP_C_s`, `JP_R_s` | C_s on, R_s short | on |

Parts of neuron 1 are `C_m1`, `R_m1`, ...; parts of the synapse from neuron 1 to neuron 2 are `R_W12`, `JP_sign12`,
`C_s12_1` and `R_s12_1` (stage 1), `C_s12_2` and `R_s12_2` (last stage); an exponential synapse has the last stage alone.
A synapse of the motif board that a figure lacks has its `JP_output` on 10k; its other jumpers do not matter. Index `11` is
also the synapse of an open loop. Of an inhibitory one in open loop, read the replica."""

NEURONS = ("for", "board file", "circuit", "neuron", "C_m", "R_m", "R_a or R_L", "C_L", "JP_load", "JP_C_L")
SYNAPSES = (
    "for", "board file", "circuit", "synapse", "R_W", "C_s", "R_s", "JP_weight", "JP_stages", "JP_sign", "JP_output", "JP_C_s",
    "JP_R_s",
)  # fmt: skip


def main() -> None:
    """Write the page, and the table of hardware/README.md."""
    PAGE.write_text(jumpers_page(), encoding="utf-8")
    README.write_text(insert(README.read_text(encoding="utf-8"), "boards", boards_table()), encoding="utf-8")


def jumpers_page() -> str:
    """Neurons and synapses of every board that ships, as they are made on the smallest circuit that holds them."""
    boards = sorted((load_board(name) for name in list_boards()), key=lambda b: natural(_title(b)))
    motifs = [b for b in boards if b.name.startswith("motif_")]
    figures = [b for b in boards if b not in motifs]
    lines = [INTRO]
    for title, chosen in (("Motifs (Wu 2025, Fig. 7)", motifs), ("Figures", figures)):
        made = [(board, setup(board)) for board in chosen]
        for what, head, rows in (("Neurons", NEURONS, _neurons), ("Synapses", SYNAPSES, _synapses)):
            found = [row for board, how in made for row in _joined(rows(board, how))]
            lines += ["", f"## {title}: {what.lower()}", "", table(head, found)]
    return "\n".join([*lines, "", "*Made from the code by `docs/circuits.py`.*", ""])


def boards_table() -> str:
    """Each board with its size, number of parts and the estimate of its parts list."""
    rows = []
    for project in PROJECTS.values():
        board, bom = overview(project), bill_of_materials(read_schematic(project.schematic))
        size = f"{board.width:g} x {board.height:g} mm"
        rows.append((f"`{project.name}`", FOR[project.name], size, str(board.parts), f"{bom.cost:.0f} EUR"))
    return table(("board", "for", "size", "parts", "parts cost about"), rows)


def insert(page: str, name: str, text: str) -> str:
    """Put `text` between the comments that name it."""
    head, begin, rest = page.partition(f"<!-- {name}: begin -->\n")
    _, end, tail = rest.partition(f"<!-- {name}: end -->")
    if not (begin and end):
        raise SystemExit(f"the comments '{name}: begin' and '{name}: end' are missing")
    return f"{head}{begin}{text}\n{end}{tail}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows))


def _neurons(board: Board, made: Setup) -> Iterator[tuple[str, ...]]:
    for index, (name, neuron) in enumerate(board.neurons.items(), start=1):
        part, k = neuron.components, str(index)
        values = written(part.C_m), written(part.R_m), written(part.R_a), "-" if part.C_L is None else written(part.C_L)
        yield *_where(board, made), name, *values, _word(made, f"JP_load{k}"), _word(made, f"JP_C_L{k}")


def _synapses(board: Board, made: Setup) -> Iterator[tuple[str, ...]]:
    number = {name: str(k) for k, name in enumerate(board.neurons, start=1)}
    for synapse in board.synapses.values():
        index = number[synapse.pre] + number[synapse.pre if synapse.post == OPEN else synapse.post]
        jumpers = [_word(made, name + index) for name in ("JP_weight", "JP_sign", "JP_output", "JP_C_s", "JP_R_s")]
        yield (*_where(board, made), index, *_values(synapse), jumpers[0], _order(made, index), *jumpers[1:])


def _values(synapse: Synapse) -> tuple[str, ...]:
    part = synapse.components
    stages = (written(part.C_s), written(part.R_s)) if synapse.stages else ("-", "-")
    return written(part.R_W), *stages


def _where(board: Board, made: Setup) -> tuple[str, ...]:
    return _title(board), f"`{board.name}`", f"`{made.project}`"


def _title(board: Board) -> str:
    return "; ".join(board.figures) or board.title


def _joined(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Neurons or synapses of one board that are set alike in one line."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        alike.setdefault((*row[:3], *row[4:]), []).append(row[3])
    return [(*key[:3], ", ".join(indices), *key[3:]) for key, indices in alike.items()]


def _word(made: Setup, jumper: str) -> str:
    """What the circuit's silkscreen says where the cap is."""
    return printed_word(_drawn(made.project)[jumper], made.jumpers[jumper]) or "-"


@cache
def _drawn(project: str) -> Schematic:
    return read_schematic(PROJECTS[project].schematic)


def _order(made: Setup, index: str) -> str:
    orders = (f"JP_stages{index}_{stages}" for stages in (2, 1, 0))
    return next(_word(made, jumper) for jumper in orders if made.jumpers[jumper] == "closed")


if __name__ == "__main__":
    main()
