"""doit's database, kept from ending a run.

Law: it only remembers which keys were built, so what can't be read of it is as good as forgotten, and costs nothing. A
damaged one is moved aside and told; where it can't be written, that is told once and the run goes on; a build that
holds it is waited for; and each record is committed when its task is done, so a killed run forgets nothing that it did.
"""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from s2c.recorded import put_aside
from s2c.store.rows import is_damage

T = TypeVar("T")
_BASE: Any = object
WAIT = 60_000  # milliseconds for another build that writes; SQLite's own time for a record is a few
STATE = 3  # doit's word about a file: time, size, digest
# Methods that doit's manager took from the backend when it was made.
_TAKEN = {"_get": "get", "_set": "set", "_in": "in_", "remove": "remove", "remove_all": "remove_all"}
_OURS = ("generate:", "verify:", "_solve", "_check")
_TYPES = {"_values_:": dict, "deps:": list, "checker:": str}


def keep(manager: Any) -> None:  # noqa: ANN401 - doit has no types
    """From now on nothing that is wrong with this manager's database ends a run."""
    backend = manager.backend
    if not isinstance(backend, _Kept):
        backend.__class__ = type("Kept", (_Kept, type(backend)), {})
        backend.begin()
    for own, name in _TAKEN.items():
        setattr(manager, own, getattr(backend, name))


class _Kept(_BASE):  # type: ignore[misc]  # mixed into doit's backend, which has no types
    """Doit's backend, with every call that reaches the file in one place."""

    _conn: Any

    def begin(self) -> None:
        """Wait for others."""
        self.told = ""
        self.attempt(lambda: self._conn.execute(f"pragma busy_timeout = {WAIT}").fetchall())

    def attempt(self, call: Callable[[], T]) -> T | None:
        """What `call` gives; None if the file does not allow it."""
        try:
            return call()
        except ValueError:  # of one record: its text is no JSON
            return None
        except sqlite3.Error as error:
            self._without(error)
            return None

    def _without(self, error: sqlite3.Error) -> None:
        if is_damage(error):
            self._anew()
        elif not self.told:
            self.told = str(error)
            _say(f"{self.name}: {error}: what this run does is not remembered, the next one finds it in the store")

    def _anew(self) -> None:
        self._conn.close()
        try:
            _say(f"{self.name} was damaged: moved to {put_aside(Path(self.name))}, nothing is lost")
            self._conn = self._sqlite3(self.name)
        except OSError as error:
            _say(f"{self.name} is damaged and can't be moved away: {error.strerror}")
            self._conn = self._sqlite3(":memory:")

    def _get_task_data(self, task_id: str) -> dict[str, object]:
        found = self.attempt(partial(super()._get_task_data, task_id))
        return found if isinstance(found, dict) and (not task_id.startswith(_OURS) or _is_whole(found)) else {}

    def in_(self, task_id: str) -> bool:
        """As doit's."""
        return bool(self.attempt(partial(super().in_, task_id)))

    def remove(self, task_id: str) -> None:
        """As doit's."""
        self.attempt(partial(super().remove, task_id))

    def remove_all(self) -> None:
        """As doit's."""
        self.attempt(super().remove_all)

    def dump(self) -> None:
        """As doit's."""
        self.attempt(super().dump)
        with suppress(sqlite3.Error):
            self._conn.close()

    def commit(self, task_id: str) -> bool:
        """Put a task's record into the file now, if there is one; whether it is there."""
        return task_id in self._dirty and bool(self.attempt(partial(self._put, task_id)))

    def free(self) -> None:
        """End what is half done: else this process holds the file until its end."""
        self.attempt(self._conn.commit)

    def _put(self, task_id: str) -> bool:
        with self._conn:
            row = (task_id, self.codec.encode(self._cache[task_id]))
            self._conn.execute("insert or replace into doit values (?,?)", row)
        self._dirty.discard(task_id)
        return True


def _is_whole(record: dict[str, object]) -> bool:
    """Whether a record has the form in which doit writes it."""
    return all(_fits(name, value) for name, value in record.items())


def _fits(name: str, value: object) -> bool:
    if name in {"result:", "ignore:"}:
        return True
    if name in _TYPES:
        return isinstance(value, _TYPES[name])
    return isinstance(value, list) and len(value) == STATE and not any(isinstance(one, (list, dict)) for one in value)


def _say(line: str) -> None:
    sys.stderr.write(f"s2c: {line}\n")
