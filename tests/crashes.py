"""A small build that can be ended at any event, and what must hold after one more run.

Law: the product has no switch for this. The project's own dodo.py listens to the run and ends the process there, by
SIGKILL: nothing is written after the event, no cleaning up is done.
"""

import json
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2c.store.files import is_temporary
from tests import stand_in
from tests.loopback import Behaviour, Received, Server
from tests.openai_server import AnswerBook, answer_fills, asked, spec_text
from tests.projects import Ended, Tree

# name -> (kind, at which of these events): every step of a build after which a crash would find something else done
POINTS: Mapping[str, tuple[str, int]] = {
    "the lock is held": ("locked", 1),
    "a round begins": ("round", 1),
    "a request is next": ("request", 1),
    "money is set aside": ("reserved", 1),
    "a request goes out": ("sending", 1),
    "the second request goes out": ("sending", 2),
    "the first text is on disk": ("first-text", 1),
    "the whole answer is on disk": ("arrived", 1),
    "the answer is stored": ("stored", 1),
    "both answers are stored": ("stored", 2),
    "the answer is counted": ("answer", 1),
    "the answer is parsed": ("parsed", 1),
    "fills are in place": ("judging", 1),
    "a verdict is stored": ("verdict", 1),
    "a failed verdict is stored": ("verdict", 3),
    "an attempt is on record": ("attempt", 1),
    "an implementation is stored": ("kept", 1),
    "a candidate is dealt with": ("judged", 2),
    "the answer is marked as read": ("read", 1),
    "the repair goes out": ("sending", 3),
    "the repair is stored": ("stored", 3),
    "the last answer is read": ("read", 3),
    "records are written": ("exported", 1),
    "solving is on record": ("recorded", 1),
    "the first target is next": ("writing", 1),
    "the first target is there": ("written", 1),
    "doit remembers the first target": ("recorded", 2),
    "the last target is there": ("written", 4),
    "a verdict file is there": ("checked", 1),
    "doit remembers the first verdict": ("recorded", 7),
    "the summary is written": ("ended", 1),
}
VALUES = {"a": "n + 1", "b": "n + 2", "c": "n + 3", "d": "n + 4"}
IMPORTS = {"b": ("a.dfy",)}

DODO = '''"""The build, and a listener that ends it."""

import os
import signal

from s2c.events import listen
from s2c.tasks import *

LEFT = [int(os.environ.get("END_NUMBER", "0"))]


@listen
def end(event):
    if event.kind == os.environ.get("END_KIND"):
        LEFT[0] -= 1
        if LEFT[0] == 0:
            os.kill(os.getpid(), int(os.environ.get("END_SIGNAL", signal.SIGKILL)))
'''


def lay_out(tree: Tree, tool: Path) -> Tree:
    """Four specs, one of which imports another; they go out in two requests, and one of them is repaired."""
    stand_in.install(tree, tool)
    tree.write("dodo.py", DODO)
    for name, value in VALUES.items():
        tree.write(f"{name}.dfy", stand_in.spec(name.upper(), value, *IMPORTS.get(name, ())))
    tree.configure(model="played-model-1", batch_specs=2, requests=2, base_url="http://127.0.0.1:9/v1")
    tree.env = {"S2C_VERDICT_KEY": "11" * 32, "PYTHONWARNINGS": "default"}
    return tree


def model(*, wrong_first: str = "c") -> AnswerBook:
    """Knows all fills; the first answer for one of them is wrong."""
    answers = {name: stand_in.fill(value) for name, value in VALUES.items()}
    fills: dict[str, dict[str, object]] = {name: dict(one) for name, one in answers.items()}
    if wrong_first:
        fills[wrong_first]["h2"] = ["  r := 0;", answers[wrong_first]["h2"]]
    return AnswerBook({"match": stand_in.head(name.upper()), "fills": one} for name, one in fills.items())


def times_asked(requests: Sequence[Received]) -> Counter[str]:
    """How often each spec was asked for."""
    found: Counter[str] = Counter()
    for one in requests:
        shown = {spec_text(one.prompt, wire_id) for wire_id in asked(one.prompt)[1]}
        found.update(re.findall(r"^method (\w)\(", "\n".join(shown), re.MULTILINE))
    return found


