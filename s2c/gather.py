"""Which of what waits to be asked for goes out now, and in which company.

Law: a batch that is full goes at once. One that has room waits only for what may still join it: components of its
language that are one attempt behind, whose free candidates are being judged, or whose imports it takes to know what
they owe. It never waits for strangers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from s2c import again, tallies
from s2c.asking import Standing, Wanted
from s2c.batches import Limits, specs_at_most
from s2c.languages.base import language
from s2c.plan import attempts
from s2c.project import Project
from s2c.sending import Frame, batches
from s2c.solution import Open


@dataclass(order=True)
class Batch:
    """Components that go out in one request. They are ordered by what goes first: what was tried most often."""

    place: tuple[int, int]  # minus the attempt, a running number
    wanted: Sequence[Wanted] = field(compare=False)
    round: int = field(compare=False)  # which sending of the run it is part of
    left: set[str] = field(compare=False)  # the components of which nothing has come of it yet
    missing: int = field(default=0, compare=False)  # components that its answer left out, in whole or in part
    verified: int = field(default=0, compare=False)

    @property
    def kind(self) -> tuple[str, int]:
        """What only others of the same can share a request with."""
        return kind(self.wanted[0])


def kind(wanted: Wanted) -> tuple[str, int]:
    """The language of a component, and which attempt it is."""
    return wanted.component.language, wanted.attempt


def next_kind(project: Project, state: Open) -> tuple[str, int]:
    """The kind that a component would have, were it asked for now."""
    return state.component.language, len(attempts(project, state.component, state.key or "")) + 1


def due(
    frame: Frame,
    waiting: Mapping[str, tuple[Open, Wanted]],
    standing: Standing,
    may_grow: Callable[[tuple[str, int]], bool],
) -> Iterator[Sequence[Wanted]]:
    """The batches that go out now, of what waits by component id. `may_grow`: whether more of a kind may still come."""
    for company in sorted({state.company for state, _ in waiting.values()}):
        alike = {one: wanted for one, (state, wanted) in waiting.items() if state.company == company}
        packed = [piece for batch in batches(frame, alike, standing) for piece in again.pieces(batch, company)]
        last = {kind(piece[0]): at for at, piece in enumerate(packed)}  # the only one of its kind that has room
        for at, piece in enumerate(packed):
            own = kind(piece[0])
            full = most(frame.project, own)
            if last[own] != at or len(piece) >= min(full, company or full) or not may_grow(own):
                yield piece


def most(project: Project, own: tuple[str, int]) -> int:
    """How many components a batch of this kind may hold, by what is known now."""
    spoken, attempt = own
    settings = Limits(project.config.batch_specs, 0, 0, project.config.batch_mode)
    return specs_at_most(settings, tallies.first_size(project, language(spoken)), attempt)
