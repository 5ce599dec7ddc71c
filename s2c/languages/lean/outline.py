"""One Lean source becomes one Outline.

Law: only given text counts: helpers are blanked before anything is read, and each hole is one placeholder token.
Comments and blank lines never reach the tokens; everything else does, with its place, as Lean reads by columns.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import tree_sitter

from s2c.languages.cuts import Cut, outside, replaced
from s2c.languages.lean import sections
from s2c.languages.lean.brackets import unbalanced
from s2c.languages.lean.holes import Place, is_visible, places
from s2c.languages.lean.items import Item, Items, components, declared, items
from s2c.languages.lean.sections import Sections
from s2c.languages.lean.syntax import Token, errors, text, tokens
from s2c.languages.lean.trust import assumptions
from s2c.languages.texts import problem, unreadable
from s2c.model import Declaration, HoleKind, Import, Outline, Problem, Span

MAX_NODES = 120_000  # of a tree, over ten times a long file's: beyond it reading would take seconds

BODY = b"\0body"  # a NUL can't stand in a source, so no token of a source can pose as this

_TOO_LONG = f"more than {MAX_NODES} words and signs: split this file"
_NAMED = frozenset({"identifier", "name"})


@dataclass(frozen=True)
class Reading:
    """A source as read: its sections, tokens, declarations and holes; for the other modules of this folder."""

    sections: Sections
    words: list[Token]
    items: Items
    places: list[Place]
    problems: tuple[Problem, ...]

    @functools.cached_property
    def owned(self) -> dict[str, list[Place]]:
        """The holes of each declaration, by its qualified name."""
        found: dict[str, list[Place]] = {}
        for one in self.places:
            if one.owner is not None:
                found.setdefault(one.owner.name, []).append(one)
        return found


def parse(source: bytes) -> Outline:
    """The outline of a source; with problems in it, the rest may be partial."""
    no_text = unreadable(source)
    if no_text is not None:
        return Outline((), (), (), (), (), frozenset(), frozenset(), problems=(no_text,))
    reading = read(source)
    given = outside(reading.words, [one.cut for one in reading.places])
    prints = [word.fingerprint for word in reading.words]
    imports = tuple(_imports(reading.sections.root, reading.sections.blanked))
    return Outline(
        imports=imports,
        declarations=tuple(_declaration(item) for item in reading.items.found),
        holes=tuple(one.hole for one in reading.places),
        skeleton=replaced(reading.words, prints, _hole_cuts(reading)),
        interface=replaced(reading.words, prints, _shown(reading)),
        names=frozenset(part for word in _names(given) for part in components(word)),
        declared=frozenset(name for item in reading.items.found for name in declared(item)),
        assumptions=assumptions(reading.items.found, given, reading.sections.blanked),
        problems=reading.problems,
        needs_bodies=any(one.kind for one in imports),
    )


def read(source: bytes) -> Reading:
    """The tree, declarations and holes of a source that is valid UTF-8."""
    cut = sections.read(source)
    if cut.root.descendant_count > MAX_NODES:
        return Reading(cut, [], Items([], module=False), [], (Problem(1, 1, _TOO_LONG),))
    words = tokens(cut.root, cut.blanked)
    found = items(cut.root, words, cut.blanked)
    holes, misplaced = places(cut, found, words)
    wrong = cut.problems or errors(cut.root, cut.blanked) or (*_late_imports(cut), *unbalanced(words, cut))
    return Reading(cut, words, found, holes, wrong or misplaced)


def _declaration(item: Item) -> Declaration:
    """What the outside sees of an item. In a `module`, what is not made public is as private as what says so."""
    hidden = () if item.public or "private" in item.modifiers else ("private",)
    marks = (*sorted(item.modifiers), *hidden, *item.attributes)
    return Declaration(item.name, item.kind, item.span, item.signature_end, item.body, (), marks)


def _hole_cuts(reading: Reading) -> Iterator[Cut]:
    for one in reading.places:
        form = one.hole.form.split()[0].encode()
        yield Cut(one.cut, (b"\0hole %s %s" % (one.hole.kind.encode(), form),))


def _shown(reading: Reading) -> Iterator[Cut]:
    """What importers can't see: examples, proofs, bodies that a module keeps to itself; and holes that they can see."""
    for item in reading.items.found:
        if item.kind == "example":
            yield Cut(item.span, ())
        elif item.body is not None and not is_visible(item):
            yield Cut(item.body, (BODY,))
    for word in reading.words:
        if word.kind == "vc_tag":
            yield Cut(Span(word.start, word.end), ())  # it steers holes, and importers have none
    for one in reading.places:
        if one.hole.kind is HoleKind.HELPERS or one.hole.visible:
            yield Cut(one.cut, (b"\0hole %s" % one.hole.kind.encode(),))


def _names(given: Iterable[Token]) -> Iterator[str]:
    return (word.text.decode("utf-8", "replace") for word in given if word.kind in _NAMED)


def _imports(root: tree_sitter.Node, source: bytes) -> Iterator[Import]:
    header = next((one for one in root.children if one.type == "header"), None)
    for node in header.children if header is not None else ():
        names = [one for one in node.children if one.type == "module_name" and not one.is_missing]
        if node.type == "import" and names:
            words = [text(one, source) for one in node.children if one.type in {"import_modifier", "all_word"}]
            kind = " ".join(word for word in words if word != "public")
            yield Import(text(names[0], source), Span(names[0].start_byte, names[0].end_byte), kind)


def _late_imports(cut: Sections) -> Iterator[Problem]:
    for command in cut.root.children:
        for node in command.children if command.type == "command" else ():
            if node.type == "other" and text(node.children[0], cut.blanked) == "import":
                message = "an import must stand before everything else: move it to the top (a doc comment counts too)"
                yield problem(cut.blanked, node.start_byte, message)
