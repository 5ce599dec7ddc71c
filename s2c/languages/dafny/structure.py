"""Layer 2: a fill is one whole thing of its kind, and the text around it reads as it did.

Law: each fill must parse alone, inside braces of ours or as whole declarations; and the whole, parsed again, must be
the pristine tree with nothing changed but the subtrees of the holes. Whatever the parser finds odd is refused.
"""

import re
from collections.abc import Iterator, Mapping

import tree_sitter

from s2c.languages.dafny.items import CALLABLES, Item, items
from s2c.languages.dafny.render import spliced
from s2c.languages.dafny.syntax import COMMENTS, Token, errors, tokens, tree
from s2c.languages.fills import blamed, characters
from s2c.model import Hole, HoleKind, Outline, Refusal, Span

Event = tuple[str, bytes]

_PREPROCESSOR = re.compile(r"\s*#(if|elsif|else|endif)")
_HEADS = {False: b"method m()\n{\n", True: b"function f(): int\n{\n"}
_CLAUSES = frozenset({b"requires", b"ensures", b"modifies", b"reads", b"decreases", b"invariant"})
_NO_END = frozenset({b"ghost", b"label", b"var", b"by"})  # need something behind them
_UNSAFE_BEFORE_BODY = frozenset({b"*", b">", b";"})  # Dafny may read a display where the grammar reads the body


