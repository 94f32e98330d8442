"""The simulated instruments, one maker's model after the other, each written from its programming manual alone."""
