"""Benchmarks: how far neurorig is from what the machine can do. Run ``python -m benchmarks`` in a checkout."""
