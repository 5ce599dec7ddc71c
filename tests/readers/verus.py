"""An independent reader of Verus text: masks, brackets and the first words of items.

Law: it shares no code and no idea with the parser. Comments, strings and the content of sections become blanks or marks
of the same length; an item then goes from its first word to the last token before the next one, so that this reader
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
    r"""(?P<line>//[^\n]*) | (?P<block>/\*)
    | (?P<raw>\b[bc]?r(?P<hash>\#*)"(?:.|\n)*?"(?P=hash))
    | (?P<string>\b[bc]?"(?:[^"\\]|\\(?:.|\n))*"|"(?:[^"\\]|\\(?:.|\n))*")
    | (?P<char>\bb?'(?:[^'\\\n]|\\x..|\\u\{\w+\}|\\[^xu])'|'(?:[^'\\\n]|\\x..|\\u\{\w+\}|\\[^xu])')""",
    re.VERBOSE,
)
_TAG = re.compile(r"//[ \t]*<(/?)(vc-[a-z]+)>")
_TOKEN = re.compile(r"\x01|\x02+|'[A-Za-z_]\w*|(?:r\#)?[A-Za-z_]\w*|\d\w*(?:\.\d\w*)?|[^\s\w]")
_ITEM = frozenset({"fn", "struct", "enum", "union", "trait", "impl", "mod", "const", "static", "type", "macro_rules"})
_OTHER = frozenset({"use", "global", "assume_specification", "verus"})
_BEFORE = frozenset(
    {"pub", "open", "closed", "uninterp", "spec", "proof", "exec", "axiom", "broadcast", "unsafe", "async", "tracked"}
)
_MODES = ("spec", "proof", "exec", "axiom")
_SECTIONS = frozenset({"vc-helpers", "vc-code", "vc-proof"})
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_STUB = re.compile(
    r"\{\s*(?:assume\s*\(\s*false\s*\)\s*;?[^;{}]*|admit\s*\(\s*\)\s*;?[^;{}]*|(?:unimplemented|todo)!\([^(){}]*\)\s*;?\s*)\}"
)


class Token(NamedTuple):
    """A word or a mark of the masked text. `partner`: of an opening bracket, the index of its closing one."""

    text: str
    start: int
    partner: int


class Found(NamedTuple):
    """An item: its kind and its tokens' indices, first and last."""

    kind: str
    first: int
    last: int


def holes(text: str) -> int:
    """How many places a model may fill: sections of three kinds, else bodies that are no more than a promise."""
    sections = _sections(text)
    return len(sections) if sections else len(_STUB.findall(mask(text)))


def tags(text: str) -> list[str]:
    """The names of the tags in order, with `/` for closing ones."""
    return [slash + name for slash, name, _, _ in _tags(text)]


def declarations(text: str) -> list[tuple[str, int, int]]:
    """Kind, first and last line of every declaration."""
    tokens = _tokens(mask(text))
    lines = [text.count("\n", 0, token.start) + 1 for token in tokens]
    found = sorted(_scope(tokens, 0, len(tokens)), key=lambda one: one.first)
    return [(one.kind, lines[one.first], lines[one.last]) for one in found]


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
    news = [
        "\n\n",
        "\t ",
        "/**/ ",
        '/* " /* nested */ fn m() { */',
        "// fn l() { ' \"\n",
        "\r\n  /* // */ ",
        "/// b'\n",
    ]
    return text[:at] + rng.choice(news) + text[at:]


def edit(text: str, rng: random.Random) -> str:
    """One token changed, deleted or doubled, outside comments and the content of holes."""
    start, end = rng.choice(list(_spots(text)))
    token = text[start:end]
    if rng.randrange(3) == 0:
        return f"{text[:start]} {text[end:]}"
    if rng.randrange(2):
        return f"{text[:end]} {token} {text[end:]}"
    if token[0] in "\"'" or token[-1] in "\"#'":
        other = '"other"' if token != '"other"' else '"another"'
    elif token[0].isdigit():
        other = "7" if token != "7" else "8"
    elif token[0].isalpha() or token[0] == "_":
        other = f"{token}q"
    else:
        other = "%" if token != "%" else "/ 1 +"
    return f"{text[:start]}{other}{text[end:]}"


def mask(text: str) -> str:
    """The text with comments and the content of sections as blanks; each literal is one run of marks.

    A section with a body is one mark, at its closing tag.
    """
    pieces = list(text)
    for start, end, kind in _hidden(text):
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
        kind = next(name for name in ("line", "block", "raw", "string", "char") if match[name] is not None)
        yield match.start(), position, kind


def _tags(text: str) -> Iterator[tuple[str, str, int, int]]:
    for start, end, kind in _hidden(text):
        if kind == "line" and (match := _TAG.match(text, start)):
            yield match[1], match[2], start, end


def _sections(text: str) -> list[tuple[str, int, int, int]]:
    """Name, content and closing tag of each section that is a hole; doubled tags count once."""
    found = []
    opened: list[tuple[str, int]] = []
    for slash, name, start, end in _tags(text):
        if name not in _SECTIONS:
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


def _scope(tokens: list[Token], start: int, end: int) -> list[Found]:
    """The declarations among these tokens, members with those that hold them."""
    firsts: list[tuple[int, int]] = []  # where an item begins with what stands before it, where its keyword stands
    at = first = start
    while at < end:
        fresh = at == start or tokens[at - 1].text in {";", "}", BODY}
        first = at if fresh else first
        if fresh:
            keyword = _keyword(tokens, at, end)
            if keyword < end and tokens[keyword].text in _ITEM | _OTHER:
                firsts.append((first, keyword))
        at = tokens[at].partner + 1
    found: list[Found] = []
    for number, (begin, keyword) in enumerate(firsts):
        last = firsts[number + 1][0] - 1 if number + 1 < len(firsts) else end - 1
        kind = _kind(tokens, begin, keyword, last)
        found += [Found(kind, begin, last)] if kind else []
        found += _members(tokens, keyword, last)
    return found


def _keyword(tokens: list[Token], at: int, end: int) -> int:
    """Past attributes and modifiers."""
    while at < end:
        word, after = tokens[at].text, tokens[at + 1].text if at + 1 < end else ""
        if word == "#":
            at = tokens[at + 2 if after == "!" else at + 1].partner + 1
        elif word == "const" and after in {"fn", "unsafe"}:
            at += 1
        elif word in _BEFORE:
            at = tokens[at + 1].partner + 1 if after == "(" else at + 1
        else:
            return at
    return end


def _kind(tokens: list[Token], begin: int, keyword: int, last: int) -> str:
    """The kind of a declaration, "" for what is none."""
    word = tokens[keyword].text
    before = [one.text for one in tokens[begin:keyword]]
    if word in {"use", "global", "verus"} or (word == "mod" and tokens[last].text == ";"):
        return ""
    mode = next((one for one in _MODES if one in before), "") if word == "fn" else ""
    return f"{mode} {word}".strip()


def _members(tokens: list[Token], keyword: int, last: int) -> list[Found]:
    if tokens[keyword].text not in {"verus", "mod", "impl", "trait"}:
        return []
    opening = next((at for at in range(keyword, last + 1) if tokens[at].text == "{"), last)
    return _scope(tokens, opening + 1, tokens[opening].partner) if tokens[opening].partner > opening else []
