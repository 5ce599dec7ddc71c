"""The items of a source: declarations, and what else may stand where they do.

Law: an item is read from its own tokens and from the scopes round it; nothing is guessed from names. Inside `verus!{}`
and outside items are read alike; only what stands inside is verified. Names are joined with `::`, as Verus prints them:
inline modules, then the type of an `impl`, then the function (`a::Stack::push`); the file's own module is not in them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from s2c.languages.verus.contract import Part
from s2c.languages.verus.keywords import MODIFIERS, STRAY, Rest, bare, rest
from s2c.languages.verus.reader import Cursor, Words, words
from s2c.languages.verus.syntax import NAME, TAG_KIND, tokens, tree
from s2c.model import Clause, Span

MACROS = frozenset({"verus", "verus_"})  # what stands in their braces is verified
ATTRIBUTE = "#!"  # the kind of `#![...]`
TRUSTED = frozenset(
    {
        "external", "external_body", "external_fn_specification", "external_type_specification",
        "external_trait_specification",
    }
)  # fmt: skip

_MODES = (b"spec", b"proof", b"axiom", b"exec")
_AFTER_CONST = frozenset({b"fn", b"unsafe", b"extern", b"async", b"spec", b"proof", b"exec"})
_SCOPES = frozenset({"mod", "impl", "trait", "extern"})


@dataclass(frozen=True)
class Scope:
    """What an item stands in, and what it inherits."""

    name: str = ""
    verus: bool = False  # inside a `verus!{}`
    trait: bool = False  # directly in a trait
    trusted: bool = False  # what encloses it is marked as external
    modules: tuple[str, ...] = ()  # inline modules of this file, outermost first

    def qualify(self, name: str) -> str:
        """The qualified name of a member."""
        return f"{self.name}::{name}" if self.name else name


@dataclass(frozen=True)
class Item:
    """One item: tokens `first` to before `end`, of which `keyword` says what it is and `body` opens its braces."""

    kind: str  # `spec fn`, `fn`, `struct`, `broadcast use`, `macro`, ...; STRAY
    name: str  # qualified
    scope: Scope
    modifiers: frozenset[str]  # but for the mode of a function, which is in its kind
    attributes: tuple[str, ...]  # `verifier::external_body`; what stands in `cfg_attr(...)` is one of them
    span: Span
    header_end: int  # offset where the last token before the body or the `;` ends
    body: Span | None  # with its braces
    clauses: tuple[Clause, ...]
    first: int
    keyword: int
    end: int
    opening: int  # index of the body's `{`, -1 if there is none
    leaks: bool  # the result is an `impl Trait`

    @property
    def short(self) -> str:
        """Its name without what it stands in."""
        return self.name.removeprefix(f"{self.scope.name}::") if self.scope.name else self.name

    @property
    def is_fn(self) -> bool:
        """Whether it is a function of any mode."""
        return self.kind == "fn" or self.kind.endswith(" fn")

    @property
    def is_trusted(self) -> bool:
        """Whether its author says that its body is not verified, or that it needs none."""
        marked = any(one.rpartition("::")[2] in TRUSTED for one in self.attributes)
        return marked or self.scope.trusted or self.kind == "axiom fn" or "uninterp" in self.modifiers

    @property
    def holds_items(self) -> bool:
        """Whether it is a `verus!{}`."""
        return self.kind == "macro" and self.opening >= 0 and self.short in MACROS

    @property
    def is_closed(self) -> bool:
        """Whether only its own module sees its body."""
        return "closed" in self.modifiers


class _Start(NamedTuple):
    """What stands before the keyword: where the item and its keyword begin, attributes, modifiers."""

    first: int
    keyword: int
    attributes: list[str]
    modifiers: list[bytes]


def items(source: bytes, *, verus: bool = True) -> list[Item]:
    """Every item of a source in file order, members after what they belong to. `verus`: as if it stood in `verus!{}`.

    Members are those of modules, traits, `impl`s and `verus!{}`.
    """
    code = [token for token in tokens(tree(source), source) if token.kind != TAG_KIND]
    return read(words(code), Scope(verus=verus))


def read(found: Words, scope: Scope) -> list[Item]:
    """Every item of these tokens, among which are no tags."""
    out: list[Item] = []
    stack = [(Cursor(found, 0, len(found.tokens)), scope)]
    while stack:
        cursor, inside = stack.pop()
        while not cursor.done:
            item = _item(cursor, inside)
            out.append(item)
            inner = _inside(item)
            if inner is not None:
                stack.append((Cursor(found, item.opening + 1, found.close[item.opening]), inner))
    return sorted(out, key=lambda one: one.first)


def introduced(item: Item) -> list[str]:
    """Names that an item brings into its scope, unqualified."""
    if item.kind in {STRAY, ATTRIBUTE, "impl", "macro", "use", "broadcast use", "global", "extern"}:
        return []
    return [item.short] if item.short else []


def members(item: Item, found: Words) -> Iterator[str]:
    """Names of a type's own parts: fields, and the variants of an enum."""
    if item.kind not in {"struct", "enum", "union"} or item.opening < 0:
        return
    inside = Cursor(found, item.opening + 1, found.close[item.opening])
    begins = True
    while not inside.done:
        named = inside.is_name and (begins if item.kind == "enum" else inside.ahead(1) == b":")
        if named:
            yield bare(inside.text)
        begins = inside.text in {b",", b"#"} or (begins and inside.text == b"[")
        inside.step()


