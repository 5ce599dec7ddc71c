"""Lean: blanks and comments within lines, blank lines, names and « », order, parentheses.

Law: Lean reads columns. So a line is never broken or moved in; and something is put into the middle of a line only
where no later line begins further to the right: what stands behind it is then nothing that a later line is measured
by. A filler grows only where there is one, or inside brackets, since `x -1` and `x - 1` are two things. Comments nest;
one that begins with `/--` or `/-!` is text of the program.
"""

import random
import re
from collections.abc import Iterator

from tests.mutants import alike
from tests.mutants.code import TORN, Code, Lexer, Token
from tests.mutants.engine import Change, Mutation, Text

_DECLARES = frozenset(
    "theorem lemma def axiom opaque class structure inductive abbrev namespace have let".split()  # noqa: SIM905 - a list of words reads best as words
)
_ALONE = _DECLARES - {"namespace", "have", "let"} | {"instance", "example"}
_BEFORE = frozenset({"@", "private", "protected", "noncomputable", "unsafe", "partial"})
# names that no release reserves, and names that the specs of the catalogue declare: they may stand in « »
_QUOTABLE = frozenset(
    """
    sorryAx ofReduceBool Classical choose choice List Nat Int IO FS writeFile implemented_by debug skipKernelTC
    byAsSorry     IsMax total solve solve_spec trivial rfl length Lean addDecl Coe Membership OfNat
    """.split()  # noqa: SIM905 - as above
)
_RESERVED = frozenset(
    """
    theorem lemma def axiom opaque class structure inductive abbrev namespace end have let fun by match with if then
    else     do for in where deriving instance example open set_option sorry admit stop true false True False
    """.split()  # noqa: SIM905 - as above
)
_DECOYS = (
    "todo", "sorry", "axiom bad : False", 'a "quote', "an 'apostrophe", "{ [ (", "} ] )", "#exit", "-- not the end",
    "« and", "native_decide", "", "end", "@[csimp]",
)  # fmt: skip

_LEXER = Lexer(
    re.compile(
        r"""(?P<blank>[ \t\r\n]+) | (?P<comment>--[^\n]*) | (?P<open>/-)
        | (?P<string>r(?P<hashes>\#*)"[\s\S]*?"(?P=hashes)|"(?:[^"\\]|\\[\s\S])*") | (?P<torn>r\#*"[\s\S]*|"[\s\S]*)
        | (?P<char>'(?:[^'\\\n]|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^xu]))')
        | (?P<name>«[^»\n]*»|[^\W\d][\w'!?]*) | (?P<number>\d[\w]*(?:\.\d+)?)
        | (?P<sign>:=|=>|<;>|<\||\|>|<-|->|\.\.|::|[<>]=|``|&&|\|\|)""",
        re.VERBOSE,
    ),
    re.compile(r"(?P<open>/-)|(?P<close>-/)"),
    lambda text: text.startswith(("/--", "/-!")) and text != "/--/",
)


def code(text: str) -> Code:
    """A text cut into tokens and fillers."""
    return _LEXER.code(text)


# --- where something may be put -----------------------------------------------------------------------------------


def _column(found: Code, gap: int) -> int:
    before = Code(found.fillers[: gap + 1], found.tokens[:gap]).text
    return len(before) - before.rfind("\n") - 1


def _indents(found: Code, gap: int) -> Iterator[int]:
    """The columns of the tokens that begin a line from this gap on."""
    for at in range(gap, len(found.tokens)):
        if "\n" in found.fillers[at]:
            yield _column(found, at)


def _is_free(found: Code, gap: int) -> bool:
    """Whether more may stand before token `gap` in the middle of its line."""
    inside = found.at(gap - 1) in {"(", "[", "⟨"} or found.at(gap) in {")", "]", "⟩"}
    blank = found.fillers[gap].isspace() and "\n" not in found.fillers[gap]
    plain = all(token.kind != TORN and "\n" not in token.text for token in found.tokens[max(gap - 1, 0) : gap + 1])
    if not 0 < gap < len(found.tokens) or not plain or not (blank or (inside and not found.fillers[gap])):
        return False
    return max(_indents(found, gap + 1), default=0) <= _column(found, gap)


