"""The memristor boards that ship with neurorig, one TOML file each."""
