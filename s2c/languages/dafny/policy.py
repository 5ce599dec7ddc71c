"""Layer 3: what a fill may contain.

Law: allow lists on real tokens. Words in comments and strings don't count; an attribute, a modifier or a kind of
declaration that is not listed here is refused; and no fill declares a name that the spec declares or uses.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from s2c.languages.base import UNDECLARED
from s2c.languages.dafny.items import Item, introduced, items
from s2c.languages.dafny.loops import without_body
from s2c.languages.dafny.structure import wrapped
from s2c.languages.dafny.syntax import Token, find, text, tokens, tree
from s2c.model import Hole, HoleKind, Outline, Refusal

# only guide the prover or the unfolding of definitions: none can weaken what must be proved
ATTRIBUTES = frozenset(
    {b"trigger", b"induction", b"fuel", b"opaque", b"isolate_assertions", b"vcs_split_on_every_assert"}
)
ITEMS = frozenset(
    {"method", "lemma", "function", "predicate", "function method", "predicate method", "const", "datatype"}
)
MODIFIERS = frozenset({"ghost", "opaque", "static", "twostate"})

_TRUSTING = frozenset({b"assume", b"expect"})
# reserved words that no fill needs: each opens a scope, takes something on trust, or has no body
_KEYWORDS = frozenset(
    {
        b"abstract", b"class", b"codatatype", b"constructor", b"export", b"extends", b"import", b"include", b"iterator",
        b"modify", b"module", b"newtype", b"refines", b"trait", b"type", b"yield", b"...",
    }
)  # fmt: skip
_DECLARING = frozenset(
    {b"codatatype", b"colemma", b"const", b"copredicate", b"datatype", b"function", b"lemma", b"method", b"predicate"}
)
_FREE = frozenset({b"invariant", b"ensures", b"requires"})
_LABELLED = frozenset({b"old", b"unchanged", b"fresh", b"allocated"})  # `old@L(x)`: here the @ names a label
_LITERALS = frozenset({"string", "char", "number"})
_BITS = re.compile(rb"bv\d+")
_TYPE_WORDS = frozenset(
    {"bool", "char", "int", "nat", "real", "string", "object", "array", "seq", "set", "map", "ORDINAL"}
)


def policy(outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
    """Every rule that these fills (by hole id) break; empty if they keep them all. Structure has passed before."""
    found: list[Refusal] = []
    for hole in outline.holes:
        if hole.id in fills:
            found += _fill(outline, hole, fills[hole.id])
    return tuple(found)


def helper_names(fill: str) -> tuple[str, ...]:
    """Names that a helpers fill declares, unqualified, sorted."""
    code = fill.encode("utf-8", "surrogatepass")
    top = [item for item in items(tree(code), code) if not item.scope.name]
    return tuple(sorted({name for item in top for name in introduced(item, code)}))


def _fill(outline: Outline, hole: Hole, fill: str) -> Iterator[Refusal]:
    code, offset = wrapped(hole, fill)
    root = tree(code)
    first = code.count(b"\n", 0, offset)
    end = len(code) if hole.kind is HoleKind.HELPERS else code.rindex(b"}")
    words = [word for word in tokens(root, code) if offset <= word.start < end]
    for rule, message, at in (*_tokens(outline, hole, words), *without_body(words)):
        yield Refusal(rule, message, hole.id, code.count(b"\n", 0, at) - first + 1)
    if hole.kind is HoleKind.HELPERS:
        for item in items(root, code):
            line = item.node.start_point.row + 1
            for rule, message in (*_item(item), *_names(outline, item, code)):
                yield Refusal(rule, message, hole.id, line)


def _tokens(outline: Outline, hole: Hole, words: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    """Rule, message and offset for each token that may not be there."""
    endless = hole.kind is HoleKind.BODY and _endless(outline.skeleton)
    for at, word in enumerate(words):
        if word.kind in _LITERALS:
            continue
        before = words[at - 1].text if at else b""
        after = words[at + 1].text if at + 1 < len(words) else b""
        found = _word(word, before, after, endless=endless) or _bits(outline, word) or _declaring(hole, word)
        if found is not None:
            yield (*found, word.start)


def _word(word: Token, before: bytes, after: bytes, *, endless: bool) -> tuple[str, str] | None:
    spelled = word.text.decode("utf-8", "replace")
    if word.kind in {"stray", "gap"}:
        return "token", f"`{spelled}` is no Dafny token: names and operators are plain ASCII"
    if word.text in _KEYWORDS:
        return "keyword", f"`{spelled}` may not stand in a fill"
    if word.text == b"decreases" and after == b"*" and not endless:
        return "endless", "`decreases *` gives up termination: write an expression that decreases"
    return _trust(word, after) or _attribute(word, before, after)


def _declaring(hole: Hole, word: Token) -> tuple[str, str] | None:
    if hole.kind is not HoleKind.HELPERS and word.text in _DECLARING:
        return "keyword", f"`{word.text.decode()}` declares something inside a body: put it in helpers"
    return None


def _trust(word: Token, after: bytes) -> tuple[str, str] | None:
    if word.text in _TRUSTING:
        return "trust", f"`{word.text.decode()}` takes a fact on trust: prove it, with `assert` or a lemma"
    if word.text.startswith(b"free ") or (word.text == b"free" and after in _FREE):
        return "trust", "`free` takes a clause on trust: write it without `free` and prove it"
    return None


def _attribute(word: Token, before: bytes, after: bytes) -> tuple[str, str] | None:
    name = after.decode("utf-8", "replace")
    if word.text == b"|{" and after.startswith(b":"):
        return "attribute", "`|{:` reads as an attribute: remove it"
    if word.text == b"{:" and after not in ATTRIBUTES:
        allowed = ", ".join(sorted(one.decode() for one in ATTRIBUTES))
        return "attribute", f"attribute `{{:{name}}}` may not stand in a fill; allowed: {allowed}"
    if word.text == b"@" and before not in _LABELLED:
        return "attribute", f"attribute `@{name}` may not stand in a fill: remove it"
    return None


def _bits(outline: Outline, word: Token) -> tuple[str, str] | None:
    # Dafny before 3.0 proves termination wrongly for bit-vectors: they come in only where the spec has them anyway
    if _BITS.fullmatch(word.text) and not any(_BITS.fullmatch(name.encode()) for name in outline.names):
        return "bit-vector", f"`{word.text.decode()}`: the spec has no bit-vectors, so use int or nat with `/` and `%`"
    return None


def _endless(skeleton: Sequence[bytes]) -> bool:
    return any(word == b"decreases" and skeleton[at : at + 1] == (b"*",) for at, word in enumerate(skeleton, 1))


def _item(item: Item) -> Iterator[tuple[str, str]]:
    known = {"field": "a field", "import": "an import", "export": "an export"}
    if item.kind not in ITEMS:
        what = known.get(item.node.type, f"{item.kind} {item.name}")
        yield "item", f"{what} may not stand in helpers; allowed: {', '.join(sorted(ITEMS))}"
    for modifier in sorted(item.modifiers - MODIFIERS):
        yield "item", f"modifier `{modifier}` may not stand in helpers"
    if item.kind == "const" and not _has_value(item):
        yield "no-body", f"const {item.name} has no value: write `:=` and one"


def _has_value(item: Item) -> bool:
    value = item.node.child_by_field_name("value")
    return value is not None and any(child.type == ":=" for child in value.children)


def _undeclared(name: str, kind: str) -> str:
    return (
        f"the given text calls {name} and nothing declares it: with this {kind} the model would decide what contracts"
        " mean (declare it in the given text, or set model_may_define = true and be told)"
    )


def _only_called(outline: Outline, name: str) -> bool:
    """Whether the given text calls a name that it does not declare and does not bind."""
    word = name.encode()
    after = [outline.skeleton[at : at + 1] for at, one in enumerate(outline.skeleton, 1) if one == word]
    return name not in outline.declared and bool(after) and all(one == (b"(",) for one in after)


def _names(outline: Outline, item: Item, code: bytes) -> Iterator[tuple[str, str]]:
    for name in () if item.scope.name else introduced(item, code):
        if _only_called(outline, name):
            yield UNDECLARED, _undeclared(name, item.kind)
        elif name in outline.names:
            yield "name", f"{name} is a name that the given text declares or uses: choose another for this {item.kind}"
    for parameters in item.node.children:
        if parameters.type == "type_parameters":
            for one in find(parameters, "identifier"):
                name = text(one, code)
                if name in outline.declared or name in _TYPE_WORDS:
                    yield "name", f"type parameter {name} hides a name of the spec: choose another"
