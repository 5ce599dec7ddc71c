"""How many requests are out, and when the next goes: by the state alone, and with a real server that counts."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from s2c import trouble
from s2c.llm import Client
from s2c.model import Answer, Message, Request
from s2c.pace import ALONE, CACHEABLE, WARM, Pace, prefix, span
from s2c.trouble import Failure
from tests import loopback as lb
from tests.endpoints import REQUEST, endpoint

LONG = Message("system", "rule " * (2 * CACHEABLE))
SHORT = Message("system", "rule " * (CACHEABLE // 2))
A_MOMENT = 0.4  # seconds in which a request would have come that must not
NEVER = threading.Event()


def request(number: int, system: Message = SHORT, tokens: int = 0) -> Request:
    """A request that begins with this message."""
    messages = (system, Message("user", f"prompt {number}"))
    return replace(REQUEST, key=f"request {number}", messages=messages, prompt_tokens=tokens)


# --- the state alone --------------------------------------------------------------------------------------------------


@dataclass
class Clock:
    """Time that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


def started(pace: Pace, count: int, name: str = "", tokens: int = 0) -> list[int]:
    """So many requests go, at once; their numbers."""
    for _ in range(count):
        assert pace.wait(name, tokens) == 0
        pace.enter(name, tokens, NEVER)
    return list(range(pace._sent - count + 1, pace._sent + 1))  # noqa: SLF001 - the numbers that they got


def test_few_at_first_and_more_with_each_that_is_answered(clock: Clock) -> None:
    """Two may be out; as they are answered twice as many as are out, up to what the settings allow."""
    pace = Pace(7, 600, clock)
    limits = []
    for count in (2, 2, 3):
        started(pace, count)
        assert pace.wait("", 0) > 0
        pace.spoke("")
        limits.append(pace.limit)
    assert limits == [4, 7, 7]


def test_half_as_many_after_a_refusal_and_slowly_up_again(clock: Clock) -> None:
    """Of eight that are refused together the first halves it; then it grows by one for so many answers."""
    pace = Pace(8, 600, clock)
    pace.limit = 8.0
    for number in started(pace, 8):
        pace.refused(number, Failure("slow down", 429))
    assert pace.limit == 4
    for _ in range(8):
        pace.leave("", spoke=False)
    (number, *_) = started(pace, 4)
    for _ in range(4):
        pace.spoke("")
    assert 4.8 < pace.limit < 5.1
    pace.refused(number, Failure("slow down", 529))
    assert pace.limit < 2.6


@pytest.mark.parametrize("status", [400, 401, 404, 500, 502, None])
def test_other_trouble_says_nothing_about_size(status: int | None, clock: Clock) -> None:
    """Only 429, 503 and 529 mean that it was too much."""
    pace = Pace(8, 600, clock)
    pace.refused(1, Failure("trouble", status))
    assert pace.limit == 2


def test_at_least_one_may_always_go(clock: Clock) -> None:
    """However often it is refused, one goes at a time."""
    pace = Pace(8, 600, clock)
    for _ in range(5):
        (number,) = started(pace, 1)
        pace.refused(number, Failure("slow down", 429))
        pace.leave("", spoke=False)
    assert pace.limit == 1
    assert pace.wait("", 0) == 0


def test_a_time_that_the_endpoint_names_is_kept_by_all(clock: Clock) -> None:
    """After a Retry-After nobody goes before it is over; a later word does not shorten it; too long a one is left."""
    pace = Pace(8, 600, clock)
    pace.refused(1, Failure("slow down", 429, wait=30.0))
    pace.refused(2, Failure("slow down", 429, wait=5.0))
    assert pace.wait("", 0) == 30
    pace.refused(3, Failure("slow down", 429, wait=86_400.0))  # whoever is told this gives up
    clock.now += 30
    assert pace.wait("", 0) == 0


def limits(**headers: object) -> Mapping[str, str]:
    """Headers as OpenAI names them."""
    return {f"x-ratelimit-{name.replace('_', '-')}": str(value) for name, value in headers.items()}


