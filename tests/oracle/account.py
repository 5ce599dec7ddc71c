"""The oracle's own account: what was answered and stands, and what lies in build/.

Law: it is kept from what the oracle itself did (edits, losses), from what the endpoint was sent, and from the files in
build/, which every run is held against. It never looks into the tool's store. What a killed run may or may not have
kept is `unsure`, and only that: the next run that is not killed settles it.
"""

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass

from tests.oracle.forecast import Before, Expect, Forecast, seen_of
from tests.oracle.memory import (
    MOST_ATTEMPTS,
    Component,
    Frozen,
    Known,
    Made,
    Memory,
    Recorded,
    freeze,
    holes_in,
    obligation_of,
)
from tests.oracle.world import Answers, Obligation, World, proves, solution, source


@dataclass(frozen=True)
class After:
    """A run that came to its end: the project that it was about, what lies in build/ now, what importers see by now."""

    world: World
    disk: Mapping[str, bytes]
    seen: dict[str, str]


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
        """The database of doit is gone."""
        self.recorded.clear()

    def lose_store(self) -> None:
        """The store is gone, but for its records."""
        was, now = self.store, self.exported
        self.unsure |= {key for key, one in was.known.items() if one != now.known.get(key)}
        self.unsure |= {key for key, _ in was.attempts.keys() - now.attempts.keys()}
        self.store = deepcopy(now)
        self.store.perhaps, self.store.alike, self.store.blurred = was.perhaps, was.alike, was.blurred
        self.store.from_records()

    def lose_records(self) -> None:
        """The store is gone with its records."""
        self.store, self.exported, self.unsure = Memory(), Memory(), set()

    # --- what a run must do, and what it did --------------------------------------------------------------------

    def expect(
        self, world: World, disk: Mapping[str, bytes], wanted: Collection[str], asked: Collection[str]
    ) -> dict[Component, Expect]:
        """What a run over the paths in `wanted` must come to, of which those in `asked` may cost a request."""
        before = Before(world, disk, self.recorded, self.store, self.unsure, self.answers, wanted, asked)
        return Forecast(before).expected

    def settle(self, run: After, component: Component, expected: Expect, asks: int) -> str:
        """Hold one component of a run that ended against what was expected, and note it; "" or what is wrong."""
        world = run.world
        here = [path for path in component if path in run.disk]
        found = {path: holes_in(path, world, run.disk[path]) for path in here}
        if here and (len(here) < len(component) or None in found.values()):
            return f"build/ of {component} is not its sources with fills: {here}"
        fills = {world.files[path].name: one for path, one in found.items() if one is not None}
        frozen = freeze(fills) if fills else None
        key = expected.key or obligation_of(world, component, run.seen)
        if frozen is not None and (key is None or not proves(world, component, fills, run.seen)):
            return f"build/ of {component} holds what proves nothing: {fills}"
        if frozen not in expected.allowed and not (expected.anything and frozen is not None):
            return f"build/ of {component} holds {frozen}, not one of {set(expected.allowed)}"
        run.seen.update(seen_of(world, component, frozen))
        if key is not None and any(world.files[path].holes for path in component):
            self._note_asks(world, expected, key, asks, solved=frozen is not None)
            self._note_fills(run, component, expected, key, frozen)
        self._record(run, component, key, frozen, current=expected.current)
        return ""

    def _note_asks(self, world: World, expected: Expect, key: Obligation, asks: int, *, solved: bool) -> None:
        """How often it was tried. One that may be asked for and is not solved has no attempts left."""
        if expected.asks[1]:
            low, high = self.store.tried(key, world.model)
            now = (low + asks, high + asks) if solved else (MOST_ATTEMPTS, MOST_ATTEMPTS)
            self.store.attempts[key, world.model] = min(MOST_ATTEMPTS, now[0]), min(MOST_ATTEMPTS, now[1])

    def _note_fills(
        self, run: After, component: Component, expected: Expect, key: Obligation, frozen: Frozen | None
    ) -> None:
        """What the store knows of a component that was solved; one that is current it gets back if it was lost."""
        doubtful = key in self.unsure
        self.unsure.discard(key)
        if frozen is None:
            return
        if expected.current and self.store.stored(key).stands():
            self.store.note(run.world, component, frozen)
            return
        known = self.store.known.setdefault(key, Known())
        same = [one for one in run.world.components if obligation_of(run.world, one, run.seen) == key]
        if (key, frozen) not in self.store.makers or (expected.human and frozen not in known.human):
            paths = tuple(path for one in same for path in one)
            self.store.makers[key, frozen] = Made(paths, certain=len(same) == 1)
        if expected.human:
            known.human = [frozen, *(one for one in known.human if one != frozen)]
        elif doubtful:
            known.human, known.others = [], {frozen}
        elif not known.human:
            known.others = {frozen}  # of several it is content that decides: the same for ever
        self.store.remember(run.world, component, frozen)

    def _record(
        self, run: After, component: Component, key: Obligation | None, frozen: Frozen | None, *, current: bool
    ) -> None:
        for path in component:
            if frozen is None or key is None:
                self.recorded.pop(path, None)
            elif not current:
                self.recorded[path] = Recorded(key, source(path, run.world.files[path]), run.disk[path])

    def is_stored(self, world: World, component: Component, disk: Mapping[str, bytes]) -> bool:
        """Whether the store is sure to have what stands for it; files without holes need no store."""
        keys = {self.recorded[path].key for path in component if path in self.recorded}
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
            low, high = self.store.tried(one.key, world.model)
            if component in sent:
                self.store.attempts[one.key, world.model] = low, min(MOST_ATTEMPTS, high + sent[component])
            known = self.store.stored(one.key).stands()
            if one.human or one.anything or component in sent or not one.allowed <= {None, *known}:
                self.unsure.add(one.key)
            if not one.current:
                self._doubt(world, component, (*one.allowed, freeze(solution(world, component))))
                self.store.shuffled.update(component)
            elif not known:  # a lost store may have been given back what lies in build/, or not yet
                self._doubt(world, component, one.allowed)
        for path in touched:
            self.recorded.pop(path, None)

    def _doubt(self, world: World, component: Component, fills: Iterable[Frozen | None]) -> None:
        for frozen in fills:
            if frozen is not None:
                self.store.doubt(world, component, frozen)
