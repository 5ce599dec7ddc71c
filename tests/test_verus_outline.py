"""What a Verus source's outline says: holes, declarations, names, assumptions, and what is wrong with it."""

import time
from collections.abc import Callable

import pytest

from s2c.languages.verus.outline import parse
from s2c.model import HoleKind, Outline

SIZE = 1_000_000
SPEC = """use vstd::prelude::*;
verus! {
spec fn p(x: int) -> bool { x > 0 }
// <vc-helpers>
fn old_helper() {}
// </vc-helpers>
// <vc-spec>
fn f(a: u8) -> (r: u8)
    requires p(a as int),
    ensures r == a,
// </vc-spec>
// <vc-code>
{
    old()
}
// </vc-code>
proof fn g()
    ensures p(1),
// <vc-proof>
// </vc-proof>
}
fn main() {}
"""


def holes(source: str) -> list[str]:
    """The holes of an untagged text inside `verus!{}` as `kind owner form visible`."""
    outline = parse(f"verus! {{ {source} }}".encode())
    assert outline.problems == ()
    return [f"{one.kind} {one.owner} {one.form}{' visible' if one.visible else ''}" for one in outline.holes]


def told(source: str) -> list[tuple[int, int, str]]:
    """The problems of a source."""
    return [(one.line, one.column, one.message) for one in parse(source.encode()).problems]


def test_sections_are_holes() -> None:
    """A section's whole content is the hole's span; numbers go in file order."""
    outline = parse(SPEC.encode())
    assert outline.problems == ()
    given = [(one.id, one.kind, one.owner, SPEC[one.span.start : one.span.end]) for one in outline.holes]
    assert given == [
        ("h1", HoleKind.HELPERS, "", "fn old_helper() {}\n"),
        ("h2", HoleKind.BODY, "f", "{\n    old()\n}\n"),
        ("h3", HoleKind.PROOF, "g", ""),
    ]


def test_a_sections_old_content_leaves_no_trace() -> None:
    """Whatever stands between the tags, skeleton, interface, names and declarations are the same."""

    def without_spans(outline: Outline) -> tuple[object, ...]:
        names = tuple((one.name, one.kind) for one in outline.declarations)
        return outline.skeleton, outline.interface, outline.names, outline.declared, outline.assumptions, names

    plain = parse(SPEC.encode())
    for content in ("", "}}}} \" /* 'x\n", "{ assume(false); }\n", "pub fn evil() {}\n#[x]\n", 'r#"\n'):
        for old in ("fn old_helper() {}\n", "{\n    old()\n}\n"):
            other = parse(SPEC.replace(old, content).encode())
            assert other.problems == ()
            assert without_spans(other) == without_spans(plain)


def test_declarations_of_a_tagged_file() -> None:
    """A declaration whose body is a section ends with the closing tag's line; a contract ends before its tag."""
    outline = parse(SPEC.encode())
    spans = {one.name: SPEC[one.span.start : one.span.end] for one in outline.declarations}
    assert list(spans) == ["p", "f", "g", "main"]
    assert spans["f"].startswith("fn f(a: u8)")
    assert spans["f"].endswith("// </vc-code>")
    ends = {one.name: SPEC[: one.contract_end].rpartition("\n")[2] for one in outline.declarations}
    assert ends["f"] == "    ensures r == a,"
    assert ends["g"] == "    ensures p(1),"
    assert [one.kind for one in outline.declarations] == ["spec fn", "fn", "proof fn", "fn"]


def test_the_skeleton_has_placeholders() -> None:
    """Each hole is one placeholder with its closing tag behind it; tags are tokens of the skeleton alone."""
    outline = parse(SPEC.encode())
    assert b"// <vc-code>" in outline.skeleton
    assert [word for word in outline.skeleton if word.startswith(b"\0")] == [
        b"\0hole helpers section", b"\0hole body section", b"\0hole proof section",
    ]  # fmt: skip
    assert [word for word in outline.interface if word.startswith(b"\0")] == [
        b"\0hole helpers",
        b"\0body",
        b"\0body",
        b"\0body",
    ]
    assert not any(b"vc-" in word for word in outline.interface)


