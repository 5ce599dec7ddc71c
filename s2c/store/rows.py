"""One database of sealed rows: diskcache, held so that it can't lose or harm.

Law: keys are text and values are bytes inside the database, never a pickle, never a file beside it; nothing is evicted
and every write is synced. A row that is not what was written reads as absent and is told; it is never a wrong value.
A database from elsewhere can bring settings, file names and pickles: none of them is obeyed.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from diskcache import UNKNOWN, Cache, Disk, Timeout

from s2c.codec import DamagedError, seal, unseal
from s2c.digest import Json
from s2c.errors import StoreError

FILE = "cache.db"
MARK = "damaged"  # lies in the folder of a database that was found to be so: the next run puts it right
# What SQLite says of a file that is no database any more; all else is about the machine (full, locked, read-only).
DAMAGE = frozenset({1, 11, 19, 20, 24, 26})  # ERROR, CORRUPT, CONSTRAINT, MISMATCH, FORMAT, NOTADB
_RAW = 1  # diskcache: a value inside the database, as it is
_FIRST, _PAGE = -(2**63), 200  # where rows begin, and how many are read at a time
_FULL = 2  # SQLite: every commit is synced
# All of them, at every opening: what an opening leaves out is taken from the database, and any opener can change it.
_SETTINGS: dict[str, str | int] = {
    "cull_limit": 0,
    "disk_min_file_size": 2**62,
    "disk_pickle_protocol": 0,
    "eviction_policy": "none",
    "size_limit": 2**62,
    "sqlite_auto_vacuum": 0,
    "sqlite_cache_size": 2**13,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 2**26,
    "sqlite_synchronous": _FULL,
    "statistics": 0,
    "tag_index": 0,
}
_COUNTERS = frozenset({"count", "size", "hits", "misses"})
_LAST = "Settings_size_delete"  # what diskcache makes last: a database without it is not complete


class BytesDisk(Disk):  # type: ignore[misc]  # diskcache has no types
    """How rows are kept: text keys, bytes in the database, nothing else."""

    def put(self, key: str) -> tuple[str, bool]:
        """A key goes in as it is; a lone surrogate, which SQLite does not take, as its escape."""
        return key.encode("utf-8", "backslashreplace").decode(), True

    def get(self, key: object, raw: object) -> str:
        """A key comes out; one of any other kind, a pickled one among it, is no key."""
        return key if raw == 1 and isinstance(key, str) else ""

    def store(self, value: bytes, read: object, key: object = UNKNOWN) -> tuple[int, int, None, bytes]:
        """A value goes in as it is."""
        del read, key
        return 0, _RAW, None, value

    def fetch(self, mode: object, filename: object, value: object, read: object) -> object:
        """A value comes out; False for a row of any other kind."""
        del read
        return value if mode == _RAW and filename is None and isinstance(value, bytes) else False

    def remove(self, file_path: object) -> None:
        """Nothing: s2c stores no files, and a stranger's row may name any file of the user's."""


class _Held(threading.local):
    """Whether this thread is inside a transaction."""

    inside = False


@dataclass(frozen=True)
class Mark:
    """A row as it is listed: how many bytes it has, and when it was last written here (seconds, 0: not known)."""

    key: str
    size: int
    time: float


class Rows:
    """One database, opened when it is first needed. Safe in any thread and process, also after a fork."""

    def __init__(self, folder: Path, tell: Callable[[str], None], *, secret: bytes = b"", wait: float = 60.0) -> None:
        self.folder = folder
        self._tell = tell
        self._secret = secret
        self._wait = wait
        self._opened: Any = None
        self._lock = threading.Lock()
        self._held = _Held()

    def get(self, key: str) -> Json:
        """The value under `key`; None where there is none, or none that is whole."""
        if self._opened is None and not (self.folder / FILE).exists():
            return None
        with self._guarded():
            row = self._cache().get(key)
        try:
            return None if row is None else unseal(key, _whole(row), self._secret)
        except DamagedError as error:
            self._tell(self._told(key, error))
            return None

    def put(self, key: str, value: Json) -> None:
        """Durable when it returns, or, inside a transaction, when that ends."""
        with self.transaction():
            self._cache().set(key, seal(key, value, self._secret))

    def delete(self, key: str) -> None:
        """Take a row out, if it is there."""
        with self.transaction():
            self._cache().delete(key)

    def keys(self) -> list[str]:
        """Every key, sorted."""
        with self._guarded():
            return [key for key in self._cache().iterkeys() if key]

    def marks(self) -> list[Mark]:
        """Every row with a key, unread, sorted."""
        found = self._all("key, length(value), store_time")
        rows = (Mark(key, int(size or 0), _seconds(time)) for key, size, time in found if isinstance(key, str))
        return sorted(rows, key=lambda one: one.key)

    def each(self) -> Iterator[tuple[str, Json, str]]:
        """Every row with its value and "", or, if it is not what was written, with what is wrong with it."""
        columns, number = "key, raw, mode, filename, value, rowid", _FIRST
        while page := self._all(columns, number, _PAGE):
            for key, raw, mode, filename, value, number in page:
                if raw != 1 or not isinstance(key, str):
                    yield f"number {number}", None, "its key is no text"
                    continue
                try:
                    whole = _whole(value if mode == _RAW and filename is None else None)
                    yield key, unseal(key, whole, self._secret), ""
                except DamagedError as error:
                    yield key, None, str(error)

    def compact(self) -> bool:
        """Give back the room of rows that are gone; false where another process reads at this moment."""
        self.close()
        if not (self.folder / FILE).exists():
            return True
        with self._guarded(), closing(sqlite3.connect(self.folder / FILE, timeout=self._wait)) as connection:
            try:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError:
                return False
        return True

    def _all(self, columns: str, after: int = _FIRST, most: int = -1) -> list[Any]:
        """These columns of every row, past diskcache, which would give no row that it can't read."""
        file = self.folder / FILE
        if not file.exists():
            return []
        query = f"SELECT {columns} FROM Cache WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608 - the columns are ours
        address = f"file:{quote(str(file))}?mode=ro"
        with self._guarded(), closing(sqlite3.connect(address, uri=True, timeout=self._wait)) as connection:
            return connection.execute(query, (after, most)).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are made, or none; others wait. It may be nested. Raises StoreError."""
        if self._held.inside:
            yield
            return
        # Not diskcache's `retry`: it would try for ever, also where the disk is full or read-only.
        with self._guarded(), self._cache().transact():
            self._held.inside = True
            try:
                yield
            finally:
                self._held.inside = False

    def close(self) -> None:
        """Close this thread's connection; the next use opens it again."""
        if self._opened is not None:
            self._opened.close()

    def forget(self) -> None:
        """Close it, and look at the folder anew at the next use: another database may lie there, or none."""
        self.close()
        self._opened = None

    def _told(self, key: str, error: DamagedError) -> str:
        if self._secret:  # a cache from elsewhere has thousands of them, and they are no harm
            return f"{self.folder}: rows that this machine did not sign are ignored"
        return f"{self.folder}: the row {key!r} is ignored: {error}"

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """What goes wrong inside becomes a StoreError; inside a transaction that is the transaction's to do."""
        if self._held.inside:
            yield
            return
        try:
            yield
        except (sqlite3.Error, OSError, Timeout) as error:
            self.close()
            first = error.__context__ if isinstance(error.__context__, (sqlite3.Error, OSError)) else error
            raise self._error(first) from None
        except BaseException:  # a Ctrl-C at the wrong moment leaves a transaction open, for ever; closing ends it
            self.close()
            raise

    def _error(self, error: BaseException) -> StoreError:
        """What to tell; a database that is damaged gets a mark."""
        where = str(self.folder)
        if not is_damage(error):
            said = str(error) or "another process holds it"
            fix = "free disk space, end other builds or make it writable, and run again"
            return StoreError(f"the store can't be read or written: {said}", where=where, fix=fix)
        with suppress(OSError):
            (self.folder / MARK).touch()
        fix = "run again: what can still be read of it is saved, and what cache/records holds is read again"
        return StoreError(f"the store is damaged: {error}", where=where, fix=fix)

    def _cache(self) -> Any:  # noqa: ANN401 - diskcache has no types
        if self._opened is None:
            with self._lock:
                if self._opened is None:  # another thread may have been first
                    self._opened = _open(self.folder, self._wait)
        return self._opened


