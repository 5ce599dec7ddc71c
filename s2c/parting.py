"""A group that is too large for one request, cut where few imports are cut.

Law: deterministic, and never dearer than to cut it along its order: an import that is cut is shown twice, a request
more repeats what every request has. Pieces grow from what stands first, each time by what has most ties to the piece:
about linear in imports.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol, TypeVar

REQUEST = 4  # what every request has (1,500 tokens or more) is worth so many imports as importers see them


class Tied(Protocol):
    """Something with a name that is tied to others by imports."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def imports(self) -> Sequence[str]:
        """The names of what it imports directly, here or elsewhere."""


W = TypeVar("W", bound=Tied)
Fits = Callable[[Sequence[W]], bool]
Pieces = list[list[W]]


def parted(ordered: Sequence[W], fits: Fits[W]) -> Pieces[W]:
    """The works in pieces that fit; one alone always does. `ordered`: imports stand before importers."""
    place = {work.id: at for at, work in enumerate(ordered)}
    grown = [sorted(one, key=lambda work: place[work.id]) for one in joined(_grown(ordered, fits), fits)]
    in_turn = sorted(grown, key=lambda one: place[one[0].id])
    return min((in_order(ordered, fits), in_turn), key=price)


def in_order(ordered: Sequence[W], fits: Fits[W]) -> Pieces[W]:
    """Each piece as long as it fits, along the order."""
    pieces: Pieces[W] = []
    for work in ordered:
        if pieces and fits([*pieces[-1], work]):
            pieces[-1].append(work)
        else:
            pieces.append([work])
    return pieces


def joined(pieces: Pieces[W], fits: Fits[W]) -> Pieces[W]:
    """The same with what is left over put where it has room: into the piece with most ties to it, else the first."""
    whole: Pieces[W] = []
    for piece in sorted(pieces, key=len, reverse=True):
        room = [one for one in whole if fits([*one, *piece])]
        if room:
            max(room, key=lambda one: _ties(one, piece)).extend(piece)
        else:
            whole.append(list(piece))
    return whole


def _ties(one: Sequence[W], other: Sequence[W]) -> int:
    ids, beyond = {work.id for work in other}, {name for work in other for name in work.imports}
    return sum(work.id in beyond or not ids.isdisjoint(work.imports) for work in one)


def price(pieces: Pieces[W]) -> int:
    """What it costs, in imports that are shown twice."""
    return REQUEST * len(pieces) + cut(pieces)


def cut(pieces: Pieces[W]) -> int:
    """How many imports lead from one piece to another."""
    home = {work.id: at for at, piece in enumerate(pieces) for work in piece}
    return sum(home.get(name, at) != at for at, piece in enumerate(pieces) for work in piece for name in work.imports)


def _grown(ordered: Sequence[W], fits: Fits[W]) -> Pieces[W]:
    known = {work.id: work for work in ordered}
    place = {work.id: at for at, work in enumerate(ordered)}
    beside, left = _neighbours(ordered), dict.fromkeys(known)

    def may(ids: Sequence[str]) -> bool:
        return fits([known[one] for one in ids])

    pieces: Pieces[W] = []
    while left:
        pieces.append([known[one] for one in _piece(next(iter(left)), left, beside, place, may)])
    return pieces


def _piece(
    seed: str,
    left: dict[str, None],
    beside: Mapping[str, Sequence[str]],
    place: Mapping[str, int],
    may: Callable[[Sequence[str]], bool],
) -> Iterator[str]:
    """Take from `left` what grows from `seed`: most ties to the piece first, of these those with fewest outside it."""
    taken: list[str] = []
    ties: dict[str, int] = {seed: 0}
    heap = [(0, 0, place[seed], seed)]
    while heap:
        tied, _, _, one = heappop(heap)
        if one not in left or -tied != ties[one]:
            continue  # an older entry
        if taken and not may([*taken, one]):
            break
        taken.append(one)
        del left[one]
        yield one
        for other in beside[one]:
            if other in left:
                ties[other] = ties.get(other, 0) + 1
                free = len(beside[other]) - ties[other]
                heappush(heap, (-ties[other], free, place[other], other))


def _neighbours(works: Sequence[W]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {work.id: [] for work in works}
    for work in works:
        for name in work.imports:
            if name in found:
                found[work.id].append(name)
                found[name].append(work.id)
    return found
