"""What is asked of the model: gathered, packed, sent, stored, read, judged, taken note of.

Law: an answer is stored, whole, before anyone reads it; requests run side by side, and each answer is read when it is
there, each of its fills judged without waiting for the others, and what failed goes out again as soon as its company is
complete. A failed request costs its own specs only this run, never the others.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from heapq import heappop, heappush
from types import TracebackType
from typing import Protocol, Self

from s2c import again, gather, repair, tallies
from s2c.asking import Composed, Wanted, fills_of
from s2c.case import trouble
from s2c.errors import AskError, LimitReached, S2cError
from s2c.gather import Batch
from s2c.model import Answer, Event, Request, Verdict, VerdictKind
from s2c.project import Project
from s2c.reuse import Candidate
from s2c.sending import Frame, Requests, requests
from s2c.solution import Open, Trial
from s2c.solve import Listen, Solver
from s2c.trouble import ContextOverflow


class Client(Protocol):
    """Whoever sends one request and gives the answer as it came, stored."""

    def ask(self, request: Request, begin: Callable[[], None]) -> Answer:
        """`begin` is called when its turn has come.

        Raises AskError when no usable answer came, LimitReached when the request would break a limit.
        """

    def finish(self) -> int:
        """Refuse what comes; how many answers are still awaited."""

    def close(self) -> None:
        """End what is out, refuse what comes."""


class Rehearsal:
    """Stands where a model would be asked: what would be sent first is kept, and nothing is."""

    def __init__(self, project: Project, context: str) -> None:
        self.requests: Requests = []
        self._project = project
        self._frame = Frame(project, context)

    def turn(self, solver: Solver, todo: Sequence[Open]) -> bool:
        """The first requests for these components; those whose answer is stored already are none."""
        asked = wanted(self._project, solver, todo)
        made = requests(self._frame, asked, solver.accepted.fills)
        fresh = self._project.config.fresh
        self.requests = [one for one in made if fresh or self._project.store.answer(one[1].request.key) is None]
        return False


def wanted(project: Project, solver: Solver, todo: Sequence[Open]) -> dict[str, Wanted]:
    """What to ask for, by component id. Nothing is paid for where nothing could be judged: that is stopped here.

    A fresh start shows what stands by now: more of it helps more, though with several requests out timing decides.
    """
    stands = solver.accepted.fills
    tested = {state.component.language: solver.tools.get(state.component.language) for state in todo}
    for state in todo:
        said, kind = tested[state.component.language], VerdictKind.TOOL_MISSING
        if not isinstance(said, str):
            said, kind = trouble(project.graph, state.component, said), VerdictKind.TOOL_CRASH
        if said:
            state.stopped, state.reason, state.verdict = True, said, Verdict(kind, "", said)
    return {
        state.component.id: repair.wanted(project, state.component, state.key or "", state.last, state.verdict, stands)
        for state in todo
        if not state.stopped
    }


class Rounds:
    """Asks a model for what is still open, until it is solved or given up: `with Rounds(...) as asker:`."""

    def __init__(self, project: Project, client: Callable[[], Client], context: str, listen: Listen) -> None:
        self.failed: list[str] = []
        self.limit: LimitReached | None = None
        self.refused: S2cError | None = None  # why nothing could be asked at all
        self._project = project
        self._make = client
        self._client: Client | None = None
        self._ending = self._closed = False
        self._frame = Frame(project, context)
        self._listen = listen
        self._pool = ThreadPoolExecutor(project.config.requests)
        self._waiting: dict[str, tuple[Open, Wanted]] = {}
        self._queue: list[Batch] = []  # a heap: due, and to be sent when there is room
        self._out: dict[Future[Answer], tuple[Batch, Composed]] = {}
        self._read: list[Batch] = []  # answered, and not judged to the end
        self._number = self._round = 0
        self._too_long = 0  # prompt tokens of the smallest request that did not fit the model; 0: none is known

    def turn(self, solver: Solver, todo: Sequence[Open]) -> bool:
        """Take these in, send what is due, and wait until an answer or a verdict is there; false if none will be."""
        self._take(solver, todo)
        self._due(solver)
        self._send_next(solver)
        if not self._out and not solver.judging:
            return False
        for future in solver.wait(self._out):
            self._received(solver, future)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._pool.shutdown()  # it waits for what is out: that ends now

    def finish(self) -> int:
        """Send no more; how many answers are still awaited. Safe in any thread, and in a signal's handler."""
        self._ending = True
        return 0 if self._client is None else self._client.finish()

    def close(self) -> None:
        """End the requests that are out, and send no more. Safe in any thread."""
        self._ending = self._closed = True
        if self._client is not None:
            self._client.close()

    # --- out ----------------------------------------------------------------------------------------------------

    def _take(self, solver: Solver, todo: Sequence[Open]) -> None:
        asked = wanted(self._project, solver, todo) if todo else {}
        for state in todo:
            if state.stopped:
                solver.back(state)
        if asked and self._ready(solver, [state for state in todo if not state.stopped]):
            self._waiting.update({one: (solver.open[one], wanted) for one, wanted in asked.items()})
            self._tell_afresh(asked.values())

    def _tell_afresh(self, asked: Collection[Wanted]) -> None:
        for one in asked:
            if one.start:
                data = {"component": one.component.id, "attempt": one.attempt, "reason": one.start}
                self._listen(Event("fresh-start", data))

    def _ready(self, solver: Solver, states: Sequence[Open]) -> bool:
        """Connect, if it was not done yet. Where that can't be, what was free of charge still counts."""
        try:
            self._client = self._client or self._make()
        except S2cError as error:
            self.refused = error
            self._listen(Event("cannot-ask", {"reason": str(error)}))
            solver.stop(states, error.what)
            return False
        return True

    def _due(self, solver: Solver) -> None:
        """Put what goes out now into the queue."""
        if not self._waiting:
            return
        under_way = [*self._queue, *(batch for batch, _ in self._out.values()), *self._read]
        kinds, ids = {batch.kind for batch in under_way}, {one for batch in under_way for one in batch.left}

        free = [solver.open[one] for one in solver.judging - ids if one not in solver.accepted.fills]
        joining = {gather.next_kind(self._project, one) for one in free}

        def may_grow(kind: tuple[str, int]) -> bool:
            name, attempt = kind
            coming = kind in joining or (name, attempt - 1) in kinds
            return coming or (attempt == 1 and not ids.isdisjoint(solver.awaited()))

        found = list(gather.due(self._frame, self._waiting, solver.accepted.fills, may_grow))
        if found:
            self._round += 1
            self._listen(Event("round", {"specs": sum(map(len, found)), "requests": len(found)}))
        for batch in found:
            self._enqueue(batch)
            for one in batch:
                del self._waiting[one.component.id]

    def _enqueue(self, batch: Sequence[Wanted]) -> None:
        self._number += 1
        ids = {one.component.id for one in batch}
        heappush(self._queue, Batch((-batch[0].attempt, self._number), batch, self._round, ids))

    def _send_next(self, solver: Solver) -> None:
        """Send of the queue what there is room for; as two, where as much was too long before."""
        while self._queue and len(self._out) < self._project.config.requests:
            batch = heappop(self._queue)
            if len(batch.wanted) > (most := gather.most(self._project, batch.kind)):  # learned since
                self._enqueue_all(again.pieces(batch.wanted, most))
                continue
            one = self._frame.compose(batch.wanted, solver.accepted.fills)
            if len(batch.wanted) > 1 and 0 < self._too_long <= one.request.prompt_tokens:
                self._halve(batch)
            else:
                self._out[self._pool.submit(self._send, batch, one.request)] = batch, one

    def _halve(self, batch: Batch) -> None:
        self._round += 1
        self._enqueue_all(again.halves(batch.wanted))

    def _enqueue_all(self, batches: Iterable[Sequence[Wanted]]) -> None:
        for batch in batches:
            self._enqueue(batch)

    def _send(self, batch: Batch, request: Request) -> Answer:
        """In a thread of its own. An answer to exactly this request that is stored already costs nothing."""
        stored = self._project.store.answer(request.key)
        if stored is not None and not self._project.config.fresh:
            return stored
        if self.limit is not None:
            raise self.limit
        assert self._client is not None  # noqa: S101 - told to mypy; _ready made it
        specs, tokens = len(batch.wanted), request.prompt_tokens
        event = Event("request", {"request": request.key, "round": batch.round, "specs": specs, "tokens": tokens})
        return self._client.ask(request, lambda: self._listen(event))

    # --- in -----------------------------------------------------------------------------------------------------

    def _received(self, solver: Solver, future: Future[Answer]) -> None:
        batch, composed = self._out.pop(future)
        states = [solver.open[wanted.component.id] for wanted in batch.wanted]
        try:
            answer = future.result()
        except LimitReached as error:
            self.limit = error
            solver.stop(states, str(error))
        except AskError as error:
            if again.splits(error, len(states)) and not self._ending:
                self._split(batch, composed.request, error)
            else:
                self._failed(solver, states, error)
        except S2cError as error:
            self.refused = error
            solver.stop(states, error.what)
        else:
            if self._closed:  # it may have been cut off by us: that is no attempt; it is stored, the next run reads it
                solver.stop(states, "the run was ended")
            else:
                self._take_in(solver, answer, batch, composed)

    def _split(self, batch: Batch, request: Request, error: AskError) -> None:
        """Ask for each half by itself."""
        if isinstance(error, ContextOverflow):
            self._too_long = min(self._too_long or request.prompt_tokens, request.prompt_tokens)
        self._listen(Event("split", {"request": request.key, "specs": len(batch.wanted), "reason": error.what}))
        self._halve(batch)

    def _failed(self, solver: Solver, states: Sequence[Open], error: AskError) -> None:
        if not self._ending:  # else nothing of it failed: the run does
            self.failed.append(str(error))
            self._listen(Event("request-failed", {"specs": len(states), "reason": str(error)}))
        solver.stop(states, str(error))

    def _take_in(self, solver: Solver, answer: Answer, batch: Batch, composed: Composed) -> None:
        """Read an answer: what is whole in it is judged, what is missing is asked for again."""
        found, specs = fills_of(self._project, batch.wanted, composed, answer), len(batch.wanted)
        whole = [one for one, troubles in found.troubles.items() if not troubles]
        data = {"request": answer.request.key, "whole": len(whole), "incomplete": specs - len(whole)}
        self._listen(Event("parsed", data))
        self._read.append(batch)
        batch.missing = specs - len(whole)
        tallies.parsed(self._project, batch, answer)
        unheard = found.absent if answer.finish != again.WHOLE and specs > 1 else ()
        for one in unheard:  # not their fault, and no attempt of theirs
            solver.open[one].company = again.company(answer.finish, specs, len(unheard)) or solver.open[one].company
            solver.back(solver.open[one])
        batch.left -= set(unheard)
        model = answer.served_model or answer.request.model
        judged = {one: Candidate(found.fills[one], "asked", model=model) for one in sorted(batch.left)}
        for one in sorted(batch.left - set(whole)):
            why = again.hopeless(answer.finish, answer.usage.completion, answer.request.max_output)
            why = why if one in found.absent else ""
            solver.open[one].stopped = bool(why)
            verdict = Verdict(VerdictKind.INCOMPLETE, "", why or "; ".join(found.troubles[one]))
            self._note(solver, batch, answer, one, Trial(judged.pop(one), verdict, {}))
        solver.judge(judged, lambda one, trial: self._note(solver, batch, answer, one, trial))
        self._over(batch, answer)

    def _note(self, solver: Solver, batch: Batch, answer: Answer, one: str, trial: Trial) -> None:
        solver.attempt(solver.open[one], trial, answer.request.key)
        batch.verified += trial.verdict.kind is VerdictKind.VERIFIED
        batch.left.discard(one)
        self._over(batch, answer)

    def _over(self, batch: Batch, answer: Answer) -> None:
        """When all of it is judged, and recorded, it was read."""
        if not batch.left and batch in self._read:
            self._read.remove(batch)
            self._project.store.mark_read(answer.request.key)
            tallies.judged(self._project, batch, answer)
            self._listen(Event("read", {"request": answer.request.key}))
