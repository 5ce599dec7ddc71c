"""The declarations of a tree, with the scopes that they stand in.

Law: an item is read from its node alone and from the scopes around it. Nothing in it is guessed from names.
"""

import functools
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter

from s2c.languages.lean.syntax import Token, text
from s2c.model import Span

PROOFS = frozenset({"theorem", "lemma", "example"})
TYPES = frozenset({"structure", "class", "inductive", "coinductive", "class inductive"})

_COMPONENT = re.compile(r"«[^»\n]*»?|[^.«]+")
_ALWAYS_EXPOSED = frozenset({"abbrev", "instance", "class abbrev"}) | TYPES
_MAX_NAME = 2_000  # characters; no one nests deeper, and it keeps the time linear
_ATTRIBUTE_PREFIXES = frozenset({b"scoped", b"local", b"-"})


@dataclass(frozen=True)
class Scope:
    """What a declaration stands in: dotted name of the namespaces, and what a section says of all in it."""

    name: str = ""
    public: bool = False
    exposed: bool = False


@dataclass(frozen=True)
class Item:
    """One declaration. `words` are its tokens without tags, the first `head` of them before the body."""

    kind: str  # the keyword or both: theorem, def, class inductive, ...
    name: str  # qualified; of one without a name `_example2`, `_instance1`, as the second and first of the file
    own: str  # the name as written; "" if it has none
    words: Sequence[Token]
    head: int
    keyword: Span
    modifiers: frozenset[str]
    attributes: tuple[str, ...]
    public: bool  # others can see that it exists
    exposed: bool  # others can see its body

    @functools.cached_property
    def span(self) -> Span:
        """From its first token, attributes and modifiers included, to its last."""
        return Span(self.words[0].start, self.words[-1].end)

    @property
    def signature_end(self) -> int:
        """Where the last token before the body ends."""
        return self.words[self.head - 1].end

    @functools.cached_property
    def body(self) -> Span | None:
        """Its body with the `:=`, `where` or `|` that begins it."""
        return Span(self.words[self.head].start, self.words[-1].end) if self.head < len(self.words) else None

    @property
    def body_words(self) -> Sequence[Token]:
        """The tokens of its body."""
        return self.words[self.head :]

    @property
    def makes_constants(self) -> bool:
        """Whether its body may declare names that others can use: `where` or `let rec` helpers."""
        return any(word.text in {b"where", b"rec"} for word in self.body_words)


@dataclass(frozen=True)
class Items:
    """The declarations of a file, and whether it is a `module`: then others see only what it makes public."""

    found: list[Item]
    module: bool


def items(root: tree_sitter.Node, words: Sequence[Token], source: bytes) -> Items:
    """Every declaration under `root` in file order. `words` are the tokens of `root`."""
    header = next((one for one in root.children if one.type == "header"), None)
    module = header is not None and any(one.type == "module_word" for one in header.children)
    reader = _Reader(words, source, module=module)
    for command in root.children:
        if command.type == "command":
            reader.command(command)
    return Items(reader.found, module)


def components(name: str) -> list[str]:
    """The parts of a dotted name; a dot within guillemets separates nothing."""
    return _COMPONENT.findall(name)


def declared(item: Item) -> Iterator[str]:
    """Every name that an item declares, unqualified: constructors and fields too."""
    yield from (one for one in components(item.own) if one != "_root_")
    if item.kind in {"structure", "class"}:
        yield from _fields(item.body_words)
    elif item.kind in TYPES:
        yield from _constructors(item.body_words)


