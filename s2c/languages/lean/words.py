"""Words of Lean that say what a piece of text can be.

Law: only words, no behaviour. A word is here because Lean reserves it, in its core or in the libraries that everyone
imports.
"""

COMMANDS = frozenset(
    b"""
    theorem def lemma example abbrev instance structure inductive coinductive axiom opaque class
    namespace section end mutual variable variables universe universes export attribute include omit
    private protected noncomputable partial unsafe public nonrec scoped import prelude deriving seal unseal alias
    notation infix infixl infixr prefix postfix macro macro_rules syntax elab elab_rules declare_syntax_cat unif_hint
    binder_predicate simproc dsimproc initialize builtin_initialize run_cmd run_elab run_meta irreducible_def init_quot
    add_decl_doc register_option register_simp_attr initialize_simps_projections suppress_compilation library_note
    assert_not_exists grind_pattern compile_inductive declare_simp_like_tactic gen_injective_theorems
    """.split()
)
"""Begin a command wherever they stand: none is part of a term or a tactic."""

WITH_IN = frozenset(b"open set_option".split())
"""Part of a term or a tactic if `in` follows; without it, a command."""

HASH_COMMANDS = frozenset(
    b"""
    exit eval check check_failure print reduce synth guard guard_msgs guard_expr help where version with_exporting
    check_simp discr_tree_key import_path widget
    """.split()
)
"""After `#`, a command; any other word there is notation of a library."""

UNFINISHED = frozenset(
    """
    := by in , => ↦ ← <- fun λ do then else from with : | <;> <| $ + - * / = → ↔ ∧ \u2228 ¬ ∀ ∃ let have show exact
    where match if calc refine · @ termination_by decreasing_by
    """.encode().split()
)
"""Something must follow these: at the end of a fill they would take what the given text goes on with."""

NOT_FIRST = frozenset(b":= , | => <;> : where deriving termination_by decreasing_by then else with at in from".split())
"""A term or a tactic begins with none of these; the given text before a hole would go on."""
