"""Specs that a fill which does nothing of what is asked already satisfies: the deep lint.

Law: it only remarks. Trivial fills are laid out and read as any candidate is, with the flags of a verdict, and what
counts is the owner's own obligation proved by name in a run that had nothing to say; but no verdict comes of it, and
nothing is stored but whether this run proved that name.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from s2c import keys, lint, tools
from s2c.audit import Audit
from s2c.case import Case, Laid
from s2c.errors import ToolError
from s2c.graph import Component, Graph
from s2c.judge import sibling
from s2c.languages.base import Job, Outcome, language
from s2c.languages.lints import Trivial
from s2c.lint import Finding, Remarks, Rule, line_of
from s2c.model import Declaration, Spec, VerdictKind
from s2c.process import RawRun, Run, Tool
from s2c.project import Project
from s2c.schedule import in_order
from s2c.settings import Config
from s2c.store import Store
from s2c.tools import Submit

RULES = "weak.1"
# what says nothing of the spec, or nothing that would be said again
_NOT_KEPT = frozenset({VerdictKind.TOOL_CRASH, VerdictKind.TOOL_MISSING, VerdictKind.TIMEOUT})
_UNDECIDED = _NOT_KEPT | {VerdictKind.RESOURCE}


@dataclass(frozen=True)
class _Try:
    """One trivial fill laid out, and the name under which its owner is reported."""

    trivial: Trivial
    declaration: Declaration
    spec: Spec
    laid: Laid
    job: Job
    name: str


class Deep:
    """Tries trivial fills on the specs of one graph. Without `submit` it only tells what the store knows."""

    def __init__(self, graph: Graph, config: Config, store: Store, submit: Submit | None) -> None:
        self._graph = graph
        self._config = config
        self._store = store
        self._submit = submit
        self._audit = Audit(graph, config, store, submit)
        self.unread: list[str] = []  # why lists of the verifier's own could not be read
        self.undecided: list[str] = []  # names that a run left open, or did not live to say

    def applies(self, component: Component) -> bool:
        """Whether it can be read."""
        return not self._graph.broken(component.id)

    def findings(self, component: Component, tool: Tool) -> tuple[Finding, ...]:
        """What trivial fills prove of a component, at most one remark for each owner; and what its verifier adds."""
        told = self._audit.remarks(component, tool)
        self.unread += told.notes
        return (*told.findings, *self._weak(component, tool))

    def _weak(self, component: Component, tool: Tool) -> tuple[Finding, ...]:
        found: dict[tuple[str, str], Finding] = {}
        for one in self._tries(component, tool):
            owner = (one.spec.path, one.declaration.name)
            if owner not in found and self._proves(tool, one.job, one.name):
                found[owner] = self._told(one, tool)
        return tuple(found.values())

    def _told(self, one: _Try, tool: Tool) -> Finding:
        owner, line = one.declaration.name, line_of(one.spec, one.declaration.name)
        if self._vacuous(one, tool):
            message = f"the `requires` of {owner} contradict themselves, so anything proves it: correct them"
            return Finding(one.spec.path, line, Rule.VACUOUS, message)
        message = f"proved by {one.trivial.what} in {owner}: say more of its result, unless that is all you mean"
        return Finding(one.spec.path, line, Rule.WEAK, message)

    def _vacuous(self, one: _Try, tool: Tool) -> bool:
        """Whether `false` follows from the owner's `requires` alone."""
        spoken = language(tool.language)
        asks = any(clause.kind == "requires" for clause in one.declaration.clauses)
        found = spoken.vacuity(one.spec.source, one.spec.outline, one.declaration) if asks else None
        if found is None:
            return False
        offset, text, name = found
        source = one.spec.source[:offset] + text + one.spec.source[offset:]
        stand_in = spoken.stand_in(source, spoken.parse(source), {})
        lemma = replace(one.declaration, name=sibling(one.declaration.name, name), kind="lemma")
        owed = spoken.verifier.twin_owed(tool, lemma)
        files = {**one.job.files, one.laid.place(one.spec.path): stand_in}
        return self._proves(tool, replace(one.job, files=files, lenient=True, owed=(owed,), promises=()), owed)

    def _tries(self, component: Component, tool: Tool) -> Iterator[_Try]:
        spoken = language(component.language)
        for path in component.members:
            spec = self._graph.specs[path]
            for trivial in spoken.lint.trivial(spec.source, spec.outline):
                laid = Laid(self._graph, self._config, self._case(component, path, trivial), tool)
                declaration = next(one for one in laid.declarations(path) if one.name == trivial.owner)
                name = spoken.verifier.twin_owed(tool, declaration)
                yield _Try(trivial, declaration, spec, laid, self._job(component, spec, trivial, laid, name), name)

    def _case(self, component: Component, path: str, trivial: Trivial) -> Case:
        """The trivial fills, the other holes empty, beside imports that are stand-ins."""
        spoken, specs = language(component.language), self._graph.specs
        empty = {one: {hole.id: "" for hole in specs[one].outline.holes} for one in component.members}
        below = [one for other in self._graph.closures[component.id] for one in self._graph.components[other].members]
        imports = {one: spoken.stand_in(specs[one].source, specs[one].outline, {}) for one in below}
        return Case(component, {**empty, path: {**empty[path], **trivial.fills}}, imports)

    def _job(self, component: Component, spec: Spec, trivial: Trivial, laid: Laid, name: str) -> Job:
        """The check as a verdict's would be; beside other owners of holes, which stand in for themselves."""
        job = laid.job({})
        others = [one for path in component.members for one in self._graph.specs[path].outline.holes if one.owner]
        if len(others) == 1:
            return job
        fills: dict[str, Mapping[str, str]] = {spec.path: trivial.fills}
        files = {laid.place(path): self._stand_in(path, fills.get(path, {})) for path in component.members}
        # what stand-ins take on trust is not the strictest mode's to refuse here
        return replace(job, files={**job.files, **files}, lenient=True, owed=(name,), promises=())

    def _stand_in(self, path: str, fills: Mapping[str, str]) -> bytes:
        spec = self._graph.specs[path]
        return language(spec.language).stand_in(spec.source, spec.outline, fills)

    def _proves(self, tool: Tool, job: Job, name: str) -> bool:
        """Whether this run proves that name, and has nothing to say against anything else."""
        verifier = language(tool.language).verifier
        run = verifier.check(tool, job)
        key = keys.verdict(tool, RULES, [run], [name])
        known = self._store.analysis(key)
        if isinstance(known, bool) and not self._config.recheck:
            return known
        if self._submit is None:
            return False
        reading = verifier.read(tool, job, self._submit(run).result())
        proved = reading.outcomes.get(name) is Outcome.PROVED and not reading.unkept
        proved = proved and reading.kind is VerdictKind.VERIFIED
        if reading.kind not in _NOT_KEPT:
            self._store.put_analysis(key, proved)
        if reading.kind in _UNDECIDED or reading.outcomes.get(name) is Outcome.OPEN:
            self.undecided.append(name)
        return proved


