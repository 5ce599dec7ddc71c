"""What the mutations of several languages share.

Law: a filler only ever grows, so no two tokens are joined and none is cut; a name is changed in all fills of a row at
once, and only to one that stands nowhere; a helper that nobody names is added in front, where nothing can take it in.
"""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from tests.mutants.code import TORN, Code, depths, is_balanced
from tests.mutants.engine import Change, Text

BLANKS = (" ", "   ", "\t", "\n", "\n\n", " \n\t ")
DECOYS = (
    "todo", "assume false;", "no sorry, no axiom", 'a "quote', "an 'apostrophe", "{ [ (", "} ] )", "// not the end",
    "{:verify false}", "#[verifier::external_body]", "lemma", "-- and so on", "", "*", "vc-code",
)  # fmt: skip
FRESH = ("fresh", "assumed", "axiomatic", "sorryFree", "admitted", "verified", "ghostly", "unsafely", "externalBody")


def widened(blanks: Sequence[str]) -> Change:
    """More blanks in a gap."""
    return lambda text, rng: grown(text, rng, rng.choice(blanks))


def commented(make: Callable[[str], str], decoys: Sequence[str]) -> Change:
    """A comment more in a gap."""
    return lambda text, rng: grown(text, rng, make(rng.choice(decoys)))


def grown(text: Text, rng: random.Random, more: str) -> Text:
    """`more` at the front of a filler, where the last token before it has ended and no comment has begun."""
    hole = text.hole(rng)
    code = text.fills[hole]
    last = next((at for at, token in enumerate(code.tokens) if token.kind == TORN), len(code.tokens))
    gap = rng.randrange(last + 1)
    if gap and code.tokens[gap - 1].kind == "line":
        more = "\n" + more
    if gap < len(code.tokens) and code.tokens[gap].kind == "line" and not code.fillers[gap]:
        more += "\n"
    return text.with_fill(hole, code.with_filler(gap, more + code.fillers[gap]))


def crlf(text: Text, rng: random.Random) -> Text | None:
    """Line ends of two characters."""
    hole = text.hole(rng)
    code = text.fills[hole]
    if text.is_torn or any("\n" in token.text for token in code.tokens):
        return None
    fillers = tuple(filler.replace("\r\n", "\n").replace("\n", "\r\n") for filler in code.fillers)
    return text.with_fill(hole, Code(fillers, code.tokens))


def bracketed(words: Collection[str], allowed: Callable[[Code, int], bool]) -> Change:
    """A constant in parentheses."""

    def change(text: Text, rng: random.Random) -> Text | None:
        hole = text.hole(rng)
        code = text.fills[hole]
        places = [at for at, one in enumerate(code.tokens) if one.kind == "name" and one.text in words]
        places = [at for at in places if allowed(code, at)]
        if text.is_torn or not places:
            return None
        at = rng.choice(places)
        return text.with_fill(hole, code.replaced(at, at + 1, ["(", code.at(at), ")"]))

    return change


def renaming(declared: Callable[[Code], Iterable[str]], spellings: Sequence[str] = ("{}",)) -> Change:
    """A name that the fills declare becomes another; `spellings`: how a fresh name may look."""

    def change(text: Text, rng: random.Random) -> Text | None:
        names = {name for code in text.fills.values() for name in declared(code)} - text.given
        names = {name for name in names if name.isascii()}  # another only looks like a name of the spec
        if text.is_torn or not names:
            return None
        new = fresh(text, rng, spellings)
        old = rng.choice(sorted(names))
        return replace(text, fills={hole: code.renamed(old, new) for hole, code in text.fills.items()})

    return change


def fresh(text: Text, rng: random.Random, spellings: Sequence[str] = ("{}",)) -> str:
    """A name that stands nowhere in the fills or the spec."""
    taken = text.given.union(*(code.names for code in text.fills.values()))
    while True:
        name = rng.choice(spellings).format(f"{rng.choice(FRESH)}{rng.randrange(100)}")
        if name not in taken:
            return name


def one_more(make: Callable[[str], str], cut: Callable[[str], Code], not_before: Collection[str]) -> Change:
    """A helper that nobody names, in front of all others."""

    def change(text: Text, rng: random.Random) -> Text | None:
        code = text.fills.get("helpers", Code(("",), ()))
        begins = f"{code.at(0)}{code.at(1)}"
        if begins.startswith(tuple(not_before)) or (text.is_torn and not code.is_torn):
            return None
        added = cut(make(fresh(text, rng)) + "\n")
        between = added.fillers[-1] + code.fillers[0]
        joined = (*added.fillers[:-1], between, *code.fillers[1:])
        return text.with_fill("helpers", Code(joined, added.tokens + code.tokens))

    return change


def first_statement(make: str, cut: Callable[[str], Code]) -> Change:
    """A statement that is true, first in the braces of a body."""

    def change(text: Text, _: random.Random) -> Text | None:
        code = text.fills[text.main]
        if text.main == "helpers" or text.is_torn or code.at(0) != "{" or code.at(1) in {"", "}"}:
            return None
        added = cut(" " + make)
        fillers = (code.fillers[0], *added.fillers[:-1], *code.fillers[1:])
        return text.with_fill(text.main, Code(fillers, (code.tokens[0], *added.tokens, *code.tokens[1:])))

    return change


Pieces = list[tuple[int, int]]


def shuffled(cut: Callable[[Code, list[int]], Pieces]) -> Change:
    """The helpers in another order. `cut` says where each begins and ends; no pieces where it is not sure."""

    def change(text: Text, rng: random.Random) -> Text | None:
        code = text.fills.get("helpers")
        if code is None or not is_balanced(code) or any(token.kind == "line" for token in code.tokens):
            return None
        pieces = cut(code, depths(code))
        if len(pieces) < 2:
            return None
        rng.shuffle(pieces)
        return text.with_fill("helpers", joined(code, pieces))

    return change


def joined(code: Code, pieces: Pieces) -> Code:
    """The pieces one after the other, each after a line end, as a comment before it may run to one."""
    fillers: list[str] = []
    for start, end in pieces:
        fillers += ["\n" + code.fillers[start], *code.fillers[start + 1 : end]]
    tokens = [token for start, end in pieces for token in code.tokens[start:end]]
    return Code((*fillers, "\n" + code.fillers[-1]), tuple(tokens))
