"""From a measured f-I chart and a spike to the numbers of a neuron, with what they are worth."""
