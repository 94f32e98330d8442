"""Boards at random for the router: DIP sockets, resistors, capacitors, turned SMD parts, mounting holes and keepouts."""

import math
import random
from dataclasses import replace

from neurorig.hardware.kicad.tools.routing import Keepout, Pad, Point, Problem

DIP = [(0.0, 2.54 * pin) for pin in range(7)] + [(7.62, 2.54 * (6 - pin)) for pin in range(7)]
RESISTOR = [(0.0, 0.0), (10.16, 0.0)]
CAPACITOR = [(0.0, 0.0), (5.0, 0.0)]
SMD = [(-2.7, -1.905 + 1.27 * pin) for pin in range(4)] + [(2.7, 1.905 - 1.27 * pin) for pin in range(4)]


class Placer:
    """Puts parts where no other lies."""

    def __init__(self, size: Point, seed: int, step: float):
        self.size, self.step = size, step
        self.random = random.Random(seed)
        self.taken: list[tuple[float, float, float, float]] = []
        self.pads: list[Pad] = []

    def place(self, name: str, pins: list[Point], pad: Pad, turns: tuple[float, ...] = (0, 90)) -> None:
        for _ in range(3000):
            turn = self.random.choice(turns)
            cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            x, y = (round(self.random.uniform(0, side) / self.step) * self.step for side in self.size)
            at = [(x + u * cos + v * sin, y - u * sin + v * cos) for u, v in pins]
            if self._claim(at):
                self.pads += [
                    replace(pad, x=round(u, 4), y=round(v, 4), turn=turn, name=f"{name}.{pin}")
                    for pin, (u, v) in enumerate(at, 1)
                ]
                return
        raise ValueError(f"no place left for {name} on a board of {self.size}")

    def _claim(self, at: list[Point], margin: float = 1.35) -> bool:
        low = [min(p[k] for p in at) - margin for k in (0, 1)]
        high = [max(p[k] for p in at) + margin for k in (0, 1)]
        inside = all(low[k] > 1.5 and high[k] < self.size[k] - 1.5 for k in (0, 1))
        if not inside or any(low[0] < c and a < high[0] and low[1] < d and b < high[1] for a, b, c, d in self.taken):
            return False
        self.taken.append((*low, *high))
        return True


def board_at_random(
    seed: int, size: Point, dips: int, twos: int, *, smd: int = 0, step: float = 1.27, spread: float = 3.0
) -> Problem:
    """Parts anywhere on a raster of `step`; nets of two to four pads that are near each other, a supply and a ground.

    The larger `spread`, the farther apart the pads of a net.
    """
    placer = Placer(size, seed, step)
    round_pad = Pad(0, 0, 0.8, 0.8, shape="circle", hole=0.8)
    for corner in ((4.0, 4.0), (size[0] - 4.0, size[1] - 4.0)):
        placer._claim([corner], 2.4)
        placer.pads.append(Pad(*corner, 1.6, 1.6, shape="circle", hole=3.2))
    for number in range(dips):
        placer.place(f"U{number}", DIP, Pad(0, 0, 1.2, 0.8, shape="oval", hole=0.8))
    for number in range(smd):
        flat = Pad(0, 0, 0.95, 0.3, corner=0.15, layers=frozenset("FB"[number % 2]))
        placer.place(f"S{number}", SMD, flat, (0, 30, 45, 90, 200))
    for number in range(twos):
        placer.place(f"P{number}", (RESISTOR, CAPACITOR)[number % 2], round_pad)
    pads = _netted(placer, spread)
    return Problem(size, tuple(pads), _keepouts(placer), widths={"+5V": 0.6, "GND": 0.5}, poured=frozenset({"GND"}))


def _keepouts(placer: Placer) -> tuple[Keepout, ...]:
    found = []
    for shape in ("rect", "circle"):
        x, y = (placer.random.uniform(6, side - 6) for side in placer.size)
        if placer._claim([(x - 1, y - 1), (x + 1, y + 1)], 1.5):
            found.append(Keepout(x, y, 2.0, 2.0 if shape == "circle" else 1.2, shape=shape, turn=20.0))
    return tuple(found)


def _netted(placer: Placer, spread: float) -> list[Pad]:
    pads, rand = placer.pads, placer.random
    nets: dict[int, str] = {}
    open_pads = [index for index, pad in enumerate(pads) if pad.name]
    rand.shuffle(open_pads)
    for net, share in (("GND", 7), ("+5V", 9)):
        for _ in range(max(2, len(pads) // share)):
            nets[open_pads.pop()] = net
    number = 0
    while len(open_pads) > 1:
        first = open_pads.pop()

        def far(index: int, first: int = first) -> float:
            return math.dist((pads[index].x, pads[index].y), (pads[first].x, pads[first].y)) * rand.uniform(0.5, spread)

        mates = sorted(open_pads, key=far)[: rand.choice((1, 1, 1, 2, 2, 3))]
        for index in (first, *mates):
            nets[index] = f"n{number}"
        open_pads = [index for index in open_pads if index not in mates]
        number += 1
    return [replace(pad, net=nets.get(index, "")) for index, pad in enumerate(pads)]
