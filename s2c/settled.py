"""What a run left up to date, and by which marks of the file system: groups of files that need not be read again.

Law: it is a hint that spares reading, never a ground for `verified`. A group is left out only if nothing that counts
for any file of it has changed since a run of this machine found all of it up to date: each file's size, times and
inode, settings, rules, verifier, doit's records. The note is signed like a verdict: nobody else can have written it.

Marks are taken only of files that were read again and held what they must, and that were not written in the last
moments: a later write can't leave the same marks (git does the same for its index).
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from s2c.digest import digest_bytes
from s2c.store.files import write_atomic

VERSION = "settled.3"
FILE = "settled"
MOMENT = 20_000_000  # nanoseconds: file systems give the same time to writes that lie a tick apart

Stamp = tuple[int, int, int, int]
"""Size, time of content, time of the inode (ns), inode."""
Sign = Callable[[bytes], str]
"""This machine's signature of a text."""


@dataclass(frozen=True)
class Entry:
    """One file: its group, what was up to date of the whole group, the marks of what counts, its row in the summary."""

    group: str
    generated: bool
    verified: bool
    stamps: Mapping[str, Stamp]  # path from the root -> its marks
    row: str  # JSON
    owes: str = ""  # its obligation: what comes to stand for that stands for it too


@dataclass(frozen=True)
class Settled:
    """Every file of the project as the last run left it. `head`: what counts for all of them at once.

    `lines`: path -> its group and its entry as text: a run that names one file reads that one, of thousands.
    """

    head: str
    lines: Mapping[str, tuple[str, str]] = field(repr=False)

    @classmethod
    def of(cls, head: str, entries: Mapping[str, Entry]) -> Self:
        """From what a run found."""
        return cls(head, {path: (one.group, _text(one)) for path, one in entries.items()})

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """All of them, read. Raises ValueError, TypeError where one is not as it was written."""
        return {path: self.entry(path) for path in self.lines}

    def entry(self, path: str) -> Entry:
        """One of them, read. Raises as above."""
        group, text = self.lines[path]
        return _entry(group, json.loads(text))

    def changed(self, root: Path, *, verified: bool, apart: bool) -> frozenset[str]:
        """The files of every group that is not up to date, or not known to be; all if groups can't be read `apart`."""
        base = os.fspath(root)
        groups = {one.group for one in self.entries.values() if not _holds(one, base, verified=verified)}
        owed = {one.owes for one in self.entries.values() if one.group in groups and one.owes}
        groups |= {one.group for one in self.entries.values() if one.owes in owed}
        if groups and not apart:
            return frozenset(self.lines)
        return frozenset(path for path, (group, _) in self.lines.items() if group in groups)

    def groups_of(self, paths: Collection[str]) -> frozenset[str]:
        """All files of the groups of these paths."""
        groups = {self.lines[path][0] for path in paths if path in self.lines}
        return frozenset(path for path, (group, _) in self.lines.items() if group in groups)


def stamp(path: str) -> Stamp | None:
    """The marks of a file; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every file of a project; a Path costs more than the call
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def marked(root: Path, contents: Mapping[str, str | None]) -> dict[str, Stamp] | None:
    """The marks of these files if each holds what has this digest (None: anything) and is not too young to tell."""
    found = {}
    for path, content in contents.items():
        place = os.fspath(root / path)
        before = stamp(place)
        if before is None or (content is not None and digest_bytes(Path(place).read_bytes()) != content):
            return None
        if stamp(place) != before or time.time_ns() - max(before[1], before[2]) < MOMENT:
            return None
        found[path] = before
    return found


def read(folder: Path, sign: Sign) -> Settled | None:
    """What the last run left in this folder; None if there is nothing, or nothing that this machine signed."""
    text = signed(folder / FILE, sign)
    if text is None:
        return None
    head, *lines = text.split("\n")
    parts = (line.split("\t", 2) for line in lines)
    return Settled(head, {path: (group, one) for path, group, one in parts})


def write(folder: Path, sign: Sign, settled: Settled) -> None:
    """Leave it in this folder: the head, then a line for each file. Raises OSError.

    Where a path has a tab or a line break there is none: such a project is read in every run.
    """
    names = "".join(settled.lines)
    if "\t" in names or "\n" in names:
        (folder / FILE).unlink(missing_ok=True)
        return
    lines = (f"{path}\t{group}\t{one}" for path, (group, one) in settled.lines.items())
    write_signed(folder / FILE, sign, "\n".join((settled.head, *lines)))


def signed(path: Path, sign: Sign) -> str | None:
    """The text of a note, if this machine signed it; None if not, or if there is none."""
    try:
        mark, _, text = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return text.decode("utf-8", "surrogateescape") if hmac.compare_digest(mark, sign(text).encode()) else None


def write_signed(path: Path, sign: Sign, text: str) -> None:
    """Write a note: its signature, then the text. Raises OSError."""
    content = text.encode("utf-8", "surrogateescape")
    write_atomic(path, sign(content).encode() + b"\n" + content)


def head(parts: Iterable[str]) -> str:
    """One mark for all that counts for every file."""
    return hashlib.blake2b("\0".join((VERSION, *parts)).encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def _holds(entry: Entry, root: str, *, verified: bool) -> bool:
    known = entry.generated and (entry.verified or not verified)
    return known and all(stamp(f"{root}/{path}") == was for path, was in entry.stamps.items())


def _text(one: Entry) -> str:
    told = [one.generated, one.verified, dict(one.stamps), one.row, one.owes]
    return json.dumps(told, separators=(",", ":"))


def _entry(group: str, told: list[object]) -> Entry:
    generated, verified, stamps, row, owes = told
    if not isinstance(stamps, dict):
        raise TypeError(stamps)
    marks = {str(path): tuple(was) for path, was in stamps.items()}
    return Entry(group, generated is True, verified is True, marks, str(row), str(owes))
