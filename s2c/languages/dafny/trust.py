"""What a Dafny source takes on trust.

Law: given text may assume; it is told, by place, and never hidden. Only what stands outside holes is looked at.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from s2c.languages.dafny.items import CALLABLES, Item
from s2c.languages.dafny.loops import without_body
from s2c.languages.dafny.syntax import Token
from s2c.languages.texts import place
from s2c.model import Assumption

_STATEMENTS = frozenset({b"assume", b"expect", b"free"})
_ATTRIBUTES = frozenset(
    {
        b"assume_concurrent", b"axiom", b"extern", b"ignore", b"inline", b"only", b"options", b"selective_checking",
        b"start_checking_here", b"termination", b"verified_under", b"verify",
        b"Axiom", b"Extern", b"Verify", b"VerifyOnly", b"AssumeCrossModuleTermination",
    }
)  # fmt: skip


def assumptions(
    items: Sequence[Item], owners: Sequence[Item], given: Sequence[Token], source: bytes
) -> tuple[Assumption, ...]:
    """Everything in the given tokens that is not proved, in file order."""
    found = [*_in_tokens(given, source), *_bodiless(items, owners, source), *_endless(given, source)]
    return tuple(sorted(found, key=lambda one: (one.line, one.what)))


def _in_tokens(given: Sequence[Token], source: bytes) -> Iterator[Assumption]:
    for at, token in enumerate(given):
        before = given[at - 1].text if at else b""
        after = given[at + 1].text if at + 1 < len(given) else b""
        if token.text in _STATEMENTS and before not in {b".", b"var"}:
            yield from _statement(token, given[at + 1 : at + 3], source)
        elif token.kind == "clause_words" and token.text.startswith(b"free "):
            yield _told(token.text.decode(), token, source)
        elif before in {b"{:", b"@"} and token.text in _ATTRIBUTES and not _told_already(token, given[at - 2 : at - 1]):
            name = token.text.decode()
            value = after.decode() if after in {b"false", b"true"} else ""
            yield _told(f"@{name}" if before == b"@" else f"{{:{name} {value}".rstrip() + "}", token, source)


def _told_already(attribute: Token, before: Sequence[Token]) -> bool:
    """Whether this is the `{:axiom}` of an `assume`, which is told with it."""
    return attribute.text == b"axiom" and any(one.text in _STATEMENTS for one in before)


def _statement(token: Token, following: Sequence[Token], source: bytes) -> Iterator[Assumption]:
    # as words they are reserved, but for `free` and `expect`, which some releases take as names
    word = token.text.decode()
    after = following[0].text if following else b""
    if [one.text for one in following] == [b"{:", b"axiom"]:
        yield _told(f"{word} {{:axiom}}", token, source)
        return
    if word == "free" and after != b"invariant":
        return
    if word == "expect" and after in {b":=", b",", b":", b")", b";", b"."}:
        return
    yield _told(f"{word} invariant" if word == "free" else word, token, source)


def _endless(given: Sequence[Token], source: bytes) -> Iterator[Assumption]:
    """Termination that is given up, and loops whose invariants nothing proves."""
    for token, after in pairwise(given):
        if (token.text, after.text) == (b"decreases", b"*"):
            yield _told("decreases *", token, source)
    for _, _, start in without_body(given):
        line, _ = place(source, start)
        yield Assumption("a loop or forall statement has no body", line)


def _bodiless(items: Sequence[Item], owners: Sequence[Item], source: bytes) -> Iterator[Assumption]:
    holes = {id(item) for item in owners}
    for item in items:
        given = item.node.type in CALLABLES and item.body is None and id(item) not in holes
        open_anyway = item.scope.abstract or (item.scope.trait and "static" not in item.modifiers)
        if not given or item.is_trusted or open_anyway:
            continue
        if any(clause.kind.endswith("ensures") for clause in item.clauses(source)):
            line, _ = place(source, item.node.start_byte)
            yield Assumption(f"{item.kind} {item.name} has no body", line)


def _told(what: str, token: Token, source: bytes) -> Assumption:
    return Assumption(what, place(source, token.start)[0])
