"""What fills of Lean may contain: each rule of the policy. Known attacks: test_cheats.py."""

import pytest

from s2c.languages.lean.lean import Lean
from s2c.model import Outline, Refusal

LEAN = Lean()
SPEC = """-- <vc-preamble>
def IsTop (xs : List Int) (top : Int) : Prop := ∀ x ∈ xs, x ≤ top
-- </vc-preamble>
-- <vc-helpers>
-- </vc-helpers>
-- <vc-definitions>
def solve (xs : List Int) : Int :=
  sorry
-- </vc-definitions>
-- <vc-theorems>
theorem solve_top (xs : List Int) : IsTop xs (solve xs) := by
  sorry
-- </vc-theorems>
"""
HONEST = {"helpers": "", "body": "xs.foldl max 0", "proof": "simp [IsTop, solve]"}


def refusals(source: str, texts: dict[str, str]) -> tuple[tuple[Refusal, ...], tuple[Refusal, ...], Outline]:
    """What structure and policy say of these texts, by kind of hole."""
    outline = LEAN.parse(source.encode())
    assert outline.problems == ()
    fills = {hole.id: LEAN.normalise(hole, texts[hole.kind]) for hole in outline.holes}
    return LEAN.structure(source.encode(), outline, fills), LEAN.policy(outline, fills), outline


def policy(kind: str, text: str) -> list[str]:
    """`rule line` of each refusal of the policy, for one text among honest ones; structure lets it pass."""
    structure, found, _ = refusals(SPEC, {**HONEST, kind: text})
    assert structure == ()
    assert all(one.message and "`" in one.message for one in found if one.rule != "name")
    return [f"{one.rule} {one.line}" for one in found]


