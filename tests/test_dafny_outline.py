"""What s2c reads from a Dafny source: holes, names, tokens, interface, trust, problems."""

import json
from pathlib import Path

import pytest

from s2c.languages.dafny.outline import parse
from s2c.model import Declaration, HoleKind, Outline, Span

TAGGED = """// <vc-preamble>
function Twice(n: int): int { n + n }
// </vc-preamble>
// <vc-helpers>
// </vc-helpers>
// <vc-spec>
method Solve(n: int) returns (r: int)
  requires n > 0 // positive
  ensures r == Twice(n)
// </vc-spec>
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
// <vc-proof>
// </vc-proof>
"""

UNTAGGED = """include "lib/a.dfy"
include @"..\\b.dfy"
module M.N {
  trait T { method Open() ensures true }
  class C extends T {
    var x: int, y: map<int, C>
    constructor () ensures x == 0
    constructor From(a: int)
    method {:axiom} Given() ensures x > 0
    method Inc() returns (r: int)
      modifies this // note
      ensures r == x;
    function Get(): int reads this
  }
  lemma L(n: nat) ensures n * n >= n { assume {:axiom} false; }
  lemma Done() ensures true { assert true; }
  datatype D = A | B(value: int)
}
abstract module P { function F(): int method G() }
method {:extern} Outside() returns (x: int) ensures x > 3
@Axiom lemma Weird() ensures false
"""


def read(text: str) -> Outline:
    """The outline of a text that must have no problems."""
    outline = parse(text.encode())
    assert not outline.problems, outline.problems
    return outline


def declared(outline: Outline, name: str) -> Declaration:
    """The declaration of that name."""
    return next(one for one in outline.declarations if one.name == name)


def cut(text: str, span: Span) -> str:
    """The text of a span."""
    return text.encode()[span.start : span.end].decode()


def test_tags_make_the_holes() -> None:
    """Each section is a hole of its kind, between its tags' lines, and belongs to the header before it."""
    text = TAGGED.replace("// <vc-proof>", "lemma L()\n  ensures true\n// <vc-proof>")
    holes = read(text).holes
    assert [(hole.id, hole.kind, hole.owner, hole.form) for hole in holes] == [
        ("h1", HoleKind.HELPERS, "", "section"),
        ("h2", HoleKind.BODY, "Solve", "section"),
        ("h3", HoleKind.PROOF, "L", "section"),
    ]
    assert cut(text, holes[1].span) == "{\n  assume {:axiom} false;\n}\n"
    assert [cut(text, holes[0].span), cut(text, holes[2].span)] == ["", ""]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "x",
        "{}\n",
        "{ real(); code(1); }\n",
        "}}} /* open\n",
        '"never closed\n',
        "// <vc-code>\n// </vc-code>\n",
        "#if A\n",
    ],
)
def test_old_content_of_a_section_counts_for_nothing(content: str) -> None:
    """Whatever stands between the tags, even torn text, the outline is the same but for the offsets."""
    text = TAGGED.replace("// <vc-proof>\n// </vc-proof>\n", "")
    body = "{\n  assume {:axiom} false;\n}\n"
    plain, other = read(text), read(text.replace(body, content + "\n" * (not content.endswith("\n") and bool(content))))
    assert other.skeleton == plain.skeleton
    assert other.interface == plain.interface
    assert (other.names, other.declared, other.assumptions) == (plain.names, plain.declared, plain.assumptions)
    assert [hole.owner for hole in other.holes] == [hole.owner for hole in plain.holes]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("lemma L()\n// <vc-code>\n", 2, "never closed"),
        ("lemma L()\n// <vc-code>\n{ } // </vc-code>\n", 2, "line of its own"),
        ("lemma L()\n// </vc-code>\n", 2, "closes nothing"),
        ("lemma L()\n// <vc-code>\n// <vc-helpers>\n// </vc-helpers>\n// </vc-code>\n", 3, "may not stand inside"),
        ("lemma L() { }\n// <vc-code>\n// </vc-code>\n", 2, "header"),
        ("// <vc-code>\nlemma L() { }\n// </vc-code>\n", 1, "header"),
        ("class C\n// <vc-code>\n// </vc-code>\n", 2, "header"),
        ("lemma L()\n{\n// <vc-helpers>\n// </vc-helpers>\n}\n", 3, "between declarations"),
        ("lemma L()\n// <vc-helpers>\n// </vc-helpers>\n{\n}\n", 2, "between declarations"),
        ("lemma K( }\nlemma L()\n// <vc-code>\n// </vc-code>\n", 1, "syntax error"),
        (
            "predicate P() requires true\n{\n  true\n}\n// <vc-helpers>\n// </vc-helpers>\n// <vc-code>\n// </vc-code>",
            7,
            "header",
        ),
        ("// <vc-helpers>\n// </vc-helpers>\n// <vc-code>\n// </vc-code>\n", 3, "header"),
        ("ghost\n// <vc-helpers>\n// </vc-helpers>\nmethod M() { }\n", 2, "between declarations"),
    ],
)
def test_wrong_tags_are_problems(text: str, line: int, words: str) -> None:
    """A section that is not closed, crossed or has nothing to complete is told with its line and what to do."""
    problems = parse(text.encode()).problems
    assert problems[0].line == line
    assert words in problems[0].message