@pytest.mark.parametrize(
    ("headers", "tokens", "wait"),
    [
        (limits(remaining_requests=0, reset_requests="2s"), 10, 2),
        (limits(remaining_requests=1, reset_requests="2s"), 10, 0),
        (limits(remaining_tokens=9, reset_tokens="6m0s"), 10, 360),
        (limits(remaining_tokens=10, reset_tokens="6m0s"), 10, 0),
        (limits(remaining_requests=0, reset_requests="1s", remaining_tokens=0, reset_tokens="20ms"), 10, 1),
        (limits(remaining_tokens=50, reset_tokens="9s", limit_tokens=50), 60, 0),  # it never holds more
        (limits(remaining_tokens=49, reset_tokens="9s", limit_tokens=50), 60, 9),
        (limits(remaining_requests=0, reset_requests="8h0m0s"), 10, 0),  # longer than may be waited: it will say so
        (limits(remaining_requests=0), 10, 0),
        (limits(remaining_requests="none", reset_requests="2s"), 10, 0),
        (limits(remaining_requests=0, reset_requests="soon"), 10, 0),
        ({}, 10, 0),
    ],
)
def test_what_is_left_is_not_exceeded(headers: Mapping[str, str], tokens: int, wait: float, clock: Clock) -> None:
    """With no request or too few tokens left the next goes when they are back; odd words are no words."""
    pace = Pace(8, 600, clock)
    pace.told(headers)
    assert pace.wait("", tokens) == wait
    clock.now += wait
    assert pace.wait("", tokens) == 0


def test_what_is_sent_is_no_longer_left(clock: Clock) -> None:
    """Each request that goes uses up one of those that are left, and its tokens."""
    pace = Pace(8, 600, clock)
    pace.limit = 8.0
    pace.told(limits(remaining_requests=3, reset_requests="7s", remaining_tokens=100, reset_tokens="5s"))
    started(pace, 2, tokens=45)
    assert pace.wait("", 10) == 0
    assert pace.wait("", 45) == 5
    started(pace, 1, tokens=10)
    assert pace.wait("", 0) == 7


def test_the_first_of_a_prefix_goes_alone(clock: Clock) -> None:
    """Others with its prefix wait for its first token, a minute at most; those with another prefix do not."""
    pace = Pace(8, 600, clock)
    pace.limit = 8.0
    started(pace, 1, "a")
    assert pace.wait("a", 0) == ALONE
    assert pace.wait("b", 0) == pace.wait("", 0) == 0
    pace.spoke("a")
    started(pace, 3, "a")
    clock.now += WARM
    started(pace, 1, "a")  # by now nobody knows whether it is still cached
    assert pace.wait("a", 0) == ALONE
    clock.now += ALONE
    assert pace.wait("a", 0) == 0


def test_a_first_one_that_fails_leaves_its_place_to_the_next(clock: Clock) -> None:
    """Where it never spoke, the next one goes alone."""
    pace = Pace(8, 600, clock)
    started(pace, 1, "a")
    pace.leave("a", spoke=False)
    started(pace, 1, "a")
    assert pace.wait("a", 0) > 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("7", 7), ("0.5", 0.5), ("2d", 172_800),
        ("", None), ("soon", None), ("1s later", None), ("-1s", None), ("nan", None),
    ],
)  # fmt: skip
def test_span(text: str, seconds: float | None) -> None:
    """Durations as endpoints write them, and nothing else."""
    assert span(text) == (None if seconds is None else pytest.approx(seconds))


def test_prefix() -> None:
    """What is shared is all but the last message, for one model, and only where it is long enough to be cached."""
    assert prefix(request(1, LONG)) == prefix(request(2, LONG)) != ""
    assert prefix(request(1, SHORT)) == prefix(replace(request(1), messages=(LONG,))) == ""
    others = replace(request(1, LONG), model="m-2"), request(1, Message("system", LONG.content + "more"))
    assert len({prefix(one) for one in (*others, request(1, LONG))}) == 3


# --- a server that counts ---------------------------------------------------------------------------------------------


@dataclass
class Counting:
    """An endpoint whose answers begin and end when a test says so. `most`: it refuses what is beyond."""

    most: int = 99
    speak: threading.Event = field(default_factory=threading.Event)
    end: threading.Event = field(default_factory=threading.Event)
    out: int = 0
    peak: int = 0
    refused: int = 0
    came: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, exchange: lb.Exchange) -> None:
        """Answer one request."""
        with self.lock:
            self.came.append(time.monotonic())
            full = self.out >= self.most
            self.refused += full
            self.out += not full
            self.peak = max(self.peak, self.out)
        if full:
            lb.status(429)(exchange)
            return
        exchange.open()
        wait(self.speak, exchange)
        exchange.event(lb.chunk("a"))
        wait(self.end, exchange)
        with self.lock:
            self.out -= 1
        for event in (lb.chunk("b", "stop"), lb.usage_chunk(lb.USAGE), "[DONE]"):
            exchange.event(event)
        exchange.end()


