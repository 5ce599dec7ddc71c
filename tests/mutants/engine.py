"""Mutations drawn and put together: so many mutants for each row of a catalogue.

Law: each mutant is another text than its row and than the mutants before it, and begins with another mutation of the
list in turn, so that twenty of them show every mutation that applies. What a mutant is depends on the row's id and its
number only.
"""

import importlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, cast

from tests.mutants.code import Code

MOST = 4  # mutations in one mutant
TRIES = 40
IN_ORDER = ("helpers", "body", "proof")  # as the holes stand in every spec of the catalogue


@dataclass(frozen=True)
class Text:
    """All fills of a row that it gives itself, cut; `main` is the hole that the row is about.

    `given`: names of the spec around them. Names and helpers are changed in all fills alike.
    """

    fills: Mapping[str, Code]
    main: str
    given: frozenset[str]

    def with_fill(self, hole: str, code: Code) -> "Text":
        """The same with another text in one hole."""
        return replace(self, fills={**self.fills, hole: code})

    def hole(self, rng: random.Random) -> str:
        """One hole, most often the main one. Where something is never closed, only that one: it swallows the rest."""
        torn = next((hole for hole in IN_ORDER if hole in self.fills and self.fills[hole].is_torn), None)
        return torn or (self.main if rng.random() < 0.75 else rng.choice(sorted(self.fills)))

    @property
    def is_torn(self) -> bool:
        """Whether a fill has something that nothing in it closes."""
        return any(code.is_torn for code in self.fills.values())

    @property
    def plain(self) -> dict[str, str]:
        """The fills as they are written."""
        return {hole: code.text for hole, code in self.fills.items()}


Change = Callable[[Text, random.Random], Text | None]


class Mutation(NamedTuple):
    """A named change, and why the meaning stays. It gives None where it does not apply."""

    name: str
    law: str
    change: Change


class Mutant(NamedTuple):
    """The fills of a row said in other words, and by which mutations."""

    number: int
    names: tuple[str, ...]
    fills: dict[str, str]


class Spoken(Protocol):
    """What the module of a language has."""

    MUTATIONS: Sequence[Mutation]

    def code(self, text: str) -> Code:
        """A text cut into tokens and fillers."""


def spoken(language: str) -> Spoken:
    """The module of a language."""
    return cast("Spoken", importlib.import_module(f"tests.mutants.{language}"))


def mutants(language: str, name: str, main: str, fills: Mapping[str, str], source: str) -> Iterator[Mutant]:
    """Mutants of the row `name` without end, or until none is new. `source`: the spec around the fills."""
    module = spoken(language)
    start = Text({hole: module.code(text) for hole, text in fills.items()}, main, module.code(source).names)
    seen = [dict(fills)]
    number = 0
    while True:
        found = _mutant(module.MUTATIONS, start, name, number, seen)
        if found is None:
            return
        seen.append(found.fills)
        yield found
        number += 1


def _mutant(
    mutations: Sequence[Mutation], start: Text, name: str, number: int, seen: Sequence[dict[str, str]]
) -> Mutant | None:
    for again in range(TRIES):
        rng = random.Random(f"{name} {number} {again}")  # noqa: S311 - the same mutants in every run
        first = mutations[(number + again) % len(mutations)]
        drawn = [first, *rng.choices(mutations, k=rng.randrange(MOST))]
        text, names = start, []
        for mutation in drawn:
            changed = mutation.change(text, rng)
            if changed is not None:
                text = changed
                names.append(mutation.name)
        if names and text.plain not in seen:
            return Mutant(number, tuple(names), text.plain)
    return None
