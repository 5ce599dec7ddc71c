"""All layers of trust, in order, for one implementation: the only place that can make a `verified`.

Law: everything is against the candidate until every layer has spoken for it. The bytes outside the holes are the
spec's; each fill is of its kind and allowed; the verifier had nothing to say and reported each owed obligation proved
by name; and no contract with `ensures false` added is proved by the same fills. Output that can't be read is a failure.

A stored verdict is used only under the key of exactly these bytes, flags, rules and tool, from a row that this machine
signed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from s2c import keys, policy
from s2c.case import Case, Laid
from s2c.graph import Graph
from s2c.languages.base import UNDECLARED, Job, Language, Outcome, Promise, Reading, language
from s2c.model import Declaration, Refusal, Span, Spec, Verdict, VerdictKind
from s2c.process import RawRun, Run, Tool
from s2c.settings import Config
from s2c.splice import splice, unchanged
from s2c.store import Store
from s2c.tools import Submit
from s2c.verdicts import from_json, to_json
from s2c.warm import Cold, Refuter

RULES = "judge.3"
LARGER = 3  # a time-out gets one budget that is this many times the first
OUT_OF_BUDGET = frozenset({VerdictKind.TIMEOUT, VerdictKind.RESOURCE})
FORGOTTEN = frozenset({VerdictKind.TOOL_CRASH, VerdictKind.TOOL_MISSING})


@dataclass(frozen=True)
class _Twin:
    """One owner's run with `ensures false`, and the name under which its outcome is read."""

    owner: str
    path: str
    declaration: Declaration
    job: Job
    name: str
    place: str  # the file with the clause, as laid out
    clause: Span  # `ensures false`, in bytes of that file


class Judge:
    """Judges cases of one graph with the tools of this machine."""

    def __init__(
        self, graph: Graph, config: Config, store: Store, submit: Submit, refuter: Refuter | None = None
    ) -> None:
        self._graph = graph
        self._config = config
        self._store = store
        self._submit = submit
        self._refuter = refuter or Cold()

    def judge(self, case: Case, tool: Tool, *, doubted: bool = False) -> Verdict:
        """The verdict on one case; runs the verifier only if no stored verdict is about exactly this.

        `doubted`: it is likely to be wrong, so whoever can refute it for less is asked first.
        """
        bench = _Bench(self._graph, self._config, case, tool)
        refused = bench.refused()
        if refused is not None:
            return refused
        known = self._stored(bench.key)
        if known is not None:
            return known
        verdict = (self._refuted(bench) if doubted else None) or self._run(bench)
        if verdict.kind not in FORGOTTEN:
            self._store.put_verdict(bench.key, to_json(verdict))
        return verdict

    def key(self, case: Case, tool: Tool) -> str:
        """The key under which a verdict on this case is stored."""
        return _Bench(self._graph, self._config, case, tool).key

    def _stored(self, key: str) -> Verdict | None:
        if self._config.recheck:
            return None
        payload = self._store.verdict(key)
        verdict = None if payload is None else from_json(payload)
        if verdict is not None and verdict.kind in OUT_OF_BUDGET and self._config.retry:
            return None
        return verdict

    def _refuted(self, bench: "_Bench") -> Verdict | None:
        reading = self._refuter.refutes(bench.tool, bench.job, bench.job.members[0]).result()
        return None if reading is None or reading.kind is VerdictKind.VERIFIED else bench.said(reading)

    def _run(self, bench: "_Bench") -> Verdict:
        reading, milliseconds = self._read(bench, bench.job)
        if reading.kind in OUT_OF_BUDGET:
            larger = replace(bench.job, budget=replace(bench.job.budget, factor=LARGER))
            reading, more = self._read(bench, larger)
            milliseconds += more
        found = bench.said(reading)
        if found.kind is not VerdictKind.VERIFIED:
            return replace(found, cpu_ms=milliseconds)
        # a twin that is refuted in a warm process needs no cold one; what is proved false is so by a cold one alone
        asked = [(twin, self._refuter.refutes(bench.tool, twin.job, twin.place, twin.clause)) for twin in bench.twins]
        left = [twin for twin, refuted in asked if refuted.result() is None]
        for twin, future in [(twin, self._submit(bench.check(twin.job))) for twin in left]:
            raw = future.result()
            milliseconds += raw.cpu_ms
            found = self._weigh(bench, twin, raw, found)
        return replace(found, cpu_ms=milliseconds)

    def _read(self, bench: "_Bench", job: Job) -> tuple[Reading, int]:
        raw = self._submit(bench.check(job)).result()
        return bench.verifier.read(bench.tool, job, raw), raw.cpu_ms

    def _weigh(self, bench: "_Bench", twin: _Twin, raw: RawRun, found: Verdict) -> Verdict:
        """What one twin's run means for the verdict so far."""
        if found.kind is not VerdictKind.VERIFIED:
            return found
        reading = bench.verifier.read(bench.tool, twin.job, raw)
        outcome = reading.outcomes.get(twin.name)
        if outcome is None or reading.kind in {*FORGOTTEN, VerdictKind.SYNTAX, VerdictKind.TYPE}:
            said = reading.reason or "its obligation was not reported"
            return bench.verdict(VerdictKind.TOOL_CRASH, f"the twin of {twin.owner} can't be read: {said}")
        if outcome is Outcome.OPEN:
            return replace(found, remarks=(*found.remarks, f"twin-open: {twin.owner}"))
        if outcome is Outcome.FAILED:
            return found
        if self._vacuous(bench, twin):
            return replace(found, remarks=(*found.remarks, f"spec-vacuous: {twin.owner}"))
        message = f"{twin.owner} proves `ensures false` too: something in its fills is unsound"
        hole = next((h.id for h in bench.spec(twin.path).outline.holes if h.owner == twin.owner), "")
        return bench.verdict(VerdictKind.POLICY, message, refusals=(Refusal("proves-false", message, hole),))

    def _vacuous(self, bench: "_Bench", twin: _Twin) -> bool:
        """Whether the contract's `requires` are to blame: `false` follows from them, and from no contract at all not.

        A verifier that says yes to both says yes to anything.
        """
        bare = replace(twin, declaration=replace(twin.declaration, clauses=()))
        return self._proves(bench, bench.vacuity(twin)) and not self._proves(bench, bench.vacuity(bare))

    def _proves(self, bench: "_Bench", job: tuple[Job, str] | None) -> bool:
        if job is None:
            return False
        reading, _ = self._read(bench, job[0])
        return reading.outcomes.get(job[1]) is Outcome.PROVED