Find = Callable[[str], Tool | str]
"""Language -> its verifier, or why there is none."""


def remarks(project: Project, wanted: Collection[str], tool: Find, submit: Submit | None, jobs: int) -> Remarks:
    """All remarks on the specs of these components, as the settings ask for them."""
    graph, config = project.graph, project.config
    chosen = [graph.components[one] for one in wanted]
    if config.lint == "off":
        return Remarks()
    deep = Deep(graph, config, project.store, submit)
    tried = _look(deep, chosen if config.lint == "deep" else [], jobs, tool)
    plain = lint.plain(graph, [path for one in chosen for path in one.members])
    return Remarks(tuple(sorted((*plain, *tried.findings))), tried.notes)


def known(project: Project, wanted: Collection[str]) -> Remarks:
    """The same without a process: with lint=deep, what an earlier plan found of exactly these specs."""

    def tool(name: str) -> Tool | str:
        layout = project.graph.layouts[name]
        try:
            return tools.find(project.config, language(name), layout, project.store, _never)
        except ToolError as error:
            return str(error)

    return remarks(project, wanted, tool, None, 1)


def _look(deep: Deep, components: Iterable[Component], jobs: int, tool: Find) -> Remarks:
    """What trivial fills prove of these components, side by side; with why a language could not be looked at."""
    found: list[Finding] = []
    missing: dict[str, str] = {}
    ids = {one.id: one for one in components if not one.id.startswith("../") and deep.applies(one)}

    def work(one: str) -> tuple[Finding, ...]:
        have = tool(ids[one].language)
        if isinstance(have, str):
            missing[ids[one].language] = have
            return ()
        return deep.findings(ids[one], have)

    in_order(ids, dict.fromkeys(ids, ()), jobs, work, lambda _, told: found.extend(told))
    notes = [*deep.unread, *(f"lint=deep did not look at {name} specs: {why}" for name, why in sorted(missing.items()))]
    if deep.undecided:
        count = len(deep.undecided)
        notes.append(f"lint=deep left {count} of its runs undecided (time, resources): they count as not proved")
    return Remarks(tuple(found), tuple(notes))


def _never(run: Run) -> Future[RawRun]:
    raise ToolError("its version is not known yet", where=" ".join(run.command))
