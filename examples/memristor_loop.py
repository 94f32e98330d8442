"""The I-V loop of an SDC memristor on a source-meter (Benatti 2023, Fig. 1b), on the simulated bench or on yours.

    python examples/memristor_loop.py                # simulated
    python examples/memristor_loop.py mybench.toml   # the real source-meter of that file, its leads as [terminals] says

The levels run on the instrument's own timer. Rows in which it was limited are flagged, not dropped: they belong to the loop.
"""

import sys

import numpy as np

from neurorig.instruments import connect, load_bench
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings
from neurorig.instruments.sourcing import SourceSetup, Staircase

LOOP = np.interp(np.arange(97), [0, 16, 32, 64, 96], [0, 0.4, 0, -0.8, 0])
SETUP = SourceSetup("V", compliance=5e-6, source_range=2.0, measure_range=10e-6, nplc=0.1)


def measure(bench, double=None):
    """Sweep the loop and give the readings; every way out leaves the output off, 0 V first."""
    with connect(bench, double=double) as rig:
        smu = rig.instruments["smu"]
        smu.configure("1", SETUP)
        smu.load("1", Staircase(tuple(LOOP), dwell=0.02))
        smu.on("1")
        smu.start()
        while smu.running():
            pass
        return smu.fetch("1")


if len(sys.argv) > 1:
    seen = measure(load_bench(sys.argv[1]))
else:
    with SimulatedProcess(Settings("memristor_iv", seed=1)) as double:
        seen = measure(load_bench("memristor_iv"), double)

print("    V        uA     kohm")
for volts, amperes, limited in zip(seen.volts[::4], seen.amperes[::4], seen.limited[::4], strict=True):
    ohms = f"{volts / amperes / 1e3:8.1f}" if abs(amperes) > 1e-8 else "        "
    print(f"{volts:7.3f} {1e6 * amperes:8.3f} {ohms}{'   limited' if limited else ''}")
