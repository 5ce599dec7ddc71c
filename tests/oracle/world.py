"""A project by what its files mean: declarations, contracts, imports, and the text that says so.

Law: values only. A `File` knows nothing of paths but its imports; a `World` is the whole project at one moment, and
everything that a run must do follows from it and from what was answered before.

A contract is a choice of values: `ensures r == n + 3 || r == n + 4`. A body keeps it by giving one of them, or by
calling something imported whose own contract leaves no other choice. Real Dafny proves exactly the same.
"""

import posixpath
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

METHOD, STUB, FUNCTION, GIVEN = "method", "stub", "function", "given"
WRONG = 9999  # a value that no contract ever has

Fills = Mapping[str, tuple[str, ...]]
"""Declared name of each file of a component -> the text in each of its holes, without braces and blanks around it."""


@dataclass(frozen=True)
class File:
    """One source. `mark` stands in a comment and tells in a prompt which file it is; copies share it."""

    kind: str
    name: str
    values: tuple[int, ...]
    imports: tuple[str, ...] = ()
    again: int = 1  # how often the clause is written
    given: int = 0  # the value that a given body returns
    comment: int = 0
    blanks: int = 0
    broken: bool = False
    mark: int = 0

    @property
    def holes(self) -> int:
        """How many holes it has."""
        return {METHOD: 2, STUB: 1, FUNCTION: 1, GIVEN: 0}[self.kind]

    @property
    def said(self) -> tuple[object, ...]:
        """What an importer can see of it, its fill apart."""
        return self.kind == FUNCTION, self.name, self.values, self.again

    @property
    def tokens(self) -> tuple[object, ...]:
        """What its own obligation rests on."""
        return self.kind, *self.said, self.given if self.kind == GIVEN else None


def terms(values: tuple[int, ...], result: str) -> str:
    """A contract's condition."""
    return " || ".join(f"{result} == n + {value}" for value in values)


def text(path: str, file: File) -> tuple[str, ...]:
    """The source, cut at its holes: what stands before the first, between, and after the last."""
    folder = posixpath.dirname(path)
    lines = [f'include "{posixpath.relpath(one, folder or ".")}"' for one in file.imports]
    lines += [f"// mark {file.mark} {file.comment}", *[""] * (file.blanks % 3)]
    pad = " " * (file.blanks % 4)
    result = f"{file.name}(n)" if file.kind == FUNCTION else "r"
    clauses = [f"{pad}  ensures {terms(file.values, result)}" for _ in range(file.again)]
    if file.comment % 2:
        clauses.insert(0, f"  /* note {file.comment} */")
    word = {FUNCTION: f"function {file.name}(n: int): int"}
    head = "\n".join([word.get(file.kind, f"method {file.name}(n: int) returns (r: int)"), *clauses])
    start = "\n".join(lines)
    wrong = "\nmethod (\n" if file.broken else ""
    if file.kind == METHOD:
        return f"{start}\n// <vc-helpers>\n", f"// </vc-helpers>\n{head}\n// <vc-code>\n", f"// </vc-code>\n{wrong}"
    if file.kind == STUB:
        return f"{start}\n{head}\n", f"\n{wrong}"
    if file.kind == FUNCTION:
        return f"{start}\n{head}", f"\n{wrong}"
    return (f"{start}\n{head}\n{{\n  r := n + {file.given};\n}}\n{wrong}",)


def source(path: str, file: File) -> str:
    """The source as it stands on disk: its holes hold what a person left there."""
    pieces = text(path, file)
    stub = "{\n  assume {:axiom} false;\n}"
    kept = {METHOD: ["", f"{stub}\n"], STUB: [stub], FUNCTION: [""], GIVEN: []}[file.kind]
    return "".join(piece + inside for piece, inside in zip(pieces, [*kept, ""], strict=True))


@dataclass(frozen=True)
class World:
    """The whole project at one moment."""

    files: Mapping[str, File]
    model: str = "m-1"

    def put(self, path: str, file: File) -> "World":
        """With this file at this path."""
        return replace(self, files={**self.files, path: file})

    def without(self, path: str) -> "World":
        """Without the file at this path."""
        return replace(self, files={one: file for one, file in self.files.items() if one != path})

    @cached_property
    def closures(self) -> Mapping[str, frozenset[str]]:
        """Path -> every path that it imports, through others too; itself only within a cycle."""
        found: dict[str, frozenset[str]] = {}
        for path in self.files:
            seen: set[str] = set()
            todo = list(self.files[path].imports)
            while todo:
                one = todo.pop()
                if one not in seen:
                    seen.add(one)
                    todo += self.files[one].imports if one in self.files else ()
            found[path] = frozenset(seen)
        return found

    @cached_property
    def components(self) -> tuple[tuple[str, ...], ...]:
        """Files that import each other, as one; imports first."""
        home = {path: self._component(path) for path in sorted(self.files)}
        return tuple(sorted(set(home.values()), key=lambda one: (len(self.closures[one[0]] | set(one)), one)))

    def _component(self, path: str) -> tuple[str, ...]:
        others = {one for one in self.closures[path] if one in self.files and path in self.closures[one]}
        return tuple(sorted({path, *others}))

    def below(self, component: tuple[str, ...]) -> frozenset[str]:
        """Every path that a component imports, its own members apart."""
        return frozenset(self.closures[component[0]]) - set(component)

    def broken(self, component: tuple[str, ...]) -> bool:
        """Whether it, or something that it imports, can't be read."""
        files = [self.files.get(one) for one in (*component, *self.below(component))]
        return any(file is None or file.broken for file in files)

    def names(self, paths: frozenset[str] | set[str]) -> list[str]:
        """The names that these files declare."""
        return [self.files[one].name for one in sorted(paths) if one in self.files]

    def sensible(self) -> bool:
        """No name twice where files see each other; cycles only of methods that need nothing from each other."""
        for component in self.components:
            seen = self.names(self.below(component) | set(component))
            if len(seen) != len(set(seen)):
                return False
            if len(component) > 1 and any(self.files[one].kind != METHOD for one in component):
                return False
        return True


