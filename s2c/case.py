"""One case, laid out for a verifier: files, members, imports in order, and what is owed by name.

Law: what is laid out is the case and nothing else. Nothing here judges; what given text takes on trust is only named.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from s2c.graph import Component, Graph
from s2c.languages.base import Budget, Job, Promise, language
from s2c.model import Assumption, Declaration, Span
from s2c.process import Tool
from s2c.settings import Config
from s2c.splice import Spliced, splice


@dataclass(frozen=True)
class Case:
    """What is to be judged: a component's fills (path -> hole -> text), and its imports as they are to be laid out."""

    component: Component
    fills: Mapping[str, Mapping[str, str]]
    imports: Mapping[str, bytes] = field(repr=False)


class Laid:
    """A case as it is laid out for one tool. `lenient`: why the strictest mode can't be used, or nothing."""

    def __init__(self, graph: Graph, config: Config, case: Case, tool: Tool) -> None:
        self._graph = graph
        self._case = case
        self._seconds = config.check_seconds
        self._tool = tool
        self._language = language(case.component.language)
        self._members = case.component.members
        self._depth = max((path.split("/").count("..") for path in (*case.imports, *self._members)), default=0)
        own = [one for path in self._members for one in graph.specs[path].outline.assumptions]
        name = case.component.language
        imported = [one for content in case.imports.values() for one in _taken_on_trust(name, content)]
        self._trusted = frozenset(one.name for one in (*own, *imported) if one.name)
        self.lenient = self._language.verifier.lenient(own, imported)
        self.owed = tuple(sorted({name for _, _, name in self._owed()}))
        self.promises = tuple(self._promises())

    def job(self, insertions: Mapping[str, tuple[int, bytes]]) -> Job:
        """The check of this case; `insertions`: path -> (offset in its source, text), for a twin."""
        files = {self.place(path): content for path, content in self._case.imports.items()}
        for path in self._members:
            extra = [insertions[path]] if path in insertions else []
            files[self.place(path)] = self._spliced(path, extra).content
        component = self._case.component
        below = _below(self._graph, component)
        return Job(
            files=files,
            members=tuple(self.place(path) for path in self._members),
            budget=Budget(1, self._seconds),
            lenient=bool(self.lenient),
            imports=tuple(self.place(path) for path in below),
            options=self._graph.options(component),
            owed=self.owed,
            promises=() if insertions else self.promises,
            trusted=self._trusted,
            layout=self._graph.layouts.get(component.language),
            origin={self.place(path): path for path in (*below, *self._members)} if self._depth else {},
        )

    def place(self, path: str) -> str:
        """A path in the scratch folder: files of `external` folders need room above the project."""
        return path if not self._depth else _normal("/".join(["s2c"] * self._depth) + "/" + path)

    def back(self, place: str) -> str:
        """The path from the root of a place in the scratch folder."""
        by_place = {self.place(path): path for path in (*self._case.imports, *self._members)}
        return by_place.get(place, place)

    def _spliced(self, path: str, insertions: Sequence[tuple[int, bytes]] = ()) -> Spliced:
        return splice(self._graph.specs[path], self._language, self._case.fills[path], insertions)

    def _owed(self) -> Iterator[tuple[str, Declaration, str]]:
        """Path, declaration and the name under which it is to be reported, of each that owes something."""
        for path in self._members:
            for declaration in self.declarations(path):
                name = self._language.verifier.owed(self._tool, declaration)
                if name is not None:
                    yield path, declaration, name

    def _promises(self) -> Iterator[Promise]:
        """Each given `ensures` of what is owed, where it lies in the file as laid out."""
        shifts = {path: tuple(self._shifts(path)) for path in self._members}
        for path, declaration, name in self._owed():
            for clause in declaration.clauses:
                if clause.kind == "ensures":
                    by = sum(shift for end, shift in shifts[path] if end <= clause.span.start)
                    span = Span(clause.span.start + by, clause.span.end + by)
                    yield Promise(name, self.place(path), span, clause.text)

    def _shifts(self, path: str) -> Iterator[tuple[int, int]]:
        """For each hole its end in the source, and by how many bytes its fill moves what follows."""
        ends = {hole.id: hole.span for hole in self._graph.specs[path].outline.holes}
        for region in self._spliced(path).regions:
            span = ends[region.hole]
            yield span.end, (region.end - region.start) - (span.end - span.start)

    def declarations(self, path: str) -> Iterator[Declaration]:
        """The declarations as filled: an owner of a hole has a body then, whatever the source says."""
        outline = self._graph.specs[path].outline
        owners = {hole.owner for hole in outline.holes}
        for one in outline.declarations:
            filled = one.name in owners and one.body is None
            yield replace(one, body=Span(one.span.end, one.span.end)) if filled else one


def trouble(graph: Graph, component: Component, tool: Tool) -> str:
    """Why this tool can't check this component under its project's settings, or ""; needs no fills."""
    job = Job(
        files={},
        members=component.members,
        imports=_below(graph, component),
        options=graph.options(component),
        layout=graph.layouts.get(component.language),
    )
    return language(component.language).verifier.trouble(tool, job)


def _below(graph: Graph, component: Component) -> tuple[str, ...]:
    """Every file that it imports, each after those that it imports itself."""
    return tuple(path for one in graph.closures[component.id] for path in graph.components[one].members)


@functools.lru_cache(maxsize=4096)
def _taken_on_trust(name: str, content: bytes) -> tuple[Assumption, ...]:
    """What an imported file takes on trust, as it is laid out: a stand-in's axioms among it."""
    return language(name).parse(content).assumptions


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
