"""How a doit process is left where it can't do its work: at once, with one message and the documented exit code.

Law: nothing is done, and above all nothing paid, where doit runs with what would lose it.
"""

import multiprocessing
import sys

from s2c.errors import ConfigError, S2cError

NO_REPORTER = ConfigError(
    "nothing is asked and nothing is written: doit runs with a reporter that is not s2c's",
    fix="leave out -r; for programs there are summary.json and results.csv in the build folder",
)
NO_PROCESSES = ConfigError(
    "doit runs each task in a process of its own (-P process), but s2c's share one",
    fix="leave out -P process: `jobs` and `requests` say how much runs side by side",
)


class Leave(SystemExit):
    """Ends doit with this exit code, from any thread or process: doit hands an exception on as its class and text."""

    def __init__(self, code: int | str) -> None:
        super().__init__(int(code))


def alone() -> None:
    """Nothing is done, and above all nothing paid, where the other tasks would never hear of it."""
    if multiprocessing.parent_process() is not None:
        leave(NO_PROCESSES)


def leave(error: S2cError) -> None:
    """Say this, and end the process with its code."""
    (sys.__stderr__ or sys.stderr).write(f"s2c: {error}\n")  # doit's own reporters may hold back the other one
    raise Leave(error.exit_code)
