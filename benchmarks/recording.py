"""A recording to work on: the spike output and the synaptic current of the bump, through an 8-bit converter."""

import functools

import numpy as np

from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps, Trace

KICK = Steps.of([1.0, 2.0, 7.0], [44.7e-6, 67.6e-6, 44.7e-6])
POINTS = 3_000_000
SPANS = {"n1.v_ap": (-0.4, 3.6), "s11.i_out": (-2e-6, 20e-6)}
NOISE = 0.5
"""Standard deviation in converter codes."""


@functools.cache
def recording(node: str, points: int = POINTS) -> Trace:
    """10 s of a node as an oscilloscope with 8 bits and some noise records it."""
    twin = Twin(load_board("wu2025_bump"))
    twin.play("n1.i0", KICK, 0.0)
    twin.advance(KICK.duration)
    dt, (low, high) = KICK.duration / points, SPANS[node]
    scale = (high - low) / 255
    noise = NOISE * np.random.default_rng(1).standard_normal(points)
    codes = np.clip(np.round((twin.sample(node, 0.0, dt, points) - low) / scale + noise), 0, 255).astype(np.uint8)
    return Trace(node, codes, scale, low, twin.board.nodes[node].unit, 0.0, dt, error=scale)
