"""The benches that come with neurorig, one TOML each."""
