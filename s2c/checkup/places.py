"""The folders that a run writes to: whether it can, how much room there is, and on what they lie.

Law: what a run needs is tried, not guessed from permissions; a file made for that is gone when the check ends.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from s2c.checkup.finding import Finding, fail, ok, warn
from s2c.settings import Config

MOUNTS = Path("/proc/mounts")
NETWORK = re.compile(r"nfs\d*|cifs|smb\d*|smbfs|lustre|ceph|gpfs|beegfs|afs|glusterfs|fuse\.(sshfs|glusterfs|s3fs)")
LEAST = 1 << 30  # bytes: a run's scratch folder alone may take twice that
CASED = ".s2c-Case-"


def check(config: Config) -> Iterator[Finding]:
    """The folders of a project that are written, and the one for temporary files."""
    for name, folder in (("build folder", config.build_folder), ("cache folder", config.cache_folder)):
        yield from _folder(name, folder, database=name == "cache folder")
    yield from _folder("temporary folder", Path(tempfile.gettempdir()), database=False)


def kind(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, by the text of /proc/mounts; "" if that does not tell."""
    best, found = -1, ""
    for line in mounts.splitlines():
        words = line.split()
        if len(words) > 2:  # noqa: PLR2004 - device, place, type
            place = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), words[1])
            if path.is_relative_to(place) and len(place) >= best:  # a later mount hides an earlier one
                best, found = len(place), words[2]
    return found


def system(what: str, place: Path, type_of: str, *, database: bool) -> Iterator[Finding]:
    """What is wrong with a file system of this type."""
    if NETWORK.fullmatch(type_of):
        danger = "SQLite's locks do not hold there, so the store may be damaged" if database else "it is slow there"
        fix = "set `cache` and `build` in a checkout on a local disk"
        yield warn(what, f"{place} lies on a network file system ({type_of}): {danger}", fix)


def case(what: str, place: Path, *, same: bool) -> Iterator[Finding]:
    """Whether two specs could become one file there."""
    if same:
        fix = "give no two specs names that differ only in case"
        yield warn(what, f"{place} takes upper and lower case in names for the same", fix)


def room(what: str, place: Path, free: int) -> Iterator[Finding]:
    """Whether so many free bytes are few."""
    if free < LEAST:
        fix = "free some: a paid answer that can't be stored goes to a rescue file, if there is room for that"
        yield warn(what, f"only {free / 1e6:.0f} MB are free at {place}", fix)


def _folder(what: str, folder: Path, *, database: bool) -> Iterator[Finding]:
    place = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if not place.is_dir():
        yield fail(what, f"{place} is not a folder", "move it away, or set another name for the folder")
        return
    try:
        cased = _ignores_case(place)
    except OSError as error:
        yield fail(what, f"{place} can't be written: {error.strerror}", "make it writable for you")
        return
    yield from _remarks(what, place.resolve(), cased=cased, database=database)
    there = "" if place == folder else f" (to be made in {place})"
    yield ok(what, f"{folder} can be written{there}")


def _remarks(what: str, place: Path, *, cased: bool, database: bool) -> Iterator[Finding]:
    if not database:
        yield from case(what, place, same=cased)
    mounts = MOUNTS.read_text(encoding="utf-8", errors="replace") if MOUNTS.exists() else ""
    yield from system(what, place, kind(place, mounts), database=database)
    yield from room(what, place, shutil.disk_usage(place).free)


def _ignores_case(folder: Path) -> bool:
    """Whether names there differ by more than case. Raises OSError where nothing can be written."""
    with tempfile.NamedTemporaryFile(prefix=CASED, dir=folder) as file:
        name = Path(file.name)
        return name.with_name(name.name.swapcase()).exists()
