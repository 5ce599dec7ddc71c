"""The imports of a project as a graph: a node a file, an edge an import, a cluster a cycle.

Law: the same files make the same text, and every name comes out as it is, whatever characters it has.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from s2c.graph import Graph
from s2c.plan import Item, State

COLOURS = {
    State.CURRENT: "palegreen",
    State.STORED: "honeydew",
    State.CANDIDATE: "khaki",
    State.GIVEN: "lightblue",
    State.WAITING: "lightgrey",
    State.ASK: "orange",
    State.EXHAUSTED: "salmon",
    State.BROKEN: "red",
}


@dataclass(frozen=True)
class Node:
    """One file: its state in the plan, why, and the id of its component."""

    path: str
    state: State
    reason: str
    component: str


@dataclass(frozen=True)
class Drawing:
    """Files by path, imports (importer, imported), and the files of each import cycle; all sorted."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    cycles: tuple[tuple[str, ...], ...]


def draw(graph: Graph, items: Mapping[str, Item]) -> Drawing:
    """The graph of these components."""
    nodes = [Node(path, one.state, one.reason, id_) for id_, one in items.items() for path in one.component.members]
    shown = {one.path for one in nodes}
    edges = {(path, target) for path in shown for target in graph.targets[path] if target in shown}
    cycles = [one.component.members for one in items.values() if len(one.component.members) > 1]
    return Drawing(tuple(sorted(nodes, key=lambda one: one.path)), tuple(sorted(edges)), tuple(sorted(cycles)))


def to_dot(drawing: Drawing) -> str:
    """The text that Graphviz's `dot` reads."""
    inside = {path for members in drawing.cycles for path in members}
    nodes = {one.path: _node(one) for one in drawing.nodes}
    lines = ["digraph s2c {", "  rankdir=LR;", "  node [shape=box, style=filled];"]
    for number, members in enumerate(drawing.cycles, 1):
        lines += list(_cluster(number, members, nodes))
    lines += [f"  {text}" for path, text in nodes.items() if path not in inside]
    lines += [f"  {quoted(importer)} -> {quoted(imported)};" for importer, imported in drawing.edges]
    return "\n".join([*lines, "}", ""])


def _cluster(number: int, members: Collection[str], nodes: Mapping[str, str]) -> Iterator[str]:
    yield f"  subgraph cluster_{number} {{"
    yield '    label="import cycle";'
    yield from (f"    {nodes[path]}" for path in members)
    yield "  }"


def _node(one: Node) -> str:
    label = f'{quoted(one.path)[:-1]}\\n{one.state}"'
    return f"{quoted(one.path)} [label={label}, fillcolor={COLOURS[one.state]}];"


def quoted(name: str) -> str:
    """A name between quotes. Dot leaves a doubled backslash in a name as it is, and shows one of it in a label."""
    text = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
