"""Fills of Verus holes: how they are stored and rendered, what stands in for them, and what structure refuses."""

import pytest

from s2c.languages.verus import lexer, render
from s2c.languages.verus.outline import parse
from s2c.languages.verus.structure import structure, together, wrapped
from s2c.languages.verus.syntax import tree
from s2c.model import Hole, Outline

SPEC = """use vstd::prelude::*;
verus! {
// <vc-helpers>
// </vc-helpers>
pub fn f(a: u8) -> (r: u8)
    requires a < 9,
    ensures r == a
// <vc-code>
// </vc-code>
proof fn g()
    ensures true,
// <vc-code>
{ old }
// </vc-code>
pub struct S;
}
"""
PLAIN = """verus! { /// d
#[x] pub fn f() -> u8 ensures 1 == 1; open spec fn s() -> int { todo!() } proof fn p() { admit() } }"""


def outline(source: str = SPEC) -> Outline:
    """The outline of a source that reads well."""
    found = parse(source.encode())
    assert found.problems == ()
    return found


def hole(number: int, source: str = SPEC) -> Hole:
    """A hole of a source, from 1."""
    return outline(source).holes[number - 1]


def refused(fill: str, which: str = "h2", source: str = SPEC) -> list[str]:
    """The rules that a fill breaks, beside honest ones."""
    honest = {one.id: "" if one.kind == "helpers" else "a\n" for one in outline(source).holes}
    found = structure(source.encode(), outline(source), {**honest, which: fill})
    assert all(one.hole in {which, ""} for one in found)
    return [one.rule for one in found]


NORMAL = {
    "{\n    a\n}\n": "    a\n",
    "a": "a\n",
    "\n\n  a;\n\n": "  a;\n",
    "{ { a } }": "a\n",
    "// why\n{ a }\n": "// why\n a\n",
    "{ a } // end": " a  // end\n",
    "{ a } + { b }": "{ a } + { b }\n",
    "{ a } else { b }": "{ a } else { b }\n",
    "if a { b }": "if a { b }\n",
    "{ '}' }": " '}'\n",
    '{ "}{" }': ' "}{"\n',
    "{ a": "{ a\n",
    "a }": "a }\n",
    "{}": "",
    "\r\n{\r\n a\r\n}\r\n": " a\n",
    "": "",
    '{ r#"}"# /* } */ \'x: loop { } }': ' r#"}"# /* } */ \'x: loop { }\n',
}


@pytest.mark.parametrize("text", NORMAL)
def test_a_fill_is_stored_without_the_braces_that_s2c_owns(text: str) -> None:
    """Outer braces go, inner ones stay; normalising is idempotent, and undoes rendering in every form."""
    for source in (SPEC, PLAIN):
        for one in outline(source).holes:
            if one.kind != "helpers":
                fill = render.normalise(one, text)
                assert fill.strip() == NORMAL[text].strip()
                assert render.normalise(one, fill) == fill
                balanced = not lexer.problems(fill.encode())
                assert not balanced or render.normalise(one, render.render(one, fill)) == fill


def test_helpers_are_kept_as_they_are() -> None:
    """But for line ends and blank lines round them."""
    assert render.normalise(hole(1), "\r\n{ a }\r\nfn h() { }") == "{ a }\nfn h() { }\n"
    assert render.render(hole(1), "fn h() { }\n") == "fn h() { }\n"


def test_rendered_fills_make_a_file_that_reads_well() -> None:
    """In sections, stubs and for a missing body."""
    for source in (SPEC, PLAIN):
        found = outline(source)
        fills = {one.id: "fn h() { 1 }\n" if one.kind == "helpers" else "    a\n" for one in found.holes}
        content, _ = render.spliced(source.encode(), found, fills)
        again = parse(content)
        assert again.problems == ()
        assert [one.name for one in again.declarations] == [one.name for one in found.declarations]
        assert again.skeleton[: len(found.skeleton)] == found.skeleton or source == PLAIN


