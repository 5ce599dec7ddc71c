"""What is to be asked for, in requests: the one way for a run, for its plan and for a rehearsal of it.

Law: the same components always make the same requests. What was tried already is asked for with fewer neighbours.
"""

from collections.abc import Mapping

from s2c.asking import Composed, Standing, Wanted, compose, work
from s2c.batches import pack
from s2c.plan import limits
from s2c.project import Project
from s2c.tokens import Counter

Requests = list[tuple[list[Wanted], Composed]]


def batches(project: Project, wanted: Mapping[str, Wanted], counter: Counter, standing: Standing) -> list[list[Wanted]]:
    """What is wanted (by component id), packed: those with as many attempts behind them go together."""
    by_attempt: dict[int, list[Wanted]] = {}
    most = limits(project, counter)
    for one in wanted.values():
        by_attempt.setdefault(one.attempt, []).append(one)
    return [
        [wanted[piece.id] for piece in batch]
        for attempt, ones in sorted(by_attempt.items())
        for batch in pack((work(project, one, counter, standing) for one in ones), most, attempt)
    ]


def requests(
    project: Project, wanted: Mapping[str, Wanted], context: str, counter: Counter, standing: Standing
) -> Requests:
    """The requests for what is wanted, composed. `standing`: the fills by slot of what stands now."""
    return [
        (batch, compose(project, batch, context, counter, standing))
        for batch in batches(project, wanted, counter, standing)
    ]
