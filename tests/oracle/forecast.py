"""What one run must come to, component by component, imports first.

Law: it follows from the project, from what lies in build/, and from the account; nothing is asked of the tool. Where a
killed run left something open, a range is given, and only there.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product

from tests.oracle.memory import (
    MOST_ATTEMPTS,
    MOST_KEPT,
    Component,
    Frozen,
    Known,
    Memory,
    Recorded,
    freeze,
    holes_in,
    obligation_of,
    shape_of,
)
from tests.oracle.world import FUNCTION, Answers, Fills, Obligation, World, proves, solution, source

MOST_PREVIOUS = 3  # older fills that are tried
MOST_ELSEWHERE = 3  # those of files that are alike
HELPER = re.compile(r"\blemma (\w+)\(")


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


@dataclass(frozen=True)
class Before:
    """All that a run finds, and what it is called for: `asked` may cost a request."""

    world: World
    disk: Mapping[str, bytes]
    recorded: Mapping[str, Recorded]
    store: Memory
    unsure: Collection[Obligation]
    answers: Answers
    wanted: Collection[str]
    asked: Collection[str]


class Forecast:
    """The forecast of one run."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._world = before.world
        self._seen: dict[str, str] = {}
        self._doubtful: set[str] = set()  # functions of which it can't be said what stands for them
        self._done: dict[Obligation, Expect] = {}
        self.expected: dict[Component, Expect] = {}
        for component in self._world.components:
            if component[0] in before.wanted:
                self._take(component, self._one(component))

    def _take(self, component: Component, one: Expect) -> None:
        self.expected[component] = one
        if one.key is not None:
            self._done.setdefault(one.key, one)
        if self._world.files[component[0]].kind == FUNCTION:
            if len(one.allowed) == 1 and not one.anything:
                self._seen.update(seen_of(self._world, component, next(iter(one.allowed))))
            else:
                self._doubtful.add(component[0])

    def _one(self, component: Component) -> Expect:
        world = self._world
        if not world.broken(component) and world.below(component) & self._doubtful:
            return Expect(None, ABSENT, (0, MOST_ATTEMPTS if self._may_ask(component) else 0), anything=True)
        key = obligation_of(world, component, self._seen)
        if key is None:
            return Expect(None, ABSENT)
        if not any(world.files[path].holes for path in component):
            return self._given(component, key)
        known = self._before.store.stored(key)
        hands = frozenset[Frozen | None](self._by_hand(component, key, known))
        if self._may_clash(component) and not (known.stands() and self._current(component, key)):
            return self._unclear(component, key, found=False, must=False)
        if key in self._before.unsure:
            return self._unclear(component, key, found=bool(hands or known.stands()))
        return Expect(key, hands, human=True) if hands else self._known(component, key, known)

    def _given(self, component: Component, key: Obligation) -> Expect:
        """A file without holes is right or wrong."""
        whole = {self._world.files[component[0]].name: ()}
        good = self._proves(component, whole)
        current = good and self._current(component, key) is not None
        return Expect(key, frozenset[Frozen | None]({freeze(whole)}) if good else ABSENT, current=current)

    def _known(self, component: Component, key: Obligation, known: Known) -> Expect:
        """What stands already: in build/, in the store, or for a copy that came before."""
        standing = frozenset[Frozen | None](known.stands())
        current = self._current(component, key)
        if current is not None and (freeze(current) in standing or not standing):
            return Expect(key, frozenset({freeze(current)}), current=True)
        if standing:
            return Expect(key, standing)
        for one in self._same(key):  # a copy in build/ goes back into the store first
            here = self._current(one, key) if one[0] in self._before.wanted else None
            if here is not None:
                return Expect(key, frozenset({freeze(here)}))
        if key in self._done:
            return Expect(key, self._done[key].allowed, anything=self._done[key].anything)
        return self._open(component, key)

    def _open(self, component: Component, key: Obligation) -> Expect:
        """Nothing is stored for it: older fills, else the model."""
        found = [
            (freeze(fills), certain)
            for one in self._same(key)
            for fills, certain in (
                *self._previous(one),
                *self._built(one),
                *self._retied(one),
                *self._elsewhere(one),
            )
            if self._proves(one, fills)
        ]
        sure = all(certain for _, certain in found)
        if found and sure:
            return Expect(key, frozenset(fills for fills, _ in found))
        low, high = self._before.store.tried(key, self._world.model)
        if found or low != high:
            return self._unclear(component, key, found=any(certain for _, certain in found))
        return self._asked(component, key, low) if self._may_ask(component) else Expect(key, ABSENT)

    def _may_clash(self, component: Component) -> bool:
        """Whether a helper of it and one of a file that is seen with it may have one name: the first to come keeps it.

        Files that were copies once, and renamed, have helpers of one name among their older fills.
        """
        world = self._world
        tops = (one for one in world.components if set(component) <= {*one, *world.below(one)})
        seen = {path for one in tops for path in (*one, *world.below(one))} - set(component)
        others = (one for one in world.components if seen & set(one))
        return bool(self._helpers(component) & {name for one in others for name in self._helpers(one)})

    def _helpers(self, component: Component) -> set[str]:
        """Names of helpers that its fills may declare: those of the model, of older fills, of build/."""
        world, before = self._world, self._before
        if world.broken(component):
            return set()
        older = [text for path in component for one in before.store.history.get(path, ()) for text in one]
        older += [text for path in component for one in before.store.perhaps.get(path, ()) for text in one]
        if len(component) == 1:
            older += [text for one in before.store.alike.get(shape_of(world, component), ()) for text in one]
        texts = [one for holes in (*older, *solution(world, component).values()) for one in holes]
        texts += [before.disk.get(path, b"").decode() for path in component]
        return {name for one in texts for name in HELPER.findall(one)}

    def _unclear(self, component: Component, key: Obligation, *, found: bool, must: bool = True) -> Expect:
        """What was kept of it is not known: it may be asked for, and must be there if it can be."""
        asks = MOST_ATTEMPTS if self._may_ask(component) else 0
        must = must and bool(found or (asks and self._before.answers.mood(self._world, component) != "never"))
        return Expect(key, frozenset() if must else ABSENT, (0, asks), anything=True)

    def _asked(self, component: Component, key: Obligation, made: int) -> Expect:
        for number in range(MOST_ATTEMPTS - made):
            if self._before.answers.right(self._world, component, number):
                fills = frozenset[Frozen | None]({freeze(solution(self._world, component))})
                # of a cycle only what is at fault is asked for: the rest of an older form stays
                return Expect(key, fills, (number + 1, number + 1), anything=len(component) > 1)
        asks = max(0, MOST_ATTEMPTS - made)
        return Expect(key, ABSENT, (asks, asks))

    def _may_ask(self, component: Component) -> bool:
        return any(path in self._before.asked for path in component)

    def _proves(self, component: Component, fills: Fills) -> bool:
        return proves(self._world, component, fills, self._seen)

    def _same(self, key: Obligation) -> list[Component]:
        """Every component that owes this, part of the run or not."""
        return [one for one in self._world.components if obligation_of(self._world, one, self._seen) == key]

    def _current(self, component: Component, key: Obligation) -> Fills | None:
        """The fills in build/ if it holds what today's sources ask for."""
        found = {}
        for path in component:
            was, content = self._before.recorded.get(path), self._before.disk.get(path)
            holes = holes_in(path, self._world, content)
            if was is None or was.content != content or holes is None:
                return None
            if was.key != key or was.source != source(path, self._world.files[path]):
                return None
            found[self._world.files[path].name] = holes
        return found

    def _by_hand(self, component: Component, key: Obligation, known: Known) -> Iterator[Frozen]:
        """Edits by hand in build/ that prove it, of this or of any copy."""
        for one in self._same(key):
            edit = self._edit(one, known)
            if edit is not None and self._proves(component, edit):
                yield freeze(edit)

    def _edit(self, component: Component, known: Known) -> Fills | None:
        """The fills in build/ if a person edited them: they are not stored, or not what stands and was written."""
        disk, recorded = self._before.disk, self._before.recorded
        touched = [
            path for path in component
            if path in disk and (path not in recorded or recorded[path].content != disk[path])
        ]  # fmt: skip
        holes = {self._world.files[path].name: holes_in(path, self._world, disk.get(path)) for path in component}
        if not touched or any(one is None for one in holes.values()):
            return None
        found = {name: one for name, one in holes.items() if one is not None}
        if not known.holds(freeze(found)):
            return found
        written = any(path in recorded for path in touched)
        return found if written and freeze(found) not in known.stands() else None

    def _built(self, component: Component) -> Iterator[tuple[Fills, bool]]:
        """What lies in build/ for a part of the run, whatever it was made for."""
        holes = {
            self._world.files[path].name: holes_in(path, self._world, self._before.disk.get(path)) for path in component
        }
        found = {name: one for name, one in holes.items() if one is not None}
        if found.keys() == holes.keys() and component[0] in self._before.wanted:
            yield found, True

    def _elsewhere(self, component: Component) -> Iterator[tuple[Fills, bool]]:
        """Fills of a file like it that is gone, and whether they are sure to be tried."""
        store = self._before.store
        if len(component) > 1:
            return
        shape, file = shape_of(self._world, component), self._world.files[component[0]]
        known = store.alike.get(shape, {})
        sure = len(known) <= MOST_ELSEWHERE and shape not in store.blurred
        for texts, paths in known.items():
            gone = paths - self._world.files.keys()
            if gone and [len(one) for one in texts] == [file.holes]:
                yield {file.name: texts[0]}, sure and gone == paths

    def _retied(self, component: Component) -> Iterator[tuple[Fills, bool]]:
        """Fills of a cycle's files from when each stood alone, of one from when it was in a cycle: perhaps tried."""
        store, files = self._before.store, [self._world.files[path] for path in component]
        known = [[*store.history.get(path, ()), *store.perhaps.get(path, ())] for path in component]
        alone = [[one[0] for one in own if len(one) == 1] for own in known]
        within = [text for one in known[0] for text in one if len(one) > 1]
        for way in product(*alone) if len(component) > 1 else [(text,) for text in within]:
            if [len(text) for text in way] == [file.holes for file in files]:
                yield {file.name: text for file, text in zip(files, way, strict=True)}, False

    def _previous(self, component: Component) -> Iterator[tuple[Fills, bool]]:
        """Older fills that fit, and whether they are sure to be tried."""
        store, names = self._before.store, [self._world.files[path].name for path in component]
        shape = sorted(self._world.files[path].holes for path in component)
        entries = [one for path in component for one in store.history.get(path, ())]
        fitting = [one for one in dict.fromkeys(entries) if sorted(map(len, one)) == shape]
        few = len(fitting) <= MOST_PREVIOUS and len(set(entries)) <= MOST_KEPT
        shuffled = any(path in store.shuffled for path in component)
        for place, one in enumerate(fitting):
            known = all(one in store.history.get(path, ()) for path in component)
            sure = known and (few or (place < MOST_PREVIOUS and not shuffled and len(component) == 1))
            for turned in permutations(one):  # of a cycle it is content that decides which text goes where
                yield dict(zip(names, turned, strict=True)), sure
        for own in dict.fromkeys(one for path in component for one in store.perhaps.get(path, ())):
            if shape == sorted(map(len, own)):
                for turned in permutations(own):
                    yield dict(zip(names, turned, strict=True)), False


def seen_of(world: World, component: Component, frozen: Frozen | None) -> dict[str, str]:
    """What importers see of a component's fills."""
    if frozen is None or world.files[component[0]].kind != FUNCTION:
        return {}
    return {component[0]: dict(frozen)[world.files[component[0]].name][-1]}
