"""Tagged sections of a Dafny source: `// <vc-code>` to `// </vc-code>` and the like.

Law: what is a comment, Dafny says: a tag in a string, a verbatim string or a block comment is none.
"""

import re
from collections.abc import Iterator

from s2c.languages import tagged
from s2c.languages.tagged import Sections
from s2c.model import Span

_LEX = re.compile(
    rb"""(?P<line>//[^\n]*) | (?P<block>/\*)
    | @"(?:[^"]|"")*+" | "(?:[^"\\\n]|\\.)*+"
    | '(?:[^'\\\n\x80-\xff]|[\xc0-\xff][\x80-\xbf]+|\\(?:[^uU\n]|u[0-9a-fA-F]{4}|U\{[0-9a-fA-F_]+\}))'
    | 0x[0-9a-fA-F](?:_?[0-9a-fA-F])*+ | [0-9]++ | [A-Za-z_?][A-Za-z0-9_?']*+""",
    re.VERBOSE,
)
_BLOCK_MARK = re.compile(rb"/\*|\*/")


def read(source: bytes) -> Sections:
    """The sections of a source, blanked."""
    return tagged.read(source, _line_comments)


def _line_comments(source: bytes, position: int) -> Iterator[Span]:
    return (span for kind, span in comments_and_words(source, position) if kind == "line")


def comments_and_words(source: bytes, position: int = 0) -> Iterator[tuple[str, Span]]:
    """Lexical pieces from `position` on: `line` and `block` comments; everything else is `other`."""
    while (match := _LEX.search(source, position)) is not None:
        kind = match.lastgroup or "other"
        position = _block_end(source, match.end()) if kind == "block" else match.end()
        yield kind, Span(match.start(), position)


def _block_end(source: bytes, position: int) -> int:
    depth = 1
    for mark in _BLOCK_MARK.finditer(source, position):
        depth += 1 if mark[0] == b"/*" else -1
        if depth == 0:
            return mark.end()
    return len(source)
