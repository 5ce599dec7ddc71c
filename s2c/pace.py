"""How many requests may be out at one endpoint, and when the next one may go: found out by asking, kept by all.

Law: never more are out than the settings allow, and never more than the endpoint has shown that it takes: few at first,
more as it begins to answer, half as many when it says that it is too much. When it names a time before which
it takes nothing, or has nothing left, nobody goes earlier. Of requests that begin alike the first goes alone until its
first token has come, so that the others find what they share in the provider's cache.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from s2c import trouble
from s2c.digest import digest
from s2c.model import Request
from s2c.tokens import count
from s2c.trouble import Failure

START = 2  # requests that may be out before anything is known
OVERLOADED = frozenset({429, 503, 529})
CACHEABLE = 1024  # tokens; providers cache no shorter prefix
WARM = 300.0  # seconds that a provider keeps a prefix after it was used, at least
ALONE = 60.0  # seconds; waiting longer for a cache costs more than it saves
_LOOK = 0.1  # seconds between two looks at `stop`
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


@dataclass
class Room:
    """What an endpoint says is left until it has all of it again. `until` by the clock; 0 is not known."""

    left: int = 0
    until: float = 0.0
    whole: int = 0  # how much it can be at all; 0: not known

    def wait(self, need: int, now: float) -> float:
        """Seconds until there is room for so much; what never fits waits for all there can be."""
        least = min(need, self.whole) if self.whole else need
        return 0.0 if self.left >= least else max(0.0, self.until - now)


@dataclass
class _Prefix:
    """A beginning that requests share: whether one of them is out alone, and until when that, or the cache, holds."""

    alone: bool
    until: float


class Pace:
    """The state of one endpoint. Safe in any thread.

    `most`: requests out at once. `longest`: seconds; what an endpoint says of a later time is not waited for.
    """

    def __init__(self, most: int, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = float(min(START, most))
        self.out = 0
        self._most = most
        self._longest = longest
        self._clock = clock
        self._doubles = True  # until it was too much for the first time
        self._sent = self._fell = 0  # requests so far; how many there were when the limit fell last
        self._quiet_until = 0.0
        self._rooms = {"requests": Room(), "tokens": Room()}
        self._prefixes: dict[str, _Prefix] = {}
        self._changed = threading.Condition()

    def turn(self, request: Request, stop: threading.Event | None = None) -> "Turn":
        """A place among what is out, to be waited for: `with pace.turn(request):`."""
        return Turn(self, prefix(request), request.prompt_tokens, stop or threading.Event())

    def wait(self, prefix: str, tokens: int) -> float:
        """Seconds until a request like this may go, as far as can be told now; 0: at once."""
        now = self._clock()
        waits = [self._quiet_until - now, self._rooms["requests"].wait(1, now), self._rooms["tokens"].wait(tokens, now)]
        known = self._prefixes.get(prefix)
        if known is not None and known.alone:
            waits.append(known.until - now)
        if self.out >= int(self.limit):
            waits.append(self._longest)  # or until one ends
        return max(0.0, *waits)

    def enter(self, prefix: str, tokens: int, stop: threading.Event) -> int:
        """Wait until a request like this may go; its number. Raises `trouble.Stopped` when it may not any more."""
        with self._changed:
            while (wait := self.wait(prefix, tokens)) > 0 and not stop.is_set():
                self._changed.wait(min(wait, _LOOK))
            if stop.is_set():
                raise trouble.error(Failure("stopped before it was sent", stopped=True), "")
            self.out += 1
            self._sent += 1
            self._rooms["requests"].left -= 1
            self._rooms["tokens"].left -= tokens
            known = self._prefixes.get(prefix)
            if prefix and (known is None or known.until <= self._clock()):
                self._prefixes[prefix] = _Prefix(alone=True, until=self._clock() + ALONE)
            return self._sent

    def leave(self, prefix: str, *, spoke: bool) -> None:
        """It has ended. Where it never spoke, the next one with this prefix goes alone."""
        with self._changed:
            self.out -= 1
            known = self._prefixes.get(prefix)
            if not spoke and known is not None and known.alone:
                del self._prefixes[prefix]
            self._changed.notify_all()

    def spoke(self, prefix: str) -> None:
        """Its first token has come: the endpoint takes as many as are out, and has read the prefix."""
        with self._changed:
            if self._doubles:
                grown = max(self.limit, 2.0 * self.out)
            else:  # slowly; and what is not used up shows nothing
                grown = self.limit + (1.0 / self.limit if self.out >= int(self.limit) else 0.0)
            self.limit = min(grown, float(self._most))
            if prefix:
                self._prefixes[prefix] = _Prefix(alone=False, until=self._clock() + WARM)
            self._changed.notify_all()

    def refused(self, number: int, failure: Failure) -> None:
        """It did not take this one. Of those that were out together only the first halves what may be out."""
        with self._changed:
            if failure.status in OVERLOADED and number > self._fell:
                self.limit, self._doubles, self._fell = max(1.0, self.limit / 2), False, self._sent
            if failure.wait is not None and failure.wait <= self._longest:
                self._quiet_until = max(self._quiet_until, self._clock() + failure.wait)

    def told(self, headers: Mapping[str, str]) -> None:
        """What a response's head says of what is left."""
        with self._changed:
            for name, room in self._rooms.items():
                left, after = headers.get(f"x-ratelimit-remaining-{name}"), headers.get(f"x-ratelimit-reset-{name}")
                seconds = span(after or "")
                if left is not None and left.isdecimal() and seconds is not None and seconds <= self._longest:
                    room.left, room.until = int(left), self._clock() + seconds
                    whole = headers.get(f"x-ratelimit-limit-{name}", "")
                    room.whole = int(whole) if whole.isdecimal() else 0
            self._changed.notify_all()


@dataclass
class Turn:
    """One request's place among those that are out, while it has one. In one thread at a time, `told` apart."""

    _pace: Pace
    _prefix: str
    _tokens: int
    _stop: threading.Event = field(repr=False)
    _number: int = 0  # 0: it has no place
    _spoke: bool = False

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def take(self) -> None:
        """Wait for a place. Raises `trouble.Stopped`."""
        self._number, self._spoke = self._pace.enter(self._prefix, self._tokens, self._stop), False

    def leave(self) -> None:
        """Give the place back, if it has one."""
        if self._number:
            self._number = 0
            self._pace.leave(self._prefix, spoke=self._spoke)

    def spoke(self) -> None:
        """Its first token has come."""
        if not self._spoke:
            self._spoke = True
            self._pace.spoke(self._prefix)

    def refused(self, failure: Failure) -> None:
        """It was not taken, and may be sent again."""
        self._pace.refused(self._number, failure)

    def told(self, headers: Mapping[str, str]) -> None:
        """A response's head has come."""
        self._pace.told(headers)


def prefix(request: Request) -> str:
    """A name for what a request shares with others: all messages but the last; "" where that is too short to be cached.

    Each is counted by itself.
    """
    shared = request.messages[:-1]
    if sum(count(one.content) for one in shared) < CACHEABLE:
        return ""
    return digest("prefix.1", [request.model, *(f"{one.role} {one.content}" for one in shared)])


def span(text: str) -> float | None:
    """Seconds in a text as `1s`, `6m0s`, `20ms`, `7`; None if it is none."""
    found = _SPAN.findall(text)
    if found and "".join(number + unit for number, unit in found) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in found)
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None
