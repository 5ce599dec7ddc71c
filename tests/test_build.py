"""The main job, end to end: doit in a process of its own, real Dafny, a real endpoint on 127.0.0.1."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

pytestmark = pytest.mark.endtoend

MAX = """// <vc-helpers>
// </vc-helpers>

method Max(a: int, b: int) returns (m: int)
  ensures m == a || m == b
  ensures m >= a && m >= b
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
"""
MAX_LINE = "method Max(a: int, b: int) returns (m: int)"
MAX_FILL = {"h1": "", "h2": "  if a >= b { m := a; } else { m := b; }"}

DOUBLE = """// <vc-helpers>
// </vc-helpers>

method Double(n: int) returns (d: int)
  ensures d == n + n
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
"""
DOUBLE_LINE = "method Double(n: int) returns (d: int)"
DOUBLE_FILL = {"h1": "", "h2": "  d := 2 * n;"}


def book(*answers: tuple[str, object]) -> AnswerBook:
    """Answers by a text that a spec holds."""
    return AnswerBook({"match": match, "fills": fills} for match, fills in answers)


@pytest.fixture
def project(tree: Tree, dafny: tuple[str, ...]) -> Tree:
    """A project with two specs that do not know each other."""
    tree.dafny = dafny
    tree.write("max.dfy", MAX)
    tree.write("lib/double.dfy", DOUBLE)
    tree.configure(model="played-model-1")
    return tree


@pytest.fixture
def served(project: Tree) -> Iterator[Server]:
    """An endpoint that knows the right fills; the project is set to ask it."""
    solver = book((MAX_LINE, MAX_FILL), (DOUBLE_LINE, DOUBLE_FILL))
    with Server(answer_fills(solver)) as server:
        project.configure(base_url=server.url)
        yield server


def test_specs_are_filled_in_one_request_and_verified(project: Tree, served: Server) -> None:
    """Two stale specs cost one request, and both are verified by the real verifier."""
    ended = project.doit()
    assert ended.code == 0, ended.text
    assert len(served.requests) == 1
    assert project.states == {"lib/double.dfy": "verified", "max.dfy": "verified"}
    assert "if a >= b" in project.read("build/max.dfy")
    assert project.summary["requests"] == 1


def test_nothing_to_do_runs_nothing(project: Tree, served: Server) -> None:
    """A second run executes no task, runs no verifier, asks nothing, and still says that all is verified."""
    project.doit()
    ended = project.doit()
    assert ended.code == 0, ended.text
    found = project.summary
    assert (found["tasks_executed"], found["verifier_runs"], found["requests"]) == (0, 0, 0)
    assert found["verified"] == 2
    assert len(served.requests) == 1


def test_what_is_lost_on_disk_is_not_paid_again(project: Tree, served: Server) -> None:
    """build/ deleted, doit's database deleted, the store deleted but for the records: no request."""
    project.doit()
    for lost in (["build"], [".doit.db"], ["build", ".doit.db", "cache/db"]):
        for name in lost:
            place = project.root / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        ended = project.doit()
        assert ended.code == 0, ended.text
    assert len(served.requests) == 1
    assert project.summary["verified"] == 2


def test_a_comment_costs_nothing(project: Tree, served: Server) -> None:
    """A comment changes the bytes, not the obligation: old fills, new text, verified again, no request."""
    project.doit()
    project.write("max.dfy", "// the larger of two\n" + MAX)
    ended = project.doit()
    assert ended.code == 0, ended.text
    assert project.read("build/max.dfy").startswith("// the larger of two")
    assert len(served.requests) == 1


def test_an_edit_that_keeps_the_proof_is_free(project: Tree, served: Server) -> None:
    """A contract that yesterday's fills still satisfy costs a verifier run and no request."""
    project.doit()
    project.write("max.dfy", MAX.replace("m >= a && m >= b", "m >= a && m >= b && 2 * m >= a + b"))
    ended = project.doit()
    assert ended.code == 0, ended.text
    assert len(served.requests) == 1
    assert project.summary["origins"] == {"previous": 1}


