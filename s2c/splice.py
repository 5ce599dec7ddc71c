"""Holes and fills become bytes, by stored byte offsets.

Law: every byte outside the holes is the spec's own and comes out unchanged; offsets come from the pristine source,
never from a search in a model's text. `unsplice` is the way back for an edit by hand, and gives nothing when in doubt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from s2c.languages.base import Language
from s2c.model import Hole, Spec


@dataclass(frozen=True)
class Region:
    """Where a hole's rendered fill lies in the implementation, in bytes."""

    hole: str
    start: int
    end: int


@dataclass(frozen=True)
class Spliced:
    """An implementation's bytes, and where its holes ended up."""

    content: bytes = field(repr=False)
    regions: tuple[Region, ...]


def splice(
    spec: Spec, language: Language, fills: Mapping[str, str], insertions: Sequence[tuple[int, bytes]] = ()
) -> Spliced:
    """The spec with its holes filled; `fills` is by hole id and must name every hole.

    `insertions` are (offset in the source, bytes) outside the holes: the twin's one more clause.
    """
    edits = [(hole.span.start, hole.span.end, hole) for hole in spec.outline.holes]
    edits += [(offset, offset, text) for offset, text in insertions]  # type: ignore[misc]  # told apart below
    parts: list[bytes] = []
    regions = []
    position = length = 0
    for start, end, what in sorted(edits, key=lambda edit: (edit[0], not isinstance(edit[2], bytes))):
        text = what if isinstance(what, bytes) else _bytes(language.render(what, fills[what.id]))
        before = spec.source[position:start]
        if isinstance(what, Hole):
            regions.append(Region(what.id, length + len(before), length + len(before) + len(text)))
        parts += [before, text]
        length += len(before) + len(text)
        position = end
    parts.append(spec.source[position:])
    return Spliced(b"".join(parts), tuple(regions))


def _bytes(fill: str) -> bytes:
    """A fill as bytes. A lone surrogate of a model's is no text; it gives bytes that no reader takes, and no crash."""
    return fill.encode("utf-8", "surrogatepass")


def unchanged(spec: Spec, spliced: Spliced) -> bool:
    """Layer 1, checked apart from its making: what lies outside the regions is the source outside its holes."""
    return _outside(spec.source, [(h.span.start, h.span.end) for h in spec.outline.holes]) == _outside(
        spliced.content, [(r.start, r.end) for r in spliced.regions]
    )


def _outside(content: bytes, inside: Sequence[tuple[int, int]]) -> list[bytes]:
    starts = [0, *(end for _, end in sorted(inside))]
    ends = [*(start for start, _ in sorted(inside)), len(content)]
    return [content[start:end] for start, end in zip(starts, ends, strict=True)]


def unsplice(spec: Spec, language: Language, content: bytes) -> dict[str, str] | None:
    """The fills in an implementation that was edited by hand; None if it differs from the spec outside the holes."""
    holes = sorted(spec.outline.holes, key=lambda hole: hole.span)
    pieces = _outside(spec.source, [(hole.span.start, hole.span.end) for hole in holes])
    if not content.startswith(pieces[0]) or not content.endswith(pieces[-1]):
        return None
    fills = {}
    position, end = len(pieces[0]), len(content) - len(pieces[-1])
    for hole, piece in zip(holes, [*pieces[1:-1], None], strict=True) if holes else ():
        stop = end if piece is None else content.find(piece, position, end)
        if stop < position:
            return None
        try:
            fills[hole.id] = language.normalise(hole, content[position:stop].decode())
        except UnicodeDecodeError:
            return None
        position = stop + len(piece or b"")
    if not holes and content != spec.source:
        return None
    return fills if splice(spec, language, fills).content == content else _close(spec, language, fills)


def _close(spec: Spec, language: Language, fills: dict[str, str]) -> dict[str, str] | None:
    """An edit may differ from our rendering in blanks only (the braces' lines); anything else is not understood."""
    again = {hole.id: language.normalise(hole, language.render(hole, fills[hole.id])) for hole in spec.outline.holes}
    return fills if again == fills else None
