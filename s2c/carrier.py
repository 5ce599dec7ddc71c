"""What travels between the host and a worker, as plain bytes: a run and how its verifier is found, and what came of it.

Law: JSON only, never an object of ours. What a worker sends is a stranger's text until every type and size in it has
been looked at; what can't be read is `UnreadableError`, never a result. No key, no store and no setting of a project
travels, and of an environment only what a language names for a run.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from s2c.process import Limits, RawRun, Run

MOST = 512 * 1024 * 1024  # characters of one message
DEEPEST = 100  # commands that follow in one run

Kind = TypeVar("Kind")


class UnreadableError(ValueError):
    """A message that is not what it must be."""


@dataclass(frozen=True)
class Wanted:
    """How a worker finds a verifier: as the host was told to, without the project's folder."""

    language: str
    command: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class Errand:
    """What a worker is sent: `run` may be None, then it only says who it is. `client` names whose runs end together."""

    client: str
    tools: tuple[Wanted, ...]
    run: Run | None = None


@dataclass(frozen=True)
class Reply:
    """What it sends back. `tools`: language -> identity, or what is wrong with it there, after `!`."""

    rules: str  # s2c's version there, and the digest of what runs and carries
    tools: Mapping[str, str]
    raw: RawRun | None = field(default=None, repr=False)


def pack_errand(errand: Errand) -> bytes:
    """An errand as bytes."""
    tools = [asdict(one) for one in errand.tools]
    return _dump({"client": errand.client, "tools": tools, "run": errand.run and _packed_run(errand.run)})


def errand(message: bytes) -> Errand:
    """An errand from bytes. Raises UnreadableError."""
    data = _load(message)
    run = data.get("run")
    tools = [
        Wanted(_text(one, "language"), _texts(one.get("command")), _texts(one.get("files")))
        for one in (_table(item) for item in _list(data.get("tools")))
    ]
    return Errand(_text(data, "client"), tuple(tools), None if run is None else _run(_table(run)))


def pack_reply(reply: Reply) -> bytes:
    """A reply as bytes."""
    return _dump(
        {"rules": reply.rules, "tools": dict(reply.tools), "raw": reply.raw and _packed_raw(reply.raw)},
    )


def reply(message: object) -> Reply:
    """A reply, from whatever a worker gave. Raises UnreadableError."""
    if not isinstance(message, bytes) or len(message) > MOST:
        raise UnreadableError("a reply must be bytes, and not too many")
    data = _load(message)
    raw = data.get("raw")
    return Reply(_text(data, "rules"), _strings(data.get("tools")), None if raw is None else _raw(_table(raw)))


def _packed_run(run: Run) -> dict[str, object]:
    return {**asdict(run), "files": _packed(run.files)}


def _packed_raw(raw: RawRun) -> dict[str, object]:
    return {
        **{name: getattr(raw, name) for name in ("exit", "killed", "missing", "wall_ms", "cpu_ms")},
        "stdout": _base64(raw.stdout),
        "stderr": _base64(raw.stderr),
        "collected": _packed(raw.collected),
        "then": [_packed_raw(one) for one in raw.then],
    }


def _run(data: Mapping[str, object]) -> Run:
    limits = _table(data.get("limits"))
    return Run(
        command=_texts(data.get("command")),
        files=_files(data.get("files")),
        limits=Limits(*(_number(limits, name) for name in ("wall_seconds", "cpu_seconds", "memory_bytes"))),
        collect=_texts(data.get("collect")),
        then=tuple(_texts(one) for one in _list(data.get("then"))),
        environment=_strings(data.get("environment")),
    )


def _raw(data: Mapping[str, object]) -> RawRun:
    then = [_table(one) for one in _list(data.get("then"))]
    if len(then) > DEEPEST or any(one.get("then") for one in then):
        raise UnreadableError("too many runs in one")
    return RawRun(
        exit=None if data.get("exit") is None else _number(data, "exit"),
        stdout=_bytes(data.get("stdout")),
        stderr=_bytes(data.get("stderr")),
        collected=_files(data.get("collected")),
        killed=_text(data, "killed"),
        missing=_text(data, "missing"),
        wall_ms=_number(data, "wall_ms"),
        cpu_ms=_number(data, "cpu_ms"),
        then=tuple(_raw(one) for one in then),
    )


def _dump(data: Mapping[str, object]) -> bytes:
    return json.dumps(data).encode("ascii")


def _load(message: bytes) -> Mapping[str, object]:
    try:
        return _table(json.loads(message))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"no JSON: {error}") from None


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _packed(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: _base64(content) for name, content in files.items()}


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_is(value, str), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError("no base64") from None


def _files(value: object) -> dict[str, bytes]:
    return {name: _bytes(content) for name, content in _table(value).items()}


def _strings(value: object) -> dict[str, str]:
    return {name: _is(one, str) for name, one in _table(value).items()}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_is(one, str) for one in _list(value))


def _text(data: Mapping[str, object], name: str) -> str:
    return _is(data.get(name), str)


def _number(data: Mapping[str, object], name: str) -> int:
    value = _is(data.get(name), int)
    if isinstance(value, bool) or abs(value) >= 1 << 62:
        raise UnreadableError(f"{name} is no number of this kind")
    return value


def _list(value: object) -> Sequence[object]:
    found: list[object] = _is(value, list)
    return found


def _table(value: object) -> dict[str, object]:
    found: dict[str, object] = _is(value, dict)
    return found


def _is(value: object, kind: type[Kind]) -> Kind:
    if not isinstance(value, kind):
        raise UnreadableError(f"{type(value).__name__} in place of {kind.__name__}")
    return value
