"""What stands for each component before a run does anything: what build/ holds under today's keys, else the store.

Law: files and the store are read, nothing is judged. An edit by hand that nobody has judged yet stands for nothing, and
whoever can see it waits for it. An implementation in build/ gives way to another that stands first in the store.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from s2c import keys
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Implementation, Spec
from s2c.project import Project
from s2c.shape import shape
from s2c.splice import splice, unsplice

Fills = Mapping[str, str]
"""By slot."""


@dataclass(frozen=True)
class Standing:
    """By component id. `keys`: its obligation, where that can be known; `fills`: what stands for it.

    `first`: what comes first for its obligation: an edit by hand of a file that owes the same, else the first stored.
    """

    keys: Mapping[str, str]
    fills: Mapping[str, Fills]
    first: Mapping[str, Fills]


def standing(project: Project) -> Standing:
    """What stands for every component as its files are now."""
    known: dict[str, str] = {}
    fills: dict[str, Fills] = {}
    first: dict[str, Fills] = {}
    for component in project.graph.components.values():
        key = keys.obligation(project.graph, component, fills.get)
        if key is None:
            continue
        known[component.id] = key
        stored = project.stored(component, key)
        if stored:
            first[component.id] = stored[0].fills
        stands = _seen(project, component, key, stored) if _visible(project, component) else first.get(component.id)
        if stands is not None:
            fills[component.id] = stands
    return Standing(known, fills, {**first, **_edited_copies(project, known)})


def _edited_copies(project: Project, known: Mapping[str, str]) -> dict[str, Fills]:
    """Components that owe the same as one that a person edited, which that edit will stand for too; with it."""
    same: dict[str, list[Component]] = {}
    for one, key in known.items():
        same.setdefault(key, []).append(project.graph.components[one])
    found: dict[str, Fills] = {}
    for key, copies in same.items():
        edits = [pending(project, one, project.stored(one, key)) for one in copies if len(copies) > 1]
        edit = next((one for one in edits if one is not None), None)
        found.update({} if edit is None else {one.id: edit for one in copies})
    return found


def _visible(project: Project, component: Component) -> bool:
    return any(hole.visible for path in component.members for hole in project.graph.specs[path].outline.holes)


def _seen(project: Project, component: Component, key: str, stored: Sequence[Implementation]) -> Fills | None:
    """What stands for a component whose fills importers can see: their keys hang on it."""
    first = stored[0].fills if stored else None
    if pending(project, component, stored) is not None:
        return None
    records = [project.recorded(path) for path in component.members]
    if all(one is not None and one.parts.get("obligation") == key for one in records):
        here = fills_of(project, component)
        marks = {one.parts.get("standing") for one in records if one is not None}
        if here is not None and (first is None or marks == {keys.mark(first)}):
            return here
    return first


def pending(project: Project, component: Component, stored: Sequence[Implementation]) -> dict[str, str] | None:
    """The fills in build/ if a person edited them and nobody has judged that yet.

    To go back to what stood once is an edit too, where it is known that something else was written since.
    """
    found, known = edited(project, component), [dict(one.fills) for one in stored]
    if found is None or found not in known:
        return found
    written = any(project.recorded(path) and project.touched(path) is not None for path in component.members)
    return found if written and found != known[0] else None


def edited(project: Project, component: Component) -> dict[str, str] | None:
    """The fills in build/ if a file there is not what was written and can be read back; None otherwise."""
    return here(project, component) if any(project.touched(path) is not None for path in component.members) else None


def here(project: Project, component: Component) -> dict[str, str] | None:
    """The fills in build/, if every file there is today's spec but for what its holes hold."""
    spoken = language(component.language)
    found: dict[str, str] = {}
    for rank, path in enumerate(keys.ranking(project.graph, component)):
        content = project.outputs.read(path)
        fills = None if content is None else unsplice(project.graph.specs[path], spoken, content)
        if fills is None:
            return None
        found.update({f"{rank}.{hole}": text for hole, text in fills.items()})
    return found or None


def current(project: Project, stale: Callable[[str], object]) -> dict[str, Fills]:
    """The fills of every component whose files lie in build/ as today's keys ask for them."""
    found: dict[str, Fills] = {}
    for component in project.graph.components.values():
        if not any(stale(path) for path in component.members):
            fills = fills_of(project, component)
            if fills is not None:
                found[component.id] = fills
    return found


def give_back(project: Project, component: Component, key: str, fills: Fills) -> None:
    """What lies in build/ under today's keys goes back into a store that lost it: it may be needed elsewhere.

    Of copies each is known by its own path, since each may be edited by itself.
    """
    path, *others = keys.ranking(project.graph, component)
    stored = project.stored(component, key)
    same = next((one for one in stored if one.fills == fills), None)
    if not fills or (stored and same is None) or (same is not None and same.path == path):
        return
    if same is not None and any(one.fills == fills for one in project.store.latest_for_path(path)):
        return
    made = Implementation(key, fills, "model", "", path, verified=True) if same is None else replace(same, path=path)
    project.store.add_implementation(made, shape(project.graph, component), others)


def lost(project: Project, owed: Mapping[str, str]) -> dict[str, str]:
    """Of these components, by id with their obligations, those whose fills the store does not know."""
    return {one: key for one, key in owed.items() if key and _unknown(project, project.graph.components[one], key)}


def restore(project: Project, owed: Mapping[str, str]) -> None:
    """Give back what lies in build/ for these components, as these obligations ask for it."""
    for one, fills in current(project, lambda path: project.graph.home[path] not in owed).items():
        give_back(project, project.graph.components[one], owed[one], fills)


def _unknown(project: Project, component: Component, key: str) -> bool:
    """Whether it has fills, and the store does not know them by its own path."""
    made = project.store.latest_for_path(keys.ranking(project.graph, component)[0])
    return bool(keys.slots(project.graph, component)) and all(one.obligation != key for one in made)


def fills_of(project: Project, component: Component) -> dict[str, str] | None:
    """The fills by slot of all members, if each lies in build/ and is exactly its spec with fills."""
    found = {}
    for rank, path in enumerate(keys.ranking(project.graph, component)):
        content = project.outputs.read(path)
        fills = None if content is None else fills_in(project.graph.specs[path], content)
        if fills is None:
            return None
        found.update({f"{rank}.{hole}": text for hole, text in fills.items()})
    return found


def fills_in(spec: Spec, content: bytes) -> dict[str, str] | None:
    """The fills in an implementation, if it is exactly the spec with fills in its holes."""
    spoken = language(spec.language)
    found = unsplice(spec, spoken, content)
    return found if found is not None and splice(spec, spoken, found).content == content else None
