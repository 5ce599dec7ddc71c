"""What a model costs at one endpoint.

Law: a price that is not known is None, never 0. The user's own price wins over the table of the package genai-prices,
and what an endpoint says that an answer cost wins over both. Money is Decimal, in US dollars.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version

from s2c.model import Request, Usage
from s2c.settings import Config
from s2c.tokens import planned, safety_factor

MILLION = Decimal(1_000_000)
OVERHEAD = 64  # tokens that a chat template puts round two messages, at most


@dataclass(frozen=True)
class Price:
    """A price of the user's own, in dollars per million tokens. Cached and written prompt tokens cost the same."""

    prompt: Decimal
    completion: Decimal


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

    def bill(self, request: Request, usage: Usage | None, reported: str = "") -> Decimal | None:
        """Dollars for an answer: as the endpoint says, else by what it counted, else what the request costs at most.

        A reported 0 says nothing: proxies report it where they know no price. None if no price is known.
        """
        if reported and (told := Decimal(reported)):
            return told
        return self.at_most(request) if is_missing(usage) else self.cost(usage or Usage(), request.model)

    @property
    def source(self) -> str:
        """Where prices come from, for a person."""
        return "the settings" if self._own is not None else f"genai-prices {version('genai-prices')}"

    def at_most(self, request: Request, factor: Decimal | None = None) -> Decimal | None:
        """Dollars for a request if nothing is cached, all is written to a cache, and every output token is used.

        `factor` is what our token count is multiplied by; None takes the one of the model's family.
        """
        prompt = prompt_at_most(request, factor)
        plain = self.cost(Usage(prompt, request.max_output), request.model)
        written = self.cost(Usage(prompt, request.max_output, written=prompt), request.model)
        return None if plain is None or written is None else max(plain, written)


def prices(config: Config) -> Prices:
    """What the model of these settings costs."""
    own = None
    if config.price_input is not None and config.price_output is not None:
        own = Price(config.price_input, config.price_output)
    return Prices(config.base_url, own)


def is_missing(usage: Usage | None) -> bool:
    """Whether an endpoint did not say what it counted."""
    return usage is None or not usage.prompt


def prompt_at_most(request: Request, factor: Decimal | None = None) -> int:
    """Prompt tokens of a request as its model may count them, at most. `factor`: as in `Prices.at_most`."""
    scale = safety_factor(request.model) if factor is None else factor
    return planned(request.prompt_tokens + OVERHEAD, scale)


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
