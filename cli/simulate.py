"""``neurorig simulate``: serve a simulated bench in the foreground, for any program that speaks to such instruments."""

import json
import signal
from typing import Annotated

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

from .options import FaultOption, JsonOption, PacedOption, SeedOption, SetOption, pairs

PortOption = Annotated[
    tuple[str, ...],
    Parameter(name="--port", negative=(), show_default=False, help="Fixed TCP port, e.g. --port scope=5555."),
]


def simulate_command(
    bench: Annotated[str, Parameter(help="Bench file, or the name of a shipped bench.")] = "wu2025_bump",
    /,
    *,
    set_: SetOption = (),
    port: PortOption = (),
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    seed: SeedOption = 0,
    paced: PacedOption = False,
    fault: FaultOption = (),
    as_json: JsonOption = False,
) -> int:
    """Serve every instrument of the bench, simulated, until Ctrl-C."""
    from neurorig.instruments.simulated.process import Settings, addresses_as_text, prepare

    settings = Settings(bench, pairs(set_, "--set"), seed, paced, host, _ports(port), fault)
    server, addresses = prepare(settings)
    if as_json:
        print(json.dumps(addresses), flush=True)
    else:
        print("Simulated bench; Ctrl-C ends it. Put these addresses into a bench file, or give them to any program:")
        print(addresses_as_text(addresses), flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop())
    server.run()
    return 0


def _ports(texts: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for name, value in pairs(texts, "--port").items():
        if not value.isdigit() or int(value) > 65535:
            raise ConfigError(f"--port {name}={value}: a TCP port is a number up to 65535.")
        found[name] = int(value)
    return found
