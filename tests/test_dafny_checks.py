"""Stand-ins, twins and vacuity lemmas: as text, and as real Dafnys take them."""

import dataclasses
from collections.abc import Mapping

import pytest

from s2c.languages.base import Job, Outcome, Reading, language
from s2c.model import Declaration, Outline, Span, VerdictKind
from s2c.process import Tool
from s2c.sandbox import execute
from tests.dafny_tools import VERIFIER, installed

DAFNY = language("dafny")

TAGGED = """// <vc-helpers>
torn {
// </vc-helpers>
// <vc-spec>
method Solve(n: int) returns (r: int)
  requires n > 0
  ensures r > n // more
// </vc-spec>
// <vc-code>
{
  r := n;
}
// </vc-code>
function Twice(n: int): int
  ensures Twice(n) == 2 * n
// <vc-code>
// </vc-code>
"""
OPEN = """module M {
  datatype Tree<T> = Leaf | Node(l: Tree<T>, v: T, r: Tree<T>)
  function Size<T>(t: Tree<T>): nat
    ensures Size(t) >= 0 // note
  lemma Pos<T(!new)>(t: Tree<T>, k: int)
    requires k > 0 // why
    ensures Size(t) >= 0
  class C {
    var x: int
    constructor (a: int)
      ensures x == a
    method Inc(by': nat) returns (r: int)
      requires x >= 0
      modifies this
      ensures r == old(x) + by'
    static method Never(k: int) returns (r: int)
      requires k > 3 && k < 2
      ensures r == 2
    predicate Ok()
      reads this
  }
  lemma Contrary(s: seq<int>)
    requires |s| > 0
    requires forall i :: 0 <= i < |s| ==> s[i] > 1
    requires s[0] < 0 // both
    ensures s == []
}
ghost method Plain(n: int) returns (m: int) { m := n; }
lemma Stub(x: int)
  requires x > 0
  ensures x * x > 0
{ assume {:axiom} false; }
"""
VACUOUS = {"M.C.Never", "M.Contrary"}


def outline(text: str) -> Outline:
    """The outline of a text that must have no problems."""
    found = DAFNY.parse(text.encode())
    assert not found.problems, found.problems
    return found


def find(found: Outline, name: str) -> Declaration:
    """The declaration of that name."""
    return next(one for one in found.declarations if one.name == name)


def run(tool: Tool, files: Mapping[str, bytes], member: str) -> Reading:
    """What a real Dafny says of one member."""
    job = Job(files, (member,))
    return VERIFIER.read(tool, job, execute(VERIFIER.check(tool, job)))


@pytest.fixture
def real(dafny: tuple[str, ...]) -> Tool:
    """A real Dafny, as s2c finds it."""
    return installed(dafny)


@pytest.mark.parametrize("text", [TAGGED, OPEN], ids=["tagged", "open"])
def test_a_stand_in_has_no_holes(text: str) -> None:
    """Every unfilled owner is an explicit axiom without a body; nothing else changed, and nothing is left to fill."""
    spec = outline(text)
    stood = outline(DAFNY.stand_in(text.encode(), spec, {}).decode().replace("vc-", "was-"))
    owners = {hole.owner for hole in spec.holes if hole.owner}
    for one in stood.declarations:
        assert (one.name in owners) == ("axiom" in one.attributes), one.name
        assert one.name not in owners or one.body is None
    assert [one.name for one in stood.declarations] == [one.name for one in spec.declarations]
    assert [one.clauses[-1:] and one.clauses[-1].text for one in stood.declarations] == [
        one.clauses[-1:] and one.clauses[-1].text for one in spec.declarations
    ]
    assert stood.holes == ()


def test_a_stand_in_keeps_what_is_filled() -> None:
    """A hole with a fill is rendered; the others stand in."""
    text = DAFNY.stand_in(TAGGED.encode(), outline(TAGGED), {"h1": "const c := 1\n", "h3": "n + n\n"}).decode()
    assert "const c := 1" in text
    assert "{\nn + n\n}" in text
    assert "method {:axiom} Solve" in text
    assert "torn" not in text
    assert "r := n" not in text


@pytest.mark.dafny
@pytest.mark.parametrize("text", [TAGGED, OPEN], ids=["tagged", "open"])
def test_a_stand_in_may_be_imported(real: Tool, text: str) -> None:
    """Strict Dafny takes a stand-in as an included file, without a warning, and importers can be verified."""
    stood = DAFNY.stand_in(text.encode(), outline(text), {})
    user = b'include "lib.dfy"\nlemma Mine(x: int) ensures x == x { }\n'
    reading = run(real, {"lib.dfy": stood, "user.dfy": user}, "user.dfy")
    assert reading.kind is VerdictKind.VERIFIED, (reading.reason, reading.diagnostics)


