"""Hostile and damaged Dafny: a megabyte of anything costs about a second and raises nothing; damage is placed."""

import time
from collections.abc import Iterable, Iterator

import pytest
from _pytest.mark.structures import ParameterSet

from s2c.languages.dafny.outline import MAX_BYTES, parse
from s2c.languages.dafny.sections import read as sections
from s2c.languages.texts import MAX_PROBLEMS
from s2c.model import Problem

MEGABYTE = 1_000_000
SECONDS = 5  # of processor, on a busy machine; most take a tenth of one, the worst 1.9 s (what each takes is printed)

# One piece, repeated to a megabyte.
PIECES = [
    "(", "{", "[", "([{", ")", "}", "{:", "|{", "<", "f<", "/*", "/*/*", "/*/", "*/", '"', '" ', '"\n', "'", '@"', "\\",
    '"\\', "@", "@a ", "@A() ", "#", "#if\n", "`", "|", "=", ";", ",", "::", "assume ", "match ", "if ", "forall ",
    "var ", "free ", "ghost ", "requires ", "function ", "x := 1;  \n", "\n", " ", "\r\n", "// comment\n", "/* c */",
    "module A{", "class C {\n", "method M() { }\n", "method M() ", "method ( { }\n", "method M() { ) }\n",
    "method M(\n// <vc-code>\n{ }\n// </vc-code>\n", "lemma L() { assume false; }\n", "lemma L() ensures true\n",
    "method {:axiom} M() ensures x { }\n", "method M() ensures = {", "function F(): int { 1 } by method { }\n",
    'include "a.dfy"\n', "include ", 'include "', "import A.B.C\n", "const c := 1\n", "type T = x: int | ",
    "datatype D = A | B(x: int)\n", "// <vc-code>\n", "// </vc-code>\n", "// <vc-helpers>\n// </vc-helpers>\n",
    "// <vc-helpers>\n", "method M()\n// <vc-code>\n{ }\n// </vc-code>\n", "// <vc-code>\n{ }\n// </vc-code>\n",
    "method M()\n// <vc-code>\n{\n", "// <vc-code>\n// <vc-helpers>\n// </vc-code>\n", "/* // <vc-code> ",
    '"// <vc-code>\n', "vc-", "()", "{}", "[] ", "a", "1", "0x", "1.", "é", "😀", "\ufeff", "x' ", "Here it is: it's. ",
]  # fmt: skip
# A megabyte in one declaration.
WHOLE = {
    "nested modules": "module A{" * 50_000 + "}" * 50_000,
    "nested brackets": "const c := " + "(" * 60_000 + "1" + ")" * 60_000,
    "constructors": "datatype D = A" + "|A" * (MEGABYTE // 2),
    "fields": "class C {" + "var x: int;\n" * (MEGABYTE // 12) + "}",
    "fields in one list": "class C { var " + "x: int, " * (MEGABYTE // 8) + "y: int }",
    "one expression": "const c := " + "1 + " * (MEGABYTE // 4) + "1",
    "clauses": "method M() " + "ensures x " * (MEGABYTE // 10),
    "exports": "module A { export " + "a, " * (MEGABYTE // 3) + "a }",
    "a dotted name": "module " + "A." * (MEGABYTE // 2) + "B { }",
    "attributes": "method " + "{:a} " * (MEGABYTE // 5) + "M()",
    "lets": "class C { const c := " + "var x := 1; " * (MEGABYTE // 12) + "x }",
}


# The others, a minute's worth, with CI=true or -m slow.
FAST = {"(", "{", '"', "/*/*", "'", "match ", "x := 1;  \n", "// </vc-code>\n", "// <vc-helpers>\n// </vc-helpers>\n"}


def _tiered(names: Iterable[str]) -> list[ParameterSet]:
    return [pytest.param(one, marks=() if one in FAST or one == "fields" else pytest.mark.slow) for one in names]


@pytest.mark.parametrize("piece", _tiered(PIECES))
def test_a_megabyte_of_one_piece_is_fast(piece: str) -> None:
    """No input is quadratic, recurses or raises; problems are few and each has a place."""
    _read(piece * (MEGABYTE // len(piece.encode())), repr(piece))


@pytest.mark.parametrize("name", _tiered(WHOLE))
def test_a_megabyte_in_one_declaration_is_fast(name: str) -> None:
    """The same for deep, wide and long declarations."""
    _read(WHOLE[name], name)


def _read(text: str, name: str) -> None:
    source = text.encode()
    began = time.process_time()
    outline = parse(source)
    seconds = time.process_time() - began
    print(f"{seconds:.2f} s for {len(source)} bytes of {name}")  # noqa: T201 - the figure is of interest
    assert seconds < SECONDS
    assert len(outline.problems) <= MAX_PROBLEMS + 1
    assert all(one.line >= 1 and one.column >= 1 and one.message for one in outline.problems)


@pytest.mark.parametrize("source", [b"\xff" * MEGABYTE, b"\0" * MEGABYTE, b"\r" * MEGABYTE, b" " * (MAX_BYTES + 1)])
def test_what_is_no_text_or_too_large_is_told(source: bytes) -> None:
    """Bytes that are no UTF-8, NULs, lone carriage returns, more than any source has: one problem, nothing read."""
    outline = parse(source)
    assert len(outline.problems) == 1
    assert outline.skeleton == ()


def test_a_long_file_of_real_code_is_read() -> None:
    """Half a megabyte of plain code, 20,000 lines of it, is no problem at all."""
    text = "".join(
        f"// number {number}\nmethod M{number}(n: nat) returns (r: nat)\n  ensures r > n\n{{\n  r := n + 1;\n}}\n"
        for number in range(4000)
    )
    outline = parse(text.encode())
    assert outline.problems == ()
    assert len(outline.declarations) == 4000


# --- damage --------------------------------------------------------------------------------------------------------

SOUND = """include "lib.dfy"

module Shop {
  datatype Item = Book(title: string) | Toy(age: nat)

  function Price(items: seq<Item>, at: nat): nat
    requires at < |items|
    ensures Price(items, at) > 0
  {
    match items[at] {
      case Book(title) => |title| + 1
      case Toy(age) => if age in {1, 2} then 1 else age + 3
    }
  }

  class Till {
    var total: nat

    method {:print} Pay(items: seq<Item>) returns (paid: bool)
      modifies this
      ensures total >= old(total)
    {
      var names := ["a", "b//c", "/*"];
      forall i | 0 <= i < |names| { assert |names[i]| >= 1; }
      total := total + |names|;
      return true;
    }
  }

  lemma Nothing(n: nat)
    ensures n * (n + 1) >= 0
  { }
}
"""


def _first(text: str) -> Problem | None:
    return next(iter(parse(text.encode()).problems), None)


def _line_before(at: int) -> int:
    """The line of the last text before an offset: a reader that comes from the left sees nothing wrong up to there."""
    return SOUND[:at].rstrip().count("\n") + 1


def _marks() -> Iterator[tuple[int, str]]:
    yield from ((at, mark) for at, mark in enumerate(SOUND) if mark in '(){}[]"')


def test_the_sound_file_is_sound() -> None:
    """What is damaged below has no problem as it is."""
    assert parse(SOUND.encode()).problems == ()


def test_a_lost_bracket_or_quote_is_told_where_it_is_missed() -> None:
    """Without any one of its brackets and quotes the file has a problem, none before the line of the damage."""
    for at, mark in _marks():
        found = _first(SOUND[:at] + SOUND[at + 1 :])
        assert found is not None, (at, mark)
        assert found.line >= _line_before(at), (at, mark, found)


def test_one_bracket_too_many_is_told() -> None:
    """A doubled bracket is a problem, none before the line where it stands."""
    for at, mark in _marks():
        if mark != '"':
            found = _first(SOUND[:at] + mark + SOUND[at:])
            assert found is not None, (at, mark)
            assert found.line >= _line_before(at), (at, mark, found)


def test_a_file_that_is_cut_off_is_told_at_its_end() -> None:
    """Cut off anywhere within the module: a problem on the last line that has text, or the comment that is open."""
    for at in range(SOUND.index("module") + 1, len(SOUND) - 2):
        found = _first(SOUND[:at])
        assert found is not None, at
        assert found.line >= _line_before(at), (SOUND[:at][-30:], found)


def test_damage_is_told_by_what_is_open() -> None:
    """The message names the bracket that is open and its line."""
    cut = _first(SOUND[: SOUND.index("return true")])
    assert cut is not None
    assert cut.message == "syntax error: the file ends here, but `{` of line 22 is still open"
    wrong = _first(SOUND.replace("old(total)", "old(total]"))
    assert wrong is not None
    assert (wrong.line, wrong.column) == (21, SOUND.split("\n")[20].index("old(total") + 10)
    assert wrong.message == "syntax error: `]` closes nothing, but `(` of line 21 is still open"


def test_an_open_section_hides_no_other_problem() -> None:
    """Tags that are wrong are told first and all of them, up to twenty."""
    tags = "// </vc-code>\n" * 50
    assert len(parse(tags.encode()).problems) == MAX_PROBLEMS
    assert [one.line for one in sections(tags.encode()).problems] == list(range(1, MAX_PROBLEMS + 1))
