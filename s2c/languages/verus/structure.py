"""Layer 2: a fill is one whole thing of its kind, and the text around it reads as it did.

Law: each fill must read alone, inside braces of ours or as whole items; and of the whole, read again, every token
outside the holes must be what and where it was, in the same items. Two lexers must agree about what is comment and
string, since a word that one of them does not see could be code for Verus. Whatever is odd is refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from s2c.languages.fills import blamed, characters
from s2c.languages.texts import place
from s2c.languages.verus import lexer
from s2c.languages.verus.contract import CLAUSES
from s2c.languages.verus.items import Item, Scope, read
from s2c.languages.verus.keywords import STRAY
from s2c.languages.verus.reader import Words, words
from s2c.languages.verus.render import spliced
from s2c.languages.verus.syntax import TAG_KIND, comments_and_literals, errors, tokens, tree
from s2c.model import Hole, HoleKind, Outline, Problem, Refusal, Span

_ITEMS = b"verus! {\n"
_HEADS = {
    (HoleKind.BODY, False): b"verus! {\nfn m()\n{\n",
    (HoleKind.BODY, True): b"verus! {\nspec fn m() -> int\n{\n",
    (HoleKind.PROOF, False): b"verus! {\nproof fn m()\n{\n",
}
# what would go on with what stands before, or needs something behind it
_NO_BEGIN = frozenset({b",", b"==>", b"<==>", b"<==", b"=", b"==", b"!=", b".", b"=>", b"->", b"::", b"?", b"+"})
_NO_END = frozenset({b"proof", b"unsafe", b"broadcast", b"else", b"let", b"by", b"pub", b"spec", b"exec", b"axiom"})
_DOCUMENTATION = re.compile(rb"//(?:/(?!/)|!)|/\*(?:\*(?![*/])|!)")


class Given(NamedTuple):
    """What must not change: the code outside the holes with its depth in brackets, and what items it makes."""

    tokens: list[tuple[bytes, int]]
    items: list[tuple[object, ...]]


def structure(source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
    """Why these fills (by hole id) can't stand where they are; empty if they can."""
    found: list[Refusal] = []
    for hole in outline.holes:
        if hole.id in fills:
            found += alone(hole, fills[hole.id])
    return tuple(found) or tuple(together(source, outline, fills))


def alone(hole: Hole, fill: str) -> list[Refusal]:
    """What is wrong with a fill taken by itself."""
    return list(characters(hole, fill)) or list(_parse(hole, fill))


def wrapped(hole: Hole, fill: str) -> tuple[bytes, int]:
    """A fill as a source of its own, and where in that the fill begins."""
    text = fill.encode("utf-8", "surrogatepass")
    if hole.kind is HoleKind.HELPERS:
        return _ITEMS + text + b"\n}\n", len(_ITEMS)
    head = _HEADS[hole.kind, hole.visible and hole.kind is HoleKind.BODY]
    return head + text + b"\n}\n}\n", len(head)


def _parse(hole: Hole, fill: str) -> Iterator[Refusal]:
    text = b" " + fill.encode("utf-8", "surrogatepass")  # not at the start of a file, where `#!` hides a line
    code, offset = wrapped(hole, fill)
    wrong = lexer.problems(text) or errors(tree(text), text)
    for one in wrong[:3]:
        yield Refusal("syntax", one.message, hole.id, min(one.line, fill.count("\n") + 1))
    if wrong:
        return
    doubt = _doubt(text)
    if doubt is not None:
        yield Refusal("syntax", doubt.message, hole.id, doubt.line)
        return
    found = words([token for token in tokens(tree(code), code) if token.kind != TAG_KIND])
    inside = read(found, Scope())[1:]  # behind the `verus!` itself
    if hole.kind is HoleKind.HELPERS:
        yield from _helpers(hole, inside, found, code, offset)
        yield from _documented(hole, text)
    else:
        yield from _block(hole, inside, found, code, offset)


def _doubt(text: bytes) -> Problem | None:
    """The first place where the two lexers see different comments and literals."""
    mine = set()
    for one in lexer.pieces(text):
        end = one.start + len(text[one.start : one.end].rstrip(b"\r\n")) if one.kind == "line" else one.end
        mine.add((one.start, end))
    differing = min(mine ^ comments_and_literals(tree(text), text), default=None)
    if differing is None:
        return None
    line, column = place(text, differing[0])
    return Problem(line, column, "it is not plain where this comment or literal ends: write it in another way")


