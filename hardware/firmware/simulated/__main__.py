"""Serves the firmware on a pseudo-terminal in real time: ``python -m neurorig.hardware.firmware.simulated``."""

import argparse
import contextlib
import sys
from pathlib import Path

from neurorig.hardware.firmware.images import packaged
from neurorig.signals import ConfigError

from .controller import Controller

FULL_RANGE = ("D12", "A5")


def main() -> int:
    """Print the path of the port, and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m neurorig.hardware.firmware.simulated",
        description="The current source's real program on a simulated processor, behind a serial port that any program can "
        "open. Nothing is wired to it: both terminals are open, both range jumpers off.",
    )
    parser.add_argument("image", nargs="?", type=Path, help="an Intel HEX file; the packaged firmware if none is given")
    parser.add_argument("--boot", type=float, default=1.0, help="seconds in the bootloader after a restart (1)")
    parser.add_argument("--no-reset", action="store_true", help="opening the port does not restart the controller")
    asked = parser.parse_args()
    try:
        from .terminal import SerialPort

        controller = Controller(asked.image or packaged()[0])
    except (ConfigError, ImportError) as reason:
        print(reason, file=sys.stderr)
        return 1
    for pin in FULL_RANGE:
        controller.pin(pin, True)
    port = SerialPort(controller, boot=asked.boot, reset=not asked.no_reset)
    print(port.path, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        port.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
