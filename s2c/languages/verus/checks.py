"""Insertions that ask the verifier about a contract: the impossible twin.

Law: an insertion touches one declaration's own contract; every other byte stays.

Verus takes each clause at most once and in one order (its parser, syn/verus.rs): `requires`, `recommends`, `ensures`,
`default_ensures`, `returns`, `decreases`, `opens_invariants`, `no_unwind`. So `false` goes into the `ensures` that is
there, behind its own `#![...]`, or into a new one before the first clause that must follow it.
"""

from collections.abc import Iterator

from s2c.languages.verus.contract import LATER
from s2c.model import Declaration, Outline

ENDLESS = "exec_allows_no_decreases_clause"

_KINDS = frozenset({"fn", "exec fn", "proof fn"})
_FALSE = (["false"], ["(", "false", ")"])


def twin(outline: Outline, given: Declaration) -> tuple[int, bytes] | str | None:
    """Where and what to insert so that only this contract gains `ensures false`; or why there is no twin.

    None for what has no contract of that form.
    """
    if given.kind not in _KINDS:
        return None
    if _endless(outline, given):
        return f"{ENDLESS} is given: it need not end"
    own = next((clause for clause in given.clauses if clause.kind == "ensures"), None)
    if own is None:
        later = [clause.span.start for clause in given.clauses if clause.kind in LATER]
        return (later[0], b"ensures false,\n    ") if later else (given.contract_end, b"\n    ensures false,\n")
    if any(one in _FALSE for one in _conditions(own.text)):
        return "ensures false in contract"
    if own.text.startswith("# !"):  # attributes of the whole clause stand first
        return own.span.end, b" false," if own.text.endswith(" ,") else b", false,"
    return own.span.start + len(own.kind), b" false,"


def _endless(outline: Outline, given: Declaration) -> bool:
    """Whether the attribute stands on this function, or where it counts for the whole file."""
    marked = [one for one in outline.declarations if _has(one)]
    return given.kind != "proof fn" and (_has(given) or outline.skeleton.count(ENDLESS.encode()) > len(marked))


def _has(given: Declaration) -> bool:
    return any(one.rpartition("::")[2] == ENDLESS for one in given.attributes)


def _conditions(text: str) -> Iterator[list[str]]:
    """The tokens between the commas of a clause that stand in no bracket."""
    found: list[str] = []
    depth = 0
    for word in text.split():
        depth += (word in {"(", "[", "{"}) - (word in {")", "]", "}"})
        if word == "," and depth == 0:
            yield found
            found = []
        else:
            found.append(word)
    yield found
