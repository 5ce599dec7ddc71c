"""Asking an endpoint: what goes out, what a good answer gives, how a request ends."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from decimal import Decimal

import pytest

from s2c import trouble
from s2c.endpoint import Endpoint
from s2c.errors import ConfigError
from s2c.llm import Client
from s2c.model import Message, Usage
from tests import loopback as lb
from tests.endpoints import KEY, OK, REQUEST, TEXT, ask, endpoint, refused

# --- what a good answer gives -------------------------------------------------------------------------------------


def test_streamed_answer() -> None:
    """Text in pieces as it comes, finish, usage with cached and reasoning tokens, served model, request id, seconds."""
    pieces: list[str] = []
    with lb.Server(OK) as server, Client(endpoint(server)) as client:
        answer = client.ask(REQUEST, pieces.append)
    assert answer.text == "".join(pieces) == TEXT
    assert len(pieces) > 3
    assert answer.finish == "stop"
    assert answer.usage == Usage(prompt=10, completion=5, cached=4, reasoning=2, written=3)
    assert answer.served_model == lb.MODEL
    assert answer.request_id == "req-1"
    assert answer.cost == ""
    assert Decimal(answer.seconds) > 0
    assert answer.request is REQUEST


def test_what_is_sent() -> None:
    """Model, messages, the output limit, temperature, streaming with usage and the user's own fields; one request."""
    with lb.Server(OK) as server:
        ask(server, replace(REQUEST, temperature="0.2"), extra_body={"seed": 7})
    (received,) = server.requests
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.body == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "rules"}, {"role": "user", "content": "prompt"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 500,
        "temperature": 0.2,
        "seed": 7,
    }


def test_temperature_is_left_to_the_endpoint() -> None:
    """Without a temperature none is sent: reasoning models refuse the field."""
    with lb.Server(OK) as server:
        ask(server)
    assert "temperature" not in server.requests[0].body


@pytest.mark.parametrize("cost", [0.0123, "0.0123"])
def test_reported_cost(cost: object) -> None:
    """A cost that the provider reports is kept as decimal text, exactly."""
    with lb.Server(lb.stream_text("x", usage={**lb.USAGE, "cost": cost})) as server:
        assert ask(server).cost == "0.0123"


@pytest.mark.parametrize(
    ("behaviour", "finish", "text"),
    [
        (lb.stream_text(TEXT, "length"), "length", TEXT),
        (lb.stream_text("", "content_filter"), "content_filter", ""),
        (lb.stream_text("x", "error"), "broken: the endpoint reported an error", "x"),
        (lb.whole(TEXT), "stop", TEXT),
        (lb.whole(TEXT, "length"), "length", TEXT),
        (lb.whole(None), "stop", ""),
        (lb.stream_events(lb.chunk("ab"), lb.chunk(None, "stop")), "stop", "ab"),
        (lb.stream_events(lb.chunk("", "stop", refusal="I can't")), "refusal", ""),
        (lb.stream_events(lb.chunk("", reasoning_content="hm"), lb.chunk("ab", "stop"), "[DONE]"), "stop", "ab"),
        (lb.stream_events(lb.chunk("ab", "stop"), content_type="application/json"), "stop", "ab"),
        (lb.stream_events(lb.chunk("ab", "stop"), content_type="text/html", chunked=False), "stop", "ab"),
        (lb.body(b'\xef\xbb\xbf{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'), "stop", "a"),
        (lb.body(b': hi\r\nid: 1\r\ndata:{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}'), "stop", "a"),
    ],
)  # fmt: skip
def test_finish_and_text(behaviour: lb.Behaviour, finish: str, text: str) -> None:
    """`finish` is what the endpoint said, and `stop` only if it said so, however odd the form of its answer."""
    with lb.Server(behaviour) as server:
        answer = ask(server)
    assert (answer.finish, answer.text) == (finish, text)
    assert len(server.requests) == 1


