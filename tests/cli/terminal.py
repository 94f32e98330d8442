"""A person at a terminal: types, and reads what is shown."""

import os
import select
import subprocess
import time
from pathlib import Path

from .bench_process import COMMAND


class Terminal:
    """``neurorig`` with a pseudo-terminal for its input and output."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.near, far = os.openpty()
        environment = {**os.environ, "XDG_STATE_HOME": str(cwd / "state"), "TERM": "dumb"}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=far, stdout=far, stderr=far, cwd=cwd, env=environment, start_new_session=True
        )
        os.close(far)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self.near, text.encode())

    def wait_for(self, text: str, within: float = 20.0) -> None:
        """Until `text` is shown after what was waited for before."""
        deadline = time.monotonic() + within
        while text not in self.shown:
            assert time.monotonic() < deadline, f"'{text}' is not shown: {self.shown}"
            if select.select([self.near], [], [], 0.1)[0]:
                self.shown += os.read(self.near, 65536).decode(errors="replace")
        self.shown = self.shown[self.shown.index(text) + len(text) :]

    def end(self) -> int:
        code = self.process.wait(20)
        os.close(self.near)
        return code
