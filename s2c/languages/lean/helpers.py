"""What may stand in a helpers fill: whole declarations of listed kinds, and names that are new.

Law: nothing in it may change how given text reads. So no instance of a type that is not its own, no notation, variable,
`open` or option that outlives its declaration, and every scope that it opens is closed in it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import tree_sitter

from s2c.languages.lean.forbidden import Found
from s2c.languages.lean.items import Item, items
from s2c.languages.lean.names import looks, parts, plain
from s2c.languages.lean.syntax import COMMENTS, Token
from s2c.model import Outline

KINDS = frozenset({"theorem", "lemma", "def", "abbrev", "structure", "inductive", "example"})
MODIFIERS = frozenset({"private", "protected", "nonrec", "public"})
HANDLERS = frozenset({"Repr", "DecidableEq", "BEq", "Inhabited", "Nonempty", "Hashable", "Ord", "ReflBEq", "LawfulBEq"})
# classes of one explicit argument: an instance for an own type can't be meant by any given text
CLASSES = frozenset(
    """
    LE LT BEq Ord Min Max Add Sub Mul Div Mod Neg Zero One Append Repr ToString Inhabited Nonempty Hashable DecidableEq
    SizeOf Fintype LawfulBEq ReflBEq
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
KNOWN = ", ".join(sorted(KINDS))
INSTANCE = (
    "an instance may only be of one of these classes, for a type that these helpers declare before it outside of any"
    f" namespace, as `instance : LE T := ...`: {', '.join(sorted(CLASSES))}"
)
_BEFORE = COMMENTS | {"modifier", "attribute"}  # nodes before the one that says what a command is
# what may stand first on a line of a declaration in the first column; anything else there may be a command
_FIRST_COLUMN = frozenset(
    """
    where deriving termination_by decreasing_by by if then else match with let have show fun do for return calc from at
    in nomatch
    """.split()  # noqa: SIM905 - as above
)
# made by Lean for each definition and type: declared first, one of these would stand in their place
_MADE = re.compile(
    r"eq_\d+|eq_def|eq_unfold|(mutual_)?induct(_unfolding)?|fun_cases(_unfolding)?|fixpoint_induct|partial_correctness"
    r"|(match|proof)(_\d+)+|splitter|h?congr_\d+|congr_simp|ctorElim(Type)?|rec|recOn|casesOn|brecOn"
    r"|below|ibelow|binductionOn|injEq|inj|sizeOf_spec|noConfusion(Type)?|ctorIdx|toCtorIdx|_\w+"
)


def commands(outline: Outline, root: tree_sitter.Node, code: bytes, words: Sequence[Token]) -> Iterator[Found]:
    """Every rule that the commands of a helpers fill break."""
    reader = _Reader(_Given.of(outline), {one.keyword.start: one for one in items(root, words, code).found})
    starts = [word.start for word in words]
    for command in root.children:
        if command.type == "header":
            yield "command", "an import or a word of a header may not stand in helpers: remove it", command.start_byte
        elif command.type == "command":
            inside = words[bisect_left(starts, command.start_byte) : bisect_left(starts, command.end_byte)]
            yield from reader.command(command, inside)
            yield from _columns(inside)
    yield from reader.left_open()


@dataclass(frozen=True)
class _Given:
    """What the given text uses: names, how they look, and whether it has `noncomputable`."""

    names: frozenset[str]
    looks: frozenset[str]
    noncomputable: bool

    @classmethod
    def of(cls, outline: Outline) -> "_Given":
        seen = frozenset(looks(one) for one in outline.names)
        return cls(outline.names, seen, any(word.endswith(b" noncomputable") for word in outline.skeleton))


@dataclass
class _Reader:
    """Goes through the commands of a fill. `pending`: where an `open ... in` stands whose declaration is to come."""

    given: _Given
    items: Mapping[int, Item]
    scopes: list[tuple[str, tuple[str, ...], int]] = field(default_factory=list)
    own_types: set[str] = field(default_factory=set)
    pending: int | None = None

    def command(self, command: tree_sitter.Node, inside: Sequence[Token]) -> Iterator[Found]:
        node = next((one for one in command.named_children if one.type not in _BEFORE), None)
        kind = node.type if node is not None else ""
        opening = kind == "other" and _is_open_in(inside)
        if self.pending is not None and not opening and kind != "declaration":
            yield _dangling(self.pending)
        self.pending = command.start_byte if opening else None
        if kind == "declaration":
            item = next((self.items[word.start] for word in inside if word.start in self.items), None)
            yield from self._declaration(item) if item is not None else ()
        elif kind in {"namespace", "mutual"}:
            self.scopes.append((kind, _path(inside), command.start_byte))
        elif kind == "end":
            yield from self._end(inside)
        elif not opening:
            word = inside[0].text.decode("utf-8", "replace") if inside else ""
            yield (
                "command",
                f"`{word}` may not stand in helpers: only whole declarations do ({KNOWN})",
                command.start_byte,
            )

    def left_open(self) -> Iterator[Found]:
        """What the end of the fill leaves open."""
        if self.pending is not None:
            yield _dangling(self.pending)
        for kind, name, at in self.scopes:
            yield "scope", f"`{' '.join((kind, '.'.join(name))).rstrip()}` is never closed: write its `end`", at

    def _declaration(self, item: Item) -> Iterator[Found]:
        at = item.span.start
        if item.kind == "instance" and not _own_instance(item, self.own_types):
            yield "instance", INSTANCE, at
        elif item.kind not in KINDS | {"instance"}:
            yield "item", f"`{item.kind}` may not stand in helpers; allowed: {KNOWN}", at
        allowed = MODIFIERS | ({"noncomputable"} if self.given.noncomputable else set())
        for modifier in sorted(item.modifiers - allowed):
            yield "item", f"modifier `{modifier}` may not stand in helpers: remove it", at
        if item.body is None and item.kind not in {"structure", "inductive"}:
            yield "no-body", f"{item.kind} {item.own} has no body: write `:=` and one", at
        yield from ((*found, at) for found in _name(self.given, item))
        yield from _handlers(item)
        if item.kind in {"structure", "inductive"} and item.name == item.own:  # below a namespace it might be mistaken
            self.own_types.add(plain(item.own))

    def _end(self, inside: Sequence[Token]) -> Iterator[Found]:
        if self.scopes and self.scopes[-1][1] == _path(inside):
            self.scopes.pop()
            return
        message = "this `end` closes nothing that these helpers opened: remove it, or name what it closes"
        yield "scope", message, inside[0].start


