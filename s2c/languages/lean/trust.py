"""What a Lean source takes on trust.

Law: given text may assume; it is told, by place, and never hidden. Only what stands outside holes is looked at.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from s2c.languages.lean.items import Item
from s2c.languages.lean.syntax import Lines, Token
from s2c.model import Assumption

# proofs by compiled code, an axiom by its own name, and checks switched off
_WORDS = frozenset(
    {
        b"native_decide", b"bv_decide", b"sorryAx", b"lcProof", b"lcUnreachable", b"ofReduceBool", b"ofReduceNat",
        b"Lean.ofReduceBool", b"Lean.ofReduceNat", b"trustCompiler", b"Lean.trustCompiler", b"debug.skipKernelTC",
        b"addDeclWithoutChecking",
    }
)  # fmt: skip
_ATTRIBUTES = ("extern", "implemented_by")  # what runs is not what was proved


def assumptions(items: Sequence[Item], given: Sequence[Token], source: bytes) -> tuple[Assumption, ...]:
    """Everything in the given tokens that is not proved, in file order."""
    lines = Lines(source)
    found = [*_declared(items, lines), *_in_tokens(items, given, lines)]
    return tuple(sorted(set(found), key=lambda one: (one.line, one.what)))


def _declared(items: Sequence[Item], lines: Lines) -> Iterator[Assumption]:
    for item in items:
        line = lines.number(item.keyword.start)
        if item.kind == "axiom":
            yield Assumption(f"axiom {item.name}", line, item.name)
        for name in _ATTRIBUTES:
            if name in item.attributes:
                yield Assumption(f"@[{name}] {item.name}", line)


def _in_tokens(items: Sequence[Item], given: Sequence[Token], lines: Lines) -> Iterator[Assumption]:
    starts = [item.span.start for item in items]
    told: set[tuple[str, str]] = set()
    for word in given:
        if word.kind == "sorry" or (word.kind == "identifier" and word.text in _WORDS):
            at = bisect_right(starts, word.start) - 1
            item = items[at] if at >= 0 and word.start < items[at].span.end else None
            one = _told(word, item, lines) if (word.text.decode(), item.name if item else "") not in told else None
            told.add((word.text.decode(), item.name if item else ""))
            if one is not None:
                yield one


def _told(word: Token, item: Item | None, lines: Lines) -> Assumption:
    line = lines.number(word.start)
    what = f"`{word.text.decode()}`"
    if item is None:
        return Assumption(f"{what} in a command", line)
    name = item.name if word.kind == "sorry" else ""
    if word.kind == "sorry" and word.start < item.signature_end:
        return Assumption(f"{what} in the statement of {item.name}", line, name)
    return Assumption(f"{what} in {item.name}", line, name)
