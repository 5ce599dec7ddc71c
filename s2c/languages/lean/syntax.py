"""Lean text as a tree and as tokens with their positions.

Law: nothing that Lean would read is lost. Every non-blank byte outside comments is in exactly one token, whether the
grammar gave it a leaf or not; and as Lean reads by columns and line breaks, a token knows whether it is the first on
its line and in which column it begins. So two texts with equal fingerprints are the same program.
"""

import functools
import re
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tree_sitter

from s2c.languages.base import load_grammar
from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.model import Problem

COMMENTS = frozenset({"line_comment", "block_comment", "doc_comment"})
TAG = re.compile(rb"--[ \t]*<(/?)(vc-[a-z]+)>")
GAP = "gap"  # the kind of a token that no leaf of the tree covers

_MAY_SPAN_LINES = COMMENTS | {"string", "vc_tag", "unterminated", GAP}
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n" + _BOM  # blank wherever it stands
_UNTERMINATED = {b"/-": "this comment is never closed: write `-/` at its end"}
_OPEN_STRING = 'this string is never closed: write `"` at its end'


class Token(NamedTuple):
    """One token: bytes `start` to `end`, its kind in the grammar, its text, and where it stands.

    `first`: no token stands before it on its line. `column`: in characters, from 0.
    """

    start: int
    end: int
    kind: str
    text: bytes
    first: bool
    column: int

    @property
    def fingerprint(self) -> bytes:
        """What Lean may see of it: text and place, but not the number of its line. A tag has no place."""
        if self.kind == "vc_tag":
            return self.text
        return b"%d %d %s" % (self.first, self.column, self.text)


@functools.cache
def _language() -> tree_sitter.Language:
    return load_grammar(Path(__file__).with_name("grammar.so"), "lean")


def tree(source: bytes) -> tree_sitter.Node:
    """The root of the tree of `source`. Never fails: look at `has_error`."""
    return tree_sitter.Parser(_language()).parse(source).root_node


def tokens(root: tree_sitter.Node, source: bytes) -> list[Token]:
    """Every token of `root` in order: leaves, tag comments, and any text between that no leaf covers.

    A doc comment counts where its text does: before `#guard_msgs`, which compares it with what is printed.
    """
    tape = _Tape(source)
    doc: tuple[int, Token] | None = None
    for leaf in leaves(root):
        kind, start, end = leaf.type, leaf.start_byte, leaf.end_byte
        if start == end:
            continue
        if start > tape.position:
            tape.gap(start)
        if doc is not None and kind not in COMMENTS and kind != "vc_tag":
            if source[start:end] == b"#guard_msgs":
                tape.found.insert(*doc)
            doc = None
        if kind == "doc_comment":
            text = source[start:end].replace(b"\r\n", b"\n")
            doc = (len(tape.found), Token(start, end, kind, text, tape.first, tape.column))
        tape.leaf(kind, start, end)
    tape.gap(len(source))
    return tape.found


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


def text(node: tree_sitter.Node, source: bytes) -> str:
    """The text of a node."""
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")


class Lines:
    """The numbers of the lines of a source, for many offsets."""

    def __init__(self, source: bytes) -> None:
        self._ends = [match.start() for match in re.finditer(rb"\n", source)]

    def number(self, offset: int) -> int:
        """The 1-based line of a byte offset."""
        return bisect_left(self._ends, offset) + 1


def errors(root: tree_sitter.Node, source: bytes) -> tuple[Problem, ...]:
    """What the parser could not read, outermost places only, at most `MAX_PROBLEMS`."""
    found: list[Problem] = []
    stack = [root] if root.has_error else []
    while stack and len(found) < MAX_PROBLEMS:
        node = stack.pop()
        if node.is_missing:
            found.append(problem(source, node.start_byte, f"syntax error: {_missing(node)} is missing here"))
        elif node.is_error:
            found.append(_error(node, source))
        else:
            stack.extend(child for child in reversed(node.children) if child.has_error)
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


class _Tape:
    """Takes a source piece by piece, in order, and makes its tokens, counting columns as it goes."""

    def __init__(self, source: bytes) -> None:
        self.found: list[Token] = []
        self.first = True  # no token yet on this line
        self.column = 0
        self.position = len(_BOM) if source.startswith(_BOM) else 0
        self._source = source

    def leaf(self, kind: str, start: int, end: int) -> None:
        """The leaf at these bytes, which begin where the last piece ended."""
        text = self._source[start:end]
        self.position = end
        if kind in _MAY_SPAN_LINES:
            if kind not in COMMENTS:
                self.found.append(Token(start, end, kind, _spelling(text, kind), self.first, self.column))
            self._pass(text)
            self.first = self.first and (kind in COMMENTS or kind == "vc_tag")
            return
        self.found.append(Token(start, end, kind, text, self.first, self.column))
        self.first = False
        self.column += end - start if text.isascii() else len(text.decode("utf-8", "replace"))

    def gap(self, end: int) -> None:
        """What no leaf covers, up to here: blanks mostly."""
        raw = self._source[self.position : end]
        stripped = raw.strip(_BLANK)
        if stripped:
            begin = self.position + raw.index(stripped)
            self._pass(self._source[self.position : begin])
            self.leaf(GAP, begin, begin + len(stripped))
            raw = self._source[self.position : end]
        if raw.isspace() and b"\n" not in raw:
            self.column += len(raw)
        else:
            self._pass(raw)
        self.position = max(end, self.position)

    def _pass(self, piece: bytes) -> None:
        line = piece.rfind(b"\n")
        if line >= 0:
            piece = piece[line + 1 :]
            self.column, self.first = 0, True
        self.column += len(piece) if piece.isascii() else len(piece.decode("utf-8", "replace"))


def _spelling(spelling: bytes, kind: str) -> bytes:
    if kind == "vc_tag":
        match = TAG.match(spelling)
        return b"-- <%s%s>" % match.groups() if match else spelling.rstrip()
    return spelling.replace(b"\r\n", b"\n")


def _missing(node: tree_sitter.Node) -> str:
    return "a declaration" if node.type == "keyword" else f"`{node.type.replace('_', ' ')}`"


def _error(node: tree_sitter.Node, source: bytes) -> Problem:
    # an error node often begins with tokens that were fine; what could not be read is an error node within, or the end
    open_ended = [one for one in node.children if one.type == "unterminated"]
    inner = open_ended or [one for one in node.children if one.is_error]
    at = inner[0] if inner else node
    beginning = source[at.start_byte : at.start_byte + 2]
    if open_ended or beginning in _UNTERMINATED:
        return problem(source, at.start_byte, f"syntax error: {_UNTERMINATED.get(beginning, _OPEN_STRING)}")
    excerpt = source[at.start_byte : at.start_byte + 60].decode("utf-8", "ignore").split("\n")[0].strip()
    return problem(source, at.start_byte, f"syntax error near `{excerpt}`")