def test_tags_in_strings_and_block_comments_are_none() -> None:
    """A tag inside a string or a block comment makes no hole."""
    text = 'const s := @"\n// <vc-code>\n"\n/*\n// <vc-code>\n*/\nlemma L()\n'
    assert [hole.form for hole in read(text).holes] == ["bodiless"]


def test_bodiless_and_stub_declarations_are_holes() -> None:
    """Without tags a hole is a missing body or `assume false`; axioms, externs, traits, abstract modules have none."""
    outline = read(UNTAGGED)
    found = [(hole.owner, hole.kind, hole.form, hole.visible) for hole in outline.holes]
    assert found == [
        ("M.N.C._ctor", HoleKind.BODY, "bodiless", False),
        ("M.N.C.From", HoleKind.BODY, "bodiless", False),
        ("M.N.C.Inc", HoleKind.BODY, "bodiless", False),
        ("M.N.C.Get", HoleKind.BODY, "bodiless", True),
        ("M.N.L", HoleKind.PROOF, "stub", False),
    ]
    assert cut(UNTAGGED, outline.holes[-1].span) == "{ assume {:axiom} false; }"
    assert cut(UNTAGGED, Span(0, outline.holes[2].span.start)).endswith("ensures r == x;")


def test_names_are_qualified_by_modules_and_types() -> None:
    """A declaration is named by the path to it; the plain names of all that is declared are known."""
    outline = read(UNTAGGED)
    names = [one.name for one in outline.declarations]
    assert names[:6] == ["M.N", "M.N.T", "M.N.T.Open", "M.N.C", "M.N.C.x", "M.N.C._ctor"]
    assert names[-3:] == ["P.G", "Outside", "Weird"]
    assert {"C", "x", "y", "From", "A", "B", "B?", "value", "D", "M", "N"} <= outline.declared
    assert "int" not in outline.declared


def test_imports_are_paths_as_written() -> None:
    """Include paths come out unquoted; an include in a comment or string is none."""
    text = UNTAGGED + '// include "no.dfy"\n/* include "no.dfy" */ const s := "include \\"no.dfy\\""\n'
    outline = read(text)
    assert [one.target for one in outline.imports] == ["lib/a.dfy", "..\\b.dfy"]
    assert [cut(text, one.span) for one in outline.imports] == ['"lib/a.dfy"', '@"..\\b.dfy"']


def test_where_an_import_lies_is_no_content() -> None:
    """The text of an include path is in no token list; that there is one is."""
    moved = read(UNTAGGED.replace("lib/a.dfy", "other/place.dfy"))
    assert (moved.skeleton, moved.interface) == (read(UNTAGGED).skeleton, read(UNTAGGED).interface)
    assert read('include "a.dfy"\n').skeleton != read("").skeleton


def test_trust_is_told_with_its_line() -> None:
    """Axioms, externs, assumptions and lemmas left open in given text are told; holes are not."""
    text = (
        "lemma {:axiom} A()\nlemma B() { assume 1 == 2; assert true; }\nmethod {:verify false} C() { expect false; }\n"
    )
    found = [(one.what, one.line) for one in read(text + "@Extern method D()\n").assumptions]
    assert found == [("{:axiom}", 1), ("assume", 2), ("expect", 3), ("{:verify false}", 3), ("@Extern", 4)]
    tagged = TAGGED.replace("// <vc-proof>\n// </vc-proof>\n", "lemma Open()\n  ensures false\n")
    assert [(one.what, one.line) for one in read(tagged).assumptions] == [("lemma Open has no body", 16)]


def test_what_nothing_proves_is_told() -> None:
    """An `assume {:axiom}` is one thing; termination that is given up and bodies that are not there are told too."""
    text = """method M(n: int)
  decreases *
{
  assume {:axiom} n > 0;
  while n > 1 invariant n > 2;
  forall i | 0 <= i < n ensures i > 5;
  while n > 1 invariant n > 2 { }
}
"""
    found = [(one.what, one.line) for one in read(text).assumptions]
    missing = "a loop or forall statement has no body"
    assert found == [("decreases *", 2), ("assume {:axiom}", 4), (missing, 5), (missing, 6)]


@pytest.mark.parametrize("text", [TAGGED.replace("// <vc-proof>\n// </vc-proof>\n", ""), UNTAGGED])
def test_blanks_and_comments_do_not_count(text: str) -> None:
    """Comments, line ends, indentation and a BOM leave every token list as it is."""
    rewritten = text.replace("\n", " \n\t").replace("ensures ", "ensures /* x /* y */ */ ").replace(" {", "\r\n{")
    rewritten = rewritten.replace("// <vc-", "//   <vc-").replace("\r\n{:", " {:")
    plain, other = read(text), read("\ufeff" + rewritten.replace("\n", "\r\n").replace("\r\r", "\r"))
    assert other.skeleton == plain.skeleton
    assert other.interface == plain.interface


