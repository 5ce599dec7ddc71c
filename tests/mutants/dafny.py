"""Dafny, both generations: blanks, comments, names, order, parentheses.

Law: between two tokens Dafny reads neither blanks nor comments, and comments nest; a module has no order; a bound name
may be any. `{:` is one token, `{: axiom }` is `{:axiom}`. A line that begins with `#if` is no text of Dafny: it stays
a line of its own, and no line is made that begins so.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from tests.mutants import alike
from tests.mutants.code import Code, Lexer
from tests.mutants.engine import Mutation

KEYWORDS = frozenset(
    """
    abstract allocated as assert assume bool break by calc case char class codatatype const constructor continue
    datatype decreases else ensures exists expect export extends false forall fresh function ghost greatest if imap
    import in include int invariant is iset iterator label least lemma map match method modifies modify module
    multiset nameonly nat new newtype null object object? old opaque opened ORDINAL predicate print provides reads
    real refines requires return returns reveal reveals seq set static string then this trait true twostate type
    unchanged var where while witness yield yields free inductive colemma protected copredicate
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_DECLARES = frozenset(
    """
    lemma method function predicate class trait module datatype codatatype const var newtype type iterator label
    """.split()  # noqa: SIM905 - as above
)
_MODIFIERS = frozenset("ghost static abstract twostate least greatest inductive opaque protected @".split())  # noqa: SIM905 - as above
_TOP = (_DECLARES | {"import"}) - {"var", "label"}

_SPELLINGS = ("{}", "{}'", "{}?", "{}_")

_LEXER = Lexer(
    re.compile(
        r"""(?P<line>(?:(?<=\n)|(?<![\s\S]))[ \t]*\#(?:if|elsif|else|endif)[^\n]*)
        | (?P<blank>[^\S\n]+|\n) | (?P<comment>//[^\n]*) | (?P<open>/\*)
        | (?P<string>@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*") | (?P<torn>@?"[\s\S]*)
        | (?P<char>'(?:[^'\\\n]|\\(?:u[0-9a-fA-F]{4}|.))')
        | (?P<name>[A-Za-z_?][A-Za-z0-9_'?]*)
        | (?P<number>0x[0-9a-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?)
        | (?P<sign><==>|<==|==>|==\#|!=\#|\.\.\.|-->|\{:|:=|:\||:-|::|==|!=|<=|>=|&&|\|\||\.\.|=>|->|~>|!!|!in\b|<-)""",
        re.VERBOSE,
    ),
    re.compile(r"(?P<open>/\*)|(?P<close>\*/)"),
)


def code(text: str) -> Code:
    """A text cut into tokens and fillers."""
    return _LEXER.code(text)


def _inside_attribute(found: Code) -> list[bool]:
    """For each token, whether it is in a `{:...}` or right behind an `@`."""
    inside, depth, told = False, 0, []
    for at, token in enumerate(found.tokens):
        inside = inside or token.text == "{:"
        depth += inside and token.text in {"{", "{:", "("}
        told.append(inside or "@" in {found.at(at - back) for back in (1, 3)})
        depth -= inside and token.text in {"}", ")"}
        inside = inside and depth > 0
    return told


def _declared(found: Code) -> Iterator[str]:
    """Names after the word that declares them, attributes between them or not."""
    attribute = _inside_attribute(found)
    plain = [token for token, hidden in zip(found.tokens, attribute, strict=True) if not hidden]
    for before, token in pairwise(plain):
        if before.text in _DECLARES and token.kind == "name" and token.text not in KEYWORDS:
            yield token.text


def _may_stand_in_brackets(found: Code, at: int) -> bool:
    return not _inside_attribute(found)[at] and found.at(at - 1) not in {"case", ".", "`"}


def _pieces(found: Code, depth: list[int]) -> alike.Pieces:
    """A declaration begins at its first word, or at the first modifier before that."""
    starts: list[int] = []
    named = True
    for at, token in enumerate(found.tokens):
        begins = token.text in _TOP and found.at(at - 1) not in {"function", "predicate"}
        if depth[at] == 0 and (begins or token.text in _MODIFIERS):
            if named:
                starts.append(at)
            named = begins
    if not starts or starts[0] != 0 or not named:
        return []
    return list(zip(starts, [*starts[1:], len(found.tokens)], strict=True))


MUTATIONS = (
    Mutation("blanks", "between two tokens any number of blanks and lines is one", alike.widened(alike.BLANKS)),
    Mutation("line ends", "a line may end with CR and LF", alike.crlf),
    Mutation("comment", "a comment is blank", alike.commented("/* {} */".format, alike.DECOYS)),
    Mutation("tight comment", "a comment separates as blanks do", alike.commented("/*{}*/".format, alike.DECOYS[:2])),
    Mutation("nested comment", "comments nest", alike.commented("/* a /* {} */ b */".format, alike.DECOYS)),
    Mutation("line comment", "a comment ends with its line", alike.commented("// {}\n".format, alike.DECOYS)),
    Mutation("name", "what only a fill declares may have any name", alike.renaming(_declared, _SPELLINGS)),
    Mutation("order", "the declarations of a module have no order", alike.shuffled(_pieces)),
    Mutation(
        "one more helper",
        "a proved lemma that nobody calls says nothing",
        alike.one_more("lemma {}()\n{{\n}}".format, code, {"}", ")"}),
    ),
    Mutation("first statement", "`assert true;` says nothing", alike.first_statement("assert true;", code)),
    Mutation(
        "parentheses",
        "a constant in parentheses is that constant",
        alike.bracketed({"true", "false"}, _may_stand_in_brackets),
    ),
)  # fmt: skip
