"""Spans of a source that something else stands for: tokens cut out of a skeleton, fills put into a text.

Law: what lies outside the spans comes out as it went in, in its order. Offsets are bytes of the source.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from s2c.model import Hole, Outline, Span


class Placed(Protocol):
    """A token, as far as cuts need to know it."""

    @property
    def start(self) -> int:
        """Offset of its first byte."""


Word = TypeVar("Word", bound=Placed)


@dataclass(frozen=True)
class Cut:
    """A span of tokens and what stands for it."""

    span: Span
    stands: tuple[bytes, ...]


def replaced(words: Sequence[Placed], texts: Sequence[bytes], cuts: Iterable[Cut]) -> tuple[bytes, ...]:
    """The texts of the tokens, with each cut's tokens replaced. Of cuts that overlap the outermost one counts."""
    starts = [word.start for word in words]
    out: list[bytes] = []
    at = end = 0
    for cut in sorted(cuts, key=lambda one: (one.span.start, -one.span.end)):
        if cut.span.start < end:
            continue
        out += texts[at : bisect_left(starts, cut.span.start)]
        out += cut.stands
        at, end = bisect_left(starts, cut.span.end), cut.span.end
    return (*out, *texts[at:])


def outside(words: Sequence[Word], spans: Iterable[Span]) -> list[Word]:
    """The tokens that lie in none of the spans, which don't overlap."""
    starts = [word.start for word in words]
    out: list[Word] = []
    at = 0
    for span in sorted(spans):
        out += words[at : bisect_left(starts, span.start)]
        at = bisect_left(starts, span.end)
    return [*out, *words[at:]]


def edited(source: bytes, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
    """The source with each span (start, end) replaced by its text. Spans don't overlap."""
    parts: list[bytes] = []
    position = 0
    for start, end, text in sorted(edits):
        parts += [source[position:start], text]
        position = end
    return b"".join([*parts, source[position:]])


def spliced(
    source: bytes, outline: Outline, fills: Mapping[str, str], written: Callable[[Hole, str | None], bytes]
) -> tuple[bytes, dict[str, Span]]:
    """The source with these fills, and where each hole ended up. `written`: what stands in a hole (None: no fill)."""
    parts: list[bytes] = []
    spans: dict[str, Span] = {}
    position = length = 0
    for hole in sorted(outline.holes, key=lambda one: one.span):
        given, text = source[position : hole.span.start], written(hole, fills.get(hole.id))
        spans[hole.id] = Span(length + len(given), length + len(given) + len(text))
        length = spans[hole.id].end
        parts += [given, text]
        position = hole.span.end
    return b"".join([*parts, source[position:]]), spans
