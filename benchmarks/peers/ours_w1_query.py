"""neurorig in the peers' query workload: a declared command over our own links."""

import tempfile
from pathlib import Path
from typing import Any

from neurorig.instruments import Commanded, command, open_link
from neurorig.instruments.links import TrafficLog


class Meter(Commanded):
    reading = command(":READ", unit="A", query_only=True, doc="One reading.")


def register(bench: Any, *, kind: str, loop: Any, port: int = 0, path: str = "", **_: Any) -> None:
    if kind == "pty":
        meter = Meter(open_link(f"serial://{path}"), name="meter")
        bench.add("neurorig declared command", loop(lambda: meter.reading, 250))
        return
    meter, recorded = (Meter(open_link(f"tcp://127.0.0.1:{port}"), name="meter") for _ in range(2))
    TrafficLog(Path(tempfile.mkdtemp()) / "traffic.jsonl").attach(recorded.link)
    bench.add("neurorig declared command", loop(lambda: meter.reading))
    bench.add("neurorig, traffic recorded", loop(lambda: recorded.reading))
