"""The boards as ngspice decks: the independent witness of the twin."""