STUBS = {
    "fn f() { assume(false); unreached() }": ["body f stub"],
    "fn f() -> u8 { assume(false); 0 }": ["body f stub"],
    "fn f() -> (u8, V) { assume(false); (0, V::new(1)) }": ["body f stub"],
    "fn f() { assume(false) }": ["body f stub"],
    "fn f() { assume ( false ) ; }": ["body f stub"],
    "fn f() { unimplemented!() }": ["body f stub"],
    'fn f() { unimplemented!("later"); }': ["body f stub"],
    "fn f() { todo!() }": ["body f stub"],
    "proof fn f() { admit(); }": ["proof f stub"],
    "proof fn f() { admit() }": ["proof f stub"],
    "#[verifier::rlimit(9)] proof fn f() { /* x */ assume(false); }": ["proof f stub"],
    "spec fn f() -> int { unimplemented!() }": ["body f stub visible"],
    "pub closed spec fn f() -> int { unimplemented!() }": ["body f stub"],
    "mod m; closed spec fn f() -> int { unimplemented!() }": ["body f stub visible"],
    "fn f() ensures a;": ["body f bodiless"],
    "spec fn f() -> int;": ["body f bodiless visible"],
    "mod m { impl S { fn f() { todo!() } } }": ["body m::S::f stub"],
    "trait T { fn f() { todo!() } fn g(); }": ["body T::f stub"],
    # no holes
    "fn f() { assume(false); let x = 1; x }": [],
    "fn f() { assume(false); { 1 } }": [],
    "fn f() { assume(a); unreached() }": [],
    "fn f() { g(); assume(false) }": [],
    "fn f() { todo!(); todo!() }": [],
    "fn f() { todo!() + 1 }": [],
    "fn f() { unreached() }": [],
    "fn f() { }": [],
    "uninterp spec fn f() -> int;": [],
    "axiom fn f() ensures a;": [],
    "#[verifier::external_body] fn f() { unimplemented!() }": [],
    "#[verifier(external_body)] proof fn f() { unimplemented!() }": [],
    "#[verifier::external] impl S { fn f() { todo!() } }": [],
    "#[verifier::external_fn_specification] fn f() { todo!() }": [],
    'extern "C" { fn f(); }': [],
    "assume_specification[ f ](a: u8) ensures a;": [],
    "m!{ fn f() { todo!() } }": [],
}  # fmt: skip


@pytest.mark.parametrize("source", STUBS)
def test_holes_without_tags(source: str) -> None:
    """A body that only says that it is to be written is a hole, and a function that owes one."""
    assert holes(source) == STUBS[source]


def test_outside_the_macro_nothing_is_a_hole() -> None:
    """Verus does not verify it, so no body there could ever be proved."""
    assert parse(b"fn f() { todo!() } mod m { fn g() { unimplemented!() } } verus! {}").holes == ()


def test_a_hole_in_the_owners_span() -> None:
    """Without tags the span is the stub's braces, or the `;`."""
    source = "verus! { fn f() { todo!() } proof fn g() ensures a; }"
    assert [source[one.span.start : one.span.end] for one in parse(source.encode()).holes] == ["{ todo!() }", ";"]


