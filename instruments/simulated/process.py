"""The world's own process: serves a simulated bench and tells its addresses in one JSON line on standard output.

Started by `SimulatedProcess`; ``neurorig simulate BENCH`` serves the same way in the foreground.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurorig.signals import ConfigError, nearest

if TYPE_CHECKING:
    from .server import Server

LINGER = 5.0
"""Seconds the world outlives the program that started it, so that the guardian still finds the instruments."""


@dataclass(frozen=True)
class Settings:
    """What a simulated bench is started with; `ports` are fixed TCP ports by instrument name (absent: any free one)."""

    bench: str
    components: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    paced: bool = False
    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    faults: Sequence[str] = ()
    """On top of those in the bench file, as on the command line: ``scope:late,value=1s,after=3``."""
    bypass: Mapping[str, Any] | None = None
    """A source channel that goes into a resistor instead of the board: the words of `into_resistor.Bypass`."""


def prepare(settings: Settings) -> tuple["Server", dict[str, dict[str, str]]]:
    """Build world and instruments and open their ports; gives the server, not yet running, and the addresses by name."""
    # Here, because who only starts this process needs neither the twin nor its compiler.
    from ..bench import load_bench
    from ..drivers import DRIVERS
    from ..links.framing import LINES
    from .bench import SimulatedBench, Witness
    from .faults import read_fault
    from .into_resistor import Bypass
    from .server import Server

    faults = [read_fault(text) for text in settings.faults]

    bench = load_bench(settings.bench).with_components(settings.components)
    served = (*bench.instruments, "witness")
    for name, port in settings.ports.items():
        if name not in served:
            raise ConfigError(f"--port {name}={port}: this bench has no such instrument.{nearest(name, served)}")
    bypass = None if settings.bypass is None else Bypass.of(settings.bypass)
    simulated = SimulatedBench(bench, seed=settings.seed, paced=settings.paced, bypass=bypass)
    for fault in faults:
        simulated.fault(fault)
    server = Server(simulated.world, {**simulated.devices, "witness": Witness(simulated)}, simulated.breakdowns.wires)
    addresses: dict[str, dict[str, str]] = {}
    for name in served:
        port = server.listen_tcp(name, settings.ports.get(name, 0), settings.host)
        entry = bench.instruments.get(name)
        serial = entry is not None and entry.resource.startswith("serial")
        addresses[name] = {"tcp": f"{'serial+tcp' if serial else 'tcp'}://{settings.host}:{port}"}
        if hasattr(simulated.devices.get(name), "outlet"):
            stream = server.listen_outlet(name, 0, settings.host)
            addresses[name]["tcp"] = f"modbus://{settings.host}:{port}?stream={stream}"
        elif entry is not None and not serial and DRIVERS[entry.driver].framing == LINES:
            visa = server.listen_hislip(name, 0, settings.host)
            addresses[name]["visa"] = f"TCPIP::{settings.host}::hislip0,{visa}::INSTR"
        if serial and os.name == "posix":
            addresses[name]["serial"] = f"serial://{server.open_pty(name)}"
    return server, addresses


def main() -> None:
    """Serve what standard input's first line (JSON settings) asks for; end some seconds after it closes."""
    server, addresses = prepare(Settings(**json.loads(sys.stdin.readline())))
    print(json.dumps(addresses), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())

    async def life() -> None:
        loop = asyncio.get_running_loop()

        def input_ended() -> None:
            if not os.read(sys.stdin.fileno(), 65536):
                loop.remove_reader(sys.stdin)
                loop.call_later(LINGER, server.stop)

        loop.add_reader(sys.stdin, input_ended)
        await server.serve()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(life())


def addresses_as_text(addresses: Mapping[str, Mapping[str, Any]]) -> str:
    """The addresses as lines for a person."""
    notes = {"witness": "   (what really flows: send a line, read a line of JSON)"}
    return "\n".join(f"  {name:10s} {'   '.join(a.values())}{notes.get(name, '')}" for name, a in addresses.items())


if __name__ == "__main__":
    main()
