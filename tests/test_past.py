"""Pictures of files and notes of obligations: what is told of a change, and that a note is small and proves nothing."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2c import keys, pictures
from s2c.digest import Json
from s2c.languages.base import language
from s2c.model import Spec
from s2c.past import Past, because, told
from s2c.pictures import Change, Picture
from s2c.project import Project
from s2c.solution import Solution
from tests.picture import HELPERS, HOLE, Bench, nothing, spec_of
from tests.projects import Tree

BASE = f"""include "other.dfy"
module M {{
  // a word
  method Max(a: int, b: int) returns (m: int)
    requires a > 0
    ensures m >= a
    ensures m >= b
{HOLE}
  function Twice(n: int): int {{
    2 * n
  }}
  lemma Given(n: int)
    ensures n == n
  {{
    assert n == n;
  }}
}}
datatype Colour = Red | Green
"""
LEAN = "theorem le_self (n : Nat) : n ≤ n := by\n  sorry\n\ndef twice (n : Nat) : Nat := 2 * n\n"
VERUS = """use vstd::prelude::*;
verus! {
pub fn up(x: u8) -> (r: u16)
    requires x < 9,
    ensures r == x + 1,
{
    assume(false);
    unreached()
}
spec fn twice(n: int) -> int { 2 * n }
}
"""


def pictured(spec: Spec) -> Picture:
    """The picture of a source, through what is kept of it."""
    made = pictures.picture(spec)
    assert made is not None
    back = pictures.from_json(pictures.to_json(made))
    assert back == made
    return made


def changes(was: Spec, now: Spec, *, inside: bool = True) -> list[str]:
    """What is told of two forms of one file."""
    found = pictures.changes(now.path, pictured(was), pictured(now), inside=inside)
    return [one.what for one in found]


def spoken(path: str, name: str, text: str) -> Spec:
    """A source of any language."""
    return Spec(path, name, text.encode(), language(name).parse(text.encode()))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("m >= a", "m > a", ["`ensures` of M.Max in a.dfy changed"]),
        ("    ensures m >= b\n", "", ["`ensures` of M.Max in a.dfy is gone"]),
        ("    requires a > 0\n", "    requires b > 0\n    requires a > 0\n", ["`requires` of M.Max in a.dfy is new"]),
        ("2 * n\n", "n + n\n", ["what is given in the body of M.Twice in a.dfy changed"]),
        ("assert n == n;", "assert true;", ["what is given in the body of M.Given in a.dfy changed"]),
        ("| Green", "| Blue", ["the head of Colour in a.dfy changed"]),
        ("datatype Colour = Red | Green\n", "", ["Colour in a.dfy is gone"]),
        ("Max(a: int, b: int)", "Max(a: int, b: nat)", ["the head of M.Max in a.dfy changed"]),
        (
            "    ensures m >= a\n    ensures m >= b\n",
            "    ensures m >= b\n    ensures m >= a\n",
            ["the clauses of M.Max in a.dfy stand in another order"],
        ),
        ("// a word", "/* another */", []),
        ("a: int, b: int", "a : int,  b: int /* b */", []),
        ("other.dfy", "more.dfy", []),
    ],
)
def test_each_change_is_told_as_what_it_is(old: str, new: str, said: list[str]) -> None:
    """A clause, a head, a body, a declaration; not comments, blanks, or the path of an import, which is no content."""
    assert old in BASE
    assert changes(spec_of(BASE), spec_of(BASE.replace(old, new, 1))) == said


def test_both_texts_are_told() -> None:
    """What was and what is, as they are written; of what came or went the one that there is."""
    now = spec_of(BASE.replace("m >= a", "m\n      >  a").replace("    ensures m >= b\n", "").replace("Green", "Blue"))
    found = pictures.changes("a.dfy", pictured(spec_of(BASE)), pictured(now), inside=True)
    assert [str(one) for one in found] == [
        "`ensures` of M.Max in a.dfy changed (was `ensures m >= a`, is `ensures m > a`)",
        "`ensures` of M.Max in a.dfy is gone (was `ensures m >= b`)",
        "the head of Colour in a.dfy changed (was `datatype Colour = Red | Green`, is `datatype Colour = Red | Blue`)",
    ]


def test_what_others_cannot_see_is_no_reason_of_theirs() -> None:
    """Beside a changed clause, a proof that changed too is told to the file itself, not to who imports it."""
    now = spec_of(BASE.replace("m >= a", "m > a").replace("assert n == n;", "assert true;"))
    assert len(changes(spec_of(BASE), now)) == 2
    assert changes(spec_of(BASE), now, inside=False) == changes(spec_of(BASE), now)[:1]


def test_declarations_of_one_name_are_told_apart() -> None:
    """Where a name stands twice, each is held against the one at its place."""
    text = "class A { method M() ensures 1 < 2 { } }\n"
    twice = text.replace("A", "B") + text
    assert len(changes(spec_of(text), spec_of(twice))) == 2
    lean = "example : 1 = 1 := rfl\nexample : 2 = 2 := rfl\n"
    was, now = spoken("a.lean", "lean", lean), spoken("a.lean", "lean", lean.replace("2 = 2", "3 = 3"))
    assert len(changes(was, now)) == 1


@pytest.mark.parametrize(
    ("path", "text", "old", "new", "said"),
    [
        ("a.lean", LEAN, "n ≤ n", "n ≤ n + 1", "the head of le_self in a.lean changed"),
        ("a.lean", LEAN, "2 * n", "n + n", "what is given in the body of twice in a.lean changed"),
        ("a.rs", VERUS, "r == x + 1", "r == x + 2", "`ensures` of up in a.rs changed"),
        ("a.rs", VERUS, "x < 9", "x < 8", "`requires` of up in a.rs changed"),
        ("a.rs", VERUS, "x: u8", "x: u16", "the head of up in a.rs changed"),
        ("a.rs", VERUS, "2 * n", "n + n", "what is given in the body of twice in a.rs changed"),
    ],
)
def test_the_other_languages_are_told_too(path: str, text: str, old: str, new: str, said: str) -> None:
    """Lean has heads and bodies, Verus clauses too; one change is one line."""
    name = "lean" if path.endswith("lean") else "verus"
    (only,) = changes(spoken(path, name, text), spoken(path, name, text.replace(old, new)))
    assert only.startswith(said)


def test_long_texts_are_cut_and_told_apart() -> None:
    """What is kept of a clause is bounded; two that differ only behind the cut differ."""
    long = f"m >= a && {' && '.join(['m >= a'] * 2000)}"
    was, now = (spec_of(BASE.replace("m >= a", f"{long} && {end}")) for end in ("true", "m == m"))
    (only,) = pictures.changes("a.dfy", pictured(was), pictured(now), inside=True)
    assert only.what == "`ensures` of M.Max in a.dfy changed"
    assert len(only.was) < 400
    assert pictures.picture(spec_of("method M()\n" * (pictures.MOST + 1))) is None


@given(st.recursive(st.none() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_reading_a_picture_never_fails(value: Json) -> None:
    """Whatever a row holds, it is read as a picture that could have been written, or as none."""
    for row in (value, {"declared": value, "other": ""}, {"declared": [value], "other": ""}):
        found = pictures.from_json(row)
        assert found is None or pictures.from_json(pictures.to_json(found)) == found


@pytest.mark.parametrize(
    "row",
    [None, "text", [None] * 6, ["M", "method", "m", 1, [], ""], ["M", "", "", "", [["ensures", "x"]], ""], ["M"] * 6],
)
def test_what_is_no_picture_is_none(row: Json) -> None:
    """A declaration with a part missing, or of another kind, makes a row as good as lost."""
    assert pictures.from_json({"declared": [["M", "method", "m", "1", [["ensures", "x", "2"]], ""]], "other": ""})
    assert pictures.from_json({"declared": [row], "other": ""}) is None


# --- notes ------------------------------------------------------------------------------------------------------------


def kept(project: Project, fills: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, str]:
    """The notes of everything written, as after a run that met every obligation with these fills; path -> its key."""
    found: dict[str, str] = {}
    solutions = []
    standing = dict(fills or {})
    for component in project.graph.components.values():
        key = keys.obligation(project.graph, component, standing.get if standing else nothing)
        assert key is not None
        solutions.append(Solution(component, key, standing.get(component.id, {})))
        found.update(dict.fromkeys(component.members, key))
    Past(project, standing.get).keep(solutions)
    return found


def test_what_was_filled_where_others_see_it_is_told(tree: Tree) -> None:
    """A function's body that a model wrote is part of its importers' obligations: another one is told."""
    tree.write("value.dfy", f"function Value(n: nat): nat\n{HOLE}")
    tree.write("reads.dfy", f'include "value.dfy"\nlemma Reads(n: nat)\n  ensures Value(n) >= 0\n{HOLE}')
    with Bench(tree).project() as project:
        was = kept(project, {"value.dfy": {"0.h1": "0\n"}})
        now = Past(project, {"value.dfy": {"0.h1": "1\n"}}.get)
        said = now.changes("reads.dfy", was["reads.dfy"])
        assert said == (Change("what was filled into value.dfy, and can be seen from here, changed"),)
        assert now.changes("value.dfy", was["value.dfy"]) == ()


def test_names_of_files_are_no_change(tree: Tree) -> None:
    """An import that was only renamed is not told: names are in no key. What changed beside it is."""
    tree.write("old.dfy", f"lemma Old(n: nat)\n  ensures n >= 0\n{HOLE}")
    tree.write("top.dfy", f'include "old.dfy"\nlemma Top(n: nat)\n  ensures n >= 0\n{HOLE}')
    bench = Bench(tree)
    with bench.project() as project:
        was = kept(project)
    (tree.root / "old.dfy").rename(tree.root / "new.dfy")
    tree.write("top.dfy", f'include "new.dfy"\nlemma Top(n: nat)\n  ensures n >= 1\n{HOLE}')
    with bench.project() as project:
        found = Past(project, nothing).changes("top.dfy", was["top.dfy"])
    assert [one.what for one in found or ()] == ["`ensures` of Top in top.dfy changed"]


def test_the_order_of_imports_is_told(tree: Tree) -> None:
    """The same files, named in another order, are another obligation."""
    for name in "ab":
        tree.write(f"{name}.dfy", f"lemma L{name}(n: nat)\n  ensures n >= 0\n{HOLE}")
    text = 'include "{}.dfy"\ninclude "{}.dfy"\nlemma Top(n: nat)\n  ensures n >= 0\n'
    tree.write("top.dfy", text.format("a", "b") + HOLE)
    bench = Bench(tree)
    with bench.project() as project:
        was = kept(project)
    tree.write("top.dfy", text.format("b", "a") + HOLE)
    with bench.project() as project:
        assert keys.obligation(project.graph, project.component("top.dfy"), nothing) != was["top.dfy"]
        found = Past(project, nothing).changes("top.dfy", was["top.dfy"])
    assert [str(one) for one in found or ()] == [
        "top.dfy names its imports otherwise (was `a.dfy, b.dfy`, is `b.dfy, a.dfy`)"
    ]


def size(tree: Tree, count: int) -> int:
    """The bytes of all notes of a chain of so many files."""
    for number in range(count):
        above = f'include "f{number - 1:03}.dfy"\n' if number else ""
        tree.write(f"f{number:03}.dfy", f"{above}{HELPERS}lemma L{number}(n: nat)\n  ensures n >= {number}\n{HOLE}")
    with Bench(tree).project() as project:
        kept(project)
    sums = (
        "select sum(length(key) + length(value)) from Cache where key like 'analysis past%' or key like 'analysis pic%'"
    )
    with closing(sqlite3.connect(tree.root / "cache/db/verdicts/cache.db")) as connection:
        return int(connection.execute(sums).fetchone()[0])


def test_notes_grow_with_files_not_with_what_they_import(tree: Tree) -> None:
    """In a chain, where the last file imports all others, twice the files are twice the notes."""
    small, large = size(tree, 40), size(Tree(tree.root.parent / "large"), 80)
    assert small / 40 < 1500
    assert large < 2.2 * small


def test_a_reason_is_exact_where_a_note_is_left(tree: Tree) -> None:
    """Only the reason that speaks of the obligation gets longer; without a note it says that there is none."""
    tree.write("a.dfy", f"lemma A(n: nat)\n  ensures n >= 0\n{HOLE}")
    bench = Bench(tree)
    with bench.project() as project:
        was = kept(project)["a.dfy"]
    tree.write("a.dfy", f"lemma A(n: nat)\n  ensures n >= 0\n  ensures n >= -1\n{HOLE}")
    reasons = (keys.REASONS["obligation"], keys.REASONS["tool"])
    with bench.project() as project:
        found = because(Past(project, nothing), "a.dfy", was, reasons)
        assert found == (f"{reasons[0]}: `ensures` of A in a.dfy is new (is `ensures n >= -1`)", reasons[1])
        assert because(Past(project, nothing), "a.dfy", "other", reasons)[0].endswith("so it can't be said what")


def test_many_changes_are_cut_short() -> None:
    """One line has a few of them, and how many more there are."""
    assert told(tuple(Change(str(number)) for number in range(5))) == "0, 1, 2, and 2 more"
    assert told(()) == "the notes of how it was show no difference"
