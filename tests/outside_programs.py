"""Programs that some tests need and a machine may lack: what was not verified is said, and can be made a failure.

A test that needs one is marked ``@pytest.mark.needs("kicad")``. Where the program is missing it is skipped and counted
in a line at the end of the run; with ``NEURORIG_REQUIRE=kicad,ngspice`` in the environment it fails.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from neurorig.signals import ConfigError

NOT_VERIFIED = "NOT VERIFIED: "


def _ngspice() -> str:
    return "" if shutil.which("ngspice") else "ngspice not found"


def _kicad() -> str:
    if not (program := shutil.which("kicad-cli")):
        return "kicad-cli not found"
    with tempfile.TemporaryDirectory() as home:  # it writes there, and refuses to run without
        environment = os.environ | {"HOME": home, "KICAD_CONFIG_HOME": home}
        done = subprocess.run([program, "version"], env=environment, capture_output=True, text=True, check=False)
    said = done.stdout.strip()
    major = re.match(r"\d+", said)
    return "" if major and int(major[0]) >= 9 else f"kicad-cli is {said or 'of no version'}, 9 or later is needed"


def _simavr() -> str:
    from neurorig.hardware.firmware.simulated.building import shim

    try:
        shim()
    except ConfigError as missing:
        return str(missing).partition(". ")[0]
    return ""


def _avr() -> str:
    from neurorig.hardware.firmware.images import compiler, packaged

    try:
        found, wanted = compiler(), packaged()[1].compiler
    except ConfigError as missing:
        return str(missing)
    return "" if found == wanted else f"avr-gcc is {found or 'not found'}, {wanted} built the firmware's image"


PROGRAMS: dict[str, Callable[[], str]] = {
    "avr": cache(_avr),
    "kicad": cache(_kicad),
    "ngspice": cache(_ngspice),
    "simavr": cache(_simavr),
}
"""What is wrong with each program, by the name that `needs` and NEURORIG_REQUIRE know it by; empty if nothing is."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"needs(name): needs an outside program: {', '.join(PROGRAMS)}")
    unknown = required() - PROGRAMS.keys()
    if unknown:
        raise pytest.UsageError(f"NEURORIG_REQUIRE: {', '.join(unknown)} is none of {', '.join(PROGRAMS)}")


@pytest.hookimpl(tryfirst=True)  # before the fixtures that run the program
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            if not (missing := PROGRAMS[name]()):
                continue
            if name in required():
                pytest.fail(f"{missing}, and NEURORIG_REQUIRE asks for it", pytrace=False)
            pytest.skip(NOT_VERIFIED + missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = (report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in Counter(r.removeprefix("Skipped: ") for r in reasons if NOT_VERIFIED in r).items():
        terminalreporter.write_line(f"{reason}: {count} check{'s' if count > 1 else ''}", yellow=True, bold=True)


def required() -> set[str]:
    return {name for name in os.environ.get("NEURORIG_REQUIRE", "").replace(",", " ").split() if name}