# --- the name of the output limit ---------------------------------------------------------------------------------


def only(name: str) -> lb.Behaviour:
    """An endpoint that knows the output limit by this name alone."""

    def behave(exchange: lb.Exchange) -> None:
        other = next(one for one in ("max_tokens", "max_completion_tokens") if one != name)
        refusal = lb.status(400, {"message": f"Unsupported parameter: '{other}'", "code": "unsupported_parameter"})
        (OK if name in exchange.received.body else refusal)(exchange)

    return behave


def test_output_limit_by_the_old_name() -> None:
    """A server that refuses the new name is asked with the old one, and from then on at once."""
    with lb.Server(only("max_tokens")) as server, Client(endpoint(server)) as client:
        client.ask(REQUEST)
        client.ask(REQUEST)
    assert ["max_tokens" in one.body for one in server.requests] == [False, True, True]


def test_output_limit_by_a_fixed_name() -> None:
    """A name that the settings fix is not changed."""
    with lb.Server(only("max_completion_tokens")) as server:
        assert isinstance(refused(server, output_limit_param="max_tokens"), trouble.BadRequest)
    assert len(server.requests) == 1


def test_output_limit_that_is_too_high() -> None:
    """A refusal that only mentions the field is told after one more try, not for ever."""
    message = "max_completion_tokens or max_tokens is too large: 500"
    with lb.Server(lb.status(400, {"message": message})) as server:
        assert isinstance(refused(server), trouble.BadRequest)
    assert len(server.requests) == 2


# --- deadlines and stops ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [lb.drip(), lb.silent()])
def test_deadline_before_any_token(behaviour: lb.Behaviour) -> None:
    """The clock ends a request that drips or says nothing; it may be billed and is not sent again."""
    with lb.Server(behaviour) as server:
        error = refused(server, deadline=0.5)
        assert len(server.requests) == 1
    assert isinstance(error, trouble.Unavailable)
    assert error.maybe_billed
    assert "deadline" in str(error)


def test_stop_keeps_what_came() -> None:
    """A stop in the middle of an answer gives the text so far, long before a read would time out."""
    stop = threading.Event()
    with lb.Server(lb.silent(lb.chunk("ab"))) as server, Client(endpoint(server, read_timeout=600)) as client:
        answer = client.ask(REQUEST, lambda _text: stop.set(), stop)
    assert (answer.text, answer.finish) == ("ab", "broken: stopped")


def test_stop_before_any_token() -> None:
    """A stop before the first token is an error of its own; the request may be billed."""
    stop = threading.Event()

    def hang(exchange: lb.Exchange) -> None:
        stop.set()
        exchange.closing.wait()

    with lb.Server(hang) as server, Client(endpoint(server)) as client:
        with pytest.raises(trouble.Stopped) as caught:
            client.ask(REQUEST, stop=stop)
        assert caught.value.maybe_billed


def test_stop_while_waiting() -> None:
    """A stop between two tries ends the wait at once; nothing was billed."""
    stop = threading.Event()
    with lb.Server(lb.status(503)) as server, Client(endpoint(server, first_wait=600, max_retry_wait=600)) as client:
        with pytest.raises(trouble.Stopped) as caught:
            client.ask(REQUEST, stop=stop, listen=lambda _event: stop.set())
        assert not caught.value.maybe_billed
    assert len(server.requests) == 1


def test_trouble_of_the_listener_is_the_callers() -> None:
    """What `on_text` raises (a full disk) reaches the caller as it is."""

    def full(_text: str) -> None:
        raise OSError("disk full")

    with lb.Server(OK) as server, Client(endpoint(server)) as client, pytest.raises(OSError, match="disk full"):
        client.ask(REQUEST, full)


