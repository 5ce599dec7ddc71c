"""Everything free, best first: what may fill a component before a request is paid for.

Law: a candidate is a claim. Whoever wrote it and whenever, it is judged against today's spec like any other. A person's
edit comes first, then the implementations stored under exactly this obligation, then the newest of the same file, then
what lies in build/, then what was made for its files when their imports were tied otherwise, then what was made for a
file of its shape that is gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, permutations

from s2c import keys
from s2c.asking import normalised
from s2c.graph import Component
from s2c.model import Implementation
from s2c.project import Project
from s2c.shape import shape
from s2c.stands import here, pending

MOST_ELSEWHERE = 3  # fills of files of the same shape that are gone
MOST_PREVIOUS = 3  # older fills of a file rarely fit where the newest do not
MOST_TURNED = 3  # files of a cycle whose older fills are tried in every order


@dataclass(frozen=True)
class Candidate:
    """Fills by slot. `origin`: edited | stored | answered | previous | elsewhere | given (nothing to fill)."""

    fills: Mapping[str, str]
    origin: str
    author: str = "model"
    model: str = ""


def candidates(
    project: Project, component: Component, key: str, late: Mapping[str, Sequence[Mapping[str, str]]], *, exact: bool
) -> list[Candidate]:
    """The candidates for this component under this obligation, without repeats. `exact`: nothing but that obligation's.

    `late`: obligation -> raw fills from answers that were paid for and not read by the run that asked.
    """
    wanted = {str(slot) for slot in keys.slots(project.graph, component)}
    if not wanted:
        return [Candidate({}, "given")]
    found: list[Candidate] = []
    known: set[tuple[tuple[str, str], ...]] = set()
    for one in _all(project, component, key, late, exact=exact):
        identity = tuple(sorted(one.fills.items()))
        if set(one.fills) == wanted and identity not in known:
            known.add(identity)
            found.append(one)
    return found


def _all(
    project: Project, component: Component, key: str, late: Mapping[str, Sequence[Mapping[str, str]]], *, exact: bool
) -> Iterator[Candidate]:
    stored = project.store.implementations(key)
    by_hand = None if exact else pending(project, component, stored)
    if by_hand is not None:
        yield Candidate(by_hand, "edited", "human")
    yield from (_of(one, "stored") for one in stored)
    yield from (Candidate(normalised(project, component, fills), "answered") for fills in late.get(key, ()))
    if not exact:
        previous = [one for path in component.members for one in project.store.latest_for_path(path)]
        holes = {str(slot) for slot in keys.slots(project.graph, component)}
        turned = ([fills for fills in _turned(component, one.fills) if set(fills) == holes] for one in previous)
        pairs = zip(previous, turned, strict=True)
        for one, ways in islice((pair for pair in pairs if pair[1]), MOST_PREVIOUS):
            yield from (Candidate(fills, "previous", one.author, one.model) for fills in ways)
        built = here(project, component)  # a store that was lost has nothing older, but build/ may
        if built is not None:
            yield Candidate(built, "previous")
        yield from (Candidate(fills, "previous") for fills in islice(_retied(project, component), MOST_PREVIOUS))
        # perhaps it was moved; what this very run finds for files that are there would come too late for it
        known = project.store.latest_of_shape(shape(project.graph, component))
        fitting = (one for one in known if set(one.fills) == holes and _is_gone(project, one.path))
        yield from (_of(one, "elsewhere") for one in islice(fitting, MOST_ELSEWHERE))


def _is_gone(project: Project, path: str) -> bool:
    """Whether there is no such file. The graph does not say: a run may have left out what is up to date."""
    return not (project.config.root / path).exists()


def _turned(component: Component, fills: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Older fills of a cycle in every order of its files: which was whose is not known once their contents changed."""
    ranks = range(len(component.members))
    for order in permutations(ranks) if len(ranks) <= MOST_TURNED else [tuple(ranks)]:
        place = {str(rank): str(to) for rank, to in zip(ranks, order, strict=True)}
        slots = (slot.partition(".") for slot in fills)
        yield {f"{place.get(rank, rank)}.{hole}": fills[f"{rank}.{hole}"] for rank, _, hole in slots}


def _retied(project: Project, component: Component) -> Iterator[Mapping[str, str]]:
    """The newest fills of each file alone, where imports tie them now; a file's own, where they tied it to others."""
    ranked = keys.ranking(project.graph, component)
    parts = [_parts(project, path, alone=len(ranked) > 1) for path in ranked]
    ways = ([one] for one in parts[0]) if len(parts) == 1 else [[next(one, None) for one in parts]]
    for way in ways:
        slots = [(f"{rank}.{hole}", text) for rank, fills in enumerate(way) for hole, text in (fills or {}).items()]
        if None not in way:
            yield dict(slots)


def _parts(project: Project, path: str, *, alone: bool) -> Iterator[Mapping[str, str]]:
    """Older fills by hole that fit this file: from when it stood alone, or from when it was one of a cycle."""
    holes = {hole.id for hole in project.graph.specs[path].outline.holes}
    if not holes:
        yield {}
    for made in project.store.latest_for_path(path):
        ranks: dict[str, dict[str, str]] = {}
        for slot, text in made.fills.items():
            rank, _, hole = slot.partition(".")
            ranks.setdefault(rank, {})[hole] = text
        if (len(ranks) == 1) == alone:
            yield from (fills for fills in ranks.values() if set(fills) == holes)


def to_mend(component: Component, candidate: Candidate) -> Mapping[str, str] | None:
    """What a repair may start from: no fills of another file, nor older ones of a cycle, which may have swapped."""
    turned = candidate.origin == "previous" and len(component.members) > 1
    return None if turned or candidate.origin == "elsewhere" else candidate.fills


def _of(one: Implementation, origin: str) -> Candidate:
    return Candidate(one.fills, origin, one.author, one.model)
