"""Components that owe the same, as a file and its copy: one is worked on, and what it comes to the others get for free.

Law: for one obligation there is at most one candidate under judgement and at most one request out at any moment, so
nothing is paid twice and nothing depends on which of them came first.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

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


def again(states: Iterable[Open], accepted: Collection[str]) -> list[Open]:
    """Those that were tried in vain, and whose key another has solved since: each once, one of a key at a time."""
    states = list(states)
    solved = {state.key for state in states if state.component.id in accepted} - {None}
    found: dict[str | None, Open] = {}
    for state in states:
        open_ = state.component.id not in accepted and state.tried and not state.again
        if state.key in solved and open_:
            found.setdefault(state.key, state)
    for state in found.values():
        state.again, state.stopped = True, False
    return list(found.values())


def follow(asked: Iterable[Open], others: Iterable[Open]) -> None:
    """Where nothing more can be done for the one that was asked for, nothing more is done for its copies."""
    ended = {state.key: state for state in asked if state.stopped}
    for state in others:
        if state.key in ended and not state.stopped:
            state.stopped, state.reason = True, ended[state.key].reason
