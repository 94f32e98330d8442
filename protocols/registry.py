"""The protocols by name. A module is imported only when one of its protocols is asked for."""

import importlib

from neurorig.signals import ConfigError, nearest

from .protocol import Protocol

_KNOWN = {
    "bump": ".bump:Bump",
    "rheobase": ".rheobase:Rheobase",
    "wiring_check": ".wiring_check:WiringCheck",
    "f_i": ".f_i:FICurve",
}


def protocols() -> dict[str, type[Protocol]]:
    """Every protocol by its name."""
    return {name: get_protocol(name) for name in _KNOWN}


def get_protocol(name: str) -> type[Protocol]:
    """The protocol of that name. Raises ConfigError with the nearest name."""
    if name not in _KNOWN:
        raise ConfigError(f"No protocol '{name}'.{nearest(name, _KNOWN)}")
    module, _, attribute = _KNOWN[name].partition(":")
    protocol: type[Protocol] = getattr(importlib.import_module(module, __package__), attribute)
    return protocol
