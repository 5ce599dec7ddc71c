"""Which files of a project one of several machines is responsible for.

Law: it follows from the graph alone, so every machine finds the same parts. What costs a request is in one part only:
files tied by an import that has holes stay together. A part is found by a stable hash: another spec moves none of those
that it has nothing to do with.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from s2c.digest import digest_bytes
from s2c.graph import Component, Graph


@dataclass(frozen=True)
class Part:
    """What one shard does: `own` is what it answers for, `needed` that and what it imports."""

    own: frozenset[str]
    needed: frozenset[str]


def part(graph: Graph, number: int, count: int) -> Part:
    """The shard of this number, from 1."""
    if count == 1:
        return Part(frozenset(graph.specs), frozenset(graph.specs))
    names = _units(graph)
    ids = [one for one in graph.components if _place(names[one], count) == number]
    own = frozenset(path for one in ids for path in graph.components[one].members)
    return Part(own, frozenset(path for one in ids for path in graph.files_of(one)))


def note(graph: Graph, found: Part, shard: str) -> tuple[str, ...]:
    """What this shard is not responsible for, as a line for a person; nothing where it has all."""
    own, needed, files = (
        sum(1 for path in paths if not path.startswith("../")) for paths in (found.own, found.needed, graph.specs)
    )
    told = f"shard {shard}: {own} of {files} files; the others are left to other shards"
    more = f", but {needed - own} of them are imported here and are done here too" if needed > own else ""
    return (told + more,) if own < files else ()


def project(graph: Graph) -> str:
    """One digest for every file of the graph: shards of different sources are not parts of one project."""
    lines = (f"{path}\0{digest_bytes(one.source)}\n" for path, one in sorted(graph.specs.items()))
    return digest_bytes("".join(lines).encode("utf-8", "surrogateescape"))


def _place(name: str, count: int) -> int:
    return int(digest_bytes(name.encode("utf-8", "surrogateescape")).rpartition(":")[2], 16) % count + 1


def _units(graph: Graph) -> Mapping[str, str]:
    """Component id -> name of what it must stay with: the first of those in it that import no other with holes."""
    below = {one: [other for other in graph.closures[one] if _asks(graph, other)] for one in graph.components}
    top: dict[str, str] = {}  # components come with imports first, so a unit is known by what it stands on
    for one in graph.components:
        names = {_last(top, other) for other in below[one]}
        name = min(names, default=one)
        top.update(dict.fromkeys((*names, one), name))
    return {one: _last(top, one) for one in graph.components}


def _last(top: Mapping[str, str], one: str) -> str:
    while top[one] != one:
        one = top[one]
    return one


def _asks(graph: Graph, one: str) -> bool:
    component: Component = graph.components[one]
    return any(graph.specs[path].outline.holes for path in component.members)
