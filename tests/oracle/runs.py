"""doit as the machine runs it: in a process of its own, that can be killed at any moment."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

FORKS = Path(__file__).with_name("forks.py")
PATIENCE = 300.0


@dataclass(frozen=True)
class Ran:
    """A run that ended: its exit code (negative: the signal that ended it), and all that it said."""

    code: int
    text: str
    seconds: float


class Doit:
    """Runs doit in one project. `package`: the folder that holds the s2c to be run."""

    def __init__(self, root: Path, env: Mapping[str, str], package: Path) -> None:
        self._root = root
        self._env = dict(env)
        self._said = [root.parent / name for name in ("doit.out", "doit.err")]
        self._server = subprocess.Popen(
            [sys.executable, str(FORKS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **env, "PYTHONPATH": str(package)},
            text=True,
        )
        assert self._line() == "ready", "the process that forks runs did not start"

    def run(self, arguments: Sequence[str], *, cwd: Path | None = None, kill_after: float | None = None) -> Ran:
        """Run it to its end, or kill it (-9) after so many seconds."""
        begun = time.monotonic()
        out, err = map(str, self._said)
        order = {"arguments": list(arguments), "cwd": str(cwd or self._root), "env": self._env, "out": out, "err": err}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        process = int(self._line())
        killer = threading.Timer(PATIENCE if kill_after is None else kill_after, _kill, [process])
        killer.daemon = True
        killer.start()
        code = int(self._line())
        killer.cancel()
        text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in self._said)
        return Ran(code, text, time.monotonic() - begun)

    def _line(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()

    def close(self) -> None:
        """No more runs."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(PATIENCE)
        self._server.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
