"""Programs that stop at a chosen phase of a run, for a test to end there: each a fork of one that has all imported.

Standard input: a line of JSON for each program (`phase`, `nth`, `folder`, `arguments`, `unplugged`), and a line when a
program that says READY may go on: ``go``, or ``driver``, ``protocol``, ``analysis`` for an exception of one of these in that
very place. Standard output: PID, READY and EXIT (the status of `os.waitpid`). What the program itself says goes to
``said`` in its folder.
"""

import contextlib
import importlib
import io
import json
import os
import sys
from typing import Any

PHASES = {
    "connecting": ("neurorig.instruments.connection", "_connected"),
    "loading": ("neurorig.protocols.runner", "_Runner._load"),
    "conditioning": ("neurorig.protocols.runner", "_Runner._wait"),
    "armed": ("neurorig.instruments.drivers.arduino_source", "ArduinoSource.fire"),
    "running": ("neurorig.protocols.runner", "_Runner._wait"),
    "fetching": ("neurorig.instruments.drivers.rigol_ds1000z", "RigolDS1000Z.fetch"),
    "journaling": ("neurorig.records.journal", "Journal._fill"),
    "switching off": ("neurorig.instruments.connection", "Rig.safe"),
    "closing": ("neurorig.records.journal", "Journal.close"),
    "analysing": ("neurorig.protocols.runner", "_conclude"),
}
IMPORTS = (
    "h5py", "hdf5plugin", "jinja2", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.figure",
    "pandas", "pyarrow.parquet", "rich.table", "neurorig.analysis.bump", "neurorig.analysis.bump_figure",
    "neurorig.analysis.report.write", "neurorig.cli.app", "neurorig.cli.run", "neurorig.cli.tables",
    "neurorig.instruments.links.serial_link", "neurorig.instruments.links.socket_link", "neurorig.protocols.bump",
    "neurorig.protocols.bump_report", "neurorig.protocols.record_page", "neurorig.protocols.report",
    "neurorig.protocols.request", "neurorig.records.provenance", "neurorig.records.run",
    *(module for module, _ in PHASES.values()),
)  # fmt: skip

requests = io.FileIO(0, closefd=False)  # unbuffered: a program reads on where its parent stopped
answers = os.dup(1)


def tell(text: str) -> None:
    os.write(answers, text.encode() + b"\n")


def hold(phase: str, nth: int) -> None:
    """Make the `nth` call of the phase's function wait for the test's word."""
    module, path = PHASES[phase]
    *outer, name = path.split(".")
    place: Any = importlib.import_module(module)
    for part in outer:
        place = getattr(place, part)
    original, calls, word = getattr(place, name), iter(range(1, 1000)), "go"

    def held(*args: Any, **named: Any) -> Any:
        nonlocal word
        if next(calls) == nth:
            tell("READY")
            word = requests.readline().decode().strip()
        MISTAKES[word]()
        return original(*args, **named)

    setattr(place, name, held)


def fail_as_a_driver() -> None:
    from neurorig.signals import InstrumentError

    raise InstrumentError("it: refused 'ANYTHING': -200,\"Execution error\".")


def fail_in_a_protocol() -> None:
    from neurorig.protocols import get_protocol

    nothing: Any = None
    next(get_protocol("bump").make({}).sweeps(nothing, nothing))


def fail_in_an_analysis() -> None:
    import numpy as np

    from neurorig.analysis.bursts import find_bursts

    find_bursts(np.array([1.0, 0.0, 2.0]))


MISTAKES = {
    "go": lambda: None,
    "driver": fail_as_a_driver,
    "protocol": fail_in_a_protocol,
    "analysis": fail_in_an_analysis,
}
"""What happens in the place that was held, at this call and every later one: an instrument that refuses goes on refusing."""


def unplug_sync() -> None:
    """As if the line from SYNC OUT to the oscilloscope were not plugged in; nobody waits ten seconds for a test."""
    from neurorig.instruments.drivers.arduino_source import ArduinoSource
    from neurorig.protocols import runner

    begin = ArduinoSource._begin

    def begun(source: ArduinoSource) -> None:
        begin(source)
        source.sync = "OFF"

    ArduinoSource._begin = begun  # type: ignore[method-assign]
    runner.GRACE = 0.5


def program(case: dict[str, Any]) -> int:
    os.chdir(case["folder"])
    said = os.open("said", os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(said, 1)
    os.dup2(said, 2)
    source = importlib.import_module("neurorig.instruments.drivers.arduino_source")
    source.GREETING = 1.0  # nobody restarts here
    source.DEADLINE = 3.0  # a busy computer is not what is tried here
    if case["unplugged"]:
        unplug_sync()
    if case["phase"]:
        hold(case["phase"], case["nth"])
    from neurorig.cli.app import run

    return run(case["arguments"])


def main() -> None:
    for name in IMPORTS:
        importlib.import_module(name)
    importlib.import_module("neurorig.signals").parse("1 s", "s")
    tell("WARM")
    while line := requests.readline():
        pid = os.fork()
        if pid == 0:
            sys.exit(program(json.loads(line)))
        tell(f"PID {pid}")
        tell(f"EXIT {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
