"""A person's view on a terminal: what is out, judged and spent by now, in one line below all others.

Law: it shows the events and nothing else, and is gone before the summary is printed. Where no terminal is, or it shows
nothing but text, the lines of `console.py` are all there is.
"""

import os
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Protocol

from s2c.model import Event

BEGINS = frozenset({"round", "judging", "waiting"})
ENDS = frozenset({"over", "ended"})


WORTH_A_WORD = 10  # seconds


def duration(seconds: int) -> str:
    """It in words, roughly."""
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"about {seconds} s"
    return f"about {round(seconds / 60)} min" if seconds < 7200 else f"about {round(seconds / 3600)} h"  # noqa: PLR2004


class Line(Protocol):
    """One line that is shown below all others."""

    def print(self, text: str) -> None:
        """A line above it, which stays."""

    def show(self, text: str) -> None:
        """What it says now."""

    def close(self) -> None:
        """It is gone."""


class Tally:
    """What a run has come to, as far as its events tell."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._money: Mapping[str, object] = {"spent": "0", "unpriced": 0}  # the last of these events
        self._ahead = (0, 0)  # checks that were ahead when they began, and their seconds
        self._checked = 0

    def add(self, event: Event) -> None:
        """Take note of one event."""
        data, counts = event.data, self._counts
        if event.kind in {"request", "judging"}:
            counts[event.kind] += 1
        elif event.kind in {"answer", "request-failed", "split"}:
            counts["request"] -= 1
            for name in ("prompt", "completion"):
                counts[name] += int(str(data.get(name, 0)))
        elif event.kind == "money":
            self._money = data
        elif event.kind == "checks":
            self._ahead, self._checked = (int(str(data["count"])), int(str(data["seconds"]))), 0
        elif event.kind == "verdict":
            counts["judging"] -= 1
            self._checked += 1
        elif event.kind == "judged":
            counts["verified" if data["verdict"] == "verified" else "not"] += 1

    def __str__(self) -> str:
        counts = self._counts
        known = f"{Decimal(str(self._money['spent'])):.4f} USD"
        cost = "cost unknown" if self._money["unpriced"] else known
        return (
            f"{counts['request']} requests out, {counts['judging']} being judged | {counts['verified']} verified, "
            f"{counts['not']} not | {counts['prompt']} + {counts['completion']} tokens, {cost}{self._left()}"
        )

    def _left(self) -> str:
        """What is left of the checks that were ahead, where that is worth a word."""
        checks, seconds = self._ahead
        left = seconds * (checks - self._checked) // checks if checks else 0
        return f" | {duration(left)} of checks left" if left >= WORTH_A_WORD else ""


class Live:
    """Keeps that line up to date. Safe in any thread."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._tally = Tally()
        self._lock = threading.Lock()
        self._on = False

    def __call__(self, event: Event) -> None:
        """Count one event, and show what has changed."""
        with self._lock, suppress(OSError):
            self._tally.add(event)
            self._on = (self._on or event.kind in BEGINS) and event.kind not in ENDS
            if self._on:
                self._line.show(str(self._tally))
            elif event.kind in ENDS:
                self._line.close()


class RichLine:
    """That line by rich, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - a run that is not watched need not load it
        from rich.status import Status  # noqa: PLC0415 - as above

        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._status = Status("", console=self._console)
        self._on = False

    def print(self, text: str) -> None:
        """A line above it, which stays."""
        self._console.print(text)

    def show(self, text: str) -> None:
        """What it says now."""
        self._status.update(text)
        if not self._on:
            self._on = True
            self._status.start()
            self._console.show_cursor(True)  # a run that is killed must not take the cursor with it

    def close(self) -> None:
        """It is gone."""
        if self._on:
            self._on = False
            self._status.stop()


def is_watched() -> bool:
    """Whether a person looks at a terminal that can show such a line."""
    dumb = os.environ.get("TERM", "") in {"", "dumb"} or bool(os.environ.get("CI"))
    return sys.stderr.isatty() and not dumb
