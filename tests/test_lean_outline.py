"""The outline of a Lean source: declarations, scopes, holes and where they stand, tags, assumptions, skeleton."""

import pytest

from s2c.languages.lean.outline import parse
from s2c.model import HoleKind

SPEC = """-- <vc-preamble>
import Std
open Nat
def limit : Nat := sorry
-- </vc-preamble>

-- <vc-helpers>
-- </vc-helpers>

-- <vc-definitions>
def solve (n : Nat) : Nat := sorry
-- </vc-definitions>

-- <vc-theorems>
theorem solve_spec (n : Nat) (h : Fin (sorry)) : solve n > 0 := by
  sorry
-- </vc-theorems>
"""


def named(text: str) -> list[tuple[str, str]]:
    """Kind and qualified name of each declaration."""
    return [(one.kind, one.name) for one in parse(text.encode()).declarations]


def forms(text: str) -> list[str]:
    """The forms of the holes."""
    outline = parse(text.encode())
    assert outline.problems == ()
    return [hole.form for hole in outline.holes]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("namespace A\ndef x := 1\nend A\ndef y := 1", [("def", "A.x"), ("def", "y")]),
        ("namespace A.B\nnamespace C\ndef x := 1\nend C\nend A.B\ndef y := 1", [("def", "A.B.C.x"), ("def", "y")]),
        ("namespace A\nnamespace B\nend A.B\ndef y := 1", [("def", "y")]),
        (
            "namespace A\nsection S\nsection\ndef x := 1\nend\nend S\ndef y := 1\nend A",
            [("def", "A.x"), ("def", "A.y")],
        ),
        (
            "namespace A\nmutual\ndef x := 1\ndef y := 1\nend\ndef z := 1",
            [("def", "A.x"), ("def", "A.y"), ("def", "A.z")],
        ),
        ("namespace A\ndef _root_.B.x := 1\ntheorem C.y : P := h", [("def", "B.x"), ("theorem", "A.C.y")]),
        ("class inductive C | a\nclass abbrev D := E", [("class inductive", "C"), ("class abbrev", "D")]),
        ("instance : A := b\ninstance foo : A := b", [("instance", "_instance1"), ("instance", "foo")]),
        ("instance (priority := low) foo : A := b", [("instance", "foo")]),
        ("namespace N\nexample : A := b", [("example", "N._example1")]),
        ("deriving instance Repr for A\ndef x := 1", [("def", "x")]),
        ("open A in\ntheorem t : P := h", [("theorem", "t")]),
        ("open A in theorem t : P := h", [("theorem", "t")]),
        ("set_option a true in open B in def x := 1", [("def", "x")]),
        ("structure S where\n  private x : Nat\n  y : Nat\ndef z := 1", [("structure", "S"), ("def", "z")]),
        ("@[simp] private theorem t : P := h", [("theorem", "t")]),
        ("  theorem t : P := h", [("theorem", "t")]),
        ("def «a.b».c := 1", [("def", "«a.b».c")]),
        ("theorem t.{u} : P := h", [("theorem", "t")]),
        ("def x := 1 -- theorem t : P := h\n/- def y := 1 -/", [("def", "x")]),
    ],
)
def test_declarations_have_their_qualified_names(text: str, wanted: list[tuple[str, str]]) -> None:
    """Namespaces, sections, `mutual` and `_root_` count; kinds may be two words; the nameless are numbered."""
    assert named(text) == wanted


def test_a_declaration_knows_its_parts() -> None:
    """Span from the first attribute to the last token, body from its `:=`, contract to the end of the statement."""
    text = "/-- doc -/\n@[simp, local grind =]\nprotected theorem t (x : A) :\n  |x| ≤ 1 := by\n  simp -- end\n\n-- x\n"
    source = text.encode()
    (one,) = parse(source).declarations
    assert source[one.span.start : one.span.end].startswith(b"@[simp")
    assert source[one.span.start : one.span.end].endswith(b"simp")
    assert one.body is not None
    assert source[one.body.start : one.body.end] == b":= by\n  simp"
    assert source[: one.contract_end].endswith("≤ 1".encode())
    assert one.attributes == ("protected", "simp", "grind")


