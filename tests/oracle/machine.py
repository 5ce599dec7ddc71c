"""The machine: edits a project at random, builds it as a user does, and holds every build against the oracle.

Law: one seed decides everything but the moment of a kill. Each step has a `Random` of its own, so that steps can be
left out of a failing run and the others stay what they are.
"""

import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from s2c import wire
from tests.loopback import Exchange, Server, stream_text
from tests.openai_server import asked, spec_text
from tests.oracle.account import Account, After
from tests.oracle.edits import edited, start
from tests.oracle.forecast import Expect
from tests.oracle.memory import Component
from tests.oracle.runs import Doit, Ran
from tests.oracle.verifier import dafny
from tests.oracle.world import METHOD, STUB, Answers, World, bare, source
from tests.projects import Tree

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent
KILLED, CHANGED, LOST, BY_HAND, CHECKED = 12, 12, 14, 12, 5  # in a hundred steps
OF_WHAT_IS_ASKED = 0.4  # of the edits during a request


class DeviationError(AssertionError):
    """A build did something else than it must."""


@dataclass(frozen=True)
class How:
    """How one run is called: its words, which paths are part of it, which may be asked for."""

    words: tuple[str, ...]
    wanted: frozenset[str]
    asked: frozenset[str]
    whole: bool = False  # everything, and verified


