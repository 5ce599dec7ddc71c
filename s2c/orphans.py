"""Files in build/ whose spec is gone.

Law: a file is an orphan only if its name is one that s2c gives, for a source that is neither a spec of the project nor
there at all. What a person may have written (its content is not what was recorded, or it was set aside as edited) is
known as such. Links, and whatever else lies in build/, are no concern of ours.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from s2c.digest import digest_bytes
from s2c.errors import StoreError
from s2c.languages.known import suffixes
from s2c.outputs import FAILED, STALE, VERDICTS
from s2c.project import Built
from s2c.settings import Config

_EDITED = re.compile(r"(?P<path>.+)\.edited(-[0-9]+)?")


@dataclass(frozen=True)
class Orphan:
    """A file of the build folder, the source that it was made for, and why it may be a person's; "" if it is not."""

    place: Path
    path: str
    edited: str


def find(config: Config, specs: Collection[str], recorded: Mapping[str, Built]) -> list[Orphan]:
    """Every orphan in the build folder, sorted. `recorded`: what doit recorded, by path."""
    found = []
    for place in sorted(_files(config.build_folder)):
        named = _source(place.relative_to(config.build_folder))
        if named is None:
            continue
        kind, path = named
        if path not in specs and not os.path.lexists(config.root / path):
            found.append(Orphan(place, path, _edited(kind, place, recorded.get(path))))
    return found


def _files(folder: Path) -> Iterator[Path]:
    for base, _, names in os.walk(folder):
        yield from (
            place for place in (Path(base, name) for name in names) if place.is_file() and not place.is_symlink()
        )


def _source(place: Path) -> tuple[str, str] | None:
    """The kind of a file of the build folder, and the source that it is for; None if it is none of ours."""
    parts = PurePosixPath(place.as_posix()).parts
    inside = parts[0] if parts[0] in {STALE, FAILED, VERDICTS} else ""
    path = "/".join(parts[1:] if inside else parts)
    ending = {VERDICTS: ".json", FAILED: ".txt"}.get(inside, "")
    edit = None if inside else _EDITED.fullmatch(path)
    if edit is not None:
        return ("edited", edit["path"]) if _is_source(edit["path"]) else None
    if ending and path.endswith(ending) and _is_source(path.removesuffix(ending)):
        return inside, path.removesuffix(ending)
    return (inside, path) if inside != VERDICTS and _is_source(path) else None


def _is_source(path: str) -> bool:
    return path.endswith(tuple(suffixes())) and not path.rpartition("/")[2].startswith(".")


def _edited(kind: str, place: Path, built: Built | None) -> str:
    """Why a file may be a person's."""
    if kind == "edited":
        return "an edit by hand that was set aside"
    if kind in {VERDICTS, FAILED}:
        return ""
    if built is None:
        return "it is not known what was written there"
    try:
        content = place.read_bytes()
    except OSError as error:
        raise StoreError(f"it can't be read: {error.strerror}", where=str(place)) from None
    return "" if digest_bytes(content) == built.target else "it is not what was written there"
