"""build/: what lies where, written whole or not at all.

Law: nothing is written outside the build folder, whatever a path says and wherever a link points; and what a person may
have written is copied or moved before it is replaced. A file that holds the right bytes already is not touched.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path, PurePosixPath

from s2c.errors import StoreError
from s2c.store.files import write_atomic

STALE = ".stale"  # the last implementation of a spec that has none today
FAILED = ".failed"  # the last attempt at a spec, and beside it what the verifier said
VERDICTS = ".verdict"
_OWN = (STALE, FAILED, VERDICTS)


class Outputs:
    """The build folder of a project. Paths are those of the sources: relative to `root`, with forward slashes."""

    def __init__(self, root: Path, build: Path) -> None:
        self._root = root
        self._build = build

    def read(self, path: str) -> bytes | None:
        """The bytes of build/PATH; None if there is no such file, or none that belongs into build/."""
        if not _is_below(path):
            return None
        try:
            return (self._build / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise self._error("can't be read", self._build / path, error) from None

    def write(self, path: str, content: bytes) -> bool:
        """Make build/PATH hold these bytes; false if it did already."""
        return self._write(self._place("", path), content)

    def retire(self, path: str) -> bool:
        """Move build/PATH to build/.stale/PATH, and end its verdict; false if there is nothing to move."""
        source, target = self._place("", path), self._place(STALE, path)
        self._delete(self.verdict_file(path), VERDICTS)
        with self._told("can't be moved", source):
            if not source.is_file():
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
            return True

    def write_failed(self, path: str, content: bytes, report: str) -> None:
        """Keep the last attempt as build/.failed/PATH, and as PATH.txt beside it what was wrong with it."""
        self._write(self._place(FAILED, path), content)
        text = report if report.endswith("\n") or not report else f"{report}\n"
        self._write(self._place(FAILED, path, ".txt"), text.encode("utf-8", "replace"))

    def failed_file(self, path: str) -> Path:
        """Where `write_failed` keeps what was wrong with the last attempt."""
        return self._place(FAILED, path, ".txt")

    def clear_failed(self, path: str) -> None:
        """Take away what `write_failed` left, now that there is an implementation."""
        for place in (self._place(FAILED, path), self._place(FAILED, path, ".txt")):
            self._delete(place, FAILED)

    def read_failed(self, path: str) -> str | None:
        """What was wrong with the last attempt, as `write_failed` left it; None if there is nothing."""
        content = self._read_own(FAILED, path, ".txt")
        return None if content is None else content.decode("utf-8", "replace")

    def keep_edited(self, path: str) -> Path:
        """Copy build/PATH, which a person edited, to build/PATH.edited, or where that is taken to PATH.edited-2, ..."""
        content = self.read(path) or b""
        names = (f"{path}.edited{'' if number == 1 else f'-{number}'}" for number in count(1))
        place = self._place("", next(name for name in names if self.read(name) in {None, content}))
        self._write(place, content, durable=True)
        return place

    def remove(self, place: Path) -> None:
        """Delete a file of the build folder, and folders that are empty then."""
        self._delete(place, "")

    def verdict_file(self, path: str) -> Path:
        """Where `verify:PATH` leaves its verdict: build/.verdict/PATH.json."""
        return self._place(VERDICTS, path, ".json")

    def write_verdict(self, path: str, content: bytes) -> bool:
        """Make the verdict file hold these bytes; false if it did already."""
        return self._write(self.verdict_file(path), content)

    def read_verdict(self, path: str) -> bytes | None:
        """What the verdict file of build/PATH holds; None if there is none."""
        return self._read_own(VERDICTS, path, ".json")

    def _read_own(self, folder: str, path: str, suffix: str) -> bytes | None:
        if not _is_below(path):
            return None
        place = self._place(folder, path, suffix)
        with self._told("can't be read", place):
            return place.read_bytes() if place.is_file() else None

    def _place(self, folder: str, path: str, suffix: str = "") -> Path:
        """Where a file of `folder` lies. Raises StoreError if that is outside the build folder."""
        place = self._build / folder / f"{path}{suffix}"
        if not _is_below(path):
            raise StoreError("this path does not lead into the build folder", where=path, fix="rename the spec")
        if not _real(place.parent).is_relative_to(_real(self._build)):
            raise StoreError(
                "a link leads out of the build folder",
                where=str(place.parent),
                fix="delete the link; build/ is made anew",
            )
        return place

    def _write(self, place: Path, content: bytes, *, durable: bool = False) -> bool:
        """Not durable by itself: what lies here is judged by its bytes, and restored from the store."""
        with self._told("can't be written", place):
            if place.is_file() and not place.is_symlink() and place.read_bytes() == content:
                return False
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(place, content, durable=durable)
            return True

    def _delete(self, place: Path, folder: str) -> None:
        with self._told("can't be deleted", place), suppress(FileNotFoundError, NotADirectoryError):
            place.unlink()
            self._prune(place.parent, self._build / folder)

    def _prune(self, folder: Path, top: Path) -> None:
        """Remove folders that are empty now, up to `top`."""
        with suppress(OSError):
            while folder != self._build and folder.is_relative_to(top):
                folder.rmdir()
                folder = folder.parent

    @contextmanager
    def _told(self, what: str, place: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(what, place, error) from None

    def _error(self, what: str, place: Path, error: OSError) -> StoreError:
        where = place.relative_to(self._root) if place.is_relative_to(self._root) else place
        return StoreError(f"this file of the build folder {what}: {error.strerror}", where=str(where))


def _is_below(path: str) -> bool:
    """Whether a path leads downward, and not into a folder of our own."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\0" not in path and parts[0] not in _OWN


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
