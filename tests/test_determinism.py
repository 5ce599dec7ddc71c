"""The same project makes the same keys, prompts, outputs and plan, wherever and however it is built.

One build is the reference; each other one has another hash seed of Python, files made in another order and at other
times, another time zone, another folder, another way to start doit, one thread of doit's or four.
"""

import json
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from s2c import recorded
from tests import stand_in
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.oracle.verifier import dafny
from tests.projects import Tree

pytestmark = pytest.mark.endtoend

FUNCTION = "function F(n: int): int\n  ensures F(n) == n + 3\n"
FILES: Mapping[str, str] = {
    "lib/f.dfy": FUNCTION,
    "lib/base.dfy": stand_in.spec("Base", "n + 1"),
    "a.dfy": stand_in.spec("A", "n + 1", "lib/base.dfy", "lib/f.dfy"),
    "copy/a.dfy": stand_in.spec("A", "n + 1", "../lib/base.dfy", "../lib/f.dfy"),
    "even.dfy": stand_in.spec("Even", "n + 4", "deep/er/odd.dfy"),
    "deep/er/odd.dfy": stand_in.spec("Odd", "n + 5", "../../even.dfy"),
    "slow.dfy": stand_in.spec("Slow", "n + 6"),
    "never.dfy": stand_in.spec("Never", "n + 7", "slow.dfy"),
    "broken.dfy": "method (\n",
}
VALUES = {"Base": 1, "A": 1, "Even": 4, "Odd": 5}
ZONES = ("UTC", "Pacific/Kiritimati")
STARTS = (("", ()), ("deep/er", ("-k",)), ("lib", ("-f", "../dodo.py")))  # a folder, and how doit finds dodo.py from it


@dataclass(frozen=True)
class Made:
    """All that must be the same."""

    plan: Any
    text: str
    prompts: list[str]
    keys: Mapping[str, Mapping[str, str]]
    outputs: Mapping[str, bytes]
    states: Mapping[str, str]


def solver() -> AnswerBook:
    """Knows most at once, one at the second time, one never."""
    known = [{"match": stand_in.head(name), "fills": stand_in.fill(f"n + {value}")} for name, value in VALUES.items()]
    known.append({"match": "function F(n: int): int", "fills": {"h1": "  n + 3"}})
    known.append({"match": stand_in.head("Slow"), "fills": {"h1": "", "h2": ["  r := n;", "  r := n + 6;"]}})
    known.append({"match": stand_in.head("Never"), "fills": {"h1": "", "h2": "  r := n;"}})
    return AnswerBook(known)


def build(folder: Path, number: int) -> Made:
    """The project built in this folder, in the way of this number."""
    tree = Tree(folder / f"project{number}")
    chance = random.Random(number)  # noqa: S311 - played again, not guessed
    for path, text in chance.sample(list(FILES.items()), len(FILES)):
        place = tree.write(path, text)
        when = chance.randrange(10**9, 2 * 10**9)
        os.utime(place, (when, when))
    tree.tables.update(dafny(folder / f"tool{number}"))
    tree.env = {"HOME": str(folder), "PYTHONHASHSEED": str(number), "TZ": ZONES[number % len(ZONES)]}
    with Server(answer_fills(solver())) as server:
        tree.configure(model="played-model-1", base_url=server.url, max_attempts=2)
        plan, told = tree.s2c("plan", "--json"), tree.s2c("plan")
        start, words = STARTS[number % len(STARTS)]
        ended = tree.doit_in(start, *words, "-n", "4" if number % 2 else "1")
        assert ended.code == 2, ended.text  # one file can't be read
        prompts = sorted(json.dumps(one.body["messages"]) for one in server.requests)  # some go out side by side
    found = sorted((tree.root / "build").rglob("*.dfy"))
    return Made(
        json.loads(plan.out), told.out, prompts,
        {path: built.parts for path, built in recorded.read(tree.root / recorded.FILE).items()},
        {place.relative_to(tree.root).as_posix(): place.read_bytes() for place in found},
        tree.states,
    )  # fmt: skip


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The build that all others are held against."""
    return build(tmp_path_factory.mktemp("reference"), 0)


def test_the_reference_shows_something(reference: Made) -> None:
    """It has several requests, files verified and not, and a plan that names them."""
    assert len(reference.prompts) > 2
    assert set(reference.states.values()) == {"verified", "failed", "unreadable"}
    assert len(reference.keys) == len(FILES) - 2
    assert "slow.dfy" in reference.text


@pytest.mark.parametrize("number", [1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 10))])
def test_nothing_but_content_decides(reference: Made, tmp_path: Path, number: int) -> None:
    """Keys, prompts, outputs, states and plan are the reference's, byte for byte."""
    made = build(tmp_path, number)
    for name in Made.__dataclass_fields__:
        assert getattr(made, name) == getattr(reference, name), name
