"""Records as JSON, and rows as sealed bytes.

Law: what is read is exactly what was written, or DamagedError; never a guess. A sealed row carries a checksum over its
key and its content, or, with a secret, an HMAC: then whoever does not know the secret can't write one. All text is
valid UTF-8: a lone surrogate is written as its JSON escape.
"""

import hashlib
import hmac
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from s2c.digest import Json, canonical, digest_bytes
from s2c.model import Answer, Attempt, Diagnostic, Implementation, Refusal, Request, Usage, VerdictKind

T = TypeVar("T")

MAGIC = b"S2C1"  # the form of a sealed row: magic, 32 bytes of checksum or HMAC, zlib of canonical JSON
_TAG = 32
_LARGEST = 1 << 28  # bytes of a row unpacked: a small row from a stranger must not fill the memory


class DamagedError(Exception):
    """These bytes are not what was written; the message says what is wrong with them."""


@dataclass(frozen=True)
class Supersede:
    """A wish of a person: from now on the implementation with this identity stands for the obligation.

    `over` names the supersede records that were the newest when this one was made. So the newest one is known without
    clocks or counters, and two branches can be merged.
    """

    obligation: str
    fills: str  # identity of the implementation
    over: tuple[str, ...] = ()


Stored = Implementation | Attempt | Answer | Supersede


# --- text ---------------------------------------------------------------------------------------------------------


def encode(value: Json) -> bytes:
    """Canonical JSON that is valid UTF-8."""
    raw = canonical(value)
    if b"\xed" not in raw:  # no surrogate is encoded without this byte
        return raw
    text = raw.decode("utf-8", "surrogatepass")
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", joined).encode()


def decode(raw: bytes) -> Json:
    """The value that `encode` wrote. Raises DamagedError."""
    try:
        value: Json = json.loads(raw.decode(), parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError):
        raise DamagedError("it is not JSON as s2c writes it") from None
    return value


def _no_float(text: str) -> NoReturn:
    raise ValueError(text)


# --- rows ---------------------------------------------------------------------------------------------------------


def seal(key: str, value: Json, secret: bytes = b"") -> bytes:
    """`value` as a row under `key`."""
    raw = encode(value)
    return MAGIC + _tag(key, raw, secret) + zlib.compress(raw)


def unseal(key: str, row: bytes, secret: bytes = b"") -> Json:
    """The value in a row. Raises DamagedError; also when it was sealed under another key or with another secret."""
    if row[: len(MAGIC)] != MAGIC:
        raise DamagedError("it does not begin as a row of s2c")
    start = len(MAGIC) + _TAG
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(row[start:], _LARGEST)
    except zlib.error:
        raise DamagedError("it can't be unpacked") from None
    if not unpacker.eof or unpacker.unused_data:
        raise DamagedError("it is cut off, too large, or too long")
    if not hmac.compare_digest(row[len(MAGIC) : start], _tag(key, raw, secret)):
        raise DamagedError("its signature is not of this machine" if secret else "its checksum is wrong")
    return decode(raw)


def _tag(key: str, raw: bytes, secret: bytes) -> bytes:
    content = key.encode("utf-8", "surrogatepass") + bytes(1) + raw
    return hmac.digest(secret, content, "sha256") if secret else hashlib.sha256(content).digest()


# --- records ------------------------------------------------------------------------------------------------------


def to_json(record: Stored) -> dict[str, Json]:
    """A record as plain data. `verified` is there only where true; an answer goes without the prompt's messages."""
    data: dict[str, Json] = dict(vars(record))  # not asdict: it copies every text's every container, ten times slower
    if isinstance(record, Implementation):
        data["fills"] = dict(record.fills)
        if not record.verified:
            del data["verified"]
    elif isinstance(record, Attempt):
        data["fills"] = dict(record.fills)
        data["diagnostics"] = [vars(one) for one in record.diagnostics]
        data["refusals"] = [vars(one) for one in record.refusals]
    elif isinstance(record, Answer):
        asked = {name: value for name, value in vars(record.request).items() if name != "messages"}
        data["request"] = {**asked, "expected": dict(record.request.expected)}
        data["usage"] = vars(record.usage)
    else:
        data["over"] = list(record.over)
    return data


