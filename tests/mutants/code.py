"""A fill as tokens, and what lies between them.

Law: `text` gives back every byte. Blanks and comments are fillers, one before each token and one at the end; a mutation
changes fillers and tokens, never offsets.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

OPENING = frozenset({"(", "[", "{", "{:", "⟨"})
CLOSING = frozenset({")", "]", "}", "⟩"})
TORN = "torn"  # the kind of a comment or string that nothing closes: the rest of the text


class Token(NamedTuple):
    """One token: `name`, `sign`, `string`, `char`, `number`, `line` (one that must stay a line), `doc` or `torn`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Code:
    """Tokens, and the filler before each and behind the last."""

    fillers: tuple[str, ...]
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The fill as it is written."""
        pairs = zip(self.fillers, (*self.tokens, Token("", "")), strict=True)
        return "".join(filler + token.text for filler, token in pairs)

    @property
    def names(self) -> frozenset[str]:
        """The names that stand in it."""
        return frozenset(token.text for token in self.tokens if token.kind == "name")

    @property
    def is_torn(self) -> bool:
        """Whether something in it is never closed."""
        return any(token.kind == TORN for token in self.tokens)

    def at(self, index: int) -> str:
        """The text of a token; "" where there is none."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def with_filler(self, gap: int, filler: str) -> "Code":
        """The same tokens with another filler before token `gap`."""
        return Code((*self.fillers[:gap], filler, *self.fillers[gap + 1 :]), self.tokens)

    def replaced(self, start: int, end: int, texts: Sequence[str]) -> "Code":
        """Tokens `start` to before `end` become these, without blanks between; the filler before them stays."""
        new = tuple(Token("name" if text[:1].isalpha() else "sign", text) for text in texts)
        fillers = (*self.fillers[: start + 1], *[""] * (len(new) - 1), *self.fillers[end:])
        return Code(fillers, (*self.tokens[:start], *new, *self.tokens[end:]))

    def renamed(self, old: str, new: str) -> "Code":
        """Every name `old` becomes `new`."""
        return Code(self.fillers, tuple(one._replace(text=new) if one == ("name", old) else one for one in self.tokens))


class Lexer(NamedTuple):
    """How a language is cut: `pattern` names the kinds by its groups, `block` finds where a nested comment ends.

    The groups `blank`, `comment` and `open` (the beginning of a block comment) are filler; a group `doc` may begin a
    comment that is a token.
    """

    pattern: re.Pattern[str]
    marks: re.Pattern[str]
    is_doc: Callable[[str], bool] = lambda _: False

    def code(self, text: str) -> Code:
        """The text cut."""
        fillers, tokens, filler, at = [], [], "", 0
        while at < len(text):
            kind, end = self._next(text, at)
            if kind == "filler":
                filler += text[at:end]
            else:
                fillers.append(filler)
                tokens.append(Token(kind, text[at:end]))
                filler = ""
            at = end
        return Code((*fillers, filler), tuple(tokens))

    def _next(self, text: str, at: int) -> tuple[str, int]:
        match = self.pattern.match(text, at)
        if match is None:
            return "sign", at + 1
        kind = match.lastgroup or "sign"
        if kind == "open":
            end = self._closed(text, match.end())
            return ("doc" if self.is_doc(text[at:end]) else "filler", end) if end else (TORN, len(text))
        return ("filler", match.end()) if kind in {"blank", "comment"} else (kind, match.end())

    def _closed(self, text: str, at: int) -> int:
        """Where the comment ends that begins before `at`; 0 if it does not."""
        depth = 1
        for mark in self.marks.finditer(text, at):
            depth += 1 if mark.lastgroup == "open" else -1
            if not depth:
                return mark.end()
        return 0


def depths(code: Code) -> list[int]:
    """The depth in brackets of each token, an opening and a closing one as outside of theirs."""
    found, depth = [], 0
    for token in code.tokens:
        if token.kind == "sign" and token.text in CLOSING:
            depth -= 1
        found.append(depth)
        if token.kind == "sign" and token.text in OPENING:
            depth += 1
    return found


def is_balanced(code: Code) -> bool:
    """Whether its brackets close in it."""
    found = depths(code)
    opened = sum((one.text in OPENING) - (one.text in CLOSING) for one in code.tokens if one.kind == "sign")
    return not opened and min(found, default=0) >= 0 and not code.is_torn
