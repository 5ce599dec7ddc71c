"""Which of several implementations of one obligation stands.

Law: content decides, never a clock or the order in which records came: a person's edit, then the one that the newest
supersede record names, then the lowest identity. So every clone of a project builds the same.
"""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from s2c.codec import Supersede, identity
from s2c.model import Implementation


def newest_first(supersedes: Sequence[Supersede]) -> list[Supersede]:
    """Each before those that it was made over; equally new ones, as after a merge, by identity."""
    known = {identity(one): one for one in supersedes}
    depth: dict[str, int] = {}
    for one in _oldest_first({name: [over for over in made.over if over in known] for name, made in known.items()}):
        depth[one] = 1 + max((depth[over] for over in known[one].over if over in known), default=0)
    return [known[one] for one in sorted(known, key=lambda one: (-depth[one], one))]


def heads(supersedes: Sequence[Supersede]) -> tuple[Supersede, ...]:
    """Those that no other was made over: one, or several after a merge; by identity."""
    covered = {over for one in supersedes for over in one.over}
    return tuple(sorted((one for one in supersedes if identity(one) not in covered), key=identity))


def standing(made: Sequence[Implementation], supersedes: Sequence[Supersede]) -> tuple[Implementation, ...]:
    """All of them, the one that stands first."""
    rank = {one.fills: place for place, one in reversed(list(enumerate(newest_first(supersedes))))}

    def order(one: Implementation) -> tuple[bool, int, str]:
        own = identity(one)
        return one.author != "human", rank.get(own, len(rank)), own

    return tuple(sorted(made, key=order))


def _oldest_first(over: dict[str, list[str]]) -> list[str]:
    try:
        return list(TopologicalSorter(over).static_order())
    except CycleError:  # can't be made: each identity is the digest of what it is over
        return sorted(over)
