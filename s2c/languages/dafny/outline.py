"""One Dafny source becomes one Outline.

Law: only given text counts: sections are blanked before anything is read, and each hole is one placeholder token. White
space and comments never reach the tokens; everything else does.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from s2c.languages.cuts import Cut, outside, replaced
from s2c.languages.dafny import sections
from s2c.languages.dafny.holes import Place, places, told
from s2c.languages.dafny.items import CALLABLES, Item, declared, items
from s2c.languages.dafny.syntax import MAX_DAMAGED, errors, text, tokens, tree
from s2c.languages.dafny.trust import assumptions
from s2c.languages.tagged import Sections
from s2c.languages.texts import MAX_PROBLEMS, problem, unreadable
from s2c.model import Declaration, Import, Outline, Problem, Span

# a NUL can't stand in a source, so no token of a source can pose as one of these
PATH = b"\0path"
BODY = b"\0body"

MAX_BYTES = 4_000_000
MAX_NODES = 250_000  # of the tree: some 750 kB of code, a second's work
TOO_LARGE = "this file is too large for s2c: split it into files of at most half a megabyte"

_PREPROCESSOR = ("#if", "#elsif", "#else", "#endif")


@dataclass(frozen=True)
class Reading:
    """A source as read: the blanked text, its tree, declarations and holes; for the other modules of this folder."""

    blanked: bytes
    root: tree_sitter.Node
    items: list[Item]
    places: list[Place]
    problems: tuple[Problem, ...]

    @functools.cached_property
    def owned(self) -> dict[int, Place]:
        """The hole of each item that has one, by the item's `id`."""
        return {id(one.owner): one for one in self.places if one.owner is not None}


def parse(source: bytes) -> Outline:
    """The outline of a source; with problems in it, the rest may be partial."""
    wrong = _not_read(source)
    if wrong:
        return _partial(wrong)
    cut = sections.read(source)
    root = tree(cut.blanked)
    if root.descendant_count > (MAX_DAMAGED if root.has_error else MAX_NODES):
        return _partial([*(cut.problems or errors(root, cut.blanked) or (problem(source, 0, TOO_LARGE),))])
    reading = _reading(cut, root)
    words = tokens(reading.root, reading.blanked)
    imports = tuple(_imports(reading))
    paths = [Cut(one.span, (PATH,)) for one in imports]
    skeleton = replaced(words, [word.text for word in words], [*paths, *_hole_cuts(reading)])
    plain = [word for word in words if word.kind != "vc_tag"]
    given = outside(words, [one.cut for one in reading.places])
    return Outline(
        imports=imports,
        declarations=tuple(
            declaration(item, reading) for item in reading.items if item.node.type not in {"import", "export"}
        ),
        holes=tuple(one.hole for one in reading.places),
        skeleton=skeleton,
        interface=replaced(plain, [word.text for word in plain], _interface_cuts(reading)),
        names=frozenset(word.text.decode() for word in given if word.kind == "identifier"),
        declared=frozenset(name for item in reading.items for name in declared(item, reading.blanked) if name),
        assumptions=assumptions(
            reading.items, [one.owner for one in reading.places if one.owner], given, reading.blanked
        ),
        problems=reading.problems,
        needs_bodies=any(item.node.child_by_field_name("refines") is not None for item in reading.items),
    )


def read(source: bytes) -> Reading:
    """The tree, declarations and holes of a source that is valid UTF-8."""
    cut = sections.read(source)
    return _reading(cut, tree(cut.blanked))


def _reading(cut: Sections, root: tree_sitter.Node) -> Reading:
    found = items(root, cut.blanked)
    holes, lost = places(cut, found, root)
    return Reading(cut.blanked, root, found, holes, told(cut, lost, root))


def declaration(item: Item, reading: Reading) -> Declaration:
    """What the outside sees of an item."""
    owned = reading.owned.get(id(item))
    body = item.body
    span = item.span
    body_span = None if body is None else Span(body.start_byte, body.end_byte)
    if owned is not None and owned.after:
        line_end = reading.blanked.find(b"\n", owned.cut.start)
        span = Span(span.start, line_end if line_end >= 0 else len(reading.blanked))
        body_span = owned.hole.span
    end = item.header_end if item.node.type in CALLABLES else span.end
    return Declaration(item.name, item.kind, span, end, body_span, item.clauses(reading.blanked), item.attributes)


def _hole_cuts(reading: Reading) -> Iterator[Cut]:
    for one in reading.places:
        yield Cut(one.cut, (b"\0hole %s %s" % (one.hole.kind.encode(), one.hole.form.encode()), *one.after))


def _interface_cuts(reading: Reading) -> Iterator[Cut]:
    for node in _include_nodes(reading.root):  # importers see all that it leads to, and that is in their keys itself
        yield Cut(Span(node.start_byte, node.end_byte), ())
    for item in reading.items:
        hidden = item.body if item.node.type == "method" else item.node.child_by_field_name("by_method")
        if hidden is not None:
            yield Cut(Span(hidden.start_byte, hidden.end_byte), (BODY,))
    for one in reading.places:
        if one.owner is not None and one.owner.node.type == "method":
            yield Cut(one.cut, (BODY,))  # whether it is still to be filled is nothing that importers see
        else:
            yield Cut(one.cut, (b"\0hole %s" % one.hole.kind.encode(),))


def _imports(reading: Reading) -> Iterator[Import]:
    for node in _include_nodes(reading.root):
        path = node.child_by_field_name("path")
        if path is not None and not path.is_missing:
            yield Import(_string(text(path, reading.blanked)), Span(path.start_byte, path.end_byte))


def _include_nodes(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Includes stand at the top, or in what the parser could not read."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_named and node.type == "include_directive":
            yield node
        elif node is root or node.has_error:
            stack.extend(reversed(node.children))


def _string(literal: str) -> str:
    if literal.startswith("@"):
        return literal[2:-1].replace('""', '"')
    return literal[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _not_read(source: bytes) -> list[Problem]:
    if len(source) > MAX_BYTES:
        return [Problem(1, 1, TOO_LARGE)]
    no_text = unreadable(source)  # a lone carriage return would end a comment for Dafny, and not for s2c
    if no_text is not None:
        return [no_text]
    return _preprocessor(source)


def _preprocessor(source: bytes) -> list[Problem]:
    if b"#" not in source:
        return []
    blanked = sections.read(source).blanked
    found = []
    for number, line in enumerate(blanked.decode().splitlines(), 1):
        if line.strip().startswith(_PREPROCESSOR):
            what = line.strip().split()[0]
            found.append(Problem(number, 1, f"`{what}` lines are not supported: Dafny drops text that s2c would read"))
            if len(found) == MAX_PROBLEMS:
                break
    return found


def _partial(problems: list[Problem]) -> Outline:
    return Outline((), (), (), (), (), frozenset(), frozenset(), problems=tuple(problems))
