"""The only place where keys are computed, and where their differences become reasons.

Law: a key holds content alone: no time, no path of a machine, no neighbour in a batch. Each has a schema version in its
tag; a change of what goes in is a new version, and tests/golden/keys.json guards it.

The obligation key names the work: the skeleton's tokens and the interfaces of what it imports, holes empty. The verdict
key is made of bytes: all that a verifier reads, the tool, its flags and the policy.
"""

import functools
from collections.abc import Callable, Mapping, Sequence

from s2c.digest import Json, digest, digest_bytes, digest_tokens
from s2c.graph import Component, Graph
from s2c.languages.base import Language, language
from s2c.model import Message, Slot, Spec
from s2c.process import Run, Tool
from s2c.settings import Config

OBLIGATION = "obligation.1"
ASKING = "asking.1"
REQUEST = "request.1"
VERDICT = "verdict.1"
OPTIONS = "options.1"
FILLS = "fills.1"

Standing = Callable[[str], Mapping[str, str] | None]
"""Component id -> the fills (by slot) that stand for it, or None while there are none."""


@functools.lru_cache(maxsize=65536)
def _digest(tokens: tuple[bytes, ...]) -> str:
    """Each list is asked for by its file and by every importer."""
    return digest_tokens(tokens)


def ranking(graph: Graph, component: Component) -> tuple[str, ...]:
    """The members in an order that content decides, so that a renamed file keeps its rank."""
    if len(component.members) == 1:
        return component.members
    return tuple(sorted(component.members, key=lambda path: (_digest(graph.specs[path].outline.skeleton), path)))


def slots(graph: Graph, component: Component) -> Mapping[Slot, str]:
    """Every hole of a component, with the path of the member that it is in."""
    return {
        Slot(rank, hole.id): path
        for rank, path in enumerate(ranking(graph, component))
        for hole in graph.specs[path].outline.holes
    }