def test_two_words_are_one_token_however_far_apart() -> None:
    """Blanks between the words of a two-word keyword don't count."""
    text = "least predicate P() { true }\ntype T = x: int | x > 0 ghost witness 1\n"
    rewritten = text.replace("least ", "least \n\t").replace("ghost ", "ghost   ")
    assert read(rewritten).skeleton == read(text).skeleton


def test_every_other_change_counts(shared: Path) -> None:
    """Each token of a given text that is replaced changes the skeleton."""
    row = json.loads((shared / "corpus" / "dafny_solved.jsonl").read_text(encoding="utf-8").splitlines()[0])
    text = str(row["spec"])
    skeleton = read(text).skeleton
    for word in ("ValidInput", "20", "&&", "int", "'<'", "ensures", "YES"):
        assert parse(text.replace(word, "other", 1).encode()).skeleton != skeleton, word


def test_interface_is_what_importers_see() -> None:
    """Bodies of methods and lemmas are out, of functions in; contracts, types and helpers holes are in."""
    text = "function F(): int { 1 }\nlemma L() ensures true { assert 1 == 1; }\nmethod M() { print 2; }\n"
    plain = read(text).interface
    assert read(text.replace("assert 1 == 1;", "")).interface == plain
    assert read(text.replace("print 2;", "assume {:axiom} false;")).interface == plain
    assert read(text.replace("{ 1 }", "{ 2 }")).interface != plain
    assert read(text.replace("true", "false")).interface != plain
    assert read(text.replace("{ print 2; }", "")).interface == plain
    assert read(text.replace("method M", "method {:axiom} M").replace("{ print 2; }", "")).interface != plain
    assert read(text + "// <vc-helpers>\n// </vc-helpers>\n").interface != plain
    by_method = "function F(): int { 1 } by method { return 1; }"
    assert read(by_method).interface == read(by_method.replace("return 1", "return 0 + 1")).interface


def test_a_refinement_needs_bodies() -> None:
    """A file whose module refines another sees the bodies of what it imports."""
    assert read("module A refines B { }").needs_bodies
    assert not read("module A { import B }").needs_bodies


@pytest.mark.parametrize(
    "header",
    [
        "lemma L(x: int)\n  ensures x > 0 // why\n",
        "method M()\n",
        "method M() returns (r: int) // r\n",
        "function F(x: int): set<int> // s\n",
        "lemma L(x: int)\n  requires x > 0; // old style\n",
        "class C { var c: int method M() modifies this /* all */ } lemma L() decreases 1, 2\n",
    ],
)
def test_one_more_clause_fits_at_contract_end(header: str) -> None:
    """Inserting a clause there gives the last declaration that clause, with tags and without."""
    for tail in ("", "// <vc-code>\n// </vc-code>\n"):
        source = (header + tail).encode()
        last = parse(source).declarations[-1]
        changed = source[: last.contract_end] + b"\n  ensures false\n" + source[last.contract_end :]
        outline = parse(changed)
        assert not outline.problems
        assert [(one.kind, one.text) for one in outline.declarations[-1].clauses][-1] == ("ensures", "false")
        assert len(outline.holes) == len(parse(source).holes)


def test_clauses_carry_their_words() -> None:
    """A clause has its keyword, its span and its tokens."""
    clauses = declared(read(TAGGED.replace("// <vc-proof>\n// </vc-proof>\n", "")), "Solve").clauses
    assert [(one.kind, one.text) for one in clauses] == [("requires", "n > 0"), ("ensures", "r == Twice ( n )")]
    assert cut(TAGGED, clauses[0].span) == "requires n > 0"


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        (b"lemma L() { }\n\xff", 2, 1, "UTF-8"),
        (b"lemma L() { }\0", 1, 14, "NUL"),
        (b"// a\rlemma L() { }", 1, 5, "carriage return"),
        (b"lemma L() { }\n  #if X\n#endif\n", 2, 1, "#if"),
        ("const é := 1".encode(), 1, 7, "near"),
        (b"lemma L() {\n/* open", 2, 1, "never closed"),
        (b"\nmethod M(\n", 2, 9, "syntax error near `(`"),
    ],
)
def test_unreadable_text_is_a_problem(source: bytes, line: int, column: int, words: str) -> None:
    """What can't be read is told at its 1-based line and column in characters, in words."""
    first = parse(source).problems[0]
    assert (first.line, words in first.message) == (line, True), first
    assert first.column == column


@pytest.mark.parametrize("source", [b"", b"\n", b"// only\n", b"\xef\xbb\xbf", b"/* a */"])
def test_nothing_to_read_is_no_problem(source: bytes) -> None:
    """An empty file, or one of comments, has no holes and no problems."""
    outline = parse(source)
    assert (outline.holes, outline.problems, outline.skeleton) == ((), (), ())
