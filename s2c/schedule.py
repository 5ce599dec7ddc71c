"""Work side by side, each piece after those that it rests on; results come in one at a time.

Law: `work` runs in threads, `settle` in the caller's, so whatever only `settle` changes needs no lock. What rests on
nothing here runs at once; a piece starts when all that it rests on, among the pieces given so far, has been settled.
Of what can start, what `takes` longest starts first. When an exception ends it, what has not begun never does, and what
runs is not waited for: whoever owns it ends it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
Done = Callable[[], None]  # settles a piece whose work is done


class Schedule:
    """Pieces of work, by id; more can be added while others run. All but `work` happens in the caller's thread."""

    def __init__(
        self, rests_on: Mapping[str, Sequence[str]], workers: int, takes: Callable[[str], int] = lambda _: 0
    ) -> None:
        self._rests_on = rests_on
        self._takes = takes
        self._waiting: dict[str, Callable[[], Done]] = {}
        self._running: dict[Future[Done], str] = {}
        self._pool = ThreadPoolExecutor(max(2, workers))

    def __iter__(self) -> Iterator[str]:
        return iter((*self._waiting, *self._running.values()))

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=not len(self), cancel_futures=True)

    def add(self, ids: Iterable[str], work: Callable[[str], T], settle: Callable[[str, T], None]) -> None:
        """Do `work` for each of these, which are not here yet, and `settle` what comes of it, in one of the turns."""

        def piece(one: str) -> Done:
            return partial(settle, one, work(one))

        self._waiting.update({one: partial(piece, one) for one in ids})
        self._begin()

    def turn(self, others: Collection["Future[Any]"] = ()) -> list["Future[Any]"]:
        """Wait until something is done, and settle it; those of `others` that are done.

        Raises what `work` or `settle` raise.
        """
        done = wait([*self._running, *others], return_when=FIRST_COMPLETED).done
        for future in sorted(done & self._running.keys(), key=self._running.__getitem__):
            del self._running[future]
            future.result()()
        self._begin()
        return [one for one in others if one in done]

    def drain(self) -> None:
        """Until nothing is left."""
        while len(self):
            self.turn()

    def _begin(self) -> None:
        busy = {*self._waiting, *self._running.values()}
        ready = [one for one in self._waiting if not busy.intersection(self._rests_on[one])]
        for one in sorted(ready, key=lambda one: -self._takes(one)):
            self._running[self._pool.submit(self._waiting.pop(one))] = one


def in_order(
    ids: Iterable[str],
    rests_on: Mapping[str, Sequence[str]],
    workers: int,
    work: Callable[[str], T],
    settle: Callable[[str, T], None],
) -> None:
    """Do `work` for every id and `settle` what comes of it; an exception of either ends it and is raised here."""
    with Schedule(rests_on, workers) as schedule:
        schedule.add(dict.fromkeys(ids), work, settle)
        schedule.drain()
