"""Work side by side, each piece after those that it rests on; results come in one at a time.

Law: `work` runs in threads, `settle` in the caller's, so whatever only `settle` changes needs no lock. What rests on
nothing here runs at once; a piece starts when all that it rests on, among the pieces given, has been settled. When an
exception ends it, what has not begun never does, and what runs is not waited for: whoever owns it ends it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")


def in_order(
    ids: Iterable[str],
    rests_on: Mapping[str, Sequence[str]],
    workers: int,
    work: Callable[[str], T],
    settle: Callable[[str, T], None],
) -> None:
    """Do `work` for every id and `settle` what comes of it; an exception of either ends it and is raised here."""
    waiting = dict.fromkeys(ids)
    running: dict[Future[T], str] = {}
    pool = ThreadPoolExecutor(max(2, workers))
    try:
        while waiting or running:
            busy = {*waiting, *running.values()}
            for one in [one for one in waiting if not busy.intersection(rests_on[one])]:
                del waiting[one]
                running[pool.submit(work, one)] = one
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=running.__getitem__):
                settle(running.pop(future), future.result())
    finally:
        pool.shutdown(wait=not (waiting or running), cancel_futures=True)
