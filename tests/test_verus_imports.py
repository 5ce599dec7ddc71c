"""What a Verus source says of other files: modules, paths, and what no path can say."""

import pytest

from s2c.languages.verus import uses
from s2c.languages.verus.crates import Mod
from s2c.languages.verus.outline import parse
from s2c.model import Import, Span

NONE: tuple[str, ...] = ()


def found(source: str, *kinds: str) -> tuple[str, ...]:
    """The imports of a source as `kind target`; of these kinds, or all."""
    outline = parse(source.encode())
    assert outline.problems == ()
    return tuple(f"{one.kind} {one.target}" for one in outline.imports if not kinds or one.kind in kinds)


TRAPS = {
    # --- mod
    "mod": ("mod a;", ("mod a",)),
    "mod inside verus": ("verus! { mod a; }", ("mod a",)),
    "mod with modifiers": ('#[cfg(feature = "x")] pub(crate) mod a;', ("mod a",)),
    "raw mod": ("mod r#mod;", ("mod mod",)),
    "inline mod is no file": ("mod a { fn f() {} }", NONE),
    "mod in inline mod": ("mod a { mod b; }", ("mod a::b",)),
    "mod in raw inline mods": ("mod r#a { verus! { mod b { mod r#c; } } }", ("mod a::b::c",)),
    "path attribute": ('#[path = "x/y.rs"] mod a;', ('mod a["x/y.rs"]',)),
    "raw path attribute": ('#[path = r"x.rs"] mod a;', ('mod a["x.rs"]',)),
    "escaped path attribute": (r'#[path = "x\\y.rs"] mod a;', (r'mod a["x\\y.rs"]',)),
    "path of inline mod": ('#[path = "d"] mod a { mod b; }', ('mod a["d"]::b',)),
    "path after cfg": ('#[cfg(unix)] #[path = "u.rs"] mod a;', ('mod a["u.rs"]',)),
    "path in cfg_attr": ('#[cfg_attr(unix, path = "u.rs")] mod a;', ('mod a["u.rs"]',)),
    "other attribute with path": ('#[doc = "path"] mod a;', ("mod a",)),
    "both cfg'd mods once": ("#[cfg(a)] mod x; #[cfg(not(a))] mod x;", ("mod x",)),
    "mod in a macro": ("cfg_if! { if #[cfg(a)] { mod x; } else { mod y; } }", ("mod x", "mod y")),
    "mod with comment": ("mod /* not b */ a /* ; */ ;", ("mod a",)),
    # --- not there
    "line comment": ("// mod a;\n// use crate::b;", NONE),
    "block comment": ("/* mod a; /* use crate::b; */ use crate::c; */", NONE),
    "doc comment": ("/// use crate::a::b;\nfn f() {}", NONE),
    "string": ('const S: &str = "mod a; use crate::b;";', NONE),
    "string over lines": ('const S: &str = "\n use crate::b; \\" use crate::c;\n";', NONE),
    "raw string": ('const S: &str = r#"use crate::a; " mod b;"#;', NONE),
    "raw string of bytes": ('const S: &[u8] = br##"use crate::a; "# mod b;"##;', NONE),
    "quote as character": ("const C: char = '\"'; use crate::a; const D: char = '\"';", ("use crate::a",)),
    "escaped character": (r"const C: char = '\''; use crate::a; const D: char = '\\';", ("use crate::a",)),
    "lifetime": ("fn f<'a>(x: &'a str, y: &'static str) { crate::a::f() }", ("use crate::a::f",)),
    "label": ("fn f() { 'a: loop { crate::a::f(); break 'a; } }", ("use crate::a::f",)),
    "byte": ("const B: u8 = b'\\''; use crate::a;", ("use crate::a",)),
    # --- use
    "crate": ("use crate::a::b;", ("use crate::a::b",)),
    "self": ("use self::a::b;", ("use self::a::b",)),
    "super twice": ("use super::super::x;", ("use super::super::x",)),
    "single name": ("use a;", ("use a",)),
    "alias": ("use crate::a as b;", ("use crate::a",)),
    "underscore": ("use crate::a::T as _;", ("use crate::a::T",)),
    "glob": ("use crate::a::*;", ("use crate::a::*",)),
    "group": ("use crate::{a, b::c};", ("use crate::a", "use crate::b::c")),
    "nested groups": (
        "use {a::b, c::{self, d::{e, f as g}, h::*}};",
        ("use a::b", "use c", "use c::d::e", "use c::d::f", "use c::h::*"),
    ),
    "empty group": ("use crate::a::{};", NONE),
    "trailing comma": ("use crate::{a, b,};", ("use crate::a", "use crate::b")),
    "over lines": ("pub\nuse crate\n  ::a // x\n  ::b;", ("use crate::a::b",)),
    "twice": ("use crate::a; use crate::a;", ("use crate::a",)),
    "raw names": ("use crate::r#type::r#fn;", ("use crate::type::fn",)),
    "in inline mod": ("mod a { mod b { use super::c; } }", ("use super::c in a::b",)),
    "after inline mod": ("mod a { } use super::c;", ("use super::c",)),
    "in function": ("fn f() { use crate::a::g; g() }", ("use crate::a::g",)),
    "in verus": ("verus! { use crate::a; }", ("use crate::a",)),
    "global path": ("use ::a::b;", ("use ::a::b",)),
    "extern crate": ("extern crate a;", ("use ::a",)),
    "extern crate with alias": ("extern crate a as b; use b::c;", ("use ::a", "use ::a::c")),
    "extern crate self": ("extern crate self as me;", NONE),
    "capture": ("fn f<'a>() -> impl Sized + use<'a, T> { 1 }", NONE),
    "broadcast use": ("verus! { broadcast use crate::a::g; }", ("use crate::a::g",)),
    "broadcast use of a name": ("verus! { broadcast use g, h; }", NONE),
    "broadcast group of paths": ("verus! { broadcast use {crate::a::g, vstd::x::y}; }", ("use crate::a::g",)),
    "macro body": ("macro_rules! m { ($x:expr) => { $crate::a::f($x) } }", ("use crate::a::f",)),
    "macro variable": ("macro_rules! m { ($t:ident) => { $t::f() } }", NONE),
    # --- external
    "vstd": ("use vstd::prelude::*;", NONE),
    "std, core and alloc": ("use std::a; use core::b; use alloc::c; use ::std::d;", NONE),
    "builtin": ("use builtin::*; use builtin_macros::*;", NONE),
    "external group": ("use {std::a, crate::b};", ("use crate::b",)),
    "name of an external use": ("use std::collections::HashMap; fn f() { HashMap::new(); }", NONE),
    # --- paths
    "call in a body": ("fn f() { crate::a::g(); }", ("use crate::a::g",)),
    "path in a contract": ("verus! { fn f() ensures crate::a::p(1) {} }", ("use crate::a::p",)),
    "path in a type": ("fn f(x: &mut crate::a::T) -> super::U { x }", ("use crate::a::T", "use super::U")),
    "turbofish": ("fn f() { a::b::<crate::c::T>::d() }", ("use a::b", "use crate::c::T")),
    "method with type": ("fn f() { x.collect::<T>() }", NONE),
    "qualified": ("fn f() { <a::T as crate::b::U>::g() }", ("use a::T", "use crate::b::U")),
    "own type": ("struct S; fn f() { S::new() }", NONE),
    "known type": ("fn f() { Vec::new(); Seq::<int>::empty(); u8::MAX; Self::x() }", NONE),
    "type parameter": ("fn f<T: Default>() { T::default() }", NONE),
    "own module": ("mod a; fn f() { a::g() }", ("mod a", "use a::g")),
    "name of a use": ("use crate::a::b; fn f() { b::g() }", ("use crate::a::b", "use crate::a::b::g")),
    "alias of a use": ("use crate::a as b; fn f() { b::g() }", ("use crate::a", "use crate::a::g")),
    "use of a use": (
        "use crate::a; use a::b; fn f() { b::g() }",
        ("use crate::a", "use crate::a::b", "use crate::a::b::g"),
    ),
    "uses in a circle": ("use a::b; use b::a; fn f() {}", None),
    "visibility": ("pub(in crate::a) fn f() {} pub(crate) struct S(pub(super) u8);", NONE),
    "open": ("verus! { pub open(in crate::a) spec fn f() -> int { 1 } }", NONE),
    "attribute of a tool": ("#[verifier::external_body] #[rustfmt::skip] fn f() {}", NONE),
    "attribute with a path": ("#[derive(crate::a::D)] struct S;", ("use crate::a::D",)),
    "a module called verifier": ("fn f() { verifier::g() }", ("use verifier::g",)),
    "pattern": ("fn f() { match x { crate::a::E::B => 1 } }", ("use crate::a::E::B",)),
    "range of paths": ("fn f() { crate::a::X..crate::b::Y }", ("use crate::a::X", "use crate::b::Y")),
    "windows line ends": ("use crate::a;\r\nmod b;\r\n", ("use crate::a", "mod b")),
    "byte order mark": ("\ufeffuse crate::a;", ("use crate::a",)),
    "shebang": ("#!/usr/bin/env x ' \"\nuse crate::a;", ("use crate::a",)),
    "not in a section": (
        "verus! {\n// <vc-helpers>\nuse crate::a;\n// </vc-helpers>\nuse crate::b;\n}",
        ("use crate::b",),
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_imports_are_what_rust_would_read(name: str) -> None:
    """Modules and paths are found where they stand, and nowhere else."""
    source, expected = TRAPS[name]
    told = found(source, uses.MOD, uses.USE)
    assert expected is None or told == expected


WHOLE = {
    "macro before a module": ("macro_rules! m { () => {} } mod a;", True),
    "macro after the modules": ("mod a; macro_rules! m { () => {} }", False),
    "macro of one file": ("macro_rules! m { () => {} }", False),
    "exported macro": ("#[macro_export] macro_rules! m { () => {} }", True),
    "macro as a name": ("macro_rules! m { () => {} } pub(crate) use m;", True),
    "macro_use": ("#[macro_use] mod a;", True),
    "impl of an own type": ("struct S; impl S { fn f() {} }", False),
    "impl of another's type": ("use crate::a::S; impl S { fn f() {} }", True),
    "impl of an own type by path": ("struct S<T>(T); impl<T> self::S<T> { fn f() {} }", False),
    "own trait for another's type": ("trait T {} impl T for crate::a::S {}", False),
    "another's trait for an own type": ("enum S {} impl crate::a::T for S {}", False),
    "another's trait for another's type": ("impl crate::a::T for crate::b::S {}", True),
    "another's trait of an own type": ("struct O; impl From<O> for crate::b::S {}", False),
    "higher-ranked bound": ("struct S; impl<F> S where F: for<'a> Fn(&'a u8) {}", False),
    "global": ("verus! { global size_of usize == 8; }", True),
    "crate attribute": ("#![feature(x)]", True),
    "lint": ('#![allow(unused)] #![doc = "x"]', False),
    "attribute of an inline module": ("mod a { #![cfg(x)] }", False),
    "default broadcast group": (
        "verus! { #[verifier::broadcast_use_by_default_when_this_crate_is_imported] pub broadcast group g { a } }",
        True,
    ),
    "broadcast use": ("verus! { broadcast use crate::g; }", False),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_no_path_tells_makes_a_crate_one_unit(name: str) -> None:
    """A file whose text counts for files that don't name it says so, with the reason."""
    source, expected = WHOLE[name]
    outline = parse(source.encode())
    assert bool(found(source, uses.WHOLE)) == uses.needs_all(outline) == expected


def test_there_are_enough_traps() -> None:
    """The table is not cut down unseen."""
    assert len(TRAPS) + len(WHOLE) >= 100


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("mod a;", Mod("a")),
        ('#[path = "x.rs"] mod a;', Mod("a", "x.rs")),
        (
            '#[path = "d::e"] mod a { mod b { #[path = "\\"]::["] mod c; } }',
            Mod("c", '"]::[', (("a", "d::e"), ("b", ""))),
        ),
    ],
)
def test_a_module_is_read_back(source: str, expected: Mod) -> None:
    """What a `mod` says survives its way through an import's target, whatever the names of files are."""
    (one,) = parse(source.encode()).imports
    assert uses.declared(one) == expected
    assert uses.used(one) is None


def test_a_path_is_read_back() -> None:
    """The words of a path and the inline modules round it."""
    told = [uses.used(one) for one in parse(b"use ::a::b; mod c { mod d { use super::e::*; } }").imports]
    assert told == [((), ("", "a", "b")), (("c", "d"), ("super", "e", "*"))]
    assert uses.declared(Import("a", Span(0, 1), uses.USE)) is None


def test_an_import_is_told_where_it_first_stands() -> None:
    """The span is that of the `mod` item, or of the path."""
    source = b"use  crate::{a, b};\nmod c;"
    told = {one.target: source[one.span.start : one.span.end] for one in parse(source).imports}
    assert told == {"crate::a": b"a", "crate::b": b"b", "c": b"mod c;"}


def test_imports_stay_in_the_skeleton() -> None:
    """What a path says is part of the obligation: another path is another skeleton."""
    one, other = parse(b"use crate::a;"), parse(b"use crate::b;")
    assert one.skeleton == (b"use", b"crate", b"::", b"a", b";")
    assert one.skeleton != other.skeleton
    assert one.interface != other.interface


def test_names_that_a_use_brings_are_declared() -> None:
    """Last words and aliases; not globs."""
    assert parse(b"use crate::{a, b as c}; use d::*;").declared == {"a", "c"}


@pytest.mark.parametrize("word", ["include", "include_str", "include_bytes"])
def test_text_from_other_files_is_refused(word: str) -> None:
    """s2c does not read what `include!` names, so it says so."""
    (told,) = parse(f'fn f() {{\n  {word}!("x.rs") }}'.encode()).problems
    assert (told.line, told.column) == (2, 3)
    assert "not supported" in told.message
