"""The doit side: `from s2c.tasks import *` in a dodo.py gives `doit generate` and `doit verify`.

Law: doit decides what runs, s2c decides why. Every spec is a task, `generate:PATH`, and downstream of it `verify:PATH`;
keys are computed once, when tasks load; one hidden task solves everything that is selected and stale. doit's database
only remembers which keys were built: losing it costs no request and no verifier run.
"""

import gc
import inspect
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, NoReturn

from doit import doit_cmd
from doit.exceptions import InvalidDodoFile, TaskError, TaskFailed, UnmetDependency
from doit.globals import Globals
from doit.loader import task_params
from doit.reporter import ConsoleReporter

from s2c import config as configs
from s2c import connect, project, recorded, report
from s2c.config import Config
from s2c.errors import ConfigError, S2cError
from s2c.ledger import Ledger, codes
from s2c.project import Built
from s2c.session import Session

__all__ = ["DOIT_CONFIG", "task__check", "task__solve", "task_generate", "task_verify"]

OPTIONS: list[dict[str, Any]] = [
    {
        "name": "batch_mode", "long": "batch-mode", "inverse": "no-batch-mode", "type": bool, "default": None,
        "help": "many specs in one request (default on)",
    },
    {
        "name": "batch_size", "long": "batch-size", "type": str, "default": None,
        "help": "prompt tokens in one request, at most (default 800000)",
    },
    {
        "name": "context_aware", "long": "context-aware", "type": bool, "default": None,
        "help": "show the model what specs of this project share (default off)",
    },
    {
        "name": "smart_batching", "long": "smart-batching", "inverse": "no-smart-batching", "type": bool,
        "default": None, "help": "keep specs that import each other in one request (default on)",
    },
]  # fmt: skip


