"""What went wrong with a request: an error that later code can tell from others, and whether another try makes sense.

Law: a request is sent again only if its first sending brought no token and the trouble is one that passes, by its kind
or by the endpoint's own word. Nothing here knows the SDK.
"""

import email.utils
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from s2c.errors import AskError
from s2c.model import Answer

LONGEST_BACKOFF = 60.0  # seconds between two tries where the endpoint does not say
LONGEST_MESSAGE = 300  # characters of an endpoint's own words; some send the whole prompt back
_PASSING = frozenset({408, 409, 425, 429})
_OVERFLOW = (
    "context_length", "context length", "context size", "context window", "maximum context", "prompt is too long",
    "input is too long", "too many tokens", "maximum number of tokens", "exceed_context_size",
)  # fmt: skip
_FILTER = (
    "content_filter",
    "content_policy",
    "content management policy",
    "responsibleaipolicy",
    "moderation",
    "flagged",
)
_QUOTA = ("insufficient_quota", "billing", "insufficient credits", "credit balance", "exceeded your current quota")


class RequestError(AskError):
    """A request that brought no usable answer. `maybe_billed`: the endpoint may have worked on it all the same."""

    def __init__(self, what: str, *, where: str = "", fix: str = "", maybe_billed: bool = False) -> None:
        super().__init__(what, where=where, fix=fix)
        self.maybe_billed = maybe_billed


class ContextOverflow(RequestError):  # noqa: N818 - named by what happened, as the field names it
    """The prompt does not fit the model: send less at once."""


class ContentFilter(RequestError):  # noqa: N818 - same
    """The endpoint refuses this prompt for what it says."""


class QuotaExhausted(RequestError):  # noqa: N818 - same
    """The account is out of money or quota: no request will work until a person pays."""


class BadKey(RequestError):  # noqa: N818 - same
    """The endpoint does not take the key, or the key may not use this model."""


class BadRequest(RequestError):  # noqa: N818 - same
    """The endpoint does not understand the request: a setting is wrong, and every request will fail the same way."""


class Unavailable(RequestError):  # noqa: N818 - same
    """The endpoint could not answer, after every try that made sense."""


class Stopped(RequestError):  # noqa: N818 - same
    """The run was stopped before anything arrived."""


class PromptCut(RequestError):  # noqa: N818 - same
    """The endpoint answered a prompt that it had cut. `answer` was paid for, and can't be used."""

    def __init__(self, answer: Answer, *, where: str = "") -> None:
        super().__init__(
            f"the endpoint cut the prompt: it read {answer.usage.prompt} of {answer.request.prompt_tokens} tokens",
            where=where,
            fix="raise the context length of the server (Ollama: num_ctx), or set a smaller batch_size",
            maybe_billed=True,
        )
        self.answer = answer


@dataclass(frozen=True)
class Failure:
    """What an endpoint, or the way to it, did instead of answering. `message` holds no key."""

    message: str
    status: int | None = None
    code: str = ""  # the endpoint's own words for the kind of error
    wait: float | None = None  # seconds that it asks to wait
    may_retry: bool | None = None  # what it says itself about another try
    maybe_billed: bool = False
    stopped: bool = False


def retries(failure: Failure) -> bool:
    """Whether this kind of trouble passes. An endpoint's own word decides where the kind leaves it open."""
    kind = _kind(failure)
    if failure.stopped or failure.may_retry is False or kind not in {None, BadRequest}:
        return False
    status = failure.status
    passes = status is None or status >= 500 or status in _PASSING  # noqa: PLR2004 - HTTP's own limit
    return failure.may_retry or (kind is None and passes)


def error(failure: Failure, where: str, tries: int = 1) -> RequestError:
    """The error to raise for it."""
    odd = failure.status is not None and failure.status >= 300  # noqa: PLR2004 - HTTP: not a success
    said = f"the endpoint answered {failure.status}: {failure.message}" if odd else failure.message
    billed = failure.maybe_billed
    kind = Stopped if failure.stopped else _kind(failure)
    if kind is not None:
        return kind(said, where=where, fix=_fix(kind, failure.status), maybe_billed=billed)
    if failure.status is not None or retries(failure) or failure.maybe_billed:
        told = f"{said} (after {tries} tries)" if tries > 1 else said
        return Unavailable(told, where=where, fix=_fix(Unavailable, failure.status), maybe_billed=billed)
    return BadRequest(said, where=where, fix=_fix(BadRequest, failure.status), maybe_billed=billed)


def backoff(tries: int, first: float) -> float:
    """Seconds to wait after the `tries`-th try: doubling from `first`, up to a quarter less by chance."""
    return min(first * 2.0 ** (tries - 1), LONGEST_BACKOFF) * (1 - secrets.randbelow(256) / 1024)


def wait_asked(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that an answer's headers ask to wait, from `retry-after-ms` or `retry-after` (seconds or a date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    return _until(text, now or datetime.now(UTC)) if seconds is None and text else seconds


def shortened(text: str) -> str:
    """An endpoint's own words on one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + " ..."


def _kind(failure: Failure) -> type[RequestError] | None:
    """The error class of a failure that no second try can mend; None for the rest."""
    status, words = failure.status, f"{failure.code} {failure.message}".lower()
    if status == 413 or (_is_request_fault(status) and any(word in words for word in _OVERFLOW)):  # noqa: PLR2004
        return ContextOverflow
    if _is_request_fault(status) and any(word in words for word in _FILTER):
        return ContentFilter
    if status == 402 or any(word in words for word in _QUOTA):  # noqa: PLR2004 - HTTP: payment required
        return QuotaExhausted
    if status in {401, 403}:
        return BadKey
    if status is not None and status < 500 and status not in _PASSING:  # noqa: PLR2004 - HTTP's own limit
        return BadRequest
    return None


def _is_request_fault(status: int | None) -> bool:
    """Whether the words of a failure may speak of what was sent, and not of the endpoint's own trouble."""
    return status is None or status in {400, 403, 422}


def _fix(kind: type[RequestError], status: int | None) -> str:
    if kind is BadRequest and status == 404:  # noqa: PLR2004 - HTTP: not found
        return "check model and base_url: the endpoint does not know one of them"
    if kind is BadRequest and status == 200:  # noqa: PLR2004 - HTTP: a page that is no answer
        return "check base_url: an API's address mostly ends in /v1"
    if kind is BadRequest and status is not None and status < 400:  # noqa: PLR2004 - HTTP: redirections
        return "set base_url to the address that it redirects to; s2c does not send prompts on by itself"
    return {
        BadRequest: "check base_url, model, temperature and max_output against what this endpoint supports",
        BadKey: "check the key in the variable that api_key_env names, and that it may use this model",
        QuotaExhausted: "check the account's balance and limits",
        ContextOverflow: "set a smaller batch_size or max_output, or a model with a larger context",
        ContentFilter: "look at the specs of this request; the endpoint refuses what they say",
        Unavailable: "try again later; what was paid for is kept",
    }.get(kind, "")


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(value, 0.0) if math.isfinite(value) else None


def _until(text: str, now: datetime) -> float | None:
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds(), 0.0)
