"""What draws the boards: schematics, layouts and tracks from the descriptions in `circuits`.

``python -m neurorig.hardware.kicad.tools [BOARD ...]`` writes the KiCad projects anew, to the byte. The projects are
committed and can be edited by hand; nothing else in neurorig needs these tools, but for the part numbers in
`circuits.parts`.
"""
