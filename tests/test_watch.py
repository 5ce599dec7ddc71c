"""`s2c watch`: real files saved under a real watcher, which runs real builds with the verifier's stand-in."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from s2c.store import Store
from s2c.watch import allowance
from tests import chain
from tests.projects import Tree

PATIENCE = 60.0
SECRET = ("11" * 32).encode()


class Watching:
    """A watcher that runs: its lines, with the time at which each came."""

    def __init__(self, tree: Tree, *specs: str) -> None:
        tree.write_settings()
        self.lines: list[tuple[float, str]] = []
        env = {**os.environ, **tree.env, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "s2c.cli", "watch", *specs]
        self.process = subprocess.Popen(
            command, cwd=tree.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append((time.monotonic(), line.rstrip("\n")))

    @property
    def text(self) -> str:
        """All that it said."""
        return "\n".join(line for _, line in self.lines)

    def until(self, holds: Callable[[str], bool]) -> None:
        """Wait until this holds of what it said."""
        ends = time.monotonic() + PATIENCE
        while not holds(self.text):
            assert time.monotonic() < ends, self.text
            assert self.process.poll() is None, self.text
            time.sleep(0.02)

    def ended(self, run: int) -> str:
        """Wait for the end of this run; its last line."""
        self.until(lambda text: f"watch: run {run} ended" in text)
        return next(line for _, line in self.lines if line.startswith(f"watch: run {run} ended"))

    def runs(self) -> list[tuple[str, int]]:
        """The runs in the order of their beginnings and ends."""
        found = re.findall(r"^watch: run (\d+) (begins|ended)", self.text, re.MULTILINE)
        return [(what, int(number)) for number, what in found]

    def still(self) -> None:
        """Wait until it has nothing to do for a second."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            before = len(self.lines)
            time.sleep(1.0)
            begun, done = ([what for what, _ in self.runs()].count(word) for word in ("begins", "ended"))
            if begun == done and before == len(self.lines):
                return
        pytest.fail(self.text)

    def stop(self, number: int = signal.SIGINT) -> int:
        """End it by this signal; its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(5)
        return code


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Three files in a row, built; nobody answers any more."""
    made = chain.lay(Tree(tmp_path / "project"), tmp_path / "tool")
    made.env["HOME"] = str(tmp_path)
    with chain.served(made):
        assert made.doit().code == 0
    made.configure(base_url="http://127.0.0.1:9/v1")
    return made


@pytest.fixture
def watch(tree: Tree) -> Iterator[Callable[..., Watching]]:
    """Starts watchers, which are ended with the test."""
    begun: list[Watching] = []

    def start(*specs: str) -> Watching:
        begun.append(Watching(tree, *specs))
        begun[-1].ended(1)
        return begun[-1]

    yield start
    for one in begun:
        with suppress(ProcessLookupError):
            one.process.kill()
        one.process.wait()
        if one.process.stdout is not None:
            one.process.stdout.close()


def save(tree: Tree, path: str, value: str = chain.VALUE, note: str = "") -> None:
    """Save a spec, with a comment before it."""
    tree.write(path, f"// {note}\n{chain.spec(path, value)}")


def test_it_begins_with_everything_and_ends_by_a_signal(watch: Callable[..., Watching]) -> None:
    """The first build tells how things stand; Ctrl-C or SIGTERM ends it with 0, and nothing is left behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        watcher = watch()
        assert watcher.ended(1) == "watch: run 1 ended: 3 verified, 0 not"
        assert watcher.stop(number) == 0
        assert watcher.text.endswith("watch: ended")
        assert "Traceback" not in watcher.text


def test_a_save_is_told_at_once_and_built(tree: Tree, watch: Callable[..., Watching]) -> None:
    """The holes of the file first, then a build that finds its fills again; the build's own files start nothing."""
    watcher = watch()
    save(tree, "top.dfy", note="one")
    watcher.ended(2)
    lines = [line for _, line in watcher.lines]
    told = lines.index("top.dfy: 2 holes: h1 helpers, h2 body of Top")
    assert lines.index("watch: run 2 begins: top.dfy") > told
    assert watcher.ended(2) == "watch: run 2 ended: 3 verified, 0 not"
    watcher.still()
    assert watcher.runs()[-1] == ("ended", 2)