def is_damage(error: BaseException) -> bool:
    """Whether this is about what the file holds. What has no code is Python's, which could not read a text."""
    return isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 1) & 0xFF in DAMAGE


def _seconds(time: object) -> float:
    return float(time) if isinstance(time, (int, float)) else 0.0


def _whole(row: object) -> bytes:
    if not isinstance(row, bytes):
        raise DamagedError("it is no bytes inside the database")
    return row


def _open(folder: Path, wait: float) -> Any:  # noqa: ANN401 - diskcache has no types
    text = str(folder)
    if os.path.expandvars(text) != text:  # diskcache would open another folder
        raise StoreError("the folder's name holds a $NAME that is set in the environment", where=text, fix="rename it")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)  # prompts and answers are nobody else's
    if _is_ours(folder / FILE, wait):
        return _Reopened(text, wait)
    return Cache(text, timeout=wait, disk=BytesDisk, **_SETTINGS)


class _Reopened(Cache):  # type: ignore[misc]  # diskcache has no types
    """A database that has today's settings. diskcache itself writes and syncs each of them twice: 50 ms an opening."""

    def __init__(self, folder: str, wait: float) -> None:
        self._directory = folder
        self._timeout = wait
        self._local = threading.local()
        self._txn_id = None
        self._disk = BytesDisk(folder)
        self.__dict__.update(_SETTINGS)


def _is_ours(file: Path, wait: float) -> bool:
    """Whether it has exactly our settings. Raises StoreError if it has others.

    diskcache would run any setting that a database names as a PRAGMA, or set it as an attribute.
    """
    if not file.exists():
        return False
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=wait)) as connection:
        try:
            found = dict(connection.execute("SELECT key, value FROM Settings").fetchall())
            complete = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_LAST,)).fetchone()
        except sqlite3.OperationalError:  # another process is just making it
            return False
    unknown = found.keys() - _SETTINGS.keys() - _COUNTERS
    if not all(isinstance(name, str) for name in found) or (unknown and _SETTINGS.keys() - found.keys()):
        raise sqlite3.DatabaseError("its settings can't be read")  # a name that was ours is another one now
    if unknown:
        raise StoreError(
            f"this database was not made by s2c: it has the setting {min(unknown)!r}",
            where=str(file),
            fix="move its folder away: what cache/records holds is read again",
        )
    return complete is not None and found.items() >= _SETTINGS.items()
