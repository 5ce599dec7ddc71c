"""Answers, implementations and attempts in one database, verdicts and other findings of this machine in another.

Law: what was paid for is durable before anyone reads it. Nothing of it is ever overwritten, or taken out unless a
person asks for exactly that (care.py). What is read comes back as it was written or not at all. Verdicts are signed
with a secret that lies outside the project: rows of anyone else are as good as absent. No header and no key of an
endpoint ever comes here.
"""

import hashlib
import hmac
import threading
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

from s2c.codec import Supersede, identity
from s2c.digest import Json
from s2c.errors import StoreError
from s2c.model import Answer, Attempt, Implementation, Request
from s2c.store import exchange, mend
from s2c.store.book import Book
from s2c.store.care import Care
from s2c.store.outgoing import Outgoing
from s2c.store.rows import Rows
from s2c.store.spool import BROKEN, Orphan, Spool
from s2c.store.standing import heads, standing


class Store:
    """The store in `folder` (a project's cache folder). Opened when it is first used; safe in any thread and process.

    `read_only`: implementations, attempts and answers are only read; what a run would add is left out, and asking is an
    error. Records can be imported and verdicts written all the same.
    """

    def __init__(self, folder: Path, *, secret: bytes, read_only: bool = False, wait: float = 60.0) -> None:
        if not secret:
            raise StoreError("verdicts can't be signed without a secret", where=str(folder))
        self.folder = folder
        self._secret = secret
        self.read_only = read_only
        self.asked: set[str] = set()  # rows of verdicts and findings that were asked for
        self.problems: list[str] = []  # damaged rows and lines, for a person; each once
        self._lock = threading.Lock()
        self._paid = Rows(folder / "db" / "store", self._tell, wait=wait)
        self._found = Rows(folder / "db" / "verdicts", self._tell, secret=secret, wait=wait)
        self._book = Book(self._paid, self._tell)
        self._outgoing = Outgoing(self._book, folder / "db")

    @classmethod
    def open(cls, folder: Path, *, secret: bytes, read_only: bool = False) -> Self:
        """The store in this folder; nothing is touched yet."""
        return cls(folder, secret=secret, read_only=read_only)

    def close(self) -> None:
        """Close this thread's connections."""
        self._paid.close()
        self._found.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def sign(self, text: bytes) -> str:
        """This machine's signature of a text that is kept elsewhere: nobody without the secret can make it."""
        return hmac.new(self._secret, b"s2c note\n" + text, hashlib.sha256).hexdigest()

    @property
    def care(self) -> Care:
        """What a person does to it by hand."""
        return Care(self._book, self._paid, self._found)

    @property
    def is_damaged(self) -> bool:
        """Whether one of its databases was found damaged."""
        return any(mend.is_damaged(rows.folder) for rows in (self._paid, self._found))

    def mend(self) -> None:
        """Put damaged databases right; what came of it is in `problems`. Call it with the project's lock held."""
        self._paid.forget()
        self._found.forget()
        for rows, secret in ((self._paid, b""), (self._found, self._secret)):
            try:
                told = mend.mend(rows.folder, secret)
            except OSError as error:
                raise StoreError(f"it is damaged, and can't be put right: {error}", where=str(rows.folder)) from None
            if told:
                self._tell(told)

    # --- answers ------------------------------------------------------------------------------------------------

    def spool(self, request: Request, reserved: str = "") -> Spool:
        """Note that a request goes out, durably, and take its text: `with store.spool(request) as spool: ...`."""
        if self.read_only:
            raise StoreError("nothing can be asked for while the store is read-only", where=str(self.folder))
        return self._outgoing.send(request, reserved)

    def put_answer(self, answer: Answer) -> None:
        """Keep one answer, unread, before anyone parses it; whole or cut off. Durable when it returns.

        If the database can't take it, it goes to a rescue file: the StoreError names it, and `unread_answers` of a
        later run finds it.
        """
        try:
            self._outgoing.keep(answer)  # also if it is read-only: this is paid for
        except StoreError as error:
            fix = "; ".join(part for part in (self._outgoing.rescue(answer), error.fix) if part)
            raise StoreError(error.what, where=error.where, fix=fix) from None

    def answer(self, request_key: str) -> Answer | None:
        """The last answer to exactly this request that the endpoint itself ended; its messages are not kept."""
        whole = [one for one in self._book.of(Answer, request_key) if not one.finish.startswith(BROKEN)]
        return whole[-1] if whole else None

    def answers(self, request_key: str) -> tuple[Answer, ...]:
        """Everything that came for exactly this request, cut off or whole: all of it was paid for."""
        return tuple(self._book.of(Answer, request_key))

    def unread_answers(self) -> tuple[Answer, ...]:
        """Answers, whole or cut off, that no run has marked as read; those in rescue files among them."""
        if not self.read_only:
            self._outgoing.take_in_rescued()
        return tuple(self._outgoing.unread())

    def mark_read(self, request_key: str) -> None:
        """What its answers brought is judged and recorded: they are no longer news."""
        if not self.read_only:
            self._outgoing.mark_read(request_key)

    def orphans(self) -> tuple[Orphan, ...]:
        """Requests of processes that are gone, with the text that had arrived. Call it with the project's lock held."""
        return tuple(self._outgoing.orphans())

    def settle_orphan(self, orphan: Orphan) -> None:
        """Keep what had arrived as a broken answer, unread, and forget that the request is out."""
        if not self.read_only:
            self._outgoing.settle(orphan)

    # --- implementations and attempts ---------------------------------------------------------------------------

    def add_implementation(self, made: Implementation, shape: str = "", others: Iterable[str] = ()) -> None:
        """Keep it, once for the same fills, and as the newest of its path, and of its shape if it has one.

        `others`: the paths of the other files of its cycle.
        """
        if self.read_only:
            return
        with self._paid.transaction():
            self._book.add([made])
            for row in (*([f"shape {shape}"] if shape else []), *(f"path {path}" for path in others)):
                self._book.see(row, made)

    def implementations(self, obligation: str) -> tuple[Implementation, ...]:
        """All of this obligation, the one that stands first: a person's, the newest superseding, the lowest digest."""
        made = self._book.of(Implementation, obligation)
        return standing(made, self._book.of(Supersede, obligation)) if len(made) > 1 else tuple(made)

    def supersede(self, made: Implementation) -> None:
        """From now on this one stands before others of its obligation, except a person's."""
        if self.read_only:
            return
        with self._paid.transaction():
            newest, fills = heads(self._book.of(Supersede, made.obligation)), identity(made)
            if {one.fills for one in newest} != {fills}:
                over = tuple(identity(one) for one in newest)
                self._book.add([Supersede(made.obligation, fills, over)])

    def changes(self) -> tuple[int, int]:
        """How often what stands for some obligation may have changed, ever, and by this process."""
        return self._book.count, self._book.made

    def latest_for_path(self, path: str) -> tuple[Implementation, ...]:
        """Implementations once made for a file at this path, under any obligation, newest first, a few."""
        return tuple(self._book.latest(f"path {path}"))

    def latest_of_shape(self, shape: str) -> tuple[Implementation, ...]:
        """Implementations once made here for files of this shape, under any obligation, newest first, a few."""
        return tuple(self._book.latest(f"shape {shape}"))

    def add_attempt(self, attempt: Attempt) -> None:
        """Keep one attempt."""
        if not self.read_only:
            self._book.add([attempt])

    def attempts(self, obligation: str) -> tuple[Attempt, ...]:
        """All attempts at this obligation: by asking key as these came, then by number."""
        made = self._book.of(Attempt, obligation)
        place = {asking: rank for rank, asking in enumerate(dict.fromkeys(one.asking for one in made))}
        return tuple(sorted(made, key=lambda one: (place[one.asking], one.number)))

    # --- what this machine found out ----------------------------------------------------------------------------

    def verdict(self, key: str) -> Mapping[str, Json] | None:
        """What was put under this verdict key on this machine."""
        self.asked.add(f"verdict {key}")
        found = self._found.get(f"verdict {key}")
        return found if isinstance(found, Mapping) else None

    def put_verdict(self, key: str, payload: Mapping[str, Json]) -> None:
        """Keep a verdict. Only the judge has one to keep."""
        self._found.put(f"verdict {key}", payload)

    def analysis(self, key: str) -> Json:
        """A finding that can be made again at any time (a tool's version, a file's hash); None if there is none."""
        self.asked.add(f"analysis {key}")
        return self._found.get(f"analysis {key}")

    def put_analysis(self, key: str, value: Json) -> None:
        """Keep a finding. It is signed as verdicts are, since keys are made of findings."""
        self._found.put(f"analysis {key}", value)

    def put_analyses(self, found: Mapping[str, Json]) -> None:
        """Keep many findings in one go: one wait for the disk."""
        with self._found.transaction() if found else nullcontext():
            for key, value in found.items():
                self.put_analysis(key, value)

    # --- records ------------------------------------------------------------------------------------------------

    def export_records(self, folder: Path | None = None, *, everything: bool = False) -> int:
        """Write what is new since the last export, or everything, as text; how many files changed. Never verdicts."""
        if self.read_only:
            return 0
        return exchange.export(self._book, folder or self.records_folder, everything=everything)

    def import_records(self, folder: Path | None = None) -> int:
        """Read the files that are not known yet; how many records were new. What can't be read is in `problems`."""
        mark = folder is not None and folder != self.records_folder
        return exchange.take_in(self._book, folder or self.records_folder, mark=mark)

    @property
    def records_folder(self) -> Path:
        """Where this project's own records lie."""
        return self.folder / "records"

    def _tell(self, problem: str) -> None:
        with self._lock:
            if problem not in self.problems:
                self.problems.append(problem)
