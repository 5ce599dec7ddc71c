"""What random edits against an oracle have shown: each was a build that did too much, too little, or the wrong thing.

A small program stands in Dafny's place: what it says is known, and what is built around it is what is tested.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stand_in
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Ended, Tree

pytestmark = pytest.mark.endtoend

NAMES = ("A", "B", "C")


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """A project that is judged by the small program, with verdicts that hold from test to test."""
    stand_in.install(tree, tmp_path / "tool")
    tree.env = {"S2C_VERDICT_KEY": "11" * 32}
    return tree


@pytest.fixture
def served(project: Tree) -> Iterator[Server]:
    """An endpoint that knows every spec of these names."""
    known = ({"match": stand_in.head(name), "fills": stand_in.fill("n + 1")} for name in NAMES)
    with Server(answer_fills(AnswerBook(known))) as server:
        project.configure(model="played-model-1", base_url=server.url, max_attempts=2)
        yield server


def good(ended: Ended) -> Ended:
    """It ended with all verified."""
    assert ended.code == 0, ended.text
    return ended


@pytest.mark.parametrize("how", [(), ("-n", "3")])
def test_verdicts_wait_for_what_is_still_being_written(project: Tree, served: Server, how: tuple[str, ...]) -> None:
    """Several files to be verified by name, none of them written yet: each is judged after it is written."""
    for name in NAMES:
        project.write(f"{name}.dfy", stand_in.spec(name, "n + 1"))
    good(project.doit())
    shutil.rmtree(project.root / "build")
    good(project.doit(*how, *(f"verify:{name}.dfy" for name in NAMES)))
    assert len(served.requests) == 1
