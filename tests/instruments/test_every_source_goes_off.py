"""Whatever ends a program that drives an instrument, the instrument is off at once; out of reach, there is an alarm.

One bench with every instrument that drives, served by a process of its own; what physically stands at the leads and
flows into the board is asked of the witness. The current source has more ways out in more phases of a run: see
tests/cli/test_safe_on_every_way_out.py.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from neurorig.instruments import DRIVERS

HEAD = 'schema = 1\ntitle = "Everything that drives"\nboard = "wu2025_bump"\n'
WIRING = {
    "SourceMeter": '[terminals."{name}.{channel}"]\ndevice = "10 kohm"\nvoltage = "1 V"\ncurrent = "1 mA"\n',
    "VoltageSource": '[ports."n1.i0"]\nchannel = "{name}.{channel}"\ntransconductance = {{ gain = "50 uA/V" }}\n'
    '[limits."n1.i0"]\nlow = "-30 uA"\nhigh = "250 uA"\n',
    "PowerSupply": "",
}
NAMES = [name for name, entry in DRIVERS.items() if entry.drives and entry.role in WIRING]


def entry_of(name: str, resource: str) -> str:
    """What a bench file says of one instrument."""
    driver = DRIVERS[name]
    wiring = WIRING[driver.role].format(name=name, channel=driver.channels[0])
    return f'[instruments.{name}]\ndriver = "{name}"\nresource = "{resource}"\n{wiring}'


@dataclass
class Bench:
    """The served bench, a bench file for each instrument alone, and the process whose forks are the programs."""

    addresses: dict[str, dict[str, str]]
    files: dict[str, Path]
    programs: "subprocess.Popen[str]"

    def answer(self) -> str:
        assert self.programs.stdout is not None
        return self.programs.stdout.readline().strip()

    def say(self, line: str) -> None:
        assert self.programs.stdin is not None
        self.programs.stdin.write(line + "\n")
        self.programs.stdin.flush()

    def witness(self, line: object) -> Any:
        host, port = self.addresses["witness"]["tcp"].removeprefix("tcp://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(json.dumps(line).encode() + b"\n")
            return json.loads(connection.makefile().readline())

    def is_off(self, name: str) -> bool:
        """Whether nothing is put out: its leads are in the air or at 0 V, or nothing flows into the board."""
        seen = self.witness("what flows?")
        if DRIVERS[name].role == "VoltageSource":
            return abs(seen["ports"]["n1.i0"]) < 1e-7  # an offset of the open generator, behind the converter
        volts, _ = seen["leads"][f"{name}.{DRIVERS[name].channels[0]}"] or (0.0, 0.0)
        return abs(volts) < 5e-3  # started anew, its relay is closed, and its source has an offset

    def fault(self, text: str) -> None:
        assert text in str(self.witness({"fault": text}))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    everything = folder / "everything.toml"
    everything.write_text(HEAD + "".join(entry_of(n, f"tcp://192.168.1.{k}:5025") for k, n in enumerate(NAMES, 10)))
    command = [sys.executable, "-m", "neurorig", "simulate", str(everything), "--json"]
    forks = [sys.executable, str(Path(__file__).with_name("driving_programs.py"))]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process,
        subprocess.Popen(forks, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as programs,
    ):
        assert process.stdout is not None and programs.stdin is not None
        addresses = json.loads(process.stdout.readline())
        files = {name: folder / f"{name}.toml" for name in NAMES}
        for name, file in files.items():
            file.write_text(HEAD + entry_of(name, addresses[name]["tcp"]))
        bench = Bench(addresses, files, programs)
        assert bench.answer() == "WARM"
        yield bench
        programs.stdin.close()
        process.terminate()


@pytest.fixture
def bench(served: Bench) -> Iterator[Bench]:
    """With nothing wrong, before and after."""
    yield served
    served.witness({"mend": "all"})


def by(number: signal.Signals) -> Callable[[Bench, str, int], str]:
    def end(bench: Bench, name: str, pid: int) -> str:
        bench.say("go")
        time.sleep(0.1)  # somewhere among its questions
        os.kill(pid, number)
        return ""

    return end


def by_a_fault(kind: str) -> Callable[[Bench, str, int], str]:
    def end(bench: Bench, name: str, pid: int) -> str:
        bench.fault(f"{name}:{kind}")
        return "go"

    return end


WAYS: dict[str, tuple[Callable[[Bench, str, int], str], str]] = {
    "exception": (lambda *_: "raise", "a mistake in the program"),
    "SIGINT": (by(signal.SIGINT), "The outputs are off"),
    "SIGTERM": (by(signal.SIGTERM), "The outputs are off"),
    "SIGKILL": (by(signal.SIGKILL), "was made safe after the program had died, and confirmed it"),
    "link cut once": (by_a_fault("drop,after=1"), "closed the connection"),
    "link cut": (by_a_fault("drop,count=0"), "NOT SAFE"),
    "instrument dead": (by_a_fault("dead"), "NOT SAFE"),
}
"""How a program is ended, and what must then be said."""


STATES = [(name, state) for name in NAMES for state in ("on", "train") if (name, state) != ("keysight_e36300", "train")]
"""A supply has no train."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "state"), STATES)
def test_every_source_goes_off(bench: Bench, tmp_path: Path, name: str, way: str, state: str) -> None:
    end, words = WAYS[way]
    train = state == "train"
    said = tmp_path / "said"
    case = {"bench": str(bench.files[name]), "name": name, "train": train, "folder": str(tmp_path)}
    bench.say(json.dumps(case))
    pid = int(bench.answer().removeprefix("PID "))
    ready = bench.answer()
    assert ready == "READY", said.read_text()
    if train or DRIVERS[name].role != "VoltageSource":  # a generator that waits for its trigger is at 0 V
        wait_for(lambda: not bench.is_off(name), within=1.0)
    if word := end(bench, name, pid):
        bench.say(word)
    code = int(bench.answer().removeprefix("EXIT "))
    assert code == (-signal.SIGKILL if way == "SIGKILL" else 1), said.read_text()
    if words == "NOT SAFE":
        assert f"NOT SAFE: {name} ({bench.addresses[name]['tcp']})" in said.read_text()
        wait_for(lambda: f"{name} ({bench.addresses[name]['tcp']}) cannot be made safe" in said.read_text())
        assert "was made safe" not in said.read_text()
        bench.witness({"mend": "all"})
        wait_for(lambda: "was made safe after the program had ended without" in said.read_text())
    wait_for(lambda: bench.is_off(name), within=1.0)
    wait_for(lambda: words in said.read_text())
    assert not any(bench.witness("what flows?")["hot_switched"].values()), "a memristor dies of that"


def wait_for(condition: Callable[[], bool], within: float = 8.0) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within
        time.sleep(0.02)
