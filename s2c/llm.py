"""One streamed request and its retries; the only importer of openai.

Law: what has brought a token is never sent again: it comes back as an Answer, whole or "broken: why". The key is in no
message, log or repr. Each request ends: a deadline by the clock bounds it, whatever drips in. openai is imported when
something is asked, not before (it costs most of a second).
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from s2c import endpoint as endpoints
from s2c import trouble
from s2c.endpoint import AUTO, LIMIT_NAMES, Endpoint
from s2c.inbox import Inbox
from s2c.model import Answer, Event, Request
from s2c.pace import Pace, Turn
from s2c.stream import DONE, BadBodyError, Collected, failure_in, payloads
from s2c.tokens import cut_ratio
from s2c.tries import Tries
from s2c.trouble import Failure, PromptCut

if TYPE_CHECKING:
    import openai

LONG_KEY = 16  # characters; what is shorter may be a word of an answer, as the dummy keys of local servers are
_ENVIRONMENT = threading.Lock()
_NEVER = ("OPENAI_LOG",)
_OPENAI_ONLY = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS", "OPENAI_ADMIN_KEY")

OnText = Callable[[str], None]
Listen = Callable[[Event], None]


class Client:
    """Asks one endpoint. Safe in any thread; checks its settings when it is made, connects when it is asked."""

    def __init__(self, endpoint: Endpoint) -> None:
        endpoints.check(endpoint)
        self.endpoint = endpoint
        self.where = endpoint.place
        self._limit_name = LIMIT_NAMES[0] if endpoint.output_limit_param == AUTO else endpoint.output_limit_param
        self._pace = Pace(endpoint.requests, endpoint.max_retry_wait)
        self._lock = threading.Lock()
        self._sdk: openai.OpenAI | None = None

    def turn(self, request: Request, stop: threading.Event | None = None) -> Turn:
        """A place among the requests that are out, to be waited for before `ask`. See pace.py."""
        return self._pace.turn(request, stop)

    def ask(
        self,
        request: Request,
        on_text: OnText = lambda _text: None,
        stop: threading.Event | None = None,
        listen: Listen = lambda _event: None,
        turn: Turn | None = None,
    ) -> Answer:
        """One chat completion, streamed: `on_text` gets each piece as it arrives, in the calling thread.

        Raises a `trouble.RequestError` if no token came. `stop` ends it within a moment: what has come is returned.
        `listen` hears a `retry` event before each wait, and `sent-again` after it. `turn`: the place that it has; one
        is waited for if it has none.
        """
        if turn is None:
            with self.turn(request, stop) as own:
                return self.ask(request, on_text, stop, listen, own)
        tries, limit_name = Tries(self.endpoint), self._limit_name
        while True:
            outcome = self._once(request, limit_name, on_text, stop, turn)
            if isinstance(outcome, Answer):
                self._limit_name = limit_name
                return self._read_whole(outcome)
            if limit_name == self._limit_name and self._is_about(outcome, limit_name):
                limit_name = LIMIT_NAMES[1 - LIMIT_NAMES.index(limit_name)]
                continue
            turn.refused(outcome)
            wait = tries.wait(outcome)
            turn.leave()  # before it is told: who hears it may wait for money that others, who wait for a place, hold
            listen(_retry(request, outcome, tries.made, wait))
            self._sleep(wait, stop)
            turn.take()
            listen(Event("sent-again", {"request": request.key, "tries": tries.made}))

    def close(self) -> None:
        """Close all connections. The client can be asked again; it then connects anew."""
        with self._lock:
            sdk, self._sdk = self._sdk, None
        if sdk is not None:
            sdk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # --- one try ------------------------------------------------------------------------------------------------

    def _once(
        self, request: Request, limit_name: str, on_text: OnText, stop: threading.Event | None, turn: Turn
    ) -> Answer | Failure:
        """Send once, from a thread of its own, so that neither a silent endpoint nor a drip can hold the caller."""
        begun = time.monotonic()
        one = Inbox(begun + self.endpoint.deadline, turn)
        arguments = self._arguments(request, limit_name)
        threading.Thread(target=self._read, args=(arguments, one), name="s2c-ask", daemon=True).start()
        collected = Collected()
        try:
            failure = self._collect(one, collected, on_text, stop)
        finally:
            one.gone.set()
        if not collected.begun and collected.finish in {"", "error"}:
            said = "reported an error" if collected.finish else "closed the stream without a word"
            return failure or Failure(f"the endpoint {said}", maybe_billed=True)
        broken = f"broken: {failure.message}" if failure is not None and not collected.finish else ""
        return Answer(
            request=request,
            text=self._without_key(collected.text),
            finish=broken or collected.ended(),
            usage=collected.usage,
            served_model=self._without_key(collected.model),
            request_id=self._without_key(one.request_id or collected.id),
            cost=collected.cost,
            seconds=f"{time.monotonic() - begun:.3f}",
        )

    def _collect(
        self, one: Inbox, collected: Collected, on_text: OnText, stop: threading.Event | None
    ) -> Failure | None:
        """Take in what arrives until it ends; what went wrong, if something did."""
        for item in one.arriving(stop):
            if isinstance(item, Failure):
                return item
            try:
                text = collected.feed(item)
            except BadBodyError as error:
                return self._redacted(error.failure)
            if collected.begun:
                one.turn.spoke()
            if text:
                on_text(self._without_key(text))
            if collected.finish:  # only the usage is still to come
                one.deadline = min(one.deadline, time.monotonic() + self.endpoint.usage_timeout)
        return None

    def _read(self, arguments: Mapping[str, Any], one: Inbox) -> None:
        """In its own thread: send, and put what arrives into the inbox until it ends or nobody waits any more."""
        try:
            response = self._client().chat.completions.with_raw_response.create(**arguments).http_response
            try:
                one.request_id = response.headers.get("x-request-id", "")
                one.turn.told(response.headers)
                for payload in payloads(one.while_wanted(response.iter_bytes())):
                    if payload.startswith(DONE):
                        break
                    one.items.put(payload)
            finally:
                response.close()
            one.items.put(None)
        except Exception as error:  # noqa: BLE001 - the asking thread must hear of everything
            one.turn.told(getattr(getattr(error, "response", None), "headers", {}))
            one.items.put(self._redacted(_meaning(error)))

    def _arguments(self, request: Request, limit_name: str) -> dict[str, Any]:
        temperature = request.temperature or self.endpoint.temperature
        return {
            "model": request.model or self.endpoint.model,
            "messages": [{"role": one.role, "content": one.content} for one in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            limit_name: request.max_output,
            "extra_body": dict(self.endpoint.extra_body) or None,
            **({"temperature": float(temperature)} if temperature else {}),
        }

    def _client(self) -> "openai.OpenAI":
        with self._lock:
            if self._sdk is None:
                self._sdk = _connect(self.endpoint)
            return self._sdk

    # --- what came of it ----------------------------------------------------------------------------------------

    def _read_whole(self, answer: Answer) -> Answer:
        """The answer, if the endpoint read all of the prompt. A cached part may be counted beside the rest."""
        usage = answer.usage
        seen = usage.prompt + (usage.cached if usage.cached > usage.prompt else 0)
        if usage.prompt and seen < answer.request.prompt_tokens * cut_ratio():
            raise PromptCut(answer, where=self.where)
        return answer

    def _is_about(self, failure: Failure, limit_name: str) -> bool:
        """Whether the endpoint refuses this name of the output limit, and the other one may be tried."""
        named = limit_name in f"{failure.message} {failure.code}"
        return self.endpoint.output_limit_param == AUTO and failure.status in {400, 422} and named

    def _sleep(self, seconds: float, stop: threading.Event | None) -> None:
        if stop is None:
            time.sleep(seconds)
        elif stop.wait(seconds):
            raise trouble.error(Failure("stopped before another try", stopped=True), self.where)

    def _without_key(self, text: str) -> str:
        """What an endpoint sends is kept and shown; one that sends the key back must not have it kept."""
        return text.replace(self.endpoint.key, "***") if len(self.endpoint.key) >= LONG_KEY else text

    def _redacted(self, failure: Failure) -> Failure:
        return replace(failure, message=failure.message.replace(self.endpoint.key, "***"))


def _retry(request: Request, failure: Failure, tries: int, wait: float) -> Event:
    data = {"request": request.key, "reason": failure.message, "status": failure.status, "tries": tries}
    return Event("retry", {**data, "seconds": f"{wait:.2f}", "maybe_billed": failure.maybe_billed})


def _connect(endpoint: Endpoint) -> "openai.OpenAI":
    """The SDK's client: no retries, no redirects, no logs, and nothing of the environment to third parties."""
    with _hidden(_NEVER if endpoint.is_openai else (*_NEVER, *_OPENAI_ONLY)):
        import httpx2  # noqa: PLC0415 - with openai below: most of a second
        import openai  # noqa: PLC0415 - same

        logging.getLogger("openai").setLevel(logging.WARNING)
        return openai.OpenAI(
            api_key=endpoint.key,
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=httpx2.Timeout(connect=10, read=endpoint.read_timeout, write=60, pool=30),
            http_client=openai.DefaultHttpx2Client(follow_redirects=False, trust_env=not endpoint.is_local),
        )


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """The environment without these variables, for as long as it takes to read it."""
    with _ENVIRONMENT:
        kept = {name: os.environ.pop(name) for name in names if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(kept)


def _meaning(error: Exception) -> Failure:
    """What an exception of the SDK, the connection or the body means."""
    import httpx2  # noqa: PLC0415 - already imported when this runs
    import openai  # noqa: PLC0415 - same

    if isinstance(error, BadBodyError):
        return error.failure
    if isinstance(error, openai.APIStatusError):
        said = failure_in(error.body or error.response.reason_phrase, error.status_code)
        may_retry = {"true": True, "false": False}.get(error.response.headers.get("x-should-retry", ""))
        return replace(said, wait=trouble.wait_asked(error.response.headers), may_retry=may_retry)
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
    name = type(cause).__name__
    if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)):
        hopeless = "CERTIFICATE_VERIFY" in str(cause)
        return Failure(trouble.shortened(f"no connection: {cause}"), may_retry=False if hopeless else None)
    if isinstance(cause, httpx2.TimeoutException):
        return Failure(f"the endpoint was silent for too long ({name})", maybe_billed=True)
    if isinstance(cause, httpx2.TransportError) and not isinstance(cause, httpx2.UnsupportedProtocol):
        return Failure(f"the connection broke ({name})", maybe_billed=True)
    return Failure(trouble.shortened(f"the request could not be sent: {name}: {cause}"), may_retry=False)
