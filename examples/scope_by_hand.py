"""Drive the source and read the oscilloscope with plain sockets: no neurorig in this file.

First serve the simulated bench on fixed ports, in another terminal:

    neurorig simulate --port source=15554 --port scope=15555

The same lines work on a real oscilloscope at its own address. Written from the Rigol DS1000Z programming guide and
hardware/firmware/PROTOCOL.md alone.
"""

import itertools
import socket
import time

source = socket.create_connection(("127.0.0.1", 15554), timeout=5).makefile("rwb")
scope = socket.create_connection(("127.0.0.1", 15555), timeout=5).makefile("rwb")


def tell(instrument, line):
    """Send a line."""
    instrument.write(line.encode() + b"\n")
    instrument.flush()


def ask(instrument, line):
    """Send a line and give the line that comes back."""
    tell(instrument, line)
    return instrument.readline().decode().strip()


print(ask(source, "*IDN?"))
print(ask(scope, "*IDN?"))

# V_ap on channel 1, 5 ms a division, one record that begins with a spike.
for line in (":CHAN1:PROB 10", ":CHAN1:SCAL 0.5", ":CHAN1:OFFS -1.5", ":TIM:MAIN:SCAL 0.005",
             ":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:LEV 1", ":SING"):  # fmt: skip
    tell(scope, line)

# 50 uA lies above I_min, so the neuron fires. The source answers every line; STAT? also keeps its watchdog quiet.
for line in ("*CLS", "OUTP1 ON", "SOUR1:CURR 50000"):
    print(line, "->", ask(source, line))
deadline = time.monotonic() + 10
while ask(scope, ":TRIG:STAT?") != "STOP" and time.monotonic() < deadline:
    ask(source, "STAT?")
print("OUTP1 OFF ->", ask(source, "OUTP1 OFF"))

# What is on the screen: 1200 points as text, after a header such as #9000015599.
for line in (":WAV:SOUR CHAN1", ":WAV:MODE NORM", ":WAV:FORM ASC"):
    tell(scope, line)
seconds = float(ask(scope, ":WAV:XINC?"))
volts = [float(v) for v in ask(scope, ":WAV:DATA?")[11:].split(",")]
spikes = [k * seconds for k in range(1, len(volts)) if volts[k - 1] < 1 <= volts[k]]
print(f"{len(volts)} points, highest {max(volts):.2f} V, {len(spikes)} spikes")
for earlier, later in itertools.pairwise(spikes):
    print(f"{1 / (later - earlier):.1f} Hz")
