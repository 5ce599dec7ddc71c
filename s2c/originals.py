"""Sources as they were before they were adopted: kept in cache/adopted/, and put back on request.

Law: what a source was is on disk, and in the manifest, before the source is replaced; a kill in between leaves a source
whole, in one form or the other. It is put back only over exactly the bytes that were written, and only if what is kept
is exactly what it was. Nothing outside the root is written.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from s2c.digest import digest_bytes
from s2c.errors import SpecError, StoreError
from s2c.store.files import replace_kept, write_atomic

FOLDER = "adopted"
MANIFEST = "manifest.json"


class Change(Protocol):
    """A source as it is, and as it will be."""

    @property
    def path(self) -> str:
        """Where it lies, from the root."""

    @property
    def before(self) -> bytes:
        """What it holds."""

    @property
    def after(self) -> bytes:
        """What it will hold."""


@dataclass(frozen=True)
class Kept:
    """One source that was replaced: the digests of what it was and of what was written."""

    path: str
    before: str
    after: str


class Originals:
    """What was replaced in the project at `root`, kept below its `cache` folder. Call it with the lock held."""

    def __init__(self, root: Path, cache: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self.folder = cache / FOLDER

    def replace(self, changes: Sequence[Change]) -> None:
        """Make each source what it will be. Raises SpecError or StoreError: before the first, or for one of them."""
        places = {one.path: self._place(one.path, one.before) for one in changes}
        new = [Kept(one.path, digest_bytes(one.before), digest_bytes(one.after)) for one in changes]
        with self._told():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self.folder / ".gitignore", b"*\n")
            for one, kept in zip(changes, new, strict=True):
                write_atomic(self.folder / kept.before, one.before)
            self._keep([*(one for one in self.all() if one not in new), *new])
        for one in changes:
            self._write(places[one.path], one.before, one.after)

    def trouble(self, path: str) -> SpecError | None:
        """Why a source can't be put back as it was; None if it can."""
        kept = self._last(path)
        if kept is None:
            return SpecError("nothing of it is kept: it was not adopted here", where=path, fix="`git log` may know it")
        place = self.folder / kept.before
        if self._digest(place) != kept.before:
            return SpecError("what is kept of it is gone or damaged", where=str(place), fix="`git log` may know it")
        if self._digest(self._inside(path)) in {kept.before, kept.after}:
            return None
        fix = f"what it was lies in {place}: take from there by hand what you want back"
        return SpecError("it was edited, or deleted, since it was adopted, so it is left as it is", where=path, fix=fix)

    def put_back(self, path: str) -> None:
        """Put a source back for which there is no `trouble`. Raises SpecError or StoreError."""
        kept = self._last(path)
        if kept is None:
            return
        with self._told():
            was, place = (self.folder / kept.before).read_bytes(), self._inside(path)
            now = place.read_bytes()
            if digest_bytes(now) == kept.after:
                self._write(place, now, was)
            left = [one for one in self.all() if one != kept]
            self._keep(left)
            if kept.before not in {one.before for one in left}:
                (self.folder / kept.before).unlink()

    def paths(self) -> list[str]:
        """Every source of which something is kept, sorted."""
        return sorted({one.path for one in self.all()})

    def all(self) -> list[Kept]:
        """Everything that is kept, the newest last. Raises StoreError if the manifest can't be read."""
        place = self.folder / MANIFEST
        if not place.exists():
            return []
        try:
            return [
                Kept(str(one["path"]), str(one["before"]), str(one["after"])) for one in json.loads(place.read_bytes())
            ]
        except (OSError, ValueError, KeyError, TypeError):
            fix = "move it away; the sources themselves lie beside it, named by their digests"
            raise StoreError("the list of adopted sources can't be read", where=str(place), fix=fix) from None

    @staticmethod
    def _digest(place: Path) -> str:
        """The digest of a file's bytes; "" if they can't be read."""
        with suppress(OSError):
            return digest_bytes(place.read_bytes())
        return ""

    def _last(self, path: str) -> Kept | None:
        return next((one for one in reversed(self.all()) if one.path == path), None)

    def _keep(self, kept: Iterable[Kept]) -> None:
        text = json.dumps([asdict(one) for one in kept], indent=1) + "\n"
        write_atomic(self.folder / MANIFEST, text.encode())

    def _place(self, path: str, before: bytes) -> Path:
        """Where a source lies, links followed, if it holds what it must."""
        place = self._inside(path)
        with self._told():
            if place.read_bytes() != before:
                raise SpecError("it was edited just now, so it is left as it is", where=path, fix="run it again")
        return place

    def _inside(self, path: str) -> Path:
        place = Path(os.path.realpath(self._root / path))
        if not place.is_relative_to(self._root):
            fix = "adopt it in the project that it belongs to"
            raise SpecError("it lies outside this project, so it is not touched", where=path, fix=fix)
        return place

    def _write(self, place: Path, before: bytes, after: bytes) -> None:
        with self._told():
            if place.read_bytes() != before:  # the last look: an editor may have been faster
                raise SpecError("it was edited just now, so it is left as it is", where=str(place), fix="run it again")
            replace_kept(place, after)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            fix = "make it writable, or free disk space; what was done so far can be undone with `s2c adopt --undo`"
            raise StoreError(
                f"it can't be read or written: {error.strerror}", where=str(error.filename), fix=fix
            ) from None
