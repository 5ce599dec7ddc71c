"""What is stale and why, and what it would cost at most: the same function for `s2c plan` and for the run.

Law: a plan reads files and the store, nothing else: no network, no verifier. What it says of round 1 is an upper bound,
since a candidate that still verifies costs no request.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from s2c import keys, spent, tallies
from s2c.asking import Wanted, fixed
from s2c.batches import Limits
from s2c.digest import digest_bytes
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Attempt
from s2c.project import Project
from s2c.reuse import candidates
from s2c.stands import standing
from s2c.tokens import Counter


class State(StrEnum):
    """What a run would do with a component, cheapest first."""

    CURRENT = "current"  # build/ holds it, made under today's keys
    STORED = "stored"  # its obligation is in the store: no request
    CANDIDATE = "candidate"  # older fills are tried; a request only if they no longer verify
    GIVEN = "given"  # no holes: it is only checked
    WAITING = "waiting"  # it can see a fill that does not stand yet
    ASK = "ask"
    EXHAUSTED = "exhausted"  # its attempts or its money are used up, and nothing that matters changed
    BROKEN = "broken"  # it, or a file it imports, can't be read


MAY_ASK = frozenset({State.CANDIDATE, State.WAITING, State.ASK})


@dataclass(frozen=True)
class Item:
    """One component in the plan."""

    component: Component
    state: State
    reason: str
    key: str | None


def rekeyed(reasons: Iterable[str]) -> str:
    """What to tell before anything is paid where keys are not what they were though no source changed; else ""."""
    count = sum(keys.FORM in one for one in reasons)
    tried = "older fills are tried first, and only what they do not prove any more is asked for"
    which = f"{count} of these files {'has another key' if count == 1 else 'have other keys'} now"
    return f"{which}: {keys.FORM}; {tried}" if count else ""


def identities(project: Project, tools: Mapping[str, str]) -> Mapping[str, Mapping[str, dict[str, str]]]:
    """Component id -> path -> the parts of `generate:PATH`'s key today; no entry while the obligation is unknown.

    `tools`: language name -> identity of its verifier ("" where it is missing).
    """
    stands = standing(project)
    found = {}
    for one, key in stands.keys.items():
        component = project.graph.components[one]
        spoken = language(component.language)
        own = tools[spoken.name], spoken.policy_version, project.graph.options(component), stands.first.get(one)
        found[one] = {path: keys.generated(key, project.graph.specs[path], *own) for path in component.members}
    return found


def states(project: Project, tools: Mapping[str, str], selected: Collection[str] | None = None) -> Mapping[str, Item]:
    """The part of a plan that costs no counting of tokens: every component with its state."""
    graph = project.graph
    chosen = set(graph.components if selected is None else selected)
    chosen |= {one for top in tuple(chosen) for one in graph.closures[top]}
    parts, stands = identities(project, tools), standing(project).fills
    items: dict[str, Item] = {}
    for component in graph.components.values():
        if component.id in chosen:
            items[component.id] = _item(project, component, parts.get(component.id), stands)
    return items


def _item(
    project: Project, component: Component, parts: Mapping[str, dict[str, str]] | None, stands: Collection[str]
) -> Item:
    broken = project.graph.broken(component.id)
    if broken:
        first = broken[0]
        return Item(component, State.BROKEN, f"{first.path}:{first.line}:{first.column}: {first.message}", None)
    if parts is None:
        return Item(component, State.WAITING, f"after {', '.join(_missing(project, component, stands))}", None)
    key = next(iter(parts.values()))["obligation"]
    why = "; ".join(dict.fromkeys(reason for path in parts for reason in why_stale(project, path, parts[path])))
    if not why:
        return Item(component, State.CURRENT, "", key)
    state = _stale(project, component, key)
    dear = spent.over(project, key) if state is State.EXHAUSTED else ""
    return Item(component, state, f"{why}; {dear}" if dear else why, key)


def why_stale(project: Project, path: str, parts: Mapping[str, str]) -> tuple[str, ...]:
    """Why `generate:PATH` must run; empty if build/ holds what today's keys ask for."""
    built = project.recorded(path)
    if built is None:
        return keys.reasons(None, parts)
    content = project.outputs.read(path)
    if content is None:
        return ("its file in the build folder is gone",)
    if digest_bytes(content) != built.target:
        return ("its file in the build folder was edited",)
    return keys.reasons(built.parts, parts)


def _stale(project: Project, component: Component, key: str) -> State:
    found = candidates(project, component, key, {}, exact=False)
    origins = {one.origin for one in found}
    if "given" in origins:
        return State.GIVEN
    if project.config.fresh:
        return State.EXHAUSTED if exhausted(project, component, key) else State.ASK
    if "stored" in origins:
        return State.STORED
    if found:
        return State.CANDIDATE
    return State.EXHAUSTED if exhausted(project, component, key) else State.ASK


def exhausted(project: Project, component: Component, key: str) -> bool:
    """Whether nothing more is asked for this obligation."""
    return bool(used_up(project, component, key))


def used_up(project: Project, component: Component, key: str) -> str:
    """Why nothing more is asked for this obligation: what it has cost, or its attempts under today's asking key.

    "" if there is no such reason. `retry` and `fresh` allow new attempts; they lift no cap.
    """
    dear = spent.over(project, key)
    if dear or project.config.retry or project.config.fresh:
        return dear
    most = project.config.max_attempts
    return attempts_used(most) if len(attempts(project, component, key)) >= most else ""


def attempts_used(most: int) -> str:
    """What is told where so many attempts were made in vain."""
    return f"its {most} attempts are used up (retry=1 asks again)"


def attempts(project: Project, component: Component, key: str) -> list[Attempt]:
    """The attempts on record for this obligation under today's asking key."""
    asking = project.asking(component)
    return [one for one in project.store.attempts(key) if one.asking == asking]


def _missing(project: Project, component: Component, stands: Collection[str]) -> list[str]:
    """The imported components that have a fill which this one can see and which does not stand yet."""
    graph = project.graph
    return [
        one
        for one in graph.closures[component.id]
        if one not in stands
        and any(hole.visible for path in graph.components[one].members for hole in graph.specs[path].outline.holes)
    ]


def limits(project: Project, context: str, counter: Counter) -> Limits:
    """What the settings let one batch hold, besides what every request has, such as the codebase context."""
    config = project.config
    tokens = config.batch_size - fixed(project, context, counter)
    names = {component.language for component in project.graph.components.values()}
    first = {name: tallies.first_size(project, language(name)) for name in names}
    return Limits(config.batch_specs, tokens, config.max_output, config.batch_mode, config.smart_batching, first)


def whole(project: Project, component: Component, key: str, attempt: int) -> Wanted:
    """A component asked for with all its holes."""
    slots = frozenset(str(slot) for slot in keys.slots(project.graph, component))
    return Wanted(component, key, attempt, slots, {})
