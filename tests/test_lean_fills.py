"""Fills in Lean holes: normalised and rendered to the right columns, stood in for, and whole things of their kind."""

import dataclasses
import json
import random
from pathlib import Path

import pytest

from s2c.languages.lean.outline import parse
from s2c.languages.lean.render import normalise, render, spliced, stand_in
from s2c.languages.lean.structure import structure, wrapped
from s2c.languages.lean.syntax import tree
from s2c.model import Hole, HoleKind, Span

SPEC = """-- <vc-helpers>
-- </vc-helpers>
def solve (n : Nat) : Nat := sorry
def pair : P := ⟨0, sorry⟩
theorem solve_spec (n : Nat) : solve n > 0 := by
  sorry
theorem other : P := by
  constructor
  · have h : Q := by sorry
    exact h
  · exact (sorry : P)
"""
HONEST = {"h1": "", "h2": "n + 1\n", "h3": "rfl\n", "h4": "simp [solve]\n", "h5": "simp\n", "h6": "h\n"}
FORMS = [
    "term line 2", "term inline 2 spaced", "term inline 12 spaced tail", "term inline 4 paren", "tactic line 4",
    "tactic inline 6 spaced", "tactic line 2 paren tail", "tactic inline 2 tail", "section",
]  # fmt: skip
TEXTS = [
    "rfl", "simp\nexact h", "by\n  simp", "by simp", ":= by\n  simp\n  rfl",
    "\n\n  cases h with\n  | a => simp\n\n  | b => rfl  \n",
    "match x with\n| 0 => 1\n| _ => 2", "f x -- why", "-- why\nf x", "(a, b)", "((a))", "(a) + (b)", "()", "(· + 1)",
    "(intro x\n simp)", "\tsimp\n\t\trfl", "simp\r\nrfl\r\n", "", "  \n", 'f "a\n   b"', "by intro x\n   simp",
    ":=rfl", "by",
    "(a) -- )", "(-- (\n a)", "calc a = b := by simp\n  _ = c := h", "/- ( -/ (a)", "exact ⟨a,\n  b⟩",
]  # fmt: skip


def refused(fills: dict[str, str], spec: str = SPEC) -> set[str]:
    """The rules that these fills break."""
    source = spec.encode()
    outline = parse(source)
    assert outline.problems == ()
    plain = {hole.id: normalise(hole, fills[hole.id]) for hole in outline.holes}
    found = structure(source, outline, plain)
    for one in found:
        assert not one.hole or 1 <= one.line <= plain[one.hole].count("\n") + 1 or not one.line, one
    return {one.rule for one in found}