def implementations(tree: Tree) -> dict[str, bytes]:
    """Every implementation in build/, and whatever lies there that a build does not leave.

    But for what a kill left of a file that was being written: that goes once it is old (tests/test_store.py).
    """
    build = tree.root / "build"
    own = {"summary.json", "results.csv", "events.jsonl"}
    return {
        str(path.relative_to(build)): path.read_bytes()
        for path in sorted(build.rglob("*"))
        if path.is_file() and path.relative_to(build).parts[0] not in {*own, ".verdict"} and not is_temporary(path.name)
    }


def heard(tree: Tree) -> list[dict[str, object]]:
    """The events of the last run."""
    log = tree.root / "build" / "events.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def in_flight(tree: Tree) -> range:
    """How many requests had gone out without an answer in the store when the last run ended.

    More than one number where another thread may have done its next step, and did not get to tell.
    """
    kinds = Counter(str(one["event"]) for one in heard(tree))
    least, most = kinds["sending"] - kinds["arrived"], kinds["reserved"] - kinds["stored"]
    return range(least - kinds["request-failed"], most - kinds["request-failed"] + 1)


@dataclass(frozen=True)
class Undisturbed:
    """What a build without a crash comes to."""

    built: Mapping[str, bytes]
    asked: Counter[str]
    requests: int


def undisturbed(folder: Path) -> Undisturbed:
    """Build once and see."""
    tree = lay_out(Tree(folder / "project"), folder / "tool")
    with Server(answer_fills(model())) as server:
        tree.configure(base_url=server.url)
        done = tree.doit(env={"HOME": str(folder)})
    assert done.code == 0, done.text
    return Undisturbed(implementations(tree), times_asked(server.requests), len(server.requests))


@dataclass(frozen=True)
class Crash:
    """A run that was ended at an event, and the next one. `again`: how often specs were asked for once more."""

    first: Ended
    second: Ended
    lost: range  # how many requests were out
    told: int  # of which the next run says that they may be billed
    again: int
    requests: int
    tree: Tree

    @property
    def reached(self) -> bool:
        """Whether the event came at all."""
        return self.first.code == -signal.SIGKILL


def crash(  # noqa: PLR0913 - a crash has that many sides
    folder: Path,
    kind: str,
    number: int,
    whole: Undisturbed,
    *,
    mode: Sequence[str] = (),
    behave: Callable[[AnswerBook], Behaviour] = answer_fills,
    then: Sequence[tuple[str, int]] = (),
) -> Crash:
    """Build, end it at the n-th event of a kind (`then`: and the next runs at others), and build again."""
    tree = lay_out(Tree(folder / "project"), folder / "tool")
    with Server(behave(model())) as server:
        tree.configure(base_url=server.url)
        ends = [{"END_KIND": name, "END_NUMBER": str(count)} for name, count in ((kind, number), *then)]
        runs = [tree.doit(*mode, env=end) for end in ends]
        lost = in_flight(tree)
        second = tree.doit(*mode)
    count = times_asked(server.requests)
    again = sum(max(count[name] - whole.asked[name], 0) for name in count)
    return Crash(runs[0], second, lost, second.text.count("possibly billed"), again, len(server.requests), tree)


def wrong(found: Crash, whole: Undisturbed) -> str:
    """What is not as it must be after a crash and one more run; empty if all is well."""
    said = found.first.text + found.second.text
    checks = {
        "the run was not ended there": found.reached,
        f"the next run ended with {found.second.code}": found.second.code == 0,
        "a traceback or a warning": "Traceback" not in said and "Warning" not in said,
        "another build": implementations(found.tree) == whole.built,
        f"{found.again} specs asked again, {found.told} requests were out": found.again <= 2 * found.told,
        f"{found.told} requests told, not {found.lost}": found.told in found.lost,
    }
    return "; ".join(what for what, holds in checks.items() if not holds)


def idle(found: Crash) -> str:
    """What a third run does although nothing is to do; empty if nothing."""
    done = found.tree.doit()
    summary = found.tree.summary
    did = {name: summary[name] for name in ("requests", "verifier_runs", "tasks_executed")}
    return "" if done.code == 0 and not any(did.values()) else f"a third run: {done.code}, {did}"


def from_records(found: Crash, whole: Undisturbed) -> str:
    """What is not as it must be in a clone that has nothing but sources and records; empty if all is well."""
    for name in ("build", ".doit.db", "cache/db"):
        place = found.tree.root / name
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    done = found.tree.doit("frozen=1")
    good = done.code == 0 and implementations(found.tree) == whole.built
    return "" if good and not found.tree.summary["requests"] else f"from the records: {done.code} {done.text[-300:]}"
