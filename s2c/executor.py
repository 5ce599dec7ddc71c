"""Where processes run: on this machine, a few at a time.

Law: an executor carries runs out and raw output back. It reads neither, it knows nothing of verdicts, and once it is
closed nothing that it started still runs.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from s2c.process import RawRun, Run
from s2c.sandbox import Stop, execute


class Executor(Protocol):
    """What `judge` needs of a place where processes run."""

    def submit(self, run: Run) -> Future[RawRun]:
        """Run it when there is room; the future gives its raw output."""

    def close(self) -> None:
        """End what runs, drop what waits."""


class LocalExecutor:
    """Runs on this machine, `jobs` at a time (default: as many as there are CPUs for this process).

    As a context manager it is closed at the end, after an exception (Ctrl-C) too. A run that closing ended has
    `killed` = `stopped`; one that had not begun has its future cancelled.
    """

    def __init__(self, jobs: int = 0, *, root: Path | None = None) -> None:
        self.jobs = jobs or len(os.sched_getaffinity(0))
        self._root = root
        self._stop = Stop()
        self._pool = ThreadPoolExecutor(max_workers=self.jobs, thread_name_prefix="s2c-run")

    def submit(self, run: Run) -> Future[RawRun]:
        """Run it when one of the `jobs` places is free."""
        return self._pool.submit(execute, run, root=self._root, stop=self._stop)

    def close(self) -> None:
        """End what runs, drop what waits; returns when all of it is gone. May be called twice."""
        self._stop.now()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
