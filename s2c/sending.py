"""What is to be asked for, in requests: the one way for a run, for its plan and for a rehearsal of it.

Law: the same components always make the same requests. What was tried already is asked for with fewer neighbours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from s2c.asking import Composed, Standing, Wanted, compose, work
from s2c.batches import pack
from s2c.plan import limits
from s2c.project import Project
from s2c.tokens import Counter

Requests = list[tuple[list[Wanted], Composed]]


@dataclass(frozen=True)
class Frame:
    """What all requests of a run have: the project, the codebase context, made once, and who counts their tokens."""

    project: Project
    context: str = ""
    counter: Counter = field(default_factory=Counter)

    def compose(self, batch: Sequence[Wanted], standing: Standing) -> Composed:
        """The one request for these."""
        return compose(self.project, batch, self.context, self.counter, standing)


def batches(frame: Frame, wanted: Mapping[str, Wanted], standing: Standing) -> list[list[Wanted]]:
    """What is wanted (by component id), packed: those with as many attempts behind them go together."""
    by_attempt: dict[int, list[Wanted]] = {}
    most = limits(frame.project, frame.context, frame.counter)
    for one in wanted.values():
        by_attempt.setdefault(one.attempt, []).append(one)
    return [
        [wanted[piece.id] for piece in batch]
        for attempt, ones in sorted(by_attempt.items())
        for batch in pack((work(frame.project, one, frame.counter, standing) for one in ones), most, attempt)
    ]


def requests(frame: Frame, wanted: Mapping[str, Wanted], standing: Standing) -> Requests:
    """The requests for what is wanted, composed. `standing`: the fills by slot of what stands now."""
    return [(batch, frame.compose(batch, standing)) for batch in batches(frame, wanted, standing)]
