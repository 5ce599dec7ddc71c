"""Insertions that ask the verifier about a contract: the impossible twin, and whether `requires` contradict themselves.

Law: an insertion touches one declaration's own contract, or adds one lemma beside it; every other byte stays.
"""

import re
from collections.abc import Iterator

from s2c.languages.dafny.items import Item
from s2c.languages.dafny.outline import Reading, declaration, read
from s2c.languages.dafny.syntax import text, tokens
from s2c.model import Declaration, Outline

FALSE = "ensures false"
_PLAIN_KINDS = re.compile(r"method|lemma|function( method)?|predicate( method)?")
# words that a parameter of a lemma may not have, or that would change meaning there
_ODD_PARAMETERS = frozenset({b"new", b"older", b"nameonly", b":="})


def twin(given: Declaration) -> tuple[int, bytes] | str:
    """Where and what to insert so that only this contract gains `ensures false`; or why there is no twin."""
    for clause in given.clauses:
        if clause.kind == "ensures" and clause.text.removesuffix(" ;") == "false":
            return "ensures false in contract"
        if clause.kind == "decreases" and clause.text.removesuffix(" ;") == "*":
            return "decreases * in contract"
    return given.contract_end, f"\n  {FALSE}\n".encode()


def vacuity(source: bytes, outline: Outline, given: Declaration) -> tuple[int, bytes, str] | None:
    """Where to insert a lemma with this contract's parameters and `requires` alone, and its name; None if none fits."""
    reading = read(source)
    item = next(
        (one for one in reading.items if (one.outer.start_byte, one.name) == (given.span.start, given.name)), None
    )
    if item is None or not _PLAIN_KINDS.fullmatch(item.kind) or "twostate" in item.modifiers:
        return None
    parts = list(_signature(item, reading))
    if any(part is None for part in parts):
        return None
    name = _free_name(outline, f"S2C_vacuous_{given.name.rpartition('.')[2]}")
    static = "static " if "static" in item.modifiers else ""
    given_requires = [one.span for one in given.clauses if one.kind == "requires"]
    requires = "".join(f"  {source[one.start : one.end].decode()}\n" for one in given_requires)
    lemma = f"\n{static}lemma {name}{''.join(part or '' for part in parts)}\n{requires}  {FALSE}\n{{\n}}\n"
    return declaration(item, reading).span.end, lemma.encode(), name


def _signature(item: Item, reading: Reading) -> Iterator[str | None]:
    """Type parameters and parameters as text; None for what a lemma can't have."""
    for child in item.node.children:
        if child.type == "bracket":
            yield None
        elif child.type == "type_parameters":
            yield text(child, reading.blanked)
    parameters = item.node.children_by_field_name("parameters")
    if len(parameters) > 1:
        yield None
    if not parameters:
        yield "()"
    for node in parameters[:1]:
        words = [word.text for word in tokens(node, reading.blanked)]
        odd = bool(_ODD_PARAMETERS & set(words))
        yield None if odd else " ".join(word.decode() for word in words if word != b"ghost")


def _free_name(outline: Outline, name: str) -> str:
    while name in outline.names:
        name += "_"
    return name
