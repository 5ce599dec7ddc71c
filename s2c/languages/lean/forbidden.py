"""Words that no fill may contain, wherever it stands.

Law: words are real tokens: what stands in comments and strings does not count, what stands in the braces of an
interpolated string does. « » hide nothing. A word of a command counts in the middle of a line too, for there Lean ends
the declaration and begins the command.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from s2c.languages.lean.names import parts, strange
from s2c.languages.lean.syntax import GAP, Token

Found = tuple[str, str, int]  # rule, message, offset

LITERALS = frozenset({"string", "char", "number", "doc_comment", "vc_tag"})
ATTRIBUTES = frozenset(
    """
    simp reducible inline always_inline irreducible semireducible specialize match_pattern ext refl symm trans
    elab_as_elim norm_cast push_cast grind
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
COMMANDS = frozenset(
    """
    theorem def lemma example abbrev instance structure inductive coinductive class axiom opaque namespace section end
    mutual variable variables universe universes open export private protected noncomputable partial unsafe nonrec
    local scoped set_option unset_option attribute notation notation3 infix infixl infixr prefix postfix macro
    macro_rules syntax elab elab_rules declare_syntax_cat declare_simp_like_tactic initialize builtin_initialize simproc
    dsimproc simproc_decl dsimproc_decl builtin_simproc builtin_dsimproc run_cmd run_elab run_meta import include omit
    init_quot add_decl_doc register_option register_builtin_option register_simp_attr register_label_attr
    register_tactic_tag tactic_extension unif_hint binder_predicate irreducible_def proof_wanted theorem_wanted alias
    library_note assert_not_exists assert_not_imported suppress_compilation unsuppress_compilation compile_inductive
    compile_def seal unseal initialize_simps_projections declare_aesop_rule_sets add_aesop_rules erase_aesop_rules
    grind_pattern mk_iff_of_inductive_prop insert_to_additive_translation open_private export_private
    declare_config_elab declare_command_config_elab deprecated_module show_panel_widgets
    """.split()  # noqa: SIM905 - as above
)
_LEAVES_OPEN = "it leaves the goal unproved: prove it"
_SEARCHES = "it only searches and leaves the goal open: write what it would suggest"
_COMPILER = "it trusts the compiler: use `decide`, `simp`, `omega` or `rfl`"
_RUNS_CODE = "it runs code while the file is checked: write an ordinary term or tactic"
_ENDLESS = "it gives up termination: use structural recursion, or `termination_by` with a measure"
TRUST = {
    **dict.fromkeys(("sorry", "admit", "stop", "sorryAx", "test_sorry", "lcProof", "lcUnreachable"), _LEAVES_OPEN),
    **dict.fromkeys(("exact?", "apply?", "rw?", "rewrites?", "have?", "observe?", "hint", "polyrith"), _SEARCHES),
    **dict.fromkeys(("native_decide", "bv_decide", "bv_check", "bv_decide?", "ofReduceBool"), _COMPILER),
    **dict.fromkeys(("ofReduceNat", "reduceBool", "reduceNat", "trustCompiler", "implemented_by"), _COMPILER),
    **dict.fromkeys(("run_tac", "by_elab", "include_str", "include_bytes", "unsafeIO", "unsafeEIO"), _RUNS_CODE),
    **dict.fromkeys(("unsafeBaseIO", "unsafeCast", "ptrAddrUnsafe", "FS", "Process", "dbg_trace"), _RUNS_CODE),
    **dict.fromkeys(("partial_fixpoint", "coinductive_fixpoint", "inductive_fixpoint"), _ENDLESS),
}
# they are words only by themselves: as a part of a name (`r.stop`) they are somebody's own
_ONLY_ALONE = frozenset({"stop", "admit", "hint"})
NO_COMMANDS = "a fill holds no commands beside whole helper declarations, each begun in the first column"
INSTEAD = {
    "open": "write qualified names",
    "set_option": "the options are the project's",
    "partial": _ENDLESS,
    "unsafe": _RUNS_CODE,
}
_CHOOSING = frozenset(
    """
    choice choose epsilon strongIndefiniteDescription indefiniteDescription arbitrary inhabited_of_nonempty
    inhabited_of_exists
    """.split()  # noqa: SIM905 - as above
)
_NAMES = frozenset({"identifier", "name", "sorry"})
_PREFIXES = frozenset({b"local", b"scoped"})
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lo"})
_OPERATOR_LETTERS = frozenset("λΠΣ")


