"""The oracle's own account: what was answered and stands, what lies in build/, and what a run must do next.

Law: it is kept from what the oracle itself did (edits, losses), from what the endpoint was sent, and from the files in
build/, which every run is held against. It never looks into the tool's store. What a killed run may or may not have
kept is `unsure`, and only that: the next run that is not killed settles it.
"""

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import permutations

from tests.oracle.world import FUNCTION, Answers, Fills, Obligation, World, obligation, proves, solution, source, text

MOST_ATTEMPTS = 2
MOST_PREVIOUS, MOST_KEPT = 3, 5

Frozen = tuple[tuple[str, tuple[str, ...]], ...]
Component = tuple[str, ...]


def freeze(fills: Fills) -> Frozen:
    """Fills as a value that can be compared and kept in a set."""
    return tuple(sorted(fills.items()))


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
class Expect:
    """What a run must make of one component.

    `allowed`: the fills that may stand in build/ (None among them: it may be absent). `asks`: how often it is asked
    for, at least and at most. `human`: it is an edit by hand that is taken over. `current`: it is left as it is.
    """

    key: Obligation | None
    allowed: frozenset[Frozen | None]
    asks: tuple[int, int] = (0, 0)
    human: bool = False
    current: bool = False
    anything: bool = False  # any fills that prove it will do: what was kept is not known


ABSENT = frozenset[Frozen | None]({None})


@dataclass
class Memory:
    """What the store knows."""

    known: dict[Obligation, Known] = field(default_factory=dict)
    attempts: dict[tuple[Obligation, str], tuple[int, int]] = field(default_factory=dict)
    history: dict[str, list[tuple[tuple[str, ...], ...]]] = field(default_factory=dict)  # newest first
    shuffled: set[str] = field(default_factory=set)  # paths whose history may be in another order, or shorter


