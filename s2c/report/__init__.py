"""What a run tells: one event stream, and views of it.

Law: a view reads events and results and changes nothing. Diagnostics are `file:line:col: severity: message`, what is up
to date is counted and not listed, and what a program reads says the same as what a person reads.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from s2c import events
from s2c.errors import StoreError
from s2c.model import Event
from s2c.report import live
from s2c.report.console import Console
from s2c.report.lines import Lines
from s2c.report.summary import Row, Summary, to_csv, to_json, to_text
from s2c.settings import Config
from s2c.store.files import write_atomic

Listen = Callable[[Event], None]


class Out(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> object:
        """Write it."""


def listeners(config: Config, *others: Listen) -> Listen:
    """Everyone who listens to a run: the console, the event log in build/, `others`, and last the project's own."""
    everyone: tuple[Listen, ...] = (*others, *_shown(config), Lines(config.build_folder / "events.jsonl"), events.tell)

    def listen(event: Event) -> None:
        for one in everyone:
            one(event)

    return listen


def _shown(config: Config) -> tuple[Listen, ...]:
    """Who shows a run to a person: nobody, lines, or lines and what is going on below them."""
    if config.quiet:
        return ()
    if not live.is_watched():
        return (Console(),)
    line = live.RichLine()
    return Console(line.print), live.Live(line)


def finish(
    folder: Path, summary: Summary, rows: list[Row], out: Out, *, quiet: bool = False
) -> tuple[str, tuple[Path, ...]]:
    """The end of a run: the last lines on the console, summary.json and results.csv in the build folder; all three.

    `quiet`: only what is not verified is told. Raises StoreError where those two can't be written.
    """
    text, written = to_text(summary, rows, quiet=quiet), (folder / "summary.json", folder / "results.csv")
    out.write(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(written[0], to_json(summary, rows).encode())
        write_atomic(written[1], to_csv(rows).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise StoreError(f"the summary can't be written: {error.strerror}", where=str(folder)) from None
    return text, written
