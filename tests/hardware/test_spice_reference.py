"""The device set REF is what its fit script finds in the decks of today's ngspice."""

import pytest

from neurorig.hardware import load_board
from neurorig.hardware.devices import load_device
from neurorig.hardware.fits.spice_reference import FITTED, fitted


@pytest.mark.needs("ngspice")
@pytest.mark.timeout(150)  # some 80 short runs of ngspice
def test_the_set_is_what_the_script_finds():
    board = load_board("wu2025_neuron")
    found = fitted(board.without(board.synapses))[0].calibration
    kept = load_device("REF").calibration
    loose = {"V1": 0.1, "I1": 0.2, "r": 0.1, "fire_delay": 0.1, "quiescence": 0.1, "hysteresis": 0.1}  # traded freely
    for name in FITTED:
        assert getattr(found, name) == pytest.approx(getattr(kept, name), rel=loose.get(name, 0.01)), name