Seen = Mapping[str, str]
"""Path of a function -> the fill that stands for it."""

Obligation = tuple[object, ...]


def obligation(world: World, component: tuple[str, ...], seen: Seen) -> Obligation | None:
    """What must be proved of a component; None while a fill that it can see does not stand."""
    below = sorted(world.below(component))
    if any(world.files[one].kind == FUNCTION and one not in seen for one in below):
        return None
    told = {one: (*world.files[one].said, seen.get(one)) for one in below}
    members = []
    for path in component:
        file = world.files[path]
        named = tuple(told[one] if one in told else ("member", world.files[one].name) for one in file.imports)
        members.append((file.tokens, named))
    return tuple(sorted(members, key=repr)), tuple(sorted(set(told.values()), key=repr))


CODE = re.compile(r"(?:var k\d+ := \d+;\s*)*r := (?:n \+ (\d+)|(\w+)\(n\));")
VALUE = re.compile(r"n \+ (\d+)")


def proves(world: World, component: tuple[str, ...], fills: Fills, seen: Seen) -> bool:
    """Whether these fills keep every contract of the component, beside what its imports say."""
    if set(fills) != {world.files[one].name for one in component}:
        return False
    return all(_proves(world, path, fills[world.files[path].name], seen) for path in component)


def _proves(world: World, path: str, holes: tuple[str, ...], seen: Seen) -> bool:
    file = world.files[path]
    if len(holes) != file.holes:
        return False
    if file.kind == GIVEN:
        return file.given in file.values
    found = (VALUE if file.kind == FUNCTION else CODE).fullmatch(holes[-1])
    if found is None:
        return False
    if found[1] is not None:
        return int(found[1]) in file.values
    return any(_entails(world, one, found[2], file, seen) for one in world.closures[path] if one in world.files)


def _entails(world: World, path: str, name: str, file: File, seen: Seen) -> bool:
    called = world.files[path]
    if called.name != name:
        return False
    body = VALUE.fullmatch(seen.get(path, "")) if called.kind == FUNCTION else None
    return set(called.values) <= set(file.values) or (body is not None and int(body[1]) in file.values)


def chance(*parts: object) -> int:
    """A number from 0 to 99 that these parts decide, the same in every process."""
    return zlib.crc32(repr(parts).encode()) % 100


def bare(world: World, component: tuple[str, ...]) -> Obligation:
    """The obligation without the fills that it can see: by this the played model knows what it was asked before."""
    return obligation(world, component, dict.fromkeys(world.below(component), "")) or ()


@dataclass
class Answers:
    """The model that is played: what it says depends on the obligation, on its own name and on how often it was asked.

    Most it knows at once, some at the second time, some it leaves out at first, some never.
    """

    asked: Counter[tuple[Obligation, str]] = field(default_factory=Counter)

    def right(self, world: World, component: tuple[str, ...], more: int = 0) -> bool:
        """Whether its next answer is a good one, or the one after `more` others."""
        mood = self.mood(world, component)
        time = self.asked[bare(world, component), world.model] + more
        return mood == "good" or (time > 0 and mood in {"slow", "omits"})

    @staticmethod
    def mood(world: World, component: tuple[str, ...]) -> str:
        """How it is with this obligation."""
        number = chance("mood", bare(world, component), world.model)
        return "good" if number < 76 else "slow" if number < 86 else "omits" if number < 91 else "never"

    def say(self, world: World, component: tuple[str, ...]) -> Fills:
        """Its next answer; "" for a body that it leaves out."""
        if self.right(world, component):
            return solution(world, component)
        omits = self.mood(world, component) == "omits"
        time = self.asked[bare(world, component), world.model]
        bodies = {one: "" if omits else _wrong(world.files[one], time) for one in component}
        return {world.files[one].name: _holes(world.files[one], bodies[one]) for one in component}


def solution(world: World, component: tuple[str, ...]) -> Fills:
    """The good answer for a component."""
    return {world.files[one].name: _holes(world.files[one], _body(world, component, one)) for one in component}


def _holes(file: File, body: str) -> tuple[str, ...]:
    return (_helpers(file), body)[-file.holes :] if file.holes else ()


def _wrong(file: File, time: int) -> str:
    return f"n + {WRONG + time}" if file.kind == FUNCTION else f"r := n + {WRONG + time};"


def _helpers(file: File) -> str:
    """Every third brings a lemma of its own."""
    return f"lemma Help{file.name}(n: int)\n  ensures n + 0 == n\n{{\n}}" if chance("help", file.name) < 33 else ""


def _body(world: World, component: tuple[str, ...], path: str) -> str:
    file = world.files[path]
    if file.kind == FUNCTION:
        return f"n + {file.values[-1]}"
    callable_ = list(_callable(world, component, path)) if len(component) == 1 else []
    if callable_ and chance("call", file.name) < 75:
        return f"r := {callable_[0]}(n);"
    return f"r := n + {file.values[0]};"


def _callable(world: World, component: tuple[str, ...], path: str) -> Iterator[str]:
    """Names of what it imports whose contract is enough for its own."""
    below = [world.files[one] for one in world.below(component)]
    for file in sorted(below, key=lambda one: one.name):
        if set(file.values) <= set(world.files[path].values):
            yield file.name
