"""Whole runs that learn how many specs a request may hold, against a real server and the verifier's stand-in."""

from pathlib import Path

import pytest

from tests import loopback as lb
from tests import stand_in
from tests.projects import Tree
from tests.runs import book, lay_out, named, names, run
from tests.test_asked_again import Play, ended, whole

FIRST, MORE = 80, 24


def grown(tree: Tree, first: int, more: int) -> None:
    """So many new specs."""
    for number in range(first, first + more):
        tree.write(f"{named(number)}.dfy", stand_in.spec(named(number), f"n + {number}"))


def sizes(folder: Path, play: Play, first: int, more: int, **settings: object) -> tuple[list[int], list[int]]:
    """How many specs each request of a first run held, and of a second over as many new ones, in their order."""
    tree, solver = lay_out(folder, first), book(first + more)
    with lb.Server(lambda exchange: play(exchange, solver)) as server:
        assert len(run(tree, server.url, requests=1, **settings).green) == first
        before = len(server.requests)
        grown(tree, first, more)
        assert len(run(tree, server.url, requests=1, **settings).green) == first + more
        held = [len(names(one)) for one in server.requests]
    return held[:before], held[before:]


def test_a_model_that_does_all_is_asked_for_more(tmp_path: Path) -> None:
    """Five requests of sixteen that left nothing out: the next holds twenty-four."""
    assert sizes(tmp_path, whole, FIRST, MORE) == ([16] * 5, [24])


@pytest.mark.parametrize("finish", ["length", "stop"])
def test_a_model_that_does_few_at_once_is_asked_for_few(tmp_path: Path, finish: str) -> None:
    """Of sixteen it answers four: within the run what is queued gets smaller, and the next run begins small."""
    first, second = sizes(tmp_path, ended(finish, lambda at, _: at == 4), 48, 12, max_attempts=6)
    assert first[0] == 16
    assert first.count(16) == 1
    assert max(second) <= 8


def test_a_fixed_count_stays(tmp_path: Path) -> None:
    """`batch_specs` is obeyed, whatever was learned."""
    assert sizes(tmp_path, whole, FIRST, MORE, batch_specs=8) == ([8] * 10, [8] * 3)
