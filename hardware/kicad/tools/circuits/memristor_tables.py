"""What the jumpers of the memristor fixture do, in the schematic and on the board."""

EXPERIMENTS = (
    ("Experiment (Benatti 2023)", "JPn1 input", "JPn2 R_s", "JPn7 out", "Read-out", "JP65", "How"),
    ("I-V loop, Fig. 1(b)", "2-3 SMU", "on: 0.9k", "2-3 SMU", "-", "-", "SMU: 0, 0.4, 0, -0.8, 0 V; limit 10 uA"),
    (
        "LTP/LTD pulses, Fig. 1(d)",
        "1-2 gate",
        "off: 10k",
        "1-2 sum",
        "JP62: 100k",
        "on",
        "TTL wn high, pulses on spike",
    ),
    ("Read, Fig. 1(c)", "1-2 gate", "off: 10k", "1-2 sum", "JP62: 100k", "on", "50 mV, 50 us: R = -50 mV 100k/v - R_s"),
    (
        "Theta burst, Figs 2, 4",
        "1-2 gate",
        "on: 0.9k",
        "1-2 sum",
        "JP63: C_m",
        "on",
        "spike 0.2 V; TTL w1..w4, dep, reset",
    ),
    ("Overlap of the spikes", "1-2 gate", "off: 10k", "1-2 sum", "JP62: 100k", "off", "device: spike - back_spike"),
    ("Surrogate check", "1-2 gate", "off: 10k", "1-2 sum", "JP62: 100k", "on", "JPn3 off; one of JPn4, JPn5, JPn6 on"),
    ("Blank: R_s and switches", "1-2 gate", "off: 10k", "1-2 sum", "JP61: 20k", "on", "JP5n on: the device is shorted"),
)
"""Jumpers of synapse n for each experiment, with no cap on JPn7 of the synapses that are not used: their R_s would amplify
the offset. Out of the box: LTP/LTD and read with devices 1 to 4, all devices shorted."""

JUMPERS = (
    ("Jumper", "joins", "cap on 1-2 (or on)", "cap on 2-3 (or off)"),
    ("JPn1", "input of synapse n", "to its gate", "to the source-meter's HI"),
    ("JPn2", "1k over R_sn", "0.9 kohm: spikes <= 0.2 V, SMU 10 uA", "10 kohm limits the current"),
    ("JPn3", "device of synapse n", "device n", "device n + 4; no cap: surrogates"),
    ("JPn4", "73.2k for a device", "13.6 uS", "-"),
    ("JPn5", "162k for a device", "6.2 uS", "-"),
    ("JPn6", "383k for a device", "2.6 uS", "-"),
    ("JPn7", "output of synapse n", "to the virtual ground", "to the source-meter's LO"),
    ("JP5k", "over device k", "shorted: safe to handle; R_s alone", "device k is in the circuit"),
)
"""What each cap of synapse n = 1 to 4 and of device k = 1 to 8 does."""
