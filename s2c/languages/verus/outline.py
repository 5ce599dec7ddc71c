"""One Verus source becomes one Outline.

Law: only given text counts: sections are blanked before anything is read, and each hole is one placeholder token. White
space and comments, those of documentation too, never reach the tokens; everything else does.

The interface is what other files can rely on: all tokens but the bodies of executable functions and proofs, and of
closed spec functions. A body stays in where others see into it all the same: the result is an `impl Trait`, the
function is `const` or `async`, an attribute makes a spec function of it; and a closed one where this file has modules
in other files, which see what is private here.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from s2c.languages.cuts import Cut, outside, replaced
from s2c.languages.texts import MAX_PROBLEMS, problem, unreadable
from s2c.languages.verus import lexer, paths, sections
from s2c.languages.verus.holes import Place, Source, places
from s2c.languages.verus.items import ATTRIBUTE, Item, Scope, introduced, members
from s2c.languages.verus.items import read as read_items
from s2c.languages.verus.keywords import STRAY, bare
from s2c.languages.verus.reader import words
from s2c.languages.verus.syntax import NAME, TAG_KIND, Token, errors, tokens, tree
from s2c.languages.verus.trust import assumptions
from s2c.model import Declaration, Outline, Problem, Span

# a NUL can't stand in a source, so no token of a source can pose as one of these
BODY = b"\0body"

_NO_DECLARATION = frozenset({STRAY, ATTRIBUTE, "use", "broadcast use", "macro", "global", "extern"})
_SEEN_INTO = frozenset(
    {"auto_spec", "dual_spec", "verus_spec", "verus_verify"}
)  # attributes that show a body to others
_INCLUDES = frozenset({b"include", b"include_str", b"include_bytes"})


@dataclass(frozen=True)
class Reading:
    """A source as read: the blanked text, its tokens, items and holes; for the other modules of this folder."""

    blanked: bytes
    tokens: Sequence[Token]
    source: Source
    places: Sequence[Place]
    problems: tuple[Problem, ...]

    @functools.cached_property
    def owned(self) -> dict[int, Place]:
        """The hole of each item that has one, by the item's first token."""
        return {one.owner.first: one for one in self.places if one.owner is not None}


def parse(source: bytes) -> Outline:
    """The outline of a source; with problems in it, the rest may be partial."""
    no_text = unreadable(source)
    if no_text is not None:
        return Outline((), (), (), (), (), frozenset(), frozenset(), problems=(no_text,))
    return _outline(read(source))


def _outline(reading: Reading) -> Outline:
    code, items = reading.source.code, reading.source.items
    given = outside(reading.tokens, [one.cut for one in reading.places])
    plain = [word for word in reading.tokens if word.kind != TAG_KIND]
    named = paths.paths(items, code)
    own = {name for item in items for name in (*introduced(item), *members(item, code))}
    return Outline(
        imports=paths.imports(named, items, code),
        declarations=tuple(declaration(one, reading) for one in items if _is_declaration(one)),
        holes=tuple(one.hole for one in reading.places),
        skeleton=replaced(reading.tokens, [word.text for word in reading.tokens], _hole_cuts(reading)),
        interface=replaced(plain, [word.text for word in plain], _interface_cuts(reading)),
        names=frozenset(bare(word.text) for word in given if word.kind == NAME),
        declared=frozenset(own | paths.brought(named)),
        assumptions=assumptions(items, [one.cut for one in reading.places], code, reading.blanked),
        problems=reading.problems,
    )


def read(source: bytes) -> Reading:
    """The tokens, items and holes of a source that is valid UTF-8. What is no tree of tokens is not read at all."""
    cut = sections.read(source)
    wrong = lexer.problems(cut.blanked)
    root = tree(b"" if wrong else cut.blanked)
    found = [] if wrong else tokens(root, cut.blanked)
    code = words([token for token in found if token.kind != TAG_KIND])
    given = Source(cut, found, code, read_items(code, Scope()))
    holes, lost = places(given)
    told = cut.problems or wrong or errors(root, cut.blanked) or (*_strays(given), *lost, *_included(given))
    return Reading(cut.blanked, found, given, holes, tuple(told))


def declaration(item: Item, reading: Reading) -> Declaration:
    """What the outside sees of an item."""
    owned = reading.owned.get(item.first)
    span = item.span
    if owned is not None and owned.after:
        line_end = reading.blanked.find(b"\n", owned.cut.start)
        span = Span(span.start, line_end if line_end >= 0 else len(reading.blanked))
    body = item.body if owned is None else owned.hole.span
    end = item.header_end if item.is_fn or item.clauses else span.end
    return Declaration(item.name, item.kind, span, end, body, item.clauses, item.attributes)


def _is_declaration(item: Item) -> bool:
    return item.kind not in _NO_DECLARATION and not (item.kind == "mod" and item.opening < 0)


def _hole_cuts(reading: Reading) -> Iterator[Cut]:
    for one in reading.places:
        yield Cut(one.cut, (b"\0hole %s %s" % (one.hole.kind.encode(), one.hole.form.encode()), *one.after))


def _interface_cuts(reading: Reading) -> Iterator[Cut]:
    for item in reading.source.items:
        if item.is_fn and item.body is not None and _is_hidden(item, reading):
            yield Cut(item.body, (BODY,))
    for one in reading.places:
        hidden = one.owner is not None and _is_hidden(one.owner, reading)
        # whether a body that nobody sees is still to be filled is nothing that importers see
        yield Cut(one.cut, (BODY,) if hidden else (b"\0hole %s" % one.hole.kind.encode(),))


def _is_hidden(item: Item, reading: Reading) -> bool:
    """Whether other files can't see into its body."""
    if item.kind == "spec fn":
        return item.is_closed and not reading.source.has_children
    shown = any(one.rpartition("::")[2] in _SEEN_INTO for one in item.attributes)
    return not (shown or item.leaks or {"const", "async"} & item.modifiers)


def _strays(source: Source) -> Iterator[Problem]:
    """Text outside `verus!{}` that is no item. Inside, Verus may know items that s2c does not."""
    for item in source.items:
        token = source.code.tokens[item.first]
        if item.kind == STRAY and not item.scope.verus and not item.scope.name and token.text != b";":
            excerpt = token.text.decode("utf-8", "replace")[:40]
            yield problem(source.sections.blanked, token.start, f"syntax error: no item begins with `{excerpt}`")
            return


def _included(source: Source) -> Iterator[Problem]:
    code = source.code.tokens
    found = [token for token, after in pairwise(code) if token.text in _INCLUDES and after.text == b"!"]
    for token in found[:MAX_PROBLEMS]:
        what = token.text.decode()
        message = f"`{what}!` is not supported: s2c does not read the file that it names, so put its text here"
        yield problem(source.sections.blanked, token.start, message)
