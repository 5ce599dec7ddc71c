"""Layer 3: what a fill may contain.

Law: allow lists on real tokens. Words in comments and strings don't count; an attribute, a macro, a modifier, a prover
or a kind of item that is not listed here is refused; and no fill declares a name that the spec declares or uses.

Decisions, each with its reason:

* `by (compute)` and `by (compute_only)` are refused: Verus' interpreter is a second prover that Z3 does not check
  (issue 2766: it took `size_of::<u8>()` for `size_of::<u64>()`).
* `via` and `#[via_fn]`: a proof of termination that was not checked (issue 1624); a plain `decreases` does.
* `use` is refused as a whole: a local name goes before one from a glob (`use a::Set as Seq`, `use admit as done`). A
  full path says the same and hides nothing. `broadcast use` brings proved facts, no names.
* `impl` and `trait`: they give operators and methods another meaning; `type`: an alias may hide a primitive type.
* Every loop needs `decreases`, unless the given text has the attribute that does without.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, islice

from s2c.languages.base import UNDECLARED
from s2c.languages.verus import lexer, vocabulary
from s2c.languages.verus.items import Item, introduced, items
from s2c.languages.verus.reader import words
from s2c.languages.verus.structure import wrapped
from s2c.languages.verus.syntax import tokens, tree
from s2c.model import Hole, HoleKind, Outline, Refusal

ITEMS = frozenset({"fn", "exec fn", "spec fn", "proof fn", "struct", "enum", "const", "broadcast use"})
MODIFIERS = frozenset({"pub", "open", "closed", "broadcast", "checked"})
MAX_REFUSALS = 20  # of one fill
# of the prelude: no helper may be called so, even where the spec does not use the name
_PRELUDE = frozenset(
    """bool char f32 f64 i8 i16 i32 i64 i128 int isize nat str u8 u16 u32 u64 u128 usize real
    Seq Set Map Multiset Vec Option Some None Result Ok Err String Box Rc Arc Ghost Tracked FnSpec View DeepView Clone
    Copy Eq PartialEq Ord PartialOrd Ordering Default Iterator Into From arbitrary assert forall exists choose old main
    reveal reveal_with_fuel hide unreached proof_from_false vstd std core alloc calc seq set map vec""".split()  # noqa: SIM905 - a list of words reads best as words
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
    top = [item for item, _ in _items(fill.encode("utf-8", "surrogatepass")) if not item.scope.name]
    return tuple(sorted({name for item in top for name in introduced(item)}))


def _items(text: bytes) -> list[tuple[Item, int]]:
    """The items of a helpers fill, each with the offset where it begins; none of what is no text of Rust."""
    if lexer.problems(text):
        return []
    head = b"verus! {\n"
    found = items(head + text + b"\n}\n", verus=False)
    return [(item, item.span.start - len(head)) for item in found[1:]]  # behind the `verus!` itself


def _fill(outline: Outline, hole: Hole, fill: str) -> Iterator[Refusal]:
    code, offset = wrapped(hole, fill)
    first = code.count(b"\n", 0, offset)
    text = fill.encode("utf-8", "surrogatepass")
    end = offset + len(text)
    read = words([word for word in tokens(tree(code), code) if offset <= word.start < end])
    found = chain(vocabulary.refused(outline, hole, read), _of_items(outline, hole, text, offset))
    for rule, message, at in islice(found, MAX_REFUSALS):
        yield Refusal(rule, message, hole.id, code.count(b"\n", 0, at) - first + 1)


def _of_items(outline: Outline, hole: Hole, text: bytes, offset: int) -> Iterator[vocabulary.At]:
    """What is wrong with the items of a helpers fill."""
    for item, at in _items(text) if hole.kind is HoleKind.HELPERS else ():
        for found in (*_item(item), *_names(outline, item)):
            yield (*found, offset + at)


def _item(item: Item) -> Iterator[vocabulary.Found]:
    if item.kind not in ITEMS:
        what = f"{item.kind} {item.name}".strip() or "this text"
        yield "item", f"`{what}` may not stand in helpers; allowed: {', '.join(sorted(ITEMS))}"
    for modifier in sorted(item.modifiers - MODIFIERS):
        yield "item", f"modifier `{modifier}` may not stand in helpers: remove it"


def _names(outline: Outline, item: Item) -> Iterator[vocabulary.Found]:
    for name in () if item.scope.name else introduced(item):
        if _only_called(outline, name):
            yield UNDECLARED, _undeclared(name, item.kind)
        elif name in outline.names:
            yield "name", f"{name} is a name that the given text declares or uses: choose another for this {item.kind}"
        elif name in _PRELUDE:
            yield "name", f"{name} is a name of Rust or of vstd's prelude: choose another for this {item.kind}"


def _undeclared(name: str, kind: str) -> str:
    return (
        f"the given text calls {name} and nothing declares it: with this {kind} the model would decide what contracts"
        " mean (declare it in the given text, or set model_may_define = true and be told)"
    )


def _only_called(outline: Outline, name: str) -> bool:
    """Whether the given text calls a name as a function, and neither declares it nor uses it otherwise."""
    text = outline.skeleton
    at = [number for number, one in enumerate(text) if one == name.encode()]
    called = all(text[number + 1 : number + 2] == (b"(",) for number in at)
    member = any(text[number - 1] in {b".", b"::"} for number in at if number)
    return name not in outline.declared and bool(at) and called and not member
