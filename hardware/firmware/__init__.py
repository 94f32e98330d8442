"""The Arduino current source's firmware room: `PROTOCOL.md`, the contract between host and source.

The driver, the simulated source and the firmware are each written from that page, never from one another.
"""
