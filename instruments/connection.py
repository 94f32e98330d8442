"""From a bench file to live instruments, and safely back: identity on connect, safe state on every way out.

The same call opens the real bench or its simulated double; only what stands behind each address changes.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from neurorig.signals import BenchError, ConfigError

from .bench import Bench
from .drivers import DRIVERS
from .guardian import Guardian, Ward
from .interrupts import Interrupts
from .roles import CurrentSource, Identity, Instrument, Oscilloscope

Log = Callable[[str, dict[str, Any]], None]


class Rig:
    """A bench whose instruments are connected and have proved who they are."""

    def __init__(
        self, bench: Bench, instruments: dict[str, Instrument], resources: dict[str, str], virtual_time: bool
    ) -> None:
        self.bench, self.instruments, self.resources = bench, instruments, resources
        self.virtual_time = virtual_time
        """Whether time moves with the questions asked, so that waiting between them is for nothing."""
        self.unsafe: list[str] = []
        """Instruments whose safe state could not be confirmed: the guardian goes on with them."""

    def source(self, name: str) -> CurrentSource:
        """The current source of this name."""
        return self.instruments[name]  # type: ignore[return-value]  # the bench has checked the role

    def scope(self, name: str) -> Oscilloscope:
        """The oscilloscope of this name."""
        return self.instruments[name]  # type: ignore[return-value]  # the bench has checked the role

    def identities(self) -> dict[str, Identity]:
        """Who answered, by instrument name."""
        return {name: i.identity for name, i in self.instruments.items()}

    def settings(self) -> dict[str, dict[str, Any]]:
        """Every declared command of every instrument, read back."""
        return {name: i.settings() for name, i in self.instruments.items()}

    def warnings(self) -> list[str]:
        """What the instruments had to remark, each with the instrument's name."""
        return [f"{name}: {w}" for name, i in self.instruments.items() for w in i.warnings]

    def safe(self) -> None:
        """Make every instrument safe, each on its own; failures are kept in `unsafe`, never raised before the last."""
        self.unsafe = []
        for name, instrument in self.instruments.items():
            try:
                instrument.safe()
            except Exception as reason:
                self.unsafe.append(f"{name} ({self.resources[name]}): {reason}")


@contextlib.contextmanager
def connect(
    bench: Bench, *, simulate: bool = False, seed: int = 0, paced: bool = False, log: Path | None = None
) -> Iterator[Rig]:
    """Connect every instrument of the bench; leave them safe on success, exception, Ctrl-C (also a second one) and SIGTERM.

    `log`: where the guardian writes what it did, should this process die. Raises BenchError when an instrument is absent,
    is another model, or has another serial number than the bench file expects.
    """
    with contextlib.ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        guardian = Guardian()
        stack.callback(guardian.release)
        resources = {name: entry.resource for name, entry in bench.instruments.items()}
        if simulate:
            resources = _simulated(stack, bench, seed, paced)
        instruments: dict[str, Instrument] = {}
        for name in bench.instruments:
            instruments[name] = _connected(bench, name, resources[name], simulate)
            stack.callback(instruments[name].close)
        rig = Rig(bench, instruments, resources, virtual_time=simulate and not paced)
        guardian.watch(
            [Ward(name, resources[name], DRIVERS[e.driver].safe_lines) for name, e in bench.instruments.items()], log
        )
        try:
            yield rig
        finally:
            interrupts.shielded = True
            rig.safe()
            if not rig.unsafe:
                guardian.dismiss()
    if rig.unsafe:
        raise BenchError(
            f"NOT SAFE: {'; '.join(rig.unsafe)}. Switch it off by hand. The guardian keeps trying after this program has ended."
        )


def _simulated(stack: contextlib.ExitStack, bench: Bench, seed: int, paced: bool) -> dict[str, str]:
    from .simulated.launch import SimulatedProcess  # noqa: PLC0415  (only when simulating)
    from .simulated.process import Settings  # noqa: PLC0415

    settings = Settings(str(bench.path), bench.content.components, seed, paced)
    process = stack.enter_context(SimulatedProcess(settings))
    return {name: process.resource(name) for name in bench.instruments}


def _connected(bench: Bench, name: str, resource: str, simulated: bool) -> Instrument:
    entry = bench.instruments[name]
    driver = DRIVERS[entry.driver]
    try:
        instrument: Instrument = driver.connect(resource, name=name)
    except (BenchError, ConfigError) as reason:
        hint = "" if simulated else " Is it switched on and plugged in? Without hardware, add --simulate."
        raise BenchError(f"{bench.path}: instruments.{name}: {reason}{hint}") from reason
    serial = instrument.identity.serial
    if entry.serial_number and serial != entry.serial_number:
        instrument.close()
        raise BenchError(
            f"{bench.path}: instruments.{name} at {resource} has the serial number {serial}, the bench expects "
            f"{entry.serial_number}. Correct the resource or the serial_number; nothing was switched on."
        )
    return instrument
