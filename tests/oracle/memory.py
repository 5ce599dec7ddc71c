"""What the oracle takes the store and doit's database to hold, as values of its own.

Law: nothing here is read from them. It is made of what the oracle saw asked, and of what it saw in build/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.oracle.world import Fills, Obligation, World, obligation, text

MOST_ATTEMPTS = 2
MOST_KEPT = 5  # older fills that are known of one path

Component = tuple[str, ...]
Frozen = tuple[tuple[str, tuple[str, ...]], ...]
Shape = tuple[str, str]  # kind and name of a file
Texts = tuple[tuple[str, ...], ...]
"""For each member of a component the texts in its holes."""


def freeze(fills: Fills) -> Frozen:
    """Fills as a value that can be compared and kept in a set."""
    return tuple(sorted(fills.items()))


def texts_of(frozen: Frozen) -> Texts:
    """Fills without the names that they were made for."""
    return tuple(holes for _, holes in frozen)


@dataclass
class Known:
    """What is stored for one obligation: fills a person wrote, the newest first, and fills of the model."""

    human: list[Frozen] = field(default_factory=list)
    others: set[Frozen] = field(default_factory=set)

    def stands(self) -> set[Frozen]:
        """What may stand for it."""
        return {self.human[0]} if self.human else set(self.others)

    def holds(self, fills: Frozen) -> bool:
        """Whether these are stored."""
        return fills in self.human or fills in self.others


@dataclass(frozen=True)
class Recorded:
    """What `generate:PATH` did last: the obligation, the source and the bytes that it wrote."""

    key: Obligation
    source: str
    content: bytes


@dataclass(frozen=True)
class Made:
    """The path that a record of fills holds: the component's, or that of one of several copies."""

    paths: Component
    certain: bool


@dataclass
class Memory:
    """What the store knows. `attempts`: by obligation and model, at least and at most."""

    known: dict[Obligation, Known] = field(default_factory=dict)
    attempts: dict[tuple[Obligation, str], tuple[int, int]] = field(default_factory=dict)
    history: dict[str, list[Texts]] = field(default_factory=dict)  # by path, newest first
    shuffled: set[str] = field(default_factory=set)  # paths whose history may be in another order, or shorter
    makers: dict[tuple[Obligation, Frozen], Made] = field(default_factory=dict)
    perhaps: dict[str, list[Texts]] = field(default_factory=dict)  # by path: may be known of it, or not
    alike: dict[Shape, dict[Texts, set[str]]] = field(default_factory=dict)  # all that was made for a shape, and where
    blurred: set[Shape] = field(default_factory=set)  # shapes of which it is not sure what is known

    def stored(self, key: Obligation) -> Known:
        """What is stored for an obligation."""
        return self.known.get(key, Known())

    def tried(self, key: Obligation, model: str) -> tuple[int, int]:
        """How many attempts are on record, at least and at most."""
        return self.attempts.get((key, model), (0, 0))

    def remember(self, world: World, component: Component, frozen: Frozen) -> None:
        """These fills are the newest of their path, and known of their shape."""
        own = texts_of(frozen)
        if len(component) == 1:
            self.alike.setdefault(shape_of(world, component), {}).setdefault(own, set()).update(component)
        for path in component:
            others = [one for one in self.history.get(path, []) if one != own]
            self.history[path] = [own, *others][:MOST_KEPT]

    def note(self, world: World, component: Component, frozen: Frozen) -> None:
        """These fills are known of its path, if they were not before."""
        if not all(texts_of(frozen) in self.history.get(path, []) for path in component):
            self.remember(world, component, frozen)

    def from_records(self) -> None:
        """All that is known of paths is what the records say: each holds the path that it was made for."""
        self.history = {}
        for (_, frozen), made in self.makers.items():
            for path in made.paths:
                known = (self.history if made.certain else self.perhaps).setdefault(path, [])
                known += [texts_of(frozen)] if texts_of(frozen) not in known else []
        self.shuffled |= self.history.keys()
        self.blurred |= self.alike.keys()  # records say nothing of shapes

    def doubt(self, world: World, component: Component, frozen: Frozen) -> None:
        """These fills may be known of its path, and of its shape."""
        if len(component) == 1:
            self.alike.setdefault(shape_of(world, component), {}).setdefault(texts_of(frozen), set()).update(component)
            self.blurred.add(shape_of(world, component))
        for path in component:
            self.perhaps.setdefault(path, []).append(texts_of(frozen))


def shape_of(world: World, component: Component) -> Shape:
    """By what fills of a file that lies elsewhere are found: its comments, contract and imports are no part of that."""
    file = world.files[component[0]]
    return file.kind, file.name


def obligation_of(world: World, component: Component, seen: Mapping[str, str]) -> Obligation | None:
    """What must be proved of it; None where it can't be known, or not even be read."""
    return None if world.broken(component) else obligation(world, component, seen)


def holes_in(path: str, world: World, content: bytes | None) -> tuple[str, ...] | None:
    """The text in each hole of an implementation; None if anything outside them is not as in the source."""
    if content is None:
        return None
    pieces, rest = text(path, world.files[path]), content.decode()
    if not rest.startswith(pieces[0]) or not rest.endswith(pieces[-1]) or (len(pieces) == 1 and rest != pieces[0]):
        return None
    rest = rest[len(pieces[0]) :]
    found = []
    for piece in pieces[1:]:
        at = rest.find(piece) if piece is not pieces[-1] else len(rest) - len(piece)
        if at < 0:
            return None
        found.append(_bare(rest[:at]))
        rest = rest[at + len(piece) :]
    return tuple(found)


def _bare(hole: str) -> str:
    inner = hole.strip()
    return inner[1:-1].strip() if inner.startswith("{") and inner.endswith("}") else inner