@pytest.mark.parametrize(
    ("statement", "body"),
    [
        ("def f : Nat → Nat", "\n  | 0 => 1\n  | n + 1 => n"),
        ("theorem t : let x := 1; x = 1", ":= rfl"),
        ("theorem t : have h : P := p; Q", ":= q"),
        ("theorem t : |x| ≤ |y|", ":= q"),
        ("theorem t (h : f (x := 1) = 2) : P", ":= q"),
        ("theorem t : (match x with | a => P) → Q", ":= q"),
        ("theorem t : match x with | a => P", ":= q"),
        ("theorem t : |x| ≤ 1", ":= fun h => q h"),
        ("theorem t : |x| = f fun i => i", ":= q"),
        ("theorem t : |x| = (fun i => i) y", ":= q"),
        ("theorem t : f fun | 0 => 1 | n + 1 => 2", ":= q"),
        ("theorem t : f λ | 0 => 1 | n + 1 => 2", ":= q"),
        ("theorem t : a \u2223 b", ":= fun h => q"),
        ("def f : Nat → Nat", "| 0 => 1 | n + 1 => n"),
        ("def f : A → Nat", "\n  | .a (n := k) => k\n  | _ => 0"),
        ("theorem t : {x | x > 0} = s", ":= fun x => q"),
        ("instance : A", "where\n  x := 1"),
        ("inductive T : Type", "\n| a\n| b"),
        ("structure S extends A", "where\n  x : Nat"),
    ],
)
def test_a_body_begins_where_it_begins(statement: str, body: str) -> None:
    """Neither a `let` nor a bar of the statement begins the body."""
    source = f"{statement} {body}\n".encode()
    (one,) = parse(source).declarations
    assert one.body is not None
    assert source[one.body.start : one.body.end].decode() == body.strip()


def test_tagged_files_have_holes_where_the_tags_say() -> None:
    """Holes are in definitions and theorems, and the helpers; the preamble and the statements are given, and told."""
    outline = parse(SPEC.encode())
    assert outline.problems == ()
    assert [(one.id, one.kind, one.owner, one.visible) for one in outline.holes] == [
        ("h1", HoleKind.HELPERS, "", True),
        ("h2", HoleKind.BODY, "solve", True),
        ("h3", HoleKind.PROOF, "solve_spec", False),
    ]
    assert [(one.what, one.line, one.name) for one in outline.assumptions] == [
        ("`sorry` in limit", 4, "limit"),
        ("`sorry` in the statement of solve_spec", 15, "solve_spec"),
    ]


