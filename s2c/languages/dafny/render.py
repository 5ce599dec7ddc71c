"""Fills in and out of their holes: normalised, rendered, and stood in for.

Law: s2c owns the braces. A fill is stored without them and gets them back here, so no text of a model can end a
contract or begin one. `normalise(hole, render(hole, fill))` is `fill`.
"""

from collections.abc import Mapping

from s2c.languages.dafny.holes import SECTION
from s2c.languages.dafny.outline import read
from s2c.languages.dafny.syntax import tokens, tree
from s2c.model import Hole, HoleKind, Outline, Span

AXIOM = b" {:axiom}"
_PROBE = b"method m()\n"


def normalise(hole: Hole, text: str) -> str:
    """A fill as stored: LF line ends, the braces that s2c owns taken off, one final newline or empty."""
    plain = text.replace("\r\n", "\n")
    if hole.kind is not HoleKind.HELPERS:
        # a block in a block says the same; a set display as a function's body does not, so there only one pair goes
        inner = _unbraced(plain)
        while inner is not None:
            plain = inner
            inner = None if hole.visible else _unbraced(plain)
    return _trimmed(plain)


def render(hole: Hole, fill: str) -> str:
    """What stands in the hole's span for this normalised fill."""
    if hole.kind is HoleKind.HELPERS:
        return fill
    block = f"{{\n{fill}}}"
    if hole.form == SECTION:
        return block + "\n"  # the closing tag begins its own line
    return block if hole.span.start < hole.span.end else f"\n{block}"


def spliced(source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[bytes, dict[str, Span]]:
    """The source with these fills; a hole without one gets an empty one. With it, where each hole ended up."""
    parts: list[bytes] = []
    spans: dict[str, Span] = {}
    position = length = 0
    for hole in sorted(outline.holes, key=lambda one: one.span):
        given = source[position : hole.span.start]
        text = render(hole, fills.get(hole.id, "")).encode("utf-8", "surrogatepass")
        start = length + len(given)
        length = start + len(text)
        spans[hole.id] = Span(start, length)
        parts += [given, text]
        position = hole.span.end
    return b"".join([*parts, source[position:]]), spans


def stand_in(source: bytes, fills: Mapping[str, str]) -> bytes:
    """The source as importers may rely on it: each unfilled hole's owner an explicit axiom without a body."""
    edits: list[tuple[int, int, bytes]] = []
    for place in read(source).places:
        hole = place.hole
        filled = hole.id in fills
        edits.append((hole.span.start, hole.span.end, render(hole, fills[hole.id]).encode() if filled else b""))
        if place.owner is not None and not filled:
            keyword = place.owner.node.child_by_field_name("kind") or place.owner.node
            edits.append((keyword.end_byte, keyword.end_byte, AXIOM))
    return edited(source, edits)


def edited(source: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The source with each span (start, end) replaced by its text. Spans don't overlap."""
    parts: list[bytes] = []
    position = 0
    for start, end, text in sorted(edits):
        parts += [source[position:start], text]
        position = end
    return b"".join([*parts, source[position:]])


def _unbraced(text: str) -> str | None:
    """The text without the one pair of braces that is all of it but for comments; None if it is not so."""
    code = _PROBE + text.encode("utf-8", "surrogatepass")
    root = tree(code)
    words = [one for one in tokens(root, code) if one.start >= len(_PROBE)]
    methods = [one for one in root.named_children if one.type == "declaration"]
    if root.has_error or len(methods) != 1 or not words or words[0].text != b"{":
        return None
    method = next(one for one in methods[0].named_children if one.type == "method")
    body = method.child_by_field_name("body")
    if body is None or (body.start_byte, body.end_byte) != (words[0].start, words[-1].end):
        return None
    head, tail = code[len(_PROBE) : body.start_byte], code[body.end_byte :]
    inner = code[body.start_byte + 1 : body.end_byte - 1]
    return (head + inner + tail).decode("utf-8", "surrogatepass")


def _trimmed(text: str) -> str:
    lines = text.rstrip().split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    kept = "\n".join(lines[first:])
    return kept + "\n" if kept else ""
