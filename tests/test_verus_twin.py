"""The impossible twin of a Verus declaration: where `ensures false` goes."""

import pytest

from s2c.languages.verus import checks
from s2c.languages.verus.outline import parse

TWINS = {
    "fn f() { }": "fn f()\n    ensures false,\n { }",
    "fn f() -> (r: T) where T: A { }": "fn f() -> (r: T) where T: A\n    ensures false,\n { }",
    "fn f() requires a { }": "fn f() requires a\n    ensures false,\n { }",
    "fn f() requires a, decreases b { }": "fn f() requires a, ensures false,\n    decreases b { }",
    "fn f() requires a returns b decreases c { }": "fn f() requires a ensures false,\n    returns b decreases c { }",
    "fn f() opens_invariants none no_unwind { }": "fn f() ensures false,\n    opens_invariants none no_unwind { }",
    "proof fn f() ensures a { }": "proof fn f() ensures false, a { }",
    "fn f() ensures a, decreases b { }": "fn f() ensures false, a, decreases b { }",
    "fn f() ensures #![trigger g(x)] a { }": "fn f() ensures #![trigger g(x)] a, false, { }",
    "fn f() ensures #![auto] a, { }": "fn f() ensures #![auto] a, false, { }",
    "fn f() ensures { }": "fn f() ensures false, { }",
    "fn f() ensures g(a, false, b) { }": "fn f() ensures false, g(a, false, b) { }",
    "exec fn f() ensures a;": "exec fn f() ensures false, a;",
    "fn f() ensures a, false, { }": "ensures false in contract",
    "fn f() ensures (false) { }": "ensures false in contract",
    "#[verifier::exec_allows_no_decreases_clause] fn f() { }": "exec_allows_no_decreases_clause is given",
    "#![verifier::exec_allows_no_decreases_clause] fn f() { }": "exec_allows_no_decreases_clause is given",
}


@pytest.mark.parametrize("source", TWINS)
def test_the_twin_gains_one_clause(source: str) -> None:
    """`false` goes where Verus takes it: into the one `ensures`, or before the clauses that must follow it."""
    code = f"verus! {{ {source} }}"
    found = parse(code.encode())
    twin = checks.twin(found, next(one for one in found.declarations if one.name == "f"))
    assert twin is not None
    if isinstance(twin, str):
        assert twin.startswith(TWINS[source])
        return
    offset, text = twin
    made = code.encode()[:offset] + text + code.encode()[offset:]
    assert made.decode() == f"verus! {{ {TWINS[source]} }}"
    before, after = (next(one for one in each.declarations if one.name == "f") for each in (found, parse(made)))
    assert [one.kind for one in after.clauses if one.kind != "ensures"] == [
        one.kind for one in before.clauses if one.kind != "ensures"
    ]
    assert [one.text.split(" ,")[0] for one in after.clauses if one.kind == "ensures"] != []
    assert (before.body is None) == (after.body is None)


@pytest.mark.parametrize("source", ["spec fn f() -> int { 1 }", "axiom fn f() ensures a;", "struct f;"])
def test_what_proves_nothing_has_no_twin(source: str) -> None:
    """A spec function, an axiom, a type."""
    found = parse(f"verus! {{ {source} }}".encode())
    assert checks.twin(found, found.declarations[0]) is None
