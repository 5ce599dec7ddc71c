"""Headers and contracts: where the clauses of a function stand, and which `{` is its body.

Law: the rules are those of Verus' own parser. A brace group right after a clause's keyword or a comma is the body
unless a comma follows it; after an operand it is the body, unless a `match`, `if`, `while` or `for` before it still
waits for one; after an operator it is a block, unless nothing follows it that could go on.

The order of clauses in a signature, from the same parser (syn/verus.rs): `by`, `with`, `requires`, `recommends`,
`ensures`, `default_ensures`, `returns`, `decreases` (`when`, `via`), `opens_invariants`, `no_unwind`; each at most
once.
"""

from dataclasses import dataclass
from enum import Enum, auto

from s2c.languages.verus.reader import CLOSING, Cursor
from s2c.languages.verus.syntax import LITERALS, NAME

CLAUSES = frozenset(
    {
        b"requires", b"recommends", b"ensures", b"default_ensures", b"returns", b"decreases", b"opens_invariants",
        b"no_unwind",
    }
)  # fmt: skip
LATER = frozenset({"default_ensures", "returns", "decreases", "opens_invariants", "no_unwind"})  # than `ensures`

_MEMBER = frozenset({b".", b"::"})
_HEADS = frozenset({b"match", b"if", b"while", b"for"})  # a brace group follows, after an expression
_WORD_OPERATORS = frozenset(
    {
        b"else", b"loop", b"unsafe", b"move", b"async", b"const", b"in", b"implies", b"has", b"hasnt", b"when", b"via",
        b"return", b"break", b"proof",
    }
)  # fmt: skip
_TYPED = frozenset({b"as", b"is", b"isnt", b":", b"->"})
_PATTERNS = frozenset({b"matches", b"let"})
_OPERANDS = frozenset({b"self", b"super", b"crate", b"true", b"false", b"?", b"@"})
_AFTER_BLOCK = frozenset({b"as", b"is", b"isnt", b"has", b"hasnt", b"matches", b"implies", b"else", b"when", b"via"})


class _State(Enum):
    """What stands before the place where the walk is."""

    START = auto()  # a clause's keyword, or a comma
    OPERATOR = auto()
    OPERAND = auto()


@dataclass(frozen=True)
class Part:
    """One clause: its keyword, and its tokens from the keyword to before `end`."""

    keyword: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Contract:
    """A header as read: its clauses, the index of what ends it (`{`, `;`, `=`, or where it breaks off)."""

    parts: tuple[Part, ...]
    end: int
    leaks: bool  # the return type is `impl Trait`, so importers see into the body


def header(cursor: Cursor) -> Contract:
    """From behind a name past generics, parameters, result, `where` and clauses, up to a body, a `;` or a `=`."""
    result = bound = -1
    while not cursor.done and cursor.text not in {b"{", b";", b"=", b"}"} and not _at_clause(cursor):
        if cursor.text == b"<":
            cursor.angles()
            continue
        result = cursor.at if cursor.text == b"->" and result < 0 and bound < 0 else result
        bound = cursor.at if cursor.text == b"where" and bound < 0 else bound
        cursor.step()
    until = bound if bound >= 0 else cursor.at
    leaks = result >= 0 and any(cursor.tokens[at].text == b"impl" for at in range(result, until))
    parts: list[Part] = []
    while _at_clause(cursor):
        keyword, start = cursor.text, cursor.at
        cursor.step()
        _clause(cursor)
        parts.append(Part(keyword, start, cursor.at))
    return Contract(tuple(parts), cursor.at, leaks)


def _at_clause(cursor: Cursor) -> bool:
    return cursor.text in CLAUSES and cursor.before not in _MEMBER


def _clause(cursor: Cursor) -> None:
    """From behind a clause's keyword to the next clause, the body or the `;`."""
    state, heads = _State.START, 0
    while not cursor.done and cursor.text not in {b";", b"}"} and not _at_clause(cursor):
        if cursor.text == b"{":
            if _is_body(cursor, state, heads):
                return
            heads -= state is _State.OPERAND and heads > 0
            cursor.step()
            state = _State.OPERAND
        else:
            heads = 0 if cursor.text == b"," else heads + (cursor.text in _HEADS and cursor.before not in _MEMBER)
            state = _next(cursor, state)


def _is_body(cursor: Cursor, state: _State, heads: int) -> bool:
    after = cursor.following
    if state is _State.START:
        return after != b","
    if heads:
        return False
    if state is _State.OPERAND:
        return True
    return not (after in CLAUSES or after in _AFTER_BLOCK or (after[:1] in b"!%&(*+,-./:;<=>?@[^{|" and after != b""))


def _next(cursor: Cursor, state: _State) -> _State:
    """Past one token or group that is no brace group, and what stands before the next."""
    text, kind = cursor.text, cursor.tokens[cursor.at].kind
    cursor.step()
    if text == b"#":  # an attribute: neither operand nor operator
        cursor.skip(b"!")
        cursor.skip(b"[")
        return state
    if text == b",":
        return _State.START
    if text == b"::" and cursor.text == b"<":
        cursor.angles()
        return _State.OPERAND
    if text in _TYPED:
        cursor.type()
    elif text in _PATTERNS:
        _pattern(cursor)
    elif text in _HEADS or text in _WORD_OPERATORS or not _is_operand(text, kind):
        return _State.OPERATOR
    return _State.OPERAND


def _is_operand(text: bytes, kind: str) -> bool:
    return kind == NAME or kind in LITERALS or text in _OPERANDS or text in CLOSING


def _pattern(cursor: Cursor) -> None:
    """Past a pattern, a struct's with its braces."""
    while cursor.text in {b"&", b"ref", b"mut"}:
        cursor.step()
    cursor.path()
    if cursor.text in CLOSING:
        cursor.step()
