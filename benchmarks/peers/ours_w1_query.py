"""neurorig in the peers' query workload: a declared command over our own links."""

from collections import deque
from typing import Any

from neurorig.instruments import Commanded, command, open_link


class Meter(Commanded):
    reading = command(":READ", unit="A", query_only=True, doc="One reading.")


def register(bench: Any, *, kind: str, loop: Any, port: int = 0, path: str = "", **_: Any) -> None:
    if kind == "pty":
        meter = Meter(open_link(f"serial://{path}"), name="meter")
        bench.add("neurorig declared command", loop(lambda: meter.reading, 250))
        return
    meter, recorded = (Meter(open_link(f"tcp://127.0.0.1:{port}"), name="meter") for _ in range(2))
    transcript: deque[tuple[float, str, bytes]] = deque(maxlen=10_000)
    recorded.link.recorder = lambda when, direction, data: transcript.append((when, direction, data))
    bench.add("neurorig declared command", loop(lambda: meter.reading))
    bench.add("neurorig, with a recorder", loop(lambda: recorded.reading))
