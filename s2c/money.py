"""What one run may use, and what of it is spent or set aside.

Law: at every moment settled + reserved <= cap, in dollars and in tokens, as long as no endpoint bills more than was
reserved for a request; if one does, the truth is booked and nothing more goes out. With a cap in dollars and a price
that is not known nothing is sent. What may be billed twice is set aside twice. What would fit if others gave back what
they do not use waits for them: a run stops for what it spent, not for what it could have.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from s2c.errors import ConfigError, LimitReached
from s2c.model import Event, Request, Usage
from s2c.prices import Prices, is_missing, prompt_at_most
from s2c.settings import Config

ZERO = Decimal(0)


@dataclass(frozen=True)
class Caps:
    """What one run may use; None is no cap. Each sending of a request counts, and tokens of prompt and answer alike.

    `cost_per_spec` is held elsewhere (spent.py); here it only asks for a price that is known.
    """

    cost: Decimal | None = None
    requests: int | None = None
    tokens: int | None = None
    cost_per_spec: Decimal | None = None

    @property
    def in_dollars(self) -> str:
        """The setting that asks for a known price; "" if none does."""
        names = {"max_cost": self.cost, "max_cost_per_spec": self.cost_per_spec}
        return next((name for name, value in names.items() if value is not None), "")


@dataclass(frozen=True)
class Reservation:
    """What is set aside for one request: `amount` in dollars, None where no price is known (then there is no cap)."""

    number: int
    amount: Decimal | None
    request: Request
    tokens: int


def caps(config: Config) -> Caps:
    """What these settings let one run use."""
    return Caps(config.max_cost, config.max_requests, config.max_tokens, config.max_cost_per_spec)


@dataclass
class _Sums:
    """What a budget has come to: dollars and tokens settled, requests sent, and how many of them have no price."""

    dollars: Decimal = ZERO
    tokens: int = 0
    requests: int = 0
    unpriced: int = 0


def _silent(_event: Event) -> None:
    """Nobody listens."""


class Budget:
    """What was spent and what is set aside, under one lock. Safe in any thread.

    Each change is told as a `money` event, with that lock held: so they come in the order in which they happened.
    """

    def __init__(self, prices: Prices, caps: Caps | None = None, tell: Callable[[Event], None] = _silent) -> None:
        self._prices = prices
        self._caps = caps or Caps()
        self._tell = tell
        self._lock = threading.Condition()
        self._open: dict[int, Reservation] = {}
        self._sums = _Sums()
        self._next = 0

    @property
    def settled(self) -> Decimal:
        """Dollars spent so far, as far as prices are known."""
        with self._lock:
            return self._sums.dollars

    @property
    def reserved(self) -> Decimal:
        """Dollars set aside for requests that are out."""
        with self._lock:
            return self._reserved()

    @property
    def committed(self) -> Decimal:
        """Settled and reserved in one look: what `max_cost` bounds."""
        with self._lock:
            return self._sums.dollars + self._reserved()

    @property
    def unpriced(self) -> int:
        """How many settled requests have no known price: with one of them, `settled` is only a lower bound."""
        with self._lock:
            return self._sums.unpriced

    def reserve(self, request: Request, factor: Decimal | None = None) -> Reservation:
        """Set aside what `request` costs at most, once there is room. Raises LimitReached where there can be none.

        With a cap in dollars and no price: ConfigError.
        """
        amount = self._prices.at_most(request, factor)
        name = self._caps.in_dollars
        if amount is None and name:
            raise ConfigError(
                f"{name} is set, but no price is known for the model {request.model!r}",
                fix=f"set price_input and price_output (dollars per million tokens), or unset {name}",
            )
        tokens = prompt_at_most(request, factor) + request.max_output
        with self._lock:
            self._next += 1
            made = Reservation(self._next, amount, request, tokens)
            self._take(made)
            return made

    def again(self, reservation: Reservation, *, billed: bool) -> None:
        """It is sent once more, and the first time may have been `billed`: then that is booked, and as much set aside.

        Raises LimitReached where that does not fit any more; it then needs no settling.
        """
        with self._lock:
            if self._open.pop(reservation.number, None) is not None:
                if billed:
                    self._book(reservation, reservation.amount, reservation.tokens)
                else:
                    self._say(reservation)
                self._take(reservation)

    def settle(self, reservation: Reservation, usage: Usage | None, reported: str = "") -> Decimal | None:
        """Book what a request cost, and give the rest back: `reported` by the endpoint, else by `usage`, else all.

        `usage` is None or empty where the endpoint may bill but did not say what: then the whole reservation is booked.
        A reservation can be settled or released once; a second time does nothing and gives None.
        """
        lost = is_missing(usage)
        known = reservation.amount
        if reported or not lost:
            known = self._prices.bill(reservation.request, usage, reported)
        tokens = reservation.tokens if lost or usage is None else usage.prompt + usage.completion
        with self._lock:
            if self._open.pop(reservation.number, None) is None:
                return None
            self._book(reservation, known, tokens)
            return known

    def release(self, reservation: Reservation) -> None:
        """Give the money back for a request that was certainly not billed; it was sent all the same."""
        with self._lock:
            if self._open.pop(reservation.number, None) is not None:
                self._say(reservation)

    # --- with the lock held -------------------------------------------------------------------------------------

    def _take(self, wanted: Reservation) -> None:
        while not self._fits(wanted):
            self._lock.wait()  # something is out, and will give back what it does not use
        self._open[wanted.number] = wanted
        self._sums.requests += 1
        self._say(wanted)

    def _book(self, reservation: Reservation, dollars: Decimal | None, tokens: int) -> None:
        self._sums.dollars += dollars or ZERO
        self._sums.unpriced += dollars is None
        self._sums.tokens += tokens
        self._say(reservation)

    def _fits(self, wanted: Reservation) -> bool:
        """Whether there is room for it now. Raises LimitReached where there will be none, whatever is given back."""
        caps, sums = self._caps, self._sums
        amount = wanted.amount or ZERO
        if caps.cost is not None and sums.dollars + amount > caps.cost:
            left = f"${_told(caps.cost - sums.dollars)} is left"
            raise _limit(f"this request may cost ${_told(amount)}, but of max_cost ${_told(caps.cost)} only {left}")
        if caps.tokens is not None and sums.tokens + wanted.tokens > caps.tokens:
            left = f"{caps.tokens - sums.tokens} are left"
            raise _limit(f"this request may take {wanted.tokens} tokens, but of max_tokens {caps.tokens} only {left}")
        if caps.requests is not None and sums.requests >= caps.requests:
            raise _limit(f"max_requests {caps.requests} is used up")
        money = caps.cost is None or sums.dollars + self._reserved() + amount <= caps.cost
        return money and (caps.tokens is None or sums.tokens + self._reserved_tokens() + wanted.tokens <= caps.tokens)

    def _say(self, about: Reservation) -> None:
        """Tell of a change, and wake those who wait for one."""
        self._lock.notify_all()
        sums = self._sums
        told = {"request": about.request.key, "spent": str(sums.dollars), "reserved": str(self._reserved())}
        counts = {"tokens": sums.tokens, "tokens_reserved": self._reserved_tokens()}
        self._tell(Event("money", {**told, **counts, "requests": sums.requests, "unpriced": sums.unpriced}))

    def _reserved(self) -> Decimal:
        return sum((one.amount or ZERO for one in self._open.values()), ZERO)

    def _reserved_tokens(self) -> int:
        return sum(one.tokens for one in self._open.values())


def _limit(what: str) -> LimitReached:
    name = next(one for one in ("max_cost", "max_tokens", "max_requests") if one in what)
    return LimitReached(what, fix=f"set a higher {name}; what was paid for is kept")


def _told(amount: Decimal) -> str:
    return f"{amount:.4f}"
