"""What a Dafny project's own files say: where includes lie, who sees whom without one, and what goes to the verifier.

Law: an include is relative to the file that it stands in, wherever that lies. Beside includes a file sees what its
project shows it: the files of the innermost `dfyconfig.toml` above it that has it among its own, and what those
include. It depends on each of them that declares a name which it uses; a dependency too many does no harm, one too few
would. What is not honoured is told.
"""

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s2c.languages.base import Target
from s2c.languages.dafny import dfyconfig
from s2c.languages.dafny.dfyconfig import Project
from s2c.languages.dafny.options import judged, named
from s2c.model import Diagnostic, Import, Outline
from s2c.settings import LanguageSettings

SETTINGS = "pyproject.toml"
_OPEN = frozenset({b"(", b"[", b"{", b"{:", b"|{"})
_CLOSE = frozenset({b")", b"]", b"}"})


@dataclass(frozen=True)
class DafnyLayout:
    """The Layout protocol for Dafny. `projects` by their folder, "" for the root's."""

    words: Mapping[str, str]  # options of the settings: name -> word
    projects: Mapping[str, Project] = field(default_factory=dict)
    notes: tuple[Diagnostic, ...] = ()

    def target(self, importer: str, item: Import) -> Target:
        """The one place that an include can mean."""
        return Target((_included(importer, item),))

    @property
    def apart(self) -> bool:
        """Without a project file only includes tie files together."""
        return not self.projects

    def companions(self, loaded: Collection[str], others: Sequence[str]) -> tuple[str, ...]:
        """The other files that a project of one of these shows it."""
        projects = {id(one): one for path in loaded if (one := self._project(path)) is not None}.values()
        return tuple(path for path in others if any(project.shows(path) for project in projects))

    def relations(self, outlines: Mapping[str, Outline]) -> Mapping[str, tuple[str, ...]]:
        """For each path, the files that its project shows it and that declare a name which it uses."""
        found: dict[str, set[str]] = defaultdict(set)
        for project in self.projects.values():
            shown = _with_includes((path for path in outlines if project.shows(path)), outlines)
            declaring = _declaring(shown, outlines)
            for path in shown:
                if (self._project(path) or project) is project:  # without a project of its own it is read in this one
                    found[path] |= _needed(outlines[path], declaring) - {path}
        return {path: tuple(sorted(others)) for path, others in found.items() if others}

    def options(self, path: str) -> tuple[str, ...]:
        """What the project of the file sets, and what the settings set, which win; by name."""
        project = self._project(path)
        words = {**(project.options if project is not None else {}), **self.words}
        return tuple(words[name] for name in sorted(words))

    def _project(self, path: str) -> Project | None:
        """The innermost project above a file that contains it, else another one that does."""
        folder = path
        while folder:
            folder = posixpath.dirname(folder)
            project = self.projects.get(folder)
            if project is not None and project.contains(path):
                return project
        return next((one for _, one in sorted(self.projects.items()) if one.contains(path)), None)


def layout(root: Path, manifests: Mapping[str, bytes], settings: LanguageSettings) -> DafnyLayout:
    """The layout that these manifests and settings make."""
    projects: dict[str, Project] = {}
    notes: list[Diagnostic] = list(_above(root, manifests))
    for path in sorted(manifests):
        project, told = dfyconfig.read(path, manifests, root)
        notes += told
        if project is not None:
            projects[posixpath.dirname(path)] = project
    chosen = judged(named(settings.options))
    for name, why in chosen.refused.items():
        message = f"[tool.s2c.dafny] options: {name!r} is not passed to Dafny: {why}"
        notes.append(Diagnostic(SETTINGS, 1, 1, "warning", message))
    return DafnyLayout(chosen.words, projects, tuple(dict.fromkeys(notes)))


def _above(root: Path, manifests: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """A project file above the root, which Dafny's own search would find."""
    if dfyconfig.NAME in manifests:
        return
    for number, folder in enumerate(root.resolve().parents, 1):
        if (folder / dfyconfig.NAME).is_file():
            path = "../" * number + dfyconfig.NAME
            message = f"not read, as it lies above this project: make a {dfyconfig.NAME} here, with base = {path!r}"
            yield Diagnostic(path, 1, 1, "warning", message)
            return


def _included(importer: str, item: Import) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), item.target))


def _with_includes(paths: Iterable[str], outlines: Mapping[str, Outline]) -> set[str]:
    """These files and all that they include."""
    found: set[str] = set()
    todo = list(paths)
    while todo:
        path = todo.pop()
        if path in outlines and path not in found:
            found.add(path)
            todo += [_included(path, item) for item in outlines[path].imports]
    return found


def _declaring(paths: Iterable[str], outlines: Mapping[str, Outline]) -> Mapping[str, list[str]]:
    """Name -> the files among these that declare it where other files see it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for name in _visible(outlines[path]):
            found[name].append(path)
    return found


def _needed(outline: Outline, declaring: Mapping[str, list[str]]) -> set[str]:
    """The files that declare a name which this one uses, but for names that it declares for itself.

    The tokens count, not the names alone: a word that is reserved somewhere may be a name elsewhere.
    """
    own = {one.name for one in outline.declarations if one.kind != "module" and "." not in one.name}
    used = {token.decode("utf-8", "replace") for token in outline.skeleton}
    return {path for name in used & declaring.keys() - own for path in declaring[name]}


def _visible(outline: Outline) -> set[str]:
    """Names that other files can use without any qualification: of modules the first, of the rest its own.

    The constructors of a datatype are among them.
    """
    return {one.name.partition(".")[0] for one in outline.declarations} | set(_constructors(outline.skeleton))


def _constructors(tokens: tuple[bytes, ...]) -> Iterator[str]:
    """The word after each `=` or `|` outside brackets after `datatype`: every constructor, and hardly anything else."""
    depth, inside, due = 0, False, False
    for token in tokens:
        if token in _OPEN:
            depth += 1
        elif token in _CLOSE:
            depth -= 1
        elif depth == 0 and token in {b"datatype", b"codatatype"}:
            inside = True
        elif depth == 0 and inside and token in {b"=", b"|"}:
            due = True
        elif depth == 0 and due and token != b"ghost":
            due = False
            yield token.decode("utf-8", "replace")