@pytest.mark.parametrize(
    ("contract", "why"),
    [
        ("ensures false", "ensures false in contract"),
        ("requires true\n  ensures false;", "ensures false in contract"),
        ("decreases *\n  ensures true", "decreases * in contract"),
    ],
)
def test_a_twin_is_skipped_with_its_reason(contract: str, why: str) -> None:
    """A contract that already promises false, or may run for ever, has no twin."""
    found = outline(f"method M()\n  {contract}\n{{ assume false; }}\n")
    assert DAFNY.twin(found, found.declarations[0]) == why


@pytest.mark.parametrize("text", [TAGGED, OPEN], ids=["tagged", "open"])
def test_a_twin_changes_one_contract(text: str) -> None:
    """After the insertion only that declaration has one clause more, `ensures false`, and the holes are the same."""
    spec = outline(text)
    for hole in spec.holes:
        if not hole.owner:
            continue
        twin = DAFNY.twin(spec, find(spec, hole.owner))
        assert not isinstance(twin, str)
        offset, more = twin
        changed = outline((text.encode()[:offset] + more + text.encode()[offset:]).decode())
        for before, after in zip(spec.declarations, changed.declarations, strict=True):
            old, new = [(c.kind, c.text) for c in before.clauses], [(c.kind, c.text) for c in after.clauses]
            assert new == ([*old, ("ensures", "false")] if before.name == hole.owner else old)
        assert [(one.id, one.owner) for one in changed.holes] == [(one.id, one.owner) for one in spec.holes]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("class C { constructor Init(x: int) requires x > 0 }", "C.Init"),
        ("iterator I(n: nat) requires n > 0 { }", "I"),
        ("twostate lemma L(c: object) requires true { }", "L"),
        ("least lemma L[nat](x: int) requires true { }", "L"),
        ("datatype D = A", "D"),
        ("method M(nameonly x: int := 3) requires x > 0 { }", "M"),
    ],
)
def test_no_vacuity_lemma_where_none_is_sound(text: str, name: str) -> None:
    """A contract that a plain lemma can't carry has no vacuity lemma."""
    found = outline(text)
    assert DAFNY.vacuity(text.encode(), found, find(found, name)) is None


def test_a_vacuity_lemma_has_a_free_name() -> None:
    """Its name is one that the spec does not have, and it leaves the holes alone."""
    text = OPEN + "lemma S2C_vacuous_Stub() { }\n"
    found = outline(text)
    inserted = DAFNY.vacuity(text.encode(), found, find(found, "Stub"))
    assert inserted is not None
    offset, more, name = inserted
    assert name == "S2C_vacuous_Stub_"
    changed = outline((text.encode()[:offset] + more + text.encode()[offset:]).decode())
    assert [(one.owner, one.kind, one.form) for one in changed.holes] == [
        (one.owner, one.kind, one.form) for one in found.holes
    ]


def _vacuity(tool: Tool, text: str) -> set[str]:
    """The hole owners whose `requires` a real Dafny finds contradictory; all lemmas in one run."""
    source, spec, names = text.encode(), outline(text), {}
    insertions = []
    for hole in spec.holes:
        found = DAFNY.vacuity(source, spec, find(spec, hole.owner)) if hole.owner else None
        if found is not None:
            insertions.append(found[:2])
            owner = find(spec, hole.owner)
            named = ".".join([*owner.name.split(".")[:-1], found[2]])
            lemma = dataclasses.replace(owner, name=named, kind="lemma", body=Span(0, 1))
            names[VERIFIER.twin_owed(tool, lemma)] = hole.owner
    for offset, more in sorted(insertions, reverse=True):
        source = source[:offset] + more + source[offset:]
    stood = DAFNY.stand_in(source, DAFNY.parse(source), {})
    reading = run(tool, {"a.dfy": stood}, "a.dfy")
    assert set(names) <= set(reading.outcomes), (reading.reason, reading.diagnostics)
    return {owner for name, owner in names.items() if reading.outcomes[name] is Outcome.PROVED}


@pytest.mark.dafny
def test_vacuity_finds_contradictory_requires_only(real: Tool) -> None:
    """Real Dafny proves the lemmas beside contradictory contracts, and no other, with tags and without."""
    assert _vacuity(real, OPEN) == VACUOUS
    assert _vacuity(real, TAGGED) == set()
