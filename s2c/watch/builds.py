"""One build of a watcher: `doit` in a process of its own, its lines passed on, its summary read.

Law: it is ended by the signals that doit knows, and waited for: a first interrupt gives up no answer that is being paid
for, a second one leaves at once.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from s2c.report.summary import Row

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How a build ended: its exit code, its rows by path, what it cost as its summary says."""

    code: int
    rows: Mapping[str, Row] = field(default_factory=dict)
    cost: str = ""

    def not_verified(self) -> list[Row]:
        """The rows that are not green, by path."""
        return [one for _, one in sorted(self.rows.items()) if one.state != "verified"]


class Build:
    """A build that runs."""

    def __init__(self, root: Path, build: Path, words: Sequence[str], say: Say) -> None:
        self._summary = build / "summary.json"
        self._say = say
        with suppress(OSError):
            self._summary.unlink(missing_ok=True)  # what is there after it is this build's
        command = [sys.executable, "-m", "doit", *words, "quiet=1"]
        self._process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C of the terminal reaches it through us, once
        )
        self._passing = threading.Thread(target=self._pass_on, daemon=True)
        self._passing.start()

    def wait(self) -> Outcome:
        """Wait for its end."""
        code = self._process.wait()
        self._passing.join()
        try:
            told = json.loads(self._summary.read_bytes())
            rows = {one["path"]: Row(**one) for one in told["rows"]}
            return Outcome(code, rows, str(told["cost"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Outcome(code)

    def interrupt(self) -> None:
        """As Ctrl-C: the first one waits for what is being paid for."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Leave at once; what was paid for is kept."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def _pass_on(self) -> None:
        for line in self._process.stderr or ():
            self._say(line.rstrip("\n"))
