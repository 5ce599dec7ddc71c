"""Components that owe the same, as a file and its copy: one is worked on, and what it comes to the others get for free.

Law: for one obligation there is at most one candidate under judgement and at most one request out at any moment, so
nothing is paid twice and nothing depends on which of them came first.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from s2c.reuse import Candidate
from s2c.solution import Open


def one_each(states: Sequence[Open], candidates: Callable[[Open], Sequence[Candidate]]) -> list[Open]:
    """Of those with one key the first, or the first that a person edited; in their order."""
    counts = Counter(state.key for state in states)
    several = [state for state in states if counts[state.key] > 1]
    by_hand = {id(state) for state in several if any(one.origin == "edited" for one in candidates(state)[:1])}
    chosen: dict[str | None, Open] = {}
    for state in sorted(states, key=lambda state: id(state) not in by_hand):
        chosen.setdefault(state.key, state)
    kept = {id(state) for state in chosen.values()}
    return [state for state in states if id(state) in kept]


def again(states: Iterable[Open], solved: Callable[[str], bool]) -> list[Open]:
    """Of these, which are not solved, those that were tried in vain, and whose key another has solved since.

    Each once, one of a key at a time.
    """
    found: dict[str, Open] = {}
    for state in states:
        if state.key is not None and state.tried and not state.again and solved(state.key):
            found.setdefault(state.key, state)
    for state in found.values():
        state.again, state.stopped = True, False
    return list(found.values())


def follow(state: Open, asked: Open | None) -> None:
    """Where nothing more can be done for the one that was `asked` for, nothing more is done for a copy of it."""
    if asked is not None and asked.stopped:
        state.stopped, state.reason = True, asked.reason
