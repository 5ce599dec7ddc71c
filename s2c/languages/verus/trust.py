"""What a Verus source takes on trust.

Law: given text may assume; it is told, by place, and never hidden. Only what stands outside holes is looked at.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from s2c.languages.verus.items import Item
from s2c.languages.verus.reader import Words
from s2c.model import Assumption, Span

# in attributes: what Verus then does not verify, or not wholly
_ATTRIBUTES = frozenset(
    {
        b"external_body", b"external", b"external_fn_specification", b"external_type_specification",
        b"external_trait_specification", b"external_trait_extension", b"assume_termination", b"external_derive",
        b"exec_allows_no_decreases_clause", b"admit", b"trusted", b"no_verify", b"external_auto_derive",
    }
)  # fmt: skip
_LINE_END = re.compile(rb"\n")
_CALLS = frozenset({b"assume", b"admit", b"assume_new", b"inline_air_stmt"})
_WORDS = _ATTRIBUTES | _CALLS | {b"#"}


def assumptions(items: Sequence[Item], holes: Sequence[Span], code: Words, source: bytes) -> tuple[Assumption, ...]:
    """Everything in the given text that is not proved, in file order."""
    ends = [match.start() for match in _LINE_END.finditer(source)]
    found = [*_declarations(items, ends), *_bodiless(items, holes, ends), *_in_tokens(items, holes, code, ends)]
    return tuple(sorted(found, key=lambda one: (one.line, one.what)))


def _declarations(items: Sequence[Item], ends: Sequence[int]) -> Iterator[Assumption]:
    """Declarations that are axioms themselves, by their names."""
    for item in items:
        what = _what(item)
        if what:
            line = bisect_left(ends, item.span.start) + 1
            yield Assumption(f"{what} {item.short}".rstrip(), line, item.name if item.is_fn else "")


def _what(item: Item) -> str:
    if item.kind in {"axiom fn", "assume_specification", "global"}:
        return item.kind
    if "uninterp" in item.modifiers and any(clause.kind == "ensures" for clause in item.clauses):
        return f"uninterp {item.kind}"
    marked = (one.rpartition("::")[2] for one in item.attributes)
    trusting = [one for one in marked if one.encode() in _ATTRIBUTES]
    return " ".join([*trusting, item.kind]) if trusting and item.scope.verus else ""


def _bodiless(items: Sequence[Item], holes: Sequence[Span], ends: Sequence[int]) -> Iterator[Assumption]:
    """Functions that promise something, have no body, and owe none to anyone."""
    owed = {span.end for span in holes}
    for item in items:
        given = item.is_fn and item.body is None and item.scope.verus and item.span.end not in owed
        promises = any(clause.kind in {"ensures", "returns"} for clause in item.clauses)
        if given and promises and not item.scope.trait and not _what(item):
            yield Assumption(f"{item.kind} {item.short} has no body", bisect_left(ends, item.span.start) + 1)


def _in_tokens(items: Sequence[Item], holes: Sequence[Span], code: Words, ends: Sequence[int]) -> Iterator[Assumption]:
    """`assume(...)` and the like, and attributes that no item's own list shows (in `cfg_attr`, before a loop)."""
    told = {at for item in items if _what(item) for at in range(item.first, item.keyword)}
    inside = [(span.start, span.end) for span in holes]
    attribute_end = -1
    for at in [at for at, token in enumerate(code.tokens) if token.text in _WORDS]:
        token = code.tokens[at]
        if token.text == b"#":
            opening = at + 2 if _text(code, at + 1) == b"!" else at + 1
            attribute_end = code.close[opening] if _text(code, opening) == b"[" else attribute_end
            continue
        if at < attribute_end:
            trusting = token.text in _ATTRIBUTES and at not in told
        else:
            trusting = token.text in _CALLS and _is_call(code, at)
        if trusting and not any(start <= token.start < end for start, end in inside):
            yield Assumption(token.text.decode(), bisect_left(ends, token.start) + 1)


def _is_call(code: Words, at: int) -> bool:
    """Whether a function is called here, or named as a value (`use admit as done`), not defined and not a field."""
    before, after = _text(code, at - 1), _text(code, at + 1)
    return before not in {b".", b"fn", b"let"} and after not in {b":", b"="}


def _text(code: Words, at: int) -> bytes:
    return code.tokens[at].text if 0 <= at < len(code.tokens) else b""
