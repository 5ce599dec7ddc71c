"""Loopback servers as endpoints of s2c, with short waits, and what every error of theirs must hold."""

import traceback
from dataclasses import replace

import pytest

from s2c import trouble
from s2c.endpoint import Endpoint
from s2c.llm import Client
from s2c.model import Answer, Message, Request
from tests import loopback as lb

KEY = "sk-very-secret-1234567890"
REQUEST = Request("b2:request:1", "m-1", (Message("system", "rules"), Message("user", "prompt")), 500)
TEXT = "The quick brown fox; größer ∀x \u2028 done."
OK = lb.stream_text(TEXT)


def endpoint(server: lb.Server, **changes: object) -> Endpoint:
    """That server as an endpoint, with short waits."""
    short = Endpoint(
        server.url, "m-1", KEY, first_wait=0.01, max_retry_wait=2, max_tries=3, deadline=20, read_timeout=10
    )
    return replace(short, **changes)  # type: ignore[arg-type]  # names and types are the tests' own


def ask(server: lb.Server, request: Request = REQUEST, **changes: object) -> Answer:
    """One request to that server."""
    with Client(endpoint(server, **changes)) as client:
        return client.ask(request)


def refused(server: lb.Server, request: Request = REQUEST, **changes: object) -> trouble.RequestError:
    """The error that one request to that server raises; it never shows the key."""
    with pytest.raises(trouble.RequestError) as caught:
        ask(server, request, **changes)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.__context__)
    assert KEY not in shown
    assert caught.value.where == server.url
    assert caught.value.fix
    return caught.value