def test_stand_ins_are_explicit_axioms() -> None:
    """Unfilled holes' owners are marked as external bodies; filled ones are rendered; helpers are empty."""
    text = render.stand_in(SPEC.encode(), {"h3": "a\n"}).decode()
    assert text.count("#[verifier::external_body] pub fn f(a: u8)") == 1
    assert text.count("{ unimplemented!() }") == 1
    assert "proof fn g()\n    ensures true,\n// <vc-code>\n{\na\n}\n// </vc-code>" in text
    plain = render.stand_in(PLAIN.encode(), {}).decode()
    assert "#[verifier::external_body] #[x] pub fn f() -> u8 ensures 1 == 1\n{ unimplemented!() }" in plain
    assert "#[verifier::external_body] open spec fn s()" in plain
    assert "#[verifier::external_body] proof fn p() { unimplemented!() }" in plain
    read = parse(plain.encode())
    assert (read.problems, read.holes) == ((), ())
    assert {one.name for one in read.assumptions} == {"f", "s", "p"}


def test_a_stand_in_with_all_fills_is_the_file_itself() -> None:
    """Nothing is taken on trust then."""
    fills = {"h1": "", "h2": "a\n", "h3": "a\n"}
    assert render.stand_in(SPEC.encode(), fills) == render.spliced(SPEC.encode(), outline(), fills)[0]


@pytest.mark.parametrize("which", ["h1", "h2", "h3"])
def test_a_wrapped_fill_begins_where_it_says(which: str) -> None:
    """The wrapping is one function, or `verus!{}` alone, and reads well."""
    one = hole(int(which[1]))
    code, offset = wrapped(one, "let x = 1;\n")
    assert code[offset:].startswith(b"let x = 1;\n")
    assert not tree(code).has_error


GOOD = [
    "a\n",
    "let x = 1; x",
    "let ghost y = a; proof { assert(y == a); } a",
    "|| true",
    "&x",
    "*x",
    "-1",
    "#[x] loop { }",
    "while a < 3 invariant a < 4, decreases 3 - a { }",
    '"}"',
    "'}'",
    "/* } */ a",
    "match a { 1 => { 2 } _ => 3 }",
    "if a { b } else { c }",
    "requires.x()",
    'r#"" } "#',
    "é",
]


@pytest.mark.parametrize("fill", GOOD)
def test_whole_bodies_pass(fill: str) -> None:
    """Statements and expressions, whatever brackets their strings and comments hold."""
    assert refused(fill) == []


BAD = {
    "": ["empty"],
    "// nothing\n": ["empty"],
    "} fn evil() {": ["syntax"],
    "}": ["syntax"],
    "a }": ["syntax"],
    "{ a": ["syntax"],
    "(a]": ["syntax"],
    "/* a": ["syntax"],
    "a */": [],
    '"a': ["syntax"],
    'r#"a"': ["syntax"],
    "a ~ b": ["syntax"],
    "a ` b": ["syntax"],
    ", a": ["syntax"],
    "==> a": ["syntax"],
    "ensures false": ["syntax"],
    "requires false, { a }": ["syntax"],
    "a #[verifier::external_body]": ["syntax"],
    "a #![x]": ["syntax"],
    "a; proof": ["syntax"],
    "a; unsafe": ["syntax"],
    "// </vc-code>": ["marker"],
    '"<vc-spec>"': ["marker"],
    "@@S2C-1": ["marker"],
    "a \u202e b": ["character"],
    "a\u200bb": ["character"],
    "a \0": ["character"],
    "a \x1b": ["character"],
    "a \ufeff": ["character"],
    "a\rb": ["character"],
    "a\ud800": ["character"],
}


@pytest.mark.parametrize("fill", BAD)
def test_odd_bodies_are_refused(fill: str) -> None:
    """What ends early, hides text, goes on with the contract, dangles, or can't be seen."""
    assert refused(fill) == BAD[fill]


