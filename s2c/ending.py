"""How a run is ended from outside: Ctrl-C, SIGTERM, SIGHUP.

Law: the first Ctrl-C gives up no answer that is being paid for: nothing more is sent, what is out is awaited, and that
is said. The second one, or another of these signals, leaves at once. Either way what was started is ended and what came
is stored. A handler takes no lock that the code which it interrupts may hold, and writes past Python's buffers.
"""

import atexit
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from s2c.leaving import Leave
from s2c.taskstate import BUILD

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
LOOK = 0.05  # seconds between two looks at what is still out


class Ending:
    """The handler of these signals. `awaited`: send nothing more, and how many answers are out."""

    def __init__(self, awaited: Callable[[], int]) -> None:
        self._awaited = awaited
        self._waits = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Wait for what is out, or leave."""
        out = self._awaited() if number == signal.SIGINT and not self._waits else 0
        if out:
            self._waits = True
            answers = "an answer that is" if out == 1 else f"{out} answers that are"
            _say(f"Ctrl-C: nothing more is sent; waiting for {answers} being paid for; Ctrl-C again leaves at once")
            threading.Thread(target=self._wait, name="s2c-last", daemon=True).start()
            return
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)  # once is enough, and the way out must not be cut short
        _say(f"ended by {signal.Signals(number).name}; what was paid for is kept")
        raise Leave(128 + number)

    def _wait(self) -> None:
        """Then the main thread is told as by a second Ctrl-C: only there a run can be ended in order."""
        while self._awaited():
            time.sleep(LOOK)
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, signal.SIGINT)


def take() -> None:
    """From now on these signals end the run. Not in processes that doit forks: it ends those by SIGTERM."""
    if multiprocessing.parent_process() is not None:
        return
    ending = Ending(BUILD.last)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, ending)
    # Held back while it forks: a SIGTERM that finds the child with this handler still in place would get lost.
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_as_a_child)
    atexit.register(BUILD.close)


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_go() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _as_a_child() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_go()


def _say(line: str) -> None:
    with suppress(OSError):
        os.write(2, f"s2c: {line}\n".encode())
