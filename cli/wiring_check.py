"""``neurorig wiring-check``: nudges each port and says which channel moved, by how much, and what to do about it."""

import json
from typing import Annotated

from cyclopts import Parameter

from .bench import FileArgument
from .options import RUNS, JsonOption, OutOption, SeedOption, SetOption, pairs
from .run import progress_bar

MISWIRED = 5


def wiring_check_command(
    file: FileArgument = "wu2025_bump",
    /,
    *,
    simulate: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Check the bench's simulated double.")
    ] = False,
    wired_as: Annotated[
        str,
        Parameter(
            name="--wired-as",
            show_default=False,
            help="With --simulate: the bench file of what is really on the table.",
        ),
    ] = "",
    step: Annotated[
        str | None, Parameter(show_default=False, help="The nudge (default 5 uA; never more than 0.3 I_min).")
    ] = None,
    fire: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Let each neuron fire for 2 s, too: reaches every channel."),
    ] = False,
    set_: SetOption = (),
    seed: SeedOption = 0,
    out: OutOption = RUNS,
    as_json: JsonOption = False,
) -> int:
    """Nudge each port with a small subthreshold step, up and down, and compare every channel with the bench file.

    Exit code 5 when something is wired otherwise. The check is kept as a run, with its report.
    """
    from neurorig.protocols import Request, execute
    from neurorig.signals import ConfigError

    if wired_as and not simulate:
        raise ConfigError(
            f"--wired-as {wired_as}: what is on a real table needs no file. Add --simulate, or leave it out."
        )
    parameters: dict[str, object] = {"fire": fire} | ({} if step is None else {"step": step})
    request = Request(
        "wiring_check", parameters, file, pairs(set_, "--set"), simulate, seed, out, wired_as=wired_as
    )  # fmt: skip
    with progress_bar(quiet=as_json) as progress:
        outcome = execute(request, progress)
    if as_json:
        print(json.dumps(outcome.as_json()))
    else:
        from .tables import print_wiring

        print_wiring(outcome)
    return 0 if outcome.results["right"] else MISWIRED
