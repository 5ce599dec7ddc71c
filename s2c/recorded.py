"""What doit recorded of earlier runs, read from its database without doit.

Law: read once, in one go, and never written: the records are doit's. A database that is not there, or not readable, is
an empty one, since losing it must cost nothing.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from s2c.project import Built

FILE = ".doit.db"
PREFIX = "generate:"
VERIFIED = "verify:"


def read(path: Path, only: Collection[str] | None = None) -> Mapping[str, Built]:
    """Path of a spec (`only`: of these) -> what its `generate:` task recorded, from the doit database at `path`."""
    found = {}
    for name, data in _rows(
        path, lambda connection: _all(connection, PREFIX) if only is None else _some(connection, only)
    ):
        built = _built(data)
        if built is not None:
            found[str(name).removeprefix(PREFIX)] = built
    return found


def verified(path: Path) -> Mapping[str, str]:
    """Path of a spec -> the signed key that its `verify:` task recorded when it was last green."""
    found = {}
    for name, data in _rows(path, lambda connection: _all(connection, VERIFIED)):
        with suppress(ValueError, KeyError, TypeError):
            found[str(name).removeprefix(VERIFIED)] = str(json.loads(data or "{}")["_values_:"]["key"])
    return found


def _rows(path: Path, query: Callable[[sqlite3.Connection], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=30)) as connection:
            return query(connection)
    except sqlite3.Error:
        return []


def _all(connection: sqlite3.Connection, prefix: str) -> list[tuple[str, str]]:
    return connection.execute("select task_id, task_data from doit where task_id like ?", (f"{prefix}%",)).fetchall()


def _some(connection: sqlite3.Connection, only: Collection[str]) -> list[tuple[str, str]]:
    query = "select task_id, task_data from doit where task_id = ?"
    return [row for path in only for row in connection.execute(query, (f"{PREFIX}{path}",))]


def set_aside(path: Path) -> Path | None:
    """Move what lies at `path` out of doit's way if it is no SQLite database, damaged or of another kind; where to."""
    if path.is_dir():
        return put_aside(path)
    if not path.is_file():
        return None
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        connection.execute("select count(*) from sqlite_master")
    except sqlite3.OperationalError as error:
        if "malformed" not in str(error):
            return None  # locked, or not for us to read: doit will say so
    except sqlite3.DatabaseError:
        pass
    else:
        return None
    finally:
        connection.close()
    return put_aside(path)


def put_aside(path: Path) -> Path:
    """Move a database away, and what belongs to it: a journal left beside the next one would be played into that."""
    for ending in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return path.replace(path.with_name(f"{path.name}.broken"))


def _built(data: str | bytes | None) -> Built | None:
    try:
        values = json.loads(data or "{}")["_values_:"]
        parts = {str(name): str(value) for name, value in values["parts"].items()}
        return Built(parts, str(values["target"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
