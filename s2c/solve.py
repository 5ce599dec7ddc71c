"""Reuse, ask, splice, judge, repair: from a plan to a solution for every component. All concurrency is here.

Law: everything free is tried before a request is paid for; an answer is stored before it is read; acceptance is serial;
and what was judged beside a stand-in is judged again beside the real thing before it may be called verified.

A component moves one way through a round: candidates or an answer -> judged -> accepted, or an attempt with the reason.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from s2c import asking, copies, keys
from s2c.accepted import Accepted
from s2c.graph import Component
from s2c.judge import Judge
from s2c.model import TOOL_TROUBLE, Answer, Attempt, Event, Implementation, Verdict, VerdictKind
from s2c.plan import attempts_used, used_up
from s2c.project import Project
from s2c.reuse import Candidate, candidates, to_mend
from s2c.schedule import in_order
from s2c.solution import Fills, Open, Solution, Trial
from s2c.stands import give_back
from s2c.tools import Submit, Toolbox

T = TypeVar("T")
Listen = Callable[[Event], None]


class Asker(Protocol):
    """Whoever asks the model."""

    def round(self, solver: "Solver", todo: Sequence[Open]) -> None:
        """Ask once for each of these, judge what comes, and take note of it through the solver."""


class Solver:
    """Solves components of one project."""

    def __init__(self, project: Project, submit: Submit, jobs: int, listen: Listen) -> None:
        self.project = project
        self.listen = listen
        self.accepted = Accepted(project.graph)
        self._jobs = jobs
        self.tools = Toolbox(project.config, project.graph.layouts, project.store, submit)
        self._judge = Judge(project.graph, project.config, project.store, self.tools.submit)
        self._lock = threading.Lock()
        self._late: dict[str, list[Mapping[str, str]]] = {}
        self.open: dict[str, Open] = {}
        self.kept: set[str] = set()  # obligations for which something new is stored

    def solve(
        self, wanted: Collection[str], asked: Collection[str], current: Mapping[str, Fills], asker: Asker | None
    ) -> dict[str, Solution]:
        """A solution for each wanted component and all that it imports; only those in `asked` may cost a request.

        `current`: the fills (by slot) of components that lie in build/ under today's keys: they stand as they are.
        """
        graph = self.project.graph
        chosen = {one for top in wanted for one in (top, *graph.closures[top])}
        self.open = {one: Open(c) for one, c in graph.components.items() if one in chosen}
        self._stand({one: fills for one, fills in current.items() if one in self.open})
        unread = self._read_late()
        self._free()
        self._mark_read(unread)
        while asker is not None and self._ask(asker, {one for one in asked if one in self.open}):
            self._free()
        return {one: self._solution(state) for one, state in self.open.items()}

    def _stand(self, current: Mapping[str, Fills]) -> None:
        for one, fills in current.items():
            self.accepted.add(self.open[one].component, fills)
        for one in current:
            state = self.open[one]
            state.tried, state.origin = True, "current"
            state.key = keys.obligation(self.project.graph, state.component, self.accepted.fills.get)
            state.beside = self.accepted.beside(state.component)
            if state.key is not None:
                give_back(self.project, state.component, state.key, current[one])

    # --- free of charge -----------------------------------------------------------------------------------------

    def _free(self) -> None:
        """Judge the free candidates of everything whose key is known, then again beside the real imports."""
        while self._try_free() or self._confirm():
            pass

    def _try_free(self) -> bool:
        ready = []
        for one, state in self.open.items():
            if not state.tried and not state.stopped:
                self._look(state)
            if state.key is not None and not state.tried and not state.stopped:
                ready.append(one)
        todo = [*copies.again(self.open.values(), self.accepted.fills), *(self.open[one] for one in ready)]
        ready = [state.component.id for state in copies.one_each(todo, self._candidates)]
        for one in ready:  # here, not in a thread: who takes a name first must not depend on timing
            self._reserve(self.open[one])
        self.in_order(ready, self._trials, self._settle)
        return bool(ready)

    def _reserve(self, state: Open) -> None:
        first = next(iter(self._candidates(state)), None)
        if first is not None and not self.accepted.clashes(state.component, first.fills):
            self.accepted.reserve(state.component, first.fills)

    def _look(self, state: Open) -> None:
        """Find out whether this component can be worked on, and under which key."""
        broken = self.project.graph.broken(state.component.id)
        if broken:
            first = broken[0]
            state.reason = first.text
            state.stopped = True
            return
        state.key = keys.obligation(self.project.graph, state.component, self.accepted.fills.get)
        if state.key is None:
            state.reason = "it can see a fill of what it imports that does not stand yet"

    def _trials(self, one: str) -> list[Trial]:
        """In a worker thread: the candidates of a component, best first, until one is verified."""
        state = self.open[one]
        trials: list[Trial] = []
        for candidate in self._candidates(state):
            trials.append(self.trial(state.component, candidate))
            if trials[-1].verdict.kind in {VerdictKind.VERIFIED, *TOOL_TROUBLE}:
                break
        return trials

    def _candidates(self, state: Open) -> list[Candidate]:
        config = self.project.config
        exact = config.frozen or config.fresh
        found = candidates(self.project, state.component, state.key or "", self._late, exact=exact)
        return [one for one in found if one.origin in {"given", "answered"}] if config.fresh else found

    def trial(self, component: Component, candidate: Candidate) -> Trial:
        """Judge one candidate beside what stands now. Safe in any thread."""
        with self._lock:
            clashes = self.accepted.clashes(component, candidate.fills)
            case = self.accepted.case(component, candidate.fills)
            beside = self.accepted.beside(component)
            if not clashes:
                self.accepted.reserve(component, candidate.fills)
        self._tell("judging", component, origin=candidate.origin)
        tool = self.tools.get(component.language)
        if isinstance(tool, str):
            verdict = Verdict(VerdictKind.TOOL_MISSING, "", tool)
        elif clashes:
            verdict = Verdict(VerdictKind.POLICY, "", clashes[0].message, refusals=clashes)
        else:
            verdict = self._judge.judge(case, tool)
        self._tell("verdict", component, verdict=str(verdict.kind))
        return Trial(candidate, verdict, beside)

    def _settle(self, one: str, trials: list[Trial]) -> None:
        """In the main thread: accept the candidate that was verified, or keep why none was."""
        state = self.open[one]
        state.tried = True
        for trial in trials:
            self.judged(state, trial)
        if not trials:
            state.reason = "nothing stored for it, and no older fills"

    def judged(self, state: Open, trial: Trial) -> None:
        """Take note of one judged candidate."""
        component, verdict = state.component, trial.verdict
        with self._lock:
            self.accepted.release(component)
            if verdict.kind is VerdictKind.VERIFIED:
                self.accepted.add(component, trial.candidate.fills)
        state.verdict, state.origin, state.beside = verdict, trial.candidate.origin, trial.beside
        state.reason = verdict.reason
        if verdict.kind is VerdictKind.VERIFIED:
            state.stands = trial.candidate
            self._keep(state, trial.candidate)
        else:
            state.last = to_mend(component, trial.candidate)
            state.stopped = state.stopped or verdict.kind in TOOL_TROUBLE or trial.candidate.origin == "given"
        said = {"verdict": str(verdict.kind), "origin": trial.candidate.origin, "reason": verdict.reason}
        self._tell("judged", component, **said)

    def _keep(self, state: Open, candidate: Candidate) -> None:
        """A verified implementation goes into the store, unless nothing was filled."""
        config = self.project.config
        known = candidate.origin == "current" or (config.frozen and candidate.origin == "stored")
        if not candidate.fills or state.key is None or known:
            return
        path = keys.ranking(self.project.graph, state.component)[0]
        made = Implementation(state.key, candidate.fills, candidate.author, candidate.model, path, verified=True)
        self.project.store.add_implementation(made)
        self.kept |= {state.key} if candidate.origin != "stored" else set()
        if candidate.origin == "edited" or (config.fresh and candidate.origin == "asked"):
            self.project.store.supersede(made)
        self._tell("kept", state.component, author=candidate.author)

    def _confirm(self) -> bool:
        """Judge again, beside the real imports, what was accepted beside stand-ins that are real by now."""
        stale = [
            one
            for one, state in self.open.items()
            if one in self.accepted.fills and not state.stopped and self._moved(state)
        ]
        self.in_order(stale, self._again, self._confirmed)
        return bool(stale)

    def _moved(self, state: Open) -> bool:
        """Whether something else stands for an import now than when this was judged."""
        now = self.accepted.beside(state.component)
        return any(fills is not None and state.beside.get(one) != fills for one, fills in now.items())

    def _again(self, one: str) -> Trial:
        state = self.open[one]
        return self.trial(state.component, state.stands or Candidate(self.accepted.fills[one], state.origin))

    def _confirmed(self, one: str, trial: Trial) -> None:
        state = self.open[one]
        if trial.verdict.kind is not VerdictKind.VERIFIED:
            with self._lock:
                self.accepted.remove(state.component)
        self.judged(state, trial)

    # --- asked --------------------------------------------------------------------------------------------------

    def _ask(self, asker: Asker, asked: set[str]) -> bool:
        """One round of requests; false when there is nothing left to ask for."""
        todo = [
            state
            for one, state in self.open.items()
            if one in asked and one not in self.accepted.fills and state.key is not None and not state.stopped
        ]
        for state in todo:
            self._stop_if_spent(state)
        todo = [state for state in todo if not state.stopped]
        first = copies.one_each(todo, lambda _: ())
        if first:
            asker.round(self, first)
            copies.follow(first, todo)
        return bool(first)

    def _stop_if_spent(self, state: Open) -> None:
        most = self.project.config.max_attempts
        why = used_up(self.project, state.component, state.key or "")
        if why or state.asked >= most:
            state.stopped = True
            last = state.reason or "".join(one.reason for one in self.project.store.attempts(state.key or "")[-1:])
            state.reason = f"{why or attempts_used(most)}: {last}"

    def attempt(self, state: Open, asking_key: str, trial: Trial, request: str) -> None:
        """Record one attempt of the model."""
        store, key = self.project.store, state.key or ""
        number = sum(1 for one in store.attempts(key) if one.asking == asking_key) + 1
        verdict = trial.verdict
        if verdict.kind in TOOL_TROUBLE:
            return  # never blamed on a fill
        store.add_attempt(
            Attempt(
                obligation=key,
                asking=asking_key,
                number=number,
                fills=trial.candidate.fills,
                verdict=verdict.kind,
                reason=verdict.reason,
                diagnostics=verdict.diagnostics,
                refusals=verdict.refusals,
                model=trial.candidate.model,
                request=request,
            )
        )
        self._tell("attempt", state.component, number=number)

    # --- shared -------------------------------------------------------------------------------------------------

    def _tell(self, kind: str, component: Component, **data: object) -> None:
        self.listen(Event(kind, {"component": component.id, **data}))

    def _mark_read(self, unread: Sequence[Answer]) -> None:
        """What they brought is judged and recorded by now; one that speaks of a spec outside this run stays unread."""
        graph, fills = self.project.graph, self.accepted.fills
        outside = [component for one, component in graph.components.items() if one not in self.open] if unread else []
        still = {keys.obligation(graph, component, fills.get) for component in outside}
        for answer in unread:
            if not still.intersection(said.partition(" ")[0] for said in answer.request.expected.values()):
                self.project.store.mark_read(answer.request.key)

    def _read_late(self) -> tuple[Answer, ...]:
        unread = self.project.store.unread_answers()
        self._late = asking.late(unread)
        if unread:
            self.listen(Event("unread-answers", {"count": len(unread)}))
        return unread

    def in_order(self, ids: Iterable[str], work: Callable[[str], T], settle: Callable[[str, T], None]) -> None:
        """`work` in threads, each component after those among `ids` that it imports; `settle` here, one at a time."""
        in_order(ids, self.project.graph.closures, self._jobs, work, settle)

    def _solution(self, state: Open) -> Solution:
        graph, fills = self.project.graph, self.accepted.fills.get(state.component.id)
        waiting = tuple(one for one in graph.closures[state.component.id] if one not in self.accepted.fills)
        return Solution(
            state.component, state.key, fills, state.verdict, state.origin, state.reason, state.last, waiting
        )
