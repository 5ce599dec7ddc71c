"""Tagged sections of a Verus source: `// <vc-code>` to `// </vc-code>` and the like.

Law: what is a comment, Rust says: a tag in a string, a raw string or a block comment is none.
"""

from collections.abc import Iterator

from s2c.languages import tagged
from s2c.languages.tagged import Sections
from s2c.languages.verus.lexer import pieces
from s2c.model import Span


def read(source: bytes) -> Sections:
    """The sections of a source, blanked."""
    return tagged.read(source, _line_comments)


def _line_comments(source: bytes, position: int) -> Iterator[Span]:
    return (Span(one.start, one.end) for one in pieces(source, position) if one.kind == "line")