def _inside(item: Item) -> Scope | None:
    """The scope of its members, if it has any."""
    if item.opening < 0 or not (item.kind in _SCOPES or item.holds_items):
        return None
    scope = item.scope
    if item.kind == "macro":
        return replace(scope, verus=True)
    modules = (*scope.modules, item.short) if item.kind == "mod" else scope.modules
    trait = item.kind == "trait"
    return Scope(item.name or scope.name, scope.verus, trait, item.is_trusted or item.kind == "extern", modules)


def _item(cursor: Cursor, scope: Scope) -> Item:
    """The item that begins here; at least one token."""
    first = cursor.at
    attributes = list(_attributes(cursor))
    if attributes and attributes[-1] == ATTRIBUTE:
        return _made(cursor, scope, _Start(first, first, attributes[:-1], []), Rest(ATTRIBUTE))
    modifiers = list(_modifiers(cursor))
    start = _Start(first, cursor.at, attributes, modifiers)
    read = rest(cursor, modifiers)
    mode = next((word for word in _MODES if word in modifiers), None)
    if read.kind == "fn" and mode is not None:
        modifiers.remove(mode)
        read = read._replace(kind=f"{mode.decode()} fn")
    if cursor.at == first:
        cursor.step()
    return _made(cursor, scope, start, read)


def _made(cursor: Cursor, scope: Scope, start: _Start, read: Rest) -> Item:
    """The item whose tokens end at the cursor."""
    code, end, opening = cursor.tokens, cursor.at, read.opening
    header_end = opening if opening >= 0 else read.contract.end if read.contract else end
    parts = read.contract.parts if read.contract else ()
    return Item(
        kind=read.kind,
        name=scope.qualify(read.name) if read.name else "",
        scope=scope,
        modifiers=frozenset(word.decode() for word in start.modifiers),
        attributes=tuple(start.attributes),
        span=Span(code[start.first].start, code[end - 1].end),
        header_end=code[max(header_end - 1, start.first)].end,
        body=None if opening < 0 else Span(code[opening].start, code[end - 1].end),
        clauses=tuple(_clause(cursor, part) for part in parts),
        first=start.first,
        keyword=start.keyword,
        end=end,
        opening=opening,
        leaks=read.contract.leaks if read.contract else False,
    )


def _clause(cursor: Cursor, part: Part) -> Clause:
    inner = cursor.tokens[part.start + 1 : part.end]
    span = Span(cursor.tokens[part.start].start, cursor.tokens[part.end - 1].end)
    return Clause(part.keyword.decode(), span, b" ".join(token.text for token in inner).decode("utf-8", "replace"))


# --- what stands before the keyword -------------------------------------------------------------------------------


def _attributes(cursor: Cursor) -> Iterator[str]:
    """The names of the attributes here; ATTRIBUTE last, and no more, where one is of what encloses it (`#![...]`)."""
    while cursor.text == b"#":
        inner = cursor.ahead(1) == b"!"
        if cursor.ahead(1 + inner) != b"[":
            return
        cursor.at += 1 + inner
        yield from _names(cursor)
        cursor.step()
        if inner:
            yield ATTRIBUTE
            return


def _names(cursor: Cursor) -> Iterator[str]:
    """The path of an attribute; for the old `verifier(a, b)` one path each."""
    inside = [cursor.tokens[at] for at in cursor.inside()]
    if len(inside) > 1 and inside[0].text in {b"verifier", b"verus"} and inside[1].text == b"(":
        for token in inside[2:]:
            if token.kind == NAME:
                yield f"verifier::{token.text.decode()}"
        return
    size = next((at for at, token in enumerate(inside) if token.kind != NAME and token.text != b"::"), len(inside))
    yield b"".join(token.text for token in inside[:size]).decode("utf-8", "replace")


def _modifiers(cursor: Cursor) -> Iterator[bytes]:
    while (word := cursor.text) in MODIFIERS:
        after = cursor.ahead(1)
        if word in {b"const", b"static"} and not (word == b"const" and after in _AFTER_CONST):
            return
        if word == b"broadcast" and after in {b"use", b"group"}:
            return
        if word == b"extern" and after == b"crate":
            return
        cursor.step()
        yield word
        if word == b"extern" and not cursor.done and cursor.tokens[cursor.at].kind.endswith("string_literal"):
            cursor.step()
        elif word in {b"pub", b"open"}:
            cursor.skip(b"(")
        elif word == b"spec" and cursor.text == b"(":
            cursor.step()
            yield b"checked"
