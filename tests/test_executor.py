"""The local executor runs a few at a time and leaves nothing running."""

import time
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from s2c.executor import LocalExecutor
from s2c.process import Limits, RawRun, Run


def shell(script: str) -> Run:
    """A run of a shell script."""
    return Run(("sh", "-c", script), {}, Limits(60))


def wait_for(path: Path) -> None:
    """Until a run has made this file."""
    end = time.monotonic() + 20
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)


def test_results_come_back_to_their_runs() -> None:
    """Each future gives the output of its own run."""
    with LocalExecutor(2) as executor:
        futures = [executor.submit(shell(f"echo {n}")) for n in range(6)]
        assert [future.result().stdout for future in futures] == [b"%d\n" % n for n in range(6)]


def test_no_more_than_jobs_at_once(tmp_path: Path) -> None:
    """Each run counts those beside it: never more than the executor has places."""
    place = tmp_path / "now"
    place.mkdir()
    script = f"touch {place}/$$; ls {place} | wc -l; sleep 0.2; rm {place}/$$"
    with LocalExecutor(2) as executor:
        futures = [executor.submit(shell(script)) for _ in range(6)]
        assert max(int(future.result().stdout) for future in futures) == 2


def test_the_default_is_one_place_for_each_cpu() -> None:
    """Without a number there are as many places as CPUs that this process may use."""
    with LocalExecutor() as executor:
        assert executor.jobs >= 1


def test_closing_ends_what_runs_and_drops_what_waits(tmp_path: Path) -> None:
    """After close nothing runs: the running one says so, the waiting one never began."""
    executor = LocalExecutor(1)
    running = executor.submit(shell(f"touch {tmp_path}/began; sleep 1000"))
    waiting = executor.submit(shell(f"touch {tmp_path}/never"))
    wait_for(tmp_path / "began")
    executor.close()
    executor.close()
    assert running.result().killed == "stopped"
    with pytest.raises(CancelledError):
        waiting.result()
    assert not (tmp_path / "never").exists()


def test_an_exception_closes_it(tmp_path: Path) -> None:
    """Ctrl-C in the caller leaves no process behind."""
    futures: list[Future[RawRun]] = []

    def interrupted() -> None:
        with LocalExecutor(1) as executor:
            futures.append(executor.submit(shell(f"touch {tmp_path}/began; sleep 1000")))
            wait_for(tmp_path / "began")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert futures[0].result().killed == "stopped"
