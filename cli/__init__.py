"""The command line: one face of the suite. Everything it does is a call that the GUI can make, too."""
