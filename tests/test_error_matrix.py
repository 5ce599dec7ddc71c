"""Everything that an endpoint can do wrong, in one table: what comes of it, after how many requests and which wait.

Each row is played by a real server on a real socket; where the SDK would do otherwise by itself, the table says so.
What a whole build makes of these is in test_asked_again.py.
"""

import email.utils
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from s2c import trouble
from s2c.llm import Client
from s2c.model import Answer, Event
from tests import loopback as lb
from tests.endpoints import KEY, OK, REQUEST, TEXT, endpoint

TOO_LONG = 60  # seconds that no test waits
FIRST = 0.05  # seconds of the first wait where the endpoint asks for none


@dataclass(frozen=True)
class Paid:
    """A behaviour in which tokens are made, so that somebody pays for them."""

    behave: lb.Behaviour


@dataclass(frozen=True)
class Row:
    """What the server does, request by request (the last one stays), and what must come of it.

    `outcome`: the error's class, or the answer's text and how its finish begins. `requests`: how many it gets. `waits`:
    seconds before each further one, at least. `billed`: whether an error says that it may cost money.
    """

    script: tuple[lb.Behaviour | Paid, ...]
    outcome: type[trouble.RequestError] | tuple[str, str]
    requests: int
    waits: tuple[float, ...] = ()
    billed: bool = False
    changes: Mapping[str, object] = field(default_factory=dict)


def doubling(tries: int) -> tuple[float, ...]:
    """The waits between so many tries, less the quarter that chance may take."""
    return tuple(0.75 * FIRST * 2**number for number in range(tries - 1))


def dated(seconds: int) -> lb.Behaviour:
    """429 with an HTTP date so many seconds from now."""

    def behave(exchange: lb.Exchange) -> None:
        when = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        lb.status(429, None, {"retry-after": when})(exchange)

    return behave


def cut_body(content: bytes, *, clean: bool = False) -> lb.Behaviour:
    """One JSON body that breaks off: before the length that was announced, or at the end of the connection."""

    def behave(exchange: lb.Exchange) -> None:
        if clean:
            exchange.open(chunked=False, content_type="application/json")
            exchange.raw(content)
        else:
            exchange.send(200, content, {"content-type": "application/json", "content-length": str(len(content) + 99)})
        exchange.drop()

    return behave


AGAIN, GOOD = doubling(2), (TEXT, "stop")
AB = lb.chunk("ab")
HALF = b'{"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "a\\nb \\u2200x'
STATUS, EVENTS = lb.status, lb.stream_events
NINE = {"max_tries": 9}
LONG = {"read_timeout": 60, "deadline": 0.5}

