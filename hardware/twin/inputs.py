"""What goes into the ports: the queued levels, and the noise of the board's own."""

from math import floor

import numpy as np

from neurorig.hardware import Board

from .layout import Floats, Queue
from .memory import appended, new_queue

NOISE_HOLD = 1e-3  # s; white up to the membrane's own corner, slower than its spikes
NOISE_BLOCK = 1.0  # s; every block has a stream of its own, so noise does not depend on how the time is cut


class Inputs:
    """The queue of a board with N neurons: streams 0 ... N - 1 are the noise, N ... 2 N - 1 the levels of the ports.

    At one moment the lower stream comes first, so a level that was queued comes last, like one that is given then.

    `start`: when it begins, s.
    """

    def __init__(self, board: Board, seed: int, start: float = 0.0) -> None:
        self.queue: Queue = new_queue(2 * len(board.neurons))
        self._seed = seed
        noise = {port.neuron: port.noise for port in board.ports.values()}
        self._noise = [noise.get(name, 0.0) for name in board.neurons]
        self._start = start
        self._noisy_until = floor(start / NOISE_BLOCK) * NOISE_BLOCK

    def play(self, neuron: int, times: Floats, levels: Floats) -> None:
        """Queue levels (A); what was to come from times[0] on is dropped."""
        self.queue = appended(self.queue, len(self._noise) + neuron, times, levels)

    def make_noise(self, until: float) -> None:
        """Queue the noise of the blocks up to `until` and of one more, so that its next change is always known."""
        while any(self._noise) and self._noisy_until <= until + NOISE_BLOCK:
            block = round(self._noisy_until / NOISE_BLOCK)
            after = (block + 1) * NOISE_BLOCK
            times = np.linspace(self._noisy_until, after, round(NOISE_BLOCK / NOISE_HOLD), endpoint=False)
            ahead = times >= self._start
            for i, rms in enumerate(self._noise):
                levels = np.random.default_rng([self._seed, i, block]).normal(0.0, rms, len(times))
                if rms > 0.0 and ahead.any():
                    self.queue = appended(self.queue, i, times[ahead], levels[ahead])
            self._noisy_until = after