def declared(root: tree_sitter.Node, code: bytes, words: Sequence[Token]) -> frozenset[str]:
    """Last parts of the names that the declarations introduce."""
    return frozenset(name for item in items(root, words, code).found if (name := _last(item)))


def _last(item: Item) -> str:
    found = parts(item.own)
    return found[-1] if found else ""


def _name(given: _Given, item: Item) -> Iterator[tuple[str, str]]:
    name, whole = _last(item), parts(item.own)
    if name and name in given.names:
        yield "name", f"{name} is a name that the given text declares or uses: choose another for this {item.kind}"
    elif name and looks(name) in given.looks:
        yield "name", f"{name} looks like a name of the given text: choose another for this {item.kind}"
    elif "_root_" in whole:
        yield "name", f"`{item.own}`: write the name without `_root_`"
    elif len(whole) > 1 and _MADE.fullmatch(name):
        yield "name", f"`{item.own}` is a name that Lean makes itself: choose another for this {item.kind}"


def _own_instance(item: Item, own_types: set[str]) -> bool:
    """`instance [name] [binders] : CLASS TYPE`, the type one of these helpers' own."""
    head = list(item.words[: item.head])
    if any(word.text == b"priority" for word in head) or item.attributes or not _is_outermost(item):
        return False
    depth, colon = 0, None
    for at, word in enumerate(head):
        depth += (word.kind == "open") - (word.kind == "close")
        if colon is None and not depth and word.text == b":":
            colon = at
    kind = [word.text.decode("utf-8", "replace") for word in head[colon + 1 :]] if colon is not None else []
    if len(kind) < 2 or parts(kind[0])[-1:] == () or parts(kind[0])[-1] not in CLASSES:  # noqa: PLR2004 - two words
        return False
    if len(kind) == 2:  # noqa: PLR2004 - class and type
        return plain(kind[1]) in own_types
    return kind[1] == "(" and kind[-1] == ")" and kind.count("(") == 1 and plain(kind[2]) in own_types


def _is_outermost(item: Item) -> bool:
    """Whether it stands in no namespace of the fill."""
    return "." not in item.name.removesuffix(item.own or "") if item.own else "." not in item.name


def _handlers(item: Item) -> Iterator[Found]:
    """What stands after `deriving`."""
    texts = [word.text for word in item.words]
    if b"deriving" not in texts:
        return
    for word in item.words[texts.index(b"deriving") + 1 :]:
        if word.kind == "identifier" and parts(word.text.decode())[-1] not in HANDLERS:
            allowed = ", ".join(sorted(HANDLERS))
            yield (
                "deriving",
                f"`deriving {word.text.decode()}` may not stand in helpers; allowed: {allowed}",
                word.start,
            )


# --- scopes and lines ---------------------------------------------------------------------------------------------


def _path(inside: Sequence[Token]) -> tuple[str, ...]:
    name = next((word.text.decode("utf-8", "replace") for word in inside if word.kind == "identifier"), "")
    return parts(name)


def _is_open_in(inside: Sequence[Token]) -> bool:
    """`open A B in`: only for the declaration that follows."""
    texts = [word.text for word in inside]
    plain = all(word.kind == "identifier" for word in inside[1:])
    return texts[:1] == [b"open"] and texts[-1] == b"in" and plain and len(texts) > 2  # noqa: PLR2004 - open, in


def _dangling(at: int) -> Found:
    return "scope", "`open ... in` must stand right before a declaration of these helpers: move or remove it", at


def _columns(inside: Sequence[Token]) -> Iterator[Found]:
    """Lines of a declaration that begin in the first column, where Lean may read a command of its own."""
    begun = False
    for word in inside:
        text = word.text.decode("utf-8", "replace") if begun and word.first and not word.column else ""
        if text and text not in _FIRST_COLUMN and word.kind == "identifier":
            yield "column", f"`{text}` begins a line in the first column: move it in by two blanks", word.start
        begun = begun or word.kind in {"keyword", "assign"}
