"""Prices, and the cap on what may be spent.

Law: at every moment settled + reserved <= max_cost, as long as no endpoint bills more than was reserved for a request;
if one does, the truth is booked and nothing more goes out. A price that is not known is None, never 0, and with a cap
nothing is sent for it. Money is Decimal, in US dollars.
"""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from s2c.config import Config
from s2c.errors import ConfigError, LimitReached
from s2c.model import Request, Usage
from s2c.tokens import planned, safety_factor

MILLION = Decimal(1_000_000)
ZERO = Decimal(0)
OVERHEAD = 64  # tokens that a chat template puts round two messages, at most


@dataclass(frozen=True)
class Price:
    """A price of the user's own, in dollars per million tokens. Cached and written prompt tokens cost the same."""

    prompt: Decimal
    completion: Decimal


@dataclass(frozen=True)
class Reservation:
    """Money set aside for one request: `amount` in dollars, None where no price is known (then there is no cap)."""

    number: int
    amount: Decimal | None
    model: str


class Prices:
    """What a model costs at one endpoint: the user's own price, else the table of the package genai-prices.

    An endpoint that the table does not know (a proxy, a local server) is priced as the maker of the model prices it.
    """

    def __init__(self, base_url: str, own: Price | None = None) -> None:
        self._base_url = base_url
        self._own = own

    def cost(self, usage: Usage, model: str) -> Decimal | None:
        """Dollars for what the endpoint counted; None if no price is known."""
        if self._own is not None:
            return (self._own.prompt * usage.prompt + self._own.completion * usage.completion) / MILLION
        return _listed(self._base_url, model, usage)

    def at_most(self, request: Request, factor: Decimal | None = None) -> Decimal | None:
        """Dollars for a request if nothing is cached, all is written to a cache, and every output token is used.

        `factor` is what our token count is multiplied by; None takes the one of the model's family.
        """
        scale = safety_factor(request.model) if factor is None else factor
        prompt = planned(request.prompt_tokens + OVERHEAD, scale)
        plain = self.cost(Usage(prompt, request.max_output), request.model)
        written = self.cost(Usage(prompt, request.max_output, written=prompt), request.model)
        return None if plain is None or written is None else max(plain, written)


def prices(config: Config) -> Prices:
    """What the model of these settings costs."""
    own = None
    if config.price_input is not None and config.price_output is not None:
        own = Price(config.price_input, config.price_output)
    return Prices(config.base_url, own)


class Budget:
    """What was spent and what is set aside, under one lock. Safe in any thread."""

    def __init__(self, prices: Prices, max_cost: Decimal | None = None) -> None:
        self._prices = prices
        self._max_cost = max_cost
        self._lock = threading.Lock()
        self._open: dict[int, Decimal] = {}
        self._settled = ZERO
        self._unpriced = 0
        self._next = 0

    @property
    def settled(self) -> Decimal:
        """Dollars spent so far, as far as prices are known."""
        with self._lock:
            return self._settled

    @property
    def reserved(self) -> Decimal:
        """Dollars set aside for requests that are out."""
        with self._lock:
            return self._reserved()

    @property
    def committed(self) -> Decimal:
        """Settled and reserved in one look: what `max_cost` bounds."""
        with self._lock:
            return self._settled + self._reserved()

    @property
    def unpriced(self) -> int:
        """How many settled requests have no known price: with one of them, `settled` is only a lower bound."""
        with self._lock:
            return self._unpriced

    def reserve(self, request: Request, factor: Decimal | None = None) -> Reservation:
        """Set aside what `request` costs at most. Raises LimitReached or, with a cap but no price, ConfigError."""
        amount = self._prices.at_most(request, factor)
        if amount is None and self._max_cost is not None:
            raise ConfigError(
                f"max_cost is set, but no price is known for the model {request.model!r}",
                fix="set price_input and price_output (dollars per million tokens), or unset max_cost",
            )
        with self._lock:
            self._check(amount or ZERO)
            self._next += 1
            self._open[self._next] = amount or ZERO
            return Reservation(self._next, amount, request.model)

    def settle(self, reservation: Reservation, usage: Usage | None, reported: str = "") -> Decimal | None:
        """Book what a request cost, and give it back: `reported` by the provider, else by `usage`, else all of it.

        `usage` is None or empty where the endpoint may bill but did not say what: then the whole reservation is booked.
        A reservation can be settled or released once; a second time does nothing and gives None.
        """
        known = Decimal(reported) if reported else reservation.amount
        if not reported and usage is not None and usage != Usage():
            known = self._prices.cost(usage, reservation.model)
        with self._lock:
            if self._open.pop(reservation.number, None) is None:
                return None
            self._settled += known or ZERO
            self._unpriced += known is None
            return known

    def release(self, reservation: Reservation) -> None:
        """Give the money back for a request that was certainly not billed."""
        with self._lock:
            self._open.pop(reservation.number, None)

    def _check(self, amount: Decimal) -> None:
        if self._max_cost is not None and self._settled + self._reserved() + amount > self._max_cost:
            raise LimitReached(
                f"this request may cost ${_told(amount)}, but of max_cost ${_told(self._max_cost)} only "
                f"${_told(self._max_cost - self._settled - self._reserved())} is left",
                fix="set a higher max_cost; what was paid for is kept",
            )

    def _reserved(self) -> Decimal:
        return sum(self._open.values(), ZERO)


def _told(amount: Decimal) -> str:
    return f"{amount:.4f}"


def _listed(base_url: str, model: str, usage: Usage) -> Decimal | None:
    """The price by genai-prices, tiers included; None if it does not know the model or makes no sense of the usage."""
    import genai_prices  # noqa: PLC0415 - costs 0.1 s; needed only where something is planned or asked

    written = min(usage.written, usage.prompt)
    counted = genai_prices.Usage(
        input_tokens=usage.prompt,
        cache_read_tokens=min(usage.cached, usage.prompt - written),
        cache_write_tokens=written,
        output_tokens=usage.completion,
    )
    calc: Callable[..., genai_prices.types.PriceCalculation] = genai_prices.calc_price
    known = _known_endpoint(base_url)
    for reference, where in _references(base_url, model, known=known):
        try:
            found = calc(counted, reference, **where)
        except (LookupError, ValueError):
            continue
        known_price = found.model_price.input_mtok is not None and found.model_price.output_mtok is not None
        return found.total_price if known_price else None  # the table has entries without prices: they sum up to 0
    return None


def _references(base_url: str, model: str, *, known: bool) -> list[tuple[str, dict[str, str]]]:
    """What to look a model up by, best first."""
    if known:
        return [(model, {"provider_api_url": base_url})]
    maker, slash, name = model.partition("/")
    return [(model, {}), *([(name, {"provider_id": maker})] if slash else [])]


@functools.cache
def _known_endpoint(base_url: str) -> bool:
    from genai_prices import data_snapshot  # noqa: PLC0415 - same

    try:
        data_snapshot.get_snapshot().find_provider("", None, base_url)
    except LookupError:
        return False
    return True
