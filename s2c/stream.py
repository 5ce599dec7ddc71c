"""The body of a response: bytes as they arrive become payloads, payloads become text, finish reason and usage.

Law: nothing that an endpoint sends raises anything but `BadBodyError`, and `finish` is a reason that the endpoint
itself gave, or "broken: why". What the body is, is decided by its first byte, not by its headers: a stream of events,
one JSON text from a server that ignores `stream`, or a web page.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from s2c.model import Usage
from s2c.trouble import Failure, shortened

DONE = "[DONE]"
_HTTP_STATUS = range(100, 600)
_CONTENT = re.compile(r'"content"\s*:\s*"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))+)')


class BadBodyError(Exception):
    """The body says, or shows, that there is no answer in it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def payloads(chunks: Iterable[bytes]) -> Iterator[str]:
    """The JSON texts in a body, as they arrive: the data of each event, or the body itself if it is one JSON text.

    What `chunks` raises in the middle of a body is raised here, after all that had come before it.
    """
    lines = _lines(chunks)
    for line in lines:
        if line.strip():
            break
    else:
        return
    line = line.lstrip()
    if line.startswith(b"<"):
        raise BadBodyError(Failure("the endpoint sent a web page, not an answer", status=200))
    if line.startswith((b"{", b"[")):
        yield from _one_text(line, lines)
        return
    yield from _events(line, lines)


def _one_text(first: bytes, rest: Iterator[bytes]) -> Iterator[str]:
    """A body that is one JSON text. One that breaks off was paid for too: what it holds of the answer comes first."""
    lines, broke = [first], None
    try:
        for line in rest:
            lines.append(line)  # noqa: PERF402 - what came before an exception counts
    except Exception as error:  # noqa: BLE001 - raised again below
        broke = error
    text = b"\n".join(lines).decode("utf-8", "replace")
    if found := _CONTENT.search(text) if broke or not _is_json(text) else None:
        content = json.loads(f'"{found[1]}"')
        yield json.dumps({"choices": [{"delta": {"content": content}}]})
    if broke is not None:
        raise broke
    yield text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _events(first: bytes, rest: Iterator[bytes]) -> Iterator[str]:
    data = _data(first)
    for line in rest:
        if line:
            data += _data(line)
        elif data:
            yield b"\n".join(data).decode("utf-8", "replace")
            data = []
    if data:
        yield b"\n".join(data).decode("utf-8", "replace")


def _data(line: bytes) -> list[bytes]:
    """What a line of an event adds to its data; comments, names and ids add nothing."""
    return [line.removeprefix(b"data:").removeprefix(b" ")] if line.startswith(b"data:") else []


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, the last one too if `chunks` raises in it.

    Only LF ends a line: JSON texts may hold every other separator.
    """
    buffer, broke = bytearray(), None
    try:
        for chunk in chunks:
            buffer += chunk
            if b"\n" in chunk:
                *whole, rest = bytes(buffer).split(b"\n")
                buffer = bytearray(rest)
                yield from map(_plain, whole)
    except Exception as error:  # noqa: BLE001 - raised again below
        broke = error
    if buffer:
        yield _plain(bytes(buffer))
    if broke is not None:
        raise broke


def _plain(line: bytes) -> bytes:
    return line.removesuffix(b"\r").removeprefix(b"\xef\xbb\xbf")


@dataclass
class Collected:
    """What has arrived of one answer so far."""

    parts: list[str] = field(default_factory=list)
    finish: str = ""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    id: str = ""
    cost: str = ""
    begun: bool = False  # a token arrived, if only one of reasoning: somebody will pay
    refused: bool = False

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(self.parts)

    def feed(self, payload: str) -> str:
        """Take one payload in; the text that it adds. Raises BadBodyError."""
        found = _object(payload)
        if found.get("error") or found.get("object") == "error":
            raise BadBodyError(_told_failure(found))
        self.model = _text(found.get("model")) or self.model
        self.id = _text(found.get("id")) or self.id
        self._count(found.get("usage"))
        choices = found.get("choices")
        return "".join([self._choice(choice) for choice in choices]) if isinstance(choices, list) else ""

    def ended(self) -> str:
        """Why the answer ended, once nothing more comes."""
        if self.finish == "error":
            return "broken: the endpoint reported an error"
        if self.refused and self.finish == "stop" and not self.text:
            return "refusal"
        return self.finish or "broken: the stream ended without a finish reason"

    def _choice(self, choice: object) -> str:
        if not isinstance(choice, dict) or choice.get("index", 0) not in {0, None}:
            return ""
        self.finish = _text(choice.get("finish_reason")) or self.finish
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return ""
        text = _text(delta.get("content"))
        thought = delta.get("reasoning_content") or delta.get("reasoning") or delta.get("reasoning_details")
        self.refused = self.refused or bool(delta.get("refusal"))
        self.begun = self.begun or bool(text or thought or delta.get("refusal"))
        if text:
            self.parts.append(text)
        return text

    def _count(self, usage: object) -> None:
        if not isinstance(usage, dict):
            return
        prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
        self.usage = Usage(
            prompt=_whole(usage, "prompt_tokens"),
            completion=_whole(usage, "completion_tokens"),
            cached=_whole(prompt, "cached_tokens"),
            reasoning=_whole(completion, "reasoning_tokens"),
            written=_whole(prompt, "cache_write_tokens"),
        )
        self.cost = _money(usage.get("cost")) or self.cost


def failure_in(body: object, status: int | None = None) -> Failure:
    """What an error body says: OpenAI's shape, or one of the others that servers use."""
    inner = body["error"] if isinstance(body, dict) and isinstance(body.get("error"), dict) else body
    if not isinstance(inner, dict):
        return Failure(shortened(str(inner or "no reason given")), status)
    code, kind = inner.get("code"), inner.get("type")
    message = inner.get("message") or inner.get("detail") or inner.get("error") or "no reason given"
    if status is None and str(code).isdecimal() and int(str(code)) in _HTTP_STATUS:
        status = int(str(code))
    words = " ".join(str(word) for word in (code, kind, inner.get("param")) if word)
    return Failure(shortened(str(message)), status, words)


def _told_failure(found: Mapping[str, object]) -> Failure:
    failure = failure_in(dict(found))
    return Failure(f"the endpoint reported an error: {failure.message}", failure.status, failure.code)


def _object(payload: str) -> dict[str, object]:
    try:
        found = json.loads(payload, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadBodyError(Failure("the endpoint sent a broken event (not JSON)", maybe_billed=True)) from None
    if not isinstance(found, dict):
        raise BadBodyError(Failure("the endpoint's answer is not a chat completion", status=200))
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(found: object, name: str) -> int:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, int) and value > 0 else 0


def _money(value: object) -> str:
    """A cost as decimal text, "" if it is none."""
    if not isinstance(value, (int, Decimal, str)) or isinstance(value, bool):
        return ""
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return ""
    return format(amount, "f") if amount.is_finite() and amount >= 0 else ""
