"""Verus text as tokens and items."""

import json
import random
from pathlib import Path

import pytest

from s2c.languages.verus import lexer
from s2c.languages.verus.items import Item, items
from s2c.languages.verus.outline import parse
from s2c.languages.verus.syntax import GAP, TAG_KIND, comments_and_literals, errors, plain, tokens, tree


def texts(source: str) -> list[str]:
    """The tokens of a source."""
    code = source.encode()
    return [token.text.decode() for token in tokens(tree(code), code)]


def one(source: str) -> Item:
    """The only item of a source."""
    (item,) = items(source.encode())
    return item


@pytest.mark.parametrize(
    "sign", ["==>", "<==>", "<==", "&&&", "|||", "===", "!==", "=~=", "!~=", "=~~=", "!~~=", "==", "->", "=>", "..="]
)
def test_a_sign_is_one_token_where_it_touches(sign: str) -> None:
    """An operator of Verus is one token, and another one than its parts with a blank between."""
    assert texts(f"a {sign} b") == ["a", sign, "b"]
    apart = f"{sign[0]} {sign[1:]}"
    assert "~" in sign or texts(f"a {apart} b") != texts(f"a {sign} b")


def test_texts_come_from_the_original() -> None:
    """`=~=` and `===` are parsed alike and are different tokens; a `~` anywhere else is an error."""
    assert texts("a =~= b") != texts("a === b")
    assert len(plain(b"a =~~= b")) == len(b"a =~~= b")
    assert b"~" in plain(b'"~" ~ x')
    assert not tree(b"a =~= b").has_error
    assert tree(b"a ~ b").has_error


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'a 'static 'x' '\\'' b'\"'", ["'a", "'static", "'x'", "'\\''", "b'\"'"]),
        ('r#"a"b"# "c\\"d" b"e" br##"f"#"## c"g"', ['r#"a"b"#', '"c\\"d"', 'b"e"', 'br##"f"#"##', 'c"g"']),
        ("r#type x.0.1 1u8 0x1f 1..2", ["r#type", "x", ".", "0.1", "1u8", "0x1f", "1", "..", "2"]),
        ("/* a /* b */ c */ d // e\nf /// g\n/** h */ i", ["d", "f", "i"]),
        ("$($x:ident),*", ["$", "(", "$", "x", ":", "ident", ")", ",", "*"]),
        ("\ufeffa", ["a"]),
        ("#!/bin/sh ' \"\na", ["a"]),
        ("#![a]", ["#", "!", "[", "a", "]"]),
        ("a\r\nb\t\x0cc", ["a", "b", "c"]),
        ("// <vc-code>\na //  </vc-code> x\n/* // <vc-spec> */", ["// <vc-code>", "a", "// </vc-code>"]),
        ("é", ["é"]),
    ],
)
def test_tokens(source: str, expected: list[str]) -> None:
    """Literals and lifetimes are one token each, comments none, tags one."""
    assert texts(source) == expected


def test_every_byte_outside_comments_is_in_a_token() -> None:
    """What the grammar gives no leaf becomes a token all the same."""
    source = b"macro_rules! m { ($(a)~x*) => { $(b) , * } } ` \\ a"
    found = tokens(tree(source), source)
    assert b"".join(b"".join(token.text.split()) for token in found) == b"".join(source.split())
    assert any(token.kind == "ERROR" for token in found)
    without_leaves = tokens(tree(b"  a   c  "), b"x a b c y")
    assert [token.text for token in without_leaves] == [b"x", b"a", b"b", b"c", b"y"]
    assert [token.kind for token in without_leaves] == [GAP, "identifier", GAP, "identifier", GAP]


