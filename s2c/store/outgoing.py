"""Requests that are out, and answers on their way into the database.

Law: a row stands before a request is sent, and goes only when its answer is durable or known not to come. When the
database fails, the answer is written beside it.
"""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from s2c import records
from s2c.codec import DamagedError
from s2c.digest import Json, digest_bytes
from s2c.errors import S2cError, StoreError
from s2c.model import Answer, Request
from s2c.store import spool
from s2c.store.book import Book, texts
from s2c.store.files import write_atomic
from s2c.store.spool import BROKEN, Orphan, Spool

PENDING, UNREAD = "pending", "unread"


class Outgoing:
    """The requests of every process on one database; their text lies in `folder`/spool."""

    def __init__(self, book: Book, folder: Path) -> None:
        self._book = book
        self._spool = folder / "spool"
        self._rescue = folder / "rescue"

    def send(self, request: Request, reserved: str) -> Spool:
        """A row and a file for a request that goes out now."""
        row = spool.pending(request, reserved)
        self._change(lambda rows: rows | {row.id: spool.pending_to_json(row)})
        return Spool(spool.text_file(self._spool, row.id), lambda error: self._left(row.id, error))

    def keep(self, answer: Answer) -> None:
        """Durable and unread when it returns; it ends what this process has out for the same request."""
        with self._book.rows.transaction():
            self._book.add([answer])
            unread = texts(self._book.rows.get(UNREAD))
            if answer.request.key not in unread:
                self._book.rows.put(UNREAD, [*unread, answer.request.key])
            ended = [
                one for one, row in self._rows().items() if row.answer.request.key == answer.request.key and row.is_ours
            ]
            self._forget(ended)

    def rescue(self, answer: Answer) -> str:
        """Write an answer that the database did not take to a file; what to tell a person about it."""
        content = records.line(answer) + b"\n"
        name = f"{digest_bytes(content)}{records.SUFFIX}"
        for folder in (self._rescue, Path(tempfile.gettempdir())):
            with suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_atomic(folder / name, content, mode=0o600)
                later = "the next run reads it" if folder == self._rescue else f"move it to {self._rescue}"
                return f"the paid answer is in {folder / name}: {later}"
        return f"the paid answer could not be kept in a file either; what is left of it lies in {self._spool}"

    def unread(self) -> list[Answer]:
        """Every answer that is not marked as read."""
        return [one for key in texts(self._book.rows.get(UNREAD)) for one in self._book.of(Answer, key)]

    def mark_read(self, request_key: str) -> None:
        """Its answers are no longer news."""
        if request_key in texts(self._book.rows.get(UNREAD)):
            with self._book.rows.transaction():
                now = [key for key in texts(self._book.rows.get(UNREAD)) if key != request_key]
                self._book.rows.put(UNREAD, now)

    def take_in_rescued(self) -> None:
        """Keep what rescue files hold, and delete those that are kept."""
        for path in sorted(self._rescue.glob(f"*{records.SUFFIX}")):
            shard = records.read(self._bytes(path), str(path))
            for problem in shard.problems:
                self._book.tell(problem)
            for record in shard.records.values():
                if isinstance(record, Answer):
                    self.keep(record)
            if shard.records and not shard.problems:
                path.unlink(missing_ok=True)

    def orphans(self) -> list[Orphan]:
        """Requests of processes that are gone, each with the text that had arrived."""
        files = list(self._spool.glob("*.txt"))
        rows = self._rows()
        for path in files:
            if path.stem not in rows:  # a row goes before its file: this one is settled
                path.unlink(missing_ok=True)
        return [self._with_text(row) for row in rows.values() if row.is_gone]

    def settle(self, orphan: Orphan) -> None:
        """Keep what had arrived, if anything, and forget the row."""
        with self._book.rows.transaction():
            if orphan.answer.text:
                self.keep(orphan.answer)
            self._forget([orphan.id])

    def _left(self, row_id: str, error: BaseException | None) -> None:
        """The caller of `send` is done. Unless an answer was kept, what had arrived is, or the row stays for later."""
        row = self._rows().get(row_id)
        if row is None:
            return
        if error is None:
            self._end(row, "left without an answer")
            return
        with suppress(StoreError):  # `error` is being raised, and says more
            if isinstance(error, S2cError):  # the endpoint is known to be done
                self._end(row, error.what)
            else:
                self._change(lambda rows: rows | {row_id: spool.pending_to_json(replace(row, pid=0))})

    def _end(self, row: Orphan, why: str) -> None:
        orphan = self._with_text(row)
        self.settle(replace(orphan, answer=replace(orphan.answer, finish=f"{BROKEN}{why}")))

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            self._book.tell(f"{path}: a rescued answer can't be read: {error.strerror}")
            return b""

    def _with_text(self, row: Orphan) -> Orphan:
        return replace(row, answer=replace(row.answer, text=spool.read_text(spool.text_file(self._spool, row.id))))

    def _rows(self) -> dict[str, Orphan]:
        found = {}
        rows = self._book.rows.get(PENDING)
        for one, data in rows.items() if isinstance(rows, Mapping) else ():
            try:
                row = spool.pending_from_json(data)
            except DamagedError as error:
                self._book.tell(f"a pending request is ignored: {error}")
                continue
            found[one] = replace(row, id=one)
        return found

    def _forget(self, gone: list[str]) -> None:
        if gone:
            self._change(lambda rows: {one: row for one, row in rows.items() if one not in gone})
        for one in gone:
            spool.text_file(self._spool, one).unlink(missing_ok=True)

    def _change(self, change: Callable[[dict[str, Json]], dict[str, Json]]) -> None:
        with self._book.rows.transaction():
            rows = self._book.rows.get(PENDING)
            self._book.rows.put(PENDING, change(dict(rows) if isinstance(rows, Mapping) else {}))
