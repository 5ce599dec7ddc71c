"""One process that stays: in the sandbox like any run, spoken to through two named pipes.

Law: it lives no longer than whoever made it, nor than s2c; when it is closed nothing of it still runs. What it writes
to its pipes is bytes of a stranger.
"""

import os
import select
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from s2c.languages.screens import Gone
from s2c.process import Run
from s2c.sandbox import Stop, execute

MOMENT = 0.1  # seconds that a read waits
PIECE = 1 << 16
SHELL = 'exec "$0" "$@" <"$S2C_IN" >"$S2C_OUT"'


class Resident:
    """A process with pipes, and a folder for files that it is told of."""

    def __init__(self, run: Run) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="s2c-warm-")).resolve()
        pipes = {name: self.folder / name for name in ("S2C_IN", "S2C_OUT")}
        for path in pipes.values():
            os.mkfifo(path, 0o600)
        # opened for both directions: so no end waits for the other, and the end of the process is told by its run
        self._in, self._out = (os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in pipes.values())
        self._stop = Stop()
        places = {name: str(path) for name, path in pipes.items()}
        through = replace(
            run, command=("/bin/sh", "-c", SHELL, *run.command), environment={**run.environment, **places}
        )
        self._thread = threading.Thread(target=execute, args=(through,), kwargs={"stop": self._stop}, daemon=True)
        self._thread.start()

    def write(self, content: bytes) -> None:
        """Send these bytes."""
        left = memoryview(content)
        while left:
            self._must_live()
            if select.select([], [self._in], [], MOMENT)[1]:
                left = left[os.write(self._in, left[:PIECE]) :]

    def read(self) -> bytes:
        """Some bytes that came; none if nothing came for a moment."""
        if select.select([self._out], [], [], MOMENT)[0]:
            return os.read(self._out, PIECE)
        self._must_live()
        return b""

    def _must_live(self) -> None:
        if not self._thread.is_alive():
            raise Gone("it has ended")

    def close(self) -> None:
        """End it, and all that it started."""
        self._stop.now()
        self._thread.join()
        for pipe in (self._in, self._out):
            os.close(pipe)
        rmtree(self.folder, ignore_errors=True)
