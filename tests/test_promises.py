"""Each given `ensures` is proved where it stands: read from Dafny 4's log of every assertion."""

import json
from dataclasses import replace

import pytest

from s2c.languages.base import Job, Promise, Reading, language
from s2c.languages.dafny.verifier import MODERN
from s2c.model import Span, VerdictKind
from s2c.process import RawRun, Tool
from s2c.sandbox import execute
from tests.dafny_tools import VERIFIER, available, installed, tool

DAFNY = language("dafny")
LOG = "s2c-log"


@pytest.fixture
def modern() -> Tool:
    """A real Dafny 4."""
    if "4.x" not in available():
        pytest.skip("no Dafny 4 on this machine")
    return installed(available()["4.x"])


def promised(source: str, path: str = "a.dfy") -> Job:
    """A job with a promise for each `ensures` of its declarations that have a body."""
    outline = DAFNY.parse(source.encode())
    assert outline.problems == ()
    promises = tuple(
        Promise(name, path, clause.span, clause.text)
        for one in outline.declarations
        if (name := VERIFIER.owed(tool(MODERN), one)) is not None
        for clause in one.clauses
        if clause.kind == "ensures"
    )
    return Job({path: source.encode()}, (path,), promises=promises)


def read(modern: Tool, job: Job) -> Reading:
    """What a real run says."""
    return VERIFIER.read(modern, job, execute(VERIFIER.check(modern, job)))


KINDS = """function F(x: int): int
  ensures true
  ensures F(x) > x
{ x + 1 }
method M(x: int) returns (r: int)
  ensures true
  ensures r == r
  ensures true || F(r) == 1
  ensures r > 0 ==> true
  ensures r > 0 && r < 10
  ensures {:error "ä😀"} r == 5
  ensures if true then r == 5 else false
  ensures var z := r; z == 5
  ensures match r case 5 => true case _ => false
{ r := 5; }
lemma L() ensures 1 + 1 == 2 {}
/* äß😀 */ lemma Wide() /* 😀 */ ensures 2 == 2 ensures "😀" == "😀" && 1 == 1 {}
module A.B {
  class C {
    var y: int
    twostate lemma TL() ensures true {}
    method Q() modifies this ensures y == old(y) {}
    constructor() ensures y == 0 ensures fresh(this) { y := 0; }
    function By(n: nat): nat ensures By(n) >= n { n } by method { return n; }
  }
}
least predicate LP(x: int) { x == 0 || LP(x - 1) }
least lemma LL(x: int) requires LP(x) ensures x >= 0 {}
trait T { method TM() returns (r: int) ensures r > 0 }
class D extends T { method TM() returns (r: int) ensures r > 0 ensures r >= 1 { r := 1; } }
"""


@pytest.mark.dafny
def test_every_clause_of_an_honest_file_is_kept(modern: Tool) -> None:
    """Trivial clauses, conjunctions, functions, constructors, extreme lemmas, wide characters: each at its place."""
    job = promised(KINDS, "in a folder/ä.dfy")
    assert len(job.promises) >= 22
    reading = read(modern, job)
    assert (reading.kind, reading.unkept) == (VerdictKind.VERIFIED, ())


LOST = {
    "continued": "{ensures r == 5} || true",
    "commented out": "/* {ensures r == 5} */ ensures true",
    "cut out": "\n#if NEVER\n{ensures r == 5}\n#endif\n  ensures true",
}


@pytest.mark.dafny
@pytest.mark.parametrize("how", LOST)
def test_a_clause_that_is_lost_or_weakened_is_not_kept(modern: Tool, how: str) -> None:
    """The run is a pass by name; the place of the given clause tells that it was not what was proved."""
    job, reading = weakened(modern, LOST[how])
    assert reading.kind is VerdictKind.VERIFIED
    assert reading.unkept == job.promises


@pytest.mark.dafny
def test_a_condition_put_on_a_clause_is_not_seen_by_its_place(modern: Tool) -> None:
    """Why structure stays: the assertion of `<== false` lies inside the clause, and is proved."""
    _, reading = weakened(modern, "{ensures r == 5} <== false")
    assert (reading.kind, reading.unkept) == (VerdictKind.VERIFIED, ())


def weakened(modern: Tool, text: str) -> tuple[Job, Reading]:
    """A job whose one promise is the clause in braces, and what a real run says of it."""
    source = f"method M() returns (r: int) {text}\n{{ r := 4; }}\n"
    start = source.index("{ensures")
    plain = source.replace("{ensures r == 5}", "ensures r == 5 ")
    span = Span(start, start + len("ensures r == 5"))
    job = Job({"a.dfy": plain.encode()}, ("a.dfy",), promises=(Promise("M (correctness)", "a.dfy", span),))
    return job, read(modern, job)


def logged(**changed: object) -> RawRun:
    """A pass of `M` whose log holds one assertion, with these parts changed."""
    assertion = {"filename": "a.dfy", "line": 1, "col": 22, "description": "this postcondition holds"} | changed
    batch = {"vcNum": 1, "outcome": "Valid", "assertions": [assertion]}
    results = [{"name": "M (correctness)", "outcome": "Correct", "vcResults": [batch]}]
    said = {"type": "status", "value": "\nDafny program verifier finished with 1 verified, 0 errors\n"}
    return RawRun(0, json.dumps(said).encode(), b"", {LOG: json.dumps({"verificationResults": results}).encode()})


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, True),
        ({"line": 2}, False),
        ({"line": 0}, False),
        ({"col": 1}, False),
        ({"col": 999}, False),
        ({"description": "assertion always holds"}, False),
    ],
)
def test_only_a_postcondition_at_the_place_counts(changed: dict[str, object], kept: bool) -> None:  # noqa: FBT001
    """Another line, another column, another kind of assertion: not kept."""
    job = replace(promised("lemma M() ensures 1 == 1 {}\n"))
    reading = VERIFIER.read(tool(MODERN), job, logged(**changed))
    assert reading.kind is VerdictKind.VERIFIED
    assert (reading.unkept == ()) is kept


def test_a_log_without_places_keeps_no_promise() -> None:
    """What is not told is not believed."""
    job = promised("lemma M() ensures 1 == 1 {}\n")
    raw = logged()
    bare = json.loads(raw.collected[LOG])
    del bare["verificationResults"][0]["vcResults"][0]["assertions"]
    raw = replace(raw, collected={LOG: json.dumps(bare).encode()})
    assert VERIFIER.read(tool(MODERN), job, raw).unkept == job.promises
    assert VERIFIER.read(tool(MODERN), job, RawRun(0, b"", b"", {})).unkept == job.promises