ITEMS = {
    "pub open spec fn f<T: A<B<u8>>, const N: usize>(a: int) -> (r: Seq<T>) { 1 }": "spec fn f",
    "pub(crate) closed spec(checked) fn f() -> int;": "spec fn f",
    "pub open(in crate::a) spec fn f() -> int { 1 }": "spec fn f",
    "uninterp spec fn f() -> int;": "spec fn f",
    "broadcast proof fn f() ensures a { }": "proof fn f",
    "broadcast axiom fn f() ensures a;": "axiom fn f",
    "proof fn f(tracked x: T) -> tracked U by (nonlinear_arith) requires a { }": "proof fn f",
    "exec fn f() { }": "exec fn f",
    'const unsafe extern "C" fn f() { }': "fn f",
    '#[a] /* b */ #[c(d = "]")] fn r#f() { }': "fn f",
    "fn f<F>(g: F) where F: for<'a> Fn(&'a u8) -> [u8; {3}], { }": "fn f",
    "fn f() -> Foo<{ 3 }> { }": "fn f",
    "pub struct S<T>(T) where T: A;": "struct S",
    "tracked struct S { a: int, }": "struct S",
    "ghost enum E<T> { A, B { x: T }, C(int), }": "enum E",
    "union U { a: u8 }": "union U",
    "pub unsafe trait T<A>: B<A> + 'static where A: C { }": "trait T",
    "auto trait T {}": "trait T",
    "impl<'a, T: A<B>> Tr<T> for m::S<'a, T> where T: for<'b> X<'b> { }": "impl S",
    "unsafe impl Send for S {}": "impl S",
    "impl !Send for S {}": "impl S",
    "impl<T> Tr for &'a mut [T] { }": "impl &'amut[T]",
    "mod m;": "mod m",
    "pub mod m { }": "mod m",
    "const A: [u8; { 3 }] = [1; { 3 }];": "const A",
    "exec const A: u8 ensures A == 3 { 3 }": "const A",
    "spec const A: int = { 3 };": "const A",
    "pub static mut A: u8 = 3;": "static A",
    "type A<T> = Foo<{ 3 }, T>;": "type A",
    "macro_rules! m { ($a:expr) => { fn f() {} } }": "macro_rules m",
    "macro_rules! m ( () => {} );": "macro_rules m",
    "pub assume_specification<T>[ Vec::<T>::push ](v: &mut Vec<T>) ensures a;": "assume_specification Vec::<T>::push",
    "pub broadcast group g { a, b::c }": "broadcast group g",
    "broadcast use {a, b::c};": "broadcast use ",
    "global size_of usize == 8;": "global ",
    "global layout S is size == 8, align == 8;": "global ",
    "use a::{b, c};": "use ",
    "extern crate a;": "use ",
    "a::b!{ fn f() {} }": "macro b",
    "union!{ a }": "macro union",
    "global::m!(a);": "macro m",
    "assume_specification!{ }": "macro assume_specification",
    "state_machine!(X { fields { } });": "macro state_machine",
}


@pytest.mark.parametrize("source", ITEMS)
def test_items(source: str) -> None:
    """Each kind of item is one item, whole, with its kind and name; one more after it is read on its own."""
    item = one(source)
    assert f"{item.kind} {item.name}" == ITEMS[source]
    assert (item.span.start, item.span.end) == (0, len(source))
    first, second = (
        each for each in items(f"{source} #[x] pub fn after() {{}}".encode()) if each.first in {0, item.end}
    )
    assert first.span == item.span
    assert (second.name, second.attributes, second.modifiers) == ("after", ("x",), {"pub"})


CONTRACTS = {
    "requires a, ensures b,": ["requires a ,", "ensures b ,"],
    "requires a ensures b decreases c": ["requires a", "ensures b", "decreases c"],
    "ensures { a }, b": ["ensures { a } , b"],
    "ensures match x { A => { true } }": ["ensures match x { A => { true } }"],
    "ensures match x { A => true }, b": ["ensures match x { A => true } , b"],
    "ensures if a { b } else { c }": ["ensures if a { b } else { c }"],
    "ensures if let Foo { x } = y { b } else if c { d } else { e },": [
        "ensures if let Foo { x } = y { b } else if c { d } else { e } ,"
    ],
    "ensures a ==> { b } && c": ["ensures a ==> { b } && c"],
    "ensures a is Foo<int>": ["ensures a is Foo < int >"],
    "ensures a as Foo<int>": ["ensures a as Foo < int >"],
    "ensures match a as Foo<int> { A => b }": ["ensures match a as Foo < int > { A => b }"],
    "ensures a matches Foo { x, .. } ==> x": ["ensures a matches Foo { x , .. } ==> x"],
    "ensures forall|i: int, j: Seq<int>| #![trigger f(i)] #[auto] f(i) && j": [
        "ensures forall | i : int , j : Seq < int > | # ! [ trigger f ( i ) ] # [ auto ] f ( i ) && j"
    ],
    "ensures Seq::<int>::empty() =~= a@": ["ensures Seq :: < int > :: empty ( ) =~= a @"],
    "ensures f.requires((a,)), x::ensures": ["ensures f . requires ( ( a , ) ) , x :: ensures"],
    "ensures ({ let x = 1; x == a }), ": ["ensures ( { let x = 1 ; x == a } ) ,"],
    "ensures &&& a &&& { b } ,": ["ensures &&& a &&& { b } ,"],
    "ensures set!{ a }, seq![1]": ["ensures set ! { a } , seq ! [ 1 ]"],
    "ensures x < y": ["ensures x < y"],
    "ensures |x| { x }, y": ["ensures | x | { x } , y"],
    "recommends a, decreases b when c via d": ["recommends a ,", "decreases b when c via d"],
    "decreases *": ["decreases *"],
    "ensures": ["ensures"],
    "returns (a + b)": ["returns ( a + b )"],
    "default_ensures a, opens_invariants none no_unwind when b": [
        "default_ensures a ,", "opens_invariants none", "no_unwind when b",
    ],
    "opens_invariants { a } no_unwind": ["opens_invariants", ""],
    "opens_invariants [ A, B ]": ["opens_invariants [ A , B ]"],
    "requires \"{\" == a, '{' == b": ["requires \"{\" == a , '{' == b"],
}  # fmt: skip


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contracts_end_where_the_body_begins(contract: str) -> None:
    """The brace that is the body is told from the braces of expressions, as Verus' own parser tells it."""
    expected = CONTRACTS[contract]
    if expected[-1] == "":  # Verus itself takes the first brace for the body
        (clauses, *_) = [item.clauses for item in items(f"fn f() {contract} {{ }}".encode())]
        assert [f"{clause.kind} {clause.text}".strip() for clause in clauses] == expected[:-1]
        return
    for body in ("{ body }", "{ }"):
        source = f"fn f(a: int) -> (r: int) {contract} {body} proof fn g() {{ }}"
        first, second = items(source.encode())
        assert [f"{clause.kind} {clause.text}".strip() for clause in first.clauses] == expected
        assert first.body is not None
        assert source[first.body.start : first.body.end] == body
        assert second.name == "g"
        for clause in first.clauses:
            assert source[clause.span.start :].startswith(clause.kind)


