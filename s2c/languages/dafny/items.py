"""The declarations of a tree, with what decides whether one is a hole, an axiom or given text.

Law: an item is read from its node alone and from the scopes around it; nothing is guessed from names.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import tree_sitter

from s2c.languages.dafny.syntax import find, leaves, text, tokens
from s2c.model import Clause, Span

CALLABLES = frozenset({"method", "function"})
TRUSTED = frozenset({"axiom", "extern", "@Axiom", "@Extern"})
_SCOPES = frozenset({"module", "class", "datatype", "type"})


@dataclass(frozen=True)
class Scope:
    """What a declaration stands in: dotted name, and what it inherits."""

    name: str = ""
    abstract: bool = False  # in an `abstract module`
    trait: bool = False  # directly in a trait

    def qualify(self, name: str) -> str:
        """The qualified name of a member."""
        return f"{self.name}.{name}" if self.name else name


@dataclass(frozen=True)
class Item:
    """One declaration: `outer` is its node with modifiers, `node` the one that says its kind."""

    outer: tree_sitter.Node
    node: tree_sitter.Node
    scope: Scope
    name: str  # qualified
    kind: str  # the keyword: method, lemma, function, class, ...
    modifiers: frozenset[str]
    attributes: tuple[str, ...]  # names; an @-attribute with its @
    fields: tuple[str, ...] = ()  # names of the fields that it declares
    part: Span | None = None  # where it lies, if the tree reads several fields as one declaration

    @property
    def span(self) -> Span:
        """From its first token to its last."""
        return self.part or Span(self.outer.start_byte, self.outer.end_byte)

    @property
    def body(self) -> tree_sitter.Node | None:
        """The node of its body or of its members, with the braces."""
        return self.node.child_by_field_name("body")

    @property
    def header_end(self) -> int:
        """Where the last token before the body ends: after the last clause, or what stands in for one."""
        body = self.body
        last = self.node.start_byte
        for child in self.node.children:
            if body is not None and child.start_byte >= body.start_byte:
                break
            if not child.is_extra:
                last = child.end_byte
        return last

    @property
    def is_trusted(self) -> bool:
        """Whether its author says that it needs no body."""
        return bool(TRUSTED & set(self.attributes))

    @property
    def may_lack_body(self) -> bool:
        """Whether something else will give it a body: a refinement, or a class that extends its trait."""
        return self.scope.abstract or self.scope.trait

    def clauses(self, source: bytes) -> tuple[Clause, ...]:
        """Its contract."""
        return tuple(_clause(node, source) for node in self.clause_nodes())

    def clause_nodes(self) -> list[tree_sitter.Node]:
        """The nodes of its contract."""
        return [child for child in self.node.children if child.type == "clause"]


def items(root: tree_sitter.Node, source: bytes) -> list[Item]:
    """Every declaration under `root` in file order, members after what they belong to."""
    found: list[Item] = []
    stack = [(child, Scope()) for child in reversed(root.children)]
    while stack:
        outer, scope = stack.pop()
        if outer.type != "declaration" or not outer.is_named:
            continue
        item = _item(outer, scope, source)
        if item is None:
            continue
        found += _parts(item, source)
        if item.body is not None and item.node.type in _SCOPES:
            inner = _inside(item)
            stack += [(child, inner) for child in reversed(item.body.children)]
    return found


def declared(item: Item, source: bytes) -> list[str]:
    """Every name that an item itself declares, unqualified: fields, datatype constructors and destructors too."""
    match item.node.type:
        case "field":
            return list(item.fields)
        case "const" if item.kind == "var":
            return list(item.fields)
        case "datatype":
            return [*introduced(item, source), *_destructors(item.node, source)]
        case _:
            return introduced(item, source)


def introduced(item: Item, source: bytes) -> list[str]:
    """Names that an item brings into its scope, unqualified; what is reached only through a value is not among them."""
    if item.node.type == "import":
        return item.name.split(".")[-1:]
    own = item.name.removeprefix(f"{item.scope.name}.") if item.scope.name else item.name
    names = own.split(".") if own else []
    return [*names, *_constructors(item.node, source)] if item.node.type == "datatype" else names


def _item(outer: tree_sitter.Node, scope: Scope, source: bytes) -> Item | None:
    node = next(
        (one for one in outer.named_children if one.type not in {"modifier", "at_attribute"} and not one.is_extra), None
    )
    if node is None or node.is_error:
        return None
    modifiers = frozenset(text(one, source).split()[0] for one in outer.named_children if one.type == "modifier")
    kind = _kind(node, source)
    if not kind:  # error recovery made the keyword up
        return None
    name = scope.qualify(_name(node, kind, source))
    return Item(outer, node, scope, name, kind, modifiers, tuple(_attributes(outer, node, source)))


def _inside(item: Item) -> Scope:
    if item.node.type == "module":
        abstract = item.scope.abstract or "abstract" in item.modifiers
        return Scope(item.name, abstract=abstract)
    return Scope(item.name, item.scope.abstract, trait=item.kind == "trait")


def _kind(node: tree_sitter.Node, source: bytes) -> str:
    kind = node.child_by_field_name("kind")
    if kind is not None:
        return _spelled(kind, source, " ")
    first = next(leaves(node), node)
    return text(first, source)  # nothing where error recovery made the keyword up


def _name(node: tree_sitter.Node, kind: str, source: bytes) -> str:
    name = node.child_by_field_name("name")
    if name is not None:
        return _spelled(name, source, "")
    if node.type == "field":
        return next(_field_names(_value(node), source), "")
    return "_ctor" if kind == "constructor" else ""


def _spelled(node: tree_sitter.Node, source: bytes, between: str) -> str:
    """Its tokens, without the comments that may stand between them."""
    return between.join(token.text.decode("utf-8", "replace") for token in tokens(node, source))


def _attributes(outer: tree_sitter.Node, node: tree_sitter.Node, source: bytes) -> Iterator[str]:
    for one in outer.named_children:
        if one.type == "at_attribute":
            yield "@" + attribute_name(one, source)
    for one in node.named_children:
        if one.type == "attribute":
            yield attribute_name(one, source)


def attribute_name(node: tree_sitter.Node, source: bytes) -> str:
    """The first word of a `{:name ...}` or an `@Name(...)`."""
    return next((text(one, source) for one in node.named_children if one.type == "identifier"), "")


def _clause(node: tree_sitter.Node, source: bytes) -> Clause:
    words = tokens(node, source)
    keyword = node.child_by_field_name("keyword")
    kind = words[0].text.decode() if keyword is not None else ""
    body = b" ".join(token.text for token in words[1:]).decode("utf-8", "replace")
    return Clause(kind, Span(node.start_byte, node.end_byte), body)


def _field_names(plain: list[tree_sitter.Node], source: bytes) -> Iterator[str]:
    for at, name in enumerate(plain):
        begins = name.type == "identifier" and (at == 0 or plain[at - 1].type == ",")
        if begins and any(one.type == ":" for one in plain[at + 1 : at + 2]):
            yield text(name, source)


def _value(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """What stands after a field's `var`, or after a constant's name, without attributes and comments."""
    value = node.child_by_field_name("value")
    plain = [one for one in (value.children if value is not None else []) if not one.is_extra]
    return [one for one in plain if one.type != "attribute"]


def _parts(item: Item, source: bytes) -> list[Item]:
    """A field or constant, and the fields after it that the tree takes for its expression: `var x: int; var y: int;`.

    What follows such a `var` is a field if it stands in a scope and binds nothing, as a `var` of an expression does.
    """
    if item.node.type not in {"field", "const"}:
        return [item]
    plain = _value(item.node)
    starts = [at for at in range(1, len(plain)) if plain[at].type == "var" and plain[at - 1].type == ";"]
    ends = [*starts[1:], len(plain)]
    pieces = [pair for pair in zip(starts, ends[: len(starts)], strict=True) if _binds_nothing(plain, *pair)]
    if not pieces or not item.scope.name:
        return [replace(item, fields=tuple(_field_names(plain, source)) if item.node.type == "field" else ())]
    first = pieces[0][0]
    own = tuple(_field_names(plain[:first], source)) if item.node.type == "field" else ()
    found = [replace(item, fields=own, part=Span(item.outer.start_byte, plain[first - 1].end_byte))]
    for start, end in pieces:
        names = tuple(_field_names(plain[start + 1 : end], source))
        name = item.scope.qualify(next(iter(names), ""))
        span = Span(plain[start].start_byte, plain[end - 1].end_byte)
        found.append(Item(item.outer, item.node, item.scope, name, "var", frozenset(), (), names, span))
    return found


def _binds_nothing(plain: list[tree_sitter.Node], start: int, end: int) -> bool:
    return not any(one.type in {":=", ":|", ":-"} for one in plain[start:end])


def _constructors(node: tree_sitter.Node, source: bytes) -> Iterator[str]:
    for constructor in find(node, "datatype_constructor"):
        name = constructor.child_by_field_name("name")
        if name is not None:
            yield text(name, source)


def _destructors(node: tree_sitter.Node, source: bytes) -> Iterator[str]:
    """Named parameters of constructors, and the `Name?` that asks which constructor it is."""
    yield from (f"{name}?" for name in _constructors(node, source))
    for constructor in find(node, "datatype_constructor"):
        for paren in constructor.named_children:
            plain = [one for one in paren.children if not one.is_extra] if paren.type == "paren" else []
            for name, colon in pairwise(plain):
                if name.type == "identifier" and colon.type == ":":
                    yield text(name, source)