def member_fills(graph: Graph, component: Component, fills: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Fills by slot become fills by path and hole id."""
    found: dict[str, dict[str, str]] = {path: {} for path in component.members}
    for slot, path in slots(graph, component).items():
        if str(slot) in fills:
            found[path][slot.hole] = fills[str(slot)]
    return found


def obligation(graph: Graph, component: Component, standing: Standing) -> str | None:
    """The obligation key; None while a fill that it can see (an imported function's body) does not stand yet."""
    interfaces = imported(graph, component, standing)
    if interfaces is None:
        return None
    spoken = language(component.language)
    members = ranking(graph, component)
    content: dict[str, Json] = {
        "language": [spoken.name, spoken.version],
        "imports": sorted(set(interfaces.values())),
        "members": [_member(graph, members, path, interfaces) for path in members],
    }
    return digest(OBLIGATION, content)


def _member(graph: Graph, members: Sequence[str], path: str, interfaces: Mapping[str, str]) -> Json:
    # an import's path is no content: what it names is
    named = [members.index(to) if to in members else interfaces[to] for to in graph.targets[path]]
    return {"tokens": _digest(graph.specs[path].outline.skeleton), "imports": named}


def imported(graph: Graph, component: Component, standing: Standing) -> dict[str, str] | None:
    """Path -> interface digest of every file in the import closure; None while a visible fill is missing."""
    bodies = any(graph.specs[path].outline.needs_bodies for path in component.members)
    found = {}
    for one in graph.closures[component.id]:
        other = graph.components[one]
        fills = _visible(graph, other, standing)
        if fills is None:
            return None
        for path in other.members:
            outline = graph.specs[path].outline
            tokens = _digest(outline.skeleton if bodies else outline.interface)
            found[path] = digest("interface.1", [tokens, fills[path]])
    return found


def _visible(graph: Graph, component: Component, standing: Standing) -> dict[str, Json] | None:
    holes = {path: [h.id for h in graph.specs[path].outline.holes if h.visible] for path in component.members}
    if not any(holes.values()):
        return dict.fromkeys(holes, None)
    fills = standing(component.id)
    if fills is None:
        return None
    by_path = member_fills(graph, component, fills)
    return {path: {hole: by_path[path][hole] for hole in wanted} or None for path, wanted in holes.items()}


def asking(config: Config, spoken: Language, templates: str) -> str:
    """What makes a new attempt worth its money: model, endpoint, templates, settings of the request."""
    content: dict[str, Json] = {
        "model": config.model,
        "endpoint": config.base_url,
        "temperature": None if config.temperature is None else str(config.temperature),
        "max_output": config.max_output,
        "templates": templates,
        "language": [spoken.name, digest_bytes(spoken.prompt.encode())],
    }
    return digest(ASKING, content)


def request(model: str, messages: Sequence[Message], max_output: int, temperature: str, attempts: Sequence[int]) -> str:
    """A request without its nonce. `attempts` (each spec's number) tells a second try from a repeat of the first."""
    content: dict[str, Json] = {
        "model": model,
        "messages": [[message.role, message.content] for message in messages],
        "max_output": max_output,
        "temperature": temperature,
        "attempts": list(attempts),
    }
    return digest(REQUEST, content)


def verdict(tool: Tool, policy: str, runs: Sequence[Run], owed: Sequence[str]) -> str:
    """Every byte that counts for a verdict: what is run, on what, by which tool, under which policy."""
    content: dict[str, Json] = {
        "tool": [tool.name, tool.identity],
        "policy": policy,
        "owed": sorted(owed),
        "runs": [_run(tool, run) for run in runs],
    }
    return digest(VERDICT, content)


def _run(tool: Tool, run: Run) -> Json:
    files: Json = {path: digest_bytes(content) for path, content in run.files.items()}
    limits = [run.limits.wall_seconds, run.limits.cpu_seconds, run.limits.memory_bytes]
    content: dict[str, Json] = {"flags": _flags(tool, run.command), "files": files, "limits": limits}
    if run.then:
        content["then"] = [_flags(tool, command) for command in run.then]
    return content


def _flags(tool: Tool, command: tuple[str, ...]) -> list[str]:
    """A command without the tool's own words, which are places on this machine."""
    return list(command[len(tool.command) :] if command[: len(tool.command)] == tool.command else command)


def generated(  # noqa: PLR0913, PLR0917 - a key has that many parts
    component_key: str, spec: Spec, identity: str, policy: str, options: Sequence[str],
    first: Mapping[str, str] | None = None,
) -> dict[str, str]:  # fmt: skip
    """What `generate:PATH` was made from, part by part, so that a difference has a name.

    `options`: what the project sets for the verifier; a part of their own, and only where there are some. `first`: the
    fills that stand first in the store for this obligation, if there are any.
    """
    parts = {"obligation": component_key, "source": digest_bytes(spec.source), "tool": identity, "policy": policy}
    parts |= {"options": digest(OPTIONS, list(options))} if options else {}
    form = f"{OBLIGATION}, {spec.language} {language(spec.language).version}"
    return {**parts, "form": form} | ({"standing": mark(first)} if first else {})


def mark(fills: Mapping[str, str]) -> str:
    """Tells fills (by slot) apart."""
    return digest(FILLS, dict(fills))


FORM = "this version of s2c reads its language, or makes keys, in another way"
REASONS = {
    "form": FORM,
    "obligation": "its contract, or what it imports, changed",
    "source": "its text changed, not its meaning",
    "tool": "the verifier is another one",
    "policy": "s2c's rules for fills are newer",
    "options": "what the project sets for the verifier changed",
    "standing": "another implementation stands for it now",
}


def reasons(was: Mapping[str, str] | None, now: Mapping[str, str]) -> tuple[str, ...]:
    """Why `now` is not `was`, for a person, most important first; empty if nothing differs."""
    if not was:
        return ("never built here",)
    changed = [name for name in REASONS if was.get(name) != now.get(name)]
    for name in ("standing", "form"):  # what the store lost, or an older s2c did not write down, takes nothing away
        if name in changed and not (name in was and name in now):
            changed.remove(name)
    if "form" in changed and "obligation" in changed:
        changed.remove("obligation")
    if "source" in changed and {"obligation", "form"}.intersection(changed):
        changed.remove("source")
    return tuple(REASONS[name] for name in changed)
