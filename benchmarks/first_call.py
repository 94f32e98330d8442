"""How long a fresh process waits for its first result of the twin: prints the seconds of the imports and of the calls."""

import json
import time


def main() -> None:
    start = time.perf_counter()
    from neurorig.hardware import load_board
    from neurorig.hardware.twin import Twin

    imported = time.perf_counter()
    twin = Twin(load_board("wu2025_bump"))
    twin.drive("n1.i0", 60e-6)
    twin.advance(0.1)
    for node in twin.board.nodes:
        twin.sample(node, 0.0, 1e-4, 10)
    print(json.dumps([imported - start, time.perf_counter() - imported]))


if __name__ == "__main__":
    main()
