"""Random programs, and what they play: an expansion of their own, with fractions instead of the firmware's sums."""

import random

import numpy as np

from ...instruments.protocol_client import MARK, begin, hold, loop, ramp
from .current_source_bench import Bench, edges


def random_program(rng: random.Random, depth: int = 0) -> list:
    tree: list = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.choice(["hold", "hold", "ramp", "from", "mark", "loop"])
        if kind == "hold":
            tree.append(("hold", rng.randint(-4095, 4095), rng.choice([1, 1, 2, 3, 7, 40])))
        elif kind == "ramp":
            tree.append(("ramp", rng.randint(-4095, 4095), rng.choice([1, 2, 3, 10, 37])))
        elif kind == "from":
            tree.append(("from", rng.randint(-4095, 4095), rng.choice([1, 2, 5])))
            tree.append(("ramp", rng.randint(-4095, 4095), rng.choice([1, 2, 9])))
        elif kind == "mark":
            tree.append(("mark",))
        elif depth < 4:
            tree.append(("loop", rng.randint(1, 3), random_program(rng, depth + 1)))
    return [*tree, ("hold", rng.randint(-4095, 4095), rng.randint(1, 3))]


def encoded(tree: list) -> bytes:
    data = b""
    for node in tree:
        match node:
            case ("hold", code, ticks):
                data += hold(code, ticks)
            case ("ramp", code, count):
                data += ramp(code, count)
            case ("from", code, step):
                data += begin(code, step)
            case ("mark",):
                data += MARK
            case ("loop", times, inner):
                data += loop(times, encoded(inner))
    return data


def played(tree: list, state: dict) -> list[tuple[int, bool]]:
    """(code, marked) of every tick. `state`: where the next ramp begins, its step, and whether a MARK waits."""
    ticks: list[tuple[int, bool]] = []

    def level(code: int, n: int) -> None:
        ticks.append((code, state["mark"]))
        ticks.extend([(code, False)] * (n - 1))
        state["mark"] = False

    for node in tree:
        match node:
            case ("hold", code, n):
                level(code, n)
                state["from"] = code
            case ("from", code, step):
                state |= {"from": code, "step": step}
            case ("ramp", target, count):
                first, up = state["from"], 1 if target > state["from"] else -1
                for k in range(count):
                    way = abs(target - first) * (2 * k + 1) / (2 * count)
                    level(first + up * int(way + 0.5), state["step"])
                state |= {"from": target, "step": 1}
            case ("mark",):
                state["mark"] = True
            case ("loop", times, inner):
                for _ in range(times):
                    ticks += played(inner, state)
    return ticks


def changes(levels: list[int]) -> list[tuple[int, int]]:
    """(tick, level) wherever the level changes, from 0 before the first."""
    return [(k, now) for k, (before, now) in enumerate(zip([0, *levels], levels, strict=False)) if now != before]


def start(bench: Bench) -> None:
    bench.ok("TRIG")


def t0_of(events: np.ndarray) -> int:
    return edges(events)[0][0]