def test_an_edit_that_breaks_the_proof_asks_for_that_spec_alone(project: Tree, served: Server) -> None:
    """A contract that yesterday's fills break costs one request with that spec alone, old fills and errors with it."""
    project.doit()
    project.write("max.dfy", MAX.replace("m >= a && m >= b", "m <= a && m <= b"))
    ended = project.doit()
    assert ended.code == 1, ended.text
    asked = served.requests[1].prompt
    assert "method Max(" in asked
    assert "method Double(" not in asked
    assert "if a >= b" in asked
    assert project.states == {"lib/double.dfy": "verified", "max.dfy": "failed"}
    assert not (project.root / "build/max.dfy").exists()
    assert (project.root / "build/.stale/max.dfy").exists()


def test_a_used_up_spec_is_not_asked_again(project: Tree, served: Server) -> None:
    """After its attempts a spec that failed costs nothing, until something that matters changes or retry=1 is said."""
    project.configure(max_attempts=2)
    project.doit()
    project.write("max.dfy", MAX.replace("m >= a && m >= b", "m <= a && m <= b"))
    project.doit()
    assert len(served.requests) == 3
    assert project.doit().code == 1
    assert len(served.requests) == 3
    project.doit("retry=1")
    assert len(served.requests) == 5


def test_a_wrong_fill_goes_back_with_what_was_said(project: Tree) -> None:
    """The second prompt holds the wrong fill and the verifier's words; the right fill is verified at attempt 2."""
    wrong = {"h1": "", "h2": "  m := a;"}
    solver = book((DOUBLE_LINE, DOUBLE_FILL), (MAX_LINE, {**wrong, "h2": [wrong["h2"], MAX_FILL["h2"]]}))
    with Server(answer_fills(solver)) as server:
        project.configure(base_url=server.url)
        ended = project.doit()
    assert ended.code == 0, ended.text
    first, second = (one.prompt for one in server.requests)
    assert "postcondition" not in first
    assert "postcondition" in second
    assert "m := a;" in second
    assert "method Double(" not in second
    assert {row["path"]: row["attempts"] for row in project.summary["rows"]}["max.dfy"] == 2


def test_one_spec_asks_for_itself_and_its_imports(project: Tree) -> None:
    """`doit generate:PATH` asks for that spec and its stale imports only."""
    project.write("uses.dfy", 'include "lib/double.dfy"\n' + DOUBLE.replace("Double", "Twice"))
    solver = book(
        (MAX_LINE, MAX_FILL), (DOUBLE_LINE, DOUBLE_FILL), (DOUBLE_LINE.replace("Double", "Twice"), DOUBLE_FILL)
    )
    with Server(answer_fills(solver)) as server:
        project.configure(base_url=server.url)
        ended = project.doit("generate:uses.dfy")
    assert ended.code == 0, ended.text
    assert len(server.requests) == 1
    assert "method Max(" not in server.requests[0].prompt
    assert project.states == {"lib/double.dfy": "verified", "uses.dfy": "verified"}


def test_verify_alone_asks_nothing(project: Tree, served: Server) -> None:
    """`doit verify` on a tree that was never generated asks nothing, says so, and fails."""
    ended = project.doit("verify")
    assert ended.code == 1, ended.text
    assert "not generated" in ended.text
    assert served.requests == []


def test_branches_come_and_go_for_free(project: Tree, served: Server) -> None:
    """A spec changed and changed back is found by its key."""
    project.doit()
    project.write("max.dfy", MAX.replace("m >= a && m >= b", "a <= m && b <= m"))
    project.doit()
    project.write("max.dfy", MAX)
    ended = project.doit()
    assert ended.code == 0, ended.text
    assert len(served.requests) == 1


def test_without_an_endpoint_the_message_says_what_to_do(project: Tree) -> None:
    """No key for OpenAI's own endpoint is one clear message, exit code 3, and nothing is lost."""
    ended = project.doit()
    assert ended.code == 3, ended.text
    assert "OPENAI_API_KEY" in ended.text
    assert "Traceback" not in ended.text


def test_a_missing_verifier_is_told_before_anything_is_paid(project: Tree, served: Server, tmp_path: Path) -> None:
    """No verifier, no request: the self-test comes first."""
    project.dafny = (str(tmp_path / "no-such-dafny"),)
    ended = project.doit()
    assert ended.code == 2, ended.text
    assert served.requests == []
    assert "Traceback" not in ended.text
