"""Dafny text as a tree and as tokens.

Law: nothing that Dafny would read is lost. Every non-blank byte outside comments is in exactly one token, whether the
grammar gave it a leaf or not, so two texts with equal tokens are the same program.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tree_sitter

from s2c.languages.base import load_grammar
from s2c.model import Problem

COMMENTS = frozenset({"line_comment", "block_comment"})
TAG = re.compile(rb"//[ \t]*<(/?)(vc-[a-z]+)>")
GAP = "gap"  # the kind of a token that no leaf of the tree covers
MAX_PROBLEMS = 20

_TWO_WORDS = frozenset({"replaceable", "fixpoint_lemma", "fixpoint_predicate", "clause_words", "ghost_witness"})
_BLANK = b" \t\r\n\v\f\xef\xbb\xbf"  # the bytes of a BOM too: blank wherever it stands


@dataclass(frozen=True, slots=True)
class Token:
    """One token: bytes `start` to `end`, its kind in the grammar, and its text in canonical spelling."""

    start: int
    end: int
    kind: str
    text: bytes


@functools.cache
def _language() -> tree_sitter.Language:
    return load_grammar(Path(__file__).with_name("grammar.so"), "dafny")


def tree(source: bytes) -> tree_sitter.Node:
    """The root of the tree of `source`. Never fails: look at `has_error`."""
    return tree_sitter.Parser(_language()).parse(source).root_node


def tokens(node: tree_sitter.Node, source: bytes) -> list[Token]:
    """Every token of `node` in order: leaves, tag comments, and any text between that no leaf covers."""
    found: list[Token] = []
    position = node.start_byte if node.parent else 0
    for leaf in leaves(node):
        found += _gap(source, position, leaf.start_byte)
        position = max(position, leaf.end_byte)
        if leaf.type not in COMMENTS and leaf.end_byte > leaf.start_byte:
            found.append(Token(leaf.start_byte, leaf.end_byte, leaf.type, _spelling(leaf, source)))
    end = node.end_byte if node.parent else len(source)
    return found + _gap(source, position, end)


def leaves(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The leaves under `node` in order, comments too. Iterative: hostile nesting is deep."""
    stack = [node]
    while stack:
        one = stack.pop()
        children = one.children
        if children:
            stack.extend(reversed(children))
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


def place(source: bytes, offset: int) -> tuple[int, int]:
    """1-based line and column, in characters, of a byte offset."""
    line_start = source.rfind(b"\n", 0, offset) + 1
    column = len(source[line_start:offset].decode("utf-8", "replace").removeprefix("\ufeff"))
    return source.count(b"\n", 0, offset) + 1, column + 1


def problem(source: bytes, offset: int, message: str) -> Problem:
    """A problem at a byte offset."""
    line, column = place(source, offset)
    return Problem(line, column, message)


def errors(root: tree_sitter.Node, source: bytes) -> tuple[Problem, ...]:
    """What the parser could not read, outermost places only, at most `MAX_PROBLEMS`."""
    found: list[Problem] = []
    stack = [root] if root.has_error else []
    while stack and len(found) < MAX_PROBLEMS:
        node = stack.pop()
        if node.is_missing:
            found.append(problem(source, node.start_byte, f"syntax error: `{node.type}` is missing here"))
        elif node.is_error:
            found.append(_error(node, source))
        else:
            stack.extend(child for child in reversed(node.children) if child.has_error)
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def _error(node: tree_sitter.Node, source: bytes) -> Problem:
    # an error node often begins with tokens that were fine; what could not be read is an error node within, or the end
    inner = [child for child in node.children if child.is_error or child.type == "unterminated_comment"]
    at = inner[0] if inner else node
    if at.type == "unterminated_comment" or source.startswith(b"/*", at.start_byte):
        return problem(source, at.start_byte, "syntax error: this comment is never closed")
    excerpt = source[at.start_byte : at.start_byte + 60].decode("utf-8", "ignore").split("\n")[0].strip()
    return problem(source, at.start_byte, f"syntax error near `{excerpt}`")


def _spelling(leaf: tree_sitter.Node, source: bytes) -> bytes:
    spelling = source[leaf.start_byte : leaf.end_byte]
    if leaf.type in _TWO_WORDS:
        return b" ".join(spelling.split())
    if leaf.type == "vc_tag":
        match = TAG.match(spelling)
        assert match is not None, "the grammar's vc_tag and TAG are the same"  # noqa: S101
        return b"// <%s%s>" % match.groups()
    return spelling


def _gap(source: bytes, start: int, end: int) -> list[Token]:
    raw = source[start:end] if start < end else b""
    stripped = raw.strip(_BLANK)
    if not stripped:
        return []
    begin = start + raw.index(stripped)
    return [Token(begin, begin + len(stripped), GAP, stripped)]
