"""Imports become components, groups and an order.

Law: the graph is made of what the files say, found relative to the importing file, and of nothing else. What is wrong
with one file (it does not parse, an import is missing) makes that file and its importers unusable, with the path that
leads there, and no other file.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from s2c import spec as specs
from s2c.errors import SpecError
from s2c.languages.base import Layout, language
from s2c.languages.known import known
from s2c.model import Diagnostic, Import, Outline, Spec
from s2c.settings import Config


@dataclass(frozen=True)
class Component:
    """Files that import each other in a cycle, or one file. `id` is its first path; `members` are sorted paths."""

    id: str
    members: tuple[str, ...]
    imports: tuple[str, ...]  # ids of components imported directly, sorted
    language: str


@dataclass(frozen=True)
class Graph:
    """All files, who imports whom, and the components in an order in which imports come first."""

    specs: Mapping[str, Spec] = field(repr=False)
    targets: Mapping[str, tuple[str, ...]] = field(repr=False)  # path -> what its imports name, in its order
    components: Mapping[str, Component]  # by id, imports first
    home: Mapping[str, str]  # path -> id of its component
    problems: Mapping[str, tuple[Diagnostic, ...]]  # path -> what is wrong with that file itself
    closures: Mapping[str, tuple[str, ...]] = field(repr=False)  # id -> ids of all that it imports, imports first
    layouts: Mapping[str, Layout] = field(default_factory=dict, repr=False)  # language name -> what the project says

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """What the project's own files ask for and s2c does not honour, or can't read."""
        return tuple(note for name in sorted(self.layouts) for note in self.layouts[name].notes)

    def options(self, component: Component) -> tuple[str, ...]:
        """What the project sets for a component's files, in their order, each word once."""
        layout = self.layouts.get(component.language)
        found = [layout.options(path) for path in component.members] if layout is not None else []
        return tuple(dict.fromkeys(word for words in found for word in words))

    def files_of(self, component: str) -> tuple[str, ...]:
        """The component's members and every file in its import closure, sorted."""
        ids = (*self.closures[component], component)
        return tuple(sorted(path for one in ids for path in self.components[one].members))

    def broken(self, component: str) -> tuple[Diagnostic, ...]:
        """What makes this component unusable: problems of its own files, then of those that it imports."""
        ids = (component, *self.closures[component])
        return tuple(found for one in ids for path in self.components[one].members for found in self.problems[path])

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """Component id -> id of its group: components tied by imports."""
        parent = {one: one for one in self.components}

        def top(one: str) -> str:
            while parent[one] != one:
                parent[one] = parent[parent[one]]
                one = parent[one]
            return one

        for component in self.components.values():
            for other in component.imports:
                first, second = sorted((top(component.id), top(other)))
                parent[second] = first
        return {one: top(one) for one in self.components}


LastGood = Callable[[], Mapping[str, tuple[str, ...]]]
"""Path -> what its imports named when it was last read without a problem. Asked for only where a file has one."""


def load(
    config: Config,
    last_good: LastGood = dict,
    only: Collection[str] | None = None,
    files: Sequence[str] | None = None,
) -> Graph:
    """The graph of every source that the settings name (`only`: of these among them), and of what those import.

    `files`: what `spec.listing` found, for who has looked already: it reads the names of a whole tree.
    A file that does not parse keeps the place that it had: what can be read of its imports may be damaged too.
    """
    loader = _Loader(config, last_good, specs.listing(config) if files is None else files)
    for path in specs.find(config, loader.files):
        if only is None or path in only:
            loader.add(path)
    loader.complete()
    loader.relate()
    return build(loader.specs, loader.targets, loader.problems, loader.layouts)


def build(
    found: Mapping[str, Spec],
    targets: Mapping[str, tuple[str, ...]],
    problems: Mapping[str, tuple[Diagnostic, ...]],
    layouts: Mapping[str, Layout] = MappingProxyType({}),
) -> Graph:
    """The graph of these files; `targets` must name only files in `found`."""
    cycles = _components(found, targets)
    problems = {**problems, **_forbidden(cycles, found, problems)}
    home = {path: members[0] for members in cycles for path in members}
    components: dict[str, Component] = {}
    closures: dict[str, tuple[str, ...]] = {}
    for members in cycles:
        imports = sorted({home[target] for path in members for target in targets[path]} - {members[0]})
        components[members[0]] = Component(members[0], members, tuple(imports), found[members[0]].language)
        closures[members[0]] = tuple(dict.fromkeys(one for other in imports for one in (*closures[other], other)))
    return Graph(found, targets, components, home, problems, closures, layouts)


def _forbidden(
    cycles: Iterable[tuple[str, ...]], found: Mapping[str, Spec], problems: Mapping[str, tuple[Diagnostic, ...]]
) -> dict[str, tuple[Diagnostic, ...]]:
    """Import cycles in languages that have none, as a problem of each file in them."""
    told = {}
    for members in cycles:
        if len(members) > 1 and not language(found[members[0]].language).cycles:
            message = f"these files import each other in a cycle: {', '.join(members)}"
            for path in members:
                told[path] = (*problems[path], Diagnostic(path, 1, 1, "error", message, _line(found[path].source, 1)))
    return told


