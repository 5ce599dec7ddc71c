"""What a person does to a store by hand: count it, check it, carry it elsewhere, take out what nothing uses.

Law: counting and checking change nothing, and a check reads every row there is. What is taken out is what was named,
and nothing here decides what that is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from s2c import records, verdicts
from s2c.codec import KINDS, DamagedError, Stored, belongs_to, from_json, identity
from s2c.digest import Json
from s2c.errors import StoreError
from s2c.model import Implementation
from s2c.store import exchange, spool
from s2c.store.book import SEEN, Book, items, texts
from s2c.store.exchange import Taken
from s2c.store.outgoing import PENDING, UNREAD
from s2c.store.rows import FILE, Mark, Rows

VERDICT, ANALYSIS = "verdict", "analysis"


class Care:
    """The rows of both databases, for a person's commands."""

    def __init__(self, book: Book, paid: Rows, found: Rows) -> None:
        self._book = book
        self._paid = paid
        self._found = found

    # --- counting -----------------------------------------------------------------------------------------------

    def marks(self) -> list[Mark]:
        """Every row of both databases, unread. Raises StoreError."""
        return [*self._paid.marks(), *self._found.marks()]

    def records(self) -> list[Stored]:
        """Every record. Raises StoreError."""
        return list(self._book.all())

    @property
    def pending(self) -> int:
        """How many requests are noted as out."""
        rows = self._paid.get(PENDING)
        return len(rows) if isinstance(rows, Mapping) else 0

    @property
    def unread(self) -> frozenset[str]:
        """The keys of requests whose answers no run has marked as read."""
        return frozenset(texts(self._paid.get(UNREAD)))

    @property
    def files(self) -> tuple[Path, ...]:
        """The two databases."""
        return tuple(rows.folder / FILE for rows in (self._paid, self._found))

    # --- carrying -----------------------------------------------------------------------------------------------

    def export(self, path: Path) -> int:
        """Write everything that travels, never a verdict, into one new file; how many records. Raises StoreError."""
        if path.exists():
            raise StoreError("this file exists", where=str(path), fix="name another one: nothing is overwritten")
        return exchange.to_file(self._book, path)

    def bring(self, path: Path) -> Taken:
        """Take in the records of one file. Raises StoreError."""
        return exchange.bring(self._book, path)

    # --- taking out ---------------------------------------------------------------------------------------------

    def forget(self, rows: Iterable[Mark]) -> None:
        """Take out verdicts and findings. Raises StoreError."""
        with self._found.transaction():
            for one in rows:
                self._found.delete(one.key)

    def drop(self, gone: Iterable[Stored]) -> None:
        """Take out records. Raises StoreError."""
        self._book.drop(gone)

    def compact(self) -> bool:
        """Give back the room of what was taken out; false where another process reads."""
        done = [rows.compact() for rows in (self._paid, self._found)]
        return all(done)

    # --- checking -----------------------------------------------------------------------------------------------

    def check(self) -> tuple[int, list[str]]:
        """How many rows there are, and each that is not as it was written, or does not fit its key, in one line."""
        known = self._implementations()
        paid, wrong = _checked(self._paid, lambda key, value: _paid(key, value, known))
        found, more = _checked(self._found, _found)
        return paid + found, [*wrong, *more]

    def _implementations(self) -> frozenset[tuple[str, str]]:
        with suppress(StoreError):
            return frozenset(
                (one.obligation, identity(one)) for one in self._book.all() if isinstance(one, Implementation)
            )
        return frozenset()


def damaged_records(folder: Path) -> Iterator[str]:
    """Every line of the records in a folder that is none, and every record in a file that is not its own."""
    for path in sorted(folder.glob(f"*{records.SUFFIX}")):
        try:
            shard = records.read(path.read_bytes(), str(path))
        except OSError as error:
            yield f"{path}: it can't be read: {error.strerror}"
            continue
        yield from shard.problems
        for key in sorted({place[0] for place in shard.records}):
            if records.shard(key) != path.name:
                yield f"{path}: what it has under {key} belongs into {records.shard(key)}"


def _checked(rows: Rows, problem: Callable[[str, Json], Iterator[str]]) -> tuple[int, list[str]]:
    count, told = 0, []
    try:
        for key, value, wrong in rows.each():
            count += 1
            found = [wrong] if wrong else problem(key, value)
            told += [f"{rows.folder / FILE}: row {key!r}: {one}" for one in found]
    except StoreError as error:
        told.append(str(error).replace("\n", " "))
    return count, told


def _paid(row: str, value: Json, known: frozenset[tuple[str, str]]) -> Iterator[str]:
    """What is wrong with a row of what was paid for."""
    kind, _, key = row.partition(" ")
    if kind in KINDS:
        yield from _records(kind, key, value)
    elif kind in SEEN:
        for one in map(texts, items(value)):
            if tuple(one) not in known:
                yield "it names an implementation that is not there"
    elif kind == PENDING:
        yield from _pending(value)
    elif kind not in {UNREAD, "made", "changed", "shard"}:
        yield "it is of no kind that this s2c knows"


def _records(kind: str, key: str, value: Json) -> Iterator[str]:
    names: set[str] = set()
    for number, data in enumerate(items(value), start=1):
        try:
            record = from_json(kind, data)
        except DamagedError as error:
            yield f"record {number}: {error}"
            continue
        if belongs_to(record) != key:
            yield f"record {number} belongs to {belongs_to(record)}"
        if identity(record) in names:
            yield f"record {number} is there twice"
        names.add(identity(record))
    if not names:
        yield "it holds no record"


def _pending(value: Json) -> Iterator[str]:
    for data in value.values() if isinstance(value, Mapping) else ():
        try:
            spool.pending_from_json(data)
        except DamagedError as error:
            yield str(error)


def _found(row: str, value: Json) -> Iterator[str]:
    """What is wrong with a row of what this machine found out; its signature holds."""
    kind, _, key = row.partition(" ")
    if kind == VERDICT:
        verdict = verdicts.from_json(value) if isinstance(value, Mapping) else None
        if verdict is None and value != {"self-test": "passed"}:
            yield "it is no verdict"
        elif verdict is not None and verdict.key != key:
            yield f"it is the verdict of {verdict.key}"
    elif kind != ANALYSIS:
        yield "it is of no kind that this s2c knows"
