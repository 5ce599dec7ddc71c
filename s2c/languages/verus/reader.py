"""A walk over the tokens of one group: what stands side by side, bracket groups as one step.

Law: brackets are matched once, for the whole text; a walk only goes forward. So reading is linear, and no depth of
nesting costs a stack.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from s2c.languages.verus.syntax import NAME, Token

CLOSING = {b"(": b")", b"[": b"]", b"{": b"}"}
_ENDS = frozenset(CLOSING.values())
_ANGLES = {b"<": 1, b"<<": 2, b">": -1, b">>": -2, b">=": -1, b">>=": -2}
_PATH_ROOTS = frozenset({b"crate", b"self", b"super"})
_BEFORE_TYPE = frozenset({b"&", b"*", b"mut", b"const", b"dyn", b"impl", b"tracked"})


@dataclass(frozen=True)
class Words:
    """Tokens, and for each opening bracket the index of its closing one; for every other token its own index."""

    tokens: Sequence[Token]
    close: Sequence[int]


def words(tokens: Sequence[Token]) -> Words:
    """The tokens with their brackets matched. A bracket that nothing closes ends with the text."""
    close = list(range(len(tokens)))
    stack: list[int] = []
    for at, (_, _, _, text) in enumerate(tokens):
        if text in CLOSING:
            stack.append(at)
        elif text in _ENDS and stack:
            close[stack.pop()] = at
    for at in stack:
        close[at] = len(tokens)
    return Words(tokens, close)


class Cursor:
    """A place in the walk: token `at`, of those before token `end`."""

    def __init__(self, read: Words, at: int, end: int) -> None:
        self.read = read
        self._close = read.close
        self.tokens = read.tokens
        self.at = at
        self.end = end

    @property
    def text(self) -> bytes:
        """The text of the token here; empty at the end."""
        return self.tokens[self.at].text if self.at < self.end else b""

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= self.end

    @property
    def is_name(self) -> bool:
        """Whether a name stands here."""
        return self.at < self.end and self.tokens[self.at].kind == NAME

    @property
    def begins_path(self) -> bool:
        """Whether the first word of a path stands here."""
        return self.is_name or self.text in _PATH_ROOTS

    @property
    def before(self) -> bytes:
        """The text of the token before this one."""
        return self.tokens[self.at - 1].text if self.at else b""

    def ahead(self, count: int) -> bytes:
        """The text of the token that many tokens on; brackets count singly."""
        return self.tokens[self.at + count].text if self.at + count < self.end else b""

    @property
    def following(self) -> bytes:
        """The text of what follows the token or group here."""
        after = self._close[self.at] + 1 if self.at < self.end else self.end
        return self.tokens[after].text if after < self.end else b""

    def inside(self) -> range:
        """The tokens in the group here."""
        return range(self.at + 1, min(self._close[self.at], self.end)) if self.at < self.end else range(0)

    def step(self) -> None:
        """Past one token or group; at the end it stays."""
        if self.at < self.end:
            self.at = min(self._close[self.at] + 1, self.end)

    def skip(self, *texts: bytes) -> bool:
        """Past one token or group if it begins so."""
        found = self.text in texts
        if found:
            self.step()
        return found

    def skip_to(self, *texts: bytes) -> None:
        """To the next token or group that begins so."""
        while not self.done and self.text not in texts:
            self.step()

    def angles(self) -> None:
        """From a `<` past the `>` that closes it."""
        depth = 0
        while not self.done:
            depth += _ANGLES.get(self.text, 0)
            self.step()
            if depth <= 0:
                return

    def type(self) -> None:
        """Past a type as it stands after `as`, `is` or `:`; what is none is left alone."""
        while not self.done and (self.text in _BEFORE_TYPE or self.tokens[self.at].kind == "lifetime"):
            self.step()
        if self.text in CLOSING and self.text != b"{":
            self.step()
            return
        self.path()

    def path(self) -> None:
        """Past a path with its generic arguments."""
        self.skip(b"::")
        while self.begins_path:
            self.step()
            if self.text == b"<":
                self.angles()
            if not self.skip(b"::"):
                return
            if self.text == b"<":
                self.angles()
                self.skip(b"::")