def hole(form: str) -> Hole:
    """A hole of this form."""
    return Hole("h1", HoleKind.HELPERS if form == "section" else HoleKind.BODY, Span(0, 0), "x", form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", TEXTS)
def test_fills_come_back_as_they_were_stored(form: str, text: str) -> None:
    """Rendering and normalising again gives the same bytes, and normalising twice changes nothing."""
    place = hole(form)
    fill = normalise(place, text)
    assert normalise(place, fill) == fill
    assert normalise(place, render(place, fill)) == fill
    assert "\r" not in fill
    assert not fill or (fill.endswith("\n") and not fill.endswith("\n\n"))


def test_random_fills_come_back_too() -> None:
    """The same for texts that nobody thought of."""
    rng = random.Random(3)  # noqa: S311
    pieces = ["by", " ", "  ", "\n", "(", ")", "simp", ":=", "--", "x", "\n  ", '"', "⟩", "/-", "-/", "|", "\t"]
    for _ in range(1_500):
        place = hole(rng.choice(FORMS))
        fill = normalise(place, "".join(rng.choices(pieces, k=rng.randrange(12))))
        assert normalise(place, fill) == fill
        assert normalise(place, render(place, fill)) == fill


@pytest.mark.parametrize(
    ("form", "text", "stored"),
    [
        ("tactic line 2", "by\n  simp\n  rfl", "simp\nrfl\n"),
        ("tactic line 2", "by simp", "simp\n"),
        ("tactic line 2", "by intro x\n   simp", "intro x\nsimp\n"),
        ("tactic line 2", "by simp [a,\n  b]", "simp [a,\n  b]\n"),
        ("term line 2", "by\n  simp", "by\n  simp\n"),
        ("term line 2", ":= by\n  simp", "by\n  simp\n"),
        ("term inline 2 paren", "((a))", "a\n"),
        ("term inline 2 paren", "(a) + (b)", "(a) + (b)\n"),
        ("section", "\n\n  def a := 1\n  def b := 2\n\n", "def a := 1\ndef b := 2\n"),
    ],
)
def test_what_s2c_writes_is_taken_off(form: str, text: str, stored: str) -> None:
    """A model may answer with or without `by`, `:=`, brackets and indentation."""
    assert normalise(hole(form), text) == stored


@pytest.mark.parametrize(
    ("text", "fill", "wanted"),
    [
        ("def f := sorry", "1", "def f := 1"),
        ("def f := sorry", "match x with\n| _ => 1", "def f :=\n  match x with\n  | _ => 1"),
        ("theorem t : P := by sorry", "simp\nrfl", "theorem t : P := by\n  simp\n  rfl"),
        ("theorem t : P := by\n    sorry", "simp\n\nrfl", "theorem t : P := by\n    simp\n\n    rfl"),
        ("theorem t : P :=\nsorry", "by\n  simp", "theorem t : P :=\n  by\n    simp"),
        ("def f := ⟨0, sorry⟩", "by\n  simp", "def f := ⟨0,\n            by\n              simp⟩"),
        ("def f := ⟨0, sorry⟩", "a -- why", "def f := ⟨0, a -- why\n            ⟩"),
        ("def f := g sorry", "h x", "def f := g (h x)"),
        ("def f := sorry + 1", "a\n+ b", "def f :=\n  (\n   a\n   + b\n  ) + 1"),
        ("theorem t : P := by\n  sorry <;> simp", "a\nb", "theorem t : P := by\n  (\n   a\n   b\n  ) <;> simp"),
        ("theorem t : P := by\n  · sorry\n  · simp", "a\nb", "theorem t : P := by\n  ·\n    a\n    b\n  · simp"),
        ("theorem t : P := by\n  have h : Q := by sorry\n  exact h", "a\nb",
         "theorem t : P := by\n  have h : Q := by\n    a\n    b\n  exact h"),
    ],
)  # fmt: skip
def test_a_fill_stands_where_lean_reads_it(text: str, fill: str, wanted: str) -> None:
    """One line stays in place; several begin on a line of their own, deeper than all that they belong to."""
    source = text.encode()
    outline = parse(source)
    (one,) = outline.holes
    plain = {one.id: normalise(one, fill)}
    assert spliced(source, outline, plain)[0].decode() == wanted
    assert structure(source, outline, plain) == ()


BAD_PROOFS = {
    "command": [
        "simp\n\ntheorem evil : False := h", "simp theorem evil : False := h", "simp\nend", "simp\n@[simp] def x := 1",
        "exact (theorem x : P := h)", "simp set_option a true", "simp open A", "simp\n#exit", "simp #eval 1",
        "simp private", "simp\nnoncomputable section", "simp axiom a : False", "simp variable (h : False)",
        "simp\nnamespace A", "simp attribute [simp] x", 'simp\nmacro "m" : tactic => `(tactic| simp)',
    ],
    "syntax": [
        "simp)", "(simp", "exact ⟨a, b", "simp /- open", 'exact "open', "exact h at", "exact fun x =>", "have h :=",
        "exact h,", "| a => simp", ", simp", "open A in", "rw [a", 'exact s!"{a"', 'exact s!"{a}',
    ],
    "empty": ["", "-- to do", "/- nothing -/"],
    "marker": ["simp -- </vc-theorems>", "-- @@S2C-1\nsimp"],
    "character": ["simp -- \u202e", "simp\u200b", "simp\u00a0", "simp\rrfl", "simp\0", "simp \t", "simp /--/ rfl"],
}  # fmt: skip
BAD_PROOFS["syntax"].remove("exact h at")
BAD_HELPERS = {
    "syntax": [
        "private", "@[simp]", "theorem t : P := by", "def x := (1", "def x := 1)", "open A in", "/-- doc -/",
        "def x := /-", 'def x := "', "set_option a true in", "def x :=", "noncomputable",
    ],
    "no-body": ["theorem t : False", "theorem", "def x : Nat", "lemma a : P\ndef b := 1", "instance : A"],
    "scope": ["namespace A", "end", "section\ndef x := 1", "mutual\ndef x := 1", "end\nnamespace A"],
    "command": ["import A", "module\ndef x := 1", "prelude"],
    "marker": ["-- </vc-helpers>", "def x := 1 -- <vc-theorems>"],
    "character": ["def x\u200b := 1", "def x :=\u2028 1"],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BAD_PROOFS.items() for text in texts])
