"""The paths of a source, as imports: what `mod`, `use` and every `a::b` name (`uses.py` says how).

Law: tokens decide, one pass over all of them. In doubt a path counts: one that leads nowhere costs nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from s2c.languages.verus import uses
from s2c.languages.verus.items import ATTRIBUTE, Item
from s2c.languages.verus.keywords import bare
from s2c.languages.verus.reader import CLOSING, Cursor, Words
from s2c.languages.verus.syntax import NAME, STRINGS, Token
from s2c.model import Import, Span

Words_ = tuple[str, ...]

EXTERNAL = frozenset({"vstd", "std", "core", "alloc", "builtin", "builtin_macros", "verus_builtin", "proc_macro"})
_TOOLS = frozenset({"verifier", "verus", "rustfmt", "clippy", "diagnostic"})  # of attributes
# types that every module has, as the first word of a path: below them are no modules
_KNOWN = frozenset(
    """Self bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize int nat real Seq Map Set Multiset
    Vec Option Result String Box Rc Arc Ghost Tracked ISet IMap Some None Ok Err Default Clone""".split()  # noqa: SIM905 - a list of words reads best as words
)  # fmt: skip
_ROOTS = frozenset({b"crate", b"self", b"super"})
_AFTER_OPERAND = frozenset({b">", b">>", b")", b"]"})  # a `::` behind one of these begins no path
_SIGNS = frozenset({b"::", b"use", b"extern", b"pub", b"open", b"#"})  # at or before one of these a path may begin
_TYPES = frozenset({b"struct", b"enum", b"union", b"trait", b"type"})
_HARMLESS = frozenset({"allow", "warn", "expect", "doc"})  # `#![...]` that no proof depends on
_SUBSTITUTIONS = 8  # names of one path that are followed, and meanings of one name


@dataclass(frozen=True)
class Named:
    """A path: its words, the inline modules round it, where it stands, and the name that a `use` gives to it."""

    words: Words_
    inside: Words_
    span: Span
    alias: str = ""
    use: bool = False


def imports(found: Sequence[Named], items: Sequence[Item], code: Words) -> tuple[Import, ...]:
    """What a source says of other files, each once, in file order. `found`: its paths."""
    types = declared_types(code)
    used = (Import(uses.use_target(one.inside, one.words), one.span, uses.USE) for one in _resolved(found, types))
    whole = (Import(reason, span, uses.WHOLE) for reason, span in _whole(items, code, found, types))
    return uses.unique([*_mods(items, code), *used, *whole])


def brought(found: Sequence[Named]) -> set[str]:
    """The names that `use` declarations bring in."""
    return {one.alias for one in found if one.use and one.alias not in {"", "_"}}


# --- modules ------------------------------------------------------------------------------------------------------


def _mods(items: Sequence[Item], code: Words) -> Iterator[Import]:
    folders: dict[Words_, str] = {}
    for item in items:
        if item.kind == "mod":
            path = (*item.scope.modules, item.short)
            folders[path] = _path_attribute(code.tokens[item.first : item.keyword])
            if item.opening < 0:
                yield _mod(path, folders, item.span)
        elif item.kind == "macro" and item.opening >= 0 and not item.holds_items:
            for name, span in _inner_mods(item, code):
                yield _mod((*item.scope.modules, name), folders, span)


def _mod(path: Words_, folders: dict[Words_, str], span: Span) -> Import:
    parts = [(name, folders.get(path[: size + 1], "")) for size, name in enumerate(path)]
    return Import(uses.mod_target(parts), span, uses.MOD)


def _inner_mods(item: Item, code: Words) -> Iterator[tuple[str, Span]]:
    """`mod x;` in the braces of a macro, as of `cfg_if!`."""
    inside = code.tokens[item.opening : item.end]
    for at, token in enumerate(inside[:-2]):
        if token.text == b"mod" and inside[at + 1].kind == NAME and inside[at + 2].text == b";":
            yield bare(inside[at + 1].text), Span(token.start, inside[at + 2].end)


def _path_attribute(tokens: Sequence[Token]) -> str:
    """The value of `path = "..."` among the tokens of attributes, "" if there is none."""
    for at, token in enumerate(tokens[:-2]):
        if token.text == b"path" and tokens[at + 1].text == b"=" and tokens[at + 2].kind in STRINGS:
            literal = tokens[at + 2].text.decode("utf-8", "replace")
            plain = literal.strip("rbc#")[1:-1]
            raw = tokens[at + 2].kind == "raw_string_literal"
            return plain if raw else plain.replace('\\"', '"').replace("\\\\", "\\")
    return ""


# --- paths --------------------------------------------------------------------------------------------------------


def paths(items: Sequence[Item], code: Words) -> list[Named]:
    """Every path, as it stands there."""
    found: list[Named] = []
    cursor = Cursor(code, 0, len(code.tokens))
    modules = [(item.opening, item.end, (*item.scope.modules, item.short)) for item in items if _is_inline(item)]
    modules.reverse()
    stack: list[tuple[int, int, Words_]] = []
    attribute_end = -1
    for at in [at for at, token in enumerate(code.tokens) if token.text in _SIGNS]:
        while modules and modules[-1][0] <= at:
            stack.append(modules.pop())
        while stack and stack[-1][1] <= at:
            stack.pop()
        if at < cursor.at:
            continue
        cursor.at = at
        if cursor.text == b"#":
            opening = at + (1 if cursor.ahead(1) == b"[" else 2)
            attribute_end = code.close[opening] if opening < len(code.tokens) else attribute_end
        found += _here(cursor, stack[-1][2] if stack else (), attribute=at < attribute_end)
    return found


def _is_inline(item: Item) -> bool:
    return item.kind == "mod" and item.opening >= 0


def _here(cursor: Cursor, inside: Words_, *, attribute: bool) -> Iterator[Named]:
    """The paths that begin at the sign under the cursor, or just before it. The cursor goes past them."""
    text = cursor.text
    if text == b"use" and cursor.ahead(1) != b"<":
        yield from _use(cursor, inside)
    elif text == b"extern" and cursor.ahead(1) == b"crate":
        name = cursor.tokens[cursor.at + 2] if cursor.ahead(2) else cursor.tokens[cursor.at]
        if name.text != b"self":
            alias = cursor.ahead(4) if cursor.ahead(3) == b"as" else name.text
            yield Named(("", bare(name.text)), inside, _span(name, name), bare(alias), use=True)
        cursor.at += 2
    elif text in {b"pub", b"open"} and cursor.ahead(1) == b"(" and cursor.ahead(2) == b"in":
        cursor.step()
        cursor.step()
    elif text == b"::" and _to_start(cursor):
        start = cursor.at
        words = _words(cursor)
        if len(words) > 1 and not (attribute and words[0] in _TOOLS):
            yield Named(words, inside, _span(cursor.tokens[start], cursor.tokens[cursor.at - 1]))


def _to_start(cursor: Cursor) -> bool:
    """From a path's first `::` to its first word, or not if the `::` itself begins it. Whether one begins there."""
    here, code = cursor.at, cursor.tokens
    before = code[here - 1] if here else None
    if before is None or not (before.kind == NAME or before.text in _ROOTS):
        operand = before is not None and before.text in _AFTER_OPERAND
        return not operand and here + 1 < cursor.end and code[here + 1].kind == NAME
    cursor.at = here - 1
    sign = cursor.before
    return sign not in {b"::", b"."} and (sign != b"$" or cursor.text == b"crate")


