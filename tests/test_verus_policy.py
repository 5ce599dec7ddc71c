"""What a fill of a Verus hole may be: each rule of the policy. Known attacks: test_cheats.py."""

import pytest

from s2c.languages.base import UNDECLARED, language
from s2c.model import Refusal

VERUS = language("verus")

SPEC = """use vstd::prelude::*;
verus! {
spec fn good(n: int) -> bool { n > 3 }
struct Pair { first: u32, second: u32 }
// <vc-helpers>
// </vc-helpers>
// <vc-spec>
fn solve(v: &Vec<u32>, n: u32) -> (r: u32)
    requires n > 0, unheard(n),
    ensures good(r as int),
// </vc-spec>
// <vc-code>
// </vc-code>
// <vc-lemma>
proof fn fact(n: int)
    ensures good(n) ==> n > 2,
// </vc-lemma>
// <vc-proof>
// </vc-proof>
} // verus!
"""
NAMES = ("helpers", "body", "proof")
HONEST = {"helpers": "", "body": "4\n", "proof": "assert(true);\n"}


def refused(spec: str, fills: dict[str, str]) -> tuple[str, tuple[Refusal, ...]]:
    """The layer that refuses, and its refusals."""
    source = spec.encode()
    outline = VERUS.parse(source)
    assert not outline.problems
    texts = dict(zip((hole.id for hole in outline.holes), (fills[name] for name in NAMES), strict=True))
    plain = {hole.id: VERUS.normalise(hole, texts[hole.id]) for hole in outline.holes}
    found = VERUS.structure(source, outline, plain)
    if found:
        return "structure", found
    found = VERUS.policy(outline, plain)
    return ("policy" if found else "none"), found


# --- each rule ----------------------------------------------------------------------------------------------------

