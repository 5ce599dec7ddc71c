"""How long checks took: what takes longest begins first, and what is ahead is told; nothing else depends on it."""

import threading
from pathlib import Path

from s2c.model import Event
from s2c.report.live import Tally, duration
from s2c.schedule import Schedule
from s2c.store import Store
from s2c.times import UNKNOWN, Estimate, Times
from tests import chain
from tests.projects import Tree

SECRET = ("11" * 32).encode()


def test_what_takes_longest_begins_first() -> None:
    """Of what can start; what rests on something still waits for it."""
    takes = {"first": 100, "other": 99, "a": 1, "b": 5, "c": 3, "d": 9}
    rests_on = {**dict.fromkeys(takes, ()), "d": ("a",)}
    begun: list[str] = []
    gate, rest = threading.Event(), threading.Event()

    def work(one: str) -> None:
        begun.append(one)
        if one == "first":
            rest.wait(60)  # so that one thread alone does what follows
        if one == "other":
            gate.wait(60)

    def settle(one: str, _made: None) -> None:
        if one == "d":
            rest.set()

    with Schedule(rests_on, 2, takes.__getitem__) as schedule:
        schedule.add(takes, work, settle)
        gate.set()
        schedule.drain()
    assert sorted(begun[:2]) == ["first", "other"]
    assert begun[2:] == ["b", "c", "a", "d"]


def test_times_are_remembered(tmp_path: Path) -> None:
    """What was noted is there the next time; what is not known is taken to be like the middle of what is."""
    with Store.open(tmp_path, secret=SECRET) as store:
        times = Times(store)
        assert times.of("a.dfy") == UNKNOWN
        for name, took in (("a.dfy", 1000), ("b.dfy", 9000), ("c.dfy", 4000), ("d.dfy", 0)):
            times.note(name, took)
        times.keep()
        again = Times(store)
        assert [again.of(name) for name in ("a.dfy", "b.dfy", "d.dfy")] == [1000, 9000, 4000]
        assert again.ahead(["a.dfy", "b.dfy", "new.dfy"]) == Estimate(3, 2, 14)


def test_jobs_share_what_is_ahead() -> None:
    """Two jobs take half as long, but never more jobs than there are checks."""
    assert Estimate(10, 10, 60).wall(2) == 30
    assert Estimate(1, 1, 60).wall(8) == 60
    assert Estimate(0, 0, 0).wall(4) == 0


def test_a_row_of_another_form_is_none(tmp_path: Path) -> None:
    """What can't be read is as good as forgotten."""
    with Store.open(tmp_path, secret=SECRET) as store:
        store.put_analysis("times.1", {"a.dfy": "long", "b.dfy": -3, "c.dfy": 5})
        assert [Times(store).of(name) for name in ("a.dfy", "b.dfy", "c.dfy")] == [5, 5, 5]


def test_what_is_left_is_shown() -> None:
    """The line of a terminal says how long checks still take; from ten seconds on."""
    tally = Tally()
    tally.add(Event("checks", {"count": 4, "seconds": 240}))
    assert str(tally).endswith("| about 4 min of checks left")
    for _ in range(3):
        tally.add(Event("verdict", {"component": "a.dfy", "verdict": "verified", "cpu_ms": 60_000}))
    assert str(tally).endswith("| about 60 s of checks left")
    tally.add(Event("verdict", {"component": "a.dfy", "verdict": "verified", "cpu_ms": 60_000}))
    assert "left" not in str(tally)
    assert [duration(one) for one in (30, 600, 9000)] == ["about 30 s", "about 10 min", "about 2 h"]


def test_a_run_leaves_times_and_a_plan_tells_them(tree: Tree, tmp_path: Path) -> None:
    """After a build the plan for what is stale knows how long its checks took; a store without history guesses."""
    chain.lay(tree, tmp_path / "tool")
    with chain.served(tree):
        assert tree.doit().code == 0
    with Store.open(tree.root / "cache", secret=SECRET) as store:
        times = Times(store)
        assert all(times.of(path) < UNKNOWN for path in chain.NAMES)
        for path in chain.NAMES:
            times.note(path, 600_000)
        times.keep()
    tree.write("far.dfy", f"// new\n{chain.spec('far.dfy', 'n + 2')}")
    planned = tree.s2c("plan")
    assert planned.out.endswith("checks: about 10 min on 2 jobs (1 known, 0 guessed)\n"), planned.text
    (tree.root / "cache/db").rename(tree.root / "elsewhere")
    assert "checks:" not in tree.s2c("plan").out  # three guesses are less than a minute
