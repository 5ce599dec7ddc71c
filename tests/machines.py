"""A Dask scheduler and its workers as real processes on loopback, for tests and proofs of many machines.

Law: what was started is ended: with SIGCONT first, so that a stopped one goes too.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

QUICK = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "6s",
    "DASK_DISTRIBUTED__SCHEDULER__DASHBOARD__STATUS__TASK_STREAM_LENGTH": "10",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
}


def judged(project: Path) -> set[str]:
    """The components on which the project's last run had a verdict."""
    told = project / "build/events.jsonl"
    lines = told.read_text(encoding="utf-8").splitlines(keepends=True) if told.exists() else []
    events = [json.loads(line) for line in lines if line.endswith("\n")]
    return {one["component"] for one in events if one["event"] == "verdict"}


class Noted:
    """A verifier that notes what it is run on, and is that verifier else; `words` go before it, as shell."""

    def __init__(self, folder: Path, program: Path, words: str = "") -> None:
        folder.mkdir()
        self._notes = folder / "notes"
        own = folder / "dafny"
        note = f'case "$one" in *.dfy) echo "$one" >> {self._notes};; esac'
        own.write_text(f'#!/bin/sh\nfor one; do {note}; {words or ":"}; done\nexec {program} "$@"\n')
        own.chmod(0o755)
        self.table = {"command": [str(own)], "files": [str(own), str(program)]}

    def take(self) -> list[str]:
        """The files of the runs since this was last asked."""
        found = self._notes.read_text().splitlines() if self._notes.exists() else []
        self._notes.unlink(missing_ok=True)
        return found


class Machines:
    """A scheduler on loopback, and workers that are added to it; `folder` gets their logs."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._env = {**os.environ, **QUICK, **(environment or {})}
        self._all: list[subprocess.Popen[bytes]] = []
        self.address = ""
        self.scheduler = self.begin()

    def begin(self) -> "subprocess.Popen[bytes]":
        """Start a scheduler, wherever there is a port."""
        told = self._folder / "scheduler.json"
        told.unlink(missing_ok=True)
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
        self.scheduler = self._start("scheduler", words)
        end = time.monotonic() + 60
        while time.monotonic() < end and not (told.exists() and told.read_text().rstrip().endswith("}")):
            time.sleep(0.05)
        self.address = told.read_text().partition('"address": "')[2].partition('"')[0]
        return self.scheduler

    def worker(
        self, name: str, threads: int = 1, environment: Mapping[str, str] | None = None, words: Sequence[str] = ()
    ) -> "subprocess.Popen[bytes]":
        """Start a worker that nobody replaces."""
        own = ["worker", self.address, "--no-nanny", "--no-dashboard", "--nthreads", str(threads), "--name", name]
        own += ["--host", "127.0.0.1", "--memory-limit", "0", "--local-directory", str(self._folder)]
        return self._start(name, [*own, "--death-timeout", "60", *words], environment)

    def end_workers(self) -> None:
        """Kill every worker, as a machine that fails does."""
        for process in self._all:
            if process is not self.scheduler:
                process.kill()

    def _start(
        self, name: str, words: list[str], environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "dask", *words]
            env = {**self._env, **(environment or {})}
            process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        self._all.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in reversed(self._all):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in reversed(self._all):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
