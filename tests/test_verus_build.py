"""The Verus example, built end to end: doit, a real endpoint on 127.0.0.1, and a program that replays Verus' output.

Not run against the real Verus: it can't be installed where these tests run.
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
VERUS = ROOT / "tests" / "replay" / "verus"
LIB, SUMS, TRIANGLE = "src/lib.rs", "src/sums.rs", "src/triangle.rs"
SUM_UP = """\
let mut sum: u64 = 0;
let mut i: u32 = 0;
while i < n
    invariant i <= n, n < 60000, sum == triangle(i as nat),
    decreases n - i,
{
    proof { triangle_closed((i + 1) as nat); }
    i = i + 1;
    sum = sum + i as u64;
}
sum
"""
CLOSED = "if n > 0 {\n    triangle_closed((n - 1) as nat);\n}\n"
ANSWERS = [
    {
        "match": "pub proof fn triangle_closed(n: nat)",
        "fills": {"h1": CLOSED, "h2": "if m < n { triangle_grows(m, (n - 1) as nat); }"},
    },
    {"match": "pub fn sum_up(n: u32) -> (sum: u64)", "fills": {"h1": "", "h2": ["WRONG\n", SUM_UP]}},
]


@pytest.fixture
def project(tree: Tree) -> Tree:
    """A copy of the example, judged by the replaying program."""
    shutil.copytree(ROOT / "examples" / "verus", tree.root, dirs_exist_ok=True)
    tree.tables["verus"] = {"command": [str(VERUS)], "files": [str(VERUS)]}
    tree.configure(specs=["src/**/*.rs"], model="played-model-1")
    return tree


@pytest.fixture
def served(project: Tree) -> Iterator[Server]:
    """An endpoint that knows the fills; its first body of `sum_up` is wrong."""
    with Server(answer_fills(AnswerBook(ANSWERS))) as server:
        project.configure(base_url=server.url)
        yield server


def shown(server: Server) -> list[tuple[bool, bool]]:
    """For each request, whether holes of triangle.rs and of sums.rs were asked for in it."""
    asked = [one.prompt.partition("----- spec ")[2] for one in server.requests]
    return [("pub proof fn triangle_closed" in text, "pub fn sum_up" in text) for text in asked]


def test_the_example_is_built_in_order(project: Tree, served: Server) -> None:
    """Contracts are all that modules see of each other: one request asks for both; what failed is asked for again."""
    ended = project.doit()
    assert ended.code == 0, ended.text
    assert shown(served) == [(True, True), (False, True)]
    assert "postcondition not satisfied" in served.requests[1].prompt
    assert project.states == dict.fromkeys([LIB, SUMS, TRIANGLE], "verified")
    assert "// <vc-code>\n{\nlet mut sum: u64 = 0;\n" in project.read(f"build/{SUMS}")
    assert project.read(f"build/{TRIANGLE}").count("admit()") == 0
    assert project.read(f"build/{LIB}") == project.read(LIB)


def test_nothing_changed_costs_nothing(project: Tree, served: Server) -> None:
    """A second run executes no task; a comment costs a check and no request."""
    assert project.doit().code == 0
    asked = len(served.requests)
    assert project.doit().code == 0
    assert project.summary["tasks_executed"] == 0
    project.write(SUMS, project.read(SUMS) + "\n// a remark\n")
    assert project.doit().code == 0
    assert len(served.requests) == asked


def test_modules_are_judged_without_the_rest_of_the_crate(project: Tree, served: Server) -> None:
    """Selecting one module asks for it and what it uses, and judges no file that it does not use."""
    ended = project.doit(f"generate:{TRIANGLE}")
    assert ended.code == 0, ended.text
    assert shown(served) == [(True, False)]


def test_what_s2c_cannot_honour_is_told(project: Tree) -> None:
    """A dependency on another crate is a note of the plan, with file and line."""
    project.write("Cargo.toml", project.read("Cargo.toml") + 'serde = "1"\n')
    assert "Cargo.toml:8:1: warning: " in project.s2c("plan").out


def test_a_missing_verus_is_told(project: Tree) -> None:
    """Without a verus nothing is asked, and what is missing is said."""
    project.tables["verus"] = {"command": ["/nowhere/verus"]}
    ended = project.doit()
    assert ended.code == 2, ended.text
    assert "/nowhere/verus" in ended.text
    assert "Traceback" not in ended.text
