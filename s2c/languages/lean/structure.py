"""Layer 2: a fill is one whole thing of its kind, and the text around it reads as it did.

Law: each fill must parse alone, as a term, as tactics or as whole commands; and the whole, parsed again, must be the
pristine tree with nothing changed but the tokens in the holes. Whatever the parser finds odd is refused.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import tree_sitter

from s2c.languages.fills import blamed, hidden, markers
from s2c.languages.lean.brackets import unmatched
from s2c.languages.lean.render import spliced
from s2c.languages.lean.syntax import COMMENTS, Token, errors, leaves, text, tokens, tree
from s2c.languages.lean.words import COMMANDS, HASH_COMMANDS, NOT_FIRST, UNFINISHED, WITH_IN
from s2c.model import Hole, HoleKind, Outline, Refusal, Span

Event = tuple[str, bytes]

_HEADS = {"tactic": b"example : True := by\n", "term": b"example : True :=\n"}
_STEP = b"  "
_NEAR = 64  # tokens within which `in` must come

_NEED_BODY = frozenset({"theorem", "lemma", "def", "abbrev", "instance", "example", "class abbrev"})


def structure(source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
    """Why these fills (by hole id) can't stand where they are; empty if they can."""
    found: list[Refusal] = []
    for hole in outline.holes:
        if hole.id in fills:
            found += alone(hole, fills[hole.id])
    return tuple(found) or tuple(_whole(source, outline, fills))


def alone(hole: Hole, fill: str) -> list[Refusal]:
    """What is wrong with a fill taken by itself."""
    return list(_characters(hole, fill)) or list(_parse(hole, fill))


def wrapped(hole: Hole, fill: str) -> tuple[bytes, int]:
    """A fill as a source of its own, and where in that the fill begins. Its lines stay lines; they are indented."""
    content = fill.encode("utf-8", "surrogatepass")
    if hole.kind is HoleKind.HELPERS:
        return content, 0
    head = _HEADS[hole.form.split()[0]]
    return head + b"\n".join(_STEP + line if line else b"" for line in content.split(b"\n")), len(head)


def _characters(hole: Hole, fill: str) -> Iterator[Refusal]:
    for number, line in enumerate(fill.split("\n"), 1):
        yield from markers(hole, line, number)
        if "/--/" in line:  # some releases read an empty comment, others the beginning of one
            yield Refusal("character", "`/--/` may not stand in a fill: remove it", hole.id, number)
        odd = None if line.isascii() and line.isprintable() else next(filter(_is_odd, line), None)
        if odd is not None:
            message = f"invisible or control character U+{ord(odd):04X}: remove it, or use a plain blank"
            yield Refusal("character", message, hole.id, number)


def _is_odd(character: str) -> bool:
    # Lean takes no blank but the plain one
    return character != " " and (unicodedata.category(character) == "Zs" or hidden(character))


def _parse(hole: Hole, fill: str) -> Iterator[Refusal]:
    code, offset = wrapped(hole, fill)
    root = tree(code)
    first = code.count(b"\n", 0, offset)
    if root.has_error:
        last = fill.count("\n") + 1
        for one in errors(root, code)[:3]:
            yield Refusal("syntax", one.message, hole.id, min(max(one.line - first, 1), last))
        return
    words = [word for word in tokens(root, code) if word.start >= offset]
    check = _helpers(root, code, words) if hole.kind is HoleKind.HELPERS else _one(hole, root, words)
    for rule, message, at in check:
        yield Refusal(rule, message, hole.id, code.count(b"\n", offset, at) + 1)


