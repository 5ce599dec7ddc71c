"""What stands so far in one run: accepted fills, the names that they take, and the files as importers may rely on them.

Law: acceptance is serial, in one thread, in an order that content decides. A file that is not accepted is a stand-in:
its spec with every hole's owner an explicit axiom, so an importer can be judged before it, and is judged again after.
"""

from collections.abc import Iterable, Mapping
from functools import cache

from s2c import keys, policy
from s2c.case import Case
from s2c.graph import Component, Graph
from s2c.languages.base import language
from s2c.model import Refusal
from s2c.splice import splice


class Accepted:
    """The accepted components of one run, by id."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.fills: dict[str, Mapping[str, str]] = {}
        self._helpers: dict[str, dict[str, str]] = {}  # component id -> name -> path
        self._connected = cache(self._find_connected)

    def add(self, component: Component, fills: Mapping[str, str]) -> None:
        """From now on these fills stand for the component."""
        self.fills[component.id] = fills
        self._helpers[component.id] = self._names(component, fills)

    def remove(self, component: Component) -> None:
        """They don't stand any more."""
        self.fills.pop(component.id, None)
        self._helpers.pop(component.id, None)

    def reserve(self, component: Component, fills: Mapping[str, str]) -> None:
        """Take the names of fills that are about to be judged, so that none judged beside them can take them too."""
        self._helpers[component.id] = self._names(component, fills)

    def release(self, component: Component) -> None:
        """Give the names back, if the component was not accepted."""
        if component.id not in self.fills:
            self._helpers.pop(component.id, None)

    def clashes(self, component: Component, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        """Refusals for helper names that a file imported together with this component declares already."""
        owners: dict[str, str] = {}
        for one in self._connected(component.id):
            if one != component.id:
                for path in self._graph.components[one].members:
                    owners.update(dict.fromkeys(self._graph.specs[path].outline.declared, path))
                owners.update(self._helpers.get(one, {}))
        return policy.taken(self._declared(component, fills), owners)

    def case(self, component: Component, fills: Mapping[str, str]) -> Case:
        """What is to be judged: these fills beside what stands for the imports now."""
        imports: dict[str, bytes] = {}
        for one in self._graph.closures[component.id]:
            imports.update(self.files(self._graph.components[one]))
        return Case(component, keys.member_fills(self._graph, component, fills), imports)

    def beside(self, component: Component) -> dict[str, Mapping[str, str] | None]:
        """What stands for each imported component now: its fills, or None for a stand-in."""
        return {one: self.fills.get(one) for one in self._graph.closures[component.id]}

    def files(self, component: Component) -> dict[str, bytes]:
        """The component's files: implementations where accepted, else stand-ins."""
        spoken = language(component.language)
        specs = {path: self._graph.specs[path] for path in component.members}
        if component.id not in self.fills:
            return {path: spoken.stand_in(spec.source, spec.outline, {}) for path, spec in specs.items()}
        fills = keys.member_fills(self._graph, component, self.fills[component.id])
        return {path: splice(spec, spoken, fills[path]).content for path, spec in specs.items()}

    def _names(self, component: Component, fills: Mapping[str, str]) -> dict[str, str]:
        return {name: path for path, names in self._by_path(component, fills).items() for name in names}

    def _declared(self, component: Component, fills: Mapping[str, str]) -> dict[str, str]:
        return {name: hole for names in self._by_path(component, fills).values() for name, hole in names.items()}

    def _by_path(self, component: Component, fills: Mapping[str, str]) -> dict[str, dict[str, str]]:
        spoken = language(component.language)
        by_path = keys.member_fills(self._graph, component, fills)
        return {path: policy.names(self._graph.specs[path], spoken, by_path[path]) for path in component.members}

    def _find_connected(self, component: str) -> frozenset[str]:
        """Components that some file imports together with this one, itself included."""
        closures: Iterable[tuple[str, tuple[str, ...]]] = self._graph.closures.items()
        return frozenset(
            one for top, below in closures if component == top or component in below for one in (top, *below)
        )