HELPERS = {
    "": [],
    "// nothing\n": [],
    "fn h() { }\nproof fn i() ensures a { }\nspec fn j() -> int { 1 }\nconst X: int = 1;": [],
    "#[verifier::opaque] pub open spec fn h() -> int { 1 }": [],
    "broadcast use a::b;": [],
    "struct T { x: int } impl T { fn x() { } }": [],
    "trait T { fn x(); }": [],
    "fn h();": ["no-body"],
    "proof fn h() ensures false;": ["no-body"],
    "impl T { fn x(); }": ["no-body"],
    "fn h()": ["no-body"],
    "#[verifier::external_body]": ["syntax"],
    "fn h() { } #[cfg(any())]": ["syntax"],
    "/// Documented. /** */\nfn h() { } // end\n/* end */ //// end\n/*** end */": [],
    "fn h() { } /// of what follows": ["syntax"],
    "/** of what follows */": ["syntax"],
    "fn h() { }\n//! of what it stands in": ["syntax"],
    "fn h() { } pub": ["syntax"],
    "fn h() { } proof": ["syntax"],
    "fn h() { } broadcast": ["syntax"],
    "let x = 1;": ["syntax"],
    "x + 1": ["syntax"],
    "} fn h() { }": ["syntax"],
    "fn h() { } }": ["syntax"],
    "mod evil {": ["syntax"],
    "/*": ["syntax"],
    "skip!{": ["syntax"],
    "skip!(x)": ["syntax"],
    "use a::b": ["syntax"],
    "const X: int = 1": ["syntax"],
}


@pytest.mark.parametrize("fill", HELPERS)
def test_helpers_are_whole_items(fill: str) -> None:
    """Each with its body or its `;`, and nothing that would take hold of what comes after."""
    assert refused(fill, "h1") == HELPERS[fill]


def test_two_lexers_must_agree() -> None:
    """A literal that Rust and the grammar could read differently is refused where it makes a difference."""
    for fill in ("'\\u{41}'", "b'x'", "'a: loop { break 'a; }", 'br"}"', 'c"}"', "'\\''"):
        assert refused(fill) == []
    for fill in ("''", "let c = '\n'; c", "'' }/*'*/"):
        assert refused(fill) == ["syntax"]


def test_fills_can_not_work_together() -> None:
    """What one opens another can't close: each must be whole by itself."""
    found = structure(SPEC.encode(), outline(), {"h1": "/*\n", "h2": "a */ b\n", "h3": "a\n"})
    assert {(one.rule, one.hole) for one in found} == {("syntax", "h1")}


def test_a_fill_is_no_file_of_its_own() -> None:
    """`#!` at its start hides no line from any check."""
    assert refused("#!} fn evil() {") == ["syntax"]
    assert refused("#!}\nmod evil {", "h1") == ["syntax"]
    assert render.normalise(hole(2), "#!{\n{ a }") == "#!{\n{ a }\n"


def test_the_file_as_a_whole_is_compared() -> None:
    """What a fill does to the text round it is seen, even if nothing odd was seen in the fill alone."""
    honest = {"h1": "", "h2": "a\n", "h3": "a\n"}
    for number, fill in (
        ("h1", "#[x]\n"),
        ("h1", "pub\n"),
        ("h1", "}\nmod evil {\n"),
        ("h2", "}\nfn evil() {\n"),
        ("h1", "/*\n"),
    ):
        found = list(together(SPEC.encode(), outline(), {**honest, number: fill}))
        assert [one.rule for one in found] in (["given-text"], ["syntax"]), fill
    assert list(together(SPEC.encode(), outline(), {**honest, "h1": "fn h() { }\n"})) == []


def test_the_given_text_reads_as_it_did() -> None:
    """A header that could go on into the hole's braces keeps its clauses, whatever the hole holds."""
    source = "verus! { fn f(a: u8) ensures a == 1,\n// <vc-code>\n// </vc-code>\nfn g() { } }"
    assert refused("a", "h1", source) == []
    assert refused("{ a }, b", "h1", source) == []
