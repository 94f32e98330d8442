"""The `neurorig` command: which commands there are, and how a failure is told.

Exit codes: 0 done; 1 failed; 2 wrong usage or description (board, bench, protocol, parameter); 3 beyond a limit;
4 does not fit the instruments; 5 bench not as described (absent, another model, port in use, instrument error);
6 a run cannot be written or read; 130 stopped by Ctrl-C or SIGTERM.

Command modules are named by text and imported when they are called, so that ``neurorig --help`` stays quick.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from neurorig import __version__
from neurorig.signals.errors import ConfigError, NeurorigError, RunInterrupted

from .stdout import ReaderGoneError, StdoutLostError, guarded_stdout

app = App(
    name="neurorig",
    version=__version__,
    help_format="plaintext",  # the default would import a Markdown parser to show one sentence
    help="Run neuroscience protocols on analog neurosynaptic boards: on the bench, on its simulated double, "
    "or on a recording. Try: neurorig run bump --simulate\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage or description, 3 beyond a limit, 4 does not fit the instruments, "
    "5 bench not as described, 6 a run cannot be written or read, 130 stopped.",
    suppress_keyboard_interrupt=False,
)
_HELP = {
    "run": "Run a protocol on a bench, or on its simulated double with --simulate.",
    "protocols": "List the protocols, or the parameters of one.",
    "list": "List the runs on disk.",
    "show": "Show what a run measured.",
    "report": "Write a run's report again.",
    "export": "Write a run's traces and results as CSV or Parquet.",
    "comment": "Add a comment, a bad or a good mark to a run or one of its sweeps.",
    "figure": "Play a published figure on the twin and compare it with what was published.",
    "calibrate": "Fit a board's neurons to measured f(I) charts, and write the board that they make.",
    "instruments": "Look for instruments on this computer and the network, and say which driver speaks to each.",
    "bench": "Make a bench file by questions, draw one, or say what is wrong with one.",
    "hardware": "The boards in KiCad: list them, check them, and write what a board house and a buyer need.",
    "firmware": "The current source's program: which one comes with neurorig, which one runs; write it with avrdude.",
    "wiring-check": "Nudge each port a little, and say which channel moved: wired as the bench file says?",
    "accept-source": "Measure what a current source really delivers: accuracy, sag, noise, mains, settling, drift.",
    "calibrate-source": "Straighten a current source against an ammeter, and store that in its own memory.",
    "console": "Talk to one instrument: see its answers and errors, save its blocks; by hand or from a script.",
    "simulate": "Serve the simulated instruments of a bench for any program.",
    "doctor": "Say what is missing on this machine, and how to get it.",
}
_MODULES = {
    "run": "run", "protocols": "protocols", "list": "runs", "show": "runs", "report": "runs", "export": "runs",
    "comment": "runs", "figure": "figure", "calibrate": "calibrate", "simulate": "simulate", "doctor": "doctor",
    "instruments": "instruments", "console": "console",
    "wiring-check": "wiring_check", "accept-source": "accept_source", "calibrate-source": "calibrate_source",
}  # fmt: skip
_GROUPS = {
    "bench": {
        "new": "Look for instruments, ask how they are wired, and write a bench file.",
        "show": "Draw a bench: what drives which port, and how each node reaches the instruments.",
        "check": "Say all that is wrong with a bench file, or that it is fine.",
    },
    "firmware": {
        "info": "The image that comes with neurorig, and the firmware of the source at a port.",
        "flash": "Write the image into the Arduino at a port, and read its version back.",
    },
    "hardware": {
        "list": "The boards that there are: size and number of parts.",
        "check": "Run KiCad's checks: electrical rules, design rules, missing tracks, schematic against layout.",
        "build": "Check boards, then write gerbers, parts list, drawings, pictures, solid and SPICE netlist.",
        "bom": "The parts that a board needs, grouped, with an estimate of what they cost.",
        "setup": "How a figure is made on a board: which one, which values to fit, where the jumpers go.",
    },
}
for _name, _text in _HELP.items():
    if _name in _GROUPS:
        _group = App(name=_name, help=_text)
        for _part, _said in _GROUPS[_name].items():
            _group.command(f"neurorig.cli.{_name}:{_part}_command", name=_part, help=_said)
        app.command(_group)
    else:
        app.command(f"neurorig.cli.{_MODULES[_name]}:{_name.replace('-', '_')}_command", name=_name, help=_text)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; give the exit code. Never a traceback for what a person can mend."""
    try:
        with guarded_stdout():
            return _answered(arguments)
    except ReaderGoneError:
        return 0
    except StdoutLostError as reason:
        print(f"neurorig: standard output {reason}. What was measured is kept, see: neurorig list", file=sys.stderr)
        return 1


def _answered(arguments: Sequence[str]) -> int:
    try:
        return app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value") or 0
    except NeurorigError as error:
        return _fail(error, arguments)
    except CycloptsError as error:
        command = f"{arguments[0]} " if arguments and arguments[0] in _HELP else ""
        return _fail(ConfigError(f"{error} See: neurorig {command}--help"), arguments)
    except RunInterrupted as event:
        return _fail(event, arguments)
    except KeyboardInterrupt as event:
        return _fail(RunInterrupted(f"Stopped by Ctrl-C. {event}".rstrip()), arguments)


def _fail(error: NeurorigError | RunInterrupted, arguments: Sequence[str]) -> int:
    print(f"neurorig: {error}", file=sys.stderr)
    if error.run:
        print(f"run     {error.run}", file=sys.stderr)
    if "--json" in arguments:
        document = {"error": str(error), "kind": type(error).__name__, "exit_code": error.exit_code}
        print(json.dumps(document | _kept(error.run)))
    return error.exit_code


def _kept(run: Path | None) -> dict[str, str]:
    """What a script needs to find the sweeps that were taken."""
    if run is None:
        return {}
    from neurorig.records import Run

    return {"run": str(run), "status": Run.open(run).status}
