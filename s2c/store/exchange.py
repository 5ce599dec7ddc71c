"""Records out to text and in again.

Law: an export only adds. A line that it can't read it leaves where it is; a file that says the same already it does not
touch. An import never fails over what a file holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from s2c import records
from s2c.codec import Stored
from s2c.digest import digest_bytes
from s2c.errors import StoreError
from s2c.model import Attempt, VerdictKind
from s2c.store.book import Book, Topic
from s2c.store.files import create_once, write_atomic

SHARDS = tuple(f"{number:02x}{records.SUFFIX}" for number in range(256))
ATTRIBUTES = b"*.jsonl text eol=lf merge=union\n"  # a file is a set of lines: git can merge any two of them


def export(book: Book, folder: Path, *, everything: bool) -> int:
    """Write what was added since the last export, or all there is; how many files changed. Raises StoreError."""
    everything = everything or not folder.is_dir()
    topics = _by_shard(book.topics()) if everything else {}
    return sum(_export_shard(book, folder / name, topics.get(name, ())) for name in SHARDS)


def take_in(book: Book, folder: Path, *, mark: bool) -> int:
    """Read every file that is not known yet; how many records were new. Raises StoreError."""
    return sum(_take_in_file(book, path, mark=mark) for path in sorted(folder.glob(f"*{records.SUFFIX}")))


@dataclass(frozen=True)
class Taken:
    """What one file brought: new records, known ones, and lines that are no records, with their place."""

    new: int
    known: int
    refused: tuple[str, ...]


def to_file(book: Book, path: Path) -> int:
    """Write everything that travels into one new file; how many records. Raises StoreError."""
    shard = records.Shard()
    for record in book.all():
        if travels(record):
            shard.add(record)
    try:
        create_once(path, records.render(shard), mode=0o666)
    except OSError as error:
        raise StoreError(f"records can't be written: {error.strerror}", where=str(path)) from None
    return len(shard.records)


def bring(book: Book, path: Path) -> Taken:
    """Take in one file, whether it is known or not. Raises StoreError."""
    try:
        shard = records.read(path.read_bytes(), str(path))
    except OSError as error:
        fix = "name a file of records, or a folder with such files"
        raise StoreError(f"these records can't be read: {error.strerror}", where=str(path), fix=fix) from None
    new = book.add(shard.records.values(), older=True)
    return Taken(new, len(shard.records) - new, tuple(shard.problems))


def _by_shard(topics: Iterable[Topic]) -> dict[str, list[Topic]]:
    def name(topic: Topic) -> str:
        return records.shard(topic[1])

    return {shard: list(group) for shard, group in groupby(sorted(topics, key=name), key=name)}


def _export_shard(book: Book, path: Path, topics: Sequence[Topic]) -> bool:
    if not topics and not book.changed(path.name):
        return False
    with book.rows.transaction():  # what is added while the file is written waits for the next export
        new = [one for topic in {*topics, *book.changed(path.name)} for one in book.on(topic) if travels(one)]
        try:
            changed = _merge(book, path, new)
        except OSError as error:
            raise StoreError(f"records can't be written: {error.strerror}", where=str(path)) from None
        book.settled(path.name)
    return changed


def _merge(book: Book, path: Path, new: Iterable[Stored]) -> bool:
    shard = records.read(path.read_bytes() if path.exists() else b"", str(path))
    for problem in shard.problems:
        book.tell(problem)
    before = dict(shard.records)
    for record in new:
        shard.add(record)
    if all(records.line(record) == _line(before, where) for where, record in shard.records.items()):
        return False
    content = records.render(shard)
    _folder(path.parent)
    write_atomic(path, content)
    if not shard.unread:
        book.rows.put(_known(content), value=True)
    return True


def _line(before: dict[records.Place, Stored], where: records.Place) -> bytes:
    return records.line(before[where]) if where in before else b""


def travels(record: Stored) -> bool:
    """A time-out is a word about this machine: another one judges the same answer for itself."""
    return not (isinstance(record, Attempt) and record.verdict is VerdictKind.TIMEOUT)


def _folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    attributes = folder / ".gitattributes"
    if not attributes.exists():
        write_atomic(attributes, ATTRIBUTES)


def _take_in_file(book: Book, path: Path, *, mark: bool) -> int:
    try:
        content = path.read_bytes()
    except OSError as error:
        book.tell(f"{path}: these records can't be read: {error.strerror}")
        return 0
    if book.rows.get(_known(content)):
        return 0
    shard = records.read(content, str(path))
    for problem in shard.problems:
        book.tell(problem)
    with book.rows.transaction():
        count = book.add(shard.records.values(), mark=mark, older=True)
        if not shard.unread:  # what is wrong is told again until it is mended
            book.rows.put(_known(content), value=True)
    return count


def _known(content: bytes) -> str:
    return f"shard {digest_bytes(content)}"