class _Loader:
    """Reads files and what they import, each once."""

    def __init__(self, config: Config, last_good: LastGood, files: Sequence[str]) -> None:
        self._config = config
        self._last_good = last_good
        self.files = files
        self._external = tuple(os.path.realpath(config.root / folder) for folder in config.external)
        self.specs: dict[str, Spec] = {}
        self.targets: dict[str, tuple[str, ...]] = {}
        self.problems: dict[str, tuple[Diagnostic, ...]] = {}
        self.layouts: dict[str, Layout] = {}

    def complete(self) -> None:
        """Add files that those found see without naming them, whatever `specs` says: of one project, of one crate."""
        for name, layout in list(self.layouts.items()):
            suffixes = known()[name].suffixes
            loaded = [path for path, one in self.specs.items() if one.language == name]
            others = [path for path in self.files if path.endswith(suffixes) and path not in self.specs]
            for path in layout.companions(loaded, others) if others else ():
                self.add(path)

    def relate(self) -> None:
        """Add what files depend on without naming it in an import: members of one project, of one crate."""
        for name, layout in self.layouts.items():
            outlines: dict[str, Outline] = {p: one.outline for p, one in self.specs.items() if one.language == name}
            for path, others in layout.relations(outlines).items():
                self.targets[path] = tuple(dict.fromkeys((*self.targets[path], *others)))

    def add(self, path: str) -> None:
        todo = [path]
        while todo:
            path = todo.pop()
            if path in self.specs:
                continue
            read = self.specs[path] = specs.read(self._config, path)
            found = [
                Diagnostic(path, p.line, p.column, "error", p.message, _line(read.source, p.line))
                for p in read.outline.problems
            ]
            kept = self._kept(path) if found else None
            self.targets[path], missing = self._resolve(read) if kept is None else (kept, [])
            self.problems[path] = (*found, *missing)
            todo.extend(self.targets[path])

    def _kept(self, path: str) -> tuple[str, ...] | None:
        """What a file imported when it was last read without a problem, as far as that is still there."""
        known = self._last_good().get(path)
        return None if known is None else tuple(one for one in known if (self._config.root / one).is_file())

    def _resolve(self, read: Spec) -> tuple[tuple[str, ...], list[Diagnostic]]:
        targets, missing = [], []
        layout = self._layout(read.language)
        for item in read.outline.imports:
            try:
                target = self._target(layout, read.path, item)
                if target:
                    specs.language_of(target)
                    targets.append(target)
            except SpecError as error:
                line, column = position(read.source, item.span.start)
                message = f"{error.what}; {error.fix}" if error.fix else error.what
                missing.append(Diagnostic(read.path, line, column, "error", message, _line(read.source, line)))
        return tuple(targets), missing

    def _layout(self, name: str) -> Layout:
        if name not in self.layouts:
            self.layouts[name] = specs.layout(self._config, language(name), self.files)
        return self.layouts[name]

    def _target(self, layout: Layout, importer: str, item: Import) -> str:
        """The path that an import names, inside the project or an `external` folder; "" if it names none."""
        written = item.target
        target = layout.target(importer, item)
        for path in target.paths:
            if Path(path).is_absolute():  # a verifier would read it where it lies, past what s2c lays out for it
                raise SpecError(f"imports {written!r}, an absolute path", fix="write it relative to this file")
            joined = os.path.normpath(path)
            place = os.path.realpath(self._config.root / joined)
            root = os.path.realpath(self._config.root)
            if not _inside(place, (root, *self._external)):
                raise SpecError(
                    f"imports {written!r}, which lies outside the project",
                    fix=f"name its folder in `external` if it may be read: external = [{str(Path(joined).parent)!r}]",
                )
            if Path(place).is_file():
                return joined.replace(os.sep, "/")
        if target.paths and not target.outside:
            first = os.path.normpath(target.paths[0])
            advice = target.advice or "correct the path, or make it"
            raise SpecError(f"imports {written!r}, but there is no file {first!r}", fix=advice)
        return ""


def _inside(place: str, folders: Iterable[str]) -> bool:
    return any(place == folder or place.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def position(source: bytes, offset: int) -> tuple[int, int]:
    """Line and column (1-based, in characters) of a byte offset."""
    before = source[:offset]
    line = before.count(b"\n") + 1
    return line, len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1


def _line(source: bytes, line: int) -> str:
    lines = source.split(b"\n")
    return lines[line - 1].decode("utf-8", "replace").rstrip("\r") if 0 < line <= len(lines) else ""


def _components(found: Mapping[str, Spec], targets: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Strongly connected components, imports first (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    result: list[tuple[str, ...]] = []
    for start in sorted(found):
        work = [(start, iter(sorted(targets[start])))] if start not in index else []
        while work:
            path, rest = work[-1]
            if path not in index:
                index[path] = low[path] = len(index)
                stack.append(path)
                on_stack.add(path)
            target = next((one for one in rest if one not in index or one in on_stack), None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[path])
                if low[path] == index[path]:
                    result.append(_pop_component(path, stack, on_stack))
            elif target in index:
                low[path] = min(low[path], index[target])
            else:
                work.append((target, iter(sorted(targets[target]))))
    return result


def _pop_component(path: str, stack: list[str], on_stack: set[str]) -> tuple[str, ...]:
    members = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        members.append(member)
        if member == path:
            return tuple(sorted(members))