def identity(record: Stored) -> str:
    """What makes this record the same as another one under the same key, as hex."""
    if isinstance(record, Implementation):
        return digest_bytes(encode(dict(record.fills)))
    if isinstance(record, Attempt):
        return digest_bytes(encode([record.asking, record.number, record.request, dict(record.fills)]))
    return digest_bytes(encode(to_json(record)))


def belongs_to(record: Stored) -> str:
    """The key that the record is found by: the request's for an answer, else the obligation's."""
    return record.request.key if isinstance(record, Answer) else record.obligation


def from_json(kind: str, data: Json) -> Stored:
    """The record that `to_json` wrote. Raises DamagedError on anything else, an unknown field among it."""
    try:
        record = _READERS[kind](_Fields(data))
    except (KeyError, ValueError) as error:
        raise DamagedError(f"it is no record of kind {kind!r}: {error}") from None
    if encode(to_json(record)) != encode(data):
        raise DamagedError(f"it is no record of kind {kind!r}: it has other fields")
    return record


class _Fields:
    """The fields of a JSON object, each of the type that is asked for. Raises KeyError or ValueError."""

    def __init__(self, data: Json) -> None:
        if not isinstance(data, Mapping):
            raise ValueError("no object")  # noqa: TRY004 - one error for whatever a stranger can write
        self._data: Mapping[str, Any] = data

    def text(self, name: str) -> str:
        return self._typed(name, self._data[name], str)

    def number(self, name: str) -> int:
        value = self._data[name]
        return self._typed(name, None if isinstance(value, bool) else value, int)

    def flag(self, name: str) -> bool:
        return self._typed(name, self._data.get(name, False), bool)

    def texts(self, name: str) -> dict[str, str]:
        found = self._typed(name, self._data[name], dict)
        return {self._typed(name, key, str): self._typed(name, value, str) for key, value in found.items()}

    def list(self, name: str) -> list[Any]:
        return self._typed(name, self._data[name], list)

    def fields(self, name: str) -> "_Fields":
        return _Fields(self._data[name])

    @staticmethod
    def _typed(name: str, value: object, kind: type[T]) -> T:
        if not isinstance(value, kind):
            raise ValueError(f"{name} is of the wrong type")  # noqa: TRY004 - as above
        return value


def _implementation(data: _Fields) -> Implementation:
    return Implementation(
        data.text("obligation"), data.texts("fills"), data.text("author"), data.text("model"), data.text("path"),
        verified=data.flag("verified"),
    )  # fmt: skip


def _attempt(data: _Fields) -> Attempt:
    return Attempt(
        data.text("obligation"), data.text("asking"), data.number("number"), data.texts("fills"),
        VerdictKind(data.text("verdict")), data.text("reason"),
        tuple(_diagnostic(_Fields(one)) for one in data.list("diagnostics")),
        tuple(_refusal(_Fields(one)) for one in data.list("refusals")),
        data.text("model"), data.text("request"),
    )  # fmt: skip


def _diagnostic(data: _Fields) -> Diagnostic:
    return Diagnostic(
        data.text("path"), data.number("line"), data.number("column"), data.text("severity"), data.text("message"),
        data.text("excerpt"),
    )  # fmt: skip


def _refusal(data: _Fields) -> Refusal:
    return Refusal(data.text("rule"), data.text("message"), data.text("hole"), data.number("line"))


def _answer(data: _Fields) -> Answer:
    asked, used = data.fields("request"), data.fields("usage")
    request = Request(
        asked.text("key"), asked.text("model"), (), asked.number("max_output"), asked.text("temperature"),
        asked.texts("expected"), asked.text("nonce"), asked.number("prompt_tokens"),
    )  # fmt: skip
    usage = Usage(*(used.number(name) for name in ("prompt", "completion", "cached", "reasoning", "written")))
    return Answer(
        request, data.text("text"), data.text("finish"), usage, data.text("served_model"), data.text("request_id"),
        data.text("cost"), data.text("seconds"),
    )  # fmt: skip


def _supersede(data: _Fields) -> Supersede:
    over = tuple(one for one in data.list("over") if isinstance(one, str))
    return Supersede(data.text("obligation"), data.text("fills"), over)


_READERS: Mapping[str, Callable[[_Fields], Stored]] = {
    "implementation": _implementation,
    "attempt": _attempt,
    "answer": _answer,
    "supersede": _supersede,
}
KINDS = tuple(_READERS)


def kind_of(record: Stored) -> str:
    """The word for a record's kind."""
    return type(record).__name__.lower()
