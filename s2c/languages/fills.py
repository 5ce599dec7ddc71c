"""What every language asks of a fill as text, before any parser reads it.

Law: no text of a model may pose as a marker of a section or of an answer, and none may hide what a reader sees.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from s2c.model import Hole, Outline, Refusal

MARKER = re.compile(r"</?vc-[a-z]+>|@@S2C-")
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # categories of Unicode
# letters, marks and signs that show nothing; the two selectors that stand behind emoji (U+FE0E, U+FE0F) are let pass
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)


def characters(hole: Hole, fill: str) -> Iterator[Refusal]:
    """Markers, and characters that nobody sees or that turn the text round. Tabs are let pass."""
    for number, line in enumerate(fill.split("\n"), 1):
        yield from markers(hole, line, number)
        odd = (
            None if line.isascii() and line.isprintable() else next((c for c in line if c != "\t" and hidden(c)), None)
        )
        if odd is not None:
            yield Refusal("character", f"invisible or control character U+{ord(odd):04X}: remove it", hole.id, number)


def hidden(character: str) -> bool:
    """Whether nobody sees this character."""
    return unicodedata.category(character) in INVISIBLE or _BLANK.match(character) is not None


def markers(hole: Hole, line: str, number: int) -> Iterator[Refusal]:
    """The first marker of one line."""
    marker = MARKER.search(line)
    if marker:
        yield Refusal("marker", f"`{marker[0]}` may not stand in a fill: remove it", hole.id, number)


def blamed(outline: Outline, fills: Mapping[str, str]) -> str:
    """The hole to which a fault of the whole is put down: the only one that was filled; "" if there are several."""
    named = [hole.id for hole in outline.holes if hole.id in fills]
    return named[0] if len(named) == 1 else ""


def trimmed(text: str) -> str:
    """The text without blank lines round it, with one line end; "" if nothing is left."""
    lines = text.rstrip().split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    kept = "\n".join(lines[first:])
    return kept + "\n" if kept else ""
