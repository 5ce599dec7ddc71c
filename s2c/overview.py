"""Everything that is known of a project, file by file, as its report shows it.

Law: read only: nothing is run, asked or judged. `verified` is said where the store has a verdict that this machine
signed, under today's key of the very bytes that lie in build/, and of all that it imports; anything else is something
else. The verdict files in build/ are not read.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from s2c import built, history, plan, spent, tools, verdicts
from s2c.errors import ToolError
from s2c.graph import Component
from s2c.history import Run as Past
from s2c.judge import Judge
from s2c.languages.base import language
from s2c.model import Attempt, Spec, Verdict, VerdictKind
from s2c.plan import Item, State
from s2c.prices import prices
from s2c.process import RawRun, Run, Tool
from s2c.project import Project
from s2c.splice import splice
from s2c.stands import fills_in

UNSOLVED, STALE, UNJUDGED, UNREADABLE = "unsolved", "stale", "not verified yet", "unreadable"
MOST_SAID = 20  # lines about one file: the rest is in build/.failed


@dataclass(frozen=True)
class Tried:
    """One attempt of a model: `said`: what the verifier or a rule had against it."""

    number: int
    model: str
    verdict: str
    reason: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One file. `text`: its implementation, or the spec itself, in pieces: (text, whether it is a fill)."""

    path: str
    language: str
    state: str
    reason: str
    component: str
    holes: int
    attempts: int
    tokens: int
    cost: str  # dollars, "unknown", or "" where nothing was asked
    cpu_ms: int
    author: str
    remarks: tuple[str, ...]
    assumptions: tuple[str, ...]
    proved: int  # obligations
    said: tuple[str, ...] = field(repr=False)
    tried: tuple[Tried, ...] = field(repr=False)
    text: tuple[tuple[str, bool], ...] = field(repr=False)


@dataclass(frozen=True)
class Overview:
    """The whole project. `imports`: (importer, imported) by place in `files`; `batches`: (specs, verified) of each."""

    files: tuple[Entry, ...]
    imports: tuple[tuple[int, int], ...]
    runs: tuple[Past, ...]
    by_attempt: Mapping[int, int]  # number of the attempt that was verified -> how many
    batches: tuple[tuple[int, int], ...]
    tools: Mapping[str, str]


def look(project: Project, identities: Mapping[str, str]) -> Overview:
    """The overview of a project. `identities`: language name -> identity of its verifier."""
    reader = _Reader(project, identities)
    files = tuple(sorted(reader.entries(), key=lambda one: one.path))
    place = {one.path: at for at, one in enumerate(files)}
    targets = project.graph.targets
    edges = tuple((place[one], place[to]) for one in place for to in sorted(set(targets.get(one, ()))) if to in place)
    return Overview(
        files, edges, history.runs(project.store), reader.by_attempt(), reader.batches(), reader.versions()
    )  # fmt: skip


