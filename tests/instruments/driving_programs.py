"""Small programs that drive one instrument, for a test to end: each a fork of one that has all imported.

Standard input: a line of JSON for each program (`bench`, `name`, `train`, `folder`); once it says READY, ``go`` lets it ask its
instrument for some seconds, and ``raise`` makes a mistake of it. Standard output: PID, READY and EXIT. What the program itself
says, and what its guardian does, goes to ``said`` in its folder.
"""

import importlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from neurorig.instruments import DRIVERS, load_bench
from neurorig.instruments.connection import connect
from neurorig.instruments.sourcing import Pulses, SourceSetup
from neurorig.signals import Program, Steps

requests = io.FileIO(0, closefd=False)  # unbuffered: a program reads on where its parent stopped
answers = os.dup(1)


def tell(text: str) -> None:
    os.write(answers, text.encode() + b"\n")


def drive(instrument: Any, *, train: bool) -> Any:
    """Put something out for longer than any test takes; gives what to ask next."""
    channel = next(iter(instrument.channels))
    role = DRIVERS[instrument.driver].role
    if role == "PowerSupply":
        instrument.configure(channel, 5.0, 0.1)
        instrument.on(channel)
        return lambda: instrument.measure(channel)
    if role == "VoltageSource":
        instrument.load({channel: Program.of_steps(Steps.of([0.5] * 16, [1.0, 0.5] * 8, "V"))})
        instrument.arm()
        if train:
            instrument.fire()
        return instrument.running if train else instrument.settings
    instrument.configure(channel, SourceSetup("V", compliance=1e-3, source_range=2.0, measure_range=1e-3, nplc=0.1))
    instrument.set_level(channel, 0.8)
    instrument.on(channel)
    if not train:
        return lambda: instrument.measure(channel)
    instrument.load(channel, Pulses((0.8, 0.5) * 50, width=0.2, gap=0.2, base=0.3))
    instrument.start()
    return instrument.running


def program(case: dict[str, Any]) -> None:
    os.chdir(case["folder"])
    said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(said, 1)
    os.dup2(said, 2)
    with connect(load_bench(case["bench"]), log=Path("guardian.log")) as rig:
        ask = drive(rig.instruments[case["name"]], train=case["train"])
        tell("READY")
        if requests.readline() == b"raise\n":
            raise ArithmeticError("a mistake in the program")
        for _ in range(300):
            ask()
            time.sleep(0.02)


def main() -> None:
    for entry in DRIVERS.values():
        if entry.drives:
            importlib.import_module(entry.load().__module__)
    tell("WARM")
    while line := requests.readline():
        pid = os.fork()
        if pid == 0:
            program(json.loads(line))
        tell(f"PID {pid}")
        tell(f"EXIT {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")


if __name__ == "__main__":
    try:
        main()
    except Exception as reason:
        print(f"{type(reason).__name__}: {reason}", file=sys.stderr)
        sys.exit(1)
