"""One project as it is today: its settings, its graph, its store, and what doit recorded of earlier runs.

Law: everything here is computed once from one reading of the files; a run plans, asks and judges against this picture
even if a file changes while it runs.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from s2c import graph as graphs
from s2c import keys, prompts, wire
from s2c.digest import Json, digest, digest_bytes
from s2c.graph import Component, Graph
from s2c.languages.base import language
from s2c.model import Implementation
from s2c.outputs import Outputs
from s2c.settings import Config
from s2c.store import Store

PLACES = "places.1"  # what each file imports, as last read without a problem


@dataclass(frozen=True)
class Built:
    """What `generate:PATH` recorded when it last wrote: the parts of its key, and the digest of what it wrote."""

    parts: Mapping[str, str]
    target: str


Recorded = Callable[[str], Built | None]
"""Path -> what was recorded for it, or None."""


@dataclass(frozen=True)
class Project:
    """The picture of one run."""

    config: Config
    graph: Graph
    store: Store = field(repr=False)
    outputs: Outputs = field(repr=False)
    recorded: Recorded = field(repr=False)

    def component(self, path: str) -> Component:
        """The component that holds `path`."""
        return self.graph.components[self.graph.home[path]]

    def asking(self, component: Component) -> str:
        """The asking key of a component's language under today's settings."""
        templates = f"{prompts.version()} {wire.WIRE_VERSION}"
        return keys.asking(self.config, language(component.language), templates)

    def stored(self, component: Component, key: str) -> tuple[Implementation, ...]:
        """The stored implementations of exactly this obligation, the one that stands first.

        Records may come from anyone: one that does not fill exactly these holes is none.
        """
        holes = {str(slot) for slot in keys.slots(self.graph, component)}
        found = self.store.implementations(key) if holes else ()
        return tuple(one for one in found if set(one.fills) == holes)

    def touched(self, path: str) -> bytes | None:
        """The bytes of build/PATH if they are not what was recorded as written: perhaps an edit by hand."""
        content = self.outputs.read(path)
        if content is None:
            return None
        built = self.recorded(path)
        return None if built is not None and built.target == digest_bytes(content) else content


def load(
    config: Config,
    store: Store,
    recorded: Recorded,
    only: Collection[str] | None = None,
    files: Sequence[str] | None = None,
) -> Project:
    """The project as its files are now; `only` these and what they import. `files`: what `spec.listing` found.

    What each imports is kept for the day on which it can't be read.
    """
    last_good = cache(lambda: _places(store))
    graph = graphs.load(config, last_good, only, files)
    _keep_places(store, graph, last_good, whole=only is None)
    return Project(config, graph, store, Outputs(config.root, config.build_folder), recorded)


def _places(store: Store) -> dict[str, tuple[str, ...]]:
    known = store.analysis(PLACES)
    return {str(path): tuple(map(str, ones)) for path, ones in known.items()} if isinstance(known, dict) else {}


def _keep_places(
    store: Store, graph: Graph, last_good: Callable[[], Mapping[str, tuple[str, ...]]], *, whole: bool
) -> None:
    if not whole and not graph.specs:
        return
    broken = [path for path, problems in graph.problems.items() if problems]
    before = last_good() if broken or not whole else {}
    kept = {path: before[path] for path in (broken if whole else before) if path in before}
    now: Json = {**kept, **{path: list(ones) for path, ones in graph.targets.items() if path not in broken}}
    mark = digest(PLACES, now)
    if store.analysis(f"{PLACES} digest") != mark:
        store.put_analysis(PLACES, now)
        store.put_analysis(f"{PLACES} digest", mark)
