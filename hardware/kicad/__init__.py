"""The boards: KiCad schematics and layouts, what checks them, and what a lab orders and assembles them from.

`find_project` gives a board; `check` runs KiCad's checks on it, `build` writes gerbers, parts list, drawings and netlist.
`read_schematic`, `read_layout` and `bill_of_materials` need no KiCad. The schematic is the model's witness: the SPICE
netlist that it exports is what the twin is compared with.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
