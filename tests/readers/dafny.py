"""An independent reader of Dafny text: masks, brackets and the first words of declarations.

Law: it shares no code and no idea with the parser. Comments, strings and the content of sections become blanks of the
same length; a declaration then goes from its first word to the last token before the next one, so that this reader
need not know where a contract ends and a body begins.
"""

import random
import re
from collections.abc import Iterator
from typing import NamedTuple

KNOWN: dict[str, str] = {}
"""Files on which this reader is wrong by its nature, with the reason."""

BODY = "\x01"  # stands for a section with a body in the masked text
_LEX = re.compile(
    r"""(?P<line>//[^\n]*) | (?P<block>/\*) | (?P<string>@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*")
    | (?P<char>(?<![\w'?])'(?:[^'\\\n]|\\(?:u[0-9a-fA-F]{4}|U\{[0-9a-fA-F_]+\}|[^\n]))')""",
    re.VERBOSE,
)
_TAG = re.compile(r"//[ \t]*<(/?)(vc-[a-z]+)>")
_TOKEN = re.compile(r"\x01|\x02+|[A-Za-z_?][\w?']*|0x[\da-fA-F_]+|\d[\d_]*(?:\.\d+)?|[^\s\w]", re.ASCII)
_CALLABLE = frozenset({"method", "lemma", "constructor", "iterator", "function", "predicate"})
_CONTAINER = frozenset({"class", "trait", "module"})
_TYPE = frozenset({"datatype", "codatatype", "type", "newtype"})
_KEYWORD = _CALLABLE | _CONTAINER | _TYPE | {"const", "import", "export", "include"}
_FIXPOINT = frozenset({"least", "greatest", "inductive"})
_BEFORE = _FIXPOINT | {"abstract", "ghost", "static", "protected", "opaque", "twostate"}
_PAIRS = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    """A word or a mark of the masked text. `partner`: of an opening bracket, the index of its closing one."""

    text: str
    start: int
    partner: int


class Found(NamedTuple):
    """A declaration: its kind and its tokens' indices, first and last."""

    kind: str
    first: int
    last: int


def holes(text: str) -> int:
    """How many places a model may fill: sections of two kinds, else bodies that are `assume false` or are missing."""
    sections = _sections(text)
    if sections:
        return len(sections)
    masked = mask(text)
    stubs = re.findall(r"\{\s*assume\s*(?:\{\s*:axiom\s*\}\s*)?false\s*;\s*\}", masked)
    tokens = _tokens(masked)
    owing = [one for one in _scope(tokens, 0, len(tokens), "") if one.kind.split()[-1] in _CALLABLE]
    bodies = [tokens[one.last].text == "}" for one in owing]
    given = [re.search(r"\{ : (axiom|extern)", " ".join(t.text for t in tokens[f.first : f.last])) for f in owing]
    return len(stubs) + sum(not body and not axiom for body, axiom in zip(bodies, given, strict=True))


def tags(text: str) -> list[str]:
    """The names of the tags in order, with `/` for closing ones."""
    return [slash + name for slash, name, _, _ in _tags(text)]


def declarations(text: str) -> list[tuple[str, int, int]]:
    """Kind, first and last line of every declaration."""
    tokens = _tokens(mask(text))
    lines = [text.count("\n", 0, token.start) + 1 for token in tokens]
    return [(one.kind, lines[one.first], lines[one.last]) for one in _scope(tokens, 0, len(tokens), "")]


def rewrite(text: str, rng: random.Random) -> str:
    """One change of comments or blanks."""
    comments = [(start, end) for start, end, kind in _hidden(text) if kind in {"line", "block"}]
    plain = [(start, end) for start, end in comments if not _TAG.match(text, start) and not _within(text, start)]
    places = [start for start, _ in _spots(text) if text[start - 1 : start].isspace()]
    match rng.randrange(7):
        case 0 if plain:
            start, end = rng.choice(plain)
            return f"{text[:start]} {text[end:]}"
        case 1:
            return "\n".join(f"{line} \t" if rng.random() < 0.2 else line for line in text.split("\n"))
        case 2 if "\r" not in text:
            return text.replace("\n", "\r\n")
        case 3:
            return f"\ufeff// <vc-none\n/* // <vc-code> */{text}\n\n"
    at = rng.choice(places)
    news = ["\n\n", "\t ", "/**/", '/* " /* nested */ method M() { */', "// lemma L() { ' \"\n", "\r\n  /* // */ "]
    return text[:at] + rng.choice(news) + text[at:]


def edit(text: str, rng: random.Random) -> str:
    """One token changed, deleted or doubled, outside comments and the content of holes."""
    start, end = rng.choice(list(_spots(text)))
    token = text[start:end]
    if rng.randrange(3) == 0:
        return f"{text[:start]} {text[end:]}"
    if rng.randrange(2):
        return f"{text[:end]} {token} {text[end:]}"
    if token[0] in "\"'@":
        other = '"other"' if token != '"other"' else '"another"'
    elif token[0].isdigit():
        other = "7" if token != "7" else "8"
    elif token[0].isalpha() or token[0] in "_?":
        other = f"{token}q"
    else:
        other = "%" if token != "%" else "/ 1 +"
    return f"{text[:start]}{other}{text[end:]}"


