"""A damaged database is put aside, and what can still be read of it goes into a new one.

Law: a row is taken over only if its seal holds, so what comes over is what was written. The damaged files stay where
they are put. It may be killed at any moment: the next call goes on. Call it with the project's lock held.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote

from s2c.codec import DamagedError, unseal
from s2c.digest import Json
from s2c.store.rows import FILE, MARK, Rows

UNKNOWN = 1 << 17  # rows to look for where their highest number can't be read
_AGAIN = "shard "  # rows that say which records are known: those are read again
_PATIENCE = 2000  # rows that can't be read, one after the other, before the rest is given up


def is_damaged(folder: Path) -> bool:
    """Whether the database in this folder was found damaged, or putting it right was cut short."""
    return (folder / MARK).exists() or (_fresh(folder).exists() and not folder.exists())


def mend(folder: Path, secret: bytes) -> str:
    """Put it right, if it is damaged; what to tell about it. Raises StoreError or OSError."""
    fresh = _fresh(folder)
    if fresh.exists() and not folder.exists():
        fresh.rename(folder)
        return f"{folder} was damaged, and is made anew"
    if not is_damaged(folder):
        return ""
    shutil.rmtree(fresh, ignore_errors=True)
    saved = _copy(folder / FILE, fresh, secret)
    aside = next(place for place in _places(folder) if not place.exists())
    folder.rename(aside)
    if fresh.exists():
        fresh.rename(folder)
    return f"{folder} was damaged: {saved} rows of it could be saved, the files lie in {aside}"


def _fresh(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.mended")


def _places(folder: Path) -> Iterator[Path]:
    return (folder.with_name(f"{folder.name}.broken-{number}") for number in count(1))


def _copy(file: Path, fresh: Path, secret: bytes) -> int:
    rows, saved = Rows(fresh, lambda _: None, secret=secret), 0
    found = {key: value for key, value in _whole(file, secret) if not key.startswith(_AGAIN)}
    if found:
        with rows.transaction():
            for key, value in found.items():
                rows.put(key, value)
                saved += 1
        rows.close()
    return saved


def _whole(file: Path, secret: bytes) -> Iterator[tuple[str, Json]]:
    """Every row that is what was written. Each is looked for by its number: a scan would end at the first bad page."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
    except sqlite3.Error:
        return
    with closing(connection):
        failed = 0
        for number in range(1, _highest(connection) + 1):
            try:
                found = connection.execute("SELECT key, value FROM Cache WHERE rowid = ?", (number,)).fetchone()
                failed = 0
            except sqlite3.Error:
                found, failed = None, failed + 1
            if failed > _PATIENCE:
                return
            with suppress(DamagedError):
                if found is not None and isinstance(found[0], str) and isinstance(found[1], bytes):
                    yield found[0], unseal(found[0], found[1], secret)


def _highest(connection: sqlite3.Connection) -> int:
    try:
        (found,) = connection.execute("SELECT max(rowid) FROM Cache").fetchone()
    except sqlite3.Error:
        return UNKNOWN
    return min(found, 1 << 24) if isinstance(found, int) else 0
