"""The note of a run that had nothing to do: what it said, and the marks under which the next one may say the same.

Law: it is a copy of an answer, never a ground for one. It is made of the marks of `settled` after a run in which every
file stood in them, and counts only while each of them, and what the run wrote for programs, is as it was. It is signed
like them. What it spares is reading thousands of rows to write them again.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from s2c.settled import Sign, Stamp, signed, stamp, write_signed

VERSION = "idle.1"
FILE = "idle"


@dataclass(frozen=True)
class Idle:
    """`head`: what counts for all files at once, with how the run was called; `text`: its last lines on the console.

    `files`: how many it counted; `marks`: the digest of the marks of all paths in `paths` (from the root), in order.
    """

    head: str
    text: str
    files: int
    marks: str
    paths: tuple[str, ...]


def read(folder: Path, sign: Sign) -> Idle | None:
    """What the last idle run left in this folder; None if there is nothing, or nothing that this machine signed."""
    text = signed(folder / FILE, sign)
    told, _, paths = (text or "").partition("\n")
    with suppress(ValueError, TypeError):  # an older s2c may have written it
        return Idle(**json.loads(told), paths=tuple(paths.split("\n")))
    return None


def holds(idle: Idle, root: Path) -> bool:
    """Whether every file has the marks that it had."""
    base = os.fspath(root)
    return digest((path, stamp(f"{base}/{path}")) for path in idle.paths) == idle.marks


def write(folder: Path, sign: Sign, idle: Idle) -> None:
    """Leave the note in this folder; none where a path has a line break. Raises OSError."""
    if any("\n" in path for path in idle.paths):
        return
    told = {name: value for name, value in vars(idle).items() if name != "paths"}
    write_signed(folder / FILE, sign, "\n".join((json.dumps(told), *idle.paths)))


def digest(marks: Iterable[tuple[str, Stamp | None]]) -> str:
    """One digest for paths with their marks, in this order."""
    return hashlib.blake2b(b"".join(_lines(marks)), digest_size=20).hexdigest()


def _lines(marks: Iterable[tuple[str, Stamp | None]]) -> Iterator[bytes]:
    yield VERSION.encode()
    for path, one in marks:
        yield f"{path}\0{one}\n".encode("utf-8", "surrogateescape")
