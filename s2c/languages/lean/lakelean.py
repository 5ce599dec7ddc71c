"""A lakefile in Lean, taken apart into commands with literal fields.

Law: a tolerant reader, one pass, no recursion. Comments and strings are respected; a command begins where a word stands
in the first column. A value that is not a literal is told apart from one that is, and never computed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from s2c.languages.lean.names import parts, plain

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<number>\d+)|(?P<name>``?(?:«[^«»\n]*»?|[^\W\d][\w'!?]*)(?:\.(?:«[^«»\n]*»?|\w[\w'!?]*))*)"""
    r"""|(?P<word>\.?(?:«[^«»\n]*»?|[^\W\d][\w'!?]*)(?:\.(?:«[^«»\n]*»?|\w[\w'!?]*))*)|(?P<symbol>:=|@\[|\#\[|\S)""",
    re.DOTALL,
)
_COMMENT = re.compile(r"--|/-|-/|\"|\n")
_OPENING, _CLOSING = frozenset("([{⟨") | {"#[", "@["}, frozenset(")]}⟩")
_GLOBS = {"one": "", "submodules": ".+", "andSubmodules": ".*"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """One token: its kind in `_TOKEN`, its text, where it stands (1-based line, 0-based column), brackets around it."""

    kind: str
    text: str
    line: int
    column: int
    depth: int


@dataclass(frozen=True)
class Field:
    """`name := value` of a command."""

    name: str
    line: int
    value: tuple[Token, ...]

    def literal(self) -> object:
        """Its value if that is one word: a text, a name, a number, true or false; else None."""
        if len(self.value) == 1:
            return _value(self.value[0])
        if self.value and self.value[0].text == "#[" and self.value[-1].text == "]":
            return self.texts()
        return None

    def texts(self) -> list[str] | None:
        """A list of texts, names or globs, or one by itself; None if anything else is in it."""
        found: list[str] = []
        pending = ""
        for token in self.value:
            last = token.text.rpartition(".")[2]
            if token.kind == "word" and last in _GLOBS:
                pending = _GLOBS[last]
            elif isinstance(value := _value(token), str):
                found.append(value + pending)
                pending = ""
            elif token.text not in {"#[", "[", "]", ",", "(", ")"}:
                return None
        return found

    def options(self) -> list[dict[str, object]] | None:
        """A list of `⟨`name, value⟩`, or None if anything else is in it."""
        words = [token for token in self.value if token.text not in {"#[", "[", "]", ",", "⟨", "⟩", "{", "}", ":="}]
        words = [token for token in words if token.text not in {"name", "value"}]
        values = [_value(token) for token in words]
        if None in values or len(values) % 2:
            return None
        return [{"name": values[at], "value": values[at + 1]} for at in range(0, len(values), 2)]


@dataclass(frozen=True)
class Command:
    """A command: its keyword, the name after it, and its fields."""

    kind: str
    name: str
    line: int
    fields: tuple[Field, ...]


def commands(text: str) -> Iterator[Command]:
    """Every command of a lakefile, in order."""
    found: list[Token] = []
    begun = False  # whether anything but attributes is among them
    for token in _tokens(_uncommented(text)):
        begins = token.column == 0 and token.depth == 0 and (token.kind == "word" or token.text == "@[")
        if begins and begun:
            yield from _command(found)
            found, begun = [], False
        found.append(token)
        begun = begun or (token.depth == 0 and token.text != "@[")
    yield from _command(found)


def _command(found: list[Token]) -> Iterator[Command]:
    depth_zero = [token for token in found if token.depth == 0 and token.text != "@["]
    if not depth_zero:
        return
    head = depth_zero[0]
    after = found[found.index(head) + 1 :]
    name = str(_value(after[0]) or after[0].text) if after and after[0].kind in {"word", "name", "string"} else ""
    yield Command(head.text, plain(name) if name != "where" else "", head.line, tuple(_fields(after)))


def _fields(after: list[Token]) -> Iterator[Field]:
    """`name :=` at the command's own depth, or inside its one pair of braces, begins a field; the next one ends it."""
    opening = next((token for token in after if token.text in {"where", "{", ":="}), None)
    braced = opening is not None and opening.text != "where" and any(token.text == "{" for token in after)
    depth = (opening.depth if opening is not None else 0) + braced
    starts = [
        at
        for at, (token, sign) in enumerate(pairwise(after))
        if token.kind == "word" and sign.text == ":=" and token.depth == depth and at
    ]
    for at, end in pairwise([*starts, len(after)]):
        value = after[at + 2 : end]
        while value and (value[-1].text == "," or (value[-1].text == "}" and value[-1].depth <= depth)):
            value.pop()
        yield Field(after[at].text, after[at].line, tuple(value))


def _value(token: Token) -> object:
    if token.kind == "string":
        return _ESCAPE.sub(r"\1", token.text[1:-1])
    if token.kind == "name":
        return plain(token.text)
    if token.kind == "number":
        return int(token.text[:18])
    if token.kind == "word" and token.text.startswith("«"):
        return ".".join(parts(token.text))
    return {"true": True, "false": False}.get(token.text)


def _tokens(text: str) -> Iterator[Token]:
    line, start, depth = 1, 0, 0
    position = 0
    for match in _TOKEN.finditer(text):
        newlines = text.count("\n", position, match.start())
        if newlines:
            line, start = line + newlines, text.rfind("\n", position, match.start()) + 1
        position = match.start()
        found = match[0]
        depth -= found in _CLOSING and depth > 0
        own = depth + (found in _CLOSING)
        yield Token(match.lastgroup or "", found, line, match.start() - start, own)
        depth += found in _OPENING


def _uncommented(text: str) -> str:
    """The text with every comment blank: line breaks and columns stay."""
    kept: list[str] = []
    position = 0
    for start, end in _comments(text):
        kept += [text[position:start], re.sub(r"[^\n]", " ", text[start:end])]
        position = end
    return "".join([*kept, text[position:]])


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each comment; `/- -/` nest."""
    depth = start = position = 0
    while match := _COMMENT.search(text, position):
        word, position = match[0], match.end()
        if word == "/-":
            start = start if depth else match.start()
            depth += 1
        elif word == "-/" and depth:
            depth -= 1
            if not depth:
                yield start, position
        elif not depth and word == "--":
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            yield match.start(), end
            position = end
        elif not depth and word == '"':
            closing = re.compile(r'(?:[^"\\]|\\.)*"?', re.DOTALL).match(text, position)
            position = closing.end() if closing else len(text)
    if depth:
        yield start, len(text)
