"""The boards: KiCad schematics and layouts, what checks them, and what a lab orders and assembles them from.

The schematic is the model's witness: the SPICE netlist that it exports is what the twin is compared with.
"""