class Account:
    """The account of one project."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.store = Memory()
        self.exported = Memory()
        self.recorded: dict[str, Recorded] = {}
        self.unsure: set[Obligation] = set()

    # --- what is lost -------------------------------------------------------------------------------------------

    def lose_database(self) -> None:
        """doit's database is gone."""
        self.recorded.clear()

    def lose_store(self) -> None:
        """The store is gone, but for its records."""
        self.unsure |= self.store.known.keys() - self.exported.known.keys()
        self.unsure |= {key for key, _ in self.store.attempts.keys() - self.exported.attempts.keys()}
        self.unsure |= {key for key, one in self.store.known.items() if one != self.exported.known.get(key)}
        self.store = deepcopy(self.exported)
        self.store.shuffled |= self.store.history.keys()

    def lose_records(self) -> None:
        """The store is gone with its records."""
        self.store, self.exported, self.unsure = Memory(), Memory(), set()

    # --- what a run must do -------------------------------------------------------------------------------------

    def expect(
        self, world: World, disk: Mapping[str, bytes], wanted: Collection[str], asked: Collection[str]
    ) -> dict[Component, Expect]:
        """What a run over the paths in `wanted` must come to, of which those in `asked` may cost a request."""
        found: dict[Component, Expect] = {}
        done: dict[Obligation, Expect] = {}
        seen: dict[str, str] = {}
        doubtful: set[str] = set()
        for component in world.components:
            if component[0] not in wanted:
                continue
            one = self._one(world, component, disk, asked, seen, doubtful, done)
            found[component] = one
            if one.key is not None:
                done.setdefault(one.key, one)
            if world.files[component[0]].kind == FUNCTION:
                if len(one.allowed) == 1 and not one.anything:
                    seen.update(_seen(world, component, next(iter(one.allowed))))
                else:
                    doubtful.add(component[0])
        return found

    def _one(
        self, world: World, component: Component, disk: Mapping[str, bytes], asked: Collection[str],
        seen: Mapping[str, str], doubtful: set[str], done: Mapping[Obligation, Expect],
    ) -> Expect:  # fmt: skip
        if world.broken(component):
            return Expect(None, ABSENT)
        if world.below(component) & doubtful:
            return Expect(None, ABSENT, (0, MOST_ATTEMPTS), anything=True)
        key = obligation(world, component, seen)
        if key is None:
            return Expect(None, ABSENT)
        if not any(world.files[path].holes for path in component):
            whole = {world.files[component[0]].name: ()}
            good = proves(world, component, whole, seen)
            current = good and self._current(world, component, key, disk) is not None
            return Expect(key, frozenset({freeze(whole)}) if good else ABSENT, current=current)
        same = [one for one in world.components if not world.broken(one) and obligation(world, one, seen) == key]
        known = self.store.known.get(key, Known())
        edits = [edit for one in same if (edit := self._by_hand(world, one, disk, known))]
        hands = [freeze(one) for one in edits if proves(world, component, one, seen)]
        if key in self.unsure:
            return self._doubtful(world, component, key, asked, found=bool(hands or known.stands()))
        if hands:
            return Expect(key, frozenset(hands), human=True)
        standing = known.stands()
        current = self._current(world, component, key, disk)
        if current is not None and (freeze(current) in standing or not standing):
            return Expect(key, frozenset({freeze(current)}), current=True)
        if standing or key in done:
            allowed = frozenset(standing) if standing else done[key].allowed
            return Expect(key, allowed, anything=not standing and done[key].anything)
        return self._open(world, component, key, asked, seen, same)

    def _doubtful(
        self, world: World, component: Component, key: Obligation, asked: Collection[str], *, found: bool
    ) -> Expect:
        """What was kept of it is not known: it may be asked for, and must be there if it can be."""
        may_ask = any(path in asked for path in component)
        must = found or (may_ask and self.answers.mood(world, component) != "never")
        return Expect(key, frozenset() if must else ABSENT, (0, MOST_ATTEMPTS if may_ask else 0), anything=True)

    def _open(
        self, world: World, component: Component, key: Obligation, asked: Collection[str], seen: Mapping[str, str],
        same: list[Component],
    ) -> Expect:  # fmt: skip
        """Nothing is stored for it: older fills, else the model."""
        sure, maybe = set(), set()
        for one in same:
            for fills, certain in self._previous(world, one):
                if proves(world, one, fills, seen):
                    (sure if certain else maybe).add(freeze(fills))
        if sure and not maybe:
            return Expect(key, frozenset(list(sure)))
        low, high = self.store.attempts.get((key, world.model), (0, 0))
        if sure or maybe or low != high:
            return self._doubtful(world, component, key, asked, found=bool(sure))
        if not any(path in asked for path in component):
            return Expect(key, ABSENT)
        return self._asked(world, component, key, low)

    def _asked(self, world: World, component: Component, key: Obligation, made: int) -> Expect:
        for number in range(MOST_ATTEMPTS - made):
            if self.answers.right(world, component, number):
                return Expect(key, frozenset({freeze(solution(world, component))}), (number + 1, number + 1))
        asks = max(0, MOST_ATTEMPTS - made)
        return Expect(key, ABSENT, (asks, asks))

    def _current(self, world: World, component: Component, key: Obligation, disk: Mapping[str, bytes]) -> Fills | None:
        """The fills in build/ if it holds what today's sources ask for."""
        found = {}
        for path in component:
            was, content = self.recorded.get(path), disk.get(path)
            holes = holes_in(path, world, content)
            if was is None or was.content != content or holes is None:
                return None
            if was.key != key or was.source != source(path, world.files[path]):
                return None
            found[world.files[path].name] = holes
        return found

    def _by_hand(self, world: World, component: Component, disk: Mapping[str, bytes], known: Known) -> Fills | None:
        """The fills in build/ if a person edited them: they are not stored, or not what stands and was written."""
        touched = [
            path for path in component
            if path in disk and (path not in self.recorded or self.recorded[path].content != disk[path])
        ]  # fmt: skip
        holes = {world.files[path].name: holes_in(path, world, disk.get(path)) for path in component}
        if not touched or any(one is None for one in holes.values()):
            return None
        found = {name: one for name, one in holes.items() if one is not None}
        if not known.holds(freeze(found)):
            return found
        written = any(path in self.recorded for path in touched)
        return found if written and freeze(found) not in known.stands() else None

    def _previous(self, world: World, component: Component) -> Iterator[tuple[Fills, bool]]:
        """Older fills that fit, and whether they are sure to be tried."""
        entries = [one for path in component for one in self.store.history.get(path, ())]
        shape = sorted(world.files[path].holes for path in component)
        fitting = [one for one in dict.fromkeys(entries) if sorted(map(len, one)) == shape]
        shuffled = any(path in self.store.shuffled for path in component)
        few = len(fitting) <= MOST_PREVIOUS and len(entries) <= MOST_KEPT
        for place, one in enumerate(fitting):
            if len(component) == 1:
                yield {world.files[component[0]].name: one[0]}, few or (place < MOST_PREVIOUS and not shuffled)
                continue
            for turned in permutations(one):  # which member each text went to is content's to decide
                yield dict(zip([world.files[path].name for path in component], turned, strict=True)), False

    # --- what a run did -----------------------------------------------------------------------------------------

    def settle(
        self, world: World, component: Component, expected: Expect, disk: Mapping[str, bytes], seen: dict[str, str],
        asks: int, *, idle: bool,
    ) -> str:  # fmt: skip
        """Hold one component of a run that ended against what was expected, and note it; "" or what is wrong.

        `idle`: the run found all as it must be, so it looked no further.
        """
        here = [path for path in component if path in disk]
        found = {path: holes_in(path, world, disk[path]) for path in here}
        if here and (len(here) < len(component) or None in found.values()):
            return f"build/ of {component} is not its sources with fills: {here}"
        fills = {world.files[path].name: one for path, one in found.items() if one is not None}
        frozen = freeze(fills) if fills else None
        key = expected.key
        if key is None and not world.broken(component):
            key = obligation(world, component, seen)
        if frozen is not None and (key is None or not proves(world, component, fills, seen)):
            return f"build/ of {component} holds what proves nothing: {fills}"
        if frozen not in expected.allowed and not (expected.anything and frozen is not None):
            return f"build/ of {component} holds {frozen}, not one of {set(expected.allowed)}"
        seen.update(_seen(world, component, frozen))
        if not idle:
            self._note(world, component, replace(expected, key=key), frozen, asks)
        for path in component:
            if frozen is None or key is None:
                self.recorded.pop(path, None)
            elif not expected.current:
                self.recorded[path] = Recorded(key, source(path, world.files[path]), disk[path])
        return ""

    def _note(self, world: World, component: Component, expected: Expect, frozen: Frozen | None, asks: int) -> None:
        """What the store knows of a component that was solved, or was not."""
        key = expected.key
        if key is None or not any(world.files[path].holes for path in component):
            return
        doubtful = key in self.unsure
        self.unsure.discard(key)
        if expected.asks[1]:
            low, high = self.store.attempts.get((key, world.model), (0, 0))
            now = (low + asks, high + asks) if frozen is not None else (MOST_ATTEMPTS, MOST_ATTEMPTS)
            self.store.attempts[key, world.model] = min(MOST_ATTEMPTS, now[0]), min(MOST_ATTEMPTS, now[1])
        if frozen is None or (expected.current and self.store.known.get(key, Known()).stands()):
            return
        known = self.store.known.setdefault(key, Known())
        if expected.human:
            known.human = [frozen, *(one for one in known.human if one != frozen)]
        elif doubtful:
            known.human, known.others = [], {frozen}
        elif not known.human:
            known.others = {frozen}  # of several it is content that decides: the same for ever
        self.remember(component, frozen)

    def remember(self, component: Component, frozen: Frozen) -> None:
        """These fills are the newest of their path."""
        own = tuple(holes for _, holes in frozen)
        for path in component:
            others = [one for one in self.store.history.get(path, []) if one != own]
            self.store.history[path] = [own, *others][:MOST_KEPT]

    def is_stored(self, world: World, component: Component, disk: Mapping[str, bytes]) -> bool:
        """Whether the store is sure to have what stands for it; files without holes need no store."""
        recorded = [self.recorded.get(path) for path in component]
        keys = {one.key for one in recorded if one is not None}
        whole = not any(world.files[path].holes for path in component)
        return all(path in disk for path in component) and (whole or bool(keys & self.store.known.keys()))

    def ended(self) -> None:
        """A run came to its end: what the store knows is in its records too."""
        self.exported = deepcopy(self.store)

    def killed(
        self, world: World, expected: Mapping[Component, Expect], touched: Collection[str],
        sent: Mapping[Component, int],
    ) -> None:  # fmt: skip
        """A run was killed: what it may have kept is unsure. `touched`: paths whose file in build/ it changed."""
        for component, one in expected.items():
            if one.key is None:
                continue
            low, high = self.store.attempts.get((one.key, world.model), (0, 0))
            if component in sent:
                self.store.attempts[one.key, world.model] = low, min(MOST_ATTEMPTS, high + sent[component])
            known = self.store.known.get(one.key, Known())
            if one.human or not one.allowed <= {None, *known.stands()} or component in sent or one.anything:
                self.unsure.add(one.key)
            if not one.current:
                self.store.shuffled.update(component)
        for path in touched:
            self.recorded.pop(path, None)


def _seen(world: World, component: Component, frozen: Frozen | None) -> dict[str, str]:
    """What importers see of a component's fills."""
    if frozen is None or world.files[component[0]].kind != FUNCTION:
        return {}
    return {component[0]: dict(frozen)[world.files[component[0]].name][-1]}
