"""How many specs a first request holds, learned from what requests of each size brought: the cheapest a verified spec.

Law: a pure function of tallies, in whole numbers, so the same history always gives the same size. Quality is taken to
fall with size, never to rise: sizes with little behind them borrow from their neighbours. Of sizes that cost about the
same the larger is taken, which makes fewer requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
ENOUGH = 12  # specs asked for; fewer say nothing of a size
CLEAN = 5  # requests in a row that left nothing out, before a larger size is tried
EXPLORE = 10  # one request in so many is of a neighbouring size, so that what is known of it stays fresh
FADES = 400  # specs; a size with more behind it forgets half
DOUBT = 0.5  # standard errors
PRIOR = 8  # specs; how much a size is taken to be like all the others before it has shown anything
OUTPUT_WORTH = 4  # prompt tokens that one token of an answer costs, at most providers
CACHED_WORTH = 10  # cached prompt tokens that cost as much as one that is not
WORTH = 1.2  # how many must be asked for one that is verified, before a smaller size is tried
HOPELESS = 1.5  # a size so many times dearer is not looked at again
NEARLY = 1.03  # sizes that cost so much more than the cheapest count as cheap


@dataclass(frozen=True)
class Outcome:
    """What one first request brought. `missing`: specs that its answer left out; `tokens`: what it is worth."""

    specs: int
    missing: int
    verified: int
    tokens: int


@dataclass(frozen=True)
class Tally:
    """All that requests of one size brought. `clean`: the newest in a row that left nothing out."""

    requests: int = 0
    specs: int = 0
    missing: int = 0
    verified: int = 0
    tokens: int = 0
    clean: int = 0


Tallies = Mapping[int, Tally]
"""By size, one of LADDER."""


def price(prompt: int, cached: int, output: int) -> int:
    """Tokens of a request and its answer in prompt tokens' worth."""
    return prompt - cached + cached // CACHED_WORTH + OUTPUT_WORTH * output


def rung(specs: int) -> int:
    """The size that a request of so many specs counts for."""
    return max(size for size in LADDER if size <= max(1, specs))


def learn(known: Tallies, one: Outcome) -> Tallies:
    """The tallies with one more outcome."""
    size = rung(one.specs)
    was = _faded(known.get(size, Tally()))
    now = Tally(
        was.requests + 1,
        was.specs + one.specs,
        was.missing + one.missing,
        was.verified + one.verified,
        was.tokens + one.tokens,
        0 if one.missing else was.clean + 1,
    )
    return {**known, size: now}


def corrected(known: Tallies, specs: int, wrong: int) -> Tallies:
    """The tallies after so many fills of a request that was learned from turned out wrong."""
    was = known.get(rung(specs), Tally())
    return {**known, rung(specs): replace(was, verified=max(0, was.verified - wrong))}


def _faded(tally: Tally) -> Tally:
    if tally.specs <= FADES:
        return tally
    specs, missing, verified, tokens = tally.specs // 2, tally.missing // 2, tally.verified // 2, tally.tokens // 2
    return Tally(tally.requests, specs, missing, verified, tokens, tally.clean)


def next_size(known: Tallies, start: int) -> int:
    """How many specs the next first request holds; `start` is the language's own measure."""
    tried = {size: tally for size, tally in sorted(known.items()) if tally.specs >= ENOUGH}
    if not tried:
        return start
    costs = _costs(tried)
    best = _best(costs)
    lower, higher = rung(min(tried) // 2), next((size for size in LADDER if size > best), best)
    if lower not in tried and tried[best].verified * WORTH < tried[best].specs:  # it can only prove more, not cost less
        return lower
    if higher not in tried and tried[best].clean >= CLEAN:
        return higher
    return _explored(tried, costs, best) if _is_turn(known) else best


def _best(costs: Mapping[int, float]) -> int:
    least = min(costs.values())
    return max(size for size, cost in costs.items() if cost <= least * NEARLY)


def _is_turn(known: Tallies) -> bool:
    return sum(tally.requests for tally in known.values()) % EXPLORE == EXPLORE - 1


def _explored(tried: Tallies, costs: Mapping[int, float], best: int) -> int:
    """The neighbour of the best with less behind it, if one was tried and was not much dearer; else the best itself."""
    sizes = list(tried)
    at = sizes.index(best)
    beside = [sizes[place] for place in (at - 1, at + 1) if 0 <= place < len(sizes)]
    fair = [size for size in beside if costs[size] <= HOPELESS * costs[best]]
    return min(fair, key=lambda size: (tried[size].specs, size), default=best)


def _costs(tried: Tallies) -> dict[int, float]:
    """Tokens a verified spec, by size."""
    rates = _falling([(tally.specs, rate) for tally, rate in zip(tried.values(), _rates(tried), strict=True)])
    return {
        size: tally.tokens / tally.specs / min(1.0, rate + DOUBT * sqrt(rate * (1 - rate) / tally.specs))
        for (size, tally), rate in zip(tried.items(), rates, strict=True)
    }


def _rates(tried: Tallies) -> list[float]:
    """How much of what is asked for is verified. What was left out is certain; of the rest, each size borrows."""
    came = [one.specs - one.missing for one in tried.values()]
    mean = (sum(one.verified for one in tried.values()) + 1) / (sum(came) + 2)
    return [
        max(count, 0.5) / one.specs * (one.verified + PRIOR * mean) / (count + PRIOR)
        for count, one in zip(came, tried.values(), strict=True)
    ]


def _falling(weighed: Sequence[tuple[int, float]]) -> list[float]:
    """The nearest rates that never rise: neighbours that do are averaged (isotonic regression)."""
    pools: list[tuple[int, float, int]] = []
    for weight, rate in weighed:
        pools.append((weight, rate, 1))
        while len(pools) > 1 and pools[-2][1] < pools[-1][1]:
            (first, low, some), (second, high, more) = pools[-2:]
            pools[-2:] = [(first + second, (first * low + second * high) / (first + second), some + more)]
    return [rate for _, rate, count in pools for _ in range(count)]
