"""``neurorig run bump --simulate`` taken apart: prints what each part took in seconds, as pairs of name and time.

Step by step and in this one process, so what the command does side by side shows here in full.
"""

import json
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    begun = time.perf_counter()
    marks: list[tuple[str, float]] = []

    def mark(name: str) -> None:
        marks.append((name, time.perf_counter()))

    import neurorig.cli.app  # noqa: F401  (what the command imports before it does anything is part of the time)
    from neurorig.instruments import connect, load_bench
    from neurorig.instruments.simulated.launch import SimulatedProcess
    from neurorig.instruments.simulated.process import Settings
    from neurorig.protocols import check_protocol, get_protocol, run_protocol, write_run_report
    from neurorig.protocols.request import Request, opening
    from neurorig.records import Run, RunWriter

    mark("imports")
    protocol = get_protocol("bump").make({})
    bench = load_bench("wu2025_bump")
    check_protocol(protocol, bench)
    mark("protocol and bench read and checked")
    meta = opening(protocol, bench, Request("bump", simulate=True))
    taken: list[float] = []
    with RunWriter.create(folder, meta) as writer:
        mark("run registered")
        with SimulatedProcess(Settings("wu2025_bump")) as double, connect(bench, double=double) as rig:
            mark("simulated bench started and connected")
            finished = run_protocol(protocol, rig, writer, lambda done, what: taken.append(time.perf_counter()))
            marks.append(("sweeps", taken[-1]))
            mark("analysis")
        mark("made safe and closed")
    write_run_report(Run.open(writer.path), finished.result)
    mark("report")
    times = [begun, *(when for _, when in marks)]
    print(json.dumps([(name, when - before) for (name, when), before in zip(marks, times, strict=False)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