class Build:
    """Everything that the tasks of one doit process share. Made empty when dodo.py is imported, filled when asked."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.options: dict[str, str] = {}
        self.asked: set[str] | None = None  # paths whose generate: was selected; None: no reporter of ours told
        self.touched: set[str] = set()  # paths whose tasks doit looked at in this run
        self.to_check: set[str] = set()
        self.error: S2cError | None = None  # what ended the solving early

    @cached_property
    def session(self) -> Session:
        """The session of this process; whatever is wrong with the settings is one message from doit."""
        settings = self._settings()
        store = connect.open_store(settings)
        loaded = project.load(settings, store, recorded.read(settings.root / recorded.FILE).get)
        listen = report.listeners(settings, self.ledger)
        return Session(loaded, listen, lambda: connect.Connection(settings, store, listen))

    def _settings(self) -> Config:
        given = dict(doit_cmd._CMDLINE_VARS or {})  # noqa: SLF001 - doit has no way to list them, and a typo must be told
        root = Path.cwd()
        if configs.find_root(root) != root:
            raise ConfigError(
                f"[tool.s2c] is in {configs.find_root(root)}, dodo.py in {root}", fix="keep both in one folder"
            )
        return configs.load(root, overrides={**given, **self.options})

    def paths(self) -> list[str]:
        """Every file that has tasks: those of `external` folders are read, never written."""
        return sorted(path for path in self.session.project.graph.specs if not path.startswith("../"))

    def target(self, path: str) -> str:
        """Where an implementation is written, relative to the root."""
        return f"{self.session.config.build}/{path}"

    def solve(self) -> bool:
        """The action of `_solve`: never fails itself; each generate: says what came of it."""
        session = self.session
        if self.asked is None:
            sys.stderr.write("s2c: nothing is asked: doit runs with a reporter that is not s2c's (leave out -r)\n")
        wanted = [path for path in self.paths() if self.asked is None or path in self.wanted]
        try:
            session.solve(wanted, self.asked or set())
        except S2cError as error:
            self.error = error
            sys.stderr.write(f"s2c: {error}\n")
        return True

    @cached_property
    def wanted(self) -> set[str]:
        """Paths whose generate: tasks are part of this run."""
        return set()

    def generate(self, path: str) -> dict[str, Any] | TaskFailed | TaskError:
        """The action of `generate:PATH`."""
        made = self.session.generate(path)
        if isinstance(made, Built):
            return {"parts": dict(made.parts), "target": made.target}
        self.ledger.refused[path] = made
        broken = self.session.project.graph.broken(self.session.project.graph.home[path])
        return (TaskError if broken else TaskFailed)(f"{path}: {made}", report=False)

    def check(self) -> bool:
        """The action of `_check`: the pending verdicts of the selected verify: tasks, side by side."""
        self.session.check([path for path in self.paths() if path in self.to_check])
        return True

    def verify(self, path: str) -> dict[str, Any] | TaskFailed:
        """The action of `verify:PATH`."""
        verdict, waiting = self.session.verdict(path)
        self.session.write_verdict(path, verdict, waiting)
        green = str(verdict.kind) == "verified" and not waiting
        return {"key": self.session.verdict_key(path)} if green else TaskFailed(f"{path}: {verdict.kind}", report=False)


class Fresh:
    """`uptodate` of `generate:PATH`; its text is the reason that `doit info` prints."""

    __signature__: ClassVar[inspect.Signature] = inspect.signature(lambda: None)  # doit asks for it, once a task

    def __init__(self, build: Build, path: str) -> None:
        self._build = build
        self._path = path

    def __call__(self) -> bool:
        return not self._build.session.stale(self._path)

    def __repr__(self) -> str:
        return "; ".join(self._build.session.stale(self._path)) or "up to date"


class Verified:
    """`uptodate` of `verify:PATH`: the recorded verdict is about exactly these bytes and this tool."""

    __signature__: ClassVar[inspect.Signature] = inspect.signature(lambda task, values: None)  # noqa: ARG005

    def __init__(self, build: Build, path: str) -> None:
        self._build = build
        self._path = path

    def __call__(self, _task: object, values: dict[str, str]) -> bool:
        session = self._build.session
        if session.config.recheck:
            return False
        key = session.verdict_key(self._path)
        return bool(key) and values.get("key") == key

    def __repr__(self) -> str:
        return "its bytes in the build folder, what they import, or the verifier changed"


class Reporter(ConsoleReporter):
    """Tells `_solve` what was selected, commits each task's record at once, and ends with the summary."""

    desc = "s2c"

    def initialize(self, tasks: dict[str, Any], selected: list[str]) -> None:
        """Called once, before anything runs: the selection decides what may be asked."""
        chosen = _with_subtasks(tasks, selected)
        paths = {name.removeprefix("generate:") for name in chosen if name.startswith("generate:")}
        BUILD.asked = paths
        checks = {name.removeprefix("verify:") for name in chosen if name.startswith("verify:")}
        BUILD.to_check = checks
        graph = BUILD.session.project.graph
        for path in sorted({one for path in paths | checks for one in graph.files_of(graph.home[path])}):
            name = f"generate:{path}"
            BUILD.wanted.add(path)
            if name in tasks and name not in chosen and path not in checks and paths:
                selected.append(name)
        # whoever asks for a spec asks for what it imports
        BUILD.asked |= {one for path in paths for one in graph.files_of(graph.home[path])}

    def execute_task(self, task: Any) -> None:
        """Count it; s2c's own lines tell the rest."""
        if task.actions and not task.name.startswith("_"):
            BUILD.ledger.executed += 1
        self._touch(task)

    def skip_uptodate(self, task: Any) -> None:
        """Up to date is counted, not listed."""
        kind, _, path = task.name.partition(":")
        if path:
            (BUILD.ledger.skipped if kind == "generate" else BUILD.ledger.current).add(path)
        self._touch(task)

    def add_success(self, task: Any) -> None:
        """Commit its record now: a killed run must not forget what it did."""
        backend = Globals.dep_manager.backend
        if task.name in backend._dirty:  # noqa: SLF001 - doit writes its database once, at the end (pydoit/doit#463)
            row = (task.name, backend.codec.encode(backend._cache[task.name]))  # noqa: SLF001
            _commit(backend._conn, "insert or replace into doit values (?,?)", row)  # noqa: SLF001
            backend._dirty.discard(task.name)  # noqa: SLF001

    def add_failure(self, task: Any, fail: Any) -> None:
        """s2c's own failures are in the summary; what doit itself has to say is told here."""
        Globals.dep_manager.backend._conn.commit()  # noqa: SLF001
        self._touch(task)
        if isinstance(fail, UnmetDependency):
            return  # what it waits for is told itself
        if fail.report:
            super().add_failure(task, fail)

    def complete_run(self) -> None:
        """The summary, and the exit code that the documentation promises."""
        super().complete_run()
        if sys.exc_info()[0] is None or sys.exc_info()[0] is SystemExit:
            code = _finish(self.outstream, bool(self.failures))
            if code:
                raise SystemExit(code)

    def _touch(self, task: Any) -> None:
        kind, _, path = task.name.partition(":")
        if path and kind in {"generate", "verify"}:
            BUILD.touched.add(path)


