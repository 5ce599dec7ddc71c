"""Work side by side: in order, settled one at a time, and over when something breaks."""

import threading

import pytest

from s2c.schedule import in_order

CHAIN = {"a": (), "b": ("a",), "c": ("a", "b"), "x": ()}


def test_each_piece_starts_after_what_it_rests_on() -> None:
    """A piece begins only when all that it rests on, among those given, has been settled."""
    settled: list[str] = []
    seen: dict[str, tuple[str, ...]] = {}

    def work(one: str) -> str:
        seen[one] = tuple(settled)
        return one.upper()

    in_order(["c", "x", "a"], CHAIN, 2, work, lambda one, made: settled.append(f"{one}{made}"))
    assert "aA" in seen["c"]
    assert sorted(settled) == ["aA", "cC", "xX"]


def test_what_has_not_begun_never_does_after_an_exception() -> None:
    """When settling fails, it is raised at once: what runs is not waited for, what is queued never begins."""
    gate, begun = threading.Event(), []

    def work(one: str) -> None:
        begun.append(one)
        if one != "a":
            gate.wait(60)

    def settle(one: str, made: None) -> None:
        raise RuntimeError(one, made)

    names = ["a", "b", "c", "d", "e"]
    with pytest.raises(RuntimeError):
        in_order(names, dict.fromkeys(names, ()), 2, work, settle)
    running = [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
    gate.set()
    for thread in running:
        thread.join(60)
    assert running
    assert set(begun) <= {"a", "b", "c"}
