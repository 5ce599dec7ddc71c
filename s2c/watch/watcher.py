"""The watcher: saves are told as they come, by the thread that watches; builds follow each other in another.

Law: never two builds at once. A build begins when nothing was saved for a moment, and takes all that was saved before
it; what is saved while it runs is built next. The end of the watcher is the end of its build.
"""

import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from pathlib import Path

from s2c import config as configs
from s2c import connect
from s2c.errors import S2cError
from s2c.report.summary import Row
from s2c.settings import Config
from s2c.watch import allowance, quick
from s2c.watch.builds import Build, Outcome

QUIET = 0.2  # seconds without a save before a build begins
NAMED = 5  # files that are told by name; of more, their number
SPOKEN = threading.Lock()


def say(line: str) -> None:
    """One whole line, whoever else speaks."""
    with SPOKEN:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


class Watcher:
    """Watches one project. `selected`: the specs that are built, all if none is named."""

    def __init__(self, config: Config, selected: Collection[str]) -> None:
        self._config = config
        self._selected = tuple(selected)
        self._changed = threading.Condition()
        self._waiting: set[str] | None = set()  # paths to be built; None: nothing is to be built
        self._last_save = 0.0
        self._ended = False
        self._build: Build | None = None
        self._rows: Mapping[str, Row] = {}
        self._number = 0
        self._thread = threading.Thread(target=self._builds, name="s2c-builds")

    def start(self) -> None:
        """Begin with a build of everything."""
        self._thread.start()

    def saved(self, paths: Collection[str]) -> None:
        """Tell what can be said of these at once, and have them built."""
        with self._changed:
            self._waiting = {*(self._waiting or ()), *paths}
            self._last_save = time.monotonic()
            self._changed.notify()
        if len(paths) > NAMED:
            say(f"watch: {len(paths)} files changed")
        for path in paths:
            for line in quick.told(self._config.root, path):
                if len(paths) <= NAMED or ": error: " in line:
                    say(line)

    def end(self, patience: Callable[[], None]) -> None:
        """Begin no more, interrupt what runs and wait for it; a KeyboardInterrupt of `patience` ends it at once."""
        with self._changed:
            self._ended = True
            self._changed.notify()
            build = self._build
        if build is not None:
            build.interrupt()
        try:
            while self._thread.is_alive():
                patience()
        except KeyboardInterrupt:
            if build is not None:
                build.end()
        self._thread.join()

    # --- builds -------------------------------------------------------------------------------------------------

    def _builds(self) -> None:
        while (paths := self._next()) is not None:
            try:
                self._config = configs.load(self._config.root)
                self._build_of(paths)
            except S2cError as error:
                say(f"s2c: {error}")

    def _next(self) -> set[str] | None:
        """What is to be built, once it is quiet; None when there is an end."""
        with self._changed:
            while not self._ended:
                quiet = self._last_save + QUIET - time.monotonic()
                if self._waiting is not None and quiet <= 0:
                    found, self._waiting = self._waiting, None
                    return found
                self._changed.wait(None if self._waiting is None else quiet)
        return None

    def _build_of(self, paths: set[str]) -> None:
        self._number += 1
        say(f"watch: run {self._number} begins: {_named(paths) or 'everything'}")
        outcome = self._run("offline=1")
        asked = [one.path for one in outcome.not_verified() if one.path in paths or self._was_green(one.path)]
        if asked and self._config.watch_asks and not self._ended:
            outcome = self._ask(asked) or outcome
        self._rows = outcome.rows
        self._tell(outcome)

    def _was_green(self, path: str) -> bool:
        return path in self._rows and self._rows[path].state == "verified"

    def _ask(self, paths: Collection[str]) -> Outcome | None:
        """One request for these, if this hour allows it; None if it does not."""
        cap = self._config.max_cost
        if cap is None:
            say("watch: watch_asks needs max_cost, which bounds an hour: nothing is asked")
            return None
        with closing(connect.open_store(self._config)) as store:
            left = allowance.left(store, cap, time.time())
            if not left:
                say(f"watch: max_cost ${cap} is spent for this hour: nothing is asked")
                return None
            number = allowance.grant(store, left, time.time())
        words = [f"{kind}:{path}" for path in paths for kind in ("generate", "verify")]
        say(
            f"watch: one request for {', '.join(paths) if len(paths) <= NAMED else f'{len(paths)} files'}, ${left} left"
        )
        outcome = self._run(f"max_cost={left}", "max_requests=1", *words)
        with closing(connect.open_store(self._config)) as store:
            allowance.settle(store, number, outcome.cost, time.time())
        return Outcome(outcome.code, {**self._rows, **outcome.rows}, outcome.cost) if outcome.rows else None

    def _run(self, *words: str) -> Outcome:
        named = any(word.startswith("generate:") for word in words)
        selected = () if named else [f"{kind}:{one}" for one in self._selected for kind in ("generate", "verify")]
        with self._changed:
            if self._ended:
                return Outcome(0, self._rows)
            self._build = Build(self._config.root, self._config.build_folder, [*words, *selected], say)
        try:
            return self._build.wait()
        finally:
            with self._changed:
                self._build = None

    def _tell(self, outcome: Outcome) -> None:
        bad = outcome.not_verified()
        for row in bad:
            line, column = quick.first_hole(self._config.root, row.path)
            severity = "warning" if row.state == "waiting" else "error"
            say(f"{row.path}:{line}:{column}: {severity}: {row.state}" + (f": {row.reason}" if row.reason else ""))
            if row.first:
                say(_where_it_lies(self._config, row))
        green = len(outcome.rows) - len(bad)
        ended = f"{green} verified, {len(bad)} not" if outcome.rows else f"exit code {outcome.code}"
        say(f"watch: run {self._number} ended: {ended}")


def _named(paths: Collection[str]) -> str:
    return ", ".join(sorted(paths)) if len(paths) <= NAMED else f"{len(paths)} files"


def _where_it_lies(config: Config, row: Row) -> str:
    """A diagnostic of an attempt, with the place where that attempt is kept instead of the source's."""
    kept = Path(config.build) / ".failed" / row.path
    if row.first.startswith(f"{row.path}:") and (config.root / kept).is_file():
        return f"{kept.as_posix()}{row.first.removeprefix(row.path)}"
    return row.first
