"""What a run of `lean` said: messages at places, and what axioms a declaration rests on.

Law: a pass is believed only in exactly the known form: JSON, one message a line, and nothing else. Plain text (`lean`
without `--json`, `lake build`) is read too, so that a failure is told as one, but it never makes a pass.
"""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from s2c.languages.lean.names import parts
from s2c.model import Diagnostic

SEVERITIES = {"error": "error", "warning": "warning", "information": "info", "info": "info"}
LONGEST = 4000  # characters of a message that are kept: goals can be long, and a model reads them
MOST = 200  # messages of a run that are kept
# `F:L:C: error(lean.kind): message` of lean, `error: F:L:C: message` of lake
LEAN_LINE = re.compile(
    r"(?P<path>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): (?P<word>error|warning|info)(?:\((?P<kind>[^)]*)\))?: ?"
    r"(?P<message>.*)"
)
LAKE_LINE = re.compile(
    r"(?P<word>error|warning|info): (?P<path>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)"
)
LAKE_NOISE = re.compile(
    r"[\u2716\u26a0\u2714\u2139] \[\d+/\d+\] .*|trace: .*|Some required (?:builds|targets) logged failures:|- \S+"
    r"|error: build failed|Build completed successfully.*|info: (?:stdout|stderr):"
)
EXITED = re.compile(r"error: Lean exited with code \d+")
NO_AXIOMS = re.compile(r"'(?P<name>.+)' does not depend on any axioms")
AXIOMS = re.compile(r"'(?P<name>.+)' depends on axioms:\s+\[(?P<axioms>[^\]]*)\]", re.DOTALL)
AXIOMS_BEGIN = re.compile(r"'.+' depends on axioms:")
Names = tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """One message. `column` counts from 0 in characters; `kind` is Lean's own tag for it."""

    path: str
    line: int
    column: int
    severity: str
    message: str
    kind: str = ""


@dataclass(frozen=True)
class Output:
    """Standard output, taken apart. `stray`: lines that no rule knows; `text`: some of it was not JSON."""

    said: tuple[Said, ...] = ()
    stray: tuple[str, ...] = ()
    text: bool = False

    @property
    def errors(self) -> tuple[Said, ...]:
        """The errors among the messages."""
        return tuple(one for one in self.said if one.severity == "error")


def take_apart(text: str) -> Output:
    """The messages of a run, and what is none."""
    said: list[Said] = []
    stray: list[str] = []
    in_text = False  # whether a line that is not understood continues the message before
    plain = False
    for line in text.split("\n"):
        found = _json(line) or _text(line)
        if found is not None:
            said.append(found)
            in_text = not line.startswith("{")
            plain = plain or in_text
        elif LAKE_NOISE.fullmatch(line) or EXITED.fullmatch(line):
            plain, in_text = True, False
        elif in_text:
            if len(said[-1].message) <= LONGEST:
                said[-1] = replace(said[-1], message=f"{said[-1].message}\n{line}")
        elif line.strip():
            stray.append(line)
    return Output(tuple(said), tuple(stray), plain)


def _json(line: str) -> Said | None:
    """A message in JSON, or None if the line does not have exactly the known form."""
    if not line.startswith("{"):
        return None
    try:
        value: Any = json.loads(line)
        severity, data, path = value["severity"], value["data"], value["fileName"]
        place, kind = value["pos"], value.get("kind", "")
        if not all(isinstance(one, str) for one in (data, path, kind)):
            return None
        return Said(path, _number(place["line"]), _number(place["column"]), SEVERITIES[severity], data, kind)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _number(value: Any) -> int:  # noqa: ANN401 - JSON of another program, checked here
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _text(line: str) -> Said | None:
    """A message in plain text, its first line; an axioms line has no place there."""
    match = LEAN_LINE.fullmatch(line) or LAKE_LINE.fullmatch(line)
    if match is not None:
        kind = match.groupdict().get("kind") or ""
        severity = SEVERITIES[match["word"]]
        return Said(match["path"], int(match["line"][:9]), int(match["column"][:9]), severity, match["message"], kind)
    if NO_AXIOMS.fullmatch(line) or AXIOMS_BEGIN.match(line):
        return Said("", 0, 0, "info", line)
    return None


# --- axioms -------------------------------------------------------------------------------------------------------


def axioms(said: Sequence[Said]) -> tuple[list[tuple[Names, tuple[str, ...]]], list[Said]]:
    """Each declaration (parts of its name) with the axioms that it rests on, in the order told; and other messages."""
    told: list[tuple[Names, tuple[str, ...]]] = []
    others: list[Said] = []
    for one in said:
        found = _axioms(one.message.strip()) if one.severity == "info" else None
        if found is None:
            others.append(one)
        else:
            told.append(found)
    return told, others


def _axioms(message: str) -> tuple[Names, tuple[str, ...]] | None:
    if match := NO_AXIOMS.fullmatch(message):
        return parts(match["name"]), ()
    if match := AXIOMS.fullmatch(message):
        names = tuple(one.strip() for one in match["axioms"].split(","))
        return (parts(match["name"]), names) if all(names) else None
    return None


# --- places -------------------------------------------------------------------------------------------------------


def diagnostics(files: Mapping[str, bytes], said: Sequence[Said]) -> tuple[Diagnostic, ...]:
    """Each message once, errors first: at a 1-based place of the job's files, with the line that it speaks of."""
    lines: dict[str, list[bytes]] = {}
    found: dict[Diagnostic, None] = {}
    for one in sorted(said, key=lambda one: one.severity != "error")[:MOST]:
        path = _known(files, one.path)
        if path not in lines:
            lines[path] = files.get(path, b"").split(b"\n")
        number = max(one.line, 1)
        excerpt = b"".join(lines[path][number - 1 : number]).decode("utf-8", "replace").rstrip("\r")
        message = one.message.strip()
        message = message if len(message) <= LONGEST else message[:LONGEST] + " ..."
        found[Diagnostic(path, number, one.column + 1, one.severity, message, excerpt)] = None
    return tuple(found)


def _known(files: Mapping[str, bytes], told: str) -> str:
    """The job's name for a path: itself, or the longest name that it ends in."""
    path = posixpath.normpath(told) if told else ""
    if path in files:
        return path
    return max((name for name in files if path.endswith("/" + name)), key=len, default=path)