class _Reader:
    """Reads one project."""

    def __init__(self, project: Project, identities: Mapping[str, str]) -> None:
        self._project = project
        self._items = plan.states(project, identities)
        self._tools = _tools(project)
        self._judge = Judge(project.graph, project.config, project.store, _nothing_runs)
        self._verdicts: dict[str, Verdict | None] = {}
        self._attempts = {
            one: project.store.attempts(item.key) for one, item in self._items.items() if item.key is not None
        }
        self._bills = _Bills(project, [one for ones in self._attempts.values() for one in ones])

    def entries(self) -> Iterator[Entry]:
        """One for each file of the project's own."""
        for one, item in self._items.items():  # imports stand before importers
            self._verdicts[one] = self._verdict(item)
            yield from (self._entry(item, path) for path in item.component.members if not path.startswith("../"))

    def versions(self) -> dict[str, str]:
        """The verifiers, by name."""
        return {one.name: one.version for one in self._tools.values()}

    def by_attempt(self) -> dict[int, int]:
        """How many were verified at the first attempt, the second, ..."""
        every = (one for ones in self._attempts.values() for one in ones)
        return dict(sorted(Counter(one.number for one in every if one.verdict is VerdictKind.VERIFIED).items()))

    def batches(self) -> tuple[tuple[int, int], ...]:
        """For each request: specs in it, and how many of them its answer solved."""
        every = [one for ones in self._attempts.values() for one in ones if one.request]
        asked, good = Counter(one.request for one in every), Counter[str]()
        good.update(one.request for one in every if one.verdict is VerdictKind.VERIFIED)
        return tuple((count, good[one]) for one, count in sorted(asked.items()))

    def _verdict(self, item: Item) -> Verdict | None:
        """What this machine once said of the bytes that lie in build/ now; None if it said nothing."""
        tool = self._tools.get(item.component.language)
        if item.state is not State.CURRENT or tool is None:
            return None
        case = built.read(self._project, item.component)
        if isinstance(case, Verdict):
            return case
        found = self._project.store.verdict(self._judge.key(case, tool))
        return None if found is None else verdicts.from_json(found)

    def _entry(self, item: Item, path: str) -> Entry:
        spec, verdict = self._project.graph.specs[path], self._verdicts[item.component.id]
        tried = [_tried(one) for one in self._attempts.get(item.component.id, ())]
        state, reason = self._state(item, verdict, tried)
        cost, tokens = self._bills.of(item.key or "")
        author = self._author(item)
        return Entry(
            path, spec.language, state, reason, item.component.id, len(spec.outline.holes), len(tried), tokens, cost,
            verdict.cpu_ms if verdict else 0, author, verdict.remarks if verdict else (),
            verdict.assumptions if verdict else (), len(verdict.obligations) if verdict else 0,
            self._said(path, verdict), tuple(tried), self._text(item.component, path, spec),
        )  # fmt: skip

    def _state(self, item: Item, verdict: Verdict | None, tried: Sequence[Tried]) -> tuple[str, str]:
        if item.state is State.BROKEN:
            return UNREADABLE, item.reason
        if verdict is not None and verdict.kind is not VerdictKind.VERIFIED:
            return str(verdict.kind), verdict.reason
        if verdict is not None:
            below = self._project.graph.closures[item.component.id]
            open_ = [one for one in below if not _is_green(self._verdicts.get(one))]
            return ("waiting", f"verified, waiting for {', '.join(open_)}") if open_ else ("verified", "")
        if item.state is State.CURRENT:
            return UNJUDGED, "`doit verify` checks it"
        if item.state is State.EXHAUSTED or (tried and plan.exhausted(self._project, item.component, item.key or "")):
            return UNSOLVED, "; ".join(filter(None, (item.reason, tried[-1].reason if tried else "")))
        return STALE, item.reason

    def _author(self, item: Item) -> str:
        made = self._project.stored(item.component, item.key) if item.key is not None else ()
        return next((one.model or one.author for one in made), "")

    def _said(self, path: str, verdict: Verdict | None) -> tuple[str, ...]:
        if verdict is not None:
            refusals = (f"{one.rule}: {one.message}" for one in verdict.refusals)
            return (*refusals, *(one.text for one in verdict.diagnostics))[:MOST_SAID]
        return tuple((self._project.outputs.read_failed(path) or "").splitlines())[:MOST_SAID]

    def _text(self, component: Component, path: str, spec: Spec) -> tuple[tuple[str, bool], ...]:
        """The implementation in build/ if it is of today's spec; the spec itself otherwise."""
        content = None if self._project.graph.broken(component.id) else self._project.outputs.read(path)
        fills = None if content is None else fills_in(spec, content)
        if fills is None:
            return ((_plain(spec.source), False),)
        spliced, pieces, position = splice(spec, language(spec.language), fills), list[tuple[str, bool]](), 0
        for region in spliced.regions:
            pieces += [(_plain(spliced.content[position : region.start]), False)]
            pieces += [(_plain(spliced.content[region.start : region.end]), True)]
            position = region.end
        return tuple(piece for piece in (*pieces, (_plain(spliced.content[position:]), False)) if piece[0])


class _Bills:
    """What every obligation has cost, each answer read once."""

    def __init__(self, project: Project, attempts: Sequence[Attempt]) -> None:
        self._shares: dict[str, list[spent.Share]] = {}
        priced, requests = prices(project.config), dict.fromkeys(one.request for one in attempts if one.request)
        for answer in (one for request in requests for one in project.store.answers(request)):
            for key, share in spent.shares(answer, priced).items():
                self._shares.setdefault(key, []).append(share)

    def of(self, key: str) -> tuple[str, int]:
        """Dollars as text ("" where nothing was asked, "unknown" where a price is), and tokens."""
        shares = self._shares.get(key, [])
        known = [one.dollars for one in shares if one.dollars is not None]
        cost = "unknown" if len(known) < len(shares) else f"{sum(known, Decimal(0)):.6f}" if shares else ""
        return cost, sum(one.tokens for one in shares)


def _tools(project: Project) -> dict[str, Tool]:
    """The verifiers, as far as they were used before: none is started."""
    found = {}
    for name, layout in project.graph.layouts.items():
        with suppress(ToolError):
            found[name] = tools.find(project.config, language(name), layout, project.store, _nothing_runs)
    return found


def _nothing_runs(run: Run) -> "Future[RawRun]":
    raise ToolError(f"a report runs nothing: {run.command[0]} was not used here yet")


def _is_green(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.kind is VerdictKind.VERIFIED


def _tried(one: Attempt) -> Tried:
    said = [f"{refusal.rule}: {refusal.message}" for refusal in one.refusals]
    said += [diagnostic.text for diagnostic in one.diagnostics]
    return Tried(one.number, one.model, str(one.verdict), one.reason, tuple(said[:MOST_SAID]))


def _plain(content: bytes) -> str:
    return content.decode("utf-8", "replace")