def _words(cursor: Cursor) -> Words_:
    """Past a path, to its first generic argument."""
    words = []
    if cursor.text == b"::":
        words.append("")
        cursor.at += 1
    while cursor.begins_path:
        words.append(bare(cursor.text))
        cursor.at += 1
        if cursor.text != b"::":
            break
        cursor.at += 1
    return tuple(words)


def _use(cursor: Cursor, inside: Words_) -> Iterator[Named]:
    """Every path of a `use`, groups unfolded. One that is broken ends at its `;`, or where its bracket closes."""
    broadcast = cursor.before == b"broadcast"
    cursor.at += 1
    groups: list[Words_] = [()]
    while not cursor.done and cursor.text != b";":
        start = cursor.at
        path = (*groups[-1], *_words(cursor))
        if cursor.text == b"{":
            groups.append(path)
            cursor.at += 1
            continue
        if cursor.text == b"*":
            path = (*path, "*")
            cursor.at += 1
        if cursor.at > start and not (broadcast and len(path) == 1):
            span = _span(cursor.tokens[start], cursor.tokens[cursor.at - 1])
            yield _used(cursor, inside, path, span, broadcast=broadcast)
        cursor.at += 2 if cursor.text == b"as" else 0
        while len(groups) > 1 and cursor.text in {b",", b"}"}:
            if cursor.text == b"}":
                groups.pop()
            cursor.at += 1
        if cursor.text in CLOSING.values():
            return
        if cursor.at == start:  # no path: text that Rust does not take either
            cursor.at += 1


