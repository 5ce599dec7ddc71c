"""What a Verus source takes on trust.

Law: given text may assume; it is told, by place, and never hidden. Only what stands outside holes is looked at.
"""

from collections.abc import Iterator, Sequence

from s2c.languages.verus.items import Item
from s2c.languages.verus.reader import Words
from s2c.languages.verus.syntax import place
from s2c.model import Assumption, Span

# in attributes: what Verus then does not verify, or not wholly
_ATTRIBUTES = frozenset(
    {
        b"external_body", b"external", b"external_fn_specification", b"external_type_specification",
        b"external_trait_specification", b"external_trait_extension", b"assume_termination", b"external_derive",
        b"exec_allows_no_decreases_clause", b"admit", b"trusted", b"no_verify", b"external_auto_derive",
    }
)  # fmt: skip
_CALLS = frozenset({b"assume", b"admit", b"assume_new", b"inline_air_stmt"})
_WORDS = _ATTRIBUTES | _CALLS | {b"#"}


def assumptions(items: Sequence[Item], holes: Sequence[Span], code: Words, source: bytes) -> tuple[Assumption, ...]:
    """Everything in the given text that is not proved, in file order."""
    found = [*_declarations(items, source), *_in_tokens(items, holes, code, source)]
    return tuple(sorted(found, key=lambda one: (one.line, one.what)))


def _declarations(items: Sequence[Item], source: bytes) -> Iterator[Assumption]:
    """Declarations that are axioms themselves, by their names."""
    for item in items:
        what = _what(item)
        if what:
            line, _ = place(source, item.span.start)
            yield Assumption(f"{what} {item.short}".rstrip(), line, item.name if item.is_fn else "")


def _what(item: Item) -> str:
    if item.kind in {"axiom fn", "assume_specification", "global"}:
        return item.kind
    if "uninterp" in item.modifiers and any(clause.kind == "ensures" for clause in item.clauses):
        return f"uninterp {item.kind}"
    marked = [one.rpartition("::")[2] for one in item.attributes]
    word = next((one for one in marked if one.encode() in _ATTRIBUTES), "")
    return f"{word} {item.kind}" if word and item.scope.verus else ""


def _in_tokens(items: Sequence[Item], holes: Sequence[Span], code: Words, source: bytes) -> Iterator[Assumption]:
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
            yield Assumption(token.text.decode(), place(source, token.start)[0])


def _is_call(code: Words, at: int) -> bool:
    """Whether a function is called here, or named as a value (`use admit as done`), not defined and not a field."""
    before, after = _text(code, at - 1), _text(code, at + 1)
    return before not in {b".", b"fn", b"let"} and after not in {b":", b"="}


def _text(code: Words, at: int) -> bytes:
    return code.tokens[at].text if 0 <= at < len(code.tokens) else b""
