"""Fills in and out of their holes: normalised, rendered, and stood in for.

Law: s2c owns the braces. A fill is stored without them and gets them back here, so no text of a model can end a
contract or begin one. `normalise(hole, render(hole, fill))` is `fill`.
"""

import functools
from collections.abc import Mapping

import tree_sitter

from s2c.languages import cuts
from s2c.languages.cuts import edited
from s2c.languages.dafny.holes import SECTION
from s2c.languages.dafny.items import items
from s2c.languages.dafny.outline import read
from s2c.languages.dafny.syntax import COMMENTS, tree
from s2c.languages.fills import trimmed
from s2c.model import Hole, HoleKind, Outline, Span

AXIOM = b" {:axiom}"
_PROBE = b"method m()\n"


def normalise(hole: Hole, text: str) -> str:
    """A fill as stored: LF line ends, the braces that s2c owns taken off, one final newline or empty."""
    plain = trimmed(text.replace("\r\n", "\n"))
    if hole.kind is not HoleKind.HELPERS:
        # a block in a block says the same; a set display as a function's body does not, so there only one pair goes
        plain = _unbraced(plain, once=hole.visible)
    return trimmed(plain)


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
    return cuts.spliced(
        source, outline, fills, lambda hole, fill: render(hole, fill or "").encode("utf-8", "surrogatepass")
    )


def stand_in(source: bytes, fills: Mapping[str, str]) -> bytes:
    """The source as importers may rely on it: each unfilled hole's owner an explicit axiom without a body."""
    return _stand_in(source, tuple(sorted(fills.items())))


@functools.lru_cache(maxsize=16384)  # every importer looks at it
def _stand_in(source: bytes, given: tuple[tuple[str, str], ...]) -> bytes:
    fills = dict(given)
    edits: list[tuple[int, int, bytes]] = []
    for place in read(source).places:
        hole = place.hole
        filled = hole.id in fills
        edits.append((hole.span.start, hole.span.end, render(hole, fills[hole.id]).encode() if filled else b""))
        if place.owner is not None and not filled:
            keyword = place.owner.node.child_by_field_name("kind") or place.owner.node
            edits.append((keyword.end_byte, keyword.end_byte, AXIOM))
    return edited(source, edits)


def _unbraced(text: str, *, once: bool) -> str:
    """The text without the pairs of braces that hold all of it but for comments; only the outermost pair if `once`."""
    code = _PROBE + text.encode("utf-8", "surrogatepass")
    root = tree(code)
    found = [] if root.has_error else items(root, code)
    body = found[0].body if len(found) == 1 else None
    if body is None or _code(root.children) != [found[0].outer] or found[0].header_end != len(_PROBE) - 1:
        return text
    edits = _pair(body)
    inner = _only_block(body)
    while inner is not None and not once:
        edits += _pair(inner)
        inner = _only_block(inner)
    return edited(code, edits)[len(_PROBE) :].decode("utf-8", "surrogatepass")


def _pair(block: tree_sitter.Node) -> list[tuple[int, int, bytes]]:
    return [(block.start_byte, block.start_byte + 1, b""), (block.end_byte - 1, block.end_byte, b"")]


def _only_block(block: tree_sitter.Node) -> tree_sitter.Node | None:
    inner = _code(block.children)[1:-1]
    return inner[0] if len(inner) == 1 and inner[0].type == "brace" else None


def _code(nodes: list[tree_sitter.Node]) -> list[tree_sitter.Node]:
    return [node for node in nodes if node.type not in COMMENTS]
