"""A fourth language is one new folder: `tests/toy/`, put beside the others in a copy of the package."""

import filecmp
import shutil
from pathlib import Path

import pytest

import s2c
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

PACKAGE = Path(s2c.__file__).parent
TOY = Path(__file__).parent / "toy"

BASE = "n: > 3, even\nn = ?\n"
TOP = "import lib/base.toy\nm: odd\nm = ?\n"


@pytest.fixture
def toys(tree: Tree, tmp_path: Path) -> Tree:
    """A project of two toy files, built by a copy of s2c that has one more folder."""
    copy = tmp_path / "copy" / "s2c"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TOY, copy / "languages" / "toy")
    tree.env["PYTHONPATH"] = str(copy.parent)
    tree.tables["toy"] = {"command": [str(TOY / "toyproof")]}
    tree.configure(specs=["**/*.toy"], model="played-model-1")
    tree.write("lib/base.toy", BASE)
    tree.write("top.toy", TOP)
    return tree


def test_one_folder_makes_a_language(toys: Tree) -> None:
    """Its files are found, ordered by imports, asked for, repaired, written and verified; a second run does nothing."""
    solver = AnswerBook(
        [
            {"match": "n: > 3, even", "fills": {"h1": "4"}},
            {"match": "m: odd", "fills": {"h1": ["6", "7"]}},
        ]
    )
    with Server(answer_fills(solver)) as server:
        toys.configure(base_url=server.url)
        ended = toys.doit()
    assert ended.code == 0, ended.text
    assert toys.states == {"lib/base.toy": "verified", "top.toy": "verified"}
    assert (toys.read("build/lib/base.toy"), toys.read("build/top.toy")) == (
        BASE.replace("?", "4"),
        TOP.replace("?", "7"),
    )
    shown = [request.prompt for request in server.requests]
    assert [("m: odd" in prompt, "breaks a promise" in prompt) for prompt in shown] == [
        (False, False),  # what top.toy can see is not known yet
        (True, False),
        (True, True),
    ]
    again = toys.doit()
    assert again.code == 0
    assert toys.summary["requests"] == 0


def test_a_promise_that_breaks_is_asked_for_again(toys: Tree) -> None:
    """After an edit only the file whose proof broke costs a request."""
    solver = AnswerBook(
        [
            {"match": "n: > 3, even", "fills": {"h1": "4"}},
            {"match": "n: > 3, odd", "fills": {"h1": "5"}},
            {"match": "m: odd", "fills": {"h1": "7"}},
        ]
    )
    with Server(answer_fills(solver)) as server:
        toys.configure(base_url=server.url)
        assert toys.doit().code == 0
        before = len(server.requests)
        toys.write("lib/base.toy", BASE.replace("even", "odd"))
        assert toys.doit().code == 0
    assert len(server.requests) == before + 1
    assert "m: odd" not in server.requests[-1].prompt.partition("imported file")[0]
    assert toys.read("build/lib/base.toy") == "n: > 3, odd\nn = 5\n"


def test_no_other_file_is_touched(toys: Tree) -> None:
    """The copy differs from the package by that folder and by nothing else."""
    copy = Path(toys.env["PYTHONPATH"]) / "s2c"
    assert _differences(filecmp.dircmp(PACKAGE, copy, ignore=["__pycache__"])) == ["toy"]


def _differences(compared: "filecmp.dircmp[str]") -> list[str]:
    own = [*compared.left_only, *compared.right_only, *compared.diff_files]
    return own + [name for one in compared.subdirs.values() for name in _differences(one)]