def test_many_at_once() -> None:
    """One client serves many threads; each gets its own answer."""

    def echo(exchange: lb.Exchange) -> None:
        lb.stream_text(f"echo of {exchange.received.prompt}")(exchange)

    answers: dict[int, str] = {}
    with lb.Server(echo) as server, Client(endpoint(server)) as client:

        def one(number: int) -> None:
            request = replace(REQUEST, messages=(Message("user", str(number)),))
            answers[number] = client.ask(request).text

        threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: f"echo of {number}" for number in range(12)}


# --- keys, headers, environment -----------------------------------------------------------------------------------


def test_missing_key_for_openai() -> None:
    """Without a key nothing is sent to OpenAI: the settings are wrong, and the variable is named."""
    for url in ("https://api.openai.com/v1", "https://eu.api.openai.com/v1"):
        with pytest.raises(ConfigError, match="no key") as caught:
            Client(Endpoint(url, "m", " \n"))
        assert "OPENAI_API_KEY" in caught.value.fix


def test_other_endpoints_need_no_key() -> None:
    """A local server gets a dummy key, and a key from a file loses its line end."""
    with lb.Server(OK) as server:
        ask(server, api_key="")
        ask(server, api_key=f"{KEY}\n")
    assert server.requests[0].headers["authorization"].startswith("Bearer s2c-")
    assert server.requests[1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": "two words"},
        {"api_key": "ключ"},
        {"base_url": "localhost:8000/v1"},
        {"base_url": "ftp://x/v1"},
        {"base_url": ""},
        {"output_limit_param": "max_new_tokens"},
    ],
)
def test_settings_that_cannot_work(changes: dict[str, str]) -> None:
    """They are refused when the client is made, without showing the key."""
    with pytest.raises(ConfigError) as caught:
        Client(replace(Endpoint("http://127.0.0.1:1/v1", "m", KEY), **changes))  # type: ignore[arg-type]
    assert changes.get("api_key", KEY) not in str(caught.value)


def test_the_key_is_in_no_repr() -> None:
    """Neither the endpoint nor the client shows the key, and messages show no password of the address."""
    settings = Endpoint(f"http://me:{KEY}@127.0.0.1:1/v1?x={KEY}", "m", KEY)
    assert (
        KEY not in repr(replace(settings, base_url="http://127.0.0.1:1/v1")) + repr(Client(settings)) + settings.place
    )


HOSTILE = {
    "OPENAI_ORG_ID": "org-1",
    "OPENAI_PROJECT_ID": "proj-1",
    "OPENAI_CUSTOM_HEADERS": "x-secret: 1",
    "OPENAI_ADMIN_KEY": "admin-1",
    "OPENAI_API_KEY": "sk-of-openai",
    "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
    "OPENAI_LOG": "debug",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
    "NO_PROXY": "",
    "no_proxy": "",
}


def test_nothing_of_the_environment_leaks() -> None:
    """Whatever variables are set, a third party gets the key alone; no proxy, no log; afterwards they are as before."""
    code = (
        "import logging, os, sys\nbefore = dict(os.environ)\n"
        "from s2c.llm import Client\nfrom s2c.endpoint import Endpoint\nfrom s2c.model import Message, Request\n"
        "assert 'openai' not in sys.modules and 'httpx2' not in sys.modules\n"
        f"client = Client(Endpoint(sys.argv[1], 'm', '{KEY}', max_tries=1))\n"
        "answer = client.ask(Request('k', 'm', (Message('user', 'hi'),), 9))\n"
        "assert before == dict(os.environ) and not logging.getLogger().handlers\nprint(answer.text)\n"
    )
    with lb.Server(lb.stream_text("ok")) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url],
            capture_output=True, text=True, check=False, env={**os.environ, **HOSTILE},
        )  # fmt: skip
    assert (done.stdout, done.stderr) == ("ok\n", "")
    sent = server.requests[0].headers
    assert not {"openai-organization", "openai-project", "x-secret"} & sent.keys()
    assert sent["authorization"] == f"Bearer {KEY}"
