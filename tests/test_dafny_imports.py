"""Which files a Dafny source includes: every trap that a reader by lines or by words falls into."""

import pytest

from s2c.languages.dafny.outline import parse

M = "method M() { }\n"

# What a source holds -> what it includes, in order, doubles and all.
CLEAN: dict[str, tuple[str, list[str]]] = {
    "one": ('include "a.dfy"', ["a.dfy"]),
    "two": ('include "a.dfy"\ninclude "b.dfy"\n' + M, ["a.dfy", "b.dfy"]),
    "two on a line": ('include "a.dfy" include "b.dfy"', ["a.dfy", "b.dfy"]),
    "without blanks": ('include"a.dfy"include"b.dfy"', ["a.dfy", "b.dfy"]),
    "over lines": ('include\n\n  "a.dfy"', ["a.dfy"]),
    "a tab": ('\tinclude\t"a.dfy"', ["a.dfy"]),
    "with a semicolon": ('include "a.dfy";\n' + M, ["a.dfy"]),
    "doubled": ('include "a.dfy"\ninclude "a.dfy"', ["a.dfy", "a.dfy"]),
    "doubled in other words": ('include "a.dfy"\ninclude "./a.dfy"', ["a.dfy", "./a.dfy"]),
    "after a declaration": (M + 'include "a.dfy"\n' + M, ["a.dfy"]),
    "at the end without a line end": (M + 'include "a.dfy"', ["a.dfy"]),
    "upward": ('include "../a.dfy"\ninclude "../../b/./c.dfy"', ["../a.dfy", "../../b/./c.dfy"]),
    "a blank in the name": ('include "a b.dfy"', ["a b.dfy"]),
    "no ending": ('include "a"', ["a"]),
    "empty": ('include ""', [""]),
    "non-ascii": ('include "é/→.dfy"', ["é/→.dfy"]),
    "beyond the basic plane": ('include "😀.dfy"', ["😀.dfy"]),
    "letter case": ('include "A.dfy"\ninclude "a.DFY"', ["A.dfy", "a.DFY"]),
    "backslash": ('include "a\\\\b.dfy"', ["a\\b.dfy"]),
    "escaped quote": ('include "a\\"b.dfy"', ['a"b.dfy']),
    "verbatim": ('include @"a.dfy"', ["a.dfy"]),
    "verbatim backslash": ('include @"a\\b.dfy"', ["a\\b.dfy"]),
    "verbatim ends in a backslash": ('include @"a\\"\ninclude "b.dfy"', ["a\\", "b.dfy"]),
    "verbatim quote": ('include @"a""b.dfy"', ['a"b.dfy']),
    "verbatim quote at the end": ('include @"a"""', ['a"']),
    "comment marks in the path": ('include "a//b.dfy"\ninclude "/*c.dfy"', ["a//b.dfy", "/*c.dfy"]),
    "tag in the path": ('include "// <vc-code>"', ["// <vc-code>"]),
    "bom": ('\ufeffinclude "a.dfy"', ["a.dfy"]),
    "bom amid": (M + '\ufeffinclude "a.dfy"', ["a.dfy"]),
    "crlf": ('include "a.dfy"\r\ninclude\r\n"b.dfy"\r\n', ["a.dfy", "b.dfy"]),
    "form feed": ('\finclude\v"a.dfy"', ["a.dfy"]),
    "comment before the path": ('include /* "b.dfy" */ "a.dfy"', ["a.dfy"]),
    "line comment before the path": ('include // "b.dfy"\n"a.dfy"', ["a.dfy"]),
    "comment right after": ('include "a.dfy"// x\ninclude "b.dfy"/* y */', ["a.dfy", "b.dfy"]),
    "in a line comment": ('// include "a.dfy"', []),
    "in a line comment after code": (f'{M.strip()} // include "a.dfy"', []),
    "in a line comment that ends in a backslash": ('// \\\ninclude "a.dfy"', ["a.dfy"]),
    "in a doc comment": ('/// include "a.dfy"\n' + M, []),
    "in a block comment": ('/* include "a.dfy" */', []),
    "in a nested comment": ('/* a /* b */ include "a.dfy" */ include "b.dfy"', ["b.dfy"]),
    "after a comment with stars": ('/***/include "a.dfy"/**/', ["a.dfy"]),
    "a slash in a comment is no end": ('/*/ include "a.dfy" */ include "b.dfy"', ["b.dfy"]),
    "a line comment in a block comment": ('/* // */ include "a.dfy"', ["a.dfy"]),
    "a block comment in a line comment": ('// /*\ninclude "a.dfy"\n// */', ["a.dfy"]),
    "a quote in a comment": ('/* " */ include "a.dfy" /* " */', ["a.dfy"]),
    "a comment end in a string in a comment": ('/* "*/ include "a.dfy"', ["a.dfy"]),
    "in a string": ('const s := "include \\"a.dfy\\""', []),
    "in a verbatim string": ('const s := @"include ""a.dfy"""', []),
    "in a verbatim string over lines": ('const s := @"\ninclude ""a.dfy""\n"', []),
    "after a string with a comment": ('const s := "/*"\ninclude "a.dfy"\nconst t := "*/"', ["a.dfy"]),
    "after a string with slashes": ('const s := "//" include "a.dfy"', ["a.dfy"]),
    "after a verbatim string with a backslash": ('const s := @"\\" include "a.dfy"', ["a.dfy"]),
    "after a char of a quote": ("const c := '\"'\ninclude \"a.dfy\"\nconst d := '\"'", ["a.dfy"]),
    "after an escaped quote": ("const c := '\\'' include \"a.dfy\"", ["a.dfy"]),
    "after a char of four bytes": ("const c := '\\U{1F600}' include \"a.dfy\"", ["a.dfy"]),
    "after a name with a prime": ("const x' := 1\ninclude \"a.dfy\"\nconst y' := x'", ["a.dfy"]),
    "after a name with two": ("const x'' := 1 include \"a.dfy\"", ["a.dfy"]),
    "a name that begins so": ("const includes := 1\nconst include_ := 2\nconst include' := 3\nconst include? := 4", []),
    "a name that ends so": ('const xinclude := "a.dfy"', []),
    "imports": ('module A { import B import opened C import D = E.F }\ninclude "a.dfy"', ["a.dfy"]),
    "refines": ('include "a.dfy"\nmodule A refines B { }', ["a.dfy"]),
    "exports": ("module A { export E provides x reveals y export F extends E const x := 1 }", []),
    "after words that are names elsewhere": (
        'module A { export provides * }\ninclude "a.dfy"\nmodule B { export reveals * }\ninclude "b.dfy"',
        ["a.dfy", "b.dfy"],
    ),
    "after an abstract import": ('module A { import B : C }\ninclude "a.dfy"', ["a.dfy"]),
    "after an import of an export": ('module A { import B = C`{D, E} }\ninclude "a.dfy"', ["a.dfy"]),
    "after a bodiless declaration": ('lemma L() ensures true\ninclude "a.dfy"', ["a.dfy"]),
    "after a datatype": ('datatype D = A | B\ninclude "a.dfy"', ["a.dfy"]),
    "after a type with a set": ('type T = s: set<int> | s == {1}\ninclude "a.dfy"', ["a.dfy"]),
    "after a constant": ('const c := 1\ninclude "a.dfy"', ["a.dfy"]),
    "in old text of a section": (
        'include "a.dfy"\nmethod A()\n// <vc-code>\n{ }\ninclude "b.dfy"\n// </vc-code>\ninclude "c.dfy"',
        ["a.dfy", "c.dfy"],
    ),
    "in old helpers": ('// <vc-helpers>\ninclude "a.dfy"\n// </vc-helpers>\n' + M, []),
    "in a tagged preamble": ('// <vc-preamble>\ninclude "a.dfy"\n// </vc-preamble>\n' + M, ["a.dfy"]),
    "nothing": ("", []),
}

