"""The twin of the bursting neuron: a capacitor beside the load resistor makes the spike's path a second compartment."""
