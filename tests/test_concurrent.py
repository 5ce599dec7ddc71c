"""Several builds at once in one tree: they wait or share, pay once, lose nothing, and no lock outlives its owner."""

import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.crashes import implementations, lay_out, model, times_asked, undisturbed
from tests.loopback import Server
from tests.openai_server import answer_fills
from tests.projects import Tree
from tests.test_signals import gated, over, streaming, until
from tests.together import Together, disjoint, together

SOON = 30.0  # seconds on a busy machine


def from_records_alone(found: Together) -> str:
    """What is not as it must be in a clone with nothing but sources and records; empty if no record was lost."""
    before = implementations(found.tree)
    for name in ("build", ".doit.db", "cache/db"):
        place = found.tree.root / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    done = found.tree.doit("frozen=1")
    return "" if done.code == 0 and implementations(found.tree) == before else done.text


@pytest.mark.parametrize(
    ("count", "mode"),
    [(2, ()), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((2, ("-n", "2", "-P", "thread")), (8, ())))],
)
def test_the_same_specs_are_asked_once(count: int, mode: tuple[str, ...], tmp_path: Path) -> None:
    """Two and eight builds of the same specs: each spec is asked for once, all are green, every record is there."""
    found = together(tmp_path, [mode] * count)
    assert found.trouble == ""
    assert from_records_alone(found) == ""


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 8])
def test_disjoint_specs_are_asked_once(count: int, tmp_path: Path) -> None:
    """Two and eight builds that share no spec: the same, and none takes another's files away."""
    found = together(tmp_path, disjoint(count), 16)
    assert found.trouble == ""
    assert from_records_alone(found) == ""


@pytest.mark.slow
def test_a_killed_holder_frees_the_lock_at_once(tmp_path: Path) -> None:
    """Who waits for a build that is killed goes on at once, tells what it left, and pays for it alone."""
    whole = undisturbed(tmp_path / "whole")
    tree = lay_out(Tree(tmp_path / "project"), tmp_path / "tool")
    with Server(*[gated(model(), threading.Event())] * 2, answer_fills(model())) as server:
        tree.configure(base_url=server.url)
        first = tree.start()
        until(lambda: streaming(tree, 2))
        second = tree.start()
        assert second.stderr is not None
        assert any(f"waiting for process {first.pid}".encode() in line for line in second.stderr)
        first.send_signal(signal.SIGKILL)
        begun = time.monotonic()
        line = next(line for line in second.stderr if b"possibly billed" in line)
        assert time.monotonic() - begun < SOON, line
        over(second, 0)
        over(first, -signal.SIGKILL)
    assert implementations(tree) == whole.built
    assert max(times_asked(server.requests).values()) <= 3


@pytest.mark.slow
def test_a_build_beside_other_commands(tmp_path: Path) -> None:
    """While a build is at work, list, info, plan and another verify answer at once, and no lock is in their way."""
    go = threading.Event()
    tree = lay_out(Tree(tmp_path / "project"), tmp_path / "tool")
    with Server(gated(model(wrong_first=""), go)) as server:
        tree.configure(base_url=server.url)
        run: subprocess.Popen[bytes] = tree.start()
        until(lambda: streaming(tree, 2))
        others = [tree.doit("list", "--all", "--status"), tree.doit("info", "generate:a.dfy"), tree.s2c("plan")]
        assert [one.code for one in others] == [0, 1, 0], "".join(one.text for one in others)
        assert "Traceback" not in "".join(one.text for one in others)
        assert run.poll() is None
        go.set()
        over(run, 0)
