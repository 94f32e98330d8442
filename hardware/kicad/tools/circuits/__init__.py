"""The boards as descriptions: what is drawn where in the schematic, and where each part lies on the board."""
