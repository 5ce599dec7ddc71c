"""What random edits against an oracle have shown: each was a build that did too much, too little, or the wrong thing.

A small program stands in Dafny's place: what it says is known, and what is built around it is what is tested.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stand_in
from tests.faults import copy_of_the_package
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.oracle.verifier import dafny
from tests.projects import Ended, Tree

pytestmark = pytest.mark.endtoend

NAMES = ("A", "B", "C")


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """A project that is judged by the small program, with verdicts that hold from test to test."""
    tree.tables.update(dafny(tmp_path / "tool"))
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


# --- copies -----------------------------------------------------------------------------------------------------------


def shown(server: Server) -> int:
    """How many specs all requests have shown."""
    return sum(one.prompt.count("----- spec F") for one in server.requests)


def test_a_file_and_its_copies_are_asked_for_once(project: Tree) -> None:
    """What one owes the others owe too: one spec goes out, again after a wrong answer, and all are verified."""
    paths = ("a.dfy", "copy/a.dfy", "more/a.dfy")
    for path in paths:
        project.write(path, stand_in.spec("A", "n + 1"))
    wrong_first = {"h1": "", "h2": ["  r := n;", "  r := n + 1;"]}
    with Server(answer_fills(AnswerBook([{"match": stand_in.head("A"), "fills": wrong_first}]))) as server:
        project.configure(model="played-model-1", base_url=server.url, max_attempts=2)
        good(project.doit())
        assert shown(server) == 2
    assert project.states == dict.fromkeys(paths, "verified")


def test_an_edit_by_hand_stands_for_copies_too(project: Tree, served: Server) -> None:
    """Which fill stands for an obligation is one question: an edit of one file is taken for its copies in that run."""
    for path in ("a.dfy", "copy/a.dfy"):
        project.write(path, stand_in.spec("A", "n + 1"))
    good(project.doit())
    project.write("build/copy/a.dfy", project.read("build/copy/a.dfy").replace("r := n", "var k := 1;\n  r := n"))
    good(project.doit())
    assert "var k := 1;" in project.read("build/a.dfy")
    good(project.doit())
    assert project.summary["tasks_executed"] == 0
    assert shown(served) == 1


def test_a_person_may_go_back(project: Tree, served: Server) -> None:
    """An edit by hand that is what stood before is an edit too: the newest one stands."""
    project.write("A.dfy", stand_in.spec("A", "n + 1"))
    good(project.doit())
    before = project.read("build/A.dfy")
    project.write("build/A.dfy", before.replace("r := n", "var k := 1;\n  r := n"))
    good(project.doit())
    assert "var k := 1;" in project.read("build/A.dfy")
    project.write("build/A.dfy", before)
    good(project.doit())
    assert project.read("build/A.dfy") == before
    shutil.rmtree(project.root / "build")
    good(project.doit())
    assert project.read("build/A.dfy") == before
    assert shown(served) == 1


# --- fills that others see --------------------------------------------------------------------------------------------


@pytest.fixture
def seen(project: Tree) -> Iterator[Server]:
    """A function whose body is a hole, and a method that sees it; both built. The endpoint knows them."""
    project.write("f.dfy", "function F(n: int): int\n  ensures F(n) == n + 1 || F(n) == n + 2\n")
    project.write("A.dfy", stand_in.spec("A", "n + 1", "f.dfy"))
    known = [
        {"match": "function F(n: int): int", "fills": {"h1": "  n + 1"}},
        {"match": stand_in.head("A"), "fills": {"h1": "", "h2": ["  r := F(n);", "  r := n + 1;"]}},
    ]
    with Server(answer_fills(AnswerBook(known))) as server:
        project.configure(model="played-model-1", base_url=server.url, max_attempts=2)
        good(project.doit())
        yield server


def test_a_lost_store_costs_nothing_where_build_is_whole(project: Tree, seen: Server) -> None:
    """What lies in build/ under today's keys stands for those who see it, whatever became of the store."""
    shutil.rmtree(project.root / "cache")
    before = len(seen.requests)
    good(project.doit())
    assert project.summary["tasks_executed"] == 0
    assert len(seen.requests) == before


def test_an_edit_of_a_fill_that_others_see_is_one_run(project: Tree, seen: Server) -> None:
    """Who sees an edited fill is looked at in the run that takes the edit: its proof broke, so it is asked for."""
    before = len(seen.requests)
    project.write("build/f.dfy", project.read("build/f.dfy").replace("n + 1\n}", "n + 2\n}"))
    good(project.doit())
    assert "n + 2\n}" in project.read("build/f.dfy")
    assert "r := n + 1;" in project.read("build/A.dfy")
    assert len(seen.requests) == before + 1
    good(project.doit())
    assert project.summary["tasks_executed"] == 0


def test_a_copy_costs_nothing_though_the_store_was_lost(project: Tree, served: Server) -> None:
    """What lies in build/ under today's keys goes back into a store that lost it, and is found for a new copy."""
    project.write("A.dfy", stand_in.spec("A", "n + 1"))
    good(project.doit())
    shutil.rmtree(project.root / "cache")
    project.write("copy/A.dfy", stand_in.spec("A", "n + 1"))
    good(project.doit())
    shutil.rmtree(project.root / "build")
    good(project.doit())
    assert project.states == {"A.dfy": "verified", "copy/A.dfy": "verified"}
    assert shown(served) == 1


