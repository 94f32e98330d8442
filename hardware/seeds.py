"""Seeds of random numbers, checked at the doors where a person gives them."""

import operator

from neurorig.signals import ConfigError


def checked_seed(seed: int) -> int:
    """Give `seed` as an int. Raises ConfigError for what is no whole number from 0 on."""
    return checked_count(seed, "seed", 0, "a seed is a whole number from 0 on")


def checked_count(value: int, name: str, least: int, needed: str) -> int:
    """Give `value` as an int. Raises ConfigError, with what is `needed`, for no whole number or one below `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ConfigError(f"{name} = {value!r}: {needed}.")
    return number
