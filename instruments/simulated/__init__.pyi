from .device import Block, Device, ScpiDevice, Session, Setting, Settings
from .models.rigol_ds1000z import SimulatedRigolDS1000Z
from .server import Server
from .world import World

__all__ = [
    "Block", "Device", "ScpiDevice", "Server", "Session", "Setting", "Settings", "SimulatedRigolDS1000Z", "World",
]  # fmt: skip