PROBLEMS: dict[str, tuple[str, list[tuple[int, int, str]]]] = {
    "unclosed macro": ("use a;\nverus! {\nfn f() {}\n", [(2, 8, "`verus!{` is never closed")]),
    "unclosed brace": ("verus! {\nfn f() {\n}", [(1, 8, "`verus!{` is never closed")]),
    "brace too many": ("verus! {\n}\n}", [(3, 1, "`}` closes nothing")]),
    "wrong bracket": ("fn f() {\n  (a}\n)", [(2, 5, "`)` must close the bracket of line 2")]),
    "unclosed comment": ("fn f() {}\n/* a /* */", [(2, 1, "comment is never closed")]),
    "unclosed string": ('fn f() {}\nconst é: &str = "a', [(2, 17, "string is never closed")]),
    "unclosed raw string": ('r##"a"#', [(1, 1, "raw string is never closed")]),
    "stray sign": ("verus! {\n  a ~ b }", [(2, 5, "`~` is no character of Verus")]),
    "prose": ("fn f() {}\nHere is the code:", [(2, 1, "no item begins with `Here`")]),
    "invalid": ("fn f() { a £ b }", [(1, 12, "syntax error near")]),
    "depth": ("(" * 501 + ")" * 501, [(1, 501, "nested too deeply")]),
    "body before its section": (
        "verus! {\nfn f() { }\n// <vc-code>\n// </vc-code>\n}",
        [(3, 1, "fn f has its body before `// <vc-code>`: move it into the section")],
    ),
    "no header": ("verus! {\n// <vc-code>\n// </vc-code>\n}", [(2, 1, "nothing for `// <vc-code>` to complete")]),
    "semicolon before": (
        "verus! {\nfn f();\n// <vc-code>\n// </vc-code>\n}", [(3, 1, "without a body and without `;`")],
    ),
    "outside the macro": ("fn f()\n// <vc-code>\n// </vc-code>\n", [(2, 1, "stands outside `verus!{}`")]),
    "trusted owner": (
        "verus! {\n#[verifier::external_body] fn f()\n// <vc-code>\n// </vc-code>\n}", [(3, 1, "marked as trusted")],
    ),
    "helpers outside": ("// <vc-helpers>\n// </vc-helpers>\nverus! {}", [(1, 1, "between items inside `verus!{}`")]),
    "helpers in a module outside": (
        "mod a {\n// <vc-helpers>\n// </vc-helpers>\n}",
        [(2, 1, "between items inside `verus!{}`")],
    ),
    "helpers in an item": (
        "verus! { fn f() {\n// <vc-helpers>\n// </vc-helpers>\n} }", [(2, 1, "between items inside `verus!{}`")],
    ),
    "helpers in a header": (
        "verus! { mod a\n// <vc-helpers>\n// </vc-helpers>\n{ } }", [(2, 1, "between items inside `verus!{}`")],
    ),
    "unclosed section": ("verus! {\n// <vc-code>\n}", [(2, 1, "`// <vc-code>` is never closed")]),
    "unopened section": ("verus! {\n// </vc-code>\n}", [(2, 1, "`// </vc-code>` closes nothing")]),
    "crossed sections": (
        "verus! {\n// <vc-code>\n// <vc-helpers>\n// </vc-code>\n// </vc-helpers>\n}",
        [(3, 1, "may not stand inside `// <vc-code>`"), (5, 1, "closes nothing")],
    ),
    "lone carriage return": ("fn f() {}\rfn g() {}", [(1, 10, "a carriage return without a line feed")]),
    "NUL": ("fn f() {}\0", [(1, 10, "a NUL byte")]),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_wrong_is_told_at_its_place(name: str) -> None:
    """One clear message at 1-based line and column, counted in characters."""
    source, expected = PROBLEMS[name]
    found = told(source)
    assert [(line, column) for line, column, _ in found] == [(line, column) for line, column, _ in expected]
    for (_, _, message), (_, _, part) in zip(found, expected, strict=True):
        assert part in message


def test_other_tags_make_no_holes_and_no_problems() -> None:
    """A preamble that is closed twice, tags in strings and in block comments."""
    source = SPEC.replace(
        "fn main", '// </vc-preamble>\n// </vc-preamble>\n/* // <vc-code> */ const S: &str = "\n// <vc-code>";\nfn main'
    )
    assert parse(source.encode()).problems == ()
    assert len(parse(source.encode()).holes) == 3


def test_invalid_utf8_is_told() -> None:
    """At the byte where it begins."""
    (problem,) = parse("fn é() {}\n".encode() + b" \xff").problems
    assert (problem.line, problem.column) == (2, 2)


ASSUMPTIONS = {
    "fn f() {\n  assume(a); }": [("assume", 2, "")],
    "proof fn f() { admit(); }  fn g() { todo!() }": [],
    "proof fn f() { x();\n admit(); }": [("admit", 2, "")],
    "use vstd::prelude::admit as done;": [("admit", 1, "")],
    "#[verifier::external_body]\nfn f() { unimplemented!() }": [("external_body fn f", 1, "f")],
    "impl S { #[verifier(external_body)] proof fn f() { } }": [("external_body proof fn f", 1, "S::f")],
    "#[verifier::external_type_specification] struct E(S);": [("external_type_specification struct E", 1, "")],
    "#[cfg_attr(a, verifier::external)] fn f() { 1 }": [("external", 1, "")],
    "axiom fn f() ensures a;": [("axiom fn f", 1, "f")],
    "assume_specification[ a::b ](x: u8) ensures c;": [("assume_specification a::b", 1, "")],
    "#[verifier::exec_allows_no_decreases_clause] fn f() { 1 }": [("exec_allows_no_decreases_clause fn f", 1, "f")],
    "#[verifier::assume_termination] fn f() { 1 }": [("assume_termination fn f", 1, "f")],
    "global size_of usize == 8;": [("global", 1, "")],
    "uninterp spec fn f() -> int;": [],
    "fn f(assume: u8) { x.assume(); let admit = 1; }": [],
    '// assume(false)\nfn f() { "assume(false)" }': [],
    "trait T { proof fn f() ensures a; }": [],
}


@pytest.mark.parametrize("source", ASSUMPTIONS)
def test_what_is_taken_on_trust_is_told(source: str) -> None:
    """By word and line; by qualified name where a function is itself the axiom. What is a hole is not given."""
    found = parse(f"verus! {{ {source} }}".encode()).assumptions
    assert [(one.what, one.line, one.name) for one in found] == ASSUMPTIONS[source]


def test_a_given_function_without_a_body_is_told() -> None:
    """In a file with tags it is no hole."""
    source = SPEC.replace("spec fn p", "proof fn q() ensures p(0);\nspec fn p")
    assert [one.what for one in parse(source.encode()).assumptions] == ["proof fn q has no body"]


@pytest.mark.parametrize("word", ["union", "default", "gen", "raw"])
def test_words_that_are_reserved_elsewhere_are_names(word: str) -> None:
    """Where they are no keywords they count like any name."""
    outline = parse(f"verus! {{ spec fn f(s: Set<int>) -> bool {{ s.{word}(s) == {word}(1) }} }}".encode())
    assert word in outline.names


def test_names() -> None:
    """Names of the skeleton, without what a hole holds; declared are items, their fields and variants."""
    source = SPEC.replace("fn main", "struct S { x: T }\nenum E { #[a] A, B { y: u8 }, r#C(z) }\nfn main")
    outline = parse(source.encode())
    assert outline.declared == {"p", "f", "g", "main", "S", "x", "E", "A", "B", "C"}
    assert {"vstd", "prelude", "u8", "int", "T", "y", "z", "a", "r"} <= outline.names
    assert not {"old", "old_helper"} & outline.names


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"(" * SIZE,
        lambda: b"[]" * (SIZE // 2),
        lambda: b"{" * 400 + b"}" * 400 + b"(" * SIZE,
        lambda: b'"' * SIZE,
        lambda: b"'" * SIZE,
        lambda: b'r#"' * (SIZE // 3),
        lambda: b"/*" * (SIZE // 2),
        lambda: b"/*" * (SIZE // 8) + b"*/" * (SIZE // 8),
        lambda: b"\0" * SIZE,
        lambda: b"\xff" * SIZE,
        lambda: b"\r\n" * (SIZE // 2),
        lambda: "\ufeff".encode() * (SIZE // 3),
        lambda: b"// <vc-code>\n" * (SIZE // 13),
        lambda: b"// <vc-code>\n// </vc-code>\n" * (SIZE // 40),
        lambda: b"a\n" * 100_000,
        lambda: b"\n" * 100_000 + b"fn f() {}",
        lambda: b"verus! {" + b"fn f() requires " * 12_000 + b"}",
        lambda: b"verus! { fn f() requires " + b"a::<" * 40_000 + b"}",
        lambda: b"use a::" * 30_000,
        lambda: b"impl<" * 40_000,
    ],
)
def test_hostile_text_is_fast(make: Callable[[], bytes]) -> None:
    """A million bytes of nonsense cost less than a second or two of processor, and crash nothing."""
    source = make()
    began = time.process_time()
    parse(source)
    assert time.process_time() - began < 10  # a second on a quiet machine; quadratic would be minutes
