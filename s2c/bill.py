"""What round 1 of a run sends at most, and what that costs: known before anything is paid.

Law: the run never sends more in round 1 than is told here. Older fills that may prove a spec for nothing are taken to
fail; what waits for a fill that it can see is taken to be asked for at once, alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from s2c import asking, patterns, repair
from s2c.approach import MOST_ROOM
from s2c.asking import Composed, Wanted
from s2c.graph import Component
from s2c.model import Request, Usage
from s2c.plan import MAY_ASK, Item, State, exhausted, states, whole
from s2c.prices import Prices
from s2c.project import Project
from s2c.prompts import MOST_SAID
from s2c.reuse import candidates, to_mend
from s2c.sending import Frame, requests
from s2c.stands import Standing, standing
from s2c.tokens import Counter


@dataclass(frozen=True)
class Sent:
    """One request: its components, its prompt tokens at most, and the tokens of the answer that is to be expected."""

    components: tuple[str, ...]
    prompt: int
    output: int


@dataclass(frozen=True)
class Plan:
    """Every component with its state, and the requests of round 1 at most. `sure`: what nothing free can spare."""

    items: Mapping[str, Item]
    requests: tuple[Sent, ...]
    sure: tuple[Sent, ...]

    @property
    def tokens(self) -> int:
        """Prompt tokens of round 1, at most."""
        return sum(one.prompt for one in self.requests)


@dataclass(frozen=True)
class Cost:
    """Dollars for round 1. `low`: what is sure, answered as shortly as is likely; `high`: all of it, at full length."""

    low: Decimal
    high: Decimal


def make(project: Project, tools: Mapping[str, str], selected: Collection[str] | None = None) -> Plan:
    """The plan for the components with these ids and all that they import; for everything if `selected` is None."""
    items = states(project, tools, selected)
    asked = {
        one: item
        for one, item in items.items()
        if item.state in MAY_ASK and not (item.key and exhausted(project, item.component, item.key))
    }
    sure = {one: item for one, item in asked.items() if item.state is State.ASK}
    sent = _sent(project, asked)
    return Plan(items, sent, _sent(project, sure) if len(sure) < len(asked) else sent)


def cost(requests: Sequence[Sent], sure: Sequence[Sent], project: Project, prices: Prices) -> Cost | None:
    """What these cost at these prices; None where no price is known."""
    config = project.config
    low = [prices.cost(Usage(one.prompt, one.output), config.model) for one in sure]
    whole = (Request("", config.model, (), config.max_output, "", {}, "", one.prompt) for one in requests)
    high = [prices.at_most(one) for one in whole]
    known_low, known_high = [one for one in low if one is not None], [one for one in high if one is not None]
    if len(known_low) < len(low) or len(known_high) < len(high):
        return None
    return Cost(sum(known_low, Decimal(0)), sum(known_high, Decimal(0)))


def sent(project: Project, batch: Sequence[Wanted], composed: Composed, stands: Standing) -> Sent:
    """A composed request as it is told in a plan."""
    counter = Counter()
    output = sum(asking.work(project, one, counter, stands.fills).output for one in batch)
    return Sent(tuple(one.component.id for one in batch), composed.request.prompt_tokens, output)


def _sent(project: Project, items: Mapping[str, Item]) -> tuple[Sent, ...]:
    if not items:
        return ()
    counter, stands = Counter(), standing(project)
    context = patterns.describe(project)
    fills = stands.fills
    known = {
        one: repair.wanted(project, item.component, item.key, standing=fills) for one, item in items.items() if item.key
    }
    made = requests(Frame(project, context, counter), known, fills)
    for item in items.values():
        if not item.key:
            alone = [whole(project, item.component, "", 1)]
            made.append((alone, asking.compose(project, alone, context, counter, fills)))
    found = []
    for batch, composed in made:
        more = sum(_said(project, items[one.component.id], one, stands, counter) for one in batch)
        told = sent(project, batch, composed, stands)
        found.append(replace(told, prompt=told.prompt + more))
    return tuple(found)


def _said(project: Project, item: Item, wanted: Wanted, stands: Standing, counter: Counter) -> int:
    """Tokens that free candidates may add: older fills that fail are shown, with what may be said of them.

    A fresh start shows what is proved around it, which may be more by then. What can see a fill that does not stand
    yet is asked for in round 1 only if a free one comes to stand, and shown; what was tried under the key that it has
    then is not known here.
    """
    if not item.key:
        below = (project.graph.components[one] for one in project.graph.closures[item.component.id])
        found = [one for one in (_longest(project, one, stands.keys, counter) for one in below) if one is not None]
        return sum(found) + (MOST_ROOM if found else 0)
    if wanted.start:
        return wanted.room - counter.count(wanted.more)
    shown = _longest(project, item.component, stands.keys, counter)
    return 0 if shown is None else shown + MOST_SAID


def _longest(project: Project, component: Component, keys: Mapping[str, str], counter: Counter) -> int | None:
    """Tokens of the longest free candidate for a component; None if there is none."""
    key = keys.get(component.id, "")
    found = (one for one in candidates(project, component, key, {}, exact=False) if to_mend(component, one) is not None)
    return max((sum(map(counter.count, one.fills.values())) for one in found), default=None)