def test_a_proof_is_one_whole_proof(rule: str, text: str) -> None:
    """Text that ends the proof, begins a command, or leaves something open is refused, by rule."""
    outline = parse(SPEC.encode())
    plain = HONEST | {"h4": text if "\r" in text or "\t" in text else normalise(outline.holes[3], text)}
    assert rule in {one.rule for one in structure(SPEC.encode(), outline, plain)}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BAD_HELPERS.items() for text in texts])
def test_helpers_are_whole_commands(rule: str, text: str) -> None:
    """Helpers that lack a body, leave a scope open or would take what follows are refused, by rule."""
    assert rule in refused(HONEST | {"h1": text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h1", ""),
        ("h1", "-- nothing needed\n/- at all -/"),
        ("h1", "namespace A\nmutual\ndef x := 1\nend\nend A\nsection\nopen B in\ntheorem t : P := h\nend"),
        ("h1", "/-- doc -/\n@[simp]\nprivate theorem β_t (h : a ≤ b) : ∀ ε > 0, ‖x‖ < ε := by\n  intro ε hε\n  simp"),
        ("h1", "inductive T where\n  | a\n  | b\nderiving Repr\n\nstructure S where\n  x : Nat\ninstance : A S where"),
        ("h1", "def f : Nat → Nat\n  | 0 => 1\n  | n + 1 => f n\ntermination_by n => n\ndecreasing_by simp"),
        ("h2", "match n with\n| 0 => 1\n| n + 1 =>\n  let x := n\n  x"),
        ("h2", "Id.run do\n  let mut x := 0\n  for i in [0:n] do\n    x := x + i\n  return x"),
        ("h2", "if n = 0 then 1 else go n\nwhere\n  go : Nat → Nat\n    | 0 => 0\n    | n + 1 => go n"),
        ("h2", "by\n  open Nat in\n  exact 1"),
        ("h2", "open Nat in set_option maxRecDepth 100 in succ n"),
        ("h2", "x.theorem + `def.section + f (n := 1) + #s"),
        ("h3", "by\n  have : 1 = 1 := rfl -- so\n  exact this -- done"),
        ("h4", "by\n  unfold solve\n  simp only [a] at h ⊢\n  · omega\n  · rfl"),
        ("h4", "induction n with\n| zero => simp\n| succ n ih =>\n  simp [ih]"),
        ("h4", "calc solve n = n := by rfl\n  _ > 0 := h"),
        ("h5", "intro x\nexact ⟨x, by simp⟩"),
        ("h6", "fun x => x"),
    ],
)  # fmt: skip
def test_honest_fills_pass(name: str, text: str) -> None:
    """Ordinary Lean passes, in each kind of hole."""
    assert refused(HONEST | {name: text}) == set()


