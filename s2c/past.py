"""What an obligation looked like when it was met: notes of this machine, for reasons that a person understands.

Law: a note is content, written when an obligation is met, and proves nothing: no key and no decision hangs on it. A
lost one makes a reason less exact, and that is said.

Each obligation names a node; a node holds the digests of its files and names the nodes of what it imports; each digest
of a file names its picture. So what many importers share is kept once, and a note grows with direct imports only.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from s2c import keys, pictures
from s2c.digest import Json, digest, digest_tokens
from s2c.errors import StoreError
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Spec
from s2c.pictures import Change, Picture
from s2c.project import Project
from s2c.solution import Solution

NODE = "past.1"
SHOWN = 3  # changes that a one-line reason tells

Standing = Callable[[str], Mapping[str, str] | None]
"""Component id -> the fills (by slot) that stand for it."""


@dataclass(frozen=True)
class File:
    """One file of an obligation: what it says, what others see of it, what it imports, what they see filled in it."""

    skeleton: str
    interface: str
    targets: tuple[str, ...]
    filled: str


@dataclass(frozen=True)
class Node:
    """One component as it was: its files by path, and the nodes of what it imports by component id."""

    files: Mapping[str, File]
    imports: Mapping[str, str]

    @property
    def json(self) -> Json:
        """It as plain data."""
        files: dict[str, Json] = {
            path: [one.skeleton, one.interface, list(one.targets), one.filled] for path, one in self.files.items()
        }
        return {"files": files, "imports": dict(self.imports)}


def _node(value: Json) -> Node | None:
    try:
        data: Any = value
        files = {str(p): File(str(s), str(i), tuple(map(str, t)), str(f)) for p, (s, i, t, f) in data["files"].items()}
        return Node(files, {str(one): str(to) for one, to in data["imports"].items()})
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


class Past:
    """The notes of one project, and its files today to hold against them."""

    def __init__(self, project: Project, standing: Standing) -> None:
        self._project = project
        self._standing = standing
        self._known: dict[str, tuple[str, Node]] = {}  # today's
        self._read: dict[str, Node | None] = {}

    def keep(self, solutions: Iterable[Solution]) -> None:
        """Note what these components look like today, where they meet their obligation and did not before."""
        met = [one for one in solutions if one.fills is not None and one.key and one.origin != "current"]
        needed = {one for top in met for one in (top.component.id, *self._project.graph.closures[top.component.id])}
        rows: dict[str, Json] = {
            _note(one.key or "", path): self._named(one.component.id) for one in met for path in one.component.members
        }
        with suppress(StoreError):  # a note is not worth a run
            for component in needed:
                rows.update(self._unknown(component))
            self._project.store.put_analyses(rows)

    def _unknown(self, component: str) -> dict[str, Json]:
        """The node of a component with its pictures, where they are not kept yet."""
        row = f"{NODE} node {self._named(component)}"
        if self._project.store.analysis(row) is not None:
            return {}
        return {row: self._today(component)[1].json, **self._pictures(self._project.graph.components[component])}

    def _pictures(self, component: Component) -> dict[str, Json]:
        specs = {
            _picture(self._project.graph.specs[path]): self._project.graph.specs[path] for path in component.members
        }
        new = {row: pictures.picture(one) for row, one in specs.items() if self._project.store.analysis(row) is None}
        return {row: pictures.to_json(one) for row, one in new.items() if one is not None}

    def changes(self, path: str, obligation: str) -> tuple[Change, ...] | None:
        """What is not as it was when build/PATH met this obligation; None if no note is left of that."""
        name = self._project.store.analysis(_note(obligation, path))
        component = self._project.component(path)
        then = self._files(str(name)) if name is not None else None
        root = self._node(str(name)) if then is not None else None
        if then is None or root is None:
            return None
        now = {p: f for one in (component.id, *self._project.graph.closures[component.id]) for p, f in self._now(one)}
        imports = _imports(component, root, then, now)
        here = [change for p in now if p in then for change in self._changed(component, p, then[p], now[p])]
        order = [] if imports else _order(component, then, now)
        return (*here, *imports, *order)

    def _changed(self, component: Component, path: str, was: File, now: File) -> list[Change]:
        own = path in component.members
        bodies = any(self._project.graph.specs[one].outline.needs_bodies for one in component.members)
        inside = own or bodies
        found = []
        if was.skeleton != now.skeleton if inside else was.interface != now.interface:
            found += self._declared(path, was, inside=inside)
        if not own and now.filled and was.filled != now.filled:
            found.append(Change(f"what was filled into {path}, and can be seen from here, changed"))
        return found

    def _declared(self, path: str, was: File, *, inside: bool) -> list[Change]:
        spec = self._project.graph.specs[path]
        before = pictures.from_json(self._project.store.analysis(_row(spec, was.skeleton)))
        now: Picture | None = pictures.picture(spec)
        if before is None or now is None:
            return [Change(f"{path} changed; no picture of it as it was is left, so it can't be said how")]
        return pictures.changes(path, before, now, inside=inside) or [
            Change(f"{path} changed; not in its declarations")
        ]

    # --- today ----------------------------------------------------------------------------------------------------

    def _today(self, component: str) -> tuple[str, Node]:
        """A component as it is now: the name of its node, and that."""
        graph, known = self._project.graph, self._known
        for one in (*graph.closures[component], component):  # imports come first
            if one not in known:
                node = Node(
                    self._own(graph.components[one]), {to: known[to][0] for to in graph.components[one].imports}
                )
                known[one] = digest(NODE, node.json), node
        return known[component]

    def _own(self, component: Component) -> dict[str, File]:
        graph, fills = self._project.graph, self._standing(component.id)
        by_path = keys.member_fills(graph, component, fills or {})
        found = {}
        for path in component.members:
            outline = graph.specs[path].outline
            seen = {hole.id: by_path[path].get(hole.id) for hole in outline.holes if hole.visible}
            filled = (
                keys.mark({hole: text for hole, text in seen.items() if text is not None}) if fills and seen else ""
            )
            marks = digest_tokens(outline.skeleton), digest_tokens(outline.interface)
            found[path] = File(*marks, graph.targets[path], filled)
        return found

    def _named(self, component: str) -> str:
        return self._today(component)[0]

    def _now(self, component: str) -> Iterable[tuple[str, File]]:
        return self._today(component)[1].files.items()

    # --- then -----------------------------------------------------------------------------------------------------

    def _node(self, name: str) -> Node | None:
        if name not in self._read:
            self._read[name] = _node(self._project.store.analysis(f"{NODE} node {name}"))
        return self._read[name]

    def _files(self, name: str) -> dict[str, File] | None:
        """Every file of a node and of all below it; None if a note is lost."""
        found: dict[str, File] = {}
        todo, seen = [name], {name}
        while todo:
            node = self._node(todo.pop())
            if node is None:
                return None
            found.update(node.files)
            todo += set(node.imports.values()) - seen
            seen.update(node.imports.values())
        return found


def because(past: Past, path: str, obligation: str, reasons: Iterable[str]) -> tuple[str, ...]:
    """These reasons, with what changed where one of them says that the obligation did."""
    return tuple(
        f"{one}: {told(past.changes(path, obligation))}" if one == keys.REASONS["obligation"] else one
        for one in reasons
    )


def told(changes: tuple[Change, ...] | None) -> str:
    """Changes in one line."""
    if changes is None:
        return "no note of how it was is left on this machine, so it can't be said what"
    if not changes:
        return "the notes of how it was show no difference"
    more = f", and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return ", ".join(str(one) for one in changes[:SHOWN]) + more


def _imports(component: Component, root: Node, then: Mapping[str, File], now: Mapping[str, File]) -> list[Change]:
    """Files that came or went, except where one only has another name now: names are in no key."""
    gone = {path: one for path, one in then.items() if path not in now and path not in root.files}
    new = {path: one for path, one in now.items() if path not in then and path not in component.members}
    same = {one.interface for one in gone.values()} & {one.interface for one in new.values()}
    lines = [Change(f"{path} is no longer imported") for path, one in gone.items() if one.interface not in same]
    lines += [Change(f"{path} is imported now") for path, one in new.items() if one.interface not in same]
    left = [path for path in root.files if path not in component.members]
    joined = [path for path in component.members if path not in root.files]
    if left and joined and len(left) == len(joined):
        return lines  # renamed with the file
    lines += [Change(f"{path} is no longer part of its import cycle") for path in left]
    return lines + [Change(f"{path} is part of its import cycle now") for path in joined]


def _order(component: Component, then: Mapping[str, File], now: Mapping[str, File]) -> list[Change]:
    """Members that name other imports than they did, or in another order, though the same files are imported."""
    return [
        Change(f"{path} names its imports otherwise", ", ".join(then[path].targets), ", ".join(now[path].targets))
        for path in component.members
        if path in then and then[path].targets != now[path].targets and now.keys() >= {*then[path].targets}
    ]


def _note(obligation: str, path: str) -> str:
    return f"{NODE} note {obligation} {path}"


def _picture(spec: Spec) -> str:
    return _row(spec, digest_tokens(spec.outline.skeleton))


def _row(spec: Spec, skeleton: str) -> str:
    """Where the picture of a file lies: another reading of its language would make another one."""
    return f"{pictures.FORM} {spec.language} {language(spec.language).version} {skeleton}"