# name of the row (what the server did) -> row, in the order of the matrix
MATRIX: Mapping[str, Row] = {
    # --- 429: waited as it asks; the SDK gives up above 120 s
    "429, Retry-After: 1": Row((STATUS(429, None, {"retry-after": "1"}), OK), GOOD, 2, (1.0,)),
    "429, Retry-After: HTTP date": Row((dated(2), OK), GOOD, 2, (0.9,)),
    "429, retry-after-ms: 300": Row((STATUS(429, None, {"retry-after-ms": "300"}), OK), GOOD, 2, (0.3,)),
    "429, no header": Row((STATUS(429),), trouble.Unavailable, 3, doubling(3)),
    "429, no header, once": Row((STATUS(429), OK), GOOD, 2, AGAIN),
    "429, Retry-After: 121, waited": Row((STATUS(429, None, {"retry-after": "121"}),), trouble.Stopped, 1, (121.0,)),
    "429, Retry-After: 601": Row((STATUS(429, None, {"retry-after": "601"}), OK), trouble.Unavailable, 1),
    "429, insufficient_quota": Row((STATUS(429, {"code": "insufficient_quota"}), OK), trouble.QuotaExhausted, 1),
    "429, billing": Row((STATUS(429, {"type": "billing_hard_limit_reached"}), OK), trouble.QuotaExhausted, 1),
    # --- statuses
    **{f"{code}": Row((STATUS(code), OK), GOOD, 2, AGAIN) for code in (408, 409, 425, 500, 502, 503, 504, 529)},
    "503 Loading model (llama.cpp)": Row((STATUS(503, {"message": "Loading model", "code": 503}), OK), GOOD, 2, AGAIN),
    "502 + HTML": Row((lb.body(b"<html>bad gateway</html>", "text/html", 502), OK), GOOD, 2, AGAIN),
    "503 for ever": Row((STATUS(503),), trouble.Unavailable, 3, doubling(3)),
    **{f"{code}": Row((STATUS(code), OK), trouble.BadRequest, 1) for code in (400, 404, 405, 422)},
    **{f"{code}": Row((STATUS(code), OK), trouble.BadKey, 1) for code in (401, 403)},
    "401 with the key in it": Row((STATUS(401, {"message": f"Incorrect key: {KEY}"}), OK), trouble.BadKey, 1),
    "402": Row((STATUS(402), OK), trouble.QuotaExhausted, 1),
    "400, credit balance": Row((STATUS(400, {"message": "credit balance is too low"}), OK), trouble.QuotaExhausted, 1),
    "307": Row((STATUS(307, None, {"location": "http://127.0.0.1:1/"}), OK), trouble.BadRequest, 1),
    "413": Row((STATUS(413), OK), trouble.ContextOverflow, 1),
    "400, context_length_exceeded": Row(
        (STATUS(400, {"message": "no", "code": "context_length_exceeded"}), OK), trouble.ContextOverflow, 1
    ),
    "400, exceeds the available context size (llama.cpp)": Row(
        (STATUS(400, {"message": "request (31264 tokens) exceeds the available context size"}), OK),
        trouble.ContextOverflow, 1,
    ),
    "400, content_filter": Row((STATUS(400, {"code": "content_filter"}), OK), trouble.ContentFilter, 1),
    "403, flagged": Row((STATUS(403, {"message": "flagged by moderation"}), OK), trouble.ContentFilter, 1),
    "503, x-should-retry: false": Row((STATUS(503, None, {"x-should-retry": "false"}), OK), trouble.Unavailable, 1),
    "404, x-should-retry: true": Row((STATUS(404, None, {"x-should-retry": "true"}), OK), GOOD, 2, AGAIN),
    "413, x-should-retry: true": Row(  # the same request can't fit the second time; the SDK sends it
        (STATUS(413, None, {"x-should-retry": "true"}), OK), trouble.ContextOverflow, 1
    ),
    # --- no token came: it may be billed, and is sent once more, not oftener
    "drop before first byte": Row((lb.dropped(), OK), GOOD, 2, AGAIN),
    "drop before first byte, RST": Row((lb.dropped(reset=True), OK), GOOD, 2, AGAIN),
    "drop before first byte, always": Row((lb.dropped(),), trouble.Unavailable, 2, AGAIN, billed=True, changes=NINE),
    "head, and no event": Row((EVENTS(), OK), GOOD, 2, AGAIN),
    "slower than timeout": Row((lb.silent(), OK), GOOD, 2, AGAIN),
    "slower than timeout, always": Row((lb.silent(),), trouble.Unavailable, 2, AGAIN, billed=True, changes=NINE),
    "silent, until the deadline": Row((lb.silent(), OK), trouble.Unavailable, 1, billed=True, changes=LONG),
    # --- one JSON body: its text counts as far as it came; the SDK pays again
    "server ignored stream, sent JSON": Row((Paid(lb.whole(TEXT)), OK), GOOD, 1),
    "server ignored stream, length": Row((Paid(lb.whole(TEXT, "length")), OK), (TEXT, "length"), 1),
    "drop mid JSON body": Row((Paid(cut_body(HALF)), OK), ("a\nb ∀x", "broken: the connection broke"), 1),
    "JSON body ends in the middle": Row((Paid(cut_body(HALF, clean=True)), OK), ("a\nb ∀x", "broken: "), 1),
    "drop mid JSON body, before any text": Row((cut_body(HALF[:60]), OK), GOOD, 2, AGAIN),
    "200 + HTML": Row((lb.body(b"<html>log in</html>", "text/html"), OK), trouble.BadRequest, 1),
    "200 + HTML that is called JSON": Row((lb.body(b"<!doctype html>"), OK), trouble.BadRequest, 1),
    "200 + a JSON list": Row((lb.body(b"[]"), OK), trouble.BadRequest, 1),
    "200 + broken JSON": Row((lb.body(b'{"cut'), OK), GOOD, 2, AGAIN),
    "200 + error 404": Row((lb.body(b'{"error": "no such model", "code": 404}'), OK), trouble.BadRequest, 1),
    "200 + error 402": Row((lb.body(b'{"error": {"message": "no", "code": 402}}'), OK), trouble.QuotaExhausted, 1),
    "200 + error 502 (OpenRouter)": Row((lb.body(b'{"error": {"message": "up", "code": 502}}'), OK), GOOD, 2, AGAIN),
    "200, finish_reason: error": Row((Paid(lb.stream_text("ab", "error")), OK), ("ab", "broken: the endpoint"), 1),
    "200, finish_reason: error, no token": Row((lb.whole(None, "error"), OK), GOOD, 2, AGAIN),
    "200, content: null": Row((Paid(lb.whole(None)), OK), ("", "stop"), 1),
    "200, content_filter": Row((Paid(lb.stream_text("ab", "content_filter")), OK), ("ab", "content_filter"), 1),
    # --- a stream that has begun is kept as far as it came, and never sent again
    "stream: RST": Row((Paid(lb.dropped(AB, reset=True)), OK), ("ab", "broken: the connection broke"), 1),
    "stream: FIN inside chunked body": Row((Paid(lb.dropped(AB)), OK), ("ab", "broken: the connection broke"), 1),
    "stream: close-delimited body cut": Row((Paid(lb.dropped(AB, chunked=False)), OK), ("ab", "broken: "), 1),
    "stream: closed cleanly, no [DONE]": Row((Paid(EVENTS(AB)), OK), ("ab", "broken: the stream ended without"), 1),
    "stream: [DONE], no finish reason": Row((Paid(EVENTS(AB, "[DONE]")), OK), ("ab", "broken: the stream ended"), 1),
    "stream: thoughts, then RST": Row(
        (Paid(lb.dropped(lb.chunk(None, reasoning="hm"), reset=True)), OK), ("", "broken: "), 1
    ),
    "stream: error event first": Row((EVENTS({"error": {"message": "overloaded"}}), OK), GOOD, 2, AGAIN),
    "stream: error 401 first": Row((EVENTS({"error": {"message": "no", "code": 401}}), OK), trouble.BadKey, 1),
    "stream: error event, too long": Row(
        (EVENTS({"error": {"message": "maximum context length is 9"}}), OK), trouble.ContextOverflow, 1
    ),
    "stream: error event later": Row(
        (Paid(EVENTS(AB, {"error": {"message": "overloaded", "code": 502}})), OK), ("ab", "broken: "), 1
    ),
    "stream: error event with choices": Row(
        (Paid(EVENTS(AB, {**lb.chunk("cd"), "error": {"message": "gone"}})), OK), ("ab", "broken: "), 1
    ),
    "stream: broken JSON event first": Row((EVENTS('{"cut'), OK), GOOD, 2, AGAIN),
    "stream: broken JSON event later": Row((Paid(EVENTS(AB, '{"choices": [{"del')), OK), ("ab", "broken: "), 1),
    "stream: an event of another kind": Row((Paid(EVENTS(AB, "[1]")), OK), ("ab", "broken: "), 1),
    "stream: silent after tokens": Row((Paid(lb.silent(AB)), OK), ("ab", "broken: the endpoint was silent"), 1),
    "stream: drip, no token": Row((lb.drip(), OK), trouble.Unavailable, 1, billed=True, changes=LONG),
    "stream: drip after tokens": Row((Paid(lb.drip(AB)), OK), ("ab", "broken: no end before the deadline"), 1),
    "stream: whole text, then RST": Row((Paid(lb.dropped(lb.chunk("ab", "stop"), reset=True)), OK), ("ab", "stop"), 1),
    "stream: whole text, then silence": Row((Paid(lb.silent(lb.chunk("ab", "stop"))), OK), ("ab", "stop"), 1),
}  # fmt: skip