def test_a_syntax_error_is_told_at_its_place(tree: Tree, watch: Callable[..., Watching]) -> None:
    """`file:line:col: error: ...` at once, and again by the build; mended, all is well."""
    watcher = watch()
    tree.write("far.dfy", "method (\n")
    watcher.until(lambda text: re.search(r"^far\.dfy:1:\d+: error: ", text, re.MULTILINE) is not None)
    assert watcher.ended(2) == "watch: run 2 ended: 2 verified, 1 not"
    save(tree, "far.dfy", note="mended")
    assert watcher.ended(3) == "watch: run 3 ended: 3 verified, 0 not"


def test_thirty_saves_in_ten_seconds(tree: Tree, watch: Callable[..., Watching]) -> None:
    """Each is told, builds never overlap, and the last one has seen the last save."""
    watcher = watch()
    for number in range(30):
        save(tree, "far.dfy", note=f"{number}")
        time.sleep(0.33)
    watcher.still()
    runs = watcher.runs()
    assert runs == [pair for one in range(1, runs[-1][1] + 1) for pair in (("begins", one), ("ended", one))]
    assert 2 <= runs[-1][1] <= 31
    assert watcher.text.count("far.dfy: 2 holes") >= 20  # two saves in one moment are one change
    assert "// 29" in tree.read("build/far.dfy")


def test_a_save_during_a_build_is_built_next(tree: Tree, watch: Callable[..., Watching]) -> None:
    """It does not disturb the build that runs, and does not wait for another save."""
    watcher = watch()
    save(tree, "far.dfy", note="first")
    watcher.until(lambda text: "watch: run 2 begins" in text)
    save(tree, "lib/math.dfy", note="second")
    watcher.ended(3)
    assert "watch: run 3 begins: lib/math.dfy" in watcher.text
    assert watcher.runs()[-4:] == [("begins", 2), ("ended", 2), ("begins", 3), ("ended", 3)]


def test_a_rename_is_one_build(tree: Tree, watch: Callable[..., Watching]) -> None:
    """A file that moves is gone in one place and there in the other; its fills go with it."""
    watcher = watch()
    (tree.root / "far.dfy").rename(tree.root / "near.dfy")
    watcher.ended(2)
    watcher.still()
    assert "far.dfy: gone" in watcher.text
    assert watcher.ended(2) == "watch: run 2 ended: 3 verified, 0 not"
    assert (tree.root / "build/near.dfy").is_file()


def test_editors_that_save_by_renaming(tree: Tree, watch: Callable[..., Watching]) -> None:
    """A hidden temporary file that takes the place of the old one is a save of that file, and of nothing else."""
    watcher = watch()
    tree.write(".far.dfy.swp", "half")
    tree.write(".far.dfy.tmp", f"// new\n{chain.spec('far.dfy')}")
    (tree.root / ".far.dfy.tmp").rename(tree.root / "far.dfy")
    watcher.ended(2)
    assert "watch: run 2 begins: far.dfy" in watcher.text


def test_a_branch_switch_is_one_build(tree: Tree, watch: Callable[..., Watching]) -> None:
    """Forty files that change at once are counted, not listed, and built together."""

    def git(*words: str) -> None:
        own = ["-c", "user.name=s2c", "-c", "user.email=s2c@example.invalid"]
        subprocess.run(["git", *own, *words], cwd=tree.root, check=True, capture_output=True)  # noqa: S607

    tree.write(".gitignore", "build/\ncache/\n.doit.db*\n__pycache__/\n")
    git("init", "-q", "-b", "here")
    git("add", "-A")
    git("commit", "-qm", "here")
    git("checkout", "-qb", "there")
    for number in range(40):
        tree.write(f"more/m{number}.dfy", f"lemma M{number}(n: int)\n  ensures n == n\n{{\n}}\n")
    git("add", "-A")
    git("commit", "-qm", "there")
    git("checkout", "-q", "here")
    watcher = watch()
    git("checkout", "-q", "there")
    watcher.until(lambda text: "files changed" in text)
    watcher.still()
    assert watcher.runs()[-1][1] <= 3  # git may take longer than the moment of quiet that a build waits for
    (good, bad) = map(int, re.findall(r"\d+", watcher.ended(watcher.runs()[-1][1]).partition("ended")[2]))
    assert (good + bad, good >= 3) == (43, True)  # the stand-in knows nothing of these lemmas


