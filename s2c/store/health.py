"""How a store is, without changing what it holds.

Law: it reads every row as a run would, and creates nothing: where there is no database there is none afterwards. One
that turns out to be damaged gets the mark by which the next run puts it right.
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from s2c import records
from s2c.errors import StoreError
from s2c.records import Place
from s2c.store import mend
from s2c.store.book import Book
from s2c.store.exchange import travels
from s2c.store.rows import FILE, Rows

DATABASES = ("store", "verdicts")
ASIDE = re.compile(r".*\.broken-\d+")


@dataclass(frozen=True)
class Health:
    """One database: how many rows can be read, what was told about the others, and why it can't be read at all."""

    name: str
    rows: int = 0
    told: tuple[str, ...] = ()
    error: StoreError | None = None


@dataclass(frozen=True)
class Told:
    """The records in cache/records: where each belongs, and the lines that can't be read."""

    places: AbstractSet[Place]
    problems: tuple[str, ...]


def databases(folder: Path, secret: bytes) -> Iterator[Health]:
    """Each database of the cache folder that is there. Without a `secret` nothing can be said of single verdicts."""
    for name in DATABASES:
        place = folder / "db" / name
        if mend.is_damaged(place):
            fix = "any run puts it right: `s2c plan` is enough"
            yield Health(name, error=StoreError("it was found damaged", where=str(place), fix=fix))
        elif (place / FILE).exists() and name == "verdicts" and not secret:
            yield Health(name, told=("the key that signed its rows is not there, or can't be used",))
        elif (place / FILE).exists():
            yield _health(name, place, secret if name == "verdicts" else b"")


def aside(folder: Path) -> tuple[Path, ...]:
    """Damaged databases that were put aside, sorted."""
    return tuple(sorted(one for one in (folder / "db").glob("*.broken-*") if ASIDE.fullmatch(one.name)))


def size(folder: Path) -> int:
    """The bytes of all files in the cache folder."""
    total = 0
    for one in folder.rglob("*"):
        with suppress(OSError):  # a run that is at work takes files away
            total += one.stat().st_size if one.is_file() else 0
    return total


def stored(folder: Path) -> AbstractSet[Place]:
    """Where each record of the store belongs, those that stay on this machine left out. Raises StoreError."""
    if not (folder / "db" / "store" / FILE).exists():
        return frozenset()
    rows = Rows(folder / "db" / "store", lambda _: None)
    try:
        book = Book(rows, lambda _: None)
        return {records.place(one) for topic in book.topics() for one in book.on(topic) if travels(one)}
    finally:
        rows.close()


def told(files: Iterable[Path]) -> Told:
    """The records in these files."""
    places: set[Place] = set()
    problems: list[str] = []
    for path in files:
        shard = records.read(path.read_bytes(), path.name)
        places |= shard.records.keys()
        problems += shard.problems
    return Told(places, tuple(problems))


def _health(name: str, place: Path, secret: bytes) -> Health:
    problems: list[str] = []
    rows = Rows(place, problems.append, secret=secret)
    try:
        read = sum(rows.get(key) is not None for key in rows.keys())  # noqa: SIM118 - no mapping
    except StoreError as error:
        return Health(name, error=error)
    finally:
        rows.close()
    return Health(name, read, tuple(dict.fromkeys(problems)))
