"""``neurorig firmware``: the current source's program: which one comes with neurorig, which one runs, and writing it."""

import json
import shlex
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from .options import JsonOption, PortOption


def info_command(*, port: PortOption = "", as_json: JsonOption = False) -> int:
    """The image that comes with neurorig; with --port also the source there. Exit code 1 when they differ.

    Opening its port restarts an Arduino: its outputs go off.
    """
    from neurorig.hardware.firmware.images import BOOTLOADER, FLASH, RAM, packaged, stale
    from neurorig.instruments.flashing import mismatch, version_at

    image, build = packaged()
    old, found = stale(), version_at(port) if port else None
    other = mismatch(found, build) if found else ""
    if as_json:
        there = {"source": asdict(found), "differs": bool(other)} if found else {}
        print(
            json.dumps(
                {
                    "image": str(image),
                    **asdict(build),
                    "stack": build.stack,
                    "full_version": build.full_version,
                    "stale": old,
                    **there,
                }
            )
        )
        return int(bool(other))
    print(f"image    {image}")
    print(f"version  {build.full_version}, built by avr-gcc {build.compiler}")
    room = FLASH - BOOTLOADER
    print(
        f"flash    {build.flash} bytes: {build.flash / FLASH:.1%} of {FLASH}, {build.flash / room:.1%} of the {room} that the "
        "Uno's bootloader leaves"
    )
    print(f"memory   {build.ram} bytes: {build.ram / RAM:.1%} of {RAM}; {build.stack} are left for the stack")
    if old:
        print(f"stale    {old}")
    if found:
        print(f"source   {found.version}, serial number {found.serial}, at {port}: {other or 'the same'}")
        if other:
            print(f"         -> neurorig firmware flash --port {port}")
    return int(bool(other))


def flash_command(
    *,
    port: PortOption,
    dry_run: Annotated[
        bool, Parameter(name="--dry-run", negative=(), show_default=False, help="Print the command and do nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Write the image with avrdude, then ask the source for its version.

    Nothing is written while a program holds the port or an output is on. The calibration, in EEPROM, stays.
    """
    from neurorig.hardware.firmware.images import packaged, stale
    from neurorig.instruments.flashing import command, flash

    image, build = packaged()
    if dry_run:
        print(json.dumps(command(port, image)) if as_json else shlex.join(command(port, image)))
        return 0

    def begun() -> None:
        if not as_json:
            print(
                f"writing  {build.full_version} to the Arduino at {port}: ten seconds, or a minute if nothing answers",
                flush=True,
            )

    if not as_json and (old := stale()):
        print(f"note     {old}")
    flashed = flash(port, image, build, begun)
    if as_json:
        before = asdict(flashed.before) if flashed.before else None
        print(json.dumps({"port": port, "before": before, "after": asdict(flashed.after)}))
        return 0
    print(f"before   {flashed.before.version if flashed.before else 'nothing that was known'}")
    print(f"now      {flashed.after.version}, serial number {flashed.after.serial}")
    return 0
