"""What an item is, read from its keyword on.

Law: every keyword has one reader, which goes past the whole item and no further. A word that begins no item is STRAY,
and one step.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from s2c.languages.verus.contract import Contract, header
from s2c.languages.verus.reader import CLOSING, Cursor

MODIFIERS = frozenset(
    {
        b"pub", b"open", b"closed", b"uninterp", b"spec", b"proof", b"axiom", b"exec", b"tracked", b"ghost",
        b"broadcast", b"const", b"unsafe", b"async", b"extern", b"default", b"auto", b"static",
    }
)  # fmt: skip
STRAY = ""  # the kind of what is no item: a modifier or an attribute with nothing behind it, any other text


class Rest(NamedTuple):
    """Kind and unqualified name; the header, where there is one; the index of the `{` of body or members, or -1."""

    kind: str
    name: str = ""
    contract: Contract | None = None
    opening: int = -1


def rest(cursor: Cursor, modifiers: Sequence[bytes]) -> Rest:
    """Past an item whose attributes and modifiers are behind the cursor."""
    text = cursor.text
    if text == b"{" and b"extern" in modifiers:
        return _braces(cursor, "extern", "", header(cursor))
    if text == b"broadcast":
        return _broadcast(cursor)
    if text == b"macro_rules" and cursor.ahead(1) == b"!":
        return _macro_rules(cursor)
    if text in _CONTEXTUAL and not _CONTEXTUAL[text](cursor):
        return _call(cursor)
    return _READERS.get(text, _call)(cursor)


def bare(text: bytes) -> str:
    """A name without the mark of a raw one."""
    return text.decode("utf-8", "replace").removeprefix("r#")


def _name(cursor: Cursor) -> str:
    """Past a keyword and the name behind it, if one stands there."""
    cursor.step()
    cursor.skip(b"mut")
    if not cursor.is_name:
        return ""
    name = bare(cursor.text)
    cursor.step()
    return name


def _braces(cursor: Cursor, kind: str, name: str, contract: Contract) -> Rest:
    """Past what ends a header: a brace group or a `;`."""
    opening = cursor.at if cursor.text == b"{" else -1
    if cursor.text in {b"{", b";"}:
        cursor.step()
    return Rest(kind, name, contract, opening)


def _plain(cursor: Cursor) -> Rest:
    """fn, struct, enum, union, mod: a header, then braces or a `;`."""
    kind = cursor.text.decode()
    name = _name(cursor)
    return _braces(cursor, kind, name, header(cursor)) if name else Rest(STRAY)


def _trait(cursor: Cursor) -> Rest:
    name = _name(cursor)
    contract = header(cursor)
    if cursor.text == b"=":
        cursor.skip_to(b";")
    return _braces(cursor, "trait", name, contract) if name else Rest(STRAY)


def _value(cursor: Cursor) -> Rest:
    """const, static, type: to the `;`; or a body, where a contract stands before it."""
    kind = cursor.text.decode()
    name = _name(cursor)
    contract = header(cursor)
    if cursor.text == b"{" and contract.parts:
        return _braces(cursor, kind, name, contract)
    cursor.skip_to(b";")
    cursor.step()
    return Rest(kind, name, contract)


def _impl(cursor: Cursor) -> Rest:
    cursor.step()
    if cursor.text == b"<":
        cursor.angles()
    start = cursor.at
    contract = header(cursor)
    return _braces(cursor, "impl", _implemented(cursor, start, contract.end), contract)


def _implemented(cursor: Cursor, start: int, end: int) -> str:
    """The name of the type that an `impl` is for: the last of its path, without generic arguments."""
    header_only = Cursor(cursor.read, start, end)
    place = start
    while not header_only.done and header_only.text != b"where":
        if header_only.text == b"<":
            header_only.angles()
            continue
        if header_only.text == b"for" and header_only.ahead(1) != b"<":
            place = header_only.at + 1
        header_only.step()
    kind = Cursor(cursor.read, place, header_only.at)
    name = ""
    while not kind.done and kind.text != b"<":
        name = bare(kind.text) if kind.is_name else name
        kind.step()
    return name or b"".join(token.text for token in kind.tokens[place : header_only.at]).decode("utf-8", "replace")


def _macro_rules(cursor: Cursor) -> Rest:
    cursor.step()
    name = _name(cursor)
    brace = cursor.text == b"{"
    cursor.step()
    if not brace:
        cursor.skip(b";")
    return Rest("macro_rules", name)


def _broadcast(cursor: Cursor) -> Rest:
    """`broadcast use ...;` or `broadcast group name { ... }`."""
    cursor.step()
    if cursor.text == b"group":
        name = _name(cursor)
        return _braces(cursor, "broadcast group", name, header(cursor))
    if cursor.text != b"use":
        return Rest(STRAY)
    cursor.skip_to(b";")
    cursor.step()
    return Rest("broadcast use")


def _assumed(cursor: Cursor) -> Rest:
    """`assume_specification<T>[ path ](...) -> ... clauses;`."""
    cursor.step()
    if cursor.text == b"<":
        cursor.angles()
    path = b"".join(cursor.tokens[at].text for at in cursor.inside()) if cursor.text == b"[" else b""
    contract = header(cursor)
    return _braces(cursor, "assume_specification", path.decode("utf-8", "replace"), contract)


def _to_semicolon(cursor: Cursor) -> Rest:
    """use, global, extern crate."""
    kind = cursor.text.decode()
    cursor.skip_to(b";")
    cursor.step()
    return Rest("use" if kind == "extern" else kind)


def _call(cursor: Cursor) -> Rest:
    """A call of a macro, with its `;` unless it has braces; else no item: a `;` too many, or text that is none."""
    start = cursor.at
    cursor.path()
    if cursor.at == start or cursor.text != b"!":
        if cursor.at == start:
            cursor.step()
        _stray(cursor)
        return Rest(STRAY)
    name = bare(cursor.before)
    cursor.step()
    if cursor.is_name:
        cursor.step()
    opening = cursor.at if cursor.text in CLOSING else -1
    brace = cursor.text == b"{"
    cursor.step()
    if opening >= 0 and not brace:
        cursor.skip(b";")
    return Rest("macro", name, None, opening)


def _stray(cursor: Cursor) -> None:
    """On to the next word that may begin an item: text that is none is told once."""
    while not cursor.done and cursor.text not in _BEGIN and cursor.ahead(1) not in {b"!", b"::"}:
        cursor.step()


_READERS: Mapping[bytes, Callable[[Cursor], Rest]] = {
    b"fn": _plain,
    b"struct": _plain,
    b"enum": _plain,
    b"union": _plain,
    b"mod": _plain,
    b"trait": _trait,
    b"impl": _impl,
    b"const": _value,
    b"static": _value,
    b"type": _value,
    b"use": _to_semicolon,
    b"global": _to_semicolon,
    b"extern": _to_semicolon,
    b"assume_specification": _assumed,
}
# words that are names elsewhere: what must follow
_CONTEXTUAL: Mapping[bytes, Callable[[Cursor], bool]] = {
    b"union": lambda cursor: cursor.ahead(1) not in {b"!", b"::", b""},
    b"global": lambda cursor: cursor.ahead(1) in {b"size_of", b"layout"},
    b"assume_specification": lambda cursor: cursor.ahead(1) in {b"[", b"<"},
    b"extern": lambda cursor: cursor.ahead(1) == b"crate",
}
_BEGIN = MODIFIERS | _READERS.keys() | {b"#", b"macro_rules"}
