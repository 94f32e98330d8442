"""Result tables in Parquet. The SI unit of each column travels in ``frame.attrs["units"]`` (column name -> unit)."""

from pathlib import Path
from typing import TYPE_CHECKING

from neurorig.signals import RecordError

if TYPE_CHECKING:
    import pandas as pd


def save_table(path: Path, frame: "pd.DataFrame") -> None:
    """Write the table in place of an older one, at once."""
    new = path.with_name(path.name + ".new")
    try:
        frame.to_parquet(new, engine="pyarrow", compression="zstd")
        new.replace(path)
    except OSError as reason:
        raise RecordError(f"{path}: cannot be written ({reason}).") from reason


def load_table(path: Path) -> "pd.DataFrame | None":
    """Read a table with its units; None when there is none."""
    import pandas as pd  # 0.4 s that most looks at a run do not need

    if not path.exists():
        return None
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError) as reason:
        raise RecordError(f"{path}: cannot be read ({reason}). It can be made anew from the run's sweeps.") from reason
