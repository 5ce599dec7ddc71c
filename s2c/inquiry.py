"""All that is known of one spec: its state and why, what changed, its last verdict, its attempts, who imports it.

Law: it is read, never judged anew: the state is the plan's, the verdict is what `verify:PATH` wrote last, and what is
not known is said to be so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from s2c import keys, plan, spent, verdicts
from s2c.digest import Json
from s2c.graph import Component, Graph
from s2c.model import Attempt, Verdict
from s2c.past import Past
from s2c.pictures import Change
from s2c.plan import Item, State
from s2c.project import Project
from s2c.stands import standing

BUILD = "when it was last built"
STORE = "when the store last had an implementation of it"


@dataclass(frozen=True)
class Said:
    """The last verdict, in words. `waiting`: imports that were not verified then."""

    kind: str
    reason: str
    lines: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """One attempt at today's obligation; `counts`: it was made under today's model, templates and settings."""

    number: int
    model: str
    verdict: str
    first: str
    counts: bool


@dataclass(frozen=True)
class Changes:
    """What is not as it was `since`; `found` is None where no note is left of that."""

    since: str
    found: tuple[Change, ...] | None


@dataclass(frozen=True)
class Neighbours:
    """Files that import a spec, or that it imports: directly, and how many more only through others."""

    direct: tuple[str, ...]
    others: int


@dataclass(frozen=True)
class Inquiry:
    """Everything about one spec. Keys are obligation keys; "" where there is none, or none can be known yet.

    `cost`: what the attempts have cost by now, "" where there are none; `used_up`: why nothing more is asked, or "".
    `failed`: what was wrong with the last attempt, where no implementation came after it: the reason, each diagnostic.
    """

    path: str
    cycle: tuple[str, ...]
    state: str
    reason: str
    recorded: str
    today: str
    changes: Changes | None
    verdict: Said | None
    failed: tuple[str, ...]
    attempts: tuple[Tried, ...]
    attempts_allowed: int
    cost: str
    used_up: str
    imported_by: Neighbours
    imports: Neighbours


def ask(project: Project, tools: Mapping[str, str], path: str) -> Inquiry:
    """What is known of the spec at this path. `tools`: language name -> identity of its verifier."""
    component = project.component(path)
    item = plan.states(project, tools, [component.id])[component.id]
    built = project.recorded(path)
    recorded = built.parts.get("obligation", "") if built is not None else ""
    return Inquiry(
        path=path,
        cycle=tuple(one for one in component.members if one != path),
        state=str(item.state),
        reason=item.reason,
        recorded=recorded,
        today=item.key or "",
        changes=_changes(project, item, path, recorded),
        verdict=_said(project, path),
        failed=tuple((project.outputs.read_failed(path) or "").splitlines()),
        attempts=tuple(_attempts(project, item)),
        attempts_allowed=project.config.max_attempts,
        cost=_cost(project, item),
        used_up="" if item.key is None else plan.used_up(project, component, item.key),
        imported_by=_importers(project.graph, component, path),
        imports=_imports(project.graph, component, path),
    )


def _changes(project: Project, item: Item, path: str, recorded: str) -> Changes | None:
    """What changed of the obligation; None if it did not, or if there is nothing to hold it against."""
    if item.state is State.BROKEN:
        return None
    made = project.store.latest_for_path(path)
    was, since = (recorded, BUILD) if recorded else (made[0].obligation if made else "", STORE)
    moved = keys.FORM not in item.reason if item.key is not None else bool(recorded)
    if not was or was == item.key or not moved:
        return None
    found = Past(project, standing(project).fills.get).changes(path, was)
    return None if item.key is None and not found else Changes(since, found)


def _said(project: Project, path: str) -> Said | None:
    content = project.outputs.read_verdict(path)
    if content is None:
        return None
    try:
        told: dict[str, Json] = json.loads(content)
        waiting = told.pop("waiting", ())
        verdict = verdicts.from_json(told)
    except (ValueError, AttributeError):
        verdict = None
    if verdict is None:
        return Said("unknown", "its verdict file can't be read: `doit verify` writes it anew", (), ())
    left = tuple(map(str, waiting)) if isinstance(waiting, list) else ()
    return Said(str(verdict.kind), verdict.reason, _lines(verdict), left)


def _lines(verdict: Verdict) -> tuple[str, ...]:
    refusals = (f"{one.rule}: {one.message}" for one in verdict.refusals)
    return (*refusals, *(one.text for one in verdict.diagnostics), *verdict.remarks)


def _attempts(project: Project, item: Item) -> list[Tried]:
    if item.key is None:
        return []
    asking = project.asking(item.component)
    return [_tried(one, counts=one.asking == asking) for one in project.store.attempts(item.key)]


def _cost(project: Project, item: Item) -> str:
    tried = item.key is not None and any(one.request for one in project.store.attempts(item.key))
    return str(spent.spent(project, item.key)) if item.key is not None and tried else ""


def _tried(one: Attempt, *, counts: bool) -> Tried:
    said = [f"{refusal.rule}: {refusal.message}" for refusal in one.refusals] + [d.text for d in one.diagnostics]
    return Tried(one.number, one.model, str(one.verdict), said[0] if said else one.reason, counts)


def _importers(graph: Graph, component: Component, path: str) -> Neighbours:
    direct = tuple(sorted(one for one, targets in graph.targets.items() if path in targets and one != path))
    above = {one for one, below in graph.closures.items() if component.id in below} | {component.id}
    every = {one for top in above for one in graph.components[top].members}
    return Neighbours(direct, len(every - {path, *direct}))


def _imports(graph: Graph, component: Component, path: str) -> Neighbours:
    direct = tuple(dict.fromkeys(one for one in graph.targets[path] if one != path))
    return Neighbours(direct, len({*graph.files_of(component.id)} - {path, *direct}))
