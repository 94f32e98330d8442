"""Board files whose identifiers and order pcbnew invented come out the same."""

import random
import re
from uuid import UUID

from neurorig.hardware.kicad.tools.canonical import canonical

HEAD = '(kicad_pcb\n\t(version 20241229)\n\t(net 0 "")\n'
FOOTPRINT = """\t(footprint "Library:R"
\t\t(layer "F.Cu")
\t\t(uuid "{}")
\t\t(property "Reference" "{}"
\t\t\t(at {} 0)
\t\t\t(uuid "{}")
\t\t)
\t\t(path "/0a0a0a0a-0000-5000-8000-000000000000")
{}\t)
"""
PAD = '\t\t(pad "{}" thru_hole\n\t\t\t(at 0 0)\n\t\t\t(uuid "{}")\n\t\t)\n'
TRACK = '\t(segment\n\t\t(start {} 0)\n\t\t(uuid "{}")\n\t)\n'


def board(seed, x=1.0):
    chance = random.Random(seed)

    def identity():
        return str(UUID(int=chance.getrandbits(128)))

    def footprint(ref):
        pads = [PAD.format(number, identity()) for number in (1, 2, 10)]
        chance.shuffle(pads)
        return FOOTPRINT.format(identity(), ref, x if ref == "R1" else 5, identity(), "".join(pads))

    items = [footprint("R1"), footprint("R2"), *(TRACK.format(i % 2, identity()) for i in range(4))]
    chance.shuffle(items)
    return HEAD + "".join(items) + "\t(embedded_fonts no)\n)\n"


def test_the_same_whatever_was_invented():
    first = canonical(board(1), "b")
    assert all(canonical(board(seed), "b") == first for seed in range(2, 20))
    assert canonical(first, "b") == first


def test_identifiers_are_unique_and_those_of_the_schematic_stay():
    text = canonical(board(1), "b")
    found = re.findall(r'\(uuid "([^"]+)"\)', text)
    assert len(found) == len(set(found)) == 14
    assert text.count('(path "/0a0a0a0a-0000-5000-8000-000000000000")') == 2
    assert text.index('(pad "2"') < text.index('(pad "10"')
    assert text.endswith("\t(embedded_fonts no)\n)\n")
    assert not set(found) & set(re.findall(r'\(uuid "([^"]+)"\)', canonical(board(1), "other")))


def test_a_moved_part_keeps_its_identifiers():
    ids = [re.findall(r'\(uuid "([^"]+)"\)', canonical(board(1, x), "b")) for x in (1.0, 7.0)]
    assert ids[0] == ids[1]
