"""Dafny fills that do nothing of what is asked: an empty body, constants, the parameters handed back.

Law: none looks at a value. What such a fill proves, the contract says of values that have nothing to do with the input.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter

from s2c.languages.dafny.items import Item
from s2c.languages.dafny.outline import Reading, read
from s2c.languages.dafny.syntax import tokens
from s2c.languages.lints import Trivial, filled
from s2c.model import Declaration, HoleKind, Outline

_CONSTANTS = {
    "int": ("0",), "nat": ("0",), "real": ("0.0",), "bool": ("false", "true"), "char": ("'a'",), "string": ('""',),
    "seq": ("[]",), "set": ("{}",), "iset": ("iset{}",), "multiset": ("multiset{}",), "map": ("map[]",),
    "imap": ("imap[]",),
}  # fmt: skip
_BITS = re.compile(r"bv\d+")
_BEFORE_NAME = frozenset({"ghost", "new", "older", "nameonly"})
_OPEN, _CLOSE = frozenset("([{<"), frozenset(")]}>")
_INDEX = "s2c_i"
_WAYS = 4  # how many values are tried for each result


@dataclass(frozen=True)
class Variable:
    """A parameter or a result: its type as words, `seq < int >`."""

    name: str
    type: str


def promises(declaration: Declaration) -> bool:
    """Whether a contract has an `ensures` that says more than `true`."""
    said = (one.text.removesuffix(";").strip() for one in declaration.clauses if one.kind == "ensures")
    return any(text not in {"true", ""} for text in said)


def trivial(source: bytes, outline: Outline) -> tuple[Trivial, ...]:
    """The trivial fills of each owner of a body that promises something, likeliest first."""
    owing = {one.name for one in outline.declarations if promises(one)}
    reading = read(source)
    return tuple(
        Trivial(place.owner.name, what, filled(outline, place.owner.name, text))
        for place in reading.places
        if place.owner is not None and place.hole.kind is HoleKind.BODY and place.owner.name in owing
        for what, text in _bodies(place.owner, reading)
    )


def _bodies(item: Item, reading: Reading) -> Iterator[tuple[str, str]]:
    """Each body as it is told, and as it is written."""
    parameters = list(_variables(item.node.child_by_field_name("parameters"), reading.blanked))
    results = item.node.child_by_field_name("results")
    if item.node.type == "function":
        kind = _result(item, results, reading.blanked)
        lines = [[one] for one in dict.fromkeys(_values(kind, parameters)) if one]
    else:
        assignments = list(_assignments(list(_variables(results, reading.blanked)), parameters))
        stores = _stores(list(_modified(item, parameters, reading.blanked)))
        lines = [[*store, *values] for store in ([], *stores) for values in assignments]
    for body in dict.fromkeys("".join(f"{line}\n" for line in one) for one in lines):
        yield f"`{' '.join(body.split())}`" if body else "an empty body", body


def _assignments(results: Sequence[Variable], parameters: Sequence[Variable]) -> Iterator[list[str]]:
    """Something for each result: constants of its type first, then parameters."""
    each = [(one.name, _values(one.type, parameters)) for one in results]
    for at in range(_WAYS):
        yield [f"{name} := {values[at]};" for name, values in each if values[at]]


def _values(kind: str, parameters: Sequence[Variable]) -> tuple[str, ...]:
    """The first constant of a type and the last; then, in the same order, a parameter of that type if there is one."""
    constants = _constants(kind) or ("",)
    handed = next((one.name for one in parameters if one.type == kind), "")
    return constants[0], constants[-1], handed or constants[0], handed or constants[-1]


def _constants(kind: str) -> tuple[str, ...]:
    head, _, rest = kind.partition(" ")
    if head == "array" and rest.startswith("<"):
        return (f"new {rest[1:-1].strip()}[0]",)
    if _BITS.fullmatch(kind):
        return ("0",)
    if head == "(" and kind.endswith(")"):
        parts = [_constants(one) for one in _split(kind.split()[1:-1])]
        return tuple(f"({', '.join(one[at] for one in parts)})" for at in (0, -1)) if parts and all(parts) else ()
    return _CONSTANTS.get(head, ())


def _stores(arrays: Sequence[Variable]) -> Iterator[list[str]]:
    """Every element of every array set to one constant."""
    kinds = [_constants(one.type.partition(" ")[2][1:-1].strip()) for one in arrays]
    if not arrays or not all(kinds):
        return
    for at in (0, -1):
        yield [
            f"forall {_INDEX} | 0 <= {_INDEX} < {one.name}.Length {{ {one.name}[{_INDEX}] := {values[at]}; }}"
            for one, values in zip(arrays, kinds, strict=True)
        ]


def _modified(item: Item, parameters: Sequence[Variable], source: bytes) -> Iterator[Variable]:
    """The arrays among the parameters that the method may change."""
    named = {word for one in item.clauses(source) if one.kind == "modifies" for word in one.text.split()}
    yield from (one for one in parameters if one.name in named and one.type.startswith("array <"))


def _variables(node: tree_sitter.Node | None, source: bytes) -> Iterator[Variable]:
    """What `(a: int, ghost b: seq<T>)` declares."""
    words = [word.text.decode("utf-8", "replace") for word in tokens(node, source)] if node is not None else []
    for part in _split(words[1:-1], joined=False):
        plain = [word for word in part.split("\n") if word not in _BEFORE_NAME]
        if len(plain) > 1 and plain[1] == ":":
            default = plain.index(":=") if ":=" in plain else len(plain)
            yield Variable(plain[0], " ".join(plain[2:default]))


def _split(words: Sequence[str], *, joined: bool = True) -> Iterator[str]:
    """The parts between commas that stand in no brackets, their words joined."""
    depth, start = 0, 0
    for at, word in enumerate([*words, ","]):
        depth += (word in _OPEN) - (word in _CLOSE)
        if word == "," and depth == 0 and at > start:
            yield (" " if joined else "\n").join(words[start:at])
            start = at + 1


def _result(item: Item, node: tree_sitter.Node | None, source: bytes) -> str:
    """The type of a function's result; a predicate's is bool."""
    if node is None:
        return "bool" if "predicate" in item.kind else ""
    words = [word.text.decode("utf-8", "replace") for word in tokens(node, source)]
    named = list(_variables(node, source)) if words[:1] == ["("] else []
    return named[0].type if named else " ".join(words)