def test_a_project_that_cannot_be_read_is_told_so(project: Tree) -> None:
    """Where no file can be read, a run and a plan say why, and end without a traceback."""
    project.configure(model="played-model-1", base_url="http://127.0.0.1:9/v1")
    project.write("A.dfy", "method (\n")
    for ended in (project.doit(), project.s2c("plan")):
        assert "A.dfy:1:" in ended.text
        assert "Traceback" not in ended.text


def test_a_cycle_stands_or_falls_as_one(project: Tree, served: Server) -> None:
    """Where one file of an include cycle has no implementation any more, build/ holds none of the other either."""
    project.write("A.dfy", stand_in.spec("A", "n + 1", "B.dfy"))
    project.write("B.dfy", stand_in.spec("B", "n + 1", "A.dfy"))
    good(project.doit())
    shutil.rmtree(project.root / "cache")
    project.write("build/A.dfy", project.read("build/A.dfy").replace("r := n + 1", "r := n + 9"))
    assert project.doit("offline=1").code == 1
    assert [place.name for place in (project.root / "build").glob("*.dfy")] == []
    good(project.doit())
    assert project.states == {"A.dfy": "verified", "B.dfy": "verified"}
    assert len(served.requests) == 2


def test_older_fills_are_different_ones(project: Tree) -> None:
    """What was proved once is tried again, though other fills were good for more forms of the spec since."""
    answers = {"h1": "", "h2": ["  r := n + 1;", "  r := n + 2;"]}
    with Server(answer_fills(AnswerBook([{"match": stand_in.head("A"), "fills": answers}]))) as server:
        project.configure(model="played-model-1", base_url=server.url, max_attempts=1)
        for value in ("n + 1", "n + 2", "n + 2 || r == n + 3", "n + 2 || r == n + 4", "n + 2 || r == n + 5", "n + 1"):
            project.write("A.dfy", stand_in.spec("A", f"{value} || r == n + 9" if value == "n + 1" else value))
            good(project.doit())
        project.write("A.dfy", stand_in.spec("A", "n + 1 || r == n + 8"))
        good(project.doit())
        assert "r := n + 1;" in project.read("build/A.dfy")
        assert len(server.requests) == 2


def test_another_form_of_keys_is_told_before_anything_is_paid(project: Tree, served: Server, tmp_path: Path) -> None:
    """Where a new s2c makes other keys of the same sources, a plan and a run say so first; older fills are tried."""
    project.write("A.dfy", stand_in.spec("A", "n + 1"))
    good(project.doit())
    newer = copy_of_the_package(tmp_path / "newer")
    module = newer / "s2c/languages/dafny/dafny.py"
    module.write_text(module.read_text(encoding="utf-8").replace('"dafny.', '"dafny.9'), encoding="utf-8")
    project.env["PYTHONPATH"] = str(newer)
    assert "1 of these files has another key now" in project.s2c("plan").out
    assert "1 of these files has another key now" in good(project.doit()).text
    assert shown(served) == 1
    assert "another key" not in good(project.doit()).text


def test_older_fills_of_a_cycle_find_their_files(project: Tree) -> None:
    """Edits that keep the proofs of a cycle cost nothing, in whatever order its files come by their new contents."""
    two = AnswerBook({"match": stand_in.head(f"N{at}"), "fills": stand_in.fill(f"n + {at}")} for at in (1, 2))
    project.write("two.dfy", stand_in.spec("N2", "n + 2", "one.dfy"))
    with Server(answer_fills(two)) as server:
        project.configure(model="played-model-1", base_url=server.url, max_attempts=2)
        for more in range(3, 9):
            project.write("one.dfy", stand_in.spec("N1", f"n + 1 || r == n + {more}", "two.dfy"))
            good(project.doit())
        assert len(server.requests) == 1


def test_what_lies_in_build_is_tried_before_it_is_paid_for_again(project: Tree, served: Server) -> None:
    """With the whole cache/ lost and a contract changed that the old fills keep, build/ is where they are."""
    project.write("A.dfy", stand_in.spec("A", "n + 1"))
    project.write("B.dfy", stand_in.spec("B", "n + 1", "A.dfy"))
    good(project.doit())
    asked = shown(served)
    shutil.rmtree(project.root / "cache")
    project.write("A.dfy", stand_in.spec("A", "n + 1 || r == n + 2"))
    assert "B.dfy: verified (previous)" in good(project.doit()).text
    assert shown(served) == asked + 1  # A itself is another text now


def test_a_copy_is_known_by_its_own_path(project: Tree, served: Server) -> None:
    """With the cache lost, what lies in build/ is known of each copy: an edit of one that its fills keep is free."""
    for path in ("a.dfy", "copy/a.dfy", "more/a.dfy"):
        project.write(path, stand_in.spec("A", "n + 1"))
    good(project.doit())
    shutil.rmtree(project.root / "cache")
    project.write("B.dfy", stand_in.spec("B", "n + 1"))  # something to do, so that the run looks at all of them
    good(project.doit())
    asked = shown(served)
    for number, path in enumerate(("a.dfy", "copy/a.dfy", "more/a.dfy"), start=2):
        project.write(path, stand_in.spec("A", f"n + 1 || r == n + {number}"))
    good(project.doit())
    assert shown(served) == asked