def structure(source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
    """Why these fills (by hole id) can't stand where they are; empty if they can."""
    found: list[Refusal] = []
    for hole in outline.holes:
        if hole.id in fills:
            found += alone(hole, fills[hole.id])
    return tuple(found) or tuple(_whole(source, outline, fills))


def alone(hole: Hole, fill: str) -> list[Refusal]:
    """What is wrong with a fill taken by itself."""
    return [*characters(hole, fill), *_preprocessor(hole, fill)] or list(_parse(hole, fill))


def wrapped(hole: Hole, fill: str) -> tuple[bytes, int]:
    """A fill as a source of its own, and where in that the fill begins."""
    text = fill.encode("utf-8", "surrogatepass")
    if hole.kind is HoleKind.HELPERS:
        return text, 0
    head = _HEADS[hole.visible]
    return head + text + b"\n}\n", len(head)


def _preprocessor(hole: Hole, fill: str) -> Iterator[Refusal]:
    for number, line in enumerate(fill.split("\n"), 1):
        if _PREPROCESSOR.match(line):
            yield Refusal("preprocessor", f"`{line.strip()[:20]}`: no preprocessor lines in a fill", hole.id, number)


def _parse(hole: Hole, fill: str) -> Iterator[Refusal]:
    code, offset = wrapped(hole, fill)
    root = tree(code)
    first = code.count(b"\n", 0, offset)
    if root.has_error:
        last = fill.count("\n") + 1
        for one in errors(root, code)[:3]:
            yield Refusal("syntax", one.message, hole.id, min(max(one.line - first, 1), last))
        return
    if hole.kind is HoleKind.HELPERS:
        yield from _helpers(hole, root, code)
    else:
        yield from _block(hole, root, code, offset)


def _block(hole: Hole, root: tree_sitter.Node, code: bytes, offset: int) -> Iterator[Refusal]:
    found = items(root, code)
    body = found[0].body if len(found) == 1 else None
    if body is None or (body.start_byte, body.end_byte) != (offset - 2, len(code) - 1):
        yield Refusal("syntax", "a `}` closes a brace that is not of this fill: balance the braces", hole.id, 1)
        return
    words = tokens(body, code)[1:-1]
    if not words:
        yield Refusal("empty", f"a {hole.kind} may not be empty: write at least one statement", hole.id, 1)
    elif words[0].text in _CLAUSES or not (hole.visible or _begins_statement(words[0])):
        message = f"`{words[0].text.decode()}` begins no statement: the contract before this hole can't be continued"
        yield Refusal("syntax", message, hole.id, code.count(b"\n", offset, words[0].start) + 1)
    elif words[-1].text in _NO_END:
        message = f"`{words[-1].text.decode()}` at the end needs something behind it: complete it, or remove it"
        yield Refusal("syntax", message, hole.id, code.count(b"\n", offset, words[-1].start) + 1)


def _begins_statement(word: Token) -> bool:
    return word.kind == "identifier" or word.text in {b"{", b"("}


def _helpers(hole: Hole, root: tree_sitter.Node, code: bytes) -> Iterator[Refusal]:
    for child in root.children:
        if child.type != "declaration" and not child.is_extra:
            message = f"`{code[child.start_byte : child.end_byte].decode()[:20]}` is no declaration: remove it"
            yield Refusal("syntax", message, hole.id, child.start_point.row + 1)
    for item in items(root, code):
        line = item.node.start_point.row + 1
        if item.node.type in CALLABLES and item.body is None:
            yield Refusal("no-body", f"{item.kind} {item.name} has no body: write one", hole.id, line)
        elif _unsafe_brace(item, code):
            message = f"the `{{` of {item.name} follows `*`, `>` or `;`: put that clause in parentheses, without `;`"
            yield Refusal("syntax-brace", message, hole.id, line)


def _unsafe_brace(item: Item, code: bytes) -> bool:
    clauses = item.clause_nodes()
    if not clauses or item.body is None:
        return False
    words = [word.text for word in tokens(clauses[-1], code)]
    return words[-1] in _UNSAFE_BEFORE_BODY and words != [b"decreases", b"*"]


def _whole(source: bytes, outline: Outline, fills: Mapping[str, str]) -> Iterator[Refusal]:
    pristine, holes = spliced(source, outline, {})
    content, spans = spliced(source, outline, fills)
    root = tree(content)
    if root.has_error:
        message = errors(root, content)[0].message
        yield Refusal("syntax", f"with these fills the file does not parse: {message}", blamed(outline, fills))
    elif _events(root, content, spans, outline) != _events(tree(pristine), pristine, holes, outline):
        message = "with this fill the given text around it reads differently: keep to what the hole may hold"
        yield Refusal("given-text", message, blamed(outline, fills))


def _events(root: tree_sitter.Node, content: bytes, spans: Mapping[str, Span], outline: Outline) -> list[Event]:
    """The tree outside the holes, as events: a node opens, a token, a node closes. Comments don't count."""
    bodies = {_braces(content, spans[one.id]): one.id for one in outline.holes if one.kind is not HoleKind.HELPERS}
    helpers = [spans[one.id] for one in outline.holes if one.kind is HoleKind.HELPERS]
    events: list[Event] = []
    stack: list[tree_sitter.Node | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            events.append(("close", b""))
        elif node.type == "body" and (node.start_byte, node.end_byte) in bodies:
            events.append(("hole", bodies[node.start_byte, node.end_byte].encode()))
        elif node.type not in COMMENTS and not _is_helper(node, helpers):
            children = node.children
            events.append((node.type, b"" if children else content[node.start_byte : node.end_byte]))
            stack += [None, *reversed(children)] if children else []
    return events + [("gap", word.text) for word in _gaps(root, content, spans)]


def _is_helper(node: tree_sitter.Node, helpers: list[Span]) -> bool:
    if node.type != "declaration" or not node.is_named:
        return False
    parent = node.parent
    whole = parent is not None and parent.type in {"source_file", "members"}
    return whole and any(span.start <= node.start_byte and node.end_byte <= span.end for span in helpers)


def _gaps(root: tree_sitter.Node, content: bytes, spans: Mapping[str, Span]) -> list[Token]:
    inside = [(span.start, span.end) for span in spans.values()]
    words = tokens(root, content)
    return [word for word in words if word.kind == "gap" and not any(a <= word.start < b for a, b in inside)]


def _braces(content: bytes, span: Span) -> tuple[int, int]:
    return content.index(b"{", span.start), content.rindex(b"}", span.start, span.end) + 1
