"""What Verus can say of a spec before anyone fills it.

Law: only functions that are called by a plain name, in lower case, and that nothing in sight declares, are told; with
one `use` of everything from elsewhere than vstd's prelude, none are.
"""

from collections.abc import Iterator, Sequence

from s2c.languages.cuts import outside
from s2c.languages.lints import Silent, Unknown, called, is_seen
from s2c.languages.verus.keywords import bare
from s2c.languages.verus.outline import read
from s2c.languages.verus.syntax import NAME
from s2c.model import Declaration, Outline

# types and functions of Rust's and vstd's preludes, and words that are keywords only in their place
_KNOWN = frozenset(
    """admit affirm align_of all any arbitrary array array_index assert assert_by assume auto bool by
    call_ensures call_requires cfg char choose clone cloned closure_to_fn_spec constrain_type decreases
    decreases_by decreases_when default derive drop ensures equal except exists ext_equal ext_equal_deep
    extra_dependency f32 f64 forall from_fn get_union_field get_variant_field global has_type hide i128 i16
    i32 i64 i8 imply inline_air_stmt int invariant invariant_ensures invariant_except_break is_smaller_than
    is_variant isize map matches nat no_unwind old open opens_invariants print_u64 proof_from_false real
    recommends requires returns reveal reveal_hide reveal_strlit reveal_with_fuel runtime_assert seq set
    signed_int_max signed_int_min size_of spec_affirm spec_eq str strictly_cloned trigger u128 u16 u32 u64
    u8 unreached unsigned_int_max unsigned_int_min usize vec_index verifier via when with_triggers""".split()  # noqa: SIM905 - a list of words reads best as words
)
# after these a word is a member, part of a path, a new name, or in an attribute
_NO_USE = frozenset({b".", b"::", b"fn", b"[", b"!"})
_CONTRACT = frozenset({"ensures", "returns"})


class VerusLint(Silent):
    """The Lint protocol for Verus."""

    def undefined(self, source: bytes, outline: Outline, seen: Sequence[Outline]) -> tuple[Unknown, ...]:
        """Functions that are only called and that nothing declares."""
        if any(_globs(outline.skeleton)):
            return ()

        def is_declared(word: bytes) -> bool:
            name = bare(word)
            known = name in outline.declared or name in _KNOWN
            return known or name not in outline.names or not name.islower()

        found = [one for one in called(outline.skeleton, is_declared, _NO_USE) if not is_seen(bare(one), seen)]
        starts = _first_uses(source) if found else {}
        return tuple(Unknown(bare(word), starts[word]) for word in found if word in starts)

    def promising(self, outline: Outline) -> frozenset[str]:
        """Whoever ensures more than `true`, and functions that a lemma speaks of."""
        own = {one.name for one in outline.declarations if _promises(one)}
        lemmas = [one for one in outline.declarations if one.kind.endswith("proof fn") and one.name in own]
        spoken = {word for one in lemmas for clause in one.clauses for word in clause.text.split()}
        return frozenset(own | {one.name for one in outline.declarations if one.name.rpartition("::")[2] in spoken})


def _promises(declaration: Declaration) -> bool:
    said = (one.text.strip(" ,") for one in declaration.clauses if one.kind in _CONTRACT)
    return any(text not in {"true", ""} for text in said)


def _globs(skeleton: Sequence[bytes]) -> Iterator[bool]:
    """For each `use ...::*` whether it brings in names that s2c does not see."""
    for at, word in enumerate(skeleton):
        if (
            word == b"*"
            and at
            and skeleton[at - 1] == b"::"
            and skeleton[at - 4 : at - 1] != (b"vstd", b"::", b"prelude")
        ):
            yield True


def _first_uses(source: bytes) -> dict[bytes, int]:
    """Where each name stands first outside holes."""
    reading = read(source)
    given = outside(reading.tokens, [one.cut for one in reading.places])
    return {word.text: word.start for word in reversed(given) if word.kind == NAME}
