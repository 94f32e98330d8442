"""What a person does at the bench, and what takes their place where the bench is simulated."""

import json
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from neurorig.signals import BenchError

if TYPE_CHECKING:
    from neurorig.instruments.simulated.launch import SimulatedProcess

Do = Callable[[str, Mapping[str, Any]], None]
"""Has a person do what a sentence says; the mapping says the same to a simulated bench (``{"resistor": 10e3}``)."""


def done_by(ask: Callable[[str], None], double: "SimulatedProcess | None") -> Do:
    """Ask the person; on a simulated bench it is then done by a message. BenchError when that cannot be."""

    def done(what: str, message: Mapping[str, Any]) -> None:
        ask(what)
        if double is not None and message:
            host, port = double.addresses["witness"]["tcp"].removeprefix("tcp://").split(":")
            with socket.create_connection((host, int(port)), timeout=5) as witness:
                witness.sendall(json.dumps(message).encode() + b"\n")
                answer = json.loads(witness.makefile().readline())
            if "error" in answer:
                raise BenchError(f"The simulated bench cannot do this: {what} {answer['error']}")

    return done
