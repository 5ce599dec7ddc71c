"""A verifier's own list of what given text takes on trust, held against ours: part of the deep lint.

Law: it adds remarks, and never takes one away. Only given text is asked about, each hole's owner standing in for
itself; nothing is judged by it. A list that can't be read is told, not guessed at.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from s2c import keys
from s2c.case import Case, Laid
from s2c.digest import Json
from s2c.graph import Component, Graph
from s2c.languages.base import Job, language
from s2c.lint import Finding, Remarks, Rule
from s2c.model import Assumption
from s2c.process import Tool
from s2c.settings import Config
from s2c.store import Store
from s2c.tools import Submit

RULES = "audit.1"
ADVICE = "its verifier says so: prove it, or be sure of it"


class Audit:
    """Asks about the specs of one graph. Without `submit` it only tells what the store knows."""

    def __init__(self, graph: Graph, config: Config, store: Store, submit: Submit | None) -> None:
        self._graph = graph
        self._config = config
        self._store = store
        self._submit = submit

    def remarks(self, component: Component, tool: Tool) -> Remarks:
        """What the tool finds in a component's given text, as far as our own reading does not say it."""
        verifier = language(tool.language).verifier
        job = self._job(component, tool)
        run = verifier.audit(tool, job)
        if run is None:
            return Remarks()
        owners = self._owners(component)
        key = keys.verdict(tool, RULES, [run], sorted(owners))
        known = None if self._config.recheck else self._store.analysis(key)
        if known is None and self._submit is not None:
            told = verifier.audited(job, self._submit(run).result(), owners)
            if isinstance(told, str):
                return Remarks(notes=(f"{component.id}: {told}",))
            known = self._new(component, told)
            self._store.put_analysis(key, known)
        return Remarks(tuple(_findings(known)))

    def _job(self, component: Component, tool: Tool) -> Job:
        specs, spoken = self._graph.specs, language(component.language)
        paths = self._graph.files_of(component.id)
        texts = {path: spoken.stand_in(specs[path].source, specs[path].outline, {}) for path in paths}
        imports = {path: text for path, text in texts.items() if path not in component.members}
        empty = {path: dict.fromkeys((hole.id for hole in specs[path].outline.holes), "") for path in component.members}
        laid = Laid(self._graph, self._config, Case(component, empty, imports), tool)
        job = laid.job({})
        own = {laid.place(path): texts[path] for path in component.members}
        return Job({**job.files, **own}, job.members, job.budget, imports=job.imports, options=job.options)

    def _owners(self, component: Component) -> frozenset[str]:
        """Last names of what a stand-in makes an axiom."""
        holes = [hole for path in component.members for hole in self._graph.specs[path].outline.holes]
        return frozenset(hole.owner.rpartition(".")[2] for hole in holes if hole.owner)

    def _new(self, component: Component, told: Mapping[str, tuple[Assumption, ...]]) -> Json:
        return [
            [path, one.line, one.what]
            for path in component.members
            for one in self._placed(path, told.get(path, ()))
            if not any(_same(one, known) for known in self._graph.specs[path].outline.assumptions)
        ]

    def _placed(self, path: str, told: Iterable[Assumption]) -> list[Assumption]:
        """Findings in a stand-in at their lines of the source: a stand-in only lacks lines."""
        spec = self._graph.specs[path]
        stood = language(spec.language).stand_in(spec.source, spec.outline, {})
        blocks = SequenceMatcher(None, stood.split(b"\n"), spec.source.split(b"\n"), autojunk=False)
        lines = {
            block.a + at + 1: block.b + at + 1 for block in blocks.get_matching_blocks() for at in range(block.size)
        }
        return [Assumption(one.what, lines.get(one.line, one.line)) for one in told]


def _same(theirs: Assumption, ours: Assumption) -> bool:
    """On one line, or in the same words: they tell a `decreases *` where the declaration begins."""
    return theirs.line == ours.line or ours.what in theirs.what


def _findings(known: Json) -> Iterator[Finding]:
    for one in known if isinstance(known, list) else ():
        if isinstance(one, list):
            path, line, what = one
            yield Finding(str(path), int(str(line)), Rule.ASSUMES, f"{what}: {ADVICE}")
