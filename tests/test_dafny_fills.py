"""What a fill of a Dafny hole may be: structure, policy, rendering. Known attacks: test_cheats.py."""

import dataclasses
import json
from pathlib import Path

import pytest

from s2c.languages.base import language
from s2c.model import Hole, HoleKind, Refusal, Span

DAFNY = language("dafny")

SPEC = """// <vc-helpers>
// </vc-helpers>
predicate Good(n: int) { n > 3 }
datatype Pair = Pair(first: int, second: int)
method Solve<T>(n: int, t: T) returns (r: int)
  requires n > 0
  ensures Good(r)
// <vc-code>
// </vc-code>
lemma Fact(n: int)
  ensures Good(n) ==> n > 2
// <vc-code>
// </vc-code>
function Value(n: int): int
  ensures Value(n) > n
// <vc-code>
// </vc-code>
"""
HONEST = {"h1": "", "h2": "r := 4;\n", "h3": "assert true;\n", "h4": "n + 1\n"}
UNDEFINED = {
    "DA0201": "the given text calls intToStringHelper and leaves it to the model to say what it is",
    "DA0282": "the given text calls min and leaves it to the model to say what it is",
    "DA0538": "no header before the section: its fills hold the contract itself",
}


def rows(shared: Path, name: str) -> list[dict[str, object]]:
    """The rows of a JSON lines file."""
    return [json.loads(line) for line in (shared / name).read_text(encoding="utf-8").splitlines()]


def refused(spec: str, fills: dict[str, str]) -> tuple[Refusal, ...]:
    """Refusals of layers 2 and 3, in their order."""
    source = spec.encode()
    outline = DAFNY.parse(source)
    assert not outline.problems
    plain = {hole.id: DAFNY.normalise(hole, fills[hole.id]) for hole in outline.holes}
    return DAFNY.structure(source, outline, plain) or DAFNY.policy(outline, plain)


def test_real_solutions_pass(shared: Path) -> None:
    """Every solved spec's fills pass, but for the few where a model had to define a name of the given text itself."""
    passed = 0
    for row in rows(shared, "corpus/dafny_solved.jsonl"):
        outline = DAFNY.parse(str(row["spec"]).encode())
        if outline.problems:
            assert row["id"] in UNDEFINED
            continue
        texts = [str(fill["text"]) for fill in row["fills"]]  # type: ignore[attr-defined]  # rows of json
        found = refused(str(row["spec"]), {hole.id: text for hole, text in zip(outline.holes, texts, strict=True)})
        assert bool(found) == (row["id"] in UNDEFINED), (row["id"], found)
        passed += not found
    assert passed == 157


