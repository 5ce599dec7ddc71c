"""A project as s2c sees it, without a verifier: what a run would have left behind is laid down by s2c's own code."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from s2c import bill, keys, stands
from s2c import config as configs
from s2c import graph as graphs
from s2c import project as projects
from s2c.bill import Plan
from s2c.digest import digest_bytes
from s2c.graph import Component, Graph
from s2c.languages.base import language
from s2c.model import Hole, HoleKind, Implementation, Spec
from s2c.plan import Item
from s2c.project import Built, Project
from s2c.shape import shape
from s2c.splice import splice
from s2c.store import Store
from tests.projects import Tree

SECRET = b"a secret of thirty-two characters"
TOOLS = {"dafny": "tool-1"}

HOLE = "// <vc-code>\n{\n}\n// </vc-code>\n"
HELPERS = "// <vc-helpers>\n// </vc-helpers>\n"

Fills = Mapping[str, Mapping[str, str]]
"""Path -> hole id -> normalised text."""


def nothing(component: str) -> None:
    """What stands for a component when nothing does."""
    del component


def spec_of(text: str | bytes, path: str = "a.dfy") -> Spec:
    """A Dafny source that lies nowhere."""
    source = text.encode() if isinstance(text, str) else text
    return Spec(path, "dafny", source, language("dafny").parse(source))


def graph_of(**texts: str) -> Graph:
    """The graph of these sources (name -> text), which lie nowhere and include each other by name."""
    specs = {f"{name}.dfy": spec_of(text, f"{name}.dfy") for name, text in texts.items()}
    targets = {path: tuple(one.target for one in spec.outline.imports) for path, spec in specs.items()}
    return graphs.build(specs, targets, dict.fromkeys(specs, ()))


def fill_for(hole: Hole) -> str:
    """A text that may stand in this hole."""
    if hole.kind is HoleKind.HELPERS:
        return ""
    return "0\n" if hole.visible else f'print "{hole.owner}";\n'


@dataclass
class Bench:
    """A project folder, and what doit would have recorded of it."""

    tree: Tree
    recorded: dict[str, Built] = field(default_factory=dict)

    @contextmanager
    def project(self, **settings: str) -> Iterator[Project]:
        """The project as its files are now, with these settings (`name="value"`)."""
        config = configs.load(self.tree.root, overrides=settings, environ={})
        with Store.open(config.cache_folder, secret=SECRET) as store:
            yield projects.load(config, store, dict(self.recorded).get)

    def plan(self, *selected: str, tool: str = TOOLS["dafny"], **settings: str) -> Plan:
        """The plan for everything, or for these components."""
        with self.project(**settings) as project:
            return bill.make(project, {"dafny": tool}, selected or None)

    def item(self, path: str, *, tool: str = TOOLS["dafny"], **settings: str) -> Item:
        """One component's line in the plan for everything."""
        return self.plan(tool=tool, **settings).items[path]

    def states(self, **settings: str) -> dict[str, str]:
        """Component id -> state, in the plan for everything."""
        return {one: str(item.state) for one, item in self.plan(**settings).items.items()}

    def build(self, given: Fills | None = None, *, only: str = "", written: bool = True) -> None:
        """Leave behind what a run leaves that verified all (or `only` one): store and, if `written`, build/."""
        with self.project() as project:
            standing: dict[str, Mapping[str, str]] = {}
            for component in project.graph.components.values():
                if only not in {"", component.id}:
                    known = stands.standing(project).fills
                    standing.update({one: fills for one, fills in known.items() if one == component.id})
                    continue
                key = keys.obligation(project.graph, component, standing.get)
                assert key is not None
                fills = _fills(project.graph, component, given or {})
                if fills:
                    made = Implementation(key, fills, "model", "m-1", component.id)
                    project.store.add_implementation(made, shape(project.graph, component))
                    standing[component.id] = fills
                if written:
                    self._write(project, component, key, fills)

    def _write(self, project: Project, component: Component, key: str, fills: Mapping[str, str]) -> None:
        spoken = language(component.language)
        for path, own in keys.member_fills(project.graph, component, fills).items():
            spec = project.graph.specs[path]
            content = splice(spec, spoken, own).content
            project.outputs.write(path, content)
            parts = keys.generated(key, spec, TOOLS[spoken.name], spoken.policy_version, ())
            self.recorded[path] = Built(parts, digest_bytes(content))


def _fills(graph: Graph, component: Component, given: Fills) -> dict[str, str]:
    found = {}
    for slot, path in keys.slots(graph, component).items():
        hole = next(one for one in graph.specs[path].outline.holes if one.id == slot.hole)
        found[str(slot)] = given.get(path, {}).get(slot.hole, fill_for(hole))
    return found
