"""What Dafny can say of a spec before anyone fills it.

Law: only names that are called, or stand as a type, and that nothing in sight declares, are told; with one import of a
library that s2c does not see, none are.
"""

from collections.abc import Iterator, Sequence

from s2c.languages.cuts import outside
from s2c.languages.dafny import trivial
from s2c.languages.dafny.outline import read
from s2c.languages.dafny.syntax import tokens
from s2c.languages.lints import Trivial, Unknown, called, is_seen
from s2c.model import Declaration, Outline

# reserved words, for the tree a name where its grammar sees only words, and the types that Dafny brings
_BUILT_IN = frozenset(
    """abstract allocated array as assert assume bool break by calc case char class codatatype const
    constructor continue datatype decreases downto else ensures exists expect export extends false for
    forall fresh function ghost greatest if imap import in include inductive int invariant is iset iterator
    label least lemma map match method modifies modify module multiset nameonly nat new newtype null object
    old older opaque opened ORDINAL predicate print provides reads real refines requires return returns
    reveal reveals seq set static string then this to trait true twostate type unchanged var while witness
    yield yields""".split()  # noqa: SIM905 - a list of words reads best as words
)
_NUMBERED = ("bv", "array")  # bv8, array2, array2?
# after these a word is a member, an attribute, or the name of one
_NO_NAME = frozenset({b".", b"{:", b"@", b"`"})
_IMPORTS = frozenset({b"import", b"refines"})


class DafnyLint:
    """The Lint protocol for Dafny."""

    def undefined(self, source: bytes, outline: Outline, seen: Sequence[Outline]) -> tuple[Unknown, ...]:
        """Names that are only called or used as types and that nothing declares."""

        def is_declared(word: bytes) -> bool:
            name = word.decode("utf-8", "replace")
            plain = name.removesuffix("?")
            own = name in outline.declared or plain in outline.declared
            return own or name not in outline.names or plain in _BUILT_IN or _is_numbered(plain)

        free = called(outline.skeleton, is_declared, _NO_NAME)
        found = [one for one in free if not is_seen(one.decode("utf-8", "replace").removesuffix("?"), seen)]
        if found and _from_elsewhere(outline, seen):
            return ()
        starts = _first_uses(source) if found else {}
        return tuple(Unknown(word.decode("utf-8", "replace"), starts[word]) for word in found if word in starts)

    def promising(self, outline: Outline) -> frozenset[str]:
        """Whoever has an `ensures` that says more than `true`, and functions that a lemma speaks of."""
        own = {one.name for one in outline.declarations if trivial.promises(one)}
        lemmas = [one for one in outline.declarations if one.kind.endswith("lemma") and one.name in own]
        spoken = {word for one in lemmas for clause in one.clauses for word in clause.text.split()}
        return frozenset(own | {one.name for one in outline.declarations if _last(one) in spoken})

    def trivial(self, source: bytes, outline: Outline) -> tuple[Trivial, ...]:
        """Constants and empty bodies for methods and functions that promise something."""
        return trivial.trivial(source, outline)


def _last(declaration: Declaration) -> str:
    return declaration.name.rpartition(".")[2]


def _is_numbered(name: str) -> bool:
    return any(name.removeprefix(word).isdigit() for word in _NUMBERED if name.startswith(word))


def _from_elsewhere(outline: Outline, seen: Sequence[Outline]) -> bool:
    """Whether a module is imported, or refined, that no file in sight declares."""
    modules = {part for one in seen for d in one.declarations if d.kind == "module" for part in d.name.split(".")}
    return any(name not in modules for name in _imported(outline.skeleton))


def _imported(skeleton: Sequence[bytes]) -> Iterator[str]:
    """The first name of each module that is imported or refined: `X` of `import opened M = X.Y`."""
    for at, word in enumerate(skeleton):
        if word in _IMPORTS:
            named = [one for one in skeleton[at + 1 : at + 5] if one != b"opened"]
            yield (named[2:] if named[1:2] == [b"="] else named)[0].decode("utf-8", "replace")


def _first_uses(source: bytes) -> dict[bytes, int]:
    """Where each identifier stands first outside holes."""
    reading = read(source)
    given = outside(tokens(reading.root, reading.blanked), [one.cut for one in reading.places])
    return {word.text: word.start for word in reversed(given) if word.kind == "identifier"}