class _Bench:
    """One case laid out: files, runs, owed names. Makes every Verdict of this module."""

    def __init__(self, graph: Graph, config: Config, case: Case, tool: Tool) -> None:
        self._graph = graph
        self._case = case
        self._config = config
        self._laid = Laid(graph, config, case, tool)
        self.tool = tool
        self.language: Language = language(case.component.language)
        self.verifier = self.language.verifier
        self.owed = self._laid.owed
        self.job = self._laid.job({})
        self.twins, skipped = self._twins()
        lenient = (f"lenient: {self._laid.lenient}",) if self._laid.lenient else ()
        self._remarks = (*skipped, *lenient, *self._model_defined())
        runs = [self.check(job) for job in (self.job, *(twin.job for twin in self.twins))]
        rules = f"{self.language.policy_version}/{RULES}{'/model-may-define' if config.model_may_define else ''}"
        self.key = keys.verdict(tool, rules, runs, self._due())

    @property
    def members(self) -> tuple[str, ...]:
        return self._case.component.members

    def spec(self, path: str) -> Spec:
        return self._graph.specs[path]

    def refused(self) -> Verdict | None:
        """Layers 1 to 3, which need no process."""
        for path in self.members:
            spec, fills = self.spec(path), self._case.fills[path]
            if not unchanged(spec, splice(spec, self.language, fills)):
                return self.verdict(VerdictKind.SPEC_CHANGED, f"{path}: text outside the holes changed")
            refusals = self._refusals(spec, fills)
            if refusals:
                first = refusals[0]
                kind = VerdictKind.SYNTAX if first.rule.startswith("syntax") else VerdictKind.POLICY
                return self.verdict(kind, f"{path}: {first.message}", refusals=refusals)
        return None

    def _refusals(self, spec: Spec, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        found = policy.check(spec, self.language, fills)
        if not self._config.model_may_define or any(one.rule != UNDECLARED for one in found):
            return found
        return ()  # told as a remark of the verdict

    def _due(self) -> tuple[str, ...]:
        """Everything that must be reported proved, as text: obligations, and the places of their clauses."""
        places = (f"{one.name} {one.path} {one.span.start}-{one.span.end}" for one in self._laid.promises)
        return (*self.owed, *places)

    def check(self, job: Job) -> Run:
        return self.verifier.check(self.tool, job)

    def said(self, reading: Reading) -> Verdict:
        """Layer 4: what the verifier's own run means."""
        told = tuple(replace(one, path=self._laid.back(one.path)) for one in reading.diagnostics)
        if reading.kind is not VerdictKind.VERIFIED:
            reason = reading.reason or (told[0].message if told else str(reading.kind))
            return replace(self.verdict(reading.kind, reason), diagnostics=told)
        unproved = [name for name, outcome in reading.outcomes.items() if outcome is not Outcome.PROVED]
        absent = [name for name in self.owed if name not in reading.outcomes]
        if unproved or absent:
            reason = f"not proved by name: {', '.join(sorted({*unproved, *absent}))}"
            return replace(self.verdict(VerdictKind.INCOMPLETE, reason), diagnostics=told)
        if reading.unkept:
            return replace(self.verdict(VerdictKind.INCOMPLETE, _unkept(reading.unkept)), diagnostics=told)
        proved = tuple(sorted(reading.outcomes))
        return replace(
            self.verdict(VerdictKind.VERIFIED, ""), obligations=proved, remarks=self._remarks, diagnostics=told
        )

    def verdict(self, kind: VerdictKind, reason: str, *, refusals: tuple[Refusal, ...] = ()) -> Verdict:
        tool = f"{self.tool.name} {self.tool.version} {self.tool.identity}"
        return Verdict(kind, self.key, reason, refusals=refusals, assumptions=self._assumptions(), tool=tool)

    def vacuity(self, twin: _Twin) -> tuple[Job, str] | None:
        """The job that is proved only if the contract's own `requires` contradict themselves, and the name to read."""
        spec = self.spec(twin.path)
        found = self.language.vacuity(spec.source, spec.outline, twin.declaration)
        if found is None:
            return None
        offset, text, name = found
        # stand-ins, not fills: only the given text may be to blame
        source = spec.source[:offset] + text + spec.source[offset:]
        stand_in = self.language.stand_in(source, self.language.parse(source), {})
        lemma = replace(twin.declaration, name=sibling(twin.declaration.name, name), kind="lemma")
        files = {**self.job.files, self._laid.place(twin.path): stand_in}
        # what its own stand-ins take on trust is not the strictest mode's to refuse here
        return replace(self.job, files=files, lenient=True), self.verifier.twin_owed(self.tool, lemma)

    def _twins(self) -> tuple[tuple[_Twin, ...], tuple[str, ...]]:
        twins, skipped = [], []
        for path in self.members:
            outline = self.spec(path).outline
            owners = {hole.owner for hole in outline.holes if hole.owner}
            for one in self._laid.declarations(path):
                if one.name not in owners:
                    continue
                found = self.language.twin(outline, one)
                if found is None:
                    continue
                if isinstance(found, str):
                    skipped.append(f"twin-skipped: {one.name}: {found}")
                else:
                    name = self.verifier.twin_owed(self.tool, one)
                    job, place = self._laid.job({path: found}), self._laid.place(path)
                    clause = inserted(self.job.files[place], job.files[place], found[1])
                    twins.append(_Twin(one.name, path, one, job, name, place, clause))
        return tuple(twins), tuple(skipped)

    def _model_defined(self) -> Iterator[str]:
        """Names that the given text uses and a fill defines: what its contracts mean rests on the model there."""
        for path in self.members:
            spec = self.spec(path)
            for name in sorted(policy.names(spec, self.language, self._case.fills[path])):
                if name in spec.outline.names:
                    yield f"model-defined: {name}"

    def _assumptions(self) -> tuple[str, ...]:
        """What the given text takes on trust, here and in everything imported."""
        return tuple(
            f"{path}:{one.line}: {one.what}"
            for path in self._graph.files_of(self._case.component.id)
            for one in self.spec(path).outline.assumptions
        )


def _unkept(promises: Sequence[Promise]) -> str:
    """What is wrong with contracts whose clauses were not reported proved where they stand."""
    named = [f"{one.name.partition(' (')[0]}: ensures {one.text}" for one in promises]
    return f"not reported proved at its own place: {', '.join(named)}"


def inserted(before: bytes, after: bytes, text: bytes) -> Span:
    """Where in `after` this text stands that `before` has not."""
    start = next(at for at in range(len(before) + 1) if before[:at] + text + before[at:] == after)
    return Span(start, start + len(text))


def sibling(name: str, other: str) -> str:
    """`other` beside `name`, in either way that languages qualify a name: `M.C.f`, `m::C::f`."""
    place, mark, _ = max((name.rpartition(mark) for mark in (".", "::")), key=lambda parts: len(parts[0]))
    return f"{place}{mark}{other}"
