"""``neurorig protocols``: what can be run, and with which parameters."""

import dataclasses
import json
from typing import Annotated

from cyclopts import Parameter

from .options import JsonOption


def protocols_command(
    protocol: Annotated[str | None, Parameter(help="Show the parameters of this one.")] = None,
    /,
    *,
    as_json: JsonOption = False,
) -> int:
    """List the protocols, or the parameters of one."""
    from neurorig.protocols import get_protocol, protocols

    if protocol is None:
        known = {name: cls.title for name, cls in protocols().items()}
        if as_json:
            print(json.dumps(known))
        else:
            for name, title in known.items():
                print(f"{name:12s} {title}")
            print("\nParameters of one: neurorig protocols NAME")
        return 0
    cls = get_protocol(protocol)
    if as_json:
        described = [dataclasses.asdict(p) for p in cls.parameters()]
        print(json.dumps({"name": cls.name, "title": cls.title, "source": cls.source, "parameters": described}))
        return 0
    from .tables import print_parameters

    print(f"{cls.name}: {cls.title}\n{cls.source}\n")
    print_parameters(cls.parameters())
    for name, values in cls.presets.items():
        print(f"preset {name}: {', '.join(f'{k}={v}' for k, v in values.items()) or 'the defaults'}")
    print(f"\nUse: neurorig run {cls.name} --simulate -p NAME=VALUE")
    return 0