TRUSTED = [
    ("proof", "exact (by\n  sorry)", "trust 2"),
    ("proof", "exact «sorryAx» _ true", "trust 1"),
    ("proof", "exact _root_.«sorryAx» _", "trust 1"),
    ("body", 's!"{sorry}".length', "trust 1"),
    ("body", 's!"a {s!"b {sorry}"}".length', "trust 1"),
    ("body", "(by admit)", "trust 1"),
    ("body", "have x : Int := by stop\n  exact 1\nx", "trust 1"),
    ("proof", "native_decide", "trust 1"),
    ("proof", "decide +native", "trust 1"),
    ("proof", "decide (config := { native := true })", "trust 1"),
    ("proof", "bv_decide", "trust 1"),
    ("proof", "exact?", "trust 1"),
    ("proof", "apply?", "trust 1"),
    ("proof", "exact Lean.ofReduceBool a b rfl", "trust 1"),
    ("proof", "run_tac do return", "trust 1"),
    ("proof", "exact by_elab return a", "trust 1"),
    ("proof", "exact eval% x", "trust 1"),
    ("body", 'include_str "secret"', "trust 1"),
    ("body", "IO.FS.writeFile a b", "trust 1"),
    ("proof", "exact Lean.Elab.foo", "meta 1"),
    ("proof", "exact `(a)", "quotation 1"),
    ("body", "Classical.choose ⟨0, trivial⟩", "choice 1"),
    ("proof", "set_option maxHeartbeats 0 in simp", "command 1"),
    ("proof", "open Classical in simp", "command 1"),
    ("proof", "simp #foo", "command 1"),
    ("body", "let rec @[implemented_by g] go := 1\ngo", "attribute 1"),
    ("body", "let rec @[simp, extern] go := 1\ngo", "attribute 1"),
    ("helpers", "theorem a : True := trivial axiom bad : False", "command 1"),
    ("helpers", "theorem a : True := trivial\nfoo bar", "column 2"),
    ("helpers", "def a := 1\npartial_fixpoint", "trust 2"),
    ("helpers", "partial def a : Nat := a", "item 1"),
    ("helpers", "unsafe def a : Nat := 1", "item 1"),
    ("helpers", "noncomputable def a : Nat := 1", "item 1"),
    ("helpers", "def b := 1\n@[csimp] theorem a : b = 1 := rfl", "attribute 2"),
    ("helpers", "@[simp, to_additive] theorem a : True := trivial", "attribute 1"),
    ("helpers", "class A where\n  x : Nat", "item 1"),
    ("helpers", "axiom a : False", "item 1"),
    ("helpers", "section\nend", "command 1"),
    ("helpers", "variable (x : Nat)", "command 1"),
    ("helpers", "attribute [simp] Nat.add_comm", "command 1"),
    ("helpers", "open List", "command 1"),
    ("helpers", "open Foo renaming a → b in\ntheorem t : True := trivial", "command 1"),
    ("helpers", "namespace A\ndef a := 1\nend B", "scope 3"),
    ("helpers", "structure A where\n  x : Nat\nderiving Lean.ToJson", "deriving 3"),
    ("helpers", "instance : LE Int := ⟨fun _ _ => True⟩", "instance 1"),
    ("helpers", "structure B where\n  x : Nat\ninstance : HAdd Int Int B := ⟨fun _ _ => ⟨1⟩⟩", "instance 3"),
    ("helpers", "structure B where\n  x : Nat\ninstance (priority := high) : LE B := ⟨1⟩", "instance 3"),
    ("helpers", "abbrev B := Int\ninstance : LE B := ⟨fun _ _ => True⟩", "instance 2"),
    ("helpers", "namespace A\nstructure Nat where\n  x : Bool\nend A\ninstance : LE Nat := ⟨1⟩", "instance 5"),
    ("helpers", "deriving instance BEq for Foo", "command 1"),
    ("helpers", "def IsTop := 1", "name 1"),
    ("helpers", "private def top := 1", "name 1"),
    ("helpers", "def A.solve := 1", "name 1"),
    ("helpers", "namespace A\ndef foldr := 1\ndef solve := 2\nend A", "name 3"),
    ("helpers", "def «solve» := 1", "name 1"),
    ("helpers", "def _root_.a := 1", "name 1"),
    ("helpers", "def «Is\u0422op» := 1", "token 1"),
    ("helpers", "def s\u00f3lve := 1", "name 1"),
    ("helpers", "def \U0001d4fd\U0001d4f8\U0001d4f9 := 1", "name 1"),
    ("proof", "have «\u0430» := 1", "token 1"),
    ("helpers", "def \u0399s\u03a4op := 1", "name 1"),
    ("helpers", "theorem solve.eq_1 : True := trivial", "name 1"),
    ("helpers", "theorem solve.congr_simp : True := trivial", "name 1"),
    ("helpers", "theorem solve.match_1_2 : True := trivial", "name 1"),
    ("proof", "exact test_sorry", "trust 1"),
]


@pytest.mark.parametrize(("kind", "text", "first"), TRUSTED)
def test_what_no_fill_may_contain(kind: str, text: str, first: str) -> None:
    """Each with the rule and the line; words in « » and in interpolated strings count, as do commands in mid-line."""
    assert first in policy(kind, text)


