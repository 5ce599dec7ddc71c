"""`dfyconfig.toml`: which files a Dafny project has, and what it sets for them.

Law: read as Dafny 4.11.0 reads it (measured): a glob is relative to the file that it stands in, letter case does not
count, an exclude takes whole folders, `base` adds what the file itself does not say. What can't be read, or is not
honoured, is a note at its line.
"""

import functools
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from s2c.languages.dafny.options import judged
from s2c.model import Diagnostic

NAME = "dfyconfig.toml"
DEFAULT = "**/*.dfy"
LISTS = ("includes", "excludes")
KEYS = (*LISTS, "base", "options")
_PLACE = re.compile(r" ?\(at (?:line (\d+), column (\d+)|end of document)\)")
_BELOW = r"(?:(?!\.\./)[^/]+/)*"  # any folders below, none outside


@dataclass(frozen=True)
class Project:
    """One project file. Globs are from the root; `options` is name -> word for the command line."""

    path: str
    includes: tuple[str, ...]
    excludes: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()  # globs of files that its own files see as if they included them

    def contains(self, path: str) -> bool:
        """Whether a file is one of the project's own."""
        return bool(self._own.fullmatch(path)) and not self._not.fullmatch(path)

    def shows(self, path: str) -> bool:
        """Whether the project's own files see it without an include."""
        return self.contains(path) or bool(self._library.fullmatch(path))

    @functools.cached_property
    def _own(self) -> re.Pattern[str]:
        return _pattern(self.includes)

    @functools.cached_property
    def _not(self) -> re.Pattern[str]:
        return _pattern(self.excludes, "(?:/.*)?")

    @functools.cached_property
    def _library(self) -> re.Pattern[str]:
        return _pattern(self.libraries)


@dataclass(frozen=True)
class _File:
    """A project file as written. `table` is None where it is no TOML."""

    path: str
    text: str
    table: Mapping[str, object] | None
    trouble: str = ""
    place: tuple[int, int] = (1, 1)

    def globs(self, key: str) -> tuple[str, ...]:
        """The globs of a list, from the root."""
        value = self.table.get(key) if self.table is not None else None
        return tuple(_from_root(self.path, one) for one in _texts(value) or ())

    @property
    def options(self) -> Mapping[str, object]:
        """What it sets."""
        value = self.table.get("options") if self.table is not None else None
        return value if isinstance(value, dict) else {}

    @property
    def base(self) -> str:
        """The path of the file that it builds on, or ""."""
        value = self.table.get("base") if self.table is not None else None
        return _from_root(self.path, value) if isinstance(value, str) else ""

    def note(self, message: str, key: str = "") -> Diagnostic:
        """A note at the line of a key; without one, where the file could not be read."""
        line, column = _line(self.text, key) if key else self.place
        lines = self.text.split("\n")
        excerpt = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
        return Diagnostic(self.path, line, column, "warning", message, excerpt)


def read(path: str, manifests: Mapping[str, bytes], root: Path) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    """The project of one project file, None if it can't be read, and what there is to tell."""
    files = [_parse(path, manifests[path])]
    notes = list(_odd(files[0], root))
    while files[-1].table is not None and files[-1].base:
        last = files[-1]
        content = manifests[last.base] if last.base in manifests else _content(root / last.base)
        if content is None or any(one.path == last.base for one in files):
            why = "can't be read" if content is None else "leads back here"
            notes.append(last.note(f"`base` {why}: {last.base}; {path} is not used", "base"))
            return None, tuple(notes)
        files.append(_parse(last.base, content))
        notes += _odd(files[-1], root)
    if any(one.table is None for one in files):
        return None, tuple(notes)
    return _merged(files), tuple(notes)


def _merged(files: list[_File]) -> Project:
    """The first file, with what each `base` adds."""
    includes, excludes, options, libraries = _plain(files[-1])
    for file in reversed(files[:-1]):
        own = _plain(file)
        includes = (*own[0], *(one for one in includes if one not in own[1]))
        excludes = (*own[1], *(one for one in excludes if one not in includes))
        libraries = own[3] if "library" in file.options else libraries
        options = {**options, **own[2]}
    silent = not includes and files[0].table is not None and _texts(files[0].table.get("includes")) is None
    chosen = (_from_root(files[0].path, DEFAULT),) if silent else includes
    return Project(files[0].path, chosen, excludes, options, libraries)


