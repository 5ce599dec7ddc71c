"""A program's view while a run goes on: every event as one JSON line in build/events.jsonl.

Law: nothing is left out and nothing is added. The file speaks of the last run that had an event. Where it can't be
written, it ends there, and the run goes on.
"""

import json
import os
import threading
from contextlib import suppress
from pathlib import Path

from s2c.model import Event


class Lines:
    """Writes events as they come; the file is made with the first one. Safe in any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None  # no file object: every line goes out at once, and nothing is left to be closed
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        text = json.dumps({"event": event.kind, **event.data}, sort_keys=True, default=str)
        with self._lock, suppress(OSError):
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
            os.write(self._file, f"{text}\n".encode("utf-8", "backslashreplace"))
