from .catalogue import Catalogue, RunEntry
from .export import FORMATS, export
from .folder import SCHEMA, STATUSES
from .notes import Note
from .provenance import software
from .run import Run, Sweep
from .sweep import Channel, SweepRecord, Told
from .writer import RunWriter

__all__ = [
    "FORMATS", "SCHEMA", "STATUSES", "Catalogue", "Channel", "Note", "Run", "RunEntry", "RunWriter", "Sweep",
    "SweepRecord", "Told", "export", "software",
]  # fmt: skip