class Played:
    """A server that plays a row: when each request came, and how many of them were paid for."""

    def __init__(self, row: Row) -> None:
        self.came: list[float] = []
        self.paid = 0
        self._row = row

    def server(self) -> lb.Server:
        """It, to be asked."""
        return lb.Server(*map(self._behaviour, self._row.script), hear=lambda _: self.came.append(time.monotonic()))

    def _behaviour(self, one: lb.Behaviour | Paid) -> lb.Behaviour:
        if not isinstance(one, Paid):
            return one

        def behave(exchange: lb.Exchange) -> None:
            self.paid += 1
            one.behave(exchange)

        return behave


def ask(server: lb.Server, row: Row, heard: Callable[[Event], None], stop: threading.Event) -> Answer:
    """One request to it, with short times."""
    short = {"first_wait": FIRST, "max_retry_wait": 600, "read_timeout": 0.4, "deadline": 3, "usage_timeout": 0.3}
    with Client(endpoint(server, **(short | row.changes))) as client:
        return client.ask(REQUEST, stop=stop, listen=heard)


@pytest.fixture(scope="module", autouse=True)
def _client_is_loaded() -> None:
    """The first request of a process loads the SDK, which takes longer than the timeouts here."""
    with lb.Server(OK) as server, Client(endpoint(server)) as client:
        client.ask(REQUEST)


