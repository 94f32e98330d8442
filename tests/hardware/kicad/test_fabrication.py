"""What the note for a board house says, measured from the committed layouts and from one that is changed."""

import re

import pytest

from neurorig.hardware.kicad.fabrication import measure
from neurorig.hardware.kicad.projects import PROJECTS

from .broken import blocks, replace


@pytest.mark.parametrize("project", PROJECTS.values(), ids=str)
def test_every_board_is_of_the_cheapest_class(project):
    made = measure(project)
    assert (made.layers, made.thickness, made.copper) == (2, 1.6, 0.035)
    assert made.track >= 0.25 and made.hole >= 0.4 and made.ring >= 0.15
    assert made.clearance >= 0.2 and made.edge >= 0.5
    assert made.plated > 50 and made.unplated >= 4


def test_it_is_measured(neuron):
    before = measure(neuron)
    board = neuron.board.read_text()
    track, via = next(blocks(board, "segment")), next(blocks(board, "via"))
    replace(neuron.board, track, re.sub(r"\(width \S+\)", "(width 0.16)", track))
    replace(neuron.board, via, via.replace("(drill 0.4)", "(drill 0.3)"))
    replace(neuron.settings, '"min_clearance": 0.2', '"min_clearance": 0.15')
    after = measure(neuron)
    assert (before.track, before.hole, before.clearance) == (0.25, 0.4, 0.2)
    assert (after.track, after.hole, after.clearance) == (0.16, 0.3, 0.15)
    assert "narrowest copper  0.16 mm" in after.text("neuron")
