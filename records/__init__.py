"""What is kept on disk: a folder per run that is complete after every sweep, and readable at any moment.

`RunWriter` makes the folder and fills it (``run.json``, ``log.jsonl``, ``traces.h5``, tables in Parquet); `Run` reads
it, while it is being written, after a crash, or years later, and takes comments and bad marks. `Catalogue` lists the
runs of a folder; it is disposable, the runs are the truth. `export` hands a run to other programs.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
