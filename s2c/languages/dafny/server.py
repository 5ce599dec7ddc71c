"""`dafny server` of Dafny 4 as a screen: the language server's protocol on standard input and output.

Law: a clause is refuted by one thing only: a diagnostic of the verifier, for this very document, that names a place
inside the clause as the postcondition that could not be proved. A file is refuted by errors at places of it, each of
the phase that failed. Symbols that failed, budgets that were used up and silence refute nothing. Every document has a
name of its own, so no word about another one is taken for an answer.

Measured with 4.11.0: half a second a file where a process of its own takes two; 200 MB after 160 files. Its errors are
those of a cold run in the same words, at lines that are counted from 0. The server writes a log into its own `lib`
folder if it may; logs are no part of the tool's identity.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2c.languages.base import Job, Reading
from s2c.languages.dafny import implied, modern
from s2c.languages.dafny.output import CRASH_MESSAGE, Said
from s2c.languages.dafny.places import diagnostics, in_utf16
from s2c.languages.screens import Gone, Pipe, Question
from s2c.model import Span, VerdictKind
from s2c.process import Limits, Run, Tool

PATIENCE = 20.0  # seconds for one document: what takes longer is not worth it
START = 30.0  # seconds for the first word
LIFE = 3600  # seconds of wall clock for one server
MEMORY = 3 * 1024**3  # bytes of data: a server has 0.2 GB after 160 small files
LARGEST = 64 * 1024 * 1024  # bytes of one message
FAILED, PROVED = 4, 5  # of a symbol
BROKEN = {"ParsingFailed": ("Parser", VerdictKind.SYNTAX), "ResolutionFailed": ("Resolver", VerdictKind.TYPE)}
CRASHED = "InternalException"
DOUBTFUL = re.compile(f"Verification |.*(?:{CRASH_MESSAGE.pattern})", re.DOTALL)  # a budget was used up, or worse
NAMED = "could not be proved"

CONTROL = """lemma {{:axiom}} Odd{0}(n: int)
  ensures n == n + {1}
method {2}
  ensures r == n + {1}
{{
  r := n + {1};
}}
method {3}
  ensures r > {1}
{{
  r := {1};
}}
lemma {4}
  ensures n > {1}
  ensures false
{{
  Odd{0}(n);
}}
"""


@dataclass(frozen=True)
class Heard:
    """What was said of one document: errors and warnings, statuses of its symbols by place, the phase that failed."""

    said: tuple[Said, ...] = ()
    statuses: tuple[int, ...] = ()
    failed: tuple[str, VerdictKind] | None = None


class DafnyScreen:
    """How Dafny 4 stays warm. See `s2c.languages.screens.Screen`."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool

    def run(self) -> Run:
        """The server, with the budget of a cold run."""
        limits = ("--cores:1", f"--resource-limit:{modern.RESOURCES}", "--verification-time-limit:0")
        command = (*self._tool.command, "server", *limits, "--cache-verification:0")
        return Run(command, {}, Limits(LIFE, 0, MEMORY), environment=modern.ENVIRONMENT)

    def question(self, job: Job, path: str, clause: Span | None) -> Question | None:
        """None where options, several members or files named on the command line make a cold run another one."""
        if job.options or job.members != (path,) or implied.inputs(job):
            return None
        return Question(job.files, path, clause)

    def converse(self, pipe: Pipe) -> "Talk":
        """Begin."""
        return Talk(pipe)


