"""Remarks on the sense chains of a bench: too slow for what they carry, too long not calibrated."""

import datetime
import math
from typing import TYPE_CHECKING

from neurorig.signals import show

if TYPE_CHECKING:
    from .bench import Bench

YEAR = 365
"""Days for which a calibration is good."""
PEAK, FAST = 0.95, 14.0
"""What has to be left of a spike's peak behind a chain's pole, and the bandwidth times tau_a that leaves it."""


def slow(bench: "Bench") -> list[str]:
    """Warn about every chain that is too slow for the spikes that it carries."""
    warnings = []
    for name, node in bench.nodes.items():
        owner, _, quantity = name.partition(".")
        if quantity != "v_ap":
            continue
        tau_a = bench.board.tau_a(owner)
        ratio = 1 / (2 * math.pi * node.sense.bandwidth * tau_a)
        left = 1 / math.e if abs(ratio - 1) < 1e-6 else ratio ** (ratio / (1 - ratio))
        if left < PEAK:
            warnings.append(
                f"{name}: a bandwidth of {show(node.sense.bandwidth, 'Hz')} makes the spikes of {owner} (tau_a "
                f"{show(tau_a, 's', 3)}) {1 - left:.0%} lower. Use {show(FAST / tau_a, 'Hz', 2)} or more."
            )
    return warnings


def overdue(bench: "Bench", today: datetime.date) -> list[str]:
    """Warn about every chain whose calibration is older than a year."""
    return [
        f"{name}: its sense chain was calibrated on {node.sense.calibrated}, more than a year ago. Measure its gain and zero "
        "again (neurorig wiring-check tells the zero), and correct calibrated in the bench file."
        for name, node in bench.nodes.items()
        if node.sense.calibrated is not None and (today - node.sense.calibrated).days > YEAR
    ]
