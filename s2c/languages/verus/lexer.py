"""Where comments and literals of Rust begin and end, and what no parser could mend.

Law: one pass, no way back: what is never closed reaches to the end of the text and is told. This is a second reading
beside the grammar's: a fill is refused where the two don't agree about what is a comment and what a string.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from s2c.languages.texts import problem
from s2c.languages.verus.syntax import plain
from s2c.model import Problem

MAX_DEPTH = 500  # nested brackets; rustc itself stops at 128
MAX_PIECES = 60_000  # brackets, comments and literals of one file
MAX_SIGNS = 200_000  # characters of a file that are no letters, digits or blanks; a million bytes of code have half

_LEX = re.compile(
    rb"""(?P<line>//[^\n]*+) | (?P<block>/\*)
    | (?<![A-Za-z0-9_\x80-\xff])(?P<raw>[bc]?r(?P<hashes>\#*+)")
    | (?P<string>"(?:[^"\\]|\\.)*+(?P<closed>"?))
    | (?P<char>'(?:[^'\\\n\r\t\x80-\xff]|[\xc0-\xff][\x80-\xbf]+
        |\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F_]+\}|[^xu\n\x80-\xff]))')
    | '[A-Za-z_\x80-\xff]++""",
    re.VERBOSE | re.DOTALL,
)
_PREFIX = re.compile(rb"(?<![A-Za-z0-9_\x80-\xff])[bc]\Z")
_BLOCK_MARK = re.compile(rb"/\*|\*/")
_MARKS = re.compile(rb"[][(){}~`\\]")
_SIGN = re.compile(rb"[!-/:-@[-^`{-~]")
_CLOSING = {b"(": b")", b"[": b"]", b"{": b"}"}
_NAMES = {"block": "comment", "raw": "raw string", "string": "string"}


class Piece(NamedTuple):
    """A comment (`line`, `block`) or a literal (`raw`, `string`, `char`): bytes `start` to `end`."""

    kind: str
    start: int
    end: int
    closed: bool


def pieces(source: bytes, position: int = 0) -> Iterator[Piece]:
    """Comments, strings and characters from `position` on; nothing else."""
    while (match := _LEX.search(source, position)) is not None:
        kind = match.lastgroup or "lifetime"
        kind = "raw" if match["raw"] is not None else "string" if match["string"] is not None else kind
        start, position, closed = match.start(), match.end(), True
        if kind == "block":
            position, closed = _block_end(source, position)
        elif kind == "raw":
            position, closed = _raw_end(source, position, match["hashes"])
        elif kind == "string":
            closed = match["closed"] == b'"'
        if kind in {"string", "char"} and _PREFIX.search(source, max(start - 2, 0), start):
            start -= 1
        if kind != "lifetime":
            yield Piece(kind, start, position, closed)


def problems(source: bytes) -> tuple[Problem, ...]:
    """The first thing in a source that makes it no tree of tokens: told at its place, with what to do."""
    stack: list[int] = []
    count = position = 0
    text = plain(source)
    if len(_SIGN.findall(text)) > MAX_SIGNS:
        return (Problem(1, 1, f"more than {MAX_SIGNS} signs: split this file"),)
    for piece in chain(pieces(text), [Piece("line", len(text), len(text), closed=True)]):
        for mark in _MARKS.finditer(text, position, piece.start):
            count += 1
            told = _mark(source, mark, stack)
            if told is not None:
                return (told,)
        count += 1
        if not piece.closed:
            return (problem(source, piece.start, f"this {_NAMES[piece.kind]} is never closed"),)
        if count > MAX_PIECES:
            return (problem(source, piece.start, f"more than {MAX_PIECES} brackets and literals: split this file"),)
        position = piece.end
    return (_unclosed(source, stack[0]),) if stack else ()


def _mark(source: bytes, mark: re.Match[bytes], stack: list[int]) -> Problem | None:
    """Bracket by bracket; the first that is wrong."""
    text, at = mark[0], mark.start()
    if text in _CLOSING:
        stack.append(at)
        return problem(source, at, "brackets are nested too deeply here") if len(stack) > MAX_DEPTH else None
    if text in {b"~", b"`", b"\\"}:
        return problem(source, at, f"syntax error: `{text.decode()}` is no character of Verus outside strings")
    if not stack:
        return problem(source, at, f"this `{text.decode()}` closes nothing: balance the brackets before it")
    opening = stack.pop()
    if _CLOSING[source[opening : opening + 1]] != text:
        wanted = _CLOSING[source[opening : opening + 1]].decode()
        line = source.count(b"\n", 0, opening) + 1
        message = f"`{text.decode()}` where `{wanted}` must close the bracket of line {line}: balance the brackets"
        return problem(source, at, message)
    return None


def _unclosed(source: bytes, at: int) -> Problem:
    bracket = source[at : at + 1].decode()
    macro = re.search(rb"\b(verus_?)\s*!\s*\Z", source[max(at - 40, 0) : at])
    what = f"`{macro[1].decode()}!{bracket}`" if macro else f"`{bracket}`"
    return problem(source, at, f"{what} is never closed: a closing bracket is missing in it or at its end")


def _block_end(source: bytes, position: int) -> tuple[int, bool]:
    depth = 1
    for mark in _BLOCK_MARK.finditer(source, position):
        depth += 1 if mark[0] == b"/*" else -1
        if depth == 0:
            return mark.end(), True
    return len(source), False


def _raw_end(source: bytes, position: int, hashes: bytes) -> tuple[int, bool]:
    end = source.find(b'"' + hashes, position)
    return (len(source), False) if end < 0 else (end + 1 + len(hashes), True)
