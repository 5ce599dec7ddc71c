"""Tagged sections in languages whose comments begin with `//`: `// <vc-code>` to `// </vc-code>` and the like.

Law: a tag makes the hole, whatever stands in it. The old content is blanked before anything is parsed, so no byte of
it can reach the outline, the tokens or the keys. Tags are found by a lexer: none is seen in a string or block comment.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.model import Problem, Span

TAG = re.compile(rb"//[ \t]*<(/?)(vc-[a-z]+)>")
HELPERS = b"vc-helpers"
BODIES = frozenset({b"vc-code", b"vc-proof"})
HOLES = BODIES | {HELPERS}

_TAG_LINE = re.compile(rb"^[ \t]*(//[ \t]*<(/?)(vc-[a-z]+)>[^\n]*)", re.MULTILINE)
_CONTENT = re.compile(rb"[^\n]")


LineComments = Callable[[bytes, int], Iterator[Span]]
"""Source and offset -> the line comments from there on; none is within a string or another comment."""


@dataclass(frozen=True)
class Section:
    """One section that is a hole: `content` is between the tags' lines, `closing` the closing tag's own bytes."""

    tag: bytes
    opening: Span
    content: Span
    closing: Span

    @property
    def is_body(self) -> bool:
        """Whether a body (or a proof) belongs here, not helpers."""
        return self.tag in BODIES


@dataclass(frozen=True)
class Sections:
    """A source with its sections blanked (same length), and what is wrong with its tags."""

    blanked: bytes
    found: tuple[Section, ...]
    problems: tuple[Problem, ...]


def read(source: bytes, comments: LineComments) -> Sections:
    """Find and blank the sections of a source; `comments` finds its line comments.

    In the blanked text a body section has `{}` in place of its closing tag: there what stands before it finds its
    body, even where nothing at all stands between the tags.
    """
    if b"vc-" not in source:
        return Sections(source, (), ())
    found: list[Section] = []
    problems: list[Problem] = []
    position = 0
    while (tag := _next_tag(comments(source, position), source)) is not None:
        position = tag.end
        match = TAG.match(source, tag.start)
        if match is None or match[2] not in HOLES:
            continue
        name = match[2].decode()
        if match[1]:
            if len(problems) < MAX_PROBLEMS:
                message = f"`// </{name}>` closes nothing: no `// <{name}>` before it"
                problems.append(problem(source, tag.start, message))
            continue
        section, more = _section(source, tag, match[2], MAX_PROBLEMS - len(problems))
        problems += more
        if section is None:
            break
        found.append(section)
        position = section.closing.end
    return Sections(_blank(source, found), tuple(found), tuple(problems))


def _next_tag(comments: Iterator[Span], source: bytes) -> Span | None:
    return next((span for span in comments if TAG.match(source, span.start)), None)


def _section(source: bytes, opening: Span, tag: bytes, room: int) -> tuple[Section | None, list[Problem]]:
    """The section that this opening tag begins, and `room` problems at most.

    A doubled opening tag needs a doubled closing one.
    """
    problems: list[Problem] = []
    depth = 1
    start = min(opening.end + 1, len(source))
    for match in _TAG_LINE.finditer(source, start):
        if match[3] != tag:
            if len(problems) < room:
                shown = match[1].decode("utf-8", "replace").strip()
                message = f"`{shown}` may not stand inside `// <{tag.decode()}>`"
                problems.append(problem(source, match.start(1), message))
            continue
        depth += -1 if match[2] else 1
        if depth == 0:
            closing = Span(match.start(1), match.end(1))
            return Section(tag, opening, Span(start, match.start()), closing), problems
    message = f"`// <{tag.decode()}>` is never closed: write `// </{tag.decode()}>` on a line of its own after it"
    return None, [problem(source, opening.start, message), *problems]


def _blank(source: bytes, sections: list[Section]) -> bytes:
    parts: list[bytes] = []
    position = 0
    for section in sections:
        parts.append(source[position : section.content.start])
        parts.append(_CONTENT.sub(b" ", source[section.content.start : section.content.end]))
        position = section.content.end
        if section.is_body:
            parts.append(source[position : section.closing.start])
            parts.append(b"{}".ljust(section.closing.end - section.closing.start))
            position = section.closing.end
    return b"".join([*parts, source[position:]])
