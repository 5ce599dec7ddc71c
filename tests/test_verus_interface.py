"""What importers can see of a Verus file: an edit of anything else leaves them fresh."""

import pytest

from s2c.languages.verus.outline import parse

SOURCE = """#![allow(unused)]
use vstd::prelude::*;
verus! {
pub open spec fn opened(x: int) -> bool { x > 100 }
pub closed spec fn shut(x: int) -> bool { x > 200 }
spec fn private(x: int) -> bool { x > 300 }
pub uninterp spec fn unknown(x: int) -> bool;
pub struct S { pub field: u8 }
pub enum E { A, B }
pub trait T { spec fn of(&self) -> int; fn method(&self) -> u8 { 11 } }
impl T for S { open spec fn of(&self) -> int { 12 } fn method(&self) -> u8 { 13 } }
pub const LIMIT: u8 = 14;
exec static COUNT: u8 ensures COUNT == 15 { 15 }
pub fn run(a: u8) -> (r: u8)
    requires a < 16,
    ensures r == a,
{ let b = 17; a }
pub proof fn lemma(x: int) ensures opened(x) { assert(18 == 18); }
pub broadcast proof fn known(x: int) ensures #[trigger] shut(x) { assert(19 == 19); }
pub broadcast group all { known }
#[verifier::external_body] pub proof fn axiom_like() ensures shut(20) { unimplemented!() }
pub fn hidden() -> impl Fn(u8) -> u8 { |x: u8| 21 }
pub const fn early() -> u8 { 22 }
pub async fn late() -> u8 { 23 }
macro_rules! m { () => { 24 } }
type Alias = S;
mod inner { pub fn deep() -> u8 { 25 } pub open spec fn seen() -> int { 26 } }
#[verifier::auto_spec] pub fn both() -> u8 { 27 }
// a comment
}
fn outside() -> u8 { 28 }
"""

# old, new, whether importers can see it
EDITS = [
    ("x > 100", "x > 101", True),
    ("x > 200", "x > 201", False),
    ("x > 300", "x > 301", True),
    ("unknown(x: int) -> bool", "unknown(x: nat) -> bool", True),
    ("uninterp spec", "closed spec", True),
    ("pub closed", "pub open", True),
    ("closed spec fn shut(x: int)", "closed spec fn shut(x: nat)", True),
    ("pub field: u8", "field: u8", True),
    ("A, B", "A, B, C", True),
    ("fn of(&self) -> int;", "fn of(&self) -> nat;", True),
    ("{ 11 }", "{ 111 }", False),
    ("{ 12 }", "{ 112 }", True),
    ("{ 13 }", "{ 113 }", False),
    ("u8 = 14", "u8 = 114", True),
    ("COUNT == 15", "COUNT <= 15", True),
    ("{ 15 }", "{ 16 }", True),
    ("a < 16", "a < 17", True),
    ("ensures r == a,", "ensures r == a, r > 0,", True),
    ("(a: u8)", "(b: u8)", True),
    ("let b = 17;", "let c = 18;", False),
    ("{ let b = 17; a }", "{ a }", False),
    ("assert(18 == 18);", "", False),
    ("assert(19 == 19);", "assert(true);", False),
    ("pub broadcast proof", "pub proof", True),
    ("ensures #[trigger] shut(x)", "ensures shut(x)", True),
    ("all { known }", "all { }", True),
    ("ensures shut(20)", "ensures shut(21)", True),
    ("#[verifier::external_body] pub", "pub", True),
    ("|x: u8| 21", "|x: u8| 22", True),
    ("{ 22 }", "{ 122 }", True),
    ("{ 23 }", "{ 123 }", True),
    ("{ 24 }", "{ 124 }", True),
    ("Alias = S", "Alias = E", True),
    ("{ 25 }", "{ 125 }", False),
    ("{ 26 }", "{ 126 }", True),
    ("{ 27 }", "{ 127 }", True),
    ("{ 28 }", "{ 128 }", False),
    ("use vstd::prelude::*;", "use vstd::prelude::int;", True),
    ("#![allow(unused)]", "", True),
    ("pub fn run", "pub fn ran", True),
    ("pub fn run", "#[inline] pub fn run", True),
    ("pub fn run", "pub(crate) fn run", True),
    ("proof fn lemma", "fn lemma", True),
    ("type Alias", "fn more() {}\ntype Alias", True),
    ("type Alias", "mod child;\ntype Alias", True),
    ("// a comment", "// another", False),
    ("// a comment", "/// documentation\nfn f() {}", True),
    ("// a comment", "/** fn f() {} */", False),
    ("\n", "\r\n", False),
]


@pytest.mark.parametrize(("old", "new", "visible"), EDITS)
def test_an_edit_reaches_importers_only_where_they_see_it(old: str, new: str, *, visible: bool) -> None:
    """Bodies of executable functions and proofs, and of closed spec functions, are out; all else is in."""
    assert old in SOURCE
    other = SOURCE.replace(old, new)
    before, after = parse(SOURCE.encode()), parse(other.encode())
    assert before.problems == after.problems == ()
    assert (before.interface != after.interface) == visible
    only_comments = old.startswith(("//", "\n")) and not visible
    assert (before.skeleton != after.skeleton) != only_comments


def test_modules_below_a_file_see_what_is_closed() -> None:
    """A file with `mod x;` has children that see its closed bodies: there they are part of the interface."""
    for child in ("mod child;", "mod inline { mod child; }", "cfg_if! { if #[cfg(a)] { mod child; } }"):
        source = f"{SOURCE}{child}"
        other = source.replace("x > 200", "x > 201")
        assert parse(source.encode()).interface != parse(other.encode()).interface


def test_a_hole_that_nobody_sees_is_a_body_to_importers() -> None:
    """Filled or not, an executable body and a proof leave the interface as it is; an open spec function's does not."""

    def interface(body: str, kind: str) -> tuple[bytes, ...]:
        return parse(f"verus! {{ pub {kind} fn f() -> int {{ {body} }} }}".encode()).interface

    for kind in ("", "proof", "exec", "closed spec"):
        assert interface("todo!()", kind) == interface("1", kind)
    assert interface("todo!()", "open spec") != interface("1", "open spec")
    assert [one.visible for one in parse(b"verus! { open spec fn f() -> int { todo!() } }").holes] == [True]


def test_trust_is_no_interface() -> None:
    """An `assume` in a body that nobody sees changes no interface; it is told apart from keys."""
    other = SOURCE.replace("let b = 17;", "assume(a == 1);")
    assert parse(SOURCE.encode()).interface == parse(other.encode()).interface
    assert len(parse(other.encode()).assumptions) == len(parse(SOURCE.encode()).assumptions) + 1


def test_placeholders_can_not_be_forged() -> None:
    """What stands for a body begins with a NUL, and no source with a NUL is read."""
    assert parse(b"verus! { fn f() { 1 } }").interface[-2:] == (b"\0body", b"}")
    forged = parse(b"verus! { fn f() \0body }")
    assert forged.problems
    assert forged.interface == ()