def _used(cursor: Cursor, inside: Words_, path: Words_, span: Span, *, broadcast: bool) -> Named:
    """One path of a `use`, before its `as` if it has one."""
    path = path[:-1] if path[-1] == "self" and len(path) > 1 else path
    name = bare(cursor.ahead(1)) if cursor.text == b"as" else path[-1]
    return Named(path, inside, span, "" if broadcast or path[-1] == "*" else name, use=True)


def _span(first: Token, last: Token) -> Span:
    return Span(first.start, last.end)


# --- what they mean -----------------------------------------------------------------------------------------------


def _resolved(found: Sequence[Named], types: set[str]) -> Iterator[Named]:
    """The paths into this crate or another of the project: names of other `use`s put in, the rest left out."""
    distinct = list({(one.words, one.inside, one.alias): one for one in reversed(found)}.values())
    bound: dict[str, list[Named]] = {}
    for one in distinct:
        known = bound.setdefault(one.alias, [])
        if len(known) < _SUBSTITUTIONS:
            known.append(one)
    for one in distinct:
        todo, left = [one], _SUBSTITUTIONS
        while todo and left:
            left -= 1
            path = todo.pop()
            first = path.words[0]
            others = [other for other in bound.get(first, ()) if first and other.words != path.words[:1]]
            others = [other for other in others if other.words[0] != first or other.inside != path.inside]
            todo += [_joined(other, path) for other in others]
            plain = not others or all(other.inside != path.inside for other in others)
            if plain and not _is_outside(path, types):
                yield path


def _joined(binding: Named, path: Named) -> Named:
    return Named((*binding.words, *path.words[1:]), binding.inside, path.span)


def _is_outside(path: Named, types: set[str]) -> bool:
    """Whether a path leads out of the project, or stays in this file."""
    words = [word for word in path.words if word][:1]
    if words and words[0] in EXTERNAL:
        return True
    generic = len(path.words[0]) == 1 and path.words[0].isupper()
    return not path.use and (path.words[0] in _KNOWN or path.words[0] in types or generic)


def declared_types(code: Words) -> set[str]:
    """The names of types and traits that a source declares, in macros too."""
    found = set()
    for at, token in enumerate(code.tokens[:-1]):
        if token.text in _TYPES and code.tokens[at + 1].kind == NAME:
            found.add(bare(code.tokens[at + 1].text))
    return found


# --- what paths can't say -----------------------------------------------------------------------------------------


def _whole(items: Sequence[Item], code: Words, found: Sequence[Named], types: set[str]) -> Iterator[tuple[str, Span]]:
    """Why a file counts for files that don't name it."""
    exported = {one.words[-1] for one in found if one.use}
    last_mod = max((item.first for item in items if item.kind == "mod" and item.opening < 0), default=-1)
    for item in items:
        reason = ""
        if item.kind == "global":
            reason = "`global` says what holds in the whole crate"
        elif item.kind == "impl" and not _is_own(item, code, types):
            reason = f"an `impl` for {item.short}, which this file does not declare"
        elif item.kind == "macro_rules" and (item.short in exported or item.first < last_mod):
            reason = f"macro {item.short} can be called in other files"
        elif item.kind == ATTRIBUTE and not item.scope.modules and not _HARMLESS.issuperset(item.attributes):
            reason = f"`#![{item.attributes[-1] if item.attributes else ''}]` may count for the whole crate"
        elif "macro_use" in item.attributes or "macro_export" in item.attributes:
            reason = "macros that other files can call"
        elif any(one.endswith("broadcast_use_by_default_when_this_crate_is_imported") for one in item.attributes):
            reason = "a broadcast group that is used by default"
        if reason:
            yield reason, item.span


def _is_own(item: Item, code: Words, types: set[str]) -> bool:
    """Whether whoever needs this `impl` must name this file anyway: its type, or the trait, is declared here."""
    header = code.tokens[item.keyword : item.opening]
    own = {bare(token.text) for token in header if token.kind == NAME} & types
    of_trait = any(token.text == b"for" and header[at + 1].text != b"<" for at, token in enumerate(header[:-1]))
    return bool(own) if of_trait else item.short in types
