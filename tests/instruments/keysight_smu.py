"""A simulated Keysight B2902A on its socket, with leads that remember what was put on them."""

import contextlib

import numpy as np

from neurorig.instruments.simulated.leads import Leads
from neurorig.instruments.simulated.models.keysight_b2900a import SimulatedKeysightB2900A

from .fakes import Client, quiet_world, serving

OHMS = 10e3
NAN = 9.91e37


class Witnessed(Leads):
    """Leads that remember every new level, and when it came."""

    def __init__(self, world, device, **more):
        super().__init__(world, device, **more)
        self.steps = []

    def hold(self, source, level, compliance):
        if self.held is None or self.held.level != level:
            self.steps.append((self.world.now, level))
        super().hold(source, level, compliance)


@contextlib.contextmanager
def keysight(first=None, second=None, resistance=0.0, **options):
    world = quiet_world()
    leads = {"1": Witnessed(world, first, resistance=resistance), "2": Witnessed(world, second)}
    device = SimulatedKeysightB2900A(world, leads, **{"serial": "MY51140001", "seed": 3, **options})
    with serving(world, {"smu": device}) as ports, Client(ports["smu"]) as client:
        client.world, client.leads, client.port, client.device = world, leads, ports["smu"], device
        yield client


def tell(smu, *lines):
    for line in lines:
        smu.write(line)
    assert smu.query(":SYST:ERR:ALL?") == '+0,"No error"', lines


def numbers(text):
    return np.array([float(field) for field in text.split(",")])