def _one(hole: Hole, root: tree_sitter.Node, words: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    """What is wrong with a term or tactics: rule, message, offset in the wrapped source."""
    start = len(_HEADS[hole.form.split()[0]])
    commands = [one for one in root.children if one.type not in COMMENTS]
    if len(commands) > 1:
        yield "command", "a command begins here: a fill is one term, or tactics, and no more", commands[1].start_byte
    elif not words:
        yield "empty", f"a {hole.kind} may not be empty: write it", start
    elif words[0].text in NOT_FIRST | ({b"by"} if hole.form.startswith("tactic") else frozenset()):
        yield "syntax", f"`{words[0].text.decode()}` can't begin what stands in this hole", words[0].start
    else:
        yield from _command_words(words)
        yield from _finished(words)


def _command_words(words: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    before = b""
    end = -1
    for at, word in enumerate(words):
        joined = before if end == word.start else b""
        if word.kind == "identifier" and not joined.endswith((b".", b"`")):
            name = word.text.decode()
            if word.text in COMMANDS or (joined == b"#" and word.text in HASH_COMMANDS):
                yield "command", f"`{name}` is the word of a command: a fill is one term, or tactics", word.start
            elif word.text in WITH_IN and not _leads_to_in(words[at + 1 :][:_NEAR]):
                yield "command", f"`{name}` without `in` is a command: write `in`", word.start
        before, end = word.text, word.end


def _leads_to_in(words: Sequence[Token]) -> bool:
    """Whether only names, values and brackets stand before the first `in`."""
    for word in words:
        if word.text == b"in":
            return True
        if word.kind not in {"identifier", "number", "string", "open", "close"} and word.text != "→".encode():
            return False
    return False


def _finished(words: Sequence[Token], *, follows: bool = False) -> Iterator[tuple[str, str, int]]:
    """`follows`: one more command follows, as after `open A in`."""
    lost = unmatched(words)
    if lost is not None:
        yield "syntax", f"the bracket `{lost.text.decode('utf-8', 'replace')[:20]}` has no partner", lost.start
    elif words and words[-1].text in UNFINISHED and not (follows and words[-1].text == b"in"):
        yield "syntax", f"nothing follows the last `{words[-1].text.decode()}`: finish it", words[-1].start


def _helpers(root: tree_sitter.Node, code: bytes, words: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    """What is wrong with helpers: each must be a whole command, and what they open they close."""
    starts = [word.start for word in words]
    for command in root.children:
        if command.type == "header":
            yield "command", "imports and the words of a header may not stand in helpers", command.start_byte
        if command.type != "command":
            continue
        inside = words[bisect_left(starts, command.start_byte) : bisect_left(starts, command.end_byte)]
        if inside and inside[-1].text != b"where":  # an instance or a structure may end there
            yield from _finished(inside, follows=inside[-1] is not words[-1])
        yield from _body(command.named_children[-1], code)
    yield from _scopes(root)
    last = [one for one in leaves(root) if one.type != "line_comment"][-1:]
    if last and last[0].type == "doc_comment" and code.startswith(b"/--", last[0].start_byte):
        yield "syntax", "this doc comment has nothing to speak of: remove it", last[0].start_byte


def _scopes(root: tree_sitter.Node) -> Iterator[tuple[str, str, int]]:
    scopes: list[tree_sitter.Node] = []
    for command in root.children:
        node = command.named_children[-1] if command.type == "command" else command
        if node.type in {"namespace", "section", "mutual"}:
            scopes.append(node)
        elif node.type == "end" and not scopes:
            yield "scope", "`end` closes a scope that these helpers did not open", node.start_byte
        elif node.type == "end":
            scopes.pop()
    for node in scopes:
        yield "scope", f"this {node.type} is never closed: write `end` for it", node.start_byte


def _body(node: tree_sitter.Node, code: bytes) -> Iterator[tuple[str, str, int]]:
    if node.type != "declaration":
        return
    kind = " ".join(text(one, code) for one in node.children if one.type == "keyword")
    if kind in _NEED_BODY and node.child_by_field_name("body") is None:
        name = node.child_by_field_name("name")
        yield "no-body", f"{kind} {text(name, code) if name else ''} has no body: write one", node.start_byte


def _whole(source: bytes, outline: Outline, fills: Mapping[str, str]) -> Iterator[Refusal]:
    pristine, holes = spliced(source, outline, {hole.id: "" for hole in outline.holes if hole.kind is HoleKind.HELPERS})
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
    helpers = {one.id for one in outline.holes if one.kind is HoleKind.HELPERS}
    waiting = sorted(((span, name) for name, span in spans.items()), reverse=True)
    events: list[Event] = []
    stack: list[tree_sitter.Node | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            events.append(("close", b""))
            continue
        while waiting and waiting[-1][0].end <= node.start_byte:
            waiting.pop()
        span, name = waiting[-1] if waiting else (None, "")
        children = node.children
        if span is not None and span.start <= node.start_byte and node.end_byte <= span.end:
            if name not in helpers and node.type not in COMMENTS:
                events.append(("group" if children else "hole", name.encode()))  # a group there is a command
        elif node.type not in COMMENTS:
            events.append((node.type, b"" if children else content[node.start_byte : node.end_byte]))
            stack += [None, *reversed(children)] if children else []
    return _merged(events) + [("gap", one.text) for one in _gaps(root, content, spans)]


def _merged(events: list[Event]) -> list[Event]:
    """The events with the tokens of one hole as one."""
    return [one for at, one in enumerate(events) if one[0] != "hole" or not at or events[at - 1] != one]


def _gaps(root: tree_sitter.Node, content: bytes, spans: Mapping[str, Span]) -> list[Token]:
    inside = [(span.start, span.end) for span in spans.values()]
    found = [word for word in tokens(root, content) if word.kind == "gap"]
    return [word for word in found if not any(a <= word.start < b for a, b in inside)]