ALLOWED = [
    ("body", "match xs with\n| [] => 0\n| x :: rest => rest.foldl (fun a b => if a ≤ b then b else a) x"),
    ("body", 'let stopped := "sorry, axiom, #exit"\nif xs.length = 3 then 1 else stopped.length'),
    ("body", "Id.run do\n  let mut best := 0\n  for x in xs do\n    best := max best x\n  return best"),
    ("body", "#[1, 2][0]! + (xs.filter (· > 0)).length"),
    ("body", "let rec @[simp] go : Nat → Int\n  | 0 => 0\n  | n + 1 => go n\ngo 3"),
    ("proof", "intro x hx\nexact absurd hx (by simp_all)"),
    ("proof", "-- no sorry here\nomega /- nor axiom -/"),
    ("proof", "rcases h with ⟨x, hx⟩ | h\n· simp\n· exact Classical.choose_spec h"),
    ("proof", "simp (config := { decide := true }) [List.prefix, r.stop, x.end]"),
    ("proof", "conv => lhs; rw [f]"),
    ("helpers", "theorem sorry_free (n : Nat) : n + 0 = n := Nat.add_zero n"),
    ("helpers", "/-- Not an `axiom`. -/\n@[simp] private theorem a (n : Nat) : n = n := rfl"),
    ("helpers", "@[simp] /- a -/ private /- b -/ theorem a /- c -/ (n : Nat) : n = n := rfl /- d -/"),
    ("helpers", "structure «Box» where\n  v : Int\ninstance : LE Box := ⟨fun a b => a.v ≤ b.v⟩"),
    ("helpers", "theorem «two is two» (α₁ ξ : Nat) : ξ = ξ := rfl"),
    ("helpers", "@[local simp, inline]\ndef a (n : Nat) : Nat :=\n  n\ntermination_by 0\ndecreasing_by omega"),
    (
        "helpers",
        ("mutual\ndef ev : Nat → Bool\n  | 0 => true\n  | n + 1 => od n\n"
        "def od : Nat → Bool\n  | 0 => false\n  | n + 1 => ev n\nend"),
    ),
    ("helpers", "open List Nat in\ntheorem a : True := trivial"),
    ("helpers", "namespace A.B\ntheorem List.foo : True := trivial\nend A.B"),
    (
        "helpers",
        ("inductive T (t : Type) where\n  | leaf\n  | node (x : t) (l r : T t)\nderiving Repr, BEq\n"
        "instance [LE t] : LE (T t) := ⟨fun _ _ => True⟩"),
    ),
    ("helpers", "structure P where\n  x : Int\n  top : Int := 0\ninstance inst : Inhabited P := ⟨⟨0, 0⟩⟩"),
    ("helpers", "example : 2 + 2 = 4 := rfl\nlemma b : True := trivial\nabbrev C := Nat"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), ALLOWED)
def test_what_honest_fills_contain(kind: str, text: str) -> None:
    """Bad words in comments and strings, names with such words in them, and all that proofs are made of."""
    assert policy(kind, text) == []


def test_what_is_not_computable_is_the_given_texts_to_allow() -> None:
    """Where the spec itself is noncomputable, helpers and bodies may be."""
    source = SPEC.replace("def solve", "noncomputable def solve")
    texts = {**HONEST, "helpers": "noncomputable def a : Nat := 1", "body": "Classical.choose h"}
    assert refusals(source, texts)[:2] == ((), ())


def test_helper_names_are_those_that_importers_can_use() -> None:
    """Last parts, sorted, each once."""
    text = (
        "def b := 1\nnamespace N\ntheorem M.a : True := trivial\nend N\nexample : True := trivial\ninstance : LE T := x"
    )
    assert LEAN.helper_names(text) == ("a", "b")
    assert LEAN.helper_names("") == ()


@pytest.mark.parametrize(
    "piece", ["@[", "`(", "«", 's!"{', "theorem a", "instance : LE ", "open A in\n", "namespace A\n"]
)
def test_hostile_fills_get_a_short_answer(piece: str) -> None:
    """200 kB of one thing: at most 20 refusals of words and 20 of declarations a hole, as each costs time."""
    outline = LEAN.parse(SPEC.encode())
    found = LEAN.policy(outline, {hole.id: piece * (200_000 // len(piece)) for hole in outline.holes})
    assert len(found) <= 40 * len(outline.holes)


def test_the_prompt_allows_nothing_that_the_policy_refuses() -> None:
    """The examples of the prompt pass; each word of its list of the forbidden is refused somewhere."""
    parts = LEAN.prompt.split("```lean\n")[1:]
    examples = [part.partition("```")[0] for part in parts]
    kinds = ["body", "helpers", "proof", "proof"]
    assert len(examples) == len(kinds)
    for kind, text in zip(kinds, examples, strict=True):
        assert policy(kind, text) == []
