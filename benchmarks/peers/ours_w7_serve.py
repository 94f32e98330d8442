"""neurorig in the peers' serving workload: a SCPI instrument in a world with a twin, in a process of its own."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any


def register(bench: Any, *, clients: int, served: Any, server_core: int, **_: Any) -> None:
    command = ["taskset", "-c", str(server_core), sys.executable, __file__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    bench.add("neurorig instrument in a world", served(SimpleNamespace(port=port, process=process), clients, {}))


def serve() -> None:
    """Serve until standard input ends."""
    import threading

    from neurorig.hardware import load_board
    from neurorig.hardware.twin import Twin
    from neurorig.instruments.simulated import ScpiDevice, Server, World
    from neurorig.instruments.simulated.grammar import on

    class Meter(ScpiDevice):
        @on(":READ?")
        def _reading(self) -> float:
            return 1.234567e-3

    world = World(Twin(load_board("wu2025_bump")))
    world.advance_to(1.0)  # the twin is compiled before anybody asks
    server = Server(world, {"meter": Meter(world, "neurorig,meter,0,1")})

    def stop_at_end() -> None:
        sys.stdin.read()
        server.stop()

    print(server.listen_tcp("meter"), flush=True)
    threading.Thread(target=stop_at_end, daemon=True).start()
    server.run()


if __name__ == "__main__":
    serve()
