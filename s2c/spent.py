"""What a spec has cost by now, over all runs: its part of every request that brought one of its attempts.

Law: the parts of a request add up to what it cost. Of the prompt a spec's part is by the holes that were asked for, of
the answer by the text that came for them. What is not known is counted as such, never as 0.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from s2c import wire
from s2c.model import Answer, Usage
from s2c.prices import Prices, is_missing, prices
from s2c.project import Project

ZERO = Decimal(0)


@dataclass(frozen=True)
class Spent:
    """Dollars as far as they are known, and how many requests they are not known of."""

    dollars: Decimal = ZERO
    unknown: int = 0

    def __str__(self) -> str:
        least = "at least " if self.unknown else ""
        return f"{least}${self.dollars:.4f}" if self.dollars or not self.unknown else "unknown"


def spent(project: Project, key: str) -> Spent:
    """What the attempts at this obligation have cost, whatever model they were made with, at today's prices."""
    priced, store = prices(project.config), project.store
    requests = dict.fromkeys(one.request for one in store.attempts(key) if one.request)
    answers = [store.answers(one) for one in requests]
    parts = [part(one, key, priced) for ones in answers for one in ones]
    known = [one for one in parts if one is not None]
    return Spent(sum(known, ZERO), len(parts) - len(known) + answers.count(()))


def over(project: Project, key: str) -> str:
    """Why this obligation has cost too much to be asked for again; "" if it has not, or if there is no cap."""
    cap = project.config.max_cost_per_spec
    if cap is None:
        return ""
    found = spent(project, key)
    told = f"it has cost {found}, more than max_cost_per_spec ${cap} allows (a higher one asks again)"
    return told if found.dollars > cap else ""


@dataclass(frozen=True)
class Share:
    """One obligation's part of an answer: dollars, None if no price is known, and tokens as the endpoint counted."""

    dollars: Decimal | None
    tokens: int


def shares(answer: Answer, prices: Prices) -> dict[str, Share]:
    """What each obligation of a request owes of it."""
    bill, used = prices.bill(answer.request, answer.usage, answer.cost), answer.usage
    holes = Counter(_owner(one) for one in answer.request.expected.values())
    written = _written(answer)
    of_answer = written if written.total() else holes
    of_prompt = _of_prompt(answer, prices) if bill is not None else ZERO
    found = {}
    for key in holes:
        prompt, text = _share(holes, key), _share(of_answer, key)
        dollars = None if bill is None else bill * of_prompt * prompt + (bill - bill * of_prompt) * text
        found[key] = Share(dollars, round(used.prompt * prompt + used.completion * text))
    return found


def part(answer: Answer, key: str, prices: Prices) -> Decimal | None:
    """Dollars of an answer that this obligation owes; None if no price is known."""
    found = shares(answer, prices).get(key)
    return ZERO if found is None else found.dollars


def _owner(expected: str) -> str:
    return expected.partition(" ")[0]


def _written(answer: Answer) -> Counter[str]:
    """Obligation -> characters of the fills that came for it."""
    expected = answer.request.expected
    read = wire.parse(answer.text, answer.request.nonce, dict.fromkeys(expected, True), answer.finish)
    found: Counter[str] = Counter()
    for name, text in read.fills.items():
        found[_owner(expected[name])] += len(text)
    return found


def _share(counts: Mapping[str, int], key: str) -> Decimal:
    whole = sum(counts.values())
    return Decimal(counts.get(key, 0)) / whole if whole else ZERO


def _of_prompt(answer: Answer, prices: Prices) -> Decimal:
    """How much of an answer's cost is its prompt's: by the prices where they are known, else by tokens."""
    used, asked = answer.usage, answer.request
    if is_missing(used):
        used = Usage(asked.prompt_tokens, asked.max_output)
    read = prices.cost(Usage(used.prompt, 0, used.cached, 0, used.written), asked.model)
    whole = prices.cost(used, asked.model)
    if read is not None and whole:
        return min(read / whole, Decimal(1))
    return Decimal(used.prompt) / max(used.prompt + used.completion, 1)
