"""Ranges, accuracy and delays of the Keithley 2450 (SPEC-2450 Rev. A page 2; 2450-901-01 Rev. B page 2-111)."""

from ..source_measure import Range

VOLTS_SOURCED = (
    Range(0.02, 1e-3, 200e-6, 500e-9), Range(0.2, 150e-6, 200e-6, 5e-6), Range(2.0, 200e-6, 300e-6, 50e-6),
    Range(20.0, 150e-6, 2.4e-3, 500e-6), Range(200.0, 150e-6, 24e-3, 5e-3),
)  # fmt: skip
VOLTS_MEASURED = (
    Range(0.02, 1e-3, 150e-6, 10e-9, 100e-9), Range(0.2, 120e-6, 200e-6, 100e-9, 200e-9),
    Range(2.0, 120e-6, 300e-6, 1e-6, 2e-6), Range(20.0, 150e-6, 1e-3, 10e-6, 20e-6),
    Range(200.0, 150e-6, 10e-3, 100e-6, 200e-6),
)  # fmt: skip
AMPERES_SOURCED = (
    Range(10e-9, 1e-3, 100e-12, 500e-15), Range(100e-9, 600e-6, 150e-12, 5e-12), Range(1e-6, 250e-6, 400e-12, 50e-12),
    Range(10e-6, 250e-6, 1.5e-9, 500e-12), Range(100e-6, 200e-6, 15e-9, 5e-9), Range(1e-3, 200e-6, 150e-9, 50e-9),
    Range(10e-3, 200e-6, 1.5e-6, 500e-9), Range(0.1, 250e-6, 15e-6, 5e-6), Range(1.0, 670e-6, 900e-6, 50e-6),
)  # fmt: skip
AMPERES_MEASURED = (
    Range(10e-9, 1e-3, 50e-12, 10e-15, 100e-15), Range(100e-9, 600e-6, 100e-12, 100e-15, 300e-15),
    Range(1e-6, 250e-6, 300e-12, 1e-12, 2e-12), Range(10e-6, 250e-6, 700e-12, 10e-12, 20e-12),
    Range(100e-6, 200e-6, 6e-9, 100e-12, 200e-12), Range(1e-3, 200e-6, 60e-9, 1e-9, 2e-9),
    Range(10e-3, 200e-6, 600e-9, 10e-9, 20e-9), Range(0.1, 250e-6, 6e-6, 100e-9, 200e-9),
    Range(1.0, 300e-6, 500e-6, 1e-6, 3e-6),
)  # fmt: skip
AUTODELAY = {
    10e-9: (50e-3, 100e-3), 100e-9: (50e-3, 100e-3), 1e-6: (3e-3, 20e-3), 10e-6: (2e-3, 10e-3), 100e-6: (1e-3, 10e-3),
    1e-3: (1e-3, 10e-3), 10e-3: (1e-3, 5e-3), 0.1: (1e-3, 5e-3), 1.0: (1e-3, 5e-3),
}  # fmt: skip
"""Seconds by current range, plain and with high capacitance (page 2-111)."""