HELPERS = {
    "attribute": [
        "lemma {:axiom} F() ensures false { }",
        "lemma {: /* x */ verify false} F() ensures false { }",
        "@VerifyOnly lemma F() { }",
        "lemma F() requires |{:axiom}| == 0 { }",
        "datatype D = {:extern} X | Y",
    ],
    "no-body": [
        "lemma F() ensures false",
        "const x := 5lemma G() ensures false",
        "datatype D = X { lemma F() ensures false }",
        "lemma F(s: set<int>) ensures false == (s == {1})",
        "const c: int",
        "lemma F() { forall x: int ensures x == 3 }",
        "lemma F() { while true invariant false decreases 1 }",
    ],
    "syntax-brace": [
        "lemma F(a: set<int>) ensures false decreases a * {1}",
        "lemma F(a: set<int>) ensures false ensures a > {1}",
        "lemma F(a: set<int>) ensures false decreases assert true; {1}",
    ],
    "item": [
        "class C { }",
        "trait T { }",
        "module E { }",
        "import E",
        "type T = int",
        "newtype N = int",
        "abstract lemma F() { }",
        "least lemma F() { }",
        "iterator I() { }",
        "codatatype E = E(e: E)",
        "export provides A",
    ],
    "name": [
        "predicate Good'() { true } function Good(n: int): bool { true }",
        "datatype D = Pair(x: int)",
        "datatype D = A | Good",
        "method n() { }",
        "const Value := 1",
        "lemma F<Pair>() { }",
        "function {:opaque} Solve(): int { 1 }",
        "lemma F<int>(x: int) ensures x == 1 { }",
    ],
    "syntax": [
        "ghost",
        'include "x.dfy"',
        "lemma F() { } ;",
        "lemma F() { } }",
        "lemma F() { /* }",
        "predicate G\u043e\u043ed() { true }",
        "lemma",
    ],
    "trust": [
        "lemma F() ensures false { assume false; }",
        "method F() free ensures false { }",
        "lemma F() { expect false; }",
    ],
    "endless": ["lemma F() ensures false decreases * { F(); }", "lemma F() ensures false decreases /* */ * { F(); }"],
    "bit-vector": ["lemma F(b: bv8) { }"],
    "marker": ["// </vc-code>", "lemma F() { } // <vc-helpers>", "// @@S2C-1"],
    "character": [
        "lemma F() { } // \u202e",
        "lemma\u200b F() { }",
        "// a\rlemma F() { }",
        "lemma F() { }\0",
        "\ufeff// x",
        "// \u3164",
        "// \ufe00",
        "// a\U000e0101",
    ],
    "preprocessor": ["#if A", "/*\n  #endif\n*/"],
}
BODIES = {
    "syntax": [
        "r := 4; } method Evil() { ",
        "r := 4; }",
        'r := "4;',
        "r := 4; /*",
        "requires false { r := 1; }",
        "<== false",
        "ensures true",
        "r := 4; ghost",
        "r := 4; label",
    ],
    "empty": ["", "// to do", "/* */\n", "{ }", "{ { /* still */ } }"],
    "trust": [
        "r :| assume Good(r);",
        "r := (assume false; 1);",
        "assume{:axiom}false;",
        "assert Good(1) by { assume false; }",
    ],
    "keyword": [
        "modify r;",
        "r := 4; ...;",
        "{ r := 4; } method Other() { }",
        "r := 4; const c := 1;",
        "lemma F() { }",
    ],
    "endless": ["while true decreases * { }"],
    "no-body": [
        "while r < 4 invariant false",
        "while r < 4 invariant {1} == {} ; r := 1;",
        "for i := 0 to 4 invariant false if true { }",
        "forall i | 0 < i ensures Good(i); r := 4;",
    ],
    "attribute": ["assert {:only} true;", "r := 4; @Foo assert true;", "assert {:split_here} true;"],
    "token": ["r := 4; \\", "r := 'ab';", "r := $;"],
}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in HELPERS.items() for text in texts])
def test_helpers_are_whole_checked_declarations(rule: str, text: str) -> None:
    """Helpers that take something on trust, hide a name, or are not whole are refused, by the rule that they break."""
    found = refused(SPEC, {**HONEST, "h1": text})
    assert rule in {one.rule for one in found}, found
    assert all(one.hole == "h1" and 1 <= one.line <= text.count("\n") + 1 for one in found)


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BODIES.items() for text in texts])
def test_bodies_are_whole_checked_statements(rule: str, text: str) -> None:
    """Bodies that take something on trust, are empty, or reach out of their braces are refused, by rule."""
    found = refused(SPEC, {**HONEST, "h2": text})
    assert rule in {one.rule for one in found}, found
    assert all(one.hole == "h2" for one in found)


@pytest.mark.parametrize(
    ("hole", "text"),
    [
        ("h1", "// nothing needed \u26a0\ufe0f \u4e2d\u6587\n"),
        ("h1", "lemma {:induction n} Up(n: nat, free: int, first: int)\n  ensures n >= 0\n{\n}"),
        ("h1", "ghost function {:opaque} Deep<T>(s: seq<T>): nat\n  decreases |s|\n{\n  |s|\n}"),
        ("h1", "datatype Option<T> = None | Some(value: T) { predicate Is() { Some? } }\nconst limit: int := 3"),
        ("h1", "method Run(a: array<int>)\n  modifies a\n{\n  forall i | 0 <= i < a.Length { a[i] := 0; }\n}"),
        ("h1", "datatype/* x */ Side = Left // y\n | Right\nfunction /* z */ Two(): int { 2 }\nconst/**/limit := 3"),
        ("h2", "var Good' := 3; var n' := n; r := if Good'== 3 then 4 else 5;"),
        ("h2", "r := 0; while r < 4 invariant r <= 4 decreases 4 - r { r := r + 1; }"),
        ("h2", "label L: r := 4; assert old@L(r) == old@L(r);"),
        ("h2", "r := 4; ghost var s := {1}; while * invariant s == {1} decreases |s| { break; }"),
        ("h2", "r := 4; assert forall i :: i > 3 ==> Good(i); forall i | i > 3 ensures Good(i) { }"),
        ("h2", "{ r := 4; } // braces and all"),
        ("h2", "(r) := 4;"),
        ("h4", "if n > 0 then n + 1 else n + 2"),
        ("h4", "{ n + 1 }"),
        ("h4", "-n * n + 2 * n * n + 1"),
    ],
)
def test_honest_fills_pass(hole: str, text: str) -> None:
    """Ordinary code in the words of either generation passes."""
    assert refused(SPEC, {**HONEST, hole: text}) == ()


