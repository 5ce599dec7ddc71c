"""`dafny server` of Dafny 4 as a screen: the language server's protocol on standard input and output.

Law: a clause is refuted by one thing only: a diagnostic of the verifier, for this very document, that names a place
inside the clause as the postcondition that could not be proved. Symbols that failed, time-outs and silence refute
nothing. Every document has a name of its own, so no word about another one is taken for an answer.

Measured with 4.11.0: half a second a file where a process of its own takes two; 200 MB after 160 files. The server
writes a log into its own `lib` folder if it may; logs are no part of the tool's identity.
"""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from s2c.languages.base import Job
from s2c.languages.dafny import implied, modern
from s2c.languages.screens import Gone, Pipe, Question
from s2c.model import Span
from s2c.process import Limits, Run, Tool

PATIENCE = 20.0  # seconds for one document: what takes longer is not worth it
START = 30.0  # seconds for the first word
LIFE = 3600  # seconds of wall clock for one server
MEMORY = 3 * 1024**3  # bytes of data: a server has 0.2 GB after 160 small files
LARGEST = 64 * 1024 * 1024  # bytes of one message
FAILED, PROVED = 4, 5  # of a symbol
BROKEN = frozenset({"ParsingFailed", "ResolutionFailed", "InternalException"})
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


class DafnyScreen:
    """How Dafny 4 stays warm. See `s2c.languages.screens.Screen`."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool

    def run(self) -> Run:
        """The server, with the budget of a cold run."""
        limits = ("--cores:1", f"--resource-limit:{modern.RESOURCES}", "--verification-time-limit:0")
        command = (*self._tool.command, "server", *limits, "--cache-verification:0")
        return Run(command, {}, Limits(LIFE, 0, MEMORY), environment={"DOTNET_TieredPGO": "0"})

    def question(self, job: Job, path: str, clause: Span) -> Question | None:
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

    def ask(self, place: Path, question: Question) -> bool:
        """Whether the clause is refuted."""
        return any(question.clause.start <= at < question.clause.end for at in self._refuted(place / question.path)[0])

    def is_sound(self, place: Path, salt: int) -> bool:
        """One file: a method that is right, one that is wrong, and a twin in which `false` follows from an axiom."""
        path = place / f"control{salt}.dfy"
        own = (f"Right{salt}(n: int) returns (r: int)", f"Wrong{salt}() returns (r: int)", f"Twin{salt}(n: int)")
        text = CONTROL.format(salt, salt + 1, *own)
        path.write_text(text, encoding="utf-8")
        refuted, statuses = self._refuted(path)
        wrong = text.index(f"ensures r > {salt + 1}")
        at = range(wrong, wrong + len(f"ensures r > {salt + 1}"))
        return statuses == [PROVED, PROVED, FAILED, PROVED] and bool(refuted) and all(one in at for one in refuted)

    def _refuted(self, path: Path) -> tuple[list[int], list[int]]:
        """Offsets, in bytes, of postconditions that could not be proved; the statuses of all symbols, by place."""
        source, uri = path.read_bytes(), path.as_uri()
        document = {"uri": uri, "languageId": "dafny", "version": 1, "text": source.decode("utf-8", "surrogateescape")}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        try:
            places, statuses = self._until_done(uri)
        finally:
            self._send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": uri}}})
        return [_offset(source, line, column) for line, column in places], statuses

    def _until_done(self, uri: str) -> tuple[list[tuple[int, int]], list[int]]:
        places: list[tuple[int, int]] = []
        for message in self._messages(PATIENCE):
            params = message.get("params")
            if not isinstance(params, dict) or params.get("uri") != uri or params.get("version") != 1:
                continue  # of another document, or none
            if message.get("method") == "textDocument/publishDiagnostics":
                places = list(_unproved(params, uri))
            if message.get("method") == "dafny/compilation/status" and params.get("status") in BROKEN:
                return [], []
            if message.get("method") == "dafny/textDocument/symbolStatus":
                found = [(_place(one), one.get("status")) for one in params.get("namedVerifiables", [])]
                statuses = [status for _, status in sorted(found)]
                if statuses and all(isinstance(one, int) and one >= FAILED for one in statuses):
                    return places, statuses
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


def _unproved(params: Mapping[str, Any], uri: str) -> Iterator[tuple[int, int]]:
    """Places (line, UTF-16 column, from 0) of this document that diagnostics name as what could not be proved."""
    for one in params.get("diagnostics") or ():
        if one.get("source") != "Verifier" or one.get("severity") != 1:
            continue
        for related in one.get("relatedInformation") or ():
            location = related.get("location") or {}
            if location.get("uri") == uri and NAMED in str(related.get("message")):
                start = (location.get("range") or {}).get("start") or {}
                yield int(start.get("line", -1)), int(start.get("character", -1))


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