class Talk:
    """One conversation. See `s2c.languages.screens.Conversation`."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._buffer = b""
        self._send(
            {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}}
        )
        if not any(one.get("id") == 1 and "result" in one for one in self._messages(START)):
            raise Gone("it does not begin")
        self._send({"method": "initialized", "params": {}})

    def ask(self, place: Path, question: Question) -> Reading | None:
        """What refutes the clause, or the file."""
        path = place / question.path
        heard = self._heard(path)
        if question.clause is None:
            return _refuted(question.files, heard)
        clause = range(question.clause.start, question.clause.end)
        return Reading(VerdictKind.FAILED, {}) if any(at in clause for at in _unproved(path, heard)) else None

    def is_sound(self, place: Path, salt: int) -> bool:
        """One file: a method that is right, one that is wrong, and a twin in which `false` follows from an axiom."""
        path = place / f"control{salt}.dfy"
        own = (f"Right{salt}(n: int) returns (r: int)", f"Wrong{salt}() returns (r: int)", f"Twin{salt}(n: int)")
        text = CONTROL.format(salt, salt + 1, *own)
        path.write_text(text, encoding="utf-8")
        heard = self._heard(path)
        refuted = _unproved(path, heard)
        wrong = text.index(f"ensures r > {salt + 1}")
        at = range(wrong, wrong + len(f"ensures r > {salt + 1}"))
        proved = heard.statuses == (PROVED, PROVED, FAILED, PROVED)
        return proved and bool(refuted) and all(one in at for one in refuted)

    def _heard(self, path: Path) -> Heard:
        source, uri = path.read_bytes(), path.as_uri()
        document = {"uri": uri, "languageId": "dafny", "version": 1, "text": source.decode("utf-8", "surrogateescape")}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        try:
            return self._until_done(uri)
        finally:
            self._send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": uri}}})

    def _until_done(self, uri: str) -> Heard:
        said: tuple[Said, ...] = ()
        for message in self._messages(PATIENCE):
            params = message.get("params")
            if not isinstance(params, dict) or params.get("uri") != uri or params.get("version") != 1:
                continue  # of another document, or none
            if message.get("method") == "textDocument/publishDiagnostics":
                told = params.get("diagnostics") or ()
                said = tuple(_said(uri, one) for one in told if one.get("severity") in {1, 2})
            if message.get("method") == "dafny/compilation/status":
                if params.get("status") in BROKEN:
                    return Heard(said, failed=BROKEN[params["status"]])
                if params.get("status") == CRASHED:
                    return Heard()
            if message.get("method") == "dafny/textDocument/symbolStatus":
                found = [(_place(one), one.get("status")) for one in params.get("namedVerifiables", [])]
                statuses = tuple(status for _, status in sorted(found))
                if statuses and all(isinstance(one, int) and one >= FAILED for one in statuses):
                    return Heard(said, statuses)
        raise Gone("no answer in time")

    def _send(self, message: Mapping[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._pipe.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def _messages(self, patience: float) -> Iterator[dict[str, Any]]:
        """What comes, until patience ends. What the server asks is answered, or it would wait."""
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            while (message := self._next()) is not None:
                if "id" in message and "method" in message:
                    self._send({"id": message["id"], "result": None})
                yield message
            self._buffer += self._pipe.read()

    def _next(self) -> dict[str, Any] | None:
        """A whole message out of what came; None if there is none yet. Raises Gone for what is no message."""
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        if not mark:
            if len(head) > LARGEST:
                raise Gone("it floods")
            return None
        length = _length(head)
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        try:
            message = json.loads(rest[:length])
        except (ValueError, RecursionError):
            raise Gone("it sends no JSON") from None
        if not isinstance(message, dict):
            raise Gone("it sends no message")
        return message


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and int(value) <= LARGEST:
            return int(value)
    raise Gone("it sends no length")


def _said(uri: str, one: Mapping[str, Any]) -> Said:
    """One diagnostic as a cold run tells it, lines counted from 1."""
    location = one.get("location") or {"uri": uri, "range": one.get("range")}
    start = (location.get("range") or {}).get("start") or {}
    return Said(
        path=str(location.get("uri")),
        line=int(start.get("line", -1)) + 1,
        column=int(start.get("character", -1)),
        severity=modern.SEVERITIES.get(one.get("severity", 4), "error"),
        message=str(one.get("message")),
        source=str(one.get("source", "")),
        related=tuple(_said(uri, other) for other in one.get("relatedInformation") or ()),
    )


def _refuted(files: Mapping[str, bytes], heard: Heard) -> Reading | None:
    """The reading of a file with errors; None where it has none, or any that another run may not have."""
    source, kind = heard.failed or ("Verifier", VerdictKind.FAILED)
    errors = [one for one in heard.said if one.severity == "error"]
    if not errors or (heard.failed is None and FAILED not in heard.statuses):
        return None
    sure = (one.source == source and not DOUBTFUL.match(one.message) for one in errors)
    if not all(sure):
        return None
    return Reading(kind, {}, diagnostics(files, heard.said, in_utf16), errors[0].message)


def _unproved(path: Path, heard: Heard) -> list[int]:
    """Where, in bytes of this document, postconditions stand that the verifier names as what could not be proved."""
    source, uri = path.read_bytes(), path.as_uri()
    errors = (one for one in heard.said if one.source == "Verifier" and one.severity == "error")
    named = (one for error in errors for one in error.related if one.path == uri and NAMED in one.message)
    return [_offset(source, one.line - 1, one.column) for one in named]


def _place(verifiable: Mapping[str, Any]) -> tuple[int, int]:
    start = (verifiable.get("nameRange") or {}).get("start") or {}
    return int(start.get("line", -1)), int(start.get("character", -1))


def _offset(source: bytes, line: int, column: int) -> int:
    """The byte at a place; -1 where there is none."""
    lines = source.split(b"\n")
    if not 0 <= line < len(lines) or column < 0:
        return -1
    before = lines[line].decode("utf-8", "replace").encode("utf-16-le")[: 2 * column].decode("utf-16-le", "ignore")
    return sum(len(one) + 1 for one in lines[:line]) + len(before.encode())