def test_without_leave_nothing_is_asked(tree: Tree, watch: Callable[..., Watching]) -> None:
    """A proof that broke is told, with the place of its hole, and costs nothing."""
    with chain.served(tree, "n + 5") as server:
        watcher = watch()
        save(tree, "far.dfy", "n + 5")
        watcher.ended(2)
        assert re.search(r"^far\.dfy:\d+:\d+: error: ", watcher.text, re.MULTILINE)
        assert server.requests == []


def test_with_leave_one_request_is_sent(tree: Tree, watch: Callable[..., Watching]) -> None:
    """`watch_asks`: what broke is asked for, once; it counts against the hour, over a new watcher too."""
    tree.configure(watch_asks=True, max_cost=1, price_input=0, price_output=1)
    with chain.served(tree, "n + 5") as server:
        watcher = watch()
        save(tree, "far.dfy", "n + 5")
        assert watcher.ended(2) == "watch: run 2 ended: 3 verified, 0 not"
        assert len(server.requests) == 1
        watcher.stop()
        with Store.open(tree.root / "cache", secret=SECRET) as store:
            left = allowance.left(store, Decimal(1), time.time())
            assert 0 < left < 1
            allowance.grant(store, left, time.time())
        again = watch()
        save(tree, "far.dfy", "n + 6")
        again.ended(2)
        assert "max_cost $1 is spent for this hour" in again.text
        assert len(server.requests) == 1


def test_asking_needs_a_cap(tree: Tree) -> None:
    """Without max_cost it does not start: exit code 3, one message."""
    tree.configure(watch_asks=True)
    ended = tree.s2c("watch")
    assert ended.code == 3
    assert "watch_asks needs max_cost" in ended.err


def test_an_interrupt_waits_for_what_is_being_paid_for(tree: Tree, watch: Callable[..., Watching]) -> None:
    """Ctrl-C while a request is out: its answer is awaited, stored, and no process is left."""
    tree.configure(watch_asks=True, max_cost=1, price_input=0, price_output=1)
    with chain.served(tree, "n + 5") as server:
        watcher = watch()
        save(tree, "far.dfy", "n + 5")
        watcher.until(lambda text: "watch: one request" in text)
        end = time.monotonic() + PATIENCE
        while not server.requests and time.monotonic() < end:
            time.sleep(0.01)
        assert watcher.stop() == 0
    assert "Traceback" not in watcher.text
    tree.configure(base_url="http://127.0.0.1:9/v1", watch_asks=False)
    assert tree.doit().code == 0


def test_the_hour_forgets(tmp_path: Path) -> None:
    """What was granted an hour ago counts no more; what was settled counts as what it was; the unknown stands."""
    cap = Decimal(1)
    with Store.open(tmp_path, secret=SECRET) as store:
        first = allowance.grant(store, Decimal("0.5"), 1000)
        assert allowance.left(store, cap, 1001) == Decimal("0.5")
        allowance.settle(store, first, "0.1 USD", 1002)
        second = allowance.grant(store, Decimal("0.2"), 2000)
        allowance.settle(store, second, "unknown", 2001)
        assert allowance.left(store, cap, 2002) == Decimal("0.7")
        assert allowance.left(store, cap, 1000 + allowance.HOUR) == Decimal("0.8")
        assert allowance.left(store, cap, 2000 + allowance.HOUR) == cap


def test_only_named_specs_are_built(watch: Callable[..., Watching]) -> None:
    """`s2c watch SPEC`: it and what it imports."""
    watcher = watch("top.dfy")
    assert watcher.ended(1) == "watch: run 1 ended: 2 verified, 0 not"


def test_the_settings_are_read_anew(tree: Tree, watch: Callable[..., Watching]) -> None:
    """A mistake in pyproject.toml is told, and the watcher lives on."""
    watcher = watch()
    good = tree.read("pyproject.toml")
    tree.write("pyproject.toml", good + "\nnot toml")
    watcher.until(lambda text: "not valid TOML" in text)
    tree.write("pyproject.toml", good)
    save(tree, "far.dfy", note="after")
    watcher.until(lambda text: "3 verified, 0 not" in text.rpartition("not valid TOML")[2])
