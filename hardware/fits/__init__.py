"""Scripts that made numbers of the boards: each runs by ``python -m neurorig.hardware.fits.NAME`` and prints what it finds."""
