"""Everything free, best first: what may fill a component before a request is paid for.

Law: a candidate is a claim. Whoever wrote it and whenever, it is judged against today's spec like any other. A person's
edit comes first, then the implementations stored under exactly this obligation, then the newest of the same file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from s2c import keys
from s2c.asking import normalised
from s2c.graph import Component
from s2c.model import Implementation
from s2c.project import Project
from s2c.stands import pending

MOST_PREVIOUS = 3  # older fills of a file rarely fit where the newest do not


@dataclass(frozen=True)
class Candidate:
    """Fills by slot. `origin`: edited | stored | answered | previous | given (nothing to fill)."""

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
        previous = (one for path in component.members for one in project.store.latest_for_path(path))
        holes = {str(slot) for slot in keys.slots(project.graph, component)}
        fitting = (one for one in previous if set(one.fills) == holes)
        yield from (_of(one, "previous") for one in islice(fitting, MOST_PREVIOUS))


def _of(one: Implementation, origin: str) -> Candidate:
    return Candidate(one.fills, origin, one.author, one.model)