def _with_subtasks(tasks: dict[str, Any], selected: list[str]) -> set[str]:
    return {one for name in selected for one in (name, *(tasks[name].task_dep if tasks[name].has_subtask else ()))}


def _commit(connection: sqlite3.Connection, statement: str, values: tuple[str, str]) -> None:
    with connection:
        connection.execute(statement, values)


def _finish(out: Any, other_failures: bool) -> int:
    session, ledger = BUILD.session, BUILD.ledger
    rows = ledger.rows(session, BUILD.touched)
    summary = ledger.summary(session, rows)
    report.finish(session.config.build_folder, summary, rows, out)
    if BUILD.error is not None:
        return BUILD.error.exit_code
    if BUILD.asked is None and session.solutions:
        return 3
    return codes(rows, session, ledger.refused) or (2 if other_failures else 0)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _told(call: Any) -> Any:
    """An error of ours while tasks load is one message of doit's and exit code 3, not a traceback."""
    try:
        return call()
    except S2cError as error:
        raise InvalidDodoFile(str(error)) from None


@task_params(OPTIONS)
def task_generate(**options: object) -> Iterator[dict[str, Any]]:
    """fill the holes of every spec: from the store, from older fills, else from the model"""  # noqa: D400, D403 - doit prints it
    gc.disable()
    BUILD.options = {name: str(value) for name, value in options.items() if value is not None}
    yield {"name": None, "doc": "fill the holes of every spec: from the store, older fills, else the model"}
    for path in _told(BUILD.paths):
        yield {
            "name": _named(path),
            "actions": [(BUILD.generate, [path])],
            "file_dep": [path],
            "targets": [BUILD.target(path)],
            "uptodate": [Fresh(BUILD, path)],
            "setup": ["_solve"],
            "clean": True,
            "io": {"capture": False},
        }


def task__solve() -> dict[str, Any]:
    """find an implementation for all that is selected and stale"""  # noqa: D400, D403 - doit prints it
    return {"actions": [BUILD.solve], "io": {"capture": False}, "uptodate": [False]}


def task__check() -> dict[str, Any]:
    """run the pending verdicts of all that is selected"""  # noqa: D400, D403 - doit prints it
    return {"actions": [BUILD.check], "io": {"capture": False}, "uptodate": [False]}


def task_verify() -> Iterator[dict[str, Any]]:
    """verify what lies in the build folder, strictly"""  # noqa: D400, D403 - doit prints it
    yield {"name": None, "doc": "verify what lies in the build folder, strictly"}
    for path in _told(BUILD.paths):
        graph = BUILD.session.project.graph
        files = [one for one in graph.files_of(graph.home[path]) if not one.startswith("../")]
        yield {
            "name": _named(path),
            "actions": [(BUILD.verify, [path])],
            "file_dep": [BUILD.target(one) for one in files],
            "targets": [os.path.relpath(BUILD.session.project.outputs.verdict_file(path), BUILD.session.config.root)],
            "uptodate": [Verified(BUILD, path)],
            "setup": ["_check"],
            "clean": True,
            "io": {"capture": False},
        }
    gc.enable()


def _named(path: str) -> str:
    if "=" in path:
        raise InvalidDodoFile(
            f"{path}: doit takes no task name with '='\n  -> rename the file, or name it in `exclude`"
        )
    return path


BUILD = Build()
"""The one state of this process: doit calls functions of this module and gives them no place to keep anything."""

for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, _leave)

DOIT_CONFIG: dict[str, Any] = {
    "backend": "sqlite3",
    "dep_file": recorded.FILE,
    "default_tasks": ["generate", "verify"],
    "reporter": Reporter,
    "verbosity": 2,
    "continue": True,
    "par_type": "thread",
}
