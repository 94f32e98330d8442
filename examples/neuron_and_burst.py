"""A neuron's f-I curve and a burst, straight from the twin: cells to run one after another, or the whole file at once.

``python neuron_and_burst.py`` writes ``f_i_curve.png`` and ``burst.png``. No instruments are involved: the twin is asked
directly, which is quick. The f-I curve is computed twice, from spikes and in closed form.
"""

# %% A neuron and its currents
import matplotlib.pyplot as plt
import numpy as np

from neurorig.hardware import load_board
from neurorig.hardware.rate import firing_rate
from neurorig.hardware.twin import Twin

board = load_board("wu2025_neuron")
neuron = board.neurons["n1"]
currents = np.linspace(40e-6, 112e-6, 37)  # A
print(f"{board.title}: I_min {neuron.i_min * 1e6:.2f} uA, I_max {neuron.i_max * 1e6:.1f} uA")


# %% Its f-I curve, spike by spike
def rate(amperes: float, seconds: float = 2.0) -> float:
    """Rate (Hz) after the first 0.3 s."""
    twin = Twin(board)
    twin.drive("n1.i0", amperes)
    twin.advance(seconds)
    spikes = twin.spikes("n1", 0.3)
    return (len(spikes) - 1) / (spikes[-1] - spikes[0]) if len(spikes) > 1 else 0.0


rates = [rate(amperes) for amperes in currents]
fine = np.linspace(40e-6, 112e-6, 2000)

figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
axes.plot(fine * 1e6, firing_rate(neuron, fine), label="closed form")
axes.plot(currents * 1e6, rates, "o", ms=4, label="spikes")
axes.set(xlabel="$I_{in}$ (µA)", ylabel="f (Hz)", title=board.title)
axes.legend()
figure.savefig("f_i_curve.png", dpi=150)

# %% A neuron that inhibits itself, close to its threshold: bursts
burster = load_board("wu2025_fig13")
twin = Twin(burster)
twin.drive("n1.i0", burster.preset("burst")["n1.i0"])
twin.advance(20.0)  # the first bursts still depend on how it was switched on
start, stop = 17.0, 20.0
time = np.linspace(start, stop, 300_001)  # every 10 us: a spike lasts 0.1 ms
v_ap = twin.sample("n1.v_ap", start, time[1] - time[0], len(time))
i_ssi = twin.sample("s11.i_out", start, time[1] - time[0], len(time))
print(f"{len(twin.spikes('n1', start, stop))} spikes in {stop - start:g} s")

figure, (upper, lower) = plt.subplots(2, 1, figsize=(7, 4), sharex=True, layout="constrained")
upper.plot(time - start, v_ap, lw=0.5)
upper.set(ylabel="$V_{ap}$ (V)", title=burster.title)
lower.plot(time - start, i_ssi * 1e6)
lower.set(xlabel="time (s)", ylabel="$I_{ssi}$ (µA)")
figure.savefig("burst.png", dpi=150)
