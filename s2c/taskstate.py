"""What the tasks of one doit process share, without doit: the session, the selection, and how the run ends.

Law: keys are computed once, when tasks load; nothing is asked unless a reporter of ours told what was selected; and
a run that ends early first ends what it started.
"""

import os
import sys
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path

from s2c import config as configs
from s2c import connect, history, outcomes, project, recorded, report, shards
from s2c.errors import ConfigError, S2cError
from s2c.idle import Idle
from s2c.leaving import NO_REPORTER, alone, leave
from s2c.ledger import Ledger, codes
from s2c.lint import Finding
from s2c.model import Event
from s2c.project import Built
from s2c.report import Out, publish
from s2c.report.summary import Row, Summary
from s2c.session import Session
from s2c.settings import Config
from s2c.skipping import Done, Skipping, Wish


class Build:
    """Everything that the tasks of one doit process share. Made empty when dodo.py is imported, filled when asked."""

    def __init__(self) -> None:
        self.began = time.time()
        self.ledger = Ledger()
        self.given: Mapping[str, str] = {}  # `name=value` on the command line
        self.options: Mapping[str, str] = {}  # --options of `doit generate`, by name
        self.database = recorded.FILE
        self.asked: set[str] | None = None  # paths that may cost a request; None: no reporter of ours told
        self.wanted: set[str] = set()  # paths whose generate: is part of this run
        self.to_check: set[str] = set()  # paths whose verify: is part of this run
        self.wish: Wish | None = None  # what the command line asks for; None: every file must be read
        self.made: dict[str, str] = {}  # path -> digest of what its generate: wrote in this run
        self.green: set[str] = set()  # paths whose verify: was green in this run
        self.touched: set[str] = set()  # paths whose tasks doit looked at in this run
        self.settled: set[str] = set()  # paths whose generate: is over in this run, however it ended
        self.error: S2cError | None = None  # what ended the solving early
        self._checking = threading.Lock()

    def __reduce__(self) -> str:
        return "BUILD"  # to a process that doit starts, it is the one of that process

    @cached_property
    def session(self) -> Session:
        """The session of this process. Raises S2cError where settings, sources or store don't allow one."""
        settings = self._settings()
        store = connect.open_store(settings)
        database = settings.root / self.database
        self.skipping = Skipping(settings, store, database, None if publish.wanted(settings, os.environ) else self.wish)
        only = self.skipping.only
        rows = cache(lambda: recorded.read(database, None if only is None else loaded.graph.specs))
        loaded = project.load(settings, store, lambda path: rows().get(path), only, self.skipping.files)
        if not _own(loaded.graph.specs) and not self.skipping.leaves:
            raise ConfigError(
                f"no source matches specs = {list(settings.specs)}",
                where=str(settings.root),
                fix="write a spec, or set `specs` in [tool.s2c] of pyproject.toml",
            )
        listen = report.listeners(settings, self.ledger)
        self._listen = listen
        return Session(loaded, listen, lambda: connect.Connection(settings, store, listen))

    def _settings(self) -> Config:
        root = Path.cwd()
        if configs.find_root(root) != root:
            raise ConfigError(
                f"[tool.s2c] is in {configs.find_root(root)}, dodo.py in {root}", fix="keep both in one folder"
            )
        return configs.load(root, overrides={**self.given, **self.options})

    def paths(self) -> list[str]:
        """Every file that has tasks: those of `external` folders are read, never written."""
        return _own(self._part.needed)

    @cached_property
    def _part(self) -> shards.Part:
        """What this run is responsible for: all, or a shard."""
        return shards.part(self.session.project.graph, *self.session.config.part)

    def target(self, path: str) -> str:
        """Where an implementation is written, relative to the root."""
        return f"{self.session.config.build}/{path}"

    def select(self, generate: Collection[str], verify: Collection[str]) -> list[str]:
        """Take note of the selected paths; the imports whose generate: must run too. Asking for one asks for them."""
        publish.begin(self.session.config)
        for note in shards.note(self.session.project.graph, self._part, self.session.config.shard):
            self._listen(Event("note", {"note": note}))
        self.asked = self._with_imports(generate)
        self.to_check = set(verify)
        self.wanted = self._with_imports({*generate, *verify})
        return sorted(self.asked.difference(generate)) if generate else []

    def _with_imports(self, paths: Iterable[str]) -> set[str]:
        graph = self.session.project.graph
        return {one for path in paths for one in graph.files_of(graph.home[path])}

    # --- actions ------------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """Ends the run where nothing could be asked: the selection is not known, or the answer would be lost."""
        alone()
        if self.asked is None:
            leave(NO_REPORTER)

    def solve(self) -> None:
        """Find what there is for all that is part of this run and stale. What came of it, each generate: says."""
        self.ready()
        try:
            self.session.solve([path for path in self.paths() if path in self.wanted], self.asked or set())
        except S2cError as error:
            self.error = error

    def generate(self, path: str) -> Built | str:
        """Write build/PATH: what to record, or why there is nothing to write."""
        alone()
        try:
            return self._generate(path)
        except S2cError as error:  # what can't be written: told once, at the end
            self.error = self.error or error
            self.ledger.refused[path] = error.what
            return error.what
        finally:
            self.settled.add(path)

    def _generate(self, path: str) -> Built | str:
        why = self.session.missing(path) if self.session.config.frozen else ()
        made = self.session.generate(path)
        if isinstance(made, Built):
            self.made[path] = made.target
            return made
        mode = "frozen" if self.session.config.frozen else "offline" if self.session.config.offline else ""
        made = "; ".join((mode, *why, made)) if mode else made
        self.ledger.refused[path] = made
        return made

    def check(self, path: str = "") -> None:
        """The pending verdicts of all that is to be verified and whose files are written by now, side by side.

        With threads of doit's, some generate: may still be at work: those verdicts come when they are asked for.
        """
        alone()
        with self._checking:
            ready = {one for one in self.to_check if self._is_written(one)}
            self.session.check(one for one in self.paths() if one in ready or one == path)

    def _is_written(self, path: str) -> bool:
        graph = self.session.project.graph
        return self.wanted.intersection(_own(graph.files_of(graph.home[path]))) <= self.settled

    def verify(self, path: str) -> str:
        """Write the verdict file of build/PATH; its key, signed by this machine, "" if it is not green."""
        alone()
        if self.session.project.component(path).id not in self.session.verdicts:
            self.check(path)
        verdict, waiting = self.session.verdict(path)
        try:
            self.session.write_verdict(path, verdict, waiting)
        except S2cError as error:  # as above
            self.error = self.error or error
            return ""
        if str(verdict.kind) != "verified" or waiting:
            return ""
        self.green.add(path)
        return self.signed_key(path)

    def signed_key(self, path: str) -> str:
        """What doit keeps of a green `verify:PATH`: a database from elsewhere can't have it. "" if there is no key."""
        key = self.session.verdict_key(path)
        return self.session.project.store.sign(key.encode()) if key else ""

    # --- the end ------------------------------------------------------------------------------------------------

    @property
    def looked(self) -> bool:
        """Whether a run had anything of ours to look at, or left it unread since nothing had changed."""
        empty = self.asked is not None and not self.paths()  # a shard that has no files
        return bool(self.touched) or empty or (self.asked is not None and self.skipping.leaves and not self._named)

    @property
    def _named(self) -> bool:
        return self.wish is None or bool(self.wish.paths)

    def finish(self, out: Out) -> int:
        """The summary of a run that went its way, and the exit code that the documentation promises."""
        session, ledger = self.session, self.ledger
        for problem in session.project.store.problems:
            self._listen(Event("store-problem", {"problem": problem}))
        if self.skipping.idle is not None:
            return self._again(self.skipping.idle, out)
        rows, remarks = self._told()
        text, written, summary = "", tuple[Path, ...](), ledger.summary(session, rows, remarks)
        try:
            self._listen(Event("over", {}))
            text, written = report.finish(session.config.build_folder, summary, rows, out, quiet=session.config.quiet)
        except S2cError as error:
            self.error = self.error or error
        for told in (self.error, session.limit, session.refused):
            if told is not None:
                sys.stderr.write(f"s2c: {told}\n")
        code = self._published(summary, rows, out)
        if ledger.executed or session.runs or summary.requests:
            code = self._kept(summary, code)
        self._listen(Event("ended", {"code": code, "files": len(rows)}))
        if code == 0 and not (self.touched or ledger.executed or session.runs) and self.wish is not None:
            self.skipping.rest(text, written, verify=self.wish.verify)
        return code

    def _published(self, summary: Summary, rows: list[Row], out: Out) -> int:
        """The exit code, in all reports that are asked for; another one where one of those can't be written."""
        session, refused = self.session, self.ledger.refused
        code = self.error.exit_code if self.error else codes(rows, session, refused)
        out.write(outcomes.lacking(rows, refused) if session.config.frozen else "")
        if publish.wanted(session.config, os.environ):
            tasks = outcomes.Tasks(self.wanted, self.to_check, self.settled, refused)
            try:
                made = outcomes.result(session, tasks, (summary, rows), code, self.error)
                publish.end(session.config, made, out, os.environ)
            except S2cError as failed:
                sys.stderr.write(f"s2c: {failed}\n")
                return failed.exit_code
        return code

    def _kept(self, summary: Summary, code: int) -> int:
        """The exit code, with the run in the history; another one where the store can't take it."""
        try:
            history.keep(self.session.project.store, outcomes.past(summary, code, self.began))
        except S2cError as failed:
            sys.stderr.write(f"s2c: {failed}\n")
            return code or failed.exit_code
        return code

    def _again(self, idle: Idle, out: Out) -> int:
        """The end of a run that found all as the one before left it: the same lines, and nothing to write."""
        self._listen(Event("over", {}))
        out.write(idle.text)
        self._listen(Event("ended", {"code": 0, "files": idle.files}))
        return 0

    def _told(self) -> tuple[list[Row], list[Finding]]:
        """The rows of this run and the remarks on their specs; with what was left out, if nothing was named."""
        session, ledger = self.session, self.ledger
        rows = ledger.rows(session, self.touched & self._part.own)
        remarks = ledger.remarks(session, rows)
        if self.touched or ledger.executed or self.skipping.only is None:
            known = session.project.recorded
            fresh = {path: built.target for path in ledger.skipped if (built := known(path)) is not None}
            self.skipping.leave(session, rows, remarks, Done(fresh | self.made, ledger.current | self.green))
        if not self._named:
            left, more = self.skipping.rows()
            ledger.left = {one.path for one in left}
            rows, remarks = sorted([*rows, *left], key=lambda one: one.path), sorted([*remarks, *more])
        return rows, remarks

    def recorded(self, task: str) -> None:
        """Doit has this task's record in its database."""
        self._listen(Event("recorded", {"task": task}))

    def last(self) -> int:
        """Ask for nothing more; how many answers are still awaited. Safe in a signal's handler."""
        return self.session.finish() if "session" in self.__dict__ else 0

    def close(self) -> None:
        """End what still runs for this process, and let go of the store."""
        if "session" in self.__dict__:
            self.session.stop()
            self.session.project.store.close()


def _own(paths: Iterable[str]) -> list[str]:
    return sorted(path for path in paths if not path.startswith("../"))


BUILD = Build()
"""The one state of this process: doit calls functions of dodo.py and gives them no place to keep anything."""
