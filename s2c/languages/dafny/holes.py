"""Where a model may write: the holes of a Dafny source.

Law: in a file with section tags only the tags make holes. In a file without, a hole is a declaration that owes a body
and has none, or one whose body is nothing but `assume false`. What a trait or an abstract module leaves open, and what
its author marked as an axiom or extern, is no hole.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import tree_sitter

from s2c.languages.dafny.items import CALLABLES, Item, items
from s2c.languages.dafny.syntax import errors, tokens, tree
from s2c.languages.tagged import Section, Sections
from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.model import Hole, HoleKind, Problem, Span

SECTION, STUB, BODILESS = "section", "stub", "bodiless"

_CONTAINERS = frozenset({"declaration", "module", "class", "datatype", "type", "members"})
_LEMMAS = ("lemma", "colemma")
_STUBS = ((b"assume", b"false", b";"), (b"assume", b"{:", b"axiom", b"}", b"false", b";"))


@dataclass(frozen=True)
class Place:
    """A hole with where it lies in the blanked text: `cut` is what its placeholder replaces there."""

    hole: Hole
    cut: Span
    owner: Item | None
    after: tuple[bytes, ...] = ()  # tokens that the cut takes with it: the closing tag


def places(sections: Sections, found: list[Item], root: tree_sitter.Node) -> tuple[list[Place], list[Section]]:
    """The holes of a source in file order, and the sections that are none where they stand."""
    lost: list[Section] = []
    drafts: list[Place] = []
    if sections.found or sections.problems:
        bodies = {item.body.start_byte: item for item in found if item.node.type in CALLABLES and item.body is not None}
        between = _between(root) if any(not section.is_body for section in sections.found) else set()
        for section in sections.found:
            draft = _body(section, bodies) if section.is_body else _helpers(section, between)
            if draft is None:
                lost.append(section)
            else:
                drafts.append(draft)
    else:
        drafts += _untagged(found, sections.blanked)
    drafts.sort(key=lambda one: one.hole.span)
    return [_numbered(number, one) for number, one in enumerate(drafts, 1)], lost


def told(sections: Sections, lost: list[Section], root: tree_sitter.Node) -> tuple[Problem, ...]:
    """The one cause of what is wrong: the tags, else the syntax outside the sections, else where a section stands.

    A body without a header is wrong syntax too, and the parser may then blame any other place: so the braces of the
    sections are taken out before the syntax is asked.
    """
    if sections.problems:
        return sections.problems
    if root.has_error and not any(section.is_body for section in sections.found):
        return errors(root, sections.blanked)
    if root.has_error:
        plain = bytearray(sections.blanked)
        for section in sections.found:
            if section.is_body:
                plain[section.closing.start : section.closing.start + 2] = b"  "
        wrong = errors(tree(bytes(plain)), bytes(plain))
        lost = [] if wrong else list(_headless(sections, bytes(plain)))
        return wrong or _misplaced(sections, lost) or errors(root, sections.blanked)
    return _misplaced(sections, lost)


def _misplaced(sections: Sections, lost: list[Section]) -> tuple[Problem, ...]:
    return tuple(problem(sections.blanked, one.opening.start, _advice(one)) for one in lost[:MAX_PROBLEMS])


def _headless(sections: Sections, plain: bytes) -> Iterator[Section]:
    """The body sections that no declaration without a body stands directly before."""
    root = tree(plain)
    ends = {item.header_end for item in items(root, plain) if item.node.type in CALLABLES and item.body is None}
    words = [word for word in tokens(root, plain) if word.kind != "vc_tag"]
    starts = [word.start for word in words]
    for section in sections.found:
        before = bisect_left(starts, section.opening.start)
        if section.is_body and (before == 0 or words[before - 1].end not in ends):
            yield section


def stub(item: Item, source: bytes) -> bool:
    """Whether its body is only `assume false`."""
    body = item.body
    if body is None or body.type != "body":
        return False
    inner = tuple(token.text for token in tokens(body, source)[1:-1])
    return inner in _STUBS


def _numbered(number: int, place: Place) -> Place:
    hole = place.hole
    named = Hole(f"h{number}", hole.kind, hole.span, hole.owner, hole.form, hole.visible)
    return Place(named, place.cut, place.owner, place.after)


def _advice(section: Section) -> str:
    tag = section.tag.decode()
    if section.is_body:
        return (
            f"nothing for `// <{tag}>` to complete: the header of a method, lemma or function, without a body,"
            " must stand directly before it, outside the section"
        )
    return f"`// <{tag}>` must stand between declarations: move it out of the one that it is in"


def _body(section: Section, bodies: Mapping[int, Item]) -> Place | None:
    at = section.closing.start
    item = bodies.get(at)
    if item is None:
        return None
    closing = b"// </%s>" % section.tag
    return Place(_hole(item, section.content, SECTION), Span(at, at + 2), item, (closing,))


def _helpers(section: Section, between: set[int]) -> Place | None:
    if section.opening.start not in between:
        return None
    hole = Hole("", HoleKind.HELPERS, section.content, "", SECTION)
    return Place(hole, Span(section.content.start, section.content.start), None)


def _between(root: tree_sitter.Node) -> set[int]:
    """Where the tags begin that stand between declarations."""
    found: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        for child in node.children:
            if child.type == "vc_tag" and node.type in {"source_file", "members"}:
                found.add(child.start_byte)
            elif child.type in _CONTAINERS:
                stack.append(child)
    return found


def _untagged(found: list[Item], source: bytes) -> Iterator[Place]:
    for item in found:
        if item.node.type not in CALLABLES or item.is_trusted:
            continue
        if item.body is not None and stub(item, source):
            span = Span(item.body.start_byte, item.body.end_byte)
            yield Place(_hole(item, span, STUB), span, item)
        elif item.body is None and not item.may_lack_body:
            end = item.header_end
            yield Place(_hole(item, Span(end, end), BODILESS), Span(end, end), item)


def _hole(item: Item, span: Span, form: str) -> Hole:
    proof = item.kind.endswith(_LEMMAS)
    function = item.node.type == "function"
    return Hole("", HoleKind.PROOF if proof else HoleKind.BODY, span, item.name, form, visible=function)
