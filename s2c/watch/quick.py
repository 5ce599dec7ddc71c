"""What can be said of a file the moment that it is saved: that it does not parse, or which holes it has.

Law: one file is read and parsed, nothing else; whether its imports are there and what proves it, the build says.
"""

from collections.abc import Iterator
from pathlib import Path

from s2c.errors import S2cError
from s2c.graph import position
from s2c.languages.known import suffixes
from s2c.model import Spec
from s2c.spec import language_of

SHOWN = 8  # holes; a file rarely has more


def told(root: Path, path: str) -> Iterator[str]:
    """The lines about a file that was saved. Diagnostics are `file:line:col: severity: message`."""
    if not path.endswith(tuple(suffixes())):
        yield f"{path}: settings are read anew"
        return
    try:
        source = (root / path).read_bytes()
    except OSError:
        yield f"{path}: gone"
        return
    spoken = language_of(path)
    try:
        spec = Spec(path, spoken.name, source, spoken.parse(source))
    except S2cError as error:
        yield f"{path}:1:1: error: {error.what}"
        return
    problems = [f"{path}:{one.line}:{one.column}: error: {one.message}" for one in spec.outline.problems]
    yield from problems or [f"{path}: {_holes(spec)}"]


def first_hole(root: Path, path: str) -> tuple[int, int]:
    """Line and column of a file's first hole; where it begins, if it has none or can't be read."""
    try:
        source = (root / path).read_bytes()
        holes = language_of(path).parse(source).holes
    except (OSError, S2cError):
        return 1, 1
    return position(source, min(hole.span.start for hole in holes)) if holes else (1, 1)


def _holes(spec: Spec) -> str:
    holes = spec.outline.holes
    named = [f"{hole.id} {hole.kind}" + (f" of {hole.owner}" if hole.owner else "") for hole in holes]
    more = f", and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    count = f"{len(holes)} hole" + ("" if len(holes) == 1 else "s")
    return f"{count}: {', '.join(named[:SHOWN])}{more}" if holes else "no holes: it is only checked"
