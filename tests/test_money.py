"""Money: the cap holds at every moment, and what has no price never counts as free."""

import random
import sys
import threading
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2c.errors import ConfigError, LimitReached
from s2c.model import Event, Request, Usage
from s2c.money import Budget, Caps, Reservation
from s2c.prices import Price, Prices

OPENAI = "https://api.openai.com/v1"
OWN = Prices("http://127.0.0.1:1/v1", Price(Decimal(2), Decimal(10)))


def request(prompt: int = 1000, output: int = 100, model: str = "gpt-4.1") -> Request:
    """A request of that size."""
    return Request("key", model, (), output, prompt_tokens=prompt)


def test_own_price_wins() -> None:
    """A price from the settings is taken as it is, in dollars per million tokens."""
    assert OWN.cost(Usage(1_000_000, 100_000, cached=500_000), "gpt-4.1") == Decimal(3)


def test_listed_prices() -> None:
    """Without one, the table's price counts: cached tokens cheaper, written ones dearer, tiers by length."""
    prices = Prices(OPENAI)
    assert prices.cost(Usage(1_000_000, 0), "gpt-4.1") == Decimal("2.0")
    assert prices.cost(Usage(300_000, 10_000, cached=50_000), "gpt-6.1-sol") == Decimal("1.16")
    assert prices.cost(Usage(100_000, 10, written=100_000), "gpt-6.1-sol") == Decimal("0.2501")
    assert prices.cost(Usage(10, 0, cached=50), "gpt-4.1") is not None


def test_unknown_price_is_none() -> None:
    """A model that nobody lists has no price, at an endpoint that is known or not."""
    assert Prices(OPENAI).cost(Usage(10, 10), "no-such-model-9") is None
    assert Prices("http://127.0.0.1:1/v1").cost(Usage(10, 10), "no-such-model-9") is None
    assert Prices(OPENAI).cost(Usage(10, 10), "deepseek-v4-pro") is None


def test_unknown_endpoint_takes_the_makers_price() -> None:
    """A proxy that the table does not know costs what the model's maker asks, with or without the maker's prefix."""
    proxy = Prices("http://127.0.0.1:4000/v1")
    expected = Prices(OPENAI).cost(Usage(1000, 10), "gpt-4.1")
    assert expected is not None
    assert proxy.cost(Usage(1000, 10), "gpt-4.1") == expected
    assert proxy.cost(Usage(1000, 10), "openai/gpt-4.1") == expected


def test_reservation_is_an_upper_bound() -> None:
    """What is set aside covers our count being low by the family's factor, a cache write, and the whole output."""
    amount = Prices(OPENAI).at_most(request(100_000, 1000, "gpt-6.1-sol"))
    worst = Prices(OPENAI).cost(Usage(105_000, 1000, written=105_000), "gpt-6.1-sol")
    assert amount is not None
    assert worst is not None
    assert amount >= worst


def test_cap_stops_before_sending() -> None:
    """A request that goes over the cap, whatever is given back, is refused; the message says what to set."""
    budget = Budget(OWN, Caps(Decimal("0.005")))
    budget.settle(budget.reserve(request()), None)
    with pytest.raises(LimitReached, match="max_cost") as caught:
        budget.reserve(request())
    assert caught.value.exit_code == 5
    assert "max_cost" in caught.value.fix
    budget.reserve(request(100))


@pytest.mark.parametrize("end", ["settled", "released", "lost"])
def test_what_fits_once_others_are_done_waits(end: str) -> None:
    """While another may still give its money back a request waits; then it goes out, or is refused."""
    budget = Budget(OWN, Caps(Decimal("0.005")))
    first = budget.reserve(request())
    ended: list[str] = []

    def second() -> None:
        try:
            budget.reserve(request())
            ended.append("reserved")
        except LimitReached:
            ended.append("refused")

    waits = threading.Thread(target=second, daemon=True)
    waits.start()
    waits.join(0.2)
    assert ended == []
    if end == "released":
        budget.release(first)
    else:
        budget.settle(first, Usage(10, 1) if end == "settled" else None)
    waits.join(30)
    assert ended == ["refused" if end == "lost" else "reserved"]


def test_a_sending_that_may_be_billed_counts() -> None:
    """Sent again after that: the first is booked whole, and as much is set aside; else nothing but a request counts."""
    told: list[Event] = []
    budget = Budget(OWN, Caps(requests=4), told.append)
    reservation = budget.reserve(request())
    assert reservation.amount
    budget.again(reservation, billed=False)
    assert (budget.settled, budget.reserved) == (0, reservation.amount)
    budget.again(reservation, billed=True)
    assert (budget.settled, budget.reserved) == (reservation.amount, reservation.amount)
    budget.settle(reservation, Usage(10, 1))
    assert budget.settled == reservation.amount + Decimal("0.00003")
    budget.release(budget.reserve(request()))
    with pytest.raises(LimitReached, match="max_requests 4 is used up"):
        budget.reserve(request())
    last = told[-1].data
    assert last == {
        "request": "key", "spent": str(budget.settled), "reserved": "0", "tokens": reservation.tokens + 11,
        "tokens_reserved": 0, "requests": 4, "unpriced": 0,
    }  # fmt: skip


def test_tokens_are_set_aside_alike() -> None:
    """max_tokens: prompts with the family's margin and whole answers are set aside, and what was counted is booked."""
    budget = Budget(Prices(OPENAI), Caps(tokens=3000))
    first = budget.reserve(request(1000, 500, "no-such-model-9"))
    assert first.tokens == (1000 + 64) * 3 // 2 + 500
    budget.settle(first, Usage(900, 100))
    with pytest.raises(LimitReached, match=r"may take 2096 tokens, but of max_tokens 3000 only 2000 are left"):
        budget.reserve(request(1000, 500, "no-such-model-9"))


