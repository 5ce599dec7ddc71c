"""One message of Verus, in whichever form it came, and where it points in the files of a job.

Law: a diagnostic names a file of the job by its relative path, with line and column 1-based in characters, and shows
the line that it speaks of; a place outside the job's files keeps what the tool said.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from s2c.model import Diagnostic

SEVERITIES = {"warning": "warning", "note": "info", "help": "info", "failure-note": "info"}  # all others are errors


@dataclass(frozen=True)
class Place:
    """A place that a message names; `label` is what it says there, `text` the source line as shown."""

    path: str
    line: int
    column: int
    label: str = ""
    primary: bool = False
    text: str = ""

    def showing(self, text: str) -> "Place":
        """The same with its source line."""
        return replace(self, text=text)

    def saying(self, label: str) -> "Place":
        """The same with its label."""
        return replace(self, label=label)


@dataclass(frozen=True)
class Said:
    """One message. `level` is rustc's word, `code` its number (`E0308`) or "", `hints` what it adds without a place."""

    level: str
    message: str
    code: str = ""
    places: tuple[Place, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether it stands against a pass."""
        return self.level not in SEVERITIES

    @property
    def primary(self) -> Place | None:
        """The place that it is about."""
        return next((one for one in self.places if one.primary), None)


def diagnostics(files: Mapping[str, bytes], said: Iterable[Said]) -> tuple[Diagnostic, ...]:
    """Each message once, in the order told, with its labels and further places; lints and placeless notes are not."""
    return tuple(dict.fromkeys(_diagnostic(files, one) for one in said if _worth(one)))


def _worth(said: Said) -> bool:
    lint = said.level == "warning" and said.code and not said.code.startswith("E")  # `dead_code` says nothing of proofs
    return said.is_error or (bool(said.places) and not lint)


def _diagnostic(files: Mapping[str, bytes], said: Said) -> Diagnostic:
    place = said.primary or Place("", 1, 1)
    code = f"[{said.code}] " if said.code else ""
    parts = [code + _plain(said.message)]
    label = _plain(place.label)
    if label and label not in parts[0]:
        parts[0] += f": {label}"
    for other in said.places:
        if other is not place:
            line = _line(files, other).strip()
            where = f"{_known(files, other.path)}:{other.line}:{other.column}" if other.path else ""
            parts.append(f"[{': '.join(word for word in (where, _plain(other.label), line) if word)}]")
    parts += [f"({_plain(hint)})" for hint in said.hints]
    severity = SEVERITIES.get(said.level, "error")
    path = _known(files, place.path)
    return Diagnostic(path, place.line, place.column, severity, " ".join(parts), _line(files, place))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _line(files: Mapping[str, bytes], place: Place) -> str:
    """The source line of a place: the job's own, else what the message shows."""
    source = files.get(_known(files, place.path))
    lines = [] if source is None else source.split(b"\n")
    if 0 < place.line <= len(lines):
        return lines[place.line - 1].decode("utf-8", "replace").rstrip("\r")
    return place.text


def _known(files: Mapping[str, bytes], told: str) -> str:
    """The job's name for a path: itself, or the longest name that it ends in."""
    path = posixpath.normpath(told) if told else ""
    return max((name for name in files if path == name or path.endswith("/" + name)), key=len, default=path)