def come_of(server: lb.Server, row: Row, waits: list[float]) -> Answer | trouble.RequestError:
    """What comes of one request to it; `waits` are kept, and of one that is too long for a test that is all."""
    stop = threading.Event()

    def heard(event: Event) -> None:
        if event.kind == "retry":
            waits.append(float(str(event.data["seconds"])))
            if waits[-1] > TOO_LONG:
                stop.set()

    try:
        return ask(server, row, heard, stop)
    except trouble.RequestError as error:
        return error


@pytest.mark.parametrize("name", MATRIX)
def test_row(name: str) -> None:
    """The outcome, the number of requests and the waits are the row's; nothing that was paid for is sent again."""
    row = MATRIX[name]
    played, waits = Played(row), list[float]()
    with played.server() as server:
        found = come_of(server, row, waits)
    if isinstance(found, trouble.RequestError):
        assert type(found) is row.outcome
        assert found.maybe_billed is row.billed
        assert found.where == server.url
        assert (KEY in str(found), bool(found.fix)) == (False, row.outcome is not trouble.Stopped)
    else:
        assert isinstance(row.outcome, tuple), found
        assert (found.text, found.finish.partition(": ")[0]) == (row.outcome[0], row.outcome[1].partition(": ")[0])
        assert found.finish.startswith(row.outcome[1])
    assert len(played.came) == row.requests
    assert played.paid <= 1
    assert all(wait >= least for wait, least in zip(waits, row.waits, strict=True))
    gaps = [later - before for before, later in itertools.pairwise(played.came)]
    assert all(gap >= wait - 0.01 for gap, wait in zip(gaps, waits, strict=False))


def test_every_row_of_each_kind_is_there() -> None:
    """The table has rows where it waits, gives up, keeps what came, and never sends again what was paid for."""
    outcomes = {row.outcome if isinstance(row.outcome, type) else "answer" for row in MATRIX.values()}
    assert outcomes >= {"answer", trouble.Unavailable, trouble.BadKey, trouble.ContextOverflow, trouble.ContentFilter}
    begun = [row for row in MATRIX.values() if any(isinstance(one, Paid) for one in row.script)]
    assert len(begun) > 15
    assert {row.requests for row in begun} == {1}
