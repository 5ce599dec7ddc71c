"""One file becomes one Spec: its bytes, and the outline that its language reads from them.

Law: a file is read once a run, and everything later stands on those bytes. What lies in build/, cache/ or a hidden
folder, and a hidden file (editors leave them), is never a source.
"""

import fnmatch
import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from s2c.errors import ConfigError, SpecError
from s2c.languages.base import Language, Layout, language
from s2c.languages.known import known, manifests, suffixes
from s2c.model import Problem, Spec
from s2c.settings import TABLE, Config


def listing(config: Config) -> tuple[str, ...]:
    """Every file of the project that could be a source or a manifest, sorted."""
    return tuple(sorted(_walk(config.root, config)))


def find(config: Config, files: Collection[str] | None = None) -> tuple[str, ...]:
    """The paths of all sources that the settings name, sorted; `files`: the project's, where they are known."""
    for name in config.languages:
        if name not in known():
            raise ConfigError(
                f"no language {name!r}",
                where=f"pyproject.toml [{TABLE}.{name}]",
                fix=f"known: {', '.join(known())}",
            )
        config.language(name, language(name).settings)
    endings, no_source = tuple(suffixes()), manifests()
    wanted, unwanted = _pattern(config.specs).match, _pattern(config.exclude).match
    chosen = (
        path
        for path in (listing(config) if files is None else files)
        if path.endswith(endings) and path.rpartition("/")[2] not in no_source and wanted(path) and not unwanted(path)
    )
    return tuple(sorted(chosen))


def layout(config: Config, language: Language, files: Collection[str]) -> Layout:
    """What the project's own files say to this language: its manifests, wherever they lie among `files`."""
    found = {}
    for path in files:
        if _is_manifest(path, language):
            with suppress(OSError):  # the verifier would not read it either
                found[path] = (config.root / path).read_bytes()
    return language.layout(config.root, found, config.language(language.name, language.settings))


def _is_manifest(path: str, language: Language) -> bool:
    return path.rpartition("/")[2] in known()[language.name].manifests


def read(config: Config, path: str) -> Spec:
    """The source at `path`, relative to the root.

    One that can't be read is an empty one with that problem, so that it spoils no other file.
    """
    spoken = language_of(path)
    try:
        source = (config.root / path).read_bytes()
    except OSError as error:
        told = Problem(1, 1, f"can't be read: {error.strerror}")
        return Spec(path, spoken.name, b"", replace(spoken.parse(b""), problems=(told,)))
    return Spec(path=path, language=spoken.name, source=source, outline=spoken.parse(source))


def language_of(path: str) -> Language:
    """The language whose suffix `path` ends with."""
    for suffix, name in suffixes().items():
        if path.endswith(suffix):
            return language(name)
    raise SpecError("no language of s2c has files with this ending", where=path, fix=f"known: {', '.join(suffixes())}")


def _walk(root: Path, config: Config) -> Iterator[str]:
    skipped = {os.path.normpath(config.build), os.path.normpath(config.cache)}
    made = {name for one in known().values() for name in one.build_folders}
    for folder, subfolders, files in os.walk(root):
        here = os.path.relpath(folder, root)
        prefix = "" if here == os.curdir else f"{here.replace(os.sep, '/')}/"
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and name not in made and f"{prefix}{name}" not in skipped
        )
        yield from (f"{prefix}{name}" for name in files if not name.startswith("."))


def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all of these globs: it is held against every file of a project."""
    readings = (one for pattern in patterns for one in _readings(pattern.removeprefix("./")))
    folders = (re.escape(pattern.removeprefix("./").rstrip("/")) for pattern in patterns)
    return re.compile("|".join((*map(fnmatch.translate, readings), *(f"{one}/" for one in folders))) or "(?!)")


def _readings(pattern: str) -> list[str]:
    """The pattern, with and without each `**/`: it also stands for no folder at all, as in every tool of the field."""
    head, deep, tail = pattern.partition("**/")
    if not deep:
        return [pattern]
    folders = ("", deep) if not head or head.endswith("/") else (deep,)
    return [head + kept + rest for kept in folders for rest in _readings(tail)]
