"""Dafny text as a tree and as tokens.

Law: nothing that Dafny would read is lost. Every non-blank byte outside comments is in exactly one token, whether the
grammar gave it a leaf or not, so two texts with equal tokens are the same program.
"""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tree_sitter

from s2c.languages.base import load_grammar
from s2c.languages.tagged import TAG
from s2c.languages.texts import MAX_PROBLEMS, place, problem
from s2c.model import Problem

COMMENTS = frozenset({"line_comment", "block_comment"})
GAP = "gap"  # the kind of a token that no leaf of the tree covers
MAX_DAMAGED = 100_000  # nodes of a tree with errors: beyond, the first place of each is told and nothing else is read

_TWO_WORDS = frozenset({"replaceable", "fixpoint_lemma", "fixpoint_predicate", "clause_words", "ghost_witness"})
_RESPELT = _TWO_WORDS | {"vc_tag"}
_PARTNERS = {"(": ")", "[": "]", "{": "}", "{:": "}", "|{": "}"}
_CLOSING = frozenset(_PARTNERS.values())
_BLANK = b" \t\r\n\v\f\xef\xbb\xbf"  # the bytes of a BOM too: blank wherever it stands


class Token(NamedTuple):
    """One token: bytes `start` to `end`, its kind in the grammar, and its text in canonical spelling."""

    start: int
    end: int
    kind: str
    text: bytes


class _Torn(NamedTuple):
    """Where brackets do not fit: the offset, what to say, and where those begin that are never closed."""

    start: int
    message: str
    opened: frozenset[int] = frozenset()


@functools.cache
def _language() -> tree_sitter.Language:
    return load_grammar(Path(__file__).with_name("grammar.so"), "dafny")


def tree(source: bytes) -> tree_sitter.Node:
    """The root of the tree of `source`. Never fails: look at `has_error`."""
    return tree_sitter.Parser(_language()).parse(source).root_node


def tokens(node: tree_sitter.Node, source: bytes) -> list[Token]:
    """Every token of `node` in order: leaves, tag comments, and any text between that no leaf covers."""
    found: list[Token] = []
    part = node.parent is not None
    position = node.start_byte if part else 0
    for leaf in leaves(node):
        start, end, kind = leaf.start_byte, leaf.end_byte, leaf.type
        if start > position and not source[position:start].isspace():
            found += _gap(source, position, start)
        position = max(position, end)
        if end > start and kind not in COMMENTS:
            text = source[start:end]
            found.append(Token(start, end, kind, _spelling(kind, text) if kind in _RESPELT else text))
    return found + _gap(source, position, node.end_byte if part else len(source))


def leaves(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The leaves under `node` in order, comments too. Iterative: hostile nesting is deep."""
    stack = [node]
    while stack:
        one = stack.pop()
        if one.child_count:
            stack.extend(reversed(one.children))
        else:
            yield one


def find(node: tree_sitter.Node, kind: str) -> Iterator[tree_sitter.Node]:
    """The named nodes of this kind under `node`, in order, outermost first."""
    stack = [node]
    while stack:
        one = stack.pop()
        if one.is_named and one.type == kind:
            yield one
        stack.extend(reversed(one.children))


def text(node: tree_sitter.Node, source: bytes) -> str:
    """The text of a node."""
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def errors(root: tree_sitter.Node, source: bytes) -> tuple[Problem, ...]:
    """What the parser could not read, outermost places only, at most `MAX_PROBLEMS`.

    What begins far before the bracket that does not fit is told at that bracket, or at the end of the file.
    """
    found: list[Problem] = []
    torn = _torn(root, source) if root.has_error and root.descendant_count <= MAX_DAMAGED else None
    stack = [root] if root.has_error else []
    while stack and len(found) < MAX_PROBLEMS:
        node = stack.pop()
        if node.is_missing:
            found.append(_missing(node, source, torn))
        elif node.is_error:
            found.append(_error(node, source, torn))
        else:
            stack.extend(child for child in reversed(node.children) if child.has_error)
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.line, one.column)))


def _better(torn: _Torn, at: tree_sitter.Node, source: bytes) -> bool:
    """Whether the bracket says more than the error: it is the error, or the error holds it and begins lines before."""
    holds = at.start_byte < torn.start <= at.end_byte or at.start_byte in torn.opened
    return at.start_byte == torn.start or (holds and b"\n" in source[at.start_byte : torn.start])


def _missing(node: tree_sitter.Node, source: bytes, torn: _Torn | None) -> Problem:
    """The tree puts it after the token before: what does not fit is the next one, or the end."""
    end = len(source.rstrip())
    at = min(len(source) - len(source[node.start_byte :].lstrip()), end)
    if torn is not None and torn.start == at == end:
        return problem(source, at, torn.message)
    return problem(source, at, f"syntax error: `{node.type}` is missing here")


def _torn(root: tree_sitter.Node, source: bytes) -> _Torn | None:
    """The first closing bracket that fits no open one, else the end of the file if one is still open."""
    opened: list[tuple[str, int]] = []
    for leaf in leaves(root):
        if leaf.type in _PARTNERS:
            opened.append((leaf.type, leaf.start_byte))
        elif leaf.type in _CLOSING and leaf.end_byte > leaf.start_byte:
            if not opened or _PARTNERS[opened[-1][0]] != leaf.type:
                message = f"syntax error: `{leaf.type}` closes nothing{_still_open(opened, source)}"
                return _Torn(leaf.start_byte, message)
            opened.pop()
    if not opened:
        return None
    message = f"syntax error: the file ends here{_still_open(opened, source)}"
    return _Torn(len(source.rstrip()), message, frozenset(start for _, start in opened))


def _still_open(opened: list[tuple[str, int]], source: bytes) -> str:
    if not opened:
        return ""
    bracket, start = opened[-1]
    return f", but `{bracket}` of line {place(source, start)[0]} is still open"


def _error(node: tree_sitter.Node, source: bytes, torn: _Torn | None) -> Problem:
    # an error node often begins with tokens that were fine; what could not be read is an error node within, or the end
    few = node.children if node.child_count <= MAX_DAMAGED else ()  # of more, the beginning will do
    inner = (child for child in few if child.is_error or child.type == "unterminated_comment")
    at = next(inner, node)
    if at.type == "unterminated_comment" or source.startswith(b"/*", at.start_byte):
        return problem(source, at.start_byte, "syntax error: this comment is never closed")
    if torn is not None and _better(torn, at, source):
        return problem(source, torn.start, torn.message)
    excerpt = source[at.start_byte : at.start_byte + 60].decode("utf-8", "ignore").split("\n")[0].strip()
    return problem(source, at.start_byte, f"syntax error near `{excerpt}`")


def _spelling(kind: str, text: bytes) -> bytes:
    """The canonical spelling of a token that may be written in several ways."""
    if kind in _TWO_WORDS:
        return b" ".join(text.split())
    match = TAG.match(text)
    assert match is not None, "the grammar's vc_tag and TAG are the same"  # noqa: S101
    return b"// <%s%s>" % match.groups()


def _gap(source: bytes, start: int, end: int) -> list[Token]:
    raw = source[start:end] if start < end else b""
    stripped = raw.strip(_BLANK)
    if not stripped:
        return []
    begin = start + raw.index(stripped)
    return [Token(begin, begin + len(stripped), GAP, stripped)]