def test_without_tags_every_body_may_have_holes() -> None:
    """`sorry` and `admit` in a body are holes; in a type or a command they are not."""
    outline = parse(
        b'def x : Fin sorry := sorry\ntheorem t : P := by admit\nexample : P := sorry\nmacro "m" : term => `(sorry)\n'
    )
    assert [(one.owner, one.kind) for one in outline.holes] == [("x", "body"), ("t", "proof"), ("_example1", "proof")]
    assert [one.what for one in outline.assumptions] == ["`sorry` in the statement of x", "`sorry` in a command"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def f := sorry", "term inline 2 spaced"),
        ("theorem t : P := by sorry", "tactic inline 2 spaced"),
        ("theorem t : P := by\n  sorry", "tactic line 2"),
        ("theorem t : P :=\n  sorry", "term line 2"),
        ("theorem t : P :=\nsorry", "term line 2"),
        ("theorem t : P := by\n  have h : Q := by sorry\n  exact h", "tactic inline 4 spaced"),
        ("theorem t : P := by\n  have h : Q := sorry\n  exact h", "term inline 4 spaced"),
        ("theorem t : P := by\n  constructor\n  · sorry\n  · exact h", "tactic inline 4 spaced"),
        ("theorem t : P := by\n  constructor\n  · intro x; have : Q := by sorry\n    q", "tactic inline 15 spaced"),
        ("theorem t : P := by\n  cases h with\n  | inl a => sorry\n  | inr b => exact b", "tactic inline 4 spaced"),
        ("theorem t : P := by\n  exact match h with\n  | inl a => sorry", "term inline 4 spaced"),
        ("theorem t : P := by\n  induction n with\n  | zero => simp\n  | succ n ih =>\n    sorry", "tactic line 4"),
        ("theorem t : P := by\n  exact fun x => sorry", "term inline 4 spaced"),
        ("theorem t : P := by\n  apply f\n  case a => sorry", "tactic inline 4 spaced"),
        ("theorem t : P := by simp <;> sorry", "tactic inline 22 spaced"),
        ("theorem t : P := by\n  intro x; sorry", "tactic inline 4 spaced"),
        ("theorem t : P := by\n  all_goals sorry", "tactic inline 4 spaced"),
        ("theorem t : P := by\n  (sorry)", "tactic inline 4 tail"),
        ("def f := ⟨0, sorry⟩", "term inline 12 spaced tail"),
        ("def f := ⟨0, by sorry⟩", "tactic inline 12 spaced tail"),
        ("def f := g sorry", "term inline 2 spaced paren"),
        ("def f := sorry + 1", "term inline 2 spaced paren tail"),
        ("def f := sorry\n  + 1", "term inline 2 spaced paren"),
        ("def f := g\n  sorry", "term line 2 paren"),
        ("def f : Nat → Nat\n  | 0 => sorry\n  | _ => 1", "term inline 4 spaced"),
        ("def f := do\n  let x ← g\n  sorry", "term line 2"),
        ("instance : A where\n  x := sorry\n  y := 1", "term inline 4 spaced"),
        ("def f := g x\ndecreasing_by sorry", "tactic inline 2 spaced"),
        ("def f := 1 where\n  go : P := by sorry", "tactic inline 4 spaced"),
        ("theorem t : P := by\n  /- now -/ sorry", "tactic inline 12"),
    ],
)  # fmt: skip
def test_a_hole_knows_where_it_stands(text: str, wanted: str) -> None:
    """Term or tactic, alone on its line or beside text, and in which column more lines may begin."""
    assert forms(text) == [wanted]


def test_moving_a_hole_is_no_change_of_the_obligation() -> None:
    """A `sorry` on a line of its own is the same obligation; one for tactics is another."""
    texts = ["theorem t : P := sorry", "theorem t : P :=\n    sorry", "theorem t : P := /- x -/ admit"]
    assert len({parse(text.encode()).skeleton for text in texts}) == 1
    assert parse(b"theorem t : P := by sorry").skeleton != parse(texts[0].encode()).skeleton


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- <vc-theorems>\n", "never closed"),
        ("-- </vc-theorems>\n", "closes nothing"),
        ("-- <vc-helpers>\n-- <vc-helpers>\n-- </vc-helpers>\n-- </vc-helpers>\n", "may not stand inside"),
        ("-- <vc-theorems>\n-- <vc-theorems>\n-- </vc-theorems>\n", "may not stand inside"),
        ("-- <vc-definitions>\n-- <vc-theorems>\n-- </vc-definitions>\n-- </vc-theorems>\n", "may not stand inside"),
        ("-- <vc-helpers>\n-- <vc-theorems>\n-- </vc-helpers>\n", "may not stand inside"),
        ("def x :=\n-- <vc-helpers>\n-- </vc-helpers>\n  1\n", "between declarations"),
        ("open A in\n-- <vc-helpers>\n-- </vc-helpers>\ndef x := 1\n", "between declarations"),
        ("-- <vc-helpers>\n-- </vc-helpers>\nimport A\n", "between declarations"),
        ("def x := 1 -- <vc-helpers>\n-- </vc-helpers>\n", "a line of its own"),
    ],
)
def test_wrong_tags_are_problems(text: str, message: str) -> None:
    """Tags that are missing, doubled or crossed, and helpers in the wrong place, are told."""
    problems = parse(text.encode()).problems
    assert problems
    assert message in problems[0].message


