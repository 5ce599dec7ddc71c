"""What a language can say of a spec before anyone fills it: what its remarks rest on.

Law: in doubt nothing is said. A name is undeclared only if it can be nothing else; a fill is trivial only if it does
not look at what is asked.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from s2c.model import HoleKind, Outline


@dataclass(frozen=True)
class Unknown:
    """A name that given text uses and nothing declares: where it is first used, in bytes."""

    name: str
    start: int


@dataclass(frozen=True)
class Trivial:
    """Fills that do nothing of what is asked: `what` they are, for a person, and the fill of each hole of `owner`."""

    owner: str
    what: str
    fills: Mapping[str, str] = field(default_factory=dict)


class Lint(Protocol):
    """One language's part in the lint of specs. No method raises."""

    def undefined(self, source: bytes, outline: Outline, seen: Sequence[Outline]) -> tuple[Unknown, ...]:
        """Names that the given text uses and nothing declares. `seen`: all that it can see, itself included."""

    def promising(self, outline: Outline) -> frozenset[str]:
        """Names of the declarations of which something must hold: by their own contract, or by a lemma about them."""

    def trivial(self, source: bytes, outline: Outline) -> tuple[Trivial, ...]:
        """Fills that a contract which asks for something can't let pass: for owners of bodies, likeliest first."""


class Silent:
    """The Lint of a language that can say nothing: everything is declared and promises, nothing is trivial."""

    def undefined(self, source: bytes, outline: Outline, seen: Sequence[Outline]) -> tuple[Unknown, ...]:
        """None."""
        del source, outline, seen
        return ()

    def promising(self, outline: Outline) -> frozenset[str]:
        """All."""
        return frozenset(one.name for one in outline.declarations)

    def trivial(self, source: bytes, outline: Outline) -> tuple[Trivial, ...]:
        """None."""
        del source, outline
        return ()


def filled(outline: Outline, owner: str, text: str) -> dict[str, str]:
    """This text in the one hole of `owner`, and helpers empty."""
    helpers = {hole.id: "" for hole in outline.holes if hole.kind is HoleKind.HELPERS}
    return helpers | {hole.id: text for hole in outline.holes if hole.owner == owner}


def is_seen(name: str, seen: Iterable[Outline]) -> bool:
    """Whether one of these declares the name."""
    return any(name in one.declared for one in seen)


def called(skeleton: Iterable[bytes], is_declared: Callable[[bytes], bool], no_name: Collection[bytes]) -> list[bytes]:
    """Words that are only ever called, `word(...)`, or stand as a type, `: word`; in order, each once.

    A word that stands anywhere else may be bound there. `no_name`: words before which one is no use of a name.
    """
    found: dict[bytes, bool] = {}
    words = list(skeleton)
    for at, word in enumerate(words):
        if not (word[:1].isalpha() or word[:1] == b"_") or found.get(word) is False or is_declared(word):
            continue
        before, after = words[at - 1] if at else b"", words[at + 1] if at + 1 < len(words) else b""
        if before in no_name:
            continue
        found[word] = after == b"(" or before == b":"
    return [word for word, only in found.items() if only]
