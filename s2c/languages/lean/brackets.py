"""Brackets that don't match, which the grammar lets pass.

Law: brackets are counted within one command, so one that is lost is told at its own declaration. Angle brackets count
only where no bar stands beside one: `⟨n|` and `|n⟩` are notation, and are right as they are.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from s2c.languages.lean.sections import Sections
from s2c.languages.lean.syntax import Token
from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.model import Problem

_PAIRS = {b"(": b")", b"[": b"]", b"{": b"}", "⟨".encode(): "⟩".encode()}
_CLOSERS = frozenset(_PAIRS.values())
_BRA_KET = re.compile(r"\|[^|\n⟨⟩]*⟩|⟨[^|\n⟨⟩]*\|(?!>)".encode())


def unmatched(words: Sequence[Token], *, angles: bool = True) -> Token | None:
    """The first bracket among these tokens that has no partner. Pieces of interpolated strings are brackets too."""
    stack: list[Token] = []
    for word in words:
        opens, closes = _sides(word)
        if not angles and (opens or closes) in {"⟨".encode(), "⟩".encode()}:
            continue
        if closes:
            if not stack or _PAIRS[_sides(stack[-1])[0]] != closes:
                return stack[-1] if stack else word
            stack.pop()
        if opens:
            stack.append(word)
    return stack[0] if stack else None


def unbalanced(words: Sequence[Token], cut: Sections) -> Iterator[Problem]:
    """Brackets without a partner, the first of each command."""
    angles = _BRA_KET.search(cut.blanked) is None
    plain = [word for word in words if word.kind != "vc_tag"]
    starts = [word.start for word in plain]
    told = 0
    for command in cut.root.children:
        inside = plain[bisect_left(starts, command.start_byte) : bisect_left(starts, command.end_byte)]
        lost = unmatched(inside, angles=angles) if command.type == "command" else None
        if lost is not None and told < MAX_PROBLEMS:
            told += 1
            name = lost.text.decode("utf-8", "replace")
            yield problem(cut.blanked, lost.start, f"the bracket `{name[:20]}` has no partner in this declaration")


def _sides(word: Token) -> tuple[bytes, bytes]:
    """What a token opens and what it closes."""
    if word.kind == "string":
        return (b"{" if word.text.endswith(b"{") else b"", b"}" if word.text.startswith(b"}") else b"")
    if word.kind in {"open", "attribute_open"}:
        return (word.text.removeprefix(b"@") if word.text.removeprefix(b"@") in _PAIRS else b"", b"")
    if word.kind in {"close", "attribute_close"}:
        closer = word.text.removesuffix(b"'")
        return (b"", closer if closer in _CLOSERS else b"")
    return (b"", b"")
