"""How trouble with an endpoint is told, waited for and kept. The table of all of it: test_error_matrix.py."""

import email.utils
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from s2c import trouble
from s2c.endpoint import Endpoint
from s2c.llm import Client
from s2c.model import Event, Usage
from tests import loopback as lb
from tests.endpoints import KEY, OK, REQUEST, TEXT, ask, refused

# --- after the first token nothing is sent again ------------------------------------------------------------------


def test_thinking_counts_as_begun() -> None:
    """Reasoning tokens are paid for too: a stream that breaks after them is not sent again."""
    with lb.Server(lb.dropped(lb.chunk(None, reasoning="let me see")), OK) as server:
        answer = ask(server)
    assert answer.text == ""
    assert answer.finish.startswith("broken: ")
    assert len(server.requests) == 1


@pytest.mark.parametrize("rest", [lb.dropped, lb.silent, lb.drip])
def test_whole_text_survives_a_broken_end(rest: Callable[..., lb.Behaviour]) -> None:
    """Once `stop` was seen the text is whole, whatever happens to the usage that should follow."""
    with lb.Server(rest(lb.chunk("ab", "stop"))) as server:
        answer = ask(server, usage_timeout=0.3)
    assert Decimal(answer.seconds) < 5  # far below the read timeout and the deadline
    assert (answer.text, answer.finish, answer.usage) == ("ab", "stop", Usage())


# --- what passes is tried again -----------------------------------------------------------------------------------


def test_tries_are_limited() -> None:
    """After max_tries the error says what was wrong and how often it was tried; it was not billed."""
    with lb.Server(lb.status(503)) as server:
        error = refused(server)
    assert isinstance(error, trouble.Unavailable)
    assert len(server.requests) == 3
    assert "trouble 503" in str(error)
    assert "3 tries" in str(error)
    assert not error.maybe_billed


def test_no_connection() -> None:
    """Where nobody listens the error says so; it was not billed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    waits: list[Event] = []
    nobody = Endpoint(f"http://127.0.0.1:{port}/v1", "m", KEY, first_wait=0.01, max_tries=3)
    with Client(nobody) as client, pytest.raises(trouble.Unavailable, match="no connection") as caught:
        client.ask(REQUEST, listen=waits.append)
    assert not caught.value.maybe_billed
    assert [event.kind for event in waits] == ["retry", "sent-again"] * 2


def date_in(seconds: int) -> str:
    """An HTTP date."""
    return email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("headers", [{"retry-after": "121"}, {"retry-after": date_in(86_400)}])
def test_too_long_a_wait_is_an_error(headers: dict[str, str]) -> None:
    """A wait above max_retry_wait is told, not waited."""
    with lb.Server(lb.status(429, None, headers), OK) as server:
        error = refused(server)
    assert isinstance(error, trouble.Unavailable)
    assert "asks to wait" in str(error)
    assert len(server.requests) == 1


def test_wait_asked() -> None:
    """Seconds, milliseconds and dates are understood; what is neither is no wait."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert trouble.wait_asked({"retry-after": "Thu, 01 Jan 2026 00:01:00 GMT"}, now) == 60
    assert trouble.wait_asked({"retry-after": "Wed, 31 Dec 2025 00:00:00 GMT"}, now) == 0
    assert trouble.wait_asked({"retry-after": "7", "retry-after-ms": "1500"}, now) == 1.5
    for odd in ("soon", "nan", "inf", ""):
        assert trouble.wait_asked({"retry-after": odd}, now) is None


def test_backoff_doubles_to_a_limit() -> None:
    """Waits double from the first one, a quarter by chance, and never exceed a minute."""
    assert 0.75 <= trouble.backoff(1, 1) <= 1
    assert 6 <= trouble.backoff(4, 1) <= 8
    assert trouble.backoff(50, 1) <= 60


# --- what does not pass -------------------------------------------------------------------------------------------


def test_redirects_are_not_followed() -> None:
    """The prompt goes to the address in the settings and to no other."""
    with (
        lb.Server(OK) as other,
        lb.Server(lb.status(308, None, {"location": f"{other.url}/chat/completions"})) as server,
    ):
        refused(server)
    assert not other.requests


def test_long_words_of_an_endpoint_are_cut() -> None:
    """An endpoint that sends the prompt back does not fill the terminal."""
    with lb.Server(lb.status(400, {"message": "x\n" * 5000})) as server:
        assert len(str(refused(server))) < 700


def test_cut_prompt() -> None:
    """An answer to a prompt that the endpoint cut is not usable; the answer is in the error, for the books."""
    with lb.Server(lb.stream_text(TEXT, usage={**lb.USAGE, "prompt_tokens": 4096})) as server:
        assert ask(server, replace(REQUEST, prompt_tokens=6800)).text == TEXT
        error = refused(server, replace(REQUEST, prompt_tokens=6900))
    assert isinstance(error, trouble.PromptCut)
    assert error.answer.usage.prompt == 4096
    assert error.maybe_billed


def test_usage_beside_the_cache() -> None:
    """An endpoint that counts cached tokens beside the others did not cut the prompt."""
    usage = {"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 6000}}
    with lb.Server(lb.stream_text(TEXT, usage=usage)) as server:
        assert ask(server, replace(REQUEST, prompt_tokens=6100)).text == TEXT
