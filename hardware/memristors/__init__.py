"""Two-terminal memristors and the neuron that integrates what they let through, as exact numerical twins."""
