"""Identifiers of everything in a KiCad file, made from what the thing is: each run gives the same file to the byte."""

from uuid import UUID, uuid5

NEURORIG = UUID("5b6a0d52-1f0e-5f7b-9d0a-6c2f0c6e1105")


class Identities:
    """Unique identifiers below a name (that of a project or sheet). The same thing named twice gets two."""

    def __init__(self, *names: str) -> None:
        self._root = uuid5(NEURORIG, "/".join(names))
        self._seen: dict[str, int] = {}

    def __call__(self, *names: object) -> str:
        """Identifier of the thing called so, for example of the part `C_m1`, unit 1: moving it does not change it."""
        key = "/".join(str(name) for name in names)
        count = self._seen[key] = self._seen.get(key, 0) + 1
        return str(uuid5(self._root, f"{key}/{count}"))
