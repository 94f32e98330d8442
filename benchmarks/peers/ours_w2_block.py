"""neurorig in the peers' block workload: a block straight into an array."""

from typing import Any

import numpy as np

from neurorig.instruments import open_link


def register(bench: Any, *, port: int, n: int, code: str, dtype: Any, repeat: Any, **_: Any) -> None:
    link = open_link(f"tcp://127.0.0.1:{port}", timeout=20.0)
    line = f":FLOAT? {n}" if code == "f" else f":DATA? {n}"

    def fetch() -> np.ndarray[Any, Any]:
        values = np.empty(n // np.dtype(dtype).itemsize, dtype)
        link.query_block(line, into=values.data)
        return values

    bench.add("neurorig link", repeat(fetch, n), size=n, dtype=code)