def _within(make: Change) -> Change:
    """Something more in the middle of a line; `make` is given the text with that gap as its only filler."""

    def change(text: Text, rng: random.Random) -> Text | None:
        hole = text.hole(rng)
        found = text.fills[hole]
        gaps = [gap for gap in range(len(found.tokens)) if _is_free(found, gap)]
        if not gaps:
            return None
        gap = rng.choice(gaps)
        small = make(Text({hole: Code((found.fillers[gap],), ())}, hole, text.given), rng)
        return text.with_fill(hole, found.with_filler(gap, small.fills[hole].text)) if small else None

    return change


def _spaced(text: Text, rng: random.Random) -> Text:
    return text.with_fill(text.main, code(text.plain[text.main] + " " * rng.randrange(1, 5)))


def _noted(form: str) -> Change:
    """A block comment, with a blank on both sides."""

    def change(text: Text, rng: random.Random) -> Text:
        return text.with_fill(text.main, code(f" {form.format(rng.choice(_DECOYS))} {text.plain[text.main]}"))

    return _within(change)


def _line_end(text: Text, rng: random.Random) -> Text | None:
    """A comment to the end of a line that has none."""
    hole = text.hole(rng)
    found = text.fills[hole]
    size = len(found.tokens) - found.is_torn
    gaps = [gap for gap in range(1, size + 1) if not found.fillers[gap].partition("\n")[0].strip()]
    gaps = [gap for gap in gaps if "\n" in found.fillers[gap] or gap == len(found.tokens)]
    if not gaps:
        return None
    gap = rng.choice(gaps)
    first, line, rest = found.fillers[gap].replace("\r", "").partition("\n")
    return text.with_fill(hole, found.with_filler(gap, f"{first} -- {rng.choice(_DECOYS)}{line}{rest}"))


def _between_lines(make: str) -> Change:
    """A line of no meaning between two lines, or in front of all."""

    def change(text: Text, rng: random.Random) -> Text | None:
        hole = text.hole(rng)
        found = text.fills[hole]
        size = len(found.tokens) - found.is_torn
        gaps = [gap for gap in range(size + 1) if "\n" in found.fillers[gap]]
        line = make.format(rng.choice(_DECOYS))
        if hole == "helpers" and (not gaps or rng.random() < 0.3):
            return text.with_fill(hole, found.with_filler(0, f"{line}\n{found.fillers[0]}"))
        if not gaps:
            return None
        gap = rng.choice(gaps)
        first, _, rest = found.fillers[gap].replace("\r", "").partition("\n")
        return text.with_fill(hole, found.with_filler(gap, f"{first}\n{line}\n{rest}"))

    return change


# --- names, order, parentheses ------------------------------------------------------------------------------------


def _declared(found: Code) -> Iterator[str]:
    """Names that a fill declares, but for those that are dotted or stand behind a dot somewhere."""
    members = {token.text for at, token in enumerate(found.tokens) if found.at(at - 1) == "."}
    for at, token in enumerate(found.tokens):
        declares = found.at(at - 1) in _DECLARES and token.kind == "name" and found.at(at + 1) != "."
        if declares and token.text not in _RESERVED | members and not token.text.startswith("«"):
            yield token.text


def _renamed(text: Text, rng: random.Random) -> Text | None:
    """Only where it moves nothing that a later line is measured by: names of one length."""
    names = {name for found in text.fills.values() for name in _declared(found)} - text.given
    members = {
        found.at(at) for found in text.fills.values() for at in range(1, len(found.tokens)) if found.at(at - 1) == "."
    }
    names = {name for name in names - members if len(name) > 1 and name.isascii()}  # what only looks so stays
    if text.is_torn or not names:
        return None
    old = rng.choice(sorted(names))
    new = _of_length(text, rng, len(old))
    fills = {hole: found.renamed(old, new) for hole, found in text.fills.items()}
    return Text(fills, text.main, text.given)


def _of_length(text: Text, rng: random.Random, length: int) -> str:
    taken = text.given.union(_RESERVED, *(found.names for found in text.fills.values()))
    while True:
        name = rng.choice("zqwφψ") + "".join(rng.choices("abkz_'₁₂₇φψ", k=length - 1))
        if name not in taken:
            return name


