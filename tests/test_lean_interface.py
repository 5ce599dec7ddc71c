"""What importers of a Lean file can see: one script of edits for a plain file, one for a `module`."""

import pytest

from s2c.languages.lean.outline import parse

PLAIN = """import A
open A
variable (n : Nat)
set_option autoImplicit false
notation "‖" a "‖" => size a
namespace N
@[simp]
theorem first (h : P n) : Q n := by
  simp
  exact h
theorem second : P n := go n
where
  go (n : Nat) : P n := trivial
def value : Nat := 1
private def hidden : Nat := 2
instance : Inhabited A := ⟨1⟩
structure S where
  x : Nat
example : value = 1 := rfl
theorem last : Q n := by sorry
end N
macro "m" : tactic => `(tactic| simp)
"""

# what to replace, by what, and whether importers are stale then
PLAIN_EDITS = [
    ("proof", "exact h", "exact first h", False),
    ("longer proof", "  simp\n", "  simp\n  rfl\n  intro x\n", False),
    ("proof on one line", ":= by\n  simp\n  exact h", ":= h", False),
    ("hole in a proof filled", "by sorry", "by simp", False),
    ("example", "value = 1 := rfl", "value = 2 := rfl", False),
    ("example gone", "example : value = 1 := rfl\n", "", False),
    ("comment", "open A", "-- about A\nopen A -- A", False),
    ("doc comment", "def value", "/-- doc -/\ndef value", False),
    ("blank lines", "namespace N\n", "\n\nnamespace N\n\n", False),
    ("statement", "(h : P n)", "(h : P (n + 1))", True),
    ("name of a theorem", "first", "premier", True),
    ("theorem into a lemma", "theorem first", "lemma first", True),
    ("theorem into an axiom", "theorem last : Q n := by sorry", "axiom last : Q n", True),
    ("new theorem", "end N", "theorem more : P n := h\nend N", True),
    ("order", "  exact h\n", "  exact h\ndef early := 1\n", True),
    ("body of a def", "value : Nat := 1", "value : Nat := 3", True),
    ("type of a def", "value : Nat", "value : Int", True),
    ("private body", "hidden : Nat := 2", "hidden : Nat := 4", True),
    ("modifier", "private def", "protected def", True),
    ("attribute", "@[simp]\n", "@[simp, grind]\n", True),
    ("attribute gone", "@[simp]\n", "", True),
    ("import", "import A", "import B", True),
    ("more imports", "import A", "import A\nimport B", True),
    ("open", "open A", "open A B", True),
    ("variable", "(n : Nat)", "(n : Int)", True),
    ("option", "autoImplicit false", "autoImplicit true", True),
    ("notation", '"‖" a "‖" => size a', '"‖" a "‖" => size (a)', True),
    ("namespace", "namespace N", "namespace M", True),
    ("instance", "⟨1⟩", "⟨2⟩", True),
    ("field", "  x : Nat", "  x : Nat := 0", True),
    ("where helper", ":= trivial", ":= by trivial", True),
    ("macro", "tactic| simp", "tactic| rfl", True),
    ("indentation of what is seen", "  x : Nat", "   x : Nat", True),
    ("hole in a def", "value : Nat := 1", "value : Nat := sorry", True),
]  # fmt: skip

MODULE = """module
public import A
public section
@[expose] def seen : Nat := 1
def body : Nat := 2
theorem proved : seen = 1 := rfl
private def own : Nat := 3
abbrev short : Nat := 4
meta def code : Nat := 5
@[expose] section
def inner : Nat := 6
@[no_expose] def kept : Nat := 7
end
end
def unseen : Nat := 8
"""

MODULE_EDITS = [
    ("exposed body", "seen : Nat := 1", "seen : Nat := 0", True),
    ("body", "body : Nat := 2", "body : Nat := 0", False),
    ("type", "body : Nat", "body : Int", True),
    ("proof", ":= rfl", ":= by decide", False),
    ("private body", "own : Nat := 3", "own : Nat := 0", False),
    ("abbreviation", "short : Nat := 4", "short : Nat := 0", True),
    ("compiled for others", "code : Nat := 5", "code : Nat := 0", True),
    ("exposed by its section", "inner : Nat := 6", "inner : Nat := 0", True),
    ("kept from its section", "kept : Nat := 7", "kept : Nat := 0", False),
    ("not public", "unseen : Nat := 8", "unseen : Nat := 0", False),
    ("made public", "def unseen", "public def unseen", True),
    ("exposed now", "def body", "@[expose] def body", True),
    ("no module any more", "module\npublic import A\npublic section", "import A\nsection", True),
    ("import", "public import A", "import A", True),
]


def cutoff(text: str, old: str, new: str) -> bool:
    """Whether the edit leaves the interface as it was. The skeleton changes, but for comments and blanks."""
    assert text.count(old) >= 1
    return parse(text.encode()).interface == parse(text.replace(old, new, 1).encode()).interface


@pytest.mark.parametrize(("old", "new", "stale"), [row[1:] for row in PLAIN_EDITS], ids=[row[0] for row in PLAIN_EDITS])
def test_a_plain_file_hides_its_proofs(old: str, new: str, *, stale: bool) -> None:
    """Importers see all but the proofs of theorems and the examples."""
    assert cutoff(PLAIN, old, new) is not stale


@pytest.mark.parametrize(
    ("old", "new", "stale"), [row[1:] for row in MODULE_EDITS], ids=[row[0] for row in MODULE_EDITS]
)
def test_a_module_shows_what_it_exposes(old: str, new: str, *, stale: bool) -> None:
    """Importers of a module see signatures, and bodies only where they are exposed."""
    assert cutoff(MODULE, old, new) is not stale


def test_every_edit_that_is_no_comment_changes_the_skeleton() -> None:
    """What importers don't see is still part of the obligation, but for comments, and a hole's fill in its own text."""
    for name, old, new, _ in [*PLAIN_EDITS, *MODULE_EDITS]:
        text = PLAIN if old in PLAIN else MODULE
        same = parse(text.encode()).skeleton == parse(text.replace(old, new, 1).encode()).skeleton
        assert same is (name in {"comment", "doc comment", "blank lines"}), name


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("def x := sorry", [True]),
        ("theorem x : P := sorry", [False]),
        ("theorem x : P := sorry\nwhere\n  y : P := sorry", [True, True]),
        ("example : P := sorry", [False]),
        ("private def x := sorry", [True]),
        ("instance : A := sorry", [True]),
        ("structure S where\n  x : Nat := sorry", [True]),
        ("module\ndef x := sorry", [False]),
        ("module\npublic def x := sorry", [False]),
        ("module\n@[expose] public def x := sorry", [True]),
        ("module\npublic theorem x : P := sorry", [False]),
        ("-- <vc-helpers>\n-- </vc-helpers>\ntheorem x : P := sorry", [False, False]),
        ("-- <vc-helpers>\n-- </vc-helpers>\ndef x := sorry", [True, True]),
        ("-- <vc-helpers>\n-- </vc-helpers>\n", [False]),
    ],
)
def test_a_hole_is_visible_where_its_body_is(text: str, visible: list[bool]) -> None:
    """Importers wait for what they will see: bodies, and the helpers that those may name; for no proof."""
    assert [hole.visible for hole in parse(text.encode()).holes] == visible
