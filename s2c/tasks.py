"""The doit side: `from s2c.tasks import *` in a dodo.py gives `doit generate` and `doit verify`.

Law: doit decides what runs, s2c decides why. Every spec is a task, `generate:PATH`, and downstream of it `verify:PATH`;
one hidden task solves everything that is selected and stale. doit's database only remembers which keys were built:
losing it costs no request and no verifier run.
"""

import gc
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from doit import doit_cmd
from doit.dependency import SqliteDB
from doit.exceptions import TaskError, TaskFailed, UnmetDependency
from doit.globals import Globals
from doit.loader import task_params
from doit.reporter import ConsoleReporter

from s2c import ending, memory, recorded
from s2c.errors import ConfigError, S2cError
from s2c.leaving import Leave
from s2c.project import Built
from s2c.report import publish
from s2c.taskstate import BUILD
from s2c.wishes import only_ours, wish

__all__ = ["DOIT_CONFIG", "task__check", "task__solve", "task_generate", "task_verify"]

T = TypeVar("T")

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
    {
        "name": "quiet", "long": "quiet", "type": bool, "default": None, "help": "print only what is not verified",
    },
    {
        "name": "junit", "long": "junit", "type": str, "default": None, "help": "write JUnit XML to this file",
    },
]  # fmt: skip


class Fresh:
    """`uptodate` of `generate:PATH`; its text is the reason that `doit info` prints."""

    __signature__: ClassVar[inspect.Signature] = inspect.signature(lambda: None)  # doit asks for it, once a task

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self) -> bool:
        return not BUILD.session.stale(self._path)

    def __repr__(self) -> str:
        return "; ".join(BUILD.session.stale(self._path)) or "up to date"


class Verified:
    """`uptodate` of `verify:PATH`: the recorded verdict is about exactly these bytes and this tool."""

    __signature__: ClassVar[inspect.Signature] = inspect.signature(lambda task, values: None)  # noqa: ARG005

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, _task: object, values: dict[str, str]) -> bool:
        if BUILD.session.config.recheck:
            return False
        key = BUILD.signed_key(self._path)
        return bool(key) and values.get("key") == key

    def __repr__(self) -> str:
        return "recheck=1, or its bytes in the build folder, what they import, or the verifier changed"


class Reporter(ConsoleReporter):
    """Tells `_solve` what was selected, commits each task's record at once, and ends with the summary.

    Tasks that a project has beside ours are told of as doit tells of them.
    """

    desc = "s2c"

    def initialize(self, tasks: dict[str, Any], selected: list[str]) -> None:
        """Called once, before anything runs: the selection decides what may be asked."""
        # a record that a power cut takes costs no request and no verifier run: no need to wait for the disk each time
        Globals.dep_manager.backend._conn.execute("pragma synchronous = off")  # noqa: SLF001
        self.outstream: Any = publish.guard(self.outstream)
        chosen = {one for name in selected for one in (name, *_subtasks(tasks[name]))}
        more = BUILD.select(_paths("generate", chosen), _paths("verify", chosen))
        selected += [f"generate:{path}" for path in more if f"generate:{path}" in tasks]

    def execute_task(self, task: Any) -> None:
        """Ours are counted; s2c's own lines tell the rest."""
        if _is_ours(task):
            BUILD.ledger.executed += bool(task.actions) and not task.name.startswith("_")
            _touch(task)
        else:
            super().execute_task(task)

    def skip_uptodate(self, task: Any) -> None:
        """Ours are counted, not listed."""
        kind, _, path = task.name.partition(":")
        if not _is_ours(task):
            super().skip_uptodate(task)
        elif path:
            (BUILD.ledger.skipped if kind == "generate" else BUILD.ledger.current).add(path)
            BUILD.settled.update({path} if kind == "generate" else ())
            _touch(task)

    def add_success(self, task: Any) -> None:
        """Commit its record now: a killed run must not forget what it did."""
        backend = Globals.dep_manager.backend
        if not task.actions:  # a group has nothing to remember: a run that does nothing leaves the database as it is
            backend._dirty.discard(task.name)  # noqa: SLF001
        elif backend.commit(task.name) and _is_ours(task):  # doit would do it once, at the end (pydoit/doit#463)
            BUILD.recorded(task.name)

    def add_failure(self, task: Any, fail: Any) -> None:
        """Failures of ours are in the summary; what doit itself has to say is told here."""
        Globals.dep_manager.backend.free()
        if _is_ours(task):
            _touch(task)
        if not (_is_ours(task) and isinstance(fail, UnmetDependency)):  # what ours wait for is told itself
            super().add_failure(task, fail)

    def complete_run(self) -> None:
        """The summary, and the exit code that the documentation promises; nothing of it where a run was ended."""
        super().complete_run()
        ended = sys.exc_info()[0] is not None
        code = BUILD.finish(self.outstream) if BUILD.looked and not ended else 0
        if code == 1 and any(isinstance(one["exception"], TaskError) for one in self.failures):
            code = 2
        BUILD.close()
        if code:
            raise Leave(code)


def _is_ours(task: Any) -> bool:
    return task.name.partition(":")[0] in {"generate", "verify", "_solve", "_check"}