def test_what_the_spec_has_the_fill_may_have() -> None:
    """Bit-vectors and endless loops are allowed where the given text has them."""
    spec = SPEC.replace("requires n > 0", "requires n as bv8 > 0\n  decreases *")
    assert refused(spec, {**HONEST, "h2": "r := 4; while true decreases * { var b: bv8 := 1; }"}) == ()
    assert {one.rule for one in refused(spec, {**HONEST, "h3": "while true decreases * { }"})} == {"endless"}


def test_no_fill_may_take_given_text_with_it() -> None:
    """Should a hole ever stand where its fill joins given text, the comparison with the pristine tree sees it."""
    source = b"ghost\n\nmethod M() { }\n"
    hole = Hole("h1", HoleKind.HELPERS, Span(6, 6), "", "section")
    outline = dataclasses.replace(DAFNY.parse(source), holes=(hole,))
    assert DAFNY.structure(source, outline, {"h1": ""}) == ()
    assert [one.rule for one in DAFNY.structure(source, outline, {"h1": "lemma F() { }\n"})] == ["given-text"]


def test_refusals_name_their_line() -> None:
    """A refusal says the hole and the line in the fill as stored."""
    (found,) = refused(SPEC, {**HONEST, "h2": "{\n  r := 4;\n  assume true;\n}\n"})
    assert (found.hole, found.line) == ("h2", 2)
    (found,) = refused(SPEC, {**HONEST, "h1": "lemma F() { }\n\nlemma G()\n"})
    assert (found.hole, found.line) == ("h1", 3)


def test_helper_names_are_what_others_can_see() -> None:
    """Names at the top of a helpers fill, constructors too, destructors and locals not; torn text gives no error."""
    fill = "lemma F(x: int) { var y := 1; }\ndatatype D<T> = E | G(h: T) { function I(): int { 1 } }\nconst J := 1\n"
    assert DAFNY.helper_names(fill) == ("D", "E", "F", "G", "J")
    assert DAFNY.helper_names("") == ()
    assert DAFNY.helper_names("lemma K( {") in {(), ("K",)}


def _hole(form: str, *, visible: bool = False) -> Hole:
    return Hole("h1", HoleKind.BODY, Span(5, 9 if form != "bodiless" else 5), "M", form, visible)


@pytest.mark.parametrize("form", ["section", "stub", "bodiless"])
@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("x := 1;", "x := 1;\n"),
        ("\r\n  x := 1;\r\n\r\n", "  x := 1;\n"),
        ("{\n  x := 1;\n}\n", "  x := 1;\n"),
        ("// why\n{\n  x := 1; // }\n} // end", "// why\n\n  x := 1; // }\n // end\n"),
        ("{{ x := 1; }}", "x := 1;\n"),
        ("{ a(); }\n{ b(); }", "{ a(); }\n{ b(); }\n"),
        ("", ""),
        (" \n\t\n", ""),
    ],
)
def test_fills_are_stored_without_our_braces(form: str, text: str, stored: str) -> None:
    """Normalising takes off the outer braces; rendering puts them back; together they change nothing."""
    hole = _hole(form)
    fill = DAFNY.normalise(hole, text)
    assert fill.strip() == stored.strip()
    assert DAFNY.normalise(hole, fill) == fill
    assert DAFNY.normalise(hole, DAFNY.render(hole, fill)) == fill
    assert "\r" not in fill
    assert not fill or fill.endswith("\n")


def test_a_set_display_stays_a_function_body() -> None:
    """Only one pair of braces goes from a function's fill: the next may be a set."""
    hole = _hole("section", visible=True)
    assert DAFNY.normalise(hole, "{ {1, 2} }").strip() == "{1, 2}"
    assert DAFNY.normalise(hole, DAFNY.render(hole, "{1, 2}\n")) == "{1, 2}\n"


def test_helpers_are_rendered_as_they_are() -> None:
    """A helpers fill has no braces of ours, even if it begins with one."""
    hole = Hole("h1", HoleKind.HELPERS, Span(0, 0), "", "section")
    assert DAFNY.render(hole, DAFNY.normalise(hole, "lemma F()\n{\n}")) == "lemma F()\n{\n}\n"
    assert DAFNY.render(hole, DAFNY.normalise(hole, "")) == ""