RULES = [
    ("proof", "assume(false);", "trust", "assume"),
    ("proof", "vstd::prelude::admit();", "trust", "admit"),
    ("body", "let g: Ghost<int> = Ghost::assume_new();\n4", "trust", "assume_new"),
    ("proof", 'vstd::prelude::inline_air_stmt("(assume false)");', "trust", "inline_air_stmt"),
    ("proof", "r#assume(false);", "trust", "assume"),
    ("proof", "let r#match = 1int;", "token", "r#match"),
    ("body", "r#if!(true)", "token", "r#if"),
    ("proof", "r#panic!(0);", "macro", "panic"),
    ("proof", "r#std::r#process::exit(0);", "path", "std::process"),
    ("helpers", "spec fn r#good(n: int) -> bool { true }", "name", "good"),
    ("helpers", "#[verifier(opaque, external_body)]\nproof fn bad() ensures false { }", "attribute", "external_body"),
    ("helpers", "#[verifier()]\nproof fn f() { }", "attribute", "verifier"),
    ("helpers", "#[verifier(rlimit(1000))]\nproof fn f() { }", "attribute", "rlimit"),
    ("proof", "let \u0430 = 1int;", "token", "\u0430"),
    ("proof", "verus_builtin::x();", "token", "verus_builtin"),
    ("body", "let x: u32 = unsafe { f() };\nx", "keyword", "unsafe"),
    ("body", "use vstd::set::Set as Seq;\n4", "keyword", "use"),
    ("body", "fn inner() -> u32 { 4 }\ninner()", "keyword", "fn"),
    ("body", "const N: u32 = 4;\nN", "keyword", "const"),
    ("body", 'panic!("never")', "macro", "panic"),
    ("body", "todo /* x */ ! ()", "macro", "todo"),
    ("body", "assert!(true);\n4", "macro", "assert"),
    ("body", "std::vec![1]; 4", "macro", "vec"),
    ("body", "std::process::exit(0)", "path", "std::process"),
    ("body", "core::intrinsics::abort()", "path", "core::intrinsics"),
    ("proof", "assert(true) by (compute_only);", "prover", "compute_only"),
    ("proof", "assert(true) by (compute);", "prover", "compute"),
    ("proof", "assert(true) by (integer_ring);", "prover", "integer_ring"),
    (
        "body",
        "#[verifier::exec_allows_no_decreases_clause]\nlet x = 4;\nx",
        "attribute",
        "exec_allows_no_decreases_clause",
    ),
    ("body", "|| true\n{\n    4\n}", "contract", "||"),
    ("body", "loop { }", "endless", "loop"),
    ("body", "let mut i = 0;\nwhile i < n\n    invariant i <= n,\n{ i += 1; }\ni", "endless", "while"),
    ("helpers", "use vstd::set::*;", "keyword", "use"),
    ("helpers", "mod m { }", "keyword", "mod"),
    ("helpers", "impl Pair { }", "keyword", "impl"),
    ("helpers", "trait T { }", "keyword", "trait"),
    ("helpers", "type Number = bool;", "keyword", "type"),
    ("helpers", "static N: u32 = 4;", "keyword", "static"),
    ("helpers", "spec fn up(i: int) -> int decreases i via up_dec { 1 }", "keyword", "via"),
    ("helpers", "proof fn f() no_unwind { }", "keyword", "no_unwind"),
    ("helpers", "uninterp spec fn f() -> int { 1 }", "trust", "uninterp"),
    ("helpers", "axiom fn bad() ensures false { }", "trust", "axiom"),
    ("helpers", "#[verifier::external_body]\nproof fn bad() ensures false { }", "attribute", "external_body"),
    ("helpers", "#[verifier(external_body)]\nproof fn bad() ensures false { }", "attribute", "verifier"),
    ("helpers", "#[cfg(any())]\nproof fn f() { }", "attribute", "cfg"),
    ("helpers", "#[cfg_attr(all(), verifier::external_body)]\nproof fn f() { }", "attribute", "cfg_attr"),
    ("helpers", "#[via_fn]\nproof fn f() { }", "attribute", "via_fn"),
    ("helpers", "#[opaque]\nspec fn f() -> int { 1 }", "attribute", "opaque"),
    ("helpers", "#[verifier::rlimit(infinity)]\nproof fn f() { }", "attribute", "rlimit"),
    ("helpers", "#[verifier::rlimit(1000)]\nproof fn f() { }", "attribute", "rlimit"),
    ("helpers", "#[derive(Clone, Default)]\nstruct S { x: u32 }", "attribute", "Default"),
    ("helpers", "spec fn good(n: int) -> bool { true }", "name", "good"),
    ("helpers", "spec fn solve() -> bool { true }", "name", "solve"),
    ("helpers", "struct Vec { x: u32 }", "name", "Vec"),
    ("helpers", "struct Seq<A> { a: Option<A> }", "name", "Seq"),
    ("helpers", "enum Option { None }", "name", "Option"),
    ("helpers", "proof fn arbitrary() { }", "name", "arbitrary"),
    ("helpers", "spec fn unheard(n: u32) -> bool { true }", UNDECLARED, "unheard"),
]


@pytest.mark.parametrize(("hole", "text", "rule", "token"), RULES)
def test_what_is_refused(hole: str, text: str, rule: str, token: str) -> None:
    """Each refusal names its rule, the token and its line, and says what to do instead."""
    layer, found = refused(SPEC, {**HONEST, hole: f"\n// a line\n{text}\n"})
    assert layer == "policy", found
    first = next(one for one in found if one.rule == rule)
    lines = text[: text.index(token.rpartition("::")[2] if token not in text else token)].count("\n")
    assert (first.hole, token in first.message, len(first.message) > 30) == (f"h{NAMES.index(hole) + 1}", True, True)
    assert abs(first.line - (2 + lines)) <= (1 if rule in {"attribute", "name"} else 0)