class _Reader:
    """Goes through the commands of a file, keeping the scopes that are open."""

    def __init__(self, words: Sequence[Token], source: bytes, *, module: bool) -> None:
        self.found: list[Item] = []
        self._words = [word for word in words if word.kind not in {"vc_tag", "doc_comment"}]
        self._starts = [word.start for word in self._words]
        self._source = source
        self._module = module
        self._scopes: list[Scope] = [Scope(public=not module, exposed=not module)]
        self._nameless = 0

    def command(self, command: tree_sitter.Node) -> None:
        """Read one command: a declaration, or what opens or closes a scope."""
        modifiers = frozenset(text(one, self._source) for one in command.children if one.type == "modifier")
        attributes = tuple(self._attributes(command))
        for node in command.named_children:
            match node.type:
                case "declaration":
                    self.found.append(self._item(command, node, modifiers, attributes))
                case "namespace":
                    self._open(node, modifiers, attributes, named=True)
                case "section" | "mutual":
                    self._open(node, modifiers, attributes, named=False)
                case "end":
                    closed = max(len(self._path(node)), 1)
                    del self._scopes[max(len(self._scopes) - closed, 1) :]

    def _path(self, node: tree_sitter.Node) -> list[str]:
        name = next((one for one in node.children if one.type == "identifier"), None)
        return components(text(name, self._source)) if name is not None else []

    def _open(
        self, node: tree_sitter.Node, modifiers: frozenset[str], attributes: tuple[str, ...], *, named: bool
    ) -> None:
        outer = self._scopes[-1]
        public = outer.public or "public" in modifiers
        exposed = outer.exposed or "expose" in attributes
        name = outer.name
        for part in self._path(node) or [""]:  # `end A.B` closes both, so each component is a scope of its own
            name = (f"{name}.{part}" if name else part) if named and part and len(name) < _MAX_NAME else name
            self._scopes.append(Scope(name, public, exposed))

    def _item(
        self, command: tree_sitter.Node, node: tree_sitter.Node, modifiers: frozenset[str], attributes: tuple[str, ...]
    ) -> Item:
        words = self._words[self._index(command.start_byte) : self._index(command.end_byte)]
        keywords = [one for one in node.children if one.type == "keyword"]
        kind = " ".join(text(one, self._source) for one in keywords)
        body = node.child_by_field_name("body")
        head = len(words) if body is None else sum(word.start < body.start_byte for word in words)
        own = self._own_name(node, kind, words)
        public = self._scopes[-1].public or "public" in modifiers
        public = public and "private" not in modifiers
        return Item(
            kind, self._qualified(own, kind), own, words, head, Span(keywords[0].start_byte, keywords[-1].end_byte),
            modifiers, attributes, public, not self._module or (public and self._exposed(kind, modifiers, attributes)),
        )  # fmt: skip

    def _index(self, offset: int) -> int:
        return bisect_left(self._starts, offset)

    def _own_name(self, node: tree_sitter.Node, kind: str, words: Sequence[Token]) -> str:
        name = node.child_by_field_name("name")
        if name is not None:
            return text(name, self._source)
        if kind != "instance":
            return ""
        texts = [word.text for word in words]
        at = texts.index(b"instance") + 1
        if texts[at : at + 3] == [b"(", b"priority", b":="]:  # only there a name may follow a bracket
            closed = texts.index(b")", at) + 1 if b")" in texts[at:] else len(texts)
            if closed < len(words) and words[closed].kind == "identifier":
                return texts[closed].decode()
        return ""

    def _qualified(self, own: str, kind: str) -> str:
        if own.startswith("_root_."):
            return own.removeprefix("_root_.")
        if not own:
            self._nameless += 1
            own = f"_{kind.partition(' ')[0]}{self._nameless}"
        scope = self._scopes[-1].name
        return f"{scope}.{own}" if scope else own

    def _exposed(self, kind: str, modifiers: frozenset[str], attributes: tuple[str, ...]) -> bool:
        if kind in PROOFS or "no_expose" in attributes:
            return False
        return kind in _ALWAYS_EXPOSED or "expose" in attributes or "meta" in modifiers or self._scopes[-1].exposed

    def _attributes(self, command: tree_sitter.Node) -> Iterator[str]:
        for node in command.children:
            if node.type != "attribute":
                continue
            depth, fresh = 1, True
            for one in node.children[1:-1]:
                word = self._source[one.start_byte : one.end_byte]
                depth += (one.type == "open") - (one.type == "close")
                if depth == 1 and word == b",":
                    fresh = True
                elif fresh and word not in _ATTRIBUTE_PREFIXES:
                    yield word.decode("utf-8", "replace")
                    fresh = False


def _constructors(words: Sequence[Token]) -> Iterator[str]:
    """Names after the bars of an inductive type."""
    fresh = False
    depth = 0
    for word in words:
        depth += (word.kind in {"open", "attribute_open"}) - (word.kind in {"close", "attribute_close"})
        if word.text == b"|" and depth == 0:
            fresh = True
        elif fresh and depth == 0 and word.kind == "identifier" and word.text not in {b"private", b"protected"}:
            yield word.text.decode()
            fresh = False


def _fields(words: Sequence[Token]) -> Iterator[str]:
    """Names before the colon of each line that begins a field of a structure."""
    naming = False
    for word in words:
        if word.first or word.text in {b"where", b";", b"::"}:
            naming = True
        if word.text in {b":", b":=", b"extends", b"deriving"}:
            naming = False
        elif naming and word.kind == "identifier":
            yield word.text.decode()