def wait(event: threading.Event, exchange: lb.Exchange) -> None:
    """Until a test says so, or the server closes."""
    while not event.wait(0.02) and not exchange.closing.is_set():
        pass


def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def stays(condition: Callable[[], bool]) -> bool:
    """Whether it holds for a moment."""
    end = time.monotonic() + A_MOMENT
    while time.monotonic() < end:
        if not condition():
            return False
        time.sleep(0.01)
    return True


@contextmanager
def asking(
    behave: lb.Behaviour, count: int, system: Message = SHORT, **settings: object
) -> Iterator[list["Future[Answer]"]]:
    """So many requests at once, each in a thread of its own."""
    with (
        lb.Server(behave) as server,
        Client(endpoint(server, deadline=60, read_timeout=60, max_tries=9, **settings)) as client,
        ThreadPoolExecutor(count) as pool,
    ):
        yield [pool.submit(client.ask, request(number, system)) for number in range(count)]


def test_the_others_wait_for_the_first_token_alone() -> None:
    """With a prefix worth caching one request goes, and when its first token has come, not its end, the others do."""
    played = Counting()
    with asking(played, 4, LONG, requests=4) as answers:
        until(lambda: len(played.came) == 1)
        assert stays(lambda: len(played.came) == 1)
        played.speak.set()
        until(lambda: len(played.came) == 4)
        assert not any(one.done() for one in answers)
        played.end.set()
        assert [one.result().text for one in answers] == ["ab"] * 4


def test_a_short_prefix_is_not_waited_for() -> None:
    """Where providers cache nothing, two go at once."""
    played = Counting()
    with asking(played, 4, requests=4):
        until(lambda: len(played.came) == 2)
        assert stays(lambda: len(played.came) == 2)
        played.speak.set()
        played.end.set()


def test_as_many_as_the_settings_allow_and_no_more() -> None:
    """An endpoint that takes all of them has soon as many out as the settings allow, never more."""
    played = Counting()
    played.speak.set()
    with asking(played, 12, requests=8) as answers:
        until(lambda: played.out == 8)
        assert stays(lambda: played.out == 8)
        played.end.set()
        assert len([one.result() for one in answers]) == 12
    assert played.peak == 8


def test_an_endpoint_that_takes_few_is_asked_for_few() -> None:
    """Beyond three it refuses: every request is answered all the same, and few refusals are needed to learn that."""
    played = Counting(most=3)
    played.speak.set()
    with asking(played, 30, requests=30, first_wait=0.05) as answers:
        threading.Timer(0.5, played.end.set).start()
        assert {one.result().text for one in answers} == {"ab"}
    assert played.peak == 3
    assert 0 < played.refused <= 20


def test_nobody_goes_while_the_endpoint_wants_quiet() -> None:
    """One request is told to come back later: until then no other is sent either."""
    turns, came = itertools.count(), list[float]()

    def behave(exchange: lb.Exchange) -> None:
        came.append(time.monotonic())
        first = next(turns) == 0
        (lb.status(429, None, {"retry-after": "1"}) if first else lb.stream_text("ab"))(exchange)

    with asking(behave, 6, LONG, requests=6) as answers:
        assert [one.result().text for one in answers] == ["ab"] * 6
    assert len(came) == 7
    assert min(one - came[0] for one in came[1:]) >= 1


def test_nobody_goes_before_there_is_room() -> None:
    """A good answer says that it was the last of this second: the next waits for the next second."""
    came: list[float] = []

    def behave(exchange: lb.Exchange) -> None:
        came.append(time.monotonic())
        headers = limits(remaining_requests=0, reset_requests="700ms")
        exchange.send_json(200, lb.completion("ab"), headers)

    with asking(behave, 3, LONG, requests=1) as answers:
        assert [one.result().text for one in answers] == ["ab"] * 3
    assert min(later - before for before, later in itertools.pairwise(came)) >= 0.69


def test_a_stop_ends_the_wait_for_a_turn() -> None:
    """Who waits for its turn has sent nothing: a stop ends it at once, and nothing can be billed."""
    played, stop = Counting(), threading.Event()
    with lb.Server(played) as server, Client(endpoint(server, requests=1)) as client, ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.ask, request(1))
        until(lambda: len(played.came) == 1)
        second = pool.submit(client.ask, request(2), stop=stop)
        assert stays(lambda: not second.done())
        stop.set()
        with pytest.raises(trouble.Stopped) as caught:
            second.result()
        assert not caught.value.maybe_billed
        played.speak.set()
        played.end.set()
        assert first.result().text == "ab"
    assert len(played.came) == 1