def _block(hole: Hole, inside: Sequence[Item], found: Words, code: bytes, offset: int) -> Iterator[Refusal]:
    body = inside[0].body if len(inside) == 1 else None
    if body is None or (body.start, body.end) != (offset - 2, len(code) - 3):
        yield Refusal("syntax", "a `}` closes a brace that is not of this fill: balance the braces", hole.id, 1)
        return
    inner = found.tokens[inside[0].opening + 1 : inside[0].end - 1]
    if not inner:
        yield Refusal("empty", f"a {hole.kind} may not be empty: write at least one statement", hole.id, 1)
        return
    first, last = inner[0], inner[-1]
    line = code.count(b"\n", offset, first.start) + 1
    if first.text in _NO_BEGIN or (first.text in CLAUSES and inner[1:2] and inner[1].text != b"."):
        message = f"`{first.text.decode()}` begins no statement: the contract before this hole can't be continued"
        yield Refusal("syntax", message, hole.id, line)
    if last.text in _NO_END or _is_attribute(found, inside[0].end - 2):
        message = f"`{last.text.decode()}` at the end needs something behind it: complete it, or remove it"
        yield Refusal("syntax", message, hole.id, code.count(b"\n", offset, last.start) + 1)


def _is_attribute(found: Words, last: int) -> bool:
    """Whether the group that ends at this token is that of an attribute."""
    if found.tokens[last].text != b"]":
        return False
    opening = next(at for at in range(last - 1, -1, -1) if found.close[at] == last)
    before = [token.text for token in found.tokens[max(opening - 2, 0) : opening]]
    return before[-1:] == [b"#"] or before == [b"#", b"!"]


def _helpers(hole: Hole, inside: Sequence[Item], found: Words, code: bytes, offset: int) -> Iterator[Refusal]:
    for item in inside:
        line = code.count(b"\n", offset, item.span.start) + 1
        first = found.tokens[item.keyword if item.keyword < item.end else item.first].text.decode("utf-8", "replace")
        if item.kind == STRAY:
            message = f"`{first[:20]}` is no whole item: complete it, or remove it"
            yield Refusal("syntax", message, hole.id, line)
        elif item.is_fn and item.body is None and not item.scope.trait:
            yield Refusal("no-body", f"{item.kind} {item.short} has no body: write one", hole.id, line)
        elif found.tokens[item.end - 1].text not in {b";", b"}", b"]"}:
            yield Refusal("syntax", f"{item.kind} {item.short} is not complete: end it", hole.id, line)


def _documented(hole: Hole, text: bytes) -> Iterator[Refusal]:
    """A comment of documentation behind all items: it would be an attribute of what the given text goes on with."""
    last = max((token.end for token in tokens(tree(text), text)), default=0)
    for one in lexer.pieces(text):
        if one.start >= last and _DOCUMENTATION.match(text, one.start):
            line = text.count(b"\n", 0, one.start) + 1
            yield Refusal(
                "syntax", "this documentation has nothing to speak of: write `//` for a comment", hole.id, line
            )


def together(source: bytes, outline: Outline, fills: Mapping[str, str]) -> Iterator[Refusal]:
    """What is wrong with the file that these fills make, whatever they are by themselves."""
    pristine, holes = spliced(source, outline, {})
    content, spans = spliced(source, outline, fills)
    wrong = lexer.problems(content) or errors(tree(content), content)
    if wrong:
        message = f"with these fills the file does not parse: {wrong[0].message}"
        yield Refusal("syntax", message, blamed(outline, fills))
    elif _given(content, spans, outline) != _given(pristine, holes, outline):
        message = "with this fill the given text around it reads differently: keep to what the hole may hold"
        yield Refusal("given-text", message, blamed(outline, fills))


def _given(content: bytes, spans: Mapping[str, Span], outline: Outline) -> Given:
    """The text outside the holes, as read. Tags count as tokens; the braces that s2c owns stand for a hole."""
    every = tokens(tree(content), content)
    holes = sorted((spans[one.id].start, spans[one.id].end, one) for one in outline.holes)
    outside: list[tuple[bytes, int]] = []
    depth = at = 0
    for token in every:
        while at < len(holes) and holes[at][1] <= token.start:
            outside.append((holes[at][2].id.encode(), depth))
            at += 1
        if at == len(holes) or token.start < holes[at][0]:
            depth -= token.text in {b")", b"]", b"}"}
            outside.append((token.text, depth))
            depth += token.text in {b"(", b"[", b"{"}
    code = words([token for token in every if token.kind != TAG_KIND])
    helpers = [spans[one.id] for one in outline.holes if one.kind is HoleKind.HELPERS]
    bodies = {content.find(b"{", spans[one.id].start): one for one in outline.holes if one.kind is not HoleKind.HELPERS}
    given = [item for item in read(code, Scope()) if not _within(item, helpers)]
    return Given(outside, [(_begins_in(item, helpers), *_seen(item, bodies)) for item in given])


def _within(item: Item, spans: Sequence[Span]) -> bool:
    return any(span.start <= item.span.start and item.span.end <= span.end for span in spans)


def _begins_in(item: Item, spans: Sequence[Span]) -> bool:
    return any(span.start <= item.span.start < span.end for span in spans)


def _seen(item: Item, bodies: Mapping[int, Hole]) -> tuple[object, ...]:
    """What an item is, and which hole its body is."""
    hole = bodies.get(item.body.start) if item.body is not None else None
    clauses = tuple((one.kind, one.text) for one in item.clauses)
    filled = hole.id if hole is not None else item.body is not None
    return item.kind, item.name, item.modifiers, item.attributes, clauses, filled, item.scope
