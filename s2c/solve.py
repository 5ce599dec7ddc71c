"""Reuse, ask, splice, judge, repair: from a plan to a solution for every component. All concurrency is here.

Law: everything free is tried before a request is paid for; an answer is stored before it is read; acceptance is serial;
and what was judged beside a stand-in is judged again beside the real thing before it may be called verified.

A component moves one way, again and again: candidates or an answer -> judged -> accepted, or an attempt with the
reason. It waits for no other but what it imports, and for one that owes the same.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property
from typing import Any, Protocol

from s2c import asking, copies, keeping, keys
from s2c.graph import Component
from s2c.model import TOOL_TROUBLE, Event, VerdictKind
from s2c.project import Project
from s2c.reuse import Candidate, candidates, to_mend
from s2c.schedule import Schedule
from s2c.solution import Fills, Open, Solution, Trial
from s2c.stands import give_back
from s2c.times import Times
from s2c.trials import Trials

Listen = Callable[[Event], None]


class Asker(Protocol):
    """Whoever asks the model."""

    def turn(self, solver: "Solver", todo: Sequence[Open]) -> bool:
        """Ask for these too, when it is time; wait until something is done. False when nothing is to be waited for."""


class Solver:
    """Solves components of one project, once."""

    def __init__(self, project: Project, trials: Trials, jobs: int, listen: Listen) -> None:
        self.project = project
        self.listen = listen
        self._trials = trials
        self.accepted, self.tools = self._trials.accepted, self._trials.tools
        self._schedule = Schedule(project.graph.closures, jobs, Times(project.store).of)
        self._late: dict[str, list[Mapping[str, str]]] = {}
        self.open: dict[str, Open] = {}
        self._same: dict[str, list[str]] = {}  # obligation -> the components that owe it
        self._to_look: set[str] = set()  # what may have free candidates since it was last looked
        self._suspects: set[str] = set()  # what was accepted, and may have to be judged again
        self._asked: dict[str, Open] = {}  # obligation -> the one that was asked for last
        self._asking: set[str] = set()  # with the asker: waiting, out, or being judged
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
        self._to_look = set(self.open)
        with self._schedule:
            self._stand({one: fills for one, fills in current.items() if one in self.open})
            unread = self.project.store.unread_answers()
            self._late = asking.late(unread)
            if unread:
                self.listen(Event("unread-answers", {"count": len(unread)}))
            while self._try_free() or self._confirm():
                self._schedule.drain()
            keeping.mark_read(self.project, unread, self.open, self.accepted)
            while asker is not None and asker.turn(self, self._todo(asked)):
                self._try_free()
                self._confirm()
        return {one: self._solution(state) for one, state in self.open.items()}

    def _stand(self, current: Mapping[str, Fills]) -> None:
        for one, fills in current.items():
            self.accepted.add(self.open[one].component, fills)
        for one in current:
            state = self.open[one]
            state.tried, state.origin = True, "current"
            self._owes(state)
            state.beside = self.accepted.beside(state.component)
            if state.key is not None:
                give_back(self.project, state.component, state.key, current[one])

    def _owes(self, state: Open) -> None:
        """Find out its obligation, if that can be known yet."""
        state.key = keys.obligation(self.project.graph, state.component, self.accepted.fills.get)
        if state.key is not None:
            self._same.setdefault(state.key, []).append(state.component.id)

    @cached_property
    def _importers(self) -> Mapping[str, Sequence[str]]:
        """Component -> all that import it, through others too."""
        found: dict[str, list[str]] = {one: [] for one in self.project.graph.components}
        for one in self.open:
            for below in self.project.graph.closures[one]:
                found[below].append(one)
        return found

    def _in_place(self, ids: Collection[str]) -> list[Open]:
        """These, in the order that they have in the project."""
        return [state for one, state in self.open.items() if one in ids] if ids else []

    # --- free of charge -----------------------------------------------------------------------------------------

    def _try_free(self) -> bool:
        """Begin to judge the free candidates of all whose key is known by now; whether there are any.

        Of several that owe the same one at a time; the others are looked at again.
        """
        looked, self._to_look = self._in_place(self._to_look), set()
        for state in looked:
            if state.key is None and not state.tried and not state.stopped:
                self._look(state)
        busy = {self.open[one].key for one in (*self._schedule, *self._asking)}
        open_ = [state for state in looked if state.key is not None and state.component.id not in self.accepted.fills]
        free = [state for state in open_ if state.key not in busy]
        ready = [state for state in free if not state.tried and not state.stopped]
        first = copies.one_each([*copies.again(free, self._solved), *ready], self._candidates)
        self._to_look = {state.component.id for state in open_ if self._may_be_tried(state)}
        self._to_look -= {state.component.id for state in first}
        for state in first:  # here, not in a thread: who takes a name first must not depend on timing
            self._trials.reserve(state.component, next(iter(self._candidates(state)), None))
        self._schedule.add([state.component.id for state in first], self._tried, self._settle)
        return bool(first)

    def _may_be_tried(self, state: Open) -> bool:
        if state.tried:
            return not state.again and self._solved(state.key or "")
        return not state.stopped

    def _solved(self, key: str) -> bool:
        """Whether something stands for this obligation."""
        return any(one in self.accepted.fills for one in self._same.get(key, ()))

    def _look(self, state: Open) -> None:
        """Find out whether this component can be worked on, and under which key."""
        broken = self.project.graph.broken(state.component.id)
        if broken:
            state.stopped, state.reason = True, broken[0].text
            return
        self._owes(state)
        if state.key is None:
            state.reason = "it can see a fill of what it imports that does not stand yet"

    def _tried(self, one: str) -> list[Trial]:
        """In a worker thread: the candidates of a component, best first, until one is verified."""
        state = self.open[one]
        trials: list[Trial] = []
        for candidate in self._candidates(state):
            trials.append(self._trials.trial(state.component, candidate))
            if trials[-1].verdict.kind in {VerdictKind.VERIFIED, *TOOL_TROUBLE}:
                break
        return trials

    def _candidates(self, state: Open) -> list[Candidate]:
        config = self.project.config
        exact = config.frozen or config.fresh
        found = candidates(self.project, state.component, state.key or "", self._late, exact=exact)
        return [one for one in found if one.origin in {"given", "answered"}] if config.fresh else found

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
        stands = self._trials.settle(component, trial)
        self._asking.discard(component.id)
        state.verdict, state.origin, state.beside = verdict, trial.candidate.origin, trial.beside
        state.reason = verdict.reason
        if stands:
            self._stands(state, trial.candidate)
        else:
            state.last = to_mend(component, trial.candidate)
            state.stopped = state.stopped or verdict.kind in TOOL_TROUBLE or trial.candidate.origin == "given"
        said = {"verdict": str(verdict.kind), "origin": trial.candidate.origin, "reason": verdict.reason}
        self._tell("judged", component, **said)

    def _stands(self, state: Open, candidate: Candidate) -> None:
        """It is stored, and whoever imports it or owes the same is looked at again."""
        component, state.stands = state.component, candidate
        if keeping.keep(self.project, state, candidate):
            self.kept |= {state.key or ""} if candidate.origin != "stored" else set()
            self._tell("kept", component, author=candidate.author)
        self._suspects.update((component.id, *self._importers[component.id]))
        self._to_look.update(self._importers[component.id], self._same.get(state.key or "", ()))

    def _confirm(self) -> bool:
        """Begin to judge again, beside the real imports, what was accepted beside stand-ins that are real by now.

        What imports something that is being worked on waits for that; whether there is anything to judge.
        """
        suspects, self._suspects = self._suspects, set()
        busy = {*self._schedule, *self._asking}
        stale: list[str] = []
        for state in self._in_place(suspects):
            one = state.component.id
            if one in self.accepted.fills and not state.stopped and self._moved(state):
                later = not busy.isdisjoint((one, *self.project.graph.closures[one]))
                (self._suspects.add if later else stale.append)(one)
        self._schedule.add(stale, self._again, self._confirmed)
        return bool(stale)

    def _moved(self, state: Open) -> bool:
        """Whether something else stands for an import now than when this was judged."""
        now = self.accepted.beside(state.component)
        return any(fills is not None and state.beside.get(one) != fills for one, fills in now.items())

    def _again(self, one: str) -> Trial:
        state = self.open[one]
        return self._trials.trial(state.component, state.stands or Candidate(self.accepted.fills[one], state.origin))

    def _confirmed(self, one: str, trial: Trial) -> None:
        state = self.open[one]
        if trial.verdict.kind is not VerdictKind.VERIFIED:
            self._trials.withdraw(state.component)
        self.judged(state, trial)

    # --- asked --------------------------------------------------------------------------------------------------

    def _todo(self, asked: Collection[str]) -> list[Open]:
        """What is to be asked for since the last turn: of several that owe the same one, the others follow it."""
        busy = {*self._schedule, *self._asking}
        keys_out = {self.open[one].key for one in busy}
        todo = []
        for one, state in self.open.items():
            if one not in asked or one in self.accepted.fills or one in busy or state.stopped or not state.tried:
                continue
            if state.key is not None and state.key not in keys_out:
                copies.follow(state, self._asked.get(state.key))
                if not state.stopped and (spent := keeping.spent(self.project, state)):
                    state.stopped, state.reason = True, spent
                todo += [] if state.stopped else [state]
        first = copies.one_each(todo, lambda _: ())
        for state in first:
            self._asked[state.key or ""] = state
            self._asking.add(state.component.id)
        return first

    def awaited(self) -> set[str]:
        """The components that something waits for which can't be asked for before they are solved."""
        waiting = (one for one, state in self.open.items() if state.key is None and not state.stopped)
        return {below for one in waiting for below in self.project.graph.closures[one]}

    def judge(self, found: Mapping[str, Candidate], settle: Callable[[str, Trial], None]) -> None:
        """Begin to judge what was asked for; `settle` is called for each in one of the next turns."""
        for one in sorted(found):  # by path: who takes a name first must not depend on timing
            self._trials.reserve(self.open[one].component, found[one])
        self._schedule.add(sorted(found), lambda one: self._trials.trial(self.open[one].component, found[one]), settle)

    def attempt(self, state: Open, trial: Trial, request: str) -> None:
        """Record one attempt of the model, and take note of how it was judged."""
        state.asked += 1
        number = keeping.attempt(self.project, state, trial, request)
        if number:
            self._tell("attempt", state.component, number=number)
        self.judged(state, trial)

    def stop(self, states: Iterable[Open], reason: str) -> None:
        """Nothing more can be done for these in this run."""
        for state in states:
            state.stopped = True
            state.reason = f"{reason} (before: {state.reason})" if state.verdict is not None else reason
            self._asking.discard(state.component.id)

    def back(self, state: Open) -> None:
        """It was asked for in vain, and that was no attempt."""
        self._asking.discard(state.component.id)

    def wait(self, others: Collection["Future[Any]"]) -> list["Future[Any]"]:
        """Until something is judged, and settled, or one of these is done; those that are."""
        return self._schedule.turn(others)

    @property
    def judging(self) -> set[str]:
        """The components that are being judged, whether they were asked for or not."""
        return {*self._schedule}

    def _tell(self, kind: str, component: Component, **data: object) -> None:
        self.listen(Event(kind, {"component": component.id, **data}))

    def _solution(self, state: Open) -> Solution:
        graph, fills = self.project.graph, self.accepted.fills.get(state.component.id)
        waiting = tuple(one for one in graph.closures[state.component.id] if one not in self.accepted.fills)
        return Solution(
            state.component, state.key, fills, state.verdict, state.origin, state.reason, state.last, waiting
        )
