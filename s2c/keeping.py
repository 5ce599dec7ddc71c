"""What a run writes down of its work: implementations that were verified, attempts, answers that were read.

Law: only a verified fill becomes an implementation. Trouble of a tool is no attempt. An answer counts as read when all
that it says of this run is recorded, not before.
"""

from collections.abc import Collection, Sequence

from s2c import keys
from s2c.accepted import Accepted
from s2c.model import TOOL_TROUBLE, Answer, Attempt, Implementation
from s2c.plan import attempts_used, used_up
from s2c.project import Project
from s2c.reuse import Candidate
from s2c.shape import shape
from s2c.solution import Open, Trial


def keep(project: Project, state: Open, candidate: Candidate) -> bool:
    """A verified implementation goes into the store, unless nothing was filled or it is there; whether it went."""
    config = project.config
    known = candidate.origin == "current" or (config.frozen and candidate.origin == "stored")
    if not candidate.fills or state.key is None or known:
        return False
    path, *others = keys.ranking(project.graph, state.component)
    made = Implementation(state.key, candidate.fills, candidate.author, candidate.model, path, verified=True)
    project.store.add_implementation(made, shape(project.graph, state.component), others)
    if candidate.origin == "edited" or (config.fresh and candidate.origin == "asked"):
        project.store.supersede(made)
    return True


def attempt(project: Project, state: Open, trial: Trial, request: str) -> int:
    """Record one attempt of the model; its number, 0 where it is none."""
    verdict, key, asking = trial.verdict, state.key or "", project.asking(state.component)
    if verdict.kind in TOOL_TROUBLE:
        return 0  # never blamed on a fill
    number = sum(1 for one in project.store.attempts(key) if one.asking == asking) + 1
    project.store.add_attempt(
        Attempt(
            obligation=key,
            asking=asking,
            number=number,
            fills=trial.candidate.fills,
            verdict=verdict.kind,
            reason=verdict.reason,
            diagnostics=verdict.diagnostics,
            refusals=verdict.refusals,
            model=trial.candidate.model,
            request=request,
        )
    )
    return number


def spent(project: Project, state: Open) -> str:
    """Why it is not asked for again: its attempts or its money are used up; "" if they are not."""
    most, key = project.config.max_attempts, state.key or ""
    why = used_up(project, state.component, key)
    if not why and state.asked < most:
        return ""
    last = state.reason or "".join(one.reason for one in project.store.attempts(key)[-1:])
    return f"{why or attempts_used(most)}: {last}"


def mark_read(project: Project, unread: Sequence[Answer], run: Collection[str], accepted: Accepted) -> None:
    """What these brought is judged and recorded by now; one that speaks of a spec outside this run stays unread."""
    graph = project.graph
    outside = [component for one, component in graph.components.items() if one not in run] if unread else []
    still = {keys.obligation(graph, component, accepted.fills.get) for component in outside}
    for answer in unread:
        if not still.intersection(said.partition(" ")[0] for said in answer.request.expected.values()):
            project.store.mark_read(answer.request.key)
