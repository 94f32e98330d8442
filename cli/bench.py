"""``neurorig bench``: make a bench file by questions, draw one, say what is wrong with one."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

from .instruments import AllOption, HostOption, TimeoutOption, print_discovery, searched
from .options import JsonOption

if TYPE_CHECKING:
    from neurorig.instruments import Bench
    from neurorig.instruments.discovery import Found

T = TypeVar("T")
PLANNED = ("arduino_source", "rigol_ds1000z")
"""What --simulate proposes: the instruments of the published figures."""
FileArgument = Annotated[str, Parameter(name="file", help="Bench file, or the name of a shipped bench.")]


def new_command(
    file: Annotated[Path, Parameter(name="file", help="Where to write; an existing file is never overwritten.")] = Path(
        "bench.toml"
    ),
    /,
    *,
    resource: Annotated[
        tuple[str, ...],
        Parameter(
            name="--resource", negative=(), show_default=False, help="Ask only this address, one --resource for each."
        ),
    ] = (),
    host: HostOption = (),
    all_: AllOption = False,
    simulate: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Look for nothing: plan a bench, to be run with --simulate."),
    ] = False,
    timeout: TimeoutOption = 5.0,
) -> int:
    """Ask for instruments, board, wires, limits, probes and marker; each answer is checked at once. Enter takes the default.

    Answers may be piped in, one a line; what is wrong then ends the command, and nothing is written.
    """
    from neurorig.instruments.bench_questions import ask_bench
    from neurorig.instruments.bench_writer import taken

    if file.exists():
        raise taken(file)
    found = () if simulate else _found(resource, host, all_, timeout)
    answers = _Answers()
    draft = ask_bench(file, found, answers.ask, planned=PLANNED if simulate else ())
    draft.save()
    print()
    _print_picture(draft.bench())
    print(f"\nWritten: {file}\nNext:")
    for command, why in _next(file):
        print(f"  {command:60s} {why}")
    return 0


def show_command(file: FileArgument = "wu2025_bump", /) -> int:
    """Draw a bench with its limits, sense chains and probe factors."""
    from neurorig.instruments import load_bench

    _print_picture(load_bench(file))
    return 0


def check_command(file: FileArgument, /, *, as_json: JsonOption = False) -> int:
    """Say all that is wrong with a bench file, and what is no mistake but worth knowing; exit code 2 if anything is wrong."""
    from neurorig.instruments.bench import find_bench
    from neurorig.instruments.bench_check import problems
    from neurorig.instruments.picture import remarks

    path = find_bench(file)
    wrong, bench = problems(path)
    notes = [*remarks(bench), *_budget(bench)] if bench is not None else []
    if as_json:
        print(json.dumps({"file": str(path), "fine": not wrong, "wrong": wrong, "remarks": notes}))
        return 2 if wrong else 0
    for sentence in wrong:
        print(f"wrong   {sentence.removeprefix(f'{path}: ')}")
    for sentence in notes:
        print(f"remark  {sentence}")
    if not wrong and bench is not None:
        tables: tuple[tuple[str, Iterable[str]], ...] = (
            ("instruments", bench.instruments), ("ports", bench.ports), ("nodes", bench.nodes), ("leads", bench.terminals),
        )  # fmt: skip
        said = [f"{what}: {', '.join(names)}" for what, names in tables if names]
        print(f"fine    {'; '.join(said)}   ({path})")
    return 2 if wrong else 0


def print_bench(bench: "Bench", *, simulate: bool) -> None:
    """One line: which bench a command has taken, and whether it is the simulated one."""
    double = ", simulated: no hardware is touched" if simulate else ""
    print(f"bench   {bench.name} ({bench.path}){double}", flush=True)


def _budget(bench: "Bench") -> list[str]:
    """What the probes take of the margin that each protocol lives on."""
    from neurorig.protocols import loading_budget

    return [f"! {protocol}: {remark}" for protocol, remark in loading_budget(bench)]


def _found(resources: tuple[str, ...], hosts: tuple[str, ...], everything: bool, timeout: float) -> "tuple[Found, ...]":
    discovery = searched(resources, hosts, everything, timeout, quiet=False)
    print_discovery(discovery, asked_hosts=bool(hosts or resources), lines=False)
    print()
    return tuple(f for f in discovery.found if f.driver)


def _next(file: Path) -> list[tuple[str, str]]:
    from .app import app

    commands = [
        (f"neurorig bench show {file}", "the picture above, again"),
        (f"neurorig run bump --bench {file} --simulate", "the dry run: your wiring, simulated instruments"),
    ]
    if "wiring-check" in app:
        commands.append((f"neurorig wiring-check {file}", "nudges each port and tells which channel moved"))
    return commands


def _print_picture(bench: "Bench") -> None:
    from neurorig.instruments.picture import ASCII, draw

    text = draw(bench)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = text.translate(ASCII)
    print(text, end="")


class _Answers:
    """Questions to a person, who is asked again; or to the lines of a script, where a wrong one is the end."""

    def __init__(self) -> None:
        self._interactive = sys.stdin is not None and sys.stdin.isatty()
        self._count = 0
        if self._interactive:
            import contextlib

            with contextlib.suppress(ImportError):
                import readline  # noqa: F401  # gives input() its line editor

    def ask(self, question: str, default: str, accept: Callable[[str], T]) -> T:
        """One answer that `accept` takes. Raises ConfigError at the end of the input, or for a script's wrong line."""
        while True:
            answer = self._read(f"{question} [{default}]: ").strip() or default
            try:
                return accept(answer)
            except ConfigError as reason:
                if not self._interactive:
                    raise ConfigError(f"Answer {self._count}, '{answer}' to '{question}': {reason}") from reason
                print(f"  {reason}")

    def _read(self, prompt: str) -> str:
        self._count += 1
        try:
            answer = input(prompt)
        except EOFError:
            print()
            raise ConfigError(
                f"The input ended at question {self._count}: '{prompt.rstrip(': ')}'. Nothing was written. Pipe one line for "
                "each question (an empty line takes the default), or answer by hand."
            ) from None
        if not self._interactive:
            print(answer)  # so that what was asked and answered stands in the output
        return answer
