"""The bump at several holding currents on the simulated bench: its rate f* against the holding current.

Run it anywhere: ``python f_star_versus_holding.py``. Writes the runs below ``runs/`` and ``f_star_versus_holding.png``.
Without ``simulate=True`` the same lines measure on the bench.
"""

import sys

import matplotlib.pyplot as plt

from neurorig.protocols import Request, execute

holdings = [float(a) for a in sys.argv[1:]] or [42.0, 43.0, 44.0, 44.7]  # uA

rates, errors = [], []
for holding in holdings:
    outcome = execute(Request("bump", {"holding": f"{holding} uA", "probes": False}, simulate=True))
    found = outcome.results
    print(f"{holding} uA: sustained {found['sustained']}, f* = {found['f_star']} Hz, run {outcome.run.name}")
    rates.append(found["f_star"] if found["sustained"] else 0.0)
    errors.append(found["f_star_error"] if found["sustained"] else 0.0)

figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
axes.errorbar(holdings, rates, errors, fmt="o")
axes.set(xlabel="holding current (uA)", ylabel="f* (Hz)", title="simulated bench")
figure.savefig("f_star_versus_holding.png", dpi=150)
