"""A program's view while a run goes on: every event as one JSON line in build/events.jsonl.

Law: nothing is left out and nothing is added. The file speaks of the last run that had an event.
"""

import json
import threading
from pathlib import Path

from s2c.model import Event


class Lines:
    """Writes events as they come; the file is made with the first one. Safe in any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = False
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        text = json.dumps({"event": event.kind, **event.data}, sort_keys=True, default=str)
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a" if self._begun else "w", encoding="utf-8") as file:
                file.write(text + "\n")
            self._begun = True
