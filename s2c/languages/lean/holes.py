"""Where a model may write: the holes of a Lean source.

Law: a hole is a `sorry` or `admit` in the body of a declaration, in the sections meant for it where there are such
sections, and the whole of a `vc-helpers` section. What stands in a statement is contract text and never a hole.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from s2c.languages.lean.items import PROOFS, TYPES, Item, Items
from s2c.languages.lean.positions import Standing, standings
from s2c.languages.lean.sections import Section, Sections
from s2c.languages.lean.syntax import Token
from s2c.languages.texts import MAX_PROBLEMS, problem
from s2c.model import Hole, HoleKind, Problem, Span

SECTION = "section"
MAX_HOLES = 2_000  # more than a request could hold
STEP = 2  # columns by which a fill of several lines stands in from what it belongs to

_BEFORE_TERM = frozenset(
    word.encode()
    for word in (
        ":=", "=>", "↦", ",", "(", "[", "{", "⟨", "⦃", "|", ";", "by", "do", "exact", "refine", "refine'", "apply",
        "from", "then", "else", "in", "return", "←", "<-", "<|", "$", "calc",
    )
)  # fmt: skip
_AFTER_FILL = frozenset({b",", b"|", b"then", b"else", b"with", b"in", b"do", b"at", b"where", b"deriving", b";"})
_CONTINUES = re.compile(r"[-+*/<>=∧∨→↔∣^≤≥≠%&∘∪∩⊆×]|\|[|>]")  # noqa: RUF001  # operators of Lean


@dataclass(frozen=True)
class Place:
    """A hole with where it lies in the blanked text: `cut` is what its placeholder replaces there."""

    hole: Hole
    cut: Span
    owner: Item | None


@dataclass(frozen=True)
class Form:
    """How a fill is rendered: what `Hole.form` says after its first word.

    `inline`: other tokens stand before it on its line. `spaced`: a blank before it is part of the hole. `paren`: s2c
    puts it in brackets, as text beside it could join it. `tail`: more follows on its line.
    """

    inline: bool = False
    indent: int = 0
    spaced: bool = False
    paren: bool = False
    tail: bool = False

    @classmethod
    def of(cls, hole: Hole) -> "Form":
        """The form of a hole that is no section."""
        words = hole.form.split()[1:]
        indent = next((int(word) for word in words if word.isdigit()), 0)
        return cls("inline" in words, indent, "spaced" in words, "paren" in words, "tail" in words)

    def written(self, kind: str) -> str:
        """As it stands in `Hole.form`, after `term` or `tactic`."""
        flags = [name for name in ("spaced", "paren", "tail") if getattr(self, name)]
        return " ".join([kind, "inline" if self.inline else "line", str(self.indent), *flags])


def places(sections: Sections, found: Items, words: Sequence[Token]) -> tuple[list[Place], tuple[Problem, ...]]:
    """The holes of a source in file order, and what is wrong with where the helpers stand."""
    plain = [word for word in words if word.kind != "vc_tag"]
    starts = [word.start for word in plain]
    drafts = [_helpers(one) for one in sections.helpers]
    for item in found.found:
        if item.body is not None and any(word.kind == "sorry" for word in item.body_words):
            first = bisect_left(starts, item.words[0].start)
            drafts += islice(_in_item(item, plain, first, sections), MAX_HOLES + 1)
        if len(drafts) > MAX_HOLES:
            return [], (Problem(1, 1, f"more than {MAX_HOLES} holes: split this file"),)
    drafts.sort(key=lambda one: one.hole.span)
    seen = any(one.hole.visible for one in drafts)
    numbered = [_numbered(number, one, helpers_visible=seen) for number, one in enumerate(drafts, 1)]
    return numbered, tuple(islice(_misplaced(sections, plain, starts), MAX_PROBLEMS))


def is_visible(item: Item) -> bool:
    """Whether importers can see the body of an item: it is then part of the interface."""
    if item.kind == "example":
        return False
    return item.makes_constants if item.kind in PROOFS else item.exposed


def _helpers(section: Section) -> Place:
    hole = Hole("", HoleKind.HELPERS, section.content, "", SECTION)
    return Place(hole, Span(section.content.start, section.content.start), None)


def _numbered(number: int, place: Place, *, helpers_visible: bool) -> Place:
    visible = place.hole.visible or (place.owner is None and helpers_visible)
    return replace(place, hole=replace(place.hole, id=f"h{number}", visible=visible))


def _in_item(item: Item, words: Sequence[Token], first: int, sections: Sections) -> Iterator[Place]:
    kind = HoleKind.PROOF if item.kind in PROOFS else HoleKind.BODY
    visible = is_visible(item)
    for standing in standings(item.words):
        word = item.words[standing.at]
        if standing.at < item.head or not sections.writable(word.start):
            continue
        before = item.words[standing.at - 1]
        if item.kind in TYPES and before.text not in {b":=", b"by"}:
            continue  # it stands in a type: contract text
        at = first + standing.at
        after = words[at + 1] if at + 1 < len(words) else None
        ends = standing.at + 1 == len(item.words)
        start = _start(word, before, sections.blanked)
        form = _form(word, before, after, standing, at_line=word.first and start <= word.start - word.column, ends=ends)
        form = replace(form, spaced=form.inline and start < word.start)
        written = form.written("tactic" if standing.tactic else "term")
        hole = Hole("", kind, Span(start, word.end), item.name, written, visible)
        yield Place(hole, Span(word.start, word.end), item)


def _form(  # noqa: PLR0913  # what stands round a hole
    word: Token, before: Token, after: Token | None, standing: Standing, *, at_line: bool, ends: bool
) -> Form:
    tail = after is not None and not after.first
    paren = _joins(after, tail=tail) if after is not None and not ends else False
    opener = before.text in _BEFORE_TERM
    if not at_line:
        indent = word.column if word.first else standing.ground + STEP
        return Form(True, indent, paren=paren or not (standing.tactic or opener), tail=tail)
    alone = opener and (after is None or ends or after.column < word.column)
    indent = max(word.column, STEP) if alone else word.column  # in the first column a line may seem to be a command
    return Form(False, indent, paren=paren or (standing.deeper and not opener), tail=tail)


def _joins(after: Token, *, tail: bool) -> bool:
    """Whether the token after a hole would be read as part of a fill that ends before it."""
    if after.kind in {"close", "attribute_close"} or after.text in _AFTER_FILL:
        return False
    return tail or _CONTINUES.match(after.text.decode("utf-8", "replace")) is not None


def _start(word: Token, before: Token, source: bytes) -> int:
    """Where the hole's span begins: with its line, or with the blanks before it, so that none are left behind."""
    start = max(before.end, source.rfind(b"\n", before.end, word.start) + 1)
    return word.start if source[start : word.start].strip(b" ") else start


def _misplaced(sections: Sections, words: Sequence[Token], starts: Sequence[int]) -> Iterator[Problem]:
    """Helpers sections that do not stand between commands."""
    if not sections.helpers:
        return
    commands = {one.start_byte for one in sections.root.children if one.type == "command"}
    message = "`-- <vc-helpers>` must stand between declarations, after the imports: move it there"
    for section in sections.helpers:
        at = bisect_left(starts, section.opening.start)
        between = at == len(words) or words[at].start in commands
        if not between or (at > 0 and words[at - 1].text == b"in"):
            yield problem(sections.blanked, section.opening.start, message)