def test_a_function_without_a_body_ends_at_its_semicolon() -> None:
    """In a trait, say; and the header ends before the `;`."""
    source = b"trait T { fn f() ensures a ==> { b }; fn g() ensures if a { b } else { c },; }"
    trait, f, g = items(source)
    assert [one.body for one in (f, g)] == [None, None]
    assert source[f.span.start : f.header_end] == b"fn f() ensures a ==> { b }"
    assert f.scope.trait
    assert trait.name == "T"


def test_names_say_where_an_item_stands() -> None:
    """Inline modules, the type of an impl, then the item."""
    source = b"mod a { verus! { mod r#b { impl<T> Tr for c::S<T> { fn f() {} } trait U { const X: int; } } } }"
    assert [item.name for item in items(source, verus=False)] == [
        "a", "a::verus", "a::b", "a::b::S", "a::b::S::f", "a::b::U", "a::b::U::X",
    ]  # fmt: skip
    assert [item.scope.verus for item in items(source, verus=False)] == [False, False, True, True, True, True, True]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("#[verifier::external_body] fn f() {}", ("verifier::external_body",)),
        ("#[verifier(external_body, opaque)] fn f() {}", ("verifier::external_body", "verifier::opaque")),
        ('#[derive(A, B)] #[doc = "x"] #[cfg_attr(a, verifier::external)] struct S;', ("derive", "doc", "cfg_attr")),
    ],
)
def test_attributes(source: str, expected: tuple[str, ...]) -> None:
    """Attributes by their paths; the old form in parentheses like the new one."""
    assert one(source).attributes == expected


def test_results_that_importers_see_into() -> None:
    """`impl Trait` as a result, however deep; not as a parameter or in a bound."""
    assert one("fn f() -> (r: Box<impl A>) ensures b { }").leaks
    assert not one("fn f(a: impl A) -> u8 where u8: B<fn() -> u8> ensures impl_c { }").leaks


@pytest.mark.parametrize("text", ["#[a]", "pub", "pub proof", "#[a] broadcast", "x y", ";", "{ }", "broadcast x"])
def test_what_is_no_item_is_told_as_such(text: str) -> None:
    """Attributes and modifiers with nothing behind them, and text that is none."""
    assert items(text.encode())[0].kind == ""


def test_two_lexers_agree(shared: Path) -> None:
    """Grammar and lexer see the same comments and literals in every spec of the corpus."""
    for row in (shared / "corpus" / "verus_specs.jsonl").read_text().splitlines():
        source = json.loads(row)["spec"].encode()
        mine = {(one.start, one.end) for one in lexer.pieces(source) if one.kind != "line"}
        lines = {one.start for one in lexer.pieces(source) if one.kind == "line"}
        assert {span for span in comments_and_literals(tree(source), source) if span[0] not in lines} == mine
        assert not any(token.kind == GAP for token in tokens(tree(source), source))
        assert lexer.problems(source) == errors(tree(source), source) == ()


PARTS = """{ } ( ) [ ] # ! < > :: use mod fn impl ; , = pub requires ensures match broadcast extern crate " ' r#" /*
    */ // $ as is let matches const spec assume_specification macro_rules! global verus!{ #[path="x"] union trait where
    for in -> .. | by self r#x type while é""".split()  # noqa: SIM905 - words read best as words


def test_no_text_makes_the_reader_stumble() -> None:
    """Of some thousand random texts, none raises, and each with a bracket too many has a problem."""
    rng = random.Random(3)  # noqa: S311 - the same texts in every run
    for _ in range(3000):
        text = " ".join(rng.choice(PARTS) for _ in range(rng.randrange(1, 30)))
        for source in (text, f"verus!{{ {text} }}"):
            outline = parse(source.encode())
            assert outline.problems or source.count("{") == source.count("}") or set("\"'/") & set(source)


def test_tags_are_tokens_of_their_own_kind() -> None:
    """A tag in a line comment, not one in a comment of documentation."""
    source = b"// <vc-code>\n/// <vc-code>\n//! <vc-code>\na"
    assert [token.kind for token in tokens(tree(source), source)] == [TAG_KIND, "identifier"]