def mask(text: str, *, strings: bool = True) -> str:
    """The text with comments and the content of sections as blanks; each string is one run of marks, if asked.

    A section with a body is one mark, at its closing tag.
    """
    pieces = list(text)
    for start, end, kind in _hidden(text):
        if kind in {"line", "block"} or strings:
            fill = " " if kind in {"line", "block"} else "\x02"
            pieces[start:end] = ["\n" if one == "\n" and fill == " " else fill for one in pieces[start:end]]
    for name, start, end, closing in _sections(text):
        pieces[start:end] = ["\n" if one == "\n" else " " for one in pieces[start:end]]
        if name != "vc-helpers":
            pieces[closing] = BODY
    return "".join(pieces)


def _spots(text: str) -> Iterator[tuple[int, int]]:
    """Where the tokens outside comments and holes stand."""
    for match in _TOKEN.finditer(mask(text)):
        if match[0] != BODY:
            yield match.start(), match.end()


def _within(text: str, at: int) -> bool:
    return any(start <= at < end for _, start, end, _ in _sections(text))


def _hidden(text: str) -> Iterator[tuple[int, int, str]]:
    """Comments, strings and characters."""
    position = 0
    while (match := _LEX.search(text, position)) is not None:
        position = match.end()
        if match["block"]:
            depth = 1
            while depth and position < len(text):
                two = text[position : position + 2]
                depth += {"/*": 1, "*/": -1}.get(two, 0)
                position += 2 if two in {"/*", "*/"} else 1
        yield match.start(), position, str(match.lastgroup)


def _tags(text: str) -> Iterator[tuple[str, str, int, int]]:
    for start, end, kind in _hidden(text):
        if kind == "line" and (match := _TAG.match(text, start)):
            yield match[1], match[2], start, end


def _sections(text: str) -> list[tuple[str, int, int, int]]:
    """Name, content and closing tag of each section that is a hole; doubled tags count once."""
    found = []
    opened: list[tuple[str, int]] = []
    for slash, name, start, end in _tags(text):
        if name not in {"vc-helpers", "vc-code", "vc-proof"}:
            continue
        if not slash:
            opened.append((name, end))
        elif opened:
            begun = opened.pop()
            if not opened:
                found.append((*begun, start, start))
    return found


def _tokens(masked: str) -> list[Token]:
    """The tokens, brackets with their partners; a bracket that is never closed has itself."""
    plain = [(match[0], match.start()) for match in _TOKEN.finditer(masked)]
    partner = list(range(len(plain)))
    opened: list[int] = []
    for index, (text, _) in enumerate(plain):
        if text in _PAIRS:
            opened.append(index)
        elif opened and text == _PAIRS[plain[opened[-1]][0]]:
            partner[opened.pop()] = index
    return [Token(text, start, partner[index]) for index, (text, start) in enumerate(plain)]


def _scope(tokens: list[Token], start: int, end: int, around: str) -> list[Found]:
    """The declarations among these tokens, which lie in a declaration of the kind `around`, members after their own."""
    starts: list[tuple[int, int]] = []  # where it begins with modifiers, where its keyword stands
    at = start
    while at < end:
        if _begins(tokens, at, around):
            first = at
            while first > start and tokens[first - 1].text in _BEFORE:
                first -= 1
            starts.append((first, at))
        at = tokens[at].partner + 1
    found: list[Found] = []
    for number, (first, keyword) in enumerate(starts):
        last = starts[number + 1][0] - 1 if number + 1 < len(starts) else end - 1
        kind = _kind(tokens, keyword)
        if kind not in {"import", "export", "include"}:
            found.append(Found(kind, first, last))
            found += _members(tokens, keyword, last, kind)
    return found


def _members(tokens: list[Token], start: int, end: int, kind: str) -> list[Found]:
    """What stands in the braces of a container, or of a type that has members."""
    at = start
    while at <= end and (kind in _CONTAINER or kind in _TYPE):
        one = tokens[at]
        inner = tokens[at + 1].text if at + 1 < len(tokens) else ""
        members = kind in _CONTAINER or inner in _KEYWORD | _BEFORE
        if one.text == "{" and one.partner > at and inner != ":" and members:
            return _scope(tokens, at + 1, one.partner, kind)
        at = one.partner + 1
    return []


def _begins(tokens: list[Token], at: int, around: str) -> bool:
    """Whether a declaration's keyword stands here."""
    word, before = tokens[at].text, tokens[at - 1].text if at else ""
    if word == "var" and around in {"class", "trait"}:
        return _is_field(tokens, at + 1)
    if word not in _KEYWORD or before in {".", "by"}:
        return False
    return not (word == "method" and before in {"function", "predicate"})


def _is_field(tokens: list[Token], at: int) -> bool:
    """Whether `x, y: T` stands here, not `x := e`."""
    while at + 2 < len(tokens) and tokens[at + 1].text == ",":
        at += 2
    return at + 2 < len(tokens) and tokens[at + 1].text == ":" and tokens[at + 2].text != "="


def _kind(tokens: list[Token], at: int) -> str:
    word, before = tokens[at].text, tokens[at - 1].text if at else ""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if before in _FIXPOINT:
        return f"{before} {word}"
    return f"{word} method" if after == "method" and word in {"function", "predicate"} else word
