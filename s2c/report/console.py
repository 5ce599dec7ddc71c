"""A person's view while a run goes on: one line for each thing worth knowing, on standard error.

Law: nothing here is needed to understand how a run ended; that is the summary's to say. So a terminal that is gone
ends nothing.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

from s2c.model import Event

Say = Callable[[Mapping[str, object]], str]

LINES: Mapping[str, Say] = MappingProxyType(
    {
        "round": lambda data: f"asking for {data['specs']} specs in {data['requests']} requests",
        "request": lambda data: f"  request: {data['specs']} specs, {data['tokens']} tokens",
        "answer": lambda data: f"  answer: {data['completion']} tokens, {data['finish']}, {data['seconds']} s",
        "fresh-start": lambda data: f"  {data['component']}: {data['reason']}: asked afresh, with more around it",
        "cannot-ask": lambda data: f"nothing can be asked: {data['reason']}",
        "request-failed": lambda data: f"  no answer for {data['specs']} specs: {data['reason']}",
        "split": lambda data: f"  {data['specs']} specs are asked for in two requests: {data['reason']}",
        "unread-answers": lambda data: f"{data['count']} answers that were paid for earlier are read now",
        "orphan": lambda data: f"a run that ended early had a request out: {data['state']}",
        "waiting": lambda data: f"waiting for {data['holder']} (it holds {data['lock']})",
        "edit-kept": lambda data: f"{data['path']}: the edit in build/ is not accepted; it is kept as {data['kept']}",
        "note": lambda data: str(data["note"]),
        "store-problem": lambda data: f"store: {data['problem']}",
    }
)


class Console:
    """Prints lines as events come. Safe in any thread. `say` takes a line; by itself it goes to standard error."""

    def __init__(self, say: Callable[[str], object] | None = None) -> None:
        self._print = say or _print
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Say what this event means, if it means something to a person."""
        if event.kind == "judged":
            self._judged(event.data)
        elif event.kind in LINES:
            self._say(LINES[event.kind](event.data))

    def _judged(self, data: Mapping[str, object]) -> None:
        verified = data["verdict"] == "verified"
        reason = "" if verified else f": {data['reason']}"
        self._say(f"  {data['component']}: {data['verdict']} ({data['origin']}){reason}")

    def _say(self, line: str) -> None:
        with self._lock, suppress(OSError):
            self._print(line)


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the console is what this module is for