def _quoted(text: Text, rng: random.Random) -> Text | None:
    """A name in « », where it moves nothing."""
    hole = text.hole(rng)
    found = text.fills[hole]
    own = _QUOTABLE | {name for one in text.fills.values() for name in _declared(one)}
    places = [at for at, one in enumerate(found.tokens) if one.kind == "name" and one.text in own and _moves(found, at)]
    if text.is_torn or not places:
        return None
    at = rng.choice(places)
    tokens = (*found.tokens[:at], Token("name", f"«{found.at(at)}»"), *found.tokens[at + 1 :])
    return text.with_fill(hole, Code(found.fillers, tokens))


def _moves(found: Code, at: int) -> bool:
    """Whether what stands behind token `at` on its line may be moved."""
    return max(_indents(found, at + 1), default=0) <= _column(found, at)


def _may_stand_in_brackets(found: Code, at: int) -> bool:
    joined = {found.at(at - 1), found.at(at + 1)} & {".", "`", "``", "@", "«", "#", "+"}
    command = found.at(at - 1) in _DECLARES | {"set_option"} or found.at(at - 2) == "."
    return not joined and not command and _moves(found, at)


def _swapped(text: Text, rng: random.Random) -> Text | None:
    """Two declarations side by side of which none names the other."""
    found = text.fills.get("helpers")
    if found is None or text.is_torn:
        return None
    pieces = _pieces(found)
    pairs = [at for at in range(len(pieces) - 1) if _apart(found, pieces[at], pieces[at + 1])]
    if not pairs:
        return None
    at = rng.choice(pairs)
    order = [*pieces[:at], pieces[at + 1], pieces[at], *pieces[at + 2 :]]
    return text.with_fill("helpers", alike.joined(found, order))


def _pieces(found: Code) -> alike.Pieces:
    """Whole declarations, each from the first column on; none where a command that is no declaration stands."""
    starts = [
        at for at, filler in enumerate(found.fillers[:-1]) if (not at or "\n" in filler) and not _column(found, at)
    ]
    starts = [at for at in starts if found.at(at) not in {"deriving", "termination_by", "decreasing_by", "|"}]
    plain = starts[:1] == [0] and all(found.at(at) in _ALONE | _BEFORE for at in starts)
    pieces = list(zip(starts, [*starts[1:], len(found.tokens)], strict=True))
    whole = all(any(found.at(at) in _ALONE for at in range(*piece)) for piece in pieces)  # no modifier is left alone
    return pieces if plain and whole else []


def _apart(found: Code, first: tuple[int, int], second: tuple[int, int]) -> bool:
    one, other = (Code(("",) * (b - a + 1), found.tokens[a:b]) for a, b in (first, second))
    return not (set(_named(one)) & other.names or set(_named(other)) & one.names)


def _named(found: Code) -> Iterator[str]:
    return (found.at(at) for at in range(1, len(found.tokens)) if found.at(at - 1) in _DECLARES)


MUTATIONS = (
    Mutation("blanks", "within a line any number of blanks is one", _within(_spaced)),
    Mutation("comment", "a comment is blank", _noted("/- {} -/")),
    Mutation("nested comment", "comments nest", _noted("/- a /- {} -/ b -/")),
    Mutation("line comment", "a comment to the end of the line is blank", _line_end),
    Mutation("blank line", "between two lines any number of empty lines is none", _between_lines("")),
    Mutation("comment line", "a line that is all comment is empty", _between_lines("-- {}")),
    Mutation("comment block", "a comment may have lines of its own", _between_lines("/- {}\n   more -/")),
    Mutation("line ends", "a line may end with CR and LF", alike.crlf),
    Mutation("name", "what a fill alone declares may have any name", _renamed),
    Mutation("guillemets", "« » are no part of a name", _quoted),
    Mutation("order", "declarations of which none names the other may come in any order", _swapped),
    Mutation(
        "one more helper",
        "a proved theorem that nobody names says nothing",
        alike.one_more("theorem {} : True := trivial\n".format, code, {"import", "prelude", "module"}),
    ),
    Mutation(
        "parentheses",
        "a constant in parentheses is that constant",
        alike.bracketed({"False", "True", "sorry", "admit", "trivial"}, _may_stand_in_brackets),
    ),
)
