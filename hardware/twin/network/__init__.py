"""The twin's engine for networks: one exact linear step for all neurons, split wherever one of them crosses."""
