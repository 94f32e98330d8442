"""The network engine: one exact linear step for all neurons, split for those that something happens to."""

import math
from collections.abc import Sequence

import numpy as np

from neurorig.hardware import Board
from neurorig.hardware.parts import NEURON_NODES
from neurorig.signals import ConfigError

from .. import layout as tl
from ..circuit import SAMPLED
from ..engine import Grid
from ..exact import PHASES
from ..inputs import Inputs
from . import layout as k
from .build import build, tables
from .chapters import WORDS, Chapter, Shelf, copied, new_log, resized, roomier
from .run import open_chapter, run, start
from .sampling import sample

STEP = 100e-6  # s


class Network:
    """For up to some hundreds of neurons: the cost of an event grows with what it reaches, not with the board."""

    def __init__(self, board: Board, loads: dict[str, float], seed: int) -> None:
        _refuse_what_it_cannot(board)
        built = build(board, loads, STEP)
        self._board, self._seed = board, seed
        self._net, self._state, self._circuit, self._branch_of = built
        self._tables = tables(self._net)
        self._inputs = Inputs(board, seed)
        n, most = len(board.neurons), self._net.rates.shape[1] // 2
        self._owners = n + len(self._net.branch)
        self._opening = n * (k.POOL_WORDS + 3 * most) + len(self._net.branch) * k.BRANCH_WORDS  # words of all of them
        self._words = max(WORDS, 16 * self._opening)
        start(self._net, self._tables, self._state)
        self._log = self._new_log(self._state)
        self._shelf = Shelf(Chapter(copied(self._state), 0.0))
        self._old: list[tl.Floats] = []  # spikes of former chapters: time, neuron
        self._old_count = 0
        self._known_from = -np.inf

    # ---------------------------------------------------------------------------------------------------------- time

    @property
    def fired(self) -> int:
        """Spikes since the start."""
        return self._old_count + int(self._log.size[k.SPIKES])

    def play(self, neuron: int, times: tl.Floats, levels: tl.Floats) -> None:
        """Queue levels of a port."""
        self._inputs.play(neuron, times, levels)

    def advance(self, until: float) -> None:
        """Run to `until`, chapter by chapter."""
        self._inputs.make_noise(until)
        full = True
        while full:
            last = self._shelf.current.last
            self._state, self._log, full = self._write(self._state, self._log, self._inputs.queue, until, last)
            if full:
                self._turn_over()

    def _write(
        self, state: k.State, log: k.Log, queue: tl.Queue, until: float, last: int
    ) -> tuple[k.State, k.Log, bool]:
        """Let a chapter run to `until`, or to its end: whether it got there."""
        while True:
            match run(self._net, self._tables, state, log, queue, until, self._words, last):
                case k.LOG_FULL:
                    log = resized(log, 2, (*self._net.busiest, 256, 256))
                case k.FLIGHT_FULL:
                    state = roomier(state)
                case why:
                    return state, log, why == k.CHAPTER_FULL

    def _turn_over(self) -> None:
        """The chapter is full, the next one begins."""
        self._old.append(self._log.spike[: self._log.size[k.SPIKES]].copy())
        self._old_count += len(self._old[-1])
        self._shelf.close(self._log, Chapter(copied(self._state), self._state.clock[k.STEP] * self._net.step))
        self._log = self._new_log(self._state)

    def _new_log(self, state: k.State) -> k.Log:
        """A log with everybody as they are at the beginning of a chapter."""
        log = new_log(self._owners, self._owners + 1024, self._opening + 16_384, 256, 256)
        open_chapter(self._net, state, log)
        return log

    def forget(self, before: float) -> bool:
        """Drop the chapters and spikes before `before`; whether it is later than what was forgotten already."""
        if before <= self._known_from:
            return False
        self._known_from = before
        self._shelf.drop(before)
        self._old = [spikes for spikes in self._old if len(spikes) and spikes[-1, 0] >= before]
        return True

    # --------------------------------------------------------------------------------------------------- observation

    def spikes(self, neuron: int) -> tl.Floats:
        """Fire times that are remembered."""
        spikes = np.concatenate([*self._old, self._log.spike[: self._log.size[k.SPIKES]]])
        times: tl.Floats = spikes[(spikes[:, 1] == neuron) & (spikes[:, 0] >= self._known_from), 0]
        return times

    def phase(self, neuron: int) -> str:
        """What `neuron` does right now."""
        return PHASES.get(int(self._state.neuron[neuron, k.PHASE]), "integrating")

    def sample(self, quantity: str, index: int, grid: Grid, out: tl.Floats) -> None:
        """Values at the times of the grid."""
        self.sample_many([(quantity, index)], grid, out[np.newaxis])

    def sample_many(self, wanted: Sequence[tuple[str, int]], grid: Grid, out: tl.Floats) -> None:
        """Chapter by chapter, so that one whose rows are gone is written again once for all."""
        done, count = 0, out.shape[1]
        while done < count:
            here = grid._replace(first=grid.first + done)
            log, end = self._rows(here.t0 + here.first * here.dt)
            stop = min(count, max(done, first_after(grid, end) - grid.first))
            for (quantity, index), values in zip(wanted, out, strict=True):
                self._read(log, quantity, index, here, values[done:stop])
            done = stop

    def _read(self, log: k.Log, quantity: str, index: int, grid: Grid, out: tl.Floats) -> None:
        """Values within one chapter."""
        owner, constants = index, np.empty(0)
        if quantity not in NEURON_NODES:
            owner = len(self._net.neuron) + int(self._branch_of[index])
            constants = self._circuit.synapse[index]
            if self._circuit.wires[index, 2] == 0:
                self._read(log, "v_m", int(self._circuit.wires[index, 1]), grid, out)
        sample(self._net, self._tables, log, SAMPLED[quantity], owner, constants, grid.t0, grid.dt, grid.first, out)

    def _rows(self, moment: float) -> tuple[k.Log, float]:
        """The rows of the chapter that `moment` is in, and where it ends."""
        chapter, end = self._shelf.at(moment)
        if chapter is self._shelf.current:
            return self._log, end
        log = self._shelf.use(chapter)
        if log is None:
            self._write_again(chapter, end, moment)
            return self._rows(moment)
        return log, end

    def _write_again(self, chapter: Chapter, end: float, moment: float) -> None:
        """Bring back the rows of a chapter. One that had been joined comes back in its parts, up to that with `moment`."""
        inputs = Inputs(self._board, self._seed, chapter.start)
        inputs.make_noise(end)
        for neuron in np.unique(chapter.inputs[:, 1]):
            times, _, levels = chapter.inputs[chapter.inputs[:, 1] == neuron].T
            inputs.play(int(neuron), times, levels)
        state, start = copied(chapter.state), chapter.start
        parts: list[Chapter] = []
        while not parts or start < min(end, moment):
            parts.append(Chapter(copied(state), start))
            state, log, _ = self._write(state, self._new_log(state), inputs.queue, end, parts[-1].last)
            self._shelf.keep(parts[-1], log)
            start = state.clock[k.STEP] * self._net.step
        if start < end:
            parts.append(Chapter(state, start, inputs=chapter.inputs[chapter.inputs[:, 0] >= start]))
        self._shelf.replace(chapter, parts)


def first_after(grid: Grid, moment: float) -> int:
    """The first of the times of a grid that is later than `moment`, as the kernels count it."""
    if moment == np.inf:
        return 2**62
    k = math.floor((moment - grid.t0) / grid.dt)
    while grid.t0 + k * grid.dt > moment:
        k -= 1
    while grid.t0 + k * grid.dt <= moment:
        k += 1
    return k


def _refuse_what_it_cannot(board: Board) -> None:
    for name, neuron in board.neurons.items():
        if neuron.components.C_L is not None:
            raise ConfigError(
                f"{board.path}: [neurons.{name}.components] C_L makes a bursting neuron, which the network engine has no "
                'closed form for. Run it with engine = "bursting".'
            )
