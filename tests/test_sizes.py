"""The size of a first request: what is learned from it, and that it comes near the cheapest a verified spec."""

import random
from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2c.sizes import CLEAN, ENOUGH, FADES, LADDER, Outcome, Tallies, Tally, learn, next_size, price, rung

SPEC, ANSWER = 400, 300  # tokens
RUNS, REQUESTS, LAST = 40, 60, 10

Quality = Callable[[int], float]

MODELS: Mapping[str, Quality] = {  # how much of a request of so many specs is verified
    "good, whatever the size": lambda _: 0.95,
    "fair, whatever the size": lambda _: 0.7,
    "halves every 8": lambda specs: 0.9 * 0.5 ** ((specs - 1) / 8),
    "halves every 20": lambda specs: 0.9 * 0.5 ** ((specs - 1) / 20),
    "halves every 3": lambda specs: 0.9 * 0.5 ** ((specs - 1) / 3),
    "breaks down beyond 6": lambda specs: 0.8 if specs <= 6 else 0.1,
    "breaks down beyond 12": lambda specs: 0.8 if specs <= 12 else 0.3,
}


def cost(quality: Quality, specs: int, prefix: int) -> float:
    """Tokens a verified spec, as they are on average."""
    return price(prefix + specs * SPEC, 0, specs * ANSWER) / (specs * quality(specs))


def settled(quality: Quality, prefix: int, start: int, seed: str) -> int:
    """The size that most of the last of sixty requests had, in one play."""
    chance, known, sizes = random.Random(seed), dict[int, Tally](), []  # noqa: S311 - a play that can be repeated
    for _ in range(REQUESTS):
        size = next_size(known, start)
        sizes.append(size)
        verified = sum(chance.random() < quality(size) for _ in range(size))
        known = dict(learn(known, Outcome(size, 0, verified, price(prefix + size * SPEC, 0, size * ANSWER))))
    return Counter(sizes[-LAST:]).most_common(1)[0][0]


@pytest.mark.parametrize("start", [6, 8, 16])
@pytest.mark.parametrize("prefix", [1500, 6000])
@pytest.mark.parametrize("name", MODELS)
def test_the_size_comes_near_the_cheapest(name: str, prefix: int, start: int) -> None:
    """Within sixty requests at most a fifth dearer than the cheapest size, in nine of ten plays."""
    quality = MODELS[name]
    cheapest = min(cost(quality, size, prefix) for size in range(1, LADDER[-1] + 1))
    ends = [cost(quality, settled(quality, prefix, start, f"{number}"), prefix) / cheapest for number in range(RUNS)]
    assert sum(one <= 1.2 for one in ends) >= 0.87 * RUNS
    assert sum(ends) / RUNS <= 1.15


# --- the steps ----------------------------------------------------------------------------------------------------


def after(*outcomes: tuple[int, int, int], start: int = 16) -> int:
    """The next size after these requests: specs, missing, verified."""
    known: Tallies = {}
    for specs, missing, verified in outcomes:
        known = learn(known, Outcome(specs, missing, verified, 1500 + 400 * specs + 1200 * (specs - missing)))
    return next_size(known, start)


def test_it_starts_as_the_language_says() -> None:
    """Until a dozen specs were asked for, nothing is known."""
    assert after() == 16
    assert after((5, 5, 0), (4, 4, 0)) == 16
    assert after(start=6) == 6


def test_an_answer_that_leaves_much_out_halves_it() -> None:
    """One request that was cut off is enough."""
    assert after((16, 8, 8)) == 8


def test_it_grows_after_five_clean_ones() -> None:
    """Not after four, and not where the fifth left one out."""
    good = (16, 0, 15)
    assert after(*[good] * (CLEAN - 1)) == 16
    assert after(*[good] * CLEAN) == 24
    assert after(*[good] * (CLEAN - 1), (16, 1, 15)) == 16


def test_a_larger_size_that_proves_less_is_left_again() -> None:
    """Twenty-four were tried, and half as many were proved."""
    assert after(*[(16, 0, 15)] * CLEAN, (24, 0, 10), (24, 0, 10)) == 16


def test_what_is_old_fades() -> None:
    """A model that got better is found out: what is known of a size is never much more than of some hundred specs."""
    known: Tallies = {}
    for _ in range(100):
        known = learn(known, Outcome(16, 0, 0, 9000))
    assert known[16].specs <= FADES + 16
    assert known[16].requests == 100


def test_cached_tokens_are_cheap() -> None:
    """A prompt that is in the provider's cache counts a tenth, an answer four times."""
    assert price(1000, 0, 100) == 1400
    assert price(1000, 800, 100) == 680


OUTCOMES = st.builds(
    lambda specs, missing, verified: (specs, min(specs, missing), max(0, min(verified, specs - missing))),
    st.integers(1, 40), st.integers(0, 40), st.integers(0, 40),
)  # fmt: skip


@given(st.lists(OUTCOMES, max_size=80), st.sampled_from([6, 8, 16]))
@settings(max_examples=150, deadline=None)
def test_whatever_comes_the_size_is_one_of_the_ladder(outcomes: list[tuple[int, int, int]], start: int) -> None:
    """The same history always gives the same size, from one to thirty-two."""
    assert after(*outcomes, start=start) in LADDER
    assert after(*outcomes, start=start) == after(*outcomes, start=start)


def test_a_request_counts_for_the_size_below_it() -> None:
    """Eleven count as eight, a hundred as thirty-two."""
    assert [rung(specs) for specs in (1, 5, 11, 100)] == [1, 4, 8, 32]
    assert ENOUGH <= 16
