"""Tagged sections: `-- <vc-theorems>` to `-- </vc-theorems>` and the like.

Law: tags say where holes may be. What stands between the `vc-helpers` tags is a hole whatever it is, so it is blanked
before anything is read: no byte of it can reach the outline, the tokens or the keys. A tag is a comment of its own:
none is seen in a string or in a block comment.
"""

import functools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import tree_sitter

from s2c.languages.lean.syntax import TAG, leaves, tree
from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.model import Problem, Span

HELPERS = b"vc-helpers"
WRITABLE = frozenset({b"vc-definitions", b"vc-theorems", b"vc-code", b"vc-proof"})  # a `sorry` here is a hole
GIVEN = frozenset({b"vc-preamble", b"vc-spec"})  # and here it is the author's own
TAGS = WRITABLE | GIVEN | {HELPERS}

_HELPERS_LINE = re.compile(rb"^[ \t]*(--[ \t]*<(/?)vc-helpers>)[^\n]*", re.MULTILINE)
_CONTENT = re.compile(rb"^[ \t]*--[ \t]*</?vc-[a-z]+>.*$|([^\n])", re.MULTILINE)  # tags stay: they are wrong there
_MAX_ROUNDS = 8  # each takes out one cause of misreading; who needs more wants to be misread


@dataclass(frozen=True)
class Section:
    """One section: `content` is what lies between its tags' lines, `opening` and `closing` are the tags' own bytes."""

    tag: bytes
    opening: Span
    content: Span
    closing: Span


@dataclass(frozen=True)
class Sections:
    """A source with its helpers blanked (same length), the tree of that, and what is wrong with its tags."""

    blanked: bytes
    root: tree_sitter.Node
    found: tuple[Section, ...]
    problems: tuple[Problem, ...]

    @property
    def helpers(self) -> list[Section]:
        """The sections that are holes as a whole."""
        return [one for one in self.found if one.tag == HELPERS]

    def writable(self, offset: int) -> bool:
        """Whether a `sorry` at this offset is for the model: in a section for it; where none is, not in a given one."""
        at = bisect_right(self._starts, offset) - 1
        inside = self.found[at].tag if at >= 0 and offset < self.found[at].closing.end else b""
        return inside in WRITABLE if self._has_writable else inside not in GIVEN

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [one.opening.start for one in self.found]

    @functools.cached_property
    def _has_writable(self) -> bool:
        return any(one.tag in WRITABLE for one in self.found)


def read(source: bytes) -> Sections:
    """Find the sections, and blank the helpers among them."""
    if b"vc-" not in source:
        return Sections(source, tree(source), (), ())
    pairs = _candidates(source)
    for _ in range(_MAX_ROUNDS):
        blanked = _blank(source, pairs)
        root = tree(blanked)
        tags = _tags(root, blanked)
        real = {start for start, _, _ in tags}
        seen = [pair for pair in pairs if pair[0].start in real]  # the others stand in a comment or in a string
        if len(seen) == len(pairs):
            break
        pairs = seen
    found, problems = _paired(tags, blanked)
    return Sections(blanked, root, tuple(found), (*problems, *islice(_misplaced(found, blanked), MAX_PROBLEMS)))


def _candidates(source: bytes) -> list[tuple[Span, Span]]:
    """Lines that look like an opening tag of helpers, each with the next that looks like a closing one."""
    pairs: list[tuple[Span, Span]] = []
    opening: Span | None = None
    for match in _HELPERS_LINE.finditer(source):
        if not match[2]:
            opening = opening or Span(match.start(1), match.end())
        elif opening is not None:
            pairs.append((opening, Span(match.start(), match.end())))
            opening = None
    return pairs


def _blank(source: bytes, pairs: Iterable[tuple[Span, Span]]) -> bytes:
    parts: list[bytes] = []
    position = 0
    for opening, closing in pairs:
        parts += [source[position : opening.end], _CONTENT.sub(_blank_one, source[opening.end : closing.start])]
        position = closing.start
    return b"".join([*parts, source[position:]])


def _blank_one(match: re.Match[bytes]) -> bytes:
    return b" " if match[1] else match[0]


def _tags(root: tree_sitter.Node, source: bytes) -> list[tuple[int, bytes, bool]]:
    """Where each known tag begins, its name, and whether it closes."""
    found = []
    for leaf in leaves(root):
        if leaf.type == "vc_tag":
            match = TAG.match(source, leaf.start_byte)
            if match is not None and match[2] in TAGS:
                found.append((leaf.start_byte, match[2], bool(match[1])))
    return found


def _paired(tags: Sequence[tuple[int, bytes, bool]], source: bytes) -> tuple[list[Section], list[Problem]]:
    found: list[Section] = []
    wrong: list[tuple[int, str]] = []
    opened: tuple[int, bytes] | None = None
    for start, tag, closes in tags:
        if opened is not None and closes and tag == opened[1]:
            found.append(_section(source, tag, opened[0], start))
            opened = None
        elif opened is not None:
            other = opened[1].decode()
            written = f"`-- <{'/' if closes else ''}{tag.decode()}>`"
            wrong.append((start, f"{written} may not stand inside `-- <{other}>`: close that with `-- </{other}>`"))
        elif closes:
            name = tag.decode()
            wrong.append((start, f"`-- </{name}>` closes nothing: no `-- <{name}>` before it"))
        else:
            opened = (start, tag)
    if opened is not None:
        name = opened[1].decode()
        message = f"`-- <{name}>` is never closed: write `-- </{name}>` on a line of its own after it"
        wrong.insert(0, (opened[0], message))
    return found, [problem(source, start, message) for start, message in wrong[:MAX_PROBLEMS]]


def _section(source: bytes, tag: bytes, opening: int, closing: int) -> Section:
    opening_end = _line_end(source, opening)
    closing_line = source.rfind(b"\n", 0, closing) + 1
    start = min(opening_end + 1, closing_line)
    return Section(
        tag, Span(opening, opening_end), Span(start, closing_line), Span(closing, _line_end(source, closing))
    )


def _line_end(source: bytes, offset: int) -> int:
    end = source.find(b"\n", offset)
    return end if end >= 0 else len(source)


def _misplaced(found: Iterable[Section], source: bytes) -> Iterator[Problem]:
    """Tags of helpers that share their line with code."""
    for section in found:
        for tag in (section.opening, section.closing) if section.tag == HELPERS else ():
            if source[source.rfind(b"\n", 0, tag.start) + 1 : tag.start].strip(b" \t\xef\xbb\xbf"):
                yield problem(source, tag.start, "this tag must stand on a line of its own: it says where the hole is")