def _plain(file: _File) -> tuple[tuple[str, ...], tuple[str, ...], Mapping[str, str], tuple[str, ...]]:
    libraries = tuple(glob for entry in _libraries(file) for glob in (entry, f"{entry.rstrip('/')}/**/*.dfy"))
    return file.globs("includes"), file.globs("excludes"), judged(file.options).words, libraries


# --- what there is to tell ----------------------------------------------------------------------------------------


def _odd(file: _File, root: Path) -> Iterator[Diagnostic]:
    """What of a file is not honoured, or can't be read."""
    if file.table is None:
        yield file.note(f"this is no TOML: {file.trouble}; this project file is not used")
        return
    for key, value in file.table.items():
        if key not in KEYS:
            yield file.note(f"Dafny project files have no {key!r}, only {', '.join(sorted(KEYS))}", key)
        elif key in LISTS and _texts(value) is None:
            yield file.note(f"{key!r} must be a list of texts", key)
        elif key == "base" and not isinstance(value, str):
            yield file.note("'base' must be a text", key)
        elif key == "options" and not isinstance(value, dict):
            yield file.note("'options' must be a table", key)
    for name, why in judged(file.options).refused.items():
        if name != "library":
            yield file.note(f"option {name!r} is not passed to Dafny: {why}", name)
    yield from _odd_libraries(file, root)


def _odd_libraries(file: _File, root: Path) -> Iterator[Diagnostic]:
    for entry in _libraries(file):
        if entry.startswith("../") or Path(entry).is_absolute():
            yield file.note(f"library {entry!r} lies outside the project: include the files that you need", "library")
        elif not (root / entry).exists():
            yield file.note(f"library {entry!r} does not exist", "library")
        elif not entry.endswith(".dfy") and not (root / entry).is_dir():
            yield file.note(f"library {entry!r} is not honoured: only .dfy files and folders of them are", "library")


def _libraries(file: _File) -> list[str]:
    """The files and folders of the option `library`, from the root."""
    value = file.options.get("library", ())
    entries = [value] if isinstance(value, str) else _texts(value) or ()
    return [_from_root(file.path, part.strip()) for one in entries for part in one.split(",") if part.strip()]


def _line(text: str, key: str) -> tuple[int, int]:
    """Where a key is set: line and column."""
    found = re.search(rf"""^[ \t]*(?:\[|(?:options\.)?)["']?{re.escape(key)}\b""", text, re.MULTILINE) or re.search(
        rf"(?<![\w-]){re.escape(key)}(?![\w-])", text
    )
    if found is None:
        return 1, 1
    start = found.end() - len(key)
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


# --- reading ------------------------------------------------------------------------------------------------------


def _parse(path: str, content: bytes) -> _File:
    text = content.decode("utf-8-sig", "replace")
    try:
        return _File(path, text, tomllib.loads(content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return _File(path, text, None, "it is not UTF-8")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        match = _PLACE.search(str(error))
        last = text.rstrip("\n").count("\n") + 1
        place = (int(match[1]), int(match[2])) if match and match[1] else (last if match else 1, 1)
        return _File(path, text, None, _PLACE.sub("", str(error)), place)


def _content(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except OSError:
        return None


def _texts(value: object) -> list[str] | None:
    """A list of texts, or None if it is none."""
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def _from_root(path: str, written: str) -> str:
    """A path or glob from the root, as written in the file at `path`; one that ends in `/` means all that is below."""
    joined = os.path.normpath(os.path.join(os.path.dirname(path), written))  # noqa: PTH118, PTH120 - globs, no paths
    return f"{joined}/**" if written.endswith("/") else joined


def _pattern(globs: Iterable[str], ending: str = "") -> re.Pattern[str]:
    """What matches one of these globs; nothing if there are none."""
    return re.compile("|".join(_regex(one) + ending for one in globs) or "(?!)", re.IGNORECASE)


def _regex(glob: str) -> str:
    # `**.dfy` says the same as `**/*.dfy`
    *folders, last = re.sub(r"(?:^|(?<=/))\*\*\.", "**/*.", glob).split("/")
    parts = [_BELOW if one == "**" else f"{_segment(one)}/" for one in folders]
    return "".join(parts) + (f"{_BELOW}[^/]+" if last == "**" else _segment(last))


def _segment(segment: str) -> str:
    """One name of a path: `*` is any text in it, nothing else is special; `*.*` is any name at all."""
    return "[^/]*" if segment == "*.*" else "[^/]*".join(re.escape(part) for part in re.split(r"\*+", segment))
