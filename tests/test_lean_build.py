"""The Lean example, built end to end: doit, a real endpoint on 127.0.0.1, and a program that replays Lean's output.

Not run against the real Lean: it can't be installed where these tests run.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

pytestmark = pytest.mark.endtoend

ROOT = Path(__file__).resolve().parent.parent
LEAN = ROOT / "tests" / "replay" / "lean"
BASIC, QUAD, FACTS = "Arith/Basic.lean", "Arith/Quad.lean", "Arith/Facts.lean"
ANSWERS = [
    {
        "match": "theorem double_eq (n : Nat) : double n = 2 * n := by",
        "fills": {"h1": "n + n", "h2": ["WRONG", "by\n  unfold double\n  omega"]},
    },
    {
        "match": "theorem quad_eq (n : Nat) : quad n = 4 * n := by",
        "fills": {
            "h1": "theorem double_twice (n : Nat) : double (double n) = 4 * n := by\n  simp [double_eq]; omega",
            "h2": "double (double n)",
            "h3": "exact double_twice n",
        },
    },
    {
        "match": "theorem double_even (n : Nat) : double n % 2 = 0 := by",
        "fills": {"h1": "simp [double_eq]", "h2": "by\n  simp only [double_eq]\n  omega"},
    },
]


@pytest.fixture
def project(tree: Tree) -> Tree:
    """A copy of the example, judged by the replaying program."""
    shutil.copytree(ROOT / "examples" / "lean", tree.root, dirs_exist_ok=True)
    tree.tables["lean"] = {"command": [str(LEAN)], "files": [str(LEAN)]}
    tree.configure(specs=["**/*.lean"], model="played-model-1")
    return tree


@pytest.fixture
def served(project: Tree) -> Iterator[Server]:
    """An endpoint that knows the fills; its first proof of `double_eq` is wrong."""
    with Server(answer_fills(AnswerBook(ANSWERS))) as server:
        project.configure(base_url=server.url)
        yield server


def shown(server: Server) -> list[tuple[bool, bool, bool]]:
    """For each request, whether Basic, Quad and Facts were asked for in it."""
    marks = ("theorem double_eq", "theorem quad_eq", "theorem double_even")
    asked = [one.prompt.partition("----- spec ")[2] for one in server.requests]
    return [tuple(mark in text for mark in marks) for text in asked]  # type: ignore[misc]  # three of them


def test_the_example_is_built_in_order(project: Tree, served: Server) -> None:
    """Who sees a definition is asked after it is proved; a failed proof alone is asked for again; build/ is exact."""
    ended = project.doit()
    assert ended.code == 0, ended.text
    assert shown(served) == [(True, False, False), (True, False, False), (False, True, True)]
    assert "unsolved goals" in served.requests[1].prompt
    assert project.states == dict.fromkeys(["Arith.lean", BASIC, QUAD, FACTS], "verified")
    source = project.read(BASIC)
    assert project.read(f"build/{BASIC}") == source.replace("Nat :=\n  sorry", "Nat :=\n  n + n").replace(
        "by\n  sorry", "by\n  unfold double\n  omega"
    )
    assert "-- <vc-helpers>\ntheorem double_twice" in project.read(f"build/{QUAD}")
    assert project.read(f"build/{QUAD}").count("sorry") == 0
    assert "double m ≤ double n :=\n  by\n    simp only" in project.read(f"build/{FACTS}")


def test_nothing_changed_costs_nothing(project: Tree, served: Server) -> None:
    """A second run executes no task; a comment costs a check and no request."""
    assert project.doit().code == 0
    asked = len(served.requests)
    assert project.doit().code == 0
    assert project.summary["tasks_executed"] == 0
    project.write(QUAD, project.read(QUAD) + "\n-- a remark\n")
    assert project.doit().code == 0
    assert len(served.requests) == asked
    assert project.summary["verifier_runs"] > 0


def test_a_changed_proof_below_asks_nobody_above(project: Tree, served: Server) -> None:
    """A theorem's statement changed so that its proof fails costs one request with that file; importers keep theirs."""
    assert project.doit().code == 0
    asked = len(served.requests)
    project.write(FACTS, project.read(FACTS).replace("% 2 = 0", "% 2 = 0 ∧ True"))
    assert project.doit().code == 0, project.states
    assert len(served.requests) == asked, "the old proof still stands for the replaying program"


def test_the_toolchain_of_the_project_is_looked_for(project: Tree) -> None:
    """Without a command, the toolchain that lean-toolchain names is looked for, and told where it is missing."""
    del project.tables["lean"]
    project.env["PATH"] = "/usr/bin:/bin"
    ended = project.doit()
    assert ended.code == 2, ended.text
    assert "lean-toolchain names leanprover/lean4:v4.23.0, which is not installed" in ended.text
    assert "Traceback" not in ended.text


def test_what_the_project_sets_reaches_lean(project: Tree, served: Server) -> None:
    """A changed option of the lakefile is checked again and asks nothing; one that s2c can't honour is told."""
    assert project.doit().code == 0
    asked = len(served.requests)
    lakefile = project.read("lakefile.toml")
    project.write("lakefile.toml", lakefile.replace("autoImplicit = false", "autoImplicit = true"))
    assert project.doit().code == 0
    assert project.summary["verifier_runs"] > 0
    assert len(served.requests) == asked
    project.write("lakefile.toml", lakefile + "precompileModules = true\n")
    assert "precompileModules" in project.s2c("plan").out
