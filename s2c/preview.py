"""The request that a run would send for one spec alone, composed as a run composes it, and not sent.

Law: it is made by the functions that make the real one, of what stands before a run. Where a run would first try
something free, or send nothing, that is said beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from s2c import asking, patterns, plan, repair, wire
from s2c.asking import Composed
from s2c.errors import S2cError, SpecError
from s2c.model import Request
from s2c.plan import Item, State
from s2c.project import Project
from s2c.stands import standing
from s2c.tokens import Counter

NOTES = {
    State.CURRENT: "it is up to date: a run sends this only with fresh=1",
    State.STORED: "what is stored is tried first; where that fails, what is sent shows it and what was said of it",
    State.CANDIDATE: "older fills are tried first; where they fail, what is sent shows them and what was said of them",
}

ANSWERED = "an answer to exactly this request is stored: a run reads that, and sends nothing"
NO_MODEL = "no model is set: nothing can be sent"


@dataclass(frozen=True)
class Preview:
    """A request, the tokens of its parts as each is counted alone, and what a run would do before it sends it."""

    state: str
    attempt: int
    request: Request = field(repr=False)
    tokens: Mapping[str, int]
    note: str = ""


def preview(project: Project, tools: Mapping[str, str], path: str) -> Preview:
    """What would be sent now. Raises S2cError where nothing could be."""
    component = project.component(path)
    item = plan.states(project, tools, [component.id])[component.id]
    key = _askable(project, item, path)
    stands = standing(project).fills
    wanted = repair.wanted(project, component, key, standing=stands)
    context = patterns.describe(project)
    counter = Counter()
    composed = asking.compose(project, [wanted], context, counter, stands)
    parts = asking.parts(project, [wanted], context, stands)
    counts = {name: counter.count(text) for name, text in {**parts, **_instructions(composed)}.items()}
    tokens = {**counts, "total": composed.request.prompt_tokens}
    return Preview(str(item.state), wanted.attempt, composed.request, tokens, _note(project, item, composed))


def _note(project: Project, item: Item, composed: Composed) -> str:
    answered = project.store.answer(composed.request.key) is not None and not project.config.fresh
    used_up = plan.used_up(project, item.component, item.key or "")
    told = [
        f"{used_up}: a run does not send this" if used_up else NOTES.get(item.state, ""),
        ANSWERED if answered else "",
        "" if project.config.model else NO_MODEL,
    ]
    return "; ".join(one for one in told if one)


def _instructions(composed: Composed) -> dict[str, str]:
    return {"instructions": wire.instructions(composed.request.nonce, composed.optional)}


def _askable(project: Project, item: Item, path: str) -> str:
    """The obligation key of a component that could be asked for."""
    if item.state is State.BROKEN:
        raise SpecError(item.reason)
    if not any(project.graph.specs[one].outline.holes for one in item.component.members):
        raise S2cError(f"{path} has no holes: nothing is asked for it", fix="`doit verify` checks it")
    if item.key is None:
        missing = item.reason.removeprefix("after ").split(", ")
        told = " ".join(f"generate:{one}" for one in missing)
        raise S2cError(
            f"{path} can see what is filled into {', '.join(missing)}, and no such fill stands yet",
            fix=f"`doit {told}` first: the prompt shows that fill",
        )
    return item.key
