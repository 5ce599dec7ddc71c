"""Verus text as tokens.

Law: nothing that Verus would read is lost. Every non-blank byte outside comments is in exactly one token, whether the
grammar gave it a leaf or not, so two texts with equal tokens are the same program.

The grammar is Rust's. Verus' syntax stands inside a macro, `verus!{}`, which is one tree of tokens for Rust; here the
whole text is read as such a tree, so that inside and outside are read alike and a strange text costs no search for what
it may have meant. The `~` of Verus' own operators is no character of Rust: a copy of the same length is parsed, and
every text comes from the original.
"""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

import tree_sitter
import tree_sitter_rust

from s2c.languages.tagged import TAG
from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.model import Problem

COMMENTS = frozenset({"line_comment", "block_comment"})
STRINGS = frozenset({"string_literal", "raw_string_literal"})
LITERALS = STRINGS | {"char_literal", "integer_literal", "float_literal", "lifetime"}
TAG_KIND = "vc_tag"
NAME = "identifier"  # the kind of every name, of primitive types too
GAP = "gap"  # the kind of a token that no leaf of the tree covers

_HEAD = b"m!{"
_TAIL = b"\n}"
# a BOM and a line for a shell: Rust takes them as blank
_START = re.compile(rb"\A(?:\xef\xbb\xbf(?:#!(?!\s*\[)[^\n]*)?|#!(?!\s*\[)[^\n]*)")
_TILDE = re.compile(rb"(?<=[=!])~{1,2}(?==)")
_ATOMS = COMMENTS | STRINGS  # nodes with parts of their own that are one token all the same
_LEAVES = _ATOMS | {NAME, "char_literal", "integer_literal", "float_literal"}
# one sign for Verus where its two parts touch, two leaves for Rust
_SIGNS = frozenset({b"==>", b"<==>", b"<==", b"&&&", b"|||", b"===", b"!==", b"=~=", b"!~=", b"=~~=", b"!~~="})
_KINDS = {"mutable_specifier": "mut"} | dict.fromkeys(["primitive_type", "union", "default", "gen", "raw"], NAME)
_ERROR = 65535  # the number of an error node
_BLANK = b" \t\r\n\v\f"


class Token(NamedTuple):
    """One token: bytes `start` to `end`, its kind, and its text. The kind of a keyword or a sign is its own text.

    A tuple, since a file has thousands.
    """

    start: int
    end: int
    kind: str
    text: bytes


@functools.cache
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_rust.language())


def tree(source: bytes) -> tree_sitter.Node:
    """The root of the tree of `source`, for `tokens` and `errors`. Never fails: look at `has_error`."""
    return tree_sitter.Parser(_language()).parse(b"".join((_HEAD, plain(source), _TAIL))).root_node


def plain(source: bytes) -> bytes:
    """The source in characters of Rust's grammar, as long as it is: no `~` in operators, no BOM, no shebang."""
    copy = _TILDE.sub(lambda match: b"=" * len(match[0]), source) if b"~" in source else source
    start = _START.match(copy)
    return copy if start is None else b" " * start.end() + copy[start.end() :]


def tokens(root: tree_sitter.Node, source: bytes) -> list[Token]:
    """Every token of the source in order: leaves, tag comments, and any text between that no leaf covers."""
    found: list[Token] = []
    skipped = _START.match(source)
    position = skipped.end() if skipped is not None else 0
    for start, end, kind in _leaves(root, len(source)):
        if start != position:
            if not source[position:start].isspace():
                _gap(found, source, position, start)
        elif found and kind not in COMMENTS:
            _add(found, Token(start, end, kind, source[start:end]))
            position = end
            continue
        if kind in COMMENTS:
            _tag(found, source, start, end)
        elif end > start:
            found.append(Token(start, end, kind, source[start:end]))
        position = end
    _gap(found, source, position, len(source))
    return found


def comments_and_literals(root: tree_sitter.Node, source: bytes) -> set[tuple[int, int]]:
    """Where comments, strings and characters stand, as the grammar sees it: for whoever checks one lexer by another."""
    kinds = _ATOMS | {"char_literal"}
    found = set()
    for start, end, kind in _leaves(root, len(source)):
        if kind in kinds:
            line = kind == "line_comment"  # the grammar takes the end of the line to a comment of documentation
            found.add((start, start + len(source[start:end].rstrip(b"\r\n")) if line else end))
    return found


def errors(root: tree_sitter.Node, source: bytes) -> tuple[Problem, ...]:
    """What the parser could not read, outermost places only, at most `MAX_PROBLEMS`."""
    found: list[Problem] = []
    stack = [root] if root.has_error else []
    while stack and len(found) < MAX_PROBLEMS:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.append(_error(node, source))
        else:
            stack.extend(child for child in reversed(node.children) if child.has_error)
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def _leaves(root: tree_sitter.Node, size: int) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of the leaves in order, comments too. Iterative: hostile nesting is deep."""
    kinds, inner, shift = _kinds(), _inner(), len(_HEAD)
    last = size + shift
    stack = [iter(root.children)]
    while stack:
        for one in stack[-1]:
            number = one.kind_id
            if number in inner and (children := one.children):
                stack.append(iter(children))
                break
            start = one.start_byte
            if shift <= start < last:  # not of the head, nor of the tail
                yield start - shift, min(one.end_byte, last) - shift, kinds[number]
        else:
            stack.pop()


@functools.cache
def _kinds() -> dict[int, str]:
    """The kind of a token for each number of the grammar's."""
    language = _language()
    names = ((number, language.node_kind_for_id(number) or "") for number in range(language.node_kind_count))
    return {number: _KINDS.get(name, name) for number, name in names} | {_ERROR: "ERROR"}


@functools.cache
def _inner() -> frozenset[int]:
    """Numbers of the nodes that may have leaves below them: those with names that are no tokens by themselves."""
    named = _language().node_kind_is_named
    return frozenset(at for at, kind in _kinds().items() if at == _ERROR or (named(at) and kind not in _LEAVES))


def _error(node: tree_sitter.Node, source: bytes) -> Problem:
    # an error node often begins with tokens that were fine; what could not be read is an error node within
    inner = [child for child in node.children if child.is_error]
    start = min(max((inner[0] if inner else node).start_byte - len(_HEAD), 0), len(source))
    excerpt = source[start : start + 60].decode("utf-8", "ignore").split("\n")[0].strip()
    return problem(source, start, f"syntax error near `{excerpt}`" if excerpt else "syntax error here")


def _add(found: list[Token], token: Token) -> None:
    """One more token; with the one before it if both are halves of one sign, or of a lifetime."""
    if found and found[-1].end == token.start:
        before = found[-1]
        joined = before.text + token.text
        if joined in _SIGNS:
            found[-1] = Token(before.start, token.end, joined.decode(), joined)
            return
        if before.text == b"'" and token.kind.isidentifier() and token.kind not in LITERALS:
            found[-1] = Token(before.start, token.end, "lifetime", joined)
            return
    found.append(token)


def _tag(found: list[Token], source: bytes, start: int, end: int) -> None:
    match = TAG.match(source, start, end)
    if match is not None:
        found.append(Token(start, end, TAG_KIND, b"// <%s%s>" % match.groups()))


def _gap(found: list[Token], source: bytes, start: int, end: int) -> None:
    stripped = source[start:end].strip(_BLANK)
    if stripped:
        begin = source.index(stripped, start)
        found.append(Token(begin, begin + len(stripped), GAP, stripped))