def words(found: Sequence[Token], *, code: bool, choice: bool) -> Iterator[Found]:
    """Every token that may not be there. `code`: it stands in a body; `choice`: the given text is not computable."""
    named = list(attributes(found))
    own_rules = {start for _, start in named}
    for at, word in enumerate(found):
        if word.kind in LITERALS:
            continue
        after = found[at + 1] if at + 1 < len(found) else None
        if word.kind not in _NAMES:
            message = _sign(word, after)
        elif word.start in own_rules or (named and word.text in _PREFIXES and _in_attribute(found, at)):
            message = None
        else:
            message = _foreign(word) or _plain(word, found[at - 1] if at else None, after)
            message = message or (_chosen(word) if code and not choice else None)
        if message is not None:
            yield (*message, word.start)
    for name, start in named:
        if name not in ATTRIBUTES:
            allowed = ", ".join(sorted(ATTRIBUTES))
            yield "attribute", f"attribute `{name}` may not stand in a fill; allowed: {allowed}", start


def _in_attribute(found: Sequence[Token], at: int) -> bool:
    """Whether `local` or `scoped` stands before an attribute's name."""
    before = found[at - 1].text if at else b""
    return before in {b"@[", b"[", b","} and at + 1 < len(found) and found[at + 1].text.decode() in ATTRIBUTES


def _text(word: Token | None) -> str:
    return word.text.decode("utf-8", "replace") if word is not None else ""


def _sign(word: Token, after: Token | None) -> tuple[str, str] | None:
    """Text that is no token of Lean, quotations, and `#commands`."""
    text = _text(word)
    strange = not text.isascii() and any(
        unicodedata.category(one) in _LETTERS and one not in _OPERATOR_LETTERS for one in text
    )
    if word.kind in {GAP, "unterminated"} or (strange and word.kind == "operator"):
        return "token", f"`{text[:20]}` is no letter or sign of Lean: write names in ASCII or Greek letters"
    if text.startswith("`"):
        return "quotation", f"a quotation or a name literal (`{text}`) may not stand in a fill: write the term itself"
    if text == "#" and _adjoins(word, after) and after is not None and after.kind in _NAMES:
        return "command", f"`#{_text(after)}` may not stand in a fill: remove it"
    return None


def _adjoins(word: Token, after: Token | None) -> bool:
    return after is not None and after.start == word.end


def _plain(word: Token, before: Token | None, after: Token | None) -> tuple[str, str] | None:
    """A forbidden word or name."""
    text = _text(word)
    found = parts(text)
    if text == "eval" and _adjoins(word, after) and _text(after) == "%":
        return "trust", f"`eval%` may not stand in a fill: {_RUNS_CODE}"
    member = before is not None and before.end == word.start and _text(before).endswith(".")
    if text in COMMANDS and not member:
        return "command", f"`{text}` may not stand here: {INSTEAD.get(text, NO_COMMANDS)}"
    alone = len(found) == 1 and not member
    for one in found:
        if one in TRUST and (alone or one not in _ONLY_ALONE):
            return "trust", f"`{one}` may not stand in a fill: {TRUST[one]}"
    if "native" in found and alone and (_text(before) == "+" or _text(after) == ":="):
        return "trust", f"`native` may not stand in a fill: {_COMPILER}"
    if found and found[0 if found[0] != "_root_" else min(1, len(found) - 1)] == "Lean":
        return "meta", f"`{text}` may not stand in a fill: what is in `Lean` is for writing tactics and commands"
    return None


def _foreign(word: Token) -> tuple[str, str] | None:
    """A letter that may look like one of a name of the given text."""
    text = _text(word)
    letter = strange(text)
    return ("token", f"`{letter}` in `{text[:40]}`: write names in ASCII or Greek letters") if letter else None


def _chosen(word: Token) -> tuple[str, str] | None:
    found = parts(_text(word))
    if "Classical" in found and found[-1] in _CHOOSING:
        message = f"`{_text(word)}` computes nothing: write an algorithm"
        return "choice", message
    return None


# --- attributes ---------------------------------------------------------------------------------------------------


def attributes(found: Sequence[Token]) -> Iterator[tuple[str, int]]:
    """Name and offset of each attribute in `@[...]`, also where that does not begin a command (`let rec`)."""
    for start, end in _lists(found):
        fresh, depth = True, 0
        for word in found[start:end]:
            text = _text(word)
            if fresh and not depth and text not in {"local", "scoped", ",", "-", "↓", "↑", "←", "@"}:
                yield text, word.start
                fresh = False
            depth += (word.kind == "open") - (word.kind == "close")
            fresh = fresh or (text == "," and not depth)


def _lists(found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Indices of the first token inside each `@[`, and of its closing bracket."""
    at = 0
    while at < len(found):
        word = found[at]
        joined = word.text.endswith(b"@") and at + 1 < len(found) and found[at + 1].start == word.end
        split = joined and found[at + 1].text.startswith(b"[")
        at += 1 + split
        if split or word.text.endswith(b"@["):
            start, depth = at, 1
            while at < len(found) and depth:
                depth += found[at].kind in {"open", "attribute_open"}
                depth -= found[at].kind in {"close", "attribute_close"}
                at += bool(depth)
            yield start, at
