"""Whether a contract's `requires` contradict themselves: a lemma that is proved only then.

Law: it has the parameters and the `requires` of one declaration, `ensures false`, and nothing in its body. Where a
`proof fn` can't have these parameters there is none.
"""

from collections.abc import Sequence

from s2c.languages.verus.reader import Words, words
from s2c.languages.verus.syntax import NAME, tokens, tree
from s2c.model import Declaration, Outline

# what a lemma's parameters may not have, or would mean otherwise there
_ODD = frozenset({b"self", b"mut", b"Tracked", b"Ghost", b"tracked", b"impl", b"dyn", b"where", b"#"})


def vacuity(source: bytes, outline: Outline, given: Declaration) -> tuple[int, bytes, str] | None:
    """Where to insert the lemma, its text and its name; None if there is none for this declaration."""
    header = source[given.span.start : given.contract_end]
    signature = _signature(words(tokens(tree(header), header)), header)
    if signature is None or not given.kind.endswith("fn"):
        return None
    name = _free_name(outline, f"S2C_vacuous_{_last(given.name)}")
    requires = [source[one.span.start : one.span.end] for one in given.clauses if one.kind == "requires"]
    wanted = [text.decode("utf-8", "replace").strip().rstrip(",") for text in requires]
    conditions = "".join(f"    {text},\n" for text in wanted)
    lemma = f"\nproof fn {name}{signature}\n{conditions}    ensures false,\n{{\n}}\n"
    return given.span.end, lemma.encode(), name


def _signature(read: Words, header: bytes) -> str | None:
    """Type parameters and parameters as text, None for what a lemma can't have."""
    texts = [word.text for word in read.tokens]
    if b"fn" not in texts:
        return None
    start = texts.index(b"fn") + 2
    opening = next((at for at in range(start, len(texts)) if texts[at] == b"("), len(texts))
    closing = read.close[opening] if opening < len(texts) else len(texts)
    if closing >= len(texts) or not _plain(texts, closing, start) or read.tokens[start - 1].kind != NAME:
        return None
    return header[read.tokens[start - 1].end : read.tokens[closing].end].decode("utf-8", "replace")


def _plain(texts: Sequence[bytes], closing: int, start: int) -> bool:
    return _ODD.isdisjoint(texts[start:closing]) and b"where" not in texts


def _last(name: str) -> str:
    return name.rpartition("::")[2].rpartition(".")[2]


def _free_name(outline: Outline, name: str) -> str:
    while name in outline.names:
        name += "_"
    return name