@dataclass
class Counts:
    """What was done, for a person."""

    steps: int = 0
    runs: int = 0
    kills: int = 0
    changed: int = 0  # while a request was out
    requests: int = 0
    specs: int = 0
    clean: int = 0  # builds from nothing but the store
    edits: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Machine:
    """One project, its endpoint and its oracle. `verifier`: the command of the Dafny to use; none: the stand-in."""

    def __init__(
        self, folder: Path, seed: object, *, package: Path = PACKAGE, verifier: Sequence[str] = (), kills: bool = True
    ) -> None:
        self.seed = seed
        self.counts = Counts()
        self.told: list[str] = []
        self._kills = kills
        self._stack = ExitStack()
        self.world, self.editor = start(Random(f"{seed} start"))  # noqa: S311 - played again, not guessed
        self.answers = Answers()
        self.account = Account(self.answers)
        self._lock = threading.Lock()
        self._began = self.world  # the project as it was when the run began
        self._wanted: frozenset[str] = frozenset()  # what is part of the run
        self._sent: Counter[Component] = Counter()  # in this run
        self._meanwhile: Callable[[], None] | None = None
        self._server = self._stack.enter_context(Server(self._answer))
        self.tree = Tree(folder / "project")
        real = {"dafny": {"command": list(verifier)}} if verifier else dafny(folder / "tool")
        self.tree.tables.update(real)
        env = {"HOME": str(folder), "NO_PROXY": "127.0.0.1", "S2C_VERDICT_KEY": "11" * 32}
        self._env = {**env, "PYTHONDONTWRITEBYTECODE": "1"}
        self._doit = self._stack.enter_context(Doit(self.tree.root, self._env, package))
        self._last: Ran | None = None
        self._written: dict[str, str] = {}  # path -> the source as it lies on disk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # --- the endpoint -------------------------------------------------------------------------------------------

    def _answer(self, exchange: Exchange) -> None:
        """What the played model says to one request."""
        prompt = exchange.received.prompt
        nonce, ids = asked(prompt)
        with self._lock:
            said = self._say(prompt)
            meanwhile, self._meanwhile = self._meanwhile, None
        found: dict[str, str] = {}
        for wire_id in ids:
            name, _, number = wire_id.rpartition(".h")
            holes = said[_mark(spec_text(prompt, name))]
            text = holes[int(number) - 1]
            if text or int(number) < len(holes):  # an empty body is one that it leaves out
                found[wire_id] = text
        if meanwhile is not None:
            meanwhile()
        read = exchange.received.prompt_tokens
        usage = {"prompt_tokens": read, "completion_tokens": 9, "total_tokens": read + 9}
        stream_text(wire.render(nonce, found), usage=usage, piece=400)(exchange)

    def _say(self, prompt: str) -> dict[int, tuple[str, ...]]:
        """The answer to every spec in a prompt, by its mark; each obligation counts as asked once more."""
        world, found = self._began, {}
        names = re.findall(r"^----- spec (F\d+) ", prompt, re.MULTILINE)
        shown = Counter(_mark(spec_text(prompt, name)) for name in names)
        counted = set()
        part = [one for one in world.components if one[0] in self._wanted]  # a copy that is no part of it asks nothing
        for component in part:
            if {world.files[path].mark for path in component} <= shown.keys() and not world.broken(component):
                said = self.answers.say(world, component)
                found.update({world.files[path].mark: said[world.files[path].name] for path in component})
                if (own := bare(world, component)) not in counted:
                    counted.add(own)
                    self._sent[component] += shown[world.files[component[0]].mark]
        for own in counted:
            self.answers.asked[own, world.model] += 1
        return found

    # --- steps --------------------------------------------------------------------------------------------------

    def play(self, steps: Iterable[int]) -> None:
        """Play these steps. Raises DeviationError."""
        begun = time.monotonic()
        self._lay_out()
        for number in steps:
            self._step(number, Random(f"{self.seed} {number}"))  # noqa: S311 - as above
            self.counts.steps += 1
            self.counts.seconds = time.monotonic() - begun

    def _step(self, number: int, random: Random) -> None:
        self.editor.random = random
        before = [self._edit() for _ in range(random.choice((0, 1, 1, 1, 2, 3)))]
        if random.randrange(100) < LOST:
            before.append(self._lose(random))
        if random.randrange(100) < BY_HAND:
            before.append(self._by_hand(random))
        how = self._how(random)
        kill = random.uniform(0, 1.5) if self._kills and random.randrange(100) < KILLED else None
        if random.randrange(100) < CHANGED and kill is None:
            self._meanwhile = self._edit_meanwhile
        self.told.append(f"{number}: {', '.join(before)}; doit {' '.join(how.words)}{' killed' if kill else ''}")
        self._run(how, kill)
        if how.whole and how.asked and kill is None and random.randrange(100) < CHECKED:
            self._nothing_to_do()
        if how.whole and kill is None and random.randrange(100) < CHECKED:
            self.clean_build()

    def _edit(self) -> str:
        self.world, name = edited(self.editor, self.world)
        self.editor.past = [*self.editor.past[-30:], self.world]
        self.counts.edits[name] += 1
        self._lay_out()
        return name

    def _edit_meanwhile(self) -> None:
        """In the endpoint's thread, while a request is out: any edit, or one of what is asked for."""
        self.counts.changed += 1
        asked = sorted(path for component in self._sent for path in component if path in self.world.files)
        if asked and self.editor.random.random() < OF_WHAT_IS_ASKED:
            path = self.editor.random.choice(asked)
            file = self.world.files[path]
            self.world = self.world.put(path, replace(file, comment=file.comment + 1))
            self._lay_out()
            self.told.append(f"   meanwhile: comment in {path}, which is asked for")
        else:
            self.told.append(f"   meanwhile: {self._edit()}")

    def _lay_out(self) -> None:
        """Make the disk hold the project as it is."""
        now = {path: source(path, file) for path, file in self.world.files.items()}
        for path in self._written.keys() - now.keys():
            (self.tree.root / path).unlink()
        for path, text in now.items():
            if self._written.get(path) != text:
                self.tree.write(path, text)
        self._written = now

    def _lose(self, random: Random) -> str:
        what = random.choice(("build", "build", "database", "database", "store", "cache"))
        if what == "database":
            (self.tree.root / ".doit.db").unlink(missing_ok=True)
            self.account.lose_database()
            return "doit's database lost"
        gone = {"build": "build", "store": "cache/db", "cache": "cache"}[what]
        shutil.rmtree(self.tree.root / gone, ignore_errors=True)
        {"build": lambda: None, "store": self.account.lose_store, "cache": self.account.lose_records}[what]()
        return f"{gone}/ lost"

    def _by_hand(self, random: Random) -> str:
        """Edit a file in build/: within a hole so that it holds or does not, or outside the holes."""
        paths = sorted(path for path in self.disk() if path in self.world.files)
        if not paths:
            return "no edit by hand"
        path = random.choice(paths)
        place = self.tree.root / "build" / path
        text = place.read_text(encoding="utf-8")
        way = random.choice(("good", "good", "back", "bad", "outside"))
        if way == "good" and self.world.files[path].kind in {METHOD, STUB}:
            changed = re.sub(
                r"\br := (n \+ \d+|\w+\(n\));", rf"var k{random.randrange(9)} := 1;\n  \g<0>", text, count=1
            )
        elif way == "back":
            changed = re.sub(r"var k\d := 1;\s*", "", text)
        elif way == "bad":
            changed = re.sub(r"n \+ \d+(?=[;\n]\s*\}}?)", "n + 8888", text)
        else:
            changed = f"// by hand {random.randrange(1000)}\n{text}"
        place.write_text(changed, encoding="utf-8")
        return f"edit by hand ({way}) of {path}"

    def _how(self, random: Random) -> How:
        """How a run is called."""
        every = frozenset(self.world.files)
        words = tuple(random.choice(((), (), ("-n", "2", "-P", "thread"), ("-n", "3"))))
        kind = random.randrange(100)
        if kind < 64:
            return How(words, every, every, whole=True)
        if kind < 70:
            return How((*words, "offline=1"), every, frozenset(), whole=True)
        if kind < 78:
            return How((*words, "generate"), every, every)
        if kind < 84:
            return How((*words, "verify"), every, frozenset(), whole=True)
        path = random.choice(sorted(every))
        closure = frozenset({path, *self.world.closures[path]}) & every
        if kind < 94:
            return How((*words, f"generate:{path}"), closure, closure)
        return How((*words, f"verify:{path}"), closure, frozenset())

    # --- runs ---------------------------------------------------------------------------------------------------

    def disk(self) -> dict[str, bytes]:
        """What lies in build/, by path of its source."""
        build = self.tree.root / "build"
        found = (
            place for place in sorted(build.rglob("*.dfy")) if not place.relative_to(build).parts[0].startswith(".")
        )
        return {place.relative_to(build).as_posix(): place.read_bytes() for place in found}

    def _run(self, how: How, kill: float | None = None) -> Ran:
        """One run, held against the oracle."""
        world, before = self.world, self.disk()
        expected = self.account.expect(world, before, how.wanted, how.asked)
        self._began, self._wanted, self._sent = world, how.wanted, Counter()
        self.tree.configure(model=world.model, base_url=self._server.url, max_attempts=2)
        self.tree.write_settings()
        requests = len(self._server.requests)
        ran = self._doit.run(how.words, kill_after=kill)
        self._meanwhile = None
        self._last = ran
        self.counts.runs += 1
        self.counts.requests += len(self._server.requests) - requests
        self.counts.specs += sum(self._sent.values())
        if ran.code == -9:
            self._was_killed(world, expected, before)
        else:
            self._check(how, world, expected, before, ran)
        return ran

    def _was_killed(self, world: World, expected: dict[Component, Expect], before: dict[str, bytes]) -> None:
        self.counts.kills += 1
        for component, times in self._sent.items():
            most = expected[component].asks[1] if component in expected else 0
            self._demand(times <= most, f"a killed run asked {times} times for {component}")
        disk = self.disk()
        touched = {path for path in before.keys() | disk.keys() if disk.get(path) != before.get(path)}
        self.account.killed(world, expected, touched, self._sent)

    def _check(
        self, how: How, world: World, expected: dict[Component, Expect], before: dict[str, bytes], ran: Ran
    ) -> None:
        self._demand("Traceback" not in ran.text, ran.text)
        disk = self.disk()
        run = After(world, disk, {})
        green: dict[Component, bool] = {}
        for component, one in expected.items():
            asks = self._sent.pop(component, 0)
            self._demand(one.asks[0] <= asks <= one.asks[1], f"{component} asked for {asks} times, not {one.asks}")
            wrong = self.account.settle(run, component, one, asks)
            self._demand(not wrong, wrong)
            below = [other for other in green if set(other) <= world.below(component)]
            green[component] = all(path in disk for path in component) and all(green[other] for other in below)
        self._demand(not self._sent, f"asked for what nobody wanted: {dict(self._sent)}")
        others = {path for path in before.keys() | disk.keys() if path not in how.wanted}
        moved = sorted(path for path in others if before.get(path) != disk.get(path))
        self._demand(not moved, f"files that are no part of the run were changed: {moved}")
        self.account.ended()
        if how.whole:
            self._check_states(world, green, ran)

    def _check_states(self, world: World, green: dict[Component, bool], ran: Ran) -> None:
        told = self.tree.states
        wanted = {path: good and not world.broken(one) for one, good in green.items() for path in one}
        wrong = {path: told.get(path) for path, good in wanted.items() if (told.get(path) == "verified") != good}
        self._demand(not wrong, f"states {wrong}, but verified should be {wanted}\n{ran.text}")
        if all(path in self.world.files for path in wanted):  # else one went meanwhile, which doit calls an error
            self._demand((ran.code == 0) == all(wanted.values()), f"exit code {ran.code}\n{ran.text}")

    def _nothing_to_do(self) -> None:
        """The same run once more asks nothing, runs no verifier, and changes nothing."""
        if self._began is not self.world:
            return  # it was edited meanwhile
        before = self.disk()
        every = frozenset(self.world.files)
        ran = self._run(How((), every, every, whole=True))
        summary = self.tree.summary
        self._demand(summary["requests"] == summary["verifier_runs"] == 0, f"not idle: {ran.text}")
        self._demand(self.disk() == before, "build/ changed though nothing else did")
        if ran.code == 0:
            self._demand(summary["tasks_executed"] == 0, f"tasks ran for nothing: {ran.text}")

    def clean_build(self) -> None:
        """With an empty build/ and no doit database, the same store makes the same files."""
        if self._began is not self.world:
            return  # it was edited meanwhile
        self.counts.clean += 1
        root = self.tree.root
        disk = self.disk()
        shutil.rmtree(root / "build", ignore_errors=True)
        (root / ".doit.db").unlink(missing_ok=True)
        self.account.lose_database()
        every = frozenset(self.world.files)
        self._run(How(("offline=1",), every, frozenset(), whole=True))
        now = self.disk()
        for component in self.world.components:
            if self.account.is_stored(self.world, component, now):
                same = all(now.get(path) == disk.get(path) for path in component)
                self._demand(same, f"a clean build makes another {component}")

    def finish(self) -> None:
        """At the end every output is verified again, with no stored verdict, and stays what it is."""
        every = frozenset(self.world.files)
        self._run(How((), every, every, whole=True))
        states = self.tree.states
        ran = self._run(How(("verify", "recheck=1"), every, frozenset(), whole=True))
        self._demand(self.tree.states == states, f"judged again: {self.tree.states}, before {states}\n{ran.text}")
        self._demand(self.tree.summary["verifier_runs"] > 0, "nothing was judged again")

    def _demand(self, holds: bool, message: str) -> None:  # noqa: FBT001 - what it is about
        if not holds:
            told = "\n".join(self.told[-12:])
            message = f"{message}\n{self._last.text[-3000:] if self._last else ''}"
            raise DeviationError(f"seed {self.seed!r}, step {self.counts.steps}: {message}\nthe last steps:\n{told}")


def _mark(section: str) -> int:
    found = re.search(r"^// mark (\d+) ", section, re.MULTILINE)
    assert found is not None, section
    return int(found[1])


def play(folder: Path, seed: object, steps: Sequence[int], **more: Any) -> Counts:
    """A new project, these steps, and the end. Raises DeviationError."""
    with Machine(folder, seed, **more) as machine:
        machine.play(steps)
        machine.finish()
        return machine.counts


def shrink(folder: Path, seed: object, steps: Sequence[int], tries: int = 60, **more: Any) -> list[int]:
    """Fewer steps that still fail: halves, quarters, ... are left out while what is left fails."""
    kept, size, made = list(steps), max(1, len(steps) // 2), 0
    while size and made < tries:
        for at in range(0, len(kept), size):
            fewer = kept[:at] + kept[at + size :]
            made += 1
            if fewer and fails(folder / f"shrink{made}", seed, fewer, **more):
                kept = fewer
                break
        else:
            size //= 2
    return kept


def fails(folder: Path, seed: object, steps: Sequence[int], **more: Any) -> str:
    """What goes wrong with these steps; "" if nothing does."""
    try:
        play(folder, seed, steps, **more)
    except DeviationError as found:
        return str(found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ""