ALLOWED = [
    ("proof", "assert(good(5)) by { reveal(good); }\nassert forall|i: int| i > 0 implies good(i + 3) by { };"),
    ("proof", "assert(n * n >= 0) by (nonlinear_arith);\nassert(1u8 & 1 == 1) by (bit_vector);"),
    (
        "proof",
        "vstd::arithmetic::mul::lemma_mul_is_commutative(n, n);\nlet s = seq![1int, 2].to_set().union(set![3int]);",
    ),
    ("proof", "if !(n > 0) { assert(!(n > 0)); } else { calc! { (==) n; { } n; } }"),
    (
        "proof",
        "let w = choose|i: int| #![trigger good(i)] good(i);\nlet ghost assumed = forall|i: int| #[trigger] good(i);",
    ),
    (
        "body",
        (
            "let mut i: u32 = 0;\nwhile i < n\n    invariant i <= n, (match n { 0 => true, _ => true }),\n"
            "    decreases n - i,\n{\n    i += 1;\n}\n4"
        ),
    ),
    (
        "body",
        "#[verifier::loop_isolation(false)]\nwhile true invariant true ensures false decreases 0int { break; }\n4",
    ),
    ("body", "for i in 0..n invariant true { }\nlet x = core::cmp::max(n, 4);\nlet y: Vec<u32> = vec![x];\n4"),
    ("body", "proof { assert(n > 0); }\nlet ghost g = v@;\nlet f = |x: u32| x;\nif v.len() == 0 { return 4; }\n4"),
    ("helpers", "broadcast use vstd::seq_lib::group_seq_properties;\nconst LIMIT: u32 = 7;"),
    ("helpers", "pub open spec fn axiomatic(assume_me: int) -> bool { assume_me > 0 }\nproof fn admitted() { }"),
    ("helpers", "#[verifier::opaque]\npub(crate) closed spec fn f<A>(s: Seq<A>) -> nat decreases s.len() { s.len() }"),
    (
        "helpers",
        (
            "#[verifier(opaque, rlimit(30))]\nspec fn r#more(n: int) -> int { r#n }\n"
            "#[ verifier :: opaque ]\nspec fn e() -> int { 1 }"
        ),
    ),
    ("helpers", "broadcast proof fn more(n: int) ensures #[trigger] good(n + 4) || n < 0 { }"),
    (
        "helpers",
        (
            "#[derive(Clone, Copy)]\nenum Side { Left, Right }\n"
            "#[allow(dead_code)]\nexec fn g(p: Side) -> (r: u32) ensures r > 0 { 1 }"
        ),
    ),
]


@pytest.mark.parametrize(("hole", "text"), ALLOWED)
def test_what_is_allowed(hole: str, text: str) -> None:
    """What proofs and programs need."""
    assert refused(SPEC, {**HONEST, hole: text}) == ("none", ())


def test_a_given_text_that_does_without_decreases() -> None:
    """Where the author gave up termination, so may a fill."""
    text = SPEC.replace("fn solve", "#[verifier::exec_allows_no_decreases_clause]\nfn solve")
    assert refused(text, {**HONEST, "body": "loop { }\n"}) == ("none", ())


def test_names_that_helpers_bring() -> None:
    """Declared at the top, unqualified and sorted; parameters, fields and variants are not."""
    text = "proof fn b(x: int) { let y = 1int; }\nspec fn a() -> int { 1 }\nstruct S { f: u32 }\n"
    text += "enum E { V }\nconst N: u32 = 1;\n"
    assert VERUS.helper_names(text) == ("E", "N", "S", "a", "b")
    assert VERUS.helper_names("") == ()


@pytest.mark.parametrize(
    "fill", ["#[verifier::external]", "proof", "#[", "pub", "broadcast use", "}", "{", "/**", "\0"]
)
def test_what_is_no_item_brings_no_name(fill: str) -> None:
    """Nor does it raise, though structure has refused it before."""
    assert VERUS.helper_names(fill) == ()
