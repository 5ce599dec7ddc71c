"""Where a model may write: the holes of a Verus source.

Law: in a file with section tags only the tags make holes. In a file without, a hole is a function inside `verus!{}`
that owes a body and has none, or one whose body only says that it is still to be written (`assume(false); unreached()`,
`todo!()`, ...). What a trait leaves open, and what its author marked as an axiom or external, is no hole.
"""

import functools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from s2c.languages.tagged import Section, Sections
from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.languages.verus.items import Item
from s2c.languages.verus.reader import CLOSING, Words
from s2c.languages.verus.syntax import TAG_KIND, Token
from s2c.model import Hole, HoleKind, Problem, Span

SECTION, STUB, BODILESS = "section", "stub", "bodiless"

_FALSE = (b"(", b"false", b")", b";")
_TODO = frozenset({b"unimplemented", b"todo"})
_STATEMENT = frozenset({b";", b"{", b"let", b"="})


@dataclass(frozen=True)
class Place:
    """A hole with where it lies in the blanked text: `cut` is what its placeholder replaces there."""

    hole: Hole
    cut: Span
    owner: Item | None
    after: tuple[bytes, ...] = ()  # tokens that the cut takes with it: the closing tag


@dataclass(frozen=True)
class Source:
    """What holes are looked for in: the sections, all tokens with the tags among them, the code and its items."""

    sections: Sections
    tokens: Sequence[Token]
    code: Words
    items: Sequence[Item]

    @functools.cached_property
    def has_children(self) -> bool:
        """Whether files below this one exist, which see what is closed to others."""
        texts = [token.text for token in self.code.tokens]
        return any(texts[at + 2 : at + 3] == [b";"] for at, text in enumerate(texts) if text == b"mod")


def places(source: Source) -> tuple[list[Place], tuple[Problem, ...]]:
    """The holes in file order, and what is wrong with sections that are none where they stand."""
    told: list[Problem] = []
    drafts: list[Place] = []
    if source.sections.found or source.sections.problems:
        bodies = {item.body.start: item for item in source.items if item.body is not None}
        helpers = dict(_enclosing(source.items, [one.opening.start for one in source.sections.found]))
        for section in source.sections.found:
            owner = bodies.get(section.closing.start)
            around = helpers[section.opening.start]
            draft = _body(section, owner, source) if section.is_body else _helpers(section, around, source)
            if draft is not None:
                drafts.append(draft)
            elif len(told) < MAX_PROBLEMS:
                told.append(problem(source.sections.blanked, section.opening.start, _advice(section, owner, source)))
    else:
        drafts += _untagged(source)
    drafts.sort(key=lambda one: one.hole.span)
    return [_numbered(number, one) for number, one in enumerate(drafts, 1)], tuple(told)


def _numbered(number: int, place: Place) -> Place:
    hole = place.hole
    named = Hole(f"h{number}", hole.kind, hole.span, hole.owner, hole.form, hole.visible)
    return Place(named, place.cut, place.owner, place.after)


def _enclosing(items: Sequence[Item], offsets: Sequence[int]) -> Iterator[tuple[int, list[Item]]]:
    """For each of these offsets, which ascend, the items that stand round it."""
    around: list[Item] = []
    index = 0
    for at in offsets:
        while index < len(items) and items[index].span.start < at:
            around.append(items[index])
            index += 1
        around = [item for item in around if item.span.end > at]
        yield at, list(around)


def _body(section: Section, owner: Item | None, source: Source) -> Place | None:
    if owner is None or not owner.is_fn or not owner.scope.verus or owner.is_trusted:
        return None
    at = section.closing.start
    closing = b"// </%s>" % section.tag
    return Place(_hole(owner, section.content, SECTION, source), Span(at, at + 2), owner, (closing,))


def _helpers(section: Section, around: Sequence[Item], source: Source) -> Place | None:
    at = section.opening.start
    open_to_items = all((item.kind == "mod" and item.opening >= 0) or item.holds_items for item in around)
    verus = any(one.scope.verus or one.holds_items for one in around)
    in_body = all(item.body is not None and item.body.start < at for item in around)
    if not (open_to_items and verus and in_body and _is_tag(source.tokens, at)):
        return None
    hole = Hole("", HoleKind.HELPERS, section.content, "", SECTION)
    return Place(hole, Span(section.content.start, section.content.start), None)


def _is_tag(tokens: Sequence[Token], at: int) -> bool:
    found = bisect_right(tokens, at, key=lambda one: one.start) - 1
    return found >= 0 and tokens[found].start == at and tokens[found].kind == TAG_KIND


def _untagged(source: Source) -> Iterator[Place]:
    for item in source.items:
        if not item.is_fn or not item.scope.verus or item.is_trusted:
            continue
        if item.body is not None and _is_stub(item, source.code):
            yield Place(_hole(item, item.body, STUB, source), item.body, item)
        elif item.body is None and not item.scope.trait and source.code.tokens[item.end - 1].text == b";":
            semicolon = source.code.tokens[item.end - 1]
            span = Span(semicolon.start, semicolon.end)
            yield Place(_hole(item, span, BODILESS, source), span, item)


def _is_stub(item: Item, code: Words) -> bool:
    """Whether its body only says that it is still to be written."""
    inner = [token.text for token in code.tokens[item.opening + 1 : item.end - 1]]
    if tuple(inner[1:4]) == _FALSE[:3] and inner[0] == b"assume":
        rest = inner[4:]
    elif inner[:3] == [b"admit", b"(", b")"]:
        rest = inner[3:]
    else:
        return bool(inner) and inner[0] in _TODO and inner[1:2] == [b"!"] and _one_group(inner[2:])
    value = rest[1:] if rest[:1] == [b";"] else [b";"] if rest else []
    return not _STATEMENT & set(value)


def _one_group(texts: list[bytes]) -> bool:
    """Whether this is one bracket group, with or without a `;`."""
    inner = texts[:-1] if texts[-1:] == [b";"] else texts
    ends = CLOSING.get(inner[0]) if inner else None
    return ends is not None and inner[-1] == ends and not set(inner[1:-1]) & {*CLOSING, *CLOSING.values(), b";"}


def _hole(item: Item, span: Span, form: str, source: Source) -> Hole:
    kind = HoleKind.PROOF if item.kind == "proof fn" else HoleKind.BODY
    visible = item.kind == "spec fn" and (not item.is_closed or source.has_children)
    return Hole("", kind, span, item.name, form, visible=visible)


def _advice(section: Section, owner: Item | None, source: Source) -> str:
    """What to do about a section that is no hole."""
    tag = section.tag.decode()
    if not section.is_body:
        return f"`// <{tag}>` must stand between items inside `verus!{{}}`: move it there"
    before = [item for item in source.items if item.is_fn and item.span.end <= section.opening.start]
    last = max(before, key=lambda one: one.span.end, default=None)
    if last is not None and last.body is not None and not _code_between(source, last.span.end, section.opening.start):
        return f"fn {last.short} has its body before `// <{tag}>`: move it into the section, or remove the section"
    if owner is not None and owner.is_fn:
        reason = "is marked as trusted" if owner.is_trusted else "stands outside `verus!{}`"
        return f"fn {owner.short} {reason}, so no body of it is verified: `// <{tag}>` can't complete it"
    return (
        f"nothing for `// <{tag}>` to complete: the header of a fn, without a body and without `;`, must stand directly"
        " before it, outside the section"
    )


def _code_between(source: Source, start: int, end: int) -> bool:
    return any(start <= token.start < end for token in source.code.tokens)
