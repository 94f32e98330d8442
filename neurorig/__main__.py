"""Entry point of the ``neurorig`` command."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from neurorig.cli.app import run  # a bare `import neurorig` stays free

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
