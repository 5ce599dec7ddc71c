"""What a run tells: one event stream, and views of it.

Law: a view reads events and results and changes nothing. Diagnostics are `file:line:col: severity: message`, what is up
to date is counted and not listed, and what a program reads says the same as what a person reads.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from s2c.config import Config
from s2c.model import Event
from s2c.report.console import Console
from s2c.report.lines import Lines
from s2c.report.summary import Row, Summary, to_csv, to_json, to_text

Listen = Callable[[Event], None]


class Out(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> object:
        """Write it."""


def listeners(config: Config, *others: Listen) -> Listen:
    """Everyone who listens to a run: the console, the event log in build/, and `others`."""
    everyone: tuple[Listen, ...] = (*others, Console(), Lines(config.build_folder / "events.jsonl"))

    def listen(event: Event) -> None:
        for one in everyone:
            one(event)

    return listen


def finish(folder: Path, summary: Summary, rows: list[Row], out: Out) -> None:
    """The end of a run: summary.json and results.csv in the build folder, and the last lines on the console."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(to_json(summary, rows), encoding="utf-8")
    (folder / "results.csv").write_text(to_csv(rows), encoding="utf-8", errors="backslashreplace")
    out.write(to_text(summary, rows))