# Where Dafny reads no include either, and s2c says so.
TORN: dict[str, tuple[str, list[str]]] = {
    "no path": ("include", []),
    "a path without quotes": ("include a.dfy", []),
    "in a module": ('module A { include "a.dfy" }\ninclude "b.dfy"', ["b.dfy"]),
    "a path over lines": ('include "a\n.dfy"', []),
    "an open path": ('include "a.dfy', []),
    "an open comment": ('/* include "a.dfy"', []),
    "a comment that is open because it nests": ('/* /* */ include "a.dfy"', []),
    "in capitals": ('INCLUDE "a.dfy"', []),
}


@pytest.mark.parametrize(("source", "targets"), CLEAN.values(), ids=CLEAN.keys())
def test_exactly_these_files_are_included(source: str, targets: list[str]) -> None:
    """The list of targets is exact, each at its own place; the path is no part of what the text means."""
    outline = parse(source.encode())
    assert outline.problems == ()
    assert [one.target for one in outline.imports] == targets
    assert outline.skeleton.count(b"\0path") == len(targets)
    for one in outline.imports:
        written = source.encode()[one.span.start : one.span.end].decode()
        assert written.startswith(('"', '@"'))
        assert written.endswith('"')


@pytest.mark.parametrize(("source", "targets"), TORN.values(), ids=TORN.keys())
def test_what_is_no_include_is_told(source: str, targets: list[str]) -> None:
    """A torn include is a problem, and names no file by guess."""
    outline = parse(source.encode())
    assert outline.problems
    assert [one.target for one in outline.imports] in (targets, [])


def test_an_include_of_another_path_is_the_same_obligation() -> None:
    """A file that is moved with what it includes keeps its keys; one include more or less does not."""
    one, other = parse(b'include "a.dfy"\nmethod M() { }'), parse(b'include @"../b.dfy"\nmethod M() { }')
    assert (one.skeleton, one.interface) == (other.skeleton, other.interface)
    assert parse(b'include "a.dfy" include "a.dfy"\nmethod M() { }').skeleton != one.skeleton
