"""``python -m neurorig.hardware.spice BOARD``: write the deck of a board, or simulate it and print the spikes."""

import argparse
import sys

from neurorig.hardware import load_board
from neurorig.signals import NeurorigError, RunInterrupted, parse

from .deck import deck
from .simulator import run


def main(arguments: list[str] | None = None) -> int:
    """Print the deck, or with --until the spike times (s) of every neuron; the exit code is 0, or that of the error.

    130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="python -m neurorig.hardware.spice", description=__doc__)
    parser.add_argument("board", help="name of a board that ships, or a TOML file")
    parser.add_argument(
        "-i", "--input", action="append", default=[], metavar="PORT=CURRENT", help='such as n1.i0="60 uA"; repeatable'
    )
    parser.add_argument("--until", default="1 s", help='how long, such as "3 s"')
    parser.add_argument("--thyristor", choices=("hw", "ref", "med"), default="ref")
    parser.add_argument("--deck", action="store_true", help="print the deck instead of running it")
    options = parser.parse_args(arguments)
    try:
        board = load_board(options.board)
        board = board.with_ports({port: {"noise": 0.0} for port in board.ports})
        drive = {port: parse(current, "A") for port, _, current in (text.partition("=") for text in options.input)}
        text = deck(board, drive, parse(options.until, "s"), thyristor=options.thyristor)
        if options.deck:
            print(text, end="")
            return 0
        recording = run(board, text, deadline=3600.0)
    except NeurorigError as reason:
        print(reason, file=sys.stderr)
        return reason.exit_code
    except KeyboardInterrupt:
        print("Stopped by Ctrl-C.", file=sys.stderr)
        return RunInterrupted.exit_code
    for neuron in board.neurons:
        for moment in recording.spikes(neuron):
            print(f"{neuron} {moment:.7f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
