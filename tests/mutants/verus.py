"""Verus: blanks, comments, names and raw names, order, attributes in their old and new form.

Law: between two tokens Rust reads neither blanks nor comments, and comments nest (`/**`, `/*!`, `///` and `//!` are
attributes, so none is made). `r#x` is `x` unless `x` is a keyword. Verus reads `verifier::x` and `verifier(x)` alike.
"""

import random
import re
from collections.abc import Iterator
from itertools import pairwise

from tests.mutants import alike
from tests.mutants.code import OPENING, Code, Lexer
from tests.mutants.engine import Mutation, Text

KEYWORDS = frozenset(
    """
    as async await become break const continue crate do dyn else enum extern false fn for gen if impl in let loop macro
    match mod move mut override priv pub ref return Self self static struct super trait true try type typeof union
    unsafe unsized use virtual where while yield
    spec proof exec axiom open closed uninterp broadcast group requires ensures recommends returns decreases invariant
    invariant_except_break invariant_ensures default_ensures opens_invariants no_unwind assert assume forall exists
    choose ghost tracked by implies via when is isnt has hasnt matches reveal reveal_with_fuel hide global layout
    assume_specification checked any none calc with auto trigger all_triggers
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_STANDARD = frozenset("Vec Seq Set Map Option i32 u32 int nat bool assert default len clone main Tr".split())  # noqa: SIM905 - as above
_DECLARES = frozenset("fn struct enum mod const let mut trait ghost".split())  # noqa: SIM905 - as above
_ITEMS = frozenset("fn struct enum const use mod trait impl type static".split())  # noqa: SIM905 - as above
_DECOYS = tuple(one for one in alike.DECOYS if not one.startswith(("*", "!", "/")) and one)

_LEXER = Lexer(
    re.compile(
        r"""(?P<blank>\s+) | (?P<comment>//[^\n]*) | (?P<open>/\*)
        | (?P<string>[bc]?r(?P<hashes>\#*)"[\s\S]*?"(?P=hashes)|[bc]?"(?:[^"\\]|\\[\s\S])*")
        | (?P<torn>[bc]?r\#*"[\s\S]*|[bc]?"[\s\S]*)
        | (?P<char>b?'(?:[^'\\\n]|\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F_]+\}|[^xu]))')
        | (?P<lifetime>'[A-Za-z_]\w*) | (?P<name>(?:r\#)?[^\W\d]\w*) | (?P<number>\d\w*(?:\.\d\w*)?)
        | (?P<sign><==>|==>|<==|=~~=|!~~=|=~=|!~=|===|!==|&&&|\|\|\||<<=|>>=|\.\.\.|\.\.=|\.\.|::|->|=>|==|!=|<=|>=|&&
        |\|\||<<|>>|[-+*/%^&|]=)""",
        re.VERBOSE,
    ),
    re.compile(r"(?P<open>/\*)|(?P<close>\*/)"),
)


def code(text: str) -> Code:
    """A text cut into tokens and fillers."""
    return _LEXER.code(text)


def _declared(found: Code) -> Iterator[str]:
    for before, token in pairwise(found.tokens):
        known = token.text in KEYWORDS | _STANDARD or token.text.startswith("r#")
        if before.text in _DECLARES and token.kind == "name" and not known:
            yield token.text


def _in_attribute(found: Code) -> list[bool]:
    """For each token, whether it is in the brackets of an attribute."""
    told, depth = [], 0
    for at, token in enumerate(found.tokens):
        begins = token.text == "[" and "#" in {found.at(at - 1), found.at(at - 2) if found.at(at - 1) == "!" else ""}
        depth += begins or (depth > 0 and token.text in OPENING)
        told.append(depth > 0)
        depth -= depth > 0 and token.text in {")", "]", "}"}
    return told


def _raw(text: Text, rng: random.Random) -> Text | None:
    """One name that is no keyword, spelled raw; names of attributes and macros left alone."""
    hole = text.hole(rng)
    found = text.fills[hole]
    hidden = _in_attribute(found)
    own = set(_declared(found)) | {"assume", "admit", "assume_new"}
    places = [
        at
        for at, one in enumerate(found.tokens)
        if one.kind == "name" and one.text in own and not hidden[at] and found.at(at + 1) != "!"
    ]
    if text.is_torn or not places:
        return None
    at = rng.choice(places)
    return text.with_fill(hole, found.replaced(at, at + 1, [f"r#{found.at(at)}"]))


def _end(found: Code, at: int) -> int:
    """Behind the bracket group that begins at `at`; `at` itself where none does."""
    depth, end = 0, at
    while end < len(found.tokens) and (depth or (end == at and found.at(at) in OPENING)):
        depth += (found.at(end) in OPENING) - (found.at(end) in {")", "]", "}"})
        end += 1
    return end


def _respelled(text: Text, rng: random.Random) -> Text | None:
    """`verifier::x(..)` as `verifier(x(..))` or the other way round, before items."""
    found = text.fills.get("helpers")
    if found is None or text.is_torn:
        return None
    hidden = _in_attribute(found)
    places = [at for at, one in enumerate(found.tokens) if one.text == "verifier" and hidden[at]]
    if not places:
        return None
    at = rng.choice(places)
    if found.at(at + 1) == "::":
        end = _end(found, at + 3)
        return text.with_fill("helpers", _wrapped(found, at + 1, end))
    end = _end(found, at + 1)
    inner = [found.at(index) for index in range(at + 2, end - 1)]
    return text.with_fill("helpers", found.replaced(at + 1, end, ["::", *inner])) if "," not in inner else None


def _wrapped(found: Code, at: int, end: int) -> Code:
    inner = [found.at(index) for index in range(at + 1, end)]
    return found.replaced(at, end, ["(", *inner, ")"])


def _pieces(found: Code, depth: list[int]) -> alike.Pieces:
    """An item ends with the first `;` or `}` outside of brackets; where one has no word of an item, none is sure."""
    ends = [at + 1 for at, one in enumerate(found.tokens) if depth[at] == 0 and one.text in {";", "}"}]
    pieces = list(zip([0, *ends], ends, strict=False))
    whole = all(any(found.at(at) in _ITEMS for at in range(*piece) if depth[at] == 0) for piece in pieces)
    plain = not any(found.at(at) == "!" and depth[at] == 0 for at in range(len(found.tokens)))
    return pieces if whole and plain and ends[-1:] == [len(found.tokens)] else []


def _may_stand_in_brackets(found: Code, at: int) -> bool:
    return not _in_attribute(found)[at] and found.at(at - 1) not in {"|", "match"}


MUTATIONS = (
    Mutation("blanks", "between two tokens any number of blanks and lines is one", alike.widened(alike.BLANKS)),
    Mutation("line ends", "a line may end with CR and LF", alike.crlf),
    Mutation("comment", "a comment is blank", alike.commented("/* {} */".format, _DECOYS)),
    Mutation("tight comment", "a comment separates as a blank does", alike.commented("/*{}*/".format, _DECOYS[:2])),
    Mutation("nested comment", "comments nest", alike.commented("/* a /* {} */ b */".format, _DECOYS)),
    Mutation("line comment", "a comment to the end of the line is blank", alike.commented("// {}\n".format, _DECOYS)),
    Mutation("name", "what a fill alone declares may have any name", alike.renaming(_declared, ("{}", "{}_", "_{}"))),
    Mutation("raw name", "`r#x` is `x`, unless that is a keyword", _raw),
    Mutation("attribute", "Verus reads `verifier::x` and `verifier(x)` alike before items", _respelled),
    Mutation("order", "items that are no macros have no order", alike.shuffled(_pieces)),
    Mutation(
        "one more helper",
        "a proved function that nobody calls says nothing",
        alike.one_more("proof fn {}()\n{{\n}}".format, code, {"}", ")", "#!"}),
    ),
    Mutation("first statement", "`assert(true);` says nothing", alike.first_statement("assert(true);", code)),
    Mutation(
        "parentheses",
        "a constant in parentheses is that constant",
        alike.bracketed({"true", "false"}, _may_stand_in_brackets),
    ),
)
