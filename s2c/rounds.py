"""One round of requests: pack, ask, store, read, judge, take note.

Law: an answer is stored, whole, before anyone reads it; requests run side by side, and each answer is judged when it is
there, without waiting for the others. A failed request costs its own specs only this run, never the others.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Protocol

from s2c import repair
from s2c.asking import Composed, Wanted, fills_of
from s2c.case import trouble
from s2c.errors import AskError, LimitReached, S2cError
from s2c.model import Answer, Event, Request, Verdict, VerdictKind
from s2c.project import Project
from s2c.reuse import Candidate
from s2c.sending import Requests, requests
from s2c.solution import Open, Trial
from s2c.solve import Listen, Solver
from s2c.tokens import Counter


class Client(Protocol):
    """Whoever sends one request and gives the answer as it came, stored."""

    def ask(self, request: Request) -> Answer:
        """Raises AskError when no usable answer came, LimitReached when the request would break a limit."""

    def finish(self) -> int:
        """Refuse what comes; how many answers are still awaited."""

    def close(self) -> None:
        """End what is out, refuse what comes."""


class Rehearsal:
    """Stands where a model would be asked: what would be sent first is kept, and nothing is."""

    def __init__(self, project: Project, context: str) -> None:
        self.requests: Requests = []
        self._project = project
        self._context = context

    def round(self, solver: Solver, todo: Sequence[Open]) -> None:
        """The first requests for these components; those whose answer is stored already are none."""
        asked = wanted(self._project, solver, todo)
        made = requests(self._project, asked, self._context, Counter(), solver.accepted.fills)
        fresh = self._project.config.fresh
        self.requests = [one for one in made if fresh or self._project.store.answer(one[1].request.key) is None]
        for state in solver.open.values():
            state.stopped = True


def wanted(project: Project, solver: Solver, todo: Sequence[Open]) -> dict[str, Wanted]:
    """What to ask for, by component id. Nothing is paid for where nothing could be judged: that is stopped here."""
    tested = {state.component.language: solver.tools.get(state.component.language) for state in todo}
    for state in todo:
        said, kind = tested[state.component.language], VerdictKind.TOOL_MISSING
        if not isinstance(said, str):
            said, kind = trouble(project.graph, state.component, said), VerdictKind.TOOL_CRASH
        if said:
            state.stopped, state.reason, state.verdict = True, said, Verdict(kind, "", said)
    return {
        state.component.id: repair.wanted(
            project, state.component, state.key or "", state.last, state.verdict, solver.accepted.fills
        )
        for state in todo
        if not state.stopped
    }


class Rounds:
    """Asks a model for what is still open, round after round."""

    def __init__(self, project: Project, client: Callable[[], Client], context: str, listen: Listen) -> None:
        self.requests = 0
        self.failed: list[str] = []
        self.limit: LimitReached | None = None
        self.refused: S2cError | None = None  # why nothing could be asked at all
        self._project = project
        self._make = client
        self._client: Client | None = None
        self._ending = self._closed = False
        self._context = context
        self._listen = listen
        self._counter = Counter()
        self._lock = threading.Lock()

    def round(self, solver: Solver, todo: Sequence[Open]) -> None:
        """One request for every batch of these components."""
        by_id = {state.component.id: state for state in todo}
        asked = wanted(self._project, solver, todo)
        if not asked or not self._ready([state for state in todo if not state.stopped]):
            return
        composed = requests(self._project, asked, self._context, self._counter, solver.accepted.fills)
        self._listen(Event("round", {"specs": len(asked), "requests": len(composed)}))
        for afresh in (one for one in asked.values() if one.start):
            said = {"component": afresh.component.id, "attempt": afresh.attempt, "reason": afresh.start}
            self._listen(Event("fresh-start", said))
        with ThreadPoolExecutor(self._project.config.requests) as pool:
            futures: dict[Future[Answer], tuple[list[Wanted], Composed]] = {}
            for batch, one in composed:
                futures[pool.submit(self._send, one, len(batch))] = (batch, one)
            try:
                for future in as_completed(futures):
                    batch, one = futures[future]
                    self._received(solver, future, batch, one, by_id)
            except BaseException:
                self.close()  # the pool waits for its requests: they end now
                raise

    def finish(self) -> int:
        """Send no more; how many answers are still awaited. Safe in any thread, and in a signal's handler."""
        self._ending = True
        return 0 if self._client is None else self._client.finish()

    def close(self) -> None:
        """End the requests that are out, and send no more. Safe in any thread."""
        self._ending = self._closed = True
        if self._client is not None:
            self._client.close()

    def _ready(self, states: Sequence[Open]) -> bool:
        """Connect, if it was not done yet. Where that can't be, what was free of charge still counts."""
        try:
            self._client = self._client or self._make()
        except S2cError as error:
            self.refused = error
            self._listen(Event("cannot-ask", {"reason": str(error)}))
            self._stop(states, error.what)
            return False
        return True

    def _send(self, composed: Composed, specs: int) -> Answer:
        """In a thread of its own. An answer to exactly this request that is stored already costs nothing."""
        stored = self._project.store.answer(composed.request.key)
        if stored is not None and not self._project.config.fresh:
            return stored
        if self.limit is not None:
            raise self.limit
        assert self._client is not None  # noqa: S101 - told to mypy; _ready made it
        with self._lock:
            self.requests += 1
        request = composed.request
        self._listen(Event("request", {"request": request.key, "specs": specs, "tokens": request.prompt_tokens}))
        return self._client.ask(request)

    def _received(
        self, solver: Solver, future: Future[Answer], batch: list[Wanted], composed: Composed, by_id: Mapping[str, Open]
    ) -> None:
        states = [by_id[wanted.component.id] for wanted in batch]
        try:
            answer = future.result()
        except LimitReached as error:
            self.limit = error
            self._stop(states, str(error))
            return
        except AskError as error:
            if not self._ending:  # else nothing of it failed: the run does
                self.failed.append(str(error))
                self._listen(Event("request-failed", {"specs": len(batch), "reason": str(error)}))
            self._stop(states, str(error))
            return
        except S2cError as error:
            self.refused = error
            self._stop(states, error.what)
            return
        if self._closed:  # it may have been cut off by us: that is no attempt; it is stored, and the next run reads it
            self._stop(states, "the run was ended")
            return
        self._read(solver, answer, batch, composed, by_id)

    def _stop(self, states: Sequence[Open], reason: str) -> None:
        for state in states:
            state.stopped = True
            state.reason = f"{reason} (before: {state.reason})" if state.verdict is not None else reason

    def _read(
        self, solver: Solver, answer: Answer, batch: list[Wanted], composed: Composed, by_id: Mapping[str, Open]
    ) -> None:
        found = fills_of(self._project, batch, composed, answer)
        about, whole_ones = {"request": answer.request.key}, sum(1 for one in found.troubles.values() if not one)
        self._listen(Event("parsed", {**about, "whole": whole_ones, "incomplete": len(batch) - whole_ones}))
        trials: dict[str, Candidate] = {}
        for wanted in sorted(batch, key=lambda one: one.component.id):
            one = wanted.component.id
            candidate = Candidate(found.fills[one], "asked", model=answer.served_model or answer.request.model)
            if found.troubles[one]:
                self._incomplete(solver, by_id[one], candidate, found.troubles[one], answer)
            else:
                trials[one] = candidate
        self._judge(solver, trials, answer, by_id)
        self._project.store.mark_read(answer.request.key)
        self._listen(Event("read", about))

    def _incomplete(
        self, solver: Solver, state: Open, candidate: Candidate, troubles: Sequence[str], answer: Answer
    ) -> None:
        verdict = Verdict(VerdictKind.INCOMPLETE, "", "; ".join(troubles))
        self._note(solver, state, Trial(candidate, verdict, {}), answer)

    def _judge(
        self, solver: Solver, candidates: Mapping[str, Candidate], answer: Answer, by_id: Mapping[str, Open]
    ) -> None:
        for one, candidate in candidates.items():  # by path: who takes a name first must not depend on timing
            component = by_id[one].component
            if not solver.accepted.clashes(component, candidate.fills):
                solver.accepted.reserve(component, candidate.fills)
        solver.in_order(
            candidates,
            lambda one: solver.trial(by_id[one].component, candidates[one]),
            lambda one, trial: self._note(solver, by_id[one], trial, answer),
        )

    def _note(self, solver: Solver, state: Open, trial: Trial, answer: Answer) -> None:
        state.asked += 1
        solver.attempt(state, self._project.asking(state.component), trial, answer.request.key)
        solver.judged(state, trial)