def _subtasks(task: Any) -> list[str]:
    return list(task.task_dep) if task.has_subtask else []


def _paths(kind: str, names: set[str]) -> list[str]:
    return sorted(name.partition(":")[2] for name in names if name.startswith(f"{kind}:"))


def _touch(task: Any) -> None:
    path = task.name.partition(":")[2]
    if path:
        BUILD.touched.add(path)


def _loaded(call: Callable[[], T]) -> T:
    """An error of ours while tasks load is one message and its documented exit code, not a traceback."""
    try:
        return call()
    except S2cError as error:
        sys.stderr.write(f"s2c: {error}\n")
        raise Leave(error.exit_code) from None


def _tasks_of() -> list[str]:
    """The paths that have tasks, and all that doit knows by now passed on to the session."""
    dodo = vars(sys.modules["dodo"]) if "dodo" in sys.modules else {}
    BUILD.wish = wish(sys.argv[1:]) if only_ours(dodo, __all__, DOIT_CONFIG) else None
    BUILD.given = dict(doit_cmd._CMDLINE_VARS or {})  # noqa: SLF001 - doit can't list them, and a typo must be told
    if Globals.dep_manager is not None:
        if not isinstance(Globals.dep_manager.backend, SqliteDB):
            raise ConfigError("s2c needs doit's database in sqlite3", fix="leave out --backend")
        BUILD.database = Globals.dep_manager.backend.name
        memory.keep(Globals.dep_manager)
    paths = BUILD.paths()
    for path in paths:
        if "=" in path:
            raise ConfigError(
                "doit takes no task name with '='", where=path, fix="rename the file, or name it in `exclude`"
            )
    return paths


@task_params(OPTIONS)
def task_generate(**options: object) -> Iterator[dict[str, Any]]:
    """fill the holes of every spec: from the store, from older fills, else from the model"""  # noqa: D400, D403 - doit prints it
    gc.disable()
    BUILD.options = {name: str(value) for name, value in options.items() if value is not None}
    yield {"name": None, "doc": "fill the holes of every spec: from the store, older fills, else the model"}
    for path in _loaded(_tasks_of):
        yield {
            "name": path,
            "actions": [(_generate, [path])],
            "file_dep": [path],
            "targets": [BUILD.target(path)],
            "uptodate": [Fresh(path)],
            "setup": ["_solve"],
            "clean": True,
            "io": {"capture": False},
        }


def _generate(path: str) -> dict[str, Any] | TaskFailed | TaskError:
    made = BUILD.generate(path)
    if isinstance(made, Built):
        return {"parts": dict(made.parts), "target": made.target}
    graph = BUILD.session.project.graph
    return (TaskError if graph.broken(graph.home[path]) else TaskFailed)(f"{path}: {made}", report=False)


def task__solve() -> dict[str, Any]:
    """find an implementation for all that is selected and stale"""  # noqa: D400, D403 - doit prints it
    return {"actions": [BUILD.solve], "io": {"capture": False}, "uptodate": [_in_a_run_of_ours]}


def _in_a_run_of_ours(task: Any, values: object) -> bool:
    """Never up to date. Doit asks before anything of a run has begun, so this is where a run can be refused."""
    del values
    if task.verbosity is not None:  # a run has set it; `list` and `info` have not
        BUILD.ready()
    return False


def task__check() -> dict[str, Any]:
    """run the pending verdicts of all that is selected"""  # noqa: D400, D403 - doit prints it
    return {"actions": [BUILD.check], "io": {"capture": False}, "uptodate": [False]}


def task_verify() -> Iterator[dict[str, Any]]:
    """verify what lies in the build folder, strictly"""  # noqa: D400, D403 - doit prints it
    yield {"name": None, "doc": "verify what lies in the build folder, strictly"}
    for path in _loaded(_tasks_of):
        graph = BUILD.session.project.graph
        files = [one for one in graph.files_of(graph.home[path]) if not one.startswith("../")]
        yield {
            "name": path,
            "actions": [(_verify, [path])],
            "file_dep": [BUILD.target(one) for one in files],
            "targets": [os.path.relpath(BUILD.session.project.outputs.verdict_file(path), BUILD.session.config.root)],
            "uptodate": [Verified(path)],
            "setup": ["_check"],
            "clean": True,
            "io": {"capture": False},
        }
    gc.enable()


def _verify(path: str) -> dict[str, Any] | TaskFailed:
    key = BUILD.verify(path)
    return {"key": key} if key else TaskFailed(f"{path}: not verified", report=False)


ending.take()
publish.guard_output()
_moved = recorded.set_aside(Path(recorded.FILE))
if _moved is not None:
    sys.stderr.write(f"s2c: {recorded.FILE} was no database that can be read: moved to {_moved}, nothing is lost\n")

DOIT_CONFIG: dict[str, Any] = {
    "backend": "sqlite3",
    "dep_file": recorded.FILE,
    "default_tasks": ["generate", "verify"],
    "reporter": Reporter,
    "verbosity": 2,
    "continue": True,
    "par_type": "thread",
}