def test_a_reported_nothing_is_no_price() -> None:
    """A reported cost above 0 wins; a reported 0 leaves it to the prices, and where there are none it is unknown."""
    assert OWN.bill(request(), Usage(10, 1), "0.5") == Decimal("0.5")
    assert OWN.bill(request(), Usage(10, 1), "0") == Decimal("0.00003")
    assert OWN.bill(request(), None, "0") == OWN.at_most(request())
    assert Prices(OPENAI).bill(request(model="no-such-model-9"), Usage(10, 1), "0") is None
    budget = Budget(Prices(OPENAI))
    assert budget.settle(budget.reserve(request(model="no-such-model-9")), Usage(10, 1), "0.0") is None
    assert budget.unpriced == 1


def test_cap_without_a_price_sends_nothing() -> None:
    """With a cap and no known price there is nothing to reserve: the settings are wrong, and the fix is named."""
    budget = Budget(Prices(OPENAI), Caps(Decimal(1000)))
    with pytest.raises(ConfigError, match="no price is known") as caught:
        budget.reserve(request(model="no-such-model-9"))
    assert "price_input" in caught.value.fix


def test_no_cap_no_price() -> None:
    """Without a cap an unknown price is allowed, counted as unknown, and never as free."""
    budget = Budget(Prices(OPENAI))
    reservation = budget.reserve(request(model="no-such-model-9"))
    assert reservation.amount is None
    assert budget.settle(reservation, Usage(10, 10)) is None
    assert budget.unpriced == 1


def test_missing_usage_books_everything() -> None:
    """An answer without usage is booked at all that was set aside; the provider's own figure wins over both."""
    budget = Budget(OWN, Caps(Decimal(1)))
    first, second, third = (budget.reserve(request()) for _ in range(3))
    assert budget.settle(first, None) == first.amount
    assert budget.settle(third, Usage()) == third.amount
    assert budget.settle(second, Usage(1, 1), "0.25") == Decimal("0.25")
    assert budget.settled == Decimal("0.25") + 2 * (first.amount or 0)


def test_settled_once() -> None:
    """A reservation counts once, however often it is settled or released."""
    budget = Budget(OWN, Caps(Decimal(1)))
    reservation = budget.reserve(request())
    budget.settle(reservation, Usage(10, 1))
    assert budget.settle(reservation, Usage(10, 1)) is None
    budget.release(reservation)
    assert budget.settled == Decimal("0.00003")
    assert budget.reserved == 0


def test_overrun_is_booked_and_stops() -> None:
    """An endpoint that bills more than was set aside is booked truly, and nothing goes out after it."""
    budget = Budget(OWN, Caps(Decimal("0.01")))
    budget.settle(budget.reserve(request()), Usage(100_000, 100))
    assert budget.settled > Decimal("0.01")
    with pytest.raises(LimitReached):
        budget.reserve(request(0, 1))


STEP = st.tuples(st.sampled_from(["reserve", "settle", "lost", "release"]), st.integers(0, 5000), st.integers(1, 500))


@given(st.lists(STEP, max_size=60), st.integers(1, 50))
def test_invariant(steps: list[tuple[str, int, int]], cents: int) -> None:
    """Whatever the order: settled + reserved <= max_cost after every step, and settling never adds to the sum."""
    budget = Budget(OWN, Caps(Decimal(cents) / 1000))
    out: list[tuple[Reservation, int, int]] = []
    for what, prompt, output in steps:
        if what == "reserve":
            amount = OWN.at_most(request(prompt, output)) or Decimal(0)
            if budget.settled + amount > Decimal(cents) / 1000:
                with pytest.raises(LimitReached):
                    budget.reserve(request(prompt, output))
            elif budget.committed + amount <= Decimal(cents) / 1000:  # else it would wait
                out.append((budget.reserve(request(prompt, output)), prompt, output))
        elif out:
            reservation, most_prompt, most_output = out.pop(0)
            usage = None if what == "lost" else Usage(most_prompt, most_output // 2)
            budget.release(reservation) if what == "release" else budget.settle(reservation, usage)
        assert budget.committed == budget.settled + budget.reserved <= Decimal(cents) / 1000


def test_invariant_with_threads() -> None:
    """Eight threads that reserve and settle at once never get more than the cap between them."""
    cap = Decimal("0.008")  # two or three reservations: the threads always compete
    budget = Budget(OWN, Caps(cap))
    breaches: list[Decimal] = []
    refused = threading.Event()

    def stir(*_event: object) -> Any:
        return stir

    def spend(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        for _ in range(900):
            try:
                reservation = budget.reserve(request(chance.randrange(2000), chance.randrange(1, 100)))
            except LimitReached:
                refused.set()
                continue
            breaches.extend(seen for seen in [budget.committed] if seen > cap)
            budget.settle(reservation, Usage(1, 1))
            breaches.extend(seen for seen in [budget.committed] if seen > cap)

    threads = [threading.Thread(target=spend, args=(seed,)) for seed in range(8)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threading.settrace(lambda *_: stir)  # threads then change places between any two lines, not only at calls
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(usual)
        threading.settrace(None)
    assert refused.is_set()
    assert not breaches
    assert budget.reserved == 0
    assert 0 < budget.settled <= cap
