"""Loops and `forall` statements that have no body.

Law: Dafny takes such a loop's invariants, and such a statement's `ensures`, for granted. Whether a `{` is the body is
decided as in the grammar, by the token before it.
"""

from collections.abc import Iterator, Sequence

from s2c.languages.dafny.syntax import Token

_OPEN = frozenset({b"(", b"[", b"{", b"{:", b"|{"})
_CLOSE = frozenset({b")", b"]", b"}"})
_CLAUSES = frozenset({b"invariant", b"decreases", b"modifies", b"ensures", b"requires", b"free", b"{"})
_STATEMENTS = frozenset({b"while", b"for", b"return", b"break", b"continue", b"print"})
# after one of these a `{` is a set display
_BEFORE_DISPLAY = frozenset(
    b"then else in as is := == :: < , : . = ! - + -> ~> --> & / % ^ ~ ? # || && ==> <== <==> != <= >= !! << => :| .. "
    b"!in by calc multiset iset invariant decreases modifies ensures requires".split()
)
_LITERALS = frozenset({"string", "char"})
_OPERAND_END = frozenset({b")", b"]", b"}", b"|"})


def without_body(words: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    """Rule, message and offset of each loop or `forall` statement in a fill that has no body."""
    matching = _matching(words)
    for at, word in enumerate(words):
        if word.kind in _LITERALS or (at and words[at - 1].text == b"."):
            continue
        if word.text in {b"while", b"for"} and not _has_body(words, matching, at):
            yield "no-body", f"this `{word.text.decode()}` loop has no body: write one", word.start
        elif word.text == b"forall" and _is_statement(words, matching, at) and not _has_body(words, matching, at):
            yield "no-body", "this `forall` statement has no body: write `{ ... }` with its proof", word.start


def _is_statement(words: Sequence[Token], matching: Sequence[int], at: int) -> bool:
    """A `forall` begins a statement after `;`, `{`, `}` or a label; and it has no `::` of its own."""
    if at and words[at - 1].text not in {b";", b"{", b"}", b":", b"else"}:
        return False
    for position in _level(words, matching, at + 1):
        if words[position].text == b"::":
            return False
        if words[position].text == b";" or _is_body(words, position):
            break
    return True


def _has_body(words: Sequence[Token], matching: Sequence[int], at: int) -> bool:
    for position in _level(words, matching, at + 1):
        word, before = words[position], words[position - 1]
        if _is_body(words, position):
            return True
        follows = words[position + 1].text if position + 1 < len(words) else b""
        if word.text == b";" and follows not in _CLAUSES:
            return False
        if word.text in _STATEMENTS or (word.text == b"if" and _ends_operand(before)):
            return False
    return False


def _is_body(words: Sequence[Token], at: int) -> bool:
    return words[at].text == b"{" and words[at - 1].text not in _BEFORE_DISPLAY


def _ends_operand(word: Token) -> bool:
    name = word.kind == "identifier" and word.text not in _BEFORE_DISPLAY
    return word.kind in _LITERALS or word.kind == "number" or name or word.text in _OPERAND_END


def _level(words: Sequence[Token], matching: Sequence[int], at: int) -> Iterator[int]:
    """Positions from `at` on that are on its own bracket level, opening brackets included, to the end of that level."""
    while at < len(words) and not (words[at].text in _CLOSE and words[at].kind not in _LITERALS):
        yield at
        at = matching[at] + 1


def _matching(words: Sequence[Token]) -> list[int]:
    """For each opening bracket the position of its closing one; for every other token its own position."""
    found = list(range(len(words)))
    opened: list[int] = []
    for at, word in enumerate(words):
        if word.kind in _LITERALS:
            continue
        if word.text in _OPEN:
            opened.append(at)
        elif word.text in _CLOSE and opened:
            found[opened.pop()] = at
    return found