def test_words_in_comments_and_strings_are_no_commands() -> None:
    """Only tokens count."""
    assert refused(HONEST | {"h4": '-- theorem\n/- end -/ simp [f "def x :="] /- ) -/'}) == set()


def test_no_fill_may_change_how_given_text_reads() -> None:
    """Should a hole ever stand where its fill joins given text, the comparison with the pristine tree sees it."""
    source = b"open A in\n\ndef x := 1\n"
    outline = dataclasses.replace(parse(source), holes=(Hole("h1", HoleKind.HELPERS, Span(10, 10), "", "section"),))
    assert structure(source, outline, {"h1": ""}) == ()
    outline = dataclasses.replace(outline, holes=(Hole("h1", HoleKind.BODY, Span(10, 10), "x", "term line 0"),))
    assert [one.rule for one in structure(source, outline, {"h1": "f\n"})] == ["given-text"]


def test_a_wrapped_fill_keeps_its_lines() -> None:
    """The fill as a source of its own parses, and a token's line in it is that of the fill."""
    outline = parse(SPEC.encode())
    for one in outline.holes:
        code, offset = wrapped(one, "a\n\nb\n" if one.kind is not HoleKind.HELPERS else "def a := 1\n\ndef b := 2\n")
        assert not tree(code).has_error
        assert code[offset:].count(b"\n") == 3
        assert code[offset:].split(b"\n")[2].strip().startswith((b"b", b"def b"))


def test_a_stand_in_has_axioms_for_what_is_not_proved() -> None:
    """Unfilled theorems become axioms with the same statement, examples say nothing, helpers are empty."""
    source = (
        b"-- <vc-helpers>\n/- old -/\n-- </vc-helpers>\ndef f := sorry\n@[simp] protected nonrec theorem t (x : A) :\n"
        b"    P x := by\n  cases x\n  \xc2\xb7 sorry\n  \xc2\xb7 sorry\ntheorem u : P := by sorry\n"
        b"open A in\nnoncomputable example : P := by\n  sorry\n"
    )
    text = stand_in(source, {"h2": "1\n", "h5": "simp\n"}).decode()
    assert "def f := 1\n@[simp] protected  axiom t (x : A) :\n    P x\ntheorem u : P := by simp\n" in text
    assert text.startswith("-- <vc-helpers>\n-- </vc-helpers>\n")
    assert text.endswith("open A in\nexample : True := True.intro\n")
    assert [one.name for one in parse(text.encode()).assumptions] == ["t"]
    assert parse(text.encode()).holes[1:] == ()


def test_a_stand_in_leaves_what_importers_wait_for() -> None:
    """A visible hole without a fill stays as it is; a file without holes is its own stand-in."""
    for text in ("def f := sorry\n", "theorem t : P := go\nwhere\n  go : P := sorry\n", "def f := 1\r\n"):
        assert stand_in(text.encode(), {}).decode() == text


def test_every_hole_of_the_corpus_takes_a_fill(shared: Path) -> None:
    """On every spec fills of one line and of several keep the given text, and come back from where they stand."""
    for line in (shared / "corpus" / "lean_specs.jsonl").read_text(encoding="utf-8").splitlines():
        source = json.loads(line)["spec"].encode()
        outline = parse(source)
        for text in ("by simp", "by\n  intro x\n  simp -- done"):
            fills = {
                one.id: "theorem zq : True := by\n  trivial\n" if one.kind is HoleKind.HELPERS else normalise(one, text)
                for one in outline.holes
            }
            assert structure(source, outline, fills) == ()
            content, spans = spliced(source, outline, fills)
            for one in outline.holes:
                span = spans[one.id]
                assert normalise(one, content[span.start : span.end].decode()) == fills[one.id]
            assert not parse(content).problems