def test_tags_in_strings_and_comments_are_none() -> None:
    """Only a comment of its own is a tag."""
    text = '/-\n-- <vc-helpers>\n-/\ndef s := "\n-- <vc-helpers>\n"\n-- see <vc-helpers>\ndef x := sorry\n'
    assert [one.owner for one in parse(text.encode()).holes] == ["x"]
    assert parse(text.encode()).problems == ()


def test_nothing_of_the_helpers_reaches_the_outline() -> None:
    """What stands in the helpers section, torn text too, changes nothing."""
    plain = parse(SPEC.encode())
    for content in ("def solve := 1\n", '/- open "\n', "import A\n", "\t)\n"):
        other = parse(SPEC.replace("-- </vc-helpers>", content + "-- </vc-helpers>").encode())
        assert (other.skeleton, other.names, other.problems) == (plain.skeleton, plain.names, ()), content


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("def x := 1", "\n\ndef x := 1 -- c\n", True),
        ("def x :=\n  1", "def x := -- c\n  /- d\n -/\n  1  ", True),
        ("def x :=\n  1", "def x :=\r\n  1\r\n", True),
        ('def x := "a\nb"', 'def x := "a\r\nb"', True),
        ("def x := 1", "\ufeffdef x := 1", True),
        ("/-- a -/\ndef x := 1", "/-- b -/\ndef x := 1", True),
        ("def x :=\n  1", "def x :=\n   1", False),
        ("def x := 1", "def x :=\n1", False),
        ("def x := 1", "def x :=\n         1", False),
        ("def x := f [i]", "def x := f[i]", False),
        ("def x := f  y", "def x := f y", False),
        ("def x := 1", "def x := /- c -/ 1", False),
        ("def x := 1", "def y := 1", False),
        ("def x := é y", "def x := e y", False),
        ('def x := "a "', 'def x := "a"', False),
        ("/-- a -/\n#guard_msgs in\n#eval 1", "/-- b -/\n#guard_msgs in\n#eval 1", False),
        ("/-- a -/\n#eval 1", "/-- b -/\n#eval 1", True),
        ("-- <vc-theorems>\n-- </vc-theorems>", "-- <vc-definitions>\n-- </vc-definitions>", False),
    ],
)
def test_the_skeleton_is_what_lean_reads(one: str, other: str, *, same: bool) -> None:
    """Comments, blank lines and line ends don't count; columns, line breaks and every token do."""
    assert (parse(one.encode()).skeleton == parse(other.encode()).skeleton) is same


def test_names_are_those_of_the_given_text() -> None:
    """Names used and declared, in parts; constructors and fields too; nothing from holes."""
    text = "inductive T | leaf : A.B T\n  | node\nstructure S where\n  (a b : Nat)\n  c : «x.y»\ndef S.f := sorry\n"
    outline = parse(text.encode())
    assert {"T", "leaf", "node", "S", "a", "b", "c", "f"} == outline.declared
    assert {"A", "B", "«x.y»", "Nat"} <= outline.names
    assert "sorry" not in outline.names


def test_what_is_taken_on_trust_is_told() -> None:
    """Axioms by name, and what switches proof off."""
    text = (
        "namespace N\naxiom a : P\nend N\n@[implemented_by g] def f := 1\ntheorem t : P := by native_decide\n"
        "set_option debug.skipKernelTC true\n"
    )
    assert [(one.what, one.line, one.name) for one in parse(text.encode()).assumptions] == [
        ("axiom N.a", 2, "N.a"),
        ("@[implemented_by] f", 4, ""),
        ("`native_decide` in t", 5, ""),
        ("`debug.skipKernelTC` in a command", 6, ""),
    ]
